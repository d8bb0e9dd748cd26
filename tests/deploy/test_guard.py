# SPDX-License-Identifier: Apache-2.0
"""deploy/guard at the API server's own library. tests/cluster/test_guard.py does the same at the API server, with real tokens."""
import copy

import pytest
from policy_judge import DEPLOY

AUDIENCE = "https://sts.example.com"
POD = {"apiVersion": "v1", "kind": "Pod", "name": "app", "uid": "c0ffee00-0000-4000-8000-000000000000"}
CALLER = {"user": "system:serviceaccount:test:app", "groups": ["system:serviceaccounts"],
          "extra": {"authentication.kubernetes.io/pod-name": [POD["name"]], "authentication.kubernetes.io/pod-uid": [POD["uid"]]}}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "namespace": "test", "labels": {"sts-sidecar.io/token-request": "guarded"},
                                                                      "annotations": {"sts-sidecar.io/token-request-audiences": f"{AUDIENCE} https://second.example.com"}}}


@pytest.fixture(scope="module")
def ask(judge, built):
    """ask(spec of the TokenRequest, name of the account, caller): the messages of the refusals."""
    def refusals(spec=None, account="app", **caller):
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": [AUDIENCE], "expirationSeconds": 600, "boundObjectRef": POD} | (spec or {})}
        asked = {"name": "ask", "resource": "serviceaccounts/token", "requestName": account, "object": request, "namespace": {"metadata": {"name": "test"}}} | CALLER | caller
        [said] = judge.judge([*built[DEPLOY / "guard/token-request"], ACCOUNT], [asked])["cases"]
        return [each["message"] for each in said["refusals"]]
    return refusals


@pytest.mark.parametrize("spec", [{}, {"audiences": ["https://second.example.com"]}, {"expirationSeconds": 3600}], ids=["default", "second-audience", "an-hour"])
def test_what_the_guard_allows(ask, spec):
    assert ask(spec) == []


@pytest.mark.parametrize("spec, words", [
    ({"audiences": ["https://other.example.com"]}, f"may be for {AUDIENCE}, https://second.example.com, and the request is for https://other.example.com"),
    ({"audiences": [AUDIENCE, "https://other.example.com"]}, "https://other.example.com: request one of the allowed audiences"),
    ({"audiences": []}, "and the request is for the API server"),
    ({"audiences": ["https://sts.example.com\n"]}, "the request is for an audience that the annotation sts-sidecar.io/token-request-audiences of the ServiceAccount does not have"),
    ({"expirationSeconds": 3601}, "may live for 3600 seconds, and the request is for 3601"),
    ({"boundObjectRef": None}, "must be bound to the Pod that requests it"),
    ({"boundObjectRef": POD | {"name": "other"}}, "must be bound to the Pod that requests it"),
    ({"boundObjectRef": POD | {"uid": "00000000-0000-4000-8000-000000000000"}}, "must be bound to the Pod that requests it"),
    ({"boundObjectRef": POD | {"kind": "Secret"}}, "must be bound to the Pod that requests it"),
], ids=["audience", "two-audiences", "no-audience", "line-break", "life", "unbound", "name", "uid", "kind"])
def test_what_the_guard_refuses(ask, spec, words):
    [message] = ask(spec)
    assert words in message


def test_who_may_ask(ask):
    """A caller whose token is not bound to a Pod, another account, an administrator; a kubelet is exempt, and so is another account's token."""
    for caller in ({"extra": {}}, {"user": "system:serviceaccount:test:other"}, {"user": "system:serviceaccount:elsewhere:app"}, {"user": "admin", "extra": {}}):
        assert any("only a Pod that runs as system:serviceaccount:test:app, with its own token" in message for message in ask(**caller)), caller
    anything = {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 86400}
    assert ask(anything, user="system:node:node-1", groups=["system:nodes"], extra={}) == []
    assert ask(anything, account="unlabelled", user="admin", extra={}) == []


def test_more_volumes_than_a_message_can_name(judge, built):
    """The API server drops a message of more than 5120 bytes."""
    volumes = [{"name": "v" * 59 + f"-{n:03}", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}]}} for n in range(100)]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {"containers": [{"name": "app", "image": "app:1"}], "volumes": volumes}}
    asked = {"name": "many", "object": pod, "namespace": {"metadata": {"name": "test", "labels": {"sts-sidecar.io/token-checklist": "enabled"}}}}
    [said] = judge.judge(built[DEPLOY / "guard/checklist"], [asked])["cases"]
    assert [each["message"] for each in said["refusals"]] == ["a projected token of the Pod has no audience, so it is one for the API server"]


@pytest.mark.parametrize("value", ["guarded", "Guarded", "true", ""])
def test_any_value_of_the_label_guards(judge, built, value):
    """A typing mistake in the value must not leave the ServiceAccount without its guard."""
    account = copy.deepcopy(ACCOUNT)
    account["metadata"]["labels"] = {"sts-sidecar.io/token-request": value}
    asked = {"name": "ask", "resource": "serviceaccounts/token", "requestName": "app", "namespace": {"metadata": {"name": "test"}}, "user": "admin",
             "object": {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": [AUDIENCE], "expirationSeconds": 600, "boundObjectRef": POD}}}
    [said] = judge.judge([*built[DEPLOY / "guard/token-request"], account], [asked])["cases"]
    assert any("because it has the label sts-sidecar.io/token-request; this request came from admin" in each["message"] for each in said["refusals"])


def test_each_rule_is_needed(judge, built):
    """Without one validation of a policy, one of the refusals above is none."""
    whole = built[DEPLOY / "guard/token-request"]
    bad = {"audiences": ["https://other.example.com"], "expirationSeconds": 7200, "boundObjectRef": POD | {"name": "other"}}
    asked = {"name": "bad", "resource": "serviceaccounts/token", "requestName": "app", "namespace": {"metadata": {"name": "test"}},
             "object": {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": bad}} | CALLER | {"user": "system:serviceaccount:test:other"}
    counts = []
    for left_out in range(5):
        objects = copy.deepcopy(whole)
        validations = next(each for each in objects if each["kind"] == "ValidatingAdmissionPolicy")["spec"]["validations"]
        del validations[left_out:left_out + 1]
        [said] = judge.judge([*objects, ACCOUNT], [asked])["cases"]
        counts.append(len(said["refusals"]))
    assert counts == [3, 3, 3, 3, 4]
