# SPDX-License-Identifier: Apache-2.0
"""PyJWT and jose (latchset) as judges: tokens that each of them makes, in all nine algorithms, and changed tokens. The program, PyJWT and jose must
agree, with one exception: see test_changed_tokens()."""
import base64
import json
import random
import shutil
import subprocess

import jwt
import pytest
import signatures
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ALGORITHMS = [kind + bits for kind in ("RS", "PS", "ES") for bits in ("256", "384", "512")]
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
CLAIMS = {"iss": "https://sts.example", "sub": "system:serviceaccount:shop:cart", "aud": ["a", "b"]}
KID = "CN=key, O=a b"
CHANGES = 40    # of each token


@pytest.fixture(scope="module", autouse=True)
def jose_is_there():
    if not shutil.which("jose"):
        pytest.fail("jose is not there: tools/setup.sh test installs it")


@pytest.fixture(scope="module")
def keys():
    """The private key of each algorithm."""
    of_rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {alg: ec.generate_private_key(CURVES[alg]()) if alg in CURVES else of_rsa for alg in ALGORITHMS}


def jwk(name, key, **more):
    made = jwt.get_algorithm_by_name(name).to_jwk(key, as_dict=True)
    made.pop("key_ops", None)
    return made | more


def public(name, key, **more):
    return jwk(name, key.public_key(), **more)


def program(build, cases):
    return [line == "taken" for line in signatures.ask(build, cases)]


def pyjwt(token, alg, key):
    try:
        jwt.decode(token, jwt.PyJWK(key), algorithms=[alg], options={"verify_aud": False})
        return True
    except jwt.PyJWTError:
        return False


@pytest.fixture(scope="module")
def jose(tmp_path_factory):
    """Functions that call the program jose: sign(alg, key, header), verify(token, jwks)."""
    folder = tmp_path_factory.mktemp("jose")

    def run(*command):
        return subprocess.run(["jose", "jws", *command], capture_output=True, timeout=60)

    def sign(alg, key, header):
        (folder / "payload").write_text(json.dumps(CLAIMS))
        (folder / "key").write_text(json.dumps(jwk(alg, key)))
        done = run("sig", "-I", folder / "payload", "-k", folder / "key", "-s", json.dumps({"protected": header}), "-c", "-o", "-")
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def verify(token, key):
        (folder / "token").write_text(token)
        (folder / "public").write_text(json.dumps(key))
        return run("ver", "-i", folder / "token", "-k", folder / "public").returncode == 0

    return sign, verify


def test_tokens_of_both(keys, jose):
    sign, _ = jose
    for alg, key in keys.items():
        header = {"alg": alg, "kid": KID, "typ": "JWT"}
        cases = [(token, {"keys": [public(alg, key, **more)]})
                 for token in (sign(alg, key, header), jwt.encode(CLAIMS, key, alg, headers=header))
                 for more in ({}, {"kid": KID}, {"kid": KID, "use": "sig", "alg": alg, "key_ops": ["verify"]})]
        assert all(program("build", cases)), alg


def test_every_key_with_every_algorithm(keys):
    """A token fits the key of its algorithm, and of RS and PS the one RSA key, and no other."""
    for alg, key in keys.items():
        token = jwt.encode(CLAIMS, key, alg)
        taken = program("build", [(token, {"keys": [public(other, keys[other])]}) for other in ALGORITHMS])
        assert [other for other, is_taken in zip(ALGORITHMS, taken) if is_taken] == ([alg] if alg in CURVES else ALGORITHMS[:6])
        assert all(program("build", [(token, {"keys": [public(other, keys[other], kid=str(i)) for i, other in enumerate(ALGORITHMS)]})]))


def changed(token, chance):
    """A token with one change, and what was done to it."""
    parts = token.split(".")
    which = chance.randrange(3)
    part = parts[which]
    kind = chance.choice(["flip", "character", "cut", "more", "padding", "swap", "header"])
    if kind == "flip":
        data = bytearray(signatures.decode(part))
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        parts[which] = signatures.encode(bytes(data))
    elif kind == "character":
        at = chance.randrange(len(part))
        parts[which] = part[:at] + chance.choice("AZaz09-_+/=. \n") + part[at + 1:]
    elif kind == "cut":
        parts[which] = part[:chance.randrange(len(part))]
    elif kind == "more":
        parts[which] = part + chance.choice(["A", "AA", "AAA", "AAAA"])
    elif kind == "padding":
        parts[which] = part + "=" * chance.randrange(1, 3)
    elif kind == "swap":
        parts[0], parts[1] = parts[1], parts[0]
    else:
        header = json.loads(signatures.decode(parts[0]))
        header["alg"] = chance.choice([*ALGORITHMS, "none", "HS256", "EdDSA"])
        parts[0] = signatures.encode(header)
    return ".".join(parts), kind


def is_lenient(token, original):
    """Do the three parts decode to the same bytes, as a decoder reads them that skips what is not base64url, or bits that do not count?"""
    def bytes_of(text):
        try:
            return base64.urlsafe_b64decode(text + "===")
        except ValueError:
            return None
    return [bytes_of(part) for part in token.split(".")] == [bytes_of(part) for part in original.split(".")]


@pytest.mark.parametrize("build", ["build", "build-asan"])
def test_changed_tokens(keys, jose, build):
    """The program takes no changed token. PyJWT takes none, and jose none of a sample, except one whose parts are the same bytes in another spelling:
    with padding, with characters that are skipped, or with bits at the end that do not count. RFC 7515 section 2 allows none of them."""
    _, verify = jose
    chance = random.Random(7)
    for alg, key in keys.items():
        token = jwt.encode(CLAIMS, key, alg, headers={"kid": KID})
        jwks = public(alg, key)
        tokens = [changed(token, chance) for _ in range(CHANGES)]
        for (text, kind), taken in zip(tokens, program(build, [(text.replace("\n", " "), {"keys": [jwks]}) for text, _ in tokens])):
            assert not taken or text == token, (alg, kind, text)
            is_other = pyjwt(text, alg, jwks) != taken or (build == "build" and chance.random() < 0.1 and verify(text, jwks) != taken)
            assert not is_other or is_lenient(text, token), (alg, kind, text)
