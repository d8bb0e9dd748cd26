# SPDX-License-Identifier: Apache-2.0
"""--listen: health and metrics, in a process of its own that can do nothing else."""
import contextlib
import email.utils
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness import listener, tokens
from harness import status as status_file
from harness.listener import HOST, PATH, answer, arguments, ask, get, metrics, page, pid_of, start, up, value  # answer, start: fixtures
from harness.mock import wait_for
from harness.runs import FLOOR_S, SHORT, rig, running  # rig, running: fixtures
from harness.servers import free_port
from harness.several import several  # fixture
from harness.sidecar import ROOT, can_trace, children_of, needs_root, sanitized, traced

# Relocated constants, variables, and the stack with what the listener knows of the first exchange: a page each. Answers need up to four more.
AT_REST_DIRTY_MAX_KIB = 16
DIRTY_MAX_KIB = 32
SUPERVISOR_DIRTY_MAX_KIB = 16
LOWEST_PORT = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())


# ---- the pages ----

def test_livez(start):
    _, port = start()
    status, head, body = page(port, "/livez")
    assert (status, body) == (200, "ok\n")
    assert "Connection: close" in head and "Cache-Control: no-store" in head


def test_readyz_once_there_is_a_token(start, space):
    _, port = start()
    wait_for((space.out / "expires").exists, "a token")
    wait_for(lambda: page(port, "/readyz")[0] == 200, "the end of the attempt")
    assert page(port, "/readyz")[0::2] == (200, "ok\n")


def test_readyz_says_why_not_as_check_does(start, serve, sidecar, space):
    _, port = start(url=serve(tokens.http(403, {"error": "access_denied"})).url(PATH))
    wait_for(lambda: "failed" in page(port, "/readyz")[2], "a failure")
    status, _, body = page(port, "/readyz")
    assert status == 503
    assert re.fullmatch(r"default: no token in \S+/tokens: try \d+ failed .*: 403: access_denied; [^(]*\(.*\); .*\n", body), body
    said = sidecar.run("check", space.out).err
    words = re.compile(r"\d+ s|just now")
    assert words.sub("", body) == "default: " + words.sub("", said)


@needs_root
def test_a_status_file_that_is_forged(start, serve, space):
    """It says nothing to /readyz, which goes by what the supervisor knows."""
    _, port = start("--require-sandbox", url=serve(tokens.http(403, {"error": "access_denied"})).url(PATH))
    wait_for(lambda: "failed" in page(port, "/readyz")[2], "a failure")
    for lines in (status_file.failing(next_s=-7200), status_file.failing() | status_file.of_boot(boot=status_file.ANOTHER_BOOT, next_s=60)):
        status_file.write(space.out, lines)
        status, _, body = page(port, "/readyz")
        assert status == 503 and re.search(r": try \d+ failed .*: 403: access_denied; [^(]*\(.*\); (next in|the next is)", body), body


@needs_root
def test_readyz_of_a_full_file_system(start, serve, space):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "tmpfs", str(space.out)], capture_output=True, timeout=10)
    if done.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        process, port = start("--require-sandbox", "--log-format=text", url=serve(tokens.http(403)).url(PATH))
        wait_for(lambda: "failed" in page(port, "/readyz")[2], "a failure")
        (space.out / "of-the-application").write_bytes(b"x" * (65536 - 4096))
        status, _, body = page(port, "/readyz")
        full = "; the file system of this directory is full (0 KiB of 64 KiB free"
        assert status == 503 and body.startswith(f"default: no token in {space.out}: try ") and full in body, body
    finally:
        process.__exit__()
        subprocess.run(["umount", "-l", str(space.out)], check=True, timeout=10)


