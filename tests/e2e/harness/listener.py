# SPDX-License-Identifier: Apache-2.0
"""The process of --listen as its clients see it: raw bytes in, raw bytes out."""
import contextlib
import os
import pathlib
import socket
import struct
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import tokens
from harness.mock import wait_for
from harness.servers import free_port

HOST = "127.0.0.1"
PATH = "/vault/token/user"


def arguments(space, url, *more):
    return ["run", "--url", url, "--protocol", "openunison", "--token-file", space.token_file, "--output-dir", space.out,
            "--cacert-path", space.ca_file, "--timeout", "5s", *more]


@pytest.fixture
def answer():
    return tokens.openunison(tokens.issued(), thumbprint=None)


@pytest.fixture
def start(sidecar, serve, space, answer):
    """start(*options): `run --listen` beside a server that answers. Returns process and port."""
    running = []

    def run(*more, url=None, where="127.0.0.1", wait=True, **popen):
        port = free_port()
        process = sidecar.start(*arguments(space, url or serve(answer).url(PATH), "--listen", f"{where}:{port}", *more), **popen)
        running.append(process)
        if wait:
            up(port)
        return process, port
    yield run
    for process in running:
        process.__exit__()


def get(path="/livez", method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def connect(port, host=HOST, timeout=10):
    return socket.create_connection((host, port), timeout=timeout)


def rest(connection):
    """Everything up to the end of the stream."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data


def ask(port, request=None, host=HOST, timeout=10, pieces=None):
    """Send bytes, read to the end. Returns status, head (text) and body (text)."""
    request = get() if request is None else request
    with connect(port, host, timeout) as connection:
        for piece in pieces or [request]:
            connection.sendall(piece)
        head, _, body = rest(connection).decode("latin-1").partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 "), head
    return int(head.split()[1]), head, body


def page(port, path, **more):
    return ask(port, get(path), **more)


def up(port, patience_s=20, host=HOST):
    def look():
        with contextlib.suppress(OSError):
            return page(port, "/livez", host=host)[0] == 200
    wait_for(look, "the endpoint", patience_s)


def metrics(port):
    """The metrics as Prometheus's own client library reads them: {(name, sorted labels): value}."""
    status, head, body = page(port, "/metrics")
    assert status == 200 and "text/plain; version=0.0.4" in head
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(body) for sample in family.samples}


def value(seen, name, **labels):
    labels.setdefault("exchange", "default")
    return seen.get((f"sts_sidecar_{name}", tuple(sorted(labels.items()))))


def pid_of(process, patience_s=10):
    """The process of --listen, a child of the supervisor."""
    def look():
        for child in process.children():
            with contextlib.suppress(OSError):
                if b"\0listener\0" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
    return wait_for(look, "the process of --listen", patience_s)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def crowd(port, count, data=b""):
    """Opens this many connections, each of which sends these bytes and nothing more."""
    made = []
    try:
        for _ in range(count):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex((HOST, port))
            made.append(connection)
        deadline = time.monotonic() + 5
        for connection in made:
            while data and time.monotonic() < deadline:
                try:
                    connection.send(data)
                    break
                except BlockingIOError:
                    time.sleep(0.001)
                except OSError:
                    break
        yield made
    finally:
        for connection in made:
            connection.close()


def dirty_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    return None


def descriptors(pid):
    links = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return links


def numbers(pid):
    return [f"/proc/{pid}/fd/{fd}" for fd in os.listdir(f"/proc/{pid}/fd")]
