# SPDX-License-Identifier: Apache-2.0
"""
Every protocol against mock-sts over TLS: what is written, what a refusal looks like, what a bad answer does. What is particular to one is in
tests/protocols/NAME/mock.toml:

    args       arguments of `fetch`; {base} stands for the mock's URL
    roles      what the mock must know with --role
    federated  true: the subject token is one that `gcp` got
    opaque     pattern of the token where it is opaque
    audience   the token's audience where it is a JWT ("mock-audience" when left out)
    member     member of the answer that holds the token ("access_token" when left out)
    lifetime   seconds that the token is good for (900 when left out)
    denied     words of the last line of the log when the namespace is not allowed
    expired    the same when the subject token is too old
"""
import configparser
import hashlib
import json
import pathlib
import re
import time
import tomllib
import uuid
from dataclasses import dataclass

import pytest
from harness.mock import TYPE, Mock, faulty, wait_for  # faulty is a fixture

POOL = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/k8s"
ACCOUNT = "app@p.iam.gserviceaccount.com"
REQUEST_TYPE = "application/json"


@dataclass(frozen=True)
class Case:
    """The keys of a mock.toml."""
    args: list
    denied: str
    expired: str
    roles: tuple = ()
    federated: bool = False
    opaque: str = ""
    audience: str = "mock-audience"
    member: str = "access_token"
    lifetime: int = 900


RECORDED = pathlib.Path(__file__).resolve().parents[2] / "protocols"
CASES = {path.parent.name: Case(**tomllib.loads(path.read_text())) for path in sorted(RECORDED.glob("*/mock.toml"))}
FILES = {"token": "token.jwt", "expires": "expires", "json": "token.json", "aws-credentials": "aws-credentials",
         "aws-process": "aws-process.json", "gcp-executable": "gcp-executable.json"}


@pytest.fixture(scope="module")
def known(sidecar):
    """The protocols that the program has."""
    return {one["name"]: one for one in json.loads(sidecar.run("protocols", "--json").out)}


@pytest.fixture(scope="module")
def sts(tmp_path_factory):
    roles = [word for role in sorted({role for case in CASES.values() for role in case.roles}) for word in ("--role", role)]
    made = Mock(tmp_path_factory.mktemp("protocols"), "--allow-namespace", "shop", "--audience", "mock-audience", "--audience", "other", *roles)
    yield made
    made.close()


@pytest.fixture
def ask(fetch, space, sts):
    """`fetch` with the protocol's usual arguments and a fresh subject, or the given one; more arguments count more."""
    space.ca_file.write_bytes((sts.folder / "ca.pem").read_bytes())

    def run(name, *more, subject=None, **options):
        case = CASES[name]
        space.token_file.write_text(subject or (federate(sts) if case.federated else mint(sts)))
        args = [arg.replace("{base}", f"https://localhost:{sts.port}") for arg in case.args]
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


def token_of(space):
    if (space.out / "aws-credentials").exists():
        ini = configparser.ConfigParser()
        ini.read(space.out / "aws-credentials")
        return ini["default"]["aws_session_token"]
    return (space.out / "token.jwt").read_text()


def check_token(sts, case, token):
    if case.opaque:
        assert re.fullmatch(case.opaque, token)
        return
    claims = sts.verify(token, case.audience)
    assert claims["sub"] == "mock:shop:cart"
    assert claims.get("email") == (ACCOUNT if case.federated else None)


def test_no_protocol_is_missing(known):
    assert CASES.keys() == known.keys()


