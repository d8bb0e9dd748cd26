# SPDX-License-Identifier: Apache-2.0
"""Runs a program in a network of its own, with a name server that answers every question alike. It is run as root, by unshare:

    namespace.py RESOLV_CONF HOSTS ANSWER UID GID PROGRAM ARGUMENT...

The network is loopback with two addresses: 10.9.0.10, where the name server is, and 10.9.1.1, where nobody listens. Packets to any other
address vanish. ANSWER: nxdomain, nodata, servfail, refused, notimp, lost, alias, truncated, an IPv4 address, or none (there is no server)."""
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading

SERVER, CLOSED = "10.9.0.10", "10.9.1.1"
RCODES = {"nxdomain": 3, "nodata": 0, "servfail": 2, "refused": 5, "notimp": 4, "alias": 0, "truncated": 0}


def run(*command):
    subprocess.run(command, check=True, timeout=20)


def build(resolv, hosts):
    for command in ("mount --make-rprivate /", f"mount --bind {resolv} /etc/resolv.conf", f"mount --bind {hosts} /etc/hosts", "ip link set lo up",
                    f"ip addr add {SERVER}/32 dev lo", f"ip addr add {CLOSED}/32 dev lo", "ip route add default dev lo"):
        run(*command.split())
    # The kernel gives an address up after three seconds.
    pathlib.Path("/proc/sys/net/ipv4/tcp_syn_retries").write_text("1")


def response(query, answer):
    """A message of RFC 1035: the question again, and at most one record."""
    end = query.index(b"\0", 12) + 5
    kind, = struct.unpack("!H", query[end - 4:end - 2])
    record = b""
    if answer == "alias":
        name = b"\7nowhere\4test\0"
        record = b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 30, len(name)) + name
    elif answer not in RCODES and kind == 1:
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 30, 4) + socket.inet_aton(answer)
    flags = 0x8180 | RCODES.get(answer, 0) | (0x0200 if answer == "truncated" else 0)
    return query[:2] + struct.pack("!HHHHH", flags, 1, 1 if record else 0, 0, 0) + query[12:end] + record


def serve(answer):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((SERVER, 53))

    def loop():
        while True:
            query, peer = server.recvfrom(2048)
            if answer != "lost":
                server.sendto(response(query, answer), peer)
    threading.Thread(target=loop, daemon=True).start()


def main():
    resolv, hosts, answer, uid, gid, *command = sys.argv[1:]
    build(resolv, hosts)
    if answer != "none":
        serve(answer)
    with subprocess.Popen(command, user=int(uid), group=int(gid), extra_groups=[]) as process:
        status = process.wait()
    os._exit(status if status >= 0 else 128 - status)


main()
