# SPDX-License-Identifier: Apache-2.0
"""Every row of `sts-sidecar protocols` against mock-sts over TLS: what is written, what a refusal looks like, what a bad answer does."""
import configparser
import hashlib
import json
import re
import time
import uuid

import pytest
from harness.mock import TYPE, Mock, faulty, wait_for  # faulty is a fixture

POOL = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/k8s"
ACCOUNT = "app@p.iam.gserviceaccount.com"
ACCOUNT_URL = f"--url={{base}}/v1/projects/-/serviceAccounts/{ACCOUNT}:generate"
ROLE = "arn:aws:iam::123456789012:role/app"
APPLICATION = "66666666-7777-8888-9999-000000000000"
ROLES = ["app", "fdrl_1", "user-1", APPLICATION, ROLE, ACCOUNT, "deploy"]
REQUEST_TYPE = "application/json"


class Row:
    """Arguments of `fetch`; the token (a pattern where it is opaque, an audience where it is a JWT); the member that holds it; what is said,
    with which status, of a namespace that is not allowed and of a subject that is too old."""

    def __init__(self, *args, opaque=None, audience="mock-audience", member="access_token", denied=None, expired=None, federated=False):
        self.args, self.opaque, self.audience, self.member = args, opaque, audience, member
        self.denied, self.expired, self.federated = denied, expired, federated


ROWS = {
    "openunison": Row("--url={base}/vault/token/user", member="jwt", denied="unexpected status 403", expired="unexpected status 401"),
    "token-exchange": Row("--url={base}/token", "--audience=other", audience="other", denied="403: access_denied: this namespace",
                          expired="400: invalid_request: token has expired"),
    "jwt-bearer": Row("--url={base}/token", "--scope=read", denied="403: access_denied: this namespace",
                      expired="400: invalid_grant: token has expired"),
    "anthropic": Row("--url={base}/v1/oauth/token", "--param=federation_rule_id=fdrl_1", "--param=service_account_id=svac_1",
                     "--param=organization_id=11111111-2222-3333-4444-555555555555", opaque=r"sk-ant-oat01-\w{86}",
                     denied="401: authentication_error: Authentication failed",
                     expired="401: authentication_error: Authentication failed"),
    "openai": Row("--url={base}/oauth/token", "--param=identity_provider_id=idp_1", "--param=service_account_id=user-1", opaque=r"oai\.\w{80}",
                  denied="403: access_denied: this namespace", expired="400: invalid_grant: token has expired"),
    "client-assertion": Row("--url={base}/token", "--client-id=app", denied="400: unauthorized_client: this namespace",
                            expired="401: invalid_client: token has expired"),
    "entra": Row("--param=authority={base}", "--param=tenant=11111111-2222-3333-4444-555555555555", f"--client-id={APPLICATION}",
                 "--scope=https://vault.azure.net/.default", audience="https://vault.azure.net",
                 denied="400: invalid_client: AADSTS70021: No matching", expired="401: invalid_client: AADSTS700024: Client assertion"),
    "aws": Row("--url={base}/", f"--param=role-arn={ROLE}", "--param=duration-seconds=1800", "--param=policy-arn=arn:aws:iam::aws:policy/ReadOnly",
               opaque=r"FwoGZXIvYXdz\w{300}", member="SessionToken", denied="403: AccessDenied: Not authorized to perform",
               expired="400: ExpiredTokenException: token has expired"),
    "gcp": Row("--url={base}/v1/token", f"--audience={POOL}", opaque=r"ya29\.d\.\w{180}",
               denied="401: unauthorized_client: The given credential is rejected", expired="400: invalid_grant: token has expired"),
    "gcp-impersonate": Row(ACCOUNT_URL + "AccessToken", "--param=lifetime=1800s", opaque=r"ya29\.c\.\w{180}", member="accessToken", federated=True,
                           denied="403: PERMISSION_DENIED: Permission 'iam.serviceAccounts", expired="401: UNAUTHENTICATED: Request had"),
    "gcp-id-token": Row(ACCOUNT_URL + "IdToken", "--audience=https://run.example", audience="https://run.example", member="token", federated=True,
                        denied="403: PERMISSION_DENIED: Permission 'iam.serviceAccounts", expired="401: UNAUTHENTICATED: Request had"),
    "vault": Row("--param=address={base}", "--param=role=app", "--param=mount=k8s/one", "--param=namespace=team/a", opaque=r"hvs\.\w{90}",
                 member="client_token", denied="403: permission denied", expired="400: error validating token: token has expired"),
    "octo-sts": Row("--url={base}/sts/exchange", "--scope=my-org/my.repo", "--param=identity=deploy", opaque=r"ghs_\w{36}", member="token",
                    denied="403: token does not match trust policy", expired="401: unable to verify bearer token: token has expired"),
    "custom": Row("--url={base}/custom/pointer", "--method=PUT", "--subject-in=pointer:/auth/jwt", "--param=tenant=t1",
                  "--token-field=/data/value", "--expiry-field=absolute:/data/until", member="value",
                  denied="403: denied: this namespace", expired="400: old_token: token has expired"),
}
FILES = {"token": "token.jwt", "expires": "expires", "json": "token.json", "aws-credentials": "aws-credentials",
         "aws-process": "aws-process.json", "gcp-executable": "gcp-executable.json"}


