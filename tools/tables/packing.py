# SPDX-License-Identifier: Apache-2.0
"""
Packs our own texts, which are a quarter of the program: a code is a byte that stands for two symbols, and a symbol is a character or a code
(byte-pair encoding). lib/base/pairs.json has the pairs, each as the two texts that it joins; lib/base/packed.c unpacks. A text without codes
is its own packed form, so whatever unpacks takes plain texts, too.

    python3 tools/tables/packing.py source INPUT OUTPUT DEPFILE

packs the formats in a source file in C: the literals that FORMATS names. Only a release is made of such files; builds for tests compile the
sources as they are.

    python3 tools/tables/packing.py train

chooses the pairs anew from all texts, and writes lib/base/pairs.json. Pairs that are out of date cost a few bytes and nothing else.
"""
import collections
import functools
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tables.common import TOP, TableError, c_file, shown  # noqa: E402

PAIRS = TOP / "lib/base/pairs.json"
CODES = [*range(0x7F, 0x100), *(set(range(0x01, 0x20)) - set(b"\t\n\r"))]   # no byte of our texts; lib/base/packed.c has them, too
DEPTH_MAX = 12                                      # a code within a code
SYMBOL_MAX = 64                                     # characters of a code: STS_PACKED_SYMBOL_MAX_BYTES in packed.h
# The functions that unpack a literal, and which of their arguments it is, from 0.
FORMATS = {"STS_PACKED": 0, "sts_words": 0, "bad": 1, "no_jwt": 1, "fail_unsent": 1, "sts_bug": 0, "sts_fail": 3, "sts_text_addf": 1, "sts_rules_fail": 3}


def read_pairs(path=PAIRS):
    """{text: code} of all pairs, in their order."""
    codes, depths = {}, {}
    for row in json.loads(path.read_text()):
        left, right = row
        for part in row:
            if len(part) != 1 and part not in codes:
                raise TableError(shown(path), "", f"{part!r} is not an earlier pair")
        depths[left + right] = 1 + max(depths.get(left, 0), depths.get(right, 0))
        if left + right in codes or depths[left + right] > DEPTH_MAX or len(left + right) > SYMBOL_MAX or len(codes) == len(CODES):
            raise TableError(shown(path), "", f"{left + right!r} is there already, is too deep or too long, or is one too many")
        codes[left + right] = CODES[len(codes)]
    return codes


def pack(text, codes):
    """The fewest bytes that stand for the text."""
    longest = max(map(len, codes), default=1)
    best = [(0, b"")]
    for end in range(1, len(text) + 1):
        best.append(min(((best[start][0] + 1, start) for start in range(max(0, end - longest), end)
                         if end - start == 1 or text[start:end] in codes), key=lambda one: one[0]))
    out, end = [], len(text)
    while end:
        start = best[end][1]
        out.append(ord(text[start]) if end - start == 1 else codes[text[start:end]])
        end = start
    return bytes(reversed(out))


def packed(text):
    """The text as a Pool takes it: a character for each byte."""
    return pack(text, pairs_of_the_project()).decode("latin-1")


@functools.cache
def pairs_of_the_project():
    return read_pairs()


def c_literal(packed):
    return '"' + "".join(chr(c) if " " <= chr(c) <= "~" and chr(c) not in '"\\?' else f"\\{c:03o}" for c in packed) + '"'


def pairs_h(source):
    codes = read_pairs(pathlib.Path(source))
    symbols = {chr(c): c for c in range(0x80)} | codes
    lines = "\n".join(f"\t[PAIR({codes[left + right]})] = {{{symbols[left]}, {symbols[right]}}}, /* {left + right} */"
                      for left, right in json.loads(pathlib.Path(source).read_text()))
    return f"#define PAIRS_DEPTH {DEPTH_MAX} /* a code within a code */\n\nstatic const uint8_t pairs[][2] = {{\n{lines}\n}};"


def c_files(source):
    return {"pairs.h": c_file(source, pairs_h(source))}


# ---- the formats of a source file ----

LITERAL = r'"(?:[^"\\\n]|\\.)*"'
TOKEN = re.compile(rf"/\*.*?\*/|//[^\n]*|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*|{LITERAL}|'(?:[^'\\\n]|\\.)+'|\w+|\s+|.", re.S | re.M)
CONVERSION = re.compile(r"(%[-0]*(?:[0-9]+|\*)?(?:\.(?:[0-9]+|\*))?[lz]*.)", re.S)


