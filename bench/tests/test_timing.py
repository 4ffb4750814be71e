import os
import signal
import threading
import time
import unittest

from harness import timing
from tests.support import ScratchTest


class Total(unittest.TestCase):
    def test_commands_of_a_repetition_are_added(self):
        cost = timing.total(["1000000000 5 6 100 0", "500000000 1 2 300 0"], 2)
        self.assertAlmostEqual(cost.wall, 1.5)
        self.assertAlmostEqual(cost.user, 6e-6)
        self.assertAlmostEqual(cost.system, 8e-6)
        self.assertEqual(cost.peak_rss, 300 * 1024)

    def test_repetitions_give_their_median(self):
        lines = [f"{wall} 0 0 1 0" for wall in (3_000_000_000, 1_000_000_000, 9_000_000_000)]
        self.assertAlmostEqual(timing.total(lines, 1).wall, 3.0)


class Run(ScratchTest):
    def test_two_commands_are_timed_as_one(self):
        cost = self.timer().run([["sleep", "0.1"], ["sleep", "0.1"]])
        self.assertGreaterEqual(cost.wall, 0.2)
        self.assertLess(cost.wall, 2)

    def test_output_is_kept(self):
        self.assertEqual(self.timer().run([["echo", "said"]]).output, "said\n")

    def test_peak_memory_is_the_command_s_own(self):
        ballast = bytearray(64 << 20)
        self.assertLess(self.timer().run([["true"]]).peak_rss, 8 << 20)
        del ballast

    def test_file_is_removed_before_each_repetition(self):
        made = self.path("made")
        self.timer().run([["mkdir", "-p", self.path("d")], ["ln", "-s", "x", made]], 3, made)
        self.assertTrue(os.path.islink(made))

    def test_failure_says_why(self):
        with self.assertRaisesRegex(timing.CommandFailed, "cp: exit status 1: .*No such file"):
            self.timer().run([["cp", self.path("none"), self.path("copy")]])

    def test_failure_of_the_first_command_ends_the_sample(self):
        with self.assertRaises(timing.CommandFailed):
            self.timer().run([["false"], ["touch", self.path("after")]])
        self.assertFalse(os.path.exists(self.path("after")))

    def test_signal_is_named(self):
        with self.assertRaisesRegex(timing.CommandFailed, "killed by signal 9"):
            self.timer().run([["sh", "-c", "kill -9 $$"]])

    def test_missing_program_is_named(self):
        with self.assertRaisesRegex(timing.CommandFailed, "no-such-program"):
            self.timer().run([["no-such-program"]])

    def test_interrupted_run_leaves_no_process(self):
        # What was started in the background of a script ignores the signal.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        timer = self.timer()
        noted = self.path("pid")
        threading.Thread(target=interrupt_when_written, args=(noted,)).start()
        with self.assertRaises(KeyboardInterrupt):
            timer.run([["sh", "-c", f"echo $$ > {noted}; exec sleep 60"]])
        with open(noted) as file:
            pid = int(file.read())
        for _ in range(100):
            if gone(pid):
                return
            time.sleep(0.02)
        self.fail("the command outlives its run")


def interrupt_when_written(path):
    """However long the command takes to start."""
    while not os.path.exists(path) or os.path.getsize(path) == 0:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def gone(pid):
    """Ended; whoever inherited it may not have read its status yet."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
