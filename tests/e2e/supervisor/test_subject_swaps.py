# SPDX-License-Identifier: Apache-2.0
"""The subject token is another one: when that is a reason to ask again, and when it is not."""
import itertools
import signal
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import FLOOR_S, Projected, rig  # rig: fixture
from harness.several import several  # fixture

pytestmark = pytest.mark.slow


def storm(r, seconds, *mint):
    """The subject token changes again and again: when did the attempts end?"""
    token = r.mock.mint(*mint)
    volume = Projected(r.folder / "volume", "sts-token", token)
    r.token_file = volume.path
    process, began = r.run(), time.monotonic()
    while time.monotonic() - began < seconds or len(r.lines()) < 2:
        volume.swap(token)
        time.sleep(0.02)
    assert r.stop(process).status == 0
    # Two more lines are not about the end of one: the gate of three failures in a row, and the stop.
    return [line["ts"] for line in r.lines() if line["msg"] != "told to stop" and "gate" not in line]


def test_a_storm_of_swaps_keeps_the_floor(rig):
    """Capped by its subject, a token is replaced when that changes, but not more often than any other."""
    ends = storm(rig("--cap-by-subject", "--lifetime", "1h"), FLOOR_S + 3, "--expires-in", "900s")
    assert len(ends) >= 2 and all(after - before > FLOOR_S - 0.5 for before, after in itertools.pairwise(ends)), ends


def test_a_storm_of_swaps_is_no_way_around_the_back_off(rig):
    """One draw from ten seconds at a time, not the least of hundreds; and a second at least."""
    ends = storm(rig("--fault", "status=403"), 13)
    # The draw is from ten seconds, so that there is a second attempt within the storm whatever is drawn.
    assert len(ends) >= 2 and all(after - before > 0.9 for before, after in itertools.pairwise(ends)), ends
    assert len(ends) <= 9, ends


@pytest.fixture
def rotating(rig):
    """A rig whose subject token lies in a projected volume."""
    def make(*serve, mint=()):
        r = rig(*serve)
        r.projected = Projected(r.folder / "volume", "sts-token", r.mock.mint(*mint))
        r.token_file = r.projected.path
        return r
    return make


def test_a_swap_is_no_reason(rotating):
    """A token that will outlive its subject: no request, and no line."""
    r = rotating()
    process = r.run()
    r.has_refreshed()
    for _ in range(3):
        r.projected.swap(r.mock.mint())
        r.projected.touch()
        time.sleep(1)
    time.sleep(9)
    assert len(r.requests()) == 1
    assert r.stop(process).status == 0
    assert len(r.lines()) == 2


def test_a_swap_frees_a_capped_token(rotating):
    r = rotating("--cap-by-subject", "--lifetime", "1h", mint=["--expires-in", "900s"])
    process = r.run()
    r.has_refreshed()
    assert r.claims()["exp"] <= time.time() + 900
    time.sleep(0.5)
    r.projected.touch()
    time.sleep(0.5)
    assert len(r.requests()) == 1
    r.projected.swap(r.mock.mint("--expires-in", "2h"))
    r.asked(2)  # by itself it would do so in ten minutes
    r.said("token refreshed", 2)
    assert r.claims()["exp"] > time.time() + 3000
    # Once per change.
    r.projected.touch()
    time.sleep(1)
    assert len(r.requests()) == 2
    assert r.stop(process).status == 0


def test_a_swap_after_a_failure(rotating):
    """An expired subject token: its successor is used within seconds, not when the slow lane comes round."""
    r = rotating(mint=["--expires-in", "-10s"])
    process = r.run()
    line = r.said("")[0]
    assert line["error"] == "subject_expired" and line["retry_in_s"] > 40
    for _ in range(20):
        r.projected.touch()
        time.sleep(0.02)
    r.projected.swap(r.mock.mint())
    r.has_token(15)
    r.said("token refreshed")
    assert len(r.requests()) == 1
    assert r.stop(process).status == 0
    assert len(r.lines()) == 3


def test_a_swap_under_a_worker(rotating):
    """The old token is on its way to an STS that takes its time when the new one comes."""
    r = rotating()
    r.mock.fault(delay_head_ms=1500, status=403, times=1)
    process = r.run()
    wait_for(lambda: r.mock.stats()["connections"], "a connection")
    time.sleep(0.5)
    r.projected.swap(r.mock.mint())
    r.said("unexpected status 403")
    r.has_token(15)
    assert r.stop(process).status == 0


def test_nobody_renews_the_subject_token(several):
    """A Pod that ends: the kubelet stops rotating. The token that is there counts to its end, and it is said what is the matter."""
    several.write("sts-token", tokens.subject(lifetime_s=8))
    several.lifetimes = {"a": 60}
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    token = several.token("a")
    time.sleep(9)
    process.signal(signal.SIGHUP)
    line = several.said("expired", "a")[0]
    assert line["error"] == "subject_expired" and 30 < line["token_valid_s"] < 60 and "Pod" in line["hint"]
    assert several.token("a") == token
    checked = several.sidecar.run("check", several.out / "a")
    assert checked.status == 0
    # Whatever comes back is used.
    several.write("sts-token", tokens.subject())
    several.said("token refreshed", "a", 2, patience_s=15)
    assert several.stop(process).status == 0


def test_a_watch_that_never_delivers(rig):
    """gVisor and Kata accept a watch and deliver nothing. Here the folder is replaced, so the watch is on a folder that does not change."""
    r = rig("--cap-by-subject", "--lifetime", "1h")
    volume = r.folder / "volume"
    volume.mkdir()
    volume.chmod(0o755)
    r.token_file = volume / "sts-token"
    r.token_file.write_text(r.mock.mint("--expires-in", "9s"))
    process = r.run()
    r.has_token()
    volume.rename(r.folder / "old")
    volume.mkdir()
    volume.chmod(0o755)
    r.token_file.write_text(r.mock.mint("--expires-in", "1h"))
    wait_for(lambda: r.claims()["exp"] > time.time() + 3000, "a token of the new subject")
    assert r.stop(process).status == 0


def test_no_folder_to_watch(rig):
    """The volume comes later."""
    r = rig()
    r.token_file = r.folder / "later" / "sts-token"
    process = r.exchange("--seconds-between-runs=2")
    r.said("", 2)
    r.token_file.parent.mkdir()
    r.token_file.parent.chmod(0o755)
    r.token_file.write_text(r.mock.mint())
    r.has_token()
    assert r.stop(process).status == 0
