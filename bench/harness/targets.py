"""iSCSI targets to measure: ours, and tgt. Each runs as a process of its own, on a port and with a control socket that nobody
else has, and ends by its process id with the block that it serves."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness import kernel, rooms
from harness.timing import CommandFailed

_PATIENCE = 30  # seconds
_TGT_SOCKETS = "/var/run/tgtd"


class Target:
    """A target that runs: the URLs of its disks, in the order of the images."""

    def __init__(self, process, urls):
        self.pid = process.pid
        self.urls = urls


def _end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def ours(program, images):
    with tempfile.TemporaryDirectory(prefix=rooms.prefix()) as scratch:
        process = subprocess.Popen(
            [program, "--portal", "127.0.0.1:0", "--control", os.path.join(scratch, "control"), *images],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            preexec_fn=kernel.die_with_parent)
        try:
            lines = [process.stdout.readline() for _ in images]
            if not all(line.startswith("iscsi://") for line in lines):
                raise CommandFailed("copyfile-target does not run")
            yield Target(process, [line.split()[0] for line in lines])
        finally:
            _end(process)
            process.stdout.close()


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class _Admin:
    """tgtadm for one tgtd."""

    def __init__(self, control):
        self._command = ["tgtadm", "-C", control, "--lld", "iscsi"]

    def __call__(self, *arguments, must=True):
        done = subprocess.run([*self._command, *arguments], capture_output=True, text=True)
        if must and done.returncode != 0:
            raise CommandFailed(f"tgtadm: {done.stderr.strip()}")
        return done.stdout

    def wait(self, process):
        for _ in range(_PATIENCE * 10):
            if "State: ready" in self("--op", "show", "--mode", "sys", must=False):
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise CommandFailed("tgtd does not get ready")

    def serve(self, name, images):
        self("--op", "new", "--mode", "target", "--tid", "1", "-T", name)
        self("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL")
        for number, image in enumerate(images, 1):
            self("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", str(number), "-b", image)


def serve_ours(lab, serving, images):
    """Serves the images until `serving` ends: the words for commands that name its disks, and its process."""
    return _words("ours", serving.enter_context(ours(lab.program("copyfile_target"), images)))


def serve_both(lab, serving, images):
    """The same files, so that both find them in the same state."""
    return serve_ours(lab, serving, images) | _words("tgt", serving.enter_context(tgt(images)))


def _words(name, target):
    disks = {f"{name}_{number}": url for number, url in enumerate(target.urls)}
    return disks | {f"{name}_pid": str(target.pid)}


@contextlib.contextmanager
def tgt(images):
    """tgt as Debian has it, with its default store: reads and writes of the file through the page cache."""
    if not shutil.which("tgtd"):
        raise rooms.NotPossible("tgt is not installed")
    control = str(os.getpid() % 30000 + 1)  # a short integer
    port, name = _free_port(), "iqn.2026-01.invalid.bench:tgt"
    process = subprocess.Popen(["tgtd", "-f", "-C", control, "--iscsi", f"portal=127.0.0.1:{port}"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=kernel.die_with_parent)
    try:
        admin = _Admin(control)
        admin.wait(process)
        admin.serve(name, images)
        yield Target(process, [f"iscsi://127.0.0.1:{port}/{name}/{number}" for number in range(1, len(images) + 1)])
    finally:
        # Asked to end, it waits for sessions that nobody closes.
        process.kill()
        process.wait()
        for ending in ("", ".lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(_TGT_SOCKETS, f"socket.{control}{ending}"))
