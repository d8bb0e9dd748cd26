# SPDX-License-Identifier: Apache-2.0
"""`exchange`: the arguments of another program, kept as a contract."""
import json
import os
import signal
import stat
import time

import pytest

from harness import tokens
from harness.sidecar import UID
from harness.tokens import http

PATH = "/vault/token/user"


@pytest.fixture
def exchange(sidecar, space):
    def run(*args, background=False, **more):
        return (sidecar.start if background else sidecar.run)("exchange", *args, **more)
    return run


def wait_for(path, patience_s=10):
    deadline = time.monotonic() + patience_s
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


def test_single_run(exchange, serve, space):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 0, run.err
    expected = {"token.jwt": token, "expires": tokens.rfc3339(tokens.expiry(token)), "thumbprint": tokens.THUMBPRINT}
    for name, text in expected.items():
        path = space.out / name
        assert path.read_bytes() == text.encode()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert path.stat().st_uid == UID
    assert run.out == b""


ORDERS = {
    "flags last": lambda s, url: [s.token_file, url, s.out, "--single-run", "--cacert-path", s.ca_file],
    "flags between": lambda s, url: [s.token_file, "--cacert-path", s.ca_file, url, "--single-run=true", s.out],
    "more positionals": lambda s, url: ["--single-run", f"--cacert-path={s.ca_file}", s.token_file, url, s.out, "a", "b"],
    "every flag": lambda s, url: ["--single-run", f"--cacert-path={s.ca_file}", "--seconds-between-runs", "5",
                                  "--minutes-before-refresh=1", s.token_file, url, s.out],
}


@pytest.mark.parametrize("order", ORDERS)
def test_orders_of_arguments(order, exchange, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    run = exchange(*ORDERS[order](space, server.url(PATH)))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").exists()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_arguments(count, exchange, space):
    run = exchange("--single-run", *[space.token_file, "https://127.0.0.1:1/token/user"][:count])
    assert run.status == 1
    assert run.lines and "TOKEN" in run.err.upper()


@pytest.mark.parametrize("flag,says", [("--singel-run", "single-run"), ("--seconds-between-runs=x", "seconds-between-runs"),
                                       ("--single-run=maybe", "single-run")])
def test_wrong_flags(flag, says, exchange, space):
    run = exchange(flag, space.token_file, "https://127.0.0.1:1/token/user", space.out)
    assert run.status in (1, 64)
    assert says in run.last


def test_the_directory_is_made(exchange, serve, space):
    made = space.out / "made"
    server = serve(tokens.openunison(tokens.issued()))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), made)
    assert run.status == 0, run.err
    assert stat.S_IMODE(made.stat().st_mode) == 0o755
    assert (made / "token.jwt").exists()


def test_the_environment_is_not_read(exchange, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    env = {"STS_URL": "https://127.0.0.1:1/", "STS_OUTPUT_DIR": "/nowhere", "STS_TIMEOUT": "garbage", "STS_PROTOCOL": "garbage",
           "HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out, env=env)
    assert run.status == 0, run.err


def test_403_is_said_in_the_words_that_people_grep_for(exchange, serve, space):
    server = serve(http(403))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 77
    assert "unexpected status 403" in run.err
    for line in run.lines:
        entry = json.loads(line)
        assert {"level", "ts", "msg"} <= set(entry)


def test_a_token_that_is_there_is_adopted(exchange, serve, space):
    token = tokens.issued(3600)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    before = space.snapshot()
    server = serve(tokens.openunison(tokens.issued()))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 0, run.err
    assert server.requests == []
    assert space.snapshot() == before


def test_a_token_that_is_nearly_due_is_not(exchange, serve, space):
    token, new = tokens.issued(120), tokens.issued(900)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    server = serve(tokens.openunison(new))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == new


SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
@pytest.mark.parametrize("stage", ["between", "accept", "handshake", "request"])
def test_told_to_stop(stage, number, exchange, serve, space):
    server = serve(tokens.openunison(tokens.issued()), stall=None if stage == "between" else stage)
    with exchange(f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out, background=True) as process:
        if stage == "between":
            wait_for(space.out / "expires")
            wait_for(space.out / "thumbprint")
            time.sleep(0.1)
        else:
            assert server.stalled.wait(10)
        told = time.monotonic()
        process.signal(number)
        run = process.wait(5)
        assert run.status == 0, run.err
        assert time.monotonic() - told < 0.5
        assert not process.children()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
def test_a_single_run_that_is_stopped_has_not_succeeded(number, exchange, serve, space):
    server = serve(stall="request")
    with exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out,
                  background=True) as process:
        assert server.stalled.wait(10)
        process.signal(number)
        assert process.wait(5).status == 75


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
def test_fetch_that_is_stopped_has_not_succeeded(number, fetch, serve):
    server = serve(stall="request")
    with fetch(server.url(PATH), background=True) as process:
        assert server.stalled.wait(10)
        told = time.monotonic()
        process.signal(number)
        run = process.wait(5)
        assert run.status == 75, run.err
        assert time.monotonic() - told < 0.5
        assert run.lines


def test_fetch_is_stopped_while_it_waits_for_the_next_try(fetch, serve):
    server = serve(http(503, headers=["Retry-After: 60"]))
    with fetch(server.url(PATH), background=True, deadline="100s") as process:
        deadline = time.monotonic() + 10
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        told = time.monotonic()
        process.signal(signal.SIGTERM)
        run = process.wait(5)
        assert run.status == 75, run.err
        assert time.monotonic() - told < 0.5


def test_two_writers_are_kept_apart(exchange, fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    with exchange(f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out, background=True) as process:
        wait_for(space.out / "thumbprint")
        wait_for(space.out / "expires")
        time.sleep(0.2)
        before = space.snapshot()
        run = fetch(server.url(PATH))
        assert run.status == 73, run.err
        assert str(process.pid) in run.last or "another process" in run.last
        assert space.snapshot() == before
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(5).status == 0
    assert fetch(server.url(PATH)).status == 0
