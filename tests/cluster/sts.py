# SPDX-License-Identifier: Apache-2.0
"""A mock STS that trusts the tokens of the cluster, on port 443 of an address of its own, and the answers of an STS that gives one token to all."""
import http.client
import json
import ssl
import time
import urllib.parse

import jwt

from cluster import PARTNER, STS
from harness import pki, tokens
from harness.mock import PATIENCE_S, Mock

# Where the Pods find which name. mock-sts is also the services that the examples ask without a URL of their own.
SERVICES = ["sts.eu-central-1.amazonaws.com", "api.anthropic.com", "auth.openai.com", "keycloak.example.com", "openbao.example.com"]
NAMES = {"sts.example": STS, "sts.example.com": STS, "sts.partner.example.com": PARTNER, "proxy.example.com": PARTNER} | dict.fromkeys(SERVICES, STS)
ISSUER = "https://sts.example"


class Sts(Mock):
    def __init__(self, folder, ca, keys, issuer=ISSUER):
        """keys: the JWKS that verifies subject tokens. The paths of /token are under the path of the issuer as well."""
        self.issuer = issuer
        self.folder = folder / "sts"
        self.folder.mkdir()
        (self.folder / "ca.pem").write_bytes(ca.pem)
        cert, key = pki.server(ca, names=list(NAMES), ips=[STS]).files(self.folder)
        super().__init__(self.folder, "--listen", STS, "--port", "443", "--cert", cert, "--key", key, "--issuer", issuer, "--any-audience")
        (self.folder / "jwks.json").write_text(json.dumps(keys))

    def connection(self, host=None, timeout=PATIENCE_S):
        return http.client.HTTPSConnection(STS, 443, timeout=timeout, context=ssl.create_default_context(cafile=str(self.folder / "ca.pem")))

    def verify(self, token, audience):
        key = self.keys()[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, algorithms=[key.algorithm_name], audience=audience, issuer=self.issuer, options={"require": ["exp", "iat", "sub"]})

    def requests(self):
        return self.log.read_text().count("\n") if self.log.exists() else 0


def other_sts(audience):
    """An STS for servers.Server that answers each request with one token. Returns the token, the list of the subject tokens that come, and the
    function that answers."""
    issued = jwt.encode({"aud": audience, "exp": int(time.time()) + 900}, pki.new_key(), "ES256")
    got = []

    def answer(request):
        got.extend(urllib.parse.parse_qs(request.decode().partition("\r\n\r\n")[2])["subject_token"])
        body = {"access_token": issued, "issued_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_type": "Bearer", "expires_in": 900}
        return tokens.http(200, body, headers=["Content-Type: application/json"])
    return issued, got, answer
