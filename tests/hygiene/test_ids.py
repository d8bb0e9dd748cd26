# SPDX-License-Identifier: Apache-2.0
"""The names of tests are constants. The processes of pytest-xdist collect the same suite at different times and with different hash seeds; when
their lists differ in one name, not one test of the suite runs."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
SUITES = sorted({path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py") if "node_modules" not in path.parts})


def collect(folder, seed, days_ahead):
    """The names, and the lines about files that could not be read."""
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "another_clock", "--collect-only",
                          "--continue-on-collection-errors", folder], stdout=subprocess.PIPE, text=True, timeout=120,
                         env=os.environ | {"PYTHONHASHSEED": str(seed), "STS_DAYS_AHEAD": str(days_ahead), "PYTHONPATH": str(HERE)})
    lines = run.stdout.splitlines()
    return [line for line in lines if "::" in line and not line.startswith("ERROR ")], [line for line in lines if line.startswith("E  ")]


def test_there_are_suites():
    assert {"e2e", "protocols", "names", "trust", "sandbox", "hygiene"} <= set(SUITES)


@pytest.mark.parametrize("suite", SUITES)
def test_names_are_constants(suite):
    first, errors = collect(TESTS / suite, 1, 0)
    again, _ = collect(TESTS / suite, 2, 400)
    # The suite `interop` has packages of its own; what needs them is compared where they are installed.
    unexpected = [line for line in errors if suite != "interop" or "ModuleNotFoundError" not in line]
    assert not unexpected
    assert first, "not one test was found"
    assert again == first


def test_a_name_made_of_the_time_is_found(tmp_path):
    for name, values in {"time": "[int(time.time())]", "date": "[datetime.datetime.now().strftime('%F')]", "set": "set('abcdefgh')"}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "test_it.py").write_text("import datetime, time\nimport pytest\n"
                                           f"@pytest.mark.parametrize('value', {values})\ndef test(value): pass\n")
        first, again = collect(folder, 1, 0)[0], collect(folder, 2, 400)[0]
        assert first and first != again, name
