# SPDX-License-Identifier: Apache-2.0
"""`exchange` as the injector starts it, left running: the key rotation poll, adoption, what it ignores."""
import signal
import stat
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import USER, rig  # fixtures
from harness.sidecar import UID
from harness.tokens import http

pytestmark = pytest.mark.slow

SIG_CERT = "/vault/sig-cert"
EVERY_SECOND = "--seconds-between-runs=1"


def test_as_the_injector_starts_it(rig):
    """Three files, 0644 for whoever runs beside it in an emptyDir of the kubelet, no newline; then it stays."""
    r = rig()
    process = r.exchange()
    r.has_token()
    answer = r.mock.user(r.token_file.read_text()).json["token"]
    line = r.said("token refreshed")[0]
    assert (r.out / "thumbprint").read_text() == answer["thumbprint"]
    assert (r.out / "expires").read_text() == line["expires"] == tokens.rfc3339(r.claims()["exp"])
    r.mock.verify(r.token())
    for name in ("token.jwt", "expires", "thumbprint"):
        about = (r.out / name).stat()
        assert stat.S_IMODE(about.st_mode) == 0o644 and about.st_uid == UID
    # 15 minutes, refreshed from 5 minutes before the end, spread over the 90 s before that.
    assert 500 <= line["next_refresh_s"] <= 600
    assert process.popen.poll() is None
    assert r.stop(process).status == 0


def test_the_key_is_rotated(rig):
    """A new thumbprint means a new token, not sooner than 5 s after the last one; then peace."""
    r = rig()
    process = r.exchange(EVERY_SECOND)
    r.has_token()
    old = (r.out / "thumbprint").read_text()
    polls = len(r.asked(1, SIG_CERT))
    r.mock.control("POST", "rotate", keep=0)
    r.asked(2)
    r.said("token refreshed", 2)
    assert (r.out / "thumbprint").read_text() != old
    r.mock.verify(r.token())
    first, second = (line["ts"] for line in r.said("token refreshed", 2))
    assert second - first >= 4.5
    r.asked(polls + 6, SIG_CERT)
    assert len(r.requests()) == 2
    assert r.stop(process).status == 0
    assert 1 <= len([line for line in r.lines() if "signing certificate changed" in line["msg"]])
    assert [line["level"] for line in r.lines()] == ["info"] * len(r.lines())
    assert all(entry["method"] == "GET" for entry in r.requests(SIG_CERT))


NOT_THERE = {
    "404": dict(status=404),
    "redirect": dict(redirect="https://elsewhere.test/"),
    "307": dict(status=307, redirect="/login"),
    "HTML": dict(html=1),
    "no thumbprint": dict(body='{"other":"x"}'),
    "not a string": dict(body='{"thumbprint":17}'),
    "empty": dict(empty=1),
}


@pytest.mark.parametrize("what", NOT_THERE)
def test_there_is_no_such_endpoint(what, rig):
    """One question, one line, and no question again in this run: not after the next refresh either."""
    r = rig("--lifetime", "7s")
    r.mock.fault(path=SIG_CERT, **NOT_THERE[what])
    process = r.exchange(EVERY_SECOND)
    r.said("no sig-cert endpoint")
    r.said("token refreshed", 2)
    time.sleep(2)
    assert len(r.requests(SIG_CERT)) == 1
    assert r.stop(process).status == 0
    assert len([line for line in r.lines() if "sig-cert" in line["msg"]]) == 1
    assert not [line for line in r.lines() if line["level"] != "info"]


def test_no_thumbprint_no_poll(rig):
    r = rig("--no-thumbprint")
    process = r.exchange(EVERY_SECOND)
    r.said("token refreshed")
    time.sleep(2.5)
    assert r.requests(SIG_CERT) == []
    assert r.stop(process).status == 0
    assert not (r.out / "thumbprint").exists()


def test_the_poll_fails(rig):
    """Tried again at the interval, said once for each cause; the token is not concerned."""
    r = rig()
    r.mock.fault(status=500, path=SIG_CERT)
    process = r.exchange(EVERY_SECOND)
    r.asked(3, SIG_CERT)
    r.mock.fault(status=503, path=SIG_CERT)
    r.asked(6, SIG_CERT)
    r.mock.fault("DELETE")
    r.asked(8, SIG_CERT)
    r.mock.fault(status=503, path=SIG_CERT)
    r.asked(11, SIG_CERT)
    assert r.status()["state"] == "ok"
    assert r.stop(process).status == 0
    warnings = [line["msg"] for line in r.lines() if line["level"] == "warn"]
    assert warnings == ["unexpected status 500", "unexpected status 503", "unexpected status 503"]
    assert len(r.requests()) == 1


