#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Switches off each check of the TLS client in turn, and demands that the tests which lib/tls/checks.toml names for it fail then. With all
checks on, the same tests must pass.

    tests/tls/checks/run.py [CHECK]...    all checks, or those that are named

    --build DIR    where tls-client and the unit tests are: build-asan/tests when it is left out, since no memory may be touched wrongly
                   while a check is off
    --find         looks for tests that fail, in place of those that are named, and writes their names into lib/tls/checks.toml
    --verbose      says what each connection of the lying server came to while its check was off

It prints a line for each check that no test kills, or whose tests do not fail, and "N passed, N failed" at the end.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
sys.path[:0] = [str(TOP / "tests/tls/liar"), str(TOP / "tests/tls/bogo"), str(TOP / "tests/e2e"), str(TOP / "tools")]

from judges import Bogo, Liar, Unit  # noqa: E402
from tables import tls_checks  # noqa: E402

TABLE = TOP / tls_checks.SOURCE
MOST = 3  # names of one judge for one check that --find writes


def write(found):
    """Writes the names of tests into the table."""
    text = TABLE.read_text()
    for check, tests in found.items():
        listed = "[]" if not tests else "[\n" + "".join(f'\t"{test}",\n' for test in tests) + "]"
        text, count = re.subn(rf"(?m)^(\[check\.{check}\]\n(?:(?!\[).*\n)*?)tests = \[[^\]]*\]", lambda match: match[1] + f"tests = {listed}", text)
        assert count == 1, check
    TABLE.write_text(text)
    subprocess.run([sys.executable, "-B", str(TOP / "tools/tables/pages.py")], check=True, timeout=60)


def find(checks, judges):
    """{name of a check: names of tests}: those that pass while it is on and fail while it is off."""
    found = {}
    for check in checks:
        found[check.name] = []
        for name, judge in judges.items():
            candidates = judge.candidates(check)
            judge.prepare(candidates, 0)
            judge.prepare(candidates, check.number)
            killing = [test for test in candidates if judge.fails(test, check.number) and not judge.fails(test, 0)][:MOST]
            found[check.name] += [f"{name}/{test}" for test in killing]
        print(f"{check.number} {check.name}: {', '.join(found[check.name]) or 'no test'}", flush=True)
    return found


def judge_check(check, judges):
    """What is wrong with the tests of a check."""
    if not check.tests:
        return ["no test is named"]
    wrong = []
    for name, judge in judges.items():
        judge.prepare([test.split("/", 1)[1] for test in check.tests if test.startswith(name + "/")], check.number)
    for test in check.tests:
        name, words = test.split("/", 1)
        if judges[name].fails(words, 0):
            wrong.append(f"{test} fails with all checks")
        if not judges[name].fails(words, check.number):
            wrong.append(f"{test} does not fail without this check")
    return wrong


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("checks", nargs="*")
    parser.add_argument("--build", default=str(TOP / "build-asan/tests"))
    parser.add_argument("--find", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    os.environ["ASAN_OPTIONS"] = "exitcode=99:detect_leaks=0"
    checks = [check for check in tls_checks.read(TABLE) if not options.checks or check.name in options.checks]
    if unknown := set(options.checks) - {check.name for check in checks}:
        parser.error(f"there is no check {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="sts-checks.") as folder:
        build = pathlib.Path(options.build)
        judges = {"liar": Liar(pathlib.Path(folder), build, options.verbose), "unit": Unit(build), "bogo": Bogo(pathlib.Path(folder), build)}
        if options.find:
            write(find(checks, judges))
            checks = [check for check in tls_checks.read(TABLE) if not options.checks or check.name in options.checks]
        passed = failed = 0
        for name, judge in judges.items():
            judge.prepare([test.split("/", 1)[1] for check in checks for test in check.tests if test.startswith(name + "/")], 0)
        for check in checks:
            wrong = judge_check(check, judges)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            for words in wrong:
                print(f"not ok - {check.number} {check.name}: {words}", flush=True)
        for report in (report for judge in judges.values() for report in judge.reports):
            print(f"not ok - {report}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
