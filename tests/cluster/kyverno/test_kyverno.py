# SPDX-License-Identifier: Apache-2.0
"""deploy/inject/kyverno with Kyverno's own command line: the cases of tests/cluster/cases/ that create a Pod give the same Pods and the same refusals as the API
server's policies do."""
import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parents[1] / "deploy"), str(HERE.parents[1] / "container")]

import kustomize  # noqa: E402
from defaults import with_defaults  # noqa: E402
from policy_cases import CASES as FOLDER  # noqa: E402
from policy_cases import INJECTION, as_pod, comparable, load_cases, load_profile, without_empty  # noqa: E402
from policy_judge import DEPLOY, program  # noqa: E402

KYVERNO = os.environ.get("STS_KYVERNO", "/nonexistent")
LIMIT_S = 300
CASES = {case.name.split("/")[1]: case for case in load_cases("inject") if case.update is None and case.policies == ["policies"]}
PROFILES = sorted(path.stem for path in (FOLDER / "profiles").glob("*.yaml"))


def run(*args):
    done = subprocess.run([KYVERNO, *map(str, args)], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done


def namespaces():
    """The sets of labels, each with the name of a namespace that has them."""
    found = {}
    for case in CASES.values():
        found.setdefault(json.dumps(case.namespace, sort_keys=True), f"place-{len(found)}")
    return found


class Kyverno:
    """The policies, as a platform team applies them, and what they need to know of a cluster."""

    def __init__(self, folder):
        self.folder = folder
        made = kustomize.run([program(), "build"], FOLDER / "kyverno-policies")
        self.policies = {kind: self.write(f"{kind}.yaml", [each for each in made if each["kind"] == kind]) for kind in ("MutatingPolicy", "ValidatingPolicy")}
        self.places = namespaces()
        labels = {name: json.loads(text) for text, name in self.places.items()}
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": each | {"kubernetes.io/metadata.name": name}}}
                  for name, each in labels.items()]
        self.values = self.write("values.yaml", [{"apiVersion": "cli.kyverno.io/v1alpha1", "kind": "Values", "metadata": {"name": "values"}, "namespaceSelector": [
            {"name": each["metadata"]["name"], "labels": each["metadata"]["labels"]} for each in spaces]}])
        self.context = self.write("context.yaml", [{"apiVersion": "cli.kyverno.io/v1alpha1", "kind": "Context", "metadata": {"name": "context"}, "spec": {
            "resources": [*(load_profile(name)["profile"] for name in PROFILES), *spaces]}}])
        self.crd = self.write("crd.yaml", [each for each in made if each["kind"] == "CustomResourceDefinition"])

    def write(self, name, docs):
        path = self.folder / name
        path.write_text(yaml.safe_dump_all(docs))
        return path

    def pod(self, name, case):
        made = with_defaults(as_pod(case.pod))
        made["metadata"] |= {"name": name, "namespace": self.places[json.dumps(case.namespace, sort_keys=True)]}
        return made

    def mutated(self, pods):
        """{name: the Pod after the mutations}"""
        out = self.folder / "mutated"
        out.mkdir(exist_ok=True)
        done = run("apply", self.policies["MutatingPolicy"], "-r", self.write("pods.yaml", pods), "-f", self.values, "--context-file", self.context, "--crd-paths", self.crd,
                   "-o", out)
        changed = {}
        for path in out.rglob("*"):
            if path.is_file():
                changed |= {each["metadata"]["name"]: each for each in yaml.safe_load_all(path.read_text()) if each}
        assert changed, done.stdout + done.stderr
        return {pod["metadata"]["name"]: changed.get(pod["metadata"]["name"], pod) for pod in pods}

    def refusals(self, pods):
        """{name: messages}"""
        done = run("apply", self.policies["ValidatingPolicy"], "-r", self.write("pods.yaml", pods), "-f", self.values, "--context-file", self.context,
                   "--crd-paths", self.crd, "--policy-report", "--output-format", "json")
        text = done.stdout[done.stdout.index("{"):]
        found = {}
        for result in json.JSONDecoder().raw_decode(text)[0]["results"]:
            if result["result"] in ("fail", "error"):
                for resource in result["resources"]:
                    found.setdefault(resource["name"], []).append(result["message"])
        return found


@pytest.fixture(scope="session")
def kyverno(tmp_path_factory):
    return Kyverno(tmp_path_factory.mktemp("kyverno"))


@pytest.fixture(scope="session")
def pods(kyverno):
    """{name of a case: (the Pod that comes out, refusals)}"""
    mutated = kyverno.mutated([kyverno.pod(name, case) for name, case in CASES.items()])
    refusals = kyverno.refusals(list(mutated.values()))
    return {name: (mutated[name], refusals.get(name, [])) for name in CASES}


def whole(pod):
    """As the cases compare it, without the name, which is that of the case."""
    pod = comparable(with_defaults(pod))
    pod["metadata"].pop("name", None)
    return without_empty(pod)


@pytest.mark.parametrize("name", CASES)
def test_a_case(pods, name):
    case, (pod, messages) = CASES[name], pods[name]
    if case.refused:
        assert all(any(words in message for message in messages) for words in case.refused), messages
    else:
        assert not messages
        assert whole(pod) == whole(as_pod(case.expect))


def test_the_image_is_required(kyverno):
    """Without an image nothing is injected, and the words say so."""
    made = kustomize.run([program(), "build"], DEPLOY / "inject/kyverno")
    kyverno.policies |= {"ValidatingPolicy": kyverno.write("bare.yaml", [each for each in made if each["kind"] == "ValidatingPolicy"])}
    place = kyverno.places[json.dumps(INJECTION, sort_keys=True)]
    pod = with_defaults(as_pod({"metadata": {"name": "bare", "namespace": place, "labels": {"sts-sidecar.io/profile": "example"}},
                                "spec": {"containers": [{"name": "app", "image": "app:1"}]}}))
    assert any("the policy names no image by digest (sts-sidecar)" in message for message in kyverno.refusals([pod])["bare"])
