# SPDX-License-Identifier: Apache-2.0
"""What kustomize makes of a user's overlay over deploy/kustomize, for each kind of workload."""
import copy
import re

import kubernetes_validate
import pytest
import yaml

from kustomize import DIGEST, KINDS, OVERLAYS, app, overlay, settings
from manifests import EXAMPLES, KUSTOMIZE, NETWORK, container, containers, load, one, pod_of, template, violations, workload

COMPONENTS = sorted(path.parent.name for path in KUSTOMIZE.glob("components/*/kustomization.yaml"))
FIXED = {"image", "securityContext", "startupProbe", "terminationMessagePolicy", "resources", "restartPolicy"}


@pytest.fixture
def made(build, tmp_path):
    """made(kind, overlay name): the documents."""
    return lambda kind, name, **more: build(overlay(tmp_path / kind / name, [app(kind, **more), settings()], OVERLAYS[name]))


def sidecar(pod):
    return container(pod, "sts-sidecar")


def variables(pod):
    return {each["name"]: each["value"] for each in sidecar(pod).get("env", [])}


def test_every_component_is_tried():
    assert COMPONENTS == sorted({name for names in OVERLAYS.values() for name in names})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_the_api_server_knows_every_field(made, kind, name):
    """The result is whole, keeps the rules of *restricted*, and has our image by digest."""
    docs = made(kind, name)
    for doc in docs:
        for version in ("1.29", "1.33", "1.37"):
            kubernetes_validate.validate(doc, version, strict=True)
    pod = pod_of(docs)
    assert violations(pod) == []
    assert sidecar(pod)["image"] == f"registry.example.com/sts-sidecar@{DIGEST}"
    assert all(each["volumeMounts"] for each in containers(pod))


@pytest.mark.parametrize("name", OVERLAYS)
def test_all_kinds_have_the_same_pod(made, name):
    """template.yaml and cron-job.yaml of a component do the same."""
    pods = [pod_of(made(kind, name))["spec"] for kind in KINDS]
    for pod in pods:
        pod.pop("restartPolicy", None)
    assert all(pod == pods[0] for pod in pods[1:])


def test_the_sidecar_is_that_of_the_example(made):
    ours, example = (sidecar(pod) for pod in (pod_of(made("Deployment", "sidecar")), pod_of(load(EXAMPLES / "native-sidecar.yaml"))))
    example["securityContext"] |= {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}     # in the example they are the Pod's
    for field in FIXED - {"image"}:
        assert ours[field] == example[field], field
    assert ours["args"] == ["run", "--config=/etc/sts-sidecar/config.json"]


def test_init_only(made):
    pod = pod_of(made("Job", "init-only"))
    assert sidecar(pod)["args"][0] == "fetch"
    assert not {"restartPolicy", "startupProbe"} & sidecar(pod).keys()


def test_the_pod_as_a_whole(made):
    """Everything that the smallest overlay adds to a Deployment, and nothing else."""
    docs = made("Deployment", "sidecar")
    before, after = template(app("Deployment")), pod_of(docs)
    assert after["metadata"] == before["metadata"]
    expected = copy.deepcopy(before["spec"])
    expected["containers"][0]["volumeMounts"] = [{"name": "sts-sidecar-tokens", "mountPath": "/tokens", "readOnly": True}]
    expected["volumes"] = [
        {"name": "sts-sidecar-subject", "projected": {"sources": [{"serviceAccountToken": {
            "path": "sts-token", "audience": "https://sts.example.com", "expirationSeconds": 3600}}]}},
        {"name": "sts-sidecar-tokens", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "sts-sidecar-config", "configMap": {"name": "sts-sidecar", "items": [{"key": "config.json", "path": "config.json"}]}}]
    ours = after["spec"].pop("initContainers")
    assert after["spec"] == expected
    mounts = {mount["mountPath"]: (mount["name"], mount.get("readOnly", False)) for mount in ours[0]["volumeMounts"]}
    assert len(ours) == 1 and mounts == {
        "/tokens": ("sts-sidecar-tokens", False), "/etc/sts-sidecar": ("sts-sidecar-config", True),
        "/var/run/secrets/tokens": ("sts-sidecar-subject", True), "/var/run/secrets/kubernetes.io/serviceaccount": ("sts-sidecar-subject", True)}
    assert sorted(doc["kind"] for doc in docs) == ["ConfigMap", "Deployment"], "what only kustomize needs is not in the result"


