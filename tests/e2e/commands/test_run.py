# SPDX-License-Identifier: Apache-2.0
"""`run`: a token that stays fresh. What happens when, and what is said about it."""
import signal
import time

import pytest

from harness import pki, tokens
from harness.mock import wait_for
from harness.runs import FLOOR_S, SHORT, SUCCESS, rig  # rig: fixture
from harness.sidecar import holds_signals, sanitized

pytestmark = pytest.mark.slow

FAILURE = ["level", "ts", "msg", "exchange", "error", "retry_in_s", "token_valid_s", "hint"]


def test_three_tokens(rig):
    """The steady state: one request, one line, and a valid token at every moment."""
    r = rig("--lifetime", SHORT)
    process = r.run()
    r.has_token()
    seen, until = set(), time.monotonic() + 60
    while len(seen) < 3 and time.monotonic() < until:
        token = r.token()
        assert tokens.expiry(token) > time.time(), "an expired token was left"
        seen.add(token)
        time.sleep(0.05)
    r.said("token refreshed", 3)
    assert r.stop(process).status == 0
    assert len(seen) == 3
    assert len(r.requests()) == 3
    lines = r.lines()
    assert [line["msg"] for line in lines] == ["token refreshed"] * 3 + ["told to stop"]
    assert [list(line) for line in lines[:3]] == [SUCCESS + ["mode", "sts", "sts_from"], SUCCESS, SUCCESS]
    assert all(line["level"] == "info" and line["exchange"] == "default" for line in lines[:3])
    assert all(line["lifetime_s"] in (6, 7) and line["next_refresh_s"] in (5, 6) and 0 <= line["duration_ms"] < 5000 for line in lines[:3])
    assert lines[0]["mode"] == "0644"
    assert lines[2]["expires"] == (r.out / "expires").read_text()
    assert (r.out / "thumbprint").exists()
    assert r.status()["state"] == "stopped"
    assert {path.name for path in r.out.iterdir()} == {"token.jwt", "expires", "thumbprint", ".status"}


def test_denied(rig):
    """Retries after the long waits. The valid token stays; the log, the status and `check` say why there is no new token."""
    r = rig("--lifetime", "30s")
    process = r.run()
    r.has_refreshed()
    before = r.space.snapshot()
    r.mock.fault(status=403, error="access_denied")
    time.sleep(FLOOR_S)
    process.signal(signal.SIGHUP)
    line = r.said("unexpected status 403")[0]
    assert list(line) == FAILURE[:5] + ["sts_error"] + FAILURE[5:]
    assert line["level"] == "error" and line["error"] == "denied" and line["sts_error"] == "access_denied"
    assert line["hint"] == "the STS, or a gateway in front of it, refused this ServiceAccount: check the authorization rules of both"
    # A quarter of what is left of 30 s is less than the floor of 10 s.
    assert 9 <= line["retry_in_s"] <= 10 and 15 < line["token_valid_s"] < 26
    assert r.space.snapshot() == before
    status = wait_for(lambda: (s := r.status())["state"] == "failing" and s, "a status")
    assert status["error"] == "denied" and status["http_status"] == "403" and status["sts_error"] == "access_denied"
    assert status["tries"] == "1" and int(status["next_attempt"]) > time.time()
    assert r.command("check", r.out).status == 0
    denied = r.command("check", "--min-ttl", "1h", r.out)
    assert denied.status == 1 and "try 1 failed" in denied.err and "next in" in denied.err
    # The message is that of the log, but for its first words.
    message = line["msg"].removeprefix("unexpected status ")
    assert message.startswith("403: access_denied") and f": {message} ({line['hint']}); next in" in denied.err
    # No token at all: once a minute.
    r.mock.fault("DELETE")
    assert r.stop(process).status == 0


