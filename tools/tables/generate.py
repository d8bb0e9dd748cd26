# SPDX-License-Identifier: Apache-2.0
"""
Packs a table into C, for the build:  generate.py KIND INPUT.toml OUTPUT...

The module of a kind has c_files(INPUT) -> {file name: text}; every OUTPUT must be one of these names, in any folder.
"""
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tables.common import TableError  # noqa: E402

KINDS = {
    "errors": "errors",
    "options": "options",
    "protocols": "protocols",
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
    if len(arguments) < 3:
        print("usage: generate.py KIND INPUT OUTPUT...", file=sys.stderr)
        return 64
    try:
        generate(arguments[0], arguments[1], arguments[2:])
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
