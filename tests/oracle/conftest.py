# SPDX-License-Identifier: Apache-2.0
"""All cases are played once, side by side. Each test compares one of them."""
import pytest

from harness.sidecar import ROOT, build_folder
from oracle import suite


@pytest.fixture(scope="session")
def recordings():
    return suite.read()


@pytest.fixture(scope="session")
def intended():
    return suite.differences()


@pytest.fixture(scope="session")
def wanted(recordings, intended):
    return suite.expected(recordings, intended)


@pytest.fixture(scope="session")
def added():
    return suite.additions()


@pytest.fixture(scope="session")
def seen(added):
    if not ROOT:
        pytest.skip("needs root: files of several owners, and the program as an ordinary user")
    return suite.without(suite.play_all(build_folder() / "sts-sidecar"), added)
