# SPDX-License-Identifier: Apache-2.0
"""deploy/inject/openunison at a real API server: the cases of openunison_cases.py, whole; OpenUnison's webhook beside it, and alone with the small policy."""
import copy

import pytest

from admission import create, created, event_of_refusal, expected, installed, places, rendered, update
from cluster import RESTRICTED
from manifests import DEPLOY
from openunison_cases import CASES, CERTS, CONTEXT, ENV, MOUNT, PROBE, SUBJECT, WEBHOOK, WEBHOOK_VOLUMES, app, made, pod
from policy_cases import INJECTION, comparable
from programs import until
from webhook import webhook

SIDECAR = DEPLOY / "inject/openunison/sidecar"
GUARD = DEPLOY / "guard/checklist"
PLACE = INJECTION | {"sts-sidecar.io/token-checklist": "enabled"}


def sidecars(pod):
    return [each for each in pod["spec"].get("initContainers", []) if each["name"] == "sts-creds-sidecar"]


@pytest.fixture(scope="module")
def place(cluster):
    """The policies, and the checklist of deploy/guard, in force."""
    place = places(cluster)
    with installed(cluster, rendered(cluster, "openunison-policies"), rendered(cluster, GUARD)):
        until(lambda: (answer := create(cluster, place(PLACE), CASES["plain"].pod)).status == 201 and sidecars(answer.json), "the policies are in force")
        until(lambda: create(cluster, place(PLACE), CASES["windows"].pod).status == 422, "the refusals are in force")
        yield place


@pytest.mark.parametrize("name", CASES)
def test_a_case(cluster, place, name):
    """If two policies refuse a Pod, the API server shows the message of one of them. So the cases with a refusal are in a namespace without the checklist."""
    case = CASES[name]
    answer = create(cluster, place(PLACE if case.expect else INJECTION), case.pod)
    if case.expect:
        assert answer.status == 201, answer.body
        assert comparable(answer.json) == expected(cluster, place, case.expect)
        return
    assert answer.status == 422 and all(words in answer.json["message"] for words in case.refused), answer.body


def test_the_refusal_is_in_the_event(cluster, place):
    case = CASES["user-text"]
    message = event_of_refusal(cluster, place(PLACE), case.pod)
    assert all(words in message for words in case.refused)


def test_restricted(cluster, place):
    """The sidecar passes the Pod Security Standard *restricted*."""
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    of = pod(containers=[app(securityContext=context)], securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}})
    answer = create(cluster, place(PLACE | RESTRICTED), of)
    assert answer.status == 201 and not answer.warnings and sidecars(answer.json), answer


def test_with_the_api_token_of_the_plugin(cluster, place):
    """One token in the Pod, and the application has it only because automount is on."""
    of = pod()
    del of["spec"]["automountServiceAccountToken"]
    with created(cluster, place(PLACE), of) as there:
        [volume] = [volume["name"] for volume in there["spec"]["volumes"] if "projected" in volume]
        [only] = sidecars(there)
        assert only["volumeMounts"][1] == SUBJECT | {"name": volume}
        assert "sts-sidecar.io/token-checklist-exempt" not in there["metadata"]["labels"]
    with created(cluster, place(PLACE), pod()) as there:
        assert [mount["mountPath"] for mount in there["spec"]["containers"][0]["volumeMounts"]] == ["/tokens"]


def test_the_image_cannot_be_changed(cluster, place):
    with created(cluster, place(PLACE), pod()) as there:
        answer = update(cluster, place(PLACE), there["metadata"]["name"], [{"op": "replace", "path": "/spec/initContainers/0/image", "value": "registry.example.com/other:1"}])
        assert answer.status == 422 and "a Pod keeps the sidecar that it was created with" in answer.json["message"]


# OpenUnison's webhook

