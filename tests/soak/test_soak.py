# SPDX-License-Identifier: Apache-2.0
"""A year in simulated time, and that the checks of it see what is wrong."""
import os
import pathlib
import random
import re
import subprocess

import pytest

SHORT = bool(os.environ.get("STS_SIM_SHORT"))      # what the continuous integration runs
BUILD = pathlib.Path(os.environ.get("STS_SIDECAR") or pathlib.Path(__file__).parents[2] / "build/sts-sidecar").resolve().parent


def soak(*arguments):
    return subprocess.run([BUILD / "tests/soak", *map(str, arguments)], stdout=subprocess.PIPE, text=True, timeout=600)


@pytest.mark.parametrize("exchanges,days", [(1, 365), (6, 365), (16, 60)])
@pytest.mark.parametrize("seed", [1][:not SHORT] + [random.SystemRandom().randrange(1 << 32)], ids=["1"][:not SHORT] + ["any"])
def test_a_year(seed, exchanges, days):
    run = soak("--seed", seed, "--exchanges", exchanges, "--days", days)
    assert run.returncode == 0, run.stdout
    # It was a year in which something happened.
    tokens, attempts = map(int, re.search(r"(\d+) tokens, (\d+) attempts", run.stdout).groups())
    assert tokens > days * exchanges * 100 and attempts > tokens
    for what in ("outages", "crashes", "hangs", "times no process", "full disks", "steps", "drifts", "wrong clocks", "early subject tokens", "suspends", "rotations", "refreshes", "restarts",
                 "lost events"):
        assert int(re.search(rf"(\d+) {what}", run.stdout)[1]) > 0, what
    # Of several exchanges the second one's STS has a signing certificate that is polled; one alone has no configuration file.
    for what in ("other keys", "times no key", "changes of the configuration"):
        assert (int(re.search(rf"(\d+) {what}", run.stdout)[1]) > 0) == (exchanges > 1), what


CALM = ("--calm", "yes", "--exchanges", 6, "--days", 30)


def test_the_gaps_are_those_of_the_warnings():
    """STSs take each subject token once, which is learnt, and their tokens end before the kubelet's next subject token comes. In a chain no token ends."""
    run = soak("--seed", 1, *CALM)
    assert run.returncode == 0, run.stdout
    refused, gaps = map(int, re.search(r"(\d+) subject tokens refused, (\d+) predicted gaps", run.stdout).groups())
    assert refused == 4 and gaps > 5000


@pytest.mark.parametrize("bug,says", [
    ("unasked", "its source could have brought a new subject token"), ("blind", "and it had said"), ("ignorant", "has sent one twice"),
    ("unread", "has sent one twice")])
def test_a_bug_of_subject_tokens_is_seen(bug, says):
    run = soak("--seed", 1, *CALM, "--bug", bug)
    assert run.returncode == 1 and says in run.stdout, run.stdout


@pytest.mark.parametrize("bug,says", [
    ("timer", "nothing in the way"), ("lazy", "nothing in the way"), ("patient", "nothing in the way"), ("asleep", "it sleeps for"),
    ("eager", "before it may be made"), ("storm", "attempts within an hour"), ("twice", "sent twice"), ("twins", "two workers at once"), ("crowd", "5 workers at once"),
    ("overdue", "life sign is over"), ("poll-off", "the key was not asked for"), ("rigid", "with nothing in the way"), ("careless", "says that the token has expired"),
    ("deaf", "with nothing in the way"), ("files", "descriptors"), ("memory", "pages are mapped"), ("spin", "it does not sleep"),
])
def test_a_bug_is_seen(bug, says):
    """In one of some runs: a wrong turn in the surroundings of the supervisor, as if it were its own."""
    said = []
    for seed, exchanges in [(1, 1), (2, 6), (3, 1), (4, 6)]:
        run = soak("--seed", seed, "--exchanges", exchanges, "--bug", bug)
        said.append(run.stdout.splitlines()[-1])
        if run.returncode == 1 and says in said[-1]:
            return
    pytest.fail(f"{bug}: {said}")


def test_the_same_seed_is_the_same_year():
    assert soak("--seed", 9, "--exchanges", 3, "--days", 30).stdout == soak("--seed", 9, "--exchanges", 3, "--days", 30).stdout
