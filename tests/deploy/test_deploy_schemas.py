# SPDX-License-Identifier: Apache-2.0
"""Every manifest of deploy/, and what its kustomizations make: the published schema of the newest Kubernetes, which refuses unknown fields."""
import copy

import kubernetes_validate
import pytest
from policy_judge import DEPLOY, documents, kustomizations, manifests

NEWEST = "1.37"
# Objects of other projects. tests/cluster/ applies them where their CustomResourceDefinitions are.
FOREIGN = ("kustomize.config.k8s.io/", "builtin", "monitoring.coreos.com/", "policies.kyverno.io/")
OURS = "sts-sidecar.io/"


def ids(paths):
    return [str(path.relative_to(DEPLOY)) for path in paths]


def validated(docs):
    """The number of objects that the schema knows; custom resources of ours are judged by test_policies.py."""
    known = [doc for doc in docs if not doc["apiVersion"].startswith((*FOREIGN, OURS))]
    for doc in known:
        kubernetes_validate.validate(doc, NEWEST, strict=True)
    return len(known)


@pytest.mark.parametrize("path", manifests(), ids=ids(manifests()))
def test_a_manifest(path):
    for doc in documents(path):
        assert doc["apiVersion"] and doc["kind"] and (doc["kind"] in ("Kustomization", "Component") or doc["metadata"]["name"])
    validated(documents(path))


FOLDERS = [path for path in kustomizations() if path.is_relative_to(DEPLOY)]


@pytest.mark.parametrize("folder", FOLDERS, ids=ids(FOLDERS))
def test_what_a_kustomization_makes(built, folder):
    objects = built[folder]
    names = [(each["apiVersion"], each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in objects]
    assert objects and len(names) == len(set(names))
    validated(objects)


def test_a_mistake_is_found():
    policy = next(doc for doc in documents(DEPLOY / "guard/checklist/policy.yaml"))
    assert validated([policy]) == 1
    wrong = copy.deepcopy(policy)
    wrong["spec"]["validation"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        validated([wrong])
