# SPDX-License-Identifier: Apache-2.0
"""The signal that the application gets after a new token."""
import subprocess
import sys
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.several import several  # fixture
from harness.sidecar import GID, ROOT, UID

WAITER = """
import os, signal, sys, time
for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, lambda number, _: os.write(1, b"%d\\n" % number))
os.write(1, b"ready\\n")
while True:
    time.sleep(1)
"""


@pytest.fixture
def application():
    who = dict(user=UID, group=GID, extra_groups=[]) if ROOT else {}
    with subprocess.Popen([sys.executable, "-c", WAITER], stdout=subprocess.PIPE, **who) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


@pytest.mark.slow
def test_the_application_gets_a_signal(several, application):
    """After the files are there, once for each exchange that names it, and not for a token that was there before."""
    pid = several.write("pid", f"{application.pid}\n")
    several.configure(several.exchange("a", notify_pid_file=str(pid), notify_signal="USR2"), several.exchange("b"))
    process = several.start()
    assert application.stdout.readline() == b"12\n"
    assert tokens.expiry(several.token("a"))
    several.said("token", "b")
    several.stop(process)
    several.configure(several.exchange("a", notify_pid_file=str(pid)))
    process = several.start()
    several.said("adopted", "a")
    process.signal(1)
    assert application.stdout.readline() == b"1\n"
    several.stop(process)


def test_a_signal_that_cannot_be_sent_only_warns(several):
    several.configure(several.exchange("a", notify_pid_file=str(several.write("pid", "1\n"))))
    process = several.start()
    [line] = several.said("no signal was sent", "a")
    assert line["level"] == "warn" and "its PID is 1" in line["msg"]
    assert tokens.expiry(several.token("a"))
    time.sleep(0.3)
    assert len(several.requests("a")) == 1
    assert several.stop(process).status == 0


@pytest.mark.slow
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