@pytest.mark.parametrize("spoil, words", [
    (lambda out: (out / "token.jwt").unlink(), "no token in"),
    (lambda out: (out / "token.jwt").write_text(""), "cannot be used"),
    (lambda out: (out / "token.jwt").chmod(0), "cannot be used: permission denied"),
    (lambda out: ((out / "token.jwt").unlink(), (out / "token.jwt").mkdir()), "cannot be used"),
    (lambda out: ((out / "token.jwt").unlink(), (out / "token.jwt").symlink_to("/etc/passwd")), "cannot be used"),
    (lambda out: ((out / "token.jwt").unlink(), os.mkfifo(out / "token.jwt")), "cannot be used"),
    (lambda out: out.rename(out.with_name("away")), "cannot look into"),
], ids=["no token", "empty", "mode 0", "directory", "link", "fifo", "no directory"])
@pytest.mark.skipif(not ROOT, reason="writes into another user's files")
def test_readyz_looks_at_the_files_again(start, space, spoil, words):
    _, port = start()
    wait_for(lambda: page(port, "/readyz")[0] == 200, "ready")
    spoil(space.out)
    status, _, body = page(port, "/readyz")
    assert status == 503
    assert body.startswith("default: ") and words in body and body.count("\n") == 1, body


@pytest.mark.parametrize("spoil", [
    lambda out: (out / "expires").unlink(),
    lambda out: (out / "expires").write_text("soon"),
    lambda out: ((out / "expires").unlink(), os.mkfifo(out / "expires")),
    lambda out: (out / "expires").write_text(tokens.rfc3339(int(time.time()) - 60)),
], ids=["no expires", "no time", "fifo", "expired"])
@pytest.mark.skipif(not ROOT, reason="writes into another user's files")
def test_an_expiry_that_is_forged(start, space, spoil):
    """The supervisor knows when the token expires."""
    _, port = start()
    wait_for(lambda: page(port, "/readyz")[0] == 200, "ready")
    spoil(space.out)
    assert page(port, "/readyz")[0::2] == (200, "ok\n")


def test_a_token_that_was_there_while_the_first_attempt_runs(start, space):
    """The supervisor does not know its expiry yet."""
    token = tokens.issued(3600)
    space.fill(token, tokens.rfc3339(int(time.time()) + 10))     # due, and valid
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, port = start(url=f"https://127.0.0.1:{silent.getsockname()[1]}/")
        with silent.accept()[0]:
            assert page(port, "/readyz")[0::2] == (200, "ok\n")


def of_a_sts_at(at_s, nbf_s):
    """The answer of an STS whose clock says at_s, with a token that is valid from nbf_s on."""
    token = tokens.issued(exp=at_s + 900, iat=at_s, nbf=nbf_s)
    date = f"Date: {email.utils.formatdate(at_s, usegmt=True)}\r\n".encode()
    return tokens.openunison(token, thumbprint=None, expires=tokens.rfc3339(at_s + 900)).replace(b"\r\n", b"\r\n" + date, 1)


@pytest.mark.parametrize("ahead_s, words", [(661, "11 min( 1 s)? behind"), (-7201, "2 h( 1 s)? ahead of")], ids=["behind", "ahead"])
def test_clocks_that_differ(start, serve, sidecar, space, ahead_s, words):
    """/readyz, `check` and a metric say so; the token is valid all the same."""
    now_s = int(time.time())
    _, port = start(url=serve(of_a_sts_at(now_s + ahead_s, now_s + ahead_s - 60)).url(PATH))
    wait_for(lambda: page(port, "/readyz")[0] == 200, "ready")
    status, _, body = page(port, "/readyz")
    line = rf"the token in {space.out} is valid, but the node's clock is {words} the STS's clock: check the time synchronisation of both\n"
    assert status == 200 and re.fullmatch(f"ok\ndefault: {line}", body), body
    run = sidecar.run("check", space.out)
    assert run.status == 0 and re.fullmatch(rf"the token in {space.out} is valid for \d+ min( \d+ s)?\n", run.out.decode()), run.out
    assert re.fullmatch(line, run.err), run.err
    assert abs(value(metrics(port), "clock_skew_seconds") - ahead_s) < 60


def test_a_token_that_is_not_valid_yet(start, serve, sidecar, space):
    now_s = int(time.time())
    _, port = start(url=serve(of_a_sts_at(now_s, now_s + 605)).url(PATH))
    wait_for(lambda: value(metrics(port), "exchanges_total", result="success") == 1, "a success")
    wait_for(lambda: "no token" not in page(port, "/readyz")[2], "its status")
    status, _, body = page(port, "/readyz")
    line = rf"the token in {space.out} is valid only from {tokens.rfc3339(now_s + 605)[:-2]}\dZ on, in \d+ min( \d+ s)?: the last exchange succeeded "
    assert status == 503 and re.match(f"default: {line}", body), body
    run = sidecar.run("check", space.out)
    assert run.status == 1 and re.match(line, run.err), run.err


