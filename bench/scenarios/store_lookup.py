"""A repository with very many names is opened, and one of them looked up."""

import statistics
import subprocess

from harness import rooms, stores, trees, verify
from harness.model import Case, variant
from harness.scenario import Scenario


class StoreLookup(Scenario):
    name = "store-lookup"
    title = "One name among a million, the whole process"
    goal = "below 20 ms"
    bound = "the start of a process, and a few pages of the index"

    def run(self, lab):
        files = lab.pick(1000000, 1000)
        with rooms.on_disk("xfs", max(files * 12 << 10, rooms.SMALLEST), lab.settings.disk) as room:
            src, repository = room / "source", room / "store"
            trees.write(src, lab.pick(1000, 10), files, 64)
            stores.init(lab, repository)
            stores.add(lab, repository, "--recursive", src)
            trees.remove(src)
            name = "directory-0001/file-0000001"
            stat = f"{{copyfile}} store stat {repository} {name}"
            result = lab.compare(Case(
                name="xfs", work=f"{files} names", place=room.description, cache="warm", src=f"{repository}/format",
                dst=room / "none", size=64, stays=True, repeats=lab.pick(50, 5), subject=variant("copyfile", stat),
                peers=[variant("true", "true")], verify=lambda: self._check(lab, repository, name)))
            median = statistics.median(result.values("copyfile", "wall"))
            result.goal_at_most(median * 1000, 20, "ms", "to open it and look a name up")
            yield result

    def _check(self, lab, repository, name):
        told = subprocess.run([lab.program("copyfile"), "store", "stat", repository, name], capture_output=True, text=True,
                              check=True).stdout
        if not told.startswith("sha256:") or name not in told:
            raise verify.WrongCopy("the name was not found")


SCENARIO = StoreLookup()
