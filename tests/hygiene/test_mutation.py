# SPDX-License-Identifier: Apache-2.0
"""tests/mutation/endtoend.py judges planted mutants of a small program, a shell script: it must see what a test notices, and no more than that."""
import os
import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mutation"))

import endtoend  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
PROGRAM = "#!/bin/sh\necho 1\n"
TESTS = '''
import os
import pathlib
import signal
import subprocess
import time

import pytest


@pytest.fixture(autouse=True)
def limit():
    def late(*_):
        raise TimeoutError
    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)


def run():
    return subprocess.run([os.environ["STS_SIDECAR"]], capture_output=True, text=True).stdout


def test_fails_with_each_program():
    run()
    assert False


def test_of_a_file(tmp_path):
    run()
    (tmp_path / "file").write_text("the test can write here")


@pytest.mark.parametrize("after", ["1", "2"])
def test_says(after):
    assert run().startswith("1"), after


@pytest.mark.slow
def test_slow():
    assert False
'''
NAMES = ("fails_with_each_program", "of_a_file", "says[1]", "says[2]")


@pytest.fixture
def judge(tmp_path):
    """judge(program): what becomes of this program, and why."""
    suite, notes = tmp_path / "src/tests/e2e", tmp_path / "src/tests/mutation"
    for folder in (suite, notes, tmp_path / "plain", tmp_path / "job"):
        folder.mkdir(parents=True)
    shutil.copy(HERE.parent / "mutation/note.py", notes)
    shutil.copy(HERE.parent / "pytest.ini", tmp_path / "src/tests")
    (suite / "test_some.py").write_text(TESTS)
    runner = endtoend.Runner(tmp_path)

    def script(path, text):
        path.write_text(text)
        path.chmod(0o755)
        return path
    script(tmp_path / "plain/sts-sidecar", PROGRAM)

    def judge(program, seconds=60, limit=20):
        tests = {f"e2e/test_some.py::test_{name}": limit for name in NAMES}
        return runner.judge(script(tmp_path / "job/program", program), tests, tmp_path / "job", seconds)
    return judge


def test_a_mutant_that_changes_nothing_survives(judge):
    assert judge(PROGRAM + "# a comment\n") == ("survived", "")


def test_a_mutant_that_a_test_notices(judge):
    assert judge("#!/bin/sh\necho 2\n") == ("end to end", "e2e/test_some.py::test_says[1]")


def test_a_mutant_that_never_ends_is_noticed_by_the_limit_of_a_test(judge):
    assert judge("#!/bin/sh\nexec sleep 50\n", limit=2) == ("end to end", "e2e/test_some.py::test_of_a_file")


def test_a_mutant_that_takes_too_long_is_not_run(judge):
    assert judge("#!/bin/sh\nexec sleep 50\n", seconds=5, limit=60) == ("not run", "0 of 4 end-to-end tests ran")


def test_a_mutant_that_kills_all_processes_and_removes_all_files(judge):
    kept = pathlib.Path(__file__)
    assert judge(f"#!/bin/sh\nrm -f {kept}\n: >{HERE}/planted\nkill -9 -1\n")[0] == "end to end"
    assert kept.is_file() and not (HERE / "planted").exists()
