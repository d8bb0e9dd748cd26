# SPDX-License-Identifier: Apache-2.0
"""tools/tables/packing.py: packed texts are the texts, and a packed source differs from the source in its formats alone."""
import json
import re

import pytest
from tables import packing
from tables.common import TOP, TableError

SOURCES = sorted([*TOP.glob("lib/*/*.c"), *TOP.glob("sidecar/**/*.c")])


def literals(source):
    return [text for _, _, text in packing.formats(source)]


def rest(source):
    """The source without its formats; what they have of line ends stays."""
    tokens = [match.group() for match in packing.TOKEN.finditer(source)]
    for start, end, _ in packing.formats(source):
        tokens[start:end] = ["\n" * "".join(tokens[start:end]).count("\n")] + [""] * (end - start - 1)
    return "".join(tokens)


@pytest.fixture(scope="module")
def symbols():
    return packing.read_symbols()


def unpacked(symbols, made):
    """The texts of a literal, each with its NUL."""
    texts, made = [], made + b"\0"
    while made:
        text, length = symbols.unpack(made)
        texts.append(text)
        assert made[length] == 0
        made = made[length + 1:]
    return "\0".join(texts)


def test_texts_of_the_project(symbols):
    """All come back, and they are worth it."""
    texts = list(packing.all_texts())
    packed = [symbols.pack(text) for text in texts]
    assert [unpacked(symbols, one) for one in packed] == texts
    assert sum(map(len, packed)) < 0.45 * sum(map(len, texts))


def test_every_character(symbols):
    for text in (packing.CHARACTERS, *packing.CHARACTERS, packing.CHARACTERS[::-1]):
        assert unpacked(symbols, symbols.pack(text)) == text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(TOP).as_posix())
def test_a_packed_source(path, symbols):
    """The formats come back, all else is the same but for the alignment of tables, and a line keeps its number."""
    source = path.read_text()
    made = packing.pack_source(source, symbols)
    assert [unpacked(symbols, text.encode("latin-1")) for text in literals(made)] == literals(source)
    assert made.isascii()
    assert rest(made).replace(packing.CLOSE, "") == rest(source)


def test_tables_of_bytes_stand_close_together(symbols):
    source = 'static const char names[] = "a";\n\tstatic const uint8_t rows[][3] = {{1, 2, 3}};\nstatic const uint16_t wide[] = {1};\nconst char *z;\n'
    made = packing.pack_source(source, symbols)
    assert made.count(packing.CLOSE) == 2 and made.replace(packing.CLOSE, "") == source
    assert sum(packing.pack_source(path.read_text(), symbols).count(packing.CLOSE) for path in SOURCES) > 50


# Names of variables with several packed texts, and the function that walks over plain texts.
SEVERAL = re.compile(r'(\w+)\[\] =\s*STS_PACKED\(\s*(?:"(?:[^"\\]|\\.)*"\s*|/\*.*?\*/\s*)+', re.S)


def misuses(source):
    lists = [match[1] for match in SEVERAL.finditer(source) if r"\0" in match[0]]
    return re.findall(r"sts_(?:words|unpacked)\(sts_text_at\(", source) + [name for name in lists if re.search(rf"(?:sts_text_at|strlen)\({name}\b", source)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(TOP).as_posix())
def test_lists_are_walked_over_by_the_right_function(path):
    """A packed text may have a NUL inside, which the release alone would show."""
    assert not misuses(path.read_text())


def test_misuses():
    assert misuses('static const char a[] = STS_PACKED("x\\0" /* 1 */\n"y");\nreturn sts_words(sts_text_at(b, 1)), sts_text_at(a, 1);') == [
        "sts_words(sts_text_at(", "a"]
    assert not misuses('static const char a[] = STS_PACKED("x\\0y");\nreturn sts_words_at(a, 1);')


def test_words_fit():
    """sts_words() unpacks into a buffer of a fixed size, which holds every text that may be given to it."""
    room, = re.findall(r"#define STS_WORDS_MAX_BYTES (\d+)", (TOP / "lib/base/packed.h").read_text())
    of_words = {name: packing.FORMATS[name] for name in ("STS_PACKED", "sts_words", "bad", "sts_bug")}
    for path in SOURCES:
        for _, _, text in packing.formats(path.read_text(), of_words):
            assert all(len(part) < int(room) for part in text.split("\0")), (path, text)


