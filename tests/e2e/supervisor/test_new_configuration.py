# SPDX-License-Identifier: Apache-2.0
"""Several exchanges over time: new configurations, chains whose links change, subject tokens that may be sent once, trust that comes
back."""
import fcntl
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from harness import pki, tokens
from harness.mock import wait_for
from harness.runs import FLOOR_S, Projected
from harness.several import several  # fixture
from harness.sidecar import ROOT, UID, sanitized

pytestmark = pytest.mark.slow

needs_root = pytest.mark.skipif(not ROOT, reason="needs root")


def locked(folder):
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


# ---- a new configuration ----

def test_a_new_configuration(several):
    """What stays the same keeps its state, what is new starts, what is gone stops and lets go of its directory."""
    several.configure(several.exchange("stays"), several.exchange("goes"), several.exchange("moves"))
    process = several.start()
    for name in ("stays", "goes", "moves"):
        several.said("token refreshed", name)
    first = several.token("stays")
    moved = several.exchange("moves", output_dir=None) | {"output-dir": str(several.out / "goes")}
    several.configure(moved, several.exchange("stays"))
    # The sandbox was closed with the directories of the start; "goes" is one of them.
    process.signal(signal.SIGHUP)
    several.said("removed", "goes")
    several.said("removed", "moves")
    assert several.status("moves")["state"] == "stopped"
    wait_for(lambda: not locked(several.out / "moves"), "an unlocked directory")
    wait_for(lambda: locked(several.out / "goes"), "a lock")
    assert locked(several.out / "stays")
    # What lies there is another exchange's token: it is not taken over.
    several.said("token refreshed", "moves", 2)
    several.said("token refreshed", "stays", 2)
    assert len(several.requests("goes")) == 1 and several.token("stays") != first
    assert several.stop(process).status == 0


def test_an_added_one(several):
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    several.configure(several.exchange("a"), several.exchange("b", output_dir=f"{several.out}/a/../b"))
    process.signal(signal.SIGHUP)
    if several.lines("b") or wait_for(lambda: several.lines("b"), "a line of b"):
        line = several.lines("b")[0]
        # With Landlock nobody opens what was closed; the line says what to do.
        assert line["msg"] == "token refreshed" or ("sandbox" in line["msg"] and line["error"] == "output"), line
    several.said("token refreshed", "a", 2)
    assert several.stop(process).status == 0


def test_an_invalid_one(several):
    """The old plan goes on, with the options that it was made from, and there is one warning."""
    several.lifetimes = {"a": 7}
    several.configure(several.exchange("a"), several.exchange("b"))
    process = several.start()
    several.said("token refreshed", "a")
    several.configure(text='{"exchanges": [{"name": "a", "uri": "https://x/"}]}')
    process.signal(signal.SIGHUP)
    line = several.said("uri")[0]
    assert line["level"] == "warn" and "1:" in line["msg"] and "HUP" in line["hint"]
    before = len(several.requests("a"))
    several.said("token refreshed", "a", before + 2)
    assert len([line for line in several.lines() if line["level"] == "warn"]) == 1
    (several.folder / "config.json").unlink()
    several.said("token refreshed", "a", before + 3)
    assert [line for line in several.lines() if line["level"] == "error"] == []
    several.configure(several.exchange("b"))
    several.said("removed", "a")
    assert several.stop(process).status == 0


def test_another_one_is_found_by_the_workers(several):
    """Without HUP, and without any event: the digest tells. Only who has other options asks again."""
    several.lifetimes = {"a": 7, "b": 60}
    volume = several.folder / "volume"
    volume.mkdir()
    volume.chmod(0o755)
    several.config_file = volume / "config.json"
    several.configure(several.exchange("a"), several.exchange("b"), several.exchange("c"))
    (several.folder / "config.json").rename(several.config_file)
    process = several.start()
    for name in "abc":
        several.said("token refreshed", name)
    # The watch is on a folder that nobody changes any more.
    volume.rename(several.folder / "old")
    volume.mkdir()
    volume.chmod(0o755)
    several.configure(several.exchange("a"), several.exchange("b", url=several.server.url("/b2", host="localhost")), several.exchange("c"))
    (several.folder / "config.json").rename(several.config_file)
    wait_for(lambda: several.requests("b2"), "the new URL", 25)
    assert len(several.requests("c")) == 1
    assert several.stop(process).status == 0
    assert [line for line in several.lines() if line["level"] != "info"] == []


