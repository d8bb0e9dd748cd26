# SPDX-License-Identifier: Apache-2.0
"""The programs that judge deploy/ without a cluster. tests/container/manifests.py has the rules of a manifest."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "container")]

import kustomize  # noqa: E402


@pytest.fixture(scope="session")
def build():
    """build(folder): the documents that kustomize makes of it."""
    program = kustomize.program()
    return lambda folder, **more: kustomize.run([program, "build"], folder, **more)
