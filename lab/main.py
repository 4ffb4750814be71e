"""lab/run, behind the installing and building."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import image, kernel, machine, suite
from harness.results import Results


def arguments():
    parser = argparse.ArgumentParser(prog="lab/run", description="Boots a machine under QEMU's software emulation and runs "
                                     "the tests of SUITEs in it: one line a test.")
    parser.add_argument("suites", metavar="SUITE", nargs="*", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="name the suites")
    parser.add_argument("--shell", action="store_true",
                        help="set the machine of one SUITE up and give a shell in it; Ctrl-A X ends it")
    parser.add_argument("--filter", metavar="PATTERN", help="run these tests only (as --gtest_filter)")
    parser.add_argument("--verbose", action="store_true", help="show all that the machine says")
    parser.add_argument("--build", default="build/dev", help="where copyfile and the tests are built (default: %(default)s)")
    return parser.parse_args()


def tell(text):
    print(text, flush=True)


def prepare(wanted, build, scratch, shell=False):
    version, packed, modules = kernel.newest(wanted.modules)
    elf = kernel.unpacked(version, packed, os.path.dirname(scratch))
    made = image.build(wanted, build, scratch, version, modules)
    return machine.command(wanted, elf, made, machine.make_disks(wanted, scratch), shell)


def run_suite(wanted, options, scratch):
    """The results of a suite, told as they come."""
    started = time.monotonic()
    results = Results(wanted.name, tell)
    if options.filter:
        wanted.tests = [f"{test} --gtest_filter={options.filter}" for test in wanted.tests]
    try:
        line = prepare(wanted, os.path.abspath(options.build), scratch)
    except (kernel.NoKernel, image.NoProgram, OSError, subprocess.CalledProcessError) as error:
        results.finish(0, str(error))
        return results

    def heard(text):
        if options.verbose:
            tell("      | " + text)
        results.line(text)

    why = machine.run(line, wanted.limit, heard)
    results.finish(len(wanted.tests), why)
    tell(f"      {wanted.name}: {results.passed} passed, {results.failed} failed, {results.skipped} skipped "
         f"({time.monotonic() - started:.0f} s)")
    return results


def main():
    options = arguments()
    if options.list:
        for name in suite.names():
            print(f"{name:10} {suite.load(name).about}")
        return 0
    unknown = set(options.suites) - set(suite.names())
    if unknown:
        print(f"lab/run: there is no suite {' '.join(sorted(unknown))} (lab/run --list)", file=sys.stderr)
        return 2
    # So that what is under way is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.makedirs("build/lab", exist_ok=True)
    totals = [0, 0, 0]
    for name in options.suites or (["nfs"] if options.shell else suite.names()):
        scratch = tempfile.mkdtemp(dir=os.path.abspath("build/lab"))
        try:
            wanted = suite.load(name)
            if options.shell:
                return machine.interact(prepare(wanted, os.path.abspath(options.build), scratch, True))
            results = run_suite(wanted, options, scratch)
            totals = [total + n for total, n in zip(totals, (results.passed, results.failed, results.skipped))]
        finally:
            shutil.rmtree(scratch)
    tell(f"{totals[0]} passed, {totals[1]} failed" + (f", {totals[2]} skipped" if totals[2] else ""))
    return 1 if totals[1] or not totals[0] else 0


sys.exit(main())
