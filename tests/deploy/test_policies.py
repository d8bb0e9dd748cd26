# SPDX-License-Identifier: Apache-2.0
"""Every admission policy of deploy/ at the API server's own library: it compiles, its types fit, and it costs little enough. The cases of tests/cluster/cases/,
too: tests/cluster/test_inject.py runs them at the API server itself, which adds its defaults and its other plugins."""
import copy
import re

import pytest
import yaml
import policy_cases
from defaults import with_defaults
from policy_judge import CASES, DEPLOY, documents, manifests

MANY = 100
POLICIES = ("MutatingAdmissionPolicy", "ValidatingAdmissionPolicy")
FOLDERS = sorted({path.parent.name for path in CASES.glob("*/*.yaml")} - {"profiles", "policies"} - {path.parent.name for path in CASES.glob("*/kustomization.yaml")})
PODS = [case for folder in FOLDERS for case in policy_cases.load_cases(folder)]


def key(each):
    return each["kind"], each["metadata"]["name"]


def profiles():
    return [policy_cases.load_profile(path.stem)["profile"] for path in sorted((CASES / "profiles").glob("*.yaml"))]


@pytest.fixture(scope="session")
def objects(built):
    """The objects of all kustomizations; of several with one name, the one of the cases, which has an image."""
    found = {}
    for folder in sorted(built, key=lambda folder: folder.is_relative_to(CASES)):
        found |= {key(each): each for each in built[folder]}
    return list(found.values()) + profiles()


@pytest.fixture(scope="session")
def answer(judge, objects):
    return judge.judge(objects)


def test_every_policy_is_judged(answer):
    there = {key(doc) for path in manifests() for doc in documents(path) if doc["kind"] in POLICIES and doc["apiVersion"].startswith("admissionregistration.")}
    assert there and there <= {(each["kind"], each["policy"]) for each in answer["expressions"]}


def test_every_expression_compiles(answer):
    wrong = {f"{each['policy']} {each['field']}": each.get("error") or each["typeErrors"] for each in answer["expressions"] if "error" in each or "typeErrors" in each}
    assert not wrong


def test_every_custom_resource_is_valid(answer):
    assert {"CustomResourceDefinition", "TokenProfile"} <= {each["kind"] for each in answer["resources"]}
    assert not {each["name"]: each["errors"] for each in answer["resources"] if each["errors"]}


# Values of a profile, as the rules of the CustomResourceDefinition take and refuse them.
VALUES = {
    "url": (["https://a", "https://a:8443/x?y=z", "https://[::1]:8443/t", "https://a?x", "https://a/b@c", "https://a/$x"],
            ["http://a/token", "https://a/$(x)", "https://$x/", "https://u:p@a/", "https://a/#f", "https:///x", "https://a b", "https://a/\n"]),
    "args.connect": (["192.0.2.1:443", "[::1]:443"], ["::1:443", "a:443", "192.0.2.1:0", "192.0.2.1"]),
    "args.proxy": (["none", "http://p:3128", "http://[::1]:3128"], ["http://u:p@p:3128", "https://p"]),
    "args.header": ([{"X-A_b": "c"}], [{"a:b": "c"}, {"a b": "c"}, {"a": "$(X)"}]),
}


def test_values_of_a_profile(judge, built):
    expected, made = {}, []
    for field, values in VALUES.items():
        for good, value in [(good, value) for good, each in zip((True, False), values) for value in each]:
            profile = policy_cases.load_profile("example")["profile"]
            profile["metadata"]["name"] = f"value-{len(made)}"
            *above, last = field.split(".")
            (profile["spec"].setdefault(above[0], {}) if above else profile["spec"])[last] = value
            expected[profile["metadata"]["name"]] = (field, value, good)
            made.append(profile)
    said = judge.judge([each for each in built[DEPLOY / "inject"] if each["kind"] == "CustomResourceDefinition"] + made)["resources"]
    assert [expected[each["name"]] for each in said if each["name"] in expected and (not each["errors"]) != expected[each["name"]][2]] == []
    assert expected.keys() <= {each["name"] for each in said}


def test_profiles_in_the_oldest_kubernetes(judge, built):
    """Kyverno brings the injection to Kubernetes 1.29: the rules of the CustomResourceDefinition compile there, too."""
    found = [each for each in built[DEPLOY / "inject/kyverno"] if each["kind"] == "CustomResourceDefinition"]
    assert found and not [each["errors"] for each in judge.judge(found, version="1.29")["resources"] if each["errors"]]


def test_the_kustomization_of_the_page(built):
    """docs/injection.md shows what the cases of Kyverno are built with; only the paths are others."""
    page = (DEPLOY.parent / "docs/injection.md").read_text()
    [text] = [block for block in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if "inject/kyverno" in block]
    folder = CASES / "kyverno-policies"
    assert yaml.safe_load(text.replace("sts-sidecar/deploy", "../../../../deploy")) == yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert {"MutatingPolicy", "ValidatingPolicy", "CustomResourceDefinition"} <= {each["kind"] for each in built[folder]}


def pod_of(given):
    return with_defaults(policy_cases.as_pod(given))


@pytest.fixture(scope="session")
def verdicts(judge, built):
    """{name of a case: what the policies say of it}"""
    found = {}
    for wanted in {tuple(case.policies) for case in PODS}:
        objects = [each for folder in wanted for each in built[(CASES / folder).resolve()]]
        asked = [{"name": case.name, "object": pod_of(case.pod), "namespace": {"metadata": {"name": "test", "labels": case.namespace}}}
                 | ({"update": case.update} if case.update else {}) for case in PODS if tuple(case.policies) == wanted]
        found |= {each["name"]: each for each in judge.judge(objects + profiles(), asked)["cases"]}
    return found


