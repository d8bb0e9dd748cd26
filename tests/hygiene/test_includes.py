# SPDX-License-Identifier: Apache-2.0
"""The include lines of lib/ and sidecar/ against the order of the folders that HACKING.md states."""
import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SECTION = re.compile(r"## Order of the folders\n(.*?)\n## ", re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.M)
MADE_BY_THE_BUILD = {"version.h"}  # not a file of ours: any file may include it
# The sandbox's test hook: a worker that attacks is compiled into a binary of the tests alone.
OF_TESTS = {("sidecar/sandbox/sandbox.c", "../../tests/sandbox/hostile.h")}


def order():
    """The rank of every folder ("lib/net") and of main.c, lowest first. Folders between bars share a rank."""
    section = SECTION.search((TOP / "HACKING.md").read_text())
    assert section, "HACKING.md has no section Order of the folders"
    ranks = {}
    for tree in ("lib", "sidecar"):
        line = re.search(rf"^    {tree}/ +(\S.*)$", section.group(1), re.M)
        assert line, f"HACKING.md states no order for {tree}/"
        for step in line.group(1).split(" < "):
            rank = len(set(ranks.values()))
            for folder in step.split(" | "):
                ranks[f"{tree}/{folder.strip()}"] = rank
    return ranks


def sources():
    return sorted(path for tree in ("lib", "sidecar") for path in (TOP / tree).rglob("*") if path.suffix in (".c", ".h"))


def includes(text):
    """The files that a source includes with quotation marks, without the include lines in comments."""
    return INCLUDE.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.S))


def folder_of(name):
    """lib/net of lib/net/url.h; sidecar/main.c of itself."""
    return name if name.count("/") == 1 else name.rsplit("/", 1)[0]


def resolve(name):
    """An include as a path from the top, or None where no file of ours has this name."""
    found = [f"{tree}/{name}" for tree in ("lib", "sidecar") if (TOP / tree / name).is_file()]
    assert len(found) < 2, f"{name} is a file of lib/ and of sidecar/"
    return found[0] if found else None


def wrong_includes(files, ranks, resolve):
    """files: name -> text. What is wrong with each include, in words."""
    wrong = []
    for name, text in files.items():
        for include in includes(text):
            if include in MADE_BY_THE_BUILD or (name, include) in OF_TESTS:
                continue
            if "/" not in include or ".." in include:
                wrong.append(f"{name}: {include} names no folder")
                continue
            target = resolve(include)
            # The build makes the files that are not in the tree, in the folder of the file that includes them.
            upper, lower = folder_of(name), folder_of(target) if target else f"{name.split('/')[0]}/{include.rsplit('/', 1)[0]}"
            if lower not in ranks:
                wrong.append(f"{name}: {include} is in a folder that the order does not have")
            elif upper != lower and ranks[upper] <= ranks[lower]:
                wrong.append(f"{name}: {include} stands above it, or beside it")
    return wrong


def circles(files, resolve):
    """Groups of files each of which leads to all others of its group; X.h and X.c are one file, X."""
    edges = {}
    for name, text in files.items():
        own = name.rsplit(".", 1)[0]
        targets = {target.rsplit(".", 1)[0] for include in includes(text) if (target := resolve(include))}
        edges.setdefault(own, set()).update(targets - {own})

    def reach(file):
        seen, left = set(), [file]
        while left:
            new = edges.get(left.pop(), set()) - seen
            seen |= new
            left += new
        return seen

    reached = {file: reach(file) for file in edges}
    groups = {tuple(sorted(other for other in reached[file] if file in reached.get(other, ()))) for file in edges}
    return sorted(list(group) for group in groups if group)


def texts():
    return {str(path.relative_to(TOP)): path.read_text() for path in sources()}


def test_the_order_names_every_folder():
    ranks = order()
    folders = {folder_of(name) for name in texts()}
    assert folders == set(ranks), f"HACKING.md and the tree differ: {sorted(folders ^ set(ranks))}"


def test_includes_keep_to_the_order():
    wrong = wrong_includes(texts(), order(), resolve)
    assert not wrong, "\n".join(wrong)


def test_no_circle():
    assert not circles(texts(), resolve)


# What the checks above must find, on sources that are made up.
RANKS = {"lib/low": 0, "lib/high": 1, "sidecar/left": 2, "sidecar/right": 2, "sidecar/main.c": 3}
GOOD = {
    "lib/low/a.h": "",
    "lib/low/a.c": '#include "low/a.h"\n#include <string.h>\n/* #include "high/b.h" */\n',
    "lib/high/b.h": '#include "low/a.h"\n',
    "sidecar/left/c.c": '#include "high/b.h"\n#include "version.h"\n',
    "sidecar/right/d.h": "",
    "sidecar/main.c": '#include "right/d.h"\n',
}
BAD = {
    "upwards": {"lib/low/a.h": '#include "high/b.h"\n'},
    "from lib to sidecar": {"lib/high/b.h": '#include "right/d.h"\n'},
    "beside it": {"sidecar/left/c.c": '#include "right/d.h"\n'},
    "no folder": {"lib/low/a.c": '#include "a.h"\n'},
    "by way of the parent": {"lib/high/b.h": '#include "../low/a.h"\n'},
    "with spaces": {"lib/low/a.h": ' #  include "high/b.h"\n'},
    "an unknown folder": {"lib/low/a.c": '#include "lost/e.h"\n'},
}


def made_up(files):
    names = {name.split("/", 1)[1]: name for name in files}
    return lambda include: names.get(include)


def test_good_sources_pass():
    assert not wrong_includes(GOOD, RANKS, made_up(GOOD))
    assert not circles(GOOD, made_up(GOOD))


@pytest.mark.parametrize("what", BAD)
def test_bad_sources_are_found(what):
    files = GOOD | BAD[what]
    assert len(wrong_includes(files, RANKS, made_up(files))) == 1


@pytest.mark.parametrize("files", [
    {"lib/low/a.h": '#include "low/e.h"\n', "lib/low/e.h": '#include "low/a.h"\n'},
    {"lib/low/a.c": '#include "low/e.h"\n', "lib/low/e.c": '#include "low/a.h"\n'},
    {"lib/low/a.h": '#include "low/e.h"\n', "lib/low/e.h": '#include "low/f.h"\n', "lib/low/f.c": '#include "low/a.h"\n'},
])
def test_circles_are_found(files):
    files = {"lib/low/a.h": "", "lib/low/e.h": "", "lib/low/f.h": ""} | files
    assert len(circles(files, made_up(files))) == 1
