# SPDX-License-Identifier: Apache-2.0
"""No byte of a token in what is printed or logged, on a command line, in an environment, in the supervisor's memory, or in a core."""
import base64
import os
import pathlib
import re
import resource
import signal
import subprocess
import time
import urllib.parse

import pytest

from harness import pki, tokens
from harness.answers import exchange
from harness.mock import wait_for
from harness.sidecar import GID, ROOT, UID, sanitized
from harness.tokens import http

WINDOW = 8
SECRET = "s3cr3t-of-the-app-0123456789"


def windows(token):
    """Every sequence of a few characters of the token, without the characters that every JWT begins with."""
    start = token.index(".") + 1 if token.count(".") == 2 else 0
    return {token[i:i + WINDOW] for i in range(start, len(token) - WINDOW + 1)}


def leaked(text, *secrets):
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    seen = {text[i:i + WINDOW] for i in range(len(text) - WINDOW + 1)}
    return sorted(piece for secret in secrets for piece in windows(secret) & seen)


def test_the_search_finds_what_it_looks_for(subject):
    assert leaked(f"rejected: {subject[50:90]}", subject)
    assert leaked(subject.encode(), subject)
    assert not leaked("the STS, or a gateway in front of it, refused this ServiceAccount: check the authorization rules of both", subject)