def as_openunison(pod):
    """The patch that OpenUnison's webhook makes: the variables once more, the mount and the volumes if they are missing, a sidecar that is there at the first place."""
    spec, patch = copy.deepcopy(pod["spec"]), []
    for index, container in enumerate(spec["containers"]):
        patch.append({"op": "add", "path": f"/spec/containers/{index}/env", "value": container.get("env", []) + ENV})
        if not any(mount["name"] == "sts-tokens" for mount in container.get("volumeMounts", [])):
            patch.append({"op": "add", "path": f"/spec/containers/{index}/volumeMounts", "value": container.get("volumeMounts", []) + [MOUNT]})
    there = [each for each in spec.get("initContainers", []) if each["name"] == "sts-creds-sidecar"]
    rest = [each for each in spec.get("initContainers", []) if each["name"] != "sts-creds-sidecar"]
    patch.append({"op": "add", "path": "/spec/initContainers", "value": (there or [WEBHOOK]) + rest})
    if not any(volume["name"] == "sts-tokens" for volume in spec.get("volumes", [])):
        patch.append({"op": "add", "path": "/spec/volumes", "value": spec.get("volumes", []) + WEBHOOK_VOLUMES})
    return patch


@pytest.mark.parametrize("name", ["plain", "several-containers", "more-inits-than-containers", "with-automount"])
def test_the_webhook_and_the_policies(cluster, place, tmp_path, name):
    """During the migration both are there. The Pod has one sidecar, ours, and each variable once."""
    case = CASES[name]
    with webhook(cluster, tmp_path, "openunison", as_openunison, objectSelector={"matchExpressions": [{"key": "tremolo.io/vault-sts", "operator": "Exists"}]}) as asked:
        answer = until(lambda: (answer := create(cluster, place(PLACE), case.pod)) and asked and answer, "the webhook is asked")
    assert answer.status == 201, answer.body
    assert comparable(answer.json) == expected(cluster, place, case.expect)


def test_the_webhook_with_the_small_policy(cluster, tmp_path):
    """Before the migration: the sidecar of the webhook gets what it lacks, and passes *restricted*."""
    with installed(cluster, rendered(cluster, SIDECAR)):
        bare = places(cluster)({"sts-sidecar.io/injection": "no"})    # the webhook looks for the label, and the large policy for its value

        def look():
            answer = create(cluster, bare, pod())
            return asked and answer.status == 201 and "startupProbe" in sidecars(answer.json)[0] and answer.json
        with webhook(cluster, tmp_path, "openunison", as_openunison) as asked:
            there = until(look, "the policy is in force")
    [given] = sidecars(there)
    mounts = [WEBHOOK["volumeMounts"][0], CERTS]
    want = made(pod(), inits=[WEBHOOK | {"startupProbe": PROBE, "terminationMessagePolicy": "FallbackToLogsOnError", "resources": {"requests": {"cpu": "1m", "memory": "2Mi"}},
                                         "securityContext": CONTEXT | {"runAsUser": 100}, "volumeMounts": mounts}])
    want = want["spec"]["initContainers"][0]
    want.pop("env")
    assert {key: given[key] for key in want if key != "startupProbe"} == {key: want[key] for key in want if key != "startupProbe"}
    assert given["startupProbe"] == PROBE | {"successThreshold": 1}


def test_without_the_policies(cluster, place):
    """A Pod without the label starts in a namespace with the policies, and one with the label is refused in words if the mutating policy is gone."""
    plain = {"metadata": {"name": "app"}, "spec": {"containers": [app()]}}
    assert create(cluster, place(PLACE), plain).status == 201
    path = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/sts-sidecar-openunison"
    binding = cluster.api.get(path)
    cluster.api.must("DELETE", path)
    try:
        answer = until(lambda: (answer := create(cluster, place(PLACE), pod())).status == 422 and answer, "the policy is gone")
        assert "there is no MutatingAdmissionPolicy sts-sidecar-openunison for this endpoint, or no binding. Ask the platform team" in answer.json["message"]
        assert create(cluster, place(PLACE), plain).status == 201
    finally:
        del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
        cluster.api.must("POST", path.rpartition("/")[0], binding)
    until(lambda: create(cluster, place(PLACE), pod()).status == 201, "the policy is back")
