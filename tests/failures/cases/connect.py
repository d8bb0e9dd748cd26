# SPDX-License-Identifier: Apache-2.0
"""Connections: closed ports, packets that vanish, ports that speak something else."""
import socket

from case import case
from peers import http, nginx, sts
from pod import HOST, NOBODY, OTHER, STS, sh
from harness import servers

NEVER = ("emptyDir", "--cacert-path", "/etc/resolv.conf", "no such name", 'error="dns"')


@case("tcp_refused", "connect", "connect", 69, [HOST, f"{STS}:443", "connection refused"], never=NEVER, short=True)
def _(pod):
    pass


@case("tcp_filtered", "connect", "connect_timeout", 69, [f"{HOST}|{STS}", f"{STS}:443", "no answer|not answer", "NetworkPolicy"],
      fetch=["resolved|the address is from"], never=NEVER, short=True)
def _(pod):
    pod.drop(f"-p tcp -d {STS} --dport 443")
    pod.set(timeout="2s")


@case("tcp_filtered_deadline", "connect", "connect_timeout", 69, [f"{HOST}|{STS}", f"{STS}:443", "no answer|not answer"], never=NEVER)
def _(pod):
    pod.drop(f"-p tcp -d {STS} --dport 443")
    pod.deadline = "1s"


@case("tcp_filtered_by_address", "connect", "connect_timeout", 69, [f"{NOBODY}:8443", "no answer|not answer", "NetworkPolicy"],
      never=(*NEVER, "resolv"), short=True)
def _(pod):
    pod.set(url=f"https://{NOBODY}:8443/token", timeout="2s")


@case("tcp_filtered_two_addresses", "connect", "connect_timeout", 69, [f"{STS}:443", "no answer|not answer"], fetch=[OTHER], never=NEVER)
def _(pod):
    pod.hosts({HOST: [STS, OTHER]})
    pod.drop("-p tcp --dport 443")
    pod.set(timeout="3s")


@case("tcp_filtered_then_refused", "connect", "connect|connect_timeout", 69, [f"{STS}:443|{OTHER}:443"], fetch=[STS, OTHER], never=NEVER)
def _(pod):
    pod.hosts({HOST: [STS, OTHER]})
    pod.drop(f"-p tcp -d {STS} --dport 443")
    pod.set(timeout="3s")


@case("tcp_no_route", "connect", "connect", 69, ["192.0.2.7:8443", "network unreachable"], never=NEVER)
def _(pod):
    sh("ip route del default dev lo")
    pod.set(url="https://192.0.2.7:8443/token")


@case("tcp_host_unreachable", "connect", "connect", 69, ["192.0.2.7:8443", "host unreachable|no route"], never=NEVER)
def _(pod):
    sh("ip route add unreachable 192.0.2.7")
    pod.set(url="https://192.0.2.7:8443/token")


@case("tcp_rejected_by_policy", "connect", "connect", 69, [f"{STS}:443", "unreachable|refused|permission|firewall"], never=NEVER)
def _(pod):
    sh(f"iptables -A INPUT -p tcp -d {STS} --dport 443 -j REJECT --reject-with icmp-admin-prohibited")


@case("tcp_forbidden", "connect", "connect", 69, ["192.0.2.7:443", "permission|forbid"], never=NEVER)
def _(pod):
    sh("ip route add prohibit 192.0.2.7")
    pod.set(url="https://192.0.2.7/token")


