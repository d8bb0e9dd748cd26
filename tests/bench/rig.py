# SPDX-License-Identifier: Apache-2.0
"""What the parts of the benchmark share: the STS, the peers and their commands, figures with their spread."""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE))

import tls  # noqa: E402

OURS, GO, SHELL, PYTHON, OLD = "sts-sidecar", "Go", "shell", "Python", "openunison-cli"
PATIENCE_S = 120
SYSTEM_BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def figure(samples, digits=2):
    """The median of samples and their quartiles."""
    samples = sorted(samples)
    low, middle, high = statistics.quantiles(samples) if len(samples) > 1 else samples * 3
    return {"median": round(middle, digits), "low": round(low, digits), "high": round(high, digits), "n": len(samples)}


def wait_for(condition, what, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"tests/bench: {what}: not within {patience_s} s")
        time.sleep(0.05)
    return value


class Rig:
    """An STS in Go at all its ports, a subject token, and the commands of the peers."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-bench-"))
        self.folder.chmod(0o755)
        tls.make_certificates(self.folder)
        subprocess.run(["go", "build", "-o", self.folder / "server", "./server"], cwd=HERE / "tls", check=True)
        subprocess.run(["go", "build", "-ldflags=-s -w", "-o", self.folder / "gopeer", "."], cwd=HERE / "peers/gopeer", check=True,
                       env=os.environ | {"CGO_ENABLED": "0"})
        specs = sorted((TOP / "subprojects/musl").glob("out-*/static-pie.specs"))
        machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
        subprocess.run(["gcc", f"-specs={next(path for path in specs if machine in str(path))}", "-Os", "-fPIE", "-s", "-Wl,-z,relro,-z,now", "-o",
                        self.folder / "floor", HERE / "peers/floor.c"], check=True)
        shutil.copy(binary, self.folder / "sts-sidecar")
        for name in ("sts-sidecar", "gopeer", "floor"):
            with open(self.folder / name, "rb") as file:
                os.fsync(file.fileno())  # a binary that was copied a moment ago is dirty itself
        (self.folder / "token").write_text("a" * 900)
        (self.folder / "token").chmod(0o644)
        (self.folder / "empty").mkdir()
        bundle = SYSTEM_BUNDLE.read_text() if SYSTEM_BUNDLE.exists() else ""
        (self.folder / "bundle.crt").write_text(bundle)
        self.bundle_count = bundle.count("BEGIN CERTIFICATE")
        self.server = subprocess.Popen([self.folder / "server", *tls.CERTIFICATES], cwd=self.folder, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.plain = int(self.server.stdout.readline())
        self.ports = {(name, version): int(self.server.stdout.readline()) for name in tls.CERTIFICATES for version in tls.VERSIONS}
        self.binaries = {OURS: self.folder / "sts-sidecar", GO: self.folder / "gopeer"}
        if path := os.environ.get("STS_OPENUNISON_CLI"):
            self.binaries[OLD] = pathlib.Path(path).resolve()
        self.peers = [*self.binaries, *([SHELL] if shutil.which("curl") and shutil.which("jq") else []), PYTHON]

    def close(self):
        self.server.stdin.close()
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ca(self, certificate="p256"):
        return self.folder / f"{certificate}-ca.crt"

    def url(self, port=None):
        return f"https://localhost:{port or self.ports['p256', '1.3']}/vault/token/user"

    def environment(self, certificate="p256", full=False):
        """The system's CAs are one file, as in an image: the bundle of this machine, or a single CA."""
        return {"SSL_CERT_FILE": str(self.folder / "bundle.crt") if full else str(self.ca(certificate)), "SSL_CERT_DIR": str(self.folder / "empty"),
                "PATH": os.environ["PATH"]}

    def command(self, peer, out, certificate="p256", port=None, once=False, full=False):
        """Full: the CA is added to the system's bundle. The scripts have one file, so they get one that has both."""
        ca, url, token = self.ca(certificate), self.url(port), self.folder / "token"
        if peer in self.binaries:
            command = [self.binaries[peer], "exchange", f"--cacert-path={ca}", *(["--single-run"] if once else []), token, url, out]
        else:
            if full:
                both = self.folder / f"{certificate}-all.crt"
                if not both.exists():
                    both.write_text(ca.read_text() + (self.folder / "bundle.crt").read_text())
                ca = both
            script = [HERE / "peers/loop.sh"] if peer == SHELL else [sys.executable, HERE / "peers/loop.py"]
            command = [*script, *(["--single-run"] if once else []), ca, token, url, out]
        return [str(word) for word in command]

    def requests(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.plain}/count", timeout=10) as answer:
            return int(answer.read())


def timed(command, environment):
    """Runs a command. Returns the CPU of all its processes and the wall time, in ms."""
    actions = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(shutil.which(command[0]), command, environment, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter() - start) * 1000
    if status != 0:
        raise SystemExit(f"tests/bench: {' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
    return (usage.ru_utime + usage.ru_stime) * 1000, wall
