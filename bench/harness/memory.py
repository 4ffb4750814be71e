"""Free memory that is really there.

A virtual machine whose balloon reports free pages has given them back to its host two seconds after
they became free. The next copy pays for each of them with a fault in the host: 2 GiB of page cache
then cost 0.2 s or 4 s, as luck has it (measured: cp of 1 GiB, 0.08 s to 2.1 s of system time). So
before each sample that will fill much page cache, free memory is taken, touched and freed again: what was
freed last is what the kernel hands out first.
"""

import contextlib
import glob
import mmap

from harness import machine

_REPORTING = 5  # VIRTIO_BALLOON_F_REPORTING
_MADV_POPULATE_WRITE = 23  # Linux 5.14
_KEPT = 1536 << 20  # left alone, for everybody else
_AROUND = 2 << 30  # inodes, the image's own pages, what others take meanwhile


def reporting(pattern="/sys/bus/virtio/drivers/virtio_balloon/virtio*/features"):
    """Does this machine give free memory back to a host?"""
    for path in glob.glob(pattern):
        with open(path) as file:
            if file.read()[_REPORTING:_REPORTING + 1] == "1":
                return True
    return False


def back_free(fills):
    """Has the host back the free memory that a sample will take, which fills so much page cache. Bytes touched."""
    size = min(machine.meminfo("MemFree") - _KEPT, 3 * fills + _AROUND)
    if size <= 0:
        return 0
    size -= size % mmap.PAGESIZE
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as taken:
        taken.madvise(mmap.MADV_HUGEPAGE)
        # Not all of it was free any more: what was got is good enough.
        with contextlib.suppress(OSError):
            taken.madvise(_MADV_POPULATE_WRITE)
    return size
