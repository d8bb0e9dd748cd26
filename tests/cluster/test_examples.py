# SPDX-License-Identifier: Apache-2.0
"""The Deployments, StatefulSets, Jobs and CronJobs of deploy/examples, and what kustomize makes of deploy/kustomize, on a real kubelet. Each application
gets its token from mock-sts, which answers as the services do."""
import contextlib
import json
import re
import ssl
import urllib.parse

import jwt
import pytest
import yaml

import kustomize
from cluster import PARTNER, STS
from harness import pki, proxies, servers
from manifests import DEPLOY, EXAMPLES, KUSTOMIZE, containers, load, one, template, workload
from node import NAME, OURS, apply
from programs import until
from sts import NAMES, Sts, other_sts

pytestmark = pytest.mark.more

SERVICE = "https://api.example.com"
KEYCLOAK = "https://keycloak.example.com/realms/shop/protocol/openid-connect"
JWT = r"[\w-]+\.[\w-]+\.[\w-]+"
# Example: the audience of the token that the application reads, or a pattern for a token that is not a JWT.
SERVERS = {
    "aws-sdk": "sts.amazonaws.com",
    "google": "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pods/providers/sts",
    "azure": "api://AzureADTokenExchange",
    "vault-agent": "https://vault.example.com",
    "openbao": re.compile(r"\S{20,}"),
    "anthropic-token-request": re.compile(r"sk-ant-oat\S+"),
}


def made_by(cluster, pods, namespace, label):
    """The Pod with this label, when its controller has made it."""
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector={urllib.parse.quote(label)}"
    [pod] = until(lambda: cluster.api.get(path)["items"], f"a Pod with {label}", limit_s=60, every_s=0.3)
    return pods(pod["metadata"]["name"])


def shell(docs, command):
    """The same documents; the application runs this command and ends."""
    [app] = template(workload(docs))["spec"]["containers"]
    app["command"] = ["sh", "-c", command]
    return docs


def finished(cluster, namespace, name):
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}"
    until(lambda: cluster.api.get(path)["status"].get("succeeded") == 1, f"the Job {name} is complete", limit_s=120, every_s=0.5)


@pytest.mark.parametrize("name", SERVERS)
def test_an_example_for_a_server(cluster, namespace, pods, sts, name):
    """A Deployment or a StatefulSet, as it stands: the first thing that its application reads is a token of the right kind."""
    apply(cluster, namespace, load(EXAMPLES / f"{name}.yaml"))
    app = made_by(cluster, pods, namespace, f"app={name}").started()
    token = app.first_read()
    if isinstance(SERVERS[name], re.Pattern):
        assert SERVERS[name].fullmatch(token), token
    else:
        assert sts.verify(token, SERVERS[name])["sub"].endswith(f":{namespace}:{name}")


@pytest.fixture
def guard(cluster, namespace):
    """The guard of TokenRequest, which holds already: a token without a Pod is refused, although this user may do anything."""
    folder = DEPLOY / "guard/token-request"
    cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-k", folder)
    guarded = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "guarded", "labels": {"sts-sidecar.io/token-request": "guarded"}}}
    cluster.api.apply(namespace, json.dumps(guarded))
    until(lambda: cluster.api.kubectl("create", "token", "-n", namespace, "guarded", status=None).returncode != 0, "the guard holds", every_s=0.5)
    yield
    cluster.api.kubectl("delete", "-k", folder)


@pytest.mark.parametrize("name", ["token-request", "anthropic-token-request"])
def test_with_the_guard(cluster, namespace, pods, sts, guard, name):
    """The guard lets through what the examples ask for."""
    apply(cluster, namespace, load(EXAMPLES / f"{name}.yaml"))
    assert len(made_by(cluster, pods, namespace, f"app={name}").started().first_read()) > 20


def test_keycloak(cluster, namespace, pods, sts_ca, tmp_path):
    with contextlib.closing(Sts(tmp_path, sts_ca, cluster.keys(), issuer=KEYCLOAK)) as keycloak:
        docs = load(EXAMPLES / "keycloak.yaml")
        # mock-sts issues for the audience that the request names, where Keycloak has a mapper.
        docs[-1]["spec"]["template"]["spec"]["initContainers"][0]["args"].append(f"--audience={SERVICE}")
        apply(cluster, namespace, docs)
        app = made_by(cluster, pods, namespace, "app=keycloak").started()
        assert keycloak.verify(app.first_read(), SERVICE)["sub"].endswith(f":{namespace}:keycloak")


