"""Who is compared with: what is installed, and in which version."""

import shutil

from harness import machine
from harness.model import Variant, variant

# Small programs in bench/peers, and the libraries that they need.
OWN = {"cfr_loop": (), "fsync_rename": (), "writer": (), "iscsi_load": ("-liscsi",)}
_ASKED_BY = {"openssl": "version"}  # the others by --version
PROGRAMS = ("cp", "dd", "rsync", "qemu-img", "sync", "strace", "sha256sum", "openssl", "ostree")


def versions():
    """Program -> version, of what is installed."""
    return {name: machine.version(name, _ASKED_BY.get(name, "--version"))
            for name in PROGRAMS if shutil.which(name)}


def installed(variants):
    """Splits variants into those that can run and the names of programs that are missing."""
    here, missing = [], []
    for one in variants:
        absent = [command[0] for command in one.commands
                  if not command[0].startswith("{") and not shutil.which(command[0])]
        if absent:
            missing += absent
        else:
            here.append(one)
    return here, missing


CP_COPY = variant("cp", "cp --reflink=never {src} {dst}")
CP_SYNC = variant("cp, sync", "cp --reflink=never {src} {dst}", "sync {dst}")
CP_CLONE = variant("cp", "cp --reflink=always {src} {dst}")
DD = variant("dd", "dd bs=1M if={src} of={dst}")
DD_SYNC = variant("dd", "dd bs=1M conv=fdatasync if={src} of={dst}")
RSYNC = variant("rsync", "rsync --whole-file --inplace {src} {dst}")
RSYNC_SYNC = variant("rsync", "rsync --whole-file --inplace --fsync {src} {dst}")
QEMU = variant("qemu-img", "qemu-img convert -f raw -O raw {src} {dst}")
QEMU_SYNC = variant("qemu-img",
                    "qemu-img convert -f raw -O raw -t none -T none {src} {dst}", "sync {dst}")
CP_SHA256SUM = variant("cp, sha256sum", "cp --reflink=never {src} {dst}", "sha256sum {src}",
                       "sha256sum {dst}")
CP_OPENSSL = variant("cp, openssl", "cp --reflink=never {src} {dst}", "openssl dgst -sha256 {src}",
                     "openssl dgst -sha256 {dst}")
LOOP = variant("copy_file_range loop", "{cfr_loop} {src} {dst}")
LOOP_SYNC = variant("copy_file_range loop", "{cfr_loop} {src} {dst}", "sync {dst}")
FSYNC_RENAME = variant("fsync and rename", "{fsync_rename} {src} {dst}")
LOOP_RANGES = variant("copy_file_range loop", "{cfr_loop} {src} {dst} {ranges}")
CP_TREE = variant("cp", "cp -a {src} {dst}")
CP_TREE_SYNC = variant("cp, sync -f", "cp -a {src} {dst}", "sync -f {dst}")
CP_TREE_CLONE = variant("cp", "cp -a --reflink=always {src} {dst}")
RSYNC_TREE = variant("rsync", "rsync -a {src}/ {dst}")
RSYNC_TREE_FSYNC = variant("rsync, fsync", "rsync -a --fsync {src}/ {dst}")
SHA256SUM = variant("sha256sum", "sha256sum {src}")
# With the instructions that the processor has for it; Debian's sha256sum does without.
OPENSSL_SHA256 = variant("openssl", "openssl dgst -sha256 {src}")
KNOWN_GOOD = Variant("sha256sum -c, cp, sync, mv", (("sh", "{known_good}", "{src}", "{dst}/plain", "{sums}"),))
OSTREE = variant("ostree commit", "ostree commit --repo={dst}/ostree --branch=main --tree=dir={src}")
