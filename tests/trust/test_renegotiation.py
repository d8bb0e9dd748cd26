# SPDX-License-Identifier: Apache-2.0
"""Servers that ask to renegotiate in TLS 1.2 once they have read the request, as Apache does to ask for a client certificate for one
location. They are told no (a warning, no_renegotiation), once, whatever they do then."""
import contextlib
import subprocess

import pytest
import tls12
from cryptography.hazmat.primitives import serialization
from harness import pki, servers

CA = pki.authority(cn="CA")
LEAF = pki.server(CA, names=["sts.example.com"], ips=[])
DER = LEAF.certificate.public_bytes(serialization.Encoding.DER)
HELLO_REQUEST, NO_RENEGOTIATION = bytes(4), b"\1\x64"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


class Asking(tls12.Connection):
    """Asks so many times, and keeps the alerts that come back."""

    def ask(self, count=1):
        request = servers.read_request(self)
        for _ in range(count):
            self._send(tls12.HANDSHAKE, HELLO_REQUEST)
        head = self._exactly(5)
        return request and self.opener.open(head[0], self._exactly(int.from_bytes(head[3:], "big")))


@pytest.fixture
def attempt(stand):
    """attempt(then, ...): the verdict on a server that asks, and then does this; and what the client said to it."""
    def run(then, count=1):
        said = []

        def talk(raw):
            connection = Asking(raw, [DER], LEAF.key)
            said.append(connection.ask(count))
            then(connection)
        anchors = stand.space.write("anchors.pem", CA.pem)
        verdict = stand.try_once(talk, "sts.example.com", "--cacert-only", "--cacert-path", anchors, deadline="1s")
        return verdict, said[0]
    return run


def test_an_answer_all_the_same(stand, attempt):
    verdict, said = attempt(lambda connection: connection.sendall(stand.answer))
    assert (verdict.code, said) == ("ok", NO_RENEGOTIATION), verdict.message


def test_an_answer_403(stand, attempt):
    verdict, said = attempt(lambda connection: connection.sendall(FORBIDDEN))
    assert (verdict.code, said) == ("denied", NO_RENEGOTIATION)
    said, request, subject = verdict.message.split("; ", 2)
    assert said == "unexpected status 403 (the server asked to renegotiate TLS, which is not done)"
    assert request == f"request: GET https://sts.example.com:{stand.port}/vault/token/user"
    assert subject.startswith("subject token: iss "), subject


ENDS = {"close": lambda connection: None, "close_notify": lambda connection: connection.unwrap(),
        "handshake_failure": lambda connection: connection._send(tls12.ALERT, b"\2\x28")}  # pylint: disable=protected-access


@pytest.mark.parametrize("end", ENDS)
def test_no_answer(end, attempt):
    verdict, said = attempt(ENDS[end])
    assert (verdict.code, said) == ("tls_renegotiation", NO_RENEGOTIATION), verdict.message
    assert verdict.message == "the server asked to renegotiate, which this program does not do, and ended the connection"


def test_it_is_told_no_once(attempt):
    verdict, said = attempt(lambda connection: connection.recv(1), count=2)
    assert (verdict.code, said) == ("tls_renegotiation", NO_RENEGOTIATION), verdict.message


def test_openssl(stand):
    """OpenSSL, which Apache uses, ends the connection when it is told no."""
    cert, key = LEAF.files(stand.folder)
    bundle = stand.space.write("anchors.pem", CA.pem)
    port = servers.free_port()
    command = ["openssl", "s_server", "-tls1_2", "-accept", f"127.0.0.1:{port}", "-naccept", "2", "-cert", cert, "-key", key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        with contextlib.ExitStack() as stack:
            stack.callback(server.kill)
            servers.wait_for_port(port)
            process = stand.start("sts.example.com", "--cacert-only", "--cacert-path", bundle, port=port)
            while b"vault/token/user" not in (line := server.stdout.readline()):
                assert line, "the server has ended"
            server.stdin.write(b"R\n")
            server.stdin.flush()
            verdict = stand.finish(process)
    assert verdict.code == "tls_renegotiation", verdict.message
