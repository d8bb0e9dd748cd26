# SPDX-License-Identifier: Apache-2.0
"""STSs that accept a subject token once, and say so only when it comes again: the sidecar learns it, remembers it over a restart, and follows the kubelet."""
import os
import threading
import time

import pytest

from harness import tokens
from harness.runs import SHORT, rig  # rig: fixture

pytestmark = pytest.mark.slow

PATH = "/token"


def start(made, *flags):
    return made.run(*flags, options={"protocol": "jwt-bearer", "url": f"https://localhost:{made.mock.port}{PATH}"})


def renew(made, claims):
    """What the kubelet does."""
    new = made.space.write("new", made.mock.sign(claims))
    os.rename(new, made.token_file)


def subject(number, life_s=3600):
    now = int(time.time())
    return {"jti": f"token-{number}", "iat": now, "nbf": now, "exp": now + life_s}


@pytest.mark.parametrize("server,reason", [("keycloak", "invalid_grant: Token reuse detected"), ("fosite", "jti_known: The jti was already used.")])
def test_learns_and_remembers(rig, server, reason):
    made = rig("--lifetime", SHORT)
    made.mock.fault(once=server)
    renew(made, subject(1))
    process = start(made)
    made.has_token()
    line = made.said("waiting for the kubelet's next token (in 47 min")[0]
    assert line["level"] == "warn" and line["error"] == "subject_used"
    assert line["reason"] == f"unexpected status 400: {reason}; request: POST https://localhost:{made.mock.port}{PATH}"
    made.shows(waits="2", error="subject_used")
    assert "once_for" in made.status() and [entry["status"] for entry in made.requests(PATH)] == [200, 400]
    # The warning names what mends it, as soon as it is known.
    assert "set expirationSeconds of the projected token to 600, and let the STS issue tokens that live for 580 s" in made.said("the kubelet's sync")[0]["hint"]
    checked = made.command("check", made.out)
    assert "waiting for the kubelet's next token (in 47 min" in checked.err or checked.status == 0
    # After a restart nothing is sent that was sent before.
    made.stop(process)
    process = start(made)
    made.said("waiting for the kubelet's next token (in 47 min", 2)
    assert len(made.requests(PATH)) == 2
    renew(made, subject(2))
    made.asked(3, PATH)
    made.said("token refreshed", 2)
    assert [entry["status"] for entry in made.requests(PATH)] == [200, 400, 200]
    assert made.stop(process).status == 0


def test_again_learns_nothing(rig):
    """The user says that it may be sent again, so a refusal is a refusal."""
    made = rig("--lifetime", SHORT)
    made.mock.fault(once="keycloak")
    renew(made, subject(1))
    process = start(made, "--subject-use=again")
    line = made.said("Token reuse detected")[0]
    assert line["error"] == "refused" and line["level"] == "error"
    assert "once_for" not in made.status()
    assert made.stop(process).status == 0


def test_the_gap_is_what_the_warning_says(rig):
    """In minutes that are seconds: a kubelet renews tokens of 20 s at 80 % of their life, and the STS issues tokens of 8 s."""
    made = rig("--lifetime", "8s")
    made.mock.fault(once="anthropic")
    renew(made, subject(1, 20))
    kubelet = threading.Timer(16, renew, (made, subject(2, 40)))
    kubelet.start()
    process = start(made, "--subject-use=once")
    warning = made.said("the kubelet's sync")[0]
    ended_s = tokens.epoch(made.out / "expires")
    second = made.said("token refreshed", 2, patience_s=40)[1]
    gap_s = second["ts"] - ended_s
    assert abs(gap_s - warning["gap_s"]) <= 10, (gap_s, warning)
    # It has not asked for anything in between.
    assert [entry["status"] for entry in made.requests(PATH)] == [200, 200]
    assert made.stop(process).status == 0
    kubelet.join()
