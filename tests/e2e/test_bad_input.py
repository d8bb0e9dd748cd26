# SPDX-License-Identifier: Apache-2.0
"""Bad input, one row each: how it is made, the exit status, the one line that is printed last, and nothing on disk touched."""
import json
import os
import re
import time
from dataclasses import dataclass, field

import pytest

from harness import servers, tokens
from harness.sidecar import ROOT, UID
from harness.tokens import http

OLD = ("old.token.value", "2030-01-01T00:00:00Z")


@dataclass
class Row:
    name: str
    status: int
    says: str                           # matched against the last line on stderr, case ignored
    answer: object = None               # bytes, or an Answer; None: a good answer
    prepare: object = None              # called with the Space before the run
    path: str = "/vault/token/user"
    url: object = None                  # instead of the server's: a function of its port
    protocol: str = "openunison"
    server: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    more: tuple = ()
    asked: object = True                # whether the request may reach the server; None: either
    retried: bool = False               # then the deadline is what ends the run
    needs_user: bool = False            # root ignores the modes of files


def token_is(data):
    def prepare(space):
        space.token_file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return prepare


def token_missing(space):
    space.token_file.unlink()


def token_unreadable(space):
    space.token_file.chmod(0o600 if ROOT else 0)
    if ROOT:
        os.chown(space.token_file, 0, 0)


def token_is_a_directory(space):
    space.token_file.unlink()
    space.token_file.mkdir()


def token_is_a_fifo(space):
    space.token_file.unlink()
    os.mkfifo(space.token_file)
    space.token_file.chmod(0o666)


def token_link_dangles(space):
    space.token_file.unlink()
    space.token_file.symlink_to("..data/token")


def out_read_only(space):
    space.out.chmod(0o555)


def out_missing(space):
    space.out = space.folder / "nowhere"


def out_is_a_file(space):
    space.out = space.write("file", "x")


def ca_is(data):
    return lambda space: space.ca_file.write_bytes(data)


def ca_missing(space):
    space.ca_file.unlink()


def head(*lines, body=b"", status=b"HTTP/1.1 200 OK"):
    return b"\r\n".join([status, *lines]) + b"\r\n\r\n" + body


def oauth(status, code, description="no"):
    return http(status, {"error": code, "error_description": description})


def good():
    return tokens.openunison(tokens.issued())


def cut(data, at):
    return servers.Answer(data[:at], "abrupt")


LONG_LIVED = "eyJhbGciOiJub25lIn0." + "YQ" * 10 + ".x"

SUBJECTS = [
    Row("no subject token", 66, r"no such file|no subject token", prepare=token_missing, asked=False),
    Row("subject token behind a dangling link", 66, r"no such file|no subject token", prepare=token_link_dangles, asked=False),
    Row("subject token empty", 66, r"empty", prepare=token_is(""), asked=False),
    Row("subject token of white space", 66, r"empty", prepare=token_is(" \r\n\t\n"), asked=False),
    Row("subject token over 64 KiB", 66, r"64 KiB|65536", prepare=token_is("a" * 70_000), asked=False),
    Row("subject token of many MiB", 66, r"64 KiB|65536", prepare=token_is("a" * 8_000_000), asked=False),
    Row("subject token is no token", 66, r"token", prepare=token_is("hello world, I am no token"), asked=False),
    Row("subject token with CR LF inside", 66, r"token",
        prepare=lambda s: token_is(tokens.subject()[:40] + "\r\nX-Evil: 1\r\n\r\n" + tokens.subject()[40:])(s), asked=False),
    Row("subject token with NUL inside", 66, r"token", prepare=token_is(b"abc\0def"), asked=False),
    Row("subject token is two tokens", 66, r"token", prepare=lambda s: token_is(tokens.subject() + "\n" + tokens.subject())(s),
        asked=False),
    Row("subject token is not ASCII", 66, r"token", prepare=token_is("gr\u00fc\u00df".encode()), asked=False),
    Row("subject token expired", 66, r"expired", prepare=lambda s: token_is(tokens.subject(-120))(s), asked=False),
    Row("subject token unreadable", 66, r"(permission denied|mode).*", prepare=token_unreadable, asked=False, needs_user=True),
    Row("subject token is a directory", 66, r"director|regular|token", prepare=token_is_a_directory, asked=False),
    Row("subject token is a FIFO", 66, r"fifo|pipe|regular|token", prepare=token_is_a_fifo, asked=False),
    Row("subject token for another audience", 66, r"audience", options={"subject-audience": "other"}, asked=False),
]

