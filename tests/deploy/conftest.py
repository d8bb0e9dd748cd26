# SPDX-License-Identifier: Apache-2.0
"""The program that judges deploy/ without a cluster. tests/container/manifests.py has the rules of a manifest, tests/cluster/policy_cases.py reads the cases."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "container"), str(HERE.parent / "cluster")]

import kustomize  # noqa: E402
from policy_judge import Judge, kustomizations, program  # noqa: E402


@pytest.fixture(scope="session")
def judge():
    return Judge(program())


@pytest.fixture(scope="session")
def build(judge):
    """build(folder): the documents that kustomize makes of it."""
    return lambda folder, **more: kustomize.run([judge.program, "build"], folder, **more)


@pytest.fixture(scope="session")
def built(build):
    """{folder: objects} of every kustomization of deploy/ and of the cases that can be built as it stands."""
    return {folder: build(folder) for folder in kustomizations()}
