"""The kernel that the machine boots: the newest of those that are installed with the modules that a suite wants."""

import glob
import lzma
import os
import re
import subprocess
import zlib


# Ordinary users don't have the folders of the administrator's programs in theirs.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class NoKernel(Exception):
    pass


def newest(wanted):
    """The version of the newest installed kernel that has these modules, its image, and their files."""
    found = []
    for image in glob.glob("/boot/vmlinuz-*"):
        version = os.path.basename(image).removeprefix("vmlinuz-")
        if os.path.exists(f"/lib/modules/{version}/modules.dep") and os.access(image, os.R_OK):
            found.append(([int(n) for n in re.findall(r"\d+", version)], version, image))
    lacking = None
    # Kernels for clouds lack some, and may be newer.
    for _, version, image in sorted(found, reverse=True):
        try:
            return version, image, modules(version, wanted)
        except NoKernel as error:
            lacking = lacking or error
    raise lacking or NoKernel("no kernel with its modules is installed (in /boot and /lib/modules)")


def unpacked(version, image, folder):
    """The kernel as an ELF file, which QEMU boots without the kernel's own unpacking: 3 s less under emulation."""
    elf = os.path.join(folder, f"vmlinux-{version}")
    if os.path.exists(elf) and os.path.getmtime(elf) >= os.path.getmtime(image):
        return elf
    with open(image, "rb") as file:
        data = file.read()
    for magic, unpack in ((b"\xfd7zXZ\0", lambda d: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(d)),
                          (b"\x1f\x8b\x08", gunzip)):
        at = data.find(magic)
        while at >= 0:
            try:
                kernel = unpack(data[at:])
            except (lzma.LZMAError, zlib.error):
                kernel = b""
            if kernel.startswith(b"\x7fELF"):
                with open(elf + ".new", "wb") as file:
                    file.write(kernel)
                os.rename(elf + ".new", elf)
                return elf
            at = data.find(magic, at + 1)
    return image  # packed in another way: it unpacks itself


def gunzip(data):
    return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data)


def modules(version, wanted):
    """Files of the modules `wanted` and of what they need."""
    if not wanted:
        return []
    shown = subprocess.run(["modprobe", "--show-depends", "--all", "-S", version, *wanted],
                           capture_output=True, text=True, check=False, env={**os.environ, "PATH": PATH})
    if shown.returncode != 0:
        raise NoKernel(f"kernel {version} lacks a module: {shown.stderr.strip()}")
    return sorted({line.split()[1] for line in shown.stdout.splitlines() if line.startswith("insmod ")})
