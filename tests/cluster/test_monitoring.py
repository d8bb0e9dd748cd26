# SPDX-License-Identifier: Apache-2.0
"""deploy/monitoring/ at a real API server that has the CRDs of the Prometheus operator: strict validation, without a warning."""
import json
import pathlib
import sys

import pytest
import yaml

from manifests import DEPLOY
from programs import until

FOLDER = DEPLOY / "monitoring"
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "monitoring"))

import fetch  # noqa: E402


@pytest.fixture(scope="module")
def operator(cluster):
    """The CRDs of the Prometheus operator. tests/cluster/run.sh has downloaded them."""
    for path in sorted((fetch.folder() / "crds").iterdir()):
        cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-f", path)
    for plural in ("podmonitors", "prometheusrules"):
        until(lambda plural=plural: cluster.api.ask("GET", f"/apis/monitoring.coreos.com/v1/{plural}").status == 200, f"{plural} are served")


def apply(cluster, namespace, folder, **more):
    return cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-k", folder, **more)


def test_the_folder_applies(cluster, namespace, operator):
    for _ in range(2):
        done = apply(cluster, namespace, FOLDER)
        assert "Warning" not in done.stderr and "conflict" not in done.stderr
    monitor = cluster.api.get(f"/apis/monitoring.coreos.com/v1/namespaces/{namespace}/podmonitors/sts-sidecar")
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] == "sts-metrics"
    rules = cluster.api.get(f"/apis/monitoring.coreos.com/v1/namespaces/{namespace}/prometheusrules/sts-sidecar")
    assert rules["spec"] == yaml.safe_load((FOLDER / "rules.yaml").read_text())["spec"]
    shown = cluster.api.get(f"/api/v1/namespaces/{namespace}/configmaps/sts-sidecar-dashboard")
    assert shown["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert json.loads(shown["data"]["dashboard.json"]) == json.loads((FOLDER / "dashboard.json").read_text())


@pytest.mark.parametrize("name, change, words", [
    ("podmonitor.yaml", lambda spec: spec["podMetricsEndpoints"][0].update(scrapeInterval="60s"), "field not declared in schema"),
    ("rules.yaml", lambda spec: spec["groups"][0]["rules"][0].update({"for": "soon"}), "should match")])
def test_a_mistake_is_refused(cluster, namespace, operator, name, change, words):
    document = yaml.safe_load((FOLDER / name).read_text())
    change(document["spec"])
    done = cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-f", "-", input=yaml.safe_dump(document), status=1)
    assert words in done.stderr
