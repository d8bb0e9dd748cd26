# SPDX-License-Identifier: Apache-2.0
"""The files in deploy/ keep the rules of this project and of Kubernetes."""
import copy
import json
import re
import tomllib
import urllib.parse

import kubernetes_validate
import pytest
from manifests import (
    APP_IMAGE, EXAMPLES, KUSTOMIZE, NETWORK, TOP, applied, container, containers, is_ours, load, one, pod_of, pods_of_pages, readme_pod, violations,
    workload,
)

APPLIED = applied()
# The sidecar of injected.yaml comes from the policies: tests/cluster/test_inject_pods.py runs it.
EXAMPLE_FILES = sorted(path for path in EXAMPLES.glob("*.yaml") if path.stem != "injected")
KINDS = {
    "anthropic": "Job", "anthropic-token-request": "Deployment", "aws-credentials": "CronJob", "aws-sdk": "Deployment", "azure": "Deployment",
    "google": "StatefulSet", "init-fetch": "Pod", "keycloak": "Deployment", "metrics": "Pod", "native-sidecar": "Pod", "openai": "CronJob",
    "openbao": "StatefulSet", "several-exchanges": "Pod", "several-services": "Deployment", "sidecar-init-wait": "Pod", "token-request": "Pod",
    "vault-agent": "Deployment",
}
# Services whose names are those of their vendors; all other hosts are examples.
VENDORS = {"sts.googleapis.com", "iamcredentials.googleapis.com", "login.microsoftonline.com", "api.anthropic.com", "api.openai.com"}
PROBE = {"exec": {"command": ["/sts-sidecar", "check", "--wait", "20s", "/tokens"]},
         "periodSeconds": 1, "timeoutSeconds": 25, "failureThreshold": 180}


def ids(paths):
    return [path.stem for path in paths]


@pytest.fixture(params=EXAMPLE_FILES, ids=ids(EXAMPLE_FILES))
def path(request):
    return request.param


@pytest.fixture
def example(path):
    return load(path)


@pytest.fixture
def pod(example):
    return pod_of(example)


def test_the_examples_are_these():
    assert {path.stem: workload(load(path))["kind"] for path in EXAMPLE_FILES} == KINDS


def test_names_can_live_together():
    """All objects of an example have the name of its file, so all examples can be in one namespace."""
    names = [(doc["kind"], doc["metadata"]["name"]) for path in APPLIED for doc in load(path)]
    assert len(names) == len(set(names))
    for path in EXAMPLE_FILES:
        docs = load(path)
        assert {doc["metadata"]["name"] for doc in docs} == {path.stem}
        assert pod_of(docs)["metadata"]["labels"]["app"] == path.stem


@pytest.mark.parametrize("version", ["1.29", "1.33", "1.37"])
@pytest.mark.parametrize("manifest", APPLIED, ids=ids(APPLIED))
def test_the_api_server_knows_every_field(manifest, version):
    """Each file is valid by the published schema of that version, which refuses unknown fields."""
    for doc in load(manifest):
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
    """OpenShift refuses a fixed UID, and the image has one that the kubelet is content with. The component for OpenShift takes one away."""
    for folder in (EXAMPLES, NETWORK, KUSTOMIZE):
        for found in folder.rglob("*.yaml"):
            assert "runAsUser" not in found.read_text().replace("runAsUser: null", ""), found


def test_only_example_hosts(path):
    for url in re.findall(r"https?://[^\s\"'},]+", path.read_text()):
        host = urllib.parse.urlsplit(url).hostname
        assert host.endswith("example.com") or host in VENDORS, url


def test_no_image_that_does_not_exist(pod):
    """An image is a required value: the two names have neither registry nor tag."""
    assert any(is_ours(each) for each in containers(pod))
    assert {each["image"] for each in containers(pod) if not is_ours(each)} == {APP_IMAGE}


