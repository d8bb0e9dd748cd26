# SPDX-License-Identifier: Apache-2.0
"""`refresh`, and the HUP that it sends: the one that runs asks again, and the answer of it is told."""
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import FLOOR_S, rig, running  # rig, running: fixtures
from harness.servers import free_port, wait_for_port
from harness.several import several  # fixture
from harness.sidecar import ROOT, UID


@pytest.mark.slow
def test_hangup_and_refresh(rig):
    """HUP refreshes, not sooner than 5 s after a success; `refresh` waits for that and says what came of it."""
    r = rig()
    process = r.run()
    r.has_refreshed()
    first = time.monotonic()
    for _ in range(20):
        process.signal(signal.SIGHUP)
        time.sleep(0.02)
    asked = r.command("refresh", r.out, timeout=20)
    assert asked.status == 0, asked.err
    assert asked.out.startswith(b"refreshed the token in ") and asked.out.count(b"\n") == 1
    assert time.monotonic() - first > FLOOR_S - 1
    assert len(r.requests()) == 2
    r.mock.fault(status=403)
    time.sleep(max(0, FLOOR_S - 1))
    asked = r.command("refresh", r.out, timeout=20)
    assert asked.status == 77
    assert "403" in asked.err and "authorization rules" in asked.err and asked.err.count("\n") == 1
    assert r.stop(process).status == 0
    asked = r.command("refresh", r.out)
    assert asked.status == 73, asked.err


@pytest.mark.slow
def test_refresh_signals_nobody_else(rig, sidecar):
    """Whoever may open the directory may lock it; HUP would be the end of most programs."""
    r = rig()
    code = f"import fcntl, os, time; fcntl.flock(os.open({str(r.out)!r}, os.O_RDONLY), fcntl.LOCK_EX); print('locked', flush=True); time.sleep(60)"
    who = dict(user=UID, group=UID, extra_groups=[]) if ROOT else {}
    with subprocess.Popen(["/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable, "-c", code],
                          stdout=subprocess.PIPE, cwd="/", **who) as other:
        try:
            assert other.stdout.readline() == b"locked\n"
            asked = r.command("refresh", r.out)
            assert asked.status == 73, asked.err
            assert other.poll() is None
        finally:
            other.kill()


@pytest.mark.slow
def test_hangup_refreshes(running):
    process, server = running
    process.signal(signal.SIGHUP)
    wait_for(lambda: len(server.requests) == 2, "a second request")
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0


@pytest.mark.slow
def test_refresh_asks_the_one_that_runs(running, sidecar, space):
    process, server = running
    run = sidecar.run("refresh", space.out)
    assert run.status == 0, run.err
    assert len(server.requests) == 2
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0
    run = sidecar.run("refresh", space.out)
    assert run.status != 0
    assert len(run.lines) == 1


@pytest.mark.slow
def test_other_commands_beside_it(several):
    """`check` of all directories, `refresh` and `inspect` of one."""
    several.configure(several.exchange("a"), several.exchange("b"))
    process = several.start()
    dirs = [several.out / name for name in "ab"]
    assert several.sidecar.run("check", "--wait=20s", *dirs).status == 0
    before = several.token("b")
    run = several.sidecar.run("refresh", dirs[1])
    assert run.status == 0, run.err
    assert several.token("b") != before
    assert b'"sub"' in several.sidecar.run("inspect", dirs[1] / "token.jwt").out
    assert several.stop(process).status == 0
    assert several.sidecar.run("check", *dirs).status == 0


@pytest.mark.slow
def test_refresh_and_readiness_without_token_jwt(serve, sidecar, space):
    server, port = serve(lambda request: tokens.exchanged(tokens.issued())), free_port()
    with sidecar.start("run", "--url", server.url("/"), "--token-file", space.token_file, "--output-dir", space.out, "--cacert-path",
                       space.ca_file, "--write", "json", "--listen", f"127.0.0.1:{port}") as process:
        assert sidecar.run("check", "--wait", "10s", space.out).status == 0
        wait_for_port(port)
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200
        run = sidecar.run("refresh", space.out)
        assert run.status == 0 and len(server.requests) == 2, run.err
        assert {path.name for path in space.out.iterdir()} == {".status", "expires", "token.json"}
        (space.out / "token.json").write_text("")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
        assert refused.value.code == 503 and b"empty" in refused.value.read()
        process.signal(signal.SIGTERM)
        assert process.wait().status == 0


@pytest.mark.slow
def test_the_status_follows_what_is_brought_forward(several):
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    before = int(several.status("a")["next_attempt"])
    assert before > time.time() + 300
    process.signal(signal.SIGHUP)
    wait_for(lambda: int(several.status("a")["next_attempt"]) < time.time() + FLOOR_S + 2, "another time")
    assert several.stop(process).status == 0
