# SPDX-License-Identifier: Apache-2.0
"""A service that takes a subject token once, by mock-sts, which remembers their ids."""
import os
import time

from harness.runs import SHORT, rig  # rig is a fixture

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
