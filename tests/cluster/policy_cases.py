# SPDX-License-Identifier: Apache-2.0
"""The cases of cases/ (README.md there): how they are read, and how Pods are compared."""
import copy
import functools
import json
import pathlib
import re
from dataclasses import dataclass

import yaml

CASES = pathlib.Path(__file__).resolve().parent / "cases"
INJECTION = {"sts-sidecar.io/injection": "enabled"}
KEYS = {"what", "policies", "namespace", "profiles", "pod", "update", "expect", "refused"}
MADE = ("uid", "creationTimestamp", "generation", "managedFields", "resourceVersion", "namespace")
ACCESS = re.compile(r"kube-api-access-[a-z0-9]{5}")


@functools.cache
def read_profile(name):
    return yaml.safe_load((CASES / "profiles" / f"{name}.yaml").read_text())


def load_profile(name):
    """{"profile": the object, "prescribed": its parts, by name}"""
    read = copy.deepcopy(read_profile(name))
    return read | {"prescribed": copy.deepcopy(read_profile("example")["prescribed"]) | (read["prescribed"] or {})}


@dataclass
class Case:
    name: str
    what: str
    pod: dict
    policies: list
    namespace: dict
    profiles: list
    update: list
    expect: dict
    refused: list


def filled(value, parts):
    """The value, with its {prescribed: NAME} replaced."""
    if isinstance(value, list):
        return [filled(each, parts) for each in value]
    if not isinstance(value, dict):
        return value
    rest = {key: filled(each, parts) for key, each in value.items() if key != "prescribed"}
    if "prescribed" not in value:
        return rest
    part = copy.deepcopy(parts[value["prescribed"]])
    return part | rest if isinstance(part, dict) else part


def load_case(path):
    raw = yaml.safe_load(path.read_text())
    assert raw.keys() <= KEYS and {"what", "pod"} <= raw.keys() and ("expect" in raw) != ("refused" in raw), path
    profiles = raw.get("profiles", ["example"])
    parts = {}
    for profile in reversed(profiles):
        prescribed = load_profile(profile)["prescribed"]
        parts |= {f"{profile}/{name}": part for name, part in prescribed.items()} | prescribed
    return Case(f"{path.parent.name}/{path.stem}", raw["what"], filled(raw["pod"], parts), raw.get("policies", ["policies"]), raw.get("namespace", INJECTION),
                profiles, filled(raw.get("update"), parts), filled(raw.get("expect"), parts), raw.get("refused"))


def load_cases(folder):
    return [load_case(path) for path in sorted((CASES / folder).glob("*.yaml"))]


def as_pod(given):
    return {"apiVersion": "v1", "kind": "Pod"} | copy.deepcopy(given)


def last(items):
    """The items, with those of the ServiceAccount plugin at the end."""
    return sorted(items, key=lambda item: item["name"] == "kube-api-access")


def comparable(pod):
    """The Pod without what the API server makes anew for each one."""
    pod = json.loads(ACCESS.sub("kube-api-access", json.dumps(pod)))
    pod.pop("status", None)
    for key in MADE:
        pod["metadata"].pop(key, None)
    spec = pod["spec"]
    if "volumes" in spec:
        spec["volumes"] = last(spec["volumes"])
    for container in spec.get("initContainers", []) + spec["containers"]:
        if "volumeMounts" in container:
            container["volumeMounts"] = last(container["volumeMounts"])
    return pod


def without_empty(value):
    """The value without the lists, objects and nulls in it that are empty: Go leaves some of them out."""
    if isinstance(value, list):
        return [without_empty(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: kept for name, each in value.items() if (kept := without_empty(each)) not in ({}, [], None)}


def compact(pod):
    """The Pod as comparable() leaves it, without what is empty: for Pods that are compared without an API server."""
    return without_empty(comparable(pod))
