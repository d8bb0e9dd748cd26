#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the program beside its peers; tools/bench.sh explains it and starts it."""
import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import memory
import page
import rest
import times
from rig import GO, OLD, PYTHON, SHELL, TOP, Rig

PARTS = {"memory": memory.run, "times": times.run, "rest": rest.run}


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=TOP).stdout.strip()


def where(rig):
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    words = {GO: f"a program with net/http, cobra and zap, made by {output('go', 'version').split()[2]}",
             SHELL: f"a script with curl {output('curl', '--version').split()[1]} and jq",
             PYTHON: "a script with requests", OLD: "the binary of STS_OPENUNISON_CLI"}
    return {"cpu": model[1] if model else os.uname().machine, "processors": os.cpu_count(), "kernel": os.uname().release,
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30), "date": datetime.date.today().isoformat(),
            "commit": output("git", "rev-parse", "--short", "HEAD"), "peers": "; ".join(f"{peer}: {words[peer]}" for peer in rig.peers if peer in words)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--binary", type=pathlib.Path, default=TOP / "build/sts-sidecar")
    parser.add_argument("parts", nargs="*")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"{unknown[0]} is not a part: {' '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that peers, cgroups and mounts do not stay
    whole = arguments.page or (not arguments.short and not arguments.parts)
    rig = Rig(arguments.binary)
    try:
        found = {"where": where(rig) | {"run": "a short run with few rounds" if arguments.short else "a whole run"}}
        for name in arguments.parts or PARTS:
            start = time.monotonic()
            found[name] = PARTS[name](rig, arguments.short)
            print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    finally:
        rig.close()
    docs = TOP / "docs" if whole else TOP / "build/bench"
    (docs / "pictures").mkdir(parents=True, exist_ok=True)
    (docs / "benchmarks.json").write_text(json.dumps(found, indent=1) + "\n")
    (docs / "benchmarks.md").write_text(page.page(found, docs / "pictures"))
    print(f"{docs.relative_to(TOP)}/benchmarks.md")


if __name__ == "__main__":
    main()