@case("tcp_ssh_port", "tls", "tls", 69, [f"{HOST}", "22", "does not speak TLS|no TLS|SSH"], never=("emptyDir", "ECDHE", "no such name"))
def _(pod):
    servers.Server(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", tls=None, blind=True, address=STS, port=22)
    pod.set(url=f"https://{HOST}:22/token")


@case("tls_to_plain_http_port", "tls", None, None, [f"{HOST}", "8080", "does not speak TLS|plain HTTP|sent nothing"],
      never=("emptyDir", "no such name", "STS's load"))
def _(pod):
    servers.Server(http(400, b"Bad Request"), tls=None, address=STS, port=8080)
    pod.set(url=f"https://{HOST}:8080/token", timeout="2s")


@case("tls_to_plain_nginx", "tls", "tls", 69, [f"{HOST}", "8080", "plain HTTP|HTTP"], never=("emptyDir", "no such name", "ECDHE"))
def _(pod):
    nginx(pod, "listen 10.0.4.17:8080; location / { return 200 hello; }")
    pod.set(url=f"https://{HOST}:8080/token", timeout="2s")


@case("http_url_to_tls_port", "tls|answer", None, None, ["127.0.0.1", "8443", "speaks TLS|https|TLS"], never=("emptyDir", "no such name", "STS's log"),
      short=True)
def _(pod):
    sts(pod, address="127.0.0.1", port=8443)
    pod.set(url="http://127.0.0.1:8443/token", cacert_path=None)
    pod.more = ["--insecure-http"]


@case("http_url_to_nginx_tls", "tls|answer", None, None, ["127.0.0.1", "8443", "speaks TLS|https|HTTPS"], never=("emptyDir", "no such name"))
def _(pod):
    nginx(pod, "listen 127.0.0.1:8443 ssl; location / { return 200 hello; }")
    pod.set(url="http://127.0.0.1:8443/token", cacert_path=None)
    pod.more = ["--insecure-http"]


@case("mtu_black_hole", "tls", "timeout", 75, [HOST, f"{STS}:443|{STS}", "handshake"], fetch=["MTU|large packets|large"], never=NEVER)
def _(pod):
    sts(pod)
    sh("ip link set lo mtu 1500")
    pod.drop("-p tcp --sport 443 -m length --length 600:")
    pod.set(timeout="2s")


@case("mtu_black_hole_request", "answer", "timeout", 75, [HOST, "waiting for the answer|answer"], never=("emptyDir", "no such name"))
def _(pod):
    sts(pod)
    sh("ip link set lo mtu 1500")
    pod.drop("-p tcp --dport 443 -m length --length 800:")
    pod.set(timeout="2s")


@case("tcp_closes_at_once", "tls", None, None, [f"{HOST}|{STS}", "443", "closed"], never=("emptyDir", "no such name"))
def _(pod):
    servers.Server(b"", tls=None, blind=True, address=STS, port=443)


@case("tcp_service_without_endpoints", "connect", "connect", 69, [f"{STS}:443", "connection refused"], fetch=[HOST], never=NEVER)
def _(pod):
    sh(f"iptables -A INPUT -p tcp -d {STS} --dport 443 -j REJECT --reject-with tcp-reset")


@case("tcp_wrong_port", "connect", "connect", 69, [f"{STS}:8443", "connection refused"], fetch=[HOST], never=NEVER)
def _(pod):
    sts(pod)
    pod.set(url=f"https://{HOST}:8443/token")


@case("tcp_second_address_answers", "sidecar", None, 0, ok=0)
def _(pod):
    sts(pod, address=OTHER)
    pod.hosts({HOST: [STS, OTHER]})


@case("tcp_connect_option", "connect", "connect", 69, [f"{OTHER}:444", "connection refused"], never=NEVER)
def _(pod):
    sts(pod)
    pod.set(connect=f"{OTHER}:444")


@case("tcp_no_local_port", "connect", "connect", 69, [f"{STS}:443", "local port|address"], never=NEVER)
def _(pod):
    sh("sysctl -qw net.ipv4.ip_local_port_range=40000\\ 40000")
    pod.held = [socket.create_connection((server.address, server.port)) for server in [sts(pod)]]


@case("tcp_dropped_after_request", "answer", "timeout", 75, [HOST, "answer"], never=("emptyDir", "no such name"))
def _(pod):
    sts(pod, stall="request")
    pod.set(timeout="2s")


@case("tcp_load_balancer_without_backend", "tls", None, None, [f"{HOST}|{STS}", "handshake", "443"], never=("emptyDir", "no such name"))
def _(pod):
    sts(pod, stall="accept")
    pod.set(timeout="2s")


@case("tcp_reset_after_accept", "tls", None, 69, [f"{HOST}|{STS}", "443", "reset|closed"], never=("emptyDir", "no such name"))
def _(pod):
    servers.Server(servers.Answer(b"", end="reset"), tls=None, blind=True, address=STS, port=443)
