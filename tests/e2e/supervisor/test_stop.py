# SPDX-License-Identifier: Apache-2.0
"""How long it takes to stop: the one test with a clock in it, so nothing runs beside it. In every state that a worker can be in, as an
ordinary process and as PID 1: two hundred times in all, and the slowest counts."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

import pytest

from harness.listener import connect, up
from harness.mock import wait_for
from harness.runs import rig  # fixture
from harness.servers import free_port
from harness.sidecar import GID, ROOT, UID, can_trace, holds_signals, sanitized

LIMIT_MS = 100
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]
ROUNDS = 3  # for each signal
TIMES = 200  # in all
# A machine that is busy with something else delays whom it likes: what was late is measured again, and these may be.
LATE_MAX = 4

pytestmark = [pytest.mark.alone, pytest.mark.skipif(sanitized(), reason="the release binary is timed")]
needs_namespaces = pytest.mark.skipif(not ROOT or subprocess.run(["unshare", "--net", "--mount", "true"],
                                                                 capture_output=True).returncode != 0, reason="needs namespaces")

# A network of its own, where a name server hears and says nothing.
NAMESPACE = """
set -e
ip link set lo up
printf 'nameserver 127.0.0.53\\n' >{folder}/resolv.conf
mount --bind {folder}/resolv.conf /etc/resolv.conf
{python} {folder}/silent.py {folder}/heard &
exec sleep 600
"""

SILENT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.53", 53))
open(sys.argv[1], "w").close()
while True:
    s.recvfrom(2048)
    with open(sys.argv[1], "a") as heard:
        heard.write("x")
"""


class Elsewhere:
    def __init__(self, folder):
        self.folder = folder
        (folder / "silent.py").write_text(SILENT)
        script = NAMESPACE.format(folder=folder, python=sys.executable)
        self.process = subprocess.Popen(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script],
                                        start_new_session=True, stderr=subprocess.PIPE)
        wait_for(lambda: (folder / "heard").exists() or self.process.poll() is not None, "the name server")
        assert self.process.poll() is None, self.process.stderr.read()

    @property
    def prefix(self):
        return ["nsenter", "--target", str(self.process.pid), "--net", "--mount",
                "setpriv", "--reuid", str(UID), "--regid", str(GID), "--clear-groups"]

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def elsewhere(folder):
    made = Elsewhere(folder)
    yield made
    made.close()


class Figures:
    def __init__(self):
        self.took_ms, self.late_ms = [], []


@pytest.fixture(scope="module")
def figures():
    seen = Figures()
    yield seen
    print(f"\nstopped {len(seen.took_ms)} times: median {statistics.median(seen.took_ms):.1f} ms, slowest {max(seen.took_ms):.1f} ms, "
          f"late and measured again: {[round(ms) for ms in seen.late_ms]}")


@pytest.fixture
def measure(figures):
    """measure(begin): begin() starts a run and returns it when it is in the state that is meant."""
    def once(begin, number, settle_s):
        process = begin()
        time.sleep(settle_s)
        assert process.popen.poll() is None
        told = time.monotonic()
        process.signal(number)
        # Without a time limit: with one, Python looks every now and then.
        process.popen.wait()
        took_ms = (time.monotonic() - told) * 1000
        assert process.wait(5).status == 0
        return took_ms

    def all_of_them(begin, settle_s=0.05):
        for number in SIGNALS * ROUNDS:
            took_ms = once(begin, number, settle_s)
            while took_ms >= LIMIT_MS:
                figures.late_ms.append(took_ms)
                assert len(figures.late_ms) <= LATE_MAX, figures.late_ms
                took_ms = once(begin, number, settle_s)
            figures.took_ms.append(took_ms)
    return all_of_them


class Inner:
    """A process whose parent is another program: the signal is sent to the process, and the status comes from its parent."""

    def __init__(self, outer, pid):
        self.outer, self.popen, self.pid = outer, outer.popen, pid

    def signal(self, number):
        os.kill(self.pid, number)

    def worker(self):
        children = wait_for(lambda: pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split(), "a worker")
        return int(children[0])

    def wait(self, timeout):
        return self.outer.wait(timeout)


def plainly(r, *flags, **more):
    return r.run(*flags, **more)


