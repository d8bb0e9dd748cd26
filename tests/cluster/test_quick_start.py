# SPDX-License-Identifier: Apache-2.0
"""From nothing to a token in an injected Pod by the blocks of docs/injection.md, and the Pod of the README. The text of each block is that of the page; only
the names of the namespace, the Pod and the images are replaced. The Pods of the pages name no node, so they need a scheduler. With `run.sh --image`, the image
is that of tools/image.sh, and tools/image.sh loads it."""
import re
import shutil
import sys
import time

import pytest
import yaml

from manifests import TOP, load
from node import APPLICATION, Running
from programs import until
from scheduler import scheduler

sys.path.append(str(TOP / "tests/docs"))

from blocks import blocks_of, shows  # noqa: E402

PAGES = ["README.md", "docs/injection.md", "docs/operations.md"]
BLOCKS = [block for page in PAGES for block in blocks_of((TOP / page).read_text(), page)]
NAMESPACE, SERVICE, VAULT = "web", "https://api.example.com", "https://vault.example"
EXAMPLE_DIGEST = "sha256:" + 4 * "0123456789abcdef"
LIMIT_S = 600
# Blocks that are run elsewhere, or that nothing here can run: a part of the block, and where it is run, or the reason.
ELSEWHERE = {
    "$ tools/demo.sh": "tests/docs/test_blocks.py runs it: it needs no cluster",
    "$ tools/test.sh": "this runs all tests",
    "$ kubectl exec POD -c sts": "it is run here with a token; tests/docs/test_blocks.py has the network that drops what goes to the STS, which it shows",
    "resources: [sts-sidecar/deploy/inject/kyverno]": "Kyverno's controllers do not run here; tests/cluster/kyverno applies the folder with Kyverno's command line",
    "nameSuffix: -canary": "tests/cluster/test_inject.py applies it: cases/canary is the same text",
    "kind: TokenProfile": "deploy/inject/profile.yaml has the same text, and a command of the page applies it",
    "sts-creds-sidecar -- /sts-sidecar check": "it needs the injector of OpenUnison; tests/cluster/test_openunison.py has a webhook like it",
}


def block(words):
    [found] = [each for each in BLOCKS if words in each.text and not any(other in each.text for other in ELSEWHERE)]
    return found


HERE = {"kind: Kustomization", "kubectl apply --server-side -k .", "labels: {sts-sidecar.io/profile: example}", "kubectl get events -n NAMESPACE",
        "kubectl get pods -n NAMESPACE -L", "sizeLimit: 1Mi"}


@pytest.mark.parametrize("each", BLOCKS, ids=lambda each: each.name)
def test_each_block_is_run_somewhere(each):
    """Once: here, by test_operations.py, or as ELSEWHERE says."""
    where = [words for words in (*HERE, *ELSEWHERE) if words in each.text and (words in ELSEWHERE or block(words) is each)]
    assert len(where) == 1 or each.notes == {"run by": "tests/cluster/test_operations.py"}, where


def commands(text):
    """The commands of a console block."""
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


class Desk:
    """The folder of the platform team, and a shell in it."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        shutil.copytree(TOP / "deploy", folder / "sts-sidecar/deploy")

    def run(self, command, **own):
        for word, value in own.items():
            command = command.replace(word, value)
        return self.cluster.shell(command, self.folder, limit_s=90)

    def must(self, command, **own):
        done = self.run(command, **own)
        assert done.returncode == 0 and "Warning" not in done.stderr, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def apply(self, text, **own):
        (self.folder / "applied.yaml").write_text(text)
        return self.must("kubectl apply -n NAMESPACE --server-side --validate=strict -f applied.yaml", **own)


@pytest.fixture(scope="module")
def desk(cluster, tmp_path_factory):
    return Desk(cluster, tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def web(cluster, desk):
    """An application's namespace."""
    path = f"/api/v1/namespaces/{NAMESPACE}"
    desk.must(f"kubectl create namespace {NAMESPACE}")
    until(lambda: cluster.api.ask("GET", f"{path}/serviceaccounts/default").status == 200, "the ServiceAccount")
    with scheduler(cluster, NAMESPACE):
        yield path
    desk.run(f"kubectl delete deployments,pods --all -n {NAMESPACE} --grace-period=1 --timeout=60s")
    cluster.api.ask("DELETE", path)


def pod_of_the_page(name):
    """The block for the application team, as a Pod. The application's image is one that the node has."""
    text = block("labels: {sts-sidecar.io/profile: example}").text.replace("image: app", f"image: {APPLICATION}")
    return "apiVersion: v1\nkind: Pod\n" + text.replace("metadata:\n", f"metadata:\n  name: {name}\n")


