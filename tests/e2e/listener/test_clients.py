# SPDX-License-Identifier: Apache-2.0
"""What a hostile client of --listen can do: nothing. Good clients are answered, refreshes come in time, memory stays what it was."""
import contextlib
import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time

import pytest

from harness import listener
from harness.listener import HOST, ask, connect, crowd, get, metrics, page, pid_of, rest, up, value
from harness.mock import wait_for
from harness.runs import FLOOR_S, SHORT, rig  # rig: fixture
from harness.servers import free_port
from harness.sidecar import ROOT, sanitized

pytestmark = pytest.mark.slow

CONNECTION_S = 5
LATE_S = FLOOR_S + 5    # a refresh that comes later was held up


@pytest.fixture
def listening(rig):
    """A run whose token is refreshed every 5 to 6 s, and its port."""
    r = rig("--lifetime", SHORT)
    port = free_port()
    process = r.run("--listen", f"{HOST}:{port}")
    r.said("token refreshed")
    up(port)
    yield r, process, port
    child = pid_of(process)
    assert page(port, "/livez")[0] == 200
    assert not [line for line in r.lines() if line["level"] in ("warn", "error")], "no restart, no failure"
    if ROOT:
        wait_for(lambda: len([link for link in listener.descriptors(child) if link.startswith("socket:")]) == 1, "no connection left")
    assert r.stop(process).status == 0


def good_ones(port, seconds):
    """A client of each kind, again and again: how long each waited."""
    waits, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        for path in ("/livez", "/readyz", "/metrics"):
            began = time.monotonic()
            status, _, body = page(port, path)
            waits.append(time.monotonic() - began)
            # /readyz is what it is for a token that lives for 7 s.
            assert body and (status == 200 or path == "/readyz")
        time.sleep(0.05)
    return waits


def undisturbed(port):
    """Looks at good clients while there are no others. Gives check(seconds), which fails when they are served much worse from then on: most
    wait some times as long, or one waits about as long as a bad one may hold its place. Where each waits long already, the machine is busy,
    and one may be unlucky."""
    calm = statistics.median(good_ones(port, 1))

    def check(seconds):
        waits = good_ones(port, seconds)
        assert statistics.median(waits) < 0.2 + 10 * calm and max(waits) < CONNECTION_S - 1 + 50 * calm, (calm, waits)
    return check


def refreshes_in_time(r, since):
    """No attempt was later than the schedule wants it, and none failed."""
    times = [line["ts"] for line in r.lines() if line["msg"] == "token refreshed"] + [time.time()]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) > (time.time() - since) / LATE_S and all(gap < LATE_S for gap in gaps), gaps


def test_two_hundred_that_sit_there(listening):
    r, process, port = listening
    began, check = time.time(), undisturbed(port)
    for data in (b"", b"GET /metrics HTTP/1.1\r\nHost: x\r\n"):
        with crowd(port, 200, data):
            check(4)
    refreshes_in_time(r, began)


def test_slow_loris(listening):
    """A byte now and then, from clients that come back whenever they are thrown out."""
    r, process, port = listening
    began, check, stop = time.time(), undisturbed(port), threading.Event()

    def drip():
        while not stop.is_set():
            with contextlib.suppress(OSError), connect(port) as connection:
                for byte in b"GET /metrics HTTP/1.1\r\nX-Long: " + b"a" * 100:
                    if stop.wait(0.1):
                        return
                    connection.sendall(bytes([byte]))
    threads = [threading.Thread(target=drip, daemon=True) for _ in range(60)]
    for thread in threads:
        thread.start()
    try:
        check(6)
    finally:
        stop.set()
        for thread in threads:
            thread.join(15)
    refreshes_in_time(r, began)


def test_the_time_of_one_connection(listening):
    """5 s in all, whatever it sends."""
    _, _, port = listening
    for drip in (False, True):
        began = time.monotonic()
        with connect(port) as connection:
            connection.settimeout(0.2)
            with contextlib.suppress(OSError):
                while time.monotonic() - began < 4 * CONNECTION_S:
                    if drip:
                        connection.send(b"\n")
                    with contextlib.suppress(TimeoutError):
                        assert connection.recv(1) == b""
                        break
            assert CONNECTION_S - 0.5 < time.monotonic() - began < 2 * CONNECTION_S


