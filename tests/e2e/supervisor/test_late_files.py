# SPDX-License-Identifier: Apache-2.0
"""Files that appear after the start, in each way in which files appear. A change is seen within two seconds: the next attempt, which the
schedule has put half a minute away, then comes within ten."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from harness.mock import wait_for
from harness.runs import Projected, rig  # rig: fixture
from harness.several import several  # fixture

pytestmark = pytest.mark.slow
SEEN_S = 8  # two seconds, on a machine that is busy; the attempt that the schedule has planned comes later
SPREAD_S = 10
WATCHED_S = 1.5  # the examination that follows an attempt is over: only an event tells of a change


def new_link(folder, file):
    os.symlink(file, folder / "file")


def new_hard_link(folder, file):
    os.link(file, folder / "file")


def new_copy(folder, file):
    shutil.copy(file, folder / "file")


def new_folder(folder, file):
    folder.rmdir()
    time.sleep(0.2)
    folder.mkdir()
    folder.chmod(0o755)
    shutil.copy(file, folder / "file")


def renamed_folder(folder, file):
    other = folder.parent / "other"
    other.mkdir()
    other.chmod(0o755)
    shutil.copy(file, other / "file")
    folder.rename(folder.parent / "away")
    other.rename(folder)


def first_volume(folder, file):
    folder.rmdir()
    Projected(folder, "file", file.read_text())


WAYS = [new_link, new_hard_link, new_copy, new_folder, renamed_folder, first_volume]


@pytest.fixture
def late(rig):
    """A rig with an empty folder `late`."""
    r = rig()
    r.late = r.folder / "late"
    r.late.mkdir()
    r.late.chmod(0o755)
    return r


def next_s(r):
    return int(r.status()["next_attempt"]) - time.time()


def planned_s(r):
    """When the next attempt is planned, after one that has failed: not within the next SPREAD_S."""
    wait_for(lambda: (r.out / ".status").exists() and r.status()["state"] == "failing" and next_s(r) > SPREAD_S + 2, "the status after the attempt")
    return int(r.status()["next_attempt"])


def is_brought_forward(r, planned, what):
    wait_for(lambda: r.status()["state"] != "failing" or int(r.status()["next_attempt"]) < planned, f"{what}: {r.status()}", SEEN_S)


@pytest.mark.parametrize("appear", WAYS)
def test_a_subject_token(appear, late):
    late_file = late.late / "file"
    process = late.run(options={"token-file": late_file})
    late.said("subject token")
    planned = planned_s(late)
    time.sleep(WATCHED_S)
    appear(late.late, late.token_file)
    is_brought_forward(late, planned, "the token was not seen")
    assert late.stop(process).status == 0


@pytest.mark.parametrize("appear", [new_link, new_folder, first_volume])
def test_a_ca_file(appear, late):
    """The exchange distrusts the server, since the CA file that it has is another one's."""
    wrong = late.folder / "wrong"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null",
                    "-subj", "/CN=another", "-out", wrong], check=True, capture_output=True)
    wrong.chmod(0o644)
    if appear is new_link:
        shutil.copy(wrong, late.late / "file")
        (late.late / "file").chmod(0o644)
    process = late.run("--cacert-only", options={"cacert-path": late.late if appear is new_link else late.late / "file"})
    planned = planned_s(late)
    time.sleep(WATCHED_S)
    if appear is new_link:
        os.symlink(late.ca_file, late.late / "another")
    else:
        appear(late.late, late.ca_file)
    is_brought_forward(late, planned, f"the CA file was not seen, {late.lines()}")
    assert late.stop(process).status == 0


@pytest.mark.parametrize("change", ["link", "folder"])
def test_a_configuration_file(change, several):
    """It is replaced by a link, or with its folder."""
    folder = several.folder / "config"
    folder.mkdir()
    folder.chmod(0o755)
    several.configure(several.exchange("one"))
    first = several.config_file.rename(folder / "config.json")
    several.config_file = folder / "config.json"
    process = several.start()
    several.said("token refreshed", "one")
    time.sleep(WATCHED_S)
    text = json.dumps(several.top | {"exchanges": [several.exchange("one"), several.exchange("two")]})
    if change == "link":
        several.write("other.json", text)
        first.unlink()
        os.symlink(several.folder / "other.json", first)
    else:
        folder.rename(several.folder / "away")
        folder.mkdir()
        folder.chmod(0o755)
        several.write("config/config.json", text)
    wait_for(lambda: several.lines("two"), f"the new exchange, log: {several.lines()}", SEEN_S)
    assert several.stop(process).status == 0


def test_changes_that_cannot_be_watched(late):
    """No inotify instance is left: that is said once."""
    path = pathlib.Path("/proc/sys/user/max_inotify_instances")
    if os.geteuid() != 0 or not path.exists():
        pytest.skip("needs root")
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c", f'echo 0 >{path} && exec "$@"', "sh"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespace")
    late.folder.chmod(0o777)
    process = late.run(prefix=prefix, uid=0, gid=0)
    late.said("token refreshed")
    line, = late.said("they cannot be watched")
    assert line["level"] == "warn" and "fs.inotify.max_user_instances" in line["hint"], line
    process.signal(signal.SIGTERM)
    process.wait(10)
    assert len(late.said("they cannot be watched")) == 1
