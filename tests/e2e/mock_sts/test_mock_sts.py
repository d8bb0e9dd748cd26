# SPDX-License-Identifier: Apache-2.0
"""What the mock STS issues and whom it believes. Judged by other people's code (cryptography, PyJWT), so that it cannot share a mistake
with the program that is tested against it."""
import base64
import email.utils
import hashlib
import hmac
import json
import time
import urllib.parse

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from harness import pki
from harness.mock import GRANT, ISSUER, TYPE, mock, start, sts  # some are fixtures


# ---- what it issues ----

@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_issued_token(start, alg):
    sts = start("--alg", alg, "--cluster", "c1")
    answer = sts.user(sts.mint("--namespace", "shop", "--serviceaccount", "cart"))
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    token = answer.json["token"]["jwt"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == alg and all(c in header["kid"] for c in " ,=")
    claims = sts.verify(token)
    assert set(claims) == {"iss", "aud", "exp", "nbf", "jti", "iat", "sub", "cluster", "namespace", "saname"}
    assert claims["sub"] == "c1:shop:cart" == answer.json["displayName"]
    assert (claims["cluster"], claims["namespace"], claims["saname"]) == ("c1", "shop", "cart")
    assert claims["nbf"] == claims["iat"] - 60 and claims["exp"] == claims["iat"] + 900
    assert abs(claims["iat"] - time.time()) < 30
    assert answer.json["token"]["expires"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(claims["exp"]))
    assert sts.verify(sts.user(sts.mint()).json["token"]["jwt"])["jti"] != claims["jti"]


def test_openunison_json(sts):
    answer = sts.user(sts.mint())
    assert answer.body.endswith(b"}\n") and b"\\u003d" in answer.body
    assert not set(b"=&<>'") & set(answer.body)
    token = answer.json["token"]
    certificate = x509.load_pem_x509_certificate(token["certificate"].encode())
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert token["thumbprint"] == hashlib.sha256(der).hexdigest().upper()
    jwt.decode(token["jwt"], certificate.public_key(), algorithms=["ES256"], audience="mock-audience")
    certificate.verify_directly_issued_by(certificate)


def test_old_version(start):
    sts = start("--no-thumbprint", "--no-sig-cert")
    assert set(sts.user(sts.mint()).json["token"]) == {"expires", "jwt"}
    assert sts.user(sts.mint(), "/vault/sig-cert").status == 404


def test_discovery(start):
    sts = start("--issuer", "https://localhost:{port}/auth/idp/k8s", "--name", "azure")
    base = f"https://localhost:{sts.port}/auth/idp/k8s"
    for path in ("/.well-known/openid-configuration", "/auth/idp/k8s/.well-known/openid-configuration"):
        found = sts.ask("GET", path).json
        assert (found["issuer"], found["jwks_uri"], found["token_endpoint"]) == (base, base + "/certs", base + "/azure/token")
    assert sts.ask("GET", "/auth/idp/k8s/certs").json == sts.ask("GET", "/certs").json
    docs = sts.ask("GET", "/azure/issuer-docs").json
    assert json.loads(docs["discovery"]) == found and json.loads(docs["keys"]) == sts.ask("GET", "/certs").json
    assert sts.ask("GET", "/vault/token/user").status == 404
    assert sts.user(sts.mint(), "/azure/token/user").status == 200


def test_rotation(start):
    sts = start("--publish-all-keys")
    token = sts.mint()
    first = sts.user(token).json["token"]
    sts.control("POST", "rotate")
    second = sts.user(token).json["token"]
    assert first["thumbprint"] != second["thumbprint"] == sts.user(token, "/vault/sig-cert").json["thumbprint"]
    sts.verify(first["jwt"])
    sts.verify(second["jwt"])
    sts.control("POST", "rotate", keep=0)
    assert len(sts.keys()) == 1
    with pytest.raises(KeyError):
        sts.verify(second["jwt"])
    sts.verify(sts.user(token).json["token"]["jwt"])


def test_given_signing_keys(start, tmp_path):
    paths = []
    for kind in ("rsa", "ec"):
        key = pki.new_key(kind)
        paths.append(tmp_path / f"{kind}.pem")
        paths[-1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                                serialization.NoEncryption()))
    sts = start("--signing-key", paths[0], "--signing-key", paths[1], "--alg", "ES256", "--publish-all-keys")
    token = sts.user(sts.mint()).json["token"]["jwt"]
    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    jwt.decode(token, key.public_key(), algorithms=["ES256"], audience="mock-audience")
    assert len(sts.keys()) == 2
    sts.verify(token)


