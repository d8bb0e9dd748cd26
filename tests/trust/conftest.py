# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the trust tests: those of the end-to-end tests, and one attempt at a time against a server that the test plays itself."""
import contextlib
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives import serialization

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import chains  # noqa: E402
import tls12  # noqa: E402
import tls13  # noqa: E402
from harness import servers, tokens  # noqa: E402
from harness.fixtures import ca, fetch, folder, identity, limit, serve, sidecar, space, subject  # noqa: E402,F401
from harness.sidecar import TOP, Sidecar, Space  # noqa: E402

PATIENCE_S = 20
# OpenSSL says one of these where the client's suites and signature schemes have no place for the chain.
UNWILLING = ("NO_SHARED_CIPHER", "NO_SUITABLE_SIGNATURE_ALGORITHM")


@dataclass
class Verdict:
    code: str  # as in lib/base/error.h: "ok", "cert_name", ...
    message: str  # without the server at its end
    served_by: str = ""  # "OpenSSL" or "ours": tls12.py, tls13.py
    asked: bool = False  # did the server see a request?
    run: subprocess.CompletedProcess = field(default=None, repr=False)


class Stand:
    """A listening socket; for each attempt it starts `fetch` and then plays the server, one connection, in this very thread."""

    def __init__(self, program):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-trust-"))
        self.folder.chmod(0o755)
        self.space = Space(self.folder)
        self.space.write("sts-token", tokens.subject())
        self.token = tokens.issued(3600)
        self.answer = tokens.openunison(self.token)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self.listener.settimeout(PATIENCE_S)
        self.port = self.listener.getsockname()[1]
        self.server = ""  # the end of a message about TLS or trust: the server of the present attempt, and its address

    def close(self):
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, host, *args, env=None, deadline="10s", port=None):
        port = port or self.port
        host = f"[{host}]" if ":" in host else host
        self.server = f"; server: {host}:{port} at 127.0.0.1:{port}"
        return self.program.start("fetch", "--protocol", "openunison", "--url", f"https://{host}:{port}/vault/token/user",
                                  "--connect", f"127.0.0.1:{port}", "--token-file", self.space.token_file, "--stdout",
                                  "--timeout", "10s", "--deadline", deadline, "--log-format", "json", *args, env=env)

    def accept(self):
        raw, _ = self.listener.accept()
        raw.settimeout(PATIENCE_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return raw

    def drain(self):
        """Connections of a program that tried again, and was not listened to."""
        self.listener.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.listener.accept()[0].close()
        self.listener.settimeout(PATIENCE_S)

    def finish(self, process):
        run = process.wait(PATIENCE_S)
        if run.status == 0:
            assert run.out.decode().strip() == self.token
            return Verdict("ok", "", run=run)
        assert run.out == b"", "no token where there is an error"
        first = next(line for line in map(json.loads, run.lines) if "error" in line)  # a further attempt finds no server
        return Verdict(first["error"], self.without_server(first["error"], first["msg"]), run=run)

    def without_server(self, code, message):
        """Each message about TLS, or about the server's chain, ends with the server; another one names this server or none."""
        said = message.removesuffix(self.server)
        assert said != message or not code.startswith(("cert_", "tls")), message
        assert "; server: " not in said, message
        return said

    def try_once(self, talk, host, *args, **more):
        """talk(raw socket) plays the server. Returns the verdict; asked when talk returned something true."""
        self.drain()
        with self.start(host, *args, **more) as process:
            asked = False
            with contextlib.closing(self.accept()) as raw, contextlib.suppress(OSError, ssl.SSLError, tls12.Refused):
                asked = bool(talk(raw))
            verdict = self.finish(process)
        verdict.asked = asked
        return verdict

    def exchange(self, connection):
        """Reads one request and answers it, on a TLS connection."""
        request = servers.read_request(connection)
        connection.sendall(self.answer)
        with contextlib.suppress(OSError, ssl.SSLError):
            connection.unwrap()
        return request

    # Chains by name

    def context(self, chain, key, version):
        """OpenSSL's, or None when it will not serve this."""
        if key is None or not chain:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        cert, secret = self.folder / "tls.crt", self.folder / "tls.key"
        cert.write_text(chains.bundle(chain))
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                             serialization.NoEncryption()))
        try:
            context.load_cert_chain(cert, secret)
        except ssl.SSLError:
            return None
        return context

    def judge(self, chain, anchors, host, env=None, version=ssl.TLSVersion.TLSv1_3):
        """What the program says to a chain, which OpenSSL serves wherever it will, over a version of TLS."""
        key = chains.private_key(chains.server_label(chain))
        bundle = self.space.write("anchors.pem", chains.bundle(anchors))
        context, unwilling = self.context(chain, key, version), []

        def openssl(raw):
            try:
                return self.exchange(context.wrap_socket(raw, server_side=True))
            except ssl.SSLError as error:
                if error.reason in UNWILLING:
                    unwilling.append(error)
                raise

        def ours(raw):
            server = tls12 if version == ssl.TLSVersion.TLSv1_2 else tls13
            return self.exchange(server.Connection(raw, [chains.made()[label] for label in chain], key))
        options = ("--cacert-only", "--cacert-path", bundle)
        verdict = self.try_once(openssl, host, *options, env=env) if context else None
        if not context or unwilling:
            context, verdict = None, self.try_once(ours, host, *options, env=env)
        verdict.served_by = "OpenSSL" if context else "ours"
        return verdict


def make_stand(program):
    stand = Stand(program)
    yield stand
    stand.close()


@pytest.fixture(scope="session")
def stand(sidecar):
    yield from make_stand(sidecar)


@pytest.fixture(scope="session")
def timed():
    """The same with the sanitizer build, which has STS_TEST_TIME."""
    path = TOP / "build-asan/sts-sidecar"
    if not path.exists():
        pytest.skip("there is no sanitizer build")
    program = Sidecar(path)
    yield from make_stand(program)
    shutil.rmtree(program.folder, ignore_errors=True)
