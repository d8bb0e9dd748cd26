# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the container tests, which tests/container/run.sh starts."""
import json
import pathlib
import sys
import tarfile

import pytest
from podman import Podman

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.fixtures import folder, limit_of  # noqa: E402,F401

limit = limit_of(180)

BUILT = pathlib.Path(__file__).resolve().parents[2] / "build-container"


@pytest.fixture(scope="session")
def engine():
    podman = Podman(BUILT / f"{name}.tar" for name in ("sts-sidecar", "app", "beside"))
    yield podman
    podman.close()


@pytest.fixture
def podman(engine):
    yield engine
    engine.clean()


class Archive:
    """A docker-archive: the files of its layers, and its configuration."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            [manifest] = json.load(archive.extractfile("manifest.json"))
            self.config = json.load(archive.extractfile(manifest["Config"]))
            self.layers = len(manifest["Layers"])
            self.files, self.data = {}, {}
            for layer in manifest["Layers"]:
                with tarfile.open(fileobj=archive.extractfile(layer)) as content:
                    for member in content:
                        name = member.name.strip("/")
                        self.files[name] = member
                        if member.isfile():
                            self.data[name] = content.extractfile(member).read()


@pytest.fixture(scope="session")
def archive():
    return lambda name: Archive(BUILT / f"{name}.tar")
