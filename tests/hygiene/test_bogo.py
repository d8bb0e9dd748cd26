# SPDX-License-Identifier: Apache-2.0
"""The judgement of tests/tls/bogo/judge.py: every difference from the expectations is a failure."""
import copy
import sys
import tomllib
from pathlib import Path

import pytest

BOGO = Path(__file__).resolve().parent.parent / "tls/bogo"
sys.path.insert(0, str(BOGO))
import judge  # noqa: E402

OUTPUT = """
PASSED (Good)
FAILED (Other)
bad error (wanted ':A:' / ''): local error 'none', child error 'exit status 1', stdout:

stderr:
outcome: check tag
Connection 1 failed.

UNIMPLEMENTED (Server)
"""
LOG = ["begin", "end"] * judge.LEAST_CONNECTED + ["flag -server"]
EXPECTED = {
    "counts": {"all": 4, "connected": judge.LEAST_CONNECTED, "passed": 1, "different": 1, "never": 1, "disabled": 1},
    "never": {"-server": {"count": 1, "why": "The program is a client."}},
    "different": [{"why": "So it is.", "outcome": "check tag", "tests": ["Other"]}],
}


def problems(tmp_path, output=OUTPUT, log=LOG, expected=EXPECTED):
    return list(judge.judge(judge.results(output), log, expected, tmp_path))


def changed(**changes):
    expected = copy.deepcopy(EXPECTED)
    for key, value in changes.items():
        expected[key] = value
    return expected


def counts(**changes):
    return changed(counts=EXPECTED["counts"] | changes)


def different(**changes):
    return changed(different=[EXPECTED["different"][0] | changes])


def test_what_is_expected_passes(tmp_path):
    assert not problems(tmp_path)


PLANTED = {
    "a test fails that is not listed": ({"output": OUTPUT.replace("PASSED (Good)", "FAILED (Good)")}, "Good failed and is not listed"),
    "a listed test passes": ({"output": OUTPUT.replace("FAILED (Other)", "PASSED (Other)")}, "its result is PASSED"),
    "a listed test does not exist": ({"expected": different(tests=["Other", "Gone"])}, "its result is unknown"),
    "a listed test ends in another way": ({"output": OUTPUT.replace("check tag", "alert 40")}, 'ended with "alert 40"'),
    "a listed test succeeds": ({"output": OUTPUT.replace("outcome: check tag\n", "")}, f'ended with "{judge.NO_OUTCOME}"'),
    "a test is listed twice": ({"expected": different(tests=["Other", "Other"])}, "twice"),
    "a flag is not listed": ({"log": LOG + ["flag -new"]}, "-new 1 times, which is not listed"),
    "a flag is given more often": ({"log": LOG + ["flag -server"]}, "-server 2 times, and 1 times are listed"),
    "a flag is never given": ({"log": LOG[:-1]}, "-server 0 times"),
    "an invocation was killed": ({"log": LOG[1:] + ["begin", "begin"]}, "ended by a signal"),
    "too few invocations": ({"log": ["begin", "end", "flag -server"]}, "only 1 invocations"),
    **{f"another number: {what}": ({"expected": counts(**{what: 7})}, f"{what}: ")
       for what in ("connected", "passed", "different", "never", "all")},
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_difference_is_a_failure(tmp_path, what):
    arguments, words = PLANTED[what]
    words = "disabled: " if words == "all: " else words
    assert any(words in problem for problem in problems(tmp_path, **arguments))


def test_the_report_of_a_sanitizer_is_a_failure(tmp_path):
    (tmp_path / "sanitizer.17").write_text("heap-buffer-overflow")
    assert problems(tmp_path) == ["a sanitizer reports:\nheap-buffer-overflow"]


def test_names_of_errors_are_turned_round():
    assert judge.error_lines({":A:": ["check tag", "alert 40"], ":B:": ["alert 40"]}) == "check tag\t:A:\nalert 40\t:A: :B:\n"


def test_every_check_that_is_named_is_one():
    expected = tomllib.loads((BOGO / "expectations.toml").read_text())
    checks = tomllib.loads((BOGO.parent.parent.parent / "lib/tls/checks.toml").read_text())["check"]
    named = {name for names in expected["errors"].values() for name in names} | {row["outcome"] for row in expected["different"]}
    unknown = {name for name in named if name.startswith("check ") and name.removeprefix("check ") not in checks}
    assert named and not unknown


def test_every_reason_is_a_sentence():
    expected = tomllib.loads((BOGO / "expectations.toml").read_text())
    reasons = [flag["why"] for flag in expected["never"].values()] + [row["why"] for row in expected["different"]]
    assert len(reasons) > 50 and all(reason[0].isupper() and reason.endswith(".") for reason in reasons)
