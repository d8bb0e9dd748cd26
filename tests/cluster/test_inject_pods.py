# SPDX-License-Identifier: Apache-2.0
"""Injected Pods on a real kubelet: the application's first read, whatever its UID; later init containers; a Job; no token for the API server in the sidecar;
a CA from the profile; a profile that changes."""
import copy
import os
import pathlib

import jwt
import pytest
import yaml

import admission
from admission import create, labelled, owned, pod_of
from cluster import ISSUER
from manifests import load
from node import NAME, Running, sidecar_process
from policy_cases import CASES, INJECTION, load_profile
from programs import until

TOP = CASES.parents[2]
SERVICE, STS_AUDIENCE = "https://api.example.com", "https://sts.example.com"
PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
READ = ["sh", "-c", 'echo "token $(cat /tokens/token.jwt)"']
CONFINED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture(scope="module")
def image(node):
    """Our image by its digest: (repository, digest)."""
    repository, _, digest = node.by_digest().partition("@")
    return repository, digest


@pytest.fixture(scope="module")
def policies(cluster, image, tmp_path_factory):
    """deploy/inject as a platform team applies it: a kustomization with the image's digest, and the profile of the folder."""
    folder, (repository, digest) = tmp_path_factory.mktemp("platform"), image
    inject = os.path.relpath(TOP / "deploy" / "inject", folder)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({
        "resources": [inject], "images": [{"name": "sts-sidecar", "newName": repository, "digest": digest}], "transformers": [f"{inject}/image"]}))
    with admission.installed(cluster, cluster.api.kubectl("kustomize", folder).stdout):
        until(lambda: cluster.api.ask("GET", admission.PROFILES).status == 200, "the API server has the profiles")
        admission.apply(cluster, (TOP / "deploy" / "inject" / "profile.yaml").read_text())
        yield


def in_force(cluster, namespace, profile, args=()):
    """The policies add the sidecar with these arguments."""
    def look():
        made = create(cluster, namespace, restricted(labelled(profile)))
        return admission.is_injected(made) and set(args) <= set(made.json["spec"]["initContainers"][0]["args"])
    until(look, f"the policies know the profile {profile}")


@pytest.fixture
def namespace(cluster, policies):
    name = cluster.namespace(labels=INJECTION)
    in_force(cluster, name, "example")
    return name


@pytest.fixture
def open_namespace(cluster, policies):
    """Without a Pod Security Standard: for root."""
    name = cluster.namespace(restricted=False, labels=INJECTION)
    in_force(cluster, name, "example")
    return name


def restricted(pod):
    pod["spec"] |= {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
    for container in pod["spec"]["containers"]:
        container |= {"image": "registry.example.com/app:1.0", "securityContext": dict(CONFINED)}
    return pod


def on_node(pod, **spec):
    pod["spec"] |= {"nodeName": NAME} | spec
    return pod


def subject_token(pod):
    return (pathlib.Path("/proc") / str(sidecar_process(pod)) / "root" / PLACE[1:] / "token").read_text()


def audiences(token):
    return jwt.decode(token, options={"verify_signature": False})["aud"]


def test_a_deployment(cluster, namespace, pods, sts):
    """The template of the example: the first read of the application is a token, an init container has read one before, and the sidecar has no token for
    the API server."""
    [deployment] = [doc for doc in load(TOP / "deploy" / "examples" / "injected.yaml") if doc["kind"] == "Deployment"]
    template = deployment["spec"]["template"]
    pod = on_node(copy.deepcopy({"metadata": template["metadata"], "spec": template["spec"]}), automountServiceAccountToken=True, serviceAccountName="default")
    pod["spec"]["containers"][0]["image"] = "registry.example.com/app:1.0"
    pod["spec"]["initContainers"] = [{"name": "early", "image": "registry.example.com/app:1.0", "command": READ, "securityContext": dict(CONFINED)}]
    with owned(cluster, namespace, pod) as name:
        app = pods(pod_of(cluster, namespace, name)["metadata"]["name"]).started()
        for token in (app.first_read(), app.first_read("early")):
            assert sts.verify(token, SERVICE)["sub"].endswith(f":{namespace}:default")
        made = app.get()
        assert [container["name"] for container in made["spec"]["initContainers"]] == ["sts-sidecar", "early"]
        assert app.status("sts-sidecar")["ready"] and app.status("sts-sidecar")["restartCount"] == 0
        # The application has a token for the API server. The sidecar has the subject token in its place, and nothing else.
        assert audiences(app.exec("app", "cat", f"{PLACE}/token").stdout) == [ISSUER]
        assert audiences(subject_token(made)) == [STS_AUDIENCE]
        folder = pathlib.Path("/proc") / str(sidecar_process(made))
        assert [path.name for path in (folder / "root" / PLACE[1:]).iterdir() if not path.name.startswith("..")] == ["token"]
        assert "kube-api-access" not in (folder / "mountinfo").read_text()
        assert app.exec("app", "sh", "-c", "echo > /tokens/own", status=None).returncode != 0


def test_a_job(cluster, namespace, pods, sts):
    pod = on_node(restricted(labelled("example")))
    pod["spec"]["containers"][0]["command"] = READ
    with owned(cluster, namespace, pod, "Job") as name:
        path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}"
        until(lambda: cluster.api.get(path)["status"].get("succeeded") == 1, "the Job is complete", limit_s=120, every_s=0.5)
        run = pods(pod_of(cluster, namespace, name)["metadata"]["name"])
        assert sts.verify(run.first_read(), SERVICE)
        assert run.status("sts-sidecar")["state"]["terminated"]["exitCode"] == 0


