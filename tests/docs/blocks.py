# SPDX-License-Identifier: Apache-2.0
"""The code blocks of a page, and the comments before them that say how they are run."""
import pathlib
import re
import textwrap
from dataclasses import dataclass

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", TOP / "CONTRIBUTING.md", TOP / "SECURITY.md", *sorted((TOP / "deploy").rglob("*.md")), *sorted((TOP / "docs").glob("*.md")), *sorted((TOP / "docs/servers").glob("*.md"))]
FENCE = re.compile(r"( *)```(.*)")
INDENTED = re.compile(r" {4,}\S")
# The notes: "not run: REASON", "run by: FILE", which reads the page itself, and "run in: SCENE, WORD=VALUE...".
NOTE = re.compile(r"<!-- (not run|run by|run in): (.+?) -->")
# An indented block has no word for its kind; its first word decides.
FIRST_WORDS = {"$": "console", "sts-sidecar": "sh", "kubectl": "sh"}


@dataclass
class Block:
    """
    kind      the word after ```, or what the first word of an indented block stands for; empty if there is none
    notes     what the comments before it say: {"run in": "healthy"}
    made_by   who writes this part of the page: "tools/tables" or "tests/failures"; empty if people do
    """
    page: str
    line: int
    kind: str
    text: str
    notes: dict
    made_by: str

    @property
    def name(self):
        return f"{self.page}:{self.line}"

    @property
    def scene(self):
        return self.notes.get("run in", "").split(", ")[0]

    @property
    def replaced(self):
        """The text with the words in place that the note names."""
        text = self.text
        for pair in self.notes.get("run in", "").split(", ")[1:]:
            word, value = pair.split("=", 1)
            assert word in text, f"{self.name}: there is no {word} in the block"
            text = text.replace(word, value)
        return text


def kind_of(lines):
    return FIRST_WORDS.get(lines[0].split()[0], "")


def blocks_of(text, page):
    """The blocks of a page, in order."""
    lines, found, at, made_by = text.split("\n"), [], 0, ""
    while at < len(lines):
        line = lines[at]
        if begin := re.match(r"<!-- made by ([\w/]+): ", line):
            made_by = begin[1]
        elif line == "<!-- end -->":
            made_by = ""
        if fence := FENCE.match(line):
            end = next((number for number in range(at + 1, len(lines)) if lines[number].strip() == "```"), None)
            assert end is not None, f"{page}:{at + 1}: the block does not end"
            inside, kind = lines[at + 1:end], fence[2].strip()
        elif INDENTED.match(line) and (not lines[at - 1].strip() or lines[at - 1].startswith("<!-- ")):
            end = at + 1
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            inside = textwrap.dedent("\n".join(lines[at:end])).rstrip().split("\n")
            kind = kind_of(inside)
            end -= 1
        else:
            at += 1
            continue
        notes, above = {}, at - 1
        while above >= 0 and (not lines[above].strip() or NOTE.fullmatch(lines[above].strip())):
            if note := NOTE.fullmatch(lines[above].strip()):
                notes[note[1]] = note[2]
            above -= 1
        found.append(Block(page, at + 1, kind, textwrap.dedent("\n".join(inside)) + "\n", notes, made_by))
        at = end + 1
    return found


def all_blocks():
    return [block for path in PAGES for block in blocks_of(path.read_text(), str(path.relative_to(TOP)))]


# ---- comparing what a page shows with what is said ----

# What differs from run to run: times, durations, PIDs, ports, sizes, digests. In this order.
VOLATILE = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b1[5-9]\d{8}(\.\d+)?\b", "TIME"),
    (r"\bjust now\b", "N s ago"),
    (r"\b(the )?next( attempt)? (is due now|is under way)\b", r"next\2 in N s"),
    (r"\b\d+(\.\d+)? (ms|s|min|h|d)\b( \d+ (s|min|h|d)\b)*", "N s"),
    (r"\b\d+ (B|KiB|bytes)\b", r"N \1"),
    (r"\b(PID|try|port|attempts:) \d+", r"\1 N"),
    (r"(localhost|127\.0\.0\.1):\d+", r"\1:N"),
    (r"\b[0-9a-f]{16}\b", "DIGEST"),
]


def steady(text):
    """The words of a text, with one space between them, and without what differs from run to run."""
    text = " ".join(text.split())
    for pattern, replacement in VOLATILE:
        text = re.sub(pattern, replacement, text)
    return text


def pattern_of(shown):
    """What a page shows as a pattern. "..." in a word stands for the rest of the word, and "..." alone for any number of words."""
    parts = [r"(?:.* )?" if word == "..." else r"\S*?".join(map(re.escape, word.split("..."))) + " " for word in steady(shown).split(" ") if word]
    return re.compile("".join(parts))


def shows(shown, said):
    """Is what the page shows what was said, from the first word to the last? Lines may break elsewhere, since the figures differ in length."""
    said = steady(re.sub(r"\x1b\[[\d;]*m", "", said))
    return pattern_of(shown).fullmatch(said + " " if said else "") is not None