def as_pid_1(r, *flags, **more):
    process = r.run(*flags, uid=0, gid=0, prefix=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"], **more)
    return Inner(process, wait_for(process.children, "the first process")[0])


WAYS = [plainly, pytest.param(as_pid_1, marks=needs_namespaces)]
each_way = pytest.mark.parametrize("run", WAYS, ids=["process", "pid1"])


@each_way
def test_in_its_first_moments(run, rig, measure):
    r = rig()

    def begin():
        process = run(r)
        wait_for(lambda: holds_signals(process.pid), "signals that are held")
        return process
    measure(begin, settle_s=0)


@each_way
def test_idle(run, rig, measure):
    r = rig()

    def begin():
        process = run(r)
        wait_for(lambda: r.lines() and r.lines()[-1]["msg"].startswith("token"), "a token")
        return process
    measure(begin)


@each_way
def test_with_another_process_that_listens(run, rig, measure):
    """And a client that is being answered."""
    r, port = rig(), free_port()

    def begin():
        process = run(r, "--listen", f"127.0.0.1:{port}")
        up(port)
        stuck.append(connect(port))
        return process
    stuck = []
    measure(begin)
    with pytest.raises(OSError):
        connect(port)
    for connection in stuck:
        connection.close()


@each_way
def test_waiting_for_the_next_try(run, rig, measure):
    r = rig()
    r.mock.fault(status=503, retry_after=60)

    def begin():
        process = run(r)
        wait_for(lambda: r.lines() and r.lines()[-1]["level"] == "error", "a failure")
        return process
    measure(begin)


@needs_namespaces
def test_resolving(rig, elsewhere, measure):
    r = rig()

    def begin():
        before = (r.folder.parent / "heard").stat().st_size
        process = r.run(options={"url": "https://sts.silent.test/vault/token/user"}, prefix=elsewhere.prefix, uid=0, gid=0)
        wait_for(lambda: (r.folder.parent / "heard").stat().st_size > before, "a question")
        return process
    measure(begin)


@each_way
def test_connecting(run, rig, measure):
    """A listener whose queue is full, so that the kernel drops further connections."""
    r = rig()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            knocks = stack.enter_context(socket.socket())
            knocks.setblocking(False)
            knocks.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)

        def waiting():
            table = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            return sum(1 for line in table if line[2] == f"0100007F:{port:04X}" and line[3] == "02")     # SYN_SENT
        before = waiting()

        def begin():
            wait_for(lambda: waiting() <= before, "the last one's end")
            process = run(r, options={"url": f"https://127.0.0.1:{port}/vault/token/user"})
            wait_for(lambda: waiting() > before, "a connection attempt")
            return process
        measure(begin)


@contextlib.contextmanager
def mute():
    """Accepts and says nothing: the handshake never ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener


@each_way
def test_in_the_handshake(run, rig, measure):
    r = rig()
    with mute() as listener:
        held = []

        def begin():
            process = run(r, options={"url": f"https://127.0.0.1:{listener.getsockname()[1]}/vault/token/user"})
            connection = listener.accept()[0]
            held.append(connection)
            assert connection.recv(1) == b"\x16"
            return process
        measure(begin)


@each_way
@pytest.mark.parametrize("where", ["delay_handshake_ms", "delay_request_ms", "delay_head_ms", "delay_body_ms", "delay_byte_ms"])
def test_waiting_for_an_answer_that_never_comes(where, run, rig, measure):
    r = rig()
    r.mock.fault(**{where: 60000})

    def begin():
        before = r.mock.stats()["connections"]
        process = run(r)
        wait_for(lambda: r.mock.stats()["connections"] > before, "a connection")
        return process
    measure(begin)


@pytest.mark.skipif(not can_trace(), reason="needs strace")
def test_writing(rig, measure):
    """A disk that does not answer: the worker is stopped after its first fsync, before the file has its name."""
    r = rig()
    r.folder.chmod(0o777)
    trace = r.folder / "trace"

    def begin():
        trace.unlink(missing_ok=True)
        process = r.run(uid=0, gid=0, prefix=[
            "strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync", "-e", "inject=fsync:signal=SIGSTOP:when=1",
            "setpriv", "--reuid", UID, "--regid", GID, "--clear-groups"])
        wait_for(lambda: trace.exists() and "stopped by SIGSTOP" in trace.read_text(), "an fsync")
        return Inner(process, process.children()[0])
    measure(begin)
    assert [path.name for path in r.out.iterdir()] == [".status"]


@each_way
@pytest.mark.parametrize("state", ["idle", "waiting"])
def test_many_exchanges(state, run, rig, measure):
    """Sixteen, at rest, or four of them in the middle of an exchange."""
    r = rig()
    if state == "waiting":
        r.mock.fault(delay_head_ms=60000)
    exchanges = []
    for number in range(16):
        out = r.out / str(number)
        out.mkdir()
        out.chmod(0o777)
        exchanges.append({"name": f"x{number}", "output-dir": str(out)})
    config = r.space.write("config.json", json.dumps({
        "url": r.url, "protocol": "openunison", "token-file": str(r.token_file), "cacert-path": [str(r.ca_file)], "exchanges": exchanges}))

    def begin():
        before, told = r.mock.stats()["connections"], len(r.lines())
        process = run(r, "--config", config, options=dict.fromkeys(["url", "protocol", "token-file", "output-dir", "cacert-path", "timeout"]))
        if state == "waiting":
            wait_for(lambda: r.mock.stats()["connections"] >= before + 4, "four connections")
        else:
            wait_for(lambda: sum(line["msg"].startswith("token") for line in r.lines()[told:]) == 16, "sixteen tokens")
        return process
    measure(begin)


@each_way
def test_a_worker_that_is_stopped(run, rig, measure):
    r = rig()
    r.mock.fault(delay_head_ms=60000)

    def begin():
        before = r.mock.stats()["connections"]
        process = run(r)
        wait_for(lambda: r.mock.stats()["connections"] > before, "a connection")
        os.kill(process.worker(), signal.SIGSTOP)
        return process
    measure(begin)


def test_so_many_were_measured(figures):
    if not ROOT:
        pytest.skip("some of them need root")
    assert len(figures.took_ms) >= TIMES, len(figures.took_ms)
