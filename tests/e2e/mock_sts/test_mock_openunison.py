# SPDX-License-Identifier: Apache-2.0
"""mock-sts has the traits of OpenUnison, as they were measured on its own classes (1.0.51): one test for each trait."""
import json
import re

import jwt
import pytest
from cryptography import x509
from harness.mock import start, sts  # some are fixtures

USER, SIG_CERT = "/vault/token/user", "/vault/sig-cert"
AUTHENTICATED = [USER, SIG_CERT]
OPEN = ["/vault/issuer-docs", "/.well-known/openid-configuration", "/certs"]
JSON = "application/json;charset=UTF-8"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"])
def test_it_authenticates_before_it_looks_at_the_method(sts, method):
    for path in AUTHENTICATED:
        answer = sts.user("not.a.token", path, method=method)
        assert (answer.status, answer.body) == (401, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE"])
def test_another_method_than_get_gets_an_empty_200(sts, method):
    answer = sts.user(sts.mint(), method=method)
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"", None)


@pytest.mark.parametrize("path", AUTHENTICATED)
def test_401_is_empty_and_has_a_challenge(sts, path):
    for answer in (sts.user("not.a.token", path), sts.ask("GET", path)):
        assert (answer.status, answer.body) == (401, b"")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="kubernetes",scope="auth"'


@pytest.mark.parametrize("path", AUTHENTICATED)
def test_403_is_empty(sts, path):
    answer = sts.user(sts.mint("--namespace", "bank"), path)
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (403, b"", None)


def test_404_is_empty(sts):
    answer = sts.ask("GET", "/vault/nothing/here")
    assert (answer.status, answer.body) == (404, b"")


def is_broken(sts, token, path):
    page = sts.user(token, path)
    assert page.status == 500 and page.headers["Content-Type"].startswith("text/html") and page.body.startswith(b"<html>")
    small = sts.ask("GET", path, Authorization=f"Bearer {token}", **{"Content-Type": "application/json"})
    assert small.status == 500 and small.headers["Content-Type"] == JSON and "error" in small.json


@pytest.mark.parametrize("path", AUTHENTICATED)
def test_a_caller_that_is_no_serviceaccount_gets_500_with_a_page_or_with_json(sts, path):
    is_broken(sts, sts.sign({"sub": "someone"}), path)


@pytest.mark.parametrize("path", AUTHENTICATED)
def test_without_its_api_server_it_answers_500(start, path):
    sts = start("--no-api-server")
    is_broken(sts, sts.mint(), path)


def test_every_answer_sets_a_new_cookie_and_the_same_headers(sts):
    answers = [sts.user(sts.mint(), path) for path in AUTHENTICATED] + [sts.ask("GET", path) for path in [*OPEN, *AUTHENTICATED, "/vault/nothing"]]
    answers += [sts.user(sts.mint("--namespace", "bank")), sts.user(sts.sign({"sub": "someone"})), sts.user(sts.mint(), method="POST")]
    assert {answer.status for answer in answers} == {200, 401, 403, 404, 500}
    cookies = [answer.headers["Set-Cookie"] for answer in answers]
    assert all(re.match(r"openSession=[0-9a-f]{32};", cookie) for cookie in cookies) and len(set(cookies)) == len(cookies)
    for answer in answers:
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=") and " 1982 " in answer.headers["Expires"]
        assert len(answer.headers.get_all("Cache-Control")) == 2


def test_content_types(sts):
    assert sts.user(sts.mint()).headers["Content-Type"] == JSON
    assert [sts.ask("GET", path).headers["Content-Type"] for path in OPEN] == [None] * len(OPEN)
    assert sts.user(sts.mint(), SIG_CERT).headers["Content-Type"] is None


def test_the_certificate_has_lines_that_end_in_crlf_and_no_last_newline(sts):
    text = sts.user(sts.mint()).json["token"]["certificate"]
    first, *middle, last = text.split("\n")
    assert (first, last) == ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
    assert len(middle) > 3 and all(line.endswith("\r") for line in middle[:-1]) and not middle[-1].endswith("\r")
    x509.load_pem_x509_certificate(text.encode())


def test_the_answer_of_the_exchange_escapes_and_ends_in_a_newline_and_that_of_sig_cert_does_neither(sts):
    answer, poll = sts.user(sts.mint()), sts.user(sts.mint(), SIG_CERT)
    assert answer.body.endswith(b"}\n") and b"\\u003d" in answer.body and not set(b"=&<>'") & set(answer.body)
    assert poll.body == b'{"thumbprint":"%s"}' % answer.json["token"]["thumbprint"].encode()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("suffix", ["", "/", "/more", "-or-so"])
def test_sig_cert_takes_any_method_and_any_suffix(sts, method, suffix):
    assert "thumbprint" in sts.user(sts.mint(), SIG_CERT + suffix, method=method).json


def test_the_jwks_has_the_key_that_signs_and_no_other(start):
    sts = start()
    before = sts.user(sts.mint()).json["token"]["jwt"]
    sts.control("POST", "rotate")
    after = sts.user(sts.mint()).json["token"]["jwt"]
    assert list(sts.keys()) == [jwt.get_unverified_header(after)["kid"]] != [jwt.get_unverified_header(before)["kid"]]
    docs = sts.ask("GET", "/vault/issuer-docs").json
    assert json.loads(docs["keys"]) == sts.ask("GET", "/certs").json


def test_kid_has_spaces_commas_and_equal_signs(sts):
    header = jwt.get_unverified_header(sts.user(sts.mint()).json["token"]["jwt"])
    assert all(c in header["kid"] for c in " ,=") and list(sts.keys()) == [header["kid"]]


def test_an_old_version_has_no_kid(start):
    sts = start("--no-kid")
    assert "kid" not in jwt.get_unverified_header(sts.user(sts.mint()).json["token"]["jwt"])
    assert ["kid" in key for key in sts.ask("GET", "/certs").json["keys"]] == [False]


def test_a_chart_may_add_claims(start):
    sts = start("--claim", 'env="prod"', "--claim", 'teams=["a","b"]')
    claims = sts.verify(sts.user(sts.mint()).json["token"]["jwt"])
    assert (claims["env"], claims["teams"]) == ("prod", ["a", "b"])
