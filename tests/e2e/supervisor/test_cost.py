# SPDX-License-Identifier: Apache-2.0
"""What a supervisor costs while it sleeps: memory, system calls, sockets. Budgets that hold on any machine."""
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import FLOOR_S, SHORT, USER, rig, running  # rig, running: fixtures
from harness.several import several  # fixture
from harness.sidecar import ROOT, can_trace, children_of, needs_root, sanitized, traced

# Relocated constants, variables, and the stack with the arguments, the environment and the plans: a page each. A long environment needs another one, and so do later plans.
PRIVATE_DIRTY_MAX_KIB = 16
BESIDE_THE_BINARY_MAX_KIB = 28

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not ROOT or sanitized(), reason="needs root, and the release binary")]
needs_strace = pytest.mark.skipif(not can_trace(), reason="needs strace")


def rollup(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB$", text, re.M)}


def variables_kib(pid, binary):
    """The dirty memory of the program's variables: of the last mapping of the binary, and of the mapping without a name that follows it."""
    text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    maps = re.findall(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)\n(?:.*\n)*?Private_Dirty: +(\d+) kB$", text, re.M)
    names = [name for name, _ in maps]
    last = len(names) - 1 - names[::-1].index(str(binary))
    assert names[last + 1] == "", names
    return int(maps[last][1]) + int(maps[last + 1][1])


def span_of_writable_mappings(pid):
    found = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", pathlib.Path(f"/proc/{pid}/maps").read_text(), re.M)
    return max(int(end, 16) for _, end in found) - min(int(start, 16) for start, _ in found)


def check_memory(r, process):
    if os.sysconf("SC_PAGE_SIZE") != 4096:
        pytest.skip("the budget is for pages of 4 KiB")
    wait_for(lambda: not process.children(), "no worker")
    time.sleep(0.2)
    used = rollup(process.pid)
    size_kib = r.sidecar.path.stat().st_size / 1024
    assert used["Private_Dirty"] <= PRIVATE_DIRTY_MAX_KIB, used
    assert used["Rss"] <= size_kib + BESIDE_THE_BINARY_MAX_KIB, used
    return used


@pytest.fixture(autouse=True)
def written_back(sidecar):
    """A binary that was copied a moment ago is dirty itself."""
    with open(sidecar.path, "rb") as file:
        os.fsync(file.fileno())


def test_memory_of_one_that_has_seen_everything(rig):
    """Successes, failures, polls, HUP and swaps: not more than after the first token."""
    r = rig("--lifetime", SHORT)
    process = r.exchange("--seconds-between-runs=1")
    r.said("token refreshed")
    check_memory(r, process)
    r.mock.fault(status=503, path="/vault/sig-cert", times=2)
    r.said("token refreshed", 2)
    r.mock.fault(status=403, error="access_denied", times=2, path=USER)
    for _ in range(8):
        process.signal(signal.SIGHUP)
        r.space.write("sts-token", r.mock.mint())
        time.sleep(1)
    r.said("unexpected status 403", 2)
    r.said("token refreshed", 3)
    check_memory(r, process)
    assert r.stop(process).status == 0


@pytest.mark.parametrize("command", ["run", "exchange"])
def test_memory(command, rig):
    r = rig()
    process = getattr(r, command)()
    r.said("token refreshed")
    check_memory(r, process)
    # All that a sleeping supervisor has written to lies on one page, and the plans on that of the stack: see lib/base/resident.h.
    assert variables_kib(process.pid, r.sidecar.path) == 4
    assert span_of_writable_mappings(process.pid) < 16 << 20, "the stack is near the variables, so that it needs no page tables of its own"
    assert r.stop(process).status == 0


def test_memory_with_a_long_command_line(rig):
    r = rig()
    flags = [word for number in range(30) for word in ("--param", f"name{number}=" + "v" * 40)]
    process = r.run(*flags, options={"protocol": "token-exchange", "url": f"https://localhost:{r.mock.port}/token"})
    r.said("token refreshed")
    used = rollup(process.pid)
    # The arguments are on the stack.
    assert used["Private_Dirty"] <= PRIVATE_DIRTY_MAX_KIB + 4, used
    assert r.stop(process).status == 0


@needs_strace
def test_no_system_call_between_refreshes(rig):
    """Attached for all of a sleep: one poll(), in which it is already."""
    r = rig()
    process = r.run(options={"protocol": "token-exchange", "url": f"https://localhost:{r.mock.port}/token"})
    r.said("token refreshed")
    wait_for(lambda: not process.children(), "no worker")
    time.sleep(0.5)
    # A file that appears in the folder of the subject token would be an event.
    trace = r.folder / "sts" / "trace"
    with subprocess.Popen(["strace", "-f", "-o", trace, "-p", str(process.pid)], stderr=subprocess.PIPE) as strace:
        assert b"attached" in strace.stderr.readline()
        time.sleep(4)
        strace.send_signal(signal.SIGINT)
        strace.wait(5)
    calls = [line.split(None, 1)[1] for line in trace.read_text().splitlines()]
    calls = [call for call in calls if not call.startswith(("---", "+++")) and "detached" not in call]
    assert len(calls) <= 1 and all(call.startswith(("poll(", "restart_syscall(", "ppoll(")) for call in calls), calls
    assert r.stop(process).status == 0


SOCKET_CALLS = r"(socket|socketpair|connect|bind|listen|accept4?|sendto|sendmsg|sendmmsg|recvfrom|recvmsg|recvmmsg|shutdown|getsockopt|" \
               r"setsockopt|getpeername|getsockname)\("


@needs_strace
def test_no_socket_ever(rig):
    """Covers the whole life of the supervisor, with successes, failures, polls, HUP and a swap. The supervisor does not open the subject token either."""
    r = rig("--lifetime", SHORT)
    r.folder.chmod(0o777)
    trace = r.folder / "trace"
    process = r.start("exchange", f"--cacert-path={r.ca_file}", "--seconds-between-runs=1", r.token_file,
                      f"https://localhost:{r.mock.port}{USER}", r.out, uid=0, gid=0, prefix=traced(trace, "-s", "256"))
    r.said("token refreshed")
    program = process.children()[0]
    r.mock.fault(status=403, times=1, path=USER)
    time.sleep(FLOOR_S)
    os.kill(program, signal.SIGHUP)
    r.space.write("sts-token", r.mock.mint())
    r.said("unexpected status 403")
    r.said("token refreshed", 2)
    os.kill(program, signal.SIGTERM)
    process.wait(10)
    lines = [line.split(None, 1) for line in trace.read_text().splitlines()]
    own = [call.strip() for pid, call in lines if int(pid) == program]
    others = [call.strip() for pid, call in lines if int(pid) != program]
    own = own[max(i for i, call in enumerate(own) if call.startswith("execve(")):]
    assert len(own) > 100
    assert not [call for call in own if re.match(SOCKET_CALLS, call)]
    assert any(re.match(SOCKET_CALLS, call) for call in others)
    assert not [call for call in own if call.startswith("open") and "sts-token" in call]
    assert not [call for call in own if call.startswith("open") and "ca.crt" in call]
    assert not [call for call in own if call.startswith(("fsync(", "fdatasync(", "sync"))], "it waits for no disk"


@needs_root
@pytest.mark.skipif(sanitized() or os.sysconf("SC_PAGE_SIZE") != 4096, reason="for the release binary and pages of 4 KiB")
def test_memory_of_sixteen(several):
    """Less than 1.5 KiB for each that is added: its plan and its status with the message of the last error, with a page of tolerance for either."""
    def dirty(count):
        several.configure(*(several.exchange(f"e{i}") for i in range(count)))
        process = several.start()
        for i in range(count):
            several.said("token", f"e{i}")
        wait_for(lambda: not process.children(), "no worker")
        time.sleep(0.3)
        text = pathlib.Path(f"/proc/{process.pid}/smaps").read_text()
        several.stop(process)
        several.log_file.unlink()
        return sum(int(size) for size in re.findall(r"^Private_Dirty: +(\d+) kB", text, re.M))
    # A binary that was copied a moment ago is dirty itself.
    with open(several.sidecar.path, "rb") as file:
        os.fsync(file.fileno())
    one, sixteen = dirty(1), dirty(16)
    print(f"private dirty: {one} KiB for one, {sixteen} KiB for sixteen")
    assert 12 <= one <= PRIVATE_DIRTY_MAX_KIB
    assert sixteen - one < 16 * 1.5 + 8, (one, sixteen)


@pytest.mark.skipif(sanitized(), reason="shadow memory")
def test_memory_of_the_supervisor(running):
    process, _ = running
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1])
    assert resident < 1024, f"{resident} KiB"


@needs_strace
def test_it_sleeps_between_refreshes(sidecar, serve, space):
    space.folder.chmod(0o777)
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None))
    with sidecar.start("run", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file,
                       "--output-dir", space.out, "--cacert-path", space.ca_file,
                       prefix=traced(space.folder / "trace"), uid=0, gid=0) as process:
        wait_for((space.out / "expires").exists, "a token")
        wait_for(lambda: not children_of(process.children()[0]), "the end of the worker")
        time.sleep(0.5)
        before = (space.folder / "trace").read_text()
        time.sleep(2)
        after = (space.folder / "trace").read_text()
        program = process.children()[0]
        os.kill(program, signal.SIGTERM)
        process.wait(5)
    assert after == before, after[len(before):]
