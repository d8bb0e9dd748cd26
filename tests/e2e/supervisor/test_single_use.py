# SPDX-License-Identifier: Apache-2.0
"""A service that takes a subject token once, by mock-sts, which remembers their ids."""
import os
import signal
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import SHORT, rig  # rig is a fixture
from harness.several import several  # fixture

pytestmark = pytest.mark.slow

PATH = "/v1/oauth/token"


def test_run_waits_for_another_subject(rig):
    """A refresh that falls due, and a signal that asks for one, send nothing until the subject token is another one."""
    made = rig("--lifetime", SHORT)
    args = ("--param=federation_rule_id=fdrl_1", "--param=organization_id=o")
    process = made.run(*args, options={"protocol": "anthropic", "url": f"https://localhost:{made.mock.port}{PATH}"})
    made.has_token()
    first = made.token()
    for _ in range(2):
        time.sleep(4)
        made.command("refresh", "--timeout", "1s", made.out)
    assert len(made.requests(PATH)) == 1 and made.token() == first
    new = made.space.write("new", made.mock.mint())
    os.rename(new, made.token_file)
    made.asked(2, PATH)
    assert made.stop(process).status == 0
    seen = [(entry["status"], entry["subject"]) for entry in made.requests(PATH)]
    assert [status for status, _ in seen] == [200] * len(seen) and len(set(seen)) == len(seen)


class Slow(dict):
    """Lifetimes that somebody has to think about."""

    def get(self, *_):
        time.sleep(3)
        return 900


@pytest.mark.parametrize("under_way", [False, True])
def test_another_name(several, under_way):
    """Who goes on under another name sends nothing that was sent under the old one, be the answer there or not."""
    if under_way:
        several.lifetimes = Slow()
    several.configure(several.once("a"))
    process = several.start()
    if under_way:
        wait_for(lambda: several.requests("a"), "a request")
    else:
        several.said("token refreshed", "a")
    several.configure(several.once("b") | {"output-dir": str(several.out / "a")})
    process.signal(signal.SIGHUP)
    assert several.said("", "b")[0]["error"] == "subject_used"
    several.lifetimes = {}
    several.write("sts-token", tokens.subject(jti="the next"))
    several.said("token refreshed", "b")
    sent = [subject for _, _, subject in several.asked]
    assert len(sent) == len(set(sent)) == 2
    assert several.stop(process).status == 0
