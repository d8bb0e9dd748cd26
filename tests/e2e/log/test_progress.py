# SPDX-License-Identifier: Apache-2.0
"""A line at the end of a terminal says what `fetch` and `check --wait` wait for. Elsewhere there is no such line."""
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pytest

from harness.bad_input import good
from harness.mock import wait_for
from harness.sidecar import holds_signals
from harness.tokens import http

ERASE = "\r\x1b[K"


class Terminal:
    """A terminal that shows what a program writes to standard error."""

    def __init__(self):
        self.mine, self.theirs = pty.openpty()
        self.text = ""

    def read_until(self, words, patience_s=20):
        deadline = time.monotonic() + patience_s
        while not re.search(words, self.text):
            assert time.monotonic() < deadline, f"the terminal does not show {words}: {self.text!r}"
            if select.select([self.mine], [], [], 0.1)[0]:
                self.text += os.read(self.mine, 65536).decode()

    def rest(self):
        """What is left on it after the program has ended."""
        os.close(self.theirs)
        with contextlib.suppress(OSError):
            while data := os.read(self.mine, 65536):
                self.text += data.decode()
        return self.text

    def lines(self):
        """What stays on the screen: of each line what follows the last time that it was erased."""
        return [line.split(ERASE)[-1] for line in self.rest().replace("\r\n", "\n").removesuffix("\n").split("\n")]


@pytest.fixture
def terminal():
    return Terminal()


@pytest.fixture
def start(sidecar, space, terminal):
    def start(*args, term="xterm", **more):
        return sidecar.start(*args, stderr=terminal.theirs, env={"TERM": term} if term else {}, **more)
    return start


def options(space, url):
    return ["--protocol=openunison", "--url", url, "--token-file", space.token_file, "--output-dir", space.out, "--cacert-path", space.ca_file]


def test_fetch(start, space, serve, terminal):
    """The attempt, and how much time is left; the log lines and the end find an empty line."""
    answers = [http(503, {}), good()]
    server = serve(lambda request: answers.pop(0))
    run = start("fetch", *options(space, server.url("/")), "--deadline=30s")
    terminal.read_until(r"\d+ s left: attempt 2 follows in 1 s, the last one failed: busy")
    assert run.wait().status == 0
    assert [re.search(r"(error|info): (\w+ \w+)", line)[2] for line in terminal.lines()] == ["unexpected status", "token refreshed"]
    assert re.search(r"\r\x1b\[K\d+ s left: attempt 1 has been running for 0 s", terminal.text)


@pytest.mark.parametrize("columns, shown", [(0, 79), (20, 19), (100, 99), (300, None)])
def test_the_width_of_the_terminal(start, space, terminal, columns, shown):
    """A line leaves the last column free. A terminal that does not know its width has 80 columns."""
    fcntl.ioctl(terminal.mine, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    out = space.folder / ("d" * 250)
    assert start("check", "--wait=1s", out).wait().status == 1
    lines = re.findall(r"\r\x1b\[K(\d s left: [^\r\n]+)", terminal.rest())
    assert {len(line) for line in lines} == {shown} if shown else min(map(len, lines)) > 100, lines


@pytest.mark.parametrize("more", [{"term": None}, {"term": "dumb"}, {"more": ["--log-format=json"]}], ids=["no TERM", "dumb", "JSON"])
def test_no_line(start, space, serve, terminal, more):
    server = serve(good())
    run = start("fetch", *options(space, server.url("/")), *more.pop("more", []), **more)
    assert run.wait().status == 0 and "\x1b" not in terminal.rest() and "token refreshed" in terminal.text


def test_no_line_outside_of_a_terminal(sidecar, space):
    """Not even where TERM says that there is one."""
    run = sidecar.run("check", "--wait=300ms", space.out, env={"TERM": "xterm"})
    assert run.status == 1 and "\x1b" not in run.err and run.err.count("\n") == 1


def test_check(start, space, terminal):
    run = start("check", "--wait=20s", space.out)
    terminal.read_until(r"\r\x1b\[K1\d s left: no token in ")
    space.fill("a.b.c", "2099-01-01T00:00:00Z")
    run = run.wait()
    assert run.status == 0 and b" is valid for " in run.out and terminal.lines() == [""]
    assert all(len(part) < 80 for part in terminal.text.split(ERASE))


def test_a_terminal_that_is_stopped_does_not_stop_fetch(start, space, terminal):
    """Nobody reads it, and it takes no more."""
    os.set_blocking(terminal.theirs, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(terminal.theirs, b"x" * 4096)
    os.set_blocking(terminal.theirs, True)
    run = start("fetch", *options(space, "https://127.0.0.1:1/"), "--deadline=1s").wait()
    assert run.status == 69 and run.seconds < 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_waited_for(sidecar, space, serve, number):
    """fetch that is told to stop says what it was doing."""
    server = serve(http(503, {}, headers=["Retry-After: 20"]))
    log = space.folder / "log"
    with open(log, "wb") as stderr:
        run = sidecar.start("fetch", *options(space, server.url("/")), "--log-format=text", stderr=stderr)
    wait_for(lambda: "unexpected status 503" in log.read_text(), "the failure")
    assert holds_signals(run.pid, number)
    run.signal(number)
    assert run.wait().status == 75
    assert re.search(r"info: told to stop before it was done: attempt 2 follows in (2\d|30|19) s, the last one failed: busy\n$", log.read_text())
