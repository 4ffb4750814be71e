"""The whole program, as a user runs it, with a stand-in for copyfile."""

import json
import os
import signal
import subprocess
import sys
import time

from harness import rooms
from tests.support import BENCH, ScratchTest

_STANDIN = """#!/bin/sh
case $1 in --version) echo 'copyfile 0'; exit ;; esac
for word; do case $word in -*) ;; *) set -- "$@" "$word" ;; esac; done
while [ $# -gt 2 ]; do shift; done
"""

# In place of copyfile-target: tgt, which serves the same images.
_TARGET = f"""#!{sys.executable}
import signal, sys
sys.path.insert(0, {BENCH!r})
from harness import targets
images = sys.argv[5:]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
with targets.tgt(images) as served:
    for url, image in zip(served.urls, images):
        print(url, "", image, flush=True)
    signal.sigwait([signal.SIGTERM])
"""


class Main(ScratchTest):
    def setUp(self):
        super().setUp()
        self.out = self.path("out")

    def _standin(self, does):
        path = self.file("copyfile", (_STANDIN + does + "\n").encode())
        os.chmod(path, 0o755)
        return path

    def _start(self, *argv):
        return subprocess.Popen([sys.executable, os.path.join(BENCH, "main.py"), *argv, "--out",
                                 self.out], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def _run(self, *argv, seconds=60):
        process = self._start(*argv)
        out, errors = process.communicate(timeout=seconds)
        return process.returncode, out, errors

    def test_results_are_written(self):
        status, out, errors = self._run("small", "--quick", "--copyfile",
                                        self._standin('cp "$1" "$2"'))
        self.assertEqual(status, 0, errors)
        self.assertIn("longer than cp", out)
        with open(os.path.join(self.out, "results.json")) as file:
            text = file.read()
        self.assertNotIn(self.scratch, text)
        self.assertNotIn(rooms.MEMORY, text)
        plain = json.loads(text)["scenarios"][0]["cases"][0]
        self.assertEqual(plain["comparisons"]["cp"]["pairs"], 2)
        self.assertEqual(sorted(os.listdir(self.out)),
                         ["results.json", "results.md", "results.svg"])

    def test_trees(self):
        names = ["tree-copy", "tree-ordered", "tree-reflink", "tree-cold", "tree-resume", "tree-scale"]
        status, out, errors = self._run(*names, "--quick", "--copyfile",
                                        self._standin('exec cp -aT "$1" "$2"'), seconds=300)
        self.assertEqual(status, 0, errors)
        with open(os.path.join(self.out, "results.json")) as file:
            found = json.load(file)["scenarios"]
        self.assertEqual([scenario["name"] for scenario in found], names)
        for scenario in found:
            self.assertEqual(scenario["problem"], "")
            for case in scenario["cases"]:
                self.assertTrue(case["samples"] and case["goals"], case["name"])
        self.assertIn("tree-scale.svg", os.listdir(self.out))
        self.assertIn("against cp -a, then sync -f", out)

    def test_targets(self):
        path = self.file("copyfile-target", _TARGET.encode())
        os.chmod(path, 0o755)
        names = ["target-copy", "target-io", "target-latency", "target-sessions"]
        status, out, errors = self._run(*names, "--quick", "--copyfile", self._standin("true"),
                                        "--copyfile-target", path, seconds=300)
        self.assertEqual(status, 0, errors)
        with open(os.path.join(self.out, "results.json")) as file:
            found = json.load(file)["scenarios"]
        self.assertEqual([scenario["name"] for scenario in found], names)
        for scenario in found:
            self.assertEqual(scenario["problem"], "")
            for case in scenario["cases"]:
                self.assertTrue(case["samples"] and case["goals"], case["name"])
        # It copies, byte by byte.
        space = next(goal for goal in found[0]["cases"][0]["goals"] if goal["unit"] == "%")
        self.assertGreaterEqual(space["measured"], 100)
        self.assertIn("p99 of the reads, against an idle target", out)

    def test_target_that_does_not_start_is_told(self):
        status, _, errors = self._run("target-io", "--quick", "--copyfile", self._standin("true"),
                                      "--copyfile-target", "/bin/true")
        self.assertEqual(status, 1)
        self.assertIn("failed: copyfile-target does not run", errors)

    def test_tree_that_lacks_a_file_fails(self):
        status, _, errors = self._run(
            "tree-reflink", "--quick", "--copyfile",
            self._standin('cp -aT "$1" "$2"; rm "$2"/directory-0001/file-0000001'))
        self.assertEqual(status, 1)
        self.assertIn("wrong copy: directory-0001/file-0000001 is missing", errors)

    def test_wrong_copy_fails(self):
        status, _, errors = self._run("small", "--quick", "--copyfile",
                                      self._standin('cp "$1" "$2"; echo more >> "$2"'))
        self.assertEqual(status, 1)
        self.assertIn("wrong copy: size 1029, not 1024", errors)

    def test_failing_command_is_told(self):
        status, _, errors = self._run("small", "--quick", "--copyfile",
                                      self._standin('echo "no luck" >&2; exit 3'))
        self.assertEqual(status, 1)
        self.assertIn("copyfile: exit status 3: no luck", errors)

    def test_interrupt_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self._start("small", "--quick", "--copyfile", self._standin("sleep 60"))
            self.assertIn("small:", process.stderr.readline())
            time.sleep(1)  # in the middle of the first sample
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130, errors)
            left = [name for name in os.listdir(rooms.MEMORY) + os.listdir(self.out)
                    if name.startswith(f"copyfile-bench-{process.pid}-")]
            self.assertEqual(left, [])

    def test_list_names_every_scenario_and_its_goal(self):
        status, out, _ = self._run("--list")
        self.assertEqual(status, 0)
        self.assertEqual([line.split()[0] for line in out.splitlines()],
                         ["second-copy", "cold", "reflink", "scattered", "adjacent", "sparse",
                          "small", "batch", "source-stall", "digest", "tree-copy", "tree-ordered",
                          "tree-reflink", "tree-cold", "tree-resume", "tree-scale", "store-add",
                          "store-large", "store-verify", "store-get", "store-lookup", "target-copy",
                          "target-io", "target-latency", "target-sessions"])

    def test_unknown_scenario_is_a_usage_error(self):
        status, _, errors = self._run("none-such")
        self.assertEqual(status, 2)
        self.assertIn("no such scenario: none-such (there are second-copy,", errors)

    def test_missing_binary_is_named(self):
        status, _, errors = self._run("small", "--copyfile", self.path("absent"))
        self.assertEqual(status, 1)
        self.assertIn("is not a program", errors)

    def test_docs_without_results_is_an_error(self):
        status, _, errors = self._run("--update-docs")
        self.assertEqual(status, 1)
        self.assertIn("results.json", errors)
