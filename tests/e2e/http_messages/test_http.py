# SPDX-License-Identifier: Apache-2.0
"""The answer as HTTP: bounds, framings, answers that mean two things, answers that are cut short, and a byte now and then."""
import json
import time

import pytest

from harness import servers, tokens
from harness.answers import KiB, exchange
from harness.bad_input import Row, check, cut, each, good, head
from harness.servers import Server, read_request, tls_context
from harness.sidecar import is_one_line
from harness.tokens import http

# ---- framings, and answers that are cut short ----

GOOD = good()
BROKEN = [
    Row("truncated in the head", 75, "truncated", "closed within the head", answer=cut(GOOD, 20), retried=True),
    Row("truncated in the body", 75, "truncated", "closed within the body", answer=cut(GOOD, -10), retried=True),
    Row("truncated in the body with close_notify", 75, "truncated", "closed within the body", answer=GOOD[:-10], retried=True),
    Row("truncated in a chunk", 75, "truncated", "closed within the body",
        answer=servers.Answer(head(b"Transfer-Encoding: chunked", body=b'40\r\n{"token"'), "abrupt"), retried=True),
    Row("no last chunk", 75, "truncated", "closed within the body",
        answer=servers.Answer(head(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n"), "clean"), retried=True),
    Row("ends by closing, without close_notify", 75, "truncated", "without a close_notify",
        answer=servers.Answer(head(body=GOOD.partition(b"\r\n\r\n")[2]), "abrupt"), retried=True),
    Row("oversized head", 65, "too_big", "head is too large", answer=head(b"X: " + b"a" * 40_000, body=b"{}")),
    Row("too many small headers", 65, "too_big", "head is too large", answer=head(*[b"X: y"] * 10_000)),
    Row("oversized body by its length", 65, "too_big", "Content-Length is too large", answer=head(b"Content-Length: 300000", body=b" " * 300_000)),
    Row("huge body by its length", 65, "too_big", "Content-Length is too large", answer=head(b"Content-Length: 999999999999", body=b"{}")),
    Row("oversized body in chunks", 65, "too_big", "body is too large",
        answer=head(b"Transfer-Encoding: chunked", body=b"1000\r\n%s\r\n" % (b" " * 4096) * 80 + b"0\r\n\r\n")),
    Row("oversized body until close", 65, "too_big", "body is too large", answer=head(body=b" " * 300_000)),
    Row("two ways of framing", 65, "http", "both Content-Length and Transfer-Encoding",
        answer=head(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n")),
    Row("two lengths", 65, "http", "Content-Length is there twice, with two values", answer=head(b"Content-Length: 2", b"Content-Length: 3", body=b"{}x")),
    Row("a list of two lengths", 65, "http", "Content-Length is there twice, with two values", answer=head(b"Content-Length: 2, 3", body=b"{}x")),
    Row("a list with an empty length", 65, "http", "Content-Length is no number", answer=head(b"Content-Length: 2,", body=b"{}")),
    Row("a negative length", 65, "http", "Content-Length is no number", answer=head(b"Content-Length: -2", body=b"{}")),
    Row("a length that overflows", 65, "http", "Content-Length is no number", answer=head(b"Content-Length: 18446744073709551618", body=b"{}")),
    Row("a chunk size that overflows", 65, "http", "chunk size overflows",
        answer=head(b"Transfer-Encoding: chunked", body=b"10000000000000002\r\n{}\r\n0\r\n\r\n")),
    Row("a chunk size that is none", 65, "http", "chunk size is malformed", answer=head(b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n")),
    Row("gzip", 65, "http", r"the server compressed the body \(Content-Encoding\), although it was asked not to", answer=head(b"Content-Encoding: gzip", b"Content-Length: 2", body=b"\x1f\x8b")),
    Row("a refusal that is compressed", 77, "denied", "unexpected status 403",
        answer=b"HTTP/1.1 403 X\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"),
    Row("a refusal that is too big", 77, "denied", "unexpected status 403: no_rule",
        answer=b"HTTP/1.1 403 X\r\nContent-Length: 300000\r\n\r\n" + b'{"error":"no_rule"}'.ljust(300_000)),
    Row("an unknown transfer coding", 65, "http", "Transfer-Encoding is not chunked",
        answer=head(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
    Row("a folded length", 65, "http", "a header that gives the length of the body is folded", answer=head(b"Content-Length:", b" 2", body=b"{}")),
    Row("a folded header with an empty line", 65, "http", "a line of it is empty", answer=head(b"X: a", b" ", b"Content-Length: 2", body=b"{}")),
    Row("a bare CR in a header", 65, "http", "a bare CR", answer=head(b"X: a\rb", b"Content-Length: 2", body=b"{}")),
    Row("NUL in a header", 65, "http", "a NUL byte", answer=head(b"X: a\0b", b"Content-Length: 2", body=b"{}")),
    Row("white space before the colon", 65, "http", "header has a malformed name", answer=head(b"Content-Length : 2", body=b"{}")),
    Row("no HTTP at all", 65, "http", r"does not begin with HTTP/1\.", answer=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    Row("HTTP/2 preface", 65, "http", r"does not begin with HTTP/1\.", answer=b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\r\n\r\n"),
    Row("HTTP/1.1 with a bad status", 65, "http", "status is no number", answer=head(status=b"HTTP/1.1 20x OK")),
]


@each(*BROKEN)
def test_framings_that_are_wrong(row, fetch, serve, space):
    check(row, fetch, serve, space)


# ---- bounds, one below, at, one above ----

def body_of(size):
    head, tail = b'{"access_token":"opaque","expires_in":300,"pad":"', b'"}'
    return head + b"x" * (size - len(head) - len(tail)) + tail


FRAMES = {
    "length": lambda body: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
    "close": lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body,
    "one chunk": lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
    "many chunks": lambda body: (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                 b"".join(b"%x\r\n" % len(body[i:i + 100]) + body[i:i + 100] + b"\r\n" for i in range(0, len(body), 100)) +
                                 b"0\r\n\r\n"),
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_body_of_256_kib(frame, more, fetch, serve):
    run = exchange(fetch, serve, FRAMES[frame](body_of(256 * KiB + more)))
    assert run.status == (65 if more > 0 else 0), run.err


def test_heads_about_32_kib(fetch, serve):
    body = body_of(100)
    for size, status in ((32 * KiB - 64, 0), (32 * KiB, 0), (33 * KiB, 65)):
        start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX: "
        run = exchange(fetch, serve, start + b"x" * (size - len(start) - 4) + b"\r\n\r\n" + body)
        assert run.status == status, (size, run.err)


@pytest.mark.parametrize("count,status", [(8, 0), (9, 65), (100000, 65)])
def test_a_flood_of_interim_answers(count, status, fetch, serve):
    run = exchange(fetch, serve, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * count + http(body={"access_token": "opaque", "expires_in": 300}))
    assert run.status == status, run.err


# ---- answers that mean two things ----

SMUGGLED = {
    "both framings": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}x",
    "a folded length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n 1\r\n\r\n{}",
    "a folded coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a quoted string over chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"\r\n{}\r\n0;b=\"\r\n\r\n",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
    "chunked twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 2\r\n\r\n{}",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 2\r\n\r\n{}",
    "NUL": b"HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.0 chunked": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n{}",
    "a chunk size past 64 bits": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
    "a signed chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a long chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n",
    "an interim answer with a body": b"HTTP/1.1 100 C\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n",
    "101": b"HTTP/1.1 101 X\r\n\r\n",
    "status 600": b"HTTP/1.1 600 X\r\n\r\n",
    "status 099": b"HTTP/1.1 099 X\r\n\r\n",
}


@pytest.mark.parametrize("answer", SMUGGLED)
def test_answers_that_mean_two_things(answer, fetch, serve):
    run = exchange(fetch, serve, SMUGGLED[answer])
    assert run.status == 65 and is_one_line(run), run.err
    assert 'error="http"' in run.err


# ---- time ----

@pytest.mark.slow
@pytest.mark.parametrize("where", ["head", "body", "chunk", "interim"])
def test_a_byte_now_and_then_does_not_move_the_deadline(where, sidecar, space, identity, folder):
    """Slow loris: each byte arrives well within any time-out of an idle connection."""
    start = {"head": b"HTTP/1.1 200 OK\r\n", "body": b"HTTP/1.1 200 OK\r\n\r\n", "interim": b"HTTP/1.1 100 C\r\n",
             "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n"}[where]

    class Slow(Server):
        def _serve(self, raw):
            connection = self.tls.wrap_socket(raw, server_side=True)
            self.requests.append(read_request(connection))
            connection.sendall(start)
            while not self.released.is_set():
                connection.sendall(b"x")
                time.sleep(0.05)

    with Slow(tls=tls_context(identity, folder)) as server:
        run = sidecar.run("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--output-dir", space.out, "--cacert-path",
                          space.ca_file, "--timeout", "1s", "--deadline", "2s", "--log-format", "text")
        assert run.status == 75, run.err
        assert run.seconds < 15, "the server goes on for ever"
        assert 'error="timeout"' in run.last, run.err


@pytest.mark.slow
def test_a_slow_trickle_does_not_outlast_the_time(fetch, folder, identity):
    """One byte at a time keeps a connection alive, but not the attempt."""
    data = good()

    class Trickle(servers.Server):
        def _serve(self, raw):
            connection = self.tls.wrap_socket(raw, server_side=True)
            self.requests.append(servers.read_request(connection))
            for byte in data:
                if self.released.is_set():
                    break
                connection.sendall(bytes([byte]))
                time.sleep(0.1)

    with Trickle(tls=servers.tls_context(identity, folder)) as server:
        run = fetch(server.url("/token/user"), timeout="1s", deadline="1s")
        assert run.status == 75, run.err
        assert run.seconds < 0.1 * len(data) / 2


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
        "after a 100 and an empty line": b"HTTP/1.1 100 Continue\r\n\r\n\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "equal lengths": head + b"Content-Length: %d, %d\r\n" % (len(body), len(body)) + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "a folded header": head + b"X: a\r\n\tb: c\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        "empty items of a list": head + b"Transfer-Encoding: ,chunked\r\n\r\n" + chunked(body),
        "white space before an extension": head + b"Transfer-Encoding: chunked\r\n\r\n%x ; a=b\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
        "a long extension": head + b"Transfer-Encoding: chunked\r\n\r\n%x;a=%s\r\n" % (len(body), b"b" * 1000) + body + b"\r\n0\r\n\r\n",
        "no encoding": head + b"Content-Encoding: identity\r\nContent-Encoding:\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        "an encoding that is none": head + b"Content-Encoding: UTF-8\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
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
    run = fetch(server.url("/token/user"), timeout="30s", deadline="30s")
    assert run.status == 0, run.err
    assert run.seconds < 10, "the server would stay for 20 s"
