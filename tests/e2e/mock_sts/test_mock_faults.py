# SPDX-License-Identifier: Apache-2.0
"""The mock STS as a server: TLS, malformed requests, faults on demand, its log, its end."""
import contextlib
import email.utils
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time

import jwt
import pytest
from harness import pki
from harness.mock import MOCK, PATIENCE_S, faulty, mock, start, sts, wait_for  # some are fixtures
from harness.sidecar import TOP


# ---- TLS ----

@pytest.mark.parametrize("kind", ["rsa", "ec", "p384", "p521"])
def test_server_keys(start, tmp_path, kind):
    """Keys and certificates of its own making, judged by OpenSSL at its strictest."""
    mock("keygen", "--type", kind, "--out", tmp_path / "ca.key")
    mock("keygen", "--type", "ec" if kind == "p521" else kind, "--out", tmp_path / "tls.key")
    mock("cert", "--ca", "--key", tmp_path / "ca.key", "--out", tmp_path / "ca.pem")
    mock("cert", "--key", tmp_path / "tls.key", "--dns", "localhost", "--ip", "127.0.0.1", "--ip", "::1",
         "--issuer-cert", tmp_path / "ca.pem", "--issuer-key", tmp_path / "ca.key", "--out", tmp_path / "tls.pem")
    sts = start("--cert", tmp_path / "tls.pem", "--key", tmp_path / "tls.key")
    context = sts.context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("localhost", "127.0.0.1"):
        with socket.create_connection(("127.0.0.1", sts.port), PATIENCE_S) as raw, \
                context.wrap_socket(raw, server_hostname=name) as tls:
            assert (tls.version(), tls.selected_alpn_protocol()) == ("TLSv1.2", "http/1.1")
    with socket.create_connection(("127.0.0.1", sts.port), PATIENCE_S) as raw, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(raw, server_hostname="elsewhere.example")


def test_certificate_of_another_maker(start, tmp_path, ca):
    cert, key = pki.server(ca).files(tmp_path)
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    sts = start("--cert", cert, "--key", key)
    assert sts.ask("GET", "/certs").status == 200


def test_tls13_only_client(sts):
    context = sts.context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with socket.create_connection(("127.0.0.1", sts.port), PATIENCE_S) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")


def test_plain(start):
    sts = start(tls=False)
    assert sts.user(sts.mint()).status == 200
    assert sts.ask("GET", "/.well-known/openid-configuration").json["issuer"] == f"http://localhost:{sts.port}"


def test_ipv6(start):
    sts = start("--listen", "::1")
    with contextlib.closing(http.client.HTTPSConnection("::1", sts.port, timeout=PATIENCE_S, context=sts.context())) as connection:
        connection.request("GET", "/certs")
        assert connection.getresponse().status == 200


def test_keep_alive(sts):
    with contextlib.closing(sts.connection()) as connection:
        for _ in range(3):
            connection.request("GET", "/certs")
            assert connection.getresponse().read()
            assert connection.sock


# ---- requests that are wrong ----

def raw_answer(sts, data):
    with socket.create_connection(("127.0.0.1", sts.port), PATIENCE_S) as raw, \
            sts.context().wrap_socket(raw, server_hostname="localhost") as tls:
        tls.sendall(data)
        return b"".join(iter(lambda: tls.recv(65536), b""))


