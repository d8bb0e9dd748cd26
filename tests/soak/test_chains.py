# SPDX-License-Identifier: Apache-2.0
"""All chains of exchanges, in all orders, and that the checks of them see what is wrong."""
import os
import pathlib
import re
import subprocess

import pytest

SHORT = bool(os.environ.get("STS_SIM_SHORT"))      # what the continuous integration runs
BUILD = pathlib.Path(os.environ.get("STS_SIDECAR") or pathlib.Path(__file__).parents[2] / "build/sts-sidecar").resolve().parent


def chains(*arguments):
    return subprocess.run([BUILD / "tests/chains", *arguments], stdout=subprocess.PIPE, text=True, timeout=600)


def test_all_chains():
    run = chains(*["--short"] * SHORT)
    assert run.returncode == 0, run.stdout
    # All chains of five in all orders: 120 orders, and what may become of five first requests. After a stop no other is made.
    counts = {tuple(line[:2]): int(line[2]) for line in re.findall(r"(fetch|run) of (\d): (\d+) runs", run.stdout)}
    others = 3 if SHORT else 4
    assert len(counts) == 10 and counts["run", "5"] == 120 * (others**5 + sum(others**i for i in range(5))), run.stdout


@pytest.mark.parametrize("mode,bug,says", [
    ("fetch", "one-pass", "which has ended"),
    ("run", "swallowed", "the refresh that was asked for has not come"),
    ("fetch", "unanswered", "it does not say when the one that it waits for was tried"),
    ("fetch", "untold", "its last status is 0"),
    ("run", "own-memory", "was sent twice"),
    ("run", "forgets", "was sent twice"),
    ("run", "twice", "was sent twice"),
    ("run", "restless", "nothing asked for this attempt"),
    ("fetch", "overdue", "its next life sign is promised too late"),
    ("run", "lock", "it removes temporary files of exchange"),
    ("run", "unasked", "the token that a reader needs has not come"),
    ("fetch", "eager", "too soon after a failure"),
    ("run", "storm", "nothing asked for this attempt so soon"),
    ("fetch", "patient", "it has given up with"),
])
def test_a_bug_is_seen(mode, bug, says):
    run = chains("--mode", mode, "--bug", bug)
    assert run.returncode == 1 and says in run.stdout, run.stdout
    # The script alone shows it again.
    script = re.search(r"--repeat (\S+)", run.stdout)[1]
    again = chains("--bug", bug, "--repeat", script)
    assert again.returncode == 1 and says in again.stdout, again.stdout
    assert chains("--repeat", script).returncode == 0
