# SPDX-License-Identifier: Apache-2.0
"""The tokens of a real API server, and its TokenRequest. No node is needed: a Pod that waits for a node is a Pod that a token can be bound to."""
import json
import os
import pathlib
import re
import urllib.parse

import jwt
import pytest

from cluster import API, ISSUER, STS, program
from harness.sidecar import Space
from manifests import EXAMPLES, load, one
from programs import until

AUDIENCE = "https://sts.example.com"
VAULT = "https://vault.example"
NAME = "token-request"    # of the Pod and the ServiceAccount of the example


@pytest.fixture
def space(folder):
    return Space(folder)


@pytest.fixture
def pod(cluster, namespace):
    """A Pod of the ServiceAccount of the example, without any right."""
    return make_pod(cluster, namespace)


def make_pod(cluster, namespace):
    pod = one(load(EXAMPLES / "token-request.yaml"), "Pod")
    cluster.api.apply(namespace, json.dumps(one(load(EXAMPLES / "token-request.yaml"), "ServiceAccount")))
    cluster.api.apply(namespace, json.dumps(pod))
    return cluster.api.get(f"/api/v1/namespaces/{namespace}/pods/{NAME}")


def delete(cluster, pod):
    path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
    cluster.api.ask("DELETE", path + "?gracePeriodSeconds=0")
    until(lambda: cluster.api.ask("GET", path).status == 404, "the Pod is gone")


def allow(cluster, namespace):
    """The Role and the RoleBinding of the example."""
    for kind in ("Role", "RoleBinding"):
        cluster.api.apply(namespace, json.dumps(one(load(EXAMPLES / "token-request.yaml"), kind)))


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_the_api_server_is_the_pinned_one(cluster):
    assert program("").parent.name.startswith(cluster.api.get("/version")["gitVersion"][1:] + "-")


def test_a_bound_token_is_exchanged(cluster, namespace, pod, sts, space, sidecar):
    """A token that TokenRequest binds to a Pod is one that the STS takes."""
    space.write("sts-token", cluster.api.token_request(namespace, NAME, AUDIENCE, pod))
    space.write("ca.crt", (sts.folder / "ca.pem").read_bytes())
    done = sidecar.run("fetch", f"--url=https://{STS}/token", f"--audience={VAULT}", "--token-file", space.token_file, "--output-dir", space.out,
                       "--cacert-path", space.ca_file)
    assert done.status == 0, done.err
    claims = sts.verify((space.out / "token.jwt").read_text(), VAULT)
    assert claims["sub"].endswith(f":{namespace}:{NAME}")


def test_inspect_shows_what_the_token_is_bound_to(cluster, namespace, pod, space, sidecar):
    space.write("sts-token", cluster.api.token_request(namespace, NAME, AUDIENCE, pod))
    done = sidecar.run("inspect", "--json", space.token_file)
    assert done.status == 0, done.err
    said = json.loads(done.out)["claims"]["kubernetes.io"]
    assert said["pod"] == {"name": NAME, "uid": pod["metadata"]["uid"]} and said["namespace"] == namespace


def test_verify_with_the_keys_of_the_api_server(cluster, namespace, pod, space, sidecar):
    """As docs/verify.md has it: the keys are what `kubectl get --raw /openid/v1/jwks` prints."""
    token, keys = cluster.api.token_request(namespace, NAME, AUDIENCE, pod), cluster.api.kubectl("get", "--raw", "/openid/v1/jwks").stdout
    assert len(json.loads(keys)["keys"]) == 2
    space.write("sts-token", token)
    jwks = space.write("jwks.json", keys)
    done = sidecar.run("verify", "--jwks", jwks, "--issuer", ISSUER, "--audience", AUDIENCE, space.token_file)
    assert done.status == 0 and done.out.startswith(f"verified by the keys of {jwks}".encode()), done
    other = sidecar.run("verify", "--json", "--jwks", jwks, "--issuer", ISSUER, "--audience", VAULT, space.token_file)
    assert other.status == 1 and json.loads(other.out)["reason"] == "audience"
    if path := os.environ.get("STS_CLUSTER_RECORD"):
        recorded = {"issuer": ISSUER, "audience": AUDIENCE, "token": token, "jwks": json.loads(keys)}
        pathlib.Path(path).write_text(json.dumps(recorded, indent="\t") + "\n")


@pytest.fixture
def discovery_for_everybody(cluster):
    """What a cluster has whose issuer shall be known outside of it."""
    path, name = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "discovery-for-everybody"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:service-account-issuer-discovery"}

    def allow():
        cluster.api.must("POST", path, {"metadata": {"name": name}, "roleRef": role, "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated"}]})
    yield allow
    cluster.api.ask("DELETE", f"{path}/{name}")