def value_of(literals):
    """The text of literals that C joins. An escape ends with its literal: "\\0" "1" is a NUL and a 1."""
    return "".join(literal[1:-1].encode().decode("unicode_escape") for literal in literals)


def formats(text, names=FORMATS):
    """(first token, token behind the last, the text) of every format in the source. Each is literals alone, one after the other."""
    tokens = [match.group() for match in TOKEN.finditer(text)]
    for at, token in enumerate(tokens):
        if token in names:
            yield from literals_of(tokens, at + 1, names[token])


def literals_of(tokens, at, wanted):
    """Runs of literals in one argument of a call, whose parenthesis is at `at`; those of a choice (a ? "x" : "y") are several."""
    depth = argument = 0
    start = end = None
    for i in range(at, len(tokens)):
        token = tokens[i]
        if token.isspace() or token.startswith("/*"):
            continue
        literal = token[0] == '"' and depth == 1 and argument == wanted
        if literal:
            start, end = i if start is None else start, i + 1
        if not literal and start is not None:
            if token in (",", ")", ":"):
                yield start, end, value_of(one for one in tokens[start:end] if one[0] == '"')
            start = None
        depth += (token in "([{") - (token in ")]}")
        argument += token == "," and depth == 1
        if depth == 0:
            return


def pack_format(text, codes):
    return b"".join(part.encode() if i % 2 else pack(part, codes) for i, part in enumerate(CONVERSION.split(text)))


def pack_source(text, codes):
    """The source with its formats packed. Every line keeps its number."""
    tokens = [match.group() for match in TOKEN.finditer(text)]
    for start, end, whole in formats(text):
        newlines = "".join(tokens[start:end]).count("\n")
        tokens[start:end] = [c_literal(pack_format(whole, codes)) + "\n" * newlines] + [""] * (end - start - 1)
    return "".join(tokens)


def source(given, made, depfile):
    given = pathlib.Path(given)
    text = f'#line 1 "{shown(given)}"\n' + pack_source(given.read_text(), read_pairs())
    pathlib.Path(made).write_text(text, newline="\n")
    pathlib.Path(depfile).write_text(f"{made}: {given} {PAIRS} {pathlib.Path(__file__).resolve()}\n")


# ---- choosing the pairs ----

def all_texts():
    from tables import errors, options, protocols, tls_checks
    for module in (errors, options, protocols, tls_checks):
        yield from module.packed_texts()
    for path in sorted([*TOP.glob("lib/*/*.c"), *TOP.glob("sidecar/**/*.c")]):
        for _, _, text in formats(path.read_text()):
            yield from (part for i, part in enumerate(CONVERSION.split(text)) if i % 2 == 0 for part in part.split("\0"))


def train(texts):
    """The pairs that shorten the texts most, by the greedy rule: again and again the pair that stands there most often."""
    words = [list(text) for text in texts]
    depths, pairs = collections.Counter(), []
    while len(pairs) < len(CODES):
        seen = collections.Counter()
        for word in words:
            last = None
            for pair in zip(word, word[1:]):
                last = None if pair == last else pair   # of three equal symbols, only two make a pair
                if last and 1 + max(depths[pair[0]], depths[pair[1]]) <= DEPTH_MAX and "".join(pair) not in depths:
                    seen[pair] += 1
        (left, right), count = seen.most_common(1)[0]
        if count < 4:
            break
        pairs.append([left, right])
        depths[left + right] = 1 + max(depths[left], depths[right])
        for word in words:
            i = 0
            while i < len(word) - 1:
                if word[i] == left and word[i + 1] == right:
                    word[i:i + 2] = [left + right]
                i += 1
    return pairs


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
    elif len(arguments) == 4 and arguments[0] == "source":
        source(*arguments[1:])
    elif arguments == ["train"]:
        texts = list(all_texts())
        PAIRS.write_text("[\n" + ",\n".join(json.dumps(pair) for pair in train(texts)) + "\n]\n")
        codes = read_pairs()
        print(f"{sum(len(text) for text in texts)} bytes of texts, {sum(len(pack(text, codes)) for text in texts)} packed, {len(codes)} pairs")
    else:
        print("usage: tools/tables/packing.py source INPUT OUTPUT DEPFILE | train", file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
