# SPDX-License-Identifier: Apache-2.0
"""An answer that is cut short, at every byte: never a token. Cut in the ciphertext by an abrupt end of TCP, and in the plaintext by an
honest close_notify; for each way of framing a body."""
import concurrent.futures
import contextlib
import json
import socket
import ssl

import pytest
from conftest import PATIENCE_S
from harness import pki, servers

CA = pki.authority()
TOKEN = "e30.e30.c2ln"
BODY = json.dumps({"token": {"jwt": TOKEN}}).encode()
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:])) + b"0\r\n\r\n"
ANSWERS = {
    "length": HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "chunked": HEAD + CHUNKED,
    "close": HEAD + b"\r\n" + BODY,
}
# How much longer a record is than its content: header, explicit nonce (1.2) or type (1.3), and tag.
VERSIONS = {ssl.TLSVersion.TLSv1_2: 5 + 8 + 16, ssl.TLSVersion.TLSv1_3: 5 + 1 + 16}
RECORD_BYTES = 40  # so that ends of records are among the cuts


class Server:
    """Answers one connection, with a part of the answer; later connections find the port closed."""

    def __init__(self, context):
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.port = self.listener.getsockname()[1]

    def talk(self, tell):
        """tell(ssl object, its outgoing bytes) gives what is sent after the request."""
        raw, _ = self.listener.accept()
        self.listener.close()
        raw.settimeout(PATIENCE_S)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)
        with contextlib.closing(raw):
            self.pump(raw, incoming, outgoing, tls.do_handshake)
            self.pump(raw, incoming, outgoing, lambda: tls.read(65536))
            raw.sendall(tell(tls, outgoing))

    @staticmethod
    def pump(raw, incoming, outgoing, step):
        while True:
            try:
                step()
                raw.sendall(outgoing.read())
                return
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                data = raw.recv(65536)
                if not data:
                    raise ConnectionAbortedError("the program has given up")
                incoming.write(data)


def records(tls, outgoing, data):
    for at in range(0, len(data), RECORD_BYTES):
        tls.write(data[at:at + RECORD_BYTES])
    return outgoing.read()


def cut_ciphertext(data, at):
    return lambda tls, outgoing: records(tls, outgoing, data)[:at]


def cut_plaintext(data, at):
    def tell(tls, outgoing):
        sent = records(tls, outgoing, data[:at])
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.unwrap()
        return sent + outgoing.read()
    return tell


def ciphertext_bytes(data, version):
    """The size of these bytes when they are sent."""
    return len(data) + VERSIONS[version] * -(-len(data) // RECORD_BYTES)


def error_of(data, at):
    """A body that ends with the connection, and ends honestly, is whole for TLS and HTTP. It is still no JSON."""
    head = data.index(b"\r\n\r\n") + 4
    if data != ANSWERS["close"] or at < head:
        return "truncated"
    return "empty" if at == head else "json"


def cuts(data, version):
    """(what is cut and where, how to send it, is the answer whole?, the error where it is not), by framing."""
    whole = ciphertext_bytes(data, version)
    for at in range(whole + 1):
        yield f"ciphertext {at} of {whole}", cut_ciphertext(data, at), at == whole, "truncated"
    for at in range(len(data) + 1):
        yield f"plaintext {at} of {len(data)}", cut_plaintext(data, at), at == len(data), error_of(data, at)


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def version(request):
    return request.param


@pytest.fixture
def attempt(stand, tmp_path, version):
    context = servers.tls_context(pki.server(CA), tmp_path, lowest=version, highest=version, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    bundle = stand.space.write("cut.pem", CA.pem)

    def run(tell):
        server = Server(context)
        with stand.program.start("fetch", "--protocol", "openunison", "--url", f"https://127.0.0.1:{server.port}/", "--token-file",
                                 stand.space.token_file, "--stdout", "--cacert-only", "--cacert-path", bundle, "--timeout", "1s",
                                 "--deadline", "1s", "--log-format", "json") as process:
            with contextlib.suppress(OSError):      # on a busy machine the program may have given up already, which its words tell
                server.talk(tell)
            return process.wait(PATIENCE_S)
    return run


@pytest.mark.parametrize("framing", ANSWERS)
def test_an_answer_that_is_cut_short_gives_no_token(framing, version, attempt):
    """As many at a time as there is patience: a program that was cut off waits before it tries again."""
    bad, whole = [], 0

    def check(where, tell, is_whole, error):
        run = attempt(tell)
        while run.status != 0 and json.loads(run.lines[0])["error"] == "timeout":
            run = attempt(tell)  # the machine is busy
        # An answer that ends with the connection is whole only after a close_notify.
        if is_whole and not (framing == "close" and where.startswith("cipher")):
            return 1, where if run.status != 0 or run.out.strip() != TOKEN.encode() else None
        first = json.loads(run.lines[0])
        fine = run.status != 0 and run.out == b"" and first["error"] == error
        return 0, None if fine else f"{where}: {run.status} {run.out!r} {first}"

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for count, wrong in pool.map(lambda cut: check(*cut), cuts(ANSWERS[framing], version)):
            whole += count
            bad += [wrong] if wrong else []
    assert bad == []
    assert whole == (1 if framing == "close" else 2)
