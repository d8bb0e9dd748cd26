# SPDX-License-Identifier: Apache-2.0
"""Attacks on several exchanges that take their time."""
import itertools

import pytest

from harness.mock import wait_for
from harness.several import several  # fixture

pytestmark = pytest.mark.slow


def test_six_that_hang_beside_a_good_one(several):
    """They may have three of the four workers. The good one's tokens live for seven seconds, and none runs out."""
    several.lifetimes = {"good": 7}
    several.configure(several.exchange("good"), *(several.exchange(f"hangs-{i}", url=several.hang(), timeout="12s") for i in range(6)))
    process = several.start()
    wait_for(lambda: len(several.requests("good")) >= 6, "six refreshes", 50)
    asked = [at for at, _, _ in several.requests("good")]
    assert all(after - before < 7 for before, after in itertools.pairwise(asked)), asked
    # Those that hang have their turns all the same.
    for i in range(6):
        several.said("time ran out", f"hangs-{i}", patience_s=50)
    assert several.stop(process).status == 0
