# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the container tests, which tests/container/run.sh starts."""
import functools
import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile

import pytest
from podman import Podman

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.fixtures import folder, limit_of  # noqa: E402,F401

limit = limit_of(180)

BUILT = pathlib.Path(__file__).resolve().parents[2] / "build-container"
# The short form has an image for amd64 alone, with a CA bundle.
needs_all_images = pytest.mark.skipif("STS_CONTAINER_SHORT" in os.environ, reason="tests/container/run.sh without --short builds this image")


@pytest.fixture(scope="session")
def engine():
    podman = Podman(BUILT / f"{name}.tar" for name in ("sts-sidecar", "app", "beside"))
    yield podman
    podman.close()


@pytest.fixture
def podman(engine):
    yield engine
    engine.clean()


class Files:
    """What is in the layers of an image."""

    def __init__(self):
        self.files, self.data, self.layers = {}, {}, 0

    def read(self, stream):
        self.layers += 1
        with tarfile.open(fileobj=stream) as content:
            for member in content:
                name = member.name.strip("/")
                self.files[name] = member
                if member.isfile():
                    self.data[name] = content.extractfile(member).read()


class Archive(Files):
    """A docker-archive: the files of its layers, and its configuration."""

    def __init__(self, path):
        super().__init__()
        with tarfile.open(path) as archive:
            [manifest] = json.load(archive.extractfile("manifest.json"))
            self.config = json.load(archive.extractfile(manifest["Config"]))
            for layer in manifest["Layers"]:
                self.read(archive.extractfile(layer))


class Image(Files):
    """An image of an OCI layout. download_bytes is what a node fetches for it."""

    def __init__(self, layout, descriptor):
        super().__init__()
        self.platform = descriptor["platform"]
        self.manifest = layout.document(descriptor)
        self.config = layout.document(self.manifest["config"])
        for layer in self.manifest["layers"]:
            self.read(io.BytesIO(layout.blob(layer)))
        self.download_bytes = descriptor["size"] + sum(each["size"] for each in [self.manifest["config"], *self.manifest["layers"]])


class Layout:
    """An OCI layout of tools/image.sh: its images by architecture, and what is beside them in its index.json."""

    def __init__(self, path):
        self.path = path
        self.index, *self.others = json.loads((path / "index.json").read_bytes())["manifests"]
        self.digest, self.annotations = self.index["digest"], self.index["annotations"]
        found = [Image(self, each) for each in self.document(self.index)["manifests"]]
        self.images = {each.platform["architecture"]: each for each in found}
        assert len(found) == len(self.images)

    def blob(self, descriptor):
        data = (self.path / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
        assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"] and len(data) == descriptor["size"]
        return data

    def document(self, descriptor):
        return json.loads(self.blob(descriptor))


@pytest.fixture(scope="session")
def archive():
    return lambda name: Archive(BUILT / f"{name}.tar")


@pytest.fixture(scope="session")
def layout():
    return functools.cache(lambda name: Layout(BUILT / name))
