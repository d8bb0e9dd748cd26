#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Connects the TLS client to the servers of other people, in every set-up that both have, and compares what was agreed on and how it ended.

    tests/tls/peers/run.py [PEER]...     all peers, or those that are named; "short" is openssl and go

    --client FILE    build/tests/tls-client when it is left out
    --sidecar FILE   the program, build/sts-sidecar when it is left out
    --verbose        prints each connection
    --list           prints the peers and how many connections are made to each, and makes none

It prints a line for each connection that is not as it must be, a line for each peer, and "N passed, N failed" at the end. A peer that is
not installed counts as failed.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import matrix  # noqa: E402
import words as program  # noqa: E402
from servers import TOP, NotThere  # noqa: E402

from certificates import Certificates  # noqa: E402
from peers import PEERS, SHORT  # noqa: E402

CONNECTION_S = 30


def connect(client, certificates, attempt, port):
    """(what tls-client says, what the server sent)."""
    words = [client, "--ca", certificates.ca("servers"), *attempt.offer]
    if attempt.certificate:
        cert, key = certificates.client(attempt.certificate)
        words += ["--cert", cert, "--key", key]
    run = subprocess.run([str(word) for word in (*words, port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=CONNECTION_S)
    line, _, answer = run.stdout.partition(b"\n")
    try:
        return json.loads(line), answer
    except ValueError:
        return None, f"tls-client exited with {run.returncode}: {run.stderr.decode(errors='replace')[-400:]}".encode()


def judge(client, certificates, attempt, abilities, port):
    """What is wrong with one connection."""
    got, answer = connect(client, certificates, attempt, port)
    return [answer.decode()] if got is None else matrix.mistakes(attempt, got, abilities, answer)


def results(peer, wanted, certificates, ports, options, folder):
    """(name of a connection, what is wrong with it) of each."""
    for attempt in wanted:
        yield attempt.name, judge(options.client, certificates, attempt, peer.abilities, ports[attempt.config])
    for attempt in program.wanted(wanted, peer.abilities):
        line = program.fetch(options.sidecar, certificates, attempt, ports[attempt.config], folder)
        yield f"the words for: {attempt.name}", program.mistakes(attempt, line, peer.abilities)


def run_peer(name, folder, options):
    """(passed, failed) of a peer."""
    certificates = Certificates(folder)
    passed = failed = 0
    peer, wanted = None, ()
    try:
        peer = PEERS[name](folder, certificates)
        wanted = matrix.attempts(peer.abilities)
        ports = peer.start(list(dict.fromkeys(attempt.config for attempt in wanted)))
        for what, wrong in results(peer, wanted, certificates, ports, options, folder):
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong or options.verbose:
                print(f"{'not ok' if wrong else 'ok'} - {name}: {what}" + "".join(f"\n    {words}" for words in wrong), flush=True)
    except NotThere as error:
        print(f"not ok - {name}: {error}", flush=True)
        failed += 1
    finally:
        if peer:
            peer.stop()
    print(f"{name}: {passed} of {passed + failed} connections are as they must be", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=True)
    parser.add_argument("peers", nargs="*", choices=[*PEERS, "short", []])
    parser.add_argument("--client", default=str(TOP / "build/tests/tls-client"))
    parser.add_argument("--sidecar", default=str(TOP / "build/sts-sidecar"))
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    names = [one for name in options.peers or PEERS for one in (SHORT if name == "short" else (name,))]
    if options.list:
        for name in names:
            print(f"{name}: {len(matrix.attempts(PEERS[name].abilities))} connections, {PEERS[name].__doc__}")
        return 0
    passed = failed = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="sts-peers.") as folder:
            one = run_peer(name, pathlib.Path(folder), options)
        passed, failed = passed + one[0], failed + one[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
