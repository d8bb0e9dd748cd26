# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the protocol tests: those of the end-to-end tests, and one server over plain HTTP for thousands of answers."""
import importlib.util
import itertools
import pathlib
import subprocess
import sys
import threading

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness import servers, tokens  # noqa: E402
from rows import SUBJECT  # noqa: E402

# The fixtures of tests/e2e/conftest.py: a second conftest.py can only be found by its path.
_spec = importlib.util.spec_from_file_location("e2e_conftest", HERE.parent / "e2e/conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
ca, folder, limit, serve, sidecar, space = _e2e.ca, _e2e.folder, _e2e.limit, _e2e.serve, _e2e.sidecar, _e2e.space
identity = _e2e.identity


@pytest.fixture
def subject():
    return SUBJECT


@pytest.fixture(scope="session")
def version(sidecar):
    out = subprocess.run([sidecar.path, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    return out.split()[1]


class Stub:
    """Answers a request by the number in its path."""

    def __init__(self):
        self.answers, self.lock, self.numbers = {}, threading.Lock(), itertools.count()
        self.server = servers.Server(self._answer, tls=None)

    def _answer(self, request):
        number = int(request.split(b" ", 2)[1].split(b"?")[0].rsplit(b"/", 1)[1])
        return self.answers[number]

    def url(self, status, body):
        with self.lock:
            number = next(self.numbers)
        self.answers[number] = tokens.http(status, body)
        return f"http://127.0.0.1:{self.server.port}/{number}"


@pytest.fixture(scope="session")
def stub():
    made = Stub()
    yield made
    made.server.close()
