# SPDX-License-Identifier: Apache-2.0
"""deploy/inject among the other things of a cluster: what is missing or broken, users with few rights, webhooks, LimitRanges, controllers, subresources,
and the largest Pods."""
import copy
import json

import pytest
import yaml

import admission
from admission import create, created, event_of_refusal, expected, labelled, owned, pod_of, update
from policy_cases import CASES, INJECTION, comparable, load_case, load_profile
from programs import until
from webhook import webhook

TOP = CASES.parents[2]
POLICY, BINDING = "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
MERGE_PATCH = "application/merge-patch+json"


@pytest.fixture(scope="module")
def place(cluster):
    with admission.injection(cluster, "policies") as place:
        yield place


@pytest.fixture(scope="module")
def injected(cluster, place):
    """A new Pod in an enabled namespace, as the policies make it."""
    return create(cluster, place(INJECTION), labelled("example")).json


def part(name, profile="example"):
    return copy.deepcopy(load_profile(profile)["prescribed"][name])


def names(pod, key="initContainers"):
    return [container["name"] for container in pod["spec"][key]]


def the_message(answer):
    assert answer.status in (403, 422, 500), answer.body.decode()
    return answer.json["message"]


def others_start(cluster, place):
    """Pods that do not ask are created: beside those that do, in kube-system even with both labels, and where the profiles are."""
    for where in (place(INJECTION), "kube-system", "sts-sidecar-system"):
        spec = {"automountServiceAccountToken": False} | ({} if where != "sts-sidecar-system" else {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}})
        pod = {"metadata": {"name": "other"}, "spec": spec | {"containers": [{"name": "app", "image": "app:1", "securityContext": {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}]}}
        answer = create(cluster, where, pod)
        assert answer.status == 201, answer.body.decode()
        assert "initContainers" not in answer.json["spec"]
        if where != place(INJECTION):
            pod["metadata"]["labels"] = {"sts-sidecar.io/profile": "example"}
            answer = create(cluster, where, pod)
            assert answer.status == 201 and "initContainers" not in answer.json["spec"], answer.body.decode()


@pytest.fixture
def system_namespaces_are_enabled(cluster):
    """As if somebody had labelled them: the policies leave them out by name."""
    paths = [f"/api/v1/namespaces/{name}" for name in ("kube-system", "sts-sidecar-system")]
    for path in paths:
        cluster.api.must("PATCH", path, {"metadata": {"labels": INJECTION}}, content_type=MERGE_PATCH)
    for path in paths:
        until(lambda path=path: cluster.api.ask("GET", f"{path}/serviceaccounts/default").status == 200, "the ServiceAccount")
    yield
    for path in paths:
        cluster.api.must("PATCH", path, {"metadata": {"labels": dict.fromkeys(INJECTION)}}, content_type=MERGE_PATCH)


def without_image(cluster):
    return admission.rendered(cluster, TOP / "deploy" / "inject")


def broken(cluster):
    """A policy whose expression has a type that passes, and fails when it is run."""
    zero = "size(object.spec.containers) - size(object.spec.containers)"
    return admission.rendered(cluster, "policies").replace("expression: '''0.1.0'''", f"expression: string(1 / ({zero}))")


def drop(*paths):
    def change(cluster):
        for path in paths:
            cluster.api.must("DELETE", path)
    return change


def replace(text_of):
    def change(cluster):
        text = text_of(cluster)
        assert text != admission.rendered(cluster, "policies")
        admission.apply(cluster, text)
    return change


NO_PROFILE = ("no sidecar for profile example: no such TokenProfile in the namespace sts-sidecar-system, "
              "or no MutatingAdmissionPolicy sts-sidecar with its binding")
NO_IMAGE = "no sidecar for profile example: the policy names no image by digest (sts-sidecar). The platform team sets the image of the policy"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tokenprofiles.sts-sidecar.io"
STATES = {
    "no image": (replace(without_image), NO_IMAGE),
    "a policy that fails": (replace(broken), "division by zero"),
    "no profile": (drop(f"{admission.PROFILES}/example"), NO_PROFILE),
    "no profiles": (drop(admission.PROFILES), NO_PROFILE),
    "no mutating policy": (drop(f"{ADMISSION}/{POLICY}/sts-sidecar"), NO_PROFILE),
    "no binding": (drop(f"{ADMISSION}/{BINDING}/sts-sidecar"), NO_PROFILE),
    "no CRD": (drop(CRD), NO_PROFILE),
}


@pytest.mark.parametrize("state", STATES)
def test_what_is_missing_or_broken(cluster, place, system_namespaces_are_enabled, state):
    """A Pod that asks is refused, in words wherever the API server lets a policy speak. No other Pod notices, and Pods that are there can be changed."""
    change, words = STATES[state]
    others_start(cluster, place)
    with created(cluster, place(INJECTION), labelled("example")) as pod:
        change(cluster)
        try:
            until(lambda: create(cluster, place(INJECTION), labelled("example")).status != 201, "the change is noticed")
            until(lambda: words in the_message(create(cluster, place(INJECTION), labelled("example"))), words, limit_s=20)
            assert words in event_of_refusal(cluster, place(INJECTION), labelled("example"))
            others_start(cluster, place)
            touched = update(cluster, place(INJECTION), pod["metadata"]["name"], [{"op": "add", "path": "/metadata/labels/touched", "value": "now"}])
            assert touched.status == 200, touched.body.decode()
        finally:
            restore(cluster, place)


def test_a_stale_annotation(cluster, place, injected):
    """Without the mutating policy, which writes it anew: a Pod that brings the right sidecar, but the annotation of another revision, is refused."""
    pod = comparable(injected)
    assert create(cluster, place(INJECTION), pod).status == 201
    pod["metadata"]["annotations"]["sts-sidecar.io/injected"] = "0.0.1@" + part("sidecar")["image"]
    cluster.api.must("DELETE", f"{ADMISSION}/{BINDING}/sts-sidecar")
    try:
        until(lambda: "the Pod brings along: init container sts-sidecar" in the_message(create(cluster, place(INJECTION), pod)), "the refusal", limit_s=20)
    finally:
        restore(cluster, place)


def restore(cluster, place):
    until(lambda: cluster.api.ask("GET", CRD).status == 404 or cluster.api.ask("GET", admission.PROFILES).status == 200, "the CRD is there, or gone")
    admission.apply(cluster, admission.rendered(cluster, "policies"))
    until(lambda: cluster.api.ask("GET", admission.PROFILES).status == 200, "the API server has the profiles")
    for path in sorted((CASES / "profiles").glob("*.yaml")):
        admission.apply(cluster, yaml.safe_dump(load_profile(path.stem)["profile"]))
    until(lambda: admission.is_injected(create(cluster, place(INJECTION), labelled("example"))), "the policies work again")


def test_the_api_server_warns_of_nothing(cluster, place):
    """The types of the expressions fit those of a Pod and of a profile."""
    def checked():
        found = cluster.api.get(f"{ADMISSION}/validatingadmissionpolicies")["items"]
        return [policy for policy in found if policy.get("status", {}).get("observedGeneration") == policy["metadata"]["generation"]] == found and found
    for policy in until(checked, "the controller has checked the policies"):
        assert "expressionWarnings" not in policy["status"].get("typeChecking", {}), policy["status"]


# Users


@pytest.fixture
def editor(cluster, place):
    """The token of a user with the role edit in an enabled namespace."""
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "editor"},
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
               "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "people"}]}
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{place(INJECTION)}/rolebindings"
    cluster.api.ask("POST", path, binding)
    token = cluster.tokens["editor"]
    until(lambda: create(cluster, place(INJECTION), labelled("example"), token=token).status == 201, "the role is in force")
    yield token
    cluster.api.ask("DELETE", f"{path}/editor")


