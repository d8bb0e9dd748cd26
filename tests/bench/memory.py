# SPDX-License-Identifier: Apache-2.0
"""The memory of one more instance: what a memory cgroup counts for many of them less what it counts for one, with the kernel's memory for them."""
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import statistics
import subprocess
import time

from rig import GO, OURS, PYTHON, SHELL, OLD, figure, wait_for

CGROUPS = pathlib.Path("/sys/fs/cgroup")
LISTEN, SIXTEEN, PAUSE, FLOOR, FLOOR_TWICE = (
    "sts-sidecar --listen", "sts-sidecar, 16 exchanges", "floor: pause", "floor: the same files", "floor: the same files, two processes")
STACKS, MAPPED, TABLES = "stacks of the kernel", "mapped by the kernel beside its stacks (filters)", "page tables"
SLABS = OURS, FLOOR, FLOOR_TWICE, LISTEN
USER = 65532
SETTLE_S = 2
FIRST_PORT = 21000


def cgroup_version():
    path = CGROUPS / "cgroup.controllers"
    return 2 if path.exists() and "memory" in path.read_text().split() else 1


class Group:
    """A memory cgroup, of either version."""

    def __init__(self, name):
        self.version = cgroup_version()
        self.path = (CGROUPS if self.version == 2 else CGROUPS / "memory") / name
        if self.version == 2:
            (CGROUPS / "cgroup.subtree_control").write_text("+memory")
        self.path.mkdir()

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def pids(self):
        return [int(word) for word in (self.path / "cgroup.procs").read_text().split()]

    def kib(self):
        """User memory, page cache and kernel memory, in KiB. The kernel's one figure of all of it lags behind by some pages for each
        processor; these do not."""
        stat = dict(line.split() for line in (self.path / "memory.stat").read_text().splitlines())
        if self.version == 2:
            parts = [int(stat[key]) for key in ("anon", "file", "kernel")]
        else:
            parts = [int(stat["rss"]), int(stat["cache"]), int((self.path / "memory.kmem.usage_in_bytes").read_text())]
        return [part / 1024 for part in parts]

    def close(self):
        wait_for(lambda: not self.pids(), "the end of the instances")
        for _ in range(50):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.1)


def instances(rig, kind, base, number):
    """The command of an instance, and the directories that it fills."""
    out = [base / f"{number}"]
    token, url, ca = rig.folder / "token", rig.url(), rig.ca()
    if kind == SIXTEEN:
        out = [base / f"{number}-{i}" for i in range(16)]
        config = rig.folder / f"sixteen-{number}.json"
        config.write_text(json.dumps({"cacert-path": [str(ca)], "token-file": str(token), "exchanges": [
            {"name": f"e{i}", "protocol": "openunison", "url": url, "output-dir": str(one)} for i, one in enumerate(out)]}))
        return [rig.binaries[OURS], "run", "--config", config], out
    if kind == LISTEN:
        return [rig.binaries[OURS], "run", "--protocol", "openunison", "--url", url, "--token-file", token, "--output-dir", out[0], "--cacert-path", ca,
                "--listen", f"127.0.0.1:{FIRST_PORT + number}"], out
    if kind == PAUSE:
        return [rig.folder / "floor"], out
    if kind in (FLOOR, FLOOR_TWICE):
        return [rig.folder / "floor", *["--twice"] * (kind == FLOOR_TWICE), out[0], *(word for name, size in rig.files.items() for word in (name, str(size)))], out
    return rig.command(kind, out[0]), out


def rollup(pids):
    """The means of what the kernel says of each process, in KiB."""
    sums = dict.fromkeys(("Private_Dirty", "Pss", "VmPTE", "Rss"), 0)
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() + pathlib.Path(f"/proc/{pid}/status").read_text()
        for name in sums:
            sums[name] += int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1])
    return sums


def kernel_kib():
    """What the kernel has allotted on the whole machine, in KiB: the objects of each of its slabs, the stacks, and what it maps beside the stacks. The inodes of
    /proc are left out: they belong to those who read there."""
    slabs = (line.split() for line in pathlib.Path("/proc/slabinfo").read_text().splitlines()[2:])
    found = {words[0]: int(words[1]) * int(words[3]) / 1024 for words in slabs if words[0] != "proc_inode_cache"}
    memory = {line.split(":")[0]: int(line.split()[1]) for line in pathlib.Path("/proc/meminfo").read_text().splitlines()}
    return found | {STACKS: memory["KernelStack"], MAPPED: memory["VmallocUsed"] - memory["KernelStack"], TABLES: memory["PageTables"]}


