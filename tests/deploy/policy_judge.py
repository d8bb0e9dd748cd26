# SPDX-License-Identifier: Apache-2.0
"""The API server's own library, without an API server: the program tests/cluster/go/policies, which also has kustomize."""
import hashlib
import json
import os
import pathlib
import subprocess

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
CASES = TOP / "tests/cluster/cases"
GO = TOP / "tests/cluster/go"
CACHE = pathlib.Path(os.environ.get("STS_DEPLOY_CACHE") or pathlib.Path.home() / ".cache/sts-sidecar-deploy")
BUILD_S, ASK_S = 900, 120


class NotBuilt(Exception):
    """The program cannot be built. The message is for people."""


def program():
    """The path of the program in the cache; the name has the digest of its sources and pins. It is compiled without optimisation and debugging, which takes half of
    the time: what an expression costs is counted, and not measured."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [GO / "go.mod", GO / "go.sum", *sorted((GO / "policies").glob("*.go"))])).hexdigest()[:16]
    made = CACHE / f"policies-{digest}"
    if made.exists():
        return made
    CACHE.mkdir(parents=True, exist_ok=True)
    new = CACHE / f"new-{os.getpid()}"
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-p=2 -mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
    try:
        done = subprocess.run(["go", "build", "-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w", "-o", new, "./policies"], cwd=GO, env=environment,
                              capture_output=True, text=True, timeout=BUILD_S)
    except FileNotFoundError:
        raise NotBuilt("go is not there: tools/setup.sh test installs it") from None
    if done.returncode:
        raise NotBuilt(f"tests/cluster/go/policies does not build: {done.stderr[-2000:]}")
    new.rename(made)
    return made


class Judge:
    def __init__(self, path):
        self.program = path

    def judge(self, objects, cases=(), **more):
        question = json.dumps({"objects": objects, "cases": list(cases)} | more, default=str)
        done = subprocess.run([self.program, "judge"], input=question, capture_output=True, text=True, timeout=ASK_S)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def documents(path):
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def manifests():
    """Every YAML file of deploy/ that has objects: not the patches and configurations of kustomize, and nothing of the chart, whose rendering tests/cluster/test_chart.py applies."""
    other = set()
    for path in DEPLOY.rglob("kustomization.yaml"):
        for each in documents(path):
            names = [*each.get("configurations", []), *(patch["path"] for patch in each.get("patches", []) if "path" in patch)]
            other |= {(path.parent / name).resolve() for name in names}
    return [path for path in sorted(DEPLOY.rglob("*.yaml")) if DEPLOY / "chart" not in path.parents and path not in other]


def kustomizations():
    """The folders that can be built. A component cannot be built alone."""
    files = sorted(DEPLOY.rglob("kustomization.yaml")) + sorted(CASES.rglob("kustomization.yaml"))
    return [path.parent for path in files if all(each.get("kind") == "Kustomization" and "resources" in each and not only_transforms(each, path) for each in documents(path))]


def only_transforms(each, path):
    """A folder of transformers, which another kustomization uses."""
    return all((path.parent / name).is_file() and documents(path.parent / name)[0]["apiVersion"] == "builtin" for name in each["resources"])
