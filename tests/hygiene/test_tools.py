# SPDX-License-Identifier: Apache-2.0
"""Every command in tools/ explains itself, and refuses an argument that it does not know before it does anything."""
import subprocess
import sys

import pytest
from test_style import TOP, name

COMMANDS = [*sorted((TOP / "tools").glob("*.sh")),
            *(path for path in sorted((TOP / "tools").rglob("*.py")) if "__main__" in path.read_text())]


def run(path, *arguments):
    interpreter = ["sh"] if path.suffix == ".sh" else [sys.executable, "-B"]
    return subprocess.run([*interpreter, str(path), *arguments], cwd="/", capture_output=True, text=True, timeout=30)


def test_there_are_commands():
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_help(path):
    shown = run(path, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert name(path) in shown.stdout and len(lines) >= 3 and not any(line.startswith("#") for line in lines)


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_an_unknown_argument(path):
    refused = run(path, "--nonsense")
    assert (refused.returncode, refused.stdout) == (64, "")
    assert refused.stderr.count("\n") == 1 and name(path) in refused.stderr


@pytest.mark.parametrize("arguments", [["--arch"], ["--arch", "sparc"], ["--arch=sparc"], ["--dir"], ["--target"]], ids=" ".join)
def test_values_of_build(arguments):
    refused = run(TOP / "tools/build.sh", *arguments)
    assert refused.returncode == 64 and refused.stderr.count("\n") == 1


@pytest.mark.parametrize("script, arguments", [("deps", ["amd64", "more"]), ("setup", ["build", "sparc"]), ("demo", ["--help", "more"])])
def test_one_argument_too_many(script, arguments):
    refused = run(TOP / f"tools/{script}.sh", *arguments)
    assert refused.returncode == 64 and refused.stderr.count("\n") == 1
