# SPDX-License-Identifier: Apache-2.0
"""The texts of deploy/inject agree: the policies with one another, the CRD with the tables of options and protocols, and the page with what the tests apply."""
import itertools
import re
import tomllib

import pytest
import yaml
from manifests import TOP, blocks, load

INJECT, CASES = TOP / "deploy" / "inject", TOP / "tests" / "cluster" / "cases"
POLICIES = [doc for name in ("mutating", "validating") for doc in load(INJECT / "policy" / f"{name}.yaml") if "variables" in doc["spec"]]
SCHEMA = yaml.safe_load((INJECT / "profiles" / "crd.yaml").read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
ARGS = SCHEMA["args"]["properties"]
GROUPS = tomllib.loads((TOP / "sidecar" / "options" / "options.toml").read_text())["option"].values()
OPTIONS = {name: option for group in GROUPS for name, option in group.items() if "run" in option["commands"]}
PROTOCOLS = set(tomllib.loads((TOP / "lib/protocol/protocols.toml").read_text())["protocol"])
PAGE = blocks(TOP / "docs" / "injection.md")


def variables(policy):
    return {variable["name"]: variable["expression"] for variable in policy["spec"]["variables"]}


@pytest.mark.parametrize("one, other", list(itertools.combinations(POLICIES, 2)), ids=lambda policy: f"{policy['kind'][:-15]} {policy['metadata']['name']}")
def test_variables_of_one_name_are_one_text(one, other):
    first, second = variables(one), variables(other)
    both = first.keys() & second.keys()
    assert {"image", "problem"} <= both
    assert {name: first[name] for name in both} == {name: second[name] for name in both}


def test_the_policies_match_the_same_pods():
    constraints = [policy["spec"]["matchConstraints"] for policy in POLICIES]
    for key in ("namespaceSelector", "objectSelector"):
        assert all(each[key] == constraints[0][key] for each in constraints)


def test_the_revision_is_the_programs():
    version = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
    assert POLICIES[0]["metadata"]["annotations"] == {"sts-sidecar.io/image": "sts-sidecar", "sts-sidecar.io/revision": version}
    for policy in POLICIES:
        assert variables(policy)["image"] == "'sts-sidecar'" and variables(policy)["revision"] == f"'{version}'"


def test_the_options_are_those_of_run():
    """Each with the words of the table; the choices, too."""
    for name, field in ARGS.items():
        assert OPTIONS[name].get("stands") != "command-line", name
        assert field["description"] == OPTIONS[name]["help"].removesuffix(" (repeatable)"), name
        if OPTIONS[name]["kind"] == "choice":
            assert field["enum"] == [choice for choice in OPTIONS[name]["choices"] if choice != "protocol"], name


def test_no_option_of_the_policies_own():
    """What says where files are, which others may fill, or what the policy says itself."""
    assert not ARGS.keys() & {
        "url", "protocol", "token-file", "output-dir", "config", "listen", "insecure-http", "cacert-path", "cacert-only", "client-cert", "client-key",
        "param-file", "header-file", "actor-token-file", "client-secret-file", "notify-pid-file", "notify-signal"}


def test_every_option_becomes_an_argument():
    """The lists of names in the expression have the options of the CRD, each once."""
    listed = [name for names in re.findall(r"\[('[^\]]*')\]\s*\.filter\(k,", variables(POLICIES[0])["args"]) for name in re.findall(r"'([^']+)'", names)]
    assert sorted(listed) == sorted(ARGS)


def test_the_protocols_are_those_of_the_table():
    assert set(SCHEMA["protocol"]["enum"]) == PROTOCOLS - {"kubernetes"}


def kustomization(docs, suffix):
    return next(doc for doc in docs if isinstance(doc, dict) and doc.get("kind") == "Kustomization" and doc.get("nameSuffix") == suffix)


@pytest.mark.parametrize("folder, suffix", [("policies", None), ("canary", "-canary")])
def test_the_page_shows_what_the_tests_apply(folder, suffix):
    tested = (CASES / folder / "kustomization.yaml").read_text().replace("../../../../deploy", "sts-sidecar/deploy")
    assert kustomization(PAGE, suffix) == yaml.safe_load(tested)


def test_the_page_shows_the_profile():
    [shown] = [doc for doc in PAGE if isinstance(doc, dict) and doc.get("kind") == "TokenProfile"]
    assert shown == yaml.safe_load((INJECT / "profile.yaml").read_text())
