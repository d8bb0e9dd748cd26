#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Simulates what fleets cost, and brings the figures into docs/scale.md.

    tests/fleet/scale.py [--build DIR]                   all figures: some minutes, most of them for 1,000,000 Pods
    tests/fleet/scale.py [--build DIR] --check [--all]   writes nothing, and fails if the page says something else; without --all, the
                                                         lines of 1,000,000 Pods are only compared with those of 10,000
"""
import argparse
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "docs/scale.md"
END = "<!-- end -->\n"
# Pods in all, Pods of one simulated fleet, and how many of these are added up.
FLEETS = {100: (100, 1), 10_000: (10_000, 1), 1_000_000: (10_000, 100)}
BIGGEST = max(FLEETS)
AT_REST = ["life of 15 min", "life of 1 h"]
RENEWED_S = 0.8 * 3600  # the kubelet renews a projected token of an hour after 80 % of it
SIGNATURES_PER_S = {"P-256": 34_442, "RSA-2048": 2_601}


def lines(program, *arguments):
    run = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, timeout=3600, check=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def loads(program, pods):
    """The cases of one fleet, with their columns by name."""
    (_, *columns), *rows = lines(program, "load", *FLEETS[pods])
    return {name: dict(zip(columns, map(float, values))) for name, *values in rows}


def number(value):
    """Three digits that count."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def table(head, rows):
    rule = "|" + "|".join("---" if i == 0 else "--:" for i in range(len(head))) + "|"
    return "".join(f"{line}\n" for line in ["| " + " | ".join(head) + " |", rule, *("| " + " | ".join(row) + " |" for row in rows)])


def rest_row(pods, case, load):
    rate = load["at rest"]
    cores = [number(rate / per_s) for per_s in SIGNATURES_PER_S.values()]
    return [f"{pods:,}; {case}", number(rate), number(load["peak at rest"]), number(rate), number(5 * rate), number(pods / RENEWED_S), *cores]


def outage_row(pods, case, load):
    rest = load["at rest"]
    return [f"{pods:,}; {case}", number(rest), f"{number(load['attempts in the outage'])} ({load['attempts in the outage'] / rest:.1f})",
            number(load["their peak"]), number(load["peak of another region"]), number(load["peak of region 0 afterwards"]),
            f"{load['without a token']:,.0f}", f"{load['longest without, s']:.0f}"]


REST_HEAD = ["Pods; token", "exchanges, 1/s", "peak", "queries, 1/s (1 each)", "(5 each)", "TokenRequests, 1/s", "cores, P-256", "cores, RSA-2048"]
OUTAGE_HEAD = ["Pods; token, outage", "at rest, 1/s", "in the outage, 1/s (times)", "its peak", "peak of another region", "peak of region 0 afterwards",
               "times without a token", "longest, s"]


def blocks(program, fleets):
    """The tables of the page by their names: a list of rows for each."""
    rest, outage = {}, {}
    for pods in fleets:
        cases = loads(program, pods)
        rest[pods] = [rest_row(pods, case, cases[case]) for case in AT_REST]
        outage[pods] = [outage_row(pods, case, load) for case, load in cases.items()]
    return rest, outage


def names_table(program):
    return table(["host in the URL", "queries"], [[f"`{name}`", count] for name, count in lines(program, "names")])


def block_of(page, name):
    begin = f"<!-- tests/fleet/scale.py {name} -->\n"
    before, mark, rest = page.partition(begin)
    block, end, after = rest.partition(END)
    assert mark and end, f"{PAGE.name} has no place for the table {name}"
    return before + begin, block, END + after


def with_block(page, name, content):
    before, _, after = block_of(page, name)
    return before + content + after


def value_of(cell):
    return float(cell.split(" ")[0].replace(",", ""))


def compare(page, name, rows):
    """What the page says of these fleets is what was simulated; the biggest fleet's rates are as many times those of 10,000 as it has Pods."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in block_of(page, name)[1].splitlines()[2:]]
    said = {first: rest for first, *rest in cells}
    wrong = []
    for pods in FLEETS:
        for row in rows.get(pods, []):
            if said.get(row[0]) != row[1:]:
                wrong.append(f"{row[0]}: the page says {said.get(row[0])}, the simulation {row[1:]}")
    for row in rows[10_000]:
        big = said.get(row[0].replace("10,000", f"{BIGGEST:,}"))
        if not big or not 95 < value_of(big[0]) / value_of(row[1]) < 105:
            wrong.append(f"{row[0]}: {big} is not a hundred times {row[1:]}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=TOP / "build", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    program = options.build / "tests/scale"
    if not options.check:
        subprocess.run(["ninja", "-C", options.build, "tests/scale"], check=True, stdout=subprocess.DEVNULL)
    fleets = [pods for pods in FLEETS if pods < BIGGEST or options.all or not options.check]
    rest, outage = blocks(program, fleets)
    page = PAGE.read_text()
    if options.check:
        wrong = compare(page, "rest", rest) + compare(page, "outage", outage)
        if block_of(page, "names")[1] != names_table(program):
            wrong.append("the table of names has changed")
        for line in wrong:
            print(f"scale: docs/scale.md is out of date: {line}; run tests/fleet/scale.py", file=sys.stderr)
        return 1 if wrong else 0
    page = with_block(page, "rest", table(REST_HEAD, [row for rows in rest.values() for row in rows]))
    page = with_block(page, "outage", table(OUTAGE_HEAD, [row for rows in outage.values() for row in rows]))
    PAGE.write_text(with_block(page, "names", names_table(program)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
