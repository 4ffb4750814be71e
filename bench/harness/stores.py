"""Repositories of known-good files: ours, and what others have instead."""

import hashlib
import os
import subprocess

from harness import verify

KNOWN_GOOD = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers", "known_good.sh")


def make(lab, path, with_ostree=False):
    """An empty repository of each kind below `path`."""
    os.makedirs(os.path.join(path, "plain"))
    init(lab, os.path.join(path, "store"))
    if with_ostree:
        subprocess.run(["ostree", "init", f"--repo={path}/ostree", "--mode=bare"], check=True)


def init(lab, repository):
    subprocess.run([lab.program("copyfile"), "store", "init", repository], check=True)


def add(lab, repository, *arguments):
    subprocess.run([lab.program("copyfile"), "store", "add", "--quiet", *arguments[:-1], repository, arguments[-1]],
                   check=True)


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(source, path):
    """A file of checksums of what is in a directory."""
    with open(path, "w", encoding="ascii") as sums:
        for name in sorted(os.listdir(source)):
            sums.write(f"{digest_of(os.path.join(source, name))}  {name}\n")


def check(source, path):
    """Whichever of the repositories was filled holds every file of the source, by its digest."""
    names = sorted(os.listdir(source))
    wanted = {digest_of(os.path.join(source, name)): os.path.join(source, name) for name in names}
    full = [place for place in (f"{path}/store/blobs/sha256", f"{path}/plain") if os.listdir(place)]
    for place in full:
        if set(os.listdir(place)) != set(wanted):
            raise verify.WrongCopy(f"{place} does not hold what was added")
        for digest, original in wanted.items():
            verify.same_content(original, os.path.join(place, digest))
    heads = f"{path}/ostree/refs/heads"
    if not full and not (os.path.isdir(heads) and os.listdir(heads)):
        raise verify.WrongCopy("nothing was added")
