# SPDX-License-Identifier: Apache-2.0
"""Servers as they stand in front of a real STS: nginx, and Python's own HTTP server."""
import contextlib
import http.server
import json
import threading
import urllib.parse

import jwt as pyjwt
import pytest

from harness import pki, servers, tokens

needs_nginx = pytest.mark.skipif(not servers.NGINX, reason="nginx is not installed")


@pytest.fixture
def nginx(serve, identity):
    """nginx(answer, more) starts nginx before a plain server; gives both."""

    with contextlib.ExitStack() as stack:
        def start(answer, more="", identity=identity):
            app = serve(answer, tls=False)
            return stack.enter_context(servers.Nginx(identity, app.port, more)), app
        yield start


@needs_nginx
def test_nginx(nginx, fetch, space, subject):
    token = tokens.issued()
    front, app = nginx(tokens.openunison(token))
    run = fetch(front.url("/vault/token/user"))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token
    assert f"Authorization: Bearer {subject}\r\n".encode() in app.requests[0]


@needs_nginx
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_nginx_with_one_version(version, nginx, fetch, space, monkeypatch):
    monkeypatch.setattr(servers, "NGINX_CONFIGURATION", servers.NGINX_CONFIGURATION.replace("TLSv1.2 TLSv1.3", version))
    token = tokens.issued()
    front, _ = nginx(tokens.openunison(token))
    run = fetch(front.url("/vault/token/user"))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


@needs_nginx
def test_nginx_with_rsa_and_an_intermediate(nginx, fetch, space, ca):
    middle = pki.authority(ca, cn="intermediate", key="rsa2048")
    token = tokens.issued()
    front, _ = nginx(tokens.exchanged(token), identity=pki.server(middle, key="rsa2048").sends(middle.certificate))
    run = fetch(front.url("/token"), protocol="token-exchange")
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


@needs_nginx
def test_nginx_makes_chunks_of_an_answer_without_length(nginx, fetch, space):
    token = tokens.issued()
    body = tokens.openunison(token).partition(b"\r\n\r\n")[2]
    front, _ = nginx(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body)
    run = fetch(front.url("/x"))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


NGINX_SAYS = {
    "upstream gone": ("", lambda app: app.close(), 75, "unexpected status 502"),
    "redirect": ("return 301 https://elsewhere.test$request_uri;", None, 65, "a redirect to https://elsewhere.test"),
    "forbidden": ("deny all;", None, 65, "unexpected status 403: a web page \"403 Forbidden\""),
    "not found": ("return 404;", None, 65, "unexpected status 404"),
    "hangs up": ("return 444;", None, 75, "closed without an answer"),
    "a page": ('default_type text/html; return 200 "<html>hello</html>";', None, 65, "the answer (status 200) is a web page"),
    "client certificates": ("ssl_verify_client on; ssl_client_certificate {ca};", None, 69, "(the server asked for a client certificate, and was sent none)"),
}


@needs_nginx
@pytest.mark.parametrize("case", NGINX_SAYS)
def test_what_nginx_says_by_itself(case, nginx, fetch, space):
    more, then, status, says = NGINX_SAYS[case]
    front, app = nginx(tokens.openunison(tokens.issued()), more.replace("{ca}", str(space.ca_file)))
    if then:
        then(app)
    run = fetch(front.url("/vault/token/user"), deadline="1s")
    assert run.status == status and says in run.last, run.err
    assert app.requests == []


@needs_nginx
def test_a_subject_token_that_is_too_long_for_nginx(nginx, fetch, space):
    space.token_file.write_text(tokens.subject(padding="x" * 30_000))
    front, _ = nginx(tokens.openunison(tokens.issued()))
    run = fetch(front.url("/x"))
    assert run.status == 65 and "unexpected status 400" in run.last, run.err


@needs_nginx
def test_a_long_subject_token_through_nginx(nginx, fetch, space):
    space.token_file.write_text(tokens.subject(padding="x" * 30_000))
    front, app = nginx(tokens.openunison(tokens.issued()), "large_client_header_buffers 4 64k;")
    run = fetch(front.url("/x"))
    assert run.status == 0, run.err
    assert space.token_file.read_bytes() in app.requests[0]


class Sts(http.server.BaseHTTPRequestHandler):
    """A little RFC 8693 server in Python's own HTTP server."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        fields = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        try:
            claims = pyjwt.decode(fields["subject_token"][0], tokens.KEY.public_key(), algorithms=["ES256"],
                                  audience="https://kubernetes.default.svc")
        except pyjwt.InvalidTokenError:
            return self.answer(400, {"error": "invalid_request", "error_description": "the subject token is not valid"})
        return self.answer(200, {"access_token": tokens.issued(sub=claims["sub"], aud=fields.get("audience", ["none"])),
                                 "token_type": "N_A", "expires_in": 900,
                                 "issued_token_type": "urn:ietf:params:oauth:token-type:jwt"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def python_sts(folder, identity):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    server.daemon_threads = True
    server.socket = servers.tls_context(identity, folder).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/token"
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_python_http_server(python_sts, fetch, space):
    run = fetch(python_sts, "--audience", "shop-api", protocol="token-exchange")
    assert run.status == 0, run.err
    claims = pyjwt.decode((space.out / "token.jwt").read_text(), tokens.KEY.public_key(), algorithms=["ES256"], audience="shop-api")
    assert claims["sub"] == "system:serviceaccount:shop:checkout"


def test_python_http_server_refuses(python_sts, fetch, space):
    space.token_file.write_text(space.token_file.read_text()[:-8] + "AAAAAAAA")
    run = fetch(python_sts, protocol="token-exchange")
    assert run.status == 77, run.err
    assert "invalid_request" in run.last
