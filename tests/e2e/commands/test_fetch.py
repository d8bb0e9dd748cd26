# SPDX-License-Identifier: Apache-2.0
"""`fetch`: what goes out, what lies on disk afterwards, what is printed, and how often it tries."""
import fcntl
import math
import os
import stat
import time
import urllib.parse

import pytest

from harness import tokens
from harness.answers import KiB
from harness.bad_input import good
from harness.sidecar import UID
from harness.tokens import http


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_openunison(fetch, serve, space, subject):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    run = fetch(server.url("/vault/token/user"))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token
    assert tokens.is_end((space.out / "expires").read_text(), tokens.expiry(token))
    assert (space.out / "thumbprint").read_text() == tokens.THUMBPRINT
    assert sorted(os.listdir(space.out)) == [".status", "expires", "thumbprint", "token.jwt"]
    for name in ("token.jwt", "expires", "thumbprint"):
        assert mode_of(space.out / name) == 0o644
        assert (space.out / name).stat().st_uid == UID
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "GET /vault/token/user HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert headers["Authorization"] == f"Bearer {subject}"
    assert headers["Host"] == f"127.0.0.1:{server.port}"
    assert headers["Accept"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["User-Agent"].startswith("sts-sidecar/")
    assert body == b""
    assert len(server.requests) == 1


def test_token_exchange_is_the_default(fetch, serve, space, subject):
    token = tokens.issued()
    server = serve(tokens.exchanged(token))
    run = fetch(server.url("/oauth/token?tenant=a%20b"), protocol=None)
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token
    assert tokens.is_end((space.out / "expires").read_text(), tokens.expiry(token))
    assert not (space.out / "thumbprint").exists()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /oauth/token?tenant=a%20b HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in head + b"\r\n"
    assert b"authorization" not in head.lower()
    fields = urllib.parse.parse_qsl(body.decode(), strict_parsing=True)
    assert ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange") in fields
    assert ("subject_token", subject) in fields
    assert ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt") in fields


def test_parameters_of_token_exchange(fetch, serve):
    server = serve(tokens.exchanged(tokens.issued()))
    run = fetch(server.url("/token"), "--audience", "a&b=c", "--audience", "second", "--resource", "https://x.test/r",
                "--scope", "read write", "--param", "connector_id=kube test", protocol="token-exchange")
    assert run.status == 0, run.err
    fields = urllib.parse.parse_qsl(server.requests[0].partition(b"\r\n\r\n")[2].decode(), strict_parsing=True)
    assert [value for key, value in fields if key == "audience"] == ["a&b=c", "second"]
    assert ("resource", "https://x.test/r") in fields
    assert ("scope", "read write") in fields
    assert ("connector_id", "kube test") in fields


def test_white_space_around_the_subject_token_is_removed(fetch, serve, space, subject):
    space.token_file.write_text(f" \r\n{subject}\r\n\n")
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    assert f"Authorization: Bearer {subject}\r\n".encode() in server.requests[0]


def test_subject_token_from_standard_input(fetch, serve, space, subject):
    space.token_file.unlink()
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/token/user"), token_file="-", input=subject.encode() + b"\n")
    assert run.status == 0, run.err
    assert f"Authorization: Bearer {subject}\r\n".encode() in server.requests[0]


def test_every_run_writes_anew(fetch, serve, space):
    answers = [tokens.issued(900, n=1), tokens.issued(1800, n=2), tokens.issued(600, n=3)]
    given = iter(answers)
    server = serve(lambda _: tokens.openunison(next(given)))
    for token in answers:
        assert fetch(server.url("/token/user")).status == 0
        assert (space.out / "token.jwt").read_text() == token
        assert tokens.is_end((space.out / "expires").read_text(), tokens.expiry(token))


def test_an_old_thumbprint_does_not_stay(fetch, serve, space):
    space.fill("old", tokens.rfc3339(1))
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None))
    assert fetch(server.url("/token/user")).status == 0
    assert not (space.out / "thumbprint").exists()


def test_the_umask_does_not_matter(fetch, serve, space):
    before = os.umask(0o077)
    try:
        server = serve(tokens.openunison(tokens.issued()))
        assert fetch(server.url("/token/user")).status == 0
    finally:
        os.umask(before)
    assert mode_of(space.out / "token.jwt") == 0o644


