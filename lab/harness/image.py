"""The initial file system of the machine: programs of this one with what they load, modules, and the suite's files."""

import glob
import os
import re
import shutil
import stat
import subprocess

from . import kernel

# Where a merged /usr has links to its own folders.
MERGED = ("bin", "sbin", "lib", "lib64")


class NoProgram(Exception):
    pass


class Image:
    """Files by their path in the machine; written as cpio, so that neither root nor cpio(1) is needed."""

    def __init__(self):
        self.entries = {}
        for name in MERGED:
            self.link("/" + name, "usr/" + name)
        for name in ("dev", "proc", "sys", "tmp", "run", "mnt", "srv", "root", "var/lib", "etc", "busybox", "lab"):
            self.folder("/" + name)

    def folder(self, path):
        while path != "/" and path not in self.entries:
            self.entries[path] = (stat.S_IFDIR | 0o755, b"")
            path = os.path.dirname(path)

    def link(self, path, target):
        path = self.inside(path)
        self.folder(os.path.dirname(path))
        self.entries[path] = (stat.S_IFLNK | 0o777, target.encode())

    def data(self, path, data, mode=0o644):
        path = self.inside(path)
        self.folder(os.path.dirname(path))
        self.entries[path] = (stat.S_IFREG | mode, data)

    def file(self, path, source=None):
        """The file of this machine by that path, or `source` by that path."""
        with open(source or path, "rb") as file:
            data = file.read()
        self.data(path, data, stat.S_IMODE(os.stat(source or path).st_mode))

    @staticmethod
    def inside(path):
        first = path.split("/")[1] if path.startswith("/") else ""
        return "/usr" + path if first in MERGED and path.count("/") > 1 else path

    def program(self, path, stripped=None):
        """A program and the libraries that it loads. `stripped`: a file for what is left without debug information."""
        if stripped:
            subprocess.run(["strip", "-o", stripped, path], check=True)
        self.file(path, stripped)
        for library in libraries(path):
            self.file(library)

    def named_program(self, name):
        path = shutil.which(name, path=kernel.PATH)
        if not path:
            raise NoProgram(f"there is no program {name}")
        self.program(path)

    def matching(self, pattern):
        found = [path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)]
        if not found:
            raise NoProgram(f"there is no file {pattern}")
        for path in found:
            if ".so" in os.path.basename(path):
                self.program(path)
            else:
                self.file(path)

    def write(self, path):
        with open(path, "wb") as out:
            for number, name in enumerate(sorted(self.entries), 1):
                mode, data = self.entries[name]
                write_entry(out, number, name.lstrip("/"), mode, data)
            # Without a console nobody would see what /init says before it has mounted /dev.
            write_entry(out, 0, "dev/console", stat.S_IFCHR | 0o600, b"", (5, 1))
            write_entry(out, 0, "TRAILER!!!", 0, b"")


def write_entry(out, number, name, mode, data, device=(0, 0)):
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
    out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))


def libraries(path):
    told = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    return [match.group(1) for match in re.finditer(r"(/\S+) \(0x", told.stdout)]


ACCOUNTS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\nuser:x:1000:1000::/:/bin/sh\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\nuser:x:1000:\n"


def build(suite, build_folder, scratch, version, modules):
    """The image of `suite`, whose tests are in `build_folder`. `modules`: of the kernel `version`, by their paths."""
    image = Image()
    lab = os.path.dirname(suite.folder.rstrip("/"))
    image.file("/init", os.path.join(os.path.dirname(lab), "guest", "init"))
    image.file("/lab/setup", os.path.join(suite.folder, "setup"))
    for name in os.listdir(suite.folder):
        if name not in ("setup", "suite.toml", "host") and not name.endswith((".cc", ".h")):
            image.file("/lab/" + name, os.path.join(suite.folder, name))
    image.data("/lab/modules", "\n".join(suite.modules).encode() + b"\n")
    tests = [os.path.join(build_folder, test) for test in suite.tests]
    image.data("/lab/tests", "".join(test + "\n" for test in tests).encode())
    copyfile = os.path.join(build_folder, "apps/copyfile/copyfile")
    built = [os.path.join(build_folder, program) for program in suite.built]
    for program in sorted({copyfile, *built, *(test.split()[0] for test in tests)}):
        image.program(program, os.path.join(scratch, "stripped"))
    image.link("/usr/bin/copyfile", copyfile)
    for name in ("busybox", "modprobe", "mount", "umount", "cp", "find", "touch", "cksum", "sh", *suite.programs):
        image.named_program(name)
    for pattern in suite.files:
        image.matching(pattern)
    image.data("/etc/passwd", ACCOUNTS.encode())
    image.data("/etc/group", GROUPS.encode())
    image.data("/etc/hosts", b"127.0.0.1 localhost\n")
    image.link("/etc/mtab", "/proc/mounts")
    for module in modules:
        image.file(module)
    for index in glob.glob(f"/lib/modules/{version}/modules.*"):
        image.file(index)
    path = os.path.join(scratch, "image")
    image.write(path)
    return path
