# SPDX-License-Identifier: Apache-2.0
"""mock-sts's own services, asked by Python: what each requires, and the error that each gives."""
import hashlib
import json
import re
import time
import urllib.parse
import uuid
import xml.etree.ElementTree as ET

import pytest
from harness.mock import GRANT, TYPE, Mock, faulty, wait_for  # faulty is a fixture

POOL = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/k8s"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BETA = "oauth-2025-04-20,oidc-federation-2026-04-01"
ROLE = "arn:aws:iam::123456789012:role/app"
ACCOUNTS = "/v1/projects/-/serviceAccounts/app@p.iam.gserviceaccount.com:generate"
XMLNS = "{https://sts.amazonaws.com/doc/2011-06-15/}"
SUBJECT = object()      # stands for a subject token
FEDERATED = object()    # stands for a token that /v1/token issued


class Service:
    """A good request, its required fields, and how to read the code and the words of an error."""

    def __init__(self, path, form=None, json=None, query=None, needs=(), error=None, method="POST", headers=None):
        self.path, self.form, self.json, self.query, self.needs, self.error = path, form, json, query, needs, error
        self.method, self.headers = method, headers or {}

    @property
    def fields(self):
        return self.form or self.json or self.query or {}


def oauth(answer):
    return answer.json["error"], answer.json["error_description"]


def entra(answer):
    code, words = oauth(answer)
    number = int(re.match(r"AADSTS(\d+): ", words)[1])
    assert answer.json["error_codes"] == [number]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", answer.json["timestamp"])
    assert answer.json["trace_id"] and answer.json["correlation_id"]
    return code, words


def anthropic(answer):
    assert answer.json["type"] == "error"
    return answer.json["error"]["type"], answer.json["error"]["message"]


def aws(answer):
    assert answer.json["RequestId"]
    return answer.json["Error"]["Code"], answer.json["Error"]["Message"]


def google(answer):
    assert answer.json["error"]["code"] == answer.status
    return answer.json["error"]["status"], answer.json["error"]["message"]


def vault(answer):
    assert list(answer.json) == ["errors"]
    return str(answer.status), *answer.json["errors"]


def octo(answer):
    return str(answer.json["code"]), answer.json["message"]


WITH_BEARER, WITH_FEDERATED = {"Authorization": SUBJECT}, {"Authorization": FEDERATED}
SERVICES = {
    "jwt-bearer": Service("/token", form={"grant_type": BEARER, "assertion": SUBJECT, "scope": "a"}, needs=["assertion"], error=oauth),
    "jwt-bearer in JSON": Service("/vault/token", json={"grant_type": BEARER, "assertion": SUBJECT}, needs=["assertion"], error=oauth),
    "client-assertion": Service(
        "/token", form={"grant_type": "client_credentials", "client_assertion_type": ASSERTED, "client_assertion": SUBJECT, "client_id": "app"},
        needs=["client_assertion_type", "client_assertion"], error=oauth),
    "anthropic": Service(
        "/v1/oauth/token", json={"grant_type": BEARER, "assertion": SUBJECT, "federation_rule_id": "fdrl_1", "organization_id": "o"},
        needs=["grant_type", "assertion", "federation_rule_id", "organization_id", "anthropic-beta"], error=anthropic,
        headers={"anthropic-beta": BETA}),
    "openai": Service(
        "/oauth/token", json={"grant_type": GRANT, "subject_token": SUBJECT, "subject_token_type": TYPE + "jwt", "identity_provider_id": "i",
                              "service_account_id": "user-1"},
        needs=["grant_type", "subject_token", "subject_token_type", "identity_provider_id", "service_account_id"], error=oauth),
    "entra": Service(
        "/tenant.example/oauth2/v2.0/token",
        form={"grant_type": "client_credentials", "client_id": "app", "scope": "https://r.example/.default", "client_assertion_type": ASSERTED,
              "client_assertion": SUBJECT},
        needs=["grant_type", "client_id", "scope", "client_assertion_type", "client_assertion"], error=entra),
    "aws": Service(
        "/", form={"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "me@pod",
                   "WebIdentityToken": SUBJECT},
        needs=["Action", "Version", "RoleArn", "RoleSessionName", "WebIdentityToken"], error=aws),
    "gcp": Service(
        "/v1/token", json={"grantType": GRANT, "audience": POOL, "scope": "a", "requestedTokenType": TYPE + "access_token",
                           "subjectToken": SUBJECT, "subjectTokenType": TYPE + "jwt"},
        needs=["grantType", "audience", "scope", "requestedTokenType", "subjectToken", "subjectTokenType"], error=oauth),
    "gcp in a form": Service(
        "/v1/token", form={"grant_type": GRANT, "audience": POOL, "scope": "a", "requested_token_type": TYPE + "access_token",
                           "subject_token": SUBJECT, "subject_token_type": TYPE + "jwt"},
        needs=["grant_type", "audience", "scope", "requested_token_type", "subject_token", "subject_token_type"], error=oauth),
    "gcp-impersonate": Service(ACCOUNTS + "AccessToken", json={"scope": ["a", "b"]}, needs=["scope", "Authorization"], error=google,
                               headers=WITH_FEDERATED),
    "gcp-id-token": Service(ACCOUNTS + "IdToken", json={"audience": "x", "includeEmail": True}, needs=["audience", "Authorization"],
                            error=google, headers=WITH_FEDERATED),
    "vault": Service("/v1/auth/jwt/login", json={"role": "app", "jwt": SUBJECT}, needs=["jwt"], error=vault),
    "octo-sts": Service("/sts/exchange", query={"scope": "o/r", "identity": "deploy"}, needs=["scope", "identity", "Authorization"], error=octo,
                        method="GET", headers=WITH_BEARER),
    "custom bearer": Service("/custom/bearer", query={}, needs=["Authorization"], error=oauth, method="GET", headers=WITH_BEARER),
    "custom header": Service("/custom/header", query={}, needs=["X-Subject-Token"], error=oauth, method="GET", headers={"X-Subject-Token": SUBJECT}),
    "custom query": Service("/custom/query", query={"token": SUBJECT}, needs=["token"], error=oauth, method="GET"),
    "custom field": Service("/custom/field", form={"token": SUBJECT}, needs=["token"], error=oauth),
    "custom pointer": Service("/custom/pointer", json={"auth": {"jwt": SUBJECT}, "tenant": "t"}, needs=["auth"], error=oauth, method="PUT"),
}
NEEDS = [(name, field) for name, service in SERVICES.items() for field in service.needs]


