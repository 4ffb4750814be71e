"""What a suite runs on this computer beside its machine: a server whose clients are in there, and tests of what it did."""

import contextlib
import os
import subprocess
import threading

from .machine import WITH_PARENT


class NoHost(Exception):
    pass


class Host:
    """A test program that serves while its standard input is open, and whose tests then look at what has come of it."""

    def __init__(self, program, limit):
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n", "-E"]  # it mounts file systems
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(WITH_PARENT + as_root + [program, "--gtest_color=no"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                        start_new_session=True)
        self.timer = threading.Timer(limit, self.process.kill)
        self.timer.daemon = True
        self.timer.start()
        self.served = self.wait_until_it_serves()

    def wait_until_it_serves(self):
        """"host: NAME=VALUE..." is its word that it does; the values are for `devices` of the suite."""
        said = []
        for line in self.process.stdout:
            if line.startswith("host: "):
                return dict(word.split("=", 1) for word in line.split()[1:])
            said.append(line.strip())
        self.end()
        raise NoHost("the program beside the machine does not serve: " + " ".join(said[-10:]))

    def test(self, heard):
        """The machine is off: heard(text) for each line that the tests say."""
        self.process.stdin.close()
        for line in self.process.stdout:
            heard(line.rstrip("\n"))

    def end(self):
        self.timer.cancel()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def beside(suite, build):
    """The Host of the suite, whose `devices` get its values; None where it wants none."""
    if not suite.host:
        yield None
        return
    host = Host(os.path.join(build, suite.host), suite.limit + 60)
    try:
        suite.devices = [device.format(**host.served) for device in suite.devices]
        yield host
    finally:
        host.end()