def own_url(pod):
    pod["spec"]["initContainers"][0]["args"][2] = "--url=https://sts.example.org/token"


def volume(pod, name):
    return next(each for each in pod["spec"]["volumes"] if each["name"] == name)


def own_audience(pod):
    volume(pod, "sts-sidecar-subject")["projected"]["sources"][0]["serviceAccountToken"]["audience"] = "https://sts.example.org"


def own_files(pod):
    tokens = volume(pod, "sts-sidecar-tokens")
    del tokens["emptyDir"]
    tokens["hostPath"] = {"path": "/tmp"}


FORGERIES = {
    "image": lambda pod: pod["spec"]["initContainers"][0].update(image="registry.example.org/other:1"),
    "URL": own_url,
    "CA": lambda pod: pod["spec"]["initContainers"][0]["args"].append("--cacert-path=/other/ca.pem"),
    "proxy": lambda pod: pod["spec"]["initContainers"][0]["args"].append("--proxy=http://proxy.example.org:3128"),
    "--connect": lambda pod: pod["spec"]["initContainers"][0]["args"].append("--connect=192.0.2.9:443"),
    "a variable": lambda pod: pod["spec"]["initContainers"][0].update(env=[{"name": "STS_CONNECT", "value": "192.0.2.9:443"}]),
    "variables of a ConfigMap": lambda pod: pod["spec"]["initContainers"][0].update(envFrom=[{"configMapRef": {"name": "own"}}]),
    "a ConfigMap over the subject": lambda pod: volume(pod, "sts-sidecar-subject").update(projected={"sources": [{"configMap": {"name": "own"}}]}),
    "the audience of the subject": own_audience,
    "files of another Pod": own_files,
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("claims", [True, False], ids=["says it was injected", "says nothing"])
def test_an_editor_cannot_bring_another_sidecar(cluster, place, editor, injected, forgery, claims):
    """Neither a Pod, nor the template of a Deployment."""
    pod = comparable(injected)
    FORGERIES[forgery](pod)
    if not claims:
        del pod["metadata"]["annotations"]
    message = the_message(create(cluster, place(INJECTION), pod, token=editor))
    assert "prescribes. It differs in: " in message or "the Pod brings along: " in message
    spec = {key: pod["spec"][key] for key in ("initContainers", "containers", "volumes")}
    assert "ValidatingAdmissionPolicy 'sts-sidecar" in event_of_refusal(cluster, place(INJECTION), {"metadata": pod["metadata"], "spec": spec})


OTHER_IMAGE = {"op": "replace", "path": "/spec/initContainers/0/image", "value": "registry.example.org/other:1"}
OTHER_CA = {"sts-sidecar.io/ca": "other"}
NO_LABEL = {"op": "remove", "path": "/metadata/labels/sts-sidecar.io~1profile"}


@pytest.mark.parametrize("patch", [
    [OTHER_IMAGE],
    [{"op": "replace", "path": "/metadata/annotations/sts-sidecar.io~1injected", "value": "other"}],
    [{"op": "add", "path": "/metadata/annotations/sts-sidecar.io~1ca", "value": "other"}],
    [NO_LABEL],
    [NO_LABEL, OTHER_IMAGE],
], ids=["image", "injected", "ca", "label", "label and image"])
def test_an_editor_cannot_change_what_was_injected(cluster, place, editor, patch):
    with created(cluster, place(INJECTION), labelled("example")) as pod:
        message = the_message(update(cluster, place(INJECTION), pod["metadata"]["name"], patch, token=editor))
        assert "a Pod keeps the sidecar that it was created with" in message


@pytest.mark.parametrize("method, path, body", [
    ("PATCH", f"{admission.PROFILES}/example", {"spec": {"url": "https://sts.example.org/token"}}),
    ("DELETE", f"{admission.PROFILES}/example", None),
    ("PATCH", f"{ADMISSION}/{POLICY}/sts-sidecar", {"spec": {"variables": []}}),
    ("DELETE", f"{ADMISSION}/{BINDING}/sts-sidecar", None),
    ("DELETE", f"{ADMISSION}/validatingadmissionpolicies/sts-sidecar", None),
    ("PATCH", "/api/v1/namespaces/{namespace}", {"metadata": {"labels": dict.fromkeys(INJECTION)}}),
    ("PATCH", "/api/v1/namespaces/{namespace}/pods/app/status", {"metadata": {"annotations": OTHER_CA}}),
    ("POST", "/api/v1/namespaces/{namespace}/pods/app/binding", {"metadata": {"name": "app", "annotations": OTHER_CA}, "target": {"name": "node-1"}}),
])
def test_an_editor_has_no_other_way(cluster, place, editor, method, path, body):
    kind = MERGE_PATCH if method == "PATCH" else "application/json"
    answer = cluster.api.ask(method, path.format(namespace=place(INJECTION)), body, content_type=kind, token=editor)
    assert answer.status == 403 and "cannot" in answer.json["message"], answer.body.decode()


def test_an_editor_reads_the_profiles(cluster, place, editor):
    read = cluster.api.ask("GET", f"{admission.PROFILES}/example", token=editor)
    assert read.json["spec"] == load_profile("example")["profile"]["spec"]


def test_a_profile_elsewhere_is_not_one(cluster, place):
    """A profile in the namespace of the application does nothing."""
    own = load_profile("example")["profile"]
    own["metadata"] = {"name": "own", "namespace": place(INJECTION)}
    with admission.installed(cluster, yaml.safe_dump(own)):
        message = the_message(create(cluster, place(INJECTION), labelled("own")))
        assert "no sidecar for profile own: no such TokenProfile in the namespace sts-sidecar-system" in message


# Other parts of a cluster

NO_INITS = [{"op": "add", "path": "/spec/initContainers", "value": []}]


def asked_about(cluster, place, pod, asked):
    """What came of the Pod, when the API server had asked the webhook about it."""
    return until(lambda: (answer := create(cluster, place(INJECTION), pod)) and asked and answer, "the webhook was asked")


@pytest.mark.parametrize("reinvocation", ["Never", "IfNeeded"])
def test_a_webhook_that_adds_a_sidecar(cluster, place, tmp_path, reinvocation):
    """OpenUnison's injector, for one: its container gets the mount in the second pass, and ours stays."""
    def patch(pod):
        there = any(container["name"] == "sts-creds-sidecar" for container in pod["spec"]["containers"])
        return [] if there else [{"op": "add", "path": "/spec/containers/-", "value": {"name": "sts-creds-sidecar", "image": "creds:1"}}]
    with webhook(cluster, tmp_path, "adds", patch, reinvocationPolicy=reinvocation) as asked:
        pod = asked_about(cluster, place, labelled("example"), asked).json
    assert names(pod) == ["sts-sidecar"] and names(pod, "containers") == ["app", "sts-creds-sidecar"]
    for container in pod["spec"]["containers"]:
        assert part("mount") in container["volumeMounts"]


@pytest.mark.parametrize("reinvocation, order", [("Never", ["sts-sidecar", "mesh"]), ("IfNeeded", ["mesh", "sts-sidecar"])])
def test_a_webhook_that_wants_to_be_first(cluster, place, tmp_path, reinvocation, order):
    """The sidecar moves to the front again, unless the webhook does so after it. In both cases the Pod is created."""
    mesh = {"name": "mesh", "image": "mesh:1", "restartPolicy": "Always"}

    def patch(pod):
        at = [container["name"] for container in pod["spec"].get("initContainers", [])]
        if "mesh" not in at:
            return ([] if at else NO_INITS) + [{"op": "add", "path": "/spec/initContainers/0", "value": mesh}]
        return [] if at[0] == "mesh" else [{"op": "move", "from": f"/spec/initContainers/{at.index('mesh')}", "path": "/spec/initContainers/0"}]
    with webhook(cluster, tmp_path, "first", patch, reinvocationPolicy=reinvocation) as asked:
        pod = asked_about(cluster, place, labelled("example"), asked).json
    assert names(pod) == order
    assert all(any(mount["mountPath"] == "/tokens" for mount in container["volumeMounts"]) for container in pod["spec"]["initContainers"])


def test_after_a_container_of_a_webhook(cluster, place, tmp_path):
    """The container that the annotation names comes with a webhook, after the first pass of the policies."""
    def patch(pod):
        if "mesh" in [container["name"] for container in pod["spec"].get("initContainers", [])]:
            return []
        return [{"op": "add", "path": "/spec/initContainers", "value": [{"name": "mesh", "image": "mesh:1", "restartPolicy": "Always"}]}]
    pod = labelled("example")
    pod["metadata"]["annotations"] = {"sts-sidecar.io/position": "after:mesh"}
    with webhook(cluster, tmp_path, "after", patch) as asked:
        made = asked_about(cluster, place, pod, asked).json
    assert names(made) == ["mesh", "sts-sidecar"]


def test_a_webhook_that_changes_the_sidecar(cluster, place, tmp_path):
    """It is refused, and the words name the webhook as the second cause."""
    def patch(pod):
        env = [{"name": "STS_URL", "value": "https://sts.example.org"}]
        return [{"op": "add", "path": "/spec/initContainers/0/env", "value": env}] if "initContainers" in pod["spec"] else []
    with webhook(cluster, tmp_path, "changes", patch) as asked:
        answer = asked_about(cluster, place, labelled("example"), asked)
    assert "It differs in: env. If the Pod brings" in the_message(answer)
    assert "If not, a webhook of the cluster changes them" in the_message(answer)


@pytest.mark.parametrize("reinvocation", ["Never", "IfNeeded"])
def test_a_webhook_that_adds_the_label(cluster, place, tmp_path, reinvocation):
    """The policies have run for a Pod without it, and do not run for this Pod again."""
    def patch(pod):
        return [] if "labels" in pod["metadata"] else [{"op": "add", "path": "/metadata/labels", "value": {"sts-sidecar.io/profile": "example"}}]
    pod = labelled("example")
    del pod["metadata"]["labels"]
    with webhook(cluster, tmp_path, "labels", patch, reinvocationPolicy=reinvocation) as asked:
        assert NO_PROFILE in the_message(asked_about(cluster, place, pod, asked))


def test_a_webhook_that_changes_images(cluster, place, tmp_path):
    def patch(pod):
        return [{"op": "replace", "path": f"/spec/initContainers/{at}/image", "value": "mirror.example.com/" + each["image"]}
                for at, each in enumerate(pod["spec"].get("initContainers", [])) if not each["image"].startswith("mirror.")]
    with webhook(cluster, tmp_path, "mirror", patch) as asked:
        message = the_message(asked_about(cluster, place, labelled("example"), asked))
    assert "The image of sts-sidecar is mirror.example.com/registry.example.com/" in message and "a webhook of the cluster changes images" in message


def test_a_webhook_that_pulls_always(cluster, place, tmp_path):
    """As the plugin AlwaysPullImages does."""
    def patch(pod):
        return [{"op": "replace", "path": f"/spec/initContainers/{at}/imagePullPolicy", "value": "Always"} for at, _ in enumerate(pod["spec"].get("initContainers", []))]
    with webhook(cluster, tmp_path, "pulls", patch) as asked:
        pod = asked_about(cluster, place, labelled("example"), asked).json
    assert [(each["name"], each["imagePullPolicy"]) for each in pod["spec"]["initContainers"]] == [("sts-sidecar", "Always")]


def test_a_second_policy_that_wants_to_be_first(cluster, place):
    """Another MutatingAdmissionPolicy, reinvoked like ours: whatever the order, both containers are there once."""
    there = "has(object.spec.initContainers) && object.spec.initContainers.exists(c, c.name == 'mesh')"
    expression = (f"{there} ? [] : (has(object.spec.initContainers) ? [] : [JSONPatch{{op: 'add', path: '/spec/initContainers', value: []}}])"
                  " + [JSONPatch{op: 'add', path: '/spec/initContainers/0', value: {'name': 'mesh', 'image': 'mesh:1', 'restartPolicy': 'Always'}}]")
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    mesh = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "mesh"}}
    policy = mesh | {"kind": "MutatingAdmissionPolicy", "spec": {
        "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded",
        "matchConstraints": {"resourceRules": rules, "namespaceSelector": {"matchLabels": INJECTION}},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]}}
    binding = mesh | {"kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": "mesh"}}

    def look():
        made = create(cluster, place(INJECTION), labelled("example"))
        return made.status == 201 and "mesh" in names(made.json) and made.json
    with admission.installed(cluster, yaml.safe_dump_all([policy, binding])):
        pod = until(look, "the other policy is in force")
    until(lambda: not look(), "the other policy is gone")
    assert names(pod) == ["sts-sidecar", "mesh"]
    assert part("mount") in pod["spec"]["initContainers"][1]["volumeMounts"]


