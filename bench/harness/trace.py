"""Counts the operations that a command asks of the file system to move data."""

import collections
import os
import re
import shutil
import subprocess

from harness import rooms

_MOVERS = ("copy_file_range", "sendfile", "splice", "pwrite64", "pwritev", "pwritev2",
           "io_uring_enter")
_CALL = re.compile(r"^(?:\d+ +)?(?:<\.\.\. )?([a-z_]\w*)")


def count(lines):
    """Operation -> how many of strace's lines show one that moved data."""
    found = collections.Counter()
    for line in lines:
        call = _CALL.match(line)
        # An unfinished call has a second line that tells the result.
        if not call or "unfinished" in line or " = -1 " in line:
            continue
        clone = re.search(r"\b(?:BTRFS_IOC_CLONE|FICLONE)(?:_RANGE|RANGE)?\b", line)
        # strace also shows calls that it has no name for, whatever it was asked to show.
        if call.group(1) in _MOVERS:
            found[call.group(1)] += 1
        elif clone:
            found["clone"] += 1
    return dict(found)


def operations(command, scratch):
    """Runs the command under strace; its time is of no use, its calls are."""
    if not shutil.which("strace"):
        raise rooms.NotPossible("strace is not installed")
    log = os.path.join(scratch, "trace")
    done = subprocess.run(["strace", "-f", "-e", "trace=ioctl," + ",".join(_MOVERS), "-o", log, *command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise rooms.NotPossible(f"strace: {done.stderr.strip()}")
    with open(log, errors="replace") as lines:
        return count(lines)
