"""Counts test cases in what `meson test` logged.

  summary.py list BUILD [--only SUITE]... [--except FILE]     the names of the tests to run
  summary.py targets BUILD [--only SUITE]... [--except FILE]  the files that they need built
  summary.py count BUILD NAME...                              counts them; the totals come last
  summary.py compare PLAIN OTHER... [--only SUITE]... --except FILE
                      whether the others ran, together, each test case that PLAIN ran

A test says how many cases it has on a line of its output: Catch2's own, or, for a script,
`cases: N passed, N failed` (`, N skipped` may follow). One that failed or said nothing has one
failed case at least, and one that was skipped (exit status 77) one skipped case.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import re
import sys

CATCH_ALL_PASSED = re.compile(r"^All tests passed \(.* in (\d+) test cases?\)$", re.M)
CATCH_SOME_FAILED = re.compile(r"^test cases: +\d+ +\|(.*)$", re.M)
SCRIPT = re.compile(r"^cases: (\d+ passed, \d+ failed(?:, \d+ skipped)?)$", re.M)
AMOUNT = re.compile(r"(\d+) (passed|failed as expected|failed|skipped)")


def cases_in(output):
    """(passed, failed, skipped) as a test's output says, or None."""
    said = {"passed": 0, "failed": 0, "skipped": 0, "failed as expected": 0}
    if found := CATCH_ALL_PASSED.findall(output):
        said["passed"] = int(found[-1])
    elif found := SCRIPT.findall(output) or CATCH_SOME_FAILED.findall(output):
        for amount, kind in AMOUNT.findall(found[-1]):
            said[kind] = int(amount)
    else:
        return None
    return said["passed"] + said["failed as expected"], said["failed"], said["skipped"]


def cases_of(record):
    """(passed, failed, skipped) of one test, and what is odd about it."""
    cases = cases_in(record.get("stdout") or "")
    result = record["result"]
    if result == "SKIP":
        return cases if cases and cases[2] else (0, 0, 1), "skipped"
    if cases is None:
        return (0, 1, 0), f"{result}, and its output has no summary"
    if sum(cases) == 0:
        return (0, 1, 0), "it has no test case"
    if result not in ("OK", "EXPECTEDFAIL") and cases[1] == 0:
        return (cases[0], 1, cases[2]), f"{result} (exit status {record['returncode']})"
    return cases, result if cases[1] else ""


def records(build):
    """What was logged of each test, by name; Meson puts the suite before a name."""
    log = build / "meson-logs" / "testlog.json"
    if not log.exists():
        return {}
    lines = log.read_text(errors="replace").splitlines()
    return {record["name"].rsplit(" / ", 1)[-1]: record for record in map(json.loads, lines)}


def read_exceptions(file):
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        if len(line.split(None, 1)) < 2:
            sys.exit(f"{file}: a reason is missing: {line}")
    return [line.split()[0] for line in lines]


def chosen(name, only, exceptions):
    return ((not only or any((name + "/").startswith(suite + "/") for suite in only))
            and not any(fnmatch.fnmatchcase(name, pattern) for pattern in exceptions))


def introspected(options, what):
    return json.loads((options.build / "meson-info" / f"intro-{what}.json").read_text())


def targets(options):
    files = {target["id"]: target["filename"] for target in introspected(options, "targets")}
    needed = {file for test in introspected(options, "tests")
              if chosen(test["name"], options.only, options.exceptions)
              for target in test["depends"] for file in files[target]}
    print("\n".join(sorted(os.path.relpath(file, options.build) for file in needed)))
    return 0


def list_tests(options):
    names = [test["name"] for test in introspected(options, "tests")
             if chosen(test["name"], options.only, options.exceptions)]
    for suite in options.only:
        if not any((name + "/").startswith(suite + "/") for name in names):
            print(f"the suite {suite} has no test to run", file=sys.stderr)
            return 1
    print("\n".join(names))
    return 0 if names else 1


def count(options):
    logged = records(options.build)
    counts = {}
    for name in options.names:
        if name in logged:
            counts[name], remark = cases_of(logged[name])
        else:
            counts[name], remark = (0, 1, 0), "it did not run"
        if remark:
            print("{}: {} passed, {} failed, {} skipped: {}".format(name, *counts[name], remark))
    (options.build / "cases.json").write_text(json.dumps(counts, indent=1))
    passed, failed, skipped = (sum(column) for column in zip(*counts.values()))
    print(f"{len(counts)} tests with {passed + failed + skipped} test cases ran")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or (skipped and os.environ.get("CI") == "true") else 0


def counts_of(build):
    """The test cases that ran, by their test's name."""
    if not (build / "cases.json").exists():
        sys.exit(f"{build} has no counts: its tests did not run")
    return {name: sum(cases)
            for name, cases in json.loads((build / "cases.json").read_text()).items()}


def compare(options):
    plain = counts_of(options.build)
    for pattern in options.exceptions:
        if not fnmatch.filter(plain, pattern):
            print(f"no test is named {pattern}, which is to be left out")
            return 1
    expected = {name: cases for name, cases in plain.items()
                if chosen(name, options.only, options.exceptions)}
    complete = True
    found = set()
    for other in options.others:
        ran = counts_of(other)
        found |= ran.keys()
        print(f"{other} ran {sum(ran.values())} test cases")
        for name in sorted(ran):
            if expected.get(name) != ran[name]:
                complete = False
                print(f"{name}: {expected.get(name, 'no')} test cases in {options.build},"
                      f" {ran[name]} in {other}")
    for name in sorted(expected.keys() - found):
        complete = False
        print(f"{name}: {expected[name]} test cases in {options.build} only")
    print(f"{options.build} ran {sum(plain.values())},"
          f" {sum(plain.values()) - sum(expected.values())} of them not meant for the others")
    return 0 if complete else 1


parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
commands = parser.add_subparsers(required=True)
for function in (list_tests, targets, count, compare):
    command = commands.add_parser(function.__name__.split("_")[0])
    command.set_defaults(function=function)
    command.add_argument("build", type=pathlib.Path)
    if function is compare:
        command.add_argument("others", nargs="+", type=pathlib.Path)
    if function is count:
        command.add_argument("names", nargs="+")
    else:
        command.add_argument("--only", action="append", default=[])
        command.add_argument("--except", dest="exceptions", type=lambda f: read_exceptions(
            pathlib.Path(f)), default=[])
arguments = parser.parse_args()
sys.exit(arguments.function(arguments))
