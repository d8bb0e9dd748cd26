# SPDX-License-Identifier: Apache-2.0
"""Kyverno's policies are what tools/kyverno.py makes of those of the API server."""
import shutil
import subprocess
import sys

from test_style import TOP


def check(top):
    return subprocess.run([sys.executable, "-B", top / "tools/kyverno.py", "--check"], capture_output=True, text=True, timeout=30)


def test_the_policies_are_made_of_those_of_the_api_server():
    done = check(TOP)
    assert done.returncode == 0, done.stderr


def test_a_change_is_found(tmp_path):
    shutil.copytree(TOP / "deploy/inject", tmp_path / "deploy/inject")
    (tmp_path / "tools").mkdir()
    shutil.copy(TOP / "tools/kyverno.py", tmp_path / "tools")
    path = tmp_path / "deploy/inject/policy/validating.yaml"
    path.write_text(path.read_text().replace("Write a UID", "Write another UID"))
    done = check(tmp_path)
    assert done.returncode == 1 and "deploy/inject/kyverno/validating.yaml is stale: run tools/kyverno.py" in done.stderr
