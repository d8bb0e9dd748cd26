# SPDX-License-Identifier: Apache-2.0
"""The program against mock-sts, which checks signatures, issues real tokens, and misbehaves on demand."""
import json
import os
import signal
import time

import jwt
import pytest
from harness import tokens
from harness.mock import start, sts, wait_for  # start, sts: fixtures
from harness.sidecar import sanitized

USER = "/vault/token/user"


@pytest.fixture
def ask(fetch, space):
    """Run `fetch` against a mock with a subject token that it minted."""
    def run(mock, path=USER, *more, mint=(), host="localhost", **options):
        space.token_file.write_text(mock.mint("--namespace", "shop", "--serviceaccount", "cart", *mint))
        if mock.tls:
            # The fixture's folder is for its owner alone.
            space.ca_file.write_bytes((mock.folder / "ca.pem").read_bytes())
            options["cacert_path"] = space.ca_file
        return fetch(f"https://{host}:{mock.port}{path}", *more, **options)
    return run


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
@pytest.mark.parametrize("cluster", ["ec", "rsa"])
def test_openunison(alg, cluster, start, ask, space):
    mock = start("--alg", alg, cluster=cluster)
    run = ask(mock)
    assert run.status == 0, run.err
    token = (space.out / "token.jwt").read_text()
    claims = mock.verify(token)
    assert claims["namespace"] == "shop" and claims["saname"] == "cart"
    assert tokens.is_end((space.out / "expires").read_text(), claims["exp"])
    answer = mock.user(space.token_file.read_text())
    assert (space.out / "thumbprint").read_text() == answer.json["token"]["thumbprint"]


def test_token_exchange(sts, ask, space):
    run = ask(sts, "/token", "--audience", "mock-audience", protocol="token-exchange")
    assert run.status == 0, run.err
    claims = sts.verify((space.out / "token.jwt").read_text())
    assert claims["sub"].endswith(":shop:cart")


def test_token_exchange_with_json(sts, ask, space):
    run = ask(sts, "/token", "--body", "json", protocol="token-exchange")
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text().count(".") == 2


def test_capped_by_the_subject(start, ask, space):
    mock = start("--cap-by-subject")
    run = ask(mock, mint=("--expires-in", "100s"))
    assert run.status == 0, run.err
    token = (space.out / "token.jwt").read_text()
    subject = jwt.decode(space.token_file.read_text(), options={"verify_signature": False})
    assert mock.verify(token)["exp"] == subject["exp"]
    assert tokens.is_end((space.out / "expires").read_text(), subject["exp"])


@pytest.mark.parametrize("secret,status", [("right", 0), ("wrong", 77)])
@pytest.mark.parametrize("how", ["basic", "post"])
def test_client_authentication(how, secret, status, start, ask, space):
    mock = start("--client", "me:right")
    path = space.write("secret", secret + "\n")
    run = ask(mock, "/token", "--client-id", "me", "--client-secret-file", path, "--client-auth", how, protocol="token-exchange",
              deadline="1s")
    assert run.status == status, run.err
    if status:
        assert "invalid_client" in run.last


def test_a_rejected_subject_token(sts, ask, space):
    assert ask(sts, mint=("--bad-signature",), deadline="1s").status == 77
    run = ask(sts, "/token", mint=("--bad-signature",), protocol="token-exchange")
    assert run.status == 77
    assert "invalid_request" in run.last


