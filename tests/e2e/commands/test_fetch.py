# SPDX-License-Identifier: Apache-2.0
"""One exchange, right: what goes out, what lies on disk afterwards, what is printed."""
import datetime
import json
import os
import stat
import time
import urllib.parse

import pytest

from harness import servers, tokens
from harness.sidecar import UID


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_openunison(fetch, serve, space, subject):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    run = fetch(server.url("/vault/token/user"))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token
    assert (space.out / "expires").read_text() == tokens.rfc3339(tokens.expiry(token))
    assert (space.out / "thumbprint").read_text() == tokens.THUMBPRINT
    assert sorted(os.listdir(space.out)) == [".status", "expires", "thumbprint", "token.jwt"]
    for name in ("token.jwt", "expires", "thumbprint"):
        assert mode_of(space.out / name) == 0o644
        assert (space.out / name).stat().st_uid == UID
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "GET /vault/token/user HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert headers["Authorization"] == f"Bearer {subject}"
    assert headers["Host"] == f"127.0.0.1:{server.port}"
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("sts-sidecar/")
    assert body == b""
    assert len(server.requests) == 1


def test_token_exchange_is_the_default(fetch, serve, space, subject):
    token = tokens.issued()
    server = serve(tokens.exchanged(token))
    run = fetch(server.url("/oauth/token?tenant=a%20b"), protocol=None)
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token
    assert (space.out / "expires").read_text() == tokens.rfc3339(tokens.expiry(token))
    assert not (space.out / "thumbprint").exists()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /oauth/token?tenant=a%20b HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in head + b"\r\n"
    assert b"authorization" not in head.lower()
    fields = urllib.parse.parse_qsl(body.decode(), strict_parsing=True)
    assert ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange") in fields
    assert ("subject_token", subject) in fields
    assert ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt") in fields


def test_parameters_of_token_exchange(fetch, serve):
    server = serve(tokens.exchanged(tokens.issued()))
    run = fetch(server.url("/token"), "--audience", "a&b=c", "--audience", "second", "--resource", "https://x.test/r",
                "--scope", "read write", "--param", "connector_id=kube test", protocol="token-exchange")
    assert run.status == 0, run.err
    fields = urllib.parse.parse_qsl(server.requests[0].partition(b"\r\n\r\n")[2].decode(), strict_parsing=True)
    assert [value for key, value in fields if key == "audience"] == ["a&b=c", "second"]
    assert ("resource", "https://x.test/r") in fields
    assert ("scope", "read write") in fields
    assert ("connector_id", "kube test") in fields


def test_white_space_around_the_subject_token_is_removed(fetch, serve, space, subject):
    space.token_file.write_text(f" \r\n{subject}\r\n\n")
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    assert f"Authorization: Bearer {subject}\r\n".encode() in server.requests[0]


def test_subject_token_from_standard_input(fetch, serve, space, subject):
    space.token_file.unlink()
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/token/user"), token_file="-", input=subject.encode() + b"\n")
    assert run.status == 0, run.err
    assert f"Authorization: Bearer {subject}\r\n".encode() in server.requests[0]


def test_every_run_writes_anew(fetch, serve, space):
    answers = [tokens.issued(900, n=1), tokens.issued(1800, n=2), tokens.issued(600, n=3)]
    given = iter(answers)
    server = serve(lambda _: tokens.openunison(next(given)))
    for token in answers:
        assert fetch(server.url("/token/user")).status == 0
        assert (space.out / "token.jwt").read_text() == token
        assert (space.out / "expires").read_text() == tokens.rfc3339(tokens.expiry(token))


def test_an_old_thumbprint_does_not_stay(fetch, serve, space):
    space.fill("old", tokens.rfc3339(1))
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None))
    assert fetch(server.url("/token/user")).status == 0
    assert not (space.out / "thumbprint").exists()


def test_the_umask_does_not_matter(fetch, serve, space):
    before = os.umask(0o077)
    try:
        server = serve(tokens.openunison(tokens.issued()))
        assert fetch(server.url("/token/user")).status == 0
    finally:
        os.umask(before)
    assert mode_of(space.out / "token.jwt") == 0o644


