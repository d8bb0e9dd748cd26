# SPDX-License-Identifier: Apache-2.0
"""docs/errors.md: the example of each error is what `fetch` (or `run`) says today in that case of tests/failures, and the commands in "How to
check" are those that the programs have."""
import functools
import re
import shutil
import subprocess
import sys

import pytest
from blocks import TOP

sys.path[:0] = [str(TOP / "tests/failures"), str(TOP / "tools")]

import run as failures  # noqa: E402
import page  # noqa: E402
import pod  # noqa: E402
from case import line_of  # noqa: E402
from tables import completions, errors, options  # noqa: E402

ERRORS = [error for error in errors.read(TOP / errors.SOURCE).errors if error.cause.page]
WITH_EXAMPLE = [error for error in ERRORS if error.example]
LINES = errors.examples(TOP)
TABLE = options.read(TOP / options.SOURCE)
PROGRAMS = {"sts-sidecar", "kubectl", "curl", "openssl", "dig", "date", "grep", "cat", "df", "ps", "ss", "dmesg"}
JOBS = 8


def name(error):
    return error.name


def by_run(error):
    """Does the sidecar alone say it? Then docs/doctor.md has a second line of the case."""
    return LINES[error.example].index(errors.example_of(error, LINES)) == 1


@functools.cache
def said():
    """What was said in the cases of all examples. Most need only their first step."""
    short = {error.example for error in WITH_EXAMPLE if not by_run(error)}
    return (failures.produce(sorted(short), JOBS, pod.play_fetch)
            | failures.produce(sorted({error.example for error in WITH_EXAMPLE} - short), JOBS))


@pytest.mark.parametrize("error", WITH_EXAMPLE, ids=name)
def test_the_program_says_the_same_today(error):
    answer = said()[error.example]
    assert "broken" not in answer, answer["broken"]
    line = page.steady(line_of(answer["run" if by_run(error) else "fetch"]["err"]))
    assert line == errors.example_of(error, LINES), "run tests/failures/run.py --page, and tools/tables/pages.py"


# ---- the commands ----

def commands(error):
    """The commands in the text, and what is behind a pipe in them."""
    spans = re.findall(r"`([^`]+)`", error.check)
    return [part.split() for span in spans if span.split()[0] in PROGRAMS and " " in span for part in re.split(r" [|;] ", span)]


@pytest.mark.parametrize("error", ERRORS, ids=name)
def test_it_has_commands(error):
    assert 1 <= len(commands(error)) <= 5
    assert {words[0] for words in commands(error)} <= PROGRAMS | {"echo"}


def test_the_lines_of_doctor_are_gates():
    table = errors.read(TOP / errors.SOURCE)
    named = [gate for error in ERRORS for lines in re.findall(r"in the lines? ((?:`\w+`(?:, | and )?)+)", error.check) for gate in re.findall(r"\w+", lines)]
    assert len(named) > 10 and set(named) - {"and"} <= set(table.gates)


def known(program, *arguments):
    """The words of the program's help."""
    path = shutil.which(program)
    assert path, f"{program} is not installed"
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    return set(re.findall(r"(?<![\w-])--?[\w.]+(?:[-.][\w.]+)*", done.stdout + done.stderr))


@functools.cache
def options_of(program, command):
    if program == "sts-sidecar":
        (row,) = [row for row in TABLE.commands if row.name == command]
        return {f"--{one}" for option in TABLE.taken(row) for one in completions.names_of(option)}
    return known("curl", "--help", "all") if program == "curl" else known("openssl", command, "-help")


@pytest.mark.parametrize("error", ERRORS, ids=name)
def test_the_programs_have_these_options(error):
    for words in commands(error):
        if words[0] in ("sts-sidecar", "curl", "openssl"):
            flags = {word for word in words[1:] if re.match(r"-[\w-]", word)}
            if words[0] == "curl":  # -sS is -s and -S
                flags = {one for word in flags for one in ([word] if word.startswith("--") else [f"-{letter}" for letter in word[1:]])}
            assert flags <= options_of(words[0], words[1] if words[0] != "curl" else ""), words


def test_an_option_that_is_not_there_is_seen():
    assert "--nonsense" not in options_of("curl", "") and "-v" in options_of("curl", "")
    assert "-showcert" not in options_of("openssl", "s_client") and "-showcerts" in options_of("openssl", "s_client")
    assert "--exchange" in options_of("sts-sidecar", "doctor") and "--exchange" not in options_of("sts-sidecar", "check")
