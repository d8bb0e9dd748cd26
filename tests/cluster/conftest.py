# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the cluster, its node, the STS that its Pods find by name. What the tests share with the end-to-end tests comes from tests/e2e/harness."""
import contextlib
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "e2e"), str(HERE.parent / "names"), str(HERE.parent / "container"), str(HERE.parent / "deploy")]

from harness import pki  # noqa: E402
from harness.fixtures import folder, limit_of, sidecar  # noqa: E402,F401

import cluster as rig  # noqa: E402
from nameserver import NameServer  # noqa: E402
from node import Node, Running  # noqa: E402
from sts import NAMES, Sts  # noqa: E402

limit = limit_of(300)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """An API server that is ready, and the addresses that go with it."""
    rig.make_network()
    with rig.Cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="session")
def sts_ca():
    return pki.authority(cn="CA of the STS")


@pytest.fixture(scope="session")
def node(cluster, sts_ca):
    """A kubelet whose Pods resolve the names of the STS; the image of the program has the CA of the STS in its bundle."""
    with NameServer(rig.NODE, {name: [address] for name, address in NAMES.items()}, []), Node(cluster, sts_ca.pem) as made:
        yield made


@pytest.fixture
def sts(cluster, sts_ca, tmp_path):
    """A mock STS that trusts the cluster."""
    with contextlib.closing(Sts(tmp_path, sts_ca, cluster.keys())) as made:
        yield made


@pytest.fixture
def namespace(cluster):
    """A namespace with the Pod Security Standard *restricted*."""
    name = cluster.namespace()
    yield name
    cluster.api.ask("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def pods(cluster, node, namespace):
    """pods(name): the Pod on the node. At the end the Pods of the namespace are deleted without a grace period."""
    yield lambda name: Running(cluster, namespace, name)
    cluster.api.kubectl("delete", "pods,deployments,jobs", "--all", "-n", namespace, "--grace-period=1", "--force", "--wait=false", status=None)
