# SPDX-License-Identifier: Apache-2.0
"""--listen over some time: a new configuration, a port that is taken for a while."""
import contextlib
import os
import signal
import socket
import time

import pytest

from harness.listener import HOST, free_port, metrics, page, pid_of, up, value
from harness.mock import wait_for
from harness.runs import SHORT, rig  # fixtures
from harness.several import several  # fixture

pytestmark = pytest.mark.slow


def test_a_new_configuration(several):
    """The process goes by the new one; who stays keeps its numbers. The same one again changes nothing."""
    port = free_port()
    several.configure(several.exchange("a"), several.exchange("b"), listen=f"127.0.0.1:{port}")
    process = several.start()
    up(port)
    wait_for(lambda: len([1 for name in "ab" if value(metrics(port), "exchanges_total", exchange=name, result="success") == 1]) == 2, "both")
    first = pid_of(process)
    process.signal(signal.SIGHUP)
    wait_for(lambda: len(several.requests("a")) == 2, "a refresh")
    assert pid_of(process) == first
    # In a's directory: the sandbox has no other.
    c = several.exchange("c", output_dir=str(several.out / "a"))
    several.configure(c, several.exchange("b"), listen=f"127.0.0.1:{port}")
    process.signal(signal.SIGHUP)
    wait_for(lambda: first not in process.children(), "the end of the old one")
    up(port)
    wait_for(lambda: value(metrics(port), "exchanges_total", exchange="c", result="success") is not None, "the new one")
    seen = metrics(port)
    assert value(seen, "exchanges_total", exchange="b", result="success") >= 2
    assert value(seen, "exchanges_total", exchange="a", result="success") is None
    assert page(port, "/readyz")[0] == 200
    several.configure(c, several.exchange("b"))
    process.signal(signal.SIGHUP)
    wait_for(lambda: process.children() == [], "the end of it")
    with pytest.raises(OSError):
        page(port, "/livez")
    several.configure(several.exchange("b"), listen=f"127.0.0.1:{port}")
    process.signal(signal.SIGHUP)
    up(port)
    assert value(metrics(port), "exchanges_total", exchange="b", result="success") >= 2


def test_a_port_that_becomes_free(rig):
    """Tried again after 5 s; the tokens do not wait for it."""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        r = rig()
        process = r.run("--listen", f"{HOST}:{port}")
        r.said("token refreshed")
        r.said("the port cannot be opened")
        time.sleep(0.5)
    up(port, 12)
    assert [line["msg"] for line in r.lines() if "listen" in line] == ["the port cannot be opened: trying again", "listening"]
    assert r.stop(process).status == 0


def test_lines_that_nobody_took(rig):
    """A log that is stuck: the numbers say so. The line of the endpoint itself is one that is dropped in its own process, and not counted."""
    r, port = rig(), free_port()
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        with contextlib.suppress(BlockingIOError):
            while os.write(write_end, b"x" * 64):
                pass
        os.set_blocking(write_end, True)
        process = r.run("--listen", f"{HOST}:{port}", log=False, stderr=write_end)
        r.has_token()
        up(port)
        # "started", "token refreshed"
        wait_for(lambda: metrics(port)["sts_sidecar_log_lines_dropped_total", ()] == 2, "dropped lines")
        assert r.stop(process).status == 0
    finally:
        os.close(read_end)
        os.close(write_end)


def test_one_that_dies_again_and_again(rig):
    """Started again, each time twice as late; the tokens do not wait for it."""
    r, port = rig("--lifetime", SHORT), free_port()
    process = r.run("--listen", f"{HOST}:{port}")
    for times in range(3):
        os.kill(pid_of(process), signal.SIGKILL)
        r.said("the process of --listen was killed", times + 1)
    up(port)
    lines = r.said("the process of --listen was killed", 3)
    assert [line["retry_in_s"] for line in lines] == [1, 2, 4]
    assert {line["signal"] for line in lines} == {9} and {line["level"] for line in lines} == {"warn"}
    r.said("token refreshed", 2)
    assert value(metrics(port), "exchanges_total", result="success") >= 2
    assert r.stop(process).status == 0