@pytest.fixture(scope="module")
def known(sidecar):
    """The rows that the program has."""
    return {row["name"]: row for row in json.loads(sidecar.run("protocols", "--json").out)}


@pytest.fixture(scope="module")
def sts(tmp_path_factory):
    roles = [word for role in ROLES for word in ("--role", role)]
    made = Mock(tmp_path_factory.mktemp("rows"), "--allow-namespace", "shop", "--audience", "mock-audience", "--audience", "other", *roles)
    yield made
    made.close()


@pytest.fixture
def ask(fetch, space, sts):
    """`fetch` with the row's usual arguments and a fresh subject, or the given one; more arguments count more."""
    space.ca_file.write_bytes((sts.folder / "ca.pem").read_bytes())

    def run(name, *more, subject=None, **options):
        row = ROWS[name]
        space.token_file.write_text(subject or (federate(sts) if row.federated else mint(sts)))
        args = [arg.replace("{base}", f"https://localhost:{sts.port}") for arg in row.args]
        return fetch(None, *args, *more, protocol=name, **options)
    return run


def mint(sts, *args):
    if args:
        return sts.mint("--namespace", "shop", "--serviceaccount", "cart", *args)
    return sts.sign({"jti": str(uuid.uuid4())})


def post(sts, path, body, **headers):
    return sts.ask("POST", path, json.dumps(body), **{"Content-Type": REQUEST_TYPE, "Accept": REQUEST_TYPE} | headers)


def federation(token, **change):
    body = {"grantType": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": POOL, "scope": "a", "subjectToken": token,
            "requestedTokenType": TYPE + "access_token", "subjectTokenType": TYPE + "jwt"} | change
    return {key: value for key, value in body.items() if value is not None}


def federate(sts):
    """A token of the endpoint of `gcp`."""
    return post(sts, "/v1/token", federation(mint(sts))).json["access_token"]


def subjects(sts):
    """How often each subject token came, over the whole log, which is written after the answer has gone."""
    text = sts.log.read_text()
    found = [json.loads(line).get("subject") for line in text[:text.rfind("\n") + 1].splitlines()]
    return {one: found.count(one) for one in found if one}


def token_of(name, space):
    if name == "aws":
        ini = configparser.ConfigParser()
        ini.read(space.out / "aws-credentials")
        return ini["default"]["aws_session_token"]
    return (space.out / "token.jwt").read_text()


def check_token(sts, row, token):
    if row.opaque:
        assert re.fullmatch(row.opaque, token)
        return
    claims = sts.verify(token, row.audience)
    assert claims["sub"] == "mock:shop:cart"
    assert claims.get("email") == (ACCOUNT if row.federated else None)


def test_no_row_is_missing(known):
    assert ROWS.keys() == known.keys()


