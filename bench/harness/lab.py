"""Runs cases in alternating pairs."""

import dataclasses
import os
import statistics
import sys
import time

from harness import data, kernel, machine, memory, peers, stats, trees
from harness.model import CaseResult

_MUCH = 256 << 20  # page cache that is worth the seconds of having the host back it


@dataclasses.dataclass
class Settings:
    pairs: int = 7
    quick: bool = False  # small sizes: shows that everything runs, measures nothing
    verbose: bool = False
    disk: str = "."
    only: tuple = ()  # compare with these peers alone


class Lab:
    """What a scenario gets: its settings, the clock, and compare()."""

    def __init__(self, settings, timer, programs):
        self.settings = settings
        self.timer = timer
        self._programs = programs  # words for commands: {copyfile}, {cfr_loop}
        self.reported = memory.reporting()

    def pick(self, full, quick):
        return quick if self.settings.quick else full

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def words(self, case):
        return self._programs | {"src": case.src, "dst": case.dst} | case.words

    def program(self, name):
        return self._programs[name]

    def compare(self, case):
        """Pairs the subject with each peer in turn, round after round, in alternating order."""
        here, missing = peers.installed(self._asked_for(case.peers))
        result = CaseResult(dataclasses.replace(case, peers=here))
        result.notes += [f"{name} is not installed" for name in missing]
        for one in [case.subject, *here]:
            self._rehearse(case, one)
        for round_number in range(self.settings.pairs):
            for peer in here:
                times = {}
                for name in stats.order(["subject", "peer"], round_number):
                    one = case.subject if name == "subject" else peer
                    sample = self._sample(case, one, round_number, peer.name)
                    result.samples.append(sample)
                    times[name] = sample["wall"]
                result.pairs.setdefault(peer.name, []).append((times["subject"], times["peer"]))
        _remove(case)
        self._tell(result)
        return result

    def survey(self, case, rounds):
        """What the subject and each peer cost by themselves, round after round."""
        here, missing = peers.installed(self._asked_for(case.peers))
        result = CaseResult(dataclasses.replace(case, peers=here))
        result.notes += [f"{name} is not installed" for name in missing]
        for one in [case.subject, *here]:
            self._rehearse(case, one)
        for round_number in range(rounds):
            for one in stats.order([case.subject, *here], round_number):
                result.samples.append(self._sample(case, one, round_number, ""))
        _remove(case)
        for one in [case.subject, *here]:
            wall = statistics.median(result.values(one.name, "wall"))
            self.say(f"  {case.name:12} {one.name:24} {wall:.4f} s")
        return result

    def _asked_for(self, variants):
        only = self.settings.only
        return [one for one in variants if not only or one.name.split(",")[0] in only]

    def _rehearse(self, case, one):
        """A run that does not count: the image has its blocks, the programs are cached, and the
        copy is seen to be right."""
        self.prepare(case)
        self.timer.run(one.filled(self.words(case)))
        case.verify()

    def operations(self, case):
        """What the subject asks of the file system to do the work: operation -> how often."""
        self.prepare(case)
        [command] = case.subject.filled(self.words(case))
        return self.timer.traced(command)

    def prepare(self, case):
        """The same state before each sample: no destination, nothing dirty, source as the case
        says."""
        if not case.stays:
            _remove(case)
        if case.setup:
            case.setup()
        directory = os.path.dirname(case.dst)
        kernel.syncfs(directory)
        if case.files:
            trees.make_cold() if case.cache == "cold" else trees.make_warm(case.src)
        elif case.cache == "cold":
            data.make_cold(case.src)
        else:
            data.make_warm(case.src)
        # XFS and Btrfs free the removed file's space in the background; statvfs hurries XFS on.
        os.statvfs(directory)
        time.sleep(self.pick(0.2, 0.01))

    def _sample(self, case, one, round_number, pair):
        self.prepare(case)
        if self.reported and case.fills > _MUCH and not self.settings.quick:
            memory.back_free(case.fills)
        if case.before:
            case.before()
        page_cache = machine.meminfo("Cached")
        cost = self.timer.run(one.filled(self.words(case)), case.repeats,
                              case.dst if case.repeats > 1 else None)
        sample = {
            "variant": one.name, "round": round_number, "pair": pair,
            "wall": cost.wall, "user": cost.user, "system": cost.system,
            "peak_rss": cost.peak_rss,
            "page_cache_growth": machine.meminfo("Cached") - page_cache,
            "source_cached": kernel.cached_bytes(case.src),
            "copy_cached": kernel.cached_bytes(case.dst),
        }
        if case.observe:
            sample |= case.observe(one, cost)
        if self.settings.verbose:
            self.say(f"    {case.name:12} {one.name:24} {cost.wall:9.4f} s")
        return sample

    def _tell(self, result):
        for peer in result.pairs:
            one = result.comparison(peer)
            self.say(f"  {result.case.name:12} {peer:24} {one.ratio_of_medians:6.2f}  "
                     f"({one.subject_median:.4f} s : {one.peer_median:.4f} s)")


def _remove(case):
    """A file or a tree; of a flat directory, what is in it."""
    path = case.dst
    if case.files:
        trees.remove(path)
        return
    try:
        if os.path.isdir(path):
            for name in os.listdir(path):
                os.unlink(os.path.join(path, name))
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass
