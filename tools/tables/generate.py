# SPDX-License-Identifier: Apache-2.0
"""
Packs a table into C. The build runs it.

    python3 tools/tables/generate.py KIND INPUT.toml OUTPUT...

KIND is one of KINDS below. The module of each kind has a function c_files(INPUT), which returns {file name: text}; the file name of every
OUTPUT must be one of these.
"""
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tables.common import TableError  # noqa: E402

KINDS = {
    "completions": "completions",
    "errors": "errors",
    "man_page": "man_page",
    "options": "options",
    "pairs": "packing",
    "protocols": "protocols",
    "tls_checks": "tls_checks",
}


def generate(kind, source, outputs, kinds=None):
    kinds = KINDS if kinds is None else kinds
    if kind not in kinds:
        raise TableError("tools/tables/generate.py", "", f'"{kind}" is not a kind of table: {", ".join(kinds)}')
    made = importlib.import_module(f"tables.{kinds[kind]}").c_files(source)
    for output in map(pathlib.Path, outputs):
        if output.name not in made:
            raise TableError("tools/tables/generate.py", "", f'"{kind}" makes {", ".join(made)}, and not {output.name}')
        output.write_text(made[output.name], "ascii", newline="\n")


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if len(arguments) < 3:
        print("usage: tools/tables/generate.py KIND INPUT.toml OUTPUT...", file=sys.stderr)
        return 64
    try:
        generate(arguments[0], arguments[1], arguments[2:])
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
