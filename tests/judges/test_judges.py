# SPDX-License-Identifier: Apache-2.0
"""The suites of other projects judge our readers of HTTP and JSON: each of their cases gives the verdict that is kept in verdicts/SUITE.tsv."""
import re

import fetch
import pytest
import suites
import verdicts

TOP = verdicts.HERE.parent.parent


@pytest.fixture(scope="session")
def folder():
    if not fetch.folder().is_dir():
        pytest.fail("the suites are not there: .venv/bin/python tests/judges/fetch.py downloads them")
    return fetch.folder()


@pytest.mark.parametrize("build", ["build", "build-asan"])
@pytest.mark.parametrize("suite", suites.SUITES)
def test_verdicts(suite, build, folder):
    cases = suites.cases(suite, folder)
    said = dict(zip((case.id for case in cases), verdicts.ask(TOP / build / "tests/judge", suite, cases)))
    wanted = {name: verdict for name, (verdict, _) in verdicts.read(suite).items()}
    assert said == wanted


@pytest.mark.parametrize("suite", suites.SUITES)
def test_why_a_verdict_is_another_one(suite, folder):
    """A note is there where our verdict is not the suite's, and nowhere else."""
    kept = verdicts.read(suite)
    for case in suites.cases(suite, folder):
        verdict, note = kept[case.id]
        is_other = verdict.startswith({suites.TAKES: "refused", suites.REFUSES: "taken"}.get(case.theirs, "?"))
        assert bool(re.fullmatch(r"[A-Z].*\.", note)) == is_other, (case.id, verdict, note)


def test_the_words_of_a_verdict():
    assert verdicts.in_words("taken") == "taken"
    assert verdicts.in_words("taken 204 0 ") == "taken: 204, no body"
    assert verdicts.in_words("taken 200 3 6869") == "taken: 200, 2 bytes 8f434346, 3 left over"
    assert verdicts.in_words("refused http no good") == "refused: no good"
    assert verdicts.in_words("refused truncated too short") == "cut: too short"


def test_how_the_suites_are_read():
    assert suites.llhttp_bytes("a\\x41\n\\r\\\nb\n") == b"aA\r\n\rb"
    text = 'x := "HTTP/\\x31\\r" + // a comment with "quotes"\n\t`\\n`\ny("a", \'"\', "b")'
    assert list(suites.go_strings(text)) == [(1, b"HTTP/1\r\\n"), (3, b"a"), (3, b"b")]
