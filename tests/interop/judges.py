# SPDX-License-Identifier: Apache-2.0
"""Servers on loopback that stand for relying parties which cannot be had here (Google, Microsoft, AWS). Each verifies the token that arrives
with PyJWT against the keys that mock-sts publishes, notes who it accepted and what it refused, and answers in the form that the SDK knows."""
import contextlib
import http.server
import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import jwt

PATIENCE_S = 20
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"


class Judge:
    """accepted: the jti of every token that was verified, in order. refused: why others were not."""

    def __init__(self, mock, audience="mock-audience", identity=None, folder=None):
        self.mock, self.audience = mock, audience
        self.accepted, self.refused, self.lock = [], [], threading.Lock()
        self.keys = {}
        judge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    status, kind, answer = judge.answer(self, body)
                except Exception as error:  # the judge's word on anything that is not as it must be
                    judge.refuse(error)
                    status, kind, answer = judge.denial(error)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = serve

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if identity:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*identity.files(folder))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.origin = f"{'https://localhost' if identity else 'http://127.0.0.1'}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def verify(self, token):
        """As a relying party does: the issuer's keys, its name, the audience, the times; not one byte around the token."""
        assert token == token.strip(), "white space around the token"
        kid = jwt.get_unverified_header(token)["kid"]
        with self.lock:
            if kid not in self.keys:
                self.keys = self.mock.keys()
        claims = jwt.decode(token, self.keys[kid], algorithms=[self.keys[kid].algorithm_name], audience=self.audience,
                            issuer=f"https://localhost:{self.mock.port}", options={"require": ["exp", "nbf", "iat", "jti", "sub"]})
        with self.lock:
            self.accepted.append(claims["jti"])
        return claims

    def refuse(self, error):
        with self.lock:
            self.refused.append(repr(error))

    def denial(self, error):
        return 400, "application/json", json.dumps({"error": "invalid_grant", "error_description": str(error)}).encode()

    def answer(self, request, body):
        raise NotImplementedError


def json_answer(value):
    return 200, "application/json", json.dumps(value).encode()


def form_of(body):
    pairs = urllib.parse.parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), f"a name twice in {[name for name, _ in pairs]}"
    return dict(pairs)


class Google(Judge):
    """The token endpoint of workload identity federation, form and JSON."""
    AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/mock"

    ACCOUNT = "sidecar@project.iam.gserviceaccount.com"
    SCOPE = "https://www.googleapis.com/auth/cloud-platform"

    def impersonate(self, request, body):
        """The second hop, with what the first one gave."""
        given = request.headers["Authorization"].removeprefix("Bearer federated-")
        assert given in self.accepted, "a Bearer that was never issued"
        asked = json.loads(body)
        if request.path.endswith(":generateIdToken"):
            assert asked["audience"] == "https://run.example", asked
            return json_answer({"token": jwt.encode({"aud": asked["audience"], "exp": int(time.time()) + 3600}, "judge" * 8)})
        assert asked["scope"] == [self.SCOPE], asked
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return json_answer({"accessToken": "impersonated-" + given, "expireTime": until})

    def answer(self, request, body):
        if request.path.startswith(f"/v1/projects/-/serviceAccounts/{self.ACCOUNT}:generate"):
            return self.impersonate(request, body)
        assert request.command == "POST" and request.path == "/v1/token", f"{request.command} {request.path}"
        assert "Authorization" not in request.headers, "an Authorization header"
        kind = request.headers["Content-Type"].partition(";")[0]
        if kind == "application/json":
            form = json.loads(body)
            names = ("grantType", "audience", "requestedTokenType", "subjectToken", "subjectTokenType")
        else:
            form = form_of(body)
            names = ("grant_type", "audience", "requested_token_type", "subject_token", "subject_token_type")
        grant, audience, wanted, token, token_type = (form[name] for name in names)
        assert grant == "urn:ietf:params:oauth:grant-type:token-exchange", grant
        assert audience == self.AUDIENCE, audience
        assert wanted == TOKEN_TYPE + "access_token", wanted
        assert token_type == TOKEN_TYPE + "jwt", token_type
        assert form["scope"] == self.SCOPE, form["scope"]
        claims = self.verify(token)
        return json_answer({"access_token": "federated-" + claims["jti"], "issued_token_type": wanted, "token_type": "Bearer",
                            "expires_in": 3600})


class Microsoft(Judge):
    """An authority: the metadata of a tenant, and its token endpoint with client credentials by assertion."""
    TENANT, CLIENT = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
    ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    def answer(self, request, body):
        base = f"{self.origin}/{self.TENANT}"
        path = request.path.partition("?")[0]
        if request.command == "GET":
            assert path == f"/{self.TENANT}/v2.0/.well-known/openid-configuration", path
            return json_answer({"issuer": f"{base}/v2.0", "token_endpoint": f"{base}/oauth2/v2.0/token",
                                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize", "jwks_uri": f"{base}/discovery/v2.0/keys"})
        assert path == f"/{self.TENANT}/oauth2/v2.0/token", path
        form = form_of(body)
        assert form["grant_type"] == "client_credentials", form["grant_type"]
        assert form["client_id"] == self.CLIENT, form["client_id"]
        assert form["client_assertion_type"] == self.ASSERTION, form["client_assertion_type"]
        assert form["scope"].endswith("/.default"), form["scope"]
        claims = self.verify(form["client_assertion"])
        return json_answer({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "entra-" + claims["jti"]})


class Amazon(Judge):
    """What moto does not do: it verifies the token, and only then hands the request on. Everything else goes through untouched."""

    def __init__(self, mock, moto, **more):
        self.moto = moto
        super().__init__(mock, **more)

    def denial(self, error):
        text = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>refused</Message></Error></ErrorResponse>"
        return 400, "text/xml", text.encode()

    def answer(self, request, body):
        if b"Action=AssumeRoleWithWebIdentity" in body:
            form = form_of(body)
            assert "Authorization" not in request.headers, "a signature where there are no credentials yet"
            self.verify(form["WebIdentityToken"])
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("connection", "content-length")}
        asked = urllib.request.Request(self.moto + request.path, data=body or None, headers=headers, method=request.command)
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as answer:
            with contextlib.closing(answer):
                return answer.code, answer.headers["Content-Type"] or "text/plain", answer.read()
