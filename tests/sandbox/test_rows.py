# SPDX-License-Identifier: Apache-2.0
"""Every row of the table in sidecar/sandbox/seccomp.c is used: a call that no process makes in a stage is not allowed in that stage."""
import contextlib
import os
import pathlib
import platform
import re
import signal
import socket
import subprocess
import sys

import pytest
import table

from harness import listener, pki, proxies, tokens
from harness.servers import free_port
from harness.several import several  # noqa: F401  a fixture
from harness.sidecar import UID, can_trace, traced
from traces import calls_by_stage

pytestmark = [pytest.mark.skipif(not can_trace(), reason="needs root, strace and the release binary"),
              pytest.mark.skipif(platform.machine() != "x86_64", reason="the calls of the trace are those of x86-64")]

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "names"))
SERVER = "127.0.0.53"
OTHER_GROUP = 4242


def in_namespace(folder, at):
    """The program under strace, with a resolv.conf of the test."""
    (folder / "resolv.conf").write_text(f"nameserver {SERVER}\nnameserver fe80::53%lo\n")
    return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', folder / "resolv.conf", *traced(at)]


@contextlib.contextmanager
def name_server():
    from nameserver import NameServer, Truncated    # dnspython is needed for this one alone
    with NameServer(SERVER, {"sts.example.test": Truncated(["127.0.0.1"]), ("one.example.test", "A"): ["127.0.0.1"]}, []):
        yield


@contextlib.contextmanager
def application(several):
    with subprocess.Popen(["sh", "-c", "trap : HUP; while :; do sleep 1; done"], user=UID, start_new_session=True) as process:
        try:
            yield several.write("pid", f"{process.pid}\n")
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def clients(port):
    """What --listen is asked, and how clients end."""
    listener.up(port)
    for path in ("/livez", "/readyz", "/metrics", "/nothing"):
        listener.page(port, path)
    for data in (b"\0" * 20000, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 2):
        with contextlib.suppress(OSError), listener.connect(port) as connection:
            connection.sendall(data)
            listener.rest(connection)
    with listener.crowd(port, 100):
        listener.page(port, "/livez")
    with listener.connect(port) as connection:
        listener.reset(connection)


