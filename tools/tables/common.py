# SPDX-License-Identifier: Apache-2.0
"""
What the readers of the tables share: reading TOML with checks, packing texts for C, and writing pages.

A reader goes through its file like this:

    table = load(path)
    for name, row in table.rows():
        with row:                                   # refuses the keys that nobody took
            row.text("meaning", most=160)           # required, printable ASCII, at most 160 characters
            row.word("retry", ("never", "soon"))    # required, one of these words
            row.flag("fetch_retries", False)        # a key with a default is not required

Every mistake is a TableError, which names the file, the row and the reason.
"""
import difflib
import pathlib
import re
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[2]
REQUIRED = object()
POOL_MAX_BYTES = 1 << 16
KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


class TableError(Exception):
    """A mistake in a table: `FILE: [ROW]: reason`, or `FILE: reason` where it is not in one row."""

    def __init__(self, file, row, reason):
        super().__init__(f"{file}: [{row}]: {reason}" if row else f"{file}: {reason}")
        self.file, self.row, self.reason = file, row, reason


def shown(path):
    """The path as it is named in messages and generated files: from the top of the sources, never one of this machine."""
    path = pathlib.Path(path).resolve()
    return path.relative_to(TOP).as_posix() if path.is_relative_to(TOP) else path.name


def nearest(word, known):
    """' (did you mean "x"?)' for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, sorted(known), 1, 0.6)
    return f' (did you mean "{near[0]}"?)' if near else ""


def listed(words):
    return ", ".join(words)


def check_text(text, most):
    """Why C and the pages cannot have the text, or None. `most` is in characters."""
    if not text:
        return "is empty"
    if wrong := next((c for c in text if not " " <= c <= "~"), None):
        return f"has the character U+{ord(wrong):04X}; a text is one line of printable ASCII"
    if text != text.strip() or "  " in text:
        return "has a space at an end, or two in a row"
    if len(text) > most:
        return f"has {len(text)} characters, and may have {most}"
    return None


class Row:
    """One table of a TOML file. Each take is checked; leaving the `with` block refuses the keys that were not taken."""

    def __init__(self, file, name, keys):
        self.file, self.name, self.keys, self.known = file, name, keys, set()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()

    def fail(self, reason):
        raise TableError(self.file, self.name, reason)

    def close(self):
        for key in self.keys:
            if key not in self.known:
                self.fail(f'the key "{key}" is not known{nearest(key, self.known)}')

    def has(self, key):
        self.known.add(key)
        return key in self.keys

    def take(self, key, kind, default=REQUIRED):
        """The value of a key, which must be of exactly this type."""
        if not self.has(key):
            if default is REQUIRED:
                self.fail(f'the key "{key}" is missing{self.misspelt(key)}')
            return default
        value = self.keys[key]
        if type(value) is not kind:
            self.fail(f'"{key}" must be {KINDS[kind]}, not {KINDS.get(type(value), type(value).__name__)}')
        return value

    def misspelt(self, key):
        near = difflib.get_close_matches(key, [other for other in self.keys if other not in self.known], 1, 0.75)
        return f'; is it meant by "{near[0]}"?' if near else ""

    def text(self, key, default=REQUIRED, most=160):
        """One line of printable ASCII, not empty, with single spaces."""
        value = self.take(key, str, default)
        if key in self.keys and (reason := check_text(value, most)):
            self.fail(f'"{key}" {reason}')
        return value

    def clause(self, key, default=REQUIRED, most=160):
        """A text that stands within a longer line: it does not end with a mark."""
        value = self.text(key, default, most)
        if key in self.keys and value[-1] in ".;,:!?":
            self.fail(f'"{key}" is a part of a longer line, and must not end with "{value[-1]}"')
        return value

    def prose(self, key, default=REQUIRED, most=1000):
        """Whole sentences; they may go over several lines, which count as spaces."""
        value = self.take(key, str, default)
        if key not in self.keys:
            return value
        value = " ".join(value.split())
        if reason := check_text(value, most):
            self.fail(f'"{key}" {reason}')
        if value[-1] not in ".:?!":
            self.fail(f'"{key}" is made of whole sentences, and must end with a period')
        return value

    def number(self, key, default=REQUIRED, least=0, most=65535):
        value = self.take(key, int, default)
        if key in self.keys and not least <= value <= most:
            self.fail(f'"{key}" is {value}, and may be {least} to {most}')
        return value

    def flag(self, key, default=REQUIRED):
        return self.take(key, bool, default)

    def word(self, key, choices, default=REQUIRED):
        """One of some words."""
        value = self.take(key, str, default)
        if key in self.keys and value not in choices:
            self.fail(f'"{key}" is "{value}", and may be {listed(choices)}{nearest(value, choices)}')
        return value

    def words(self, key, choices=None, default=REQUIRED, most=160):
        """A list of texts, each at most once; where there are choices, of some words."""
        values = self.take(key, list, default)
        if key not in self.keys:
            return values
        for value in values:
            if not isinstance(value, str):
                self.fail(f'"{key}" must be a list of texts')
            if reason := check_text(value, most):
                self.fail(f'an element of "{key}" {reason}')
            if choices is not None and value not in choices:
                self.fail(f'"{key}" has "{value}", and may have {listed(choices)}{nearest(value, choices)}')
            if values.count(value) > 1:
                self.fail(f'"{key}" has "{value}" twice')
        return values

    def row(self, key, default=REQUIRED):
        """A table inside of this one, as a Row."""
        value = self.take(key, dict, default)
        return Row(self.file, f"{self.name}.{key}" if self.name else key, value) if key in self.keys else value

    def rows(self, pattern=r"[a-z][a-z0-9_-]*"):
        """(name, Row) of every table directly inside of this one that was not taken yet, in the file's order."""
        for name in [key for key in self.keys if key not in self.known]:
            if not re.fullmatch(pattern, name):
                self.fail(f'"{name}" cannot be the name of a row: it does not match {pattern}')
            yield name, self.row(name)


