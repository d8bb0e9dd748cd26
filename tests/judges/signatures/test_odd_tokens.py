# SPDX-License-Identifier: Apache-2.0
"""The odd tokens and sets of keys of odd.py: the program and PyJWT give the same verdict, in both directions, with the exceptions of OTHERWISE.
tests/interop compares them with jose for JavaScript."""
import json

import jwt
import odd
import pytest
import signatures

# (a pattern for the names of cases, who takes them, why)
OTHERWISE = [
    (r"header kid=null|sub (1|null)|jti 1|key d=null", odd.WE, "PyJWT wants texts, and null is none; here null is as if it were left out"),
    (r"header b64=(true|null)", odd.THEY, "b64 is for other tokens than JWTs (RFC 7797 section 7)"),
    *odd.STRICT,
    (r"(header|claims): (UTF-16|UTF-16LE|UTF-32|NaN)", odd.THEY, "this is not JSON (RFC 8259)"),
    (r"(exp|nbf|iat) (text later|text past|true|false)", odd.THEY, "a time is a number (RFC 7519 section 2)"),
    (r"key key_ops=(\[\]|\[\"sign\"\]|{.*})|key use=sig and key_ops=encrypt", odd.THEY, "PyJWT does not look at key_ops"),
    (r"key private, ES256", odd.THEY, "anybody who can read the set can sign; PyJWT fails with an RSA key of this kind"),
    (r"key of 1024 bits, e=65537", odd.THEY, "an RSA key has 2048 bits; PyJWT warns"),
]


def pyjwt(token, jwks):
    """Does a key of the set, with the kid of the token if both have one, verify it?"""
    try:
        header = jwt.get_unverified_header(token)
        usable = jwt.PyJWKSet.from_dict(json.loads(jwks)).keys
    except Exception:  # whatever it raises is a refusal
        return False
    for key in usable:
        if key.public_key_use not in (None, "sig") or (None not in (header.get("kid"), key.key_id) and key.key_id != header["kid"]):
            continue
        try:
            fit = key if key._jwk_data.get("alg") else jwt.PyJWK(key._jwk_data, header["alg"])
            jwt.decode(token, fit, algorithms=odd.ALGORITHMS, issuer=odd.ISSUER, leeway=60, options={"verify_aud": False})
            return True
        except Exception:
            pass
    return False


@pytest.fixture(scope="module")
def cases():
    return list(odd.cases())


@pytest.mark.filterwarnings("ignore:The RSA key is")
def test_pyjwt_says_the_same(cases):
    taken = [line == "taken" for line in signatures.ask("build", [case[1:] for case in cases], b"v")]
    odd.compare(cases, taken, [pyjwt(*case[1:]) for case in cases], OTHERWISE)
    assert 100 < sum(taken) < len(taken) - 400


def test_both_builds_say_the_same(cases):
    """As far as the words do not say how many seconds."""
    both = [[line[:40] for line in signatures.ask(build, [case[1:] for case in cases], b"v")] for build in ("build", "build-asan")]
    assert both[0] == both[1]