def test_a_poll_that_hangs_holds_up_nothing(rig):
    r = rig("--lifetime", "7s")
    r.mock.fault(delay_head_ms=20000, path=SIG_CERT)
    process = r.exchange(EVERY_SECOND)
    r.said("token refreshed", 2, patience_s=12)
    assert r.stop(process).status == 0
    assert not [line for line in r.lines() if line["level"] != "info"]


def test_adoption(rig):
    """The request log of the STS proves it: nothing is sent, for as long as `expires` is further away than the minutes."""
    r = rig()
    first = r.exchange()
    r.has_token()
    r.said("token refreshed")
    first.kill()
    first.wait(5)
    before = r.space.snapshot()
    second = r.exchange("--minutes-before-refresh", "14")
    r.said("token adopted")
    time.sleep(1)
    assert r.stop(second).status == 0
    assert len(r.requests()) == 1 and r.mock.stats()["connections"] == 1
    assert r.space.snapshot() == before
    third = r.exchange("--minutes-before-refresh=16")
    r.said("token refreshed", 2)
    assert r.stop(third).status == 0
    assert len(r.requests()) == 2


def test_the_poll_goes_on_after_adoption(rig):
    r = rig()
    first = r.exchange()
    r.has_token()
    r.said("token refreshed")
    assert r.stop(first).status == 0
    r.mock.control("POST", "rotate")
    second = r.exchange(EVERY_SECOND)
    r.said("signing certificate changed")
    r.said("token refreshed", 2)
    assert r.stop(second).status == 0


def test_403(rig):
    """The words that people grep for, whatever the body; tried again no later than the seconds say."""
    r = rig("--allow-namespace", "elsewhere")
    process = r.exchange("--seconds-between-runs", "2")
    lines = r.said("unexpected status 403", 3)
    assert all(line["error"] == "denied" and line["retry_in_s"] <= 2 for line in lines)
    assert {"level", "ts", "msg"} <= set(lines[0])
    assert r.stop(process).status == 0


def test_longest_wait_of_zero_means_ten(rig):
    r = rig("--allow-namespace", "elsewhere")
    process = r.exchange("--seconds-between-runs", "0")
    assert 8 <= r.said("unexpected status 403")[0]["retry_in_s"] <= 10
    assert r.stop(process).status == 0


def test_the_environment_of_a_pod(rig):
    """Neither STS_* nor a proxy; and what a Service called sts leaves in every Pod of its namespace."""
    r = rig()
    env = {"STS_URL": "https://127.0.0.1:1/", "STS_OUTPUT_DIR": "/nowhere", "STS_LOG_LEVEL": "error", "STS_PROTOCOL": "garbage",
           "STS_REFRESH_FRACTION": "x", "HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1",
           "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}
    process = r.exchange(env=env)
    r.has_token()
    r.said("token refreshed")
    assert r.stop(process).status == 0
    assert len(r.lines()) == 2


def test_the_directory_is_made(rig):
    r = rig()
    r.out = r.out / "made"
    process = r.exchange(umask=0o022)
    wait_for((r.out / "expires").exists, "a token")
    assert stat.S_IMODE(r.out.stat().st_mode) == 0o755
    assert stat.S_IMODE((r.out / "token.jwt").stat().st_mode) == 0o600
    assert r.stop(process).status == 0


def test_positionals_past_the_third(rig):
    r = rig()
    process = r.start("exchange", r.token_file, "--cacert-path", r.ca_file, r.url, r.out, "and", "--single-run=false", "more")
    r.has_token()
    assert r.stop(process, signal.SIGUSR1).status == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=lambda s: s.name)
def test_told_to_stop(number, rig):
    r = rig()
    process = r.exchange()
    r.said("token refreshed")
    assert r.stop(process, number).status == 0
    assert r.lines()[-1]["msg"] == "told to stop"


def test_another_make(sidecar, serve, space):
    """Python's ssl, an answer that somebody else wrote: refreshes, the poll, and HUP."""
    count = []

    def answer(request):
        if request.startswith(b"GET /vault/sig-cert "):
            return http(body={"thumbprint": tokens.THUMBPRINT})
        assert request.startswith(b"GET /vault/token/user HTTP/1.1\r\n")
        count.append(1)
        return tokens.openunison(tokens.issued(7, jti=f"number {len(count)}"))

    server = serve(answer)
    with sidecar.start("exchange", f"--cacert-path={space.ca_file}", EVERY_SECOND, space.token_file, server.url(USER), space.out) as process:
        wait_for(lambda: len(count) == 2, "two exchanges")
        wait_for(lambda: len(server.requests) > 4, "polls")
        process.signal(signal.SIGHUP)
        wait_for(lambda: len(count) == 3, "a third")
        time.sleep(0.3)
        process.signal(signal.SIGTERM)
        assert process.wait(5).status == 0
    assert (space.out / "thumbprint").read_text() == tokens.THUMBPRINT
