"""The class behind every file of bench/scenarios."""

import abc


class Scenario(abc.ABC):
    name = ""  # on the command line
    title = ""  # in the report
    goal = ""  # in words, with its peer
    bound = ""  # what bounds the work, physically

    @abc.abstractmethod
    def run(self, lab):
        """Yields a CaseResult for each case. Raises rooms.NotPossible where the machine is too
        small; then what was yielded before still counts."""
