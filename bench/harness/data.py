"""Files to copy."""

import os
import random
import struct

MIB = 1 << 20
_CHUNK = 4 * MIB
_BLOCK = 4096


def chunk(offset, length=_CHUNK, _noise=random.Random(2013).randbytes(_CHUNK)):
    """Data that does not compress; every block starts with its own offset in the file, so that a
    block in the wrong place is a wrong block."""
    made = bytearray(_noise[:length])
    for at in range(0, length, _BLOCK):
        if at + 8 <= length:
            struct.pack_into("<Q", made, at, offset + at)
    return made


def write(path, size):
    """A file of data, on stable storage and out of the page cache."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        for offset in range(0, size, _CHUNK):
            os.pwrite(fd, chunk(offset, min(_CHUNK, size - offset)), offset)
            if offset % (256 * MIB) == 0:
                evict(fd)
        evict(fd)
    finally:
        os.close(fd)


def write_islands(path, size, islands, length, preallocated=False):
    """A file of holes, or of preallocated space, with islands of data spread evenly over it."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        if preallocated:
            os.posix_fallocate(fd, 0, size)
        os.ftruncate(fd, size)
        step = size // islands // _BLOCK * _BLOCK
        for island in range(islands):
            os.pwrite(fd, chunk(island * step, length), island * step)
        evict(fd)
    finally:
        os.close(fd)


def evict(fd):
    os.fdatasync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def make_directory(path):
    os.mkdir(path)


def rewrite(path, size):
    """Every byte again, in place: all of the file is dirty then."""
    with open(path, "r+b", buffering=0) as file:
        for at in range(0, size, _CHUNK):
            file.write(chunk(at, min(_CHUNK, size - at)))


def files_of(path):
    """The file itself, or the files in a directory."""
    if not os.path.isdir(path):
        return [path]
    return [os.path.join(path, name) for name in os.listdir(path)]


def make_cold(path):
    for file in files_of(path):
        _make_cold(file)


def _make_cold(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        evict(fd)
    finally:
        os.close(fd)


def make_warm(path):
    for file in files_of(path):
        _make_warm(file)


def _make_warm(path):
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(MIB)
        while file.readinto(buffer):
            pass
