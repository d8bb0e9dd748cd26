# SPDX-License-Identifier: Apache-2.0
"""A network and mount namespace of the tests' own: loopback with the addresses of a cluster, /etc/resolv.conf and /etc/hosts of their
own, scripted name servers, and an STS on port 443. Needs root; nothing outside is touched."""
import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import pki, servers, tokens  # noqa: E402
from harness.fixtures import ca, limit  # noqa: E402,F401
from harness.sidecar import Sidecar, Space  # noqa: E402
from nameserver import NameServer  # noqa: E402

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000

DNS, DNS_2, DNS_3 = "10.9.0.10", "10.9.0.11", "10.9.0.12"
DNS_6 = "fd00:9::10"
INTERFACE = "sts-names0"                    # a second interface, with a link-local address
DNS_LINK_LOCAL = "fe80::53"
SERVICE, PUBLIC = "10.9.1.1", "10.9.2.1"    # the STS in the cluster, and the owner of the public name
SERVICE_6 = "fd00:9::1"
CLOSED = "10.9.3.1"                         # an address of this host on which nothing listens
DEAD = "10.9.9.9"                           # an address of no host: packets to it vanish
POD = "search dev.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"


def enter_namespaces(folder):
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        pytest.skip(f"no namespaces of our own: {os.strerror(ctypes.get_errno())}")
    commands = ["mount --make-rprivate /", "ip link set lo up", "ip route add default dev lo", "ip -6 route add default dev lo"]
    commands += [f"ip addr add {address}/32 dev lo" for address in (DNS, DNS_2, DNS_3, SERVICE, PUBLIC, CLOSED)]
    commands += [f"ip addr add {address}/128 dev lo nodad" for address in (DNS_6, SERVICE_6)]
    commands += [f"ip link add {INTERFACE} type veth peer name sts-names1", f"ip link set {INTERFACE} up", "ip link set sts-names1 up",
                 f"ip addr add {DNS_LINK_LOCAL}/64 dev {INTERFACE} nodad"]
    for name in ("resolv.conf", "hosts"):
        (folder / name).write_text("")
        commands.append(f"mount --bind {folder / name} /etc/{name}")
    for command in commands:
        subprocess.run(command.split(), check=True, timeout=20)


@pytest.fixture(scope="session")
def etc():
    """The folder of resolv.conf and hosts, which must be written in place."""
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-names-"))
    folder.chmod(0o755)
    enter_namespaces(folder)
    yield folder
    for name in ("resolv.conf", "hosts"):
        subprocess.run(["umount", f"/etc/{name}"], check=True, timeout=20)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def sidecar(etc):
    program = Sidecar()
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)


class Sts(servers.Server):
    """A server on port 443 of one address, which notes that it was reached."""

    def __init__(self, address, context, reached):
        self.answer, self.tls, self.stall, self.blind = (lambda _: tokens.openunison(tokens.issued())), context, None, False
        self.requests, self.errors, self.connections = [], [], 0
        self.stalled, self.released = threading.Event(), threading.Event()
        self.address, self.reached = address, reached
        self.listener = socket.create_server((address, 443), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=64)
        self.listener.settimeout(0.1)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _serve(self, raw):
        self.reached.at = time.monotonic()
        self.reached.append(self.address)
        super()._serve(raw)


class Reached(list):
    """Addresses of the STS that were reached, and when the last one was."""
    at = None


@pytest.fixture(scope="session")
def sts_server(etc, ca):
    names = ["sts.dev", "sts", "sts.example.com", "localhost", "sts.dev.svc.cluster.local", "a.b.c.d.e.example"]
    context = servers.tls_context(pki.server(ca, names=names), etc)
    made = types.SimpleNamespace(reached=Reached())
    with contextlib.ExitStack() as stack:
        for address in (SERVICE, PUBLIC, SERVICE_6, "127.0.0.1"):
            stack.enter_context(Sts(address, context, made.reached))
        yield made


@pytest.fixture
def sts(sts_server):
    sts_server.reached.clear()
    return sts_server


@pytest.fixture
def name_servers(etc):
    """name_servers({...zone}, ...): one name server for each zone, on DNS, DNS_2, DNS_3, or on the addresses given."""
    with contextlib.ExitStack() as stack:
        def start(*zones, on=(DNS, DNS_2, DNS_3)):
            log = []
            made = [stack.enter_context(NameServer(address, zone, log)) for address, zone in zip(on, zones)]
            return made[0] if len(made) == 1 else made
        yield start


@pytest.fixture
def configure(etc):
    """configure(resolv_conf, hosts="")"""
    def write(resolv, hosts=""):
        (etc / "resolv.conf").write_text(resolv)
        (etc / "hosts").write_text(hosts)
    write("")
    yield write


@pytest.fixture
def space(ca):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-test-"))
    folder.chmod(0o755)
    made = Space(folder)
    made.write("sts-token", tokens.subject())
    made.write("ca.crt", ca.pem)
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fetch(sidecar, space, sts):
    """One attempt, as an ordinary user."""
    def run(url="https://sts.dev/", *more, timeout="8s", deadline="8s"):
        def again():
            return sidecar.run("fetch", "--protocol", "openunison", "--url", url, "--token-file", space.token_file, "--output-dir",
                               space.out, "--cacert-path", space.ca_file, "--timeout", timeout, "--deadline", deadline, "--log-format",
                               "text", *more)
        result = again()
        result.again, result.host = again, urllib.parse.urlsplit(url).hostname
        return result
    return run


# To measure: so many runs of each, of which the fastest counts; and what glibc's resolver takes for the same.
REPEAT = int(os.environ.get("STS_NAMES_REPEAT", "1"))
COSTS = []

GLIBC = """import socket, sys, time
since = time.monotonic()
try: socket.getaddrinfo(sys.argv[1], 443, type=socket.SOCK_STREAM)
except OSError: pass
print((time.monotonic() - since) * 1000)"""


def ask_glibc(host):
    run = subprocess.run(["/usr/bin/python3", "-c", GLIBC, host], check=True, timeout=60, capture_output=True)
    return float(run.stdout)


def glibc_ms(host):
    took = ask_glibc(host)
    return took if took > 500 else min([took] + [ask_glibc(host) for _ in range(2)])


@pytest.fixture
def cost(sts):
    """cost(what, run, server): milliseconds from the first query that a name server heard to the connection at the STS."""
    def note(what, run, server):
        queries, took = len(server.log), []
        for i in range(REPEAT):
            if i > 0:
                server.log.clear()
                run.again()
            took.append((sts.reached.at - server.log[0].at) * 1000)
        COSTS.append((what, queries, min(took), glibc_ms(run.host) if REPEAT > 1 else 0))
        return min(took)
    return note


def pytest_terminal_summary(terminalreporter):
    if COSTS:
        terminalreporter.write_line("queries       ms" + ("    glibc" if REPEAT > 1 else "") + "  what")
    for what, queries, ms, theirs in COSTS:
        terminalreporter.write_line(f"{queries:>7}  {ms:>7.1f}" + (f"  {theirs:>7.1f}" if REPEAT > 1 else "") + f"  {what}")
