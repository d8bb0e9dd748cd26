# SPDX-License-Identifier: Apache-2.0
"""deploy/guard at a real API server: the checklist of projected tokens, and the guard of TokenRequest."""
import copy
import json

import jwt
import pytest
import yaml

from admission import create
from cluster import API, ISSUER
from harness.sidecar import Space
from manifests import DEPLOY, EXAMPLES, applied, load, one, pod_of
from programs import until

GUARD = DEPLOY / "guard"
CHECKLIST = {"sts-sidecar.io/token-checklist": "enabled"}
EXEMPT = {"sts-sidecar.io/token-checklist-exempt": "token"}
AUDIENCE = "https://sts.example.com"    # the one that the example's ServiceAccount may ask for
NAME = "token-request"                  # of the Pod and the ServiceAccount of the example
NODE = "system:node:node-1"


@pytest.fixture(scope="module")
def guard(cluster):
    """deploy/guard, in force."""
    text = cluster.api.kubectl("kustomize", GUARD).stdout
    cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", input=text)
    place = cluster.namespace(restricted=False, labels=CHECKLIST)
    until(lambda: create(cluster, place, pod(audience="*")).status == 422, "the checklist is in force")
    account = {"metadata": {"name": "guarded", "labels": {"sts-sidecar.io/token-request": "guarded"}}}
    cluster.api.must("POST", f"/api/v1/namespaces/{place}/serviceaccounts", account)
    until(lambda: request_token(cluster, place, "guarded", {}).status == 403, "the guard is in force")
    yield
    cluster.api.kubectl("delete", "--ignore-not-found", "-f", "-", input=text)
    until(lambda: create(cluster, place, pod(audience="*")).status == 201, "the checklist is gone")


@pytest.fixture(scope="module")
def place(cluster, guard):
    """A namespace that opted into the checklist."""
    return cluster.namespace(restricted=False, labels=CHECKLIST)


def pod(labels=None, volume="token", automount=None, **token):
    source = {"serviceAccountToken": {"path": "token"} | {name.replace("_", ""): value for name, value in token.items()}}
    spec = {"containers": [{"name": "app", "image": "app:1"}], "volumes": [{"name": volume, "projected": {"sources": [source]}}]}
    if automount is not None:
        spec["automountServiceAccountToken"] = automount
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app", "labels": labels or {}}, "spec": spec}


def said(answer):
    return json.loads(answer.body).get("message", "")    # without one, the object was taken


@pytest.mark.parametrize("change, words", [
    ({}, "the projected token of volume token has no audience, so it is one for the API server: set `audience` under `serviceAccountToken`"),
    ({"audience": "*"}, "the audience of the projected token of volume token has a `*`: write the audience of the one service"),
    ({"audience": "https://*.example.com"}, "has a `*`"),
    ({"audience": "*", "labels": EXEMPT}, "has a `*`"),
    ({"audience": ISSUER}, f"the projected token of volume token is for the API server ({ISSUER}, https://kubernetes.default.svc): set `audience`"),
    ({"audience": AUDIENCE, "expirationSeconds": 7200}, "the projected token of volume token lives for more than an hour: set `expirationSeconds` to 3600 or less"),
    ({"expirationSeconds": 7200, "labels": EXEMPT}, "lives for more than an hour"),
    ({"volume": "kube-api-access-abcde"}, "the projected token of volume kube-api-access-abcde has no audience"),
    ({"volume": "other", "labels": EXEMPT}, "the projected token of volume other has no audience"),
], ids=["none", "any", "pattern", "any-exempt", "api-server", "two-hours", "two-hours-exempt", "name-of-the-plugin", "other-exempt"])
def test_the_checklist_refuses(cluster, place, change, words):
    answer = create(cluster, place, pod(**change))
    assert answer.status == 422 and words in said(answer), answer.body
    assert "sts-sidecar-token-checklist" in said(answer)


@pytest.mark.parametrize("change", [
    {"audience": AUDIENCE},
    {"audience": AUDIENCE, "expirationSeconds": 600, "automount": False},
    {"audience": AUDIENCE, "automount": True},
    {"labels": EXEMPT},
    {"audience": ISSUER, "labels": EXEMPT},
    {"labels": {"sts-sidecar.io/token-checklist-exempt": "first.token"}},
], ids=["default-life", "without-automount", "with-automount", "exempt", "api-server-exempt", "two-exempt"])
def test_the_checklist_admits(cluster, place, change):
    answer = create(cluster, place, pod(**change))
    assert answer.status == 201, answer.body
    plugin = [volume for volume in answer.json["spec"]["volumes"] if volume["name"].startswith("kube-api-access-")]
    assert len(plugin) == (change.get("automount") is not False), "the ServiceAccount plugin adds its volume, and the checklist lets it be"