# The error that each ends in, and the answer.
ECHOES = {
    "error_description": ("denied", lambda t: http(403, {"error": "access_denied", "error_description": f"bad token {t}!"})),
    "error": ("denied", lambda t: http(403, {"error": t, "error_description": "no"})),
    "a piece of it as the error": ("status", lambda t: http(400, {"error": t[-40:], "error_description": t[40:100]})),
    "its signature as the error": ("status", lambda t: http(400, {"error": t.rpartition(".")[2][:47].replace("_", "-")})),
    "error_uri": ("refused", lambda t: http(400, {"error": "invalid_request", "error_uri": f"https://x.test/?t={t}"})),
    "the whole body": ("denied", lambda t: http(403, t.encode())),
    "a page": ("busy", lambda t: http(500, f"<html><pre>Authorization: Bearer {t}</pre></html>".encode())),
    "the reason phrase": ("denied", lambda t: f"HTTP/1.1 403 {t}\r\nContent-Length: 0\r\n\r\n".encode()),
    "a redirect": ("redirect", lambda t: http(302, headers=[f"Location: https://{t[:60].replace('_', 'x').replace('.', '-')}.test/{t}?t={t}"])),
    "a redirect's port": ("redirect", lambda t: http(302, headers=[f"Location: https://x.test:{t}/"])),
    "a header": ("denied", lambda t: http(403, headers=[f"WWW-Authenticate: Bearer error=\"{t}\""])),
    "a bad header": ("http", lambda t: f"HTTP/1.1 403 X\r\n{t} : x\r\n\r\n".encode()),
    "the status line": ("http", lambda t: f"{t}\r\n\r\n".encode()),
    "a bad chunk size": ("http", lambda t: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{t}\r\n".encode()),
    "a bad length": ("http", lambda t: f"HTTP/1.1 200 OK\r\nContent-Length: {t}\r\n\r\n".encode()),
    "a bad Retry-After": ("busy", lambda t: http(503, headers=[f"Retry-After: {t}", f"Date: {t}"])),
    "an unknown encoding": ("http", lambda t: f"HTTP/1.1 200 OK\r\nContent-Encoding: {t}\r\nContent-Length: 0\r\n\r\n".encode()),
    "a key": ("answer", lambda t: http(200, {t: 1, "token": {t: t}})),
    "no JSON": ("json", lambda t: http(200, b'{"token":{"jwt":' + t.encode())),
    "expires": ("answer", lambda t: tokens.openunison(tokens.issued(), expires=t)),
    "thumbprint": ("token", lambda t: tokens.openunison(tokens.issued(), thumbprint=t)),
    "a returned value with white space": ("token", lambda t: tokens.openunison(tokens.issued(), jwt=f"{t}\n{t}", expires=None)),
}
# Members of openunison's answer: in token-exchange's they stand for nothing.
OF_OPENUNISON = {"expires", "thumbprint", "a returned value with white space"}


@pytest.mark.parametrize("protocol", ["openunison", "token-exchange"])
@pytest.mark.parametrize("echo", ECHOES)
def test_an_sts_that_echoes(echo, protocol, fetch, serve, space, subject):
    error, answer = ECHOES[echo]
    if protocol == "token-exchange" and echo in OF_OPENUNISON:
        error = "answer"
    server = serve(answer(subject))
    for log_format in ("text", "json"):
        run = fetch(server.url("/token/user"), protocol=protocol, log_format=log_format, log_level="debug", deadline="1s")
        assert (f'"error":"{error}"' if log_format == "json" else f'error="{error}"') in run.last, run.err
        assert not leaked(run.err, subject)
        assert not leaked(run.out, subject)
    assert server.requests
    assert not leaked((space.out / ".status").read_bytes(), subject)


def test_bad_subject_tokens_are_not_shown(fetch, space, subject):
    for text in (subject[:60] + " " + subject[60:], subject + "\r\n" + subject, subject + "\u00fc", subject * 200):
        space.token_file.write_text(text)
        run = fetch("https://127.0.0.1:1/token/user")
        assert run.status == 66
        assert not leaked(run.err, subject)


def test_success_says_nothing_of_either_token(fetch, serve, space, subject):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    run = fetch(server.url("/token/user"), log_level="debug")
    assert run.status == 0
    assert not leaked(run.err + (space.out / ".status").read_text(), subject, token)


def test_dry_run_masks(fetch, serve, space, subject):
    secret = space.write("secret", SECRET)
    server = serve(b"")
    for protocol in ("openunison", "token-exchange"):
        more = ("--client-id", "me", "--client-secret-file", secret, "--client-auth", "post") if protocol == "token-exchange" else ()
        run = fetch(server.url("/token/user"), "--dry-run", *more, protocol=protocol)
        assert run.status == 0, run.err
        assert b"/token/user HTTP/1.1" in run.out
        assert not leaked(run.out, subject, SECRET)
        assert not leaked(run.err, subject, SECRET)
    assert server.connections == 0


@pytest.mark.parametrize("more", [("--audience={}",), ("--audience={}", "--body=json"), ("--scope=a {} b",), ("--url=https://sts.example/{}/t",)])
def test_dry_run_hides_what_looks_like_a_token(sidecar, subject, more):
    """Somebody gives a token in the place of a name."""
    run = sidecar.run("fetch", "--dry-run", "--url=https://sts.example/t", "--resource=https://a.example", *(word.format(subject) for word in more))
    assert run.status == 0, run.err
    assert (b"(a token)" in run.out and b"subject_token" in run.out) and not leaked(run.out + run.err.encode(), subject)


def test_client_secrets_are_not_shown(fetch, serve, space, subject):
    secret = space.write("secret", SECRET + "\n")
    for how in ("basic", "post"):
        server = serve(http(401, {"error": "invalid_client", "error_description": f"secret {SECRET} is wrong"}))
        run = fetch(server.url("/token"), "--client-id", "me", "--client-secret-file", secret, "--client-auth", how,
                    protocol="token-exchange", deadline="1s", log_level="debug")
        assert run.status == 77, run.err
        assert not leaked(run.err, subject, SECRET)


API_KEY = "k3y-0f-the-user"


@pytest.mark.parametrize("given", ["--header=X-Api-Key=", "--header=Cookie=", "--param=api_key="])
def test_values_that_may_be_secrets_are_not_shown(given, fetch, serve):
    server = serve(http(400, {"error": "invalid_request", "error_description": f"what is {API_KEY}?"}))
    run = fetch(server.url("/token"), given + API_KEY, protocol="token-exchange", log_level="debug")
    assert run.status == 77, run.err
    assert "repeat a secret" in run.err
    assert not leaked(run.err, API_KEY)
    run = fetch(server.url("/token"), "--dry-run", given + API_KEY, protocol="token-exchange")
    assert run.status == 0, run.err
    assert b"***" in run.out and not leaked(run.out, API_KEY)


def processes(process):
    return {"supervisor": process.pid, "worker": process.worker()}


@pytest.fixture
def held(fetch, serve):
    """A fetch whose worker waits for the answer: it has read the token and sent it."""
    server = serve(stall="request")
    with fetch(server.url("/token/user"), background=True, timeout="60s", deadline="60s") as process:
        assert server.stalled.wait(10)
        yield process


def read_proc(pid, name):
    return pathlib.Path(f"/proc/{pid}/{name}").read_bytes()


def test_proc_shows_no_token(held, subject):
    for who, pid in processes(held).items():
        for name in ("cmdline", "environ", "comm", "status", "stat"):
            try:
                data = read_proc(pid, name)
            except PermissionError:
                continue
            assert not leaked(data, subject), (who, name)
        assert b"sts-sidecar" in read_proc(pid, "cmdline")


def memory_of(pid):
    """The content of all writable mappings that root may read."""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode = line.split()[:2]
            if "rw" not in mode or "[v" in line:
                continue
            start, end = (int(text, 16) for text in span.split("-"))
            if end - start > 256 << 20:
                continue
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except OSError:
                continue


@pytest.mark.skipif(not ROOT or sanitized(), reason="needs root, and a binary without shadow memory")
def test_the_supervisor_has_no_token_in_its_memory(held, subject):
    found = {who: any(subject.encode()[20:] in data for data in memory_of(pid)) for who, pid in processes(held).items()}
    assert found == {"supervisor": False, "worker": True}, "the worker is the control: it must have it"


AS_NEIGHBOUR = """
import ctypes, sys
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
for name in ("mem", "environ", "maps", "auxv"):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            file.read(1)
        print(name, "readable")
    except OSError as error:
        print(name, "EIO" if error.errno == 5 else "refused")
if libc.ptrace(16, pid, 0, 0) == 0:   # PTRACE_ATTACH
    print("ptrace attached")
else:
    print("ptrace refused")
"""


def look_at(pid):
    """What another process of the same user may see."""
    identity = dict(user=UID, group=GID, extra_groups=[]) if ROOT else {}
    out = subprocess.run(["/usr/bin/python3", "-c", AS_NEIGHBOUR, str(pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         timeout=10, check=True, cwd="/", **identity).stdout
    return dict(line.split() for line in out.splitlines())


@pytest.mark.skipif(UID == 0, reason="root may look at everything")
def test_a_neighbour_of_the_same_user_sees_nothing(held):
    identity = dict(user=UID, group=GID, extra_groups=[]) if ROOT else {}
    control = subprocess.Popen(["/bin/sleep", "30"], cwd="/", **identity)
    try:
        wait_for(lambda: look_at(control.pid)["environ"] == "readable", "the control's environment")
    finally:
        control.kill()
        control.wait(5)
    for who, pid in processes(held).items():
        assert set(look_at(pid).values()) == {"refused"}, who


@pytest.fixture
def unlimited_core():
    before = resource.getrlimit(resource.RLIMIT_CORE)
    most = resource.RLIM_INFINITY if ROOT else before[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    # A shell ignores this signal in what it starts with `&`, and children inherit that.
    quit_before = signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGQUIT, quit_before)
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_no_core(sidecar, serve, space, unlimited_core):
    """Killed by a signal that dumps core, with no limit set and in a directory that may be written."""
    where = space.folder / "cores"
    where.mkdir()
    where.chmod(0o777)
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT):
        for who in ("worker", "supervisor"):
            server = serve(stall="request")
            with sidecar.start("fetch", "--url", server.url("/token/user"), "--protocol", "openunison", "--token-file",
                               space.token_file, "--output-dir", space.out, "--cacert-path", space.ca_file, "--deadline", "30s",
                               cwd=where, env={"ASAN_OPTIONS": "detect_leaks=0:handle_segv=0:handle_abort=0"}) as process:
                assert server.stalled.wait(10)
                pid = processes(process)[who]
                for own in (process.pid, process.worker()):
                    limits = pathlib.Path(f"/proc/{own}/limits").read_text()
                    assert re.search(r"Max core file size\s+0\s+0\s", limits), limits
                worker = process.worker()
                os.kill(pid, number)
                if who == "supervisor":
                    process.wait(5)
                gone(worker)
                if who == "worker":
                    process.signal(signal.SIGTERM)
                    assert process.wait(10).status != 0
            assert list(where.iterdir()) == []


def gone(pid, patience_s=3):
    """A worker does not outlive its supervisor for long."""
    deadline = time.monotonic() + patience_s
    while pathlib.Path(f"/proc/{pid}").exists():
        try:
            if read_proc(pid, "stat").rpartition(b")")[2].split()[0] == b"Z":
                return
        except OSError:
            return
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError("the worker went on without its supervisor")
        time.sleep(0.02)


CODED = "s3cr3t/of+the=client&0123"     # encodings change it


WRAPPED = {
    "percent-encoded": lambda t: urllib.parse.quote(t, safe=""),
    "every byte percent-encoded": lambda t: "".join(f"%{ord(c):02x}" for c in t),
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base64url": lambda t: base64.urlsafe_b64encode(t.encode()).decode(),
    "Basic": lambda t: "Basic " + base64.b64encode(f"me:{urllib.parse.quote(t, safe='')}".encode()).decode(),
    "upper case": str.upper,
    "lower case": str.lower,
}


@pytest.mark.parametrize("how", WRAPPED)
@pytest.mark.parametrize("what", ["subject", "client secret", "actor token", "parameter file"])
def test_an_echo_in_other_clothes(how, what, fetch, serve, space, subject):
    secret = subject[subject.index(".") + 9:] if what == "subject" else CODED
    options = {
        "client secret": {"client_auth": "basic", "client_id": "me", "client_secret_file": space.write("secret", CODED)},
        "actor token": {"actor_token_file": space.write("actor", CODED), "param": "actor_token_type=x"},
        "parameter file": {"param_file": f"k={space.write('value', CODED)}"},
    }.get(what, {})
    shown = WRAPPED[how](secret)
    run = exchange(fetch, serve, http(400, {"error": "invalid_client", "error_description": f"bad: {shown}"}), **options)
    assert run.status == 77, run.err
    assert "repeat a secret" in run.err
    assert shown[:12] not in run.err


@pytest.mark.parametrize("how", [str, str.lower, str.upper])
def test_a_certificate_that_repeats_the_subject_token(how, fetch, serve, ca, subject):
    piece = re.search(r"[A-Za-z0-9]{14,40}", subject.split(".")[1][10:])[0]
    run = fetch(serve(identity=pki.server(ca, names=[f"{how(piece)}.test"], ips=[])).url("/"))
    assert run.status == 69, run.err
    assert "the peer's words are left out: they repeat the subject token" in run.err
    assert piece[:12].lower() not in run.err.lower()


BINARY = "zq1/xw2+vK3=uT4-rS5_pN6"
ENCODINGS = {
    "hex": lambda s: s.hex(),
    "HEX with spaces": lambda s: s.hex(" ").upper(),
    "\\x": lambda s: "".join(f"\\x{c:02x}" for c in s),
    "percent": lambda s: "".join(f"%{c:02x}" for c in s),
    "base64": lambda s: base64.b64encode(b"x:" + s).decode(),
    "entities": lambda s: "".join(f"&#x{c:x};" for c in s),
}


@pytest.mark.parametrize("how", ENCODINGS)
def test_no_secret_comes_back_into_the_log(how, fetch, serve, space):
    secret = space.write("secret", BINARY)
    shown = ENCODINGS[how](BINARY.encode())
    for body in ({"error": "invalid_client", "error_description": "bad: " + shown}, {"error": shown[:47]}, f"bad {shown}".encode()):
        run = fetch(serve(http(403, body)).url("/"), "--client-id=app", f"--client-secret-file={secret}", "--client-auth=basic",
                    protocol="token-exchange")
        assert run.status == 77, run.err
        assert shown[:24] not in run.err.replace("\\\\", "\\"), run.err