def test_several_services(cluster, namespace, pods, sts):
    """Two exchanges of two audiences; the application starts when both are done."""
    docs = shell(load(EXAMPLES / "several-services.yaml"), 'cat /tokens/aws/aws-process.json; echo; echo "token $(cat /tokens/api/token.jwt)"; sleep 1000')
    apply(cluster, namespace, docs)
    app = made_by(cluster, pods, namespace, "app=several-services").started()
    assert sts.verify(app.first_read(), SERVICE)["sub"].endswith(f":{namespace}:several-services")
    [line] = [line for line in app.log("app").splitlines() if line.startswith("{")]
    assert json.loads(line)["AccessKeyId"]


def test_a_job(cluster, namespace, pods, sts):
    docs = shell(load(EXAMPLES / "anthropic.yaml"), 'echo "token $(cat $ANTHROPIC_IDENTITY_TOKEN_FILE)"')
    apply(cluster, namespace, docs)
    finished(cluster, namespace, "anthropic")
    run = made_by(cluster, pods, namespace, "job-name=anthropic")
    assert sts.verify(run.first_read(), "https://api.anthropic.com")["sub"].endswith(f":{namespace}:anthropic")
    assert run.status("sts-sidecar")["state"]["terminated"]["exitCode"] == 0


@pytest.mark.parametrize("name, command, pattern", [
    ("openai", 'echo "token $(cat $TOKEN_FILE)"', r"^token \S{20,}$"),
    ("aws-credentials", 'echo "token $(cat $AWS_SHARED_CREDENTIALS_FILE)"', r"aws_session_token *= *\S+"),
])
def test_a_cron_job(cluster, namespace, pods, sts, name, command, pattern):
    """A Job that is made of the CronJob now."""
    apply(cluster, namespace, shell(load(EXAMPLES / f"{name}.yaml"), command))
    cluster.api.kubectl("create", "job", "-n", namespace, "now", f"--from=cronjob/{name}")
    finished(cluster, namespace, "now")
    run = made_by(cluster, pods, namespace, "job-name=now")
    assert re.search(pattern, run.log("app"), re.M), run.log("app")


class Overlay:
    """A user's overlay on the node."""

    def __init__(self, cluster, namespace, pods, folder):
        self.cluster, self.namespace, self.pods, self.folder = cluster, namespace, pods, folder

    def __call__(self, kind, components, spec=None, **more):
        """Builds it with kubectl, applies it and returns its Pod."""
        image = {"name": "sts-sidecar", "newName": OURS.rpartition(":")[0], "newTag": OURS.rpartition(":")[2]}
        folder = kustomize.overlay(self.folder / "overlay", [kustomize.app(kind, spec=spec), kustomize.settings()], components, images=[image], **more)
        docs = [doc for doc in yaml.safe_load_all(self.cluster.api.kubectl("kustomize", folder).stdout) if doc]
        if kind in ("Job", "CronJob"):
            for each in template(workload(docs))["spec"]["containers"]:
                each["command"] = ["sh", "-c", 'echo "token $(cat /tokens/token.jwt)"']
        apply(self.cluster, self.namespace, docs)
        if kind == "CronJob":
            self.cluster.api.kubectl("create", "job", "-n", self.namespace, "now", "--from=cronjob/cart")
        return made_by(self.cluster, self.pods, self.namespace, "app=cart")


@pytest.fixture
def overlay(cluster, namespace, pods, tmp_path):
    return Overlay(cluster, namespace, pods, tmp_path)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "Job", "CronJob"])
def test_the_smallest_overlay(cluster, namespace, sts, overlay, kind):
    app = overlay(kind, ["sidecar"])
    if kind in ("Job", "CronJob"):
        finished(cluster, namespace, "now" if kind == "CronJob" else "cart")
        assert app.status("sts-sidecar")["state"]["terminated"]["exitCode"] == 0
    assert sts.verify(app.started().first_read(), SERVICE)["sub"].endswith(f":{namespace}:default")


def test_the_token_for_the_api_server(namespace, sts, overlay):
    """An application that has one keeps it. The sidecar has none, although the Pod asks for one in every container."""
    app = overlay("Deployment", ["sidecar"], {"automountServiceAccountToken": True}).started()
    assert sts.verify(app.first_read(), SERVICE)
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert "token" in app.exec("app", "ls", folder).stdout.split()
    [ours] = [each for each in app.get()["spec"]["initContainers"] if each["name"] == "sts-sidecar"]
    assert [mount["name"] for mount in ours["volumeMounts"] if mount["mountPath"] == folder] == ["sts-sidecar-subject"]


def test_init_only(cluster, namespace, sts, overlay):
    app = overlay("Job", ["init-only"])
    finished(cluster, namespace, "cart")
    assert sts.verify(app.first_read(), SERVICE)
    assert app.status("sts-sidecar")["state"]["terminated"]["reason"] == "Completed"


