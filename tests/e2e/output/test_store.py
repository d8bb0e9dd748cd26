# SPDX-License-Identifier: Apache-2.0
"""What readers see: modes for readers of other users, never a torn file, nothing but old or new after a kill, hostile neighbours."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import pytest

from harness import servers, tokens
from harness.bad_input import Row, check, each
from harness.sidecar import GID, ROOT, UID, can_trace, names_in, sanitized, traced

PATH = "/vault/token/user"
WRITTEN = ("token.jwt", "expires", "thumbprint")

# ---- --mode auto on directories as the kubelet makes them

@dataclass
class Volume:
    name: str
    owner: int
    group: int
    mode: int
    groups: tuple           # the sidecar's supplementary groups
    file_mode: int
    file_group: int
    readers: dict           # who may read


NOBODY_ELSE = {"the same user": True, "root": True, "root without capabilities": False, "1000": False, "1000 with group 2000": False}
EVERYBODY = dict.fromkeys(NOBODY_ELSE, True)
THE_GROUP = NOBODY_ELSE | {"1000 with group 2000": True}

VOLUMES = [
    Volume("emptyDir", 0, 0, 0o777, (), 0o644, GID, EVERYBODY),
    Volume("emptyDir with fsGroup", 0, 2000, 0o2777, (2000,), 0o640, 2000, THE_GROUP),
    Volume("a directory of our own", UID, GID, 0o755, (), 0o600, GID, NOBODY_ELSE),
    Volume("a private directory of our own", UID, GID, 0o700, (), 0o600, GID, NOBODY_ELSE),
    Volume("a directory of the group", 0, 2000, 0o2775, (2000,), 0o640, 2000, THE_GROUP),
    Volume("sticky", 0, 0, 0o1777, (), 0o644, GID, EVERYBODY),
]

READERS = {
    "the same user": ["--reuid", str(UID), "--regid", str(GID), "--clear-groups"],
    "root": [],
    "root without capabilities": ["--reuid", "0", "--regid", "0", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"],
    "1000": ["--reuid", "1000", "--regid", "1000", "--clear-groups"],
    "1000 with group 2000": ["--reuid", "1000", "--regid", "1000", "--groups", "2000"],
}


def reads(path, who):
    command = ["setpriv", *READERS[who], "cat", str(path)] if READERS[who] else ["cat", str(path)]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10)
    return run.stdout if run.returncode == 0 else None


@pytest.mark.skipif(not ROOT or not shutil.which("setpriv"), reason="needs root and setpriv")
@pytest.mark.parametrize("volume", VOLUMES, ids=lambda volume: volume.name)
def test_mode_auto(volume, sidecar, serve, space):
    os.chown(space.out, volume.owner, volume.group)
    space.out.chmod(volume.mode)
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    for umask in (0o022, 0o077, 0):
        before = os.umask(umask)
        try:
            run = sidecar.run("exchange", "--single-run", f"--cacert-path={space.ca_file}", "--minutes-before-refresh=60",
                              space.token_file, server.url(PATH), space.out, groups=volume.groups)
        finally:
            os.umask(before)
        assert run.status == 0, run.err
        for name in WRITTEN:
            about = (space.out / name).stat()
            assert (oct(stat.S_IMODE(about.st_mode)), about.st_uid, about.st_gid) == (oct(volume.file_mode), UID, volume.file_group)
        # A private directory keeps others out whatever the file says.
        for who, may in volume.readers.items():
            assert (reads(space.out / "token.jwt", who) == token.encode()) == may, who


@pytest.mark.skipif(not ROOT, reason="needs a directory of a group that we are not in")
def test_a_group_that_is_not_ours(fetch, serve, space):
    os.chown(space.out, 0, 2000)
    space.out.chmod(0o777)
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url(PATH), group=2000)
    assert run.status == 73, run.err
    assert "2000" in run.last and str(UID) in run.last
    assert not (space.out / "token.jwt").exists()


# ---- readers while it writes

READER = r"""
import base64, datetime, json, pathlib, sys
out, looks, wrong, seen = pathlib.Path(sys.argv[1]), 0, [], set()
print("ready", flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    looks += 1
    try:
        expires = (out / "expires").read_text()
        token = (out / "token.jwt").read_text()
        seen.add(token)
        payload = token.split(".")[1]
        held = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
        promised = datetime.datetime.strptime(expires + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()
        if promised > held:
            wrong.append(f"expires promises {promised}, the token holds {held}")
    except Exception as error:      # whatever it is, a reader must not see it
        wrong.append(repr(error))
print(json.dumps({"looks": looks, "wrong": wrong[:5], "seen": len(seen)}))
"""


@contextlib.contextmanager
def reader(out):
    """Another process reads `expires`, then the token, as an application would, all the time. Its verdict is filled in at the end."""
    verdict = {}
    process = subprocess.Popen([sys.executable, "-c", READER, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield verdict
        said, _ = process.communicate("stop\n", timeout=20)
        verdict.update(json.loads(said))
    finally:
        process.kill()
        process.wait(10)


def test_200_fetches_under_a_reader(fetch, serve, space):
    count = 50 if sanitized() else 200
    life = iter(range(900, 900 + 10 * count + 10, 10))
    server = serve(lambda _: tokens.openunison(tokens.issued(next(life))))
    assert fetch(server.url(PATH)).status == 0
    with reader(space.out) as verdict:
        for _ in range(count):
            run = fetch(server.url(PATH))
            assert run.status == 0, run.err
    assert verdict["wrong"] == []
    assert verdict["looks"] > count and verdict["seen"] > count // 2


# ---- killed

def test_a_temporary_that_stays_is_noticed(space):
    """The tests wait for a temporary to go away, and one that does not go away fails them."""
    space.write("tokens/expires", "whole")
    assert names_in(space.out) == {"expires"}
    later = threading.Timer(0.3, os.rename, (space.write("tokens/.status.new", "half"), space.out / ".status"))
    later.start()
    assert names_in(space.out) == {"expires", ".status"} and space.snapshot().keys() == {"expires"}
    later.join()
    space.write("tokens/.expires.new", "left")
    with pytest.raises(AssertionError, match="a temporary file was left"):
        names_in(space.out, patience_s=0.1)


TEMPORARIES = {f".{name}.new" for name in WRITTEN}


def temporaries(space):
    return {name for name in os.listdir(space.out) if name.endswith(".new")} - {".status.new"}


@pytest.fixture
def consistent(space):
    """Fills the directory with an old token; the function that comes back says that what is there now is old or new, and whole."""
    old = tokens.issued(3600, n="old")
    space.fill(old, tokens.rfc3339(tokens.expiry(old)))
    before = space.snapshot()

    def verify(new=None):
        assert set(os.listdir(space.out)) <= {*WRITTEN, ".status"}, "a temporary file was left"
        token = (space.out / "token.jwt").read_text()
        expires = (space.out / "expires").read_text()
        assert token in (old, new)
        allowed = {tokens.rfc3339(tokens.expiry(t)) for t in (old, new) if t}
        assert expires in allowed
        assert expires <= tokens.rfc3339(tokens.expiry(token)), "never promised more than it holds"
        assert (space.out / "thumbprint").read_text() in ("AB" * 32, tokens.THUMBPRINT)
        return token, before
    return verify


STAGES = {
    "connect": {"stall": "accept"},
    "TLS": {"stall": "handshake"},
    "request": {"stall": "request"},
    "half of the head": {"answer": servers.Answer(b"HTTP/1.1 200 OK\r\nContent-Le", "stall")},
    "half of the body": {"answer": servers.Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"token\":", "stall")},
}


@pytest.mark.parametrize("stage", STAGES)
def test_the_worker_killed_at_a_stage(stage, fetch, serve, space, consistent):
    server = serve(**STAGES[stage])
    with fetch(server.url(PATH), background=True, deadline="1s", timeout="20s") as process:
        assert server.stalled.wait(10)
        assert temporaries(space) == TEMPORARIES
        os.kill(process.worker(), signal.SIGKILL)
        run = process.wait(10)
    assert run.status == 70 and "killed by signal 9" in run.last, run.err
    _, before = consistent()
    assert space.snapshot() == before


@pytest.mark.parametrize("end", ["its own alarm", "killed by the supervisor", "the supervisor is told to stop"])
def test_no_temporary_stays(end, fetch, serve, space, consistent):
    """The worker removes its temporaries at its deadline. The supervisor does it for a worker that it has killed."""
    server = serve(stall="request")
    timeout = "1s" if end != "the supervisor is told to stop" else "20s"
    with fetch(server.url(PATH), background=True, timeout=timeout, deadline=timeout) as process:
        assert server.stalled.wait(10)
        assert temporaries(space) == TEMPORARIES
        if end == "killed by the supervisor":
            os.kill(process.worker(), signal.SIGSTOP)
        elif end == "the supervisor is told to stop":
            process.signal(signal.SIGTERM)
        run = process.wait(10)
    words = {"its own alarm": "time ran out", "killed by the supervisor": "did not end in time", "the supervisor is told to stop": "told to stop"}
    assert words[end] in run.err, run.err
    _, before = consistent()
    assert space.snapshot() == before


@pytest.mark.slow
def test_a_worker_that_was_killed_costs_one_attempt(fetch, serve, space):
    token = tokens.issued()
    answers = iter([servers.Answer(b"HTTP/1.1 200 OK\r\n", "stall"), tokens.openunison(token)])
    server = serve(lambda _: next(answers))
    with fetch(server.url(PATH), background=True, deadline="20s", timeout="10s") as process:
        assert server.stalled.wait(10)
        os.kill(process.worker(), signal.SIGKILL)
        run = process.wait(20)
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


def test_the_supervisor_killed(fetch, serve, space, consistent):
    """The worker does not go on for ever without it. What it leaves is removed by the next start, before any attempt, and nothing else is."""
    server = serve(stall="request")
    with fetch(server.url(PATH), background=True, timeout="3s") as process:
        assert server.stalled.wait(10)
        worker = process.worker()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        deadline = time.monotonic() + 6
        while os.path.exists(f"/proc/{worker}") and time.monotonic() < deadline:
            if pathlib.Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                break
            time.sleep(0.02)
        else:
            assert not os.path.exists(f"/proc/{worker}")
    assert temporaries(space) == TEMPORARIES
    (space.out / ".token.json.new").write_text("of an exchange with another --write")
    for name in ("token.jwt.new", ".mine.new", "core.17"):
        (space.out / name).write_text("somebody else's")
    run = fetch(server.url(PATH), token_file=space.folder / "missing", deadline="1s")
    assert run.status == 66, run.err
    for name in ("token.jwt.new", ".mine.new", "core.17"):
        (space.out / name).unlink()
    _, before = consistent()
    assert space.snapshot() == before


def test_another_fetch_removes_nothing(fetch, serve, space):
    """The directory is locked by the fetch that uses it, so another one that is started by mistake leaves its temporaries alone."""
    token, asked, answer = tokens.issued(), threading.Event(), threading.Event()

    def slowly(_):
        asked.set()
        assert answer.wait(20)
        return tokens.openunison(token)

    server = serve(slowly)
    with fetch(server.url(PATH), background=True) as process:
        assert asked.wait(10)
        other = fetch(server.url(PATH))
        assert other.status == 73 and "already writes" in other.err, other.err
        assert temporaries(space) == TEMPORARIES
        answer.set()
        assert process.wait(20).status == 0
    assert (space.out / "token.jwt").read_text() == token
    assert temporaries(space) == set()


@pytest.mark.skipif(not can_trace(), reason="needs root, strace and the release binary")
@pytest.mark.parametrize("end", ["an error", "its own alarm"])
def test_without_a_lock(end, sidecar, serve, space):
    """Where a directory cannot be locked (NFS), the supervisor removes nothing, since another sidecar may write there. The worker removes what it has made."""
    server = serve(**({"stall": "request"} if end == "its own alarm" else {"answer": servers.Answer(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")}))
    prefix = traced(space.folder / "trace", "-e", "inject=flock:error=EBADF")
    options = ["fetch", "--url", server.url(PATH), "--protocol", "openunison", "--output-dir", space.out, "--cacert-path", space.ca_file,
               "--timeout", "1s", "--deadline", "1s", "--log-format", "text"]
    run = sidecar.run(*options, "--token-file", space.token_file, prefix=prefix, uid=0, gid=0)
    assert ("403" if end == "an error" else "time ran out") in run.err, run.err
    assert "INJECTED" in (space.folder / "trace").read_text()
    assert temporaries(space) == set()
    (space.out / ".token.jwt.new").write_text("another sidecar's")
    run = sidecar.run(*options, "--token-file", space.folder / "missing", prefix=prefix, uid=0, gid=0)
    assert run.status == 66, run.err
    assert temporaries(space) == {".token.jwt.new"}


@pytest.mark.parametrize("name", [".token.jwt.new", ".expires.new"])
def test_a_temporary_that_is_swapped(name, fetch, serve, space, consistent):
    """The application replaces a temporary after it was made. Its file is not put in place of ours."""
    def swap(_):
        (space.out / "mine").write_text("forged")
        os.rename(space.out / "mine", space.out / name)
        return tokens.openunison(tokens.issued())

    server = serve(swap)
    run = fetch(server.url(PATH), deadline="1s")
    assert run.status == 73 and f"somebody else has removed or replaced {space.out}/{name}"[:90] in run.err, run.err
    _, before = consistent()
    assert space.snapshot() == before


# The supervisor removes what is left when it starts, so its own unlinkat(2) is the first. arm64 has not all of these calls: "?" lets strace go on.
STORE_CALLS = ["?unlink,unlinkat", "openat,?open", "write", "fchmod", "fsync", "?rename,?renameat,renameat2"]


@pytest.mark.skipif(not can_trace(), reason="needs root, strace and the release binary")
@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("calls", STORE_CALLS)
def test_killed_at_a_system_call_of_the_store(calls, name, sidecar, serve, space, consistent):
    new = tokens.issued(7200, n="new")
    server = serve(tokens.openunison(new))
    temporary = f".{name}.new"
    # Calls that take a file name are made to fail by the name, the others by the descriptor.
    prefix = traced(space.folder / "trace", "-e", f"inject={calls}:signal=KILL", "-P", temporary, "-P", space.out / temporary)
    run = sidecar.run("fetch", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                      "--output-dir", space.out, "--cacert-path", space.ca_file, "--deadline", "3s", prefix=prefix, uid=0, gid=0)
    if calls == STORE_CALLS[0]:
        assert run.status == -signal.SIGKILL, run.err
    else:
        # On a slow machine another attempt ends at the deadline.
        assert "killed by signal 9" in run.err and run.status == (70 if "killed by signal 9" in run.last else 75), run.err
    consistent(new)
    assert "SIGKILL" in (space.folder / "trace").read_text()
    # The next exchange repairs everything.
    run = sidecar.run("fetch", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                      "--output-dir", space.out, "--cacert-path", space.ca_file)
    assert run.status == 0, run.err
    assert consistent(new)[0] == new
    assert sorted(os.listdir(space.out)) == [".status", *sorted(WRITTEN)]


# ---- neighbours who may write in the directory

def victim(space):
    path = space.folder / "victim"
    path.write_text("precious")
    path.chmod(0o666)
    return path


def link(space, path):
    path.symlink_to(victim(space))


def dangling_link(space, path):
    space.folder.chmod(0o777)
    path.symlink_to(space.folder / "made-by-nobody")


def link_to_directory(space, path):
    (space.folder / "elsewhere").mkdir(exist_ok=True)
    (space.folder / "elsewhere").chmod(0o777)
    path.symlink_to(space.folder / "elsewhere")


def hard_link(space, path):
    os.link(victim(space), path)


def fifo(space, path):
    os.mkfifo(path)
    path.chmod(0o666)


def unix_socket(space, path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def device(space, path):
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))      # /dev/zero
    path.chmod(0o666)


def huge(space, path):
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    path.chmod(0o666)


def foreign(space, path):
    path.write_text("foreign")
    path.chmod(0o600)
    if ROOT:
        os.chown(path, 0, 0)


def directory(space, path):
    path.mkdir()
    path.chmod(0o777)


def full_directory(space, path):
    directory(space, path)
    (path / "inside").write_text("x")


KINDS = [link, dangling_link, link_to_directory, hard_link, fifo, unix_socket, device, huge, foreign, directory, full_directory]
NAMES = [*WRITTEN, ".status", *(f".{name}.new" for name in WRITTEN), ".status.new"]
# What a rename cannot replace, and where the run therefore fails.
FINAL = (*WRITTEN, ".status")
STUCK = {(kind, name) for kind in (directory, full_directory) for name in FINAL} | {
    (full_directory, f".{name.lstrip('.')}.new") for name in FINAL}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_neighbours(name, kind, fetch, sidecar, serve, space):
    if kind is device and not ROOT:
        pytest.skip("needs root")
    try:
        kind(space, space.out / name)
    except OSError as error:
        pytest.skip(f"not possible here: {error}")
    token = tokens.issued()
    server = serve(tokens.openunison(token))

    check = sidecar.run("check", space.out)
    assert check.status == 1, check.err
    inspect = sidecar.run("inspect", "--output-dir", space.out)
    assert inspect.status != 0
    assert b"precious" not in inspect.out + inspect.err.encode() + check.err.encode()

    run = fetch(server.url(PATH), timeout="60s", deadline="60s")  # the run ends long before this: nothing hangs
    if (kind, name) in STUCK:
        assert run.status == 73, run.err
        assert name in run.last
        # What is written before the name that is stuck is whole; what comes after it was not begun.
        assert not (space.out / "token.jwt").is_file() or (space.out / "token.jwt").read_text() == token
    else:
        assert run.status == 0, run.err
        # Where a second ended between the making of the token and its sending, a second is lost: never promised.
        ends = {tokens.rfc3339(tokens.expiry(token) - lost) for lost in (0, 1)}
        for written, texts in (("token.jwt", {token}), ("expires", ends), ("thumbprint", {tokens.THUMBPRINT})):
            about = (space.out / written).lstat()
            assert stat.S_ISREG(about.st_mode) and about.st_uid == UID and stat.S_IMODE(about.st_mode) == 0o644
            assert about.st_nlink == 1
            assert (space.out / written).read_text() in texts
        assert sidecar.run("check", space.out).status == 0
    if (space.folder / "victim").exists():
        assert (space.folder / "victim").read_text() == "precious"
        assert stat.S_IMODE((space.folder / "victim").stat().st_mode) == 0o666
    assert not (space.folder / "made-by-nobody").exists()
    if (space.folder / "elsewhere").exists():
        assert os.listdir(space.folder / "elsewhere") == []


@pytest.mark.skipif(not ROOT, reason="needs to mount")
@pytest.mark.parametrize("options,says", [("size=8k,nr_inodes=3,mode=0777", "no space left"), ("ro,mode=0777", "read-only file system")])
def test_full_and_read_only_file_systems(options, says, fetch, sidecar, serve, space):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(space.out)], capture_output=True, timeout=10)
    if done.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        if "size" in options:
            (space.out / "token.jwt").write_bytes(b"o" * 4096)
            (space.out / "expires").write_text(tokens.rfc3339(int(time.time()) + 300))
        before = space.snapshot()
        server = serve(tokens.openunison(tokens.issued()))
        run = fetch(server.url(PATH))
        assert run.status == 73, run.err
        assert says in run.last, run.err
        assert space.snapshot() == before
        assert server.connections == 0, "a full disk is noticed before the subject token is sent"
        assert ("sizeLimit" in run.last) == ("size" in options) and ("writable emptyDir" in run.last) == ("size" not in options), run.err
        if "size" in options:
            about = [f"{name} (4 KiB, UID {os.getuid()})" for name in ("token.jwt", "expires")]
            either = (", ".join(about), ", ".join(reversed(about)))
            assert any(f'largest="{largest}"' in run.last for largest in either), run.err
            said = sidecar.run("check", "--min-ttl", "1h", space.out).err
            assert any(f"the largest files: {largest}" in said for largest in either), said
    finally:
        subprocess.run(["umount", str(space.out)], check=True, timeout=10)


# ---- directories that cannot be written

def out_read_only(space):
    space.out.chmod(0o555)


def out_missing(space):
    space.out = space.folder / "nowhere"


def out_is_a_file(space):
    space.out = space.write("file", "x")


OUTPUT = [
    Row("output directory read-only", 73, "output", "tokens: permission denied for UID", prepare=out_read_only, needs_user=True,
        asked=None),
    Row("output directory missing", 73, "output", "nowhere: no such directory", hint="mount an emptyDir there, or correct --output-dir", prepare=out_missing, asked=False),
    Row("output directory is a file", 73, "output", "file: not a directory", hint="name a directory with --output-dir", prepare=out_is_a_file, asked=False),
]


@each(*OUTPUT)
def test_directories_that_cannot_be_used(row, fetch, serve, space):
    check(row, fetch, serve, space)
