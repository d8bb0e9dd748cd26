# SPDX-License-Identifier: Apache-2.0
"""The chart deploy/chart/sts-sidecar at a real API server, with a real helm: every values file, an upgrade, the end of the release."""
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

import policy_cases
from admission import PROFILES, create
from harness import pki
from manifests import DEPLOY
from node import NAME, Running
from programs import until
from test_monitoring import operator  # noqa: F401, a fixture

CHART, VALUES = DEPLOY / "chart/sts-sidecar", DEPLOY / "chart/values"
FILES = sorted(VALUES.glob("*.yaml"))
RELEASE, NAMESPACE = "sts-sidecar", "sts-sidecar-system"
REPOSITORY, DIGEST = "registry.example.com/sts-sidecar", "sha256:" + 4 * "0123456789abcdef"
IMAGE = ["--set", f"image.repository={REPOSITORY}", "--set", f"image.digest={DIGEST}"]
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tokenprofiles.sts-sidecar.io"
POLICIES = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies"
MONITORING = ["--api-versions", "monitoring.coreos.com/v1"]


@pytest.fixture(scope="module")
def helm(cluster, tmp_path_factory):
    """helm(...): runs it, with folders of its own."""
    home = tmp_path_factory.mktemp("helm")
    program = os.environ["STS_CLUSTER_HELM"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(cluster.kubeconfig("admin")), "GOGC": "off"}

    def run(*args, status=0, **more):
        done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, env=environment, cwd=home, timeout=120, **more)
        assert done.returncode == status, f"helm {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done
    return run


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_bytes(pki.authority(cn="private CA").pem)
    return path


@pytest.fixture
def options(ca_file):
    """options(file): what helm is given for a file of values."""
    return lambda path: ["-n", NAMESPACE, "-f", path, *IMAGE, *(["--set-file", f"profiles.vault.ca.pem={ca_file}"] if path.stem == "private-ca" else [])]


