# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the protocol tests: those of the end-to-end tests, and one server over plain HTTP for thousands of answers."""
import itertools
import pathlib
import subprocess
import sys
import threading

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness import servers, tokens  # noqa: E402
from harness.fixtures import ca, folder, identity, limit, serve, sidecar, space  # noqa: E402,F401
from recorded import SUBJECT  # noqa: E402


@pytest.fixture
def subject():
    return SUBJECT


@pytest.fixture(scope="session")
def version(sidecar):
    out = subprocess.run([sidecar.path, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    return out.split()[1]


class PlainSts:
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
def plain_sts():
    made = PlainSts()
    yield made
    made.server.close()
