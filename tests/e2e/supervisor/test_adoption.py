# SPDX-License-Identifier: Apache-2.0
"""Adoption: what lies in the directory at the start is taken over when it is ours, whole, good for what is asked, and not yet due."""
import os
import signal
import time

import pytest

from harness import tokens
from harness.runs import SUCCESS, USER, rig  # rig: fixture


@pytest.mark.slow
def test_adoption(rig):
    """What lies there and is not due is taken over: nothing is sent."""
    r = rig()
    first = r.run()
    r.has_refreshed()
    assert r.stop(first).status == 0
    before = r.space.snapshot()
    second = r.run()
    line = r.said("token adopted")[0]
    assert list(line) == SUCCESS + ["mode", "sts", "sts_from"]
    assert line["next_refresh_s"] > 300
    r.shows(state="ok")
    assert r.stop(second).status == 0
    assert r.space.snapshot() == before
    assert len(r.requests()) == 1


@pytest.mark.slow
def test_the_sts_is_down_at_a_restart(rig):
    """A token that is due, but still valid, counts for what is said and for when it is tried again."""
    r = rig()
    token = r.mock.user(r.token_file.read_text()).json["token"]["jwt"]
    r.space.fill(token, tokens.rfc3339(int(time.time()) + 100))
    old = time.time() - 800
    os.utime(r.out / "token.jwt", (old, old))
    r.mock.fault(status=503)
    process = r.run()
    line = r.said("unexpected status 503")[0]
    assert 90 < line["token_valid_s"] <= 100
    assert r.command("check", r.out).status == 0
    assert r.token() == token
    assert r.stop(process).status == 0


def test_a_token_that_is_there_is_adopted_by_run(sidecar, serve, space):
    token = tokens.issued(3600)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    server = serve(tokens.openunison(tokens.issued()))
    with sidecar.start("run", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file,
                       "--output-dir", space.out, "--cacert-path", space.ca_file) as process:
        while b"token adopted" not in process.popen.stderr.readline():
            pass
        process.signal(signal.SIGTERM)
        assert process.wait(5).status == 0
    assert server.requests == []


@pytest.mark.slow
def test_what_would_be_refused_is_not_adopted(rig):
    r = rig()
    first = r.run()
    r.has_refreshed()
    assert r.stop(first).status == 0
    token, claims = r.token(), r.claims()
    wrong = ["--expect-audience=https://elsewhere.example", "--expect-issuer=https://elsewhere.example", "--max-lifetime=60s"]
    for count, flag in enumerate(wrong, 1):
        process = r.run(flag)
        r.said("the returned token", count)
        assert r.stop(process).status == 0
        assert len(r.requests()) == 1 + count and r.token() == token
    process = r.run(f"--expect-audience={claims['aud']}", f"--expect-issuer={claims['iss']}", "--max-lifetime=1h")
    r.said("token adopted")
    assert r.stop(process).status == 0
    assert len(r.requests()) == 1 + len(wrong)
