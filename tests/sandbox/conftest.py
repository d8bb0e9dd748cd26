# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the sandbox tests: those of the end-to-end tests, and the program with a worker that attacks (hostile.h)."""
import importlib.util
import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness.sidecar import Sidecar, build_folder, sanitized  # noqa: E402

# The fixtures of tests/e2e/conftest.py: a second conftest.py can only be found by its path.
_spec = importlib.util.spec_from_file_location("e2e_conftest", HERE.parent / "e2e/conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
ca, folder, identity, limit, serve, sidecar, space, subject = (
    _e2e.ca, _e2e.folder, _e2e.identity, _e2e.limit, _e2e.serve, _e2e.sidecar, _e2e.space, _e2e.subject)

@pytest.fixture(scope="session")
def hostile():
    if sanitized():
        pytest.skip("the release build alone has a hostile worker")
    program = Sidecar(build_folder() / "tests/sts-sidecar-hostile")
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)
