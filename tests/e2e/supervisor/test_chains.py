# SPDX-License-Identifier: Apache-2.0
"""Exchanges that read another one's token: who waits for whom, and what a new token means."""
import itertools
import json
import os
import signal
import time

import pytest

from harness.runs import FLOOR_S
from harness.several import several  # fixture


def test_a_chain_of_three(several):
    """The file has the exchanges in the wrong order, and spells the paths in another way."""
    c = several.exchange("c", token_file=f"{several.out}//./b/token.jwt")
    several.configure(c, several.exchange("b", reads="a"), several.exchange("a"))
    run = several.fetch()
    assert run.status == 0, run.err
    assert [name for _, name, _ in several.asked] == ["a", "b", "c"]
    subjects = [subject for _, _, subject in several.asked]
    assert subjects == [several.token_file.read_text(), several.token("a"), several.token("b")]
    assert '"msg":"waiting for exchange b","exchange":"c"' in run.err
    assert '"msg":"waiting for exchange a","exchange":"b"' in run.err


def test_the_end_of_a_chain(several):
    several.configure(several.exchange("b", reads="a"), several.exchange("a"))
    several.failures = {"a": 403}
    run = several.fetch()
    assert run.status == 77
    assert "not tried" in run.err and '"exchange":"b"' in run.err
    assert several.requests("b") == []


@pytest.mark.parametrize("order", [*map("".join, itertools.permutations("abc"))])
def test_the_end_of_a_chain_of_three(several, order):
    """If the first exchange of a chain is lost, the last one is lost too, in any order of the file, and the status files say so."""
    made = {"a": several.exchange("a"), "b": several.exchange("b", reads="a"), "c": several.exchange("c", reads="b")}
    several.configure(*[made[name] for name in order])
    several.failures = {"a": 403}
    run = several.fetch(timeout=20)
    assert run.status == 77, run.err
    assert [name for _, name, _ in several.asked] == ["a"]
    assert several.status("a")["state"] == "failing" and several.status("a")["error"] == "denied"
    for name, source in (("b", "a"), ("c", "b")):
        lost = several.status(name)
        assert (lost["state"], lost["waits_for"], lost["next_attempt"]) == ("failing", source, "0"), lost
        assert "not tried" in next(line["msg"] for line in map(json.loads, run.err.splitlines()) if line.get("exchange") == name
                                   and line["level"] == "error")


def test_a_chain_whose_head_never_answers(several):
    """The deadline also ends the exchanges that wait for another one."""
    head = several.exchange("a") | {"url": several.hang()}
    several.configure(several.exchange("c", reads="b"), several.exchange("b", reads="a"), head)
    started = time.monotonic()
    run = several.sidecar.run("fetch", "--config", several.config_file, "--deadline", "3s", timeout=20)
    assert run.status == 75 and time.monotonic() - started < 10, run.err
    assert run.err.count("not tried") == 2


@pytest.mark.slow
def test_what_waits_says_so(several):
    several.failures = {"a": 503}
    several.configure(several.exchange("a"), several.exchange("b", reads="a"), several.exchange("c", reads="b"))
    process = several.start()
    several.said("unexpected status 503", "a", 2)
    assert several.said("waiting for exchange a", "b") and several.said("waiting for exchange b", "c")
    assert several.shows("b", waits_for="a") and several.shows("c", waits_for="b")
    checked = several.sidecar.run("check", several.out / "c")
    assert checked.status == 1 and "waiting for exchange b" in checked.err
    # No signal makes an exchange try without a subject token.
    process.signal(signal.SIGHUP)
    time.sleep(0.5)
    assert several.requests("b") == []
    del several.failures["a"]
    several.said("token refreshed", "c")
    assert [name for _, name, _ in several.asked if name != "a"] == ["b", "c"]
    assert "waits_for" not in several.shows("c", state="ok")
    assert several.stop(process).status == 0
    assert all(several.status(name)["state"] == "stopped" for name in "abc")


@pytest.mark.parametrize("names", ["a", "ab", "abc"])
def test_cycles(names, several):
    made = [several.exchange(name, reads=before) for name, before in zip(names, names[-1] + names)]
    several.configure(several.exchange("z"), *made)
    for run in (several.fetch(), several.sidecar.run("run", "--config", several.config_file)):
        assert run.status == 64, run.err
        assert "wait for each other" in run.err and all(f"{name} <- " in run.err for name in names)
    assert several.asked == []


def test_its_own_output(several):
    run = several.sidecar.run("run", "--url", several.server.url("/x"), "--token-file", several.out / "token.jwt", "--output-dir", several.out)
    assert run.status == 64 and "wait for each other" in run.err


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
