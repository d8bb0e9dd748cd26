# SPDX-License-Identifier: Apache-2.0
"""Connections that nobody answers have a name of their own, whatever else the time ran out on."""
import contextlib
import os
import signal
import socket
import time

import pytest

HOST = "127.0.0.9"
TIMEOUT_S = 1


@pytest.fixture
def deaf():
    """The port of a listener whose queue is full: it does not answer a connection attempt."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((HOST, 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def arguments(space):
    def made(port, *more, host="localhost"):
        return ["fetch", "--url", f"https://{host}:{port}/token", "--token-file", space.token_file, "--output-dir", space.out,
                "--timeout", f"{TIMEOUT_S}s", "--deadline", f"{TIMEOUT_S}s", "--log-format", "json", *more]
    return made


def test_no_answer(sidecar, arguments, deaf):
    run = sidecar.run(*arguments(deaf, "--connect", f"{HOST}:{deaf}"))
    assert run.status == 69 and '"error":"connect_timeout"' in run.err, run.err
    assert f"localhost: no answer from {HOST}:{deaf} in 1 s" in run.err


@pytest.mark.parametrize("more, name, words", [
    (lambda port: ["--connect", f"{HOST}:{port}"], "connect_timeout", f"sts.example.test: no answer from {HOST}:{{port}} in "),
    (lambda port: ["--proxy", f"http://{HOST}:{port}"], "proxy", f"the proxy {HOST}:{{port}} did not answer within the time"),
], ids=["the STS", "a proxy"])
def test_a_worker_that_does_not_get_the_cpu(sidecar, arguments, deaf, more, name, words):
    """At the deadline the alarm is the first that it sees."""
    with sidecar.start(*arguments(deaf, *more(deaf), host="sts.example.test")) as process:
        worker = process.worker()
        time.sleep(TIMEOUT_S / 2)
        os.kill(worker, signal.SIGSTOP)
        time.sleep(TIMEOUT_S / 2 + 0.2)
        os.kill(worker, signal.SIGCONT)
        run = process.wait(10)
    assert run.status == 69 and f'"error":"{name}"' in run.err, run.err
    assert words.format(port=deaf) in run.err