NOBODY = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.parametrize("context, uid, mode", [
    (NOBODY | {"runAsUser": 65532}, 65532, "644"),
    (NOBODY | {"runAsUser": 1001}, 1001, "644"),
    (NOBODY | {"fsGroup": 2000}, 65532, "640"),
], ids=["the UID of the image", "another UID", "fsGroup"])
def test_an_application_that_is_not_root(cluster, namespace, pods, sts, context, uid, mode):
    pod = on_node(restricted(labelled("example")), securityContext=context)
    with admission.created(cluster, namespace, pod) as made:
        app = pods(made["metadata"]["name"]).started()
        assert sts.verify(app.first_read(), SERVICE)
        assert app.exec("app", "stat", "-c", "%a %u", "/tokens/token.jwt").stdout.split() == [mode, str(uid)]


@pytest.mark.parametrize("where, annotation, uid", [
    ("pod", None, 65532), ("container", None, 65532), ("pod", "1001", 1001), ("container", "1001", 1001)])
def test_an_application_that_is_root(cluster, open_namespace, sts, where, annotation, uid):
    """The Pod says so for all, or the container for itself. The sidecar has the UID of its image, or that of the annotation."""
    pod = on_node(labelled("example"))
    pod["spec"]["containers"][0] |= {"image": "registry.example.com/app:1.0"} | ({"securityContext": {"runAsUser": 0}} if where == "container" else {})
    if where == "pod":
        pod["spec"]["securityContext"] = {"runAsUser": 0}
    if annotation:
        pod["metadata"]["annotations"] = {"sts-sidecar.io/run-as-user": annotation}
    with admission.created(cluster, open_namespace, pod) as made:
        app = Running(cluster, open_namespace, made["metadata"]["name"]).started()
        assert sts.verify(app.first_read(), SERVICE)
        assert app.exec("app", "id", "-u").stdout.strip() == "0"
        assert app.exec("app", "stat", "-c", "%u", "/tokens/token.jwt").stdout.strip() == str(uid)


def test_a_profile_that_changes(cluster, namespace, pods, sts):
    """New Pods get what it prescribes now; a Pod that runs keeps its sidecar."""
    path = f"{admission.PROFILES}/example"
    before = cluster.api.get(path)["spec"]
    with admission.created(cluster, namespace, on_node(restricted(labelled("example")))) as old:
        first = pods(old["metadata"]["name"]).started()
        sts.verify(first.first_read(), SERVICE)
        change = {"args": {"audience": ["https://other.example.com"]}}
        cluster.api.must("PATCH", path, {"spec": change}, content_type="application/merge-patch+json")
        try:
            in_force(cluster, namespace, "example", ["--audience=https://other.example.com"])
            with admission.created(cluster, namespace, on_node(restricted(labelled("example")))) as new:
                assert sts.verify(pods(new["metadata"]["name"]).started().first_read(), "https://other.example.com")
            assert first.get()["spec"] == old["spec"] and first.status("sts-sidecar")["restartCount"] == 0
            assert first.exec("sts-sidecar", "/sts-sidecar", "refresh", "/tokens").returncode == 0
            sts.verify(first.tokens()[-1], SERVICE)
        finally:
            cluster.api.must("PATCH", path, {"spec": before}, content_type="application/merge-patch+json")


@pytest.mark.parametrize("kind", ["pem", "clusterTrustBundle"])
def test_a_ca_of_the_profile(cluster, namespace, pods, sts, sts_ca, kind):
    """The sidecar trusts the CA of the profile alone: its text comes by an annotation, which nobody can change; a ClusterTrustBundle comes by its name."""
    objects = []
    ca = {"pem": sts_ca.pem.decode()}
    if kind == "clusterTrustBundle":
        ca = {"clusterTrustBundle": "sts"}
        objects.append({"apiVersion": "certificates.k8s.io/v1", "kind": "ClusterTrustBundle", "metadata": {"name": "sts"},
                        "spec": {"trustBundle": sts_ca.pem.decode()}})
    profile = load_profile("example")["profile"]
    profile["metadata"]["name"] = "ca"
    profile["spec"]["ca"] = ca | {"only": True}
    with admission.installed(cluster, yaml.safe_dump_all([*objects, profile])):
        in_force(cluster, namespace, "ca")
        with admission.created(cluster, namespace, on_node(restricted(labelled("ca")))) as made:
            app = pods(made["metadata"]["name"]).started()
            assert sts.verify(app.first_read(), SERVICE)
            file = pathlib.Path("/proc") / str(sidecar_process(app.get())) / "root" / PLACE[1:] / "ca.pem"
            assert file.read_text().strip() == sts_ca.pem.decode().strip()


def test_another_ca(cluster, namespace, pods, sts):
    """With a CA that is not that of the STS there is no token, and the log says why: the CA of the image does not count."""
    profile = load_profile("private-ca")["profile"]
    profile["metadata"]["name"] = "other-ca"
    with admission.installed(cluster, yaml.safe_dump(profile)):
        in_force(cluster, namespace, "other-ca")
        with admission.created(cluster, namespace, on_node(restricted(labelled("other-ca")))) as made:
            app = pods(made["metadata"]["name"])
            app.started("sts-sidecar")
            until(lambda: '"error":"cert_signature"' in app.log("sts-sidecar"), "the refused certificate", every_s=0.5)
            assert app.status("app")["state"].keys() == {"waiting"}
