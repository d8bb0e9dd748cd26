# SPDX-License-Identifier: Apache-2.0
"""deploy/inject at a real API server: each case of cases/inject/ gives a Pod, which is compared whole, or a refusal, whose words are read from the ReplicaSet's event, too."""
import pytest

import admission
from policy_cases import load_cases

CASES = load_cases("inject")


@pytest.fixture(scope="module")
def place(cluster):
    with admission.injection(cluster, *sorted({folder for case in CASES for folder in case.policies}, reverse=True)) as place:
        yield place


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case(cluster, place, case):
    admission.hold(cluster, place, case)
