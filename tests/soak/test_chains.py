# SPDX-License-Identifier: Apache-2.0
"""All chains of exchanges, in all orders, and that the checks of them see what is wrong."""
import os
import pathlib
import re
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("STS_SIDECAR") or pathlib.Path(__file__).parents[2] / "build/sts-sidecar").resolve().parent


def chains(*arguments):
    return subprocess.run([BUILD / "tests/chains", *arguments], stdout=subprocess.PIPE, text=True, timeout=600)


def test_all_chains():
    run = chains()
    assert run.returncode == 0, run.stdout
    # All chains of five in all orders: 120 orders, and what may become of five first requests.
    counts = {tuple(line[:2]): int(line[2]) for line in re.findall(r"(fetch|run) of (\d): (\d+) runs", run.stdout)}
    assert len(counts) == 10 and counts["run", "5"] == 120 * (4**5 + sum(4**i for i in range(5))), run.stdout


@pytest.mark.parametrize("bug,says", [
    ("one-pass", "which has ended"), ("swallowed", "the refresh that was asked for has not come"),
    ("unanswered", "it does not say when the one that it waits for was tried"), ("untold", "its last status is 0"),
    ("own-memory", "was sent twice"), ("forgets", "was sent twice"), ("twice", "was sent twice"), ("restless", "nothing asked for this attempt"),
    ("overdue", "its next life sign is promised too late"), ("lock", "it removes temporary files of exchange"),
    ("unasked", "the token that a reader needs has not come"), ("eager", "too soon after a failure"), ("storm", "nothing asked for this attempt so soon"), ("patient", "it has given up with"),
])
def test_a_bug_is_seen(bug, says):
    run = chains("--bug", bug)
    assert run.returncode == 1 and says in run.stdout, run.stdout
    # The script alone shows it again.
    script = re.search(r"--repeat (\S+)", run.stdout)[1]
    again = chains("--bug", bug, "--repeat", script)
    assert again.returncode == 1 and says in again.stdout, again.stdout
    assert chains("--repeat", script).returncode == 0
