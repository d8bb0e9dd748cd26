# SPDX-License-Identifier: Apache-2.0
"""The program as the first process of a container: it stops when it is told to, and it reaps orphans."""
import contextlib
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import pytest
from podman import BESIDE, children, until
from sts import EXCHANGE, FETCH, NAME, PORT, RUN, Pod, output_folder

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]
COMMANDS = [RUN, EXCHANGE]
SYN_SENT, ESTABLISHED = "02", "01"

# A listener whose backlog is full, so that the next client waits in connect(2).
FULL = """
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.2", 443))
listener.listen(0)
held = []
for _ in range(4):
    held.append(socket.socket())
    held[-1].setblocking(False)
    held[-1].connect_ex(("127.0.0.2", 443))
print("ready", flush=True)
time.sleep(600)
"""
# A name server that never answers.
MUTE = """
import socket, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def in_pod(pod, code):
    """A program of this machine in the network of the Pod."""
    pid = subprocess.run(["podman", *pod.podman.options, "inspect", "--format", "{{.State.Pid}}", f"{pod.name}-sts"],
                         stdout=subprocess.PIPE, text=True, check=True, timeout=30).stdout.strip()
    with subprocess.Popen(["nsenter", f"--target={pid}", "--net", sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()


def connections(pid, state, uid=65532):
    """How many TCP connections of a user to the STS's port are in this state in the network of a process."""
    rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{PORT:04X}") and row[3] == state and row[7] == str(uid) for row in rows)


def worker_and_connection(pid, state):
    return until(lambda: children(pid) and connections(pid, state))


class State:
    """One state that the program may be in when it is told to stop."""
    faults, mounts = (), ()

    def enter(self, pod):
        return contextlib.nullcontext()

    def reached(self, pod, ours, out):
        raise NotImplementedError


class Idle(State):
    def reached(self, pod, ours, out):
        until(lambda: (out / "expires").exists())
        until(lambda: not children(ours.pid()))


class Resolving(State):
    def enter(self, pod):
        (pod.sts.public / "hosts").write_text("127.0.0.1 localhost\n")
        (pod.sts.public / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        self.mounts = [f"--volume={pod.sts.public}/resolv.conf:/etc/resolv.conf:ro"]
        return in_pod(pod, MUTE)

    def reached(self, pod, ours, out):
        until(lambda: children(ours.pid()))
        time.sleep(0.3)


class Connecting(State):
    def enter(self, pod):
        (pod.sts.public / "hosts").write_text(f"127.0.0.1 localhost\n127.0.0.2 {NAME}\n")
        return in_pod(pod, FULL)

    def reached(self, pod, ours, out):
        worker_and_connection(ours.pid(), SYN_SENT)


class InTheHandshake(State):
    faults = ("delay_handshake_ms=60000",)

    def reached(self, pod, ours, out):
        worker_and_connection(ours.pid(), ESTABLISHED)
        time.sleep(0.3)


class WaitingForAnAnswer(State):
    faults = ("delay_head_ms=60000",)

    def reached(self, pod, ours, out):
        worker_and_connection(ours.pid(), ESTABLISHED)
        time.sleep(0.5)


STATES = [Idle, Resolving, Connecting, InTheHandshake, WaitingForAnAnswer]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_told_to_stop_it_stops(podman, folder, state):
    state = state()
    pod = Pod(podman, folder, lifetime="10m", faults=state.faults)
    took = []
    with state.enter(pod):
        for index, (command, number) in enumerate((command, number) for command in COMMANDS for number in SIGNALS):
            out = output_folder(folder / f"tokens{index}")
            ours = pod.start(out, *command, options=state.mounts)
            state.reached(pod, ours, out)
            took_s, status = ours.end(number)
            assert status == 0, f"{command[0]}, signal {number}: {ours.log()}"
            took.append(took_s)
    # The bound itself is a matter for the one timed test; here nothing may wait for anything.
    assert statistics.median(took) < 0.5 and max(took) < 2, took


def test_a_fetch_that_is_told_to_stop_has_not_succeeded(podman, folder):
    pod = Pod(podman, folder, faults=WaitingForAnAnswer.faults)
    ours = pod.start(output_folder(folder / "tokens"), *FETCH)
    worker_and_connection(ours.pid(), ESTABLISHED)
    assert ours.end(signal.SIGTERM)[1] == 75


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_orphans_are_buried(podman, folder, command):
    pod = Pod(podman, folder, lifetime="10m")
    out = output_folder(folder / "tokens")
    ours = pod.start(out, *command, image=BESIDE)
    pid = ours.pid()
    Idle().reached(pod, ours, out)
    # What `kubectl exec` leaves behind when its shell ends before what it started.
    ours.exec("/bin/sh", "-c", "for life in 2 2 2.5; do sleep $life >/dev/null 2>&1 & done")
    assert len(until(lambda: children(pid))) == 3, "orphans come to the first process"
    until(lambda: not children(pid), limit_s=10)
    # The program stops even if some orphans are still running.
    ours.exec("/bin/sh", "-c", "sleep 60 >/dev/null 2>&1 &")
    assert until(lambda: children(pid))
    took_s, status = ours.end(signal.SIGTERM)
    assert status == 0 and took_s < 2
