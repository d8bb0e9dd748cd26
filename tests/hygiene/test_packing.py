# SPDX-License-Identifier: Apache-2.0
"""tools/tables/packing.py: packed texts are the texts, and a packed source differs from the source in its formats alone."""
import json
import re

import pytest
from tables import packing
from tables.common import TOP, TableError

SOURCES = sorted([*TOP.glob("lib/*/*.c"), *TOP.glob("sidecar/**/*.c")])


def unpack(packed, codes):
    texts = {code: text for text, code in codes.items()}
    return "".join(texts.get(byte, chr(byte)) for byte in packed)


def literals(source):
    return [text for _, _, text in packing.formats(source)]


def rest(source):
    """The source without its formats; what they have of line ends stays."""
    tokens = [match.group() for match in packing.TOKEN.finditer(source)]
    for start, end, _ in packing.formats(source):
        tokens[start:end] = ["\n" * "".join(tokens[start:end]).count("\n")] + [""] * (end - start - 1)
    return "".join(tokens)


@pytest.fixture
def codes():
    return packing.read_pairs()


def test_texts_of_the_project(codes):
    """All come back, and they are worth it."""
    texts = list(packing.all_texts())
    packed = [packing.pack(text, codes) for text in texts]
    assert [unpack(one, codes) for one in packed] == texts
    assert sum(map(len, packed)) < 0.6 * sum(map(len, texts))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(TOP).as_posix())
def test_a_packed_source(path, codes):
    """The formats come back, a conversion stays as it is, all else is the same, and a line keeps its number."""
    source = path.read_text()
    made = packing.pack_source(source, codes)
    assert [unpack(text.encode("latin-1"), codes) for text in literals(made)] == literals(source)
    for before, after in zip(literals(source), literals(made)):
        assert packing.CONVERSION.findall(after) == packing.CONVERSION.findall(before)
    assert made.isascii()
    assert rest(made) == rest(source)


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
other("no");
static const char words[] = STS_PACKED(/* 5 */ "five\\0"
"6");
'''
    assert literals(source) == ["one two %s\n", "three", "four", "five\0" "6"]
    made = packing.pack_source(source, {"on": 0x80, "one": 0x81, "e ": 0x82})
    assert made == source.replace('"one "\n         "two %s\\n"', r'"\200\202two %s\012"' + "\n").replace('"five\\0"\n"6"', r'"five\0006"' + "\n")


@pytest.mark.parametrize("rows, reason", [
    ([["ab", "c"]], "'ab' is not an earlier pair"),
    ([["a", "b"], ["a", "b"]], "'ab' is there already"),
    ([["a", "a"]] + [["a" * 2 ** n, "a" * 2 ** n] for n in range(1, 7)], "too long"),
    ([["a", "b"]] + [["ab" + "c" * n, "c"] for n in range(12)], "too deep"),
    ([[chr(33 + n // 20), chr(33 + n % 20)] for n in range(len(packing.CODES) + 1)], "one too many"),
], ids=["order", "twice", "long", "deep", "many"])
def test_wrong_pairs(tmp_path, rows, reason):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(TableError, match=reason):
        packing.read_pairs(path)


def test_training():
    """The pair that stands there most often comes first, and a text is made of the fewest symbols."""
    pairs = packing.train(["the other", "the mother", "there", "the", "that"])
    assert pairs[0] == ["t", "h"] and pairs[1] == ["th", "e"]
    assert packing.pack("these", {"th": 0x80, "the": 0x81, "hes": 0x82, "se": 0x83}) in (b"\x81\x83", b"t\x82e")