class Launcher:
    """A shell in the cgroup that starts the instances, so that what the kernel allots at a fork is counted for the group, as for a container. Its own memory
    is that of one shell, however many it starts."""

    def __init__(self, rig, group):
        def enter():
            group.join()
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)
        self.shell = subprocess.Popen(["sh"], preexec_fn=enter, env=rig.environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def start(self, command):
        self.shell.stdin.write(f"{shlex.join(map(str, command))} </dev/null &\n")
        self.shell.stdin.flush()

    def close(self):
        self.shell.kill()
        self.shell.wait()
        self.shell.stdin.close()


def start_all(rig, kind, base, count, launcher):
    folders = []
    for number in range(count):
        command, out = instances(rig, kind, base, number)
        for one in out:
            one.mkdir(mode=0o700)
            os.chown(one, USER, USER)
        folders += out
        launcher.start(command)
        if number % 10 == 9:
            wait_until_ready(kind, folders)
    wait_until_ready(kind, folders)
    return folders


def wait_until_ready(kind, folders):
    if kind != PAUSE:
        wait_for(lambda: all((one / "token.jwt").exists() for one in folders), f"the tokens of {kind}")


def measure(rig, kind, base, count):
    """Starts `count` instances and looks at them once they are at rest."""
    group = Group(f"sts-bench-{os.getpid()}")
    launcher = Launcher(rig, group)

    def others():
        return [pid for pid in group.pids() if pid != launcher.shell.pid]
    try:
        folders = start_all(rig, kind, base, count, launcher)
        processes = {OURS: 1, LISTEN: 2, SIXTEEN: 1, PAUSE: 1, FLOOR: 1, FLOOR_TWICE: 2, GO: 1, OLD: 1, PYTHON: 1, SHELL: 2}[kind]
        wait_for(lambda: len(others()) == count * processes, f"{count} of {kind} at rest")
        time.sleep(SETTLE_S)
        user, cache, kernel = group.kib()
        if kind == OURS:
            rig.files = {path.name: path.stat().st_size for path in sorted(folders[0].iterdir())}
        slabs = kernel_kib() if kind in SLABS else {}
        return {"total": user + cache + kernel, "user": user, "cache": cache, "kernel": kernel} | rollup(others()), slabs
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):  # a supervisor that is told to stop ends its listener
            for pid in others():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + 5
            while others() and time.monotonic() < deadline:
                time.sleep(0.1)
        launcher.close()
        group.close()


def run(rig, short, kinds=None):
    """KiB for one more instance of each kind. The kinds take turns, and each turn has its own directory in one tmpfs."""
    if os.geteuid() != 0:
        raise SystemExit("tests/bench: the memory of instances needs root, for a cgroup and a tmpfs")
    many, turns = (60, 2) if short else (200, 3)
    kinds = kinds or [OURS, FLOOR, FLOOR_TWICE, PAUSE, LISTEN, SIXTEEN, *(peer for peer in rig.peers if peer != OURS)]
    rows, slabs = {kind: [] for kind in kinds}, {kind: [] for kind in kinds if kind in SLABS}
    mount = rig.folder / "memory"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755,size=256m", "none", mount], check=True)
    try:
        for turn in range(turns):
            for kind in kinds:
                ends = []
                for count in (1, many if kind not in (PYTHON, SIXTEEN) else many // 4):
                    base = mount / f"{turn}-{kinds.index(kind)}-{count}"
                    base.mkdir()
                    ends.append((count, measure(rig, kind, base, count)))
                (one, (first, few)), (some, (last, many_more)) = ends
                rows[kind].append({key: (last[key] - first[key]) / (some - one) for key in first})
                if kind in slabs:
                    slabs[kind].append({name: (kib - few.get(name, 0)) / (some - one) for name, kib in many_more.items()})
    finally:
        subprocess.run(["umount", "-l", mount], check=False)
    return {"many": many, "files": rig.files, "cgroup_version": cgroup_version(),
            "slabs": {kind: {name: round(statistics.median(sample.get(name, 0) for sample in samples), 2) for name in samples[0]} for kind, samples in slabs.items()},
            "rows": {kind: {key: figure([sample[key] for sample in samples], 1) for key in samples[0]} for kind, samples in rows.items()}}
