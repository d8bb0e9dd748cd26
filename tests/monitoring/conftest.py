# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the programs and CRDs that are downloaded, and a Prometheus that scrapes sidecars in several states."""
import contextlib
import pathlib
import shutil
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "e2e")]

import fetch  # noqa: E402
from harness.fixtures import folder, limit_of  # noqa: E402,F401
from prometheus import Prometheus  # noqa: E402
from sidecars import Fleet  # noqa: E402

limit = limit_of(120)


@pytest.fixture(scope="session")
def downloaded():
    return fetch.fetch()


@pytest.fixture(scope="session")
def fleet():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-test-"))    # not tmp_path: the user of the sidecars may look into it
    folder.chmod(0o755)
    with Fleet(folder) as made:
        yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def prometheus(downloaded, fleet, tmp_path_factory):
    with contextlib.closing(Prometheus(downloaded, tmp_path_factory.mktemp("prometheus"), fleet.pods)) as made:
        yield made