def test_other_requests(start):
    _, port = start()
    assert page(port, "/")[0] == 404
    assert page(port, "/metrics/")[0] == 404
    assert page(port, "/metrics?name[]=x")[0] == 200
    assert ask(port, get("http://127.0.0.1/livez"))[0] == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"):
        status, head, _ = ask(port, get("/metrics", method))
        assert status == 405 and "\r\nAllow: GET, HEAD" in head
    for path, status in (("/livez", 200), ("/metrics", 200), ("/nothing", 404)):
        assert ask(port, get(path, "HEAD"))[0::2] == (status, "")
    # The second of two processes does not answer.
    status, _, body = ask(port, get("/livez") + get("/metrics"))
    assert (status, body) == (200, "ok\n")


# ---- the port ----

@pytest.mark.parametrize("where, host", [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("[::]", "::1"), ("[::]", "127.0.0.1"),
                                         ("", "::1"), ("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")])
def test_forms(start, where, host):
    _, port = start(where=where, wait=False)
    up(port, host=host)


@pytest.mark.parametrize("bad", ["", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:", ":", ":0", ":65536", "::1:8080", "[::1]", "127.0.0.1:80x",
                                 "[127.0.0.1]:80", "http://127.0.0.1:8080", ":8080 ", "1.2.3.4.5:80", "[" + "0:" * 60 + "]:80"])
def test_bad_forms(sidecar, space, bad):
    run = sidecar.run(*arguments(space, "https://127.0.0.1:1/", "--listen", bad))
    assert run.status == 64
    assert "--listen" in run.last


def test_from_the_environment(sidecar, serve, space, answer):
    port = free_port()
    with sidecar.start(*arguments(space, serve(answer).url(PATH)), env={"STS_LISTEN": f"127.0.0.1:{port}"}):
        up(port)


