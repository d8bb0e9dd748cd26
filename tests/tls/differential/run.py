#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Lets the TLS client and BearSSL's client talk to the same servers of TLS 1.2, and compares what they come to: openssl s_server with every
suite, group and key, without extended master secret, and with client certificates; and the rows of the lying server that need no TLS 1.3.

    tests/tls/differential/run.py [NAME]...    all connections, or those that are named

    --build DIR       where tls-client and tls-engine are; build/tests when it is left out
    --changes COUNT   makes so many random changes in the messages of a right server as well (200): where the engine refuses one, the
                      client must not accept it
    --seed NUMBER     of the changes
    --verbose         prints each connection

A difference must stand in differences.toml with its reason, and each entry there must be of use. It prints a line for each difference that
is not listed, and "N passed, N failed" at the end.
"""
import argparse
import itertools
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import replace

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
sys.path[:0] = [str(TOP / "tests/tls/liar"), str(TOP / "tests/e2e")]

import rows as liar_rows  # noqa: E402
import run as liar  # noqa: E402
from server import ALPN, EMS, HELLO_DONE, POINT_FORMATS, RENEGOTIATION, SERVER_NAME, Server  # noqa: E402

sys.path.insert(0, str(TOP / "tests/tls/peers"))
from certificates import Certificates  # noqa: E402
from matrix import CERTIFICATES, GROUPS, SUITES_12, Abilities, Config, attempts  # noqa: E402
from peers import IDS, PEERS  # noqa: E402

CONNECTION_S = 60
CLIENTS = ("client", "engine")


def verdict(got, answer):
    """What a client came to, in the words of both: ours tells more."""
    if got["failure"] == "fine" and got["closed"] and answer:
        return "accepts"
    if got["failure"] == "alerted":
        return f"alert {got['alert']}"
    if got["failure"] == "distrusted":
        return f"distrusts: {got['verifier']}"
    return {"fine": "accepts nothing", "ended": "ended", "io": "ended"}.get(got["failure"], "refuses")


def read(done):
    line, _, answer = done.partition(b"\n")
    return (json.loads(line), answer) if line else (None, b"")


# --- openssl ---

def configs():
    """Every suite with every group and every key that fits; and the set-ups of the peers."""
    for suite, group, certificate in itertools.product(SUITES_12, GROUPS, CERTIFICATES):
        if f"_{CERTIFICATES[certificate][1]}_" in suite:
            yield Config(versions=("1.2",), suite=suite, groups=(group,), certificate=certificate)


class OpenSSL:
    """openssl s_server."""

    def __init__(self, folder, build):
        self.build, self.certificates = build, Certificates(folder)
        self.peer = PEERS["openssl"](folder, self.certificates)
        abilities = Abilities(versions=("1.2",), ems=("off",), clients=("p256", "p384", "p521"))
        self.attempts = {attempt.name: attempt for attempt in attempts(abilities)}
        self.attempts |= {config.name: replace(attempts(abilities)[0], config=config) for config in configs()}
        self.ports = {}

    def start(self, names):
        wanted = dict.fromkeys(self.attempts[name].config for name in names)
        self.ports |= self.peer.start([config for config in wanted if config not in self.ports])

    def outcome(self, name, client):
        attempt = self.attempts[name]
        words = [self.build / f"tls-{client}", "--ca", self.certificates.ca("servers")]
        words += ["--no-tls13"] if client == "client" else []
        if attempt.certificate:
            cert, key = self.certificates.client(attempt.certificate)
            words += ["--cert", cert, "--key", key]
        run = subprocess.run([str(word) for word in (*words, self.ports[attempt.config])], stdout=subprocess.PIPE, timeout=CONNECTION_S)
        got, answer = read(run.stdout)
        if got is None:
            return f"broke down: {run.returncode}"
        words = [verdict(got, answer)]
        if got["handshake"]:
            words.append(f"suite {IDS.get(got['suite'], got['suite']):#x}")
        if got["handshake"] and attempt.config.groups:  # else the server chooses, and the engine prefers P-256 to X25519
            words.append(f"group {IDS.get(got['group'], got['group'])}")
        return ", ".join(words)


# --- the lying server ---

class NeedsTls13(Exception):
    """The row is about TLS 1.3."""


class Server12(Server):
    """Answers only extensions that the client has sent, where it is not told to do otherwise, and has nothing to say of the client."""
    tls13_needed = False

    def hello13(self, *arguments, **more):
        self.tls13_needed = True
        raise NeedsTls13

    retry = share = hello13

    def check_hello(self, *arguments):
        pass

    def hello12(self, pairs=((EMS, b""), (RENEGOTIATION, b"\0")), **more):
        right = {(EMS, b""), (RENEGOTIATION, b"\0"), (SERVER_NAME, b""), (POINT_FORMATS, b"\2\1\0")}
        super().hello12([pair for pair in pairs if pair not in right or pair[0] in self.offered], **more)


class Liar:
    """The lying server."""

    def __init__(self, folder, build):
        self.bench = liar.Bench(folder, None)
        self.bench.server, self.build = Server12, build
        self.rows = {row.name: row for row in liar_rows.named() if not {"--no-tls12", "--no-alpn", "--no-signing"}.intersection(row.arguments)}

    def outcome(self, name, client):
        """None for a row that needs TLS 1.3."""
        row = replace(self.rows[name], arguments=("--no-tls13",) if client == "client" else ())
        self.bench.client = self.build / f"tls-{client}"
        got, answer, err, server = self.bench.connect(row)
        if server.tls13_needed:
            return None
        return "broke down: " + err[-300:] if got is None else verdict(got, answer)


# --- random changes ---

class Changing(Server12):
    """A right server, but for one change in one message. The change is in the hash of the handshake, too."""
    change = None

    def say(self, kind, body, length=None, hashed=True):
        place, self.change[0] = self.change[0], self.change[0] - 1
        super().say(kind, self.change[1](body) if place == 0 else body, length, hashed)

    def handshake(self):
        self.client_hello()
        self.hello12([(RENEGOTIATION, b"\0"), (POINT_FORMATS, b"\1\0"), (SERVER_NAME, b""), (ALPN, b"\0\x09\x08http/1.1")])
        self.certificate12()
        self.exchange12()
        self.request12()
        self.say(HELLO_DONE, b"")
        self.client_flight12()
        self.finished12()
        self.request()
        self.answer()


def change_of(seed):
    """(the place of the message, what is done to its body, words)."""
    dice = random.Random(seed)
    place, at, value, kind = dice.randrange(6), dice.random(), dice.randrange(1, 256), dice.choice(("change", "cut", "insert", "end", "more"))
    if place == 1:  # most of a Certificate is the verifier's matter
        at *= 0.02

    def change(body):
        i = int(at * len(body))
        return {"change": body[:i] + bytes([body[i] ^ value] if body else []) + body[i + 1:], "cut": body[:i] + body[i + 1:],
                "insert": body[:i] + bytes([value]) + body[i:], "end": body[:i], "more": body + bytes([value])}[kind]

    return place, change, f"message {place}, {kind} {value} at {at:.3f}"


def try_changes(lying, seeds, verbose):
    """(passed, failed)."""
    passed, outcomes = 0, {}
    lying.bench.server = Changing
    for seed in seeds:
        place, change, words = change_of(seed)
        lying.rows["changed"] = liar_rows.ROWS[0].__class__("", words, Changing.handshake)
        for client in CLIENTS:
            Changing.change = [place, change]
            outcomes[client] = lying.outcome("changed", client)
        right = outcomes["client"] != "accepts" or outcomes["engine"] == "accepts"
        passed += right
        if verbose or not right:
            print(f"{'ok' if right else 'not ok'} - change {seed}: {words}: the client {outcomes['client']}, the engine {outcomes['engine']}",
                  flush=True)
    return passed, len(seeds) - passed


# --- differences ---

def listed(entries, words, check, outcomes):
    """The entry of differences.toml for a difference, or None."""
    for entry in entries:
        patterns = [(entry.get("words", ".*"), words), *((entry[client], outcomes[client]) for client in CLIENTS)]
        if check in entry["checks"] and all(re.fullmatch(pattern, text) for pattern, text in patterns):
            entry["used"] = True
            return entry
    return None


def compare(kind, name, words, check, outcomes, entries, verbose):
    same = outcomes["client"] == outcomes["engine"]
    entry = None if same else listed(entries, words, check, outcomes)
    right = same or entry is not None
    if verbose or not right:
        told = outcomes["client"] if same else f"the client {outcomes['client']}, the engine {outcomes['engine']}"
        print(f"{'ok' if right else 'not ok'} - {kind} {name}{words and ': ' + words}: {told}" + (f" ({entry['reason']})" if entry else ""),
              flush=True)
    return right, same


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build/tests")
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    entries = tomllib.loads((HERE / "differences.toml").read_text())["difference"]
    results = []
    with tempfile.TemporaryDirectory(prefix="sts-differential.") as folder:
        lying, openssl = Liar(pathlib.Path(folder), options.build), OpenSSL(pathlib.Path(folder), options.build)
        if unknown := set(options.names) - lying.rows.keys() - openssl.attempts.keys():
            parser.error(f"there is no connection {', '.join(sorted(unknown))}")
        for name, row in lying.rows.items():
            if options.names and name not in options.names:
                continue
            if (own := lying.outcome(name, "client")) is not None:
                outcomes = {"client": own, "engine": lying.outcome(name, "engine")}
                results.append(compare("liar", name, row.words, row.check, outcomes, entries, options.verbose))
        seeds = [] if options.names else [f"{options.seed}.{number}" for number in range(options.changes)]
        changed = try_changes(lying, seeds, options.verbose)
        try:
            names = [name for name in openssl.attempts if not options.names or name in options.names]
            openssl.start(names)
            for name in names:
                outcomes = {client: openssl.outcome(name, client) for client in CLIENTS}
                results.append(compare("openssl", name, "", None, outcomes, entries, options.verbose))
        finally:
            openssl.peer.stop()
    unused = [] if options.names else [entry for entry in entries if "used" not in entry]
    for entry in unused:
        print(f"not ok - differences.toml: nothing differs as it says: {entry['reason']}")
    passed, same = (sum(result[i] for result in results) for i in (0, 1))
    print(f"{len(results)} connections of each client, {same} with the same end, {passed - same} with a difference that is listed")
    print(f"{changed[0]} of {sum(changed)} random changes with which the client is at least as strict as the engine")
    passed, failed = passed + changed[0], len(results) - passed + len(unused) + changed[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
