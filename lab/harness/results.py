"""What a machine says while its tests run, told as one line a test."""

import re

BEGIN = re.compile(r"\[ RUN      \] (\S+)$")
END = re.compile(r"\[(       OK |  FAILED  |  SKIPPED )\] (\S+?),?(?: where .*)? \((\d+) ms\)$")
SUM = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
REASON = re.compile(r"skipped: \S+: (.*)$")
WORDS = {"OK": "pass", "FAILED": "fail", "SKIPPED": "skip"}
LAST_LINES = 60


class Results:
    """Takes lines in order; tell(line...) is called with what people should see together."""

    def __init__(self, suite, tell):
        self.suite, self.tell = suite, tell
        self.passed = self.failed = self.skipped = 0
        self.test = None          # that runs
        self.said = []            # since it began, or since the last one ended
        self.summed = [0, 0, 0]   # what the programs themselves say
        self.programs = 0         # that said it
        self.ended = None         # the status that the machine ended with

    def line(self, text):
        if begin := BEGIN.search(text):
            self.test, self.said = begin.group(1), []
        elif (end := END.search(text)) and end.group(2) == self.test:
            self.result(WORDS[end.group(1).strip()], int(end.group(3)) / 1000)
        elif total := SUM.match(text):
            self.summed = [a + int(b or 0) for a, b in zip(self.summed, total.groups())]
            self.programs += 1
        elif text.startswith("lab: end "):
            self.ended = text.removeprefix("lab: end ")
        elif text.startswith("measured: "):
            self.tell(f"      measured: {self.suite}: {text.removeprefix('measured: ')}")
        else:
            self.said.append(text)

    def result(self, word, seconds):
        reason = ""
        if word == "skip":
            self.skipped += 1
            reason = ": " + " ".join(line.strip() for line in self.said if line and "Skipped" not in line)
        elif word == "pass":
            self.passed += 1
        else:
            self.failed += 1
        self.tell(f"{word}  {self.suite} {self.test} ({seconds:.1f} s){reason}", *(self.last_said() if word == "fail" else ()))
        self.test, self.said = None, []

    def last_said(self):
        return ["      " + line for line in self.said[-LAST_LINES:]]

    def finish(self, programs, why=None):
        """The machine is off; `programs` should have run in it. `why`: what ended it, if it did not end itself."""
        counted = [self.passed, self.failed, self.skipped]
        if why is None and self.ended != "0" and not (self.failed and self.ended == "1"):
            why = "the machine stopped by itself" if self.ended is None else f"it ended with status {self.ended}"
        if why is None and self.programs != programs:
            why = f"{self.programs} of {programs} test programs came to their end"
        if why is None and counted != self.summed:
            why = f"results were lost: {counted} seen, {self.summed} counted by the tests"
        if why is None and not self.passed + self.failed:
            why = "no test ran"
        if why is not None:
            self.failed += 1
            during = f" during {self.test}" if self.test else ""
            self.tell(f"fail  {self.suite}: {why}{during}", *self.last_said())
