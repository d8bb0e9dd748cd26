# SPDX-License-Identifier: Apache-2.0
"""--subject-audience, --expect-audience, --expect-issuer, --max-lifetime: docs/threat-model.md's table of them, line by line."""
import re
import time

import jwt
import pytest

from harness import tokens
from harness.answers import opaque
from harness.bad_input import Row, check, each
from harness.tokens import http

A, I = "https://api.test", "https://sts.test/issuer"


def issued(lifetime_s=900, told_s=None, **claims):
    token = tokens.issued(lifetime_s, **claims)
    return http(body={"access_token": token, **({"expires_in": told_s} if told_s is not None else {})})


SUBJECTS = {
    "the audience": ({"aud": A}, 0),
    "a list with it": ({"aud": ["https://other.test", A]}, 0),
    "another": ({"aud": "https://other.test"}, 66),
    "a list without it": ({"aud": ["https://other.test"]}, 66),
    "an empty list": ({"aud": []}, 66),
    "a slash more": ({"aud": A + "/"}, 66),
    "a slash less": ({"aud": A[:-1]}, 66),
    "another case": ({"aud": A.upper()}, 66),
    "a list in a list": ({"aud": [[A]]}, 66),
    "a number": ({"aud": 7}, 66),
    "none": ({"aud": None}, 66),
}


@pytest.mark.parametrize("what", SUBJECTS)
def test_subject_audience(what, fetch, serve, space):
    claims, status = SUBJECTS[what]
    space.write("sts-token", tokens.subject(**claims))
    server = serve(issued())
    run = fetch(server.url("/"), protocol="token-exchange", subject_audience=A)
    assert run.status == status, run.err
    assert server.connections == (status == 0), "it was not sent"
    if status:
        assert f'the subject token {space.token_file} is not for audience "{A}": it was not sent; subject token: ' in run.err


def test_an_opaque_subject_token_is_not_known_to_be_for_anybody(fetch, serve, space):
    space.write("sts-token", "opaque-subject-token")
    server = serve(issued())
    run = fetch(server.url("/"), protocol="token-exchange", subject_audience=A)
    assert run.status == 66 and f'is not for audience "{A}": it was not sent; subject token: it is not a JWT' in run.err
    assert server.connections == 0
    assert fetch(server.url("/"), protocol="token-exchange").status == 0


