# SPDX-License-Identifier: Apache-2.0
"""Servers that are not BearSSL: Python's ssl, answering whatever bytes a test wants, and nginx in front of it."""
import contextlib
import pathlib
import random
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import warnings
from dataclasses import dataclass

PATIENCE_S = 20


@dataclass
class Answer:
    """What to send for one request, and how to end: "clean" with close_notify, "abrupt" without, "reset", or "stall"."""
    data: bytes
    end: str = "clean"


class Server:
    """Answers on loopback until it is closed.

    answer   bytes, an Answer, or a function of the request's bytes that gives one
    stall    "accept" (no TLS at all), "handshake" (reads no request), "request" (answers nothing): stays there until close()
    blind    answers as soon as it hears anything, whatever it is
    tls      None: plain TCP
    """

    def __init__(self, answer=b"", *, tls=None, stall=None, blind=False, address="127.0.0.1", port=0):
        self.answer, self.tls, self.stall, self.blind = answer, tls, stall, blind
        self.requests = []
        self.errors = []
        self.connections = 0
        self.stalled = threading.Event()
        self.released = threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, port), family=family, backlog=64)
        self.listener.settimeout(0.1)
        self.address, self.port = address, self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def url(self, path="/", host=None):
        return f"https://{host or (f'[{self.address}]' if ':' in self.address else self.address)}:{self.port}{path}"

    def close(self):
        self.released.set()
        self.thread.join(PATIENCE_S)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while not self.released.is_set():
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve_safely, args=(connection,), daemon=True).start()

    def _serve_safely(self, raw):
        raw.settimeout(PATIENCE_S)
        try:
            self._serve(raw)
        except (OSError, ssl.SSLError) as error:
            self.errors.append(str(error))
        finally:
            with contextlib.suppress(OSError):
                raw.close()

    def _hold(self, where):
        if self.stall == where:
            self.stalled.set()
            self.released.wait(PATIENCE_S)
            raise TimeoutError(f"stalled at {where}")

    def _serve(self, raw):
        self._hold("accept")
        connection = self.tls.wrap_socket(raw, server_side=True) if self.tls else raw
        self._hold("handshake")
        request = connection.recv(65536) if self.blind else read_request(connection)
        self.requests.append(request)
        if not self.blind and b"\r\n\r\n" not in request:
            return  # it went away before it had asked
        self._hold("request")
        answer = self.answer(request) if callable(self.answer) else self.answer
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        connection.sendall(answer.data)
        if answer.end == "stall":
            self.stalled.set()
            self.released.wait(PATIENCE_S)
        if answer.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer.end == "clean" and self.tls:
            with contextlib.suppress(OSError, ssl.SSLError, ValueError):
                connection.settimeout(2)
                connection.unwrap()
        connection.close()


def read_request(connection):
    """Head and body of one request, by its Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


def tls_context(identity, folder, *, lowest=ssl.TLSVersion.TLSv1_2, highest=None, ciphers=None, alpn=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)     # old versions are what some tests want
        context.minimum_version = lowest
        if highest:
            context.maximum_version = highest
    if ciphers:
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(alpn)
    context.load_cert_chain(*identity.files(folder))
    return context


# Ports below those that the kernel gives to connections and to servers that ask for port 0, so that nobody gets one by chance.
PORTS = range(12000, 32000)
reserved = []       # the marks of this process's ports, which end with it


def free_port(host="127.0.0.1"):
    """
    A port on which nobody listens, and which no other call gives in any process while this one lives. A port is marked by an
    abstract Unix socket, whose name only one process in a network namespace can have.
    """
    for port in random.sample(PORTS, 1000):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0sts-sidecar-port-{port}")
            socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
        except OSError:
            mark.close()
            continue
        reserved.append(mark)
        return port
    raise AssertionError(f"none of 1,000 ports of {host} is free")


NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

# What every configuration begins with: the files that nginx writes are in its folder.
NGINX_BEGINS = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
"""

NGINX_CONFIGURATION = NGINX_BEGINS + """
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    {more}
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
    }}
  }}
}}
"""


class Program:
    """Another program's process, and the folder that it has to itself. Both are gone at the end."""

    folder = process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Program):
    """nginx with TLS in front of a plain server."""

    def __init__(self, identity, upstream_port, more=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-nginx-"))
        self.port = free_port()
        certificate, key = identity.files(self.folder)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX_CONFIGURATION.format(folder=self.folder, port=self.port, certificate=certificate, key=key,
                                                            upstream=upstream_port, more=more))
        self.process = subprocess.Popen([NGINX, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", str(configuration)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def url(self, path="/"):
        return f"https://127.0.0.1:{self.port}{path}"


def wait_for_port(port, patience_s=10, address="127.0.0.1"):
    deadline = time.monotonic() + patience_s
    while True:
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
