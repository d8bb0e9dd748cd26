#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the policies of deploy/inject/kyverno/ from those of deploy/inject/policy/: the same expressions for Kyverno, which runs them in a webhook of its own.

    tools/kyverno.py [--check]

With --check nothing is written: it fails if a file is not what this program makes. It needs PyYAML."""
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[1]
FROM, TO = TOP / "deploy/inject/policy", TOP / "deploy/inject/kyverno"
HEAD = """# SPDX-License-Identifier: Apache-2.0
# Made by tools/kyverno.py of deploy/inject/policy/{}. Change that file, and run tools/kyverno.py.
"""
KINDS = {"MutatingAdmissionPolicy": "MutatingPolicy", "ValidatingAdmissionPolicy": "ValidatingPolicy"}
# Kyverno has no parameters, so a policy reads the profiles itself. The list is empty if the label of the Pod names no profile.
PROFILE = [
    {"name": "profiles", "expression": "dyn(resource.List('sts-sidecar.io/v1', 'tokenprofiles', 'sts-sidecar-system').items).filter("
                                       "p, p.metadata.name == object.metadata.?labels[?'sts-sidecar.io/profile'].orValue(''))"},
    {"name": "params", "expression": "size(variables.profiles) > 0 ? dyn(variables.profiles[0]) : dyn({'metadata': {'name': ''}, 'spec': {}})"},
]


class Text(str):
    """A text of several lines, as YAML writes it in a block."""


class Dumper(yaml.SafeDumper):
    pass


Dumper.add_representer(Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|"))


def with_blocks(value):
    if isinstance(value, dict):
        return {key: with_blocks(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_blocks(each) for each in value]
    return Text(value) if isinstance(value, str) and "\n" in value else value


def without_params(text):
    return text.replace("params.", "variables.params.")


def policy(given):
    """A policy of Kyverno with the same expressions."""
    spec = given["spec"]
    with_profile = "paramKind" in spec
    out = {"failurePolicy": spec["failurePolicy"], "matchConstraints": spec["matchConstraints"], "evaluation": {"admission": {"enabled": True}, "background": {"enabled": False}},
           "autogen": {"podControllers": {"controllers": []}}}
    if "reinvocationPolicy" in spec:
        out["reinvocationPolicy"] = spec["reinvocationPolicy"]
    out["matchConditions"] = [each for each in spec["matchConditions"] if each["name"] != "this-profile"]
    out["variables"] = (PROFILE if with_profile else []) + [each | {"expression": without_params(each["expression"])} for each in spec["variables"]]
    if "mutations" in spec:
        [mutation] = spec["mutations"]
        expression = mutation["jsonPatch"]["expression"].replace("variables.problem != ''", "variables.problem != '' || size(variables.profiles) == 0", 1)
        out["mutations"] = [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]
    else:
        out["validationActions"] = ["Deny"]
        skip = "size(variables.profiles) == 0 || " if with_profile else ""
        out["validations"] = [each | {"expression": skip + each["expression"], "messageExpression": without_params(each["messageExpression"])} for each in spec["validations"]]
    return {"apiVersion": "policies.kyverno.io/v1", "kind": KINDS[given["kind"]], "metadata": given["metadata"], "spec": out}


def made(name):
    docs = [policy(each) for each in yaml.safe_load_all((FROM / name).read_text()) if each and each["kind"] in KINDS]
    return HEAD.format(name) + yaml.dump_all([with_blocks(each) for each in docs], Dumper=Dumper, sort_keys=False, width=160)


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if arguments not in ([], ["--check"]):
        print("usage: tools/kyverno.py [--check]", file=sys.stderr)
        return 64
    texts = {name: made(name) for name in ("mutating.yaml", "validating.yaml")}
    stale = [name for name, text in texts.items() if not (TO / name).exists() or (TO / name).read_text() != text]
    if arguments:
        for name in stale:
            print(f"{TO.relative_to(TOP)}/{name} is stale: run tools/kyverno.py", file=sys.stderr)
        return bool(stale)
    for name in stale:
        (TO / name).write_text(texts[name])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
