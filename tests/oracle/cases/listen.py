# SPDX-License-Identifier: Apache-2.0
"""The pages of `run --listen`, byte for byte, and what its port answers to other requests."""
import contextlib
import signal
import socket

from harness import listener
from harness.listener import get
from oracle.cases.kept import BUSY, DENIED, FLOOR_S, SILENT, configure, settle, start
from oracle.scene import readable
from oracle.suite import add, case


def ask(scene, port, request):
    """Record the first line of a request, and the whole answer."""
    scene.note(readable(request.split(b"\r\n")[0])[:60])
    with listener.connect(port) as connection:
        connection.sendall(request)
        scene.show("http", listener.rest(connection))


def pages(scene, port):
    for path in ("/livez", "/readyz", "/metrics"):
        ask(scene, port, get(path))


def serving(scene, url, *lines, **options):
    """`run --listen` until the status file has these lines. Returns the process and its port."""
    port = scene.port()
    process = scene.keep(url, f"--listen=127.0.0.1:{port}", **options)
    listener.up(port, 60)
    scene.has_status(*lines)
    return process, port


def looked_at(name, *lines, **fault):
    def does(scene):
        sts, url = start(scene, **fault)
        process, port = serving(scene, url, *lines)
        scene.wait_for(lambda: sts.stats()["connections"], "a connection")
        pages(scene, port)
        scene.stop(process, ordered=False)
    add(f"listen/{name}", does)


looked_at("healthy", "state ok")
looked_at("denied", "error denied", **DENIED)
looked_at("busy", "error busy", **BUSY)
looked_at("starting", "state starting", **SILENT)


@case("listen/adopted")
def adopted(scene):
    _, url = start(scene)
    scene.fetch(url)
    process, port = serving(scene, url, "state ok")
    pages(scene, port)
    scene.stop(process, ordered=False)


@case("listen/failing-with-a-valid-token", FLOOR_S)
def failing_with_a_valid_token(scene):
    """An exchange that fails is ready as long as its token is valid."""
    sts, url = start(scene)
    process, port = serving(scene, url, "state ok")
    sts.fault(**BUSY)
    process.signal(signal.SIGHUP)
    scene.has_status("error busy")
    pages(scene, port)
    scene.stop(process, ordered=False)


@case("listen/several")
def several(scene):
    sts, _ = start(scene, path="/token/b", **BUSY)
    port = scene.port()
    configure(scene, sts, ("a", "/token", None), ("b", "/token/b", None), ("c", "/token", "b"), listen=f"127.0.0.1:{port}")
    process = scene.start("run", "--config=DIR/config.json")
    listener.up(port, 60)
    settle(scene, a="state ok", b="error busy", c="waits_for b")
    pages(scene, port)
    scene.stop(process, ordered=False)


@case("listen/requests")
def requests(scene):
    """Every connection gets one answer."""
    _, url = start(scene)
    process, port = serving(scene, url, "state ok")
    for path in ("/", "/metrics/", "/livez?x=y", "/nothing"):
        ask(scene, port, get(path))
    ask(scene, port, get("http://127.0.0.1/livez"))
    for method in ("HEAD", "POST", "DELETE", "OPTIONS", "CONNECT"):
        ask(scene, port, get("/livez", method))
    ask(scene, port, get("/metrics", "HEAD"))
    ask(scene, port, get("/livez") + get("/metrics"))
    for request in (b"GET /livez HTTP/1.0\r\n\r\n", b"GET /livez HTTP/2.0\r\n\r\n", b"GET /livez\r\n\r\n", b"\x16\3\1\2\0\1\0\r\n\r\n",
                    b"GET /livez HTTP/1.1\r\n\r\n", b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
                    b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
        ask(scene, port, request)
    scene.stop(process, ordered=False)


@case("listen/port-is-taken")
def port_is_taken(scene):
    _, url = start(scene)
    taken = scene.stack.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", 0))))
    port = taken.getsockname()[1]
    scene.mask.ports.add(port)
    process = scene.keep(url, f"--listen=127.0.0.1:{port}")
    scene.said(process, "port")
    scene.has_status("state ok")
    scene.stop(process, ordered=False)
