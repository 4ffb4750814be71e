"""Scratch file systems: images in memory or on the disk, mounted on loop devices.

The image is unlinked and the loop device set to clear itself as soon as the mount holds them, and
the mounts are private to this process: whatever ends it, nothing stays behind.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time

from harness import machine

MIB = 1 << 20
GIB = 1 << 30
MEMORY = "/dev/shm"
_RESERVE = 1 * GIB  # for the commands, the kernel and everybody else

_MKFS = {
    # Everything is initialised now, not by a kernel thread while the clock runs.
    "ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
    "xfs": ["mkfs.xfs", "-q", "-f", "-m", "reflink=1"],
    "btrfs": ["mkfs.btrfs", "-q", "-f"],
}
SMALLEST = 512 * MIB  # mkfs.xfs refuses less than 300 MiB


class NotPossible(Exception):
    """This machine cannot run the scenario; the reason is reported."""


class Room:
    """A directory on the file system to measure, and the words for it in the report."""

    def __init__(self, path, description):
        self.path = path
        self.description = description

    def __truediv__(self, name):
        return os.path.join(self.path, name)


def _run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise NotPossible(f"{argv[0]}: {done.stderr.strip() or 'failed'}")
    return done.stdout.strip()


def check_memory(needed):
    available = machine.meminfo("MemAvailable")
    if available < needed + _RESERVE:
        raise NotPossible(f"needs {(needed + _RESERVE) / GIB:.1f} GiB of free memory, "
                          f"has {available / GIB:.1f}")


def check_space(directory, needed):
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise NotPossible(f"needs {needed / GIB:.1f} GiB of free space, has {free / GIB:.1f}")


def prefix():
    """Scratch directories are named after the process that will remove them."""
    return f"copyfile-bench-{os.getpid()}-"


@contextlib.contextmanager
def scratch_directory(parent):
    path = tempfile.mkdtemp(prefix=prefix(), dir=parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _mount(kind, image, target, direct):
    argv = ["losetup", "--find", "--show"] + (["--direct-io=on"] if direct else [])
    device = _run(*argv, image)
    try:
        _run("mount", "-t", kind, device, target)
    finally:
        _run("losetup", "--detach", device)  # while mounted: the device clears itself at umount


def _unmount(target):
    """A command that was killed may take a moment to let go of its files."""
    for _ in range(100):
        if subprocess.run(["umount", target], capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    _run("umount", "--lazy", target)


@contextlib.contextmanager
def _image(kind, size, parent, direct, description, mkfs=()):
    with contextlib.ExitStack() as undo:
        directory = undo.enter_context(scratch_directory(parent))
        image = os.path.join(directory, "image")
        with open(image, "wb") as file:
            file.truncate(max(size, SMALLEST))
        _run(*_MKFS[kind], *mkfs, image)
        target = os.path.join(directory, "mounted")
        os.mkdir(target)
        _mount(kind, image, target, direct)
        undo.callback(_unmount, target)
        os.unlink(image)
        yield Room(target, description)


def in_memory(kind, size, cached=0, mkfs=()):
    """A file system of the given kind; cached is what the page cache will hold on top of it. More arguments for mkfs."""
    check_memory(size + cached)
    check_space(MEMORY, size)
    return _image(kind, size, MEMORY, False, f"{kind}, loop image in memory", mkfs)


def on_disk(kind, size, directory):
    check_space(directory, size)
    # Direct: else each block would be in the page cache twice.
    return _image(kind, size, directory, True, f"{kind}, loop image on the disk")


@contextlib.contextmanager
def disk(directory, needed):
    """The disk itself, whatever file system is there."""
    check_space(directory, needed)
    kind = _run("stat", "--file-system", "--format=%T", directory)
    kind = _run("findmnt", "--noheadings", "--output=FSTYPE", "--target", directory) or kind
    with scratch_directory(directory) as path:
        yield Room(path, f"{kind}, the machine's disk")
