"""System calls that Python does not have."""

import ctypes
import fcntl
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

_CLONE_NEWNS = 0x00020000
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


def syncfs(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        _check(_libc.syncfs(fd), "syncfs")
    finally:
        os.close(fd)


def cached_bytes(path):
    """Bytes of a file in the page cache, or None where the kernel cannot say."""
    fd = os.open(path, os.O_RDONLY)
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
