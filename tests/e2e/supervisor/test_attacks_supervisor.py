# SPDX-License-Identifier: Apache-2.0
"""Attacks on the supervisor and what it starts: signals to everybody of this name, limits that are lowered, descriptors that somebody forgot,
directories that change hands."""
import contextlib
import ctypes
import os
import pathlib
import platform
import shutil
import signal
import socket
import struct
import subprocess
import time

import pytest

from harness.mock import wait_for
from harness.runs import FLOOR_S
from harness.several import several  # fixture
from harness.sidecar import ROOT, UID, sanitized

needs_root = pytest.mark.skipif(not ROOT, reason="needs root")


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def names(process):
    return {pid: pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1].decode() for pid in process.children()}


def test_a_limit_that_is_lowered(several):
    """poll(2) refuses more descriptors than the limit allows, at once and for ever: no reason to spin, or to be deaf."""
    several.lifetimes = {"a": 7}
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    subprocess.run(["prlimit", "--pid", str(process.pid), "--nofile=4:4"], check=True, timeout=10,
                   **(dict(user=UID, group=UID, extra_groups=[]) if ROOT else {}))
    before = cpu_s(process.pid)
    process.signal(signal.SIGHUP)
    several.said("cannot be checked")
    time.sleep(2)
    assert cpu_s(process.pid) - before < 0.4
    assert several.stop(process).status == 0


def refuse(call):
    """From now on this process and its children get EPERM from a system call."""
    rows = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(code)))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0


def test_a_timer_that_is_refused(several):
    """timerfd_settime(2) fails: without a timer, the clock is looked at; what is due is done, and nothing spins."""
    several.lifetimes = {"a": 7}
    several.configure(several.exchange("a"))
    process = several.start(preexec_fn=lambda: refuse({"x86_64": 286, "aarch64": 86}[platform.machine()]))
    several.said("token refreshed", "a", 2)
    before = cpu_s(process.pid)
    time.sleep(2)
    assert cpu_s(process.pid) - before < 0.4
    assert several.stop(process).status == 0


def test_hup_to_all_of_this_name(several):
    """`pkill -HUP sts-sidecar` means the supervisor: it ends neither an exchange that is under way nor the process of --listen."""
    several.configure(several.exchange("a", url=several.hang(), timeout="4s"), several.exchange("b"))
    process = several.start("run", "--listen", f"127.0.0.1:{free_port()}")
    several.said("token refreshed", "b")
    several.said("listening")
    process.worker()
    before = names(process)
    assert sorted(before.values()) == ["listener", "worker"]
    for pid in [*before, process.pid]:
        os.kill(pid, signal.SIGHUP)
    several.said("time ran out", "a")
    assert [line for line in several.lines() if "killed" in line["msg"]] == []
    assert "listener" in names(process).values()
    assert several.stop(process).status == 0


@needs_root
@pytest.mark.skipif(sanitized(), reason="its worker keeps its standard error")
def test_a_workers_descriptors(several):
    """On a terminal, standard input is the log, and can be written; and what a runtime forgot to close is nobody's."""
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


def test_directories_that_change_hands(several):
    """What lies there is the token of another exchange: it stays until there is a new one, but it is not taken over."""
    several.configure(several.exchange("a"), several.exchange("b"))
    process = several.start()
    first = {name: several.said("token refreshed", name) and several.token(name) for name in "ab"}
    several.configure(*(several.exchange(name) | {"output-dir": str(several.out / to)} for name, to in ("ab", "ba")))
    process.signal(signal.SIGHUP)
    several.said("token refreshed", "a", 2)
    several.said("token refreshed", "b", 2)
    assert not any("adopted" in line["msg"] for line in several.lines())
    assert several.token("a") not in first.values() and several.token("b") not in first.values()
    assert several.stop(process).status == 0


def test_a_chain_that_is_turned_round(several):
    """Who waits says for whom, after a new file too."""
    several.failures = {"long-name": 503, "b": 503}
    several.configure(several.exchange("long-name"), several.exchange("b"), several.exchange("c", reads="long-name"), several.exchange("d"))
    process = several.start()
    several.said("unexpected status 503", "b")
    several.said("token refreshed", "d")
    assert several.status("c")["waits_for"] == "long-name"
    several.configure(several.exchange("b"), several.exchange("c", reads="b"), several.exchange("d"))
    process.signal(signal.SIGHUP)
    several.said("waiting for exchange b", "c")
    wait_for(lambda: several.status("c")["waits_for"] == "b", "the other name")
    assert several.requests("c") == []
    del several.failures["b"]
    several.said("token refreshed", "c")
    assert several.stop(process).status == 0


def test_an_exchange_that_gets_an_input(several):
    """One without a token that is to read another's from now on waits for it, and does not try in vain."""
    several.failures = {"a": 503, "b": 403}
    several.configure(several.exchange("a"), several.exchange("b"))
    process = several.start()
    several.said("unexpected status 403", "b")
    several.configure(several.exchange("a"), several.exchange("b", reads="a"))
    process.signal(signal.SIGHUP)
    several.said("waiting for exchange a", "b")
    several.failures = {}
    several.said("token refreshed", "b")
    assert not any(line.get("error", "").startswith("subject") for line in several.lines("b"))
    assert several.stop(process).status == 0


def test_a_directory_that_is_made_anew(several):
    """It is another one: its lock is taken, its status written; or, where the sandbox was closed without it, the log says that."""
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    shutil.rmtree(several.out / "a")
    several.exchange("a")
    time.sleep(FLOOR_S)
    process.signal(signal.SIGHUP)
    line, = wait_for(lambda: several.lines("a")[1:2], "a second line")
    assert "the sandbox was closed without it" in line["msg"] or several.status("a")["attempts"] == "2", line
    assert several.stop(process).status == 0
