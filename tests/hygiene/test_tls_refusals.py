# SPDX-License-Identifier: Apache-2.0
"""
Every refusal of the TLS client has a number. These checks read lib/tls as text:

  - MUST() and sts_tls_refuse() name a check of lib/tls/checks.toml, and each check is made in as many places as the table says;
  - a failure is kept in records.c alone;
  - a function that can fail returns false only where a failure was kept: a check failed, another such function returned false, or
    sts_tls_give_up() was called.

A function can fail if it returns a bool and has a pointer, not to const, to a struct that leads to the failure.
"""
import re

import pytest
from c_functions import Function, assignments, bare, calls, functions, returns, split, statements
from tables import tls_checks
from tables.common import TOP

FOLDER = TOP / "lib/tls"
OWNERS = r"(?<!const )struct sts_tls_(?:records|messages|client)\b \*"
# fail() is that of records.c, which keeps a failure without an alert.
KEEPS = {"MUST", "sts_tls_refuse", "sts_tls_give_up", "fail"}
KEEPER = "records.c"
TELLERS = {"checks.c", "explain.c"}  # they tell of checks, and make none
KEPT = {"sts_tls_refuse", "sts_tls_give_up", "fail"}  # functions of records.c that are what the others are checked against
# Places that return false without a failure, with the reason: {(function, words of the expression or condition): reason}.
EXCEPTIONS = {
    ("sts_tls_message_piece", "! MUST ( m -> records , STS_TLS_MESSAGE_SHORT , max <= m -> left ) || m -> left == 0"):
        "max is not 0, so that the second condition holds only where the check is switched off",
    ("take_alert", "alert == CLOSE_NOTIFY && warns"): "the connection ends in order, and `closed` says so",
    ("sts_tls_records_next", "r -> failure . kind != STS_TLS_FINE || r -> closed || ! sts_tls_records_flush ( r )"):
        "the connection has ended in order before, and `closed` says so",
}


def sources():
    return {path.name: path.read_text() for path in sorted(FOLDER.glob("*.[ch]"))}


def can_fail(function):
    return function.kind == "bool" and any(re.search(OWNERS, parameter) for parameter in function.parameters)


def declared(texts):
    """The names of functions that can fail, of all headers and sources."""
    names = set()
    for text in texts.values():
        for kind, name, parameters in re.findall(r"\b(bool)\s+(\w+)\(([^;{}]*?)\)\s*[;{]", bare(text)):
            if can_fail(Function("", kind, name, [" ".join(parameters.split())], [])):
                names.add(name)
    return names


def is_checked(tokens, before):
    """Whether `!x` stands behind `!MUST(.., x != NULL)`: it then holds only where the check is switched off."""
    return tokens[:1] == ["!"] and any([*tokens[1:], "!=", "NULL"] in arguments for part in before if part[:2] == ["!", "MUST"]
                                       for arguments in calls(part, "MUST"))


class Implies:
    """Whether an expression that has a value implies that a failure was kept."""

    def __init__(self, function, failing):
        self.function, self.failing, self.asked = function, failing, set()

    def __call__(self, tokens, value):
        tokens = list(tokens)
        if tokens == ["true" if not value else "false"]:
            return True  # it never has this value
        if (tern := split(tokens, "?"))[1:]:
            parts = split(sum(([*part, "?"] for part in tern[1:]), [])[:-1], ":")
            return all(self(part, value) for part in (parts[0], sum(([*part, ":"] for part in parts[1:]), [])[:-1]))
        for mark, together in (("||", value), ("&&", not value)):
            if len(parts := split(tokens, mark)) > 1:
                parts = [part for at, part in enumerate(parts) if not (together and is_checked(part, parts[:at]))]
                return (all if together else any)(self(part, value) for part in parts)
        if tokens[:1] == ["!"]:
            return self(tokens[1:], not value)
        return self.term(tokens, value)

    def term(self, tokens, value):
        text = " ".join(tokens)
        if tokens[:1] == ["("] and tokens[-1:] == [")"]:
            return self(tokens[1:-1], value)
        if re.fullmatch(r"[\w .>-]*\bfailure \. kind [!=]= STS_TLS_FINE", text):
            return value == ("!=" in tokens)
        if len(tokens) > 2 and tokens[1] == "(" and tokens[-1] == ")" and len(split(tokens[1:], ")")) == 2:
            return not value and (tokens[0] in KEEPS or tokens[0] in self.failing)
        if re.fullmatch(r"\w+", text) and not value:
            return self.variable(text)
        return False

    def variable(self, name):
        """A variable is false only by what was assigned to it."""
        if name in self.asked:
            return True
        self.asked.add(name)
        given = list(assignments(self.function.body, name))
        return bool(given) and all(self(tokens, False) for tokens in given)