@contextlib.contextmanager
def unread():
    """A pipe that is full."""
    take, give = os.pipe()
    try:
        os.set_blocking(give, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(give, bytes(1 << 16))
        yield give
    finally:
        os.close(take)
        os.close(give)


@pytest.fixture
def run(several, folder, ca, serve):
    """Runs that go through all stages and through what can happen in them. run.stages has the calls of each stage."""
    folder.chmod(0o777)
    several.server = serve(several.answer, identity=pki.server(ca, names=["localhost", "*.example.test"], ips=["127.0.0.1"]))
    (several.folder / "ca").mkdir()
    (several.folder / "ca").chmod(0o755)
    os.symlink(several.folder / "ca.crt", several.folder / "ca/0.pem")
    return Runs(several)


class Runs:
    def __init__(self, several):
        self.several, self.stages = several, {}

    def add(self, trace):
        for stage, calls in calls_by_stage(trace).items():
            self.stages.setdefault(stage, []).extend(calls)

    def sidecar(self, action):
        at = self.several.folder / "trace"
        process = self.several.start(prefix=in_namespace(self.several.folder, at), uid=0, gid=0)
        action(process)
        [program] = process.children()
        os.kill(program, signal.SIGTERM)
        process.wait()
        self.add(at)

    def fetch(self, status, *options, **more):
        """One attempt of the exchange `a`. One that is meant to fail has no time for others; strace may make the others slow."""
        at = self.several.folder / "trace"
        prefix = [f"--groups={OTHER_GROUP}" if word == "--clear-groups" else word for word in traced(at)]
        done = self.several.fetch("--deadline", "1s" if status else "20s", *options, prefix=prefix, uid=0, gid=0, **more)
        assert done.status == status, done.err
        self.add(at)


def the_sidecar(run, pid_file, port, tunnel):
    """Several exchanges, the listener, the worker that notifies, a new configuration, an adoption."""
    several = run.several
    server = several.server
    os.symlink(several.token_file.name, several.folder / "link")
    one = several.exchange("one", token_file=str(several.folder / "link"), url=server.url("/one", host="one.example.test"), notify_pid_file=str(pid_file))
    two = several.exchange("two", url=server.url("/two", host="sts.example.test"), proxy=f"http://127.0.0.1:{tunnel.port}",
                           notify_pid_file=str(several.write("bad", "x\n")))
    three = several.exchange("three", url=server.url("/three", host="one.example.test"), output_dir=two["output-dir"])
    top = {"cacert_path": [str(several.folder / "ca")], "listen": f"[::]:{port}"}
    several.configure(one, two, **top)

    taken = socket.create_server(("::", port), family=socket.AF_INET6)

    def first(process):
        several.said("token refreshed", "one")
        several.said("no signal was sent", "two")
        several.said("the port cannot be opened")
        taken.close()
        clients(port)
        several.configure(one, three, **top)
        os.kill(process.children()[0], signal.SIGHUP)
        several.said("token refreshed", "three")
    run.sidecar(first)
    run.sidecar(lambda process: several.said("token adopted", "three"))


def fetches(run):
    several = run.several
    out = several.out / "a"

    def configure(**options):
        several.configure(several.exchange("a", **options))

    def take_away(request):
        out.chmod(0o555)
        return several.answer(request)
    configure()
    run.fetch(0, "--stdout")
    with unread() as full:
        run.fetch(73, "--stdout", stdout=full)
    configure(group=str(OTHER_GROUP))
    run.fetch(0)
    configure(url="https://127.0.0.1:1/")
    run.fetch(69)
    with several.serve(b"no TLS here", tls=None, blind=True) as other:
        configure(url=other.url("/a"))
        run.fetch(69)
    with several.serve(take_away) as other:
        configure(url=other.url("/a"))
        run.fetch(73)
    out.chmod(0o777)
    with several.serve(several.answer, tls=None) as plain:
        configure(url=plain.url("/a").replace("https", "http"), insecure_http=True)
        run.fetch(0)
    configure()
    several.token_file.chmod(0o600)
    run.fetch(66)
    several.token_file.unlink()
    run.fetch(66)


# Calls that another architecture makes in place of these: the table has both.
INSTEAD = {"newfstatat": {"stat", "lstat"}, "ppoll": {"poll"}, "clone": {"fork"}, "dup3": {"dup2"}, "openat": {"open"}, "readlinkat": {"readlink"}}
# The rows of one call, told apart by their arguments.
ARGUMENTS = {
    "FILTER": "^PR_SET_SECCOMP",
    "GET_DUMPABLE": "^PR_GET_DUMPABLE",
    "NOT_DUMPABLE": "^PR_SET_DUMPABLE",
    "END_WITH_PARENT": "^PR_SET_PDEATHSIG",
    "NO_NEW_PRIVILEGES": "^PR_SET_NO_NEW_PRIVS",
    "GET_FLAGS": "F_GETF[DL]",
    "ADD_SEALS": "F_ADD_SEALS",
}
# Rows that no run here uses, and why they are there.
WHY = {
    "rt_sigreturn": "the alarm that interrupts the printing of a token (tests/e2e/commands/test_readers_of_stdout.py)",
    "restart_syscall": "the kernel makes it for a process that was stopped and goes on, in poll(2) or nanosleep(2)",
    "ftruncate": "the memory for the metrics, if a new configuration file has `listen` for the first time",
    "getgroups": "a worker of `doctor` that finds out whether a file may get its group (tests/e2e/worker/test_doctor_worker.py)",
    ("start", "getegid"): "the same worker of `doctor`",
    "execveat": "without /proc; tests/sandbox/test_dumpable.py starts the program so",
    "fstatfs": "after a write that has failed, and for /readyz then; tests/store/disks.c and tests/e2e/listener fill a file system",
    ("listener", "exit_group"): "the end after an error of poll(2)",
    ("supervisor", "pidfd_send_signal"): "the conditions of the worker that notifies are narrower",
    ("supervisor", "setsockopt"): "the conditions of worker and listener are narrower",
    ("supervisor", "getsockopt"): "the condition of the worker is narrower",
}


# A process cannot leave a filter, so the filters of earlier stages must allow what a later one needs.
LATER = {"start": ("connected", "answered"), "connected": ("answered",), "notify": ("signal",)}


def is_made(stages, stage, call, condition):
    calls = [each for of in (stage, *LATER.get(stage, ())) for each in stages[of]]
    names = {call} | INSTEAD.get(call, set())
    return any(name in names and re.search(ARGUMENTS.get(condition, ""), arguments) for name, arguments, _ in calls)


def test_every_row_is_used_and_nothing_is_refused(run):
    port = free_port()
    with name_server(), application(run.several) as pid_file, proxies.Tunnel(run.several.server.port) as tunnel:
        the_sidecar(run, pid_file, port, tunnel)
    fetches(run)
    assert set(run.stages) == set(table.COLUMNS)
    refused = {(stage, call, result) for stage, calls in run.stages.items() for call, _, result in calls if re.match("-1 (EPERM|ENOSYS)", result)}
    assert not refused
    unused = [(stage, call, condition) for call, who, condition in table.rows() for stage in sorted(who - {"supervisor"} or who)
              if not is_made(run.stages, stage, call, condition) and call not in WHY and (stage, call) not in WHY]
    assert not unused, "\n".join(" ".join(row) for row in unused)
