# SPDX-License-Identifier: Apache-2.0
"""Services that take a subject token once: it is never sent again, whatever came of the first time."""
import contextlib
import fcntl
import os
import signal
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import SHORT, Projected, rig  # rig: fixture
from harness.several import several  # fixture

pytestmark = pytest.mark.slow

PATH = "/v1/oauth/token"


def test_run_waits_for_another_subject(rig):
    """A refresh that falls due, and a signal that asks for one, send nothing until the subject token is another one."""
    made = rig("--lifetime", SHORT)
    args = ("--param=federation_rule_id=fdrl_1", "--param=organization_id=o")
    process = made.run(*args, options={"protocol": "anthropic", "url": f"https://localhost:{made.mock.port}{PATH}"})
    made.has_token()
    first = made.token()
    for _ in range(2):
        time.sleep(4)
        made.command("refresh", "--timeout", "1s", made.out)
    assert len(made.requests(PATH)) == 1 and made.token() == first
    new = made.space.write("new", made.mock.mint())
    os.rename(new, made.token_file)
    made.asked(2, PATH)
    assert made.stop(process).status == 0
    seen = [(entry["status"], entry["subject"]) for entry in made.requests(PATH)]
    assert [status for status, _ in seen] == [200] * len(seen) and len(set(seen)) == len(seen)


class Slow(dict):
    """Lifetimes of tokens that take three seconds to look up, so that the STS answers late."""

    def get(self, *_):
        time.sleep(3)
        return 900


@pytest.mark.parametrize("under_way", [False, True])
def test_another_name(several, under_way):
    """Who goes on under another name sends nothing that was sent under the old one, be the answer there or not."""
    if under_way:
        several.lifetimes = Slow()
    several.configure(several.once("a"))
    process = several.start()
    if under_way:
        wait_for(lambda: several.requests("a"), "a request")
    else:
        several.said("token refreshed", "a")
    several.configure(several.once("b") | {"output-dir": str(several.out / "a")})
    process.signal(signal.SIGHUP)
    assert several.said("", "b")[0]["error"] == "subject_used"
    several.lifetimes = {}
    several.write("sts-token", tokens.subject(jti="the next"))
    several.said("token refreshed", "b")
    sent = [subject for _, _, subject in several.asked]
    assert len(sent) == len(set(sent)) == 2
    assert several.stop(process).status == 0


def test_a_swap_of_token_files(several):
    """What was sent is known by the token: an exchange does not send what another one has sent."""
    files = {name: several.write(f"{name}-token", tokens.subject(jti=name)) for name in "ab"}
    def configure(first, second):
        several.configure(several.once("a") | {"token-file": str(files[first])}, several.once("b") | {"token-file": str(files[second])})
    configure("a", "b")
    process = several.start()
    for name in "ab":
        several.said("token refreshed", name)
    configure("b", "a")
    process.signal(signal.SIGHUP)
    for name in "ab":
        assert several.said("was sent already", name)[0]["error"] == "subject_used"
    assert len(several.asked) == 2
    several.write("a-token", tokens.subject(jti="the next of a"))
    several.write("b-token", tokens.subject(jti="the next of b"))
    for name in "ab":
        several.said("token refreshed", name, 2)
    sent = [subject for _, _, subject in several.asked]
    assert len(sent) == len(set(sent)) == 4
    assert several.stop(process).status == 0


def test_another_protocol_meanwhile(several):
    """The attempt goes on by the former configuration: its token is remembered, although the new protocol may send a token again."""
    several.lifetimes = Slow()
    several.configure(several.once("a"))
    process = several.start()
    wait_for(lambda: several.requests("a"), "a request")
    several.configure(several.exchange("a", url=several.hang()))
    process.signal(signal.SIGHUP)
    several.said("", "a")
    several.lifetimes = {}
    several.configure(several.once("a"))
    process.signal(signal.SIGHUP)
    assert several.said("was sent already", "a")[0]["error"] == "subject_used"
    assert len(several.requests("a")) == 1
    assert several.stop(process).status == 0


def test_a_swap_while_a_worker_connects(several):
    """The worker has read the token that is now another exchange's, and may still send it: the other one waits until it has ended."""
    files = {name: several.write(f"{name}-token", tokens.subject(jti=name)) for name in "ab"}
    a = several.once("a") | {"token-file": str(files["a"]), "url": several.hang()}
    several.configure(a, several.once("b") | {"token-file": str(files["b"])})
    process = several.start()
    several.said("token refreshed", "b")
    several.configure(several.once("a") | {"token-file": str(files["b"])}, several.once("b") | {"token-file": str(files["a"])})
    process.signal(signal.SIGHUP)
    ended = several.said("", "a")[0]
    sent = several.said("token refreshed", "b", 2)[1]
    assert ended["error"] == "timeout" and sent["ts"] > ended["ts"], (ended, sent)
    assert len(several.asked) == 2
    assert several.stop(process).status == 0


