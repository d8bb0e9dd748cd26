# SPDX-License-Identifier: Apache-2.0
"""The workers of `doctor`: what they report of each gate, and that they change nothing on disk."""
import os
import re
import subprocess
import time

import pytest

from harness import pki, tokens
from harness.doctor_worker import GATES, NAMES, PIPE, USE, look
from harness.proxies import Tunnel
from harness.runs import rig  # fixture
from harness.servers import free_port
from harness.sidecar import PATIENCE_S, needs_root

HERE = {"configuration", "subject", "output"}
NETWORK = {"name", "connect", "tls"}


def arguments(space, url, *more, **changes):
    usual = {"protocol": "openunison", "token-file": space.token_file, "output-dir": space.out, "cacert-path": space.ca_file, "url": url}
    usual |= {key.replace("_", "-"): value for key, value in changes.items()}
    return [word for key, value in usual.items() for word in (f"--{key}", value)] + list(more)


def error(seen):
    return NAMES[seen.report.error]


def earlier(seen):
    return NAMES[seen.findings.earlier_error]


def passed(seen):
    return {name for bit, name in enumerate(GATES) if seen.findings.passed >> bit & 1}


def text(field):
    return field.decode()


def test_exchange(sidecar, serve, space, subject):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    seen = look(sidecar, "doctor", *arguments(space, server.url("/a?b=private-value")))
    found, now = seen.findings, time.time()
    assert seen.report.error == 0, seen.text
    assert len(server.requests) == 1
    assert not list(space.out.iterdir())
    assert passed(seen) == HERE | NETWORK | {"answer"}
    assert text(found.subject_path) == str(space.token_file)
    assert (found.subject_bytes, oct(found.subject_mode), found.subject_uid) == (len(subject), "0o644", os.geteuid())
    assert abs(found.subject_changed_s - now) < 100
    assert found.subject.is_jwt and found.token.is_jwt
    assert text(found.subject.iss) == "https://kubernetes.default.svc"
    assert found.subject.exp_s == tokens.expiry(subject) and found.token.exp_s == tokens.expiry(token)
    assert text(found.protocol) == "openunison" and text(found.url) == f"https://127.0.0.1:{server.port}/a"
    assert (found.found_by, found.asked, found.addresses) == (1, 0, 1)
    assert text(found.address) == f"127.0.0.1:{server.port}"
    assert text(found.name) == text(found.name_server) == text(found.proxy) == ""
    assert min(found.name_ms, found.connect_ms, found.tls_ms, found.answer_ms) >= 0
    assert found.tls_version in (0x303, 0x304) and found.certificates == 1
    assert text(found.cert_issuer) == text(found.anchor_name) == '"test CA"'
    assert text(found.anchor_file) == str(space.ca_file)
    assert "IP:127.0.0.1" in text(found.cert_hosts)
    assert 0 < found.first_end_s <= found.cert_ends_s
    assert found.answer_bytes > len(token) and not found.has_date
    assert found.use == USE["SENT"]
    everything = bytes(found)
    assert b"private-value" not in everything and token.encode()[-40:] not in everything and subject.encode()[-40:] not in everything


def test_look_sends_nothing(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    seen = look(sidecar, "look", *arguments(space, server.url()))
    assert seen.report.error == 0, seen.text
    assert passed(seen) == HERE | NETWORK and seen.findings.use == USE["NOT_SENT"]
    assert seen.findings.certificates == 1 and seen.findings.answer_ms == -1
    assert b"".join(server.requests) == b"" and not list(space.out.iterdir())


def clock(offset_s):
    return time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset_s))


@pytest.mark.parametrize("offset_s, same", [(0, True), (-300, False), (7200, False)])
def test_clock(sidecar, serve, space, offset_s, same):
    answer = tokens.openunison(tokens.issued()).replace(b"\r\n", f"\r\n{clock(offset_s)}\r\n".encode(), 1)
    server = serve(answer)
    found = look(sidecar, "doctor", *arguments(space, server.url()))
    assert found.findings.has_date and abs(found.findings.clock_ms - offset_s * 1000) < 5000
    assert ("clock" in passed(found)) == same


# ---- what is in the way here: the rest is looked at, and nothing is sent ----

