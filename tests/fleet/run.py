#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Simulates the fleet, and brings its figures and its picture into the docs.

    tests/fleet/run.py [--build DIR] [--check]

With --check nothing is written: it fails where a bound does not hold, or the docs say or show something else.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import plot

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE, PICTURE = TOP / "docs/schedule.md", TOP / "docs/fleet.svg"
BEGIN, END = "<!-- tests/fleet/run.py -->\n", "<!-- end -->\n"


def simulate(program):
    """Its table, the picture, and whether all bounds hold."""
    with tempfile.NamedTemporaryFile("r") as series:
        run = subprocess.run([program, "--series", series.name], stdout=subprocess.PIPE, text=True, timeout=120)
        rows = list(plot.read_series(series.read()).values())
    return run.stdout, plot.picture(rows[0], rows[-1]), run.returncode == 0


def with_table(page, table):
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{PAGE.name} has no place for the table"
    return before + BEGIN + table + END + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=TOP / "build", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    program = options.build / "tests/fleet"
    if not options.check:
        subprocess.run(["ninja", "-C", options.build, "tests/fleet"], check=True, stdout=subprocess.DEVNULL)
    table, picture, good = simulate(program)
    print(table, end="")
    if not good:
        print("fleet: a bound does not hold", file=sys.stderr)
        return 1
    wanted = {PAGE: with_table(PAGE.read_text(), table), PICTURE: picture}
    for path, content in wanted.items():
        if not options.check:
            path.write_text(content)
        elif not path.exists() or path.read_text() != content:
            print(f"fleet: {path.relative_to(TOP)} is out of date: run tests/fleet/run.py", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