# What happens, the exit status, the error, and what is said.
FAULTS = {
    "status=503": (75, "busy", "unexpected status 503"),
    "status=429&retry_after=1": (75, "busy", "unexpected status 429"),
    "status=403": (77, "denied", "unexpected status 403"),
    "error=access_denied&status=403": (77, "denied", "403: access_denied"),
    "html=1": (65, "html", "web page"),
    "empty=1": (65, "empty", "no body"),
    "redirect=https://elsewhere.test/x": (65, "redirect", "a redirect to https://elsewhere.test"),
    "close_accept=1": (69, "tls_closed", "during the TLS handshake, before it sent a byte"),
    "close_handshake=1": (69, "tls_closed", "during the TLS handshake"),
    "tls_alert=70": (69, "tls_version", "neither TLS 1.2 nor TLS 1.3 (alert 70)"),
    "tls_alert=40": (69, "tls_refused", "no cipher suite, group or signature scheme in common (alert 40)"),
    "tls_garbage=300": (69, "tls", "does not speak TLS on this port"),
    "truncate=30": (75, "truncated", "closed within the head"),
    "truncate_body=30": (75, "truncated", "closed within the body"),
    "close=reset&truncate=0": (75, "truncated", "closed without an answer"),
    "garbage=2000": (65, "http", "does not begin with HTTP/1."),
    "huge=400000": (65, "too_big", "Content-Length is too large"),
    "head_pad=40000": (65, "too_big", "head is too large"),
    "framing=both": (65, "http", "both Content-Length and Transfer-Encoding"),
    "length_delta=50": (75, "truncated", "closed within the body"),
    "omit=jwt": (65, "answer", "has no /token/jwt"),
    "dup=jwt": (65, "json", 'the key "jwt" twice'),
    "set=jwt:7": (65, "answer", "/token/jwt is a number"),
    "set=jwt:null": (65, "answer", "has no /token/jwt"),
    "set=expires:{}": (65, "answer", "/token/expires is an object"),
    "set=thumbprint:\"zz\"": (65, "token", "/token/thumbprint is not 64 hex"),
    "echo=1&status=403": (77, "denied", "its words repeat a secret"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault, start, ask, space):
    status, error, says = FAULTS[fault]
    mock = start("--fault", fault)
    before = space.snapshot()
    run = ask(mock, deadline="1s")
    assert run.status == status, run.err
    assert says in run.last and f'error="{error}"' in run.last, run.err
    assert space.snapshot() == before
    signature = space.token_file.read_text().rpartition(".")[2]
    assert signature[:12] not in run.err and signature[-12:] not in run.err


FINE = ["framing=chunked", "framing=chunked&chunk_sizes=1,7,100&chunk_ext=1&trailer=1", "framing=close", "interim=3&times=1", "content_type=",
        "delay_head_ms=200", "delay_body_ms=200", "delay_accept_ms=200", "delay_handshake_ms=200", "delay_request_ms=200",
        "close=hold", "close=abrupt", "date_skew_s=300", "date_skew_s=-4000", "huge=100000"]


@pytest.mark.parametrize("fault", FINE)
def test_what_is_no_fault(fault, start, ask, space):
    mock = start("--fault", fault)
    run = ask(mock)
    assert run.status == 0, run.err
    token = (space.out / "token.jwt").read_text()
    assert (space.out / "expires").read_text() <= tokens.rfc3339(mock.verify(token)["exp"])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["status=503&times=2", "close_handshake=1&times=2", "truncate_body=10&times=1"])
def test_it_gets_through_in_the_end(fault, start, ask):
    mock = start("--fault", fault)
    run = ask(mock, deadline="30s")
    assert run.status == 0, run.err


def test_garbage_never_crashes_it(start, ask, space):
    """A few dozen answers of random bytes, in the head, in the handshake, and in the JSON."""
    for fault, status in (("garbage=300", 65), ("tls_garbage=200", 69)):
        mock = start("--fault", fault)
        for _ in range(5 if sanitized() else 15):
            run = ask(mock, deadline="1s")
            assert run.status == status, run.err
    assert not (space.out / "token.jwt").exists()


HOLDS = {"connect": "delay_accept_ms", "handshake": "delay_handshake_ms", "request": "delay_request_ms", "answer": "delay_head_ms",
         "body": "delay_body_ms"}


@pytest.mark.parametrize("stage", HOLDS)
def test_the_worker_killed_at_a_stage(stage, start, ask, space):
    mock = start("--fault", f"{HOLDS[stage]}=20000")
    old = tokens.issued(3600)
    space.fill(old, tokens.rfc3339(tokens.expiry(old)))
    before = space.snapshot()
    with ask(mock, background=True, deadline="1s", timeout="15s") as process:
        worker = process.worker()
        wait_for(lambda: mock.stats()["connections"], "a connection")
        time.sleep(0.2)
        os.kill(worker, signal.SIGKILL)
        run = process.wait(10)
    assert run.status == 70 and "killed by signal 9" in run.last, run.err
    assert space.snapshot() == before


@pytest.mark.slow
def test_a_time_out_names_its_stage(start, ask):
    mock = start()
    for stage, fault in HOLDS.items():
        mock.fault("PUT", **{fault: 20000})
        run = ask(mock, deadline="1s", timeout="1s", log_format="json")
        mock.fault("DELETE")
        where = "in the TLS handshake" if stage in ("connect", "handshake") else "for the answer"
        silent = "; the server has sent nothing" if stage == "connect" else ""
        server = f"; server: localhost:{mock.port} at 127.0.0.1:{mock.port}"
        assert run.status == 75 and json.loads(run.last)["msg"] == f"time ran out while waiting {where}: localhost:{mock.port}{silent}{server}", run.err


def test_key_rotation_is_seen_in_the_thumbprint(sts, ask, space):
    assert ask(sts).status == 0
    first = (space.out / "thumbprint").read_text()
    sts.control("POST", "rotate")
    assert ask(sts).status == 0
    assert (space.out / "thumbprint").read_text() != first
    sts.verify((space.out / "token.jwt").read_text())
