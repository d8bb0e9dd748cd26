#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a full bundle of CAs costs a whole `fetch`, beside a single CA file: CPU, wall time, and the worker's peak memory.

    tests/bench/bundle.py [BINARY] [--pairs N] [--generated]

Runs come in pairs, one of each kind, in changing order; the table has the medians, and the median of the pairs' ratios. The server is
Python's ssl, in a process of its own. The bundle is the system's, or with --generated, or where there is none, 146 made-up CAs. CPU is user
and system time of the program and its worker. Exit status 1 when the bundle is over the budget: 1.5 times the CPU time, 1.4 times the wall time, 64 KiB more memory."""
import argparse
import base64
import multiprocessing
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "certs")]

import der  # noqa: E402
from harness import pki, servers, tokens  # noqa: E402

SYSTEM = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
RATIO_MAX = {"CPU ms": 1.5, "wall ms": 1.4}     # each allows as many ms more as a ratio of 1.2 did when an exchange took twice the CPU time
MEMORY_MAX_KIB = 64
GENERATED = 146


def generated_bundle():
    """As many CAs as a distribution has, of the sizes that they have: RSA of 4096 and 2048 bits, some P-384."""
    keys = [der.RSA(4096), der.RSA(2048), der.EC("bench", "P-384")]
    signer, now, out = keys[2], int(time.time()), []
    for i in range(GENERATED):
        name = der.name(f"C=XX,O=Example Trust Services {i} Limited,OU=Certification,CN=Example Global Root CA {i}")
        extensions = [der.basic(), der.usage("keyCertSign", "cRLSign"), der.subject_key_id(bytes([i]) * 20)]
        one = der.certificate(name, name, keys[i % 3], signer, now - 86400, now + 86400, extensions, serial=i + 1)
        out.append(one)
    return "".join(f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(one).decode()}-----END CERTIFICATE-----\n" for one in out)


def serve(listener, context, answer, asked, go):
    """For ever: one answer per connection. While `asked` is wanted, the answer waits until somebody has looked."""
    while True:
        raw, _ = listener.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with context.wrap_socket(raw, server_side=True) as tls:
                servers.read_request(tls)
                if go.value:
                    asked.release()
                    while go.value:
                        time.sleep(0.0005)
                tls.sendall(answer)
        except OSError:
            pass


class Bench:
    def __init__(self, binary, folder, bundle):
        self.binary, self.folder = binary, folder
        authority = pki.authority(cn="Bench CA")
        token = tokens.issued(3600)
        for name, data in (("token", tokens.subject()), ("ca.pem", authority.pem.decode()), ("bundle.pem", bundle)):
            (folder / name).write_text(data)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.asked, self.hold = multiprocessing.Semaphore(0), multiprocessing.Value("b", 0)
        context = servers.tls_context(pki.server(authority), folder)
        self.server = multiprocessing.Process(target=serve, daemon=True,
                                              args=(self.listener, context, tokens.openunison(token), self.asked, self.hold))
        self.server.start()

    def close(self):
        self.server.terminate()
        self.server.join()
        self.listener.close()

    def start(self, full):
        command = [self.binary, "fetch", "--protocol", "openunison", "--url", self.url, "--token-file", self.folder / "token",
                   "--stdout", "--cacert-path", self.folder / "ca.pem"] + ([] if full else ["--cacert-only"])
        return subprocess.Popen([*map(str, command)], env={"SSL_CERT_FILE": str(self.folder / "bundle.pem")}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def time(self, full):
        """(CPU ms, wall ms) of one run."""
        since = time.perf_counter()
        process = self.start(full)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - since
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, "the fetch failed"
        return (usage.ru_utime + usage.ru_stime) * 1000, wall * 1000

    def memory(self, full):
        """The worker's memory in KiB, once the server has its request: the anchors have been looked for by then, and nothing that the
        worker has touched goes back before its end, so this is its peak. Exact where we are root: the kernel's counters (VmHWM) are
        kept per processor, and off by some pages for so small a process."""
        self.hold.value = 1
        process = self.start(full)
        assert self.asked.acquire(timeout=20)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        # The child that has read the configuration may still be there, ended.
        worker, = [child for child in children if b"worker" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes()]
        exact = os.geteuid() == 0
        text = pathlib.Path(f"/proc/{worker}/{'smaps_rollup' if exact else 'status'}").read_text()
        self.hold.value = 0
        assert process.wait(20) == 0
        return int(re.search(r"Rss:\s+(\d+) kB" if exact else r"VmHWM:\s+(\d+) kB", text)[1])


def measure(bench, pairs):
    times, memory = {False: [], True: []}, {False: [], True: []}
    for full in (False, True) * 3:
        bench.time(full)  # warm
    for i in range(pairs):
        for full in (i % 2 == 0, i % 2 != 0):
            times[full].append(bench.time(full))
    for i in range(max(5, pairs // 4)):
        for full in (False, True):
            memory[full].append(bench.memory(full))
    return times, memory


def report(times, memory, count):
    """Prints the table; is all within the budget?"""
    good = True
    print(f"{'':24}{'one CA file':>14}{f'{count} CAs more':>16}{'ratio':>8}{'of pairs':>10}{'budget':>8}")
    for i, (what, most) in enumerate(RATIO_MAX.items()):
        one, full = ([run[i] for run in times[kind]] for kind in (False, True))
        ratio = statistics.median(full) / statistics.median(one)
        pairs = statistics.median(b / a for a, b in zip(one, full))
        good = good and min(ratio, pairs) <= most
        print(f"{what:24}{statistics.median(one):14.2f}{statistics.median(full):16.2f}{ratio:8.2f}{pairs:10.2f}{most:8}")
    one, full = (statistics.median(memory[kind]) for kind in (False, True))
    print(f"{'worker peak memory KiB':24}{one:14.0f}{full:16.0f}{full - one:+8.0f}{'':10}{MEMORY_MAX_KIB:+8}")
    return good and full - one <= MEMORY_MAX_KIB


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", nargs="?", default=str(HERE.parents[1] / "build/sts-sidecar"))
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--generated", action="store_true")
    options = parser.parse_args()
    bundle = SYSTEM.read_text() if SYSTEM.exists() and not options.generated else generated_bundle()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-bench-"))
    bench = Bench(options.binary, folder, bundle)
    try:
        good = report(*measure(bench, options.pairs), bundle.count("BEGIN CERTIFICATE"))
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