def test_a_limit_range_and_a_quota(cluster, place):
    """The LimitRange adds limits to the sidecar; the quota counts them."""
    labels = INJECTION | {"limits": "yes"}
    limits = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits", "namespace": place(labels)}, "spec": {"limits": [{
        "type": "Container", "default": {"cpu": "100m", "memory": "64Mi"}, "defaultRequest": {"cpu": "10m", "memory": "16Mi"}}]}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": place(labels)}, "spec": {"hard": {
        "limits.cpu": "1", "limits.memory": "1Gi", "requests.cpu": "1", "requests.memory": "1Gi"}}}

    def look():
        made = create(cluster, place(labels), labelled("example"))
        return made.status == 201 and "limits" in made.json["spec"]["containers"][0]["resources"] and made.json
    with admission.installed(cluster, yaml.safe_dump_all([limits, quota])):
        pod = until(look, "the LimitRange is in force")
    assert pod["spec"]["initContainers"][0]["resources"] == {"requests": {"cpu": "1m", "memory": "2Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}


def test_the_class_of_a_pod(cluster, place):
    """A Pod of the class Guaranteed stays one only if the sidecar has limits that are its requests. A Pod with resources of its own needs room for the sidecar."""
    where, few, more = place(INJECTION), {"cpu": "5m", "memory": "16Mi"}, {"cpu": "100m", "memory": "64Mi"}
    profile = load_profile("example")["profile"]
    profile["metadata"]["name"] = "limits"
    profile["spec"]["resources"] = {"requests": few, "limits": few}

    def made(name, **spec):
        return create(cluster, where, labelled(name, containers=[{"name": "app", "image": "app:1", "resources": {"requests": more, "limits": more}}], **spec))
    with admission.installed(cluster, yaml.safe_dump(profile)):
        until(lambda: admission.is_injected(made("limits")), "the policies know the profile")
        assert made("limits").json["status"]["qosClass"] == "Guaranteed"
    assert made("example").json["status"]["qosClass"] == "Burstable"
    assert "must be greater than or equal to aggregate container requests of 101m" in the_message(made("example", resources={"requests": more, "limits": more}))


@pytest.mark.parametrize("owner", ["ReplicaSet", "Job"])
def test_a_controller_makes_the_pod(cluster, place, owner):
    """generateName, and the labels and tolerations of the controller: the Pod has what the template says, and what a Pod by hand gets."""
    with owned(cluster, place(INJECTION), labelled("example"), owner) as name:
        made = pod_of(cluster, place(INJECTION), name)
    case = load_case(CASES / "inject" / "plain.yaml")
    if owner == "Job":
        case.expect["spec"]["restartPolicy"] = "Never"
    assert comparable(made)["spec"] == expected(cluster, place, case.expect)["spec"]
    assert made["metadata"]["annotations"] == case.expect["metadata"]["annotations"]


def test_the_event_of_a_job(cluster, place):
    pod = labelled("example")
    pod["metadata"]["annotations"] = {"sts-sidecar.io/run-as-user": "0"}
    assert "Write a UID from 1 to 2147483647, or remove the annotation" in event_of_refusal(cluster, place(INJECTION), pod, "Job")


def test_a_bare_pod_is_created_again(cluster, place):
    """kubectl get -o yaml, delete, apply."""
    where = place(INJECTION)
    with created(cluster, where, labelled("private-ca")) as pod:
        text = cluster.api.kubectl("get", "pod", "-n", where, pod["metadata"]["name"], "-o", "yaml").stdout
    done = yaml.safe_load(text)
    for key in ("uid", "resourceVersion", "creationTimestamp"):
        del done["metadata"][key]
    with created(cluster, where, done) as again:
        assert comparable(again)["spec"] == comparable(pod)["spec"]
        assert again["metadata"]["annotations"] == pod["metadata"]["annotations"]


def test_ephemeral_containers_are_left_alone(cluster, place):
    with created(cluster, place(INJECTION), labelled("example")) as pod:
        debug = {"name": "debug", "image": "debug:1", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent"}
        patch = [{"op": "add", "path": "/spec/ephemeralContainers", "value": [debug]}]
        answer = update(cluster, place(INJECTION), pod["metadata"]["name"], patch, "/ephemeralcontainers")
        assert answer.status == 200, answer.body.decode()
        assert "volumeMounts" not in answer.json["spec"]["ephemeralContainers"][0]


def test_the_sidecar_is_resized(cluster, place):
    with created(cluster, place(INJECTION), labelled("example")) as pod:
        patch = [{"op": "replace", "path": "/spec/initContainers/0/resources/requests/memory", "value": "4Mi"}]
        answer = update(cluster, place(INJECTION), pod["metadata"]["name"], patch, "/resize")
        assert answer.status == 200, answer.body.decode()


def test_the_largest_pods(cluster, place):
    """100 containers with 100 mounts each, none of them at /tokens: the API server stops expressions that cost more than their budget."""
    mounts = [{"name": "work", "mountPath": f"/data/{number}"} for number in range(100)]
    pod = labelled("everything", volumes=[{"name": "work", "emptyDir": {}}], initContainers=[
        {"name": f"init-{number}", "image": "app:1", "volumeMounts": mounts} for number in range(50)])
    pod["spec"]["containers"] = [{"name": f"app-{number}", "image": "app:1", "volumeMounts": mounts} for number in range(50)]
    answer = create(cluster, place(INJECTION), pod)
    assert answer.status == 201, answer.body.decode()[:2000]
    assert names(answer.json)[:2] == ["sts-sidecar", "init-0"]
    assert all(part("mount") in container["volumeMounts"] for container in answer.json["spec"]["containers"] + answer.json["spec"]["initContainers"][1:])


# Profiles


def test_the_example_of_a_profile(cluster, place):
    text = (TOP / "deploy" / "inject" / "profile.yaml").read_text()
    cluster.api.apply("sts-sidecar-system", text, dry=True)


PEM = load_profile("private-ca")["prescribed"]["ca"]
WRONG = [
    ({"url": None}, "url is missing, and the protocol (by default token-exchange) has no URL of its own"),
    ({"url": "http://sts.example.com"}, "spec.url"),
    ({"url": "https://sts.example.com/a b"}, "spec.url"),
    ({"url": "https://$(HOST)/token"}, "spec.url"),
    ({"url": "https://sts.example.com/$(HOST)"}, "spec.url"),
    ({"url": "https://user:password@sts.example.com/token"}, "spec.url"),
    ({"url": "https://sts.example.com/token#part"}, "spec.url"),
    ({"protocol": "kubernetes"}, "Unsupported value: \"kubernetes\""),
    ({"audience": None}, "audience is missing. Only an STS of the protocol openunison takes a subject token for the API server"),
    ({"audience": "a\nb"}, "spec.audience"),
    ({"expirationSeconds": 7200}, "less than or equal to 3600"),
    ({"expirationSeconds": 60}, "greater than or equal to 600"),
    ({"listen": 80}, "greater than or equal to 1024"),
    ({"ca": {}}, "write either pem or clusterTrustBundle"),
    ({"ca": {"pem": PEM, "clusterTrustBundle": "sts"}}, "write either pem or clusterTrustBundle"),
    ({"ca": {"pem": "nothing"}}, "this is not a certificate in PEM"),
    ({"ca": {"pem": PEM + "-----BEGIN PRIVATE" + " KEY-----\n"}}, "this is a private key, and every reader of Pods could read it"),
    ({"resources": {"requests": {"memory": "much"}}}, "spec.resources.requests.memory"),
    ({"resources": {"limits": {"example.com/gpu": 1}}}, "the resources are cpu, memory and ephemeral-storage"),
    ({"args": {"max-lifetime": "1 hour"}}, "spec.args.max-lifetime"),
    ({"args": {"proxy": "https://proxy.example.com"}}, "spec.args.proxy"),
    ({"args": {"proxy": "http://user:password@proxy.example.com:3128"}}, "spec.args.proxy"),
    ({"args": {"connect": "192.0.2.1"}}, "spec.args.connect"),
    ({"args": {"connect": "sts.example.com:443"}}, "spec.args.connect"),
    ({"args": {"scope": ["$(TOKEN)"]}}, "spec.args.scope"),
    ({"args": {"scope": ["$$(TOKEN)"]}}, "spec.args.scope"),
    ({"args": {"param": {"a b": "c"}}}, "a name has 1 to 128 letters"),
    ({"args": {"header": {"a:b": "c"}}}, "a name has 1 to 128 letters"),
    ({"args": {"write": "token,passwords"}}, "spec.args.write"),
    ({"args": {"insecure-http": True}}, "unknown field \"spec.args.insecure-http\""),
    ({"args": {"token-file": "/other"}}, "unknown field \"spec.args.token-file\""),
]


@pytest.mark.parametrize("change, words", WRONG, ids=[json.dumps(change)[:60] for change, _ in WRONG])
def test_a_profile_is_refused(cluster, place, change, words):
    profile = load_profile("example")["profile"]
    profile["metadata"]["name"] = "wrong"
    profile["spec"] = {key: value for key, value in (profile["spec"] | change).items() if value is not None}
    answer = cluster.api.ask("POST", f"{admission.PROFILES}?dryRun=All&fieldValidation=Strict", profile)
    assert answer.status in (400, 422) and words in answer.json["message"], answer.body.decode()


def test_a_name_that_is_no_label(cluster, place):
    profile = load_profile("example")["profile"]
    profile["metadata"]["name"] = "a" * 64
    answer = cluster.api.ask("POST", f"{admission.PROFILES}?dryRun=All", profile)
    assert answer.status == 422 and "the value of a label, so it has at most 63 characters" in answer.json["message"]


def test_a_profile_that_changes(cluster, place):
    """New Pods get what it prescribes now. Pods that are there keep what they have, and can be changed otherwise."""
    where, path = place(INJECTION), f"{admission.PROFILES}/example"
    before = load_profile("example")["profile"]
    with created(cluster, where, labelled("example")) as pod:
        cluster.api.must("PATCH", path, {"spec": {"url": "https://sts.example.com/other"}}, content_type=MERGE_PATCH)
        try:
            def args():
                """While one policy knows the new profile and another does not, the Pod is refused."""
                answer = create(cluster, where, labelled("example"))
                assert answer.status == 201, answer.body.decode()
                return answer.json["spec"]["initContainers"][0]["args"]
            until(lambda: args()[2] == "--url=https://sts.example.com/other", "new Pods have the new URL")
            touched = update(cluster, where, pod["metadata"]["name"], [{"op": "add", "path": "/metadata/labels/team", "value": "blue"}])
            assert touched.status == 200 and touched.json["spec"] == pod["spec"]
            assert "It differs in: args" in the_message(create(cluster, where, comparable(pod) | {"metadata": {**pod["metadata"], "name": "again"}}))
        finally:
            cluster.api.must("PATCH", path, {"spec": before["spec"]}, content_type=MERGE_PATCH)
            until(lambda: args()[2] == "--url=https://sts.example.com/token", "the URL from before")
