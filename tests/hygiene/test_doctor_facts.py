# SPDX-License-Identifier: Apache-2.0
"""The facts of `doctor`: the two lists in sidecar/doctor/facts.c go together, and docs/doctor.md has every name of the JSON."""
import re

from tables.common import TOP

SOURCE = (TOP / "sidecar/doctor/facts.c").read_text()
PAGE = (TOP / "docs/doctor.md").read_text()


def names():
    literals = re.search(r'names = STS_PACKED\(\s*((?:\s*"[^"]*")+)\);', SOURCE)[1]
    return "".join(re.findall(r'"([^"]*)"', literals)).split("\\0")


def rows():
    return re.findall(r"^\tOF\((\w+), \w+, [\w.]+\),$", SOURCE, re.M)


def test_each_row_has_a_name():
    assert len(names()) == len(rows()) > 50


def test_the_page_has_the_names_of_each_gate():
    facts = {}
    for name, gate in zip(names(), rows()):
        if not name.startswith("-"):
            facts.setdefault(gate.lower(), set()).add(name)
    table = PAGE.partition("| gate | facts |\n")[2].partition("\n\n")[0]
    told = {gate: re.findall(r"`([a-z_]+)`", text.replace("(`options`, `variables`, `owner` of the output directory, or `pid-1`)", "")
                             .replace("`same` or `other`", "")) for gate, text in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.M)}
    assert {gate: set(found) for gate, found in told.items()} == facts
    assert all(len(found) == len(set(found)) for found in told.values())
