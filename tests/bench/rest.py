# SPDX-License-Identifier: Apache-2.0
"""What the peers do between two tokens: CPU, wake-ups, system calls, requests, log; how soon they end; what their files weigh."""
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from memory import CGROUPS, cgroup_version
from rig import GO, OURS, TOP, wait_for

PER_HOUR_S = 3600
AT_REST = "sts-sidecar run"     # the signing certificate is polled each hour, and each 30 s in `exchange`


class Accounts:
    """The CPU of a peer with all of its children, also those that have ended."""

    def __init__(self, name):
        self.folder = (CGROUPS if cgroup_version() == 2 else CGROUPS / "cpuacct") / name
        self.folder.mkdir()

    def join(self):
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_ms(self):
        if cgroup_version() == 2:
            return int(re.search(r"^usage_usec (\d+)", (self.folder / "cpu.stat").read_text(), re.M)[1]) / 1e3
        return int((self.folder / "cpuacct.usage").read_text()) / 1e6

    def close(self):
        wait_for(lambda: not (self.folder / "cgroup.procs").read_text(), "the end of a peer", 20)
        time.sleep(0.2)
        self.folder.rmdir()


def wake_ups(pid):
    """How often the threads of a process have slept."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", path.read_text(), re.M)[1]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status"))


def traced_calls(pid, seconds, trace):
    """The system calls of a process and of the children that it starts, in some seconds. A process that sleeps is woken when strace finds it, so what it does in the first second does not count."""
    with subprocess.Popen(["strace", "-f", "-qq", "-o", trace, "-p", str(pid)], stderr=subprocess.DEVNULL) as strace:
        time.sleep(1)
        woken = trace.stat().st_size
        time.sleep(seconds)
        counted = trace.read_bytes()[woken:]
        strace.send_signal(signal.SIGINT)
        strace.wait(10)
    lines = counted.decode(errors="replace").splitlines()
    return sum(1 for line in lines if re.match(r"^\d+ +\w+\(", line) and "restart_syscall" not in line and "resumed" not in line)


def command_of(rig, peer, out):
    if peer == AT_REST:
        return [str(word) for word in (rig.binaries[OURS], "run", "--protocol", "openunison", "--url", rig.url(), "--token-file", rig.folder / "token",
                                       "--output-dir", out, "--cacert-path", rig.ca(), "--poll-interval", "1h")]
    return rig.command(peer, out)


def one(rig, peer, number, window_s):
    """One peer alone in the rig, so that the requests are its own."""
    out, log = rig.folder / f"rest-{number}", rig.folder / f"rest-{number}.log"
    out.mkdir()
    accounts = Accounts(f"sts-bench-rest-{os.getpid()}-{number}")
    with open(log, "wb") as file, subprocess.Popen(command_of(rig, peer, out), env=rig.environment(), preexec_fn=accounts.join, stdin=subprocess.DEVNULL,
                                                   stdout=file, stderr=file, start_new_session=True) as process:
        try:
            wait_for((out / "token.jwt").exists, f"the token of {peer}")
            time.sleep(2)
            first_log = log.stat().st_size
            before = accounts.cpu_ms(), wake_ups(process.pid), rig.requests()
            time.sleep(window_s)
            after = accounts.cpu_ms(), wake_ups(process.pid), rig.requests()
            later_log = log.stat().st_size - first_log
            calls = traced_calls(process.pid, window_s, rig.folder / "trace") if shutil.which("strace") else None
        finally:
            start = time.perf_counter()
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            exit_ms = (time.perf_counter() - start) * 1000
    accounts.close()
    scale = PER_HOUR_S / window_s
    cpu_ms, woken, asked = (new - old for new, old in zip(after, before))
    return {"peer": peer, "cpu_s": round(cpu_ms * scale / 1000, 3), "wake_ups": round(woken * scale), "requests": round(asked * scale),
            "calls": None if calls is None else round(calls * scale), "first_log": first_log, "log_bytes": round(later_log * scale), "exit_ms": round(exit_ms, 1)}


def torn(rig, peer, exchanges):
    """Reads the token without a pause while a peer writes it again and again. A read is torn if it is neither empty nor a whole token that was issued."""
    out = rig.folder / f"torn-{rig.peers.index(peer)}"
    out.mkdir()
    counts = {"whole": 0, "torn": 0, "missing": 0}
    for _ in range(exchanges):
        command = [peer_word for peer_word in rig.command(peer, out, once=True)]
        for name in ("expires",):
            (out / name).unlink(missing_ok=True)  # so that a token that is still good is not kept
        with subprocess.Popen(command, env=rig.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                try:
                    text = (out / "token.jwt").read_bytes()
                    counts["whole" if re.fullmatch(rb"[\w-]+\.[\w-]+\.[\w-]{342}", text) else "torn"] += 1
                except FileNotFoundError:
                    counts["missing"] += 1
    return {"peer": peer, "exchanges": exchanges} | counts


def weight(rig, peer):
    """The bytes of a peer that is one program, and what gzip makes of them."""
    if peer not in rig.binaries:
        return None, None
    data = rig.binaries[peer].read_bytes()
    return len(data), len(gzip.compress(data, 9))


def images():
    """What a node downloads for each image that tools/image.sh or tests/container/run.sh has built here: manifest, configuration and layers, as they are packed."""
    def blob(layout, descriptor):
        return json.loads((layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())
    rows, names = [], set()
    for layout in sorted(path for folder in ("build-image", "build-container") for path in (TOP / folder).glob("oci*") if (path / "index.json").exists()):
        if layout.name in names:
            continue
        names.add(layout.name)
        index = next(one for one in json.loads((layout / "index.json").read_text())["manifests"] if one["mediaType"].endswith("image.index.v1+json"))
        for descriptor in blob(layout, index)["manifests"]:
            manifest = blob(layout, descriptor)
            config = blob(layout, manifest["config"])
            if "rootfs" in config:
                size = descriptor["size"] + sum(one["size"] for one in [manifest["config"], *manifest["layers"]])
                rows.append({"name": layout.name, "architecture": config["architecture"], "bytes": size,
                             "revision": config["config"]["Labels"].get("org.opencontainers.image.revision", "")[:7]})
    return rows


def run(rig, short):
    window_s = 31 if short else 61
    rows = [one(rig, peer, number, window_s) for number, peer in enumerate([AT_REST, *rig.peers])]
    for row in rows:
        row["bytes"], row["packed"] = weight(rig, row["peer"])
    return {"window_s": window_s, "rows": rows, "images": images(), "torn": [torn(rig, peer, 20 if short else 200) for peer in (OURS, GO)]}
