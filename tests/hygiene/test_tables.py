# SPDX-License-Identifier: Apache-2.0
"""What the readers of the tables share: their checks, the pool of texts, generated files and pages. Each table has a test file of its own."""
import re
import subprocess
import sys
import types

import pytest
from tables import common, generate, pages
from tables.common import TOP, Pool, TableError, load


def table(tmp_path, text):
    path = tmp_path / "some.toml"
    path.write_text(text)
    return load(path)


def only_row(tmp_path, text):
    return next(table(tmp_path, "[one]\n" + text).rows())[1]


def take_all(row):
    with row:
        row.clause("meaning", most=20)
        row.word("retry", ("never", "soon", "slow"))
        row.flag("fetch", False)
        row.number("status", 0, most=255)
        row.prose("explain", None, most=40)
        row.words("where", ("head", "body"), [])
    return row


GOOD = 'meaning = "a thing"\nretry = "soon"\n'


def test_a_good_row(tmp_path):
    row = only_row(tmp_path, GOOD + 'fetch = true\nstatus = 65\nexplain = """\nOne line.\nAnother "one".\n"""\nwhere = ["body"]\n')
    assert row.clause("meaning") == "a thing" and row.word("retry", ("soon",)) == "soon"
    assert row.flag("fetch") is True and row.number("status") == 65 and row.words("where") == ["body"]
    assert row.prose("explain") == 'One line. Another "one".'
    row.close()


def test_what_is_left_out_has_its_default(tmp_path):
    row = only_row(tmp_path, GOOD)
    assert row.flag("fetch", False) is False and row.number("status", 70) == 70 and row.prose("explain", None) is None
    assert row.words("where", default=[]) == [] and row.row("inner", None) is None and row.text("hint", "none") == "none"


