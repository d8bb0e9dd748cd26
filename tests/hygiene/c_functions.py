# SPDX-License-Identifier: Apache-2.0
"""A reader of C as clang-format sets it, for the checks of lib/tls: the functions of a file, their statements, and what a condition implies."""
import re
from dataclasses import dataclass, field

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+|->|\+\+|--|<<=|>>=|<<|>>|&&|\|\||[-+*/%&|^=!<>]=|[^\s\w]')
# What begins in the first column and ends before a brace that stands there alone.
FUNCTION = re.compile(r"^(?P<head>[A-Za-z_](?:[^;{}#\"]|\n[^\S\n])*?\))\n\{\n(?P<body>.*?)^\}$", re.M | re.S)
HEAD = re.compile(r"^(?P<type>[\w\s*]+?[\s*])(?P<name>\w+)\((?P<parameters>.*)\)$", re.S)


@dataclass
class Function:
    """A function that a file defines."""
    file: str
    kind: str  # what it returns, as in "bool" or "const char *"
    name: str
    parameters: list  # texts, as in "const struct sts_tls_records *r"
    body: list  # tokens

    @property
    def place(self):
        return f"{self.file}: {self.name}()"


@dataclass
class Statement:
    """kind is a keyword ("if", "for", "while", "do", "switch", "return", "block") or "other". parts are statements within it."""
    kind: str
    condition: list = field(default_factory=list)
    parts: list = field(default_factory=list)


def bare(text):
    """The text without comments and lines of the preprocessor."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", "", text, flags=re.M)


def functions(file, text):
    found = []
    for match in FUNCTION.finditer(bare(text)):
        head = HEAD.match(" ".join(match["head"].split()))
        if not head:
            continue
        words = [word for word in head["type"].split() if word not in ("static", "inline")]
        parameters = [" ".join(part) for part in split(TOKEN.findall(head["parameters"]), ",")]
        found.append(Function(file, " ".join(words), head["name"], parameters, TOKEN.findall(match["body"])))
    return found


def closing(tokens, at):
    """The place of what closes the bracket at a place."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += tokens[place] in "([{"
        depth -= tokens[place] in ")]}"
        if depth == 0:
            return place
    raise ValueError(f"a bracket is not closed: {' '.join(tokens[at:at + 20])}")


def split(tokens, mark):
    """The parts of an expression between the marks that stand in no brackets."""
    parts, depth = [[]], 0
    for token in tokens:
        depth += token in ("(", "[", "{")
        depth -= token in (")", "]", "}")
        if token == mark and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def statement(tokens, at):
    """The statement that begins at a place, and the place behind it."""
    word = tokens[at]
    if word == "{":
        end = closing(tokens, at)
        return Statement("block", parts=statements(tokens[at + 1:end])), end + 1
    if word in ("if", "for", "while", "switch"):
        end = closing(tokens, at + 1)
        inner, behind = statement(tokens, end + 1)
        parts = [inner]
        if word == "if" and behind < len(tokens) and tokens[behind] == "else":
            other, behind = statement(tokens, behind + 1)
            parts.append(other)
        return Statement(word, tokens[at + 2:end], parts), behind
    if word == "do":
        inner, behind = statement(tokens, at + 1)
        return Statement("do", parts=[inner]), tokens.index(";", behind) + 1
    if word == "case" or (word == "default" and tokens[at + 1] == ":"):
        return Statement("label"), tokens.index(":", at) + 1
    end, depth = at, 0
    while tokens[end] != ";" or depth:
        depth += tokens[end] in ("(", "[", "{")
        depth -= tokens[end] in (")", "]", "}")
        end += 1
    return Statement(word if word == "return" else "other", tokens[at + (word == "return"):end]), end + 1


def statements(tokens):
    found, at = [], 0
    while at < len(tokens):
        one, at = statement(tokens, at)
        found.append(one)
    return found


def returns(parts, conditions=()):
    """(expression, conditions, statement before) of each return. A condition is (tokens, whether it holds), the nearest last."""
    before = None
    for part in parts:
        if part.kind == "return":
            yield part.condition, conditions, before
        elif part.kind == "if":
            for inner, holds in zip(part.parts, (True, False)):
                yield from returns([inner], (*conditions, (part.condition, holds)))
        elif part.kind == "block":
            yield from returns(part.parts, conditions)
        else:
            yield from returns(part.parts, (*conditions, (["1"], True)) if part.parts else conditions)
        before = part


def calls(tokens, name):
    """The arguments of each call of a function."""
    for at, token in enumerate(tokens[:-1]):
        if token == name and tokens[at + 1] == "(":
            yield split(tokens[at + 2:closing(tokens, at + 1)], ",")


def assignments(tokens, name):
    """What is assigned to a variable, with its initial value."""
    for at in range(len(tokens) - 1):
        if tokens[at] == name and tokens[at + 1] == "=" and (at == 0 or tokens[at - 1] not in (".", "->")):
            end, depth = at + 2, 0
            while tokens[end] not in (";", ",") or depth:
                depth += tokens[end] in ("(", "[", "{")
                depth -= tokens[end] in (")", "]", "}")
                end += 1
            yield tokens[at + 2:end]