def test_a_port_that_is_taken(start, space, sidecar, serve, answer):
    """One line, no attempt less, and no process less."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with sidecar.start(*arguments(space, serve(answer).url(PATH), "--listen", f"127.0.0.1:{port}", "--log-format", "json")) as process:
            wait_for((space.out / "expires").exists, "a token")
            said = [process.popen.stderr.readline().decode()]
            while "port" not in said[-1]:
                said.append(process.popen.stderr.readline().decode())
            time.sleep(0.5)
            process.signal(signal.SIGTERM)
            run = process.wait(5)
    lines = [line for line in said + run.lines if "port" in line]
    assert run.status == 0
    assert len(lines) == 1 and '"hint":"' in lines[0] and f"127.0.0.1:{port}" in lines[0]


def test_by_hand_it_is_no_command(sidecar):
    for args in (["listener"], ["listener", ":8080", "2", "1", "0", "/tokens"]):
        run = sidecar.run(*args)
        assert run.status == 64 and "unknown command" in run.err


# ---- several exchanges ----

def is_ready(port):
    with contextlib.suppress(OSError):
        return page(port, "/readyz")[0] == 200


def test_several_exchanges(several):
    port = free_port()
    several.failures = {"b": 403}
    several.configure(several.exchange("a"), several.exchange("b"), listen=f"127.0.0.1:{port}")
    several.start()
    up(port)
    wait_for(lambda: value(metrics(port), "exchanges_total", exchange="a", result="success"), "a success")
    wait_for(lambda: value(metrics(port), "exchanges_total", exchange="b", result="denied"), "a failure")
    status, _, body = page(port, "/readyz")
    assert status == 503 and body.startswith("b: no token in ") and body.count("\n") == 1
    seen = metrics(port)
    assert value(seen, "token_expiration_timestamp_seconds", exchange="a") == tokens.expiry(several.token("a"))
    assert value(seen, "token_expiration_timestamp_seconds", exchange="b") == 0
    assert [value(seen, "last_error_info", exchange=name, error="denied") for name in "ab"] == [None, 1]
    assert [value(seen, "ready", exchange=name) for name in "ab"] == [1, 0]
    assert value(seen, "consecutive_failures", exchange="a") == 0
    assert value(seen, "consecutive_failures", exchange="b") >= 1


@pytest.mark.parametrize("when", ["missing", "made anew"])
def test_a_directory_that_is_made_after_the_process_has_started(several, when):
    """The sandbox of the process holds for the directories that it found. The supervisor may write in this one, beneath another."""
    port = free_port()
    inner = several.out / "a/b"
    several.configure(several.exchange("a"), listen=f"127.0.0.1:{port}")
    process = several.start()
    several.said("token refreshed", "a")
    if when == "made anew":
        several.exchange("a/b")
    several.configure(several.exchange("b", output_dir=str(inner)), listen=f"127.0.0.1:{port}")
    if when == "made anew":
        several.said("token refreshed", "b")
        wait_for(lambda: is_ready(port), "a token that can be seen")
        shutil.rmtree(inner)
        time.sleep(FLOOR_S)
    else:
        wait_for(lambda: [line for line in several.lines("b") if line.get("error") == "output"], "a directory that is missing")
    several.exchange("a/b")
    process.signal(signal.SIGHUP)
    several.said("token refreshed", "b", 2 if when == "made anew" else 1)
    wait_for(lambda: is_ready(port), "a token that can be seen")
    assert several.stop(process).status == 0


def test_only_at_the_top(several):
    several.configure(several.exchange("a", listen=":8080"))
    run = several.fetch()
    assert run.status == 64 and "listen" in run.err


def test_bad_in_the_file(several):
    several.configure(several.exchange("a"), listen="8080")
    process = several.start()
    assert process.wait(10).status == 64


# ---- the process ----

def test_it_is_killed_with_the_supervisor(start):
    process, port = start()
    child = pid_of(process)
    process.signal(signal.SIGKILL)
    wait_for(lambda: not pathlib.Path(f"/proc/{child}").exists() or "Z (" in pathlib.Path(f"/proc/{child}/status").read_text(), "its end")
    with pytest.raises(OSError):
        page(port, "/livez")


def test_it_is_gone_when_told_to_stop(start):
    process, port = start()
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.slow
def test_it_is_started_again(start, space):
    """And the numbers are still there: they are the supervisor's."""
    process, port = start()
    wait_for(lambda: value(metrics(port), "exchanges_total", result="success") == 1, "a success")
    first = pid_of(process)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: pid_of(process) != first, "another one")
    up(port)
    assert value(metrics(port), "exchanges_total", result="success") == 1
    process.signal(signal.SIGTERM)
    run = process.wait(5)
    assert run.status == 0 and len([line for line in run.lines if "was killed" in line]) == 1


def test_fetch_has_none(sidecar, space):
    run = sidecar.run("fetch", "--url", "https://127.0.0.1:1/", "--token-file", space.token_file, "--listen", ":8080")
    assert run.status == 64


