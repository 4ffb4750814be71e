"""What the samples were taken on. Nothing here names a path or the host."""

import os
import platform
import re
import subprocess
import time

GIB = 1 << 30


def meminfo(field):
    """A field of /proc/meminfo in bytes."""
    with open("/proc/meminfo") as lines:
        for line in lines:
            name, value = line.split(":")
            if name == field:
                return int(value.split()[0]) * 1024
    raise KeyError(field)


def _first(path, pattern, default):
    try:
        with open(path) as text:
            found = re.search(pattern, text.read(), re.MULTILINE)
    except OSError:
        return default
    return found.group(1).strip() if found else default


def describe():
    return {
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "processor": _first("/proc/cpuinfo", r"^model name\s*:\s*(.*)$", "unknown"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(meminfo("MemTotal") / GIB, 1),
        "system": _first("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)', "unknown"),
    }


def busy(span=0.5):
    """The share of the processors' time that others use, watched for a while (0 to 1). Not the
    load average: that remembers our own last minutes."""
    def ticks():
        with open("/proc/stat") as file:
            fields = [int(field) for field in file.readline().split()[1:]]
        return sum(fields), fields[3] + fields[4]  # idle, waiting for the disk

    all_before, idle_before = ticks()
    time.sleep(span)
    all_after, idle_after = ticks()
    return round(1 - (idle_after - idle_before) / max(all_after - all_before, 1), 2)


def moment():
    return {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "busy": busy()}


def version(program, argument="--version"):
    """The first line that a program says of itself."""
    done = subprocess.run([program, argument], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)
    lines = (done.stdout or done.stderr).splitlines()
    return " ".join(lines[0].split()) if lines else "unknown"


def commit(root):
    done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=12"],
                          capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