# ---- whom it believes ----

def test_subject_tokens_signed_elsewhere(sts, start):
    assert sts.user(sts.sign({})).status == 200
    assert sts.user(sts.sign({"aud": ISSUER})).status == 200
    other = start(cluster="rsa")
    assert other.user(other.sign({}, alg="RS256")).status == 200
    assert other.user(sts.sign({})).status == 401


def tampered(sts):
    header, _, signature = sts.sign({}).split(".")
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "system:serviceaccount:default:default", "exp": 9999999999}).encode())
    return b".".join([header.encode(), claims.rstrip(b"="), signature.encode()]).decode()


def public_key_as_secret(sts):
    jwk = json.loads((sts.folder / "jwks.json").read_text())["keys"][0]
    secret = jwt.PyJWK(jwk).key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, claims, _ = sts.sign({}).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    signature = hmac.digest(secret, f"{head}.{claims}".encode(), "sha256")
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


REJECTED = {
    "another key": lambda sts: sts.sign({}, key=pki.new_key()),
    "another kind of key": lambda sts: sts.sign({}, key=pki.new_key("rsa"), alg="RS256"),
    "claims changed": tampered,
    "no signature": lambda sts: sts.sign({}, key=False, alg="none"),
    "algorithm none, minted": lambda sts: sts.mint("--alg", "none"),
    "HMAC with the public key": public_key_as_secret,
    "a bit flipped": lambda sts: sts.mint("--bad-signature"),
    "an unknown key id": lambda sts: sts.sign({}, kid="nobody's"),
    "expired": lambda sts: sts.mint("--expires-in", "-1s"),
    "not valid yet": lambda sts: sts.mint("--not-before", "5m"),
    "no expiry": lambda sts: sts.sign({"exp": None}),
    "another issuer": lambda sts: sts.mint("--issuer", "https://elsewhere.example"),
    "another audience": lambda sts: sts.mint("--audience", "vault"),
    "no audience": lambda sts: sts.sign({"aud": None}),
    "a user": lambda sts: sts.sign({"sub": "system:admin"}),
    "a name without an account": lambda sts: sts.sign({"sub": "system:serviceaccount:shop"}),
    "namespaces that differ": lambda sts: sts.sign({"kubernetes.io": {"namespace": "kube-system"}}),
    "claims that are no object": lambda sts: sts.mint("--claim", 'sub=1,"sub":"twice"'),
    "four parts": lambda sts: sts.sign({}) + ".x",
    "not a JWT": lambda sts: "opaque",
    "padding": lambda sts: sts.sign({}) + "=",
}

NO_ACCOUNT = {"a user", "a name without an account"}


@pytest.mark.parametrize("kind", REJECTED)
def test_rejected_subject(sts, kind):
    token = REJECTED[kind](sts)
    answer = sts.user(token)
    # OpenUnison fails where a token that its API server accepts is no ServiceAccount's.
    assert answer.status == (500 if kind in NO_ACCOUNT else 401) and token.encode() not in answer.body
    answer = sts.exchange(token)
    assert answer.status == 400 and answer.json["error"] == "invalid_request"
    assert token not in answer.body.decode()


def test_no_token(sts):
    assert sts.ask("GET", "/vault/token/user").status == 401
    assert sts.ask("GET", "/vault/token/user", Authorization="Basic eDp5").status == 401


def test_rules(sts, start):
    token = sts.mint("--namespace", "kube-system")
    assert (sts.user(token).status, sts.user(token).body) == (403, b"")
    answer = sts.exchange(token)
    assert (answer.status, answer.json["error"]) == (403, "access_denied")
    one = start("--allow-serviceaccount", "shop:cart", "--subject-error", "invalid_grant")
    assert one.user(one.mint("--namespace", "shop", "--serviceaccount", "cart")).status == 200
    assert one.user(one.mint("--namespace", "shop", "--serviceaccount", "till")).status == 403
    assert one.exchange("x").json["error"] == "invalid_grant"


