# SPDX-License-Identifier: Apache-2.0
"""Forward proxies: Debian's tinyproxy, and one of our own that notes what it was asked for and leads every tunnel to one port."""
import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

from harness.servers import PATIENCE_S, Program, free_port, read_request, wait_for_port

TINYPROXY = shutil.which("tinyproxy") or shutil.which("tinyproxy", path="/usr/sbin:/usr/local/sbin")


class Tinyproxy(Program):
    """more: further lines of its configuration."""

    def __init__(self, more="", address="127.0.0.1"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-proxy-"))
        self.port = free_port()
        self.log = self.folder / "log"
        configuration = self.folder / "conf"
        configuration.write_text(f'Port {self.port}\nListen {address}\nTimeout 20\nLogFile "{self.log}"\nLogLevel Connect\n{more}\n')
        self.process = subprocess.Popen([TINYPROXY, "-d", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, address=address)

    def asked(self):
        """How often it was asked for a tunnel."""
        return self.log.read_text().count(": CONNECT ")


class Tunnel:
    """Leads every tunnel to one server, whatever host it was asked for. The host is never looked up.

    port, host    where the server listens
    say           in place of "200 OK": what is answered
    address, at   where the proxy listens; at is 0 for a port that is free
    """

    def __init__(self, port, say=b"HTTP/1.1 200 Connection established\r\n\r\n", *, host="127.0.0.1", address="127.0.0.1", at=0):
        self.target, self.say = (host, port), say
        self.requests = []
        self.listener = socket.create_server((address, at), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client):
        client.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError), client:
            self.requests.append(read_request(client))
            with socket.create_connection(self.target, PATIENCE_S) as server:
                client.sendall(self.say)
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join(PATIENCE_S)


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