def load(path):
    """The file as one Row without a name; its keys are the file's tables."""
    file = shown(path)
    try:
        return Row(file, "", tomllib.loads(pathlib.Path(path).read_bytes().decode()))
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(file, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise TableError(file, "", f"is not TOML: {error}") from None


def unique(row, what, value, seen):
    """Note that a row has a value which only one row may have; seen is a dict of the caller's."""
    if value in seen:
        row.fail(f'{what} "{value}" is that of [{seen[value]}] as well')
    seen[value] = row.name


# C

def c_string(text):
    """A C literal of a text of ASCII, or of a packed one; what is not printable becomes an escape."""
    out = []
    for c in text:
        if ord(c) > 255 or c == "\0" and text[0] < "\x80":
            raise ValueError(f"no C literal is made of U+{ord(c):04X}")
        out.append(f"\\{c}" if c in '"\\' else c if " " <= c <= "~" else "\\n" if c == "\n" else f"\\{ord(c):03o}")
    return '"' + "".join(out).replace("??", "?\\?") + '"'  # "??" begins a trigraph


class Pool:
    """
    Texts one after the other in one array, each with its NUL. A text that is the same as another, or the end of another, has no bytes
    of its own. All texts are given at the start, since each may be the end of a later one.
    """

    def __init__(self, file, texts):
        texts = list(dict.fromkeys(texts))
        self.whole, self.offsets, self.size = [], {}, 0
        backwards = sorted(text[::-1] for text in texts)
        ends = {a[::-1] for a, b in zip(backwards, backwards[1:]) if b.startswith(a)}
        for text in texts:
            if text in ends:
                continue
            self.whole.append(text)
            self.offsets[text] = self.size
            self.size += len(text) + 1
        for text in ends:
            host = next(whole for whole in self.whole if whole.endswith(text))
            self.offsets[text] = self.offsets[host] + len(host) - len(text)
        if self.size > POOL_MAX_BYTES:
            raise TableError(file, "", f"the texts are {self.size} bytes, and an offset reaches {POOL_MAX_BYTES}")

    def at(self, text):
        return self.offsets[text]

    def c(self, name):
        """`static const char NAME[] = ...`; the last NUL is the literal's own."""
        lines = [c_string(text)[:-1] + '\\0"' for text in self.whole[:-1]] + [c_string(text) for text in self.whole[-1:]]
        return f"static const char {name}[] =\n\t" + "\n\t".join(lines or ['""']) + ";\n"


def c_file(source, body, guard=None):
    """A generated C file: the licence line, where it is from, and an include guard for a header."""
    head = f"/* SPDX-License-Identifier: Apache-2.0 */\n/* Generated from {shown(source)} by tools/tables; do not edit. */\n"
    if guard:
        body = f"#ifndef {guard}\n#define {guard}\n\n{body.rstrip()}\n\n#endif"
    return head + body.rstrip() + "\n"


# Pages

def cell(text):
    return str(text).replace("|", "\\|")


def markdown_table(head, rows, align=None):
    """Lines of a Markdown table; align has one of "l", "r" for each column."""
    marks = ["--:" if mark == "r" else "---" for mark in align or "l" * len(head)]
    lines = ["| " + " | ".join(map(cell, row)) + " |" for row in (head, *rows)]
    lines.insert(1, "|" + "|".join(marks) + "|")
    return "\n".join(re.sub(r"(?<=\|)  (?=\|)", " ", line) for line in lines) + "\n"


def block_marks(name):
    return f"<!-- made by tools/tables: {name} -->\n", "<!-- end -->\n"


def replace_block(file, page, name, new):
    """The page with new lines between the marks of the block."""
    begin, end = block_marks(name)
    if page.count(begin) != 1:
        raise TableError(file, "", f"must have the line {begin.strip()} once, and has it {page.count(begin)} times")
    before, rest = page.split(begin)
    if end not in rest:
        raise TableError(file, "", f"has no line {end.strip()} after {begin.strip()}")
    old, after = rest.split(end, 1)
    if "<!-- made by tools/tables:" in old:
        raise TableError(file, "", f"has no line {end.strip()} between {begin.strip()} and the next block")
    return before + begin + new.rstrip("\n") + "\n" + end + after
