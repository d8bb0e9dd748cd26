# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the sandbox tests: those of the end-to-end tests, and the program with a worker that attacks (hostile.h)."""
import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness.fixtures import ca, folder, identity, limit, serve, sidecar, space, subject  # noqa: E402,F401
from harness.sidecar import Sidecar, build_folder, sanitized  # noqa: E402


@pytest.fixture(scope="session")
def hostile():
    if sanitized():
        pytest.skip("the release build alone has a hostile worker")
    program = Sidecar(build_folder() / "tests/sts-sidecar-hostile")
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)
