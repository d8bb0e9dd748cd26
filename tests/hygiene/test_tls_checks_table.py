# SPDX-License-Identifier: Apache-2.0
"""lib/tls/checks.toml: each mistake in it is named with its file, row and reason."""
import re

import pytest
from tables import tls_checks
from tables.common import TOP

TABLE = tls_checks
GOOD = """
[check.record_type]
number = 2
alert = 10
rfc = "RFC 8446 5.1; RFC 5246 6.2.1"
rule = "The type of a record is known."
words = "sent a record of an unknown type"
tests = ["bogo/UnknownRecordType", "unit/records: a record of an unknown type"]

[check.old_version]
number = 1
alert = 70
rfc = "RFC 8996; our limit"
rule = "The version is 1.2 or 1.3."
words = "chose a record"
error = "tls_version"
tests = []
"""


def test_good(read):
    checks = read(GOOD)
    assert [(check.number, check.symbol, check.alert, check.code) for check in checks] == [
        (1, "STS_TLS_OLD_VERSION", 70, "STS_ETLS_VERSION"), (2, "STS_TLS_RECORD_TYPE", 10, "STS_ETLS")]
    assert checks[1].rfc == ("RFC 8446 5.1", "RFC 5246 6.2.1") and checks[0].tests == ()
    assert tls_checks.checks_block(checks).splitlines()[2:] == [
        "| 1 | The version is 1.2 or 1.3. | [RFC 8996](https://www.rfc-editor.org/rfc/rfc8996), our limit | 70 protocol_version | |",
        "| 2 | The type of a record is known. | [8446 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1), "
        "[5246 6.2.1](https://www.rfc-editor.org/rfc/rfc5246#section-6.2.1) | 10 unexpected_message | "
        "`bogo/UnknownRecordType`, `unit/records: a record of an unknown type` |"]


def change(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


ROW = "[check.record_type]: "
MISTAKES = {
    "a missing key": (change("number = 2\n", ""), ROW + 'the key "number" is missing'),
    "an unknown key": (GOOD + 'colour = "red"\n', '[check.old_version]: the key "colour" is not known'),
    "a number twice": (change("number = 1\n", "number = 2\n"), '[check.old_version]: the number "2" is that of [check.record_type] as well'),
    "a number that is none": (change("number = 2\n", "number = 0\n"), ROW + '"number" is 0, and may be 1 to 255'),
    "a number that is too large": (change("number = 2\n", "number = 256\n"), ROW + '"number" is 256, and may be 1 to 255'),
    "an alert that no check sends": (change("alert = 10\n", "alert = 11\n"), ROW + '"alert" is 11, and may be 0, 10, 20, '),
    "an unknown error": (change('"tls_version"', '"tls_versoin"'),
                         '[check.old_version]: "error" is "tls_versoin", and may be tls, tls_version, '),
    "an error of another group": (change('"tls_version"', '"subject_missing"'), '[check.old_version]: "error" is "subject_missing", and may be'),
    "a place that is none": (change("RFC 5246 6.2.1", "section 6.2.1"), ROW + '"rfc" has "section 6.2.1", and each part must be like'),
    "places without a space": (change("5.1; RFC", "5.1;RFC"), ROW + '"rfc" has "RFC 8446 5.1;RFC 5246 6.2.1", and each part'),
    "a rule without a period": (change("is known.", "is known"), ROW + '"rule" is made of whole sentences, and must end with a period'),
    "a rule that is a question": (change("is known.", "is known?"), ROW + '"rule" is made of whole sentences, and must end with a period'),
    "a rule that begins small": (change("The type", "the type"), ROW + '"rule" is made of whole sentences, and must begin with a capital letter'),
    "words with a period": (change("an unknown type\"\ntests", "an unknown type.\"\ntests"),
                            ROW + '"words" is a part of a longer line, and must not end with "."'),
    "words that name the server": (change("sent a record", "the server sent a record"),
                                   ROW + '"words" stand behind "the server ", and must not begin with it'),
    "words that are too long": (change("sent a record of", "sent " + "a" * 150), ROW + '"words" has 171 characters, and may have 150'),
    "a test that no judge has": (change("bogo/Unknown", "bobo/Unknown"), ROW + '"tests" has "bobo/UnknownRecordType", and a test must be like'),
    "a test twice": (change('"unit/records: a record of an unknown type"', '"bogo/UnknownRecordType"'),
                     ROW + '"tests" has "bogo/UnknownRecordType" twice'),
    "a name that C cannot have": (change("record_type]", "record-type]"), '[check]: "record-type" cannot be the name of a row'),
    "a row twice": (change("old_version]", "record_type]"), "is not TOML: Cannot declare ('check', 'record_type') twice"),
    "another table": (GOOD + "[checks.x]\n", 'the key "checks" is not known (did you mean "check"?)'),
    "no rows": ("[check]\n", "there are no rows"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_row_and_reason(refused, mistake):
    text, message = MISTAKES[mistake]
    assert refused(text).startswith("checks.toml: " + message)


def test_every_check_names_a_test():
    """tests/tls/checks/run.py finds tests, and shows that those which are named fail while their check is off."""
    assert [check.name for check in tls_checks.read(TOP / tls_checks.SOURCE) if not check.tests] == []


def test_c(read, file):
    read(GOOD)
    files = tls_checks.c_files(file)
    assert set(files) == {"check_numbers.h", "check_table.h"}
    assert "enum sts_tls_check {\n\tSTS_TLS_OLD_VERSION = 1,\n\tSTS_TLS_RECORD_TYPE = 2,\n};\n\n#define STS_TLS_CHECK__LAST 2\n" in files["check_numbers.h"]
    assert re.search(r"\n\t\[STS_TLS_OLD_VERSION\] = \{\d+, 70, STS_ETLS_VERSION\},\n", files["check_table.h"])
    # The names are not in the release.
    release, testing = files["check_table.h"].split("#ifdef STS_TLS_TESTING\n")
    assert '"old_version"' in testing and "old_version" not in release