def test_planning_is_never_hot(several):
    """The file changes all the time, HUP comes all the time."""
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    parents = set()
    until = time.monotonic() + 4
    while time.monotonic() < until:
        several.write("config.json", several.config_file.read_text() + " ")
        process.signal(signal.SIGHUP)
        parents |= set(process.children())
        time.sleep(0.005)
    assert len(parents) <= 8, parents
    several.stop(process)


# ---- chains ----

def test_a_new_link(several):
    """B goes by A's token. When A has another one, B asks again only if its own was capped by the old one."""
    several.lifetimes = {"a": 8, "b": 3600, "c": 3600}
    several.caps = {"b"}
    several.configure(several.exchange("a"), several.exchange("b", reads="a"), several.exchange("c", reads="a"))
    process = several.start()
    several.said("token refreshed", "c")
    several.said("token refreshed", "a", 4, patience_s=40)
    assert len(several.requests("c")) == 1
    asked = several.requests("b")
    assert 2 <= len(asked) <= len(several.requests("a")) + 1
    # Spread, but not lost: at most the time to A's next token and ten seconds.
    assert all(after[0] - before[0] < 17 for before, after in zip(asked, asked[1:]))
    assert several.stop(process).status == 0


def test_a_new_link_after_a_failure(several):
    several.failures = {"b": 403}
    several.configure(several.exchange("a"), several.exchange("b", reads="a"))
    process = several.start()
    several.said("unexpected status 403", "b")
    several.failures = {}
    time.sleep(FLOOR_S)
    os.kill(process.pid, signal.SIGHUP)
    several.said("token refreshed", "b")
    assert several.stop(process).status == 0


def test_a_chain_after_a_restart_in_an_outage(several):
    """Adoption counts: B needs no new token of A."""
    several.configure(several.exchange("a"), several.exchange("b", reads="a"))
    first = several.start()
    several.said("token refreshed", "b")
    several.stop(first)
    (several.out / "b/token.jwt").unlink()
    several.failures = {"a": 503}
    second = several.start()
    several.said("token adopted", "a")
    several.said("token refreshed", "b", 2)
    assert several.stop(second).status == 0


# ---- subject tokens that may be sent once ----

@pytest.fixture
def once(several):
    volume = Projected(several.folder / "volume", "sts-token", tokens.subject(jti="one"))
    several.token_file = volume.path
    several.swap = volume.swap
    return several


def test_sent_once(once):
    """A failure after it was sent: no second request until there is another one."""
    once.failures = {"a": 503}
    once.configure(once.once("a"), once.exchange("b"))
    process = once.start()
    once.said("unexpected status 503", "a")
    line = once.said("sent already", "a")[0]
    assert line["level"] == "warn" and line["error"] == "subject_used" and "kubelet" in line["hint"]
    assert once.status("a")["waits"] == "2"
    checked = once.sidecar.run("check", once.out / "a")
    assert checked.status == 1 and "waiting for another subject token" in checked.err
    process.signal(signal.SIGHUP)
    asked = once.sidecar.run("refresh", once.out / "a")
    assert asked.status == 66 and "sent already" in asked.err
    assert len(once.requests("a")) == 1
    assert len([line for line in once.lines("a") if "sent already" in line["msg"]]) == 1
    once.failures = {}
    once.swap(tokens.subject(jti="two"))
    once.said("token refreshed", "a", patience_s=15)
    assert len(once.requests("a")) == 2 and once.status("a")["waits"] == "0"
    assert once.stop(process).status == 0


