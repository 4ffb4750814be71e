"""System calls that Python does not have."""

import contextlib
import ctypes
import fcntl
import os
import signal
import struct

_libc = ctypes.CDLL(None, use_errno=True)

_CLONE_NEWNS = 0x00020000
_PR_SET_PDEATHSIG = 1
_MS_REC_PRIVATE = 0x4000 | 0x40000
_SYS_CACHESTAT = 451  # Linux 6.5, the same number on all architectures
_FS_IOC_FIEMAP = 0xC020660B
_FIEMAP_FLAG_SYNC = 0x1
_FIEMAP_EXTENT_LAST = 0x1
FIEMAP_EXTENT_UNWRITTEN = 0x800


def _check(result, what):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def private_mounts():
    """From here on this process's mounts are its own: they go when it goes, even if killed."""
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _check(_libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC_PRIVATE), None), "mount")


def die_with_parent():
    """For a child, before it becomes its program: killed when we are."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def syncfs(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        _check(_libc.syncfs(fd), "syncfs")
    finally:
        os.close(fd)


def drop_caches():
    """All clean pages, directory entries and inodes go, everybody's."""
    _set_vm("drop_caches", 3)


@contextlib.contextmanager
def dirty_pages_allowed(size):
    """Lets that many bytes be dirty before the kernel writes any back, or slows a writer down."""
    wanted = {"dirty_bytes": 2 * size, "dirty_background_bytes": size,
              "dirty_expire_centisecs": 360000}
    # Setting one of *_bytes and *_ratio clears the other: what is restored is the one that is not 0.
    names = ("dirty_bytes", "dirty_ratio", "dirty_background_bytes", "dirty_background_ratio",
             "dirty_expire_centisecs")
    before = {name: _vm(name) for name in names}
    for name, value in wanted.items():
        _set_vm(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            if value != 0:
                _set_vm(name, value)


def _vm(name):
    with open(f"/proc/sys/vm/{name}") as file:
        return int(file.read())


def _set_vm(name, value):
    with open(f"/proc/sys/vm/{name}", "w") as file:
        file.write(str(value))


def cached_bytes(path):
    """Bytes of a file in the page cache, or None where the kernel cannot say, or there is no file."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # a peer that only reads makes none
        return None
    try:
        everything = (ctypes.c_uint64 * 2)(0, 0)
        counts = (ctypes.c_uint64 * 5)()
        if _libc.syscall(_SYS_CACHESTAT, fd, everything, counts, 0) != 0:
            return None
        return counts[0] * os.sysconf("SC_PAGESIZE")
    finally:
        os.close(fd)


def _fiemap(fd, start, count):
    request = struct.pack("=QQLLLL", start, (1 << 63) - 1 - start, _FIEMAP_FLAG_SYNC, 0, count, 0)
    answer = bytearray(request + bytes(56 * count))
    fcntl.ioctl(fd, _FS_IOC_FIEMAP, answer)
    mapped = struct.unpack_from("=L", answer, 20)[0]
    for i in range(mapped):
        logical, physical, length, _, _, flags = struct.unpack_from("=QQQQQL", answer, 32 + 56 * i)
        yield logical, physical, length, flags


def extents(path):
    """The file's extents as (logical, physical, length, flags)."""
    fd = os.open(path, os.O_RDONLY)
    found = []
    try:
        start = 0
        while True:
            some = list(_fiemap(fd, start, 1000))
            found += some
            if not some or some[-1][3] & _FIEMAP_EXTENT_LAST:
                return found
            start = some[-1][0] + some[-1][2]
    finally:
        os.close(fd)
