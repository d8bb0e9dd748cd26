# SPDX-License-Identifier: Apache-2.0
"""Every manifest of this repository, and what kustomize makes of deploy/kustomize, at a real API server: strict validation, in a namespace with the Pod
Security Standard *restricted*, without a warning."""
import pathlib

import pytest
import yaml

from harness import pki
from kustomize import KINDS, OVERLAYS, app, overlay, settings
from manifests import EXAMPLES, KUSTOMIZE, NETWORK, applied, load, pods_of_pages, readme_pod, template, workload
from programs import until

APPLIED = applied()
# An administrator's objects, and the overlays that keep them.
FLOOR = {"type": "Container", "min": {"cpu": "10m", "memory": "16Mi"}, "default": {"cpu": "1", "memory": "256Mi"}, "defaultRequest": {"cpu": "100m", "memory": "64Mi"}}
RATIO = FLOOR | {"maxLimitRequestRatio": {"cpu": "10", "memory": "4"}}
LIMIT_RANGE, WITH_RATIO = ({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": {"limits": [each]}} for each in (FLOOR, RATIO))
QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"}, "spec": {"hard": {
    "requests.cpu": "1", "requests.memory": "1Gi", "limits.cpu": "2", "limits.memory": "2Gi"}}}


def pod_only(doc):
    """The Pod that a workload makes. A Deployment is admitted even if its Pods are not."""
    made = template(doc)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod", "labels": made["metadata"]["labels"]}, "spec": made["spec"]}


@pytest.fixture
def built(cluster, tmp_path):
    """built(folder): what kubectl's own kustomize makes of a folder."""
    return lambda folder: cluster.api.kubectl("kustomize", folder).stdout


@pytest.mark.parametrize("path", APPLIED, ids=[path.stem for path in APPLIED])
def test_a_manifest_applies(cluster, namespace, path):
    for _ in range(2):
        done = cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-f", path)
        assert "Warning" not in done.stderr and "conflict" not in done.stderr, done.stderr


def test_all_examples_in_one_namespace(cluster, namespace):
    """Together, with the NetworkPolicies, and each Pod of them is admitted, too."""
    for path in APPLIED:
        cluster.api.apply(namespace, path.read_text())
    for path in EXAMPLES.glob("*.yaml"):
        pod = pod_only(workload(load(path)))
        pod["metadata"]["name"] = f"pod-{path.stem}"
        cluster.api.apply(namespace, yaml.safe_dump(pod))


@pytest.mark.parametrize("kind, name", [
    pytest.param(kind, name, marks=[pytest.mark.more] if kind != "Deployment" and name != "everything" else []) for name in OVERLAYS for kind in KINDS])
def test_an_overlay_applies(cluster, namespace, built, tmp_path, kind, name):
    client = [pathlib.Path(path).read_text() for path in pki.issue(pki.authority(), purpose="client").files(tmp_path)]
    text = built(overlay(tmp_path / "overlay", [app(kind), settings()], OVERLAYS[name], client=client))
    cluster.api.apply(namespace, text)
    docs = [doc for doc in yaml.safe_load_all(text) if doc]
    cluster.api.apply(namespace, yaml.safe_dump(pod_only(workload(docs))))


@pytest.mark.parametrize("folder", [KUSTOMIZE / "example", NETWORK], ids=["example", "network"])
def test_a_folder_applies(cluster, namespace, built, folder):
    """The folder that users copy, and the one that they apply with -k."""
    cluster.api.apply(namespace, built(folder))
    cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-k", folder)


@pytest.mark.parametrize("limits, name, without", [
    (LIMIT_RANGE, "limit-range", "minimum cpu usage per Container is 10m"),
    (WITH_RATIO, "ratio", "cpu max limit to request ratio per Container is 10"),
    (QUOTA, "quota", "must specify limits.cpu for: sts-sidecar"),
], ids=["limit-range", "ratio", "quota"])
def test_limits_of_a_namespace(cluster, namespace, built, tmp_path, limits, name, without):
    """The overlay passes what the administrator asks for. Without its components the Pod is refused, and the words name what is missing."""
    cluster.api.apply(namespace, yaml.safe_dump(limits))
    if limits is QUOTA:
        path = f"/api/v1/namespaces/{namespace}/resourcequotas/quota"
        until(lambda: cluster.api.get(path)["status"].get("hard"), "the quota holds")
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
    user = app("Deployment")
    user["spec"]["template"]["spec"]["containers"][0]["resources"] = resources

    def pod(components):
        docs = yaml.safe_load_all(built(overlay(tmp_path / "-".join(components), [user, settings()], components)))
        return yaml.safe_dump(pod_only(workload([doc for doc in docs if doc])))
    done = cluster.api.kubectl("apply", "--server-side", "-n", namespace, "-f", "-", input=pod(["sidecar"]), status=1)
    assert without in done.stderr, done.stderr
    cluster.api.apply(namespace, pod(OVERLAYS[name]))


@pytest.mark.parametrize("page", pods_of_pages())
def test_the_pod_of_a_page_applies(cluster, namespace, page):
    cluster.api.apply(namespace, yaml.safe_dump(pods_of_pages()[page]))


@pytest.mark.parametrize("change, words", [
    (lambda pod: pod["spec"].update(hostNetwork=True), "violates PodSecurity"),
    (lambda pod: pod["spec"].update(contaners=[]), "field not declared in schema"),
    (lambda pod: pod["spec"]["initContainers"][0]["volumeMounts"].append({"name": "none", "mountPath": "/none"}), "Not found"),
], ids=["restricted", "strict", "valid"])
def test_the_api_server_refuses(cluster, namespace, change, words):
    """What is wrong is seen: the tests above can fail."""
    pod = readme_pod()
    change(pod)
    done = cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-f", "-", input=yaml.safe_dump(pod), status=1)
    assert words in done.stderr
