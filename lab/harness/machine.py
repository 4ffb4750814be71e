"""A machine under QEMU's software emulation: started, listened to, and gone when this process is."""

import os
import select
import subprocess
import time

# What the kernel need not do for a machine that lives for a minute.
CMDLINE = ("norandmaps console=ttyS0 panic=-1 quiet mitigations=off nokaslr tsc=reliable no_timer_check random.trust_cpu=on audit=0 "
           "apparmor=0 cryptomgr.notests")
QEMU = "qemu-system-x86_64"
CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand"


def most_at_once(suites):
    """Of the machines of `suites`: one a processor, and no more memory than half of what is there."""
    with open("/proc/meminfo", encoding="ascii") as file:
        available = next(int(line.split()[1]) >> 10 for line in file if line.startswith("MemAvailable:"))
    largest = max(suite.memory for suite in suites)
    return max(1, min(len(os.sched_getaffinity(0)), len(suites), available // 2 // largest))


def make_disks(suite, scratch):
    """Arguments for its empty drives, of which the disks have a device already."""
    line = []
    for name, sizes in (("disk", suite.disks), ("drive", suite.drives)):
        for number, mebibytes in enumerate(sizes):
            path = os.path.join(scratch, f"{name}{number}")
            with open(path, "wb") as file:
                file.truncate(mebibytes << 20)
            line += ["-drive", f"if=none,id={name}{number},file={path},format=raw,cache=unsafe"]
            if name == "disk":
                line += ["-device", f"virtio-blk-pci,drive=disk{number}"]
    return line


def command(suite, kernel, image, disks, shell):
    line = [QEMU, "-accel", "tcg", "-cpu", CPU, "-m", str(suite.memory), "-nodefaults", "-vga", "none", "-net", "none",
            "-display", "none", "-no-reboot", "-serial", "mon:stdio" if shell else "stdio",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", kernel, "-initrd", image,
            "-append", " ".join(filter(None, (CMDLINE, suite.cmdline, "lab_shell" if shell else "")))]
    return line + disks + suite.devices


# Even a killed lab leaves no machine behind: it ends with the thread that started it.
WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]


def run(line, limit, heard):
    """Runs the machine, and calls heard(text) for each line that it says. Returns why it had to be ended, or None."""
    end = time.monotonic() + limit
    # In a session of its own: a terminal that it never asked for must not stop it.
    with subprocess.Popen(WITH_PARENT + line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as qemu:
        try:
            rest = b""
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    return f"still running after {limit} s"
                if not select.select([qemu.stdout], [], [], left)[0]:
                    continue
                data = os.read(qemu.stdout.fileno(), 65536)
                if not data:
                    return None
                *lines, rest = (rest + data).split(b"\n")
                for text in lines:
                    heard(text.decode(errors="replace").rstrip("\r"))
        finally:
            qemu.kill()


def interact(line):
    """With a person at the terminal; Ctrl-A X ends the machine."""
    return subprocess.run(WITH_PARENT + line, check=False).returncode
