# SPDX-License-Identifier: Apache-2.0
"""The checks of the TLS client, lib/tls/checks.toml: checks of the table itself, the C table, and the table of docs/tls.md."""
import re
from dataclasses import dataclass

from tables import errors
from tables.common import TOP, Pool, c_file, load, markdown_table, shown, unique
from tables.packing import packed

SOURCE = "lib/tls/checks.toml"
PAGE = "docs/tls.md"
NAME = r"[a-z][a-z0-9_]*"
OUR_LIMIT = "our limit"
RFC = OUR_LIMIT + r"|RFC \d{4}(?: (?:\d+|[A-F])(?:\.\d+)*)?"
TEST = r"(bogo|unit|liar|trace)/[\w.+:/ -]+"
CAUSES = ("tls", "trust")  # an error of these groups is made of a check
# Numbers, names and values are small on purpose: a row of the C table has four bytes.
NUMBER_MAX = 255
WORDS_MAX = 150
# RFC 8446 section 6 and RFC 5246 section 7.2, without the alerts that no check sends; 0 stands for no alert.
ALERTS = {
    0: "none",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    120: "no_application_protocol",
}
# What is told of a number without a row, which only a bug leads to.
NONE_WORDS, NONE_ALERT, NONE_CODE = "broke the TLS protocol", 80, "STS_EBUG"


@dataclass(frozen=True)
class Check:
    name: str
    number: int
    alert: int
    rfc: tuple
    rule: str
    words: str
    code: str
    tests: tuple
    uses: int

    @property
    def symbol(self):
        return f"STS_TLS_{self.name.upper()}"


# ---- reading ----

def codes(top=TOP):
    """{name of an error: its code in C} of the errors that a check may make."""
    return {error.name: error.code for error in errors.read(top / errors.SOURCE).errors if error.cause.name in CAUSES}


def read_rule(row):
    rule = row.prose("rule", most=400)
    if not rule.endswith("."):
        row.fail('"rule" is made of whole sentences, and must end with a period')
    if not rule[0].isupper():
        row.fail('"rule" is made of whole sentences, and must begin with a capital letter')
    return rule


def read_words(row):
    words = row.clause("words", most=WORDS_MAX)
    if words.startswith("the server"):
        row.fail('"words" stand behind "the server ", and must not begin with it')
    return words


def read_check(name, row, known):
    with row:
        number = row.number("number", least=1, most=NUMBER_MAX)
        alert = row.number("alert", most=255)
        if alert not in ALERTS:
            row.fail(f'"alert" is {alert}, and may be {", ".join(map(str, ALERTS))}')
        rfc = tuple(row.text("rfc").split("; "))
        for place in rfc:
            if not re.fullmatch(RFC, place):
                row.fail(f'"rfc" has "{place}", and each part must be like "RFC 8446 4.1.3", or "{OUR_LIMIT}"')
        tests = tuple(row.words("tests"))
        for test in tests:
            if not re.fullmatch(TEST, test):
                row.fail(f'"tests" has "{test}", and a test must be like "bogo/NAME" (tests/tls/README.md)')
        return Check(name, number, alert, rfc, read_rule(row), read_words(row), known[row.word("error", tuple(known), "tls")], tests,
                     row.number("uses", 1, least=1, most=20))


def read(path, top=TOP):
    known, numbers, checks = codes(top), {}, []
    with load(path) as file:
        for name, row in file.row("check").rows(NAME):
            check = read_check(name, row, known)
            unique(row, "the number", check.number, numbers)
            checks.append(check)
        if not checks:
            file.fail("there are no rows")
    return sorted(checks, key=lambda check: check.number)


# ---- C ----

def numbers_h(checks):
    lines = ["enum sts_tls_check {"]
    lines += [f"\t{check.symbol} = {check.number}," for check in checks]
    return "\n".join(lines + ["};", "", f"#define STS_TLS_CHECK__LAST {checks[-1].number}"])


def packed_texts(checks=None):
    return [NONE_WORDS] + [check.words for check in checks or read(TOP / SOURCE)]


def table_h(checks, source):
    pool = Pool(shown(source), list(map(packed, packed_texts(checks))))
    lines = [f"#define LONGEST_BYTES {max(map(len, packed_texts(checks)))}\n", pool.c("texts"), "static const struct check_row rows[STS_TLS_CHECK__LAST + 1] = {",
             f"\t[0] = {{{pool.at(packed(NONE_WORDS))}, {NONE_ALERT}, {NONE_CODE}}},"]
    lines += [f"\t[{check.symbol}] = {{{pool.at(packed(check.words))}, {check.alert}, {check.code}}}," for check in checks]
    lines += ["};", "", "#ifdef STS_TLS_TESTING", "static const char *const names[STS_TLS_CHECK__LAST + 1] = {"]
    lines += [f'\t[{check.symbol}] = "{check.name}",' for check in checks]
    return "\n".join(lines + ["};", "#endif"])


def c_files(source):
    checks = read(source)
    return {"check_numbers.h": c_file(source, numbers_h(checks), "STS_TLS_CHECK_NUMBERS_H"),
            "check_table.h": c_file(source, table_h(checks, source))}


# ---- pages ----

def section_link(place):
    """A place in an RFC as a link to it."""
    if place == OUR_LIMIT:
        return place
    words = place.split()
    if len(words) == 2:
        return f"[{place}](https://www.rfc-editor.org/rfc/rfc{words[1]})"
    anchor = ("section-" if words[2][0].isdigit() else "appendix-") + words[2]
    return f"[{words[1]} {words[2]}](https://www.rfc-editor.org/rfc/rfc{words[1]}#{anchor})"


def checks_block(checks):
    return markdown_table(("no.", "rule", "RFC", "alert", "tests"), [
        (check.number, check.rule, ", ".join(map(section_link, check.rfc)),
         f"{check.alert} {ALERTS[check.alert]}" if check.alert else "none", ", ".join(f"`{test}`" for test in check.tests))
        for check in checks], "rllll")


def pages(top):
    del top
    return {}


def blocks(top):
    return {PAGE: {"checks of TLS": checks_block(read(top / SOURCE, top))}}