def test_cluster_keys_change(start):
    sts = start()
    old = sts.mint()
    mock("keygen", "--type", "ec", "--out", sts.cluster)
    (sts.folder / "jwks.json").write_text(mock("jwks", sts.cluster))
    assert sts.user(old).status == 401
    assert sts.user(sts.mint()).status == 200


def test_leeway_and_clock(start):
    sts = start("--leeway", "1m", "--clock", "-1h")
    assert sts.user(sts.mint("--expires-in", "-59m", "--not-before", "-2h")).status == 200
    answer = sts.user(sts.mint("--not-before", "-2h"))
    claims = jwt.decode(answer.json["token"]["jwt"], options={"verify_signature": False})
    assert abs(claims["iat"] + 3600 - time.time()) < 30
    assert abs(email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp() + 3600 - time.time()) < 30


# ---- token exchange ----

def test_exchange(sts):
    answer = sts.exchange(sts.mint(), audience="other", scope="a b")
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Content-Type"] == "application/json"
    assert {k: v for k, v in answer.json.items() if k != "access_token"} == {
        "issued_token_type": TYPE + "jwt", "token_type": "N_A", "expires_in": 900, "scope": "a b"}
    assert sts.verify(answer.json["access_token"], "other")["aud"] == "other"
    assert sts.verify(sts.exchange(sts.mint(), "/vault/token").json["access_token"])["aud"] == "mock-audience"


def form(**change):
    """A good form with changes; None leaves a field out, a list repeats it."""
    fields = {"grant_type": GRANT, "subject_token": "TOKEN", "subject_token_type": TYPE + "jwt"} | change
    return [(k, v) for k, vs in fields.items() if vs is not None for v in (vs if isinstance(vs, list) else [vs])]


def filled(sts, pairs):
    token = sts.mint()
    return [(k, token if v == "TOKEN" else v) for k, v in pairs]


OAUTH_ERRORS = {
    "no grant": (form(grant_type=None), 400, "invalid_request"),
    "another grant": (form(grant_type="password"), 400, "unsupported_grant_type"),
    "no subject": (form(subject_token=None), 400, "invalid_request"),
    "no subject type": (form(subject_token_type=None), 400, "invalid_request"),
    "a strange subject type": (form(subject_token_type=TYPE + "saml2"), 400, "invalid_request"),
    "a subject twice": (form(subject_token=["TOKEN", "TOKEN"]), 400, "invalid_request"),
    "an actor without a type": (form(actor_token="x"), 400, "invalid_request"),
    "a strange requested type": (form(requested_token_type=TYPE + "saml2"), 400, "invalid_request"),
    "an audience not served": (form(audience="nobody"), 400, "invalid_target"),
    "one of two not served": (form(audience=["other", "nobody"]), 400, "invalid_target"),
    "a resource that is no URI": (form(resource="other"), 400, "invalid_target"),
    "a resource with a fragment": (form(resource="https://api.example/v1#x"), 400, "invalid_target"),
    "a malformed scope": (form(scope='a "b"'), 400, "invalid_scope"),
    "an empty scope": (form(scope=""), 400, "invalid_scope"),
}


@pytest.mark.parametrize("case", OAUTH_ERRORS)
def test_exchange_errors(sts, case):
    fields, status, error = OAUTH_ERRORS[case]
    answer = sts.exchange(None, change=filled(sts, fields))
    assert (answer.status, answer.json["error"]) == (status, error) and answer.json["error_description"]


def test_exchange_takes(sts):
    several = form(audience=["other", "mock-audience"], resource="https://api.example/v1",
                   requested_token_type=TYPE + "access_token", subject_token_type=TYPE + "id_token")
    answer = sts.exchange(None, change=filled(sts, several)).json
    assert (answer["issued_token_type"], answer["token_type"]) == (TYPE + "access_token", "Bearer")
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["aud"] == ["other", "mock-audience", "https://api.example/v1"]
    as_json = json.dumps(dict(filled(sts, form(audience="other"))) | {"audience": ["other"]})
    assert sts.ask("POST", "/token", as_json, **{"Content-Type": "application/json"}).status == 200


