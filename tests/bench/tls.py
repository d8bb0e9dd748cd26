#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What TLS costs: whole exchanges by turns against one Go server, by this program, by the release before with BearSSL's engine, and by a Go
program with net/http. Needs Go and the release build.

    tests/bench/tls.py [--rounds N] [--binary PATH]

For each certificate and version of TLS it prints the median CPU and wall time of a fetch, and the CPU that TLS costs: what is left without
that of the same exchange over plain HTTP. The last column is that CPU beside the older program's. Then it counts round trips: how often a side waits for the
other one, and how much longer a fetch takes behind a relay that delays every byte.
"""
import argparse
import asyncio
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
OLD_COMMIT = "9f4b828"  # the last commit with BearSSL's engine
CERTIFICATES = {"p256": "ec -pkeyopt ec_paramgen_curve:prime256v1", "rsa2048": "rsa:2048"}
VERSIONS = ["1.2", "1.3"]
DELAYS_MS = [0, 20, 100]
NEW, OLD, GO = "this program", "the release before", "Go's net/http"


class Relay:
    """Relays connections to a port, and delays each byte by half a round trip. It counts how often the server answers the client."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.to, self.delay_s, self.round_trips, self.last = 0, 0, 0, None
        started = threading.Event()
        threading.Thread(target=self.run, args=[started], daemon=True).start()
        started.wait()

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    async def accept(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.pump(reader, far_writer, "client"), self.pump(far_reader, writer, "server"))

    async def pump(self, reader, writer, side):
        try:
            while data := await reader.read(65536):
                if side == "server" and self.last == "client":
                    self.round_trips += 1
                self.last = side
                self.loop.call_later(self.delay_s, writer.write, data)
        except OSError:
            pass
        self.loop.call_later(self.delay_s, writer.close)


def make_certificates(folder):
    for name, kind in CERTIFICATES.items():
        script = (f"openssl req -x509 -nodes -days 2 -newkey {kind} -keyout ca.key -out {name}-ca.crt -subj /CN=bench-ca &&"
                  f"openssl req -nodes -newkey {kind} -keyout {name}.key -out new.csr -subj /CN=localhost &&"
                  f"printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n' >ext &&"
                  f"openssl x509 -req -in new.csr -CA {name}-ca.crt -CAkey ca.key -CAcreateserial -days 1 -extfile ext -out {name}.crt")
        subprocess.run(["sh", "-c", script], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def build_go(folder):
    for name in ("server", "client"):
        subprocess.run(["go", "build", "-o", folder / name, f"./{name}"], cwd=HERE / "tls", check=True)


def timed(command):
    """Runs a command. Returns its CPU and wall time in ms; the CPU is that of all its processes."""
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], [str(word) for word in command], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter() - start) * 1000
    if status != 0:
        sys.exit(f"tests/bench/tls.py: {' '.join(map(str, command))} ended with status {os.waitstatus_to_exitcode(status)}")
    return (usage.ru_utime + usage.ru_stime) * 1000, wall


class Bench:
    def __init__(self, folder, binary):
        self.folder = folder
        old = subprocess.run([TOP / "tests/oracle/old.sh", OLD_COMMIT], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        self.programs = {NEW: binary, OLD: old, GO: folder / "client"}
        make_certificates(folder)
        build_go(folder)
        (folder / "token").write_text("a" * 900)
        (folder / "out").mkdir()
        self.server = subprocess.Popen([folder / "server", *CERTIFICATES], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.plain = int(self.server.stdout.readline())
        self.ports = {(name, version): int(self.server.stdout.readline()) for name in CERTIFICATES for version in VERSIONS}

    def command(self, who, port, certificate):
        url = f"{'https' if certificate else 'http'}://localhost:{port}/token"
        ca = self.folder / f"{certificate or 'p256'}-ca.crt"
        if who == GO:
            return [self.programs[GO], url, ca, self.folder / "token", self.folder / "out"]
        return [self.programs[who], "fetch", "--url", url, "--audience", "bench", "--token-file", self.folder / "token", "--output-dir",
                self.folder / "out", "--cacert-path", ca, "--cacert-only", *([] if certificate else ["--insecure-http"])]

    def rows(self):
        """Who, certificate and version: the older program has no TLS 1.3. None stands for plain HTTP."""
        yield from ((who, None, None) for who in self.programs)
        yield from ((who, name, version) for name, version in self.ports for who in self.programs if (who, version) != (OLD, "1.3"))

    def costs(self, rounds):
        spent = {row: ([], []) for row in self.rows()}
        for _ in range(rounds):
            for row, (cpu, wall) in spent.items():
                who, name, version = row
                one = timed(self.command(who, self.ports[name, version] if name else self.plain, name))
                cpu.append(one[0])
                wall.append(one[1])
        return {row: tuple(map(statistics.median, times)) for row, times in spent.items()}

    def print_costs(self, rounds):
        costs = self.costs(rounds)
        print(f"medians of {rounds}, ms       certificate  TLS    CPU    wall   CPU of TLS  beside {OLD} at 1.2")
        for (who, name, version), (cpu, wall) in costs.items():
            line = f"{who:22} {name or 'plain HTTP':12} {version or '':4} {cpu:6.2f} {wall:7.2f}"
            if name:
                own, old = cpu - costs[who, None, None][0], costs[OLD, name, "1.2"][0] - costs[OLD, None, None][0]
                line += f" {own:12.2f} {own / old:7.2f}"
            print(line)

    def print_round_trips(self):
        relay = Relay()
        print(f"\nround trips after that of TCP     counted   wall in ms with {', '.join(map(str, DELAYS_MS))} ms a round trip   by the time")
        for who, name, version in self.rows():
            if name == "rsa2048":
                continue
            relay.to, walls = self.ports[name, version] if name else self.plain, []
            for delay_ms in DELAYS_MS:
                relay.delay_s, relay.round_trips, relay.last = delay_ms / 2000, 0, None
                walls.append(min(timed(self.command(who, relay.port, name))[1] for _ in range(3)))
            by_time = (walls[-1] - walls[0]) / (DELAYS_MS[-1] - DELAYS_MS[0])
            print(f"{who:22} {version or 'plain HTTP':10} {relay.round_trips / 3:8.1f}   {' '.join(f'{wall:8.1f}' for wall in walls)} {by_time:12.2f}")

    def close(self):
        self.server.stdin.close()
        self.server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--binary", type=pathlib.Path, default=TOP / "build/sts-sidecar")
    arguments = parser.parse_args()
    if not shutil.which("go"):
        sys.exit("tests/bench/tls.py: Go is not there; Debian has it (package golang-go)")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(pathlib.Path(folder), arguments.binary.resolve())
        try:
            bench.print_costs(arguments.rounds)
            bench.print_round_trips()
        finally:
            bench.close()


if __name__ == "__main__":
    main()
