# SPDX-License-Identifier: Apache-2.0
"""README.md is short, its picture is what the program in the repository draws, and each page leads back to the index."""
import re
import subprocess
import sys

import pytest
from test_style import TOP

README = (TOP / "README.md").read_text()
PAGES = sorted(path for folder in ("docs", "docs/servers") for path in (TOP / folder).glob("*.md"))
INDEX = TOP / "docs/README.md"


def test_it_is_short():
    assert len(README.split()) <= 900


def test_the_picture_is_drawn_by_the_program():
    subprocess.run([sys.executable, "-B", TOP / "tools/pictures/overview.py", "--check"], check=True, timeout=30)
    assert README.index("(docs/pictures/overview.svg)") < README.index("\n## ")


def linked(page):
    return {(page.parent / target).resolve() for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_leads_back_to_the_index(page):
    assert page == INDEX or INDEX in linked(page)


def test_the_index_leads_to_every_page():
    assert not [page.name for page in PAGES if page.parent == TOP / "docs" and page != INDEX and page not in linked(INDEX)]