@pytest.fixture(scope="module")
def platform(cluster, node, desk, web):
    """What the platform team does, and how long it took. Before it began, somebody created a Pod with the label."""
    began = time.monotonic()
    repository, _, digest = node.by_digest().partition("@")
    desk.apply(pod_of_the_page("early"), NAMESPACE=NAMESPACE)
    text = block("kind: Kustomization").text
    assert EXAMPLE_DIGEST in text and f"newName: {repository}," in text
    (desk.folder / "kustomization.yaml").write_text(text.replace(EXAMPLE_DIGEST, digest))
    said = [desk.must(command, NAMESPACE=NAMESPACE) for command in commands(block("kubectl apply --server-side -k .").text)]
    yield said[-1], began
    desk.run("kubectl delete --ignore-not-found -k .")


def test_a_token_in_an_injected_pod(cluster, node, desk, web, platform, sts, record_property):
    """The Pod that is created right after the last command of the page has the sidecar, and its application reads a token first."""
    said, began = platform
    assert re.search(r"^ +sts-sidecar\.io/injected: \S+@sha256:[0-9a-f]{64}$", said, re.M), said
    desk.apply(pod_of_the_page("app"), NAMESPACE=NAMESPACE)
    token = Running(cluster, NAMESPACE, "app").started().first_read()
    assert sts.verify(token, SERVICE)["sub"].endswith(f":{NAMESPACE}:default")
    seconds = cluster.start_s + node.start_s + time.monotonic() - began
    record_property("figure", f"from nothing to a token in an injected Pod: {seconds:.0f} s")
    assert seconds < LIMIT_S


def test_a_pod_that_came_too_early(cluster, desk, platform):
    """It has no sidecar, and a command of docs/operations.md finds it. Its label and that of its namespace are right, as docs/injection.md says of such a Pod."""
    [command] = commands_of("kubectl get pods -A -l sts-sidecar.io/profile")
    assert re.search(rf"^{NAMESPACE} +early +example +<none>$", desk.must(command), re.M)
    pods, namespace = (desk.must(command, NAMESPACE=NAMESPACE) for command in commands(block("kubectl get pods -n NAMESPACE -L").text))
    assert re.search(r"^early .* example$", pods, re.M) and re.search(rf"^{NAMESPACE} .* enabled$", namespace, re.M), pods + namespace


def commands_of(words):
    return [line for each in BLOCKS for line in each.text.splitlines() if line.startswith(words)]


def test_the_example_of_a_deployment(cluster, desk, platform, sts):
    """The file to which the page leads."""
    text = yaml.safe_dump_all(load(TOP / "deploy/examples/injected.yaml")).replace("image: app\n", f"image: {APPLICATION}\n")
    desk.apply(text, NAMESPACE=NAMESPACE)
    desk.must(f"kubectl rollout status deployment/injected -n {NAMESPACE} --timeout=80s")
    name = desk.must(f"kubectl get pods -n {NAMESPACE} -l app=injected -o name").strip().removeprefix("pod/")
    assert sts.verify(Running(cluster, NAMESPACE, name).first_read(), SERVICE)["sub"].endswith(f":{NAMESPACE}:injected")


def test_the_event_of_a_refusal(cluster, desk, web, platform):
    """As the page shows it."""
    pod = yaml.safe_load(pod_of_the_page("app"))
    labels = pod["metadata"]["labels"] | {"app": "app"}
    template = {"metadata": {"labels": labels, "annotations": {"sts-sidecar.io/run-as-user": "0"}}, "spec": pod["spec"]}
    desk.apply(yaml.safe_dump({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}, "spec": {"selector": {"matchLabels": {"app": "app"}}, "template": template}}),
               NAMESPACE=NAMESPACE)
    text = block("kubectl get events -n NAMESPACE").text
    [command] = commands(text)
    until(lambda: "Error creating" in desk.must(command, NAMESPACE=NAMESPACE), "the event")
    # The controller tries again and again; each attempt has an event.
    said = desk.must(command, NAMESPACE=NAMESPACE).splitlines()[1]
    assert shows(text.partition("\n")[2], said), said


def test_the_pod_of_the_readme(cluster, node, desk, sts):
    """In the namespace default, where its command looks for it."""
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\n" + block("sizeLimit: 1Mi").text
    [command] = commands_of("$ kubectl exec POD -c sts")
    with scheduler(cluster, "default"):
        desk.apply(text, NAMESPACE="default")
        app = Running(cluster, "default", "app").started()
    try:
        assert sts.verify(app.first_read(), VAULT)["sub"].endswith(":default:default")
        assert desk.must(command.removeprefix("$ "), POD="app").startswith("the token in /tokens is valid for ")
    finally:
        desk.run("kubectl delete pod app --grace-period=1 --wait=false")