NETWORK = [
    Row("unknown host", 69, r"no-such-host\.invalid|does not exist|resolve", url=lambda port: "https://no-such-host.invalid/token/user",
        asked=False, retried=True),
    Row("refused", 69, r"refused", url=lambda port: f"https://127.0.0.1:{servers.free_port()}/token/user", asked=False, retried=True),
    Row("the port does not speak TLS", 69, r"TLS", answer=http(400, b"speak TLS"), server={"tls": False, "blind": True},
        asked=None, retried=True),
    Row("the server accepts and says nothing", 75, r"time|no answer", server={"stall": "accept"},
        options={"timeout": "1s", "deadline": "1s"}, asked=False),
    Row("no answer within the time", 75, r"no answer|time", server={"stall": "request"}, options={"timeout": "1s", "deadline": "1s"},
        asked=True),
    Row("half an answer, then nothing", 75, r"no answer|time", answer=servers.Answer(good()[:200], "stall"),
        options={"timeout": "1s", "deadline": "1s"}),
    Row("no CA file", 69, r"ca\.crt|CA|anchor", prepare=ca_missing, more=("--cacert-only",), asked=False),
    Row("CA file without certificates", 69, r"ca\.crt|anchor", prepare=ca_is(b"# nothing\n"), more=("--cacert-only",),
        asked=False),
    Row("CA file of garbage", 69, r"ca\.crt|anchor",
        prepare=ca_is(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), more=("--cacert-only",), asked=False),
    Row("reset after the request", 75, r"cut short|reset|closed", answer=servers.Answer(b"", "reset"), retried=True),
    Row("closed without an answer", 75, r"cut short|closed|no answer", answer=servers.Answer(b"", "clean"), retried=True),
]

STATUSES = [
    Row("400 with an OAuth error", 77, r"400.*invalid_request|invalid_request", answer=oauth(400, "invalid_request"),
        protocol="token-exchange"),
    Row("400 invalid_target", 77, r"invalid_target", answer=oauth(400, "invalid_target"), protocol="token-exchange"),
    Row("400 without one", 65, r"400", answer=http(400, b"bad"), protocol="token-exchange"),
    Row("400 of another shape", 65, r"400", answer=http(400, {"error": {"code": 7}}), protocol="token-exchange"),
    Row("400 with words alone", 77, r"no such role.*parameters", answer=http(400, {"errors": ["no such role"]}), protocol="token-exchange"),
    Row("401", 77, r"401", answer=http(401), retried=True),
    Row("401 with an OAuth error", 77, r"401.*invalid_token.*subject token", answer=oauth(401, "invalid_token"),
        protocol="token-exchange", retried=True),
    Row("401 for the client", 77, r"401.*invalid_client.*--client-secret-file", answer=oauth(401, "invalid_client"),
        protocol="token-exchange"),
    Row("401 for an assertion", 77, r"401.*invalid_client.*subject token", answer=oauth(401, "invalid_client"),
        protocol="client-assertion"),
    Row("403", 77, r"unexpected status 403", answer=http(403)),
    Row("403 with an OAuth error", 77, r"403.*access_denied", answer=oauth(403, "access_denied"), protocol="token-exchange"),
    Row("404", 65, r"404", answer=http(404, b"not here"), retried=True),
    Row("405", 65, r"405", answer=http(405)),
    Row("408", 75, r"408", answer=http(408), retried=True),
    Row("418", 65, r"418", answer=http(418)),
    Row("422", 65, r"422", answer=http(422)),
    Row("425", 75, r"425", answer=http(425), retried=True),
    Row("429", 75, r"429", answer=http(429, headers=["Retry-After: 1"]), retried=True),
    Row("429 that asks for a long wait", 75, r"429", answer=http(429, headers=["Retry-After: 3600"]), retried=True),
    Row("500", 75, r"500", answer=http(500, b"<html>oops</html>"), retried=True),
    Row("502 with an OAuth error", 75, r"502", answer=oauth(502, "temporarily_unavailable"), protocol="token-exchange", retried=True),
    Row("503", 75, r"503", answer=http(503), retried=True),
    Row("599", 75, r"599", answer=http(599), retried=True),
    Row("301", 65, r"redirect.*https://other\.test", answer=http(301, headers=["Location: https://other.test/secret?x=y"])),
    Row("302 to http", 65, r"redirect.*http://127\.0\.0\.1", answer=http(302, headers=["Location: http://127.0.0.1/x"])),
    Row("307 to the same host", 65, r"redirect", answer=http(307, headers=["Location: /elsewhere"])),
    Row("308 without a Location", 65, r"redirect|308", answer=http(308)),
    Row("204", 65, r"204|no body|empty", answer=head(status=b"HTTP/1.1 204 No Content")),
    Row("101", 65, r"101|HTTP", answer=head(b"Upgrade: x", b"Connection: upgrade", status=b"HTTP/1.1 101 Switching Protocols")),
    Row("endless 1xx", 65, r"HTTP|answer|too", answer=b"HTTP/1.1 100 Continue\r\n\r\n" * 5000),
]


