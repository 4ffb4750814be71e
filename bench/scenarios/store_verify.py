"""A cached repository is read again."""

import os

from harness import data, rooms, stores, trees, verify
from harness.model import Case, Variant, variant
from harness.scenario import Scenario


class StoreVerify(Scenario):
    name = "store-verify"
    title = "Verifying a cached repository"
    goal = "at least 1.8 times faster than one `sha256sum` process"
    bound = "SHA-256 on two processors"

    def run(self, lab):
        files, length = lab.pick(40, 8), lab.pick(256 << 20, 4 << 20)
        size = files * length
        with rooms.on_disk("xfs", size + (size >> 2) + rooms.SMALLEST, lab.settings.disk) as room:
            rooms.check_memory(size)
            src, repository = room / "source", room / "store"
            stores.init(lab, repository)
            os.mkdir(src)
            for i in range(files):
                path = os.path.join(src, f"{i:03}")
                data.write(path, length)
                with open(path, "r+b") as file:
                    file.write(b"%020d" % i)  # each another content
                stores.add(lab, repository, path)
                os.unlink(path)
            blobs = f"{repository}/blobs/sha256"
            trees.make_warm(blobs)
            result = lab.compare(Case(
                name="xfs", work=f"{files} blobs of {length >> 20} MiB", place=room.description, cache="warm", src=blobs,
                dst=room / "none", size=size, stays=True,
                subject=variant("copyfile", f"{{copyfile}} store verify {repository}"),
                peers=[Variant("sha256sum", (("sh", "-c", 'cd "$0" && exec sha256sum *', "{src}"),)),
                       Variant("openssl", (("sh", "-c", 'cd "$0" && exec openssl dgst -sha256 *', "{src}"),))],
                verify=lambda: self._check(blobs, files)))
            result.goal_ratio("sha256sum", 1.8, "against one sha256sum process")
            yield result

    def _check(self, blobs, files):
        """Nothing went to quarantine."""
        if len(os.listdir(blobs)) != files:
            raise verify.WrongCopy("a blob is gone")


SCENARIO = StoreVerify()