def test_sent_once_and_killed(once):
    """The stage byte was the last that was heard of the worker."""
    once.configure(once.once("a", timeout="60s") | {"connect": f"127.0.0.1:{once.serve(stall='request').port}"})
    process = once.start()
    worker = process.worker()
    time.sleep(1.5)
    os.kill(worker, signal.SIGKILL)
    line = once.said("killed by signal 9", "a")[0]
    assert "after the request was sent" in line["msg"]
    once.said("sent already", "a")
    assert len(process.children()) == 0
    assert once.stop(process).status == 0


def test_sent_once_by_fetch(once):
    once.failures = {"a": 503}
    once.configure(once.once("a"))
    run = once.fetch()
    assert run.status == 75 and len(once.requests("a")) == 1


def test_not_sent_yet(once):
    """Failures before it is sent are tried again as always."""
    once.configure(once.once("a") | {"connect": "127.0.0.1:1"})
    process = once.start()
    once.said("", "a", 3)
    assert {line["error"] for line in once.lines("a")} == {"connect"}
    assert once.stop(process).status == 0


def test_one_subject_for_two(once):
    once.configure(once.once("a"), once.once("b", token_file=f"{once.token_file.parent}/./{once.token_file.name}"))
    run = once.fetch()
    assert run.status == 64 and "a and b have one subject token" in run.err


# ---- trust ----

@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_new_ca(kind, several):
    """In the slow lane for want of trust: the CA file that comes ends it, nothing else does."""
    volume = Projected(several.folder / "cas", "ca.crt", pki.authority().pem.decode())
    right = (several.folder / "ca.crt").read_bytes().decode()
    several.top["cacert-path"] = [str(volume.path if kind == "file" else volume.folder)]
    several.top["cacert-only"] = True
    several.configure(several.exchange("a"))
    process = several.start()
    line = several.said("", "a")[0]
    assert line["error"].startswith("cert_") and line["retry_in_s"] >= 30
    for _ in range(5):
        volume.touch()
    time.sleep(1)
    assert len(several.lines("a")) == 1
    volume.swap(right)
    several.said("token refreshed", "a", patience_s=14)
    # Nobody looks at it any more.
    volume.swap(right + "\n")
    time.sleep(1)
    assert len(several.requests("a")) == 1
    assert several.stop(process).status == 0


# ---- the end of a Pod ----

def test_nobody_renews_the_subject_token(several):
    """A Pod that ends: the kubelet stops rotating. The token that is there counts to its end, and it is said what is the matter."""
    several.write("sts-token", tokens.subject(lifetime_s=8))
    several.lifetimes = {"a": 60}
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    token = several.token("a")
    time.sleep(9)
    process.signal(signal.SIGHUP)
    line = several.said("expired", "a")[0]
    assert line["error"] == "subject_expired" and 30 < line["token_valid_s"] < 60 and "Pod" in line["hint"]
    assert several.token("a") == token
    checked = several.sidecar.run("check", several.out / "a")
    assert checked.status == 0
    # Whatever comes back is used.
    several.write("sts-token", tokens.subject())
    several.said("token refreshed", "a", 2, patience_s=15)
    assert several.stop(process).status == 0


# ---- what runs out ----

@needs_root
@pytest.mark.skipif(sanitized(), reason="the sanitizers want threads")
def test_no_more_processes_for_several(several):
    several.lifetimes = {name: 7 for name in "abc"}
    several.configure(*(several.exchange(name) for name in "abc"))
    uid = 52000 + os.getpid() % 3000
    process = several.start(uid=uid, gid=uid)
    for name in "abc":
        several.said("token refreshed", name)
    limit = lambda number: subprocess.run(["prlimit", "--pid", str(process.pid), f"--nproc={number}:"], user=uid, group=uid, extra_groups=[],
                                          check=True, timeout=10)
    limit(0)
    for name in "abc":
        assert several.said("could not be started", name)[0]["error"] == "fork"
    process.signal(signal.SIGHUP)
    assert several.said("options cannot be checked")[0]["level"] == "warn"
    limit(512)
    for name in "abc":
        several.said("token refreshed", name, 2)
    assert several.stop(process).status == 0


