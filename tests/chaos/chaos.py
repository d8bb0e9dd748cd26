#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that can happen to a sidecar, at random and for a while, with a reader that looks all the time.

    tests/chaos/chaos.py [--binary PATH] [--seconds N] [--seed N]

Some sidecars share one STS; some of them are killed and started again as the kubelet would, the others have to live through it all.
Workers and supervisors are killed, stopped and continued, told to refresh and to end; the STS goes away, comes back and misbehaves, and
gets a certificate of another CA; the disk is full for a while; descriptors run out; the subject token and the CA are swapped; one of them
lives by a clock that is set (build/tests/sts-sidecar-timefake), one has three exchanges, two of them in a chain. Now and then everything
heals, and each must then have a new token soon, with no more memory, descriptors or children than at first. Needs root for the full disk; without, that part is left out.
"""
import argparse
import collections
import contextlib
import datetime
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/e2e"))

USER = "/vault/token/user"
LIFETIME = "15s"
HEAL_EVERY_S = 20
HEAL_WITHIN_S = 40
DIRTY_MAX_KIB = 48
GROWTH_MAX_KIB = 12
MOST_KEYS = 4
ATTEMPT_S = 10  # no attempt takes longer
LIVES_THROUGH_IT_ALL = ("survivor", "stepped", "many")
FAULTS = [
    dict(status=503), dict(status=503, retry_after=2), dict(status=403, error="access_denied"), dict(status=401), dict(status=500, html=1),
    dict(empty=1), dict(html=1), dict(garbage=300), dict(truncate=200), dict(truncate_body=100), dict(length_delta=50),
    dict(length_delta=-50), dict(close_accept=1), dict(close_handshake=1), dict(tls_alert=40), dict(tls_garbage=200),
    dict(delay_head_ms=1500), dict(delay_head_ms=6000), dict(delay_accept_ms=6000), dict(delay_handshake_ms=6000), dict(delay_byte_ms=20),
    dict(huge=300000), dict(redirect="https://elsewhere.test/"), dict(framing="chunked", chunk_ext=1), dict(framing="both"), dict(dup="jwt"),
    dict(omit="jwt"), dict(omit="expires"), dict(lifetime_s=-5), dict(token_insert="\n"), dict(close="reset"), dict(close="hold"),
]


class Trouble(Exception):
    pass


class Directory:
    """An output directory, and a reader that looks at it all the time."""

    def __init__(self, name, path, world):
        self.name, self.path, self.world = name, path, world
        self.last, self.known, self.reads = None, {}, 0

    def look(self):
        """expires, then the token, as a reader does."""
        try:
            with open(self.path / "expires", encoding="ascii") as file:
                expires = file.read()
                written = os.fstat(file.fileno()).st_mtime
            token = (self.path / "token.jwt").read_text()
        except FileNotFoundError:
            if self.last:
                raise Trouble(f"{self.name}: a file is gone") from None
            return
        self.reads += 1
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", expires):
            raise Trouble(f"{self.name}: torn: expires is {expires!r}")
        if token not in self.known:
            self.known[token] = self.world.verify(token)
        ends = self.known[token]
        promised = datetime.datetime.strptime(expires + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()
        # A sidecar's `expires` is in the clock of its node.
        ahead = self.world.clock_ahead_s(written) if self.name == "stepped" else 0
        if promised > ends + 1 + ahead:
            raise Trouble(f"{self.name}: {expires} is promised, the token ends {promised - ends} s before")
        if self.last and ends < self.last:
            raise Trouble(f"{self.name}: a token that ended later was lost")
        self.last = ends

    def watch(self):
        while not self.world.done.is_set():
            try:
                self.look()
            except Exception as error:  # any exception is a finding
                self.world.trouble(f"{error}" if isinstance(error, Trouble) else f"{self.name}: {error!r}")
                return
            time.sleep(0.002)

    def has_one_since(self, since):
        return any(self.world.issued(token) >= since for token in list(self.known)[-3:])


class Beside:
    """One sidecar, and its directories."""

    def __init__(self, name, world, command, program=None, exchanges=()):
        self.name, self.world, self.command, self.program = name, world, command, program or world.sidecar
        self.out = world.folder / name
        self.out.mkdir()
        self.out.chmod(0o777)
        if world.full_disk:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k,mode=0777", "tmpfs", self.out], check=True)
        self.directories = [Directory(f"{name} {part}".strip(), self.out / part, world) for part in exchanges or [""]]
        for directory in self.directories:
            directory.path.mkdir(exist_ok=True)
            directory.path.chmod(0o777)
        self.log = world.folder / f"{name}.log"
        self.process, self.first_memory, self.first_descriptors, self.most_dirty = None, None, None, 0
        self.start()

    def start(self):
        with open(self.log, "ab") as stderr:
            self.process = self.program.start(*self.command(self.out), stderr=stderr, env={"SIDECAR_TEST_CLOCK": self.world.clock})

    def restart(self):
        """As the kubelet does it: again and again."""
        for _ in range(20):
            self.start()
            time.sleep(0.05)
            if self.process.popen.poll() is None:
                return
            if self.process.popen.returncode != 73:
                raise Trouble(f"{self.name} ended at its start with {self.process.popen.returncode}")
            self.world.count["held lock at a restart"] += 1
        raise Trouble(f"{self.name} cannot get its directory")

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def worker(self):
        children = self.process.children()
        return children[0] if children else None

    # ---- after healing ----

    def must_be_well(self, since):
        """A new token, a supervisor that sleeps, and nothing that grew."""
        until, asked = time.monotonic() + HEAL_WITHIN_S, 0
        while not all(directory.has_one_since(since) for directory in self.directories):
            if self.process.popen.poll() is not None:
                raise Trouble(f"{self.name} ended with {self.process.popen.returncode}")
            if time.monotonic() > until:
                raise Trouble(f"{self.name} hangs: no new token within {HEAL_WITHIN_S} s; {self.tail()}")
            if time.monotonic() - asked > 2:
                self.signal(signal.SIGHUP)
                asked = time.monotonic()
            time.sleep(0.05)
        while self.process.children() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.1)
        self.must_not_leave_temporaries(until)
        self.must_not_have_grown()

    def must_not_leave_temporaries(self, until):
        """A worker that runs just now has some; there must be moments without any."""
        while left := [path for directory in self.directories for path in directory.path.glob(".*.new")]:
            if time.monotonic() > until:
                raise Trouble(f"{self.name} leaves {', '.join(map(str, left))}")
            time.sleep(0.02)

    def must_not_have_grown(self):
        if not self.world.root:
            return
        pid = self.process.pid
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        used = {name: int(kib) for name, kib in re.findall(r"^(\w+): +(\d+) kB$", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)}
        dirty = used["Private_Dirty"]
        self.first_memory = self.first_memory or dirty
        self.most_dirty = max(self.most_dirty, dirty)
        self.first_descriptors = self.first_descriptors or descriptors
        if descriptors > self.first_descriptors:
            raise Trouble(f"{self.name}: {descriptors} descriptors, {self.first_descriptors} at first")
        if self.world.sanitized or os.sysconf("SC_PAGE_SIZE") != 4096:
            return
        if self.program is self.world.sidecar and dirty > DIRTY_MAX_KIB + 4 * (len(self.directories) - 1):
            raise Trouble(f"{self.name}: {dirty} KiB of dirty memory")
        if dirty > self.first_memory + GROWTH_MAX_KIB:
            raise Trouble(f"{self.name}: {dirty} KiB of dirty memory, {self.first_memory} at first")

    def tail(self):
        return self.log.read_text().splitlines()[-5:]


class World:
    def __init__(self, folder, seed, binary):
        from harness import pki
        from harness.mock import mock
        from harness.runs import Projected
        from harness.sidecar import ROOT, Sidecar, sanitized
        self.folder, self.random, self.count = folder, random.Random(seed), collections.Counter()
        self.root, self.sanitized, self.sidecar = ROOT, sanitized(), Sidecar()
        self.full_disk = ROOT
        self.done, self.troubles = threading.Event(), []
        self.sts_folder = folder / "sts"
        self.sts_folder.mkdir()
        self.pki, self.ca = pki, pki.authority()
        self.certificate, self.key = pki.server(self.ca).files(folder)
        self.cas = Projected(folder / "cas", "ca.crt", self.ca.pem.decode())
        self.clock = folder / "clock"
        self.clocks = []
        self.set_clock(0)
        mock("keygen", "--type", "ec", "--out", folder / "signs.pem")
        self.sts, self.port, self.own_keys = None, 0, []
        self.sts_up()
        import jwt
        self.key_of_sts = jwt.PyJWK(self.own_keys[0])
        self.projected = Projected(folder / "volume", "sts-token", self.sts.mint())
        url = f"https://localhost:{self.port}{USER}"
        run = ["run", "--protocol", "openunison", "--url", url, "--token-file", self.projected.path, "--cacert-path", self.cas.path,
               "--timeout", "3s", "--output-dir"]
        exchange = ["exchange", "--seconds-between-runs=2", f"--cacert-path={self.cas.path}", self.projected.path, url]
        self.all = [Beside("survivor", self, lambda out: [*run, out]), Beside("run", self, lambda out: [*run, out]),
                    Beside("exchange", self, lambda out: [*exchange, out])]
        if not self.sanitized:
            self.timefake = Sidecar(binary.parent / "tests/sts-sidecar-timefake")
            self.all.append(Beside("stepped", self, lambda out: [*run, out], self.timefake))
        self.all.append(Beside("many", self, lambda out: ["run", "--config", self.configure(out)], exchanges=("first", "second", "third")))
        self.readers = [threading.Thread(target=directory.watch, daemon=True) for one in self.all for directory in one.directories]
        for reader in self.readers:
            reader.start()

    def configure(self, out):
        """The second reads what the first writes; the third is on its own."""
        base = f"https://localhost:{self.port}"
        path = self.folder / "config.json"
        path.write_text(json.dumps({
            "cacert-path": [str(self.cas.path)], "timeout": "3s", "token-file": str(self.projected.path), "exchanges": [
                {"name": "first", "protocol": "openunison", "url": base + USER, "output-dir": str(out / "first")},
                {"name": "second", "protocol": "token-exchange", "url": base + "/token", "token-file": str(out / "first/token.jwt"),
                 "output-dir": str(out / "second")},
                {"name": "third", "protocol": "token-exchange", "url": base + "/token", "output-dir": str(out / "third")}]}))
        return path

    def trouble(self, words):
        self.troubles.append(words)
        self.done.set()

    # ---- the STS ----

    def sts_up(self):
        from harness.mock import Mock
        for name in ("port", "control"):
            (self.sts_folder / name).unlink(missing_ok=True)
        self.sts = Mock(self.sts_folder, "--port", self.port, "--cert", self.certificate, "--key", self.key, "--lifetime", LIFETIME,
                        "--signing-key", self.folder / "signs.pem", "--alg", "ES256", "--issuer", "https://chaos.test",
                        "--subject-issuer", "", "--cluster", "system:serviceaccount")
        self.port = self.sts.port
        # The STS also accepts the tokens that it issued as subject tokens, whatever the name of its key was then.
        self.own_keys += [key for key in self.certs()["keys"] if key not in self.own_keys]
        trusted = self.sts_folder / "jwks.json"
        new = trusted.with_suffix(".new")
        new.write_text(json.dumps({"keys": json.loads(trusted.read_text())["keys"] + self.own_keys[-MOST_KEYS:]}))
        new.rename(trusted)

    def sts_down(self):
        self.sts.process.terminate()
        self.sts.process.communicate()

    def certs(self):
        import ssl
        import urllib.request
        context = ssl.create_default_context(cadata=self.ca.pem.decode())
        with urllib.request.urlopen(f"https://localhost:{self.port}/certs", context=context, timeout=10) as answer:
            return json.load(answer)

    def verify(self, token):
        """A torn token has no signature that is right."""
        import jwt
        try:
            return jwt.decode(token, self.key_of_sts, algorithms=["ES256"], options={"verify_aud": False, "verify_exp": False, "verify_nbf": False,
                                                                       "verify_iat": False})["exp"]
        except jwt.InvalidTokenError as error:
            raise Trouble(f"torn: {error}: {len(token)} bytes") from None

    def issued(self, token):
        import jwt
        return jwt.decode(token, options={"verify_signature": False})["iat"]

    # ---- what happens ----

    def some_ms(self, low, high):
        time.sleep(self.random.uniform(low, high) / 1000)

    def kill_worker(self, one):
        if pid := one.worker():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.count["workers killed"] += 1

    def stop_worker(self, one):
        """Sometimes for longer than its time."""
        if pid := one.worker():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                self.count["workers stopped"] += 1
                self.some_ms(10, self.random.choice([100, 300, 300, 5000]))
                os.kill(pid, signal.SIGCONT)

    def catch_worker(self, one):
        """Start a refresh, and kill or stop it at some point."""
        one.signal(signal.SIGHUP)
        until = time.monotonic() + 0.3
        while not one.worker() and time.monotonic() < until:
            time.sleep(0.001)
        self.some_ms(0, 30)
        (self.kill_worker if self.random.random() < 0.6 else self.stop_worker)(one)

    def stop_supervisor(self, one):
        one.signal(signal.SIGSTOP)
        self.count["supervisors stopped"] += 1
        self.some_ms(10, 1500)
        one.signal(signal.SIGCONT)

    def kill_supervisor(self, one):
        if one.name in LIVES_THROUGH_IT_ALL:
            return
        one.signal(signal.SIGKILL)
        one.process.popen.wait(5)
        self.count["supervisors killed"] += 1
        self.some_ms(0, 500)
        one.restart()

    def end_supervisor(self, one):
        if one.name in LIVES_THROUGH_IT_ALL:
            return
        one.signal(self.random.choice([signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]))
        if one.process.popen.wait(5) != 0:
            raise Trouble(f"{one.name}: told to stop, and ended with {one.process.popen.returncode}")
        self.count["supervisors ended"] += 1
        one.restart()

    def hang_up(self, one):
        one.signal(signal.SIGHUP)
        self.count["hang-ups"] += 1

    def fault(self, _):
        fault = self.random.choice(FAULTS)
        self.sts.fault(self.random.choice(["PUT", "POST", "POST"]), **fault, times=self.random.randint(1, 4))
        self.count["faults"] += 1

    def no_fault(self, _):
        self.sts.control("DELETE", "faults")

    def restart_sts(self, _):
        self.sts_down()
        self.some_ms(0, 700)
        self.sts_up()
        self.count["restarts of the STS"] += 1

    def fill_disk(self, one):
        if not self.full_disk:
            return
        with open(one.out / "ballast", "ab", buffering=0) as ballast, contextlib.suppress(OSError):
            for size in (4096, 512, 64, 1):
                with contextlib.suppress(OSError):
                    while True:
                        ballast.write(b"x" * size)
        self.count["full disks"] += 1
        one.signal(signal.SIGHUP)
        self.some_ms(100, 800)
        (one.out / "ballast").unlink()

    def swap_subject(self, _):
        self.projected.swap(self.sts.mint())
        self.count["swaps of the subject token"] += 1

    def rotate_ca(self, _):
        """A change of the CA: done well, with both CAs trusted for a while, or as it often happens, with the STS changed first."""
        old, self.ca = self.ca, self.pki.authority()
        certificate, key = self.pki.server(self.ca).files(self.folder)
        if self.random.random() < 0.5:
            self.cas.swap((old.pem + self.ca.pem).decode())
            self.some_ms(0, 300)
        self.sts_down()
        self.certificate, self.key = certificate, key
        self.sts_up()
        self.some_ms(0, 2500)
        self.cas.swap(self.ca.pem.decode())
        self.count["rotations of the CA"] += 1

    def limit_descriptors(self, one):
        """A limit below the number of open descriptors, or just above it: there is no pipe, or no socket for the worker."""
        try:
            soft, hard = resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE, (self.random.randint(3, 14), hard))
        except (PermissionError, ProcessLookupError):
            return
        self.count["descriptors exhausted"] += 1
        one.signal(signal.SIGHUP)
        self.some_ms(100, 1500)
        resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE, (soft, hard))

    def clock_ahead_s(self, written):
        """How far the clock of `stepped` may have been ahead of ours when an attempt wrote a file at this time."""
        before = [offset for at, offset in self.clocks if at <= written - ATTEMPT_S]
        return max(0, *before[-1:], *(offset for at, offset in self.clocks if at > written - ATTEMPT_S))

    def set_clock(self, offset_s):
        self.clocks.append((time.time(), offset_s))
        new = self.clock.with_suffix(".new")
        new.write_text(str(int(offset_s * 1000)))
        new.rename(self.clock)
        for one in getattr(self, "all", ()):
            if one.name == "stepped":
                # It reads the time after anything wakes it, and finds that the clock was set.
                one.signal(signal.SIGCHLD)

    def step_clock(self, _):
        size = self.random.choice([2, 20, 600, 86400, 400 * 86400])
        self.set_clock(self.random.uniform(-size, size))
        self.count["steps of the clock"] += 1
        self.some_ms(0, 1500)
        if self.random.random() < 0.7:
            self.set_clock(0)

    def heal(self):
        self.set_clock(0)
        for one in self.all:
            if pid := one.worker():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            one.signal(signal.SIGCONT)
        self.sts.control("DELETE", "faults")
        # This is not the token that a worker may have asked for before.
        since = int(time.time()) + 1
        time.sleep(1)
        for one in self.all:
            one.must_be_well(since)
        self.count["healed"] += 1

    def go_on_until(self, end):
        actions = [(self.catch_worker, 10), (self.kill_worker, 3), (self.stop_worker, 3), (self.stop_supervisor, 3), (self.kill_supervisor, 5),
                   (self.end_supervisor, 2), (self.hang_up, 4), (self.fault, 8), (self.no_fault, 3), (self.restart_sts, 2),
                   (self.fill_disk, 3), (self.swap_subject, 4), (self.rotate_ca, 2), (self.limit_descriptors, 4), (self.step_clock, 5)]
        healed = time.monotonic()
        self.heal()
        while not self.done.is_set() and time.monotonic() < end:
            action = self.random.choices([a for a, _ in actions], [weight for _, weight in actions])[0]
            action(self.random.choice(self.all))
            self.some_ms(0, 60)
            for one in self.all:
                if one.process.popen.poll() is not None:
                    raise Trouble(f"{one.name} ended by itself with {one.process.popen.returncode}: {one.tail()}")
            if time.monotonic() - healed > HEAL_EVERY_S:
                self.heal()
                healed = time.monotonic()
        if not self.done.is_set():
            self.heal()

    def close(self):
        self.done.set()
        for reader in getattr(self, "readers", ()):
            reader.join(5)
        for one in getattr(self, "all", ()):
            if one.process.popen.poll() is None:
                one.signal(signal.SIGCONT)
                one.process.kill()
                one.process.popen.wait(5)
        if self.sts:
            self.sts.close()
        for program in {one.program for one in getattr(self, "all", ())} | {self.sidecar}:
            shutil.rmtree(program.folder, ignore_errors=True)

    # ---- afterwards ----

    def check_logs(self):
        """Whole lines of JSON, and no byte of a token."""
        lines = 0
        subject = self.projected.path.read_text()
        for one in self.all:
            for line in one.log.read_text().splitlines():
                lines += 1
                try:
                    json.loads(line)
                except ValueError:
                    raise Trouble(f"{one.name}: not a line of JSON: {line!r}") from None
                if any(token[-40:] in line for token in [subject, *(token for d in one.directories for token in d.known)]):
                    raise Trouble(f"{one.name}: a token in the log")
        self.count["log lines"] = lines

    def numbers(self):
        for one in self.all:
            print(f"{one.name}: {sum(d.reads for d in one.directories)} reads, {sum(len(d.known) for d in one.directories)} tokens, {one.first_memory} to {one.most_dirty} KiB dirty, "
                  f"{one.first_descriptors} descriptors")
        print(", ".join(f"{count} {what}" for what, count in sorted(self.count.items())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=TOP / "build/sts-sidecar", type=pathlib.Path)
    parser.add_argument("--seconds", default=300, type=float)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    if os.geteuid() == 0 and "STS_CHAOS_NAMESPACE" not in os.environ:
        # What is mounted here goes away with us.
        os.environ["STS_CHAOS_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    os.environ["STS_SIDECAR"] = str(options.binary.resolve())
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"chaos: seed {seed}, {options.seconds:g} s", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-chaos-"))
    folder.chmod(0o755)
    world = World(folder, seed, options.binary.resolve())
    try:
        world.go_on_until(time.monotonic() + options.seconds)
        world.check_logs()
    except Trouble as error:
        world.trouble(str(error))
    finally:
        world.close()
        world.numbers()
    if world.troubles:
        print("chaos: FAILED: " + "; ".join(world.troubles), file=sys.stderr)
        print(f"chaos: the logs are in {folder}; again with --seed {seed}", file=sys.stderr)
        return 1
    for one in world.all:
        if world.full_disk:
            subprocess.run(["umount", "-l", one.out], check=False)
    shutil.rmtree(folder, ignore_errors=True)
    print("chaos: nothing torn, nothing lost, nothing that hung or grew")
    return 0


if __name__ == "__main__":
    sys.exit(main())