def json_answer(token_object):
    return http(body={"displayName": "a:b:c", "token": token_object})


def value(**changes):
    token = tokens.issued()
    made = {"jwt": token, "expires": tokens.rfc3339(tokens.expiry(token))} | changes
    return json_answer({key: v for key, v in made.items() if v is not None})


BODIES = [
    Row("empty 200", 65, r"no body", answer=http(200, b"")),
    Row("200 of white space", 65, r"no body|JSON", answer=http(200, b" \n")),
    Row("HTML", 65, r"web page|HTML", answer=http(200, b"<!DOCTYPE html><html><body>Sign in</body></html>")),
    Row("HTML after white space", 65, r"web page|HTML", answer=http(200, b"\r\n  <html></html>")),
    Row("plain text", 65, r"JSON", answer=http(200, b"it works")),
    Row("JSON that ends early", 65, r"JSON", answer=http(200, b'{"token":{"jwt":"a.b.c"')),
    Row("JSON and more after it", 65, r"JSON", answer=http(200, b'{"token":{"jwt":"a.b.c"}} x')),
    Row("two JSON documents", 65, r"JSON", answer=http(200, b'{"token":{"jwt":"a.b.c"}}{"token":{"jwt":"d.e.f"}}')),
    Row("JSON with NUL", 65, r"JSON", answer=http(200, b'{"token":{"jwt":"a.b.c\0"}}')),
    Row("JSON with an escaped NUL", 65, r"JSON", answer=http(200, b'{"token":{"jwt":"a.b.c\\u0000d"}}')),
    Row("JSON that is not UTF-8", 65, r"JSON|UTF-8", answer=http(200, b'{"token":{"jwt":"a.b.c\xff"}}')),
    Row("JSON of great depth", 65, r"JSON|deep", answer=http(200, b'{"token":' * 3000 + b"1" + b"}" * 3000)),
    Row("a duplicate key", 65, r"JSON|duplicate|twice", answer=http(200, b'{"token":{"jwt":"a.b.c","jwt":"d.e.f"}}')),
    Row("an array", 65, r"token|JSON", answer=http(200, b"[]")),
    Row("no token in it", 65, r"token|jwt", answer=http(200, {"displayName": "x"})),
    Row("token is a string", 65, r"token|jwt", answer=http(200, {"token": "a.b.c"})),
    Row("jwt is null", 65, r"jwt", answer=http(200, {"token": {"jwt": None}})),
    Row("jwt is a number", 65, r"jwt", answer=http(200, {"token": {"jwt": 7}})),
    Row("jwt is an object", 65, r"jwt", answer=http(200, {"token": {"jwt": {}}})),
    Row("jwt is empty", 65, r"jwt|token|value", answer=value(jwt="")),
    Row("jwt in another case", 65, r"jwt", answer=http(200, {"token": {"JWT": "a.b.c"}})),
    Row("jwt with a newline", 65, r"white space|printable", answer=value(jwt=LONG_LIVED + "\n[evil]")),
    Row("jwt with a final newline", 65, r"white space|printable", answer=value(jwt=LONG_LIVED + "\n")),
    Row("jwt with a space", 65, r"white space|printable", answer=value(jwt="a.b.c d")),
    Row("jwt with DEL", 65, r"white space|printable", answer=value(jwt="a.b.c\x7f")),
    Row("jwt that is not ASCII", 65, r"white space|printable", answer=value(jwt="a.b.\u00fc")),
    Row("jwt over 64 KiB", 65, r"64 KiB", answer=value(jwt="a" * 66_000)),
    Row("expires is an object", 65, r"expir", answer=value(expires={})),
    Row("expires is true", 65, r"expir", answer=value(expires=True)),
    Row("expires is no date", 65, r"expir", answer=value(expires="tomorrow")),
    Row("expires on the 30th of February", 65, r"expir", answer=value(expires="2030-02-30T00:00:00Z")),
    Row("expired on arrival", 65, r"expir|life", answer=value(expires="2020-01-01T00:00:00Z")),
    Row("the returned token's exp is over", 65, r"expir|life", answer=value(jwt=tokens.issued(-10))),
    Row("thumbprint is not hex", 65, r"thumbprint", answer=value(thumbprint="../../etc/passwd")),
    Row("thumbprint of the wrong type", 65, r"thumbprint", answer=value(thumbprint=7)),
    Row("a lifetime of zero", 65, r"life|expir", answer=tokens.exchanged(tokens.issued(), expires_in=0), protocol="token-exchange"),
    Row("a negative lifetime", 65, r"life|expir", answer=tokens.exchanged(tokens.issued(), expires_in=-5), protocol="token-exchange"),
    Row("a lifetime that is no number", 65, r"expires_in", answer=tokens.exchanged(tokens.issued(), expires_in="soon"),
        protocol="token-exchange"),
    Row("a lifetime of 1e400", 65, r"JSON|expires_in|number",
        answer=http(200, b'{"access_token":"a.b.c","expires_in":1e400}'), protocol="token-exchange"),
    Row("a lifetime in a list", 65, r"expires_in", answer=tokens.exchanged(tokens.issued(), expires_in=[1]), protocol="token-exchange"),
    Row("not the audience that was expected", 65, r"audience", options={"expect-audience": "somebody-else"}),
    Row("not the issuer that was expected", 65, r"issuer", options={"expect-issuer": "https://somebody.test"}),
    Row("it would live too long", 65, r"lifetime|lives", options={"max-lifetime": "60s"}),
]