@pytest.mark.parametrize("head, status", [
    (b"GET /certs HTTP/1.1\r\n\r\n", 400),
    (b"GET /certs HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET /certs HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET /certs HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n", 400),
    (b"GET /certs HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
    (b"GET  /certs HTTP/1.1\r\nHost: a\r\n\r\n", 505),
    (b"GET certs HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /certs HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"GET /certs\r\n\r\n", 400),
    (b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 413),
    (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 170_000, 431),
])
def test_bad_requests(sts, head, status):
    assert raw_answer(sts, head).startswith(b"HTTP/1.1 %d " % status)


def test_big_token(sts):
    """The largest request that a client may send."""
    assert sts.user(sts.mint("--pad", "45000")).status == 200
    assert sts.user("x" * 65536).status == 401


# ---- faults ----

def test_status_and_times(faulty):
    token = faulty.mint()
    issued = faulty.stats()["issued"]
    faulty.fault(status=503, retry_after=7, times=2)
    for _ in range(2):
        answer = faulty.user(token)
        assert (answer.status, answer.headers["Retry-After"], answer.body) == (503, "7", b"")
    assert faulty.stats()["issued"] == issued
    assert faulty.user(token).status == 200


def test_faults_in_order(faulty):
    token = faulty.mint()
    faulty.fault(status=503, times=1)
    faulty.fault("POST", error="slow_down", status=429, times=1, path="/vault/")
    faulty.fault("POST", status=500, times=1, after=1, method="GET")
    assert [faulty.user(token).status for _ in range(5)] == [503, 429, 200, 500, 200]
    listed = json.loads(faulty.control("GET", "faults"))
    assert [(f["times_left"], f["used"]) for f in listed] == [(0, 1)] * 3
    assert faulty.ask("DELETE", "/control/faults").json == []


def test_oauth_error(faulty):
    faulty.fault(error="invalid_grant", error_description="bad & <ugly>")
    answer = faulty.exchange(faulty.mint())
    assert (answer.status, answer.json) == (400, {"error": "invalid_grant", "error_description": "bad & <ugly>"})


def test_echo(faulty):
    token = faulty.mint()
    faulty.fault(echo=1)
    answer = faulty.user(token)
    assert token in answer.json["error_description"] and token in answer.headers["X-Echo"] and token in answer.reason


def test_other_bodies(faulty):
    token = faulty.mint()
    faulty.fault(html=1)
    answer = faulty.user(token)
    assert (answer.status, answer.headers["Content-Type"], answer.body[:1]) == (200, "text/html; charset=utf-8", b"<")
    faulty.fault(empty=1)
    assert (faulty.user(token).status, faulty.user(token).body) == (200, b"")
    faulty.fault(redirect="https://portal.example/login")
    answer = faulty.user(token)
    assert (answer.status, answer.headers["Location"]) == (302, "https://portal.example/login")
    faulty.fault(body="[1,\0]", content_type="text/plain", header="X-Odd: yes", reason="Fine")
    answer = faulty.user(token)
    assert (answer.reason, answer.body, answer.headers["Content-Type"], answer.headers["X-Odd"]) == ("Fine", b"[1,\0]", "text/plain", "yes")


def test_bent_json(faulty):
    token = faulty.mint()
    faulty.fault(omit="jwt,thumbprint", set="expires:12")
    answer = faulty.user(token).json["token"]
    assert answer["expires"] == 12 and set(answer) == {"expires", "certificate"}
    faulty.fault(set='expires_in:"300"')
    assert faulty.exchange(token).json["expires_in"] == "300"
    faulty.fault(set="token:null")
    assert faulty.user(token).json["token"] is None
    faulty.fault(dup="access_token")
    assert faulty.exchange(token).body.count(b'"access_token":') == 2
    faulty.fault(omit="exp", set="sub:null")
    claims = jwt.decode(faulty.user(token).json["token"]["jwt"], options={"verify_signature": False})
    assert "exp" not in claims and claims["sub"] is None
    faulty.fault(token_insert="\n ")
    assert "\n " in faulty.user(token).json["token"]["jwt"] and "\n " in faulty.exchange(token).json["access_token"]


def test_times_bent(faulty):
    token = faulty.mint()
    faulty.fault(date_skew_s=-600)
    assert abs(email.utils.parsedate_to_datetime(faulty.user(token).headers["Date"]).timestamp() + 600 - time.time()) < 30
    faulty.fault(date="")
    assert faulty.user(token).headers["Date"] is None
    faulty.fault(lifetime_s=-5)
    assert faulty.exchange(token).json["expires_in"] == -5
    faulty.fault(clock_s=-3000, path="/vault")
    token = faulty.mint("--not-before", "-1h")
    answer = faulty.user(token)
    claims = jwt.decode(answer.json["token"]["jwt"], options={"verify_signature": False})
    assert abs(claims["iat"] + 3000 - time.time()) < 30
    assert abs(email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp() + 3000 - time.time()) < 30
    assert abs(email.utils.parsedate_to_datetime(faulty.exchange(token).headers["Date"]).timestamp() - time.time()) < 30


@pytest.mark.parametrize("delay", ["delay_accept_ms", "delay_handshake_ms", "delay_request_ms", "delay_head_ms", "delay_body_ms"])
def test_delays(faulty, delay):
    token = faulty.mint()
    faulty.fault(**{delay: 300, "times": 1})
    began = time.monotonic()
    assert faulty.user(token).status == 200
    assert time.monotonic() - began >= 0.3
    began = time.monotonic()
    assert faulty.user(token).status == 200
    faulty.fault(**{delay: 5000})
    with pytest.raises((TimeoutError, ssl.SSLError)):
        faulty.user(token, timeout=0.2)


def test_delay_per_byte(faulty):
    token = faulty.mint()
    faulty.fault(status=403, delay_byte_ms=2)
    began = time.monotonic()
    assert faulty.user(token).status == 403
    assert time.monotonic() - began >= 0.2


def test_slow_ones_disturb_nobody(faulty):
    token = faulty.mint()
    faulty.fault(delay_head_ms=60_000, times=20)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(contextlib.closing(slow := faulty.connection()))
            slow.request("GET", "/certs")
        wait_for(lambda: json.loads(faulty.control("GET", "faults"))[0]["times_left"] == 0, "all slow ones")
        assert faulty.user(token).status == 200


def tls_answer(sts, token, hold_s=PATIENCE_S, least=0):
    """Bytes of an answer, and how it ended: "hold" when nothing came for so long, after so many bytes at least."""
    request = f"GET /vault/token/user HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
    got = b""
    context = sts.context()
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with socket.create_connection(("127.0.0.1", sts.port), PATIENCE_S) as raw:
        tls = context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)
        try:
            tls.sendall(request)
            while True:
                tls.settimeout(hold_s if len(got) >= least else PATIENCE_S)
                if not (data := tls.recv(65536)):
                    break
                got += data
        except TimeoutError:
            return got, "hold"
        except ssl.SSLError as error:  # some versions of Python take a reset for an end of their own kind
            return got, "abrupt" if "UNEXPECTED_EOF_WHILE_READING" in str(error) else "reset"
        except ConnectionResetError:
            return got, "reset"
        return got, "notify"


@pytest.mark.slow
@pytest.mark.parametrize("close", ["notify", "abrupt", "reset", "hold"])
def test_truncation(faulty, close):
    token = faulty.mint()
    whole, end = tls_answer(faulty, token)
    assert end == "notify"
    for at in (0, 1, 20, 500):
        faulty.fault(truncate=at, close=close)
        cut, end = tls_answer(faulty, token, 0.5 if close == "hold" else PATIENCE_S, at)
        assert end == close
        assert close == "reset" or (len(cut) == at and cut[:9] == whole[:at][:9])
    faulty.fault(truncate_body=5)
    cut, end = tls_answer(faulty, token)
    assert end == "abrupt" and len(cut.split(b"\r\n\r\n", 1)[1]) == 5


def test_framing(faulty):
    token = faulty.mint()
    faulty.fault(framing="chunked", chunk_sizes="1,7,100", chunk_ext=1, trailer=1)
    answer, _ = tls_answer(faulty, token)
    assert b"Transfer-Encoding: chunked" in answer and b'\r\n\r\n1;name="va;lue"\r\n{\r\n7;' in answer
    assert answer.endswith(b'0;name="va;lue"\r\nX-Trailer: yes\r\n\r\n')
    assert faulty.user(token).json["token"]["jwt"]
    faulty.fault(framing="close")
    answer, end = tls_answer(faulty, token)
    assert b"Content-Length" not in answer and b"chunked" not in answer and end == "notify" and answer.endswith(b"}\n")
    faulty.fault(framing="both")
    answer, _ = tls_answer(faulty, token)
    assert b"Content-Length: " in answer and b"Transfer-Encoding: chunked" in answer
    faulty.fault(framing="none")
    assert tls_answer(faulty, token, 0.5)[1] == "hold"
    faulty.fault(length_delta=10)
    with pytest.raises(http.client.IncompleteRead):
        faulty.user(token)


def test_bytes(faulty):
    token = faulty.mint()
    faulty.fault(raw="HTTP/1.1 299 Odd\r\n\r\n\0\xff")
    assert tls_answer(faulty, token) == (b"HTTP/1.1 299 Odd\r\n\r\n\0\xc3\xbf", "notify")
    faulty.fault(garbage=10_000)
    assert len(tls_answer(faulty, token)[0]) == 10_000
    for framing in ("length", "chunked"):
        faulty.fault(huge=3_000_000, framing=framing)
        assert faulty.user(token).body.startswith(b" " * 3_000_000 + b"{")
    faulty.fault(interim=3, head_pad=40_000)
    answer, _ = tls_answer(faulty, token)
    assert answer.count(b"HTTP/1.1 103 ") == 3 and b"x" * 40_000 in answer


@pytest.mark.parametrize("alert", [40, 70])
def test_tls_alert(faulty, alert):
    token = faulty.mint()
    faulty.fault(tls_alert=alert, times=1)
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE" if alert == 40 else "PROTOCOL_VERSION"):
        faulty.user(token)
    assert faulty.user(token).status == 200


@pytest.mark.parametrize("fault", ["tls_garbage", "close_accept", "close_handshake"])
def test_broken_handshake(faulty, fault):
    token = faulty.mint()
    before = faulty.stats()["handshake_failures"]
    faulty.fault(**{fault: 100, "times": 1})
    with pytest.raises((ssl.SSLError, ConnectionError)):
        faulty.user(token)
    wait_for(lambda: faulty.stats()["handshake_failures"] > before, "a failure counted")
    assert faulty.user(token).status == 200


def test_chance(faulty):
    token = faulty.mint()
    faulty.fault(status=503, chance=50)
    found = {faulty.user(token).status for _ in range(40)}
    assert found == {200, 503}


def test_fault_by_flag_and_control_on_the_port(start):
    sts = start("--fault", "status=503&times=1", "--fault", "status=403&times=1")
    token = sts.mint()
    assert [sts.user(token).status for _ in range(3)] == [503, 403, 200]
    assert sts.ask("GET", "/control/stats").status == 404


def test_control_refuses(sts):
    answer = sts.ask("PUT", "/control/faults?stauts=1")
    assert answer.status == 400 and b"stauts" in answer.body
    assert sts.ask("PUT", "/control/faults", "status=abc").status == 400
    assert sts.ask("GET", "/control/rotate").status == 405
    assert sts.ask("GET", "/control/else").status == 404
    for _ in range(16):
        assert sts.ask("POST", "/control/faults?status=503&path=/nowhere").status == 200
    assert sts.ask("POST", "/control/faults?status=503&path=/nowhere").status == 400
    sts.control("DELETE", "faults")


def test_manual_names_all():
    manual = (TOP / "docs" / "mock-sts.md").read_text()
    faults = [line.split()[0] for line in mock("faults").splitlines()]
    assert len(faults) > 40
    assert [fault for fault in faults if f"| `{fault}` |" not in manual] == []
    assert all(f"| `{command}` |" in manual for command in ("serve", "mint", "keygen", "jwks", "cert", "faults"))


# ---- what it leaves behind ----

def test_log_and_stats(start):
    sts = start("--allow-namespace", "default")
    token = sts.mint()
    digest = hashlib.sha256(token.encode()).hexdigest()[:16]
    sts.user(token, path="/vault/token/user?secret=1", **{})
    sts.exchange(token, audience="nobody", client_secret="hush")
    sts.user(token + "x")
    sts.user(sts.mint("--namespace", "shop"))
    sts.fault(echo=1, times=1)
    sts.user(token)
    first, second, third, fourth, fifth = sts.log_lines(5)
    assert (first["method"], first["path"], first["status"], first["subject"]) == ("GET", "/vault/token/user", 200, digest)
    assert first["sni"] == "localhost" and "Authorization" in first["headers"] and first["complete"]
    assert ["audience", "nobody"] in second["form"] and ["subject_token", digest] in second["form"]
    assert second["error"] == "invalid_target" and second["subject"] == digest
    assert third["refused"] and third["status"] == 401 and fourth["status"] == 403 and fifth["fault"]
    text = sts.log.read_text()
    assert "hush" not in text and "secret=1" not in text
    for part in token.split("."):
        assert part[:24] not in text
    stats = sts.stats()
    assert {k: stats[k] for k in ("requests", "issued", "rejected", "denied", "faults", "requests_openunison",
                                  "requests_token_exchange", "answers_2xx", "answers_4xx")} == {
        "requests": 5, "issued": 1, "rejected": 1, "denied": 1, "faults": 1, "requests_openunison": 4,
        "requests_token_exchange": 1, "answers_2xx": 1, "answers_4xx": 4}
    sts.control("DELETE", "stats")
    assert sts.stats()["requests"] == 0


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "stdin"])
def test_ends(start, how):
    sts = start("--fault", "delay_head_ms=60000")
    with contextlib.closing(sts.connection()) as connection:
        connection.request("GET", "/certs")
        wait_for(lambda: sts.stats()["faults"], "a stuck connection")
        if how == "stdin":
            sts.process.stdin.close()
            sts.process.stdin = None
        else:
            sts.process.send_signal(how)
        assert sts.process.wait(5) == 0
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError, ssl.SSLError)):
            connection.getresponse()
    wait_for(lambda: port_is_free(sts.port), "the port", 5)


def test_ends_with_parent(tmp_path):
    mock("keygen", "--type", "ec", "--out", tmp_path / "key")
    command = f"{MOCK} serve --port 0 --port-file {tmp_path}/port --trust-key {tmp_path}/key --alg ES256 --exit-with-parent <&- & " \
              f"echo $!; until [ -s {tmp_path}/port ]; do sleep 0.05; done"
    pid = int(subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, timeout=PATIENCE_S).stdout)

    def gone():
        try:
            os.kill(pid, 0)
            return False
        except ProcessLookupError:
            return True
    wait_for(gone, "the end of the mock", 10)