def silent(function, failing):
    """The places of a function that can fail where it returns false and no failure was kept: the words of each."""
    found = []
    for expression, conditions, before in returns(statements(function.body)):
        implies = Implies(function, failing)
        if implies(expression, False):
            continue
        told = before is not None and before.kind == "other" and before.condition[:1] and before.condition[0] in KEEPS
        if expression == ["false"]:
            if told or (conditions and implies(*conditions[-1])):
                continue
            found.append(" ".join(conditions[-1][0]) if conditions else "false")
        else:
            found.append(" ".join(expression))
    return found


def all_functions(texts):
    return [function for name, text in texts.items() for function in functions(name, text)]


def silent_places(texts, exceptions):
    failing = declared(texts)
    found, left = [], dict(exceptions)
    for function in all_functions(texts):
        if can_fail(function) and function.name not in KEPT:
            for words in silent(function, failing):
                if left.pop((function.name, words), None) is None:
                    found.append(f"{function.place} returns false without a failure: {words}")
    return found + [f"no longer there: {name}: {words}" for name, words in left]


def wrong_checks(texts, checks):
    """What is wrong with the numbers in the code."""
    symbols = {check.symbol: check for check in checks}
    used, wrong = dict.fromkeys(symbols, 0), []
    for function in all_functions({name: text for name, text in texts.items() if name not in TELLERS}):
        passed_on = {parameter.split()[-1] for parameter in function.parameters if parameter.startswith("enum sts_tls_check ")}
        for token in function.body:
            if token in used:
                used[token] += 1
        for arguments in [*calls(function.body, "MUST"), *calls(function.body, "sts_tls_refuse")]:
            check = " ".join(arguments[1]) if len(arguments) > 1 else ""
            if check not in symbols and check not in passed_on:
                wrong.append(f"{function.place} makes a check that is not in the table: {check}")
    return wrong + [f"{symbol} is made in {count} places, and not in {symbols[symbol].uses}"
                    for symbol, count in used.items() if count != symbols[symbol].uses]


def kept_elsewhere(texts):
    """Assignments to a failure outside of records.c. What the server chose or sent may be noted anywhere."""
    pattern = re.compile(r"(?:\.|->)failure\s*=(?!=)|\bfailure(?:\.|->)(?!came\b|due\b|version\b)\w+\s*=(?!=)")
    return [f"{name}: {match[0]}" for name, text in texts.items() if name != KEEPER for match in pattern.finditer(bare(text))]


def given_up_as_broken(texts):
    """A broken rule is a check with a number, so that nothing but sts_tls_refuse() may give up for it."""
    return [function.place for function in all_functions(texts) if function.name != "sts_tls_refuse"
            for keeper in ("sts_tls_give_up", "fail") for arguments in calls(function.body, keeper)
            if arguments[1:2] == [["STS_TLS_BROKEN_RULE"]]]


def test_every_refusal_has_a_number():
    assert not wrong_checks(sources(), tls_checks.read(TOP / tls_checks.SOURCE))


def test_a_failure_is_kept_in_one_file():
    assert not kept_elsewhere(sources()) and not given_up_as_broken(sources())


def test_no_failure_is_silent():
    assert not silent_places(sources(), EXCEPTIONS)


def test_the_switches_are_of_tests_alone():
    """Nothing but the library of the tests is compiled with them, and no source but those of lib/tls asks for them."""
    users = [path.relative_to(TOP).as_posix() for tree in ("lib", "sidecar") for path in (TOP / tree).rglob("*.[ch]")
             if "STS_TLS_TESTING" in path.read_text()]
    assert all(user.startswith("lib/tls/") for user in users)
    builders = [path.relative_to(TOP).as_posix() for path in (*TOP.glob("meson*"), *TOP.glob("*/**/meson.build"), *TOP.glob("tools/*.sh"))
                if path.is_file() and "STS_TLS_TESTING" in path.read_text()]
    assert [builder for builder in builders if not builder.startswith("subprojects/")] == ["tests/meson.build"]


