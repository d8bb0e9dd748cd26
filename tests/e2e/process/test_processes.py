# SPDX-License-Identifier: Apache-2.0
"""Two processes: the supervisor sleeps and opens no socket, the worker lives for one connection and leaves nothing behind."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness import tokens
from harness.listener import descriptors
from harness.mock import wait_for
from harness.runs import SHORT, USER, rig, running  # rig, running: fixtures
from harness.servers import free_port
from harness.several import several  # fixture
from harness.sidecar import ROOT, Sidecar, can_trace, needs_root, sanitized, traced

needs_strace = pytest.mark.skipif(not can_trace(), reason="needs root, strace and the release binary")


def trace_of(space):
    """Lines of a trace by process, in order of their first appearance."""
    lines = {}
    for line in (space.folder / "trace").read_text().splitlines():
        pid, _, call = line.partition(" ")
        lines.setdefault(int(pid), []).append(call.strip())
    # The first process was setpriv before it was the program.
    first = next(iter(lines))
    start = max(i for i, call in enumerate(lines[first]) if call.startswith("execve("))
    lines[first] = lines[first][start:]
    return lines


@needs_strace
def test_who_opens_sockets(sidecar, serve, space, subject):
    space.folder.chmod(0o777)
    server = serve(tokens.openunison(tokens.issued()))
    run = sidecar.run("fetch", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file,
                      "--output-dir", space.out, "--cacert-path", space.ca_file,
                      prefix=traced(space.folder / "trace", "-s", "65536"), uid=0, gid=0)
    assert run.status == 0, run.err
    trace = trace_of(space)
    supervisor, *children = trace.values()
    assert not [call for call in supervisor if re.match(r"(socket|connect|bind|sendto|recvfrom|recvmsg)\(", call)]
    assert not [call for call in supervisor if str(space.token_file) in call and call.startswith("open")]
    assert not [call for call in supervisor if subject[40:80] in call]
    assert any(call.startswith("connect(") for child in children for call in child)
    # First of all, and again after each exec, which undoes it.
    started = [calls[max(i for i, call in enumerate(calls) if call.startswith("execve(")):] for calls in trace.values()
               if any(call.startswith("execve(") for call in calls)]
    assert len(started) == 2
    assert all("PR_SET_DUMPABLE" in "".join([call for call in calls if not call.startswith("<...")][:8]) for calls in started)
    # A token is never named as an argument or in an environment.
    assert not [call for calls in trace.values() for call in calls if call.startswith("execve") and subject[40:80] in call]


def test_no_child_stays(running):
    process, _ = running
    # After the worker, a child that examines a file may live for a moment.
    wait_for(lambda: process.children() == [], "the end of the last child")


def test_descriptors_of_the_supervisor(running):
    process, _ = running
    try:
        links = descriptors(process.pid)
    except PermissionError:
        pytest.skip("only root may look")
    assert not [link for link in links if link.startswith("socket:")]
    assert 3 < len(links) <= 12, links


def test_signals_that_were_blocked_by_the_parent(sidecar, serve, space):
    """A mask is inherited; TERM must end it all the same."""
    server = serve(stall="request")
    everything = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGINT})
    try:
        process = sidecar.start("fetch", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file,
                                "--output-dir", space.out, "--cacert-path", space.ca_file)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, everything)
    with process:
        assert server.stalled.wait(10)
        process.signal(signal.SIGTERM)
        assert process.wait(5).status == 75


def test_a_worker_is_not_started_by_hand(sidecar, space):
    report = space.folder / "report"
    for redirect in ("3>&-", f"3>{report}", "3</dev/null"):
        line = f"exec {sidecar.path} worker exchange 1000 fetch --url https://127.0.0.1:1/ --token-file {space.token_file} --output-dir {space.out} {redirect}"
        run = subprocess.run(["bash", "-c", line], capture_output=True, timeout=20, env=sidecar.environment())
        assert run.returncode == 64, run.stderr
    assert report.read_bytes() == b"", "the shell has made it, and nothing is in it"
    assert not list(space.out.iterdir())


needs_namespaces = pytest.mark.skipif(not ROOT or subprocess.run(["unshare", "--pid", "--fork", "true"],
                                                                 capture_output=True).returncode != 0, reason="needs namespaces")


@pytest.mark.slow
@needs_namespaces
def test_orphans_of_pid_1(rig):
    """A process that `kubectl exec` left behind is reaped, and is never taken for a worker."""
    r = rig("--lifetime", SHORT)
    process = r.run(uid=0, gid=0, prefix=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
    r.has_refreshed()
    first = wait_for(process.children, "PID 1")[0]
    for _ in range(20):
        subprocess.run(["nsenter", "--target", str(first), "--pid", "sh", "-c", "(sleep 0.2; kill -9 $(exec sh -c 'echo $PPID')) & exit 0"],
                       check=True, timeout=10)
    def zombies():
        with open(f"/proc/{first}/task/{first}/children") as children:
            return [pid for pid in children.read().split() if open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] == "Z"]
    r.said("token refreshed", 2)
    wait_for(lambda: not open(f"/proc/{first}/task/{first}/children").read().split(), "no children")
    assert zombies() == []
    os.kill(first, signal.SIGTERM)
    assert process.wait(5).status == 0
    assert [line["level"] for line in r.lines()] == ["info"] * len(r.lines())


@pytest.mark.slow
@needs_namespaces
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=lambda s: s.name)
def test_pid_1_is_told_to_stop(number, rig):
    """The kernel keeps signals without a handler from PID 1. Told in the middle of an exchange."""
    r = rig()
    r.mock.fault(delay_head_ms=20000)
    process = r.run(uid=0, gid=0, prefix=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
    wait_for(lambda: r.mock.stats()["connections"], "a connection")
    os.kill(wait_for(process.children, "PID 1")[0], number)
    assert process.wait(5).status == 0


def names(process):
    """The children and what they are; "" stands for one that is just ending."""
    found = {}
    for pid in process.children():
        arguments = b""
        with contextlib.suppress(OSError):
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        found[pid] = arguments.split(b"\0")[1].decode() if arguments else ""
    return found


@pytest.mark.slow
def test_hup_to_all_of_this_name(several):
    """`pkill -HUP sts-sidecar` means the supervisor: it ends neither an exchange that is under way nor the process of --listen."""
    several.configure(several.exchange("a", url=several.hang(), timeout="4s"), several.exchange("b"))
    process = several.start("run", "--listen", f"127.0.0.1:{free_port()}")
    several.said("token refreshed", "b")
    several.said("listening")
    process.worker()
    before = wait_for(lambda: sorted((found := names(process)).values()) == ["listener", "worker"] and found,
                      "the end of the children that look at files")
    for pid in [*before, process.pid]:
        os.kill(pid, signal.SIGHUP)
    several.said("time ran out", "a")
    assert [line for line in several.lines() if "killed" in line["msg"]] == []
    assert "listener" in names(process).values()
    assert several.stop(process).status == 0


@needs_root
@pytest.mark.skipif(sanitized(), reason="its worker keeps its standard error")
def test_a_workers_descriptors(several):
    """On a terminal, standard input is the same as the log and can be written to. A worker inherits no descriptor that a container runtime forgot to close."""
    leaked = os.open(several.folder, os.O_RDONLY)
    ours, theirs = os.openpty()
    several.configure(several.exchange("a", url=several.hang()))
    try:
        process = several.start(stdin=theirs, pass_fds=[leaked])
        worker = pathlib.Path(f"/proc/{process.worker()}/fd")

        def confined():
            with contextlib.suppress(OSError):
                return any("socket:" in os.readlink(fd) for fd in worker.iterdir())
        wait_for(confined, "a connection")
        found = {fd.name: os.readlink(fd) for fd in worker.iterdir()}
        assert {found["0"], found["1"], found["2"]} == {"/dev/null"}, found
        assert str(several.folder) not in found.values(), found
        assert several.stop(process).status == 0
    finally:
        for fd in (leaked, ours, theirs):
            os.close(fd)


def test_a_worker_of_another_configuration_is_not_alone(several):
    """What is on descriptor 4 is sealed: no worker can change what the next one does."""
    several.configure(several.exchange("a", url=several.hang()))
    process = several.start()
    worker = process.worker()
    link = wait_for(lambda: os.path.exists(f"/proc/{worker}/fd/4") and os.readlink(f"/proc/{worker}/fd/4"), "the snapshot")
    assert "memfd:config" in link
    with pytest.raises(PermissionError):
        with open(f"/proc/{worker}/fd/4", "r+b") as snapshot:
            snapshot.write(b"x")
    several.stop(process)


@pytest.mark.slow
@needs_root
def test_the_mode_of_the_program_changes(several):
    """Nobody may read the program's file, so the kernel protects its processes from the start. Then everyone may, and that is told once."""
    several.sidecar = Sidecar()
    several.sidecar.path.chmod(0o711)
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    assert not any("dumpable" in line["msg"] for line in several.lines())
    several.sidecar.path.chmod(0o755)
    for count in 2, 3:
        process.signal(signal.SIGHUP)
        several.said("token refreshed", "a", count)
    assert len([line for line in several.lines() if "a worker was dumpable when it began" in line["msg"]]) == 1
    assert several.stop(process).status == 0
    shutil.rmtree(several.sidecar.folder)


@pytest.mark.slow
@needs_root
def test_the_timer_counts_suspend(several):
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    infos = []
    for path in pathlib.Path(f"/proc/{process.pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):    # the pipe of a child that examines a file is closed at its end
            infos.append(path.read_text())
    clocks = {int(number) for info in infos for number in re.findall(r"^clockid: (\d+)$", info, re.M)}
    assert clocks == {0, time.CLOCK_BOOTTIME}
    several.stop(process)
