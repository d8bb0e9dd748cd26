# SPDX-License-Identifier: Apache-2.0
"""Starting and ending the servers of other people."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
sys.path.insert(0, str(TOP / "tests/e2e"))

from harness.servers import free_port  # noqa: E402

START_S = 60
STOP_S = 5


class NotThere(Exception):
    """The peer is not installed, or did not start."""


def free_ports(count):
    return [free_port() for _ in range(count)]


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Processes:
    """The processes of a peer. Each has its log in the folder; at the end all are killed, by their numbers."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def start(self, name, command, env=None, stdout=None):
        log = self.folder / f"{name}.log"
        try:
            with open(log, "wb") as file:
                process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=stdout or file, stderr=file,
                                           cwd=self.folder, env={**os.environ, **(env or {})}, start_new_session=True)
        except OSError as error:
            raise NotThere(f"{command[0]}: {error.strerror}") from None
        self.running.append((process, log))
        return process

    def said(self):
        return "\n".join(log.read_text(errors="replace")[-400:] for process, log in self.running if process.poll() is not None)

    def wait_for(self, ports):
        end = time.monotonic() + START_S
        for port in ports:
            while not listens(port):
                if time.monotonic() > end or all(process.poll() is not None for process, _ in self.running):
                    raise NotThere(f"nothing listens on port {port}: {self.said()}")
                time.sleep(0.02)

    def wait_for_lines(self, process):
        """{name: port} of a program that prints "NAME PORT" for each server and then "ready"."""
        ports = {}
        for line in process.stdout:
            words = line.decode().split()
            if words == ["ready"]:
                return ports
            ports[words[0]] = int(words[1])
        process.wait(timeout=STOP_S)
        raise NotThere(self.said())

    def stop(self):
        for process, _ in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process, _ in self.running:
            process.wait(timeout=STOP_S)
            process.stdin.close()
            if process.stdout:
                process.stdout.close()