def missing_directory(space):
    return {"output_dir": space.folder / "nothing"}, "output"


def foreign_directory(space):
    space.out.chmod(0o555)
    if os.geteuid() == 0:
        os.chown(space.out, 0, 0)
    return {}, "output"


def missing_token(space):
    return {"token_file": space.folder / "nothing"}, "subject"


def expired_token(space):
    space.write("sts-token", tokens.subject(-60))
    return {}, "subject"


def secret_token(space):
    space.token_file.chmod(0o000)
    return {}, "subject"


def fails_as(sidecar, serve, space, what, *more):
    """`doctor` finds a fault of the output directory that `fetch` has, in the same words, and changes nothing."""
    server = serve(tokens.openunison(tokens.issued()))
    before = {name: (space.out / name).lstat().st_ino for name in os.listdir(space.out)}
    found = look(sidecar, "doctor", *arguments(space, server.url(), *more)).findings
    assert {name: (space.out / name).lstat().st_ino for name in os.listdir(space.out)} == before
    assert NAMES[found.earlier_error] in ("output", "output_full"), text(found.earlier_text)
    assert what in text(found.earlier_text)
    run = sidecar.run("fetch", *arguments(space, server.url(), *more, "--deadline=1s", "--timeout=1s"))
    assert run.status != 0 and what in run.err, run.err


def test_foreign_group(sidecar, serve, space):
    if os.geteuid() != 0:
        pytest.skip("needs root, to have no other group")
    fails_as(sidecar, serve, space, "to group 4321: UID 65532 is not in it", "--group=4321")
    found = look(sidecar, "look", *arguments(space, serve().url(), "--group=4321"), groups=[7, 4321]).findings
    assert found.earlier_error == 0, found.earlier_text


def test_a_directory_in_place_of_a_file(sidecar, serve, space):
    (space.out / "token.jwt").mkdir()
    fails_as(sidecar, serve, space, f"cannot replace {space.out}/token.jwt")


@needs_root
def test_sticky_directory(sidecar, serve, space):
    (space.out / "token.jwt").write_text("x")
    space.out.chmod(0o1777)
    fails_as(sidecar, serve, space, f"cannot replace {space.out}/token.jwt")


@needs_root
@pytest.mark.parametrize("options, what", [("size=8k,mode=0777", "no space left"), ("size=64k,nr_inodes=2,mode=0777", "inode")])
def test_full_directory(sidecar, serve, space, options, what):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(space.out)], capture_output=True, timeout=10)
    if done.returncode != 0:
        pytest.skip("cannot mount here")
    try:
        (space.out / "filler").write_bytes(b"x" * 8192)
        fails_as(sidecar, serve, space, what)
    finally:
        subprocess.run(["umount", str(space.out)], check=True, timeout=10)


@pytest.mark.parametrize("mode", ["doctor", "look"])
@pytest.mark.parametrize("spoil, name", [(missing_directory, "output"), (foreign_directory, "output"), (missing_token, "subject_missing"),
                                         (expired_token, "subject_expired"), (secret_token, "subject_unreadable")])
def test_one_fault_here(sidecar, serve, space, mode, spoil, name):
    changes, gate = spoil(space)
    server = serve(tokens.openunison(tokens.issued()))
    seen = look(sidecar, mode, *arguments(space, server.url(), **changes))
    assert seen.report.error == 0 and earlier(seen) == name, (seen.text, seen.findings.earlier_text)
    assert passed(seen) == (HERE | NETWORK) - {gate}
    assert b"".join(server.requests) == b"" and seen.findings.use == USE["NOT_SENT"]
    found = seen.findings
    assert text(found.subject_path) == str(changes.get("token_file", space.token_file))
    if spoil is secret_token:
        assert (found.subject_mode, found.subject_bytes) == (0, 0)
    if spoil is expired_token:
        assert found.subject.exp_s < time.time() and text(found.subject.sub) == "system:serviceaccount:shop:checkout"


def test_two_faults_here(sidecar, serve, space):
    """The second one ends the worker: each has its message."""
    server = serve()
    seen = look(sidecar, "doctor", *arguments(space, server.url(), token_file=space.folder / "a", output_dir=space.folder / "b"))
    assert (earlier(seen), error(seen)) == ("output", "subject_missing")
    assert server.connections == 0 and passed(seen) == set()


