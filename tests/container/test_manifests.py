# SPDX-License-Identifier: Apache-2.0
"""The files in deploy/ keep the rules of this project and of Kubernetes."""
import copy
import json
import re
import tomllib

import kubernetes_validate
import pytest
from manifests import DEPLOY, EXAMPLES, TOP, container, containers, is_ours, load, one, pods_of_pages, readme_pod, violations

EXAMPLE_FILES = sorted(EXAMPLES.glob("*.yaml"))
MANIFESTS = EXAMPLE_FILES
PROBE = {"exec": {"command": ["/sts-sidecar", "check", "--wait", "20s", "/tokens"]},
         "periodSeconds": 1, "timeoutSeconds": 25, "failureThreshold": 180}


def ids(paths):
    return [path.stem for path in paths]


@pytest.fixture(params=EXAMPLE_FILES, ids=ids(EXAMPLE_FILES))
def example(request):
    return load(request.param)


@pytest.fixture
def pod(example):
    return one(example, "Pod")


def test_the_examples_are_these():
    assert ids(EXAMPLE_FILES) == ["init-fetch", "metrics", "native-sidecar", "several-exchanges", "sidecar-init-wait", "token-request"]


@pytest.mark.parametrize("path", MANIFESTS, ids=ids(MANIFESTS))
def test_every_manifest_is_whole(path):
    for doc in load(path):
        assert doc["apiVersion"] and doc["kind"] and doc["metadata"]["name"]


@pytest.mark.parametrize("version", ["1.29", "1.33", "1.37"])
@pytest.mark.parametrize("path", MANIFESTS, ids=ids(MANIFESTS))
def test_the_api_server_knows_every_field(path, version):
    """Each file is valid by the published schema of that version, which refuses unknown fields."""
    for doc in load(path):
        kubernetes_validate.validate(doc, version, strict=True)


def test_the_api_server_knows_every_field_of_a_page():
    """The same for the Pod of the README, and for the volumes and probes of the pages in docs/."""
    pods = pods_of_pages()
    assert {"README", "metrics", "dex", "keycloak", "openbao"} <= pods.keys()
    for pod in pods.values():
        kubernetes_validate.validate(pod, "1.37", strict=True)


def test_before_native_sidecars():
    for doc in load(EXAMPLES / "sidecar-init-wait.yaml") + load(EXAMPLES / "init-fetch.yaml"):
        kubernetes_validate.validate(doc, "1.25", strict=True)
    native = one(load(EXAMPLES / "native-sidecar.yaml"), "Pod")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(native, "1.25", strict=True)


def test_no_fixed_uid_anywhere():
    fixed = [path.name for path in DEPLOY.rglob("*") if path.is_file() and path.parts[len(DEPLOY.parts)] != "inject" and "runAsUser" in path.read_text()]
    assert not fixed, "OpenShift refuses a fixed UID; the image has one that the kubelet is content with"


def test_only_example_hosts():
    for path in MANIFESTS:
        hosts = re.findall(r"https?://([^/:\s\"']+)", path.read_text())
        assert all(host.endswith("example.com") for host in hosts), path


def test_image_version_is_the_programs():
    version = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
    tags = {each["image"].rsplit(":", 1)[1] for path in EXAMPLE_FILES for each in containers(one(load(path), "Pod")) if is_ours(each)}
    assert tags == {version}
    assert f'image.version="{version}"' in (TOP / "Dockerfile.scratch").read_text()


def test_restricted(pod):
    assert violations(pod) == []