def test_which_literals():
    source = '''
#define NOT_A_CALL sts_fail(e, 1, 0, "not this")
/* sts_fail(e, 1, 0, "nor this") */
sts_fail(e, f("no", "no"), 0, "one "
         "two %s\\n", "no", strlen("no"));
sts_text_addf(&t, odd ? "three" : "four");
sts_text_addf(&t, text_of("no"));
sts_text_addf(&t, ',', "no");
sts_text_addf(&t, MACRO "no");
sts_text_addf(&t, "no" MACRO);
sts_text_addf(&t, "no" MACRO "no");
other("no");
static const char words[] = STS_PACKED(/* 5 */ "five\\0"
"6");
'''
    assert literals(source) == ["one two %s\n", "three", "four", "five\0" "6"]
    small = packing.Symbols(SMALL, [("o", "n"), ("on", "e ")])
    made = packing.pack_source(source, small).replace(packing.CLOSE, "")
    literal = {text: packing.c_literal(small.pack(text)) for text in ("one two %s\n", "three", "four", "five", "6")}
    assert made == source.replace('"one "\n         "two %s\\n"', literal["one two %s\n"] + "\n").replace('"three"', literal["three"]).replace(
        '"four"', literal["four"]).replace('"five\\0"\n"6"', literal["five"][:-1] + r"\000" + literal["6"][1:] + "\n")
    # The mark, 10 for "one ", and zeros: one byte in place of four.
    assert packing.pack_source('sts_words("one ")', small) == r'sts_words("\300")'


# Lengths of codes: the end has 0, "one " has 10.
SMALL = packing.code_lengths({"one ": 60, **{symbol: 1 for symbol in [*packing.CHARACTERS, "on", "e "]}}, 200)


@pytest.mark.parametrize("rows, reason", [
    ([["ab", "c", 9]], "'ab' is not an earlier symbol"),
    ([["a", "b", 9], ["a", "b", 9]], "'ab' is there already"),
    ([["a", "a", 9]] + [["a" * 2 ** n, "a" * 2 ** n, 9] for n in range(1, 6)], "too long"),
    ([["a", "b", 9]] + [["ab" + "c" * n, "c", 9] for n in range(12)], "too deep"),
    ([["a", "b", 16]], "a code that is too long"),
    ([["a", "b", 9]], "do not belong together"),
], ids=["order", "twice", "long", "deep", "code", "lengths"])
def test_wrong_pairs(tmp_path, rows, reason):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([["", 2]] + [[character, 9] for character in packing.CHARACTERS] + rows))
    with pytest.raises(TableError, match=reason):
        packing.read_symbols(path)


def test_a_missing_character(tmp_path):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([["", 2]] + [[character, 9] for character in packing.CHARACTERS[1:]]))
    with pytest.raises(TableError, match="are missing"):
        packing.read_symbols(path)


def test_training():
    """The pair that stands there most often comes first; frequent symbols have short codes; no code is shorter than that of the end."""
    rows = packing.train(["the other", "the mother", "there", "the", "that"] * 4)
    pairs = [row for row in rows if len(row) == 3]
    assert [row[:2] for row in pairs[:2]] == [["t", "h"], ["th", "e"]]
    lengths = {"".join(row[:-1]): row[-1] for row in rows}
    assert lengths["the"] < lengths["z"] and min(lengths.values()) == lengths[packing.END] <= packing.END_MAX_BITS
    made = packing.Symbols(lengths, [row[:2] for row in pairs]).pack("the the mother")
    assert len(made) < 7


def test_lengths_are_bounded():
    """Weights like these give codes of any length."""
    lengths = packing.code_lengths({chr(65 + n): 2 ** n for n in range(24)}, 1)
    assert max(lengths.values()) <= packing.CODE_MAX_BITS and sum(2.0 ** -length for length in lengths.values()) == 1
