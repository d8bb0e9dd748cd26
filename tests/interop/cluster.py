# SPDX-License-Identifier: Apache-2.0
"""What servers see of a Kubernetes cluster: an issuer with discovery and keys over TLS, and the tokens that it signs."""
import http.server
import json
import re
import ssl
import threading
import time
import uuid

import jwt
from jwt.algorithms import RSAAlgorithm

from harness import pki

KID = "cluster-key-1"


class Cluster:
    """asked: the paths that were asked for."""

    def __init__(self, ca, folder):
        self.key, self.asked = pki.new_key("rsa"), []
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                cluster.asked.append(self.path)
                answer = cluster.documents().get(self.path)
                body = json.dumps(answer).encode()
                self.give(200 if answer else 404, body)

            def do_POST(self):
                cluster.asked.append(self.path)
                about = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = cluster.token_request(self.path, about)
                self.give(201 if answer else 404, json.dumps(answer).encode())

            def give(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*pki.server(ca).files(folder))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.issuer = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def documents(self):
        public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer, "jwks_uri": f"{self.issuer}/openid/v1/jwks", "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]},
            "/openid/v1/jwks": {"keys": [public | {"kid": KID, "use": "sig", "alg": "RS256"}]},
        }

    def token_request(self, path, about):
        """What the API server does with a TokenRequest. None: there is no such path."""
        found = re.fullmatch("/api/v1/namespaces/([^/]+)/serviceaccounts/([^/]+)/token", path)
        if not found:
            return None
        spec = about["spec"]
        token = self.token(spec["audiences"][0], found[1], found[2], spec["expirationSeconds"])
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + spec["expirationSeconds"]))
        return about | {"status": {"token": token, "expirationTimestamp": end}}

    def token(self, audience, namespace="shop", name="cart", lifetime_s=3600, key=None, **claims):
        """A token as the kubelet projects it. claims: others in place of its own."""
        now = int(time.time())
        return jwt.encode({
            "aud": [audience], "exp": now + lifetime_s, "iat": now, "iss": self.issuer, "jti": str(uuid.uuid4()),
            "kubernetes.io": {"namespace": namespace, "node": {"name": "node-1", "uid": str(uuid.uuid4())},
                              "pod": {"name": f"{name}-0", "uid": str(uuid.uuid4())},
                              "serviceaccount": {"name": name, "uid": str(uuid.uuid4())}, "warnafter": now + lifetime_s},
            "nbf": now, "sub": f"system:serviceaccount:{namespace}:{name}", **claims}, key or self.key, algorithm="RS256", headers={"kid": KID})
