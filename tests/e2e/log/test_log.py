# SPDX-License-Identifier: Apache-2.0
"""The log: its forms, a reader that is stuck or gone, and standard streams that are closed."""
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time

import pytest

from harness import tokens
from harness.bad_input import good
from harness.mock import wait_for
from harness.runs import SHORT, USER, rig  # rig: fixture
from harness.tokens import http


def refreshed(r, count, patience_s=20):
    """Makes the server answer with this many different tokens from now on."""
    def look():
        with contextlib.suppress(OSError):
            seen.add(r.token())
        return len(seen) > count
    seen = set()
    wait_for(look, f"{count} refreshes", patience_s)


@pytest.fixture
def full_pipe():
    """A pipe that is never read."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b"x" * 64)
    os.set_blocking(write_end, True)
    yield read_end, write_end
    os.close(read_end)
    os.close(write_end)


@pytest.mark.slow
def test_a_stuck_log(rig, full_pipe):
    """Lines are dropped and counted (of the start, and of three refreshes), and the first that is heard again says how many."""
    read_end, write_end = full_pipe
    r = rig("--lifetime", SHORT)
    process = r.run(log=False, stderr=write_end)
    r.has_token()
    refreshed(r, 2)
    # The line comes before the status.
    wait_for(lambda: r.status()["attempts"] == "3", "the third")
    os.set_blocking(read_end, False)
    with contextlib.suppress(BlockingIOError):
        while os.read(read_end, 65536):
            pass
    refreshed(r, 1)
    wait_for(lambda: r.status()["attempts"] == "4", "the fourth")
    line = os.read(read_end, 65536).decode()
    assert line.startswith('{"level":"info"') and '"dropped_lines":4' in line
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0


@pytest.mark.slow
def test_nobody_holds_the_other_end(rig):
    r = rig("--lifetime", SHORT)
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = r.run(log=False, stderr=write_end)
    os.close(write_end)
    r.has_token()
    refreshed(r, 1)
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0


def test_broken_pipe_of_the_log(sidecar, serve, space):
    """A reader of the log that goes away is not the end of the sidecar."""
    server = serve(tokens.openunison(tokens.issued()))
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        run = sidecar.run("fetch", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file,
                          "--output-dir", space.out, "--cacert-path", space.ca_file, stderr=write_end)
    finally:
        os.close(write_end)
    assert run.status == 0
    assert (space.out / "token.jwt").exists()


def test_a_stuck_log_does_not_stop_it(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(write_end, True)
        run = sidecar.run("fetch", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file,
                          "--output-dir", space.out, "--cacert-path", space.ca_file, stderr=write_end)
    finally:
        os.close(read_end)
        os.close(write_end)
    assert run.status == 0


def test_started_without_standard_streams(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    command = f'exec "$0" fetch --url {server.url(USER)} --protocol openunison --token-file {space.token_file} ' \
              f'--output-dir {space.out} --cacert-path {space.ca_file} <&- >&- 2>&-'
    run = subprocess.run(["/bin/sh", "-c", command, str(sidecar.path)], timeout=20, env=sidecar.environment(), cwd="/")
    assert run.returncode == 0
    assert (space.out / "token.jwt").read_text().count(".") == 2


def test_json_lines(fetch, serve):
    server = serve(http(403, {"error": "access_denied"}))
    run = fetch(server.url("/token"), protocol="token-exchange", log_format="json")
    assert run.status == 77
    lines = [json.loads(line) for line in run.lines]
    for line in lines:
        assert {"level", "ts", "msg"} <= set(line)
        assert abs(line["ts"] - time.time()) < 60
    last = [line for line in lines if line["level"] == "error"][-1]
    assert "403" in last["msg"]
    assert last["error"] == "denied"
    assert last["sts_error"] == "access_denied"
    assert last["hint"]


def test_json_is_the_default_without_a_terminal(fetch, serve):
    server = serve(good())
    run = fetch(server.url("/token/user"), log_format=None)
    assert run.status == 0
    assert run.lines
    for line in run.lines:
        assert json.loads(line)["level"] in ("info", "warn")


@pytest.mark.slow
def test_what_the_peer_says_is_escaped_in_log_and_status(rig):
    """The code that is not known is in the message alone, and is not a value of its own."""
    r = rig()
    r.mock.fault(status=400, error="not_a_known_code", error_description="look\x1b[31m here", times=1)
    process = r.run()
    r.said("")
    wait_for(lambda: r.status()["state"] == "failing", "a status")
    lines = (r.out / ".status").read_bytes().splitlines()
    assert [line.split()[0] for line in lines if b"not_a_known" in line] == [b"text"]
    assert not [line for line in lines if not line.isascii() or b"\x1b" in line]
    assert "\x1b" not in json.dumps(r.lines(), ensure_ascii=False)
    assert r.stop(process).status == 0
