# SPDX-License-Identifier: Apache-2.0
"""Several exchanges in one process: what one does is no business of the others', unless it reads their output."""
import os
import signal
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.several import several  # fixture
from harness.sidecar import sanitized


def test_fetch_two(several):
    several.configure(several.exchange("a"), several.exchange("b"))
    run = several.fetch()
    assert run.status == 0, run.err
    assert tokens.expiry(several.token("a")) and tokens.expiry(several.token("b"))
    assert '"exchange":"a"' in run.err and '"exchange":"b"' in run.err
    assert len(several.asked) == 2


def test_fetch_exits_as_the_first_that_failed(several):
    several.configure(several.exchange("a"), several.exchange("b"), several.exchange("c"))
    several.failures = {"b": 403, "c": 404}
    run = several.fetch()
    assert run.status == 77, run.err
    assert tokens.expiry(several.token("a"))
    several.failures = {"c": 404}
    assert several.fetch("--deadline", "2s").status == 65


def test_a_chain_of_three(several):
    """In the wrong order, and with another spelling of the paths."""
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


def test_what_waits_says_so(several):
    several.failures = {"a": 503}
    several.configure(several.exchange("a"), several.exchange("b", reads="a"), several.exchange("c", reads="b"))
    process = several.start()
    several.said("unexpected status 503", "a", 2)
    assert several.said("waiting for exchange a", "b") and several.said("waiting for exchange b", "c")
    assert several.status("b")["waits_for"] == "a" and several.status("c")["waits_for"] == "b"
    checked = several.sidecar.run("check", several.out / "c")
    assert checked.status == 1 and "waiting for exchange b" in checked.err
    # Nobody can make it try what it cannot send.
    process.signal(signal.SIGHUP)
    time.sleep(0.5)
    assert several.requests("b") == []
    del several.failures["a"]
    several.said("token refreshed", "c")
    assert [name for _, name, _ in several.asked if name != "a"] == ["b", "c"]
    assert "waits_for" not in several.status("c")
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


def test_one_directory_for_two(several):
    several.configure(several.exchange("a"), several.exchange("b", output_dir=f"{several.out}/./a/"))
    assert several.fetch().status == 64


def test_only_one_prints(several):
    several.configure(several.exchange("a"), several.exchange("b"))
    run = several.fetch("--stdout")
    assert run.status == 64 and "stdout" in run.err
    several.configure(several.exchange("a"))
    run = several.fetch("--stdout")
    assert run.status == 0 and tokens.expiry(run.out.decode())


def test_dry_run(several):
    several.configure(several.exchange("a"), several.exchange("b"))
    run = several.fetch("--dry-run")
    assert run.status == 0, run.err
    assert b"POST /a HTTP/1.1" in run.out and b"POST /b HTTP/1.1" in run.out
    assert several.asked == []


def test_a_mistake_in_one(several):
    several.configure(several.exchange("good"), several.exchange("bad", timeout="0s"))
    run = several.fetch()
    assert run.status == 64 and "exchange bad: --timeout" in run.err
    several.configure(several.exchange("good"), several.exchange("bad", url="http://sts.example/"))
    run = several.sidecar.run("run", "--config", several.config_file)
    assert run.status == 64 and "exchange bad: " in run.err
    assert several.asked == []


def test_a_directory_that_cannot_be_owned(several):
    several.configure(several.exchange("a"), several.exchange("b"))
    first = several.start()
    several.said("token refreshed", "b")
    second = several.sidecar.run("run", "--config", several.config_file)
    assert second.status == 73
    several.stop(first)
    several.configure(several.exchange("a"), several.exchange("b", output_dir=f"{several.folder}/nowhere"))
    assert several.sidecar.run("run", "--config", several.config_file).status == 73


def test_one_that_hangs_is_no_business_of_the_others(several):
    """Four that hang would take all workers, three leave one."""
    several.lifetimes = {"good": 7}
    hanging = [several.exchange(f"hangs-{i}", url=several.hang()) for i in range(3)]
    several.configure(*hanging, several.exchange("good"))
    process = several.start()
    several.said("token refreshed", "good", 2, patience_s=10)
    first, second = several.requests("good")[:2]
    assert 4.5 < second[0] - first[0] < 7.5
    assert several.stop(process).status == 0


def test_sixteen(several):
    """Never more than four at once, and all of them in the end."""
    most = 0
    several.configure(*(several.exchange(f"e{i}") for i in range(16)))
    process = several.start()
    def all_there():
        nonlocal most
        most = max(most, len(process.children()))
        return len(several.lines()) >= 17 and all((several.out / f"e{i}/token.jwt").exists() for i in range(16))
    wait_for(all_there, "sixteen tokens")
    # The one that plans counts as well, at the beginning.
    assert most <= 5
    assert {line["exchange"] for line in several.lines() if "exchange" in line} == {f"e{i}" for i in range(16)}
    assert len(several.asked) == 16
    asked = [several.sidecar.start("refresh", several.out / f"e{i}") for i in (0, 15)]
    for command in asked:
        assert command.wait(20).status == 0
    assert several.stop(process).status == 0


def test_too_many(several):
    several.configure(*(several.exchange(f"e{i}") for i in range(17)))
    assert several.fetch().status == 64


def test_a_token_that_is_there_beside_a_failed_fetch(several):
    several.configure(several.exchange("a"))
    assert several.fetch().status == 0
    several.failures = {"a": 403}
    run = several.fetch()
    assert run.status == 77 and '"token_valid_s":8' in run.err, run.err


@pytest.mark.skipif(sanitized(), reason="a sanitizer's own start takes longer")
def test_told_to_stop_with_all_workers_busy(several):
    several.configure(*(several.exchange(f"hangs-{i}", url=several.hang()) for i in range(6)))
    process = several.start()
    wait_for(lambda: len(process.children()) == 4 and several.dead.connections >= 4, "four workers")
    started = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0
    assert time.monotonic() - started < 0.5


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