# What the checks must find, in sources that are made up.

RECORDS_H = """
bool sts_tls_refuse(struct sts_tls_records *r, enum sts_tls_check check);
bool sts_tls_give_up(struct sts_tls_records *r, enum sts_tls_failure_kind kind, uint8_t alert);
bool sts_tls_records_next(struct sts_tls_records *r);
bool sts_tls_sealed(const struct sts_tls_records *r);
"""


def one(body, head="static bool f(struct sts_tls_records *r, size_t len)"):
    return {"records.h": RECORDS_H, "some.c": f"{head}\n{{\n{body}\n}}\n"}


RIGHT = {
    "a check": "\treturn MUST(r, STS_TLS_A, len == 1);",
    "a check of several": "\tif (!MUST(r, STS_TLS_A, len == 1) ||\n\t    (len > 4 && !sts_tls_records_next(r)))\n\t\treturn false;\n\treturn true;",
    "a call that fails": "\treturn sts_tls_records_next(r) && sts_tls_records_next(r);",
    "given up": "\tif (len > 4)\n\t\treturn sts_tls_give_up(r, STS_TLS_TOO_BIG, 0);\n\treturn true;",
    "given up before": "\tif (len > 4) {\n\t\tsts_tls_give_up(r, STS_TLS_IO, 0);\n\t\treturn false;\n\t}\n\treturn true;",
    "a condition or a failure": "\treturn len > 4 || sts_tls_give_up(r, STS_TLS_IO, 0);",
    "in a loop": "\twhile (len > 0) {\n\t\tif (!sts_tls_records_next(r))\n\t\t\treturn false;\n\t\tlen--;\n\t}\n\treturn true;",
    "a variable": "\tbool ok = sts_tls_records_next(r);\n\n\tok = ok && MUST(r, STS_TLS_A, len == 1);\n\twipe();\n\treturn ok;",
    "what was kept before": "\tif (r->failure.kind != STS_TLS_FINE)\n\t\treturn false;\n\treturn r->failure.kind == STS_TLS_FINE;",
    "one of two": "\treturn len > 4 ? sts_tls_records_next(r) : MUST(r, STS_TLS_A, len > 2);",
    "an else": "\tif (sts_tls_records_next(r))\n\t\tlen++;\n\telse\n\t\treturn false;\n\treturn true;",
    "a comment": "\t/* return false; */\n\treturn true;",
    "a pointer that was checked": "\tif (!MUST(r, STS_TLS_A, p != NULL) || !MUST(r, STS_TLS_A, len > 1) || !p)\n\t\treturn false;\n\treturn true;",
    "cases": "\tswitch (len) {\n\tcase 1:\n\t\treturn sts_tls_records_next(r);\n\tdefault:\n\t\treturn MUST(r, STS_TLS_A, false);\n\t}",
}
SILENT = {
    "a bare refusal": ("\tif (len != 1)\n\t\treturn false;\n\treturn true;", "len != 1"),
    "always": ("\treturn false;", "false"),
    "a condition beside a check": ("\tif (!MUST(r, STS_TLS_A, len == 1) || len > 4)\n\t\treturn false;\n\treturn true;",
                                   "! MUST ( r , STS_TLS_A , len == 1 ) || len > 4"),
    "a condition that is returned": ("\treturn len == 1;", "len == 1"),
    "a condition after a call": ("\treturn sts_tls_records_next(r) && len == 1;", "sts_tls_records_next ( r ) && len == 1"),
    "a predicate": ("\treturn sts_tls_sealed(r);", "sts_tls_sealed ( r )"),
    "the wrong way round": ("\tif (sts_tls_records_next(r))\n\t\treturn false;\n\treturn true;", "sts_tls_records_next ( r )"),
    "a variable": ("\tbool ok = len > 4;\n\n\treturn ok;", "ok"),
    "a variable that was spoilt": ("\tbool ok = sts_tls_records_next(r);\n\n\tok = ok && len == 1;\n\treturn ok;", "ok"),
    "in a loop within a check": ("\tif (!sts_tls_records_next(r))\n\t\twhile (len > 0)\n\t\t\treturn false;\n\treturn true;", "1"),
    "in a case": ("\tswitch (len) {\n\tcase 1:\n\t\treturn true;\n\tdefault:\n\t\treturn false;\n\t}", "1"),
    "a call within a comparison": ("\treturn MUST(r, STS_TLS_A, len > 1) == (len > 2);", "MUST ( r , STS_TLS_A , len > 1 ) == ( len > 2 )"),
    "a pointer that was not checked": ("\tif (!p || !MUST(r, STS_TLS_A, p != NULL))\n\t\treturn false;\n\treturn true;",
                                       "! p || ! MUST ( r , STS_TLS_A , p != NULL )"),
    "another pointer": ("\tif (!MUST(r, STS_TLS_A, p != NULL) || !q)\n\t\treturn false;\n\treturn true;",
                        "! MUST ( r , STS_TLS_A , p != NULL ) || ! q"),
    "no more than one of two": ("\treturn len > 4 ? len < 9 : MUST(r, STS_TLS_A, len > 2);",
                                "len > 4 ? len < 9 : MUST ( r , STS_TLS_A , len > 2 )"),
}