GOOD = good()

FRAMES = [
    Row("truncated in the head", 75, r"cut short|truncated", answer=cut(GOOD, 20), retried=True),
    Row("truncated in the body", 75, r"cut short|truncated", answer=cut(GOOD, -10), retried=True),
    Row("truncated in the body with close_notify", 75, r"cut short|truncated", answer=GOOD[:-10], retried=True),
    Row("truncated in a chunk", 75, r"cut short|truncated",
        answer=servers.Answer(head(b"Transfer-Encoding: chunked", body=b'40\r\n{"token"'), "abrupt"), retried=True),
    Row("no last chunk", 75, r"cut short|truncated",
        answer=servers.Answer(head(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n"), "clean"), retried=True),
    Row("ends by closing, without close_notify", 75, r"cut short|truncated",
        answer=servers.Answer(head(body=GOOD.partition(b"\r\n\r\n")[2]), "abrupt"), retried=True),
    Row("oversized head", 65, r"too big|too long|32 KiB", answer=head(b"X: " + b"a" * 40_000, body=b"{}")),
    Row("too many small headers", 65, r"too big|32 KiB|HTTP", answer=head(*[b"X: y"] * 10_000)),
    Row("oversized body by its length", 65, r"too big|256 KiB", answer=head(b"Content-Length: 300000", body=b" " * 300_000)),
    Row("huge body by its length", 65, r"too big|256 KiB", answer=head(b"Content-Length: 999999999999", body=b"{}")),
    Row("oversized body in chunks", 65, r"too big|256 KiB",
        answer=head(b"Transfer-Encoding: chunked", body=b"1000\r\n%s\r\n" % (b" " * 4096) * 80 + b"0\r\n\r\n")),
    Row("oversized body until close", 65, r"too big|256 KiB", answer=head(body=b" " * 300_000)),
    Row("two ways of framing", 65, r"HTTP|framing|length",
        answer=head(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n")),
    Row("two lengths", 65, r"HTTP|length", answer=head(b"Content-Length: 2", b"Content-Length: 3", body=b"{}x")),
    Row("a list of lengths", 65, r"HTTP|length", answer=head(b"Content-Length: 2, 2", body=b"{}")),
    Row("a negative length", 65, r"HTTP|length", answer=head(b"Content-Length: -2", body=b"{}")),
    Row("a length that overflows", 65, r"HTTP|length|too big", answer=head(b"Content-Length: 18446744073709551618", body=b"{}")),
    Row("a chunk size that overflows", 65, r"HTTP|chunk|too big",
        answer=head(b"Transfer-Encoding: chunked", body=b"10000000000000002\r\n{}\r\n0\r\n\r\n")),
    Row("a chunk size that is none", 65, r"HTTP|chunk", answer=head(b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n")),
    Row("gzip", 65, r"HTTP|encod", answer=head(b"Content-Encoding: gzip", b"Content-Length: 2", body=b"\x1f\x8b")),
    Row("an unknown transfer coding", 65, r"HTTP|encod|coding|framing",
        answer=head(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
    Row("a folded header", 65, r"HTTP|header|fold", answer=head(b"X: a", b" b", b"Content-Length: 2", body=b"{}")),
    Row("a bare CR in a header", 65, r"HTTP|header", answer=head(b"X: a\rb", b"Content-Length: 2", body=b"{}")),
    Row("NUL in a header", 65, r"HTTP|header", answer=head(b"X: a\0b", b"Content-Length: 2", body=b"{}")),
    Row("white space before the colon", 65, r"HTTP|header", answer=head(b"Content-Length : 2", body=b"{}")),
    Row("no HTTP at all", 65, r"HTTP", answer=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    Row("HTTP/2 preface", 65, r"HTTP", answer=b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\r\n\r\n"),
    Row("HTTP/1.1 with a bad status", 65, r"HTTP|status", answer=head(status=b"HTTP/1.1 20x OK")),
]

OUTPUT = [
    Row("output directory read-only", 73, r"tokens.*(permission|read-only|written|mode)", prepare=out_read_only, needs_user=True,
        asked=None),
    Row("output directory missing", 73, r"nowhere", prepare=out_missing, asked=False),
    Row("output directory is a file", 73, r"file", prepare=out_is_a_file, asked=False),
]

USAGE = [
    Row("unknown option", 64, r"--audiance.*--audience", more=("--audiance", "x"), asked=False),
    Row("an option of another command", 64, r"--min-ttl", more=("--min-ttl", "5"), asked=False),
    Row("a value that is missing", 64, r"--audience", more=("--audience",), asked=False),
    Row("a duration that is none", 64, r"--timeout", options={"timeout": "soon"}, asked=False),
    Row("a mode that is none", 64, r"--mode", options={"mode": "rw"}, asked=False),
    Row("an executable mode", 64, r"--mode", options={"mode": "0755"}, asked=False),
    Row("an unknown protocol", 64, r"protocol.*openunisn|openunisn", protocol="openunisn", asked=False),
    Row("a positional argument", 64, r"extra", more=("extra",), asked=False),
    Row("http to a foreign host", 64, r"http", url=lambda port: "http://sts.test/", asked=False, more=("--insecure-http",)),
    Row("http without leave", 64, r"insecure-http|https", url=lambda port: f"http://127.0.0.1:{port}/", asked=False),
    Row("URL with a user", 64, r"URL|user", url=lambda port: f"https://me:pw@127.0.0.1:{port}/", asked=False),
    Row("URL with a fragment", 64, r"URL|fragment", url=lambda port: f"https://127.0.0.1:{port}/#x", asked=False),
    Row("URL with a space", 64, r"URL|space", url=lambda port: f"https://127.0.0.1:{port}/a b", asked=False),
    Row("URL with CR LF", 64, r"URL|control|space", url=lambda port: f"https://127.0.0.1:{port}/a\r\nX-Evil: 1", asked=False),
    Row("URL without a host", 64, r"URL|host", url=lambda port: "https:///token/user", asked=False),
    Row("URL with port 0", 64, r"URL|port", url=lambda port: "https://127.0.0.1:0/", asked=False),
    Row("URL with port 65536", 64, r"URL|port", url=lambda port: "https://127.0.0.1:65536/", asked=False),
    Row("URL of another scheme", 64, r"URL|scheme|https", url=lambda port: "ftp://127.0.0.1/", asked=False),
    Row("a relative URL", 64, r"URL|https", url=lambda port: "/token/user", asked=False),
    Row("a header with CR LF", 64, r"header", more=("--header", "X-A=b\r\nX-Evil: 1"), asked=False),
    Row("a header that cannot be set", 64, r"header|Host", more=("--header", "Host=evil.test"), asked=False),
    Row("a secret in an argument", 64, r"client_secret.*file", more=("--param", "client_secret=hunter2"), protocol="token-exchange",
        asked=False),
    Row("a secret in a header", 64, r"authorization.*file", more=("--header", "Authorization=Basic aHVudGVyMg=="),
        protocol="token-exchange", asked=False),
]

TABLE = SUBJECTS + NETWORK + STATUSES + BODIES + FRAMES + OUTPUT + USAGE
EXPECTED_TO_SAY_WHAT_NEXT = re.compile(r"[(:;.,\-]\s*\S+\s+\S+")


def run_row(row, fetch, serve, space):
    space.fill(*OLD)
    if row.prepare:
        row.prepare(space)
    server = serve(good() if row.answer is None else row.answer, **row.server)
    url = row.url(server.port) if row.url else server.url(row.path)
    before = space.snapshot() if space.out.is_dir() else None
    options = {"output_dir": space.out, "protocol": row.protocol, "deadline": "1s" if row.retried else "10s"}
    run = fetch(url, *row.more, **(options | row.options))
    after = space.snapshot() if space.out.is_dir() else None
    return run, server, before, after


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_bad_input(row, fetch, serve, space):
    if row.needs_user and UID == 0:
        pytest.skip("root ignores the modes of files")
    run, server, before, after = run_row(row, fetch, serve, space)
    assert (run.status, after) == (row.status, before), run.err
    assert re.search(row.says, run.last, re.IGNORECASE), run.err
    assert EXPECTED_TO_SAY_WHAT_NEXT.search(run.last), run.err
    assert run.out == b""
    assert len(run.last) < 600 and run.last.isprintable(), run.last
    if row.asked is not None:
        assert bool(server.requests) == row.asked
    # What ends at once does not wait for the deadline, and asks once.
    if not row.retried and "deadline" not in row.options:
        assert len(server.requests) <= 1
        assert run.seconds < 8


def test_table_rows_are_distinct():
    assert len({row.name for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("args,says", [
    ((), r"--url"),
    (("--url", ""), r"--url"),
])
def test_without_a_url(fetch, args, says):
    run = fetch(None, *args)
    assert run.status == 64
    assert re.search(says, run.last), run.err


def test_the_wait_of_retry_after_is_obeyed(fetch, serve):
    answers = iter([http(503, headers=["Retry-After: 3"]), good()])
    server = serve(lambda _: next(answers))
    run = fetch(server.url("/token/user"), deadline="20s")
    assert run.status == 0, run.err
    assert 2.9 < run.seconds < 8


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
        started = time.monotonic()
        run = fetch(server.url("/token/user"), timeout="1s", deadline="1s")
        assert run.status == 75, run.err
        assert time.monotonic() - started < 4


def test_json_lines(fetch, serve):
    server = serve(http(403, {"error": "access_denied"}))
    run = fetch(server.url("/token"), protocol="token-exchange", log_format="json")
    assert run.status == 77
    lines = [json.loads(line) for line in run.lines]
    for line in lines:
        assert {"level", "ts", "msg"} <= set(line)
        assert abs(line["ts"] - time.time()) < 60
    last = [line for line in lines if line["level"] == "error"][-1]
    assert "403" in last["msg"]
    assert last["error"] == "denied"
    assert last["sts_error"] == "access_denied"
    assert last["hint"]


def test_json_is_the_default_without_a_terminal(fetch, serve):
    server = serve(good())
    run = fetch(server.url("/token/user"), log_format=None)
    assert run.status == 0
    assert run.lines
    for line in run.lines:
        assert json.loads(line)["level"] in ("info", "warn")
