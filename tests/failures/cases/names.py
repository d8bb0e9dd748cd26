# SPDX-License-Identifier: Apache-2.0
"""Names: real resolvers that say no, fail, or are silent."""
from case import case
from peers import sts, unbound
from pod import DNS, HOST, NOBODY, SEARCH, STS, sh

NEVER = ("emptyDir", "--cacert-path", "connect_timeout")


@case("dns_nxdomain", "name", "unknown_host", 69, ["nx.example.com", "no such name"],
      fetch=["nx.example.com.shop.svc.cluster.local"], never=(*NEVER, "NetworkPolicy"), short=True)
def _(pod):
    unbound(pod, "local-zone: example.com static")
    pod.set(url="https://nx.example.com/token")


@case("dns_short_name_other_ns", "name", "unknown_host", 69, ["keycloak", "no such name"], fetch=["keycloak.shop.svc.cluster.local", "namespace"],
      never=(*NEVER, "NetworkPolicy"))
def _(pod):
    unbound(pod, "local-zone: . static")
    pod.set(url="https://keycloak/token")


@case("dns_nodata_ipv6_only", "name", "unknown_host", 69, ["v6.example.com", "no address|no such name"], never=(*NEVER, "NetworkPolicy"))
def _(pod):
    unbound(pod, "local-zone: example.com static\n  local-data: 'v6.example.com. TXT \"x\"'")
    pod.set(url="https://v6.example.com/token")


@case("dns_nobody_listens", "name", "dns", 69, [HOST, DNS, "connection refused|refused"], never=NEVER)
def _(pod):
    pod.hosts({})


@case("dns_no_route_to_ns", "name", "dns", 69, [HOST, "192.0.2.1", "network unreachable"], never=NEVER)
def _(pod):
    pod.hosts({})
    pod.resolv(f"{SEARCH}nameserver 192.0.2.1\n")
    sh("ip route del default dev lo")


@case("dns_silent", "name", "dns", 69, [HOST, DNS, "no answer|did not answer", "NetworkPolicy"], never=NEVER, short=True)
def _(pod):
    pod.hosts({})
    pod.resolv(f"{SEARCH}nameserver {DNS}\n")
    pod.drop("-p udp --dport 53")
    pod.drop("-p tcp --dport 53")
    pod.set(timeout="3s")


@case("dns_silent_udp_blocked", "name", "dns", 69, [HOST, DNS, "no answer|did not answer", "NetworkPolicy"], never=NEVER)
def _(pod):
    pod.hosts({})
    unbound(pod, f"local-zone: example.com static\n  local-data: '{HOST}. A {STS}'")
    pod.drop("-p udp --dport 53")
    pod.set(timeout="3s")


@case("dns_servfail", "name", "dns", 69, ["servfail.example.com", DNS, "SERVFAIL"], never=(*NEVER, "NetworkPolicy"))
def _(pod):
    sh("ip route add unreachable 192.0.2.1")
    unbound(pod, zones="forward-zone:\n  name: example.com\n  forward-addr: 192.0.2.1\n")
    pod.resolv(f"nameserver {DNS}\n")
    pod.set(url="https://servfail.example.com/token")


@case("dns_refused", "name", "dns", 69, [HOST, DNS, "REFUSED|refused to answer"], never=NEVER)
def _(pod):
    pod.hosts({})
    unbound(pod, "local-zone: . refuse")


@case("dns_search_only_certname", "tls", "cert_name", 69, ["sts", f"DNS:{HOST}"], never=(*NEVER, "NetworkPolicy"))
def _(pod):
    sts(pod)
    unbound(pod, f"local-data: 'sts.shop.svc.cluster.local. A {STS}'")
    pod.set(url="https://sts/token")


@case("dns_typo_underscore", "configuration", None, 64, fetch=["empty label|sts..example.com", "URL"])
def _(pod):
    pod.set(url="https://sts..example.com/token")


@case("dns_typo_space", "configuration", None, 64, fetch=["URL"])
def _(pod):
    pod.set(url="https://sts example.com/token")


