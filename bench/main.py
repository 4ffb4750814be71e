"""bench/run: what to run, on what, and where the results go."""

import argparse
import contextlib
import os
import shutil
import signal
import sys

sys.dont_write_bytecode = True

import scenarios  # noqa: E402
from harness import curves, docs, kernel, machine, peers, picture, report, rooms  # noqa: E402
from harness import timing, verify  # noqa: E402
from harness.lab import Lab, Settings  # noqa: E402

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_HERE)
_APPS = os.path.join(_ROOT, "build", "release", "apps")
_BINARY = os.path.join(_APPS, "copyfile", "copyfile")
_TARGET = os.path.join(_APPS, "copyfile-target", "copyfile-target")
_BUSY = 0.1  # more than this of the processors used by others is worth a warning

_TEXT = """Compares copyfile with cp, dd, rsync, qemu-img and a hand-written loop over
copy_file_range, and copyfile-target with tgt, in alternating pairs, and writes results.json, results.md and results.svg.
Scratch file systems are loop images in memory and on the disk; root is needed to mount them."""


def arguments(argv, known):
    parser = argparse.ArgumentParser("bench/run", description=_TEXT)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(known))
    parser.add_argument("--pairs", type=int, help="pairs for each comparison (default 7)")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME",
                        help="compare with this peer alone: cp, dd, rsync, qemu-img, "
                        "'copy_file_range loop' (may be given more than once)")
    parser.add_argument("--quick", action="store_true",
                        help="small files, 2 pairs: shows that all works, measures nothing")
    parser.add_argument("--list", action="store_true", help="list the scenarios and their goals")
    parser.add_argument("--copyfile", metavar="PATH", default=_BINARY,
                        help="the command to measure (default: the release build)")
    parser.add_argument("--copyfile-target", metavar="PATH", default=_TARGET,
                        help="the target to measure (default: the release build)")
    parser.add_argument("--out", metavar="DIR", default=os.path.join(_HERE, "out"),
                        help="where the results go (default bench/out)")
    parser.add_argument("--disk-dir", metavar="DIR",
                        help="a directory on the disk to measure (default: DIR of --out)")
    parser.add_argument("--merge", action="store_true",
                        help="keep the results there of scenarios that do not run now")
    parser.add_argument("--update-docs", action="store_true",
                        help="run nothing; write the results there into docs/performance.md")
    parser.add_argument("--verbose", "-v", action="store_true", help="print every sample")
    options = parser.parse_args(argv)
    unknown = [name for name in options.scenarios if name not in known]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)} (there are {', '.join(known)})")
    if options.pairs is not None and options.pairs < 1:
        parser.error("--pairs must be at least 1")
    return options


def settings(options):
    return Settings(pairs=options.pairs or (2 if options.quick else 7), quick=options.quick,
                    verbose=options.verbose, only=tuple(options.peer),
                    disk=os.path.abspath(options.disk_dir or options.out))


def run_scenario(scenario, lab, copyfile):
    """The scenario's part of the results; what went wrong is in "problem"."""
    lab.say(f"{scenario.name}: {scenario.title}")
    about = machine.moment()
    if about["busy"] > _BUSY:
        lab.say(f"  others use {about['busy']:.0%} of the processors: expect noise")
    cases, problem = [], ""
    try:
        for result in scenario.run(lab):
            cases.append(result.as_json())
    except rooms.NotPossible as error:
        problem = f"not possible here: {error}"
    except verify.WrongCopy as error:
        problem = f"wrong copy: {error}"
    except timing.CommandFailed as error:
        problem = f"failed: {error}"
    if problem:
        lab.say(f"  {problem}")
    return {"name": scenario.name, "title": scenario.title, "goal": scenario.goal,
            "bound": scenario.bound, **about, "commit": machine.commit(_ROOT),
            "copyfile": copyfile, "cases": cases, "problem": problem}


def write_results(results, out, merge):
    path = os.path.join(out, "results.json")
    if merge and os.path.exists(path):
        old = report.load(path)
        if old["quick"] == results["quick"]:
            results = report.merge(old, results)
    report.save(path, report.as_json(results))
    report.save(os.path.join(out, "results.md"), report.markdown(results))
    report.save(os.path.join(out, "results.svg"), picture.draw(results))
    for name, drawing in curves.draw_all(results).items():
        report.save(os.path.join(out, f"{name}.svg"), drawing)


@contextlib.contextmanager
def workshop(options):
    """The lab with its own small programs compiled."""
    with rooms.scratch_directory(None) as scratch:
        launcher = timing.compile_c(os.path.join(_HERE, "harness", "timed.c"),
                                    os.path.join(scratch, "timed"))
        programs = {"copyfile": os.path.abspath(options.copyfile),
                    "copyfile_target": os.path.abspath(options.copyfile_target)}
        for name, libraries in peers.OWN.items():
            programs[name] = timing.compile_c(os.path.join(_HERE, "peers", f"{name}.c"),
                                              os.path.join(scratch, name), *libraries)
        yield Lab(settings(options), timing.Timer(launcher, scratch), programs)


def run(options, chosen):
    with workshop(options) as lab:
        copyfile = machine.version(os.path.abspath(options.copyfile))
        results = {
            "format": report.FORMAT, "quick": options.quick, "peers": peers.versions(),
            "machine": machine.describe() | {"free_memory_goes_back_to_the_host": lab.reported},
            "scenarios": []}
        for scenario in chosen:
            results["scenarios"].append(run_scenario(scenario, lab, copyfile))
            write_results(results, options.out, options.merge)
    print(report.goal_table(results), end="")
    print(f"written: results.md, results.json and results.svg in {options.out}")
    return 1 if any(scenario["problem"] for scenario in results["scenarios"]) else 0


def interrupted(*_):
    """Once: what is mounted has to be unmounted in peace."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def fail(text, status=1):
    print(f"bench/run: {text}", file=sys.stderr)
    return status


def main(argv):
    known = scenarios.load()
    options = arguments(argv, known)
    if options.list:
        for name, scenario in known.items():
            print(f"{name:12} {scenario.title}: {scenario.goal}")
        return 0
    if options.update_docs:
        docs.update(_ROOT, report.load(os.path.join(options.out, "results.json")))
        return 0
    if os.geteuid() != 0:
        return fail("must run as root: it mounts file systems")
    if not shutil.which(options.copyfile):
        return fail(f"{options.copyfile} is not a program")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    os.makedirs(options.out, exist_ok=True)
    kernel.private_mounts()
    return run(options, [known[name] for name in options.scenarios or known])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(fail("interrupted; all scratch file systems are gone", 130))
    except (OSError, docs.NotUpdated, report.OtherFormat, timing.CommandFailed) as problem:
        sys.exit(fail(problem))
