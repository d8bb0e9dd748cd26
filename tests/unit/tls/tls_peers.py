#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers for test_stream.c, none of them BearSSL: Python's ssl module, and plain sockets that misbehave.

    tls_peers.py DIR    DIR holds rsa.pem, p256.pem, p384.pem, p521.pem: key and certificate

Prints one line "NAME PORT" for each peer, then "ready"; serves until standard input ends.
"""
import contextlib
import socket
import ssl
import struct
import sys
import threading
import time

BIG = 200_000


def context(pem, ciphers=None, group=None, lowest=ssl.TLSVersion.TLSv1_2, highest=None):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(f"{sys.argv[1]}/{pem}.pem")
    ctx.minimum_version = lowest
    if highest:
        ctx.maximum_version = highest
    if ciphers:
        ctx.set_ciphers(ciphers)
    if group:
        ctx.set_ecdh_curve(group)
    ctx.set_alpn_protocols(["h2", "http/1.1"])
    ctx.sni_callback = lambda sock, name, _: setattr(sock, "seen_name", name)
    return ctx


def reset(sock):
    """Close so that the peer sees a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def goodbye(tls):
    """close_notify, then wait for the peer's."""
    with contextlib.suppress(OSError):
        tls.unwrap().close()


# Peers over TLS: a function of the wrapped socket, after the handshake.

def facts(tls):
    tls.recv(4096)
    name = getattr(tls, "seen_name", None)
    tls.sendall(f"{tls.cipher()[0]} {tls.version()} alpn={tls.selected_alpn_protocol()} "
                f"sni={name}\n".encode())
    goodbye(tls)


def echo(tls):
    """Everything back, up to the given count of bytes; then close_notify."""
    data = b""
    while len(data) < BIG:
        data += tls.recv(65536)
    tls.sendall(data)
    goodbye(tls)


def truncated(tls):
    tls.recv(4096)
    tls.sendall(b"half")
    tls.shutdown(socket.SHUT_RDWR)
    tls.close()


def broken(tls):
    tls.recv(4096)
    tls.sendall(b"half")
    time.sleep(0.05)
    reset(tls)


def early(tls):
    """An answer before the request has been read; what is unread makes the kernel send a reset."""
    tls.sendall(b"early")
    tls.shutdown(socket.SHUT_RDWR)
    tls.close()


def mute(tls):
    time.sleep(5)


def deaf(tls):
    tls.recv(1)
    time.sleep(5)


# Peers below TLS: a function of the accepted socket.

def silent(sock):
    time.sleep(5)


def closing(sock):
    sock.close()


def resetting(sock):
    sock.recv(1)
    reset(sock)


def hasty(sock):
    sock.recv(4096)
    sock.sendall(bytes.fromhex("160303007a02000076"))
    sock.close()


def http(sock):
    sock.recv(4096)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    sock.close()


def ssh(sock):
    sock.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    sock.recv(4096)
    sock.close()


def garbage(sock):
    sock.sendall(b"220 mail.example ESMTP ready\r\n")
    sock.recv(4096)
    sock.close()


def one_byte(sock):
    sock.recv(4096)
    sock.sendall(b"\x15")
    sock.close()


def dripping(sock):
    """A ServerHello whose random bytes come one now and then: each wakes the reader up."""
    with contextlib.suppress(OSError):
        sock.sendall(bytes.fromhex("160303005702000053") + b"\3\3")
        while True:
            time.sleep(0.03)
            sock.sendall(b"\0")


def alert(*data):
    """An alert has a level and a number; a malformed one has fewer bytes, or more."""
    def peer(sock):
        sock.recv(4096)
        sock.sendall(bytes([21, 3, 3, 0, len(data), *data]))
        sock.close()
    return peer


RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446, section 4.1.3


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def read_hello(sock):
    """The session id and the extensions of a ClientHello."""
    def exactly(count):
        data = b""
        while len(data) < count:
            data += sock.recv(count - len(data)) or sys.exit("the client has closed")
        return data

    def take(size):
        nonlocal hello
        count = int.from_bytes(hello[:size], "big")
        taken, hello = hello[size:size + count], hello[size + count:]
        return taken

    kind = 0
    while kind != 22:  # a change_cipher_spec may come before
        kind, _, _, size = struct.unpack(">BBBH", exactly(5))
        hello = exactly(size)
    hello = hello[4 + 2 + 32:]
    session = take(1)
    take(2)
    take(1)
    hello = take(2)
    found = {}
    while hello:
        number, hello = int.from_bytes(hello[:2], "big"), hello[2:]
        found[number] = take(2)
    return session, found


def cookie(sock):
    """A HelloRetryRequest with a cookie; alert 112 if the cookie comes back, else alert 40."""
    value = bytes(range(256)) + b"end"
    session, _ = read_hello(sock)
    extensions = struct.pack(">HHH", 43, 2, 0x0304) + struct.pack(">H", 44) + vector(2, vector(2, value))
    hello = b"\3\3" + RETRY_RANDOM + vector(1, session) + struct.pack(">HB", 0x1301, 0) + vector(2, extensions)
    sock.sendall(b"\x16\3\3" + vector(2, b"\2" + vector(3, hello)))
    _, found = read_hello(sock)
    sock.sendall(bytes([21, 3, 3, 0, 2, 2, 112 if found.get(44) == vector(2, value) else 40]))
    sock.close()