def test_no_token_and_denied(rig):
    r = rig("--allow-namespace", "elsewhere")
    process = r.run()
    line = r.said("unexpected status 403")[0]
    assert 49 <= line["retry_in_s"] <= 60 and line["token_valid_s"] == 0
    assert line["mode"] == "0644"
    r.shows(state="failing")
    checked = r.command("check", r.out)
    assert checked.status == 1 and "no token in" in checked.err and "try 1 failed" in checked.err
    assert r.stop(process).status == 0
    assert "stopped" in r.command("check", r.out).err


def test_unreachable_then_back(rig):
    """Back-off from a second; the first success after it ends it. The third failure leads to a warning that names the gate."""
    r = rig()
    port = r.mock.port
    r.mock.close()
    process = r.run()
    warning = r.said("three attempts in a row have failed at one gate")[0]
    assert warning["level"] == "warn" and warning["gate"] == "connect" and warning["passed"] == "configuration, subject, output, name"
    lines = r.lines()[:3]
    assert [line["error"] for line in lines] == ["connect"] * 3
    waits = [line["retry_in_s"] for line in lines]
    assert 1 <= waits[0] <= 2 and 1 <= waits[1] <= 4 and 1 <= waits[2] <= 8
    wait_for(lambda: int(r.status()["tries"]) >= 3, "the third failure in the status")
    r.mock.__init__(r.mock.folder, "--port", port, "--cert", *identity_of(r))
    r.said("token refreshed")
    r.shows(tries="0")
    assert r.stop(process).status == 0


def identity_of(r):
    """A certificate under a CA that the sidecar is given now: CA files are read for every attempt."""
    ca = pki.authority()
    certificate, key = pki.server(ca).files(r.folder)
    r.ca_file.write_bytes(ca.pem)
    return certificate, "--key", key


def test_retry_after(rig):
    r = rig()
    r.mock.fault(status=503, retry_after=7, times=1)
    process = r.run()
    line = r.said("unexpected status 503")[0]
    assert 7 <= line["retry_in_s"] <= 9
    assert line["error"] == "busy"
    # Another subject token does not bring an attempt forward to a time before Retry-After ends.
    time.sleep(0.3)
    r.space.write("sts-token", r.mock.mint())
    first, second = r.asked(2)
    assert second["time"] > first["time"]
    r.said("token refreshed")
    started = [line["ts"] for line in r.lines()]
    assert started[1] - started[0] >= 7
    assert r.stop(process).status == 0


def test_one_writer(rig):
    r = rig()
    process = r.run()
    r.has_refreshed()
    before = r.space.snapshot()
    for second in (r.run(log=False), r.exchange(log=False)):
        run = second.wait(10)
        assert run.status == 73, run.err
        assert f"process {process.pid} " in run.last and "hint" in run.last
    assert r.space.snapshot() == before and len(r.requests()) == 1
    process.signal(signal.SIGKILL)
    process.wait(5)
    third = r.run()
    r.said("token adopted")
    assert r.stop(third).status == 0


@pytest.mark.skipif(sanitized(), reason="a sanitizer's own start takes longer")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=lambda s: s.name)
def test_told_to_stop_in_the_first_moment(number, rig):
    """However early: it is the same end."""
    r = rig()
    for wait_ms in (1, 2, 3, 5, 10, 20, 50):
        process = r.run(log=False)
        wait_for(lambda: holds_signals(process.pid, number), "a signal that is held")
        time.sleep(wait_ms / 1000)
        process.signal(number)
        assert process.wait(5).status == 0


@pytest.mark.parametrize("content", ["a\nb", "a\0b", "é"])
def test_what_a_file_holds_ends_no_run(content, rig):
    """A header comes from a file that changes while the program runs: its content is bad for a while, and then good again."""
    r = rig()
    extra = r.space.write("extra", content)
    flags = ["--header-file", f"x-extra={extra}"]
    fetched = r.command("fetch", *r.options(), *flags)
    assert fetched.status == 66 and "x-extra" in fetched.err and "input_file" in fetched.err, fetched.err
    process = r.run(*flags)
    assert r.said("x-extra")[0]["error"] == "input_file"
    assert not r.requests()
    extra.write_text("fine")
    process.signal(signal.SIGHUP)
    r.has_token()
    assert r.stop(process).status == 0
