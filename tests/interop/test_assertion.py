# SPDX-License-Identifier: Apache-2.0
"""Row client-assertion at oidc-provider: the client is known by a JWT of mock-sts, the server fetches mock-sts's keys by itself, verifies
signature, times, audience and that no assertion comes twice."""
import contextlib
import json
import ssl
import urllib.parse
import urllib.request

import jwt
import pytest

from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from reading import LIFE, OFTEN, Node, while_refreshing

CLIENT, RESOURCE = "shop-cart", "https://api.example/orders"


class Provider(Node):
    """oidc-provider on loopback, with TLS by Node."""

    def __init__(self, folder, ca, mock, lifetime_s, port):
        self.issuer, self.ca_file = f"https://localhost:{port}", folder / "op-ca.pem"
        self.ca_file.write_bytes(ca.pem)
        cert, key = pki.server(ca).files(folder)
        super().__init__("op.mjs", {"issuer": self.issuer, "port": port, "cert": cert, "key": key, "client": CLIENT, "lifetime": lifetime_s,
                                    "jwks": f"https://localhost:{mock.port}/certs"},
                         {"NODE_EXTRA_CA_CERTS": str(mock.folder / "ca.pem")})
        context = ssl.create_default_context(cafile=str(self.ca_file))

        def keys():
            with contextlib.suppress(OSError), urllib.request.urlopen(self.issuer + "/jwks", context=context, timeout=5) as answer:
                return {key["kid"]: jwt.PyJWK(key) for key in json.load(answer)["keys"]}
        self.keys = wait_for(keys, "the keys of oidc-provider")

    def verify(self, token):
        key = self.keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["RS256"], audience=RESOURCE, issuer=self.issuer)
        assert (claims["client_id"], claims["scope"]) == (CLIENT, "read"), claims
        return claims


@pytest.fixture
def provider(rig, ca, folder):
    port = free_port()
    # The assertion of a client names it as issuer and subject; mock-sts is told to say so.
    bent = urllib.parse.urlencode({"set": f'iss:"{CLIENT}"'}) + "&" + urllib.parse.urlencode({"set": f'sub:"{CLIENT}"'})
    sts = rig("--audience", f"https://localhost:{port}", "--fault", bent, *LIFE, "--alg", "ES256")
    with Provider(folder, ca, sts.mock, 12, port) as made:
        sts.second = folder / "second"
        sts.second.mkdir()
        sts.second.chmod(0o777)
        sts.asks = {"url": made.issuer + "/token", "protocol": "client-assertion", "token-file": sts.out / "token.jwt",
                    "output-dir": sts.second, "cacert-path": made.ca_file, "client-id": CLIENT, "scope": "read", "resource": RESOURCE}
        yield sts, made


def test_assertion(provider):
    """oidc-provider takes the token of mock-sts as a client's assertion, once; the same one again is refused and said so"""
    sts, op = provider
    assert sts.command("fetch", *sts.options()).status == 0
    result = sts.command("fetch", *sts.options(**sts.asks))
    assert result.status == 0, (result.err, op())
    op.verify((sts.second / "token.jwt").read_text())
    assert not op()["refused"]
    result = sts.command("fetch", *sts.options(**sts.asks), "--deadline", "1s")
    assert result.status == 77 and "invalid_client" in result.last, (result.err, op())
    op.verify((sts.second / "token.jwt").read_text())


@pytest.mark.parametrize("change", [{"client-id": "another"}, {"resource": "nothing"}], ids=["client", "resource"])
def test_refusals(provider, change):
    """a refusal of oidc-provider ends with its OAuth code and the status for a denial"""
    sts, op = provider
    assert sts.command("fetch", *sts.options()).status == 0
    result = sts.command("fetch", *sts.options(**sts.asks | change), "--deadline", "5s")
    assert result.status == 77 and '"sts_error":"invalid_' in result.last, (result.err, op())


def test_readers(provider):
    """a chain, mock-sts then oidc-provider, across three refreshes: each assertion is sent once, and each token is accepted"""
    sts, op = provider
    sts.run(options=OFTEN)
    wait_for((sts.out / "expires").exists, "the first token")
    # 12 s, of which more than 6 pass: there is a new assertion every 5 s.
    sts.run(options=sts.asks)
    wait_for((sts.second / "expires").exists, "the second token")

    def read():
        token = (sts.second / "token.jwt").read_text()
        op.verify(token)
        return token
    while_refreshing(sts, {"verifier": read})
    assert not op()["refused"]
