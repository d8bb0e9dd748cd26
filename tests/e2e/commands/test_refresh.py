# SPDX-License-Identifier: Apache-2.0
"""`refresh`, and the HUP that it sends: the running sidecar asks the STS again, and `refresh` prints the result."""
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from harness import status, tokens
from harness.mock import wait_for
from harness.runs import FLOOR_S, rig, running  # rig, running: fixtures
from harness.servers import free_port, wait_for_port
from harness.several import several  # fixture
from harness.sidecar import ROOT, UID, names_in, needs_root


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


class Waits(dict):
    """Lifetimes that take a while to find."""
    def __init__(self, seconds):
        self.seconds, self.asked = seconds, 0

    def get(self, *_):
        self.asked += 1
        time.sleep(self.seconds)
        return 900


@pytest.mark.slow
def test_a_refresh_during_an_attempt(several):
    """The request that runs was sent before the signal came: `refresh` waits for the next request."""
    several.lifetimes = Waits(2)
    several.configure(several.exchange("a", timeout="9s"))
    process = several.start()
    wait_for(lambda: several.requests("a"), "a request")
    asked = several.sidecar.run("refresh", several.out / "a", timeout=30)
    assert asked.status == 0, asked.err
    assert len(several.requests("a")) == 2 and several.token("a")
    assert several.stop(process).status == 0


@pytest.mark.slow
def test_a_refresh_of_one_that_waits(several):
    """The signal leads to an attempt of the exchange that this one waits for; `refresh` prints the result of that attempt."""
    several.failures = {"a": 503}
    several.configure(several.exchange("c", reads="b"), several.exchange("b", reads="a"), several.exchange("a"))
    process = several.start()
    several.said("unexpected status 503", "a")
    wait_for(lambda: several.status("c").get("waits_for") == "b", "a status")
    for name, source in (("b", "a"), ("c", "b")):
        before = len(several.requests("a"))
        asked = several.sidecar.run("refresh", several.out / name, timeout=30)
        assert asked.status == 75 and f"exchange {source}" in asked.err, asked.err
        assert len(several.requests("a")) > before
    several.failures = {}
    asked = several.sidecar.run("refresh", several.out / "c", timeout=30)
    assert asked.status == 0, asked.err
    assert several.stop(process).status == 0


@pytest.mark.slow
def test_a_refresh_of_one_that_has_ended(several):
    """`fetch` makes no attempt after the first token of an exchange, while another exchange of it still tries."""
    several.configure(several.exchange("a"), several.exchange("b") | {"url": several.hang()})
    process = several.start("fetch", "--deadline", "30s")
    several.said("token refreshed", "a")
    wait_for(lambda: several.status("a")["state"] == "ok", "a status")
    asked = several.sidecar.run("refresh", several.out / "a", "--timeout", "1s", timeout=20)
    assert asked.status == 75 and "no attempt follows, since `fetch` has finished this exchange" in asked.err, asked.err
    assert len(several.requests("a")) == 1
    process.signal(signal.SIGTERM)
    assert process.wait(10).status == 75


@pytest.mark.slow
def test_refresh_signals_nobody_else(rig, sidecar):
    """Any process that may open the directory may lock it, and HUP ends most programs: `refresh` sends it to sts-sidecar alone."""
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
        assert names_in(space.out) == {".status", "expires", "token.json"}
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
    before = int(several.shows("a", state="ok")["next_attempt"])
    assert before > time.time() + 300
    process.signal(signal.SIGHUP)
    wait_for(lambda: int(several.status("a")["next_attempt"]) < time.time() + FLOOR_S + 2, "another time")
    assert several.stop(process).status == 0


# ---- which attempt answers the request

@pytest.fixture
def ask(sidecar, space):
    """ask(before, *answers): `refresh` of a directory with this status, whose owner answers HUP with the others. With `filler`, the directory
    has a file with it, too."""
    def run(before, *answers, timeout="3s", filler=None):
        status.write(space.out, before)
        if filler:
            (space.out / "of-the-application").write_bytes(filler)
        if ROOT:
            os.chown(space.out / ".status", UID, UID)
        who = dict(user=UID, group=UID, extra_groups=[]) if ROOT else {}
        with status.Owner(space.out, *answers, **who):
            return sidecar.run("refresh", "--timeout", timeout, space.out)
    return run


def success(**more):
    return status.failing(**({"state": "ok", "error": "ok", "detail": 0, "http_status": 0, "tries": 0} | more))


def former():
    return success() | status.of_boot(tried_s=-60, next_s=100, latest_s=220)


LATE = "sts-sidecar: no result in time from the sts-sidecar that owns "
HINT = "; check the STS's load and log, or raise --timeout\n"


