# SPDX-License-Identifier: Apache-2.0
"""A Dex server with an OIDC connector that trusts mock-sts: token exchange with connector_id and Basic authentication, in a chain after the
exchange that gets the token of mock-sts."""
import json
import os
import ssl
import subprocess
import time
import urllib.request

import jwt
import pytest

from harness import pki
from harness.servers import free_port
from harness.sidecar import Space
from reading import LIFE, OFTEN, while_refreshing

PATIENCE_S = 60
CLIENT = "sidecar:of shop"
# Both halves are form-encoded before they are joined and base64-encoded (RFC 6749 section 2.3.1); Dex decodes them so.
SECRET = "p%41ss+w&rd /~:=?"
TYPE = "urn:ietf:params:oauth:token-type:"


class Dex:
    def __init__(self, folder, ca, mock):
        self.issuer = f"https://localhost:{(port := free_port())}/dex"
        self.ca_file = folder / "dex-ca.pem"
        self.ca_file.write_bytes(ca.pem)
        cert, key = pki.server(ca).files(folder)
        configuration = {
            "issuer": self.issuer,
            "storage": {"type": "memory"},
            "web": {"https": f"127.0.0.1:{port}", "tlsCert": cert, "tlsKey": key},
            "expiry": {"idTokens": "20s"},
            "oauth2": {"skipApprovalScreen": True},
            "connectors": [{"type": "oidc", "id": "cluster-blue", "name": "mock", "config": {
                "issuer": f"https://localhost:{mock.port}", "clientID": "unused", "clientSecret": "unused", "redirectURI": f"{self.issuer}/callback",
                "rootCAs": [str(mock.folder / "ca.pem")], "scopes": ["groups"], "userNameKey": "saname"}}],
            "staticClients": [{"id": CLIENT, "secret": SECRET, "name": "sidecar", "redirectURIs": ["https://localhost/none"]}],
        }
        (folder / "dex.json").write_text(json.dumps(configuration))
        with open(folder / "dex.log", "ab") as log:
            self.process = subprocess.Popen([os.environ["STS_INTEROP_DEX"], "serve", folder / "dex.json"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=folder)
        self.context = ssl.create_default_context(cafile=str(self.ca_file))
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.keys()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.close()
                    raise AssertionError((folder / "dex.log").read_text()) from None
            time.sleep(0.1)

    def keys(self):
        with urllib.request.urlopen(f"{self.issuer}/keys", context=self.context, timeout=5) as answer:
            return {key["kid"]: jwt.PyJWK(key) for key in json.load(answer)["keys"]}

    def verify(self, token):
        key = self.keys()[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, algorithms=[key.algorithm_name], audience=CLIENT, issuer=self.issuer)

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def chain(rig, ca, folder):
    """An exchange at mock-sts that is done, Dex, and the options of the exchange that follows."""
    sts = rig(*LIFE)
    dex = Dex(folder, ca, sts.mock)
    try:
        (folder / "second").mkdir()
        (folder / "second").chmod(0o755)
        second = Space(folder / "second")
        secret = second.write("secret", SECRET)
        # The server is Go's; its certificate is from a CA of its own.
        ca_file = second.write("ca.crt", ca.pem)
        yield sts, dex, second, {
            "url": f"{dex.issuer}/token", "protocol": "token-exchange", "token-file": sts.out / "token.jwt", "output-dir": second.out,
            "cacert-path": ca_file, "subject-token-type": TYPE + "id_token", "param": "connector_id=cluster-blue", "scope": "openid",
            "client-id": CLIENT, "client-secret-file": secret, "client-auth": "basic"}
    finally:
        dex.close()


def test_chain(chain):
    """Dex exchanges the token of mock-sts: connector_id, Basic authentication with a client id and a secret full of reserved characters"""
    sts, dex, second, options = chain
    assert sts.command("fetch", *sts.options(deadline="10s")).status == 0
    for wanted in ("access_token", "id_token"):
        result = sts.command("fetch", *sts.options(**options, requested_token_type=TYPE + wanted))
        assert result.status == 0, result.err
        claims = dex.verify((second.out / "token.jwt").read_text())
        assert claims["sub"]
        expires = (second.out / "expires").read_text()
        assert abs(time.mktime(time.strptime(expires, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - claims["exp"]) <= 1, (expires, claims)


@pytest.mark.parametrize("change, status, words", [
    ({"param": "connector_id=cluster-green"}, 77, "invalid_request"),
    ({"client-auth": "none", "client-id": None, "client-secret-file": None}, 77, "invalid_client"),
    ({"subject-token-type": TYPE + "jwt"}, 77, "request_not_supported"),
], ids=["an unknown connector", "no client", "a type that Dex does not take"])
def test_refusals(chain, change, status, words):
    """what Dex refuses is said in one line a try, with its error code"""
    sts, _, second, options = chain
    assert sts.command("fetch", *sts.options(deadline="10s")).status == 0
    result = sts.command("fetch", *sts.options(**options | change, deadline="2s"))
    assert result.status == status, result.err
    assert all(words in line for line in result.lines), result.err
    assert not (second.out / "token.jwt").exists()


def test_readers(chain):
    """two exchanges in a chain, mock-sts then Dex, across three refreshes of both: each token is accepted with Dex's keys"""
    sts, dex, second, options = chain
    sts.run(options=OFTEN)
    sts.has_token()
    sts.run(options=options | OFTEN)

    def read():
        token = (second.out / "token.jwt").read_text()
        dex.verify(token)
        return token
    deadline = time.monotonic() + 10
    while not (second.out / "expires").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    while_refreshing(sts, {"verifier": read})
