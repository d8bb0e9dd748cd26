# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the container tests, which tests/container/run.sh starts."""
import json
import pathlib
import shutil
import signal
import tarfile
import tempfile

import pytest
from podman import Podman

TEST_LIMIT_S = 180
BUILT = pathlib.Path(__file__).resolve().parents[2] / "build-container"


@pytest.fixture(autouse=True)
def limit():
    """A test that hangs is a test that fails."""
    def late(*_):
        raise TimeoutError(f"the test took more than {TEST_LIMIT_S} s")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(TEST_LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def engine():
    podman = Podman(BUILT / f"{name}.tar" for name in ("sts-sidecar", "app", "beside"))
    yield podman
    podman.close()


@pytest.fixture
def podman(engine):
    yield engine
    engine.clean()


@pytest.fixture
def folder():
    """Like tmp_path, but every user may look into it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="sts-pod-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


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
