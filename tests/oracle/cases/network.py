# SPDX-License-Identifier: Apache-2.0
"""Servers that cannot be reached, names that cannot be resolved, proxies that fail, and time that runs out."""
import sys

from harness import proxies, servers
from harness.sidecar import GID, UID
from oracle import HERE
from oracle.scene import given
from oracle.suite import add, case

Answer = servers.Answer
# The time-out of a case that is expected to run out of time. On a busy machine it must suffice for the steps before.
SHORT = "3s"
SHORT_S = 3.5

# ---- connections ----


@case("network/refused")
def refused(scene):
    scene.trust()
    scene.fetch_one(f"https://127.0.0.1:{scene.refused()}/", status=True)


@case("network/refused-by-name-in-json")
def refused_by_name(scene):
    scene.trust()
    scene.fetch_one(f"https://localhost:{scene.refused()}/", log_format="json")


@case("network/refused-ipv6")
def refused_ipv6(scene):
    scene.trust()
    scene.fetch_one(f"https://[::1]:{scene.refused()}/")


@case("network/connect-refused")
def connect_refused(scene):
    scene.trust()
    scene.fetch_one("https://sts.example/", f"--connect=127.0.0.1:{scene.refused()}")


def stalls(name, url="https://127.0.0.1:{port}/", tls=True, **how):
    """The server hangs. The message says what ran out of time."""
    def does(scene):
        server = scene.serve(tls=tls, **how)
        scene.fetch_one(url.format(port=server.port), *([] if tls else ["--insecure-http"]), timeout=SHORT)
    add(f"network/{name}", does, SHORT_S)


stalls("silent-at-the-start", stall="accept")
stalls("silent-after-the-request", stall="request")
stalls("silent-in-the-head", answer=Answer(b"HTTP/1.1 200 OK\r\nContent-Le", "stall"))
stalls("silent-in-the-body", answer=Answer(given()[:-10], "stall"))
stalls("silent-plain", url="http://127.0.0.1:{port}/", tls=False, stall="request")


@case("network/silent-until-the-deadline", SHORT_S)
def deadline(scene):
    server = scene.serve(stall="request")
    scene.fetch(server.url("/"), deadline=SHORT)


@case("network/silent-in-the-handshake", SHORT_S)
def silent_in_the_handshake(scene):
    sts = scene.mock()
    sts.fault(delay_handshake_ms=20000)
    scene.fetch_one(f"https://localhost:{sts.port}/token", timeout=SHORT)


@case("network/plain-http-leads-elsewhere")
def leads_elsewhere(scene):
    scene.fetch_one(f"http://localhost:{scene.refused()}/", "--insecure-http", "--connect=0.0.0.0:1")


# ---- proxies ----
OK = b"HTTP/1.1 200 OK\r\n\r\n"
FAILS = {
    "407": b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 999999\r\n\r\nSECRET",
    "403": b"HTTP/1.1 403 SECRET\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nSECRET\r\n0\r\n\r\n", "302": b"HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n",
    "503": b"HTTP/1.0 503 Service Unavailable\r\n\r\n", "ssh": b"SSH-2.0-OpenSSH_9.2\r\n", "tls": b"\x15\x03\x03\x00\x02\x02\x28", "closes": b"",
    "closes-in-the-head": b"HTTP/1.1 200 OK\r\nVia: a", "long-head": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 8192,
}


def proxy(name, reply, *args, end="clean", credentials="", seconds=0.0, **options):
    def does(scene):
        server = scene.serve(Answer(reply, end), tls=False)
        scene.fetch_one("https://sts.example.test/", f"--proxy=http://{credentials}127.0.0.1:{server.port}", *args, **options)
    add(f"proxy/{name}", does, seconds)


for name, reply in FAILS.items():
    proxy(name, reply)
proxy("204", b"HTTP/1.1 204 No Content\r\n\r\nx", end="stall")
proxy("407-with-credentials", FAILS["407"], credentials="user:hunter2@")
proxy("more-than-its-head", OK + b"HTTP/1.1 200 OK\r\n\r\n", end="stall")
proxy("hangs-in-its-head", b"HTTP/1.1 200 OK\r\nVia: ", end="stall", timeout=SHORT, seconds=SHORT_S)
proxy("in-json", FAILS["403"], log_format="json")


@case("proxy/hangs", SHORT_S)
def proxy_hangs(scene):
    server = scene.serve(tls=False, stall="accept")
    scene.fetch_one("https://sts.example.test/", f"--proxy=http://127.0.0.1:{server.port}", timeout=SHORT)


@case("proxy/refused")
def proxy_refused(scene):
    scene.trust()
    scene.fetch_one("https://sts.example.test/", f"--proxy=http://127.0.0.1:{scene.refused()}")


@case("proxy/by-variable")
def proxy_by_variable(scene):
    scene.trust()
    scene.fetch_one("https://sts.example.test/", env={"HTTPS_PROXY": f"http://user:hunter2@127.0.0.1:{scene.refused()}/"})


@case("proxy/leads-to-another-name")
def proxy_to_another_name(scene):
    server = scene.serve(given())
    tunnel = scene.stack.enter_context(proxies.Tunnel(server.port))
    scene.mask.ports.add(tunnel.port)
    scene.fetch_one("https://sts.example.test/", f"--proxy=http://127.0.0.1:{tunnel.port}")


@case("proxy/works")
def proxy_works(scene):
    server = scene.serve(given())
    tunnel = scene.stack.enter_context(proxies.Tunnel(server.port))
    scene.mask.ports.add(tunnel.port)
    scene.fetch_one(f"https://sts.oracle.test:{server.port}/", f"--proxy=http://127.0.0.1:{tunnel.port}")


# ---- names, in a network of the case's own ----
POD = "nameserver 10.9.0.10\nsearch dev.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:1 attempts:1\n"


def name(what, reply, *args, host="sts.dev", resolv=POD, hosts="", seconds=0.0, mode=0o644, **options):
    def does(scene):
        files = [scene.write("resolv.conf", resolv, mode), scene.write("hosts", hosts)]
        scene.trust()
        prefix = ["unshare", "--net", "--mount", sys.executable, HERE / "namespace.py", *files, reply, UID, GID]
        scene.fetch_one(f"https://{host}/", *args, prefix=prefix, uid=0, gid=0, **options)
    add(f"names/{what}", does, seconds)


name("nxdomain", "nxdomain")
name("nxdomain-in-json", "nxdomain", log_format="json")
name("nxdomain-absolute", "nxdomain", host="sts.example.test.")
name("nxdomain-many-dots", "nxdomain", host="a.b.c.d.e.f.example.test")
name("nxdomain-no-search", "nxdomain", resolv="nameserver 10.9.0.10\n")
name("nodata", "nodata")
name("servfail", "servfail")
name("refused", "refused")
name("notimp", "notimp")
name("alias", "alias")
name("truncated", "truncated")
name("lost", "lost", timeout="9s", seconds=4)
name("no-server", "none")
name("no-server-named", "none", resolv="")
name("unreadable", "none", mode=0o600)
name("closed-port", "10.9.1.1")
name("vanishes", "10.9.9.9", seconds=SHORT_S)
name("hosts-file", "nxdomain", hosts="10.9.1.1 sts.dev\n")
name("no-route", "none", host="[2001:db8::1]")
name("address-vanishes", "none", host="10.9.9.9", seconds=SHORT_S)
name("of-the-proxy", "nxdomain", "--proxy=http://proxy.dev:3128", host="sts.example.test")
