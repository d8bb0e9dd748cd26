# SPDX-License-Identifier: Apache-2.0
"""Who may read the files: applications of many kinds, in directories made as the kubelet makes them."""
import json
import pathlib
import stat
import time

import pytest
from podman import until
from sts import EXCHANGE, FETCH, RUN, Pod, output_folder

FS_GROUP = 2000
SIDECARS = {"the image's user": [], "an arbitrary UID": ["--user=1000670000:0"]}
READERS = {"root without capabilities": "0:0", "65532": "65532:65532", "1000": "1000:1000", "1000 with group 2000": "1000:2000"}
SCRIPT = 'cat /tokens/token.jwt && [ -s /tokens/expires ]'


def fetched(pod, out, command, *options):
    done = pod.run(out, *command, options=options, limit_s=30)
    token = (out / "token.jwt").read_text()
    pod.sts.verify(token, time.time())
    return done, token


@pytest.mark.parametrize("sidecar", SIDECARS)
@pytest.mark.parametrize("command", [FETCH, ("exchange", "--single-run", *EXCHANGE[1:])], ids=["fetch", "exchange"])
@pytest.mark.parametrize("group", [None, FS_GROUP], ids=["plain", "fsGroup"])
def test_every_application_can_read(podman, folder, sidecar, command, group):
    pod = Pod(podman, folder)
    out = output_folder(folder / "tokens", group)
    # Under fsGroup the kubelet puts every container of the Pod into the group.
    joined = [f"--group-add={group}"] if group else []
    _, token = fetched(pod, out, command, *SIDECARS[sidecar], *joined)
    for name in ("token.jwt", "expires"):
        status = (out / name).stat()
        assert oct(stat.S_IMODE(status.st_mode)) == ("0o640" if group else "0o644"), name
        assert not group or status.st_gid == group
    for reader, user in READERS.items():
        done = pod.read(out, SCRIPT, f"--user={user}", *joined)
        assert done.returncode == 0 and done.stdout == token, f"{reader}: {done.stderr}"


def test_a_stranger_to_the_group_cannot_read(podman, folder):
    pod = Pod(podman, folder)
    out = output_folder(folder / "tokens", FS_GROUP)
    fetched(pod, out, FETCH, f"--group-add={FS_GROUP}")
    assert pod.read(out, SCRIPT, "--user=1000:1000").returncode != 0
    assert pod.read(out, SCRIPT, "--user=1000:2000").returncode == 0


def test_the_injectors_arguments_leave_three_files(podman, folder):
    pod = Pod(podman, folder)
    out = output_folder(folder / "tokens")
    fetched(pod, out, ("exchange", "--single-run", *EXCHANGE[1:]))
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert names == {"token.jwt", "expires", "thumbprint"}
    for name in names:
        assert not (out / name).read_bytes().endswith(b"\n")


@pytest.mark.parametrize("sidecar, uid, gid", [("the image's user", "65532", "65532"), ("an arbitrary UID", "1000670000", "0")])
@pytest.mark.parametrize("command", [RUN, EXCHANGE], ids=lambda command: command[0])
def test_it_runs_on_as_anybody_and_may_do_nothing(podman, folder, command, sidecar, uid, gid):
    pod = Pod(podman, folder)
    out = output_folder(folder / "tokens")
    ours = pod.start(out, *command, options=SIDECARS[sidecar])
    first = until(lambda: (out / "expires").exists() and (out / "token.jwt").read_text())
    until(lambda: (out / "token.jwt").read_text() != first)
    pod.sts.verify((out / "token.jwt").read_text(), time.time())
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{ours.pid()}/status").read_text().splitlines() if ":\t" in line)
    assert status["Uid"].split() == [uid] * 4 and status["Gid"].split() == [gid] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert '"sandbox":"undumpable,no-new-privs,seccomp' in ours.log()


def test_refresh_on_demand_takes_the_new_subject_token(podman, folder):
    """The kubelet has swapped the subject token. The signal comes from outside, since the image has no kill."""
    pod = Pod(podman, folder, lifetime="10m")
    out = output_folder(folder / "tokens")
    ours = pod.start(out, *RUN)
    before = until(lambda: (out / "expires").exists() and (out / "token.jwt").read_text())
    pod.sts.rotate("second")
    time.sleep(5.5)  # two exchanges are at least 5 s apart, also after a signal
    ours.exec("/sts-sidecar", "refresh")
    assert (out / "token.jwt").read_text() != before
    subjects = [json.loads(line)["subject"] for line in pod.sts.requests() if "subject" in json.loads(line)]
    assert len(subjects) == len(set(subjects)) == 2
