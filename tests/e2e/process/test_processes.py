# SPDX-License-Identifier: Apache-2.0
"""Two processes: the supervisor sleeps and opens no socket, the worker lives for one connection and leaves nothing behind."""
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from harness import tokens
from harness.sidecar import can_trace, sanitized, traced

PATH = "/vault/token/user"


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
    run = sidecar.run("fetch", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
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
    assert all("PR_SET_DUMPABLE" in "".join(calls[:8]) for calls in started)
    # A token is never named as an argument or in an environment.
    assert not [call for calls in trace.values() for call in calls if call.startswith("execve") and subject[40:80] in call]


@needs_strace
def test_it_sleeps_between_refreshes(sidecar, serve, space):
    space.folder.chmod(0o777)
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None))
    with sidecar.start("run", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                       "--output-dir", space.out, "--cacert-path", space.ca_file,
                       prefix=traced(space.folder / "trace"), uid=0, gid=0) as process:
        wait_for(space.out / "expires")
        time.sleep(0.5)
        before = (space.folder / "trace").read_text()
        time.sleep(2)
        after = (space.folder / "trace").read_text()
        program = process.children()[0]
        os.kill(program, signal.SIGTERM)
        process.wait(5)
    assert after == before, after[len(before):]


def wait_for(path, patience_s=10):
    deadline = time.monotonic() + patience_s
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


@pytest.fixture
def running(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None))
    with sidecar.start("run", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                       "--output-dir", space.out, "--cacert-path", space.ca_file) as process:
        wait_for(space.out / "expires")
        time.sleep(0.3)
        yield process, server


def test_no_child_stays(running):
    process, _ = running
    assert process.children() == []


def test_descriptors_of_the_supervisor(running):
    process, _ = running
    try:
        links = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in os.listdir(f"/proc/{process.pid}/fd")]
    except PermissionError:
        pytest.skip("only root may look")
    assert not [link for link in links if link.startswith("socket:")]
    assert len(links) <= 12, links


@pytest.mark.skipif(sanitized(), reason="shadow memory")
def test_memory_of_the_supervisor(running):
    process, _ = running
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1])
    assert resident < 1024, f"{resident} KiB"


def test_hangup_refreshes(running):
    process, server = running
    time.sleep(0.1)
    process.signal(signal.SIGHUP)
    deadline = time.monotonic() + 8     # not before 5 s after a success
    while len(server.requests) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0


def test_refresh_asks_the_one_that_runs(running, sidecar, space):
    process, server = running
    run = sidecar.run("refresh", space.out)
    assert run.status == 0, run.err
    assert len(server.requests) == 2
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0
    run = sidecar.run("refresh", space.out)
    assert run.status != 0
    assert len(run.lines) == 1


def test_a_token_that_is_there_is_adopted_by_run(sidecar, serve, space):
    token = tokens.issued(3600)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    server = serve(tokens.openunison(tokens.issued()))
    with sidecar.start("run", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                       "--output-dir", space.out, "--cacert-path", space.ca_file) as process:
        time.sleep(1.0 if not sanitized() else 2.0)
        process.signal(signal.SIGTERM)
        assert process.wait(5).status == 0
    assert server.requests == []


def test_broken_pipe_of_the_log(sidecar, serve, space):
    """A reader of the log that goes away is not the end of the sidecar."""
    server = serve(tokens.openunison(tokens.issued()))
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        run = sidecar.run("fetch", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                          "--output-dir", space.out, "--cacert-path", space.ca_file, stderr=write_end)
    finally:
        os.close(write_end)
    assert run.status == 0
    assert (space.out / "token.jwt").exists()


def test_a_stuck_log_does_not_stop_it(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(write_end, True)
        run = sidecar.run("fetch", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                          "--output-dir", space.out, "--cacert-path", space.ca_file, stderr=write_end)
    finally:
        os.close(read_end)
        os.close(write_end)
    assert run.status == 0


def test_started_without_standard_streams(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    command = f'exec "$0" fetch --url {server.url(PATH)} --protocol openunison --token-file {space.token_file} ' \
              f'--output-dir {space.out} --cacert-path {space.ca_file} <&- >&- 2>&-'
    run = subprocess.run(["/bin/sh", "-c", command, str(sidecar.path)], timeout=20, env=sidecar.environment(), cwd="/")
    assert run.returncode == 0
    assert (space.out / "token.jwt").read_text().count(".") == 2


def test_signals_that_were_blocked_by_the_parent(sidecar, serve, space):
    """A mask is inherited; TERM must end it all the same."""
    server = serve(stall="request")
    everything = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGINT})
    try:
        process = sidecar.start("fetch", "--url", server.url(PATH), "--protocol", "openunison", "--token-file", space.token_file,
                                "--output-dir", space.out, "--cacert-path", space.ca_file)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, everything)
    with process:
        assert server.stalled.wait(10)
        process.signal(signal.SIGTERM)
        assert process.wait(5).status == 75
