"""What is compared: a case is one work at one place, done by the subject and by its peers."""

import dataclasses
import os
from collections.abc import Callable

from harness import stats


@dataclasses.dataclass(frozen=True)
class Variant:
    """A way to do the work. Words in braces ({src}, {copyfile}...) are filled in for each case."""

    name: str
    commands: tuple[tuple[str, ...], ...]

    def filled(self, words):
        return [[word.format_map(words) for word in command] for command in self.commands]

    def shown(self):
        """For the report: no path of this machine in it."""
        placeholders = _Placeholders()
        return " && ".join(
            " ".join(word.format_map(placeholders) for word in command)
            for command in self.commands)


class _Placeholders(dict):
    def __missing__(self, key):
        return key if key in ("copyfile", "cfr_loop", "fsync_rename", "known_good", "iscsi_load") else key.upper()


def variant(name, *commands):
    return Variant(name, tuple(tuple(command.split()) for command in commands))


@dataclasses.dataclass
class Case:
    name: str  # unique within the scenario: "ext4"
    work: str  # "2 GiB file"
    place: str  # "ext4, loop image in memory"
    cache: str  # "warm" or "cold"
    src: str
    dst: str
    size: int  # bytes, for throughput
    subject: Variant
    peers: list[Variant]
    verify: Callable[[], None]
    fills: int = 0  # bytes of page cache that a sample may fill
    repeats: int = 1  # processes for one sample, which is then their median
    words: dict = dataclasses.field(default_factory=dict)  # more to fill in: {ranges}
    # Called after each timed command with its Cost: what else to write into the sample.
    observe: Callable[..., dict] | None = None
    before: Callable[[], None] | None = None  # the last thing before the clock starts
    files: int = 0  # source and destination are trees of so many files; else files, or flat directories
    stays: bool = False  # the destination is not removed before a sample
    setup: Callable[[], None] | None = None  # makes what must be there before a sample, once the old one is gone


@dataclasses.dataclass
class Goal:
    text: str
    measured: float
    limit: float
    at_least: bool  # else: at most
    unit: str = ""
    peer: str = ""  # the goal is a ratio to this peer

    @property
    def met(self):
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def as_json(self):
        return dataclasses.asdict(self) | {"met": self.met}


@dataclasses.dataclass
class CaseResult:
    case: Case
    samples: list[dict] = dataclasses.field(default_factory=list)
    pairs: dict[str, list[tuple[float, float]]] = dataclasses.field(default_factory=dict)
    goals: list[Goal] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def comparison(self, peer):
        return stats.compare(self.pairs[peer])

    def values(self, name, field):
        return [sample[field] for sample in self.samples if sample["variant"] == name]

    def goal_ratio(self, peer, at_least, text):
        if peer in self.pairs:
            self.goals.append(Goal(text, self.comparison(peer).ratio_of_medians, at_least, True,
                                   "times", peer))

    def goal_longer(self, peer, milliseconds, text):
        if peer in self.pairs:
            self.goal_at_most(self.comparison(peer).median_difference * 1000, milliseconds, "ms",
                              text)

    def goal_at_most(self, measured, limit, unit, text):
        self.goals.append(Goal(text, measured, limit, False, unit))

    def as_json(self):
        case = self.case
        return {
            "name": case.name, "work": case.work, "place": case.place, "cache": case.cache,
            "size": case.size, "files": case.files, "processes_per_sample": case.repeats,
            "commands": {v.name: v.shown() for v in [case.subject, *case.peers]},
            "subject": case.subject.name,
            "comparisons": {peer: dataclasses.asdict(self.comparison(peer))
                            for peer in self.pairs},
            "goals": [goal.as_json() for goal in self.goals],
            "notes": self.notes,
            "samples": self.samples,
        }


def peak_rss_mib(result, name):
    return max(result.values(name, "peak_rss")) / (1 << 20)


def allocated(path):
    return os.stat(path).st_blocks * 512
