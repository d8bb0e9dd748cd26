# SPDX-License-Identifier: Apache-2.0
"""Servers that cannot be reached, do not speak, or go away."""
from harness import servers, tokens
from harness.bad_input import Row, check, each, good
from harness.tokens import http


def ca_is(data):
    return lambda space: space.ca_file.write_bytes(data)


def ca_missing(space):
    space.ca_file.unlink()


NETWORK = [
    Row("unknown host", 69, "unknown_host", r"no-such-host\.invalid: no such name", url=lambda port: "https://no-such-host.invalid/token/user",
        asked=False, retried=True),
    Row("refused", 69, "connect", r"127\.0\.0\.1:\d+: connection refused", url=lambda port: f"https://127.0.0.1:{servers.free_port()}/token/user", asked=False, retried=True),
    Row("the port does not speak TLS", 69, "tls", "answered in plain HTTP", answer=http(400, b"speak TLS"), server={"tls": False, "blind": True},
        asked=None, retried=True),
    Row("the server accepts and says nothing", 75, "timeout", "waiting in the TLS handshake", server={"stall": "accept"},
        options={"timeout": "1s", "deadline": "1s"}, asked=False),
    Row("no answer within the time", 75, "timeout", "waiting for the answer", server={"stall": "request"}, options={"timeout": "1s", "deadline": "1s"},
        asked=True),
    Row("half an answer, then nothing", 75, "timeout", "waiting for the answer", answer=servers.Answer(good()[:200], "stall"),
        options={"timeout": "1s", "deadline": "1s"}),
    Row("no CA file", 69, "ca_file", r"ca\.crt: no such file", prepare=ca_missing, more=("--cacert-only",), asked=False),
    Row("CA file without certificates", 69, "ca_file", r"ca\.crt: no PEM certificate", prepare=ca_is(b"# nothing\n"), more=("--cacert-only",),
        asked=False),
    Row("CA file of garbage", 69, "ca_file", r"ca\.crt: no usable certificate: 1 malformed",
        prepare=ca_is(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), more=("--cacert-only",), asked=False),
    Row("reset after the request", 75, "truncated", "closed without an answer", answer=servers.Answer(b"", "reset"), retried=True),
    Row("closed without an answer", 75, "truncated", "closed without an answer", answer=servers.Answer(b"", "clean"), retried=True),
]


@each(*NETWORK)
def test_servers_that_cannot_be_asked(row, fetch, serve, space):
    check(row, fetch, serve, space)


def test_plain_http_to_loopback_when_asked(fetch, serve, space):
    token = tokens.issued()
    server = serve(tokens.openunison(token), tls=False)
    run = fetch(f"http://127.0.0.1:{server.port}/x", "--insecure-http", cacert_path=None)
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token