def test_exchange_bodies(sts):
    for body, kind in (("{", "application/json"), ("a=%zz", "application/x-www-form-urlencoded"), ("x", "text/plain")):
        answer = sts.ask("POST", "/token", body, **{"Content-Type": kind})
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    answer = sts.ask("GET", "/token")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_any_audience(start):
    sts = start("--any-audience")
    assert sts.verify(sts.exchange(sts.mint(), audience="whatever").json["access_token"], "whatever")


def test_client_authentication(start):
    sts = start("--client", "app:s3cret/+")
    basic = base64.b64encode(b"app:s3cret%2F%2B").decode()
    body = urllib.parse.urlencode(filled(sts, form()))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert sts.ask("POST", "/token", body, Authorization=f"Basic {basic}", **kind).status == 200
    assert sts.exchange(sts.mint(), client_id="app", client_secret="s3cret/+").status == 200
    for answer in (sts.exchange(sts.mint()), sts.exchange(sts.mint(), client_id="app", client_secret="no")):
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "s3cret" not in sts.log.read_text()


def test_cap_by_subject(start):
    sts = start("--cap-by-subject", "--lifetime", "1h")
    answer = sts.exchange(sts.mint("--expires-in", "100s")).json
    assert 90 <= answer["expires_in"] <= 100
    assert sts.exchange(sts.mint("--expires-in", "2h")).json["expires_in"] == 3600


# ---- minting ----

def test_minted_claims(sts):
    token = sts.mint("--audience", "a", "--audience", "b", "--namespace", "shop", "--serviceaccount", "cart", "--pod", "cart-0",
                     "--expires-in", "10m")
    key = jwt.PyJWK(json.loads((sts.folder / "jwks.json").read_text())["keys"][0])
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="a", issuer=ISSUER)
    assert set(claims) == {"aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"}
    assert claims["aud"] == ["a", "b"] and claims["sub"] == "system:serviceaccount:shop:cart"
    assert claims["exp"] == claims["iat"] + 600 and claims["nbf"] == claims["iat"]
    bound = claims["kubernetes.io"]
    assert set(bound) == {"namespace", "node", "pod", "serviceaccount", "warnafter"}
    assert (bound["namespace"], bound["pod"]["name"], bound["serviceaccount"]["name"]) == ("shop", "cart-0", "cart")
    again = jwt.decode(sts.mint("--namespace", "shop", "--pod", "cart-0"), options={"verify_signature": False})
    assert again["kubernetes.io"]["pod"]["uid"] == bound["pod"]["uid"] and again["jti"] != claims["jti"]
    assert jwt.get_unverified_header(token)["kid"] == key.key_id


def test_minted_otherwise(sts, tmp_path):
    token = sts.mint("--pod", "", "--claim", "extra=[1]", "--claim", 'sub="me"', "--omit", "jti", "--pad", "5000", "--kid", "k 1")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["extra"] == [1] and claims["sub"] == "me" and "jti" not in claims and len(claims["pad"]) == 5000
    assert "pod" not in claims["kubernetes.io"] and jwt.get_unverified_header(token)["kid"] == "k 1"
    mock("mint", "--key", sts.cluster, "--out", tmp_path / "token")
    assert (tmp_path / "token").read_bytes().count(b"\n") == 0 and (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_usage(sts, tmp_path):
    assert "--key is required" in mock("mint", status=64)
    assert "no option --kye" in mock("mint", "--kye", "x", status=64)
    assert "this key signs ES256" in mock("mint", "--key", sts.cluster, "--alg", "RS256", status=64)
    assert "no private key" in mock("jwks", sts.folder / "ca.pem", status=64)
    assert "loopback" in mock("serve", "--insecure-http", "--listen", "0.0.0.0", "--jwks", "x", status=64)
    assert "no fault has" in mock("serve", "--jwks", "x", "--fault", "statsu=3", status=64)
    assert "wants a number" in mock("serve", "--jwks", "x", "--fault", "status=five", status=64)
    assert "cannot know its path" in mock("serve", "--jwks", "x", "--fault", "close_accept=1&path=/", status=64)
    for command in ("serve", "mint", "keygen", "jwks", "cert"):
        assert f"usage: mock-sts {command}" in mock(command, "--help")
    assert "delay_head_ms=N" in mock("faults")