@pytest.mark.skipif(not ROOT or sanitized(), reason="needs root and the release binary")
def test_a_thousand_at_once(listening):
    r, process, port = listening
    child = pid_of(process)
    with crowd(port, 40, get("/metrics")):     # every place has been used once
        good_ones(port, 0.5)
    before = listener.dirty_kib(child)
    for data in (b"", get("/metrics"), b"\0" * 100, b"GET " + b"a" * 8000):
        with crowd(port, 1000, data):
            assert max(good_ones(port, 0.5)) < CONNECTION_S - 1
            assert len(listener.descriptors(child)) < 24
    assert listener.dirty_kib(child) == before


def test_resets(listening):
    r, process, port = listening
    check = undisturbed(port)
    for request in (b"", b"GET", get("/metrics")):
        for _ in range(100):
            connection = connect(port)
            connection.sendall(request)
            listener.reset(connection)
    check(0.2)


def test_half_closed(listening):
    _, _, port = listening
    for request, expected in ((get("/livez"), b"HTTP/1.1 200 OK"), (b"GET /livez HTTP/1.1\r\n", b""), (b"", b"")):
        with connect(port) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = rest(connection)
            assert answer.startswith(expected) and bool(answer) == bool(expected)


def test_in_pieces(listening):
    _, _, port = listening
    with connect(port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in get("/livez"):
            connection.sendall(bytes([byte]))
            time.sleep(0.01)
        assert rest(connection).endswith(b"\r\n\r\nok\n")


@pytest.mark.parametrize("request_, status", [
    (b"GET /\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500, 400),
    (b"GET /livez\0 HTTP/1.1\r\n\r\n", 400),
    (b"GET /livez HTTP/1.1\r\nA: \0\r\n\r\n", 400),
    (b"\xff" * 4096, 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0", 505),
    (b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET /livez HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n", 431),
    (b"GET /livez HTTP/1.1\r\nA: " + b"b" * 30000, 431),
    (b"\r\n" * 3000, 431),
    (b"POST /metrics HTTP/1.1\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40000, 405),
    (get("/livez") * 100, 200),
    (get("/livez") + b"\0" * 30000, 200),
], ids=["HTTP/0.9", "TLS", "NUL in the line", "NUL in the header", "no text", "HTTP/2", "long line", "many headers", "long header", "empty lines",
        "body", "pipelined", "rubbish behind"])
def test_odd_requests(shared, request_, status):
    """One answer each, which arrives whole though bytes are left unread."""
    got, head, body = ask(shared, request_)
    assert got == status
    assert "HTTP/1.1" not in body and body.endswith("\n")


def test_one_that_goes_on_sending(shared):
    """The answer is there before its body is, and is not lost by that."""
    with connect(shared) as connection:
        connection.sendall(b"POST /metrics HTTP/1.1\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(5):
            time.sleep(0.05)
            connection.sendall(b"x" * 1000)
        assert rest(connection).startswith(b"HTTP/1.1 405 ")


def test_one_that_sends_for_ever(shared):
    """Up to a bound."""
    with connect(shared) as connection:
        connection.sendall(b"POST /metrics HTTP/1.1\r\n")
        with pytest.raises(OSError):
            for _ in range(10000):
                connection.sendall(b"x" * 1000)


@pytest.fixture(scope="module")
def shared(sidecar):
    """The process alone, with as much to tell as there can be: 16 exchanges that have met every error."""
    with standalone(sidecar, 16) as (_, port):
        yield port


ended = []      # the exit statuses of the processes that follow


@contextlib.contextmanager
def standalone(sidecar, count, limits="true", patience_s=20):
    # The size comes from a real one; what is in it may be anything.
    with contextlib.ExitStack() as stack:
        port = free_port()
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        process = stack.enter_context(sidecar.start("run", "--url", "https://127.0.0.1:1/", "--token-file", "/nowhere", "--output-dir", folder,
                                                    "--listen", f"{HOST}:{port}", uid=os.geteuid()))
        up(port)
        link, = [name for name in listener.numbers(process.pid) if "memfd" in os.readlink(name)]
        size = os.stat(link).st_size
        process.kill()
        each = (size - 32) // 16
        page_ = count.to_bytes(4, "little") + (7).to_bytes(4, "little") + bytes(24)     # with the histogram
        for i in range(16):
            page_ += f"exchange-with-a-long-name-{i:05}".encode().ljust(32, b"\0") + b"\1" * (each - 32)
        memory = os.memfd_create("metrics")
        stack.callback(os.close, memory)
        os.write(memory, page_)
        port = free_port()
        # Descriptor 3, as the supervisor hands it over.
        command = ["bash", "-c", f'exec 3<&"$0"; {limits}; exec "$@"', str(memory), str(sidecar.path), "listener", f"{HOST}:{port}", "2", "1", "0",
                   *[f"/nowhere/{i}" for i in range(count)]]
        alone = subprocess.Popen(command, pass_fds=(memory,), env=sidecar.environment(), stdin=subprocess.DEVNULL)
        stack.callback(lambda: ended.append(alone.wait(5)))
        stack.callback(alone.kill)
        up(port, patience_s)
        yield alone, port


def test_all_there_can_be(shared):
    seen = metrics(shared)
    name = "exchange-with-a-long-name-00015"
    assert value(seen, "exchange_duration_seconds_bucket", exchange=name, result="failure", le="+Inf") == 11 * 0x01010101
    assert len([1 for metric, labels in seen if dict(labels).get("exchange") == name]) == 43
    status, _, body = page(shared, "/readyz")
    assert status == 503 and body.count("\n") == 16 and f"{name}: cannot look into /nowhere/15: no such directory" in body


def test_those_that_never_read(sidecar):
    """The answer is larger than the socket's buffers, and the clients' buffers are small. An answer that is cut short ends in a reset, not in a clean end."""
    with standalone(sidecar, 16) as (process, port):
        whole, check = page(port, "/metrics")[2], undisturbed(port)
        assert len(whole) > 64 * 1024
        with crowd(port, 20, get("/metrics")):     # every place has been used once
            good_ones(port, 0.3)
        before = listener.dirty_kib(process.pid) if ROOT and not sanitized() else 0
        with contextlib.ExitStack() as stack:
            stuck = []
            for _ in range(60):
                connection = stack.enter_context(socket.socket())
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                connection.settimeout(60)
                connection.connect((HOST, port))
                connection.sendall(get("/metrics"))
                stuck.append(connection)
            check(3)
            time.sleep(CONNECTION_S)
            for connection in (stuck[-1], stuck[0]):
                with pytest.raises(ConnectionResetError):
                    rest(connection)
        if before:
            assert listener.dirty_kib(process.pid) <= before


def test_a_slow_reader_gets_it_all(sidecar):
    with standalone(sidecar, 16) as (_, port):
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(10)
            connection.connect((HOST, port))
            connection.sendall(get("/metrics"))
            data = b""
            while piece := connection.recv(4096):
                data += piece
                time.sleep(0.02)
        assert data.partition(b"\r\n\r\n")[2].decode() == page(port, "/metrics")[2]


@pytest.mark.skipif(sanitized(), reason="a sanitizer needs descriptors of its own")
def test_out_of_descriptors(sidecar):
    """Five places less the port's: others wait for their turn, a second between tries, and it does not spin."""
    with standalone(sidecar, 1, "ulimit -n 9") as (process, port):
        def ticks():
            return sum(map(int, open(f"/proc/{process.pid}/stat").read().split()[13:15]))
        used, began = ticks(), time.monotonic()
        with crowd(port, 5):
            time.sleep(0.2)
            assert page(port, "/livez", timeout=30)[0] == 200
        assert time.monotonic() - began > CONNECTION_S - 1
        assert ticks() - used < 20
        assert page(port, "/livez")[0] == 200


@pytest.mark.skipif(sanitized(), reason="a sanitizer needs descriptors of its own")
def test_far_too_few_descriptors(sidecar):
    """The kernel refuses the very poll(): it ends, to be started again later."""
    with pytest.raises(AssertionError), standalone(sidecar, 1, "ulimit -n 5", patience_s=1):
        pass
    assert ended[-1] == 70
