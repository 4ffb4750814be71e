"""lab/run, behind the installing and building."""

import argparse
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from harness import host, image, kernel, machine, suite
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
    parser.add_argument("--jobs", type=int, help="how many machines run at once (default: one a processor, as many as there "
                        "is memory for)")
    parser.add_argument("--icount", action="store_true", help="let the machine's clock count instructions: for comparisons while "
                        "this computer is busy; several times slower")
    parser.add_argument("--build", default="build/dev", help="where copyfile and the tests are built (default: %(default)s)")
    return parser.parse_args()


# A machine that counts its instructions; measured.
SLOWER_COUNTING = 4

one_at_a_time = threading.Lock()


def tell(*lines):
    """Lines that belong together, whatever other machines say meanwhile."""
    print("\n".join(lines), flush=True)


def prepare(wanted, build, scratch, shell=False):
    with one_at_a_time:
        version, packed, modules = kernel.newest(wanted.modules)
        elf = kernel.unpacked(version, packed, os.path.abspath("build/lab"))
        made = image.build(wanted, build, scratch, version, modules)
    return machine.command(wanted, elf, made, machine.make_disks(wanted, scratch), shell)


def run_suite(wanted, options, scratch, results):
    """Fills in the results of a suite, which are told as they come."""
    started = time.monotonic()
    if options.filter:
        wanted.tests = [f"{test} --gtest_filter={options.filter}" for test in wanted.tests]
    folder = os.path.join(scratch, wanted.name)
    os.mkdir(folder)
    build = os.path.abspath(options.build)

    def heard(text):
        if options.verbose:
            tell(f"      {wanted.name}| {text}")
        results.line(text)

    try:
        with host.beside(wanted, build) as beside:
            why = machine.run(prepare(wanted, build, folder), wanted.limit, heard)
            if beside:
                beside.test(heard)
    except (kernel.NoKernel, image.NoProgram, host.NoHost, OSError, subprocess.CalledProcessError) as error:
        results.finish(0, str(error))
        return
    shutil.rmtree(folder)
    results.finish(len(wanted.tests) + bool(wanted.host), why)
    tell(f"      {wanted.name}: {results.passed} passed, {results.failed} failed, {results.skipped} skipped "
         f"({time.monotonic() - started:.0f} s)")


def run_suites(suites, options, scratch):
    """The sums of all of them, several at once; the longest first."""
    waiting, totals, ended = queue.SimpleQueue(), [0, 0, 0], threading.Lock()
    for wanted in sorted(suites, key=lambda wanted: -wanted.limit):
        waiting.put(wanted)
    jobs = options.jobs or machine.most_at_once(suites)

    def work():
        with contextlib.suppress(queue.Empty):
            while True:
                wanted = waiting.get_nowait()
                results = Results(wanted.name, tell)
                try:
                    run_suite(wanted, options, scratch, results)
                except Exception as error:  # pylint: disable=broad-except  (a suite that is lost must not look like success)
                    results.finish(0, f"{type(error).__name__}: {error}")
                with ended:
                    for n, count in enumerate((results.passed, results.failed, results.skipped)):
                        totals[n] += count

    # Daemons, so that nobody waits for them when this process is to end; their machines end with it.
    workers = [threading.Thread(target=work, daemon=True) for _ in range(max(1, jobs))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return totals


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
    scratch = tempfile.mkdtemp(dir=os.path.abspath("build/lab"))
    suites = [suite.load(name) for name in options.suites or (["nfs"] if options.shell else suite.names())]
    if options.icount:
        for one in suites:
            one.devices = [*one.devices, "-icount", "shift=0,sleep=off"]
            one.limit *= SLOWER_COUNTING
    try:
        if options.shell:
            build = os.path.abspath(options.build)
            with host.beside(suites[0], build):
                return machine.interact(prepare(suites[0], build, scratch, True))
        totals = run_suites(suites, options, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    tell(f"{totals[0]} passed, {totals[1]} failed" + (f", {totals[2]} skipped" if totals[2] else ""))
    return 1 if totals[1] or not totals[0] else 0


sys.exit(main())