@needs_root
def test_no_events_at_all(several):
    """No watch is given: chains, a new configuration and a new subject token are found by the schedule alone."""
    several.folder.chmod(0o777)
    if subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces")
    several.lifetimes = {"a": 7, "b": 3600}
    several.caps = {"b"}
    several.configure(several.exchange("a"), several.exchange("b", reads="a"))
    process = several.start(uid=0, gid=0, prefix=["unshare", "--user", "--map-root-user", "sh", "-c",
                                                  'echo 0 >/proc/sys/user/max_inotify_instances && exec "$0" "$@"'])
    several.said("token refreshed", "b", 2, patience_s=25)
    several.configure(several.exchange("a"))
    several.said("removed", "b", patience_s=15)
    several.said("token refreshed", "a", 3)
    assert several.stop(process).status == 0


@needs_root
def test_the_timer_counts_suspend(several):
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    infos = [path.read_text() for path in pathlib.Path(f"/proc/{process.pid}/fdinfo").iterdir()]
    clocks = {int(number) for info in infos for number in re.findall(r"^clockid: (\d+)$", info, re.M)}
    assert clocks == {0, time.CLOCK_BOOTTIME}
    several.stop(process)


# ---- what it costs ----

@needs_root
@pytest.mark.skipif(sanitized() or os.sysconf("SC_PAGE_SIZE") != 4096, reason="for the release binary and pages of 4 KiB")
def test_memory_of_sixteen(several):
    """Less than 1 KiB for each that is added."""
    def dirty(count):
        several.configure(*(several.exchange(f"e{i}") for i in range(count)))
        process = several.start()
        for i in range(count):
            several.said("token", f"e{i}")
        wait_for(lambda: not process.children(), "no worker")
        time.sleep(0.3)
        text = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        several.stop(process)
        several.log_file.unlink()
        return int(re.search(r"^Private_Dirty: +(\d+) kB$", text, re.M)[1])
    # A binary that was copied a moment ago is dirty itself.
    with open(several.sidecar.path, "rb") as file:
        os.fsync(file.fileno())
    one, sixteen = dirty(1), dirty(16)
    assert sixteen - one < 16, (one, sixteen)
    assert sixteen <= 64, (one, sixteen)
    print(f"private dirty: {one} KiB for one, {sixteen} KiB for sixteen")


def test_the_status_follows_what_is_brought_forward(several):
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    before = int(several.status("a")["next_attempt"])
    assert before > time.time() + 300
    process.signal(signal.SIGHUP)
    wait_for(lambda: int(several.status("a")["next_attempt"]) < time.time() + FLOOR_S + 2, "another time")
    assert several.stop(process).status == 0


def test_the_application_is_told(several):
    """After each exchange, not after an adoption; a failure only warns."""
    marks = several.folder / "marks"
    code = f"trap 'echo x >>{marks}' USR1; echo $$ >{several.folder}/pid; while :; do sleep 0.05; done"
    who = dict(user=UID, group=UID, extra_groups=[]) if ROOT else {}
    several.folder.chmod(0o777)
    with subprocess.Popen(["sh", "-c", code], **who) as application:
        try:
            wait_for(lambda: (several.folder / "pid").exists() and (several.folder / "pid").read_text().strip(), "the PID")
            several.lifetimes = {"a": 7}
            told = {"notify-pid-file": str(several.folder / "pid"), "notify-signal": "USR1"}
            several.configure(several.exchange("a") | told)
            process = several.start()
            wait_for(lambda: marks.exists() and len(marks.read_text().split()) >= 2, "two signals", 20)
            assert len(marks.read_text().split()) <= len(several.requests("a"))
            (several.folder / "pid").unlink()
            line = wait_for(lambda: [line for line in several.lines("a") if line["level"] == "warn"], "a warning")[0]
            assert line["exchange"] == "a" and line["error"] == "input_file"
            several.said("token refreshed", "a", 4)
            assert several.stop(process).status == 0
        finally:
            application.kill()
