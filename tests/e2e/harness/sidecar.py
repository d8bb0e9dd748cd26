# SPDX-License-Identifier: Apache-2.0
"""The program under test, run as a black box and, where the tests are root, as an ordinary user."""
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import pytest

TOP = pathlib.Path(__file__).resolve().parents[3]
ROOT = os.geteuid() == 0
UID = 65532 if ROOT else os.geteuid()
GID = 65532 if ROOT else os.getegid()
needs_root = pytest.mark.skipif(not ROOT, reason="needs root")
PATIENCE_S = 30
TEMPORARY = re.compile(r"\..+\.new")
SANITIZER_REPORT = re.compile(r"(ERROR: \w+Sanitizer|runtime error:).*")


def build_folder():
    return pathlib.Path(os.environ.get("STS_SIDECAR") or TOP / "build/sts-sidecar").resolve().parent


def traced(trace, *options):
    """What to run before the program so that strace follows it. A process that is not dumpable shows its memory to root alone, so
    strace stays root and the program becomes an ordinary user after it."""
    return ["strace", "-f", "-qq", "-o", str(trace), *map(str, options),
            "setpriv", "--reuid", str(UID), "--regid", str(GID), "--clear-groups"]


def can_trace():
    if not ROOT or sanitized() or not shutil.which("strace") or not shutil.which("setpriv"):
        return False
    return subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, timeout=20).returncode == 0


def sanitized():
    return any(word in build_folder().name for word in ("asan", "coverage"))


@dataclass
class Result:
    args: list
    status: int
    out: bytes
    err: str
    seconds: float

    @property
    def lines(self):
        return [line for line in self.err.splitlines() if line.strip()]

    @property
    def last(self):
        return self.lines[-1] if self.lines else ""


def holds_signals(pid, number=signal.SIGTERM):
    """Does the program hold this signal back? It does from its first moment on. unshare, which may have started it, does so for a moment, too."""
    with contextlib.suppress(OSError):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        blocked = re.search(r"^SigBlk:\s+(\w+)$", status, re.M)
        return status.startswith("Name:\tsts-sidecar\n") and int(blocked[1], 16) >> (number - 1) & 1
    return False


def children_of(pid):
    with contextlib.suppress(OSError):
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def names_in(folder, patience_s=10):
    """The names in the output directory of a sidecar that may still run. It writes `.status` after its line in the log, first under another
    name, so a temporary may be there for a moment. A temporary that stays is a failure."""
    deadline = time.monotonic() + patience_s
    while left := set(filter(TEMPORARY.fullmatch, names := set(os.listdir(folder)))):
        assert time.monotonic() < deadline, f"a temporary file was left in {folder}: {left}"
        time.sleep(0.01)
    return names


def is_one_line(run):
    """Is what it said one line of printable ASCII?"""
    return run.err.count("\n") == 1 and all(" " <= c <= "~" for c in run.err.rstrip("\n"))


class Process:
    """A run that is still going on."""

    def __init__(self, program, args, popen, started):
        self.program, self.args, self.popen, self.started = program, args, popen, started
        self.pid = popen.pid

    def children(self):
        return children_of(self.pid)

    def workers(self):
        """The workers that run: the other children examine files, plan, or listen."""
        found = []
        for child in self.children():
            with contextlib.suppress(OSError):
                if b"\0worker\0" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
        return found

    def worker(self, patience_s=20):
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            for child in self.workers():
                return child
            time.sleep(0.005)
        raise AssertionError("there is no worker")

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout=PATIENCE_S):
        try:
            out, err = self.popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            out, err = self.popen.communicate(timeout=5)
            raise AssertionError(f"{self.args} did not end within {timeout} s; stderr: {(err or b'').decode(errors='replace')}") from None
        result = Result(self.args, self.popen.returncode, out or b"", (err or b"").decode("utf-8", "replace"),
                        time.monotonic() - self.started)
        report = SANITIZER_REPORT.search(result.err)
        assert not report, f"{report[0]}\n{result.err}"
        check_no_bug(result.err)
        check_status(self.args[self.args.index(str(self.program.path)) + 1:], result)
        return result

    def kill(self):
        for child in self.children():
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.popen.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            self.kill()
            self.popen.communicate(timeout=5)


def check_no_bug(log):
    """The program reports a state that got an event which cannot happen in it (sidecar/log/bug.h). The release goes on after that."""
    assert "this is a bug in sts-sidecar" not in log, log


def check_status(args, result):
    """The help of a command lists its exit statuses. It has no other, whatever happens to it; a signal may kill it."""
    command = next((one for one in commands_of_the_table() if args and one.name == args[0]), None)
    assert not command or result.status < 0 or result.status in dict(command.statuses), \
        f"{args[0]} ended with {result.status}, which its row of options.toml does not have: {result.err}"


@functools.cache
def commands_of_the_table():
    sys.path.insert(0, str(TOP / "tools"))
    from tables import options
    return options.read(TOP / options.SOURCE).commands


class Sidecar:
    """The program under test: a copy of the binary, in a folder from which every user may run it."""

    def __init__(self, binary=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-e2e-"))
        self.folder.chmod(0o755)
        self.path = self.folder / "sts-sidecar"
        shutil.copy2(binary or build_folder() / "sts-sidecar", self.path)
        self.path.chmod(0o755)

    def environment(self, env=None):
        # Leaks do not matter in a process that lives for milliseconds, and the detector of leaks needs ptrace.
        base = {"PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
        return base | {key: str(value) for key, value in (env or {}).items()}

    def start(self, *args, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, uid=UID, gid=GID,
              groups=(), prefix=(), cwd="/", **more):
        identity = dict(user=uid, group=gid, extra_groups=list(groups)) if ROOT else {}
        command = [*map(str, prefix), str(self.path), *map(str, args)]
        started = time.monotonic()  # before the process runs: a test that it waits long enough must not miss the beginning
        popen = subprocess.Popen(command, env=self.environment(env), stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd, **identity, **more)
        return Process(self, command, popen, started)

    def run(self, *args, input=None, timeout=PATIENCE_S, **more):
        if input is None:
            with self.start(*args, **more) as process:
                return process.wait(timeout)
        with tempfile.TemporaryFile() as given:
            given.write(input)
            given.seek(0)
            with self.start(*args, stdin=given, **more) as process:
                return process.wait(timeout)


class Space:
    """A folder of one test: a subject token, a CA file, and an output directory as the kubelet makes it (0777)."""

    def __init__(self, folder):
        self.folder = folder
        self.token_file = folder / "sts-token"
        self.ca_file = folder / "ca.crt"
        self.out = folder / "tokens"
        self.out.mkdir()
        self.out.chmod(0o777)

    def write(self, name, data, mode=0o644):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(mode)
        return path

    def fill(self, token, expires):
        """Something that is there before the run."""
        for name, text in (("token.jwt", token), ("expires", expires), ("thumbprint", "AB" * 32)):
            path = self.out / name
            path.write_text(text)
            path.chmod(0o640)
            if ROOT:
                os.chown(path, UID, GID)

    def snapshot(self):
        """Everything about the files that readers use: names, bytes, modes, identity. The status file is not among them, and a temporary
        that stays is a failure."""
        seen = {}
        for path in sorted(self.out / name for name in names_in(self.out) - {".status"}):
            about = path.lstat()
            data = path.read_bytes() if stat.S_ISREG(about.st_mode) and about.st_size < 1 << 20 else None
            seen[path.name] = (data, oct(about.st_mode), about.st_uid, about.st_gid, about.st_ino, about.st_mtime_ns)
        return seen
