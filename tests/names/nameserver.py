# SPDX-License-Identifier: Apache-2.0
"""A scripted name server on port 53 of one address, by UDP and TCP.

A zone is a dictionary: (name, type) or name to what is answered, a list of addresses, or one of
    "nxdomain" "nodata" "servfail" "refused" "lost" "garbage" "stranger", a function of the query that gives a message or bytes, or
    Truncated(addresses), Late(seconds, addresses), Alias(name, addresses).
What it does not hold does not exist. A zone that is a string does that to every query."""
import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class Truncated:
    """Answers by TCP alone. With "refused", UDP is closed, as if no server listened there."""
    addresses: object
    tcp: str = "good"


@dataclass
class Late:
    seconds: float
    addresses: object


@dataclass
class Alias:
    to: str
    addresses: object
    rcode: str = "NOERROR"


@dataclass(frozen=True)
class Query:
    server: str
    transport: str
    type: str
    name: str
    at: float = 0


RCODES = {"nxdomain": "NXDOMAIN", "nodata": "NOERROR", "servfail": "SERVFAIL", "refused": "REFUSED"}


def response(query, rcode="NOERROR"):
    made = dns.message.make_response(query, recursion_available=True)
    made.set_rcode(dns.rcode.from_text(rcode))
    return made


def add(made, name, addresses, rtype):
    of_type = [a for a in addresses if (":" in a) == (rtype == "AAAA")]
    if of_type:
        made.answer.append(dns.rrset.from_text(name, 30, "IN", rtype, *of_type))


class NameServer:
    def __init__(self, address, zone, log):
        self.address, self.zone, self.log = address, zone, log
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        where = socket.getaddrinfo(address, 53)[0][4]   # with the zone of an address that has one
        self.udp.bind(where)
        self.tcp = socket.create_server(where, family=family)
        self.closing = False
        self.threads = [threading.Thread(target=serve, daemon=True) for serve in (self._serve_udp, self._serve_tcp)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing = True
        with contextlib.suppress(OSError):
            self.tcp.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self.udp.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(5)
        self.udp.close()
        self.tcp.close()

    @property
    def names(self):
        """Names in the order in which they were first asked for."""
        return list(dict.fromkeys(query.name for query in self.log))

    @property
    def questions(self):
        return [f"{query.type} {query.name}" for query in self.log]

    def _note(self, data, transport):
        query = dns.message.from_wire(data)
        assert query.flags == dns.flags.RD and query.opcode() == 0 and len(query.question) == 1
        question = query.question[0]
        name, rtype = question.name.to_text().rstrip(".").lower(), dns.rdatatype.to_text(question.rdtype)
        self.log.append(Query(self.address, transport, rtype, name, time.monotonic()))
        if isinstance(self.zone, str):
            return query, name, rtype, self.zone
        return query, name, rtype, self.zone.get((name, rtype), self.zone.get(name, "nxdomain"))

    def _answer(self, query, name, rtype, what, transport):
        """What goes over the wire: a list of messages as bytes."""
        if isinstance(what, Late):
            time.sleep(what.seconds)
            what = what.addresses
        if isinstance(what, Truncated):
            if transport == "udp":
                made = response(query)
                made.flags |= dns.flags.TC
                return [made.to_wire()]
            if what.tcp != "good":
                return [] if what.tcp == "closes" else [what.tcp]
            what = what.addresses
        if callable(what):
            what = what(query)
            return what if isinstance(what, list) else [what]
        if what == "lost":
            return []
        if what == "garbage":
            return [query.to_wire()[:2] + b"\x81\x80" + b"\xff" * 40, response(query).to_wire()[:6] + b"\0\1" + query.to_wire()[8:] + b"\x40"]
        if what == "stranger":
            made = response(query)
            add(made, query.question[0].name, ["10.9.9.9"], rtype)
            made.id ^= 1
            return [made.to_wire()]
        if isinstance(what, str):
            return [response(query, RCODES[what]).to_wire()]
        made = response(query)
        owner = query.question[0].name
        if isinstance(what, Alias):
            made = response(query, what.rcode)
            made.answer.append(dns.rrset.from_text(owner, 30, "IN", "CNAME", what.to + "."))
            owner, what = what.to + ".", what.addresses
        add(made, owner, what, rtype)
        return [made.to_wire(max_size=65535, want_shuffle=False)]

    def _serve_udp(self):
        while not self.closing:
            try:
                data, peer = self.udp.recvfrom(2048)
            except OSError:
                return
            if not data:
                continue
            for wire in self._answer(*self._note(data, "udp"), "udp"):
                with contextlib.suppress(OSError):
                    self.udp.sendto(wire, peer)

    def _serve_tcp(self):
        while not self.closing:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, struct.error):
                connection.settimeout(5)
                length, = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
                data = connection.recv(length, socket.MSG_WAITALL)
                for wire in self._answer(*self._note(data, "tcp"), "tcp"):
                    if wire == "stalls":
                        connection.recv(1)      # until the client has had enough
                        continue
                    connection.sendall(struct.pack("!H", len(wire)) + wire)
