# SPDX-License-Identifier: Apache-2.0
"""Every row of `sts-sidecar protocols` against mock-sts over TLS: what is written, what a refusal looks like, what a bad answer does."""
import configparser
import hashlib
import json
import re
import subprocess
import time

import pytest
from harness.mock import TYPE, Mock, faulty  # faulty is a fixture
from harness.sidecar import build_folder

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
                     denied="403: permission_error: this namespace", expired="401: authentication_error: Authentication failed"),
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


def known():
    out = subprocess.run([build_folder() / "sts-sidecar", "protocols", "--json"], capture_output=True, check=True, timeout=30).stdout
    return {row["name"]: row for row in json.loads(out)}


KNOWN = known()


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
    return sts.mint("--namespace", "shop", "--serviceaccount", "cart", *args)


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
    """How often each subject token came, over the whole log."""
    found = [json.loads(line).get("subject") for line in sts.log.read_text().splitlines()]
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


def test_no_row_is_missing():
    assert ROWS.keys() == KNOWN.keys()


@pytest.mark.parametrize("name", KNOWN)
def test_success(name, sts, ask, space):
    run = ask(name)
    assert run.status == 0, run.err
    wanted = {FILES[word] for word in KNOWN[name]["write"]} | ({"thumbprint"} if name == "openunison" else set())
    assert {path.name for path in space.out.iterdir()} - {".status"} == wanted
    check_token(sts, ROWS[name], token_of(name, space))
    lifetime = {"aws": 1800, "gcp-impersonate": 1800, "gcp-id-token": 3600, "octo-sts": 3600}.get(name, 900)
    expires = time.mktime(time.strptime((space.out / "expires").read_text(), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert lifetime - 20 < expires - time.time() <= lifetime + 1


@pytest.mark.parametrize("name", KNOWN)
def test_denied(name, sts, ask, space):
    row = ROWS[name]
    if row.federated:
        run = ask(name, f"--url=https://localhost:{sts.port}" + row.args[0].partition("{base}")[2].replace("app@", "other@"), deadline="1s")
    else:
        run = ask(name, subject=sts.mint("--namespace", "other"), deadline="1s")
    refused(run, row.denied, space)


@pytest.mark.parametrize("name", KNOWN)
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
}


@pytest.mark.parametrize("fault", HOSTILE)
@pytest.mark.parametrize("name", KNOWN)
def test_hostile(name, fault, faulty, ask, space):
    subject = federate(faulty) if ROWS[name].federated else mint(faulty)
    status, words = HOSTILE[fault]
    faulty.fault(**dict([fault.format(ROWS[name].member).split("=")]))
    run = ask(name, subject=subject, deadline="1s")
    assert run.status == status, run.err
    assert words in run.last
    assert not set(path.name for path in space.out.iterdir()) - {".status"}
