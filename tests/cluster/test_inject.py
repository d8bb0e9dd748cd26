# SPDX-License-Identifier: Apache-2.0
"""deploy/inject at a real API server: each case of cases/inject/ gives a Pod, which is compared whole, or a refusal, whose words are read from the ReplicaSet's event, too."""
import contextlib
import uuid

import pytest
import yaml

import policy_cases
from policy_cases import as_pod, comparable, load_cases, load_profile
from programs import until

CASES = load_cases("inject")
MERGE_PATCH, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
PROFILES = "/apis/sts-sidecar.io/v1/namespaces/sts-sidecar-system/tokenprofiles"


def rendered(cluster, folder):
    return cluster.api.kubectl("kustomize", policy_cases.CASES / folder).stdout


def install(cluster, text):
    """Apply policies, and wait until they are in force."""
    cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", input=text)
    until(lambda: cluster.api.ask("GET", PROFILES).status == 200, "the API server has the profiles")


@pytest.fixture(scope="module")
def policies(cluster):
    """deploy/inject with an image, and a function that applies profiles."""
    text = rendered(cluster, "policies")
    install(cluster, text)
    yield text
    cluster.api.kubectl("delete", "--ignore-not-found", "-f", "-", input=text, limit_s=120)
    until(lambda: cluster.api.ask("GET", PROFILES).status == 404, "the profiles are gone")


@pytest.fixture(scope="module")
def profiles(cluster, policies):
    """Every profile of cases/profiles/, as the policies see it."""
    for path in sorted((policy_cases.CASES / "profiles").glob("*.yaml")):
        profile = load_profile(path.stem)["profile"]
        cluster.api.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", input=yaml.safe_dump(profile))
    place = cluster.namespace(restricted=False, labels=policy_cases.INJECTION)
    for path in sorted((policy_cases.CASES / "profiles").glob("*.yaml")):
        until(lambda path=path: create(cluster, place, labelled(path.stem)).status == 201, f"the policies know the profile {path.stem}")


@pytest.fixture(scope="module")
def places(cluster, policies):
    """places(labels): a namespace with these labels, the same each time."""
    made = {}

    def place(labels):
        key = tuple(sorted(labels.items()))
        if key not in made:
            made[key] = cluster.namespace(restricted=False, labels=labels)
        return made[key]
    yield place
    for name in made.values():
        cluster.api.ask("DELETE", f"/api/v1/namespaces/{name}")


def labelled(profile, **spec):
    return {"metadata": {"name": "app", "labels": {"sts-sidecar.io/profile": profile}}, "spec": {"containers": [{"name": "app", "image": "app:1"}]} | spec}


def create(cluster, place, pod, dry=True):
    return cluster.api.ask("POST", f"/api/v1/namespaces/{place}/pods{'?dryRun=All' if dry else ''}", as_pod(pod))


def update(cluster, place, name, patch):
    return cluster.api.ask("PATCH", f"/api/v1/namespaces/{place}/pods/{name}", patch, content_type=JSON_PATCH)


@contextlib.contextmanager
def created(cluster, place, pod):
    answer = create(cluster, place, pod, dry=False)
    assert answer.status == 201, answer.body.decode()
    yield answer.json
    path = f"/api/v1/namespaces/{place}/pods/{answer.json['metadata']['name']}"
    cluster.api.ask("DELETE", f"{path}?gracePeriodSeconds=0")
    until(lambda: cluster.api.ask("GET", path).status == 404, "the Pod is gone")


def event_of_refusal(cluster, place, pod, kind="Deployment"):
    """What the user sees of a refused Pod: the event of the ReplicaSet (or of the Job) that could not create it."""
    name = f"app-{uuid.uuid4().hex[:8]}"
    template = {"metadata": {key: pod["metadata"][key] for key in ("labels", "annotations") if key in pod["metadata"]}, "spec": pod["spec"]}
    template["metadata"]["labels"] = template["metadata"].get("labels", {}) | {"app": name}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    path = f"/apis/apps/v1/namespaces/{place}/deployments"
    cluster.api.must("POST", path, {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})

    def look():
        events = cluster.api.get(f"/api/v1/namespaces/{place}/events?fieldSelector=reason%3DFailedCreate,involvedObject.kind%3DReplicaSet")["items"]
        return [event["message"] for event in events if event["involvedObject"]["name"].startswith(name)]
    try:
        return until(look, "the event of the ReplicaSet")[0]
    finally:
        cluster.api.ask("DELETE", f"{path}/{name}")


def expected(cluster, places, pod):
    """The Pod with the API server's defaults, and with nothing of a policy."""
    answer = create(cluster, places({}), pod)
    assert answer.status == 201, answer.body.decode()
    return comparable(answer.json)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case(cluster, profiles, places, case):
    place = places(case.namespace)
    if case.update is not None:
        with created(cluster, place, case.pod) as pod:
            answer = update(cluster, place, pod["metadata"]["name"], case.update)
    else:
        answer = create(cluster, place, case.pod)
    if case.expect:
        assert answer.status in (200, 201), answer.body.decode()
        assert comparable(answer.json) == expected(cluster, places, case.expect)
        return
    assert answer.status in (403, 422), answer.body.decode()
    for words in case.refused:
        assert words in answer.json["message"]
        if case.update is None:
            assert words in event_of_refusal(cluster, place, case.pod)
