# SPDX-License-Identifier: Apache-2.0
"""`doctor` and an STS that lies: what it prints stays printable and has no secret. And the token that came back, which is revoked."""
import json
import re

from harness import pki, tokens
from harness.runs import rig  # fixture

UGLY = "a\x1b[2J\n ok   answer\u202e" + "x" * 400


def run_doctor(sidecar, space, url, *more, **changes):
    usual = {"protocol": "openunison", "token-file": space.token_file, "output-dir": space.out, "cacert-path": space.ca_file, "url": url}
    usual |= {key.replace("_", "-"): value for key, value in changes.items()}
    return sidecar.run("doctor", *(word for key, value in usual.items() for word in (f"--{key}", value)), *more)


def check(run, *secrets):
    """The text is lines of printable ASCII, and no secret of the exchange is in it, nor a piece of one."""
    assert re.fullmatch(rb"[ -~\n]*", run.out), run.out
    for secret in secrets:
        for at in range(0, len(secret) - 16, 8):
            assert secret[at:at + 16].encode() not in run.out, run.out


def test_claims(sidecar, serve, space, subject):
    token = tokens.issued(iss=UGLY, sub=subject[-60:], aud=["one", f"two {subject[-40:-10]}", subject[:40]])
    run = run_doctor(sidecar, space, serve(tokens.openunison(token)).url())
    assert run.status == 0, run.out
    check(run, subject, token.rpartition(".")[2])
    words = b" ".join(run.out.replace(rb"\\", b"\\").split())
    assert rb"iss a\x1B[2J\x0A ok answer\xE2" in words and b"aud (left out: it repeats a secret)" in words, words


def test_json(sidecar, serve, space, subject):
    """One line of JSON, whatever the STS says."""
    authority = pki.authority(cn='"}]\\ \n' + UGLY[:40])
    space.write("ca.crt", authority.pem)
    token = tokens.issued(iss='"}]\\', sub=subject[-60:], aud=[UGLY])
    server = serve(tokens.openunison(token), identity=pki.server(authority, cn=subject[-60:]))
    run = run_doctor(sidecar, space, server.url(), "--json")
    assert run.status == 0 and run.out.count(b"\n") == 1, run.out
    check(run, subject, token.rpartition(".")[2])
    [exchange] = json.loads(run.out)["exchanges"]
    facts = {gate["gate"]: gate["facts"] for gate in exchange["gates"]}
    assert facts["tls"]["subject"] == facts["answer"]["sub"] == "(left out: it repeats a secret)"
    assert facts["tls"]["anchor"].startswith('""}]\\\\ \\x0Aa\\x1B[2J') and facts["answer"]["iss"] == '"}]\\\\'


def test_certificates(sidecar, serve, space, subject):
    authority = pki.authority(cn=subject[-60:])
    server = serve(identity=pki.server(authority, cn=UGLY[:60]))
    run = run_doctor(sidecar, space, server.url())
    assert run.status == 1 and b"[cert_issuer]" in run.out
    check(run, subject)


def test_revoked(rig):
    sts = rig("--role", "app")
    run = sts.sidecar.run("doctor", *sts.options(url=None, protocol="vault"), f"--param=address=https://localhost:{sts.mock.port}", "--param=role=app")
    assert run.status == 0 and b"was revoked" in run.out, run.out
    assert sts.mock.stats()["revoked"] == 1 and not list(sts.out.iterdir())


def test_revoking_fails(rig):
    sts = rig("--role", "app")
    run = sts.sidecar.run("doctor", *sts.options(url=None, protocol="vault", revoke_url=f"https://localhost:{sts.mock.port}/nothing"),
                          f"--param=address=https://localhost:{sts.mock.port}", "--param=role=app")
    assert b"revoking it failed" in run.out.replace(b"\n", b" "), run.out
    assert sts.mock.stats()["revoked"] == 0