@pytest.mark.skipif(not ROOT or sanitized(), reason="needs root and the release binary")
def test_memory_and_descriptors(start):
    process, port = start(wait=False)
    child = pid_of(process)
    wait_for(lambda: any(link.startswith("socket:") for link in listener.descriptors(child)), "the port")
    time.sleep(0.2)
    if os.sysconf("SC_PAGE_SIZE") == 4096:
        assert listener.dirty_kib(child) <= AT_REST_DIRTY_MAX_KIB
    wait_for(lambda: value(metrics(port), "exchanges_total", result="success") == 1, "a success")
    for path in ("/livez", "/readyz", "/metrics", "/nothing"):
        page(port, path)
    assert listener.dirty_kib(child) <= DIRTY_MAX_KIB
    assert listener.dirty_kib(process.pid) <= SUPERVISOR_DIRTY_MAX_KIB
    wait_for(lambda: len([link for link in listener.descriptors(child) if link.startswith("socket:")]) == 1, "the port alone")
    assert not [link for link in listener.descriptors(child) if "memfd" in link], "mapped, and closed"
    assert pathlib.Path(f"/proc/{child}/environ").read_bytes() == b""
    for pid, access in ((process.pid, "rw-s"), (child, "r--s")):
        lines = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
        shared, = (line for line in lines if "memfd" in line)
        program = next(line for line in lines if "r-xp" in line and "/" in line)
        assert shared.split()[1] == access
        assert int(shared.split("-")[0], 16) - int(program.split("-")[0], 16) < 1 << 20, "near the variables: no page table of its own"
    about, above = (dict(re.findall(r"^(\w+):\t(\d+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)) for pid in (child, process.pid))
    assert about["NoNewPrivs"] == "1"
    if above["Seccomp"] == "2":
        assert int(about["Seccomp_filters"]) == int(above["Seccomp_filters"]) + 1


@pytest.mark.slow
@pytest.mark.skipif(not can_trace(), reason="needs root, strace and the release binary")
def test_what_the_processes_do(sidecar, serve, space, answer):
    """The supervisor opens no socket, the process of --listen no file once it has its filter; both sleep in poll()."""
    space.folder.chmod(0o777)
    port, trace = free_port(), space.folder / "trace"
    with sidecar.start(*arguments(space, serve(answer).url(PATH), "--listen", f"127.0.0.1:{port}"), prefix=traced(trace, "-s", "256"),
                       uid=0, gid=0) as process:
        up(port)
        wait_for(lambda: page(port, "/readyz")[0] == 200, "a token")
        for path in ("/metrics", "/livez"):
            assert page(port, path)[0] == 200
        supervisor = process.children()[0]
        wait_for(lambda: len(children_of(supervisor)) == 1, "the end of the worker")
        time.sleep(0.5)
        before = trace.read_text()
        time.sleep(1.5)
        after = trace.read_text()
        os.kill(supervisor, signal.SIGTERM)
        process.wait(5)
    assert after == before, after[len(before):]
    calls = {}
    for line in trace.read_text().splitlines():
        pid, _, call = line.partition(" ")
        calls.setdefault(int(pid), []).append(call.strip())
    # Before its last exec each was something else: setpriv, a fork of the supervisor.
    calls = {pid: those[max(i for i, call in enumerate(those) if call.startswith("execve(")):]
             for pid, those in calls.items() if any(call.startswith("execve(") for call in those)}
    assert not [call for call in calls[supervisor] if re.match(r"(socket|bind|listen|accept4?|connect)\(", call)]
    served = next(those for those in calls.values() if any(call.startswith("listen(") for call in those))
    opened = [call for call in served if call.startswith("open") and "tokens" in call]
    assert opened and all("O_PATH" in call for call in opened), opened
    assert not [call for call in served if "token.jwt" in call and not re.match(r"(newfstatat|faccessat)\(", call)]
    assert not [call for call in served if "O_WRONLY" in call or "O_RDWR" in call or "O_CREAT" in call]
    filter_at = max(i for i, call in enumerate(served) if call.startswith("prctl(PR_SET_SECCOMP"))
    called = {call.partition("(")[0] for call in served[filter_at + 1:] if not call.startswith("<... ")}
    assert called <= {"socket", "setsockopt", "bind", "listen", "poll", "accept4", "recvfrom", "sendto", "shutdown", "close", "clock_gettime", "write",
                      "stat", "fstat", "newfstatat", "faccessat", "fstatfs", "geteuid", "getppid", "nanosleep", "madvise", "+++ killed by SIGKILL +++"}, called
    assert all(", MADV_DONTNEED" in call for call in served if call.startswith("madvise(")), served


@pytest.mark.slow
def test_a_new_configuration(several):
    """The process goes by the new one; who stays keeps its numbers. The same one again changes nothing."""
    port = free_port()
    several.configure(several.exchange("a"), several.exchange("b"), listen=f"127.0.0.1:{port}")
    process = several.start()
    up(port)
    wait_for(lambda: len([1 for name in "ab" if value(metrics(port), "exchanges_total", exchange=name, result="success") == 1]) == 2, "both")
    first = pid_of(process)
    process.signal(signal.SIGHUP)
    wait_for(lambda: value(metrics(port), "exchanges_total", exchange="b", result="success") == 2, "a refresh")
    assert pid_of(process) == first
    # In a's directory: the sandbox has no other.
    c = several.exchange("c", output_dir=str(several.out / "a"))
    several.configure(c, several.exchange("b"), listen=f"127.0.0.1:{port}")
    process.signal(signal.SIGHUP)
    wait_for(lambda: first not in process.children(), "the end of the old one")
    up(port)
    wait_for(lambda: value(metrics(port), "exchanges_total", exchange="c", result="success") == 1, "the new one")
    wait_for(lambda: value(metrics(port), "exchanges_total", exchange="b", result="success") >= 2, "the numbers of the one that stays")
    seen = metrics(port)
    assert value(seen, "exchanges_total", exchange="a", result="success") is None
    assert page(port, "/readyz")[0] == 200
    several.configure(c, several.exchange("b"))
    process.signal(signal.SIGHUP)
    wait_for(lambda: process.children() == [], "the end of it")
    with pytest.raises(OSError):
        page(port, "/livez")
    several.configure(several.exchange("b"), listen=f"127.0.0.1:{port}")
    process.signal(signal.SIGHUP)
    up(port)
    assert value(metrics(port), "exchanges_total", exchange="b", result="success") >= 2


@pytest.mark.slow
def test_a_port_that_becomes_free(rig):
    """Tried again after 5 s; the tokens do not wait for it."""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        r = rig()
        process = r.run("--listen", f"{HOST}:{port}")
        r.said("token refreshed")
        r.said("the port cannot be opened")
        time.sleep(0.5)
    up(port, 12)
    assert [line["msg"] for line in r.lines() if "listen" in line] == ["the port cannot be opened: trying again", "listening"]
    assert r.stop(process).status == 0


@pytest.mark.parametrize("where,reason,hint", [
    ("127.0.0.1:TAKEN", "address already in use", "choose a port that no other container of the Pod has (with hostNetwork: no process of the node)"),
    pytest.param("127.0.0.1:1", "permission denied", "choose a port above 1023", marks=pytest.mark.skipif(LOWEST_PORT <= 1, reason="every port is free for all")),
    ("192.0.2.1:TAKEN", "address not available", "name an address that the Pod has, other than a link-local one, or :PORT for all"),
    ("[2001:db8::1]:TAKEN", "", "name an address that the Pod has, other than a link-local one, or :PORT for all"),
    ("[fe80::1]:TAKEN", "", "name an address that the Pod has, other than a link-local one, or :PORT for all"),
])
def test_a_port_that_cannot_be_opened(where, reason, hint, rig):
    """The log has the system's reason, and a hint that fits it; the tokens do not wait. Without IPv6 the reason is another than with it."""
    with socket.create_server((HOST, 0)) as taken:
        r = rig()
        process = r.run("--listen", where.replace("TAKEN", str(taken.getsockname()[1])))
        line = r.said("the port cannot be opened: trying again")[0]
        r.said("token refreshed")
    assert line["error"] == "port"
    assert line["reason"] == reason if reason else line["reason"] != "an unexpected error of the system"
    assert line["hint"] == f"health and metrics are not served, but tokens are refreshed: {hint}"
    assert r.stop(process).status == 0


@pytest.mark.slow
def test_lines_that_nobody_took(rig):
    """Nothing reads the log, and the metrics count the lines that are dropped. The line of the endpoint itself is dropped in another process, and is not counted."""
    r, port = rig(), free_port()
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        with contextlib.suppress(BlockingIOError):
            while os.write(write_end, b"x" * 64):
                pass
        os.set_blocking(write_end, True)
        process = r.run("--listen", f"{HOST}:{port}", log=False, stderr=write_end)
        r.has_token()
        up(port)
        # "started", "token refreshed"
        wait_for(lambda: metrics(port)["sts_sidecar_log_lines_dropped_total", ()] == 2, "dropped lines")
        assert r.stop(process).status == 0
    finally:
        os.close(read_end)
        os.close(write_end)


@pytest.mark.slow
def test_one_that_dies_again_and_again(rig):
    """Started again, each time twice as late; the tokens do not wait for it."""
    r, port = rig("--lifetime", SHORT), free_port()
    process = r.run("--listen", f"{HOST}:{port}")
    for times in range(3):
        os.kill(pid_of(process), signal.SIGKILL)
        r.said("the process of --listen was killed", times + 1)
    up(port)
    lines = r.said("the process of --listen was killed", 3)
    assert [line["retry_in_s"] for line in lines] == [1, 2, 4]
    assert {line["signal"] for line in lines} == {9} and {line["level"] for line in lines} == {"warn"}
    r.said("token refreshed", 2)
    assert value(metrics(port), "exchanges_total", result="success") >= 2
    assert r.stop(process).status == 0