@pytest.fixture(scope="module")
def home(cluster):
    """The namespace of the releases, with *restricted*. At the end it is gone."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    cluster.api.must("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}})
    yield
    remove(cluster, f"/api/v1/namespaces/{NAMESPACE}")


@pytest.fixture
def system(cluster, home):
    """At the end there is no CRD."""
    yield
    remove(cluster, CRDS)


def remove(cluster, path):
    cluster.api.ask("DELETE", path)
    until(lambda: cluster.api.ask("GET", path).status == 404, f"{path} is gone")


@pytest.fixture
def place(cluster):
    """A namespace with *restricted* whose Pods may get the sidecar."""
    return cluster.namespace(labels=policy_cases.INJECTION)


def pod(profile, name="app"):
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"sts-sidecar.io/profile": profile}},
            "spec": {"automountServiceAccountToken": False, "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                     "containers": [{"name": "app", "image": "app:1", "securityContext": context,
                                     "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}}}]}}


def sidecar_of(answer, name="sts-sidecar"):
    """The injected container of an answer, or None as long as there is none. Nothing may be warned of."""
    if answer.status != 201:
        return None
    assert not answer.warnings, answer.warnings
    return next((each for each in answer.json["spec"].get("initContainers", []) if each["name"] == name), None)


def documents(text):
    return [each for each in yaml.safe_load_all(text) if each]


def by_name(docs):
    return {(each["kind"], each["metadata"]["name"]): each for each in docs}


def without_labels(docs):
    for each in docs:
        each["metadata"].pop("labels", None)
        each["metadata"].get("annotations", {}).pop("sts-sidecar.io/crd-revision", None)
        if not each["metadata"].get("annotations"):
            each["metadata"].pop("annotations", None)
    return by_name(docs)


ENDPOINT = {"openunison": {"endpoints": {"vault-sts": {"url": "https://openunison.example.com/vault/token/user", "ca": "own",
                                                      "tokenVariable": "VAULT_TOKEN_FILE", "valueVariable": "VAULT_TOKEN_ENABLED"}}}}


def test_the_chart_has_what_the_plain_manifests_have(cluster, helm):
    """So the cases of cases/ are true of the chart, too. Only the namespace is left to `helm install --create-namespace`."""
    plain = without_labels(documents(cluster.api.kubectl("kustomize", policy_cases.CASES / "policies").stdout))
    made = without_labels(documents(helm("template", RELEASE, CHART, "-n", NAMESPACE, "--include-crds", *IMAGE).stdout))
    plain.pop(("Namespace", NAMESPACE))
    assert made == plain and len(made) >= 9


def test_the_same_for_openunison(cluster, helm, tmp_path):
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(ENDPOINT | {"openunison": ENDPOINT["openunison"] | {"webhook": True}}))
    text = helm("template", RELEASE, CHART, "-n", NAMESPACE, *IMAGE, "-f", tmp_path / "values.yaml").stdout.replace("sts-sidecar-openunison-vault-sts", "sts-sidecar-openunison")
    made = {key: value for key, value in without_labels(documents(text)).items() if key[1].startswith("sts-sidecar-openunison")}
    folders = (policy_cases.CASES / "openunison-policies", DEPLOY / "inject/openunison/sidecar")
    plain = without_labels([each for folder in folders for each in documents(cluster.api.kubectl("kustomize", folder).stdout)])
    assert made == plain and len(made) == 6


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_values_file(cluster, helm, system, place, options, operator, path):
    """It has nothing that lint finds, applies strictly and without a warning, and gives the sidecar to a Pod of each profile."""
    helm("lint", "--strict", CHART, *options(path))
    helm("install", RELEASE, CHART, *options(path), "--wait=legacy", "--timeout=60s")
    rendered = helm("template", RELEASE, CHART, *options(path), *MONITORING).stdout
    done = cluster.api.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-", input=rendered)
    assert "Warning" not in done.stderr and done.stderr == ""
    kinds = {each["kind"] for each in documents(rendered)}
    assert ("PodMonitor" in kinds and "PrometheusRule" in kinds) == (path.stem == "metrics")
    for name, spec in profiles_of(path).items():
        found = until(lambda name=name: sidecar_of(create(cluster, place, pod(name))), f"the sidecar of the profile {name}")
        assert found["image"] == f"{REPOSITORY}@{DIGEST}"
        assert not spec.get("resources") or found["resources"] == spec["resources"]
        assert ("--cacert-only" in found["args"]) == (path.stem == "private-ca")
        assert ("--client-key=/etc/sts-sidecar-client/tls.key" in found["args"]) == (path.stem == "mutual-tls")
    helm("uninstall", RELEASE, "-n", NAMESPACE)
    assert cluster.api.get(PROFILES)["items"] == [] and cluster.api.get(POLICIES)["items"] == []


def profiles_of(path):
    return yaml.safe_load(path.read_text())["profiles"]


@pytest.mark.parametrize("name, field, words", [("limit-range", "LimitRange", b"minimum memory usage per Container is 16Mi, but request is 2Mi"),
                                                ("quota", "ResourceQuota", b"must specify limits.cpu for: sts-sidecar")])
def test_the_sidecar_passes(cluster, helm, system, place, options, name, field, words):
    """A Pod with the sidecar is accepted in a namespace with a LimitRange or a ResourceQuota, and would not be with the default resources."""
    limits = {"LimitRange": {"limits": [{"type": "Container", "min": {"cpu": "10m", "memory": "16Mi"}}]},
              "ResourceQuota": {"hard": {"requests.cpu": "1", "requests.memory": "1Gi", "limits.cpu": "2", "limits.memory": "1Gi"}}}
    cluster.api.must("POST", f"/api/v1/namespaces/{place}/{field.lower()}s", {"apiVersion": "v1", "kind": field, "metadata": {"name": "limits"}, "spec": limits[field]})
    helm("install", RELEASE, CHART, *options(VALUES / "default.yaml"))
    until(lambda: words in create(cluster, place, pod("vault")).body, "the refusal")
    helm("upgrade", RELEASE, CHART, *options(VALUES / f"{name}.yaml"))
    until(lambda: sidecar_of(create(cluster, place, pod("vault"))), "the sidecar with the resources of the profile")
    helm("uninstall", RELEASE, "-n", NAMESPACE)


@pytest.fixture
def before(tmp_path):
    """The chart as a version before this one: another number, another option, and another CRD."""
    folder = tmp_path / "before"
    shutil.copytree(CHART, folder)

    def change(name, pattern, new):
        text, count = re.subn(pattern, new, (folder / name).read_text(), flags=re.M)
        assert count, f"{name} has no {pattern}"
        (folder / name).write_text(text)
    change("Chart.yaml", r"^(version|appVersion): .*$", r"\1: 0.0.9")
    change("templates/mutating.yaml", r"failureThreshold': dyn\(180\)", "failureThreshold': dyn(60)")
    change("templates/validating.yaml", r"failureThreshold': dyn\(180\)", "failureThreshold': dyn(60)")
    change("crds/tokenprofiles.yaml", r"crd-revision: \"\w+\"", 'crd-revision: "before"')
    change("files/crd-revision", r"^\w+$", "before")
    return folder


def threshold(cluster, place):
    """What tells the two versions apart in a new Pod. While one policy is new and the other is not, a Pod is refused."""
    found = sidecar_of(create(cluster, place, pod("vault", "other")))
    return found and found["startupProbe"]["failureThreshold"]


def test_an_upgrade_and_the_end(cluster, helm, system, place, options, before):
    """The CRD is not left behind silently; a Pod that is there is not touched; what was applied by hand stays."""
    values = options(VALUES / "default.yaml")
    helm("install", RELEASE, before, *values)
    until(lambda: sidecar_of(create(cluster, place, pod("vault"))), "the sidecar")
    old = create(cluster, place, pod("vault"), dry=False).json
    assert threshold(cluster, place) == 60
    by_hand = {"apiVersion": "sts-sidecar.io/v1", "kind": "TokenProfile", "metadata": {"name": "by-hand"}, "spec": {"protocol": "vault", "audience": "https://vault.example.com"}}
    cluster.api.must("POST", PROFILES, by_hand)

    refused = helm("upgrade", RELEASE, CHART, *values, status=1)
    assert "Helm does not change a CRD. First run: helm show crds CHART | kubectl apply --server-side --force-conflicts -f -" in refused.stderr
    cluster.api.kubectl("apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-", input=helm("show", "crds", CHART).stdout)
    helm("upgrade", RELEASE, CHART, *values)
    until(lambda: threshold(cluster, place) == 180, "the policy of the new version")

    def present():
        return cluster.api.get(f"/api/v1/namespaces/{place}/pods/app")
    assert present()["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"] and present()["spec"] == old["spec"]
    patched = cluster.api.ask("PATCH", f"/api/v1/namespaces/{place}/pods/app", {"metadata": {"labels": {"seen": "yes"}}}, content_type="application/merge-patch+json")
    assert patched.status == 200, "a Pod of the version before can still be changed"

    helm("rollback", RELEASE, "1", "-n", NAMESPACE)
    until(lambda: threshold(cluster, place) == 60, "the policy of the version before")
    helm("uninstall", RELEASE, "-n", NAMESPACE)
    assert present()["spec"] == old["spec"] and not present()["metadata"].get("deletionTimestamp")
    assert [each["metadata"]["name"] for each in cluster.api.get(PROFILES)["items"]] == ["by-hand"], "the CRD is there, and what was applied by hand"
    until(lambda: create(cluster, place, pod("vault", "later")).status == 201, "no policy is left")
    assert sidecar_of(create(cluster, place, pod("vault", "later"))) is None


def test_openunison(cluster, helm, system, place, options):
    """A Pod with the label and the annotation of an endpoint gets OpenUnison's sidecar, with our image."""
    helm("install", RELEASE, CHART, *options(VALUES / "openunison.yaml"))
    for endpoint in yaml.safe_load((VALUES / "openunison.yaml").read_text())["openunison"]["endpoints"]:
        asked = pod("vault")
        asked["metadata"] = {"name": "app", "labels": {f"tremolo.io/{endpoint}": "yes"}, "annotations": {f"tremolo.io/{endpoint}": "app"}}
        asked["spec"].pop("automountServiceAccountToken")
        found = until(lambda asked=asked: sidecar_of(create(cluster, place, asked), "sts-creds-sidecar"), f"the sidecar of {endpoint}")
        assert found["image"] == f"{REPOSITORY}@{DIGEST}"
    helm("uninstall", RELEASE, "-n", NAMESPACE)


