"""Is the copy a copy? A wrong one fails the benchmark: speed of a wrong copy is no speed."""

import errno
import os
import stat

from harness import kernel

_CHUNK = 4 << 20
_ZEROS = bytes(_CHUNK)


class WrongCopy(Exception):
    pass


def _segments(fd, size):
    """The file's data as half-open ranges."""
    at = 0
    while at < size:
        try:
            begin = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        at = os.lseek(fd, begin, os.SEEK_HOLE)
        yield begin, min(at, size)


def _union(ranges):
    merged = []
    for begin, end in sorted(ranges):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return merged


def _same_range(one, one_at, other, other_at, length):
    while length > 0:
        step = min(length, _CHUNK)
        data = os.pread(one, step, one_at)
        if not data or data != os.pread(other, len(data), other_at):
            return False
        one_at, other_at, length = one_at + len(data), other_at + len(data), length - len(data)
    return True


def _zero(fd, begin, end):
    for at in range(begin, end, _CHUNK):
        length = min(_CHUNK, end - at)
        if os.pread(fd, length, at) != _ZEROS[:length]:
            return False
    return True


def _open(path):
    return os.open(path, os.O_RDONLY)


def same_content(source, copy):
    """Equal size and bytes; where both have holes nothing is read."""
    one, other = _open(source), _open(copy)
    try:
        size = os.fstat(one).st_size
        if os.fstat(other).st_size != size:
            raise WrongCopy(f"size {os.fstat(other).st_size}, not {size}")
        for begin, end in _union([*_segments(one, size), *_segments(other, size)]):
            if not _same_range(one, begin, other, begin, end - begin):
                raise WrongCopy(f"different bytes in {begin}..{end}")
    finally:
        os.close(one)
        os.close(other)


def same_size(source, copy):
    """All that can be said where somebody writes to the source."""
    if os.stat(source).st_size != os.stat(copy).st_size:
        raise WrongCopy(f"size {os.stat(copy).st_size}, not {os.stat(source).st_size}")


def same_directories(source, copy):
    names = sorted(os.listdir(source))
    if sorted(os.listdir(copy)) != names:
        raise WrongCopy("not the same names")
    for name in names:
        same_content(os.path.join(source, name), os.path.join(copy, name))


def _walk(top):
    """Relative path -> its stat, of everything below a directory; links are not followed."""
    found, waiting = {}, [""]
    while waiting:
        directory = waiting.pop()
        with os.scandir(os.path.join(top, directory)) as entries:
            for entry in entries:
                path = os.path.join(directory, entry.name)
                found[path] = entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
    return found


def _same_about(one, other):
    """All that `cp -a` promises to keep, and the size of what has one. The times of directories
    within a second: rsync leaves them alone where only that much is wrong."""
    if any(getattr(one, field) != getattr(other, field)
           for field in ("st_mode", "st_uid", "st_gid", "st_rdev")):
        return False
    if stat.S_ISDIR(one.st_mode):
        return abs(one.st_mtime_ns - other.st_mtime_ns) < 10**9
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def same_trees(source, copy, every=1):
    """The same names, types, modes, owners and times everywhere; the same contents of every so many files."""
    here, there = _walk(source), _walk(copy)
    for path in here.keys() ^ there.keys():
        raise WrongCopy(f"{path} is {'missing' if path in here else 'not in the source'}")
    for number, (path, about) in enumerate(sorted(here.items())):
        one, other = os.path.join(source, path), os.path.join(copy, path)
        if not _same_about(about, there[path]):
            raise WrongCopy(f"{path} has another type, size, mode, owner or time")
        if stat.S_ISLNK(about.st_mode) and os.readlink(one) != os.readlink(other):
            raise WrongCopy(f"{path} is a link to something else")
        if stat.S_ISREG(about.st_mode) and number % every == 0:
            same_content(one, other)


def _written(path):
    """Where the file's data lies on the device: neighbours joined, preallocation left out."""
    joined = []
    for logical, physical, length, flags in kernel.extents(path):
        if flags & kernel.FIEMAP_EXTENT_UNWRITTEN:
            continue
        if joined:
            before, on_device, so_far = joined[-1]
            if (before + so_far, on_device + so_far) == (logical, physical):
                joined[-1] = (before, on_device, so_far + length)
                continue
        joined.append((logical, physical, length))
    return joined


def shared(source, copy):
    """The copy is made of the source's own blocks (which proves the bytes equal unread)."""
    if os.stat(source).st_size != os.stat(copy).st_size or _written(source) != _written(copy):
        raise WrongCopy("the copy does not share all blocks of the source")


def same_ranges(source, copy, ranges):
    """Each (in, out, length) was copied to a file that was new, and nothing else was written."""
    one, other = _open(source), _open(copy)
    try:
        wanted = max(out + length for _, out, length in ranges)
        if os.fstat(other).st_size != wanted:
            raise WrongCopy(f"size {os.fstat(other).st_size}, not {wanted}")
        for at, out, length in ranges:
            if not _same_range(one, at, other, out, length):
                raise WrongCopy(f"range {at}:{out}:{length} differs")
        end = 0
        for begin, after in _union([(out, out + length) for _, out, length in ranges]):
            if not _zero(other, end, begin):
                raise WrongCopy(f"bytes that nobody asked for in {end}..{begin}")
            end = after
    finally:
        os.close(one)
        os.close(other)
