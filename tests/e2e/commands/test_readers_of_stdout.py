# SPDX-License-Identifier: Apache-2.0
"""What the commands print, when the reader of standard output is slow, closes its end, or is not there. A reader of `fetch --stdout` never gets a
second token behind a part of the first."""
import contextlib
import fcntl
import os
import re
import signal
import socket
import time

import pytest

from harness import tokens
from harness.answers import KiB
from harness.tokens import http

BIG = "secret.TOKEN-" * 5000
JSON = '{"token":"' + BIG + '","expires":"2026-01-12T16:11:29Z","expires_s":1768234289}'
PIPE_BYTES = 4096


@contextlib.contextmanager
def closing(*fds):
    try:
        yield fds
    finally:
        for fd in fds:
            with contextlib.suppress(OSError):
                os.close(fd)


def small_pipe():
    take, give = os.pipe()
    fcntl.fcntl(give, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return take, give


def small_socket():
    take, give = socket.socketpair()
    give.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    return take.detach(), give.detach()


KINDS = {"pipe": small_pipe, "socket": small_socket, "terminal": os.openpty}


def taken(fd):
    """What the reader finds, when it reads at last."""
    os.set_blocking(fd, False)
    found = b""
    with contextlib.suppress(OSError):
        while piece := os.read(fd, 64 * KiB):
            found += piece
    return found


@pytest.fixture
def printing(sidecar, space):
    def start(server, stdout, *more, **who):
        return sidecar.start("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--cacert-path", space.ca_file, "--stdout",
                             "--deadline", "20s", "--log-format", "text", *more, stdout=stdout, **who)
    return start


def big(serve):
    return serve(http(body={"access_token": BIG, "expires_in": 300}))


def check_report(run, server, got, whole, why):
    assert run.status == 73, run.err
    assert len(server.requests) == 1, "there was a second try"
    report = re.search(r"standard output took (\d+) of (\d+) bytes(?: in \d+ m?s)?: (.*?) exchange=.* error=\"stdout\"", run.err)
    assert report, run.err
    assert report[3] == why
    assert int(report[2]) == len(whole)
    assert got == whole[:int(report[1])]
    assert "TOKEN" not in run.err


def test_a_reader_that_does_not_read(printing, serve):
    """One try at each kind of reader, all at the same time: it ends at --timeout, which is before --deadline."""
    with contextlib.ExitStack() as stack:
        runs = []
        for kind, make in KINDS.items():
            server = big(serve)
            take, give = stack.enter_context(closing(*make()))
            more = ("--force", "--format", "json") if kind == "terminal" else ()
            flags = fcntl.fcntl(give, fcntl.F_GETFL)
            runs.append((kind, server, take, give, flags, stack.enter_context(printing(server, give, "--timeout", "1s", *more))))
        for kind, server, take, give, flags, process in runs:
            run = process.wait()
            assert fcntl.fcntl(give, fcntl.F_GETFL) == flags, "others share this descriptor"
            got = taken(take)
            assert 0 < len(got) < len(BIG)
            whole = (JSON if kind == "terminal" else BIG).encode()
            check_report(run, server, got, whole, "its reader is too slow")


def test_a_reader_that_closes_its_end(printing, serve):
    server = big(serve)
    take, give = small_pipe()
    with closing(take, give), printing(server, give) as process:
        os.close(give)
        got = os.read(take, 100)
        assert got == BIG[:100].encode()
        os.close(take)
        run = process.wait()
    report = re.search(r"standard output took (\d+) of \d+ bytes", run.err)
    check_report(run, server, BIG[:int(report[1])].encode(), BIG.encode(), "its reader has closed it")


@pytest.mark.parametrize("make", [os.pipe, small_socket], ids=["pipe", "socket"])
def test_no_reader(make, printing, serve):
    """Nobody will ever read: the subject token is not sent, since some services accept it only once."""
    server = big(serve)
    take, give = make()
    with closing(take, give):
        os.close(take)
        run = printing(server, give).wait()
    assert run.status == 73, run.err
    assert "standard output: its reader has closed it; nothing was sent to the STS" in run.err
    assert server.requests == []


def test_a_standard_output_that_is_open_for_reading_only(printing, serve, space):
    server = big(serve)
    with open(space.token_file) as file:
        run = printing(server, file).wait()
    assert run.status == 73, run.err
    assert "standard output: it is closed, or open for reading only; nothing was sent to the STS" in run.err
    assert server.requests == []


def test_a_worker_that_is_killed_while_it_prints(printing, serve):
    server = big(serve)
    take, give = small_pipe()
    with closing(take, give), printing(server, give) as process:
        os.close(give)
        assert os.read(take, 10) == BIG[:10].encode()
        os.kill(process.worker(), signal.SIGKILL)
        run = process.wait()
        taken(take)
    assert run.status == 73, run.err
    assert "killed by signal 9 (standard output may have a part of the token)" in run.err
    assert len(server.requests) == 1
    assert "TOKEN" not in run.err


def test_a_reader_that_is_slow_but_in_time(printing, serve):
    server = big(serve)
    take, give = small_pipe()
    with closing(take, give), printing(server, give) as process:
        os.close(give)
        got = b""
        while piece := os.read(take, 7000):
            got += piece
            time.sleep(0.01)
        run = process.wait()
    assert run.status == 0, run.err
    assert got == BIG.encode()


def test_a_standard_output_that_is_closed_takes_nothing(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    shell = ("sh", "-c", 'exec "$@" >&-', "sh")
    run = sidecar.run("fetch", "--url", server.url("/"), "--protocol", "openunison", "--token-file", space.token_file, "--cacert-path",
                      space.ca_file, "--stdout", "--log-format", "text", prefix=shell)
    assert run.status == 73, run.err
    assert "standard output: it is closed, or open for reading only; nothing was sent to the STS" in run.err
    assert server.requests == []
    token = tokens.issued()
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    for args in (["protocols"], ["--help"], ["inspect", space.token_file], ["run", "--help"], ["check", "--json", space.out]):
        run = sidecar.run(*args, prefix=shell)
        assert run.status == 73, (args, run.err)


COMMANDS = {
    "protocols": ["protocols", "aws"],
    "protocols as JSON": ["protocols", "--json"],
    "help": ["run", "--help"],
    "inspect": ["inspect", "TOKEN_FILE"],
    "dry run": ["fetch", "--url", "https://sts.example/", "--token-file", "TOKEN_FILE", "--dry-run"],
    "check": ["check", "--json", "OUT"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_pipe(command, sidecar, space):
    """A command whose result nobody reads does not claim success."""
    take, give = os.pipe()
    token = tokens.issued()
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    args = [{"TOKEN_FILE": space.token_file, "OUT": space.out}.get(word, word) for word in COMMANDS[command]]
    with closing(take, give):
        os.close(take)
        run = sidecar.run(*args, stdout=give)
    assert run.status != 0, run.err


def test_check_with_wait_ends(sidecar, space):
    """A reader that does not read cannot hold a command that has a deadline."""
    token = tokens.issued()
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    take, give = small_pipe()
    with closing(take, give):
        os.write(give, b"x" * PIPE_BYTES)
        run = sidecar.run("check", "--json", "--wait", "1s", space.out, stdout=give)
        assert run.status == 73, run.err
        assert "cannot write to standard output: timed out" in run.err
        assert taken(take) == b"x" * PIPE_BYTES
