# SPDX-License-Identifier: Apache-2.0
"""File systems that do not answer: FUSE mounts whose server reads a request and keeps it. No process that asked can be killed then."""
import contextlib
import functools
import json
import signal
import subprocess
import time

import pytest

from harness import tokens
from harness.fuse import Fuse, can_mount
from harness.mock import wait_for
from harness.several import several  # fixture

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(can_mount()), reason=f"a FUSE mount: {can_mount()}")]
STOP_S = 2  # a hundred milliseconds by test_stop.py; this machine may be slow, and a hang would last for ever


@pytest.fixture
def fuse(folder):
    with contextlib.ExitStack() as stack:
        def make(files, name="mnt"):
            return stack.enter_context(contextlib.closing(Fuse(folder / name, files)))
        yield make


@pytest.fixture
def hung(fuse, several):
    """hung(sources): a Several whose exchanges run, and a FUSE file system that does not answer."""
    several.top["timeout"] = "1s"
    # A process that hangs may still have the descriptors of standard output, whose reader would wait for its end.
    several.start = functools.partial(several.start, stdout=subprocess.DEVNULL)
    several.fuse = fuse({"token": tokens.subject().encode(), "ca.pem": (several.folder / "ca.crt").read_bytes(), "config.json": b""})
    return several


def stop_s(process):
    began = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.wait(20).status == 0
    return time.monotonic() - began


def stuck_children(process, count):
    """The children of the supervisor when no other worker runs."""
    return wait_for(lambda: len(children := set(process.children())) == count and children, f"{count} children, now {process.children()}")


def refreshed_again(several, name):
    count = len(several.requests(name))
    wait_for(lambda: len(several.requests(name)) > count, f"a request of {name}, log: {several.lines()}", 15)


def test_tokens_of_four_exchanges(hung):
    """The fifth has its token and keeps it fresh. Each of the four has one process that hangs, and says where."""
    hung.fuse.hang()
    path = hung.fuse.folder / "token"
    four = [f"hangs-{i}" for i in range(4)]
    hung.lifetimes["works"] = 7
    hung.configure(*(hung.exchange(name, token_file=str(path)) for name in four), hung.exchange("works"))
    process = hung.start()
    hung.said("token refreshed", "works")
    first = wait_for(lambda: (status := hung.status(four[0]))["error"] == "hangs" and status, "a hang")
    assert first["detail"] == "0", "not that of the timeout which the hang replaces"
    for name in four:
        line, = hung.said("has not answered", name)
        assert line["msg"].startswith(f"the file system of {path} has not answered for ") and line["error"] == "hangs", line
    stuck = stuck_children(process, 4)
    hung.shows(four[0], error="hangs")
    checked = hung.sidecar.run("check", hung.out / four[0])
    assert checked.status == 1 and "a file system does not answer" in checked.err, checked
    process.signal(signal.SIGHUP)
    for name in four:
        hung.said("has not answered", name, 2)
    refreshed_again(hung, "works")
    assert stuck_children(process, 4) == stuck, "no second process"
    assert stop_s(process) < STOP_S


def test_it_answers_again(hung):
    """The exchange is tried again by itself."""
    hung.fuse.hang()
    hung.configure(hung.exchange("hangs", token_file=str(hung.fuse.folder / "token")))
    process = hung.start()
    hung.said("has not answered", "hangs")
    process.signal(signal.SIGHUP)
    hung.said("has not answered", "hangs", 2)
    hung.fuse.go_on()
    hung.said("token refreshed", "hangs")
    assert stop_s(process) < STOP_S


def test_a_ca_file(hung):
    hung.fuse.hang()
    path = hung.fuse.folder / "ca.pem"
    hung.lifetimes["works"] = 7
    hung.configure(hung.exchange("hangs", cacert_path=[str(hung.folder / "ca.crt"), str(path)]), hung.exchange("works"))
    process = hung.start()
    line, = hung.said("has not answered", "hangs")
    assert f"the file system of {path} has" in line["msg"], line
    hung.said("token refreshed", "works")
    refreshed_again(hung, "works")
    stuck_children(process, 1)
    assert stop_s(process) < STOP_S


