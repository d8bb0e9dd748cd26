# SPDX-License-Identifier: Apache-2.0
"""What stands around a Pod: an STS that gives one answer, mock-sts, nginx, unbound, proxies. They run inside the Pod's namespaces and end with
them."""
import subprocess
import time

from harness import pki, proxies, servers, tokens
from harness.mock import MOCK, mock as mock_command
from harness.tokens import http
from pod import DNS, HOST, PROXY, STS

HTML = "Content-Type: text/html"
JSON = "Content-Type: application/json"


def identity(pod, **more):
    """A server certificate for the STS's name, unless told otherwise."""
    more = {"cn": HOST, "names": [HOST], "ips": [STS]} | more
    issuer = more.pop("issuer", pod.ca)
    return pki.server(issuer, **more)


def sts(pod, answer=None, *, who=None, address=STS, port=443, tls=True, context=None, stall=None, blind=False, **more):
    """Python's ssl; the answer is bytes, an Answer, or a function of the request."""
    if answer is None:
        def answer(_):
            return tokens.exchanged(tokens.issued())
    if tls and context is None:
        context = servers.tls_context(who or pod.world.identity, pod.folder, **more)
    return servers.Server(answer, tls=context if tls else None, stall=stall, blind=blind, address=address, port=port)


def mock(pod, *args, claims=(), trusted=True):
    """mock-sts, and a subject token of the cluster that it trusts."""
    key, other = pod.folder / "cluster.pem", pod.folder / "other.pem"
    for path in (key, other):
        mock_command("keygen", "--type", "ec", "--out", path)
    certificate, private = identity(pod).files(pod.folder)
    command = [MOCK, "serve", "--listen", STS, "--port", "443", "--port-file", pod.folder / "port", "--cert", certificate, "--key", private,
               "--trust-key", key, "--alg", "ES256", "--issuer", f"https://{HOST}", *args]
    subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL)
    until_file(pod.folder / "port")
    mint(pod, *claims, key=key if trusted else other)


def mint(pod, *claims, key=None):
    usual = ("--namespace", "shop", "--serviceaccount", "cart")
    if "--expires-in" not in claims:
        usual += ("--expires-in", "85m")
    if "--audience" not in claims:
        usual += ("--audience", f"https://{HOST}")
    pod.token(mock_command("mint", "--key", key or pod.folder / "cluster.pem", *usual, *claims).strip())


def until_file(path):
    until = time.monotonic() + servers.PATIENCE_S
    while not path.exists():
        assert time.monotonic() < until, f"{path} does not come"
        time.sleep(0.01)


NGINX = servers.NGINX_BEGINS + """
  server {{
    listen {address}:443 ssl;
    server_name {host};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    {inside}
  }}
}}
"""


def nginx(pod, inside, who=None):
    """nginx on the STS's address; `inside` is what its server block has."""
    folder = pod.folder / "nginx"
    folder.mkdir()
    certificate, key = (who or pod.world.identity).files(folder)
    path = folder / "nginx.conf"
    path.write_text("user root;" + NGINX.format(folder=folder, address=STS, host=HOST, certificate=certificate, key=key, inside=inside))
    subprocess.Popen([servers.NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(path)], stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    servers.wait_for_port(443, address=STS)


UNBOUND = """
server:
  interface: {address}
  port: 53
  do-daemonize: no
  username: ""
  chroot: ""
  directory: {folder}
  pidfile: {folder}/pid
  use-syslog: no
  logfile: {folder}/log
  module-config: "iterator"
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  qname-minimisation: no
  num-threads: 1
  {inside}
{zones}
"""


def unbound(pod, inside="", zones="", address=DNS):
    """A real resolver, which knows no other server than those of `zones`. The cluster's domain is empty."""
    folder = pod.folder / f"unbound-{address}"
    folder.mkdir()
    path = folder / "unbound.conf"
    if "local-zone: cluster.local" not in inside:
        inside += "\n  local-zone: cluster.local static"
    path.write_text(UNBOUND.format(folder=folder, address=address, inside=inside, zones=zones))
    binary = "/usr/sbin/unbound"
    subprocess.Popen([binary, "-c", str(path), "-d"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    servers.wait_for_port(53, address=address)


def proxy(pod, say, *, hang=False, port=3128):
    """A proxy that answers every CONNECT with these bytes."""
    return servers.Server(say, tls=None, stall="request" if hang else None, address=PROXY, port=port)


def tunnel(pod, address=PROXY, port=3128):
    """A proxy that leads to the STS."""
    return proxies.Tunnel(443, host=STS, address=address, at=port)


__all__ = ["HTML", "JSON", "http", "identity", "mock", "nginx", "proxy", "sts", "tunnel", "unbound"]
