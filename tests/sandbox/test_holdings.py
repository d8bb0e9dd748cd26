# SPDX-License-Identifier: Apache-2.0
"""What each process holds in each of its stages: descriptors, filters, and that it is closed to other processes of its UID."""
import contextlib
import os
import pathlib
import re
import subprocess

import pytest

from harness.mock import wait_for
from harness.servers import free_port
from harness.sidecar import UID, needs_root
from hostility import HostileRig

pytestmark = needs_root     # a process that is not dumpable shows its descriptors to root alone

NULL, PIPE, SOCKET, OUT, CA = "/dev/null", "pipe", "socket", "output directory", "CA file"
NEW = ["new file"] * 3      # of token, expiry and thumbprint, made before the connection
LOG = "log"
# The descriptors, and how many filters there are: the supervisor's, and one of each stage. What the supervisor may still open is what its
# children inherit, and each child narrows that.
HOLDS = {
    "supervisor": ([NULL, PIPE, LOG, "anon_inode:[signalfd]", "anon_inode:[timerfd]", "anon_inode:[timerfd]", "anon_inode:inotify",
                    OUT, "memfd:metrics"], 1),
    "start": ([NULL, NULL, NULL, PIPE], 2),
    "confined": ([NULL, NULL, NULL, PIPE, OUT, CA, *NEW], 2),
    "connected": ([NULL, NULL, NULL, PIPE, OUT, CA, SOCKET, *NEW], 3),
    "answered": ([NULL, NULL, NULL, PIPE, OUT, CA, *NEW], 4),
    "notify": ([NULL, NULL, NULL, PIPE], 2),
    "signal": ([NULL, NULL, NULL, PIPE, "anon_inode:[pidfd]"], 3),
    "listener": ([NULL, PIPE, LOG, OUT], 2),
}


@pytest.fixture
def rig(hostile, folder):
    with contextlib.closing(HostileRig(hostile, folder)) as made:
        yield made


def descriptors(rig, pid):
    """What each descriptor is, sorted."""
    known = {str(rig.out): OUT, str(rig.ca_file): CA, str(rig.log_file): LOG}
    found = []
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(link)
        if target.startswith(f"{rig.out}/.") and target.endswith(".new"):
            target = "new file"
        found.append(known.get(target) or re.sub(r":\[\d+\]$| \(deleted\)$|^/", "", target) if target != NULL else NULL)
    return sorted(found)


def status_of(pid):
    return dict(re.findall(r"^(\w+):\t(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M))


def process_of(process, stage):
    """The process, when it has as many filters as it has in this stage."""
    words = {"listener": "\0listener\0", "notify": "\0worker\0notify\0", "signal": "\0worker\0notify\0"}.get(stage, "\0worker\0")
    if stage == "supervisor":
        return process.pid if len(process.children()) == 1 else None    # the listener: no worker's pipe is open
    for pid in process.children():
        with contextlib.suppress(OSError, KeyError):
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
            if words in arguments and status_of(pid)["Seccomp_filters"] == str(HOLDS[stage][1]):
                return pid
    return None


@pytest.fixture
def application(rig):
    with subprocess.Popen(["sleep", "60"], user=UID) as process:
        yield rig.space.write("pid", f"{process.pid}\n")
        process.kill()


@pytest.mark.parametrize("stage", HOLDS)
def test_what_it_holds(rig, application, stage):
    rig.behave(stage, "hold")
    process = rig.run("--listen", f"127.0.0.1:{free_port()}", "--cacert-only", "--notify-pid-file", application, env=rig.environment(),
                      options={"timeout": "60s"})
    if stage == "supervisor":
        rig.said("token refreshed")
    pid = wait_for(lambda: process_of(process, stage), f"a process in the stage {stage}")
    # Some filters are entered a moment before the stage of which they are: until then, files of the stage are not open yet.
    with contextlib.suppress(AssertionError):
        wait_for(lambda: descriptors(rig, pid) == sorted(HOLDS[stage][0]), "the descriptors", 5)
    assert descriptors(rig, pid) == sorted(HOLDS[stage][0])
    status = status_of(pid)
    assert (status["NoNewPrivs"], status["Seccomp"], status["CapEff"]) == ("1", "2", "0" * 16)
    # The files of a process that is not dumpable belong to root.
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0
