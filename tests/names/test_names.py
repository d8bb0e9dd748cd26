# SPDX-License-Identifier: Apache-2.0
"""Which names are asked, in which order, at what price: the release binary in a cluster's network that is all script."""
import socket
import subprocess

import dns.message
import dns.rrset
import pytest

from conftest import CLOSED, DEAD, DNS, DNS_2, DNS_6, DNS_LINK_LOCAL, INTERFACE, POD, PUBLIC, SERVICE, SERVICE_6, ask_glibc
from harness import servers, tokens
from nameserver import Alias, Late, Truncated, response

NAMESERVER = f"nameserver {DNS}\n"
IN_CLUSTER = "sts.dev.svc.cluster.local"
CHEAP_MS = 900      # less than one try of a name server; what was asked says the rest


def good(run, sts, address=SERVICE):
    assert run.status == 0, run.err
    assert sts.reached == [address]


def address(query, ip, owner=None, also=None):
    """An answer to a query as bytes: one A record, behind another record where there is one."""
    made = response(query)
    made.answer = [also] if also else []
    made.answer.append(dns.rrset.from_text(owner or query.question[0].name, 30, "IN", "A", ip))
    return made.to_wire()


# --- the order ---

def test_the_cluster_comes_before_the_world(fetch, sts, name_servers, configure, cost):
    """https://sts.dev/ is Service `sts` in namespace `dev`."""
    server = name_servers({IN_CLUSTER: [SERVICE], "sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER)
    run = fetch("https://sts.dev/")
    good(run, sts)
    assert server.questions == ["A sts.dev.dev.svc.cluster.local", f"A {IN_CLUSTER}"]
    assert cost("Service in the cluster, A", run, server) < CHEAP_MS


def test_without_the_service_the_world_is_asked(fetch, sts, name_servers, configure, cost):
    server = name_servers({"sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER)
    run = fetch("https://sts.dev/")
    good(run, sts, PUBLIC)
    assert server.questions == ["A sts.dev.dev.svc.cluster.local", f"A {IN_CLUSTER}", "A sts.dev.cluster.local", "A sts.dev"]
    assert cost("public name behind three search domains (NXDOMAIN)", run, server) < CHEAP_MS


def test_a_trailing_dot_is_absolute(fetch, sts, name_servers, configure, cost):
    server = name_servers({IN_CLUSTER: [SERVICE], "sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER)
    run = fetch("https://sts.dev./")
    good(run, sts, PUBLIC)
    assert server.questions == ["A sts.dev"]
    assert cost("absolute name, A", run, server) < CHEAP_MS


@pytest.mark.parametrize("resolv", [
    POD,
    POD.replace("ndots:5", "ndots:1"),
    "search a.example b.example\n",
    "search a.example b.example\noptions ndots:0\n",
    "search a.example .\noptions ndots:2\n",
    "domain a.example\nsearch b.example c.example\noptions ndots:3 timeout:1\n",
    "search b.example\ndomain a.example\n",
    "",
], ids=["pod", "ndots1", "plain", "ndots0", "root", "search-last", "domain-last", "empty"])
@pytest.mark.parametrize("host", ["sts", "sts.dev", "sts.dev.svc", "sts.dev.svc.cluster.local", "a.b.c.d.e.example", "sts.dev."])
def test_the_same_order_as_glibc(fetch, name_servers, configure, resolv, host):
    server = name_servers({})
    configure(resolv + NAMESERVER)
    run = fetch(f"https://{host}/", deadline="1s")
    assert run.status == 69 and "no such name" in run.err, run.err
    ours = server.names
    server.log.clear()
    ask_glibc(host)
    assert ours == server.names


def test_a_search_line_of_2000_bytes(fetch, sts, name_servers, configure, cost):
    domains = [f"d{i:02}.{'x' * 55}.example" for i in range(30)]
    line = f"search {' '.join(domains)} svc.cluster.local\n"
    assert len(line) > 2000
    server = name_servers({IN_CLUSTER: [SERVICE], "sts.dev": [PUBLIC]})
    configure(line + "options ndots:5\n" + NAMESERVER)
    run = fetch("https://sts.dev/")
    good(run, sts)
    assert server.names == [f"sts.dev.{domain}" for domain in domains] + [IN_CLUSTER]
    assert cost("a search line of 2,000 bytes: 31 domains, the last one has it", run, server) < 2 * CHEAP_MS


# --- the hosts file ---

@pytest.mark.parametrize("host", ["sts.dev", "sts.dev.", "STS.Dev"])
def test_host_aliases(fetch, sts, name_servers, configure, host):
    server = name_servers({IN_CLUSTER: [PUBLIC], "sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER, "127.0.0.1\tlocalhost\n# Entries added by HostAliases.\n10.9.1.1\tother\tsts.dev\n")
    run = fetch(f"https://{host}/")
    good(run, sts)
    assert server.log == []


@pytest.mark.parametrize("way", ["hosts", "connect"])
def test_plain_http_goes_no_further_than_loopback(fetch, name_servers, configure, way):
    """A name of loopback that leads elsewhere: nothing is said there, where the token would pass in the clear."""
    name_servers({})
    configure(POD + NAMESERVER, f"{SERVICE}\tlocalhost\n" if way == "hosts" else "")
    with servers.Server(tokens.openunison(tokens.issued()), address=SERVICE) as plain:
        more = ("--connect", f"{SERVICE}:{plain.port}") if way == "connect" else ()
        run = fetch(f"http://localhost:{plain.port}/", "--insecure-http", *more)
    assert run.status == 64 and 'what "localhost" led to is not' in run.err, run.err
    assert b"".join(plain.requests) == b""


def test_localhost_without_an_entry(fetch, sts, name_servers, configure):
    server = name_servers({"localhost": [PUBLIC]})
    configure(POD + NAMESERVER)
    good(fetch("https://localhost/"), sts, "127.0.0.1")
    assert server.log == []


def test_connect_asks_nobody(fetch, sts, name_servers, configure):
    server = name_servers({IN_CLUSTER: [PUBLIC]})
    configure(POD + NAMESERVER, f"{CLOSED} sts.dev\n")
    good(fetch("https://sts.dev/", "--connect", f"{SERVICE}:443"), sts)
    good_6 = fetch("https://sts.dev/", "--connect", f"[{SERVICE_6}]:443")
    assert good_6.status == 0 and sts.reached == [SERVICE, SERVICE_6]
    assert server.log == []


# --- A and AAAA ---

@pytest.mark.parametrize("aaaa", ["lost", "refused", "servfail", "garbage"])
def test_a_bad_aaaa_costs_nothing(fetch, sts, name_servers, configure, cost, aaaa):
    server = name_servers({(IN_CLUSTER, "A"): [SERVICE], (IN_CLUSTER, "AAAA"): aaaa})
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts)
    assert cost(f"A good, AAAA {aaaa}", run, server) < CHEAP_MS


@pytest.mark.parametrize("a", ["nodata", "refused", "servfail"])
def test_only_aaaa(fetch, sts, name_servers, configure, cost, a):
    server = name_servers({(IN_CLUSTER, "A"): a, (IN_CLUSTER, "AAAA"): [SERVICE_6]})
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts, SERVICE_6)
    assert cost(f"AAAA good, A {a}", run, server) < CHEAP_MS


def test_aaaa_when_no_a_connects(fetch, sts, name_servers, configure, cost):
    server = name_servers({IN_CLUSTER: [CLOSED, SERVICE_6]})
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts, SERVICE_6)
    assert server.questions[1:] == [f"A {IN_CLUSTER}", f"AAAA {IN_CLUSTER}"]
    assert cost("the only IPv4 address refuses, then AAAA", run, server) < CHEAP_MS


@pytest.fixture
def without_ipv4():
    subprocess.run(["ip", "route", "del", "default"], check=True)
    yield
    subprocess.run(["ip", "route", "add", "default", "dev", "lo"], check=True)


@pytest.fixture
def without_ipv6():
    subprocess.run(["ip", "-6", "route", "del", "default"], check=True)
    yield
    subprocess.run(["ip", "-6", "route", "add", "default", "dev", "lo"], check=True)


def test_ipv6_only(etc, without_ipv4, fetch, sts, name_servers, configure, cost):
    """AAAA first, from a name server with an IPv6 address. A lost A answer costs nothing there."""
    server = name_servers({(IN_CLUSTER, "AAAA"): [SERVICE_6], (IN_CLUSTER, "A"): "lost"}, on=[DNS_6])
    configure(POD + f"nameserver {DNS_6}\n")
    run = fetch()
    good(run, sts, SERVICE_6)
    assert server.questions == ["AAAA sts.dev.dev.svc.cluster.local", f"AAAA {IN_CLUSTER}"]
    assert cost("IPv6 only, A lost", run, server) < CHEAP_MS


def test_ipv4_only(etc, without_ipv6, fetch, sts, name_servers, configure):
    server = name_servers({IN_CLUSTER: [SERVICE, SERVICE_6]})
    configure(POD + NAMESERVER)
    good(fetch(), sts)
    assert server.questions[-1] == f"A {IN_CLUSTER}"


# --- addresses that do not answer ---

def test_the_next_address_when_the_first_is_closed(fetch, sts, name_servers, configure, cost):
    server = name_servers({IN_CLUSTER: [CLOSED, SERVICE]})
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts)
    assert cost("first of two addresses refuses", run, server) < CHEAP_MS


def test_the_next_address_when_the_first_is_dead(fetch, sts, name_servers, configure, cost):
    """It costs its share of the deadline: there are two addresses, and perhaps AAAA ones."""
    server = name_servers({IN_CLUSTER: [DEAD, SERVICE]})
    configure(POD + NAMESERVER)
    run = fetch(timeout="3s")
    good(run, sts)
    assert 900 < cost("first of two addresses is dead, timeout 3 s", run, server) < 2000


def test_the_other_family_when_the_first_is_dead(fetch, sts, name_servers, configure, cost):
    server = name_servers({IN_CLUSTER: [DEAD, SERVICE_6]})
    configure(POD + NAMESERVER)
    run = fetch(timeout="3s")
    good(run, sts, SERVICE_6)
    assert 1400 < cost("the only IPv4 address is dead, timeout 3 s", run, server) < 2500


def test_all_addresses_are_dead(fetch, sts, name_servers, configure):
    """Even then, no other name is asked."""
    server = name_servers({IN_CLUSTER: [DEAD], "sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER)
    run = fetch(timeout="1s", deadline="1s")
    assert run.status == 69 and sts.reached == []
    assert "A sts.dev" not in server.questions
    assert run.seconds < 3


# --- search domains that fail ---

@pytest.mark.parametrize("what, ms", [("nodata", CHEAP_MS), ("servfail", CHEAP_MS), ("refused", CHEAP_MS), ("garbage", CHEAP_MS)])
def test_a_bad_search_domain_does_not_stop_the_search(fetch, sts, name_servers, configure, cost, what, ms):
    server = name_servers({"sts.example.com.corp.internal": what, "sts.example.com": [PUBLIC]})
    configure("search dev.svc.cluster.local corp.internal\noptions ndots:5\n" + NAMESERVER)
    run = fetch("https://sts.example.com/")
    good(run, sts, PUBLIC)
    assert cost(f"search domain outside of the cluster: {what}", run, server) < ms


def test_a_silent_search_domain_does_not_either(fetch, sts, name_servers, configure, cost):
    server = name_servers({"sts.example.com.corp.internal": "lost", "sts.example.com": [PUBLIC]})
    configure("search corp.internal\noptions ndots:5 timeout:1\n" + NAMESERVER)
    run = fetch("https://sts.example.com/")
    good(run, sts, PUBLIC)
    assert 1900 < cost("search domain outside of the cluster: silent, timeout:1 attempts:2", run, server) < 3000


@pytest.mark.parametrize("what", ["servfail", "refused", "garbage", "lost", Alias("sts.upstream.example", []),
                                  Alias("sts.upstream.example", [], "NXDOMAIN"), Truncated([SERVICE], "closes")],
                         ids=["servfail", "refused", "garbage", "lost", "alias", "alias-nxdomain", "truncated"])
def test_a_failure_in_the_cluster_never_asks_the_world(fetch, sts, name_servers, configure, what):
    """The exception: the public name must not be handed the Service's token."""
    server = name_servers({IN_CLUSTER: what, "sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER + "options timeout:1 attempts:1\n")
    run = fetch(deadline="2s")
    assert run.status == 69 and sts.reached == []
    assert "A sts.dev" not in server.questions and "AAAA sts.dev" not in server.questions
    assert ("an alias (CNAME)" if isinstance(what, Alias) else f"name server {DNS}: ") in run.err, run.err


def test_nodata_in_the_cluster_goes_on(fetch, sts, name_servers, configure):
    name_servers({IN_CLUSTER: "nodata", "sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER)
    good(fetch(), sts, PUBLIC)


def test_a_service_that_is_an_alias(fetch, sts, name_servers, configure):
    """ExternalName."""
    name_servers({IN_CLUSTER: Alias("sts.example.com", [SERVICE]), "sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER)
    good(fetch(), sts)


# --- name servers that fail ---

def test_truncated_answers_by_tcp(fetch, sts, name_servers, configure, cost):
    server = name_servers({IN_CLUSTER: Truncated([SERVICE])})
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts)
    assert [query.transport for query in server.log] == ["udp", "udp", "tcp"]
    assert cost("truncated answer, then TCP", run, server) < CHEAP_MS


def test_a_huge_answer_by_tcp(fetch, sts, name_servers, configure):
    """64 KB of it; only the first addresses are looked at."""
    server = name_servers({IN_CLUSTER: Truncated([CLOSED, SERVICE] + [f"10.8.{i // 250}.{i % 250}" for i in range(3900)])})
    configure(POD + NAMESERVER)
    good(fetch(), sts)
    assert [query.transport for query in server.log] == ["udp", "udp", "tcp"]


def test_tcp_that_stalls_is_bounded(fetch, sts, name_servers, configure):
    server = name_servers({IN_CLUSTER: Truncated([SERVICE], "stalls")})
    configure(POD + NAMESERVER + "options timeout:1\n")
    run = fetch(deadline="2s")
    assert run.status == 69 and "needs TCP, which failed" in run.err, run.err
    assert run.seconds < 3 and "A sts.dev" not in server.questions


def test_a_truncated_answer_from_a_server_without_tcp(fetch, sts, name_servers, configure, cost):
    first, second = name_servers({IN_CLUSTER: Truncated([SERVICE], "closes")}, {IN_CLUSTER: [SERVICE]})
    configure(POD + NAMESERVER + f"nameserver {DNS_2}\n")
    run = fetch()
    good(run, sts)
    assert [query.server for query in first.log] == [DNS, DNS, DNS, DNS_2]
    assert cost("truncated answer, TCP fails, second server", run, first) < CHEAP_MS


@pytest.mark.parametrize("what", ["servfail", "refused", "garbage"])
def test_the_next_server_at_once(fetch, sts, name_servers, configure, cost, what):
    first, _ = name_servers(what, {IN_CLUSTER: [SERVICE]})
    configure(POD + NAMESERVER + f"nameserver {DNS_2}\n")
    run = fetch()
    good(run, sts)
    assert [query.server for query in first.log] == [DNS, DNS_2, DNS_2]
    assert cost(f"first name server: {what}", run, first) < CHEAP_MS


def test_a_dead_first_server_costs_one_try(fetch, sts, name_servers, configure, cost):
    """Once, not for each name of the search."""
    first, _ = name_servers("lost", {"sts.dev": [PUBLIC]})
    configure(POD + NAMESERVER + f"nameserver {DNS_2}\n")
    run = fetch()
    good(run, sts, PUBLIC)
    assert [query.server for query in first.log] == [DNS] + 4 * [DNS_2]
    assert 900 < cost("first name server: dead, four names", run, first) < 1500


def test_a_first_server_that_is_not_there(fetch, sts, name_servers, configure, cost):
    """The kernel tells at once (port unreachable)."""
    server = name_servers({IN_CLUSTER: [SERVICE]})
    configure(POD + f"nameserver {CLOSED}\n" + NAMESERVER)
    run = fetch()
    good(run, sts)
    assert cost("first name server: nobody listens", run, server) < CHEAP_MS


def test_a_first_server_without_a_route(etc, without_ipv4, fetch, sts, name_servers, configure, cost):
    server = name_servers({IN_CLUSTER: [SERVICE_6]}, on=[DNS_6])
    configure(POD + f"nameserver 192.0.2.53\nnameserver {DNS_6}\n")
    run = fetch()
    good(run, sts, SERVICE_6)
    assert run.seconds < CHEAP_MS / 1000
    assert cost("first name server: no route", run, server) < CHEAP_MS


def test_a_lost_packet(fetch, sts, name_servers, configure, cost):
    server = name_servers({})
    server.zone[IN_CLUSTER] = lambda query: [] if server.questions.count(f"A {IN_CLUSTER}") % 2 else [address(query, SERVICE)]
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts)
    assert 900 < cost("one packet lost, one name server", run, server) < 1500


def test_late_answers_count(fetch, sts, name_servers, configure):
    server = name_servers({IN_CLUSTER: Late(1.3, [SERVICE])})
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts)
    assert run.seconds < 3
    assert server.names[-1] == IN_CLUSTER


def test_answers_to_other_questions_are_passed_over(fetch, sts, name_servers, configure, cost):
    """Another id, another question, another name in the record."""
    def hostile(query):
        other_id, question, kind, right = (dns.message.make_query(query.question[0].name, "A", id=query.id) for _ in range(4))
        other_id.id ^= 0x0100
        question.question = dns.message.make_query("other.example.", "A").question
        kind.question = dns.message.make_query(query.question[0].name, "TXT").question
        forged = [address(message, PUBLIC, query.question[0].name) for message in (other_id, question, kind)]
        wire = address(right, SERVICE, also=dns.rrset.from_text("other.example.", 30, "IN", "A", PUBLIC))
        return [*forged, b"", b"\0" * 11, wire]
    server = name_servers({IN_CLUSTER: hostile})
    configure(POD + NAMESERVER)
    run = fetch()
    good(run, sts)
    assert cost("three forged answers first", run, server) < CHEAP_MS


def test_dead_dns_ends_at_the_deadline(fetch, sts, name_servers, configure, cost):
    name_servers("lost")
    configure(POD + NAMESERVER)
    run = fetch(timeout="2s", deadline="2s")
    assert run.status == 69 and sts.reached == []
    assert 1.8 < run.seconds < 2.6
    assert f"sts.dev: name server {DNS}: no answer; asked for sts.dev.dev.svc.cluster.local" in run.err, run.err


def test_dead_dns_gives_up_before_a_long_deadline(fetch, sts, configure, cost):
    """In the cluster's domain, the first name without an answer ends the search, after timeout + attempts - 1 seconds."""
    configure(POD + f"nameserver {DEAD}\noptions timeout:2 attempts:2\n")
    run = fetch(timeout="20s", deadline="4s")
    assert run.status == 69
    assert f"name server {DEAD}: no answer" in run.err, run.err
    assert run.seconds < 5


def index():
    return socket.if_nametoindex(INTERFACE)


@pytest.mark.parametrize("written", [lambda: f"{DNS_LINK_LOCAL}%{INTERFACE}", lambda: f"FE80::0053%{INTERFACE}", lambda: f"{DNS_LINK_LOCAL}%{index()}"],
                         ids=["name", "upper-case", "number"])
def test_a_link_local_server(written, fetch, sts, name_servers, configure):
    """Routers announce servers of this kind. The kernel needs the interface beside the address; TCP needs it as well."""
    server = name_servers({IN_CLUSTER: Truncated([SERVICE])}, on=[f"{DNS_LINK_LOCAL}%{INTERFACE}"])
    configure(POD + f"nameserver {written()}\n")
    good(fetch("https://sts.dev/", "--require-sandbox"), sts)
    assert [query.transport for query in server.log] == ["udp", "udp", "tcp"]


def test_the_message_about_a_link_local_server_has_its_zone(fetch, sts, configure):
    configure(POD + f"nameserver {DNS_LINK_LOCAL}%{INTERFACE}\n")
    run = fetch(deadline="1s")
    assert run.status == 69
    assert f"name server {DNS_LINK_LOCAL}%{index()}: connection refused" in run.err, run.err


@pytest.mark.parametrize("server, why", [
    ("fe80::53%eth7", "there is no such interface"),
    ("fe80::53", "a link-local address needs its interface, as in fe80::1%eth0"),
    ("10.0.0.1%sts-names0", "an IPv4 address has no interface"),
    ("dns.example", "not an IP address"),
])
def test_no_server_that_can_be_used(server, why, fetch, sts, name_servers, configure):
    """Nobody else is asked in its place: what listens on 127.0.0.1 is not the name server of the file."""
    asked = name_servers({IN_CLUSTER: [SERVICE]}, on=["127.0.0.1"])
    configure(f"# made by a router\n{POD}nameserver {server}\nnameserver another\n")
    run = fetch(deadline="1s")
    assert run.status == 69 and sts.reached == []
    assert f'/etc/resolv.conf has no name server that can be used: "nameserver {server}": {why} ' in run.err, run.err
    assert asked.log == []


def test_a_bad_server_beside_a_good_one(fetch, sts, name_servers, configure):
    name_servers({IN_CLUSTER: [SERVICE]})
    configure(POD + "nameserver fe80::53%eth7\n" + NAMESERVER)
    good(fetch(), sts)


def test_a_link_local_host(fetch, sts, name_servers, configure):
    """An entry of /etc/hosts with an interface is used, and no name server is asked."""
    asked = name_servers({IN_CLUSTER: [PUBLIC]})
    configure(POD + NAMESERVER, f"{DNS_LINK_LOCAL}%{INTERFACE} sts.dev\n")
    run = fetch(deadline="1s")
    assert run.status == 69 and asked.log == [] and sts.reached == []
    assert f"sts.dev: [{DNS_LINK_LOCAL}%{index()}]:443: connection refused" in run.err, run.err


@pytest.mark.parametrize("resolv", [POD, ""], ids=["no-nameserver", "empty"])
def test_the_default_server_answers(resolv, fetch, sts, name_servers, configure):
    """127.0.0.1, as resolv.conf(5) says."""
    name_servers({"sts.dev": [SERVICE], IN_CLUSTER: [SERVICE]}, on=["127.0.0.1"])
    configure(resolv)
    good(fetch(), sts)


def test_no_server_at_all(fetch, configure):
    """127.0.0.1, as for libc."""
    configure(POD)
    run = fetch(deadline="1s")
    assert run.status == 69
    assert "name server 127.0.0.1 (/etc/resolv.conf names none): connection refused" in run.err, run.err