def test_a_namespace_that_did_not_opt_in(cluster, guard, namespace):
    bare = cluster.namespace(restricted=False)
    assert create(cluster, bare, pod(audience="*", expirationSeconds=7200)).status == 201


def test_the_refusal_is_in_the_event(cluster, place):
    """What the user of a Deployment sees."""
    labels = {"app": "refused"}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    cluster.api.must("POST", f"/apis/apps/v1/namespaces/{place}/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "refused"}, "spec": {"selector": {"matchLabels": labels}, "template": template}})
    events = f"/api/v1/namespaces/{place}/events?fieldSelector=reason%3DFailedCreate"
    [event, *_] = until(lambda: cluster.api.get(events)["items"], "the event of the ReplicaSet")
    assert "set `audience` under `serviceAccountToken`" in event["message"]


def test_the_audiences_are_a_parameter(cluster, place):
    binding = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/sts-sidecar-token-checklist"
    annotation = "sts-sidecar.io/api-server-audiences"
    before = cluster.api.get(binding)["metadata"]["annotations"][annotation]

    def set_to(value):
        cluster.api.must("PATCH", binding, {"metadata": {"annotations": {annotation: value}}}, content_type="application/merge-patch+json")
    try:
        set_to(f"https://issuer.example.com {AUDIENCE}")
        refused = until(lambda: (answer := create(cluster, place, pod(audience=AUDIENCE))).status == 422 and answer, "the new audiences count")
        assert f"is for the API server (https://issuer.example.com, {AUDIENCE})" in said(refused)
        assert create(cluster, place, pod(audience=ISSUER)).status == 201
        set_to("")
        until(lambda: "the policy does not know the API server's audiences" in said(create(cluster, place, pod(audience="api"))), "none is refused in words")
    finally:
        set_to(before)
    until(lambda: create(cluster, place, pod(audience=AUDIENCE)).status == 201, "the old audiences count")


def test_all_examples_in_a_namespace_that_opted_in(cluster, place):
    for path in applied():
        cluster.api.apply(place, path.read_text())
    for path in sorted(EXAMPLES.glob("*.yaml")):
        made = copy.deepcopy(pod_of(load(path)))
        made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"one-{path.stem}", "labels": made["metadata"]["labels"]}, "spec": made["spec"]}
        cluster.api.apply(place, yaml.safe_dump(made))


# The guard of TokenRequest

def request_token(cluster, place, account, spec, token=None):
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": [AUDIENCE]} | spec}
    return cluster.api.ask("POST", f"/api/v1/namespaces/{place}/serviceaccounts/{account}/token", body, token=token)


def bound_to(pod):
    return {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}


class Scene:
    """The Pod of the example, as if it ran on a node. Its token is the one that the kubelet asks for."""

    def __init__(self, cluster, place, kinds=("ServiceAccount", "Role", "RoleBinding")):
        self.cluster, self.place = cluster, place
        docs = load(EXAMPLES / "token-request.yaml")
        for kind in kinds:
            cluster.api.apply(place, json.dumps(one(docs, kind)))
        self.pod = self.make(NAME)
        self.token = self.of_the_kubelet(self.pod)

    def make(self, name):
        made = copy.deepcopy(one(load(EXAMPLES / "token-request.yaml"), "Pod"))
        made["metadata"]["name"], made["spec"]["nodeName"] = name, "node-1"
        self.cluster.api.apply(self.place, json.dumps(made))
        return self.cluster.api.get(f"/api/v1/namespaces/{self.place}/pods/{name}")

    def of_the_kubelet(self, pod):
        """Kubelets are exempt: the audience is that of the API server, which the annotation does not list."""
        answer = until(lambda: (said := request_token(self.cluster, self.place, NAME, {"audiences": [ISSUER], "boundObjectRef": bound_to(pod)},
                                                      self.cluster.tokens[NODE])).status == 201 and said, "the kubelet gets the token")
        return answer.json["status"]["token"]

    def ask(self, audience=AUDIENCE, pod="own", token=None, **spec):
        if pod:
            spec["boundObjectRef"] = bound_to(self.pod if pod == "own" else pod)
        return request_token(self.cluster, self.place, NAME, {"audiences": [audience] if isinstance(audience, str) else audience} | spec, token or self.token)