@pytest.mark.parametrize("name", CASES)
def test_success(name, sts, ask, space, known):
    run = ask(name)
    assert run.status == 0, run.err
    wanted = {FILES[word] for word in known[name]["write"]} | ({"thumbprint"} & known[name].keys())
    assert {path.name for path in space.out.iterdir()} - {".status"} == wanted
    check_token(sts, CASES[name], token_of(space))
    expires = time.mktime(time.strptime((space.out / "expires").read_text(), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert CASES[name].lifetime - 20 < expires - time.time() <= CASES[name].lifetime + 1


@pytest.mark.parametrize("name", CASES)
def test_denied(name, sts, ask, space):
    case = CASES[name]
    if case.federated:
        run = ask(name, f"--url=https://localhost:{sts.port}" + case.args[0].partition("{base}")[2].replace("app@", "other@"), deadline="1s")
    else:
        run = ask(name, subject=sts.mint("--namespace", "other"), deadline="1s")
    refused(run, case.denied, space)


@pytest.mark.parametrize("name", CASES)
def test_expired_subject(name, faulty, ask, space):
    """The subject token is too old by the clock of the STS. If it were too old by our own clock, it would not be sent at all."""
    subject = federate(faulty) if CASES[name].federated else mint(faulty)
    faulty.fault(clock_s=7200)
    refused(ask(name, subject=subject, deadline="1s"), CASES[name].expired, space)


def refused(run, words, space):
    assert run.status == 77, run.err
    assert words in run.err, run.err
    assert not set(path.name for path in space.out.iterdir()) - {".status"}


# Exit status and words; {} is the member that holds the token.
HOSTILE = {
    "set={}:7": (65, "is a number, where a string is wanted"),
    "token_insert=\nevil": (65, "has white space in it, or a byte that is not printable ASCII"),
    "truncate_body=30": (75, "closed within the body"),
    "status=503&retry_after=60": (75, "unexpected status 503"),
    "echo=1&status=403": (77, "403: invalid_request: (its words repeat a secret, and are left out)"),
}


@pytest.mark.parametrize("fault", HOSTILE)
@pytest.mark.parametrize("name", CASES)
def test_hostile(name, fault, faulty, ask, space):
    subject = federate(faulty) if CASES[name].federated else mint(faulty)
    status, words = HOSTILE[fault]
    faulty.fault(**dict(part.split("=") for part in fault.format(CASES[name].member).split("&")))
    run = ask(name, subject=subject, deadline="1s")
    assert run.status == status, run.err
    assert words in run.last
    assert not any(subject[i:i + 24] in run.err for i in range(0, len(subject) - 24, 8))
    assert not set(path.name for path in space.out.iterdir()) - {".status"}


def test_a_slow_answer_meets_the_deadline(faulty, ask):
    for name in ("gcp-impersonate",):
        subject = federate(faulty) if CASES[name].federated else mint(faulty)
        faulty.fault(delay_head_ms=20000)
        assert ask(name, subject=subject, deadline="1s", timeout="1s").status == 75
        faulty.control("DELETE", "faults")


# ---- other forms of a request ----

@pytest.mark.parametrize("fault", [{"xml": 1}, {"xml": 1, "token_insert": "\nevil"}, {"xml": 1, "dup": "SessionToken"}, {"xml": 1, "omit": "SecretAccessKey"}])
def test_aws_in_xml(fault, faulty, ask, space):
    """The STS answers with XML whatever Accept says, as some imitations of AWS do."""
    faulty.fault(**fault)
    run = ask("aws", deadline="1s")
    if len(fault) > 1:
        assert run.status == 65 and not (space.out / "aws-credentials").exists(), run.err
        return
    assert run.status == 0, run.err
    check_token(faulty, CASES["aws"], token_of(space))
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
    assert re.fullmatch(CASES["gcp-impersonate"].opaque, (space.out / "access" / "token.jwt").read_text())
    check_token(sts, CASES["gcp-id-token"], (space.out / "id" / "token.jwt").read_text())
    wait_for(lambda: subjects(sts).get(digest((space.out / "gcp" / "token.jwt").read_text())) == 2, "both hops")


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()[:16]


@pytest.mark.parametrize("fault", ["truncate_body=30", "status=503", "error=x", "close=reset&truncate=0"])
def test_anthropic_is_not_asked_twice(fault, faulty, ask):
    """An exchange sends a subject token once, whatever the answer is: the STS may have accepted it."""
    subject = mint(faulty)
    faulty.fault(**dict(part.split("=") for part in fault.split("&")), times=1)
    assert ask("anthropic", subject=subject, deadline="2s").status != 0
    assert wait_for(lambda: subjects(faulty).get(digest(subject)), "the request in the log") == 1


def test_a_replay_has_the_error_of_the_service(sts, ask, space):
    subject = mint(sts)
    assert ask("anthropic", subject=subject).status == 0
    before = space.snapshot()
    other = space.folder / "other"    # the status in the first directory says that the token was sent
    other.mkdir()
    other.chmod(0o777)
    run = ask("anthropic", subject=subject, deadline="1s", output_dir=other)
    assert run.status == 77 and "401: authentication_error: Authentication failed" in run.last, run.err
    assert space.snapshot() == before
    wait_for(lambda: "jti_reused" in sts.log.read_text(), "the reason in the log")
