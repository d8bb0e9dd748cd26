# SPDX-License-Identifier: Apache-2.0
"""The workflows of .github/: actionlint accepts them, each action is pinned by the hash of a commit, and no job has more rights than it needs."""
import os
import pathlib
import re
import subprocess

import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((TOP / ".github/workflows").glob("*.yml"))
RIGHTS = {"ci": {"test": {"contents": "read"}},
          "release": {"build": {"contents": "read"}, "publish": {"contents": "write", "packages": "write", "id-token": "write"}}}


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory):
    program = tmp_path_factory.mktemp("actionlint") / "actionlint"
    done = subprocess.run(["go", "build", "-o", program, "github.com/rhysd/actionlint/cmd/actionlint"], cwd=TOP / "tests/hygiene/actionlint",
                          env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-p=2 -mod=readonly", "CGO_ENABLED": "0"}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return lambda *paths: subprocess.run([program, "-no-color", *paths], cwd=TOP, capture_output=True, text=True, timeout=60)


def test_actionlint_accepts_them(actionlint):
    done = actionlint(*WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_sees_a_mistake(actionlint, tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text().replace("timeout-minutes", "timeout_minutes").replace("github.ref", "github.reff"))
    done = actionlint(wrong)
    assert done.returncode == 1 and "timeout_minutes" in done.stdout and "reff" in done.stdout


def jobs(path):
    workflow = yaml.safe_load(path.read_text())
    for name, job in workflow["jobs"].items():
        yield name, job, job.get("permissions", workflow.get("permissions"))


def test_there_are_two():
    assert [path.stem for path in WORKFLOWS] == list(RIGHTS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_rights_pins_and_limits(path):
    assert {name: rights for name, _, rights in jobs(path)} == RIGHTS[path.stem]
    for _, job, rights in jobs(path):
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + "0" * 40))
            assert "${{" not in step.get("run", ""), "a value reaches a script through a variable, not as text of the script"
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
                assert "write" not in rights.values(), "the job that runs the sources has no right to write"


def test_they_run_what_a_person_runs():
    assert "bash .ci/run" in WORKFLOWS[0].read_text()
    assert "tools/release.sh" in WORKFLOWS[1].read_text()
