# SPDX-License-Identifier: Apache-2.0
"""Refusals: the exit status, the cause that the message names, and which words of the STS it has."""
import pytest

from harness.bad_input import Row, check, each, head
from harness.tokens import http

# ---- by status ----

def oauth(status, code, description="no"):
    return http(status, {"error": code, "error_description": description})


STATUSES = [
    Row("400 with an OAuth error", 77, "refused", r"400: invalid_request: no$", answer=oauth(400, "invalid_request"),
        protocol="token-exchange"),
    Row("400 invalid_target", 77, "refused", r"400: invalid_target: no$", answer=oauth(400, "invalid_target"), protocol="token-exchange"),
    Row("400 without one", 65, "status", r"400: bad$", answer=http(400, b"bad"), protocol="token-exchange"),
    Row("400 of another shape", 65, "status", r"400$", answer=http(400, {"error": {"code": 7}}), protocol="token-exchange"),
    Row("400 with words alone", 77, "refused", r"400: no such role$", hint="check the parameter role", answer=http(400, {"errors": ["no such role"]}), protocol="token-exchange"),
    Row("400 with a Latin-1 byte", 77, "refused", r"400: invalid_grant: caf\\\\xE9$", answer=http(400, b'{"error":"invalid_grant","error_description":"caf\xe9"}'),
        protocol="token-exchange"),
    Row("400 with a comma too many", 75, "busy", r"400: temporarily_unavailable$", answer=http(400, b'{"error":"temporarily_unavailable",}'),
        protocol="token-exchange", retried=True),
    Row("400 with a challenge", 77, "refused", r"400: invalid_request: no scope$",
        answer=http(400, headers=["WWW-Authenticate: Basic", 'WWW-Authenticate: Bearer error="invalid_request", error_description="no scope"']), protocol="token-exchange"),
    Row("401", 77, "unauthorized", r"401$", answer=http(401), retried=True),
    Row("401 with an OAuth error", 77, "unauthorized", r"401: invalid_token: no$", hint="subject token", answer=oauth(401, "invalid_token"),
        protocol="token-exchange", retried=True),
    Row("401 for the client", 77, "client", r"401: invalid_client: no$", hint="--client-secret-file", answer=oauth(401, "invalid_client"),
        protocol="token-exchange"),
    Row("401 for an assertion", 77, "refused", r"401: invalid_client: no$", hint="subject token", answer=oauth(401, "invalid_client"),
        protocol="client-assertion"),
    Row("403", 77, "denied", r"unexpected status 403$", answer=http(403)),
    Row("403 with an OAuth error", 77, "denied", r"403: access_denied: no$", answer=oauth(403, "access_denied"), protocol="token-exchange"),
    Row("404", 65, "not_found", r"404: not here$", answer=http(404, b"not here"), retried=True),
    Row("405", 65, "status", r"405$", answer=http(405)),
    Row("408", 75, "busy", r"408$", answer=http(408), retried=True),
    Row("413", 65, "request_too_big", r"413: too much \(sent: a head of \d+ bytes, a body of [1-9]\d+, a subject token of \d+\)$", hint="smaller subject token",
        answer=http(413, b"too much"), protocol="token-exchange"),
    Row("431", 65, "request_too_big", r"431 \(sent: a head of [1-9]\d+ bytes, a body of 0, a subject token of [1-9]\d+\)$", answer=http(431)),
    Row("418", 65, "status", r"418$", answer=http(418)),
    Row("422", 65, "status", r"422$", answer=http(422)),
    Row("425", 75, "busy", r"425$", answer=http(425), retried=True),
    Row("429", 75, "busy", r"429; Retry-After: 1$", answer=http(429, headers=["Retry-After: 1"]), retried=True),
    Row("429 that asks for a long wait", 75, "busy", r"429; Retry-After: 3600$", answer=http(429, headers=["Retry-After: 3600"]), retried=True),
    Row("500", 75, "busy", r"500: a web page$", answer=http(500, b"<html>oops</html>"), retried=True),
    Row("502 with an OAuth error", 75, "busy", r"502: temporarily_unavailable: no$", answer=oauth(502, "temporarily_unavailable"), protocol="token-exchange", retried=True),
    Row("503", 75, "busy", r"503$", answer=http(503), retried=True),
    Row("599", 75, "busy", r"599$", answer=http(599), retried=True),
    Row("301", 65, "redirect", r"301: a redirect to https://other\.test/secret$", answer=http(301, headers=["Location: https://other.test/secret?x=y"])),
    Row("302 to http", 65, "redirect", r"302: a redirect to http://127\.0\.0\.1/x$", answer=http(302, headers=["Location: http://127.0.0.1/x"])),
    Row("307 to the same host", 65, "redirect", r"307: a redirect to /elsewhere at the same host$", answer=http(307, headers=["Location: /elsewhere"])),
    Row("308 without a Location", 65, "redirect", r"308: a redirect$", answer=http(308)),
    Row("204", 65, "empty", "answered with no body", answer=head(status=b"HTTP/1.1 204 No Content")),
    Row("101", 65, "http", "switches to another protocol", answer=head(b"Upgrade: x", b"Connection: upgrade", status=b"HTTP/1.1 101 Switching Protocols")),
    Row("endless 1xx", 65, "too_big", "more than 8 interim answers", answer=b"HTTP/1.1 100 Continue\r\n\r\n" * 5000),
]


