# SPDX-License-Identifier: Apache-2.0
"""
The judges of run.py. prepare(tests, number) may run several tests at once. candidates(check) names tests that may fail while a check is off; fails(test, number) says whether one does, where the
number 0 stands for no check. reports are what a sanitizer said.
"""
import functools
import os
import re
import subprocess
import tomllib
import types

import judge as bogo  # of tests/tls/bogo
import rows
import run as liar  # of tests/tls/liar, which stands first in the path

SWITCH = "STS_TLS_CHECK_OFF"
UNIT_S = 120
MOST_CANDIDATES = 4  # of BoGo for one check


class Liar:
    """The lying server. Its rows name their check."""

    def __init__(self, folder, build, verbose):
        self.bench = liar.Bench(folder, build / "tls-client")
        self.rows = {row.name: row for row in rows.named()}
        self.verbose, self.reports = verbose, []

    def candidates(self, check):
        return [name for name, row in self.rows.items() if row.check == check.name]

    def prepare(self, tests, number):
        pass

    @functools.cache
    def fails(self, name, number):
        if name not in self.rows:
            return False
        wrong = self.bench.mistakes(self.rows[name], number)
        self.reports += [f"liar/{name} without check {number}: {words}" for words in wrong if "Sanitizer" in words]
        if self.verbose and number:
            print(f"liar/{name} without check {number}: {wrong[0] if wrong else 'as with it'}", flush=True)
        return bool(wrong)


class Unit:
    """The unit tests that have the switch."""

    def __init__(self, build):
        self.programs = {path.name.removeprefix("test_tls_"): path for path in sorted(build.glob("test_tls_*"))
                         if path.is_file() and os.access(path, os.X_OK) and SWITCH.encode() in path.read_bytes()}
        self.reports = []

    @functools.cache
    def failing(self, program, number):
        """The words of the tests of a program that fail; None where it did not come to an end."""
        done = subprocess.run([self.programs[program]], env={**os.environ, SWITCH: str(number), "STS_TESTS": str(liar.TOP / "tests")},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=UNIT_S)
        text = done.stdout.decode(errors="replace")
        if "Sanitizer" in done.stderr.decode(errors="replace"):
            self.reports.append(f"unit/{program} without check {number}: {done.stderr.decode(errors='replace')[-1500:]}")
        return set(re.findall(r"^not ok \d+ (?:- )?(.*)$", text, re.M)) if done.returncode in (0, 1) else None

    def candidates(self, check):
        found = []
        for program in self.programs:
            failing = self.failing(program, check.number)
            found += [f"{program}: {words}" for words in sorted(failing or ())]
        return found

    def prepare(self, tests, number):
        pass

    def fails(self, test, number):
        program, words = test.split(": ", 1)
        if program not in self.programs:
            return False
        failing = self.failing(program, number)
        return failing is None or words in failing


class Bogo:
    """BoGo's runner with the shim. tests/tls/bogo/run.sh fetches and builds both."""

    def __init__(self, folder, build):
        self.expected = tomllib.loads((bogo.HERE / "expectations.toml").read_text())
        self.folder, self.shim, self.runner = folder, build / "bogo-shim", liar.TOP / "subprojects/bogo/runner"
        self.results, self.reports, self.runs = {}, [], 0

    def run(self, number, only=None, **changes):
        """{test: (result, details)}."""
        self.runs += 1
        folder = self.folder / f"bogo-{self.runs}"
        folder.mkdir()
        options = types.SimpleNamespace(runner=str(self.runner), shim=str(self.shim), only=";".join(only) if only else None)
        os.environ[SWITCH] = str(number)
        try:
            output, _ = bogo.run(options, {**self.expected, **changes}, folder)
        finally:
            del os.environ[SWITCH]
        self.reports += [f"bogo without check {number}: {report.read_text(errors='replace')[:1500]}" for report in folder.glob("sanitizer*")]
        return bogo.results(output)

    @functools.cached_property
    def outcomes(self):
        """{name of a check: tests that come to it}. Where no error has a name, the runner calls these tests failed, and prints why each ended."""
        found = {}
        for test, (_, details) in self.run(0, errors={}).items():
            found.setdefault(bogo.outcome(details).removeprefix("check "), []).append(test)
        return found

    def candidates(self, check):
        listed = {test for row in self.expected["different"] for test in row["tests"]}
        return [test for test in self.outcomes.get(check.name, ()) if test not in listed][:MOST_CANDIDATES]

    def prepare(self, tests, number):
        """Runs several tests at once."""
        wanted = [test for test in tests if (test, number) not in self.results]
        if wanted:
            found = self.run(number, wanted)
            self.results |= {(test, number): found.get(test, ("FAILED",))[0] != "PASSED" for test in wanted}

    def fails(self, test, number):
        self.prepare([test], number)
        return self.results[test, number]
