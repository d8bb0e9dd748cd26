# SPDX-License-Identifier: Apache-2.0
"""A Pod of one case: a network, a mount and a PID namespace of its own, and a root file system with what the image and the Pod's volumes
have. The cluster around it is made of loopback addresses: an STS, a name server, and addresses that nobody has. Needs root."""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import traceback

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/e2e"))

from harness import pki, tokens  # noqa: E402
from harness.sidecar import build_folder  # noqa: E402

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
UID = 65532
HOST = "sts.example.com"
STS = "10.0.4.17"           # the STS
STS_6 = "fd00:4::17"
OTHER = "10.0.4.18"         # a second address of its name
PROXY = "10.0.8.3"
DNS = "10.96.0.10"
NOBODY = "10.9.9.9"         # an address of no host: packets to it vanish
SEARCH = "search shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"
PATIENCE_S = 40

TOKEN_FILE = "/var/run/secrets/tokens/sts-token"
OUT = "/tokens"
CA_FILE = "/certs/ca.crt"


def sh(command, check=True):
    return subprocess.run(shlex.split(command), check=check, timeout=PATIENCE_S, capture_output=True)


class World:
    """What all Pods share: a CA, and certificates that it signed."""

    def __init__(self):
        self.ca = pki.authority(cn="Corp CA 3")
        self.identity = pki.server(self.ca, cn=HOST, names=[HOST], ips=[STS, STS_6])


