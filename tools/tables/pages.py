# SPDX-License-Identifier: Apache-2.0
"""
Writes the documentation pages, and the parts of pages, that are made of the tables.

    python3 tools/tables/pages.py            writes the pages that are stale, and names them
    python3 tools/tables/pages.py --check    writes nothing, names the pages that are stale, and exits with 1 if there are any

The module of each kind of table has two functions. pages(top) returns {path of a page: its whole text}. blocks(top) returns {path of a
page: {name of a block: its lines}}; a block stands in a page that people write, between the lines "<!-- made by tools/tables: NAME -->"
and "<!-- end -->".
"""
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tables.common import TOP, TableError, replace_block  # noqa: E402

KINDS = (
    "errors",
    "option_pages",
    "protocol_pages",
    "tls_checks",
)


def wanted(top, kinds=KINDS):
    """{path: text} of every page that is made of a table, wholly or in part, as it should be."""
    made = {}
    for kind in kinds:
        module = importlib.import_module(f"tables.{kind}")
        made.update(module.pages(top))
    for kind in kinds:
        module = importlib.import_module(f"tables.{kind}")
        for path, blocks in module.blocks(top).items():
            page = made.get(path) or (top / path).read_text("utf-8")
            for name, lines in blocks.items():
                page = replace_block(path, page, name, lines)
            made[path] = page
    return made


def stale(top, kinds=KINDS):
    """{path: text} of the pages that are not as they should be."""
    return {path: text for path, text in wanted(top, kinds).items()
            if not (top / path).is_file() or (top / path).read_text("utf-8") != text}


def main(arguments, top=TOP, kinds=KINDS):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if arguments not in ([], ["--check"]):
        print("usage: tools/tables/pages.py [--check]", file=sys.stderr)
        return 64
    try:
        pages = stale(top, kinds)
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    for path, text in pages.items():
        if arguments:
            print(f"{path} is stale: run tools/tables/pages.py", file=sys.stderr)
        else:
            (top / path).write_text(text, "utf-8", newline="\n")
            print(f"{path} is written")
    return 1 if arguments and pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
