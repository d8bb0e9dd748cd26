# SPDX-License-Identifier: Apache-2.0
"""What the sidecar's container takes of its memory limit on a real kubelet with runc: at rest, and while `check` and `doctor` run beside `run`. docs/operations.md has the figures."""
import pathlib
import re
import time

import pytest

from manifests import TOP, readme_pod
from node import apply, sidecar_process
from programs import until

pytestmark = pytest.mark.more

CGROUPS = pathlib.Path("/sys/fs/cgroup")
KIB = 1024
FILES = {1: ("memory.usage_in_bytes", "memory.max_usage_in_bytes"), 2: ("memory.current", "memory.peak")}


def cgroup_of(pid):
    """The memory cgroup of a process, and its version."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return CGROUPS / "memory" / path.lstrip("/"), 1
    return CGROUPS / path.lstrip("/"), 2


def limited(limit):
    pod = readme_pod()
    pod["spec"]["initContainers"][0]["resources"] = {"requests": {"cpu": "1m", "memory": "2Mi"}, "limits": {"memory": limit}}
    pod["spec"]["initContainers"][0]["args"].append("--listen=:8080")
    return pod


def stated(what):
    """A figure of the page, in KiB."""
    [figure] = re.findall(rf"^\| {re.escape(what)} \| ([\d,]+) KiB \|", (TOP / "docs/operations.md").read_text(), re.M)
    return int(figure.replace(",", ""))


def run_beside(app):
    """check and doctor, each beside run."""
    app.exec("sts", "/sts-sidecar", "check", "/tokens")
    yield "with check"
    doctor = app.exec("sts", "/sts-sidecar", "doctor", status=None)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    yield "with doctor"


def started(cluster, namespace, pods, limit):
    apply(cluster, namespace, [limited(limit)])
    app = pods("app").started()
    app.first_read()
    return app


def test_the_figures_of_the_page(cluster, namespace, pods, sts, record_property):
    """Without a limit that is near. With cgroup version 1, the kernel lets the highest value begin anew."""
    app = started(cluster, namespace, pods, "64Mi")
    folder, version = cgroup_of(sidecar_process(app.get()))
    now, most = (folder / name for name in FILES[version])
    time.sleep(2)
    seen = {"at rest": int(now.read_text()) // KIB, "at the start": int(most.read_text()) // KIB}
    if version == 1:
        most.write_text("0")
    for what in run_beside(app):
        seen[what] = int(most.read_text()) // KIB
        if version == 1:
            most.write_text("0")
    record_property("figure", f"memory in KiB: {seen}")
    assert seen["at rest"] <= stated("`run --listen` at rest")
    assert seen["at the start"] <= stated("at the start, with what runc takes for it and for the probe")
    assert seen["with check"] <= stated("while `kubectl exec` runs `check`")
    assert seen["with doctor"] <= stated("while `kubectl exec` runs `doctor`") <= 4 * KIB


def test_check_and_doctor_fit_in_the_least_limit(cluster, namespace, pods, sts):
    """With 4Mi nothing is killed."""
    app = started(cluster, namespace, pods, "4Mi")
    for _ in range(3):
        list(run_beside(app))
    status = app.status("sts")
    assert status["restartCount"] == 0 and status["ready"] and "running" in status["state"]


def test_a_limit_that_is_too_small(cluster, namespace, pods, sts):
    """runc itself cannot start a container with so little."""
    apply(cluster, namespace, [limited("2Mi")])
    words = until(lambda: re.search(r"[^\n]*runc create failed[^\n]*", pods("app").describe().partition("\nEvents:")[2]), "the event", limit_s=90, every_s=1)[0]
    assert "unable to set memory limit to 2097152" in words or "oom" in words.lower() or "too low" in words, words
