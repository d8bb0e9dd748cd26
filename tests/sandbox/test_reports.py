# SPDX-License-Identifier: Apache-2.0
"""False reports of a worker that was taken over: the supervisor logs them, backs off, and goes on. Once the workers are honest again,
there is a token."""
import contextlib
import os
import pathlib
import re
import signal
import time

import pytest

from hostility import HostileRig
from harness.mock import wait_for

DAY_S = 24 * 3600

# What the log says of each mode. In place of a report that is not valid, the log says how the worker ended.
NO_REPORT = r"ended with status 0 and no valid report \(before the request was sent\)"
REFUSED = {
    "largest": NO_REPORT,
    "negative": NO_REPORT,
    "year-9999": NO_REPORT,
    "magic": NO_REPORT,
    "version": NO_REPORT,
    "truncated": NO_REPORT,
    "nothing": NO_REPORT,
    "two": NO_REPORT,
    "oversized": NO_REPORT,
    "flood": r"no valid report \(after the request was sent\)",
    "stage-only": r"no valid report \(after the request was sent\)",
    "stages": r"no valid report \(after the request was sent\)",
    "empty-success": "a success without a token",
    "control-text": NO_REPORT,
    "endless-text": NO_REPORT,
    "wrong-code": NO_REPORT,
    "future": NO_REPORT,
    "noise": NO_REPORT,
    "crash": r"killed by signal (4|5|11)",
    "report-then-hang": NO_REPORT,  # the alarm at the deadline adds an honest report
    "half-then-hang": NO_REPORT,
    "half-then-deaf": r"did not end in time \(before the request was sent\) and was killed",
    "silence": r"no answer from 127\.0\.0\.1:\d+ in 2 s",
}


@pytest.fixture
def rig(hostile, folder):
    with contextlib.closing(HostileRig(hostile, folder)) as made:
        yield made


def recover(rig, process):
    """An honest worker again: HUP asks for it now, and there is a token within the floors."""
    rig.behave()
    process.signal(signal.SIGHUP)
    rig.has_token(patience_s=25)
    rig.said("token refreshed")
    assert rig.stop(process).status == 0


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("action", REFUSED)
def test_refused(rig, action):
    rig.behave("connected", action)
    process = rig.run(env=rig.environment(), options={"timeout": "2s"})
    line, = rig.said("", 1)[:1]
    assert line["level"] == "error" and re.search(REFUSED[action], line["msg"]), line
    assert 1 <= line["retry_in_s"] <= 2 and line["token_valid_s"] == 0
    assert not (rig.out / "token.jwt").exists()
    if os.geteuid() == 0:
        assert resident_kib(process.pid) < 1024
    if action == "flood":
        assert cpu_s(process.pid) < 0.3
    recover(rig, process)


@pytest.mark.parametrize("action", ["usage", "url", "stopped", "bug"])
def test_no_error_ends_it(rig, action):
    """`run` ends by itself when its own command line is wrong; no worker can make it believe that."""
    rig.behave("connected", action)
    process = rig.run(env=rig.environment())
    assert rig.said("", 1)[0]["level"] == "error"
    recover(rig, process)


@pytest.mark.parametrize("action", ["year-2099", "report-then-deaf"])
def test_believed(rig, action):
    """The supervisor cannot tell a false success from a true one, but the next attempt is made within a day, and HUP brings it forward."""
    rig.behave("connected", action)
    process = rig.run(env=rig.environment(), options={"timeout": "2s"})
    line, = rig.said("token refreshed", 1)
    assert 0 < line["next_refresh_s"] <= DAY_S
    rig.behave()
    process.signal(signal.SIGHUP)
    rig.has_token(patience_s=25)
    assert rig.stop(process).status == 0


def test_patience(rig):
    """Retry-After of 68 years: a day at the most."""
    rig.behave("connected", "patience")
    process = rig.run(env=rig.environment())
    line, = rig.said("", 1)[:1]
    assert line["level"] == "error" and 0 < line["retry_in_s"] <= DAY_S
    recover(rig, process)


def test_it_backs_off(rig):
    rig.behave("connected", "noise")
    process = rig.run(env=rig.environment())
    lines = [line for line in rig.said("", 4, patience_s=30) if "gate" not in line]   # after three failures one line names the gate
    assert all(line["level"] == "error" for line in lines)
    assert len(lines) <= 4 and sum(line["retry_in_s"] for line in lines[:3]) >= 3
    recover(rig, process)


def test_a_token_that_is_there_stays(rig):
    """Hostility after a success: what was written stays, and is whole."""
    process = rig.run(env=rig.environment())
    rig.has_token()
    before = {name: (rig.out / name).read_text() for name in ("token.jwt", "expires")}
    rig.behave("connected", "crash")
    process.signal(signal.SIGHUP)
    line, = wait_for(lambda: [line for line in rig.lines() if line["level"] == "error"][:1], "an error", 15)
    assert line["token_valid_s"] > 0
    assert {name: (rig.out / name).read_text() for name in before} == before
    assert rig.stop(process).status == 0