def byte_by_byte(ctx):
    """A real TLS server whose every byte is a segment of its own."""
    def peer(sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = ctx.wrap_bio(incoming, outgoing, server_side=True)

        def run(action):
            while True:
                try:
                    result = action()
                    wants = False
                except ssl.SSLWantReadError:
                    wants = True
                for byte in outgoing.read():
                    sock.sendall(bytes([byte]))
                if not wants:
                    return result
                incoming.write(sock.recv(7))

        run(tls.do_handshake)
        run(lambda: tls.read(4096))
        run(lambda: tls.write(b"slowly"))
        with contextlib.suppress(ssl.SSLError, OSError):
            run(tls.unwrap)
        sock.close()
    return peer


def over_tls(ctx, action):
    def peer(sock):
        with contextlib.suppress(OSError):
            tls = ctx.wrap_socket(sock, server_side=True)
            action(tls)
    return peer


def client_cert(highest=None):
    ctx = context("rsa", highest=highest)
    ctx.verify_mode = ssl.CERT_REQUIRED
    ctx.load_verify_locations(f"{sys.argv[1]}/rsa.pem")
    return ctx


def resets(tls):
    """As a server that asks for a certificate, and resets the connection because it does not like it."""
    tls.recv(1)
    reset(tls)


def closes(ctx):
    """As a server that refuses the client's certificate in TLS 1.2, and ends the connection without an alert."""
    def peer(sock):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = ctx.wrap_bio(incoming, outgoing, server_side=True)
        with contextlib.suppress(ssl.SSLError), contextlib.closing(sock):
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    server.do_handshake()
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))
    return peer


def asks():
    ctx = context("rsa")
    ctx.verify_mode = ssl.CERT_OPTIONAL
    ctx.load_verify_locations(f"{sys.argv[1]}/rsa.pem")
    return ctx


def no_protocol():
    """A server that insists on HTTP/2. Python's ssl has no such switch, so this is its alert alone."""
    return alert(2, 120)


TLS11, TLS12, TLS13 = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
P256 = "prime256v1"
PEERS = {
    # Every suite, curve of the key exchange and kind of key; without a group OpenSSL takes X25519.
    "rsa-aes128": over_tls(context("rsa", "ECDHE-RSA-AES128-GCM-SHA256", P256, highest=TLS12), facts),
    "rsa-aes256": over_tls(context("rsa", "ECDHE-RSA-AES256-GCM-SHA384", "secp384r1", highest=TLS12), facts),
    "rsa-chacha": over_tls(context("rsa", "ECDHE-RSA-CHACHA20-POLY1305", highest=TLS12), facts),
    "p256-aes128": over_tls(context("p256", "ECDHE-ECDSA-AES128-GCM-SHA256", highest=TLS12), facts),
    "p384-aes256": over_tls(context("p384", "ECDHE-ECDSA-AES256-GCM-SHA384", P256, highest=TLS12), facts),
    "p521-chacha": over_tls(context("p521", "ECDHE-ECDSA-CHACHA20-POLY1305", "secp521r1", highest=TLS12), facts),
    "default": over_tls(context("p256"), facts),
    "cbc-only": over_tls(context("rsa", "ECDHE-RSA-AES128-SHA256", highest=TLS12), facts),
    "static-rsa": over_tls(context("rsa", "AES128-GCM-SHA256", highest=TLS12), facts),
    "13-rsa": over_tls(context("rsa", lowest=TLS13), facts),
    "13-p256": over_tls(context("p256", lowest=TLS13), facts),
    "13-p384": over_tls(context("p384", group=P256, lowest=TLS13), facts),
    "13-p521": over_tls(context("p521", group="secp521r1", lowest=TLS13), facts),
    "tls11-only": over_tls(context("rsa", lowest=TLS11, highest=TLS11), facts),
    "no-protocol": no_protocol(),
    "client-cert": over_tls(client_cert(), facts),
    "client-cert-12": over_tls(client_cert(TLS12), facts),
    "client-cert-12-closed": closes(client_cert(TLS12)),
    "client-cert-reset": over_tls(asks(), resets),
    "echo": over_tls(context("p256"), echo),
    "echo-aes": over_tls(context("p256", "ECDHE-ECDSA-AES256-GCM-SHA384", highest=TLS12), echo),
    "echo-chacha": over_tls(context("p256", "ECDHE-ECDSA-CHACHA20-POLY1305", highest=TLS12), echo),
    "truncated": over_tls(context("p256"), truncated),
    "broken": over_tls(context("p256"), broken),
    "early": over_tls(context("p256"), early),
    "mute": over_tls(context("p256"), mute),
    "deaf": over_tls(context("p256"), deaf),
    "byte-by-byte": byte_by_byte(context("p256")),
    "byte-by-byte-12": byte_by_byte(context("p256", highest=TLS12)),
    "silent": silent,
    "closing": closing,
    "resetting": resetting,
    "hasty": hasty,
    "http": http,
    "ssh": ssh,
    "garbage": garbage,
    "one-byte": one_byte,
    "dripping": dripping,
    "alert-40": alert(2, 40),
    "alert-70": alert(2, 70),
    "alert-71": alert(2, 71),
    "alert-112": alert(2, 112),
    "alert-99": alert(2, 99),
    "alert-short": alert(2),
    "alert-long": alert(2, 40, 0),
    "cookie": cookie,
    "warning-112": alert(1, 112),
    "alert-close": alert(1, 0),
}


def serve(listener, peer):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=quietly, args=(peer, sock), daemon=True).start()


def quietly(peer, sock):
    with contextlib.suppress(OSError):
        peer(sock)


def main():
    for name, peer in PEERS.items():
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(listener, peer), daemon=True).start()
        print(name, listener.getsockname()[1])
    print("ready", flush=True)
    sys.stdin.read()


main()