MISTAKES = {
    "a key is missing": ('retry = "soon"\n', r'the key "meaning" is missing'),
    "a required key is misspelt": ('meanign = "a thing"\nretry = "soon"\n', r'the key "meaning" is missing; is it meant by "meanign"\?'),
    "an unknown key": (GOOD + 'colour = "red"\n', r'the key "colour" is not known'),
    "a misspelt key": (GOOD + "fecth = true\n", r'the key "fecth" is not known \(did you mean "fetch"\?\)'),
    "a number in place of a text": ('meaning = 3\nretry = "soon"\n', r'"meaning" must be a text, not a whole number'),
    "a text in place of a flag": (GOOD + 'fetch = "yes"\n', r'"fetch" must be true or false, not a text'),
    "a number in place of a flag": (GOOD + "fetch = 1\n", r'"fetch" must be true or false, not a whole number'),
    "a flag in place of a number": (GOOD + "status = true\n", r'"status" must be a whole number, not true or false'),
    "a date in place of a number": (GOOD + "status = 2026-01-01\n", r'"status" must be a whole number, not date'),
    "a text in place of a list": (GOOD + 'where = "body"\n', r'"where" must be a list, not a text'),
    "an unknown word": ('meaning = "a thing"\nretry = "slwo"\n', r'"retry" is "slwo", and may be never, soon, slow \(did you mean "slow"\?\)'),
    "a number out of range": (GOOD + "status = 256\n", r'"status" is 256, and may be 0 to 255'),
    "a negative number": (GOOD + "status = -1\n", r'"status" is -1, and may be 0 to 255'),
    "an empty text": ('meaning = ""\nretry = "soon"\n', r'"meaning" is empty'),
    "a text that is too long": ('meaning = "a thing that is too long"\nretry = "soon"\n', r'"meaning" has 24 characters, and may have 20'),
    "a text that is not ASCII": ('meaning = "caf\u00e9"\nretry = "soon"\n', r'"meaning" has the character U\+00E9'),
    "a NUL in a text": ('meaning = "a\\u0000b"\nretry = "soon"\n', r'"meaning" has the character U\+0000'),
    "a line break in a text": ('meaning = """a\nb"""\nretry = "soon"\n', r'"meaning" has the character U\+000A'),
    "a space at an end": ('meaning = "a thing "\nretry = "soon"\n', r'"meaning" has a space at an end'),
    "two spaces": ('meaning = "a  thing"\nretry = "soon"\n', r'"meaning" has a space at an end, or two in a row'),
    "a clause with a period": ('meaning = "a thing."\nretry = "soon"\n', r'"meaning" is a part of a longer line, and must not end with "\."'),
    "prose without a period": (GOOD + 'explain = "One line"\n', r'"explain" is made of whole sentences, and must end with a period'),
    "prose that is too long": (GOOD + f'explain = "{"One. " * 9}"\n', r'"explain" has 44 characters, and may have 40'),
    "an element that is not known": (GOOD + 'where = ["haed"]\n', r'"where" has "haed", and may have head, body \(did you mean "head"\?\)'),
    "an element twice": (GOOD + 'where = ["body", "body"]\n', r'"where" has "body" twice'),
    "an element that is not a text": (GOOD + "where = [1]\n", r'"where" must be a list of texts'),
    "an element that is empty": (GOOD + 'where = [""]\n', r'an element of "where" is empty'),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_row_and_reason(tmp_path, mistake):
    text, reason = MISTAKES[mistake]
    with pytest.raises(TableError) as raised:
        take_all(only_row(tmp_path, text))
    assert re.match(r"some\.toml: \[one\]: " + reason, str(raised.value))


def test_a_row_twice_is_not_toml(tmp_path):
    with pytest.raises(TableError, match=r"^some\.toml: is not TOML: .*'one'.*line 2"):
        table(tmp_path, "[one]\n[one]\n")


def test_a_key_twice_is_not_toml(tmp_path):
    with pytest.raises(TableError, match=r"^some\.toml: is not TOML: .*line 3"):
        table(tmp_path, "[one]\na = 1\na = 2\n")


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(TableError, match=r"^none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"a = '\xff'\n")
    with pytest.raises(TableError, match=r"^bytes\.toml: cannot be read: .*utf-8"):
        load(tmp_path / "bytes.toml")


def test_a_row_must_be_a_table_with_a_name(tmp_path):
    with pytest.raises(TableError, match=r'^some\.toml: "one" must be a table, not a whole number$'):
        list(table(tmp_path, "one = 1\n").rows())
    with pytest.raises(TableError, match=r'^some\.toml: "One!" cannot be the name of a row'):
        list(table(tmp_path, '["One!"]\n').rows())


def test_tables_inside_of_a_row(tmp_path):
    outer = only_row(tmp_path, 'subject = { in = "body", name = 3 }\n')
    with pytest.raises(TableError, match=r'^some\.toml: \[one\.subject\]: "name" must be a text'):
        with outer.row("subject") as inner:
            inner.text("in")
            inner.text("name")


def test_unique(tmp_path):
    seen = {}
    with pytest.raises(TableError, match=r'^some\.toml: \[two\]: the code "A" is that of \[one\] as well$'):
        for _, row in table(tmp_path, '[one]\ncode = "A"\n[two]\ncode = "A"\n').rows():
            common.unique(row, "the code", row.text("code"), seen)


def test_a_mistake_hides_no_other_error(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with only_row(tmp_path, "unknown = 1\n"):
            raise ZeroDivisionError


# The pool

def bytes_of(pool):
    return b"".join(text.encode() + b"\0" for text in pool.whole)


def test_pool_shares_the_same_and_ends():
    texts = ["check the URL's path", "path", "", "the URL's path", "pathetic", "path", "URL"]
    pool = Pool("x", texts)
    data = bytes_of(pool)
    assert pool.whole == ["check the URL's path", "pathetic", "URL"]
    assert pool.size == len(data)
    for text in texts:
        assert data[pool.at(text):].split(b"\0")[0].decode() == text


def test_pool_of_nothing():
    assert Pool("x", []).c("texts") == 'static const char texts[] =\n\t"";\n'
    assert Pool("x", [""]).at("") == 0


def test_pool_limit():
    assert Pool("x", ["a" * 65535]).size == 65536
    with pytest.raises(TableError, match="^x: the texts are 65538 bytes, and an offset reaches 65536$"):
        Pool("x", ["a" * 65535, "b"])


def compiled(tmp_path, text):
    """What a program prints that is made of C text with a main()."""
    (tmp_path / "t.c").write_text(text)
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "t", tmp_path / "t.c"], check=True, timeout=60)
    return subprocess.run([tmp_path / "t"], stdout=subprocess.PIPE, check=True, timeout=10).stdout


def test_pool_in_c(tmp_path):
    pool = Pool("x", ['say "no"', "1 after a NUL", "a\\b", "c??/d", "line\nline\x01" + "2"])
    out = compiled(tmp_path, f"#include <unistd.h>\n{pool.c('texts')}int main(void) {{ return write(1, texts, sizeof(texts)) < 0; }}\n")
    assert out == bytes_of(pool)


def test_c_string_refuses_what_ascii_has_not():
    for text in ("a\0b", "\u0100"):
        with pytest.raises(ValueError):
            common.c_string(text)


def test_c_file():
    assert common.c_file(TOP / "lib/base/some.toml", "int a;\n\n") == (
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* Generated from lib/base/some.toml by tools/tables; do not edit. */\nint a;\n")
    assert common.c_file("/elsewhere/some.toml", "int a;", "SOME_H").split("\n")[1:] == [
        "/* Generated from some.toml by tools/tables; do not edit. */", "#ifndef SOME_H", "#define SOME_H", "", "int a;", "", "#endif", ""]


# Pages

def test_markdown_table():
    assert common.markdown_table(("", ""), [(0, "done"), (1, "a|b")], "rl") == "| | |\n|--:|---|\n| 0 | done |\n| 1 | a\\|b |\n"


PAGE = "before\n<!-- made by tools/tables: one -->\nold\n<!-- end -->\nafter\n"


def test_replace_block():
    assert common.replace_block("p.md", PAGE, "one", "new\nlines\n") == PAGE.replace("old", "new\nlines")
    for page, reason in ((PAGE.replace("one", "two"), "once, and has it 0 times"), (PAGE * 2, "once, and has it 2 times"),
                         (PAGE.replace("<!-- end -->\n", ""), "has no line <!-- end -->"),
                         (PAGE.replace("<!-- end -->\n", "") + PAGE.replace("one", "two"), "and the next block")):
        with pytest.raises(TableError, match="^p.md: .*" + reason):
            common.replace_block("p.md", page, "one", "new")


@pytest.fixture
def some_kind(monkeypatch):
    module = types.ModuleType("tables.some")
    module.pages = lambda top: {"made.md": "all\n"}
    module.blocks = lambda top: {"hand.md": {"one": "new\n"}}
    module.c_files = lambda source: {"some.h": common.c_file(source, load(source).text("body"))}
    monkeypatch.setitem(sys.modules, "tables.some", module)


def test_pages_are_written_and_checked(tmp_path, some_kind, capsys):
    (tmp_path / "hand.md").write_text(PAGE)
    assert pages.main(["--check"], tmp_path, ("some",)) == 1
    assert capsys.readouterr().err == "".join(f"{name} is stale: run tools/tables/pages.py\n" for name in ("made.md", "hand.md"))
    assert not (tmp_path / "made.md").exists()
    assert pages.main([], tmp_path, ("some",)) == 0
    assert (tmp_path / "made.md").read_text() == "all\n" and (tmp_path / "hand.md").read_text() == PAGE.replace("old", "new")
    assert pages.main(["--check"], tmp_path, ("some",)) == 0
    (tmp_path / "hand.md").write_text("no marks\n")
    assert pages.main([], tmp_path, ("some",)) == 1
    assert "hand.md: must have the line" in capsys.readouterr().err
    assert pages.main(["--chekc"], tmp_path, ("some",)) == 64


def test_generate(tmp_path, some_kind, monkeypatch, capsys):
    monkeypatch.setitem(generate.KINDS, "some", "some")
    (tmp_path / "some.toml").write_text('body = "int a;"\n')
    assert generate.main(["some", str(tmp_path / "some.toml"), str(tmp_path / "some.h")]) == 0
    assert (tmp_path / "some.h").read_text().endswith("do not edit. */\nint a;\n")
    assert generate.main(["some", str(tmp_path / "some.toml"), str(tmp_path / "other.h")]) == 1
    assert generate.main(["none", str(tmp_path / "some.toml"), str(tmp_path / "some.h")]) == 1
    assert generate.main(["some"]) == 64
    (tmp_path / "some.toml").write_text("body = 1\n")
    capsys.readouterr()
    assert generate.main(["some", str(tmp_path / "some.toml"), str(tmp_path / "some.h")]) == 1
    assert capsys.readouterr().err == 'some.toml: "body" must be a text, not a whole number\n'


def test_the_build_is_told_without_a_traceback(tmp_path):
    run = subprocess.run([sys.executable, "-B", TOP / "tools/tables/generate.py", "none", "a.toml", "a.h"], stderr=subprocess.PIPE,
                         text=True, timeout=30)
    assert run.returncode == 1 and run.stderr.startswith('tools/tables/generate.py: "none" is not a kind of table')


def test_no_page_is_stale():
    run = subprocess.run([sys.executable, "-B", TOP / "tools/tables/pages.py", "--check"], stderr=subprocess.PIPE, text=True, timeout=30)
    assert (run.returncode, run.stderr) == (0, "")