def test_a_fault_here_and_one_there(sidecar, space):
    port = free_port()
    seen = look(sidecar, "doctor", *arguments(space, f"https://127.0.0.1:{port}/", token_file=space.folder / "nothing"))
    assert (earlier(seen), error(seen)) == ("subject_missing", "connect")
    assert passed(seen) == {"configuration", "output", "name"}
    assert text(seen.findings.address) == f"127.0.0.1:{port}" and seen.findings.connect_ms == -1


# ---- what is in the way there ----

def test_unknown_ca(sidecar, serve, space):
    other = pki.authority(cn="Another CA")
    server = serve(identity=pki.server(other, cn="sts.example"))
    seen = look(sidecar, "doctor", *arguments(space, server.url()))
    found = seen.findings
    assert error(seen) == "cert_issuer" and passed(seen) == HERE | {"name", "connect"}
    assert (text(found.cert_name), text(found.cert_issuer)) == ('"sts.example"', '"Another CA"')
    assert text(found.cert_hosts) and found.cert_ends_s > time.time()
    assert (found.certificates, found.first_end_s, found.tls_ms) == (0, 0, -1)
    assert text(found.anchor_name) == text(found.anchor_file) == ""


@pytest.mark.parametrize("command, options, says", [("check", [], 'unknown command "worker"'), ("run", ["--mode=9"], "--mode")])
def test_not_a_job(sidecar, command, options, says):
    """Who may start the program may also start it as a worker, with any command and any options. The report stays empty."""
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe:
        with sidecar.start("worker", "look", 1000, "default", "-", "-", "0", command, *options, preexec_fn=lambda: os.dup2(theirs, PIPE),
                           pass_fds=(PIPE,)) as process:
            os.close(theirs)
            result = process.wait(PATIENCE_S)
        assert (result.status, pipe.read()) == (64, b"") and says in result.err, result.err


def test_the_first_end_of_the_path(sidecar, serve, space):
    root = pki.authority(cn="Root", until=100)
    intermediate = pki.authority(root, cn="Intermediate", until=5)
    leaf = pki.server(intermediate, cn="leaf", until=50)
    space.write("ca.crt", root.pem)
    server = serve(identity=leaf.sends(intermediate.certificate))
    found = look(sidecar, "look", *arguments(space, server.url())).findings
    assert (text(found.first_end_name), text(found.anchor_name), found.certificates) == ('"Intermediate"', '"Root"', 2)
    assert found.first_end_s < time.time() + 6 * 86400 < found.cert_ends_s


def test_directory_of_authorities(sidecar, serve, space, ca):
    folder = space.folder / "cas"
    folder.mkdir()
    (folder / "a.pem").write_bytes(pki.authority(cn="Another CA").pem)
    (folder / "b.pem").write_bytes(ca.pem)
    found = look(sidecar, "look", *arguments(space, serve().url(), cacert_path=folder)).findings
    assert (text(found.anchor_file), text(found.anchor_name)) == (str(folder), '"test CA"')


@pytest.mark.parametrize("stall, gates", [("accept", {"name", "connect"}), ("request", NETWORK)])
def test_deadline(sidecar, serve, space, stall, gates):
    """What was found before the deadline is reported at it."""
    server = serve(tokens.openunison(tokens.issued()), stall=stall)
    seen = look(sidecar, "doctor", *arguments(space, server.url()), timeout_ms=700)
    assert error(seen) == "timeout" and passed(seen) == HERE | gates
    assert text(seen.findings.subject.sub) and text(seen.findings.address)
    assert (seen.findings.certificates == 1) == ("tls" in gates)
    assert seen.findings.use == USE["FAILED" if stall == "request" else "NOT_SENT"]


def test_refused(sidecar, serve, space):
    server = serve(tokens.http(401, b'{"error":"invalid_grant"}', headers=[clock(0)]))
    seen = look(sidecar, "doctor", *arguments(space, server.url()))
    assert seen.report.http_status == 401 and passed(seen) == HERE | NETWORK | {"clock"}
    assert seen.findings.use == USE["FAILED"] and seen.findings.answer_ms >= 0