BENT = {
    "Pod: runAsNonRoot": lambda spec: spec["securityContext"].update(runAsNonRoot=False),
    "Pod: seccompProfile": lambda spec: spec["securityContext"].pop("seccompProfile"),
    "Pod: runAsUser": lambda spec: spec["securityContext"].update(runAsUser=65532),
    "Pod: hostPID": lambda spec: spec.update(hostPID=True),
    "app: capabilities": lambda spec: spec["containers"][-1]["securityContext"].pop("capabilities"),
    "app: readOnlyRootFilesystem": lambda spec: spec["containers"][-1]["securityContext"].pop("readOnlyRootFilesystem"),
    "app: allowPrivilegeEscalation": lambda spec: spec["containers"][-1].pop("securityContext"),
    "app: privileged": lambda spec: spec["containers"][-1]["securityContext"].update(privileged=True),
    "app: no memory request": lambda spec: spec["containers"][-1].pop("resources"),
    "volume x: hostPath": lambda spec: spec["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
}


@pytest.mark.parametrize("complaint", BENT)
def test_the_rules_can_fail(complaint):
    pod = copy.deepcopy(one(load(EXAMPLE_FILES[0]), "Pod"))
    BENT[complaint](pod["spec"])
    assert complaint in violations(pod)


def test_the_application_holds_no_api_token(example, pod):
    account = one(example, "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["serviceAccountName"] == account["metadata"]["name"]
    assert pod["spec"]["enableServiceLinks"] is False


def test_volumes(pod):
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert volumes["tokens"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Mi"}
    subject = (volumes.get("sts-token") or volumes["api-token"])["projected"]["sources"]
    token = subject[0]["serviceAccountToken"]
    assert 600 <= token["expirationSeconds"] <= 3600
    if "api-token" in volumes:    # for the API server, whose audience is the default
        assert token.keys() == {"path", "expirationSeconds"} and [source["configMap"]["name"] for source in subject[1:]] == ["kube-root-ca.crt"]
    else:
        assert token["path"] == "sts-token" and token["audience"].startswith("https://") and len(subject) == 1


def test_mounts(pod):
    for each in containers(pod):
        mounts = {mount["mountPath"]: mount for mount in each["volumeMounts"]}
        if is_ours(each):
            assert mounts["/tokens"] == {"name": "tokens", "mountPath": "/tokens"}
            name, path = next((volume["name"], path) for volume in pod["spec"]["volumes"] for path in mounts
                              if "projected" in volume and mounts[path]["name"] == volume["name"])
            assert (name, path) in (("sts-token", "/var/run/secrets/tokens"), ("api-token", "/var/run/secrets/kubernetes.io/serviceaccount"))
            assert mounts[path] == {"name": name, "mountPath": path, "readOnly": True}
        else:
            assert mounts == {"/tokens": {"name": "tokens", "mountPath": "/tokens", "readOnly": True}}


def test_our_containers(pod):
    ours = [each for each in containers(pod) if is_ours(each)]
    assert ours
    for each in ours:
        assert each["terminationMessagePolicy"] == "FallbackToLogsOnError"
        assert each["resources"] == {"requests": {"cpu": "1m", "memory": "2Mi"}}
        assert "livenessProbe" not in each and "command" not in each


def test_native_sidecar_gates_the_application():
    pod = one(load(EXAMPLES / "native-sidecar.yaml"), "Pod")
    [sidecar] = pod["spec"]["initContainers"]
    assert is_ours(sidecar) and sidecar["restartPolicy"] == "Always" and sidecar["args"][0] == "run"
    assert sidecar["startupProbe"] == PROBE
    assert not any(is_ours(each) for each in pod["spec"]["containers"])


def test_health_and_metrics():
    """The native sidecar and --listen, nothing else."""
    [native], [sidecar] = (one(load(EXAMPLES / f"{name}.yaml"), "Pod")["spec"]["initContainers"] for name in ("native-sidecar", "metrics"))
    assert "readinessProbe" not in native and "ports" not in native
    [port] = sidecar.pop("ports")
    assert sidecar.pop("readinessProbe") == {"httpGet": {"path": "/readyz", "port": port["name"]}, "periodSeconds": 5}
    assert sidecar["args"].pop() == f"--listen=:{port['containerPort']}"
    assert sidecar == native


def test_sidecar_with_a_waiting_init_container():
    pod = one(load(EXAMPLES / "sidecar-init-wait.yaml"), "Pod")
    [init] = pod["spec"]["initContainers"]
    sidecar = container(pod, "sts-sidecar")
    assert "restartPolicy" not in init and "startupProbe" not in init
    assert init["args"][:2] == ["fetch", "--deadline=1h"] and sidecar["args"][0] == "run"
    assert init["args"][2:] == sidecar["args"][1:], "the sidecar adopts what the init container fetched"
    assert sidecar in pod["spec"]["containers"]


def test_init_container_alone():
    pod = one(load(EXAMPLES / "init-fetch.yaml"), "Pod")
    [init] = pod["spec"]["initContainers"]
    assert init["args"][0] == "fetch" and not any(is_ours(each) for each in pod["spec"]["containers"])
    assert pod["spec"]["restartPolicy"] == "OnFailure"


@pytest.mark.parametrize("file", ["several-exchanges", "token-request"])
def test_several_exchanges(file):
    docs = load(EXAMPLES / f"{file}.yaml")
    pod = one(docs, "Pod")
    [sidecar] = pod["spec"]["initContainers"]
    assert sidecar["restartPolicy"] == "Always" and sidecar["startupProbe"] == PROBE
    assert sidecar["args"] == ["run", "--config=/etc/sts-sidecar/config.json"]
    mounts = {mount["mountPath"]: mount for mount in sidecar["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert "subPath" not in mounts["/etc/sts-sidecar"]
    config = one(docs, "ConfigMap")
    assert volumes[mounts["/etc/sts-sidecar"]["name"]]["configMap"]["name"] == config["metadata"]["name"]
    first, second = json.loads(config["data"]["config.json"])["exchanges"]
    assert second["token-file"] == first["output-dir"] + "/token.jwt" and second["output-dir"] == "/tokens"
    assert volumes[mounts[first["output-dir"]]["name"]]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Mi"}


def test_token_request():
    """Tokens of its own name alone, and the two files that the protocol `kubernetes` has as defaults."""
    docs = load(EXAMPLES / "token-request.yaml")
    account, role, binding, pod = (one(docs, kind) for kind in ("ServiceAccount", "Role", "RoleBinding", "Pod"))
    name = account["metadata"]["name"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": [name], "verbs": ["create"]}]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name}]
    table = tomllib.loads((TOP / "lib/protocol/protocols.toml").read_text())["protocol"]["kubernetes"]
    [volume] = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "api-token"]
    token, ca = volume["projected"]["sources"]
    folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
    assert table["subject"]["file"] == folder + token["serviceAccountToken"]["path"]
    assert table["ca"] == folder + ca["configMap"]["items"][0]["path"]
    first = json.loads(one(docs, "ConfigMap")["data"]["config.json"])["exchanges"][0]
    assert first["protocol"] == "kubernetes" and first["audience"] == "https://sts.example.com"


def test_network_policy(example, pod):
    policy = one(example, "NetworkPolicy")
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert policy["spec"]["policyTypes"] == ["Egress"]
    ports = [(port["protocol"], port["port"]) for rule in policy["spec"]["egress"] for port in rule["ports"]]
    api_server = [("TCP", 6443)] if any(volume["name"] == "api-token" for volume in pod["spec"]["volumes"]) else []
    assert ports == [("UDP", 53), ("TCP", 53), ("TCP", 443), *api_server]


def test_the_pod_in_the_readme():
    """What people copy first."""
    spec = readme_pod()["spec"]
    [sidecar], [app] = spec["initContainers"], spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert sidecar["restartPolicy"] == "Always" and sidecar["startupProbe"] == PROBE
    assert app["volumeMounts"] == [{"name": "tokens", "mountPath": "/tokens", "readOnly": True}]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["tokens"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Mi"}
    mounted = {mount["name"]: mount["mountPath"] for mount in sidecar["volumeMounts"]}
    assert mounted == {"tokens": "/tokens", "subject": "/var/run/secrets/tokens"}
    assert volumes["subject"]["projected"]["sources"][0]["serviceAccountToken"]["path"] == "sts-token"
