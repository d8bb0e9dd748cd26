# SPDX-License-Identifier: Apache-2.0
"""deploy/inject/kyverno at a real API server that has Kyverno's CRDs: strict validation, without a warning. Its controllers do not run here; kyverno/ has the cases with its command line."""
import os
import pathlib

import pytest

from manifests import DEPLOY
from programs import until

FOLDER = DEPLOY / "inject/kyverno"
GROUP = "/apis/policies.kyverno.io/v1"


@pytest.fixture(scope="module")
def crds(cluster):
    """tests/cluster/run.sh has downloaded the module of Kyverno that kyverno/go.mod pins."""
    paths = sorted((pathlib.Path(os.environ["STS_CLUSTER_KYVERNO"]) / "config/crds/policies.kyverno.io").glob("*ingpolicies.yaml"))
    assert len(paths) >= 5
    for path in paths:
        cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-f", path)
    for plural in ("mutatingpolicies", "validatingpolicies"):
        until(lambda plural=plural: cluster.api.ask("GET", f"{GROUP}/{plural}").status == 200, f"{plural} are served")


def apply(cluster, text):
    done = cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", input=text, status=None)
    assert "Warning" not in done.stderr and "conflict" not in done.stderr, done.stderr
    return done


def test_the_folder_applies(cluster, crds):
    text = cluster.api.kubectl("kustomize", FOLDER).stdout
    try:
        for _ in range(2):
            done = apply(cluster, text)
            assert done.returncode == 0, done.stderr
        assert [each["metadata"]["name"] for each in cluster.api.get(f"{GROUP}/mutatingpolicies")["items"]] == ["sts-sidecar"]
        mistake = apply(cluster, text.replace("\n  matchConstraints:", "\n  matchConstrains:"))
        assert mistake.returncode != 0 and "MutatingPolicy): .spec.matchConstrains: field not declared in schema" in mistake.stderr, mistake.stderr
    finally:
        cluster.api.kubectl("delete", "--ignore-not-found", "-f", "-", input=text, limit_s=120)
