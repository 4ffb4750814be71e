"""A suite: a folder below lab/suites/ with suite.toml, the script `setup` and the sources of its tests."""

import dataclasses
import os
import tomllib

LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass
class Suite:
    name: str
    about: str
    tests: list                                     # command lines, below the build
    modules: list = dataclasses.field(default_factory=list)
    programs: list = dataclasses.field(default_factory=list)   # looked up in PATH
    built: list = dataclasses.field(default_factory=list)      # programs besides `tests`, below the build
    files: list = dataclasses.field(default_factory=list)      # patterns of absolute paths
    disks: list = dataclasses.field(default_factory=list)      # sizes in MiB: /dev/vda, /dev/vdb...
    drives: list = dataclasses.field(default_factory=list)     # sizes in MiB: drive0... for `devices`
    devices: list = dataclasses.field(default_factory=list)    # further arguments of QEMU
    host: str = ""                                  # a test program beside the machine, below the build
    cmdline: str = ""                               # further words for the kernel
    memory: int = 1024                              # MiB
    limit: int = 120                                # seconds, from power on to power off

    @property
    def folder(self):
        return os.path.join(LAB, "suites", self.name)


def names():
    return sorted(name for name in os.listdir(os.path.join(LAB, "suites"))
                  if os.path.exists(os.path.join(LAB, "suites", name, "suite.toml")))


def load(name):
    with open(os.path.join(LAB, "suites", name, "suite.toml"), "rb") as file:
        return Suite(name, **tomllib.load(file))