@pytest.mark.parametrize("case", PODS, ids=[case.name for case in PODS])
def test_a_case(verdicts, case):
    said = verdicts[case.name]
    messages = [each["message"] for each in said["refusals"]]
    if case.refused:
        assert all(any(words in message for message in messages) for words in case.refused), messages
    else:
        assert not messages
        assert policy_cases.compact(said["object"]) == policy_cases.compact(pod_of(case.expect))


def big_pod(labels=()):
    """100 containers and as many init containers, each with 100 mounts, and 100 volumes, which is more than anybody has."""
    mounts = [{"name": f"volume-{n}", "mountPath": f"/mnt/{n}"} for n in range(MANY)]
    containers, inits = ([{"name": f"{what}-{n}", "image": "app:1", "volumeMounts": mounts} for n in range(MANY)] for what in ("app", "init"))
    token = {"serviceAccountToken": {"audience": "https://sts.example.com", "path": "token", "expirationSeconds": 3600}}
    volumes = [{"name": f"volume-{n}", "projected": {"sources": [token]}} for n in range(MANY)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "big", "labels": dict(labels)},
            "spec": {"initContainers": inits, "containers": containers, "volumes": volumes}}


EVERYTHING = {"sts-sidecar.io/injection": "enabled", "sts-sidecar.io/token-checklist": "enabled"}


def test_what_a_big_pod_costs(judge, objects, capsys):
    asked = {"name": "big", "object": big_pod({"sts-sidecar.io/profile": "example"}), "namespace": {"metadata": {"name": "test", "labels": EVERYTHING}}}
    answer = judge.judge(objects, [asked])
    [said] = answer["cases"]
    assert not said["refusals"] and said["evaluations"], said["refusals"]
    most = max(said["expressions"].items(), key=lambda each: each[1])
    with capsys.disabled():
        print(f"\n{MANY} containers and {MANY} init containers, {MANY} mounts in each:")
        for name in dict.fromkeys((each["kind"], each["policy"], each["what"]) for each in said["evaluations"]):
            print(f"{max(each['total'] for each in said['evaluations'] if (each['kind'], each['policy'], each['what']) == name):10}  {' '.join(name)}")
        print(f"{most[1]:10}  the most expensive expression: {most[0]}")
    assert all(each["total"] < answer["limits"]["evaluation"] for each in said["evaluations"])
    assert most[1] < answer["limits"]["expression"]


def test_a_long_refusal(judge, objects):
    """The API server drops a message of more than 5120 bytes and shows a general one, so the policy cuts its message."""
    inits = [{"name": f"{'x' * 59}-{n:03}", "image": "app:1"} for n in range(MANY)]
    pod = {"metadata": {"name": "app", "labels": {"sts-sidecar.io/profile": "example"}, "annotations": {"sts-sidecar.io/position": "after:mesh"}},
           "spec": {"initContainers": inits, "containers": [{"name": "app", "image": "app:1"}]}}
    [said] = judge.judge(objects, [{"name": "long", "object": pod_of(pod), "namespace": {"metadata": {"name": "test", "labels": EVERYTHING}}}])["cases"]
    [message] = [each["message"] for each in said["refusals"]]
    assert "after:mesh" in message and "has no such init container (it has: xxx" in message and message.endswith(" ...")


def planted(objects, name, change):
    changed = copy.deepcopy(objects)
    change(next(each for each in changed if each["metadata"]["name"] == name and each["kind"] == "ValidatingAdmissionPolicy")["spec"])
    return changed


@pytest.mark.parametrize("change, where, words", [
    (lambda spec: spec["variables"][1].update(expression="object.spec.volums"), "typeErrors", "undefined field 'volums'"),
    (lambda spec: spec["variables"][1].update(expression="object.spec."), "error", "Syntax error"),
    (lambda spec: spec["validations"][0].update(expression="'yes'"), "error", "must evaluate to bool but got string"),
], ids=["type", "syntax", "result"])
def test_a_mistake_is_found(judge, objects, change, where, words):
    wrong = [each for each in judge.judge(planted(objects, "sts-sidecar-token-checklist", change))["expressions"] if where in each]
    assert any(words in str(each[where]) for each in wrong)


def test_too_much_is_refused(judge, objects):
    """Each mount compared with each other one: more than the limit of an expression."""
    mounts = "object.spec.containers.map(c, c.volumeMounts).flatten()"
    costly = f"{mounts}.all(a, {mounts}.exists(b, b.name == a.name))"
    changed = planted(objects, "sts-sidecar-token-checklist", lambda spec: spec["validations"][0].update(expression=costly))
    [said] = judge.judge(changed, [{"name": "big", "object": big_pod(), "namespace": {"metadata": {"name": "test", "labels": EVERYTHING}}}])["cases"]
    assert any("cost limit" in each["message"] for each in said["refusals"]), said["refusals"]


def test_a_wrong_profile_is_found(judge, objects):
    [profile] = copy.deepcopy(profiles()[:1])
    profile["spec"]["image"] = "registry.example.com/other"
    profile["metadata"]["name"] = "wrong"
    said = {each["name"]: each["errors"] for each in judge.judge([*objects, profile])["resources"]}
    assert "unknown field \"spec.image\"" in said["wrong"][0]