def test_a_workload_that_has_much_already(made):
    """Init containers, several containers, mounts and volumes stay, in their order, and the sidecar is the first."""
    small = {"image": "app", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    spec = {"initContainers": [{"name": "one", "image": "app"}, {"name": "two"} | small], "containers": [{"name": "app"} | small, {"name": "log", "image": "app"}],
            "volumes": [{"name": "data", "emptyDir": {}}], "serviceAccountName": "cart", "automountServiceAccountToken": True}
    for kind in KINDS:
        pod = pod_of(made(kind, "everything", spec=spec))["spec"]
        assert [each["name"] for each in pod["initContainers"]] == ["sts-sidecar", "one", "two"]
        assert [each["name"] for each in pod["containers"]] == ["app", "log"]
        read_only = {"name": "sts-sidecar-tokens", "mountPath": "/tokens", "readOnly": True}
        for each in pod["initContainers"][1:] + pod["containers"]:
            expected = [read_only] if each["name"] in ("one", "log") else [*small["volumeMounts"], read_only]
            assert each["volumeMounts"] == expected, each["name"]
        assert {"name": "data", "emptyDir": {}} in pod["volumes"] and pod["automountServiceAccountToken"] is True


def test_private_ca_and_mutual_tls(made):
    """The variables lead to files of the generated ConfigMap and Secret, whose names have a hash."""
    docs = made("StatefulSet", "mutual-tls")
    pod = pod_of(docs)
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in sidecar(pod)["volumeMounts"]}
    assert variables(pod).keys() == {"STS_CACERT_PATH", "STS_CLIENT_CERT", "STS_CLIENT_KEY"}
    generated = {doc["metadata"]["name"]: doc["data"] for doc in docs if doc["metadata"]["name"].startswith("sts-sidecar-c")}
    for path in variables(pod).values():
        folder, _, name = path.rpartition("/")
        source = mounts[folder].get("configMap", {}).get("name") or mounts[folder]["secret"]["secretName"]
        assert name in generated[source] and source[-11] == "-"
    assert not any(mount["name"].startswith("sts-sidecar-c") for each in pod["spec"]["containers"] for mount in each["volumeMounts"])


def test_proxy(made):
    assert variables(pod_of(made("Job", "proxy"))) == {"STS_PROXY": "http://proxy.example.com:3128"}