@case("resolv_missing", "name", "dns", 69, [HOST, "/etc/resolv.conf", "dnsConfig"], never=["emptyDir", "NetworkPolicy"])
def _(pod):
    pod.hosts({})
    pod.path("/etc/resolv.conf").unlink()


@case("resolv_empty", "name", "dns", 69, [HOST, "/etc/resolv.conf", "dnsConfig"], never=["emptyDir", "NetworkPolicy"])
def _(pod):
    pod.hosts({})
    pod.resolv("")


@case("resolv_no_address", "name", "dns", 69, ["/etc/resolv.conf", "10.96.0.999", "dnsConfig"], never=["emptyDir", "NetworkPolicy"])
def _(pod):
    pod.hosts({})
    pod.resolv("nameserver 10.96.0.999\n")


@case("resolv_directory", "name", "dns", 69, ["/etc/resolv.conf", "directory"], never=["emptyDir"])
def _(pod):
    pod.hosts({})
    pod.path("/etc/resolv.conf").unlink()
    pod.path("/etc/resolv.conf").mkdir()


@case("ipv6_only_on_ipv4_node", "connect", "connect", 69, ["2001:db8::7", "network unreachable|no route"], never=["no such name", "emptyDir"])
def _(pod):
    unbound(pod, f"local-zone: example.com static\n  local-data: '{HOST}. AAAA 2001:db8::7'")
    pod.hosts({})
    sh("ip -6 route del default dev lo")


@case("hosts_alias_wrong", "connect", "connect_timeout", 69, [NOBODY, HOST], never=["no such name", "/etc/resolv.conf"])
def _(pod):
    pod.hosts({HOST: [NOBODY]})
    pod.set(timeout="2s")


@case("dns_dangling_cname", "name", "dns|unknown_host", 69, ["alias.example.com", "no address"], never=(*NEVER, "NetworkPolicy"))
def _(pod):
    unbound(pod, "local-zone: example.com static\n  local-data: 'alias.example.com. CNAME gone.example.com.'")
    pod.set(url="https://alias.example.com/token")


@case("dns_second_server_answers_no", "name", "unknown_host", 69, ["nx.example.com", "no such name"], never=NEVER)
def _(pod):
    unbound(pod, "local-zone: example.com static")
    pod.resolv(f"{SEARCH}nameserver 10.96.0.11\nnameserver {DNS}\n")
    pod.set(url="https://nx.example.com/token", timeout="12s")
    pod.deadline = "12s"


@case("dns_two_silent", "name", "dns", 69, [HOST, DNS, "no answer|did not answer"], never=NEVER)
def _(pod):
    pod.hosts({})
    pod.drop("-p udp --dport 53")
    pod.drop("-p tcp --dport 53")
    pod.resolv(f"nameserver {DNS}\nnameserver 10.96.0.11\n")
    pod.set(timeout="3s")


@case("dns_server_by_name", "name", "dns", 69, ["dns.example.com", "/etc/resolv.conf"], never=("emptyDir",))
def _(pod):
    pod.hosts({})
    pod.resolv("nameserver dns.example.com\n")


@case("dns_sinkhole", "connect", "connect", 69, ["0.0.0.0:443", "connection refused", "hostAliases"], fetch=[HOST],
      never=["no such name", "emptyDir", "NetworkPolicy"])
def _(pod):
    pod.hosts({HOST: ["0.0.0.0"]})


@case("dns_points_to_loopback", "connect", "connect", 69, ["127.0.0.1:443", "connection refused", "hostAliases"], fetch=[HOST],
      never=["no such name", "emptyDir", "NetworkPolicy"])
def _(pod):
    pod.hosts({HOST: ["127.0.0.1"]})


@case("resolv_unreadable", "name", "dns", 69, ["/etc/resolv.conf", "permission denied", "readable"], never=["emptyDir", "regular file"])
def _(pod):
    pod.hosts({})
    pod.path("/etc/resolv.conf").chmod(0o600)


@case("name_unicode", "configuration", None, 64, fetch=["URL", "host name|ASCII|xn--"])
def _(pod):
    pod.set(url="https://sts.münchen.example/token")
