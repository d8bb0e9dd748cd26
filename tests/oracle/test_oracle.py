# SPDX-License-Identifier: Apache-2.0
"""A user sees byte for byte what the program at the commit in COMMIT showed, except for the differences that are intended."""
import pytest

from oracle import cases, suite  # noqa: F401
from oracle.suite import CASES


@pytest.mark.parametrize("name", CASES)
def test_nothing_has_changed(name, seen, wanted):
    assert name in wanted, f"there is no recording of {name}: tests/oracle/record.py makes it, with the program of the commit in COMMIT"
    if seen[name] != wanted[name]:
        pytest.fail("\n" + suite.diff(name, wanted[name], seen[name]), pytrace=False)


def test_every_recording_has_a_case(recordings):
    assert not set(recordings) - set(CASES)


def test_no_case_failed_when_it_was_recorded(recordings):
    assert not [name for name, text in recordings.items() if "CANNOT BE PLAYED" in text]


def test_every_intended_difference_is_one(intended, wanted):  # pylint: disable=unused-argument
    """An entry that changes no recording is not needed. Where an entry changes a recording in another way than the program, the comparison fails."""
    assert not [f"{one.case}: {one.reason}" for one in intended if not one.used]


def test_every_addition_is_seen(added, seen):  # pylint: disable=unused-argument
    assert not [f"{one.words}: {one.reason}" for one in added if not one.used]
