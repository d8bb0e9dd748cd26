#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the sandbox costs: fetches with and without its layers, by turns, against mock-sts. Needs the release build.
    .venv/bin/python tests/bench/sandbox.py [--fetches N]"""
import argparse
import pathlib
import statistics
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "sandbox")]

from harness.runs import Rig  # noqa: E402
from harness.sidecar import Sidecar, build_folder  # noqa: E402

WAYS = {"all layers": "", "seccomp alone": "landlock", "Landlock alone": "seccomp", "none": "seccomp,landlock"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fetches", type=int, default=200)
    count = parser.parse_args().fetches
    program = Sidecar(build_folder() / "tests/sts-sidecar-hostile")
    spent = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        rig = Rig(program, folder)
        for _ in range(count):
            for way, without in WAYS.items():
                start = time.perf_counter()
                run = program.run("fetch", *rig.options(), env={"HOSTILE_WITHOUT": without})
                spent[way].append((time.perf_counter() - start) * 1000)
                assert run.status == 0, run.err
        rig.close()
    print("layers            median ms   lower quartile")
    for way, times in spent.items():
        print(f"{way:16}  {statistics.median(times):9.2f}   {statistics.quantiles(times)[0]:14.2f}")


main()
