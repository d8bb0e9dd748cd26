# SPDX-License-Identifier: Apache-2.0
"""Every example of deploy/ at a real API server: strict validation, in a namespace with the Pod Security Standard *restricted*, without a warning."""
import pytest
import yaml

from manifests import EXAMPLES, pods_of_pages, readme_pod

MANIFESTS = sorted(EXAMPLES.rglob("*.yaml"))


@pytest.mark.parametrize("path", MANIFESTS, ids=[path.stem for path in MANIFESTS])
def test_a_manifest_applies(cluster, namespace, path):
    cluster.api.apply(namespace, path.read_text())
    again = cluster.api.apply(namespace, path.read_text())
    assert "conflict" not in again.stderr


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