@pytest.fixture(scope="module")
def sts(tmp_path_factory):
    made = Mock(tmp_path_factory.mktemp("services"), "--allow-namespace", "shop", tls=False)
    yield made
    made.close()


def subject_of(sts, **claims):
    return sts.sign({"jti": str(uuid.uuid4())} | claims)


def fill(value, subject):
    if isinstance(value, dict):
        return {key: fill(one, subject) for key, one in value.items()}
    return subject if value in (SUBJECT, FEDERATED) else value


def send(sts, name, change=None, headers=None, subject=None, pairs=(), method=None):
    """A good request with some fields and headers changed, or left out (None); pairs: further fields."""
    service = SERVICES[name]
    headers = service.headers | (headers or {})
    subject = subject or (federated(sts) if FEDERATED in headers.values() else subject_of(sts))
    headers = {key: ("Bearer " + subject if key == "Authorization" else subject) if value in (SUBJECT, FEDERATED) else value
               for key, value in headers.items() if value is not None}
    fields = {key: fill(value, subject) for key, value in (service.fields | (change or {})).items() if value is not None}
    encoded = urllib.parse.urlencode([*fields.items(), *((key, fill(value, subject)) for key, value in pairs)])
    path, body, usual = service.path, None, {"Accept": "application/json"}
    if service.query is not None:
        path += "?" + encoded
    elif service.form is not None:
        body, usual["Content-Type"] = encoded, "application/x-www-form-urlencoded"
    else:
        body, usual["Content-Type"] = json.dumps(fields), "application/json"
    return sts.ask(method or service.method, path, body, **usual | headers)


def federated(sts, **more):
    return send(sts, "gcp", **more).json["access_token"]


@pytest.mark.parametrize("name", SERVICES)
def test_good(name, sts):
    answer = send(sts, name)
    assert answer.status == 200, answer.body
    assert answer.json


@pytest.mark.parametrize("name,field", NEEDS)
def test_what_is_needed(name, field, sts):
    service = SERVICES[name]
    header = field in service.headers
    answer = send(sts, name, headers={field: None}) if header else send(sts, name, {field: None})
    refused(service, answer)
    if not header and field != "auth":
        refused(service, send(sts, name, {field: ""}))


def refused(service, answer):
    assert 400 <= answer.status < 500 or answer.status == 501, answer.body
    code, words = service.error(answer)
    assert code and words


