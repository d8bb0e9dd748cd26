# SPDX-License-Identifier: Apache-2.0
"""
Packs our own texts, which are a quarter of the program. A symbol is a character, or a pair of symbols that stand together often (byte-pair
encoding). Symbols that are frequent have short codes (Huffman's), in the canonical order, so that a table of lengths says all.
lib/base/pairs.json has the symbols with the lengths of their codes in bits; lib/base/packed.c unpacks, and its header says how a packed text
begins and ends. A plain text is its own packed form, so whatever unpacks takes plain texts, too.

    python3 tools/tables/packing.py source INPUT OUTPUT DEPFILE

packs the formats in a source file in C: the literals that FORMATS names. Only a release is made of such files; builds for tests compile the
sources as they are.

    python3 tools/tables/packing.py train

chooses the symbols anew from all texts, and writes lib/base/pairs.json. Symbols that are out of date cost a few bytes and nothing else.
"""
import collections
import functools
import heapq
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tables.common import TOP, TableError, c_file, shown  # noqa: E402

PAIRS = TOP / "lib/base/pairs.json"
CHARACTERS = "\t\n\r" + "".join(map(chr, range(0x20, 0x7F)))
END = ""                    # the symbol that ends a text: its code is all zeros, as the NUL behind the text is
RIGHT_BITS = 12             # of the right symbol of a pair in the table
LOW_BITS = 4                # of the left symbol of a pair; its other bits are steps (pairs_h)
PAIR_BITS = RIGHT_BITS + LOW_BITS + 1   # of a pair in the table
PAIRS_MAX = 2400
ROUNDS = 10                 # in which pairs that are not worth their place are left out
DEPTH_MAX = 12              # a pair within a pair
SYMBOL_MAX = 48             # characters of a symbol
CODE_MAX_BITS = 15
END_MAX_BITS = 8            # so that the NUL behind a text has the code of the end
# The functions that unpack a literal, and which of their arguments it is, from 0.
FORMATS = {"STS_PACKED": 0, "sts_words": 0, "bad": 1, "no_jwt": 1, "fail_unsent": 1, "sts_bug": 0, "sts_fail": 3, "sts_text_addf": 1, "sts_rules_fail": 3}


