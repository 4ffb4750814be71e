"""Trees to copy."""

import os
import shutil
import subprocess

from harness import data, kernel

SYSTEM = "/usr/share"


def write(top, directories, files, length):
    """That many files of so many bytes, spread evenly over directories; no two are the same. Bytes."""
    content = data.chunk(0, max(length, 8))
    os.mkdir(top)
    for d in range(directories):
        directory = os.path.join(top, f"directory-{d:04}")
        os.mkdir(directory)
        for number in range(d, files, directories):
            content[:8] = number.to_bytes(8, "little")
            fd = os.open(os.path.join(directory, f"file-{number:07}"),
                         os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            os.write(fd, memoryview(content)[:length])
            os.close(fd)
    kernel.syncfs(top)
    return files * length


def take_system(top, limit):
    """A copy of what programs have put into /usr/share, directory by directory, until it is so large.
    The number of files in it, and bytes."""
    os.mkdir(top)
    files = size = 0
    for name in sorted(os.listdir(SYSTEM)):
        if size >= limit:
            break
        subprocess.run(["cp", "-a", os.path.join(SYSTEM, name), top], check=True)
        for directory, _, names in os.walk(os.path.join(top, name)):
            files += len(names)
            size += sum(os.lstat(os.path.join(directory, one)).st_size for one in names)
    kernel.syncfs(top)
    return files, size


def make_warm(top):
    """Every inode and every byte in memory."""
    subprocess.run(["find", top, "-type", "f", "-exec", "cat", "{}", "+"], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def make_cold():
    """Nothing in memory, inodes neither: for trees they are half of the work."""
    kernel.drop_caches()


def remove(path):
    if os.path.lexists(path):
        subprocess.run([shutil.which("rm"), "-rf", "--", path], check=True)


def first_files(top, count):
    """Some of its files, as paths inside it."""
    found = []
    for directory, folders, names in os.walk(top):
        folders.sort()
        found += [os.path.relpath(os.path.join(directory, name), top) for name in sorted(names)]
        if len(found) >= count:
            break
    return found[:count]