# name: answer, options, status, what is said
RETURNED = {
    "audience": (lambda: issued(aud=A), {"expect_audience": A}, 0, ""),
    "a list with it": (lambda: issued(aud=["x", A]), {"expect_audience": A}, 0, ""),
    "another audience": (lambda: issued(aud="x"), {"expect_audience": A}, 65, f"audience is x, not {A}"),
    "a list without it": (lambda: issued(aud=["x", "y"]), {"expect_audience": A}, 65, f"audience is not {A}"),
    "no audience": (lambda: issued(aud=None), {"expect_audience": A}, 65, f"audience is not {A}"),
    "audience with a slash": (lambda: issued(aud=A + "/"), {"expect_audience": A}, 65, f"audience is {A}/, not {A}"),
    "audience of an opaque token": (lambda: opaque(expires_in=60), {"expect_audience": A}, 65, "is no JWT, so its audience cannot be checked"),
    "issuer": (lambda: issued(), {"expect_issuer": I}, 0, ""),
    "issuer with a slash": (lambda: issued(iss=I + "/"), {"expect_issuer": I}, 65, f"issuer is {I}/, not {I}"),
    "issuer without a slash": (lambda: issued(iss=I), {"expect_issuer": I + "/"}, 65, f"issuer is {I}, not {I}/"),
    "issuer in another case": (lambda: issued(iss=I.upper()), {"expect_issuer": I}, 65, "issuer is HTTPS"),
    "issuer with more behind": (lambda: issued(iss=I + ".evil.test"), {"expect_issuer": I}, 65, "evil"),
    "an empty issuer": (lambda: issued(iss=""), {"expect_issuer": I}, 65, f"issuer is not {I}"),
    "no issuer": (lambda: http(body={"access_token": jwt.encode({"aud": A}, tokens.KEY, algorithm="ES256")}), {"expect_issuer": I}, 65, f"issuer is not {I}"),
    "issuer of control characters": (lambda: issued(iss="a\n\x1b[2J"), {"expect_issuer": I}, 65, r"issuer is a\\x0A\\x1B[2J, not"),
    "issuer of an opaque token": (lambda: opaque(expires_in=60), {"expect_issuer": I}, 65, "is no JWT, so its issuer cannot be checked"),
    "both": (lambda: issued(aud=A), {"expect_audience": A, "expect_issuer": I}, 0, ""),
    "lifetime": (lambda: issued(890), {"max_lifetime": "15m"}, 0, ""),
    "lifetime too long": (lambda: issued(1800), {"max_lifetime": "15m"}, 65, "and at most 900 s are allowed"),
    "an answer that makes it look short": (lambda: issued(86400, told_s=300), {"max_lifetime": "15m"}, 65, "and at most 900 s are allowed"),
    "an iat that makes it look short": (lambda: issued(86400, told_s=300, iat=int(time.time()) + 86000), {"max_lifetime": "15m"}, 65, "at most"),
    "an answer that makes it look long": (lambda: issued(600, told_s=86400), {"max_lifetime": "15m"}, 0, ""),
    "a JWT without exp": (lambda: issued(exp=None, told_s=600), {"max_lifetime": "15m"}, 0, ""),
    "a JWT without exp, told too long": (lambda: issued(exp=None, told_s=6000), {"max_lifetime": "15m"}, 65, "lives 6000 s"),
    "an opaque token": (lambda: opaque(expires_in=900), {"max_lifetime": "15m"}, 0, ""),
    "an opaque token too long": (lambda: opaque(expires_in=901), {"max_lifetime": "15m"}, 65, "lives 901 s"),
    "nothing tells": (lambda: opaque(), {"max_lifetime": "15m"}, 65, "nothing tells how long"),
    "nothing tells, with a guess": (lambda: opaque(), {"max_lifetime": "15m", "default_ttl": "5m"}, 65, "nothing tells how long"),
    "nothing tells, nobody asks": (lambda: opaque(), {}, 0, ""),
}


@pytest.mark.parametrize("what", RETURNED)
def test_returned(what, fetch, serve, space):
    answer, options, status, said = RETURNED[what]
    server = serve(answer())
    run = fetch(server.url("/"), protocol="token-exchange", **options)
    assert run.status == status, run.err
    assert said in run.err
    assert {path.name for path in space.out.iterdir()} - {".status"} == ({"token.jwt", "expires"} if status == 0 else set())
    assert len(server.requests) == 1, "a refusal ends fetch at once"


def test_what_was_not_expected_is_no_way_to_print_a_token(fetch, serve, space):
    """An issuer that repeats the subject token."""
    subject = tokens.subject()
    space.write("sts-token", subject)
    for iss in (subject[:60], subject[-60:], subject[80:150]):
        run = fetch(serve(issued(iss=iss)).url("/"), protocol="token-exchange", expect_issuer=I)
        assert run.status == 65
        assert not any(subject[i:i + 16] in run.err for i in range(len(subject) - 16))


@pytest.mark.parametrize("option", ["subject-audience", "expect-audience", "expect-issuer", "max-lifetime"])
def test_empty_values(option, fetch):
    run = fetch("https://127.0.0.1:1/", f"--{option}=", protocol="token-exchange")
    assert run.status == 64 and re.search(f"--{option}", run.err), run.err


UNEXPECTED = [
    Row("not the audience that was expected", 65, "expectation", "audience is test, not somebody-else", options={"expect-audience": "somebody-else"}),
    Row("not the issuer that was expected", 65, "expectation", r"issuer is https://sts\.test/issuer, not https://somebody\.test", options={"expect-issuer": "https://somebody.test"}),
    Row("it would live too long", 65, "expectation", r"lives (900|899) s, and at most 60 s", options={"max-lifetime": "60s"}),
]


@each(*UNEXPECTED)
def test_what_was_not_expected_touches_nothing(row, fetch, serve, space):
    check(row, fetch, serve, space)
