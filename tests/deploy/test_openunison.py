# SPDX-License-Identifier: Apache-2.0
"""deploy/inject/openunison at the API server's own library. tests/cluster/test_openunison.py runs the same at the API server."""
import copy
import os

import pytest
from defaults import with_defaults
from openunison_cases import ARGS, CASES, CONTEXT, ENV, PROBE, WEBHOOK, WEBHOOK_VOLUMES, app, pod
from policy_cases import INJECTION, as_pod, compact
from policy_judge import CASES as FOLDER
from policy_judge import DEPLOY

POLICIES = FOLDER / "openunison-policies"
SIDECAR = DEPLOY / "inject/openunison/sidecar"


def asked(name, given, **more):
    return {"name": name, "object": with_defaults(as_pod(given)), "namespace": {"metadata": {"name": "test", "labels": INJECTION}}} | more


@pytest.fixture(scope="module")
def said(judge, built):
    """{name of a case: verdict}"""
    return {each["name"]: each for each in judge.judge(built[POLICIES], [asked(name, case.pod) for name, case in CASES.items() if not case.automount])["cases"]}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.automount])
def test_a_case(said, name):
    case, messages = CASES[name], [each["message"] for each in said[name]["refusals"]]
    if case.refused:
        assert len(messages) == 1 and all(words in messages[0] for words in case.refused), messages
    else:
        assert not messages
        assert compact(with_defaults(said[name]["object"])) == compact(with_defaults(as_pod(case.expect)))


def test_the_image_is_required(judge, built):
    [verdict] = judge.judge(built[DEPLOY / "inject/openunison"], [asked("plain", CASES["plain"].pod)])["cases"]
    assert [each["message"] for each in verdict["refusals"]] == [
        "no sidecar for tremolo.io/vault-sts: the policy names no image by digest (sts-sidecar). The platform team sets the image of the policy: docs/openunison.md"]


def test_another_endpoint(build, judge, tmp_path):
    """The values of endpoint.yaml are in both policies, and nothing of the example is left."""
    text = (POLICIES / "kustomization.yaml").read_text().replace("../../../../deploy", os.path.relpath(DEPLOY, tmp_path.resolve()))
    (tmp_path / "kustomization.yaml").write_text(text + "nameSuffix: -aws\n")
    text = (DEPLOY / "inject/openunison/endpoint.yaml").read_text()
    for old, new in (("vault-sts ", "aws-sts "), ("/vault/token", "/aws/token"), ("ca: own ", "ca: system "), ("VAULT_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
                     ("VAULT_TOKEN_ENABLED", "AWS_ROLE_ARN")):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "endpoint.yaml").write_text(text)
    objects = build(tmp_path)
    assert "vault" not in str(objects).lower()
    assert {each["spec"]["policyName"] for each in objects if each["kind"].endswith("Binding")} == {"sts-sidecar-openunison-aws"}
    given = pod()
    given["metadata"] = {"name": "app", "labels": {"tremolo.io/aws-sts": "true"}, "annotations": {"tremolo.io/aws-sts": "arn"}}
    [verdict] = judge.judge(objects, [asked("aws", given)])["cases"]
    assert not verdict["refusals"]
    spec = verdict["object"]["spec"]
    assert spec["initContainers"][0]["args"] == [ARGS[0], "--cacert-path=/etc/ssl/certs/ca-certificates.crt", ARGS[2], "https://openunison.example.com/aws/token/user", "/tokens"]
    assert spec["containers"][0]["env"] == [{"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/tokens/token.jwt"}, {"name": "AWS_ROLE_ARN", "value": "arn"}]
    assert "certs" not in [volume["name"] for volume in spec["volumes"]]


# What OpenUnison's webhook injects, and the small policy for it

def injected_by_the_webhook():
    return [{"op": "add", "path": "/spec/volumes", "value": WEBHOOK_VOLUMES}, {"op": "add", "path": "/spec/initContainers", "value": [WEBHOOK]}]


def test_the_sidecar_of_the_webhook(judge, built):
    """It gets the probe and the security context in the second pass of the policy, and keeps its UID."""
    [verdict] = judge.judge(built[SIDECAR], [asked("webhook", pod(), webhooks=[injected_by_the_webhook()])])["cases"]
    [sidecar] = verdict["object"]["spec"]["initContainers"]
    expected = copy.deepcopy(WEBHOOK) | {"startupProbe": PROBE, "terminationMessagePolicy": "FallbackToLogsOnError", "resources": {"requests": {"cpu": "1m", "memory": "2Mi"}},
                                         "securityContext": CONTEXT | {"runAsUser": 100}}
    expected["volumeMounts"][1]["readOnly"] = True
    expected.pop("env")
    assert sidecar == expected
    assert verdict["object"]["spec"]["containers"] == with_defaults(as_pod(pod()))["spec"]["containers"]


def test_pods_without_that_sidecar(judge, built):
    plain, ours = {"metadata": {"name": "app"}, "spec": {"containers": [app()]}}, CASES["again"].pod
    first, second = judge.judge(built[SIDECAR], [asked("plain", plain), asked("ours", ours)])["cases"]
    assert compact(first["object"]) == compact(with_defaults(as_pod(plain)))
    assert compact(second["object"]) == compact(with_defaults(as_pod(ours))), "what our own policy adds needs nothing"


def test_both_policies_and_the_webhook(judge, built):
    """While OpenUnison's webhook is there, too: one sidecar, ours, and each variable once."""
    change = [{"op": "add", "path": "/spec/containers/0/env", "value": ENV + ENV}]
    [verdict] = judge.judge(built[POLICIES] + built[SIDECAR], [asked("both", pod(), webhooks=[change])])["cases"]
    assert compact(with_defaults(verdict["object"])) == compact(with_defaults(as_pod(CASES["plain"].expect)))


def test_the_limits_of_the_webhook_stay(judge, built):
    change = injected_by_the_webhook()
    change[1]["value"] = [WEBHOOK | {"resources": {"limits": {"memory": "64Mi"}}}]
    [verdict] = judge.judge(built[SIDECAR], [asked("limits", pod(securityContext={"runAsUser": 0}), webhooks=[change])])["cases"]
    [sidecar] = verdict["object"]["spec"]["initContainers"]
    assert sidecar["resources"] == {"limits": {"memory": "64Mi"}, "requests": {"cpu": "1m", "memory": "2Mi"}} and sidecar["securityContext"]["runAsUser"] == 100


def test_what_the_policies_share(built):
    """The texts of the two files, and kustomize's configuration, which deploy/inject has, too."""
    mutating, validating = ({each["name"]: each["expression"] for each in of["spec"]["variables"]} for of in built[POLICIES] if of["kind"] in (
        "MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"))
    assert all(mutating[name] == text for name, text in validating.items() if name in mutating) and "problem" in mutating
    assert (DEPLOY / "inject/openunison/policy/configuration.yaml").read_text() == (DEPLOY / "inject/policy/configuration.yaml").read_text()
    assert (POLICIES / "endpoint.yaml").read_text() == (DEPLOY / "inject/openunison/endpoint.yaml").read_text()
