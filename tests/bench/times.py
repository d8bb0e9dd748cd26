# SPDX-License-Identifier: Apache-2.0
"""From exec to token: CPU and wall time of one exchange, by turns, and round trips behind a relay that delays every byte."""
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile

import tls
from rig import GO, OURS, figure, timed

DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")


class Ways:
    """The commands of all peers with a directory for each."""

    def __init__(self, rig):
        self.rig = rig
        self.ram = pathlib.Path(tempfile.mkdtemp(prefix="sts-bench-", dir="/dev/shm"))
        self.out = {peer: self.ram / f"{number}" for number, peer in enumerate(rig.peers)}
        for folder in self.out.values():
            folder.mkdir()

    def one(self, peer, certificate="p256", version="1.3", full=False, port=None):
        for file in self.out[peer].iterdir():
            file.unlink()
        command = self.rig.command(peer, self.out[peer], certificate, port or self.rig.ports[certificate, version], True, full)
        sample = timed(command, self.rig.environment(certificate, full))
        assert (self.out[peer] / "token.jwt").stat().st_size > 100, f"{peer} has written no token"
        return sample


def figures(samples):
    cpu, wall = zip(*samples)
    return {"cpu_ms": figure(cpu), "wall_ms": figure(wall)}


def at_once(ways, rounds):
    """No delay: each certificate, version and size of the bundle, every peer in each round."""
    rows = {(certificate, version, full, peer): [] for certificate, version in ways.rig.ports for full in (False, True) for peer in ways.rig.peers}
    for _ in range(rounds):
        for (certificate, version, full, peer), samples in rows.items():
            if len(samples) < rounds // (1 if peer in ways.rig.binaries else 4) or not samples:
                samples.append(ways.one(peer, certificate, version, full))
    return [{"peer": peer, "certificate": certificate, "tls": version, "bundle": full} | figures(samples)
            for (certificate, version, full, peer), samples in rows.items()]


def delayed(ways, rounds):
    relay, rows = tls.Relay(), []
    for version in tls.VERSIONS:
        relay.to = ways.rig.ports["p256", version]
        for delay_ms in tls.DELAYS_MS[1:]:
            relay.delay_s = delay_ms / 2000
            samples, trips = {peer: [] for peer in ways.rig.peers}, dict.fromkeys(ways.rig.peers, 0)
            for _ in range(rounds):
                for peer in samples:
                    relay.round_trips, relay.last = 0, None
                    samples[peer].append(ways.one(peer, "p256", version, port=relay.port))
                    trips[peer] += relay.round_trips
            rows += [{"peer": peer, "tls": version, "delay_ms": delay_ms, "round_trips": trips[peer] / rounds} | figures(samples[peer]) for peer in samples]
    return rows


def cold(ways, rounds):
    """Nothing of any program is in the page cache."""
    if os.geteuid() != 0:
        return []
    samples = {peer: [] for peer in ways.rig.peers}
    for _ in range(rounds):
        for peer in samples:
            os.sync()
            DROP_CACHES.write_text("1\n")
            samples[peer].append(ways.one(peer))
    return [{"peer": peer} | figures(samples[peer]) for peer in samples]


# Where a stage ends: the call, the number of the process in the order of their starts, and which of its calls of this name.
STAGES = {"the supervisor begins": ("fork", 0, 0), "fork and exec": ("execve", 1, 0), "options, CAs, sandbox": ("connect", 1, 0),
          "TCP, TLS, request, answer": ("fsync", 1, 0), "files and syncs": ("exit_group", 1, 0), "the supervisor ends": ("exit_group", 0, 0)}


def one_trace(ways, full, folder):
    """The ms of each stage of one exchange, by the times of system calls that strace sees."""
    out, trace = folder / "out", ways.rig.folder / "trace-of-stages"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    command = ways.rig.command(OURS, out, once=True, full=full)
    subprocess.run(["strace", "-f", "--seccomp-bpf", "-ttt", "-e", "trace=execve,fork,connect,fsync,exit_group", "-o", trace, *command], check=True,
                   env=ways.rig.environment(full=full), stderr=subprocess.DEVNULL)
    calls = [(int(pid), float(at), name) for pid, at, name in re.findall(r"^(\d+) +([\d.]+) (\w+)\(", trace.read_text(), re.M)]
    order = list(dict.fromkeys(pid for pid, _, _ in calls))
    last, spent = calls[0][1], {}
    for stage, (name, process, nth) in STAGES.items():
        at = [when for pid, when, call in calls if pid == order[process] and call == name][nth]
        spent[stage], last = (at - last) * 1000, at
    return spent


def stages(ways, rounds):
    """The medians of the stages: the directory of the tokens in memory or on the disk, one CA or the bundle."""
    if not shutil.which("strace"):
        return []
    rows = []
    for where, folder, full in (("one CA, tokens in memory", ways.ram, False), ("bundle, tokens in memory", ways.ram, True), ("one CA, tokens on the disk", ways.rig.folder, False)):
        samples = [one_trace(ways, full, folder) for _ in range(rounds)]
        rows.append({"where": where, "stages": {stage: round(statistics.median(sample[stage] for sample in samples), 3) for stage in STAGES}})
    return rows


def run(rig, short):
    ways = Ways(rig)
    try:
        return measured(ways, short)
    finally:
        shutil.rmtree(ways.ram, ignore_errors=True)


def measured(ways, short):
    rig = ways.rig
    for peer in rig.peers:
        ways.one(peer)  # warm
    return {"stages": stages(ways, 5 if short else 30), "bundle_count": rig.bundle_count, "at_once": at_once(ways, 8 if short else 60), "delayed": delayed(ways, 2 if short else 7),
            "cold": cold(ways, 3 if short else 15)}


def ratio(rows, key, **wanted):
    """Ours divided by the Go program's, at the rows that have the wanted values."""
    found = {row["peer"]: row[key]["median"] for row in rows if all(row.get(name) == value for name, value in wanted.items())}
    return round(found[OURS] / found[GO], 2)