@pytest.fixture(scope="module")
def scene(cluster, guard):
    return Scene(cluster, cluster.namespace())


def test_the_sidecar_gets_its_token(cluster, guard, namespace, folder, sidecar):
    """With the example's rights and the guard: 201. When the Pod is gone, the API server rejects the token."""
    scene, space = Scene(cluster, namespace), Space(folder)
    space.write("ca.crt", cluster.ca.pem)
    space.write("token", scene.token)
    done = sidecar.run("fetch", "--protocol=kubernetes", f"--audience={AUDIENCE}", "--token-file", space.folder / "token", "--output-dir", space.out, "--cacert-path",
                       space.ca_file, "--deadline=20s", env={"KUBERNETES_SERVICE_HOST": API, "KUBERNETES_SERVICE_PORT": "443"})
    assert done.status == 0, done.err
    token = (space.out / "token.jwt").read_text()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == [AUDIENCE] and claims["kubernetes.io"]["pod"] == {"name": NAME, "uid": scene.pod["metadata"]["uid"]}
    assert cluster.api.review(token, AUDIENCE)["authenticated"] is True
    cluster.api.ask("DELETE", f"/api/v1/namespaces/{namespace}/pods/{NAME}?gracePeriodSeconds=0")
    review = until(lambda: (said := cluster.api.review(token, AUDIENCE)) and not said.get("authenticated") and said, "the token is rejected")
    assert "error" in review


def test_without_the_rights(cluster, guard, namespace):
    answer = Scene(cluster, namespace, kinds=("ServiceAccount",)).ask()
    assert answer.status == 403 and f'serviceaccounts "{NAME}" is forbidden: User "system:serviceaccount:{namespace}:{NAME}"' in said(answer)


@pytest.mark.parametrize("change, words", [
    ({"audience": "https://other.example.com"}, f"may be for {AUDIENCE}, and the request is for https://other.example.com: request one of the allowed audiences"),
    ({"audience": [AUDIENCE, ISSUER]}, f"and the request is for {AUDIENCE}, {ISSUER}"),
    ({"audience": []}, "and the request is for "),
    ({"pod": None}, "must be bound to the Pod that requests it: set boundObjectRef to the kind Pod, apiVersion v1, with the name and the UID of the Pod"),
    ({"expirationSeconds": 7200}, "may live for 3600 seconds, and the request is for 7200: set expirationSeconds to 3600 or less"),
], ids=["another-audience", "two-audiences", "no-audience", "unbound", "two-hours"])
def test_the_guard_refuses(scene, change, words):
    answer = scene.ask(**change)
    assert answer.status == 403 and words in said(answer), answer.body
    assert "sts-sidecar-token-request" in said(answer)


def test_another_pod_of_the_account(cluster, scene):
    """A Pod can have tokens bound to itself, and not to its neighbour."""
    other = scene.make("other")
    assert scene.ask(expirationSeconds=3600).status == 201
    answer = scene.ask(pod=other)
    assert answer.status == 403 and "must be bound to the Pod that requests it" in said(answer)
    wrong = copy.deepcopy(scene.pod)
    wrong["metadata"]["uid"] = other["metadata"]["uid"]
    assert scene.ask(pod=wrong).status == 403


def test_nobody_else(cluster, scene):
    """Not even an administrator, whom RBAC allows everything."""
    answer = scene.ask(token=cluster.tokens["admin"])
    assert answer.status == 403 and "only a Pod that runs as" in said(answer) and said(answer).rstrip().endswith("this request came from admin")


def test_an_account_without_the_label(cluster, scene):
    """In the same namespace: the guard does not look at it."""
    assert request_token(cluster, scene.place, "default", {"expirationSeconds": 7200}).status == 201


def test_without_the_annotation(cluster, guard, namespace):
    scene = Scene(cluster, namespace)
    cluster.api.must("PATCH", f"/api/v1/namespaces/{namespace}/serviceaccounts/{NAME}",
                     {"metadata": {"annotations": {"sts-sidecar.io/token-request-audiences": None}}}, content_type="application/merge-patch+json")
    answer = until(lambda: (answer := scene.ask()).status == 403 and answer, "the guard knows the account")
    assert "may be for no audience" in said(answer)