def test_verify_asks_the_api_server(cluster, namespace, pod, space, sidecar, discovery_for_everybody):
    """verify asks without a token. An API server shows its keys to those whom a ClusterRoleBinding names, as application/jwk-set+json."""
    space.write("sts-token", cluster.api.token_request(namespace, NAME, AUDIENCE, pod))
    space.write("ca.crt", cluster.ca.pem)
    args = ["verify", "--jwks", f"https://{API}/openid/v1/jwks", "--issuer", ISSUER, "--cacert-path", space.ca_file, space.token_file]
    done = sidecar.run(*args)
    assert done.status == 1 and "403" in done.out.decode(), done
    discovery_for_everybody()
    done = until(lambda: (run := sidecar.run(*args)) and run.status == 0 and run, "the keys are shown", limit_s=20)
    assert done.out.startswith(f"verified by the keys of https://{API}/openid/v1/jwks\n".encode())


class Request:
    """The protocol `kubernetes` at the API server, with the token that the kubelet would put into the Pod."""

    def __init__(self, cluster, sidecar, space):
        self.cluster, self.sidecar, self.space = cluster, sidecar, space
        space.write("ca.crt", cluster.ca.pem)

    def __call__(self, pod, *more, audience=AUDIENCE, token=None):
        namespace = pod["metadata"]["namespace"]
        self.space.write("token", token or self.cluster.api.token_request(namespace, NAME, ISSUER, pod))
        return self.sidecar.run("fetch", "--protocol=kubernetes", f"--audience={audience}", "--token-file", self.space.folder / "token", "--output-dir", self.space.out,
                                "--cacert-path", self.space.ca_file, "--deadline=20s", *more,
                                env={"KUBERNETES_SERVICE_HOST": API, "KUBERNETES_SERVICE_PORT": "443"})


@pytest.fixture
def request_token(cluster, sidecar, space):
    return Request(cluster, sidecar, space)


def test_token_request_with_the_rights_of_the_example(cluster, namespace, pod, request_token, space):
    """201: the new token is for the audience, lives for ten minutes and is bound to the Pod. The API server rejects it once the Pod is gone."""
    allow(cluster, namespace)
    done = request_token(pod)
    assert done.status == 0, done.err
    token = (space.out / "token.jwt").read_text()
    claims = claims_of(token)
    assert claims["aud"] == [AUDIENCE] and claims["exp"] - claims["iat"] == 600
    assert claims["kubernetes.io"]["pod"] == {"name": NAME, "uid": pod["metadata"]["uid"]}
    assert cluster.api.review(token, AUDIENCE)["authenticated"] is True
    delete(cluster, pod)
    review = until(lambda: (said := cluster.api.review(token, AUDIENCE)) and not said.get("authenticated") and said, "the token is rejected")
    assert "error" in review


def test_token_request_without_the_rights(cluster, pod, request_token, space):
    done = request_token(pod)
    assert done.status == 77, done.err
    said = json.loads(done.last)
    # A long message is shown with its beginning and its end.
    assert re.match(rf'unexpected status 403: Forbidden: serviceaccounts "{NAME}" is forbidden: User "system:serviceaccount:.*"serviceaccounts/token" in API group ""', said["msg"]), said
    assert (said["error"], said["sts_error"]) == ("denied", "Forbidden")
    assert not list(space.out.glob("token*"))


def test_token_request_for_another_account(cluster, namespace, pod, request_token):
    """The Role names one ServiceAccount."""
    allow(cluster, namespace)
    done = request_token(pod, "--param=service-account=default")
    assert done.status == 77 and "403" in done.err and "default" in done.err, done.err


def test_token_request_after_the_pod_is_deleted(cluster, namespace, pod, request_token):
    allow(cluster, namespace)
    token = cluster.api.token_request(namespace, NAME, ISSUER, pod)
    delete(cluster, pod)
    until(lambda: not cluster.api.review(token, ISSUER).get("authenticated"), "the API server has noticed")
    done = request_token(pod, token=token)
    assert done.status == 77 and "401" in done.err and "Unauthorized" in done.err, done.err


def test_token_request_with_a_token_for_the_sts(cluster, namespace, pod, request_token):
    """The volume has an `audience`, which it must not have."""
    allow(cluster, namespace)
    done = request_token(pod, token=cluster.api.token_request(namespace, NAME, AUDIENCE, pod))
    assert done.status == 77 and "401" in done.err, done.err


@pytest.mark.parametrize("param, code, words", [
    (["pod=other", "pod-uid=0"], "404", "NotFound"),
    (["pod-uid=c0ffee00-0000-4000-8000-000000000000"], "409", "Conflict"),
    (["expiration-seconds=43200"], "201", ""),
])
def test_what_else_the_api_server_says(cluster, namespace, pod, request_token, param, code, words):
    """The rows of the table in docs/tokenrequest.md."""
    allow(cluster, namespace)
    done = request_token(pod, *[f"--param={each}" for each in param])
    if code == "201":
        assert done.status == 0, done.err
    else:
        assert done.status not in (0, 64) and code in done.err and words in done.err, done.err


def test_urls_of_the_issuer(cluster):
    """What the API server says of itself is what verify looks for."""
    said = cluster.api.get("/.well-known/openid-configuration")
    assert said["issuer"] == ISSUER and urllib.parse.urlparse(said["jwks_uri"]).path == "/openid/v1/jwks"