@pytest.mark.parametrize("name,field", [(name, field) for name, field in NEEDS if field in SERVICES[name].fields])
def test_twice_or_of_another_type(name, field, sts):
    service = SERVICES[name]
    if service.json is None:
        refused(service, send(sts, name, pairs=[(field, service.fields[field])]))
        return
    for value in (7, True, {"a": "b"}, "x" if isinstance(service.json[field], list) else ["x", "y"]):
        refused(service, send(sts, name, {field: value}))


@pytest.mark.parametrize("name", SERVICES)
def test_bad_subjects(name, sts):
    service = SERVICES[name]
    if FEDERATED in service.headers.values():
        bad = [subject_of(sts), "ya29.d." + "x" * 180]
    else:
        bad = [sts.mint("--bad-signature"), subject_of(sts, exp=int(time.time()) - 60), subject_of(sts, sub="system:serviceaccount:other:cart"), "x", "a.b.c"]
    for subject in bad:
        answer = send(sts, name, subject=subject)
        refused(service, answer)
        assert subject not in answer.body.decode() or subject == "x"


BAD_BODIES = [("application/json", "{"), ("application/json", "[]"), ("application/x-www-form-urlencoded", "a=%zz"), ("text/plain", "x"), ("", "")]


@pytest.mark.parametrize("name", SERVICES)
def test_bad_bodies(name, sts):
    service = SERVICES[name]
    headers = {key: "Bearer x" for key in service.headers}
    refused(service, send(sts, name, method="DELETE"))
    if service.query is None:
        for kind, body in BAD_BODIES:
            refused(service, sts.ask(service.method, service.path, body, **{"Content-Type": kind, "Accept": "application/json"} | headers))