class Symbols:
    """The symbols of pairs.json: their codes, and what each is made of."""

    def __init__(self, lengths, pairs, name=""):
        self.pairs = {left + right: (left, right) for left, right in pairs}
        self.lengths = lengths
        self.ranks = {symbol: rank for rank, symbol in enumerate(sorted(lengths, key=self.order))}
        self.longest = max(map(len, lengths))
        self.codes, self.counts, code, before = {}, [0] * (CODE_MAX_BITS + 1), 0, 0
        for symbol in self.ranks:
            code <<= lengths[symbol] - before
            before = lengths[symbol]
            self.codes[symbol] = f"{code:0{before}b}"
            self.counts[before] += 1
            code += 1
        if code != 1 << before or self.ranks[END] != 0 or lengths[END] > END_MAX_BITS:
            raise TableError(name, "", "the lengths of the codes do not belong together")

    def order(self, symbol):
        """Short codes first. Of one length, the characters come first, and then the pairs in the order of their left symbols."""
        return (self.lengths[symbol], 1, *map(self.order, self.pairs[symbol])) if symbol in self.pairs else (self.lengths[symbol], 0, symbol)

    def parts(self, text):
        """The symbols that stand for the text in the fewest bits."""
        best = [(0, 0)]
        for end in range(1, len(text) + 1):
            best.append(min((best[start][0] + len(self.codes[text[start:end]]), start) for start in range(max(0, end - self.longest), end)
                            if text[start:end] in self.codes))
        parts, end = [], len(text)
        while end:
            start = best[end][1]
            parts.append(text[start:end])
            end = start
        return parts[::-1]

    def pack(self, text):
        """The codes of the text, behind a bit that is set; the text itself where that is not longer."""
        bits = "1" + "".join(self.codes[part] for part in self.parts(text))
        made = int(bits.ljust(-len(bits) % 8 + len(bits), "0"), 2).to_bytes((len(bits) + 7) // 8, "big")
        return made if len(made) < len(text) else text.encode()

    def unpack(self, made):
        """The text, and how many bytes it has without its NUL: for tests."""
        if not made or made[0] < 0x80:
            return made.partition(b"\0")[0].decode(), made.find(b"\0")
        symbols, bits, at, text = {code: symbol for symbol, code in self.codes.items()}, "".join(f"{byte:08b}" for byte in made), 1, []
        while True:
            end = next(end for end in range(at + 1, len(bits) + 1) if bits[at:end] in symbols)
            symbol = symbols[bits[at:end]]
            if symbol == END:
                return "".join(text), (at + 7) // 8
            text.append(symbol)
            at = end


def read_symbols(path=PAIRS):
    rows, lengths, pairs, depths = json.loads(path.read_text()), {}, [], {}
    for *parts, bits in rows:
        symbol = "".join(parts)
        for part in parts if len(parts) == 2 else ():
            if part not in lengths:
                raise TableError(shown(path), "", f"{part!r} is not an earlier symbol")
        depths[symbol] = 1 + max(depths[part] for part in parts) if len(parts) == 2 else 0
        if symbol in lengths or depths[symbol] > DEPTH_MAX or len(symbol) > SYMBOL_MAX or len(pairs) > PAIRS_MAX or not 0 < bits <= CODE_MAX_BITS:
            raise TableError(shown(path), "", f"{symbol!r} is there already, is too deep or too long, has a code that is too long, or is one too many")
        lengths[symbol] = bits
        if len(parts) == 2:
            pairs.append(parts)
    if missing := {END, *CHARACTERS} - set(lengths):
        raise TableError(shown(path), "", f"{missing} are missing")
    return Symbols(lengths, pairs, shown(path))


def packed(text):
    """The text as a Pool takes it: a character for each byte."""
    return symbols_of_the_project().pack(text).decode("latin-1")


@functools.cache
def symbols_of_the_project():
    return read_symbols()


def c_literal(packed):
    return '"' + "".join(chr(c) if " " <= chr(c) <= "~" and chr(c) not in '"\\?' else f"\\{c:03o}" for c in packed) + '"'


def pairs_h(source):
    symbols = read_symbols(pathlib.Path(source))
    by_rank = list(symbols.ranks)
    characters, pairs, lengths, steps = [one for one in by_rank if one not in symbols.pairs], [], [], ""
    for length in range(1, CODE_MAX_BITS + 1):
        lefts = [symbols.ranks[symbols.pairs[one][0]] for one in by_rank if one in symbols.pairs and symbols.lengths[one] == length]
        lengths.append(f"\t{{{symbols.counts[length] - len(lefts)}, {len(lefts)}, {len(steps)}}},")
        for before, left in zip([0, *lefts], lefts):
            steps += "0" * ((left >> LOW_BITS) - (before >> LOW_BITS)) + "1"
    for one in by_rank:
        if one in symbols.pairs:
            left, right = (symbols.ranks[part] for part in symbols.pairs[one])
            pairs.append(f"\t{(left & (1 << LOW_BITS) - 1) << RIGHT_BITS | right}, /* {symbols.ranks[one]}: {json.dumps(one)[1:-1].replace('*/', '* /')} */")
    steps = [f"0x{int(steps[at:at + 8][::-1], 2):02x}" for at in range(0, len(steps), 8)]
    return "\n".join([
        f"#define PAIRS_DEPTH {DEPTH_MAX} /* a pair within a pair */", f"#define RIGHT_BITS {RIGHT_BITS}", f"#define LOW_BITS {LOW_BITS}", "",
        "/* Of the codes of 1 bit, 2 bits, and so on: how many stand for characters, how many behind them for",
        " * pairs, and where the steps of these begin, in bits. */",
        "static const struct {\n\tuint8_t characters;\n\tuint16_t pairs, steps;\n} lengths[] = {", *lengths, "};", "",
        "/* The characters, in the order of their codes. */",
        'static const char characters[] = "' + "".join(f"\\{ord(one or chr(0)):03o}" for one in characters) + '";', "",
        "/* The pairs, in the order of their codes: the low bits of the left symbol, and the right symbol. */",
        "static const uint16_t pairs[] = {", *pairs, "};", "",
        "/* The high bits of the left symbols, which grow within a length: a step up is a 0, and a pair is a 1. */",
        "static const uint8_t steps[] = {\n\t" + ", ".join(steps) + "};"])


# What unit tests unpack: texts of all lengths, with every character, and formats with a text and a number.
SAMPLES = ["the STS refused the subject token", "", "x", "\n", "no such file or directory", CHARACTERS, "a" * 200, "check the URL's path and --protocol", "?",
           *("the server's certificate has expired: renew it"[:length] for length in range(2, 40))]
SAMPLE_FORMATS = ["%s: %d", "the token in %s expired %d s ago", "try %2$s".replace("2$", "") + " failed %03d times in a row, and this is 100%%", "%.300s|%-5d|"]


def samples_h(source):
    symbols, lines = read_symbols(pathlib.Path(source)), []
    for name, texts in (("texts", SAMPLES), ("formats", SAMPLE_FORMATS)):
        for kind, made in (("plain", [text.encode() for text in texts]), ("packed", [symbols.pack(text) for text in texts])):
            lines.append(f"static const char *const {kind}_{name}[] __attribute__((unused)) = {{\n\t" + ",\n\t".join(map(c_literal, made)) + "};")
            if name == "texts":
                lines.append(f"static const char {kind}_list[] __attribute__((unused)) =\n\t" + '"\\0"\n\t'.join(map(c_literal, made)) + ";")
    return "\n".join(lines)


def c_files(source):
    return {"pairs.h": c_file(source, pairs_h(source)), "packed_texts.h": c_file(source, samples_h(source))}


# ---- the formats of a source file ----

LITERAL = r'"(?:[^"\\\n]|\\.)*"'
TOKEN = re.compile(rf"/\*.*?\*/|//[^\n]*|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*|{LITERAL}|'(?:[^'\\\n]|\\.)+'|\w+|\s+|.", re.S | re.M)


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
    """Runs of literals in one argument of a call, whose parenthesis is at `at`; those of a choice (a ? "x" : "y") are several. A literal that
    is joined with a macro stays plain, since a packed text is packed as a whole."""
    depth = argument = 0
    start = end = last = None
    for i in range(at, len(tokens)):
        token = tokens[i]
        if token.isspace() or token.startswith("/*"):
            continue
        literal = token[0] == '"' and depth == 1 and argument == wanted
        if literal and (start is not None or last in ("(", ",", "?", ":")):
            start, end = i if start is None else start, i + 1
        if not literal and start is not None:
            if token in (",", ")", ":"):
                yield start, end, value_of(one for one in tokens[start:end] if one[0] == '"')
            start = None
        last = token
        depth += (token in "([{") - (token in ")]}")
        argument += token == "," and depth == 1
        if depth == 0:
            return


# A table of bytes. Without the attribute, the compiler puts each table of 16 bytes or more at an address that is a multiple of 16.
CLOSE = " __attribute__((aligned(1)))"
TABLE = re.compile(r"^(\t*static const (?:char|uint8_t)) (\w+\[)", re.M)


def pack_source(text, symbols):
    """The source with its formats packed, and its tables of bytes close together. Every line keeps its number."""
    text = TABLE.sub(rf"\1{CLOSE} \2", text)
    tokens = [match.group() for match in TOKEN.finditer(text)]
    for start, end, whole in formats(text):
        newlines = "".join(tokens[start:end]).count("\n")
        made = b"\0".join(symbols.pack(part) for part in whole.split("\0"))
        tokens[start:end] = [c_literal(made) + "\n" * newlines] + [""] * (end - start - 1)
    return "".join(tokens)


def source(given, made, depfile):
    given = pathlib.Path(given)
    text = f'#line 1 "{shown(given)}"\n' + pack_source(given.read_text(), read_symbols())
    pathlib.Path(made).write_text(text, newline="\n")
    pathlib.Path(depfile).write_text(f"{made}: {given} {PAIRS} {pathlib.Path(__file__).resolve()}\n")


# ---- choosing the pairs ----

def all_texts():
    from tables import errors, options, protocols, tls_checks
    for module in (errors, options, protocols, tls_checks):
        yield from module.packed_texts()
    for path in sorted([*TOP.glob("lib/*/*.c"), *TOP.glob("sidecar/**/*.c")]):
        for _, _, text in formats(path.read_text()):
            yield from text.split("\0")


def train(texts, pairs_max=PAIRS_MAX):
    """The rows of pairs.json. The pairs are chosen by the greedy rule: again and again the pair that stands there most often."""
    words = [list(text) for text in texts if text]
    depths, pairs = collections.Counter(), []
    while len(pairs) < pairs_max:
        seen = collections.Counter()
        for word in words:
            last = None
            for pair in zip(word, word[1:]):
                last = None if pair == last else pair   # of three equal symbols, only two make a pair
                if last and 1 + max(depths[pair[0]], depths[pair[1]]) <= DEPTH_MAX and len("".join(pair)) <= SYMBOL_MAX and "".join(pair) not in depths:
                    seen[pair] += 1
        (left, right), count = max(seen.items(), key=lambda one: (one[1], one[0]), default=((None, None), 0))
        if count < 3:
            break
        pairs.append((left, right))
        depths[left + right] = 1 + max(depths[left], depths[right])
        for word in words:
            i = 0
            while i < len(word) - 1:
                if word[i] == left and word[i + 1] == right:
                    word[i:i + 2] = [left + right]
                i += 1
    return rows_of(texts, pairs, words)


def rows_of(texts, pairs, words):
    """The rows for these pairs, without those that are not worth their place in the table once each text is packed in the fewest bits."""
    for _ in range(ROUNDS):
        seen = collections.Counter(symbol for word in words for symbol in word)
        lengths = code_lengths({symbol: seen[symbol] + 1 for symbol in [*CHARACTERS, *(left + right for left, right in pairs)]}, len(words))
        symbols = Symbols(lengths, pairs)
        words = [symbols.parts(text) for text in texts if text]
        seen = collections.Counter(symbol for word in words for symbol in word)
        inside = {part for pair in pairs for part in pair}
        pairs = [pair for pair in pairs if "".join(pair) in inside or worth(seen, symbols, pair) > PAIR_BITS]
    seen = collections.Counter(symbol for word in words for symbol in word)
    lengths = code_lengths({symbol: seen[symbol] + 1 for symbol in [*CHARACTERS, *(left + right for left, right in pairs)]}, len(words))
    rows = [["", lengths[END]]] + [[symbol, lengths[symbol]] for symbol in CHARACTERS]
    return rows + [[left, right, lengths[left + right]] for left, right in pairs]


def worth(seen, symbols, pair):
    """How many bits a pair saves; it costs PAIR_BITS in the table."""
    left, right = (len(symbols.codes[part]) for part in pair)
    return seen["".join(pair)] * (left + right - len(symbols.codes["".join(pair)]))


def code_lengths(weights, ends):
    """Huffman's lengths, none over CODE_MAX_BITS; that of the end is the least."""
    while True:
        lengths, heap = dict.fromkeys([END, *weights], 0), [(ends, 0, [END])] + [(weight, i + 1, [symbol]) for i, (symbol, weight) in enumerate(weights.items())]
        heapq.heapify(heap)
        for number in range(len(heap), 2 * len(heap) - 1):
            one, other = heapq.heappop(heap), heapq.heappop(heap)
            for symbol in one[2] + other[2]:
                lengths[symbol] += 1
            heapq.heappush(heap, (one[0] + other[0], number, one[2] + other[2]))
        if max(lengths.values()) > CODE_MAX_BITS:
            weights = {symbol: weight + 1 for symbol, weight in weights.items()}
        elif lengths[END] > min(lengths.values()):
            ends += ends // 4 + 1
        else:
            return lengths


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
    elif len(arguments) == 4 and arguments[0] == "source":
        source(*arguments[1:])
    elif arguments == ["train"]:
        texts = list(all_texts())
        PAIRS.write_text("[\n" + ",\n".join(json.dumps(row) for row in train(texts)) + "\n]\n")
        symbols = read_symbols()
        print(f"{sum(map(len, texts))} bytes of texts, {sum(len(symbols.pack(text)) for text in texts)} packed, {len(symbols.pairs)} pairs")
    else:
        print("usage: tools/tables/packing.py source INPUT OUTPUT DEPFILE | train", file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