@pytest.mark.parametrize("what", RIGHT)
def test_failures_that_are_kept_pass(what):
    assert silent_places(one(RIGHT[what]), {}) == []


@pytest.mark.parametrize("what", SILENT)
def test_silent_failures_are_found(what):
    body, words = SILENT[what]
    assert silent_places(one(body), {}) == [f"some.c: f() returns false without a failure: {words}"]


def test_exceptions():
    body, words = SILENT["a bare refusal"]
    assert silent_places(one(body), {("f", words): "because"}) == []
    assert silent_places(one(RIGHT["a check"]), {("f", words): "because"}) == [f"no longer there: f: {words}"]


def test_what_cannot_fail_is_left_alone():
    body = SILENT["a condition that is returned"][0]
    for head in ("static bool f(const struct sts_tls_records *r, size_t len)", "static bool f(size_t len)", "int f(struct sts_tls_records *r, size_t len)"):
        assert silent_places(one(body, head), {}) == []
    assert silent_places(one(body, "bool f(size_t len,\n\tstruct sts_tls_messages *m)"), {})
    assert silent_places(one(body, "static bool f(struct sts_tls_client *c)"), {})


class Check:
    symbol, uses = "STS_TLS_A", 1


def test_numbers_are_found():
    good = "\treturn MUST(r, STS_TLS_A, true);"
    assert wrong_checks(one(good), [Check]) == []
    assert wrong_checks(one("\treturn true;"), [Check]) == ["STS_TLS_A is made in 0 places, and not in 1"]
    assert wrong_checks(one(good + good), [Check]) == ["STS_TLS_A is made in 2 places, and not in 1"]
    assert wrong_checks(one(good + "\n\treturn sts_tls_refuse(r, STS_TLS_B);"), [Check]) == [
        "some.c: f() makes a check that is not in the table: STS_TLS_B"]
    assert wrong_checks(one(good + "\n\treturn MUST(r, len, true);"), [Check]) == ["some.c: f() makes a check that is not in the table: len"]
    passed = one("\treturn MUST(r, check, true);", "static bool f(struct sts_tls_records *r, enum sts_tls_check check)")
    passed["other.c"] = one("\treturn f(r, STS_TLS_A);", "bool g(struct sts_tls_records *r)")["some.c"]
    assert wrong_checks(passed, [Check]) == []


def test_failures_kept_elsewhere_are_found():
    assert kept_elsewhere(one("\tr->failure.kind = STS_TLS_IO;"))
    assert kept_elsewhere(one("\tr->failure = other;"))
    assert kept_elsewhere(one("\tstruct sts_tls_failure *failure = &r->failure;\n\n\tfailure->kind = STS_TLS_IO;"))
    assert not kept_elsewhere(one("\tconst struct sts_tls_failure *failure = &r->failure;"))
    assert not kept_elsewhere(one("\tr->failure.came = 3;\n\treturn r->failure.kind == STS_TLS_IO;"))
    assert given_up_as_broken(one("\treturn sts_tls_give_up(r, STS_TLS_BROKEN_RULE, 10);"))
    assert not given_up_as_broken(one("\treturn sts_tls_give_up(r, STS_TLS_IO, 10);"))