def test_the_comment_says_what_to_change(path):
    comment = path.read_text().partition("apiVersion:")[0]
    assert re.search(r"Change the\s(#\s)?images", comment), comment


def test_image_version_is_the_programs():
    version = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
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
    pod = copy.deepcopy(pod_of(load(EXAMPLES / "native-sidecar.yaml")))
    BENT[complaint](pod["spec"])
    assert complaint in violations(pod)


def test_the_application_holds_no_api_token(example, pod):
    account = one(example, "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["serviceAccountName"] == account["metadata"]["name"]
    assert pod["spec"]["enableServiceLinks"] is False


def volumes_of(pod):
    return {volume["name"]: volume for volume in pod["spec"]["volumes"]}


def is_for_the_api_server(pod):
    return "api-token" in volumes_of(pod)


def test_the_subject_token(pod):
    """It is for one audience, lives for an hour at most, and has the label of an exemption where it is for the API server."""
    [volume] = [volume for volume in pod["spec"]["volumes"] if "projected" in volume and volume["name"] != "vault-agent"]
    sources = volume["projected"]["sources"]
    exempt = pod["metadata"]["labels"].get("sts-sidecar.io/token-checklist-exempt")
    if is_for_the_api_server(pod):
        token, ca = sources
        assert token["serviceAccountToken"] == {"path": "token", "expirationSeconds": 3600} and ca["configMap"]["name"] == "kube-root-ca.crt"
        assert exempt == volume["name"] == "api-token"
        return
    assert volume["name"] == "sts-token" and exempt is None
    for source in sources:
        token = source["serviceAccountToken"]
        assert token["audience"] and "*" not in token["audience"] and 600 <= token["expirationSeconds"] <= 3600


def test_the_tokens_are_in_memory(pod):
    for volume in pod["spec"]["volumes"]:
        assert volume.get("emptyDir", {"medium": "Memory", "sizeLimit": "1Mi"}) == {"medium": "Memory", "sizeLimit": "1Mi"}
    for each in filter(is_ours, containers(pod)):
        written = [mount for mount in each["volumeMounts"] if not mount.get("readOnly")]
        assert written and all("emptyDir" in volumes_of(pod)[mount["name"]] for mount in written)


def test_what_the_application_mounts(pod):
    """It reads what the sidecar writes, and has neither the subject token nor the tokens between two exchanges."""
    for each in containers(pod):
        if not is_ours(each):
            mounts = {mount["mountPath"]: mount for mount in each["volumeMounts"]}
            assert all(mount["readOnly"] is True and "subPath" not in mount for mount in mounts.values())
            assert any(path == "/tokens" or path.startswith("/tokens/") for path in mounts)
            assert not {"sts-token", "api-token", "chain"} & {mount["name"] for mount in mounts.values()}


def test_every_path_of_a_variable_is_mounted(pod):
    """The variables of the clients (AWS_WEB_IDENTITY_TOKEN_FILE and the like) lead to a mount of the same container."""
    for each in containers(pod):
        folders = [mount["mountPath"] for mount in each.get("volumeMounts", [])]
        for variable in each.get("env", []):
            value = variable.get("value", "")
            if value.startswith("/") and not value.startswith(("//", "/vault/secrets/")):
                assert value.rpartition("/")[0] in folders, variable


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


def test_every_native_sidecar_gates_the_application(pod):
    """The application starts when each directory that the sidecar writes for it has a token."""
    for each in filter(is_ours, pod["spec"].get("initContainers", [])):
        if each["args"][0] == "fetch":
            assert not {"restartPolicy", "startupProbe"} & each.keys()
            continue
        read = {mount["name"] for container in pod["spec"]["containers"] for mount in container["volumeMounts"]}
        folders = [mount["mountPath"] for mount in each["volumeMounts"] if not mount.get("readOnly") and mount["name"] in read]
        assert each["args"][0] == "run" and each["restartPolicy"] == "Always" and folders
        assert each["startupProbe"] == PROBE | {"exec": {"command": [*PROBE["exec"]["command"][:-1], *folders]}}


@pytest.mark.parametrize("file", ["several-exchanges", "token-request", "anthropic-token-request"])
def test_several_exchanges(file):
    docs = load(EXAMPLES / f"{file}.yaml")
    pod = pod_of(docs)
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


@pytest.mark.parametrize("file", ["token-request", "anthropic-token-request"])
def test_token_request(file):
    """Tokens of its own name alone, the audience that the guard allows, and the two files that the protocol `kubernetes` has as defaults."""
    docs = load(EXAMPLES / f"{file}.yaml")
    account, role, binding = (one(docs, kind) for kind in ("ServiceAccount", "Role", "RoleBinding"))
    pod = pod_of(docs)
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
    assert first["protocol"] == "kubernetes"
    assert account["metadata"]["labels"] == {"sts-sidecar.io/token-request": "guarded"}
    assert account["metadata"]["annotations"] == {"sts-sidecar.io/token-request-audiences": first["audience"]}


def ports_of(rules):
    return [(port["protocol"], port["port"]) for rule in rules for port in rule["ports"]]


def test_egress(example, pod):
    """Every example has the label of the policy in deploy/network, and a policy of its own for nothing but the API server."""
    egress = one(load(NETWORK / "egress.yaml"), "NetworkPolicy")["spec"]
    assert egress["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert egress["policyTypes"] == ["Egress"] and ports_of(egress["egress"]) == [("UDP", 53), ("TCP", 53), ("TCP", 443)]
    own = [doc["spec"] for doc in example if doc["kind"] == "NetworkPolicy"]
    assert bool(own) == is_for_the_api_server(pod)
    for spec in own:
        assert spec["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert spec["policyTypes"] == ["Egress"] and ports_of(spec["egress"]) == [("TCP", 6443)]


def test_ingress():
    """Prometheus reaches the port of the metrics, and nothing else."""
    ingress = one(load(NETWORK / "metrics.yaml"), "NetworkPolicy")["spec"]
    pod = pod_of(load(EXAMPLES / "metrics.yaml"))
    [port] = pod["spec"]["initContainers"][0]["ports"]
    assert ingress["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert ingress["policyTypes"] == ["Ingress"] and ports_of(ingress["ingress"]) == [("TCP", port["containerPort"])]
    assert all(peer.keys() == {"namespaceSelector", "podSelector"} for rule in ingress["ingress"] for peer in rule["from"])


def test_external_account():
    """Google's libraries read the token from the file that the sidecar writes, and the exchange is for the same provider."""
    docs = load(EXAMPLES / "google.yaml")
    account, pod = json.loads(one(docs, "ConfigMap")["data"]["credentials.json"]), pod_of(docs)
    assert account["type"] == "external_account" and account["credential_source"] == {"file": "/tokens/token.jwt"}
    assert f"--audience={account['audience']}" in pod["spec"]["initContainers"][0]["args"]


def test_vault_agent():
    annotations = pod_of(load(EXAMPLES / "vault-agent.yaml"))["metadata"]["annotations"]
    own = {name.removeprefix("vault.hashicorp.com/"): value for name, value in annotations.items()}
    assert own["auth-type"] == "jwt" and own["auth-config-path"] == "/tokens/token.jwt"
    assert own["auth-config-remove-jwt-after-reading"] == "false", "the mount is read-only, and the file is the sidecar's"
    assert own["agent-copy-volume-mounts"] == "app", "the mounts of the sidecar would give the agent the subject token"
    # Without a token to mount the injector refuses the Pod: "failed to find service account volume mount".
    volume = volumes_of(pod_of(load(EXAMPLES / "vault-agent.yaml")))[own["agent-service-account-token-volume-name"]]
    assert volume["projected"]["sources"] == [{"serviceAccountToken": {"path": "token", "audience": "nobody", "expirationSeconds": 3600}}]


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
