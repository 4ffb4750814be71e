"""What several tests need."""

import os
import tempfile
import unittest

from harness import timing

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class ScratchTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(tempfile.TemporaryDirectory())

    def path(self, name):
        return os.path.join(self.scratch, name)

    def file(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def timer(self):
        launcher = timing.compile_c(os.path.join(BENCH, "harness", "timed.c"), self.path("timed"))
        return timing.Timer(launcher, self.scratch)
