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
# Files whose tests share what a fixture installs in the cluster. run.sh has several clusters; all tests of such a file run in one of them.
TOGETHER = {"test_chart", "test_guard", "test_inject", "test_inject_around", "test_inject_pods", "test_kyverno_folder", "test_monitoring", "test_openunison",
            "test_operations", "test_quick_start"}
# Files with tests that wait long. They are started first, so that no cluster waits for one of them at the end.
FIRST = {"test_pods", "test_examples", "test_memory"}


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in FIRST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            """What nodeid belongs to: its file, or nothing but itself."""
            path = nodeid.partition("::")[0]
            return path if pathlib.PurePath(path).stem in TOGETHER else nodeid
    return Scheduler(config, log)


def pytest_terminal_summary(terminalreporter):
    """What tests have measured: record_property("figure", TEXT)."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(value)


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
    return cluster.namespace()


@pytest.fixture
def pods(cluster, node, namespace):
    """pods(name): the Pod on the node. At the end the Pods of the namespace are deleted with a grace period of a second."""
    yield lambda name: Running(cluster, namespace, name)
    for path in ("apis/apps/v1", "deployments"), ("apis/apps/v1", "statefulsets"), ("apis/batch/v1", "cronjobs"), ("apis/batch/v1", "jobs"), ("api/v1", "pods"):
        cluster.api.ask("DELETE", f"/{path[0]}/namespaces/{namespace}/{path[1]}?propagationPolicy=Background&gracePeriodSeconds=1")
