# SPDX-License-Identifier: Apache-2.0
"""Attacks on `run`: a subject token that changes all the time, a token that must not be taken over, files that go bad under it."""
import itertools
import signal
import time

import pytest

from harness.runs import FLOOR_S, Projected, rig  # fixtures

pytestmark = pytest.mark.slow


def storm(r, seconds, *mint):
    """The subject token changes again and again: when did the attempts end?"""
    token = r.mock.mint(*mint)
    volume = Projected(r.folder / "volume", "sts-token", token)
    r.token_file = volume.path
    process, until = r.run(), time.monotonic() + seconds
    while time.monotonic() < until:
        volume.swap(token)
        time.sleep(0.02)
    assert r.stop(process).status == 0
    return [line["ts"] for line in r.lines() if line["msg"] != "told to stop"]


def test_a_storm_of_swaps_keeps_the_floor(rig):
    """Capped by its subject, a token is replaced when that changes, but not more often than any other."""
    ends = storm(rig("--cap-by-subject", "--lifetime", "1h"), FLOOR_S + 3, "--expires-in", "900s")
    assert ends and all(after - before > FLOOR_S - 0.5 for before, after in itertools.pairwise(ends)), ends


def test_a_storm_of_swaps_is_no_way_around_the_back_off(rig):
    """One draw from ten seconds at a time, not the least of hundreds; and a second at least."""
    ends = storm(rig("--fault", "status=403"), 8)
    assert ends and all(after - before > 0.9 for before, after in itertools.pairwise(ends)), ends
    assert len(ends) <= 6, ends


def test_what_would_be_refused_is_not_adopted(rig):
    r = rig()
    first = r.run()
    r.has_token()
    r.said("token refreshed")
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


@pytest.mark.parametrize("content", ["a\nb", "a\0b", "é"])
def test_what_a_file_holds_ends_no_run(content, rig):
    """A header from a file that somebody rotates: bad today, good again tomorrow."""
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
