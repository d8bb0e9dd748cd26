# SPDX-License-Identifier: Apache-2.0
"""What servers see of a Kubernetes cluster: an issuer with discovery and keys over TLS, TokenRequest, and the tokens that the issuer signs."""
import json
import time
import uuid

import jwt
from jwt.algorithms import RSAAlgorithm

from harness import pki, servers, tokens
from harness.api_server import ApiServer

KID = "cluster-key-1"


class Cluster:
    def __init__(self, ca, folder):
        self.key, self.api = pki.new_key("rsa"), ApiServer(mint=self.sign)
        self.server = servers.Server(self.answer, tls=servers.tls_context(pki.server(ca), folder))
        self.issuer = f"https://localhost:{self.server.port}"

    def close(self):
        self.server.close()

    def answer(self, request):
        document = self.documents().get(request.decode().split(" ")[1])
        if document:
            return tokens.http(200, document, headers=["Content-Type: application/json", "Connection: close"])
        return self.api.answer(request)

    def documents(self):
        public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer, "jwks_uri": f"{self.issuer}/openid/v1/jwks", "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]},
            "/openid/v1/jwks": {"keys": [public | {"kid": KID, "use": "sig", "alg": "RS256"}]},
        }

    def sign(self, claims, key=None):
        return jwt.encode({"iss": self.issuer, "jti": str(uuid.uuid4())} | claims, key or self.key, algorithm="RS256", headers={"kid": KID})

    def token(self, audience, namespace="shop", name="cart", lifetime_s=3600, key=None, **claims):
        """A token as the kubelet projects it. claims: others in place of its own."""
        now = int(time.time())
        return self.sign({
            "aud": [audience], "exp": now + lifetime_s, "iat": now,
            "kubernetes.io": {"namespace": namespace, "node": {"name": "node-1", "uid": str(uuid.uuid4())},
                              "pod": {"name": f"{name}-0", "uid": str(uuid.uuid4())},
                              "serviceaccount": {"name": name, "uid": str(uuid.uuid4())}, "warnafter": now + lifetime_s},
            "nbf": now, "sub": f"system:serviceaccount:{namespace}:{name}"} | claims, key)
