# SPDX-License-Identifier: Apache-2.0
"""Several exchanges in one process: they do not affect each other, unless one reads the output of another."""
import itertools
import json
import signal

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


@pytest.mark.slow
def test_fetch_exits_as_the_first_that_failed(several):
    several.configure(several.exchange("a"), several.exchange("b"), several.exchange("c"))
    several.failures = {"b": 403, "c": 404}
    run = several.fetch()
    assert run.status == 77, run.err
    assert tokens.expiry(several.token("a"))
    several.failures = {"c": 404}
    assert several.fetch("--deadline", "2s").status == 65


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


@pytest.mark.slow
def test_one_that_hangs_is_no_business_of_the_others(several):
    """Four that hang would take all workers, three leave one."""
    several.lifetimes = {"good": 7}
    hanging = [several.exchange(f"hangs-{i}", url=several.hang(), timeout="60s") for i in range(3)]
    several.configure(*hanging, several.exchange("good"))
    process = several.start()
    several.said("token refreshed", "good", 2)
    first, second = several.requests("good")[:2]
    assert second[0] - first[0] > 4.5
    assert not any("time ran out" in line["msg"] for line in several.lines()), "all three hang, still"
    assert several.stop(process).status == 0


@pytest.mark.slow
def test_sixteen(several):
    """Never more than four at once, and all of them in the end."""
    most = 0
    several.configure(*(several.exchange(f"e{i}") for i in range(16)))
    process = several.start()
    def all_there():
        nonlocal most
        most = max(most, len(process.workers()))
        return len(several.lines()) >= 17 and all((several.out / f"e{i}/token.jwt").exists() for i in range(16))
    wait_for(all_there, "sixteen tokens")
    assert 1 <= most <= 4
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
    several.configure(*(several.exchange(f"hangs-{i}", url=several.hang(), timeout="60s") for i in range(6)))
    process = several.start()
    wait_for(lambda: len(process.workers()) == 4 and several.dead.connections >= 4, "four workers")
    process.signal(signal.SIGTERM)
    assert process.wait(10).status == 0


@pytest.mark.slow
def test_six_that_hang_beside_a_good_one(several):
    """They may have three of the four workers. The good one's tokens live for seven seconds, and none runs out."""
    several.lifetimes = {"good": 7}
    several.configure(several.exchange("good"), *(several.exchange(f"hangs-{i}", url=several.hang(), timeout="12s") for i in range(6)))
    process = several.start()
    wait_for(lambda: len(several.requests("good")) >= 6, "six refreshes", 50)
    asked = [at for at, _, _ in several.requests("good")]
    assert all(after - before < 7 for before, after in itertools.pairwise(asked)), asked
    # The exchanges that hang are still tried.
    for i in range(6):
        several.said("time ran out", f"hangs-{i}", patience_s=50)
    assert several.stop(process).status == 0


@pytest.mark.slow
def test_polls_that_hang_beside_a_good_one(several):
    """Four of them have all workers, and an attempt takes the worker of a poll. The tokens of the good one live for seven seconds."""
    def answer(request):
        if request.split(b" ")[1].endswith(b"/sig-cert"):
            server.released.wait(60)
        return tokens.openunison(tokens.issued(900))
    server = several.serve(answer)
    several.lifetimes = {"good": 7}
    polled = [several.exchange(f"polls-{i}", url=server.url(f"/{i}/token/user", host="localhost"), protocol="openunison", timeout="60s", poll_interval="1s")
              for i in range(5)]
    several.configure(several.exchange("good"), *polled)
    process = several.start()
    wait_for(lambda: len(process.workers()) == 4, "four workers")
    several.said("token refreshed", "good", 4)
    assert {line["level"] for line in several.lines()} == {"info"}
    assert several.stop(process).status == 0


@pytest.mark.parametrize("command", ["run", "fetch"])
def test_one_directory_by_two_names(several, command):
    """A link leads to the other's directory: the lock would name this very process."""
    several.configure(several.exchange("a"), several.exchange("b") | {"output-dir": str(several.out / "link")})
    (several.out / "link").symlink_to(several.out / "a")
    run = several.sidecar.run(command, "--config", several.config_file, timeout=20)
    assert run.status == 64, run.err
    assert "exchanges a and b write to the same directory" in run.err and "give each its own" in run.err
    assert several.asked == []


def test_the_deadline_comes_before_a_worker_is_free(several):
    """No attempt is started that has no time left: its error would hide why the others failed."""
    several.configure(*[several.exchange(f"x{i}", url=several.hang()) for i in range(16)])
    fetched = several.fetch()
    assert fetched.status == 75 and fetched.seconds < 12
    lines = [json.loads(line) for line in fetched.lines]
    assert {line["error"] for line in lines if "error" in line} == {"timeout"}, lines
    assert [line for line in lines if "the deadline passed before this exchange was tried" in line["msg"]]
    assert {several.status(f"x{i}")["error"] for i in range(16)} == {"timeout"}