class Pod:
    def __init__(self, world, folder):
        self.world, self.ca, self.folder = world, world.ca, folder
        self.root = folder / "root"
        self.uid, self.gid, self.groups = UID, UID, []
        self.check_uid = None
        self.check_dir = OUT
        self.elsewhere = False          # check cannot see the sidecar's directory
        self.impatient = False          # check comes before the first attempt has ended
        self.sidecar = None             # the process of run
        self.options = {"url": f"https://{HOST}/token", "cacert-path": CA_FILE, "timeout": "5s"}
        self.more, self.env = [], {}
        self.command = "run"            # of the sidecar that goes on
        self.arguments = None           # its arguments, where they are not those of fetch
        self.deadline = "5s"            # of fetch
        self.prefix = []                # what runs before the program
        self.preexec = None             # what happens in its process before it runs
        self.once = None                # the arguments of the first step, where they are not those of fetch
        self.clock_ms = None            # how wrong the clock is
        self.stay_s = 0                 # how long the sidecar runs after its first word
        self.stdin = subprocess.DEVNULL
        self.doctor = ["--exchange"]    # further options of doctor; None: it has nothing to say of this
        self.before_run = []            # what happens between fetch and run
        self.before_check = []          # what happens between run and check
        self._network()
        self._root()
        self.token()
        self.write(CA_FILE, self.ca.pem)

    # --- the Pod ---

    def _network(self):
        commands = ["mount --make-rprivate /", "mount -t tmpfs tmpfs " + str(self.folder), "ip link set lo up",
                    "ip route add default dev lo", "ip -6 route add default dev lo"]
        commands += [f"ip addr add {address}/32 dev lo" for address in (STS, OTHER, PROXY, DNS)]
        commands += [f"ip addr add {STS_6}/128 dev lo nodad"]
        for command in commands:
            sh(command)

    def _root(self):
        self.folder.chmod(0o755)
        for name in ("root", "root/proc", "root/etc", "root/dev", "root/tokens", "root/tmp"):
            (self.folder / name).mkdir()
            (self.folder / name).chmod(0o755)
        for name in ("null", "urandom", "zero"):
            (self.root / "dev" / name).touch()
            sh(f"mount --bind /dev/{name} {self.root}/dev/{name}")
        sh(f"mount -t proc proc {self.root}/proc")
        sh("mount -t proc proc /proc")
        self.install(build_folder() / "sts-sidecar")
        self.volume(OUT)
        self.resolv()
        self.hosts({HOST: [STS]})

    def install(self, program):
        path = self.root / "sts-sidecar"
        if not path.exists():
            path.touch()
        sh(f"mount --bind {program} {path}")

    def volume(self, path, options="size=1m,mode=0777"):
        """An emptyDir in memory."""
        where = self.path(path)
        where.mkdir(parents=True, exist_ok=True)
        sh(f"mount -t tmpfs -o {options} tmpfs {where}")

    def path(self, path):
        return self.root / str(path).lstrip("/")

    def write(self, path, data, mode=0o644, uid=0, gid=0):
        where = self.path(path)
        where.parent.mkdir(parents=True, exist_ok=True)
        for parent in where.parents:
            if parent == self.root:
                break
            if "tokens" not in parent.name or parent.name == "tokens" and parent.parent.name == "secrets":
                parent.chmod(0o755)
        where.write_bytes(data if isinstance(data, bytes) else data.encode())
        where.chmod(mode)
        os.chown(where, uid, gid)
        return where

    def token(self, text=None, **claims):
        claims = {"aud": [f"https://{HOST}"], "sub": "system:serviceaccount:shop:cart"} | claims
        self.write(TOKEN_FILE, tokens.subject(5000, **claims) if text is None else text)

    def resolv(self, text=f"{SEARCH}nameserver {DNS}\n"):
        self.write("/etc/resolv.conf", text)

    def hosts(self, names):
        lines = ["127.0.0.1 localhost", "::1 localhost"]
        lines += [f"{address} {name}" for name, addresses in names.items() for address in addresses]
        self.write("/etc/hosts", "\n".join(lines) + "\n")

    def set(self, **options):
        """Options of fetch and run. None removes one."""
        self.options |= {key.replace("_", "-"): value for key, value in options.items()}

    def drop(self, rule):
        """Packets that vanish, as a NetworkPolicy makes them."""
        sh(f"iptables -A INPUT {rule} -j DROP")

    # --- the program ---

    def words(self):
        return [word for key, value in self.options.items() if value is not None for word in (f"--{key}", str(value))] + self.more

    def start(self, *args, uid=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, prefix=None):
        uid = self.uid if uid is None else uid
        gid = self.gid if uid == self.uid else uid
        command = [*(self.prefix if prefix is None else prefix), "chroot", f"--userspec=+{uid}:+{gid}",
                   f"--groups={','.join(map(str, self.groups if uid == self.uid else ()))}", str(self.root), "/sts-sidecar", *map(str, args)]
        env = {"PATH": os.environ["PATH"], **self.env}
        if self.clock_ms is not None:
            self.write("/clock", str(self.clock_ms))
            env["SIDECAR_TEST_CLOCK"] = "/clock"
        return subprocess.Popen(command, stdin=self.stdin, stdout=stdout, stderr=stderr, env=env, cwd="/",
                                preexec_fn=self.preexec if prefix is None else None)

    def ask(self, *args, **more):
        """Runs a command to its end: exit status and what it said."""
        process = self.start(*args, **more)
        out, err = process.communicate(timeout=PATIENCE_S)
        return {"status": process.returncode, "out": out.decode(errors="replace"), "err": err.decode(errors="replace")}

    def clear(self, before):
        """Removes what fetch left in the output directory, but for what was there before."""
        out = self.path(OUT)
        if out.is_dir():
            for entry in out.iterdir():
                if entry.name not in before and not entry.is_dir():
                    entry.unlink()

    def names_in_out(self):
        with contextlib.suppress(OSError):
            return set(os.listdir(self.path(OUT)))
        return set()

    def play(self):
        """fetch; then run, and check beside it, and doctor where the case wants it."""
        said = {}
        before = self.names_in_out()
        said["fetch"] = self.fetch()
        self.clear(before)
        for step in self.before_run:
            step()
        log = self.folder / "log"
        with open(log, "wb") as stderr:
            arguments = self.arguments or [self.command, *self.words(), "--log-format", "text"]
            process = self.sidecar = self.start(*arguments, stderr=stderr, stdout=subprocess.DEVNULL)
        told = re.compile(r" (error|warn): |token (refreshed|adopted)")
        until = time.monotonic() + (1 if self.impatient else PATIENCE_S)
        while process.poll() is None and not told.search(log.read_text(errors="replace")) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(self.stay_s)
        for step in self.before_check:
            step()
        said["check"] = self.settled() | {"elsewhere": self.elsewhere}
        status = process.poll()
        # Beside a sidecar, it finds the options of that one.
        options = self.words() if status is not None else ["--output-dir", OUT]
        if self.doctor is not None:
            said["doctor"] = self.ask("doctor", *options, *self.doctor, "--json")
        status = process.poll()
        if status is None:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        said["run"] = {"status": status, "err": log.read_text(errors="replace")}
        return said

    def fetch(self):
        return self.ask(*(self.once or ["fetch", *self.words(), "--deadline", self.deadline, "--log-format", "text"]))

    def settled(self):
        """The answer of check, once the first attempt is in the status."""
        until = time.monotonic() + 2
        while True:
            answer = self.ask("check", self.check_dir, uid=self.check_uid, prefix=[])
            if answer["status"] == 0 or re.search(r"try \d+ failed|succeeded", answer["err"]) or time.monotonic() > until:
                return answer
            time.sleep(0.05)


def play(world, case, folder, report):
    """Runs a case in a Pod of its own, in a child process. The report is a file with what was said, or with what went wrong."""
    def act(pod):
        case.prepare(pod)
        return pod.play()
    return within(world, act, folder, report)


def play_fetch(world, case, folder, report):
    """The same with its first step alone."""
    def act(pod):
        case.prepare(pod)
        return {"fetch": pod.fetch()}
    return within(world, act, folder, report)


def within(world, act, folder, report):
    """Makes a Pod in a child process, whose PID is returned, and calls act(pod) there. The report is a file with what act returns, in JSON."""
    pid = os.fork()
    if pid:
        return pid
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) != 0:
            raise OSError(ctypes.get_errno(), "namespaces")
        first = os.fork()
        if first == 0:
            report.write_text(json.dumps(inside(world, act, folder)))
            os._exit(0)
        os.waitpid(first, 0)
    except BaseException:
        report.write_text(json.dumps({"broken": traceback.format_exc()}))
    os._exit(0)


def inside(world, act, folder):
    try:
        return act(Pod(world, folder))
    except BaseException as problem:
        said = traceback.format_exc()
        if isinstance(problem, subprocess.CalledProcessError):
            said += (problem.stderr or b"").decode(errors="replace")
        return {"broken": said}