@pytest.mark.slow
def test_refresh_waits_for_an_attempt_that_was_started_later(ask, space):
    """The end of an attempt that ran already when the signal came is not the answer."""
    ended = [0.2, success(attempts=18), {"tried_s": -30, "next_s": 1, "latest_s": 120}]
    run = ask(former(), ended, [0.5, success(attempts=19), {"tried_s": -0.1, "next_s": 100, "latest_s": 220}])
    assert run.status == 0 and run.out.decode() == f"refreshed the token in {space.out}\n", run.err
    assert run.seconds > 0.65
    run = ask(former(), ended, [0.3, status.failing(ago_s=0, attempts=19), {"tried_s": -0.1, "next_s": 10, "latest_s": 130}])
    assert run.status == 77 and run.err.startswith("not refreshed: try 4 failed "), run.err
    # A time in the future is not the start of an attempt.
    run = ask(former(), [0, success(attempts=19), {"tried_s": 3600, "latest_s": 7200}], timeout="1s")
    assert run.status == 75 and run.err.startswith(f"{LATE}{space.out}"), run.err
    # The file of another boot has large times.
    run = ask(former(), [0, success(attempts=18), {"boot": status.ANOTHER_BOOT, "tried_s": 100}], timeout="1s")
    assert run.status == 75 and run.err == f"{LATE}{space.out}{HINT}", run.err


@pytest.mark.slow
def test_refresh_of_a_former_version(ask, space):
    """It writes no times of the boot: its count of attempts grows."""
    run = ask(success(), [0.2, success(), None], [0.2, success(attempts=18), None])
    assert run.status == 0 and run.seconds > 0.35, run.err
    # A count that starts again is not an attempt.
    run = ask(success(), [0, success(attempts=0, state="starting"), None], timeout="1s")
    assert run.status == 75 and run.err == f"{LATE}{space.out}{HINT}", run.err


@pytest.mark.slow
def test_refresh_passes_over_a_status_that_cannot_be_read(ask, space):
    """The count of attempts in it is not an answer, since its sum is wrong."""
    run = ask(success(), [0, success(attempts=18, sum=1), None], [0.5, success(attempts=18), None])
    assert run.status == 0 and run.seconds > 0.45, run.err


WAITING = {"state": "starting", "attempts": 0, "waits": 1, "waits_for": "first", "next_s": 0}


@pytest.mark.slow
def test_refresh_of_what_waits_for_another_exchange(ask, space):
    run = ask(success(**WAITING) | status.of_boot(source_tried_s=-60, latest_s=60),
              [0.3, success(**WAITING), {"source_tried_s": -0.1, "latest_s": 60}], timeout="20s")
    assert run.status == 75 and 0.25 < run.seconds < 10
    assert run.err == ("not refreshed: this exchange waits for the first token of exchange first, whose attempt has failed: "
                       "run `sts-sidecar check` with the directory of exchange first\n")
    run = ask(success(**WAITING), [0.3, success(**(WAITING | {"waits": 3})), {}], timeout="20s")
    assert run.status == 75 and run.seconds < 10
    assert run.err == "not refreshed: not tried: exchange first, whose token it sends, has failed\n"


@pytest.mark.slow
@pytest.mark.parametrize("lines,times,known", [
    ({}, {"tried_s": -60, "trying_s": -40, "latest_s": 3600}, r": an attempt has been running for 4[0-9] s"),
    ({}, {"tried_s": -60, "next_s": 50, "latest_s": 3600}, r": the next attempt is planned in (49|50) s"),
    (WAITING, {"latest_s": 60}, ": this exchange waits for the first token of exchange first"),
    ({"state": "stopped"}, {"tried_s": -60}, ": the sidecar has stopped"),
    ({}, {"boot": status.ANOTHER_BOOT, "trying_s": -40, "latest_s": 3600}, ""),
])
def test_refresh_says_what_it_knows_at_the_end(lines, times, known, ask, space):
    run = ask(former(), [0, success(**lines), times], timeout="1s")
    assert run.status == 75
    # The hint is about the STS, which is not the cause of these.
    hint = "\n" if "has stopped" in known or "waits for" in known else HINT
    assert re.fullmatch(re.escape(LATE + str(space.out)) + known + re.escape(hint), run.err), run.err


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("options,filler,words", [
    ("size=64k", b"x" * 60 * 1024, "no space left; free space on the node's disk, or raise the emptyDir's sizeLimit"),
    ("nr_inodes=3", b"x", "no inode left; remove files from this file system"),
])
def test_refresh_where_nothing_can_be_written(options, filler, words, ask, space, mount):
    """The sidecar cannot write what came of the attempt, so the STS is not the cause."""
    mount(f"{options},mode=0777")
    run = ask(former(), timeout="1s", filler=filler)
    assert run.status == 75 and run.err == f"{LATE}{space.out}: nothing can be written there: {words}\n", run.err


def test_refresh_of_a_directory_that_is_missing(space, sidecar):
    run = sidecar.run("refresh", space.out / "none")
    assert run.status == 73 and run.err == f"sts-sidecar: cannot look into {space.out}/none: no such directory; name the output directory of the sidecar\n"
