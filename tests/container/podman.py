# SPDX-License-Identifier: Apache-2.0
"""Podman with a storage of its own, and what is asked of a container's process from outside."""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

OURS = "localhost/sts-sidecar:test"
APP = "localhost/app:test"
BESIDE = "localhost/beside:test"

# How a strict cluster runs a container: read-only (podman's own tmpfs on /run and /tmp left out), nothing it may do, few processes.
# 16 MiB is the limit that deploy/README.md names.
ALONE = ("--network=none",)
STRICT = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges",
          "--memory=16m", "--pids-limit=32")


class Podman:
    def __init__(self, archives):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-container-"))
        self.empty = self.folder / "empty"  # podman takes a folder named like an image for a build context
        self.empty.mkdir()
        self.options = [f"--root={self.folder}/storage", f"--runroot={self.folder}/run", f"--tmpdir={self.folder}/tmp"]
        for archive in archives:
            self("load", "--quiet", "--input", archive)

    def __call__(self, *args, ok=True, limit_s=60, env=None):
        done = subprocess.run(["podman", *self.options, *map(str, args)], cwd=self.empty, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=limit_s, env=env)
        if ok:
            assert done.returncode == 0, f"podman {args[0]}: exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done

    def run(self, image, *args, options=(), where=ALONE, **more):
        return self("run", "--rm", *where, *STRICT, *options, image, *args, **more)

    def start(self, image, *args, options=(), where=ALONE):
        return Container(self, self("run", "--detach", *where, *STRICT, *options, image, *args).stdout.strip())

    def clean(self):
        self("kill", "--all", ok=False)
        self("pod", "rm", "--all", "--force", "--time=0", ok=False)
        self("rm", "--all", "--force", "--time=0", "--volumes", ok=False)
        self("volume", "rm", "--all", "--force", ok=False)

    def close(self):
        self.clean()
        with contextlib.suppress(OSError):
            subprocess.run(["umount", f"{self.folder}/storage/overlay"], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)


class Container:
    """One container, by id or name."""

    def __init__(self, podman, name):
        self.podman, self.name = podman, name

    def state(self):
        return json.loads(self.podman("inspect", "--format", "{{json .State}}", self.name).stdout)

    def pid(self):
        return self.state()["Pid"]

    def log(self):
        done = self.podman("logs", self.name)
        return done.stdout + done.stderr

    def exec(self, *args, **more):
        return self.podman("exec", self.name, *args, **more)

    def wait(self, limit_s=60):
        """Exit status."""
        return int(self.podman("wait", self.name, limit_s=limit_s).stdout.split()[0])

    def end(self, number, limit_s=10):
        """Send a signal to its first process; how long that process then lives, in seconds, and the exit status."""
        fd = os.pidfd_open(self.pid())
        try:
            from_s = time.monotonic()
            signal.pidfd_send_signal(fd, number)
            ended, _, _ = select.select([fd], [], [], limit_s)
            took_s = time.monotonic() - from_s
            assert ended, f"still there {limit_s} s after signal {number}: {self.log()}"
        finally:
            os.close(fd)
        return took_s, self.wait()


def until(what, limit_s=30, every_s=0.05):
    """Wait until what() is true, and return that."""
    deadline_s = time.monotonic() + limit_s
    while True:
        if value := what():
            return value
        assert time.monotonic() < deadline_s, f"not so after {limit_s} s"
        time.sleep(every_s)


def children(pid):
    """Process states ("Z" is a zombie) of the children of a process, by pid."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid:
                found[int(stat.parent.name)] = state
    return found
