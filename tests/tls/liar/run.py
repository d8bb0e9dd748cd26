#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The lying server: it breaks one rule of TLS in each row of rows.py, and the client must refuse it by the check that the row names, with the
alert of lib/tls/checks.toml, which must be protected as soon as there are keys.

    tests/tls/liar/run.py [ROW]...    all rows, or those that are named

    --client FILE    build/tests/tls-client when it is left out
    --verbose        prints each row

It prints a line for each row that fails, and "N passed, N failed" at the end. A check without a row fails, and so does a row that
lib/tls/checks.toml names and that is not there.
"""
import argparse
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import tomllib

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
sys.path[:0] = [str(HERE), str(TOP / "tests/e2e")]

import rows  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from harness import pki  # noqa: E402
from server import Ended, Server  # noqa: E402

TIMEOUT_S = 20


def identities(folder):
    """{kind: (chain in DER, key)}; the CA is a file of the folder."""
    authority = pki.authority()
    (folder / "ca.pem").write_bytes(authority.pem)
    made = {kind: pki.server(authority, key=key) for kind, key in (("p256", "ec"), ("other", "ec"), ("p384", "ec384"), ("rsa", "rsa2048"))}
    return {kind: ([one.certificate.public_bytes(serialization.Encoding.DER)], one.key) for kind, one in made.items()}


class Bench:
    """Runs rows against the client."""
    server = Server

    def __init__(self, folder, client):
        self.identities, self.client, self.ca = identities(folder), client, folder / "ca.pem"
        self.checks = tomllib.loads((TOP / "lib/tls/checks.toml").read_text())["check"]

    def connect(self, row, off=0):
        """(what tls-client says, its standard error, the server)."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(TIMEOUT_S)
            off_words = ["--off", off] if off else []
            words = [self.client, "--ca", self.ca, *row.arguments, *off_words, listener.getsockname()[1]]
            client = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                sock, _ = listener.accept()
                with sock:
                    sock.settimeout(TIMEOUT_S)
                    server = self.serve(sock, row)
                out, err = client.communicate(timeout=TIMEOUT_S)
            finally:
                client.kill()
                client.wait()
        return (json.loads(out.partition(b"\n")[0]) if out else None), out.partition(b"\n")[2], err.decode(errors="replace"), server

    def serve(self, sock, row):
        server = self.server(sock, self.identities)
        server.mistake = None
        try:
            row.run(server)
        except (Ended, ConnectionError):
            pass
        except Exception as error:  # a mistake of the row
            server.mistake = f"{type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        try:
            if server.alert is None:
                server.until_the_end()
        except ValueError as error:
            server.mistake = f"at the end: {error}"
        return server

    def mistakes(self, row, off=0):
        """What is wrong with a row, in words."""
        got, answer, err, server = self.connect(row, off)
        if got is None:
            return [f"the client broke down: {err[-1500:]}"]
        if not row.check:
            right = got["failure"] == "fine" and got["closed"] and answer.endswith(b"hello\n")
            right = right and server.closed
            if row.end != "fine":
                right = f"{got['failure']} {got['alert']}".removesuffix(" 0") == row.end
            right = right and server.alert == row.told and not server.mistake
            return [] if right else [f"the client says {got}; the server: {server.mistake}, alert {server.alert}"]
        wrong = []
        if (got["failure"], got["check"]) != ("broken_rule", row.check):
            came_to = got["check"] or got["failure"]
            wrong.append(f"it came to {came_to}, alert {got['alert']}; the server: {server.mistake}")
        alert = self.checks[row.check]["alert"]
        if server.alert != (2, alert, bool(server.in_keys)):
            wrong.append(f"the server got the alert {server.alert}, and {alert} was due, {'protected' if server.in_keys else 'in clear'}")
        return wrong


def lost(checks, wanted):
    """Checks without a row, and rows that lib/tls/checks.toml names for another check than theirs, or that are not there."""
    there = {row.name: row.check for row in wanted}
    for check, row in checks.items():
        if check not in there.values():
            yield f"{check}: no row"
        for name in (test.removeprefix("liar/") for test in row["tests"] if test.startswith("liar/")):
            if there.get(name) != check:
                yield f"{check}: liar/{name} is not a row of this check"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--client", default=str(TOP / "build/tests/tls-client"))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")  # the client allocates nothing, and the search takes half the time of a run
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="sts-liar.") as folder:
        bench = Bench(pathlib.Path(folder), options.client)
        wanted = [row for row in rows.named() if not options.rows or row.name in options.rows]
        if unknown := set(options.rows) - {row.name for row in wanted}:
            parser.error(f"there is no row {', '.join(sorted(unknown))}")
        for row in wanted:
            wrong = bench.mistakes(row)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong or options.verbose:
                print(f"{'not ok' if wrong else 'ok'} - {row.name}: {row.words}" + "".join(f"\n    {words}" for words in wrong), flush=True)
        for words in [] if options.rows else lost(bench.checks, wanted):
            print(f"not ok - {words}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
