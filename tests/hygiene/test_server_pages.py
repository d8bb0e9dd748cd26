# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/servers: each says first whether it was tried, and where its blocks are run, a test of tests/interop reads them."""
import re

import pytest
from test_style import TOP

FOLDER = TOP / "docs/servers"
PAGES = sorted(page.name for page in FOLDER.glob("*.md") if page.name != "README.md")
READERS = "".join(path.read_text() for path in (TOP / "tests/interop").glob("test_*.py"))


def first_line(page):
    heading, empty, line = (FOLDER / page).read_text().splitlines()[:3]
    assert heading.startswith("# ") and not empty
    return line


@pytest.mark.parametrize("page", PAGES)
def test_first_line(page):
    line = first_line(page)
    assert line.startswith("Tried with ") or re.match(r"Not tried.*the vendor's pages? (is|are) https://", line), line


@pytest.mark.parametrize("page", PAGES)
def test_the_list_has_it_and_says_the_same(page):
    (row,) = [row for row in (FOLDER / "README.md").read_text().splitlines() if row.startswith("| [") and f"({page})" in row]
    assert first_line(page).startswith("Not tried") == ("not tried" in row.split("|")[3]), row


@pytest.mark.parametrize("page", PAGES)
def test_what_it_says_is_run_is_run(page):
    says = re.search(r"`tests/interop` (?:runs the commands|builds a server with the lines) of this page", first_line(page))
    assert bool(says) == (f'"{page}"' in READERS)