def test_metrics(sts, overlay):
    app = overlay("Deployment", ["sidecar", "metrics"]).started()
    assert sts.verify(app.first_read(), SERVICE)
    until(lambda: app.status("sts-sidecar")["ready"], "the readiness probe")


def test_fs_group(sts, overlay):
    app = overlay("StatefulSet", ["sidecar", "fs-group"]).started()
    assert sts.verify(app.first_read(), SERVICE)
    assert app.exec("app", "stat", "-c", "%a %u %g", "/tokens/token.jwt").stdout.split() == ["640", "65532", "2000"]


def test_limits(sts, overlay):
    """16Mi is enough for the program and for what the probes run beside it."""
    app = overlay("Deployment", ["sidecar", "quota"], {"containers": [{
        "name": "app", "image": "app", "securityContext": kustomize.app("Job")["spec"]["template"]["spec"]["containers"][0]["securityContext"]}]}).started()
    assert sts.verify(app.first_read(), SERVICE)
    assert app.status("sts-sidecar")["restartCount"] == 0


def test_private_ca(cluster, sts_ca, overlay, tmp_path):
    """An STS whose CA the image does not have."""
    own = pki.authority(cn="a CA of the company")
    with contextlib.closing(Sts(tmp_path, own, cluster.keys())) as sts:
        app = overlay("Deployment", ["sidecar", "private-ca"], ca=own.pem.decode()).started()
        assert sts.verify(app.first_read(), SERVICE)


def test_proxy(sts, overlay):
    with proxies.Tunnel(443, host=STS, address=PARTNER, at=3128) as proxy:
        assert sts.verify(overlay("Deployment", ["sidecar", "proxy"]).started().first_read(), SERVICE)
        assert proxy.requests[0].startswith(b"CONNECT sts.example.com:443 ")


def test_mutual_tls(cluster, namespace, overlay, tmp_path):
    """The server takes no connection without a certificate of its CA for clients."""
    own, clients = pki.authority(cn="a CA of the company"), pki.authority(cn="a CA for clients")
    client = pki.issue(clients, cn="cart", purpose="client")
    cert, key = map(open, client.files(tmp_path))
    with cert, key:
        files = cert.read(), key.read()
    issued, got, answer = other_sts(SERVICE)
    tls = servers.tls_context(pki.server(own, names=list(NAMES)), tmp_path)
    (tmp_path / "clients.pem").write_bytes(clients.pem)
    tls.load_verify_locations(tmp_path / "clients.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    with contextlib.closing(servers.Server(answer, tls=tls, address=STS, port=443)):
        app = overlay("Deployment", ["sidecar", "private-ca", "mutual-tls"], ca=own.pem.decode(), client=files).started()
        assert app.first_read() == issued
    assert jwt.decode(got[0], options={"verify_signature": False})["sub"] == f"system:serviceaccount:{namespace}:default"


@pytest.mark.parametrize("image, words", [
    ("sts-sidecar", "docker.io/library/sts-sidecar"),
    ("registry.example.com/sts-sidecar@sha256:THE-DIGEST-OF-YOUR-IMAGE", "couldn't parse image name"),
], ids=["none", "the example's"])
def test_an_image_that_nobody_set(cluster, namespace, pods, image, words):
    """The application does not start, and the event names the image."""
    docs = load(EXAMPLES / "native-sidecar.yaml")
    pod = workload(docs)
    pod["spec"]["nodeName"] = NAME
    for each in containers(pod):
        each["image"] = image if each["image"] == "sts-sidecar" else each["image"]
    cluster.api.apply(namespace, yaml.safe_dump_all(docs))
    app = pods("native-sidecar")

    def look():
        events = app.describe().partition("\nEvents:")[2]
        assert words in events and image in events, events
        return True
    until(look, "the event", limit_s=120, every_s=1)
    assert app.status("app")["state"].keys() == {"waiting"}


def test_the_example_of_kustomize(cluster, namespace, pods, sts):
    """The folder that users copy, with an image."""
    docs = [doc for doc in yaml.safe_load_all(cluster.api.kubectl("kustomize", KUSTOMIZE / "example").stdout) if doc]
    for each in template(workload(docs))["spec"]["initContainers"]:
        each["image"] = OURS
    apply(cluster, namespace, docs)
    app = made_by(cluster, pods, namespace, "app=cart").started()
    assert sts.verify(app.first_read(), SERVICE)["sub"].endswith(f":{namespace}:{one(docs, 'ServiceAccount')['metadata']['name']}")
