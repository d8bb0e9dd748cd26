# SPDX-License-Identifier: Apache-2.0
"""The order of the stages, as strace shows it: what each process gives up before it reads the next byte from outside."""
import os
import re
import signal
import subprocess

import pytest

import traces
from hostility import ABI
from harness import pki, proxies, tokens
from harness.sidecar import UID, can_trace, traced

PATH = "/vault/token/user"
NETWORK = ("socket", "connect", "bind", "sendto", "recvfrom", "sendmsg", "recvmsg", "accept4", "getsockopt", "setsockopt", "getpeername")

pytestmark = pytest.mark.skipif(not can_trace(), reason="needs root, strace and the release binary")


def calls_by_process(trace):
    """[(call, arguments, result)] of each process from its last execve on: the supervisor's first."""
    processes = {}
    for pid, *call in traces.lines_of(trace):
        calls = processes.setdefault(pid, [])
        if call[0] == "execve" and call[2] == "0":
            calls.clear()
        calls.append(tuple(call))
    return list(processes.values())


def index(calls, wanted, start=0):
    for i in range(start, len(calls)):
        if wanted(*calls[i]):
            return i
    raise AssertionError(f"not in the trace: {calls[start:]}")


def is_domain(name, _, result):
    return name == "landlock_restrict_self" and result == "0"


@pytest.fixture
def sts(serve, ca):
    made = pki.server(ca, names=["localhost", "sts.example.test"], ips=["127.0.0.1"])
    return serve(tokens.openunison(tokens.issued()), identity=made)


@pytest.fixture
def trace(sidecar, sts, space):
    """trace(): one fetch. The calls of the supervisor, and those of its worker."""
    def run(*more, url=None):
        space.folder.chmod(0o777)
        at = space.folder / "trace"
        result = sidecar.run("fetch", "--url", url or sts.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                             "--output-dir", space.out, "--cacert-path", space.ca_file, *more, prefix=traced(at, "-s", "256"),
                             uid=0, gid=0)
        assert result.status == 0, result.err
        processes = calls_by_process(at)
        # The child that plans is forked and not executed anew, and installs no filter.
        return [calls for calls in processes if calls[0][0] == "execve"]
    return run


def test_the_supervisor(trace):
    supervisor, _ = trace()
    assert not [call for call in supervisor if call[0] in NETWORK]
    at = index(supervisor, traces.is_filter)
    fork = max(i for i, (name, *_) in enumerate(supervisor) if name in ("fork", "clone", "vfork"))
    assert at < fork, "the worker inherits it"
    if ABI:
        domain = index(supervisor, is_domain)
        assert domain < at
    assert index(supervisor, lambda name, arguments, result: name == "prctl" and "NO_NEW_PRIVS" in arguments) < at


def test_a_worker(trace, subject):
    _, worker = trace()
    first = index(worker, traces.is_filter)
    assert first < index(worker, lambda name, arguments, result: "sts-token" in arguments and name.startswith("open")), "before its inputs"
    assert not [call for call in worker[:first] if call[0] in NETWORK]
    if ABI:
        domain = index(worker, is_domain)
        sockets = [i for i, (name, *_) in enumerate(worker) if name in NETWORK]
        assert first < domain < sockets[0], "before the network"
        read_token = index(worker, lambda name, arguments, result: name == "read" and subject[:20] in arguments)
        assert read_token < domain
    connected = index(worker, lambda name, arguments, result: name == "connect" and "AF_INET" in arguments)
    second = index(worker, traces.is_filter, first + 1)
    read = index(worker, lambda name, arguments, result: name in ("recvfrom", "sendto"))
    assert connected < second < read, "before the first byte either way"
    later = {name for name, *_ in worker[second:] if name in NETWORK}
    assert later == {"recvfrom", "sendto"}
    third = index(worker, traces.is_filter, second + 1)
    assert not [call for call in worker[third:] if call[0] in NETWORK]
    wrote = index(worker, lambda name, arguments, result: name == "renameat")
    assert third < wrote
    assert len([call for call in worker if traces.is_filter(*call)]) == 3


def test_nothing_was_refused(trace):
    """In an exchange that succeeds, no process makes a system call that is refused: the tables and the rules are complete."""
    processes = trace()
    assert len(processes) == 2, "the supervisor and its worker"
    for calls in processes:
        at = index(calls, traces.is_filter)
        assert not [call for call in calls[at:] if re.match(r"-1 (EPERM|ENOSYS|EACCES)", call[2])]


def test_through_a_proxy(trace, sts):
    """The proxy's first byte comes behind that line, too."""
    with proxies.Tunnel(sts.port) as tunnel:
        _, worker = trace("--proxy", f"http://127.0.0.1:{tunnel.port}", url=f"https://sts.example.test:{sts.port}{PATH}")
    connected = index(worker, lambda name, arguments, result: name == "connect")
    filters = [i for i, call in enumerate(worker) if traces.is_filter(*call)]
    asked = index(worker, lambda name, arguments, result: name == "sendto" and "CONNECT sts.example.test" in arguments)
    assert connected < filters[1] < asked
    assert not [call for call in worker[filters[1]:] if call[0] in NETWORK and call[0] not in ("recvfrom", "sendto")]


def test_a_worker_that_notifies(sidecar, sts, space):
    """It reads the PID file behind one filter, and sends the signal behind another one, which allows nothing but that and the report."""
    at = space.folder / "trace"
    space.folder.chmod(0o777)
    with subprocess.Popen(["sleep", "60"], user=UID) as application:
        pid_file = space.write("pid", f"{application.pid}\n")
        with sidecar.start("run", "--url", sts.url(PATH), "--protocol", "openunison", "--token-file", space.token_file, "--output-dir",
                           space.out, "--cacert-path", space.ca_file, "--notify-pid-file", pid_file, "--notify-signal", "USR2",
                           prefix=traced(at), uid=0, gid=0) as process:
            assert application.wait(20) == -signal.SIGUSR2
            [program] = process.children()
            os.kill(program, signal.SIGTERM)
            assert process.wait().status == 0
    [worker] = [calls for calls in calls_by_process(at) if any(name == "pidfd_open" for name, *_ in calls)]
    first = index(worker, traces.is_filter)
    assert not ABI or index(worker, is_domain) < first
    opened = index(worker, lambda name, *_: name == "pidfd_open")
    second = index(worker, traces.is_filter, first + 1)
    assert first < index(worker, lambda name, arguments, result: name.startswith("open") and "/pid" in arguments) < opened < second
    assert [name for name, *_ in worker[second + 1:]] == ["pidfd_send_signal", "rt_sigaction", "write", "exit_group"]
    assert worker[second + 1][1:] == (f"{worker[opened][2]}, SIGUSR2, NULL, 0", "0")