@pytest.mark.parametrize("name", ROWS)
def test_success(name, sts, ask, space, known):
    run = ask(name)
    assert run.status == 0, run.err
    wanted = {FILES[word] for word in known[name]["write"]} | ({"thumbprint"} if name == "openunison" else set())
    assert {path.name for path in space.out.iterdir()} - {".status"} == wanted
    check_token(sts, ROWS[name], token_of(name, space))
    lifetime = {"aws": 1800, "gcp-impersonate": 1800, "gcp-id-token": 3600, "octo-sts": 3600}.get(name, 900)
    expires = time.mktime(time.strptime((space.out / "expires").read_text(), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert lifetime - 20 < expires - time.time() <= lifetime + 1


@pytest.mark.parametrize("name", ROWS)
def test_denied(name, sts, ask, space):
    row = ROWS[name]
    if row.federated:
        run = ask(name, f"--url=https://localhost:{sts.port}" + row.args[0].partition("{base}")[2].replace("app@", "other@"), deadline="1s")
    else:
        run = ask(name, subject=sts.mint("--namespace", "other"), deadline="1s")
    refused(run, row.denied, space)


@pytest.mark.parametrize("name", ROWS)
def test_expired_subject(name, faulty, ask, space):
    """As the STS sees it: a subject token that is old by our own clock is not sent at all."""
    subject = federate(faulty) if ROWS[name].federated else mint(faulty)
    faulty.fault(clock_s=7200)
    refused(ask(name, subject=subject, deadline="1s"), ROWS[name].expired, space)


def refused(run, words, space):
    assert run.status == 77, run.err
    assert words in run.last, run.err
    assert not set(path.name for path in space.out.iterdir()) - {".status"}


# Exit status and words; {} is the member that holds the token.
HOSTILE = {
    "set={}:7": (65, ""),
    "token_insert=\nevil": (65, ""),
    "truncate_body=30": (75, "closed within the"),
    "status=503&retry_after=60": (75, "503"),
    "echo=1&status=403": (77, "403"),
}


@pytest.mark.parametrize("fault", HOSTILE)
@pytest.mark.parametrize("name", ROWS)
def test_hostile(name, fault, faulty, ask, space):
    subject = federate(faulty) if ROWS[name].federated else mint(faulty)
    status, words = HOSTILE[fault]
    faulty.fault(**dict(part.split("=") for part in fault.format(ROWS[name].member).split("&")))
    run = ask(name, subject=subject, deadline="1s")
    assert run.status == status, run.err
    assert words in run.last
    assert not any(subject[i:i + 24] in run.err for i in range(0, len(subject) - 24, 8))
    assert not set(path.name for path in space.out.iterdir()) - {".status"}


def test_a_slow_answer_meets_the_deadline(faulty, ask):
    for name in ("gcp-impersonate",):
        subject = federate(faulty) if ROWS[name].federated else mint(faulty)
        faulty.fault(delay_head_ms=20000)
        assert ask(name, subject=subject, deadline="1s", timeout="1s").status == 75
        faulty.control("DELETE", "faults")


# ---- other forms of a row ----

@pytest.mark.parametrize("fault", [{"xml": 1}, {"xml": 1, "token_insert": "\nevil"}, {"xml": 1, "dup": "SessionToken"}, {"xml": 1, "omit": "SecretAccessKey"}])
def test_aws_in_xml(fault, faulty, ask, space):
    """As look-alikes answer, whatever Accept says."""
    faulty.fault(**fault)
    run = ask("aws", deadline="1s")
    if len(fault) > 1:
        assert run.status == 65 and not (space.out / "aws-credentials").exists(), run.err
        return
    assert run.status == 0, run.err
    check_token(faulty, ROWS["aws"], token_of("aws", space))
    denied = ask("aws", subject=faulty.mint("--namespace", "other"), deadline="1s")
    assert denied.status == 77 and "403: AccessDenied: Not authorized to perform" in denied.last


FORMS = {
    "jwt-bearer in JSON": ("jwt-bearer", "--body=json"),
    "token-exchange in JSON": ("token-exchange", "--body=json"),
    "jwt-bearer for an audience": ("jwt-bearer", "--audience=mock-audience"),
    "gcp in the words of RFC 8693": ("token-exchange", "--url={base}/v1/token", f"--audience={POOL}", "--scope=a",
                                     f"--requested-token-type={TYPE}access_token"),
}


@pytest.mark.parametrize("form", FORMS)
def test_other_forms(form, sts, fetch, space):
    space.ca_file.write_bytes((sts.folder / "ca.pem").read_bytes())
    space.token_file.write_text(mint(sts))
    name, *more = FORMS[form]
    usual = ["--url={base}/token"] if not any(arg.startswith("--url") for arg in more) else []
    run = fetch(None, *(arg.replace("{base}", f"https://localhost:{sts.port}") for arg in usual + more), protocol=name)
    assert run.status == 0, run.err
    token = (space.out / "token.jwt").read_text()
    assert token.startswith("ya29.d.") if form.startswith("gcp") else sts.verify(token)


CUSTOM = {
    "bearer": ["--method=GET", "--subject-in=bearer"],
    "header": ["--method=GET", "--subject-in=header:X-Subject-Token"],
    "query": ["--method=GET", "--subject-in=query:token"],
    "field": ["--method=POST", "--subject-in=field:token"],
    "field in JSON": ["--method=POST", "--subject-in=field:token", "--body=json"],
}


@pytest.mark.parametrize("place", CUSTOM)
def test_custom_places(place, sts, fetch, space):
    space.ca_file.write_bytes((sts.folder / "ca.pem").read_bytes())
    where = ["--token-field=/data/value", "--expiry-field=absolute:/data/until", *CUSTOM[place]]
    for token, status in ((mint(sts), 0), (mint(sts, "--bad-signature"), 77)):
        space.token_file.write_text(token)
        run = fetch(f"https://localhost:{sts.port}/custom/{place.split()[0]}", *where, protocol="custom", deadline="1s")
        assert run.status == status, run.err
    sts.verify((space.out / "token.jwt").read_text())
    assert token[:24] not in sts.log.read_text()


# ---- chains, and subjects that may be sent once ----

def test_chain_of_google(sts, sidecar, space):
    """A federated token by `gcp`, of which `gcp-impersonate` and `gcp-id-token` make tokens of a service account."""
    base = f"https://localhost:{sts.port}"
    account = f"{base}/v1/projects/-/serviceAccounts/{ACCOUNT}:generate"
    space.ca_file.write_bytes((sts.folder / "ca.pem").read_bytes())
    space.token_file.write_text(mint(sts))
    federated = str(space.out / "gcp" / "token.jwt")
    exchanges = [
        {"name": "gcp", "protocol": "gcp", "url": base + "/v1/token", "audience": POOL, "token-file": str(space.token_file)},
        {"name": "access", "protocol": "gcp-impersonate", "url": account + "AccessToken", "token-file": federated},
        {"name": "id", "protocol": "gcp-id-token", "url": account + "IdToken", "token-file": federated, "audience": "https://run.example"},
    ]
    for exchange in exchanges:
        exchange["output-dir"] = str(space.out / exchange["name"])
        (space.out / exchange["name"]).mkdir()
        (space.out / exchange["name"]).chmod(0o777)
    config = space.write("config.json", json.dumps({"cacert-path": [str(space.ca_file)], "exchanges": exchanges}))
    run = sidecar.run("fetch", "--config", config, "--deadline", "10s")
    assert run.status == 0, run.err
    assert re.fullmatch(ROWS["gcp-impersonate"].opaque, (space.out / "access" / "token.jwt").read_text())
    check_token(sts, ROWS["gcp-id-token"], (space.out / "id" / "token.jwt").read_text())
    wait_for(lambda: subjects(sts).get(digest((space.out / "gcp" / "token.jwt").read_text())) == 2, "both hops")


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()[:16]


@pytest.mark.parametrize("fault", ["truncate_body=30", "status=503", "error=x", "close=reset&truncate=0"])
def test_anthropic_is_not_asked_twice(fault, faulty, ask):
    """With one subject token, whatever came back: it may have been accepted."""
    subject = mint(faulty)
    faulty.fault(**dict(part.split("=") for part in fault.split("&")), times=1)
    assert ask("anthropic", subject=subject, deadline="2s").status != 0
    assert wait_for(lambda: subjects(faulty).get(digest(subject)), "the request in the log") == 1


def test_a_replay_has_the_error_of_the_service(sts, ask, space):
    subject = mint(sts)
    assert ask("anthropic", subject=subject).status == 0
    before = space.snapshot()
    run = ask("anthropic", subject=subject, deadline="1s")
    assert run.status == 77 and "401: authentication_error: Authentication failed" in run.last, run.err
    assert space.snapshot() == before
    wait_for(lambda: "jti_reused" in sts.log.read_text(), "the reason in the log")