def test_a_running_pod(cluster, helm, system, place, before, node, sts):
    """On the kubelet: a Pod of the version before runs on through the upgrade, with its token and without a restart, and through the end of the release."""
    repository, _, digest = node.by_digest().partition("@")
    values = ["-n", NAMESPACE, "--set", f"image.repository={repository}", "--set", f"image.digest={digest}", "--set-json",
              'profiles={"vault": {"url": "https://sts.example/token", "audience": "https://sts.example", "args": {"audience": ["https://vault.example"]}}}']
    helm("install", RELEASE, before, *values)
    until(lambda: sidecar_of(create(cluster, place, pod("vault"))), "the sidecar")
    asked = pod("vault")
    asked["spec"] |= {"nodeName": NAME, "terminationGracePeriodSeconds": 1}
    assert create(cluster, place, asked, dry=False).status == 201
    app = Running(cluster, place, "app").started()
    first = app.first_read()
    sts.verify(first, "https://vault.example")

    def same():
        statuses = [app.status(name) for name in ("sts-sidecar", "app")]
        return [(each["containerID"], each["restartCount"]) for each in statuses]
    containers = same()
    assert [count for _, count in containers] == [0, 0]
    cluster.api.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=helm("show", "crds", CHART).stdout)
    helm("upgrade", RELEASE, CHART, *values)
    until(lambda: threshold(cluster, place) == 180, "the policy of the new version")
    app.exec("sts-sidecar", "/sts-sidecar", "refresh")
    until(lambda: len(app.tokens()) > 1, "another token")
    helm("uninstall", RELEASE, "-n", NAMESPACE)
    app.exec("sts-sidecar", "/sts-sidecar", "check", "/tokens")
    assert same() == containers
    app.delete()
    until(app.is_gone, "the Pod is gone")


