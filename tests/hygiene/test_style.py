# SPDX-License-Identifier: Apache-2.0
"""Checks over the sources as text: formatting, licence lines, sizes, and what must never be in a file."""
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 600
MAX_COLUMNS = 100
MAX_FUNCTION_LINES = 47  # of shipped code, from the brace to the brace; a test may hold a table
P90_FUNCTION_LINES = 40
SHIPPED = ("lib", "sidecar")
CODE = {".c", ".h", ".sh", ".py", ".build"}


def sources():
    """What git tracks or would track; in an exported tree without git, everything outside the folders that builds make."""
    if (TOP / ".git").exists() and shutil.which("git"):
        out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP,
                             stdout=subprocess.PIPE, check=True, timeout=30).stdout
        paths = [TOP / name for name in out.decode().split("\0") if name]
    else:
        made = re.compile(r"^(build[^/]*|\.venv|\.git|subprojects/(?!packagefiles))(/|$)")
        paths = [path for path in TOP.rglob("*") if not made.match(str(path.relative_to(TOP)))]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts)


def name(path):
    return str(path.relative_to(TOP))


def tree(path):
    """The first part of its name: lib, tests."""
    return path.parts[len(TOP.parts)]


def text_of(path):
    return path.read_bytes().decode("utf-8", "replace")


FILES = sources()
TEXTS = [path for path in FILES if "corpus" not in path.parts and b"\0" not in path.read_bytes()[:4096]]
C_FILES = [path for path in TEXTS if path.suffix in (".c", ".h") and path.parts[len(TOP.parts)] != "subprojects"]


def test_there_are_sources():
    assert len(C_FILES) > 20


def test_format():
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, C_FILES)], cwd=TOP, stderr=subprocess.PIPE, text=True,
                         timeout=120)
    bad = sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error:" in line})
    assert not bad, f"run clang-format -i on {bad}"


def test_licence_lines():
    missing = [name(path) for path in TEXTS if (path.suffix in CODE or path.name == "meson.build")
               and "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text_of(path).splitlines()[:3])
               and path.parts[len(TOP.parts)] != "subprojects"]
    assert not missing


def test_no_file_is_too_long():
    long = {name(path): lines for path in TEXTS if path.suffix in CODE
            if (lines := len(text_of(path).splitlines())) > MAX_LINES and path.parts[len(TOP.parts)] != "subprojects"}
    assert not long


def long_lines(text):
    """Numbers of lines that are too long; a tab leads to the next of every eighth column."""
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line.expandtabs(8)) > MAX_COLUMNS]


def test_no_line_of_c_is_too_long():
    """clang-format leaves comments and texts alone."""
    long = [f"{name(path)}:{number}" for path in C_FILES for number in long_lines(text_of(path))]
    assert not long


def test_long_lines_are_found():
    fits = "\t/* " + "x" * (MAX_COLUMNS - 14) + " */"
    assert long_lines(f"{fits}\n{fits}\n") == []
    assert long_lines(f"{fits}\n\t{fits}\nx{fits}\n\n{fits}x") == [2, 5]


def function_lengths(text):
    """The number of lines of each function. The braces of a function stand alone in the first column, as clang-format sets them."""
    lengths, start = [], None
    for number, line in enumerate(text.splitlines()):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            lengths.append(number - start + 1)
            start = None
    return lengths


def test_no_function_is_too_long():
    lengths = {path: function_lengths(text_of(path)) for path in C_FILES if tree(path) in SHIPPED}
    long = {name(path): max(found) for path, found in lengths.items() if found and max(found) > MAX_FUNCTION_LINES}
    assert not long
    everything = sorted(length for found in lengths.values() for length in found)
    assert len(everything) > 500
    assert everything[len(everything) * 9 // 10] <= P90_FUNCTION_LINES


def test_functions_are_measured():
    assert function_lengths("int a(void)\n{\n\treturn 1;\n}\n\nstruct b {\n\tint c;\n};\n\nint d(void)\n{\n}\n") == [3, 2]


# Written so that this file does not match itself.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.$}/-])/(?:wor[k]|roo[t]|hom[e]/\w+)/",
    "a private key": r"-----BEGIN (?:RSA |EC )?PRIVAT[E] KEY-----",
    "unfinished work": r"\b(?:TOD[O]|FIXM[E]|XX[X])\b",
    "trailing white space": r"(?m)[ \t]+$",
    "a carriage return": r"\r",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_forbidden(what):
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in TEXTS:
        if path.suffix in (".crt", ".pem", ".patch"):
            continue
        match = pattern.search(path.read_bytes().decode("utf-8", "replace"))
        if match:
            line = text_of(path)[:match.start()].count("\n") + 1
            found.append(f"{name(path)}:{line}")
    assert not found


def test_files_end_with_one_newline():
    bad = [name(path) for path in TEXTS if path.suffix in CODE | {".md"}
           and (data := path.read_bytes()) and (not data.endswith(b"\n") or data.endswith(b"\n\n"))]
    assert not bad