# Request, changed fields, changed headers, status, code.
REFUSED = {
    "another scope": ("jwt-bearer", {"scope": "a  b"}, {}, 400, "invalid_scope"),
    "another audience": ("jwt-bearer", {"audience": "elsewhere"}, {}, 400, "invalid_target"),
    "another kind of assertion": ("client-assertion", {"client_assertion_type": "x"}, {}, 400, "invalid_request"),
    "anthropic: a rule of another form": ("anthropic", {"federation_rule_id": "x"}, {}, 400, "invalid_request_error"),
    "anthropic: an unknown field": ("anthropic", {"audience": "x"}, {}, 400, "invalid_request_error"),
    "anthropic: another beta": ("anthropic", {}, {"anthropic-beta": "oauth-2025-04-20"}, 400, "invalid_request_error"),
    "openai: another grant": ("openai", {"grant_type": BEARER}, {}, 400, "unsupported_grant_type"),
    "entra: a scope of another form": ("entra", {"scope": "https://r.example/read"}, {}, 400, "invalid_scope"),
    "entra: another grant": ("entra", {"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
    "aws: another action": ("aws", {"Action": "GetCallerIdentity"}, {}, 400, "InvalidAction"),
    "aws: too short": ("aws", {"DurationSeconds": "899"}, {}, 400, "ValidationError"),
    "aws: too long": ("aws", {"DurationSeconds": "43201"}, {}, 400, "ValidationError"),
    "aws: a bad session name": ("aws", {"RoleSessionName": "a b"}, {}, 400, "ValidationError"),
    "aws: a long session name": ("aws", {"RoleSessionName": "a" * 65}, {}, 400, "ValidationError"),
    "aws: no role": ("aws", {"RoleArn": "arn:aws:iam::123456789012:user/app"}, {}, 400, "ValidationError"),
    "aws: an unknown field": ("aws", {"SerialNumber": "x"}, {}, 400, "ValidationError"),
    "gcp: no pool": ("gcp", {"audience": "//iam.googleapis.com/locations"}, {}, 400, "invalid_target"),
    "gcp: both spellings": ("gcp", {"grant_type": GRANT}, {}, 400, "invalid_request"),
    "gcp: an unknown field": ("gcp", {"lifetime": "1s"}, {}, 400, "invalid_request"),
    "gcp: authenticated": ("gcp", {}, {"Authorization": "Bearer x"}, 400, "invalid_request"),
    "impersonation: too long": ("gcp-impersonate", {"lifetime": "3601s"}, {}, 400, "INVALID_ARGUMENT"),
    "impersonation: no unit": ("gcp-impersonate", {"lifetime": "60"}, {}, 400, "INVALID_ARGUMENT"),
    "impersonation: an unknown field": ("gcp-impersonate", {"audience": "x"}, {}, 400, "INVALID_ARGUMENT"),
    "vault: no role": ("vault", {"role": None}, {}, 400, "400"),
    "octo-sts: an unknown field": ("octo-sts", {"x": "y"}, {}, 400, "3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, sts):
    name, change, headers, status, code = REFUSED[case]
    answer = send(sts, name, change, headers)
    assert (answer.status, SERVICES[name].error(answer)[0]) == (status, code), answer.body


def test_aws_by_accept(sts):
    """XML is what it answers where JSON is not asked for."""
    root = ET.fromstring(send(sts, "aws", {"DurationSeconds": "900"}, {"Accept": "*/*"}).body)
    assert root.tag == XMLNS + "AssumeRoleWithWebIdentityResponse"
    keys = root.find(f"{XMLNS}AssumeRoleWithWebIdentityResult/{XMLNS}Credentials")
    assert [key.tag.removeprefix(XMLNS) for key in keys] == ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
    assert re.fullmatch(r"ASIA[0-9A-F]{16}", keys[0].text) and keys[3].text.endswith("Z")
    root = ET.fromstring(send(sts, "aws", {"RoleArn": "<&>"}, {"Accept": "*/*"}).body)
    assert root.tag == XMLNS + "ErrorResponse" and root.find(f"{XMLNS}Error/{XMLNS}Code").text == "ValidationError"


def test_aws_expiration_is_a_number_with_an_exponent(sts):
    answer = send(sts, "aws")
    assert re.search(rb'"Expiration":1\.\d{9}E9\b', answer.body)


def test_anthropic_takes_a_jti_once(sts):
    subject = subject_of(sts)
    assert send(sts, "anthropic", subject=subject).status == 200
    # Another token with the same id is the same to it.
    again = sts.sign({"jti": "one"}), sts.sign({"jti": "one", "extra": 1})
    assert [send(sts, "anthropic", subject=one).status for one in (subject, *again)] == [401, 200, 401]
    assert send(sts, "anthropic", subject=sts.sign({})).status == 401
    # A request that is refused for something else uses nothing up.
    fresh = subject_of(sts)
    assert send(sts, "anthropic", {"federation_rule_id": "x"}, subject=fresh).status == 400
    assert send(sts, "anthropic", subject=fresh).status == 200


def test_a_federated_token_ends(faulty):
    faulty.fault(lifetime_s=-1, times=1)
    old = federated(faulty)
    answer = send(faulty, "gcp-impersonate", subject=old)
    assert answer.status == 401 and "expired" in answer.json["error"]["message"]


def test_members_can_be_bent(faulty):
    faulty.fault(set='expires_in:"300"', omit="token_type", times=1)
    answer = send(faulty, "openai").json
    assert answer["expires_in"] == "300" and "token_type" not in answer
    faulty.fault(set="errors:7", times=1)
    assert send(faulty, "vault", {"jwt": None}).json == {"errors": 7}


def test_roles(tmp_path):
    sts = Mock(tmp_path, "--role", "app", "--role", ROLE, tls=False)
    try:
        assert send(sts, "vault", {"role": None}).json["auth"]["metadata"] == {"role": "app"}
        assert send(sts, "aws").status == send(sts, "entra").status == send(sts, "client-assertion").status == 200
        for name, status, change in (("vault", 400, {"role": "x"}), ("aws", 403, {"RoleArn": ROLE + "x"}), ("entra", 400, {"client_id": "x"}),
                                     ("client-assertion", 401, {"client_id": "x"}), ("anthropic", 401, {}), ("openai", 400, {}),
                                     ("octo-sts", 404, {}), ("gcp-impersonate", 403, {})):
            answer = send(sts, name, change)
            assert answer.status == status, (name, answer.body)
            refused(SERVICES[name], answer)
    finally:
        sts.close()


def test_client_authentication(tmp_path):
    sts = Mock(tmp_path, "--client", "me:right", tls=False)
    try:
        assert send(sts, "jwt-bearer").status == 401
        assert send(sts, "jwt-bearer", {"client_id": "me", "client_secret": "right"}).status == 200
        assert "right" not in sts.log.read_text()
    finally:
        sts.close()


def test_log_has_no_token(sts):
    secrets, subject = set(), ""
    for name in SERVICES:
        subject = federated(sts) if FEDERATED in SERVICES[name].headers.values() else subject_of(sts)
        issued = json.dumps(send(sts, name, subject=subject).json)
        secrets |= {subject[i:i + 24] for i in range(40, len(subject) - 24, 24)} | set(re.findall(r"[\w-]{40,}", issued))
    digest = hashlib.sha256(subject.encode()).hexdigest()[:16]
    text = wait_for(lambda: (log := sts.log.read_text()) and digest in log and log, "the last request in the log")
    assert len(secrets) > 2 * len(SERVICES)
    assert [secret for secret in secrets if secret in text] == []