def test_mode_as_given(fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    assert fetch(server.url("/token/user"), mode="0440").status == 0
    assert mode_of(space.out / "token.jwt") == mode_of(space.out / "expires") == 0o440


def chunked(body, size=7, trailer=b""):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x;n=v\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"


def framings():
    token = tokens.issued()
    body = json.dumps({"token": {"jwt": token, "expires": tokens.rfc3339(tokens.expiry(token))}}).encode()
    head = b"HTTP/1.1 200 OK\r\n"
    return token, {
        "length": head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "chunks": head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body),
        "chunks and a trailer": head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 100, b"X-Sum: 1\r\n"),
        "close": head + b"Connection: close\r\n\r\n" + body,
        "after a 100": b"HTTP/1.1 100 Continue\r\n\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "after a 103": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "no reason": b"HTTP/1.1 200 \r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        "a final newline": head + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body + b"\n",
        "escapes": head + b"Content-Length: %d\r\n\r\n" % len(body.replace(b"e", b"\\u0065")) + body.replace(b"e", b"\\u0065"),
    }


@pytest.mark.parametrize("framing", framings()[1])
def test_framings_that_are_right(fetch, serve, space, framing):
    token, answers = framings()
    server = serve(answers[framing])
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


def test_a_complete_body_needs_no_close_notify(fetch, serve):
    server = serve(servers.Answer(tokens.openunison(tokens.issued()), "abrupt"))
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err


def test_a_server_that_does_not_close_is_not_waited_for(fetch, serve):
    server = serve(servers.Answer(tokens.openunison(tokens.issued()), "stall"))
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    assert run.seconds < 3


def form(expiry):
    now = int(time.time())
    return {
        "integer": now + 600, "text": tokens.rfc3339(now + 600), "fraction": now + 600.75,
        "zone": tokens.rfc3339(now + 600 + 7200).replace("Z", "+02:00"),
    }[expiry]


@pytest.mark.parametrize("kind", ["integer", "text", "fraction", "zone"])
def test_the_earliest_expiry_counts(fetch, serve, space, kind):
    token = tokens.issued(900)
    when = form(kind)
    server = serve(tokens.openunison(token, expires=when))
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    written = (space.out / "expires").read_text()
    assert written < tokens.rfc3339(tokens.expiry(token))
    assert written.endswith("Z") and len(written) == 20


@pytest.mark.parametrize("lifetime", [300, 300.0, "300", "300.5"])
def test_lifetimes(fetch, serve, space, lifetime):
    token = tokens.issued(900)
    server = serve(tokens.exchanged(token, expires_in=lifetime))
    run = fetch(server.url("/token"), protocol="token-exchange")
    assert run.status == 0, run.err
    left = datetime.datetime.fromisoformat((space.out / "expires").read_text()).timestamp() - time.time()
    assert 290 <= left <= 301


def test_no_expiry_at_all_means_the_default(fetch, serve, space):
    server = serve(tokens.exchanged(tokens.issued(), access_token="opaque-token.1", expires_in=None))
    run = fetch(server.url("/token"), protocol="token-exchange", default_ttl="120s")
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == "opaque-token.1"
    left = datetime.datetime.fromisoformat((space.out / "expires").read_text()).timestamp() - time.time()
    assert 110 <= left <= 121


def test_it_tries_again_until_it_works(fetch, serve, space):
    token = tokens.issued()
    answers = iter([tokens.http(503, b"busy"), tokens.http(401, b""), tokens.openunison(token)])
    server = serve(lambda _: next(answers))
    run = fetch(server.url("/token/user"), deadline="20s")
    assert run.status == 0, run.err
    assert len(server.requests) == 3
    assert (space.out / "token.jwt").read_text() == token


def test_ipv6_and_names(fetch, serve):
    server = serve(tokens.openunison(tokens.issued()), address="::1")
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.requests[0]
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/token/user", host="localhost"))
    assert run.status == 0, run.err
    assert f"Host: localhost:{server.port}\r\n".encode() in server.requests[0]
