# SPDX-License-Identifier: Apache-2.0
"""Policies at the API server: they are installed, Pods are created and changed, and a case of cases/ is held against what comes out."""
import contextlib
import functools
import uuid

import yaml

import policy_cases
from policy_cases import as_pod, comparable, load_profile
from programs import until

JSON_PATCH = "application/json-patch+json"
PROFILES = "/apis/sts-sidecar.io/v1/namespaces/sts-sidecar-system/tokenprofiles"


@functools.cache
def rendered(cluster, folder):
    """What `kubectl apply -k` would apply: a folder of cases/, or another path."""
    return cluster.api.kubectl("kustomize", policy_cases.CASES / folder).stdout


def apply(cluster, text):
    cluster.api.apply(None, text, force=True)


@contextlib.contextmanager
def installed(cluster, *texts):
    """These objects are there; at the end they are deleted."""
    for text in texts:
        apply(cluster, text)
    try:
        yield
    finally:
        for text in reversed(texts):
            cluster.api.delete(text)


@contextlib.contextmanager
def injection(cluster, *folders):
    """The policies of these folders of cases/ and every profile of cases/profiles/, in force."""
    profiles = [path.stem for path in sorted((policy_cases.CASES / "profiles").glob("*.yaml"))]
    with installed(cluster, *(rendered(cluster, folder) for folder in folders)):
        until(lambda: cluster.api.ask("GET", PROFILES).status == 200, "the API server has the profiles")
        apply(cluster, yaml.safe_dump_all(load_profile(name)["profile"] for name in profiles))
        place = places(cluster)
        for name in profiles:
            until(lambda name=name: is_injected(create(cluster, place(policy_cases.INJECTION), labelled(name))), f"the policies know the profile {name}")
        for folder in folders:
            where = place({"sts-sidecar.io/injection": "canary" if folder == "canary" else "enabled"})
            until(lambda where=where: create(cluster, where, labelled("unknown")).status == 422, f"the refusals of {folder} are in force")
        yield place
    until(lambda: cluster.api.ask("GET", PROFILES).status == 404, "the profiles are gone")


def places(cluster):
    """place(labels): a namespace with these labels, the same each time."""
    made = {}

    def place(labels):
        key = tuple(sorted(labels.items()))
        if key not in made:
            made[key] = cluster.namespace(restricted=False, labels=labels)
        return made[key]
    return place


def labelled(profile, **spec):
    return {"metadata": {"name": "app", "labels": {"sts-sidecar.io/profile": profile}}, "spec": {"containers": [{"name": "app", "image": "app:1"}]} | spec}


def is_injected(answer):
    return answer.status == 201 and any(container["name"] == "sts-sidecar" for container in answer.json["spec"].get("initContainers", []))


def create(cluster, place, pod, dry=True, **more):
    return cluster.api.ask("POST", f"/api/v1/namespaces/{place}/pods{'?dryRun=All' if dry else ''}", as_pod(pod), **more)


def update(cluster, place, name, patch, subresource="", **more):
    return cluster.api.ask("PATCH", f"/api/v1/namespaces/{place}/pods/{name}{subresource}", patch, content_type=JSON_PATCH, **more)


@contextlib.contextmanager
def created(cluster, place, pod):
    """The Pod, with a name of its own, as it is in the cluster."""
    name = f"app-{uuid.uuid4().hex[:8]}"
    answer = create(cluster, place, pod | {"metadata": pod["metadata"] | {"name": name}}, dry=False)
    assert answer.status == 201 and not answer.warnings, answer.body.decode()
    try:
        yield answer.json
    finally:
        cluster.api.ask("DELETE", f"/api/v1/namespaces/{place}/pods/{name}?gracePeriodSeconds=0")


OWNERS = {"ReplicaSet": ("Deployment", "/apis/apps/v1", "deployments"), "Job": ("Job", "/apis/batch/v1", "jobs")}


@contextlib.contextmanager
def owned(cluster, place, pod, owner="ReplicaSet"):
    """A Deployment or a Job whose template is this Pod: its name."""
    kind, group, plural = OWNERS[owner]
    name = f"app-{uuid.uuid4().hex[:8]}"
    template = {"metadata": {key: dict(pod["metadata"][key]) for key in ("labels", "annotations") if key in pod["metadata"]}, "spec": dict(pod["spec"])}
    template["metadata"].setdefault("labels", {})["app"] = name
    spec = {"template": template}
    if kind == "Job":
        template["spec"]["restartPolicy"] = "Never"
    else:
        spec |= {"replicas": 1, "selector": {"matchLabels": {"app": name}}}
    path = f"{group}/namespaces/{place}/{plural}"
    cluster.api.must("POST", path, {"apiVersion": group.removeprefix("/apis/"), "kind": kind, "metadata": {"name": name}, "spec": spec})
    try:
        yield name
    finally:
        cluster.api.ask("DELETE", f"{path}/{name}?propagationPolicy=Background")


def pod_of(cluster, place, name):
    """The Pod that the controller has made."""
    def look():
        return cluster.api.get(f"/api/v1/namespaces/{place}/pods?labelSelector=app%3D{name}")["items"]
    return until(look, f"the Pod of {name}")[0]


def event_of_refusal(cluster, place, pod, owner="ReplicaSet"):
    """What a user sees of a refused Pod: the event of the ReplicaSet or of the Job that could not create it."""
    with owned(cluster, place, pod, owner) as name:
        def look():
            events = cluster.api.get(f"/api/v1/namespaces/{place}/events?fieldSelector=reason%3DFailedCreate,involvedObject.kind%3D{owner}")["items"]
            return [event["message"] for event in events if event["involvedObject"]["name"].startswith(name)]
        return until(look, f"the event of the {owner}")[0]


def expected(cluster, place, pod):
    """The Pod with the API server's defaults, and with nothing of a policy."""
    answer = create(cluster, place({}), pod)
    assert answer.status == 201, answer.body.decode()
    return comparable(answer.json)


def hold(cluster, place, case):
    """The case is as the API server does it. place: of places()."""
    where = place(case.namespace)
    if case.update is not None:
        with created(cluster, where, case.pod) as pod:
            answer = update(cluster, where, pod["metadata"]["name"], case.update)
    else:
        answer = create(cluster, where, case.pod)
    if case.expect:
        assert answer.status in (200, 201) and not answer.warnings, answer.body.decode()
        made = comparable(answer.json)
        made["metadata"]["name"] = case.expect["metadata"]["name"]
        assert made == expected(cluster, place, case.expect)
        return
    assert answer.status in (403, 422), answer.body.decode()
    said = [answer.json["message"]]
    if case.update is None:
        said.append(event_of_refusal(cluster, where, case.pod))
    for words in case.refused:
        for message in said:
            assert words in message
