# SPDX-License-Identifier: Apache-2.0
"""What another process of the same UID may do with a worker between execve(2) and the worker's first statement, which makes the worker
undumpable. The kernel makes it so at execve(2) where the UID may execute the program's file and not read it."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from hostility import ABI
from harness import tokens
from harness.mock import wait_for
from harness.sidecar import GID, UID, Sidecar, build_folder, needs_root, sanitized

pytestmark = [needs_root, pytest.mark.skipif(sanitized() or not shutil.which("setpriv"), reason="needs the release build and setpriv")]

PATH = "/vault/token/user"
YAMA = pathlib.Path("/proc/sys/kernel/yama/ptrace_scope")
# ptrace(2) and process_vm_readv(2) fail with EPERM, the rest with EACCES.
ATTEMPTS = """
import ctypes, errno, json, os, sys
pid, token = int(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)

def call(function, *arguments):
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

def read(path):
    with open(path, "rb", buffering=0) as file:
        return file.read(64)

def memory():
    line = next(line for line in open(f"/proc/{pid}/maps") if " rw-p " in line)
    start = int(line.partition("-")[0], 16)
    buffer = ctypes.create_string_buffer(16)
    here, there = Part(ctypes.addressof(buffer), 16), Part(start, 16)
    call(libc.process_vm_readv, pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)

attempts = {
    "root": lambda: read(f"/proc/{pid}/root{token}"),
    "cwd": lambda: os.listdir(f"/proc/{pid}/cwd"),
    "exe": lambda: os.readlink(f"/proc/{pid}/exe"),
    "fd": lambda: os.listdir(f"/proc/{pid}/fd"),
    "a descriptor": lambda: os.readlink(f"/proc/{pid}/fd/3"),
    "environ": lambda: read(f"/proc/{pid}/environ"),
    "maps": lambda: read(f"/proc/{pid}/maps"),
    "mem": lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR)),
    "process_vm_readv": memory,
    "ptrace": lambda: call(libc.ptrace, 0x4206, pid, 0, 0),
}
results = {}
for name, attempt in attempts.items():
    try:
        attempt()
        results[name] = "got"
    except OSError as error:
        results[name] = errno.errorcode[error.errno]
print(json.dumps(results))
"""


@pytest.fixture
def held():
    """The program, whose workers wait before their first statement for a file that HELD names."""
    program = Sidecar(build_folder() / "tests/sts-sidecar-held")
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)


WITHOUT = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]    # capabilities


def as_one(uid):
    """Options of a start: this UID, without capabilities."""
    return {"uid": uid, "gid": GID if uid else 0, "prefix": [] if uid else WITHOUT}


def attempts_of(uid, pid, token):
    who = as_one(uid)
    command = [*who["prefix"], sys.executable, "-I", "-c", ATTEMPTS, str(pid), str(token)]
    done = subprocess.run(command, user=uid, group=who["gid"], extra_groups=[], stdout=subprocess.PIPE, text=True, timeout=30, check=True)
    return json.loads(done.stdout)


CASES = {
    "executable and not readable": (0o711, 0, UID, as_one(UID), True, True),
    "readable": (0o755, 0, UID, as_one(UID), False, False),
    "the file's own owner": (0o711, UID, UID, as_one(UID), False, False),
    "root without capabilities": (0o711, 0, 0, as_one(0), False, False),
    # As a container runtime starts a UID other than root with the default capabilities. execve(2) takes them away, so workers have none.
    "started with capabilities": (0o711, 0, UID, {"uid": 0, "gid": 0, "prefix": ["setpriv", f"--reuid={UID}", f"--regid={GID}", "--clear-groups"]}, False, True),
}


@pytest.mark.parametrize("mode, owner, uid, who, announced, closed", CASES.values(), ids=CASES)
def test_a_worker_before_its_first_statement(held, space, mode, owner, uid, who, announced, closed):
    os.chown(held.path, owner, owner)
    held.path.chmod(mode)
    os.chown(space.out, uid, -1)
    go = space.folder / "go"
    with held.start("run", "--url", "https://127.0.0.1:1/", "--token-file", space.token_file, "--output-dir", space.out,
                    "--cacert-path", space.ca_file, "--timeout", "60s", env={"HELD": go}, **who) as process:
        results = attempts_of(uid, process.worker(), space.token_file)
        go.touch()
        process.signal(signal.SIGTERM)
        log = process.wait().err
    started = json.loads(log.splitlines()[0])["sandbox"]
    assert started.startswith("undumpable,no-new-privs," if announced else "no-new-privs,"), started
    assert "dumpable when it began" not in log
    if closed:
        assert set(results.values()) <= {"EACCES", "EPERM"}, results
        assert {results[name] for name in ("root", "fd", "environ", "mem")} == {"EACCES"}, results
    else:
        # Yama has another reason to refuse these.
        if YAMA.exists() and YAMA.read_text().strip() != "0":
            results = {name: result for name, result in results.items() if name not in ("mem", "process_vm_readv", "ptrace")}
        assert set(results.values()) == {"got"}, results


@pytest.fixture
def unreadable():
    program = Sidecar()
    program.path.chmod(0o711)
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)


@pytest.mark.parametrize("way", ["/proc/self/exe", "AT_EXECFN"])
def test_an_exchange(unreadable, serve, space, way):
    """The kernel reads the file for execve(2) and for Landlock, whoever may read it. Without /proc, the program is executed by its path.
    setpriv executes env with capabilities, and env has none."""
    server = serve(tokens.openunison(tokens.issued()))
    hide = ["unshare", "--mount", "sh", "-c", 'umount -l /proc; exec setpriv --reuid "$0" --regid "$0" --clear-groups env "$@"', UID]
    who = {"uid": 0, "gid": 0, "prefix": hide} if way == "AT_EXECFN" else {}
    done = unreadable.run("fetch", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file, "--output-dir",
                          space.out, "--cacert-path", space.ca_file, "--log-level", "debug", *(["--require-sandbox"] if ABI else []), **who)
    assert done.status == 0, done.err
    assert '"sandbox":"undumpable,no-new-privs,seccomp' in done.err
    assert (space.out / "token.jwt").exists()


def test_a_worker_that_begins_otherwise(unreadable, space):
    """One warning, although each worker since the change begins so."""
    with unreadable.start("run", "--url", "https://127.0.0.1:1/", "--token-file", space.token_file, "--output-dir", space.out,
                          "--cacert-path", space.ca_file, stderr=open(space.folder / "log", "wb")) as process:
        def lines(level, count):
            found = [line for line in map(json.loads, (space.folder / "log").read_text().splitlines()) if line["level"] == level]
            return found if len(found) >= count else None
        wait_for(lambda: lines("error", 1), "a failure")
        assert not lines("warn", 1)
        unreadable.path.chmod(0o755)
        wait_for(lambda: lines("error", 3), "three failures", 60)
        [line] = [line for line in lines("warn", 1) if "gate" not in line]     # after three failures one line names the gate
        assert "a worker was dumpable" in line["msg"]
        process.signal(signal.SIGTERM)
        assert process.wait().status == 0
