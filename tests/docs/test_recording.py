# SPDX-License-Identifier: Apache-2.0
"""The recording of a terminal at the top of README.md says what the program says today, in its colours."""
import subprocess
import sys

import pytest
from blocks import TOP

sys.path.insert(0, str(TOP / "tools/pictures"))
import terminal  # noqa: E402


def test_the_program_says_the_same_today():
    done = subprocess.run([sys.executable, "-B", TOP / "tools/pictures/terminal.py", "--check"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


def test_it_is_at_the_top_and_small():
    readme = (TOP / "README.md").read_text()
    assert readme.index("(docs/pictures/terminal.svg)") < readme.index("\n## ")
    assert terminal.PICTURE.stat().st_size < 60_000
    assert all(sum(len(text) for _, text in line) <= terminal.COLUMNS for screen in terminal.shown() for line in screen)


def test_what_is_shown():
    """check and doctor, of a healthy sidecar and of one that fails at one gate."""
    healthy, cut = map(terminal.words_of, terminal.shown())
    assert "No problems found" in healthy and "\n[bad]" not in healthy and "\n[good]" in healthy
    assert cut.count("\n[bad]") == 1 and "[connect_timeout]" in cut.replace("\n", "")


@pytest.mark.parametrize("change", [("", "√ "), ("bad", "√"), ("good", "×"), ("good", "√ "), None])
def test_another_word_or_colour_is_seen(change):
    (screen, _) = terminal.shown()
    changed = [list(line) for line in screen]
    row = next(row for row, line in enumerate(changed) if ("good", "√") in line)
    changed[row] = [change if part == ("good", "√") else part for part in changed[row] if change or part != ("good", "√")]
    same = change == ("good", "√ ")     # a space more is no word
    assert (terminal.words_of(changed) == terminal.words_of(screen)) == same