@each(*STATUSES)
def test_statuses(row, fetch, serve, space):
    check(row, fetch, serve, space)


# ---- who is blamed ----

REFUSALS = [
    ("vault", 400, {"errors": ["error validating token: invalid audience (aud) claim"]}, "invalid audience", "check the audience"),
    ("octo-sts", 400, {"code": 3, "message": "no such identity"}, "no such identity", "the other parameters"),
    ("token-exchange", 401, {"error": "invalid_client"}, "invalid_client", "--client-secret-file"),
    ("token-exchange", 401, {"error": "unauthorized_client"}, "unauthorized_client", "--client-secret-file"),
    ("jwt-bearer", 400, {"error": "invalid_client"}, "invalid_client", "--client-secret-file"),
    ("client-assertion", 401, {"error": "invalid_client"}, "invalid_client", "subject token"),
]
NEEDED = {"vault": ["--param=role=r"], "octo-sts": ["--scope=o/r", "--param=identity=i"], "client-assertion": ["--client-id=app"]}


@pytest.mark.parametrize("protocol, status, body, words, hint", REFUSALS, ids=[f"{row[0]} {row[3]}" for row in REFUSALS])
def test_a_refusal_says_who_must_do_something(protocol, status, body, words, hint, fetch, serve, space):
    server = serve(http(status, body))
    run = fetch(server.url("/"), *NEEDED.get(protocol, []), protocol=protocol)
    assert run.status == 77, run.err
    assert len(run.lines) == 1 and words in run.last and hint in run.last and 'error="not_found"' not in run.last, run.err
    assert len(server.requests) == 1


def test_a_denial_with_status_200_is_one(fetch, serve, space):
    run = fetch(serve(http(body={"error": "access_denied", "error_description": "no"})).url("/"), protocol="token-exchange")
    assert run.status == 77 and "access_denied: no" in run.last and "--token-field" not in run.last, run.err
    run = fetch(serve(http(body={"error": "something", "access_token": 7})).url("/"), protocol="token-exchange")
    assert run.status == 65, run.err


def test_words_of_several_lines_become_one(fetch, serve, space):
    body = {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
    run = fetch(serve(http(403, body)).url("/"), *NEEDED["vault"], "--deadline=1s", protocol="vault")
    assert run.status == 77 and "403: 1 error occurred: * permission denied; " in run.last, run.err


@pytest.mark.parametrize("status, body", [(404, {"errors": ["no handler for route"]}), (405, {"errors": ["unsupported operation"]}),
                                          (400, b"Bad Request"), (400, {"error": "Bad Request", "message": "No"})])
def test_what_no_sts_says_is_no_denial(status, body, fetch, serve, space):
    run = fetch(serve(http(status, body)).url("/"), *NEEDED["vault"], protocol="vault", deadline="1s")
    assert run.status == 65 and "URL" in run.last, run.err


@pytest.mark.parametrize("protocol, requests", [("client-assertion", 1), ("entra", 2)])
def test_an_assertion_that_may_be_taken_once_is_not_shown_again_after_a_401(protocol, requests, fetch, serve, space):
    server = serve(http(401, {"error": "invalid_client"}))
    run = fetch(server.url("/"), "--client-id=app", "--scope=api://x/.default", protocol=protocol, deadline="4s", timeout="1s")
    assert run.status == 77, run.err
    assert min(len(server.requests), 2) == requests, run.err
