# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/operations.md, word for word but for REPOSITORY and DIGEST, at a cluster that has what the page names: the namespace shop and the Deployment cart, whose Pods get the sidecar by a label."""
import re

import pytest
import yaml

from admission import PROFILES
from manifests import TOP, readme_pod
from node import NAME
from programs import until

PAGE = TOP / "docs/operations.md"
BLOCK = re.compile(r"<!-- run by: tests/cluster/test_operations\.py -->\n\n```sh\n(.*?)```", re.S)
NAMESPACE, DEPLOYMENT, PROFILE, SYSTEM = "shop", "cart", "vault", "sts-sidecar-system"


def commands():
    return [line for block in BLOCK.findall(PAGE.read_text()) for line in block.splitlines()]


def deployment():
    """An application as an application team writes it: a label, and nothing of the sidecar."""
    pod = readme_pod()
    spec = {key: value for key, value in pod["spec"].items() if key not in ("initContainers", "volumes")}
    for each in spec["containers"]:
        each.pop("volumeMounts", None)
    template = {"metadata": {"labels": {"app": DEPLOYMENT, "sts-sidecar.io/profile": PROFILE}}, "spec": spec | {"nodeName": NAME, "terminationGracePeriodSeconds": 1}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": DEPLOYMENT},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": DEPLOYMENT}}, "template": template}}


def profile():
    return {"apiVersion": "sts-sidecar.io/v1", "kind": "TokenProfile", "metadata": {"name": PROFILE, "namespace": SYSTEM},
            "spec": {"url": "https://sts.example/token", "audience": "https://sts.example", "args": {"audience": ["https://vault.example"]}}}


@pytest.fixture(scope="module")
def injection(cluster, node):
    """The chart with the image that is on the node, and the profile. Returns the image."""
    image = node.by_digest()
    repository, _, digest = image.partition("@")

    def shell(command):
        done = cluster.shell(command, TOP)
        assert done.returncode == 0, done.stdout + done.stderr
    shell(f"helm install sts-sidecar deploy/chart/sts-sidecar -n {SYSTEM} --create-namespace --set image.repository={repository} --set image.digest={digest}")
    until(lambda: cluster.api.ask("GET", PROFILES).status == 200, "the API server has the profiles")
    cluster.api.apply(SYSTEM, yaml.safe_dump(profile()))
    yield image
    for release in ("sts-sidecar-canary", "sts-sidecar"):
        shell(f"helm uninstall {release} -n {SYSTEM} --ignore-not-found")
    shell(f"kubectl delete crd/tokenprofiles.sts-sidecar.io namespace/{SYSTEM}")


@pytest.fixture(scope="module")
def shop(cluster, injection):
    cluster.api.must("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    path = f"/api/v1/namespaces/{NAMESPACE}"
    until(lambda: cluster.api.ask("GET", f"{path}/serviceaccounts/default").status == 200, "the ServiceAccount")
    until(lambda: not cluster.api.get(f"/api/v1/pods?labelSelector=sts-sidecar.io/profile&fieldSelector=spec.nodeName%3D{NAME}")["items"], "the Pods of the tests before are gone")
    yield path
    cluster.api.kubectl("delete", "deployments,pods", "--all", "-n", NAMESPACE, "--grace-period=1", "--force", "--wait=false", status=None)
    cluster.api.ask("DELETE", path)


@pytest.fixture
def cart(cluster, shop, injection, sts):
    """The Deployment, whose Pod has the sidecar and a token. Returns the image."""
    cluster.api.kubectl("label", "namespace", NAMESPACE, "sts-sidecar.io/injection=enabled", "--overwrite")
    template = deployment()["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | {"name": "app"}, "spec": template["spec"]}
    until(lambda: b"sts-sidecar.io/injected" in cluster.api.ask("POST", f"{shop}/pods?dryRun=All", pod).body, "the policies are in force")
    cluster.api.apply(NAMESPACE, yaml.safe_dump(deployment()))
    cluster.api.kubectl("rollout", "status", f"deployment/{DEPLOYMENT}", "-n", NAMESPACE, "--timeout=120s", limit_s=130)
    return injection


# What the answer to a command has in it. Each command of the page is here, by its beginning.
ANSWERS = {
    "kubectl get pods -A -l sts-sidecar.io/profile": rf"shop +cart-\w+-\w+ +{PROFILE} +0\.1\.0@IMAGE$",
    """kubectl get pods -A -o jsonpath='{range .items[*]}{.spec.initContainers[?(@.name=="sts-sidecar")]""": r"^ +1 IMAGE$",
    """kubectl get pods -A -o jsonpath='{range .items[*]}{.spec.initContainers[?(@.name=="sts-creds-sidecar")]""": r"^ +\d+ $",    # no Pod has one
    "kubectl rollout restart": "restarted",
    "kubectl rollout status": "successfully rolled out",
    "kubectl exec -n shop deployment/cart -c sts-sidecar -- /sts-sidecar check": "valid",
    "kubectl exec -n shop deployment/cart -c sts-sidecar -- /sts-sidecar doctor": "token",
    "kubectl exec -n shop deployment/cart -c sts-sidecar -- /sts-sidecar refresh": "",
    "helm install sts-sidecar-canary": "^STATUS: deployed$",
    "kubectl label namespace shop": "labeled",
    "kubectl drain": "drained",
    "kubectl get --raw /.well-known/openid-configuration": '"issuer":"https://kubernetes',
    "kubectl get --raw /openid/v1/jwks": '"keys":',
}


def test_every_command_has_an_answer():
    assert len(commands()) == len(ANSWERS)
    assert all(sum(command.startswith(beginning) for command in commands()) == 1 for beginning in ANSWERS)


def test_the_commands_of_the_page(cluster, cart):
    repository, _, digest = cart.partition("@")
    for command in commands():
        done = cluster.shell(command.replace("REPOSITORY", repository).replace("DIGEST", digest), TOP)
        [wanted] = [words for beginning, words in ANSWERS.items() if command.startswith(beginning)]
        assert done.returncode == 0 and re.search(wanted.replace("IMAGE", re.escape(cart)), done.stdout, re.M), f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"


def test_drain_refuses_without_the_option(cluster, cart):
    """As the page says: also for an emptyDir in memory."""
    [command] = [each for each in commands() if each.startswith("kubectl drain")]
    done = cluster.shell(command.replace("--delete-emptydir-data ", ""), TOP)
    assert done.returncode != 0 and "--delete-emptydir-data" in done.stderr
