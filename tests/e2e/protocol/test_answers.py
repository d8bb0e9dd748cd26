# SPDX-License-Identifier: Apache-2.0
"""What was tried against the protocols' rows: parameters that lead elsewhere, answers that mislead, refusals that say the wrong thing."""
import base64
import json
import time

import pytest

from harness.tokens import http

CUSTOM = {"protocol": "custom"}
SECRET = "zq1/xw2+vK3=uT4-rS5_pN6"


def opaque(**more):
    return http(body={"access_token": "opaque-token"} | more)


# ---- who is blamed ----

REFUSALS = [
    ("vault", 400, {"errors": ["error validating token: invalid audience (aud) claim"]}, "invalid audience", "check the parameters"),
    ("octo-sts", 400, {"code": 3, "message": "no such identity"}, "no such identity", "check the parameters"),
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
    assert len(run.lines) == 1 and words in run.last and hint in run.last and "URL" not in run.last, run.err
    assert len(server.requests) == 1


def test_a_denial_with_status_200_is_one(fetch, serve, space):
    run = fetch(serve(http(body={"error": "access_denied", "error_description": "no"})).url("/"), protocol="token-exchange")
    assert run.status == 77 and "access_denied: no" in run.last and "--token-field" not in run.last, run.err
    run = fetch(serve(http(body={"error": "something", "access_token": 7})).url("/"), protocol="token-exchange")
    assert run.status == 65, run.err


def test_words_of_several_lines_become_one(fetch, serve, space):
    body = {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
    run = fetch(serve(http(403, body)).url("/"), *NEEDED["vault"], protocol="vault")
    assert run.status == 77 and "403: 1 error occurred: * permission denied " in run.last, run.err


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


# ---- requests that would say two things ----

@pytest.mark.parametrize("more", [["--subject-in=header:Accept"], ["--subject-in=header:content-type"], ["--subject-in=header:User-Agent"],
                                  ["--subject-in=field:client_id", "--client-id=app"], ["--subject-in=pointer:/client_id", "--client-id=app"]])
def test_no_field_goes_out_twice(more, fetch, serve, space):
    server = serve(opaque())
    run = fetch(server.url("/"), *more, **CUSTOM)
    assert run.status == 64 and not server.connections, run.err


def test_a_client_secret_never_stands_in_a_url(fetch, serve, space):
    server = serve(opaque())
    secret = space.write("secret", SECRET)
    run = fetch(server.url("/"), "--method=GET", "--client-id=app", f"--client-secret-file={secret}", "--client-auth=post", **CUSTOM)
    assert run.status == 64 and not server.connections, run.err


@pytest.mark.parametrize("mount, path", [("/jwt", "/v1/auth/jwt/login"), ("//a/b//", "/v1/auth/a/b/login"), (".", None), ("/", None), ("./.", None),
                                         ("../sys", None), ("%2e%2e", None), ("jwt?x=", None), ("jwt#", None), ("a@b", None)])
def test_a_mount_stays_in_its_place(mount, path, sidecar):
    run = sidecar.run("fetch", "--dry-run", "--protocol=vault", "--param=address=https://v.example", f"--param=mount={mount}")
    assert run.status == (0 if path else 64), run.err
    assert not path or run.out.startswith(f"POST {path} HTTP/1.1\r\nHost: v.example\r\n".encode())


@pytest.mark.parametrize("value", ["https://a.example@b.example", "https://b.example/?", "https://b.example#", "http://b.example", "https:b.example",
                                   "//b.example", "b.example", "https://", "https:////", "https://b.example:0", "https://b.example\\@c", "https://b\n.example"])
@pytest.mark.parametrize("protocol, variable", [("entra", "AZURE_AUTHORITY_HOST"), ("vault", "VAULT_ADDR")])
def test_a_variable_with_half_a_url_is_no_url(protocol, variable, value, sidecar):
    run = sidecar.run("fetch", "--dry-run", f"--protocol={protocol}", *(["--param=tenant=t", "--client-id=c", "--scope=a/.default"]
                                                                        if protocol == "entra" else []), env={variable: value})
    assert run.status == 64 and len(run.lines) == 1, run.err


# ---- answers that mislead ----

def test_a_time_is_no_lifetime(fetch, serve, space):
    """Taken for one it lasts for 56 years, and no refresh would come."""
    run = fetch(serve(opaque(expires_in=int(time.time()) + 300)).url("/"), protocol="token-exchange")
    assert run.status == 65 and "absolute:" in run.last, run.err
    assert not (space.out / "token.jwt").exists()
    run = fetch(serve(opaque(expires_in=2147483647)).url("/"), protocol="token-exchange")
    assert run.status == 0, run.err


@pytest.mark.parametrize("value", [1e308, "NaN", "1e400", "soon", True, [300], (int(time.time()) + 300) * 1000])
def test_an_expiry_that_is_none_says_what_is_wanted(value, fetch, serve, space):
    for protocol, name in (("token-exchange", "expires_in"), ("gcp-impersonate", "expireTime")):
        body = {"access_token": "t", "accessToken": "t", name: value}
        run = fetch(serve(http(body=json.dumps(body).encode())).url("/"), protocol=protocol)
        assert run.status == 65 and name in run.last and "is wanted" in run.last and ("100 years" in run.last or "RFC 3339" in run.last), run.err
        assert not (space.out / "token.jwt").exists()


ENCODINGS = {
    "hex": lambda s: s.hex(),
    "HEX with spaces": lambda s: s.hex(" ").upper(),
    "\\x": lambda s: "".join(f"\\x{c:02x}" for c in s),
    "percent": lambda s: "".join(f"%{c:02x}" for c in s),
    "base64": lambda s: base64.b64encode(b"x:" + s).decode(),
    "entities": lambda s: "".join(f"&#x{c:x};" for c in s),
}


@pytest.mark.parametrize("how", ENCODINGS)
def test_no_secret_comes_back_into_the_log(how, fetch, serve, space):
    secret = space.write("secret", SECRET)
    shown = ENCODINGS[how](SECRET.encode())
    for body in ({"error": "invalid_client", "error_description": "bad: " + shown}, {"error": shown[:47]}, f"bad {shown}".encode()):
        run = fetch(serve(http(403, body)).url("/"), "--client-id=app", f"--client-secret-file={secret}", "--client-auth=basic",
                    protocol="token-exchange")
        assert run.status == 77, run.err
        assert shown[:24] not in run.err.replace("\\\\", "\\"), run.err


def test_a_format_that_goes_nowhere_is_a_mistake(fetch, space):
    run = fetch("https://127.0.0.1:1/", "--format=json", protocol="token-exchange")
    assert run.status == 64 and "--stdout" in run.err
