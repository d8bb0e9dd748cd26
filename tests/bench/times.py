# SPDX-License-Identifier: Apache-2.0
"""From exec to token: CPU and wall time of one exchange, by turns, and round trips behind a relay that delays every byte."""
import os
import pathlib

import tls
from rig import GO, OURS, figure, timed

DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")


class Ways:
    """The commands of all peers with a directory for each."""

    def __init__(self, rig):
        self.rig = rig
        self.out = {peer: rig.folder / f"time-{number}" for number, peer in enumerate(rig.peers)}
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


def run(rig, short):
    ways = Ways(rig)
    for peer in rig.peers:
        ways.one(peer)  # warm
    return {"bundle_count": rig.bundle_count, "at_once": at_once(ways, 8 if short else 60), "delayed": delayed(ways, 2 if short else 7),
            "cold": cold(ways, 3 if short else 15)}


def ratio(rows, key, **wanted):
    """Ours divided by the Go program's, at the rows that have the wanted values."""
    found = {row["peer"]: row[key]["median"] for row in rows if all(row.get(name) == value for name, value in wanted.items())}
    return round(found[OURS] / found[GO], 2)
