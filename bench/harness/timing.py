"""Runs commands by the small C launcher and reads off what they cost."""

import dataclasses
import os
import signal
import statistics
import subprocess

from harness import trace


class CommandFailed(Exception):
    pass


@dataclasses.dataclass
class Cost:
    wall: float  # seconds; of several commands the sum; of several repetitions the median
    user: float
    system: float
    peak_rss: int  # bytes, the largest of all processes
    output: str = ""


def compile_c(source, program, *libraries):
    """Compiles one of the benchmark's own small programs."""
    compiler = os.environ.get("CC", "cc")
    done = subprocess.run([compiler, "-O2", "-o", program, source, *libraries], capture_output=True, text=True)
    if done.returncode != 0:
        raise CommandFailed(f"cannot compile {os.path.basename(source)}: {done.stderr}")
    return program


def total(lines, commands):
    """Adds up the launcher's lines; commands is the number of commands in a repetition."""
    rows = [[int(field) for field in line.split()] for line in lines]
    repetitions = [rows[i:i + commands] for i in range(0, len(rows), commands)]

    def median_of_sums(column, unit):
        return statistics.median(sum(row[column] for row in some) for some in repetitions) * unit

    return Cost(wall=median_of_sums(0, 1e-9), user=median_of_sums(1, 1e-6),
                system=median_of_sums(2, 1e-6), peak_rss=max(row[3] for row in rows) * 1024)


def _reason(rows, errors):
    status = int(rows[-1].split()[4]) if rows else None
    said = errors.strip().splitlines()[-1:] or ["it said nothing"]
    if status is None:
        return said[0]
    if os.WIFSIGNALED(status):
        return f"killed by signal {os.WTERMSIG(status)}: {said[0]}"
    return f"exit status {os.WEXITSTATUS(status)}: {said[0]}"


class Timer:
    def __init__(self, launcher, scratch):
        self._launcher = launcher
        self._scratch = scratch

    def run(self, commands, repeats=1, removed=None):
        """The cost of the commands, run one after the other; removed is a file that is taken away
        before each repetition, outside of the time."""
        out, errors = (os.path.join(self._scratch, name) for name in ("stdout", "stderr"))
        for file in (out, errors):
            open(file, "w").close()
        argv = [self._launcher, "-n", str(repeats), "-o", out, "-e", errors]
        argv += ["-u", removed] if removed else []
        for i, command in enumerate(commands):
            argv += [";;"] if i > 0 else ["--"]
            argv += command
        status, said, own_errors = _run_group(argv)
        with open(errors, errors="replace") as text:
            complaints = text.read() + own_errors
        if status != 0:
            name = os.path.basename(commands[0][0])
            raise CommandFailed(f"{name}: {_reason(said, complaints)}")
        cost = total(said, len(commands))
        with open(out, errors="replace") as text:
            cost.output = text.read()
        return cost

    def traced(self, command):
        return trace.operations(command, self._scratch)


def _run_group(argv):
    """Runs in a process group of its own, and ends the whole group if this run is interrupted."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        said, errors = child.communicate()
        return child.returncode, said.splitlines(), errors
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
