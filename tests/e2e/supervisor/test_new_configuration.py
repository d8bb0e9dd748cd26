# SPDX-License-Identifier: Apache-2.0
"""A new configuration while it runs: what stays, what is new, what is gone, and what was a mistake."""
import contextlib
import fcntl
import os
import pathlib
import signal
import time

import pytest

from harness.kernel import landlock, without  # landlock: fixture
from harness.mock import wait_for
from harness.runs import FLOOR_S
from harness.several import several  # fixture

pytestmark = pytest.mark.slow


def locked(folder):
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


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
    several.shows("moves", state="stopped")
    wait_for(lambda: not locked(several.out / "moves"), "an unlocked directory")
    wait_for(lambda: locked(several.out / "goes"), "a lock")
    assert locked(several.out / "stays")
    # What lies there is another exchange's token: it is not taken over.
    several.said("token refreshed", "moves", 2)
    several.said("token refreshed", "stays", 2)
    assert len(several.requests("goes")) == 1 and several.token("stays") != first
    assert several.stop(process).status == 0


OF_NO_REQUEST = {"log-level": "debug", "log-format": "json", "timeout": "9s", "refresh-before": "2m", "refresh-fraction": "0.5", "deadline": "90s"}


@pytest.mark.parametrize("change", [pytest.param({key: value}, id=key) for key, value in OF_NO_REQUEST.items()])
def test_what_changes_no_request(several, change):
    """The tokens that are there stay. The next change, which is of a request, shows that this one was seen."""
    several.configure(several.exchange("a"), several.exchange("b"))
    process = several.start()
    for name in "ab":
        several.said("token refreshed", name)
    time.sleep(FLOOR_S)
    several.configure(several.exchange("a"), several.exchange("b"), several.exchange("c"), **change)
    several.said("", "c")
    several.configure(several.exchange("a", audience=["another"]), several.exchange("b"), **change)
    several.said("token refreshed", "a", 2)
    assert len(several.requests("a")) == 2 and len(several.requests("b")) == 1
    assert several.stop(process).status == 0


def test_times_are_planned_anew(several):
    """A shorter life of the token that is there: the refresh comes sooner, and no earlier than that."""
    several.lifetimes = {"a": 60}
    several.configure(several.exchange("a", refresh_fraction="0.9"))
    process = several.start()
    planned_s = several.said("token refreshed", "a")[0]["next_refresh_s"]
    assert planned_s > 40
    several.configure(several.exchange("a", refresh_fraction="0.1"))
    several.said("token refreshed", "a", 2)
    first, second = several.requests("a")
    assert FLOOR_S - 1 < second[0] - first[0] < 30
    assert several.stop(process).status == 0


def test_an_added_one(several, landlock):
    """With Landlock, a process cannot get back what it has given up, and the log line says what to do."""
    several.configure(several.exchange("a"))
    process = several.start(**without(landlock))
    several.said("token refreshed", "a")
    several.configure(several.exchange("a"), several.exchange("b", output_dir=f"{several.out}/a/../b"))
    process.signal(signal.SIGHUP)
    line = wait_for(lambda: several.lines("b"), "a line of b")[0]
    if landlock:
        assert line["error"] == "output" and "the sandbox was closed without it: start this program again" in line["msg"], line
        assert not several.requests("b")
    else:
        assert line["msg"] == "token refreshed", line
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
    """Without HUP and without any event, the digest shows the change. Only an exchange with other options asks again."""
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
    # The watch is on a folder that does not change any more.
    volume.rename(several.folder / "old")
    volume.mkdir()
    volume.chmod(0o755)
    several.configure(several.exchange("a"), several.exchange("b", url=several.server.url("/b2", host="localhost")), several.exchange("c"))
    (several.folder / "config.json").rename(several.config_file)
    wait_for(lambda: several.requests("b2"), "the new URL", 25)
    assert len(several.requests("c")) == 1
    assert several.stop(process).status == 0
    assert [line for line in several.lines() if line["level"] != "info"] == []


@contextlib.contextmanager
def slowed(process):
    """The children that begin now compute on one processor with this test, which has the higher priority, so it sees most of them, however
    short their work and however busy the machine is."""
    before, priority = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, process.pid)
    processor = min(before)
    try:
        os.sched_setaffinity(0, {processor})
        os.sched_setaffinity(process.pid, {processor})
        os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        yield
    finally:
        os.sched_setaffinity(0, before)
        os.sched_setaffinity(process.pid, before)
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, process.pid, priority)


def kill_the_planner(several, process, change):
    """Changes the configuration, and kills the process that checks it, until the log says that one has died. Returns how many changes it took.
    The first child after a change finds out that the file has changed. It is spared, since the planner comes after it."""
    with slowed(process):
        for number in range(40):
            change(number)
            spared, again = None, time.monotonic() + 1.2
            while time.monotonic() < again:
                for child in process.children():
                    spared = spared or child
                    with contextlib.suppress(OSError):
                        if child != spared and b"\0worker\0" not in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                            os.kill(child, signal.SIGKILL)
            if any("died" in line["msg"] for line in several.lines()):
                return number
    raise AssertionError("no planner was caught")


def test_a_planner_that_is_killed(several):
    """Nothing is wrong with the file: it is read again, although nothing else happens."""
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    last = kill_the_planner(several, process, lambda number: several.configure(
        several.exchange("a", url=several.server.url(f"/new{number}", host="localhost"))))
    line = several.said("died")[0]
    assert line["error"] == "worker" and "read again soon" in line["hint"]
    wait_for(lambda: several.requests(f"new{last}"), "a request of the new configuration", 30)
    assert several.stop(process).status == 0


def mistakes(several):
    return sum(line.get("error") == "usage" for line in several.lines())


def test_a_mistake_is_told_once(several):
    """The file is written anew with the same mistake, then with another one, and then with the first one."""
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    for text, count in (("{", 1), ("{", 1), ("[", 2), ("{", 3)):
        several.write("config.json", text)
        wait_for(lambda: mistakes(several) >= count, "a warning")
        time.sleep(3)  # it looks at the file, and then plans, at most once a second
        assert mistakes(several) == count
    assert several.stop(process).status == 0


def test_planning_is_never_hot(several):
    """The file changes all the time, HUP comes all the time."""
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    parents, started = set(), time.monotonic()
    while time.monotonic() < started + 4:
        several.write("config.json", several.config_file.read_text() + " ")
        process.signal(signal.SIGHUP)
        parents |= set(process.children())
        time.sleep(0.005)
    # At most once a second each: a planner, a look at the configuration file, a look at the files of the exchange. And one refresh.
    assert len(parents) <= 3 * (time.monotonic() - started + 1) + 1, parents
    several.stop(process)


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
    several.shows("c", waits_for="long-name")
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


def test_a_directory_that_is_made_anew(several, landlock):
    """It is another one: its lock is taken, its status written; where the sandbox was closed without it, the log says that."""
    several.configure(several.exchange("a"))
    process = several.start(**without(landlock))
    several.said("token refreshed", "a")
    (several.out / "a").rename(several.out / "gone")  # the sidecar may be writing its status
    several.exchange("a")
    time.sleep(FLOOR_S)
    process.signal(signal.SIGHUP)
    line, = wait_for(lambda: several.lines("a")[1:2], "a second line")
    if landlock:
        assert line["error"] == "output" and "the sandbox was closed without it: start this program again" in line["msg"], line
        assert not list((several.out / "a").iterdir())
    else:
        assert line["msg"] == "token refreshed" and locked(several.out / "a"), line
        wait_for(lambda: several.status("a")["attempts"] == "2", "its status")
    assert several.stop(process).status == 0
