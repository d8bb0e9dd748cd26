# SPDX-License-Identifier: Apache-2.0
"""A server that refuses the client's certificate in TLS 1.3, where the request is on its way by then. After an alert, which only the
server can have sent, a subject token that may be sent once counts as not sent; after a bare reset it counts as sent."""
import contextlib
import socket
import ssl
import struct
import threading

import pytest

from harness import servers
from harness.runs import rig  # rig: fixture

ONCE = ("--param=federation_rule_id=fdrl_1", "--param=organization_id=o")
PATIENCE_S = 20


class Refusing:
    """Asks for a client certificate, gets none, and refuses: by an alert, or by a reset of the connection alone."""

    def __init__(self, identity, folder, says):
        self.context = servers.tls_context(identity, folder, lowest=ssl.TLSVersion.TLSv1_3)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.says, self.refused, self.closed = says, 0, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.1)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def close(self):
        self.closed = True
        self.thread.join(PATIENCE_S)
        self.listener.close()

    def accept(self):
        while not self.closed:
            with contextlib.suppress(TimeoutError):
                raw, _ = self.listener.accept()
                raw.settimeout(PATIENCE_S)
                with contextlib.closing(raw):
                    self.refuse(raw)

    def refuse(self, raw):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.context.wrap_bio(incoming, outgoing, server_side=True)
        try:
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    server.do_handshake()
                    raise AssertionError("the client has sent a certificate")
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))
        except ssl.SSLError:
            self.refused += 1
        if not self.says:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        raw.sendall(outgoing.read())
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):  # a close with unread bytes would be a reset
            pass


@pytest.fixture
def refuse(rig, identity, folder, ca):
    """refuse(says): a running sidecar and its server, after the first refusal."""
    with contextlib.ExitStack() as stack:
        def start(says):
            server = stack.enter_context(contextlib.closing(Refusing(identity, folder, says)))
            made = rig()
            ca_file = made.space.write("server-ca.crt", ca.pem)
            made.run(*ONCE, options={"protocol": "anthropic", "url": f"https://localhost:{server.port}/v1/oauth/token", "cacert-path": ca_file})
            return made, server
        yield start


def test_an_alert_means_that_the_token_was_not_taken(refuse):
    made, server = refuse(says=True)
    line = made.said("wants a client certificate, and none is given (alert 116: certificate required)")[0]
    assert line["error"] == "client_cert"
    made.command("refresh", "--timeout", "1s", made.out)
    made.said("wants a client certificate, and none is given (alert 116: certificate required)", 2)
    assert server.refused == 2


def test_a_reset_leaves_that_open(refuse):
    made, server = refuse(says=False)
    line = made.said("it probably wants a client certificate, and none is given")[0]
    assert line["error"] == "client_cert"
    made.command("refresh", "--timeout", "1s", made.out)
    made.said("was sent already")
    assert server.refused == 1


def test_doctor_names_the_certificate(rig, identity, folder, ca):
    """The request was not taken, so that the subject token is as good as before: the sidecar beside it may send it."""
    with contextlib.closing(Refusing(identity, folder, says=True)) as server:
        made = rig()
        run = made.command("doctor", "--url", f"https://localhost:{server.port}/token", "--protocol", "openunison", "--token-file", made.space.token_file,
                           "--cacert-path", made.space.write("server-ca.crt", ca.pem), "--output-dir", made.out)
        assert run.status == 1 and server.refused == 1
        assert "wants a client certificate, and none is given" in " ".join(run.out.decode().split())
        assert "[client_cert]" in run.out.decode()
