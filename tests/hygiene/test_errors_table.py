# SPDX-License-Identifier: Apache-2.0
"""lib/base/errors.toml: each mistake in it is named with its file, row and reason; the page leads to every name."""
import re

import pytest
from tables import errors
from tables.common import TOP, TableError, c_string
from tables.packing import packed

TABLE = errors
GOOD = """
[exit.ok]
symbol = "STS_EXIT_OK"
number = 0
help = "done"

[exit.network]
symbol = "STS_EXIT_NETWORK"
number = 69
help = "TLS or trust failed last"
readme = "`TLS` or trust failed last"

[result.success]
meaning = "there is a token"

[result.tls]
meaning = "trust failed"

[gate.sidecar]
meaning = "the sidecar runs"

[gate.tls]
meaning = "trust is established"

[cause.internal]
title = "No failure"
result = "success"
gate = "sidecar"
page = false

[cause.trust]
title = "Trust"
result = "tls"
gate = "tls"

[error.internal.ok]
code = "STS_OK"
retry = "never"
fetch_retries = false
exit = "ok"
meaning = "done"
hint = "nothing to do"

[error.trust.cert_expired]
code = "STS_ECERT_EXPIRED"
retry = "slow"
fetch_retries = true
exit = "network"
meaning = "a certificate has expired"
hint = "renew it, with --cacert-path"
detail = "errno"
explain = "It is too old. Renew it, or see `--help` and [x](--y)."
check = "`date` shows the time, and --help what there is."
example = "old"

[hint.clock]
errors = ["cert_expired"]
detail = ["EPERM", "STS_CLOCK", "0"]
when = "where --clock is wrong"
hint = "set the clock"
"""

LAST = 'explain = "It is too old. Renew it, or see `--help` and [x](--y)."\n'
SECOND = GOOD[GOOD.index("[error.trust.cert_expired]"):GOOD.index("[hint.clock]")]
THIRD = GOOD[GOOD.index("[hint.clock]"):]


def test_good(read):
    table = read(GOOD)
    assert [(error.name, error.cause.name, error.exit.number, error.retry, error.fetch_retries) for error in table.errors] == [
        ("ok", "internal", 0, "never", False), ("cert_expired", "trust", 69, "slow", True)]
    assert [(exit.number, exit.help, exit.readme) for exit in table.exits.values()] == [
        (0, "done", "done"), (69, "TLS or trust failed last", "`TLS` or trust failed last")]
    assert [(hint.name, [error.name for error in hint.errors], hint.details, hint.says, hint.when, hint.hint) for hint in table.hints] == [
        ("clock", ["cert_expired"], ["EPERM", "STS_CLOCK", "0"], [], "where --clock is wrong", "set the clock")]
    assert read(change('detail = ["EPERM", "STS_CLOCK", "0"]', 'says = ["x y"]')).hints[0].says == ["x y"]
    assert read(GOOD.replace(THIRD, "")).hints == []
    assert [(error.result.name, error.result.symbol) for error in table.errors] == [("success", "STS_RESULT_SUCCESS"), ("tls", "STS_RESULT_TLS")]
    assert [(error.gate.name, error.gate.symbol) for error in table.errors] == [("sidecar", "STS_GATE_SIDECAR"), ("tls", "STS_GATE_TLS")]
    assert read(change('exit = "network"\n', 'exit = "network"\ngate = "sidecar"\n')).errors[1].gate.name == "sidecar"
    assert errors.results_block(table) == "| `result` | meaning |\n|---|---|\n| `success` | there is a token |\n| `tls` | trust failed |\n"
    assert errors.exits_block(table) == "| | |\n|---|---|\n| 0 | done |\n| 69 | `TLS` or trust failed last |\n"


def change(old, new, text=GOOD):
    assert text.count(old) == 1
    return text.replace(old, new)