def test_metrics(made):
    """The port of the variable, of the container and of the NetworkPolicy are one."""
    ours = sidecar(pod_of(made("Deployment", "metrics")))
    [port], [variable] = ours["ports"], ours["env"]
    assert variable == {"name": "STS_LISTEN", "value": f":{port['containerPort']}"}
    assert ours["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}
    [example] = pod_of(load(EXAMPLES / "metrics.yaml"))["spec"]["initContainers"]
    assert ours["ports"] == example["ports"] and ours["readinessProbe"] == example["readinessProbe"]
    [rule] = one(load(NETWORK / "metrics.yaml"), "NetworkPolicy")["spec"]["ingress"]
    assert [each["port"] for each in rule["ports"]] == [port["containerPort"]]


def test_fs_group_and_openshift(build, made, tmp_path):
    """OpenShift refuses a UID or a group that a Pod names. The component takes away those of the Pod."""
    assert pod_of(made("Deployment", "fs-group"))["spec"]["securityContext"]["fsGroup"] == 2000
    own = {"securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}}}
    docs = [app("Deployment", spec=own), settings(), *load(NETWORK / "egress.yaml")]
    made = build(overlay(tmp_path, docs, ["sidecar", "openshift"]))
    assert pod_of(made)["spec"]["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    dns, sts = one(made, "NetworkPolicy")["spec"]["egress"]
    assert dns["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "openshift-dns"}
    assert {each["port"] for each in dns["ports"]} == {5353} and [each["port"] for each in sts["ports"]] == [443]


def test_limit_range_and_quota(made):
    floor, ceiling = {"requests": {"cpu": "10m", "memory": "16Mi"}}, {"limits": {"cpu": "100m", "memory": "16Mi"}}
    assert sidecar(pod_of(made("Deployment", "limit-range")))["resources"] == floor
    assert sidecar(pod_of(made("Deployment", "quota")))["resources"] == {"requests": {"cpu": "1m", "memory": "2Mi"}} | ceiling
    assert sidecar(pod_of(made("Deployment", "ratio")))["resources"] == floor | ceiling


def test_names_and_namespaces(build, tmp_path):
    """Two overlays with suffixes live in one namespace: the reference to the ConfigMap follows."""
    docs = build(overlay(tmp_path, [app("Deployment"), settings()], ["sidecar"], more={"namespace": "shop", "nameSuffix": "-blue"}))
    volumes = {volume["name"]: volume for volume in pod_of(docs)["spec"]["volumes"]}
    assert volumes["sts-sidecar-config"]["configMap"]["name"] == one(docs, "ConfigMap")["metadata"]["name"] == "sts-sidecar-blue"
    assert all(doc["metadata"]["namespace"] == "shop" for doc in docs)


@pytest.mark.parametrize("missing, components, words", [
    ("subject-audience", ["sidecar"], "fieldPath `data.subject-audience` is missing"),
    ("proxy", ["sidecar", "proxy"], "fieldPath `data.proxy` is missing"),
])
def test_a_setting_is_missing(build, tmp_path, missing, components, words):
    without = settings()
    del without["data"][missing]
    assert words in build(overlay(tmp_path, [app("Deployment"), without], components), status=1)
    assert "nothing selected by ConfigMap" in build(overlay(tmp_path / "none", [app("Deployment")], components), status=1)


def test_without_an_image(build, tmp_path):
    """kustomize has no required values. What is applied then names no registry."""
    assert sidecar(pod_of(build(overlay(tmp_path, [app("Job"), settings()], ["sidecar"], images=[]))))["image"] == "sts-sidecar"


def test_the_example(build):
    """The folder that users copy: ten lines, and a complete result."""
    folder = KUSTOMIZE / "example"
    lines = [line for line in (folder / "kustomization.yaml").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) <= 10
    docs = build(folder)
    for doc in docs:
        kubernetes_validate.validate(doc, "1.37", strict=True)
    pod = pod_of(docs)
    assert violations(pod) == [] and workload(docs)["kind"] == "Deployment"
    assert one(docs, "ServiceAccount")["metadata"]["name"] == pod["spec"]["serviceAccountName"]
    for policy in (doc for doc in docs if doc["kind"] == "NetworkPolicy"):
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    # kubectl applies it as it stands, and the kubelet refuses this reference without asking a registry.
    assert sidecar(pod)["image"] == "registry.example.com/sts-sidecar@sha256:THE-DIGEST-OF-YOUR-IMAGE"


def test_the_page():
    """What deploy/kustomize/README.md shows and lists."""
    page = (KUSTOMIZE / "README.md").read_text()
    [shown] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert yaml.safe_load(shown) == yaml.safe_load((KUSTOMIZE / "example/kustomization.yaml").read_text())
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", page.partition("## Components")[2], re.M)) == COMPONENTS


def test_network(build):
    assert [doc["metadata"]["name"] for doc in build(NETWORK)] == ["sts-sidecar-egress", "sts-sidecar-metrics"]


def test_no_component_is_a_copy_with_another_pod():
    """Each pair of patches has one Pod, so a change of one that is forgotten in the other is seen here, too, without kustomize."""
    for path in KUSTOMIZE.rglob("template.yaml"):
        [cron_job] = [yaml.safe_load((path.parent / "cron-job.yaml").read_text())]
        assert template(cron_job) == template(yaml.safe_load(path.read_text())), path