def test_removed_and_there_again(several):
    """What an exchange has sent is remembered while it is not there."""
    several.configure(several.once("a"), several.exchange("b"))
    process = several.start()
    several.said("token refreshed", "a")
    several.configure(several.exchange("b"))
    several.said("removed", "a")
    (several.out / "a/token.jwt").unlink()
    several.configure(several.once("a"), several.exchange("b"))
    assert several.said("was sent already", "a")[0]["error"] == "subject_used"
    assert len(several.requests("a")) == 1
    assert several.stop(process).status == 0


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
    once.shows("a", waits="2")
    checked = once.sidecar.run("check", once.out / "a")
    assert checked.status == 1 and "waiting for the kubelet's next token (in 4" in checked.err
    process.signal(signal.SIGHUP)
    asked = once.sidecar.run("refresh", once.out / "a")
    assert asked.status == 66 and "sent already" in asked.err
    assert len(once.requests("a")) == 1
    assert len([line for line in once.lines("a") if "sent already" in line["msg"]]) == 1
    once.failures = {}
    once.swap(tokens.subject(jti="two"))
    once.said("token refreshed", "a", patience_s=15)
    once.shows("a", waits="2", error="ok")  # the kubelet renews this one later than the refresh is due
    assert len(once.requests("a")) == 2
    assert once.stop(process).status == 0


def test_sent_once_and_killed(once):
    """The stage byte was the last that was heard of the worker."""
    silent = once.serve(stall="request")
    once.configure(once.once("a", timeout="60s") | {"connect": f"127.0.0.1:{silent.port}"})
    process = once.start()
    worker = process.worker()
    assert silent.stalled.wait(20)
    os.kill(worker, signal.SIGKILL)
    line = once.said("killed by signal 9", "a")[0]
    assert "after the request was sent" in line["msg"]
    once.said("sent already", "a")
    assert process.workers() == []
    assert once.stop(process).status == 0


def test_sent_while_told_to_stop(once):
    """The request goes out in the moment in which the program is told to stop: the status has the token, so the next start does not send it."""
    silent = once.serve(stall="request")
    once.configure(once.once("a", timeout="60s") | {"connect": f"127.0.0.1:{silent.port}"})
    process = once.start()
    worker = process.worker()
    os.kill(worker, signal.SIGSTOP)
    process.signal(signal.SIGSTOP)
    os.kill(worker, signal.SIGCONT)
    assert silent.stalled.wait(20)
    process.signal(signal.SIGTERM)
    process.signal(signal.SIGCONT)
    assert process.wait(10).status == 0
    assert "sent" in once.status("a")
    once.configure(once.once("a"))
    process = once.start()
    assert once.said("was sent already", "a")[0]["error"] == "subject_used" and not once.requests("a")
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
    assert {line["error"] for line in once.lines("a") if "error" in line} == {"connect"}
    assert once.stop(process).status == 0


def test_one_subject_for_two(once):
    once.configure(once.once("a"), once.once("b", token_file=f"{once.token_file.parent}/./{once.token_file.name}"))
    run = once.fetch()
    assert run.status == 64 and "a and b have one subject token" in run.err


@contextlib.contextmanager
def locked(folder):
    """The directory is another sidecar's."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


class Forgetless:
    """An STS that accepts a subject token once, and says so, as Keycloak does."""

    def __init__(self, several):
        self.several, self.statuses, self.seen = several, [], set()

    def __call__(self, request):
        subject = request.partition(b"subject_token=")[2].partition(b"&")[0]
        self.statuses.append(400 if subject in self.seen else 200)
        self.seen.add(subject)
        if self.statuses[-1] == 200:
            return self.several.answer(request)
        return tokens.http(400, {"error": "invalid_grant", "error_description": "Token reuse detected"})


def test_one_subject_for_two_stss(several):
    """What one STS has refused does not keep the token from another STS: both exchanges get a token with each subject token."""
    several.lifetimes = dict.fromkeys("ab", 7)
    stss = {name: Forgetless(several) for name in "ab"}
    several.configure(*(several.exchange(name, url=several.serve(sts).url(f"/{name}", host="localhost")) for name, sts in stss.items()))
    process = several.start()
    for name in "ab":
        several.said("waiting for", name)
    several.lifetimes = {}
    several.write("sts-token", tokens.subject(jti="the next"))
    for name in "ab":
        several.said("token refreshed", name, 2)
        assert "once_for" in several.status(name) and stss[name].statuses == [200, 400, 200]
    assert several.stop(process).status == 0


def test_a_directory_that_is_locked_at_first(several):
    """What was learnt lies in a directory that an exchange of a later configuration does not get at once: it is read as soon as it is there."""
    sts, a = Forgetless(several), several.exchange("a")
    b = several.exchange("b", url=several.serve(sts).url("/b", host="localhost"))
    several.lifetimes = {"b": 7}
    several.configure(a, b)
    process = several.start()
    several.said("waiting for", "b")
    several.configure(a)
    several.said("removed", "b")
    (several.out / "b/token.jwt").unlink()
    with locked(several.out / "b"):
        several.configure(a, b)
        assert several.said("already writes to", "b")[0]["error"] == "locked"
    process.signal(signal.SIGHUP)
    several.said("waiting for", "b", 2)
    assert sts.statuses == [200, 400]
    assert several.stop(process).status == 0