ROW = "[error.trust.cert_expired]: "
HINT = "[hint.clock]: "
MISTAKES = {
    "a missing key": (change('exit = "network"\n', ""), ROW + 'the key "exit" is missing'),
    "a misspelt key": (change("fetch_retries = true", "fetch_retires = true"),
                       ROW + 'the key "fetch_retries" is missing; is it meant by "fetch_retires"?'),
    "an unknown key": (change(LAST, LAST + 'colour = "red"\n'), ROW + 'the key "colour" is not known'),
    "an unknown key of a hint": (GOOD + 'colour = "red"\n', HINT + 'the key "colour" is not known'),
    "a hint of an error that does not exist": (change('["cert_expired"]', '["cert_expried"]'),
                                               HINT + '"errors" has "cert_expried", and may have ok, cert_expired (did you mean "cert_expired"?)'),
    "a hint of no error": (change('["cert_expired"]', "[]"), HINT + '"errors" must not be empty, and there must be either "detail" or "says"'),
    "a hint of statuses and others": (change('"STS_CLOCK", "0"]', '"STS_CLOCK", "429"]'), HINT + '"detail" has HTTP statuses and others: they need two rows'),
    "a hint of no detail": (change('["EPERM", "STS_CLOCK", "0"]', "[]"), HINT + '"errors" must not be empty, and there must be either "detail" or "says"'),
    "a hint of a detail and of a phrase": (GOOD + 'says = ["x"]\n', HINT + '"errors" must not be empty, and there must be either "detail" or "says"'),
    "a detail that is none": (change('"EPERM", ', '"eperm", '), HINT + '"detail" has "eperm", which does not match'),
    "a detail in two hints": (GOOD + THIRD.replace("clock]", "more]"), '[hint.more]: the detail "cert_expired EPERM" is that of [hint.clock] as well'),
    "a hint that is too long for the log": (change('"set the clock"', f'"{"b" * 160}"').replace("a certificate has expired", "a" * 130),
                                            HINT + '"meaning" and "hint" are too long together: a log line has room for 253 characters of both, for error cert_expired'),
    "an unknown retry class": (change('"slow"', '"slowly"'), ROW + '"retry" is "slowly", and may be soon, slow, never (did you mean "slow"?)'),
    "an exit status that does not exist": (change('exit = "network"', 'exit = "netwrok"'),
                                           ROW + '"exit" is "netwrok", and may be ok, network (did you mean "network"?)'),
    "a wrong type": (change("fetch_retries = true", 'fetch_retries = "yes"'), ROW + '"fetch_retries" must be true or false, not a text'),
    "a meaning that is too long": (change("a certificate has expired", "a" * 161), ROW + '"meaning" has 161 characters, and may have 160'),
    "a hint that ends with a period": (change("with --cacert-path", "with care."),
                                       ROW + '"hint" is a part of a longer line, and must not end with "."'),
    "a hint that is not ASCII": (change("with --cacert-path", "with caf\u00e9"), ROW + '"hint" has the character U+00E9'),
    "both texts too long together": (change("a certificate has expired", "a" * 130).replace("renew it, with --cacert-path", "b" * 130),
                                     ROW + '"meaning" and "hint" are too long together: a log line has room for 253 characters of both'),
    "a code that is none": (change("STS_ECERT_EXPIRED", "CERT_EXPIRED"), ROW + '"code" is "CERT_EXPIRED", which does not match'),
    "a code twice": (change("STS_ECERT_EXPIRED", "STS_OK"), ROW + 'the code "STS_OK" is that of [error.internal.ok] as well'),
    "a name twice": (change("cert_expired]", "ok]"), '[error.trust.ok]: the name "ok" is that of [error.internal.ok] as well'),
    "a row twice": (GOOD + SECOND, "is not TOML: Cannot declare ('error', 'trust', 'cert_expired') twice"),
    "a name that cannot be a label": (change("cert_expired]", "Cert-Expired]"), '[error.trust]: "Cert-Expired" cannot be the name of a row'),
    "no explanation": (change(LAST, ""), ROW + 'the key "explain" is missing: the page has this error'),
    "no way to check": (change('check = "`date` shows the time, and --help what there is."\n', ""), ROW + 'the key "check" is missing: the page has this error'),
    "no example": (change('example = "old"\n', ""), ROW + 'the page needs "example" or "unseen", and not both'),
    "an example that was not seen": (change('example = "old"\n', 'example = "old"\nunseen = "No."\n'), ROW + 'the page needs "example" or "unseen"'),
    "an explanation that is no sentence": (change(LAST, 'explain = "too old"\n'), ROW + '"explain" is made of whole sentences'),
    "an explanation that is too long": (change(LAST, f'explain = "{"a" * 500}."\n'), ROW + '"explain" has 501 characters, and may have 500'),
    "the end of a comment": (change('detail = "errno"', 'detail = "*/ x"'), ROW + '"*/" would end a comment in C'),
    "a cause that does not exist": (change("[error.trust.", "[error.turst."), "[error.turst]: there is no [cause.turst]"),
    "a cause without rows": (GOOD + '[cause.more]\ntitle = "More"\nresult = "tls"\ngate = "tls"\n',
                             "[error]: the groups of rows must stand in the order of the causes: where [error.more.*] should be are no rows"),
    "not STS_OK first": (change('"STS_OK"', '"STS_EOTHER"'), "[error]: the first row must be that of STS_OK"),
    "a number twice": (change("number = 69", "number = 0"), '[exit.network]: "number" is 0, and must be more than that of the row before, 0'),
    "a number that no exit status is": (change("number = 69", "number = 256"), '[exit.network]: "number" is 256, and may be 0 to 255'),
    "a symbol twice": (change("STS_EXIT_NETWORK", "STS_EXIT_OK"), '[exit.network]: the symbol "STS_EXIT_OK" is that of [exit.ok] as well'),
    "help that ends with a period": (change('help = "done"', 'help = "done."'),
                                     '[exit.ok]: "help" is a part of a longer line, and must not end with "."'),
    "an unknown key of an exit status": (change("number = 69", 'number = 69\nhelpp = "x"'), '[exit.network]: the key "helpp" is not known'),
    "another table": (GOOD + "[errors.x]\n", 'the key "errors" is not known (did you mean "error"?)'),
    "a result that does not exist": (change('result = "tls"', 'result = "tsl"'), '[cause.trust]: "result" is "tsl", and may be success, tls'),
    "a gate that does not exist": (change('gate = "tls"', 'gate = "tsl"'), '[cause.trust]: "gate" is "tsl", and may be sidecar, tls'),
    "a gate of a row that does not exist": (change('exit = "network"\n', 'exit = "network"\ngate = "tsl"\n'), ROW + '"gate" is "tsl", and may be sidecar, tls'),
    "a result of a row that does not exist": (change('exit = "network"\n', 'exit = "network"\nresult = "tsl"\n'), ROW + '"result" is "tsl", and may be success, tls'),
    "an error that counts as a success": (change('exit = "network"\n', 'exit = "network"\nresult = "success"\n'), "[error]: [result.success] is the first, so it must be the result of STS_OK"),
    "a result that no row has": (GOOD + '[result.denied]\nmeaning = "no"\n', "[error]: no row has [result.denied]"),
    "no exit statuses": (GOOD[GOOD.index("[cause.internal]"):], 'the key "exit" is missing'),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_row_and_reason(refused, mistake):
    text, message = MISTAKES[mistake]
    assert refused(text).startswith("errors.toml: " + message)


def test_groups_stand_in_the_order_of_the_causes(read):
    internal = GOOD[GOOD.index("[cause.internal]"):GOOD.index("[cause.trust]")]
    with pytest.raises(TableError, match=r"where \[error\.trust\.\*\] should be is \[error\.internal\.\*\]"):
        read(GOOD.replace(internal, "").replace("[error.internal.ok]", internal + "[error.internal.ok]"))


def test_c(read, tmp_path):
    read(GOOD)
    files = errors.c_files(tmp_path / "errors.toml")
    assert set(files) == {"error_codes.h", "error_table.h"}
    assert "\tSTS_EXIT_NETWORK = 69, /* TLS or trust failed last */\n" in files["error_codes.h"]
    assert "\tSTS_ECERT_EXPIRED, /* a certificate has expired; detail: errno */\n\tSTS_ERR__COUNT\n" in files["error_codes.h"]
    assert "\tSTS_RESULT_TLS, /* trust failed */\n\tSTS_RESULT__COUNT\n" in files["error_codes.h"]
    assert "#define STS_ERR_TRUST__FIRST STS_ECERT_EXPIRED\n" in files["error_codes.h"]
    assert re.search(r"\t\d+, \d+, STS_ECERT_EXPIRED, END, DETAIL\(EPERM\), DETAIL\(STS_CLOCK\), DETAIL\(0\), END,\n\tEND\};", files["error_table.h"])
    assert re.search(r"\[STS_ECERT_EXPIRED\] = \{\d+, \d+, \d+, STS_RETRY_SLOW, true, STS_RESULT_TLS, 1, STS_GATE_TLS\},", files["error_table.h"])
    # Exit "ok" has the words of error "ok", and no others of its own.
    assert files["error_table.h"].count(c_string(packed("done"))[:-1] + '\\0"') == 1


def test_a_section_of_the_page(read):
    table = read(GOOD)
    lines = {"old": ["info: another line", 'error: it is too old error="cert_expired"']}
    assert errors.error_section(table.errors[1], table.hints, lines) == [
        "### cert_expired", "",
        "**A certificate has expired.**", "It is too old. Renew it, or see `--help` and [x](--y).", "",
        "```text", 'error: it is too old error="cert_expired"', "```", "",
        "- To do: renew it, with `--cacert-path`.",
        "- To do where `--clock` is wrong: set the clock.",
        "- How to check: `date` shows the time, and `--help` what there is.",
        "- Tried again: slowly. `fetch` tries again until `--deadline`. Exit status: 69. In `/metrics`: `result=\"tls\"`.",
        "- `detail` in `.status`: errno.", ""]


def test_an_example_is_of_its_error(read):
    for lines in ({}, {"old": ['error: it is too old error="cert_expired_or_not"']}, {"old": ["error: it is too old"]}):
        with pytest.raises(TableError, match="has no line with this error in the case old"):
            errors.error_section(read(GOOD).errors[1], [], lines)


# What stands in the tree

def test_every_name_has_one_anchor():
    page = (TOP / errors.PAGE).read_text()
    table = errors.read(TOP / errors.SOURCE)
    headings = re.findall(r"^#+ (.+)$", page, re.M)
    names = [error.name for error in table.errors if error.cause.page]
    assert len(names) > 50
    assert [heading for heading in headings if re.fullmatch(errors.NAME, heading)] == names
    assert len({heading.lower() for heading in headings}) == len(headings)


def test_links_to_errors_lead_somewhere():
    names = {error.name for error in errors.read(TOP / errors.SOURCE).errors}
    found = [(path.name, anchor) for path in [*TOP.glob("*.md"), *TOP.glob("docs/**/*.md"), *TOP.glob("deploy/*.md")]
             for anchor in re.findall(r"errors\.md#([\w-]+)", path.read_text())]
    assert len(found) > 2
    assert [link for link in found if link[1] not in names] == []


def test_labels_in_the_queries_of_the_page_exist():
    """A misspelt value would make an alert that never comes."""
    table = errors.read(TOP / errors.SOURCE)
    known = {"result": {*table.results, "failure"}, "error": {error.name for error in table.errors}}
    text = (TOP / errors.METRICS_PAGE).read_text()
    found = re.findall(r'\b(result|error)!?=~?"([^"]+)"', text)
    assert found
    for label, pattern in found:
        for alternative in pattern.split("|"):
            assert any(re.fullmatch(alternative, name) for name in known[label]), alternative