def test_mode_as_given(fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    assert fetch(server.url("/token/user"), mode="0440").status == 0
    assert mode_of(space.out / "token.jwt") == mode_of(space.out / "expires") == 0o440


@pytest.mark.slow
def test_it_tries_again_until_it_works(fetch, serve, space):
    token = tokens.issued()
    answers = iter([tokens.http(503, b"busy"), tokens.http(401, b""), tokens.openunison(token)])
    server = serve(lambda _: next(answers))
    run = fetch(server.url("/token/user"), deadline="20s")
    assert run.status == 0, run.err
    assert len(server.requests) == 3
    assert (space.out / "token.jwt").read_text() == token


def test_ipv6_and_names(fetch, serve):
    server = serve(tokens.openunison(tokens.issued()), address="::1")
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.requests[0]
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/token/user", host="localhost"))
    assert run.status == 0, run.err
    assert f"Host: localhost:{server.port}\r\n".encode() in server.requests[0]


def test_stdout_that_is_full(fetch, serve, sidecar, space):
    server = serve(http(body={"access_token": "opaque", "expires_in": 300}))
    with open("/dev/full", "wb") as full:
        run = sidecar.run("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--cacert-path", space.ca_file, "--stdout", "--deadline",
                          "2s", "--log-format", "text", stdout=full)
    assert run.status == 73 and "standard output" in run.err, run.err


def test_a_format_that_goes_nowhere_is_a_mistake(fetch, space):
    run = fetch("https://127.0.0.1:1/", "--format=json", protocol="token-exchange")
    assert run.status == 64 and "--stdout" in run.err


def test_stdout(fetch, serve, space):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    run = fetch(server.url("/x"), "--stdout")
    assert run.status == 0, run.err
    assert run.out == token.encode()
    assert list(space.out.iterdir()) == []


def test_stdout_needs_no_directory(fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), "--stdout", output_dir=None)
    assert run.status == 0, run.err


def test_stdout_of_a_failure_is_empty(fetch, serve):
    server = serve(http(403))
    run = fetch(server.url("/x"), "--stdout")
    assert run.status == 77
    assert run.out == b""


def test_stdout_that_is_closed(sidecar, serve, space):
    """A full or closed pipe is a failure of the output, not a success."""
    server = serve(tokens.openunison(tokens.issued()))
    with open("/dev/full", "wb") as full:
        run = sidecar.run("fetch", "--url", server.url("/x"), "--protocol", "openunison", "--token-file", space.token_file,
                          "--cacert-path", space.ca_file, "--stdout", "--deadline", "1s", stdout=full)
    assert run.status == 73, run.err


def test_the_last_attempt_does_not_hide_why_the_others_failed(fetch, serve, space):
    """A retry that falls just before the deadline has no time for more than a time-out. The deadline leaves time for two exchanges of each, on slow machines too."""
    count = 24
    deadline_s = max(2, math.ceil(2 * count * fetch(serve(good()).url("/token/user")).seconds))
    server = serve(http(401, {"error": "invalid_token"}))
    runs = []
    for i in range(count):
        out = space.folder / f"out-{i}"
        out.mkdir()
        out.chmod(0o777)
        runs.append(fetch(server.url("/"), background=True, protocol="token-exchange", output_dir=out, deadline=f"{deadline_s}s"))
    assert [run.wait(deadline_s + 20).status for run in runs] == [77] * count


@pytest.mark.slow
def test_the_wait_of_retry_after_is_obeyed(fetch, serve):
    answers = iter([http(503, headers=["Retry-After: 3"]), good()])
    server = serve(lambda _: next(answers))
    run = fetch(server.url("/token/user"), deadline="20s")
    assert run.status == 0, run.err
    assert run.seconds > 2.9 and len(server.requests) == 2


def test_pipes_that_do_not_block(sidecar, serve, space, subject):
    """Another process that shares our standard input and output may have made them non-blocking."""
    big = "x" * (64 * KiB)
    server = serve(http(body={"access_token": big, "expires_in": 300}))
    (given, give), (take, taken) = os.pipe(), os.pipe()
    for fd in (given, taken):
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
    fcntl.fcntl(taken, fcntl.F_SETPIPE_SZ, 4096)
    with sidecar.start("fetch", "--url", server.url("/"), "--token-file", "-", "--cacert-path", space.ca_file, "--stdout", "--deadline", "10s",
                       stdin=given, stdout=taken) as process:
        os.close(given)
        os.close(taken)
        time.sleep(0.1)
        os.write(give, subject.encode())
        os.close(give)
        time.sleep(0.1)
        with os.fdopen(take) as out:
            assert out.read() == big
        assert process.wait().status == 0


def test_stdout_is_not_for_terminals(sidecar, serve, space, subject):
    """A terminal gets the token only with --force. Pipes are covered in test_outputs.py."""
    token = tokens.issued()
    for force in (False, True):
        server = serve(tokens.openunison(token))
        ours, theirs = os.openpty()
        try:
            run = sidecar.run("fetch", "--url", server.url("/token/user"), "--protocol", "openunison", "--token-file", space.token_file,
                              "--cacert-path", space.ca_file, "--stdout", *(["--force"] if force else []), stdout=theirs)
            os.set_blocking(ours, False)
            try:
                shown = os.read(ours, 65536).decode()
            except BlockingIOError:
                shown = ""
        finally:
            os.close(ours)
            os.close(theirs)
        assert (run.status, token in shown) == ((0, True) if force else (64, False)), run.err
        if not force:
            assert "--force" in run.last
            assert server.requests == []