def test_a_canary(cluster, helm, system, place, options):
    """A second release with a revision of its own has the namespaces with its label, and the first keeps the others."""
    values, other = options(VALUES / "default.yaml"), ["--set", "revision=canary", "--set", f"image.digest={DIGEST[:-1]}0"]
    helm("install", RELEASE, CHART, *values)
    helm("install", f"{RELEASE}-canary", CHART, "-n", NAMESPACE, "--skip-crds", *IMAGE, *other)
    elsewhere = cluster.namespace(labels={"sts-sidecar.io/injection": "canary"})
    for name, digest, revision in ((place, DIGEST, "0.1.0"), (elsewhere, f"{DIGEST[:-1]}0", "canary")):
        until(lambda name=name: sidecar_of(create(cluster, name, pod("vault"))), f"the sidecar in {name}")
        assert create(cluster, name, pod("vault")).json["metadata"]["annotations"]["sts-sidecar.io/injected"] == f"{revision}@{REPOSITORY}@{digest}"
    helm("uninstall", f"{RELEASE}-canary", "-n", NAMESPACE)
    assert sidecar_of(create(cluster, place, pod("vault"))), "the first is as it was"
    helm("uninstall", RELEASE, "-n", NAMESPACE)


@pytest.mark.parametrize("given, words", [
    ([], "image.repository is missing: set it to the repository of your image"),
    (IMAGE[:2], "image.digest is missing: set it to the digest of your image, sha256:..."),
    ([*IMAGE[:2], "--set", "image.digest=latest"], "at '/image/digest': 'latest' does not match"),
    ([*IMAGE, "--set", "profiles.a.uri=https://sts.example.com"], "uri"),
    ([*IMAGE, "--set", "profiles.a.url=http://sts.example.com"], "url"),
    ([*IMAGE, "--set", "profiles.Vault.protocol=vault"], "Vault"),
    ([*IMAGE, "--set", "image.pullPolicy=Sometimes"], "pullPolicy"),
    ([*IMAGE, "--set", "monitor.enabled=true"], "monitor"),
], ids=lambda value: None if isinstance(value, list) else value[:20])
def test_values_that_are_refused(helm, given, words):
    done = helm("template", RELEASE, CHART, "-n", NAMESPACE, *given, status=1)
    assert words in done.stderr


def test_other_values(helm):
    """The values that no file sets, and another namespace."""
    given = ["--set", "image.pullPolicy=Always", "--set", "image.pullSecrets={a,b}", "--set", "excludedNamespaces={sts,registry}"]
    made = by_name(documents(helm("template", RELEASE, CHART, "-n", "platform", *IMAGE, *given).stdout))
    policy = made["MutatingAdmissionPolicy", "sts-sidecar"]["spec"]
    variables = {each["name"]: each["expression"] for each in policy["variables"]}
    assert (variables["pullPolicy"], variables["pullSecrets"]) == ("'Always'", "['a', 'b']")
    assert policy["matchConstraints"]["namespaceSelector"]["matchExpressions"][1]["values"] == ["kube-system", "kube-public", "kube-node-lease", "platform", "sts", "registry"]
    assert made["MutatingAdmissionPolicyBinding", "sts-sidecar"]["spec"]["paramRef"]["namespace"] == "platform"
    assert NAMESPACE not in json.dumps([each for each in made.values()])