def test_configuration(sidecar, space):
    seen = look(sidecar, "doctor", *arguments(space, "https://127.0.0.1:1/", cacert_path=space.folder / "no"))
    assert error(seen) == "ca_file" and passed(seen) == {"subject", "output"}
    assert text(seen.findings.protocol) == "openunison" and text(seen.findings.url) == "https://127.0.0.1:1/"


def test_proxy(sidecar, serve, space, ca):
    server = serve(tokens.openunison(tokens.issued()), identity=pki.server(ca, names=["sts.example"]))
    target = server.url(host="sts.example")
    with Tunnel(server.port) as proxy:
        url = f"http://user:private-word@127.0.0.1:{proxy.port}"
        seen = look(sidecar, "doctor", *arguments(space, target, proxy=url))
        assert seen.report.error == 0 and passed(seen) == HERE | NETWORK | {"proxy", "answer"}
        assert text(seen.findings.proxy) == text(seen.findings.address) == f"127.0.0.1:{proxy.port}"
        assert b"private-word" not in bytes(seen.findings)
    seen = look(sidecar, "look", *arguments(space, target, proxy=f"http://127.0.0.1:{free_port()}"))
    assert error(seen) == "proxy" and passed(seen) == HERE | {"name"}


# ---- what a hostile STS can put into the findings ----

def test_a_peer_that_repeats_secrets(sidecar, serve, space, subject):
    piece = subject[-40:]
    token = tokens.issued(iss=f"https://{piece}", sub="a\x1b[31m\n" + "x" * 500, aud=["one", subject, "two"])
    seen = look(sidecar, "doctor", *arguments(space, serve(tokens.openunison(token)).url()))
    found = seen.findings
    assert seen.report.error == 0, seen.text
    assert text(found.token.iss) == "(left out: it repeats a secret)"
    assert re.fullmatch(r"a\\x1B\[31m\\x0Ax{150,}\.\.\.", text(found.token.sub))
    everything = bytes(found)
    assert piece.encode()[:20] not in everything and b"eyJ" not in everything


def test_names_that_repeat_secrets(sidecar, serve, space, subject):
    other = pki.authority(cn=f"CA {subject[-50:-10]}")
    server = serve(identity=pki.server(other, cn="a\nb"))
    seen = look(sidecar, "doctor", *arguments(space, server.url()))
    assert error(seen) == "cert_issuer"
    assert text(seen.findings.cert_issuer) == "(left out: it repeats a secret)"
    assert text(seen.findings.cert_name) == '"a\\x0Ab"'
    assert subject[-50:-30].encode() not in bytes(seen.findings)


def test_a_token_in_place_of_a_path(sidecar, serve, space, subject):
    seen = look(sidecar, "doctor", *arguments(space, serve().url(), token_file=subject))
    assert text(seen.findings.subject_path) == "(a token)" and subject[:30].encode() not in bytes(seen.findings)


# ---- the token that came back is revoked ----

def test_undo(rig):
    sts = rig("--role", "app")
    options = sts.options(url=None, protocol="vault")
    base = [*options, f"--param=address=https://localhost:{sts.mock.port}", "--param=role=app", "--require-sandbox"]
    memory = os.memfd_create("test", 0)
    try:
        seen = look(sts.sidecar, "doctor", *base, memory=memory)
        assert seen.report.error == 0 and seen.findings.use == USE["NOT_REVOKED"], seen.text
        token = os.pread(memory, 1 << 16, 0)
        assert token and sts.mock.stats()["revoked"] == 0
        assert token not in bytes(seen.findings) and not list(sts.out.iterdir())
        undone = look(sts.sidecar, "undo", *base, memory=memory)
        assert undone.report.error == 0, undone.text
        assert sts.mock.stats()["revoked"] == 1 and not list(sts.out.iterdir())
        assert not os.pread(memory, 1 << 16, 0).strip(b"\0")
        # Nothing was left by this worker, since the memory was not empty.
        again = look(sts.sidecar, "undo", *base)
        assert error(again) == "input_file" and sts.mock.stats()["revoked"] == 1
    finally:
        os.close(memory)
