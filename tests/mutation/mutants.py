# SPDX-License-Identifier: Apache-2.0
"""Makes mutants of a C source: small changes to its tokens, each of which a test should notice.

The operators work on tokens, not on a syntax tree. A mutant that does not compile is counted as such and proves nothing.
"""
import dataclasses
import re

TOKEN = re.compile(r"""
    (?P<space>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<directive>\#(?:[^\n\\]|\\\n|\\.)*)
  | (?P<string>(?:u8|L)?"(?:[^"\\]|\\.)*")
  | (?P<char>'(?:[^'\\]|\\.)+')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*(?!\.))
  | (?P<name>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|\.\.\.|->|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^=!<>]=|.)
""", re.X | re.S)
OPENING, CLOSING = "([{", ")]}"
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
RELATIONS = {"<": ("<=", ">="), ">": (">=", "<="), "<=": ("<", ">"), ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
SWAPS = {"+": "-", "-": "+", "<<": ">>", ">>": "<<", "++": "--", "--": "++", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="}
HEADS = {"if", "for", "while", "switch"}
JUMPS = {"break", "continue", "goto"}
TYPE_WORDS = {"struct", "union", "enum", "const", "static", "volatile", "unsigned", "signed", "int", "char", "long", "short", "void", "bool", "_Static_assert",
              "extern", "register", "typedef", "double", "float", "_Thread_local"}
KEYWORDS = HEADS | JUMPS | TYPE_WORDS | {"return", "else", "do", "case", "default", "sizeof"}


@dataclasses.dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int
    match: int = -1  # of a bracket: the index of the other one


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    operator: str
    start: int
    end: int
    new: str
    before: str   # the lines that change, and what they become; white space is one blank
    after: str
    function: str  # "" outside of functions

    def applied(self, text):
        old = text[self.start:self.end]
        return text[:self.start] + self.new + "\n" * (old.count("\n") - self.new.count("\n")) + text[self.end:]

    def name(self):
        return f"{self.path}:{self.line}: {self.before}  ->  {self.after}"


def tokens_of(text):
    found = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        kind = match.lastgroup
        if kind == "directive":
            # The value of a macro that takes no arguments is mutated, too.
            value = re.match(r"#\s*define\s+\w+[ \t]+", match.group())
            if value and "\\\n" not in match.group() and '"' not in match.group():
                found += [Token("bound", "", at, at)] + shifted(tokens_of(match.group()[value.end():]), at + value.end())
            found.append(Token("bound", "", match.end(), match.end()))
        elif kind != "space":
            found.append(Token(kind, match.group(), at, match.end()))
        at = match.end()
    return found


def shifted(tokens, by):
    return [Token(token.kind, token.text, token.start + by, token.end + by) for token in tokens]


def match_brackets(tokens):
    open_ones = []
    for i, token in enumerate(tokens):
        if token.kind == "op" and token.text in OPENING:
            open_ones.append(i)
        elif token.kind == "op" and token.text in CLOSING and open_ones:
            other = open_ones.pop()
            token.match, tokens[other].match = other, i


class Source:
    """One C source and its mutants."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens = tokens_of(text)
        match_brackets(self.tokens)
        self.found = {}
        self.functions = self.find_functions()

    def mutants(self):
        self.each_group(0, len(self.tokens))
        self.each_token()
        for _, _, body, _, _ in self.functions:
            self.statements(body + 1, self.tokens[body].match)
        return sorted(self.found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.new))

    # What a mutant is

    def line(self, at):
        return self.text.count("\n", 0, at) + 1

    def add(self, operator, start, end, new):
        text = self.text
        if text[start:end] == new:
            return
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", end)
        before = " ".join(text[first:last].split())
        after = " ".join((text[first:start] + new + text[end:last]).split())
        line = self.line(start)
        function = next((name for a, b, _, _, name in self.functions if a <= line <= b), "")
        self.found.setdefault((first, last, after), Mutant(self.path, line, operator, start, end, new, before, after, function))

    def span(self, first, last):
        """Start and end of the tokens from first to before last."""
        return self.tokens[first].start, self.tokens[last - 1].end

    def find_functions(self):
        """First line, last line, index of the brace, type and name of each function."""
        found, i, begin = [], 0, 0
        tokens = self.tokens
        while i < len(tokens):
            token = tokens[i]
            if token.text == "{" and token.match > i:
                if i and tokens[i - 1].text == ")":
                    name = tokens[i - 1].match - 1
                    kind = " ".join(token.text for token in tokens[begin:name])
                    found.append((self.line(tokens[begin].start), self.line(tokens[token.match].start), i, kind, tokens[name].text))
                    begin = token.match + 1
                i = token.match
            elif token.text == ";" or token.kind == "bound":
                begin = i + 1
            i += 1
        return found

    # Expressions

    def each_group(self, first, last):
        """What stands between brackets is split at what ends an expression."""
        tokens, begin, i = self.tokens, first, first
        while i < last:
            token = tokens[i]
            if token.match > i:
                self.each_group(i + 1, token.match)
                closes_block = token.text == "{"
                i = token.match
                if closes_block:
                    begin = i + 1
            elif token.kind == "bound" or token.text in (";", ",", ":", "?", "return", "case", "else", "do") or token.text in ASSIGNMENTS:
                self.expression(begin, i, token.text)
                begin = i + 1
            i += 1
        self.expression(begin, last, "")

    def split(self, first, last, texts):
        """The parts of an expression between operators of this depth."""
        parts, begin, i = [], first, first
        while i < last:
            if self.tokens[i].match > i:
                i = self.tokens[i].match
            elif self.tokens[i].text in texts:
                parts.append((begin, i))
                begin = i + 1
            i += 1
        parts.append((begin, last))
        return [(a, b) for a, b in parts if a < b]

    def expression(self, first, last, ended_by):
        if first >= last or self.tokens[first].text in HEADS and ended_by != "?":
            return
        if ended_by == "?" and not self.is_one_relation(first, last):
            start, end = self.span(first, last)
            self.add("negated", start, end, f"!({self.text[start:end]})")
        ors = self.split(first, last, ("||",))
        for a, b in ors:
            if len(ors) > 1:
                self.add("clause", *self.span(a, b), "0")
            ands = self.split(a, b, ("&&",))
            for c, d in ands:
                if len(ands) > 1:
                    self.add("clause", *self.span(c, d), "1")
                for e, f in self.split(c, d, RELATIONS):
                    self.flags(e, f)

    def flags(self, first, last):
        parts = self.split(first, last, ("|",))
        if len(parts) > 1:
            for a, b in parts:
                self.add("flag", *self.span(a, b), "0")

    def is_one_relation(self, first, last):
        """The mutants of a single relation, or of a single !, have its negation among them."""
        if len(self.split(first, last, ("&&", "||", "?"))) != 1:
            return False
        return len(self.split(first, last, RELATIONS)) == 2 or self.tokens[first].text == "!"

    # Tokens

    def each_token(self):
        tokens = self.tokens
        for i, token in enumerate(tokens):
            if token.kind == "number":
                self.number(token)
            elif token.kind == "char":
                self.replace("constant", token, f"({token.text} + 1)", f"({token.text} - 1)")
            elif token.text in ("true", "false"):
                self.replace("constant", token, "false" if token.text == "true" else "true")
            elif token.text in RELATIONS:
                self.replace("relation", token, *RELATIONS[token.text])
            elif token.text in ("&&", "||"):
                self.replace("logic", token, "||" if token.text == "&&" else "&&")
            elif token.text in SWAPS and (token.text not in "+-" or self.is_binary(i)):
                self.replace("arithmetic", token, SWAPS[token.text])
            elif token.text == "!":
                self.replace("negated", token, "")
            elif token.text in ("if", "while") and tokens[i + 1].match > i + 1:
                self.condition(i + 1)

    def is_binary(self, i):
        before = self.tokens[i - 1]
        return before.kind in ("number", "char") or before.text in (")", "]") or before.kind == "name" and before.text not in KEYWORDS

    def replace(self, operator, token, *texts):
        for text in texts:
            self.add(operator, token.start, token.end, text)

    def number(self, token):
        value = int(re.sub("[uUlL]", "", token.text), 8 if re.match(r"0[0-7]", token.text) else 0)
        self.replace("constant", token, f"({token.text} + 1)")
        if value > 0:
            self.replace("constant", token, "0" if value == 1 else f"({token.text} - 1)", "0")

    def condition(self, paren):
        first, last = paren + 1, self.tokens[paren].match
        if first < last and not self.is_one_relation(first, last):
            start, end = self.span(first, last)
            self.add("negated", start, end, f"!({self.text[start:end]})")

    # Statements

    def statements(self, first, last):
        tokens, i, at_start = self.tokens, first, True
        kind = next(kind for _, _, body, kind, _ in self.functions if body < first <= tokens[body].match)
        while i < last:
            token = tokens[i]
            if token.text == "{" and token.match > i:
                if at_start:
                    self.statements(i + 1, token.match)
                i, at_start = token.match + 1, True
            elif token.text in HEADS and at_start and tokens[i + 1].match > i:
                i = tokens[i + 1].match + 1
            elif token.text in ("else", "do", ";") or token.kind == "bound":
                i, at_start = i + 1, True
            elif at_start and (token.text in ("case", "default") or i + 1 < last and tokens[i + 1].text == ":"):
                while tokens[i].text != ":":
                    i += 1
                i += 1
            else:
                end = self.end_of_statement(i, last)
                self.statement(i, end, kind)
                i, at_start = end, True

    def end_of_statement(self, i, last):
        while i < last and self.tokens[i].text != ";":
            i = self.tokens[i].match if self.tokens[i].match > i else i
            i += 1
        return i

    def statement(self, first, end, kind):
        tokens = self.tokens
        if tokens[first].text == "return":
            if end > first + 1:
                self.returned(first + 1, end, kind)
            else:
                self.add("statement", tokens[first].start, tokens[first].end, "")
            return
        if self.is_declaration(first, end) or self.is_nothing(first, end):
            return
        self.add("statement", *self.span(first, end), "")

    def is_declaration(self, first, end):
        words = self.tokens[first:end]
        if words[0].text in TYPE_WORDS:
            return True
        if words[0].kind != "name" or words[0].text in JUMPS or len(words) < 2:
            return False
        rest = [word for word in words[1:] if word.text != "*"]
        return words[1].kind == "name" or words[1].text == "*" and bool(rest) and rest[0].kind == "name"

    def is_nothing(self, first, end):
        return [token.text for token in self.tokens[first:end - 1]] == ["(", "void", ")"]

    def returned(self, first, end, kind):
        start, stop = self.span(first, end)
        text = self.text[start:stop]
        if "*" in kind:
            values = ["NULL"]
        elif "bool" in kind.split():
            values = ["true", "false"] if text not in ("true", "false") else []
        elif text == "STS_OK":
            values = ["(enum sts_err)1"]
        else:
            values = ["0"] if not re.fullmatch(r"-?\d+", text) else []
        for value in values:
            self.add("return", start, stop, value)


def mutants_of(path, text):
    return Source(path, text).mutants()
