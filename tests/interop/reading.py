# SPDX-License-Identifier: Apache-2.0
"""Readers that are not ours, at work while `run` refreshes what they read."""
import json
import os
import pathlib
import subprocess
import threading
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
# A first token and three refreshes. A life of 20 s, of which a tenth may pass: the floor of 5 s decides when the next one comes.
TOKENS = 4
LIFE = ("--lifetime", "20s")
OFTEN = {"refresh-fraction": "0.1"}
LIMIT_S = 100
PAUSE_S = 0.05


@dataclass
class Record:
    reads: int = 0
    seen: list = field(default_factory=list)
    errors: list = field(default_factory=list)


def _read_on(read, record, stop):
    while not stop.is_set():
        try:
            identity = read()
        except Exception as error:  # whatever it is: a consumer that was refused, or that could not read the file
            record.errors.append(repr(error))
        else:
            if identity not in record.seen:
                record.seen.append(identity)
        record.reads += 1
        stop.wait(PAUSE_S)


def while_refreshing(rig, readers, tokens=TOKENS):
    """Every reader reads again and again until it has seen so many tokens. None may be refused, not once.

    readers   name -> function that reads once, with what it read accepted by somebody, and returns what tells one token from the next
    """
    records = {name: Record() for name in readers}
    stop = threading.Event()
    threads = [threading.Thread(target=_read_on, args=(read, records[name], stop), daemon=True) for name, read in readers.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline and any(len(record.seen) < tokens and not record.errors for record in records.values()):
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join(30)
    for name, record in records.items():
        assert not record.errors, f"{name}: {record.errors[:3]} of {record.reads} reads; log: {rig.lines()}"
        assert len(record.seen) >= tokens, f"{name}: {len(record.seen)} tokens in {record.reads} reads; log: {rig.lines()}"
        assert record.reads > len(record.seen), f"{name}: {record.reads} reads of {len(record.seen)} tokens"
    assert not [line for line in rig.lines() if line["level"] == "error"]


class Node:
    """A script of node/: one line of JSON in, one line of JSON out, {"seen": ...} or {"error": ...}."""

    def __init__(self, script, about, env=None):
        self.process = subprocess.Popen(["node", HERE / "node" / script, json.dumps(about)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=os.environ | (env or {}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def __call__(self, about=None):
        self.process.stdin.write(json.dumps(about) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the script ended"
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["seen"]