def test_it_hangs_later(hung):
    """The next attempt hangs. After that, there is no attempt."""
    path = hung.fuse.folder / "token"
    hung.lifetimes |= {"hangs": 7, "works": 7}
    hung.configure(hung.exchange("hangs", token_file=str(path)), hung.exchange("works"))
    process = hung.start()
    hung.said("token refreshed", "hangs")
    hung.fuse.hang()
    hung.said("has not answered", "hangs")
    refreshed_again(hung, "works")
    stuck_children(process, 1)
    assert stop_s(process) < STOP_S


def configure(several):
    several.configure(several.exchange("works"))
    several.fuse.files["config.json"] = several.config_file.read_bytes()
    several.config_file = several.fuse.folder / "config.json"


def test_the_configuration_file(hung):
    """The exchanges go on with the plans that they have; the log says what hangs, and a HUP still refreshes."""
    hung.lifetimes["works"] = 7
    configure(hung)
    process = hung.start()
    hung.said("token refreshed", "works")
    hung.fuse.hang()
    refreshed_again(hung, "works")
    line, = hung.said("the file system of the configuration file does not answer", patience_s=25)
    assert str(hung.config_file) in line["msg"] and line["error"] == "hangs", line
    count = len(hung.requests("works"))
    process.signal(signal.SIGHUP)
    wait_for(lambda: len(hung.requests("works")) > count, "a refresh", 15)
    stuck_children(process, 1)
    hung.fuse.go_on()
    hung.lifetimes["new"] = 900
    hung.fuse.files["config.json"] = json.dumps(hung.top | {"exchanges": [hung.exchange("new"), hung.exchange("works")]}).encode()
    process.signal(signal.SIGHUP)
    hung.said("the sandbox was closed without it", "new")   # it is planned; its directory is newer than the sandbox
    assert stop_s(process) < STOP_S


def test_the_lock_of_a_directory(hung):
    """A child that hangs does not hold the locks when the supervisor has ended: the next supervisor takes over the tokens."""
    hung.lifetimes["works"] = 7
    usual = hung.config_file
    configure(hung)
    process = hung.start()
    hung.said("token refreshed", "works")
    hung.fuse.hang()
    refreshed_again(hung, "works")
    wait_for(lambda: hung.fuse.waiting() > 0, "an examining child")
    assert stop_s(process) < STOP_S
    hung.config_file = usual
    process = hung.start()
    wait_for(lambda: len(hung.lines("works")) >= 3, "a line")
    assert not [line for line in hung.lines() if line.get("error") == "locked"]
    assert stop_s(process) < STOP_S


def test_the_configuration_file_at_the_start(hung):
    """Without a configuration there is nothing to do: it ends, and says why."""
    configure(hung)
    hung.fuse.hang()
    process = hung.start()
    assert process.wait(30).status == 75
    text = hung.log_file.read_text()
    assert f"the file system of the configuration file does not answer: {hung.config_file}" in text, text


def test_told_to_stop_at_the_start(hung):
    configure(hung)
    hung.fuse.hang()
    process = hung.start()
    wait_for(lambda: hung.fuse.waiting() == 1, "the planning child")
    assert stop_s(process) < STOP_S


@pytest.mark.parametrize("command, status", [("check", 1), ("doctor", 1), ("refresh", 75), ("inspect", 66), ("verify", 66)])
def test_a_command_that_looks_at_the_output_directory(command, status, fuse, sidecar):
    mount = fuse({"token.jwt": tokens.issued().encode(), ".status": b""})
    mount.hang()
    run = sidecar.run(command, "--output-dir", mount.folder)
    assert run.status == status
    assert f"the file system of {mount.folder} has not answered for 3 s" in run.err, run.err
