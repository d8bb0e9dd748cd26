# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's vectors for signatures of tokens and for sets of keys. What it calls valid must be taken, and what it calls invalid refused. OTHERWISE
has everything that differs, with the reason."""
import json
import re

import pytest
import signatures
import vectors

# (whether a vector is meant, by its file, group and test; whether it is taken all the same; the reason)
OTHERWISE = [
    (lambda name, group, test: header(test).get("alg", "").startswith("HS"), False,
     "HMAC has a secret that the issuer would have to share, so none of its algorithms is accepted"),
    (lambda name, group, test: test["comment"] == "emptyPayload", False, "a token without claims is not a JWT (RFC 7519 section 7.2)"),
    (lambda name, group, test: test["comment"].startswith("InvalidCharacterInserted"), False,
     "the vector has a character that is not of base64url (RFC 7515 section 2), though some decoders skip it"),
    (lambda name, group, test: group["comment"].startswith("rfc7520") and group.get("public", group["private"])["alg"] != header(test)["alg"], False,
     "the alg of the key is not that of the token (RFC 7517 section 4.4)"),
    (lambda name, group, test: test["comment"] == "rejectsKeyWithRocaVulnerability", True,
     "whether the primes of an RSA key are of ROCA's form is not looked at: the issuer chooses its keys"),
]
COUNTS = {"json_web_signature_test.json": (401, 26), "json_web_key_test.json": (26, 2), "json_web_crypto_test.json": (48, 3)}


def header(test):
    try:
        return json.loads(signatures.decode(test["jws"].partition(".")[0]))
    except (ValueError, AttributeError):
        return {}


def cases(name):
    """(group, test, JWKS) of a file; those without a JWS in the compact form are of JWE, or of another form of JSON."""
    for group in json.loads((vectors.folder() / name).read_text())["testGroups"]:
        key = group.get("public") or group["private"]
        for test in group["tests"]:
            if isinstance(test.get("jws"), str):
                yield group, test, key if "keys" in key else {"keys": [key]}


@pytest.fixture(scope="module", autouse=True)
def are_there():
    if not vectors.folder().is_dir():
        pytest.fail("the vectors are not there: tests/judges/signatures/vectors.py downloads them")


@pytest.mark.parametrize("build", ["build", "build-asan"])
@pytest.mark.parametrize("name", vectors.FILES)
def test_verdicts(name, build):
    run = list(cases(name))
    said = signatures.ask(build, [(test["jws"], jwks) for _, test, jwks in run])
    wrong = []
    for (group, test, _), line in zip(run, said):
        wanted = test["result"] == "valid"
        if wanted or line == "taken":
            wanted = next((taken for is_meant, taken, _ in OTHERWISE if is_meant(name, group, test)), wanted)
        if (line == "taken") != wanted:
            wrong.append((test["tcId"], group["comment"], test["comment"], line))
    assert wrong == []
    assert (len(run), said.count("taken")) == COUNTS[name]


def test_every_reason_is_needed():
    used = set()
    for name in vectors.FILES:
        for group, test, _ in cases(name):
            used |= {i for i, (is_meant, taken, _) in enumerate(OTHERWISE)
                     if is_meant(name, group, test) and taken == (test["result"] != "valid")}
    assert used == set(range(len(OTHERWISE)))


def test_a_refusal_says_why():
    said = signatures.ask("build", [(test["jws"], jwks) for _, test, jwks in cases("json_web_signature_test.json")])
    assert all(re.fullmatch(r"taken|refused token \S.{10,}", line) for line in said), said
