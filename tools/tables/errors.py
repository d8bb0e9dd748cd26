# SPDX-License-Identifier: Apache-2.0
"""The errors, their results and the exit statuses, lib/base/errors.toml: checks, the C table, and what the pages say of them."""
import re
import textwrap
from dataclasses import dataclass

from tables.common import TOP, Pool, TableError, c_file, load, markdown_table, shown, unique
from tables.packing import packed

SOURCE = "lib/base/errors.toml"
PAGE = "docs/errors.md"
METRICS_PAGE = "docs/metrics.md"
EXAMPLES_PAGE = "docs/doctor.md"
# Their line is plain, since the program ends with them before there is a log, or as it was told.
WITHOUT_NAME = ("usage", "url", "stopped")
# What the page says of each class; its introduction says how long the waits are.
RETRIES = {"soon": "soon", "slow": "slowly", "never": "no"}
PAGE_WIDTH = 150
CODE_WORDS = r"sts-sidecar (?:COMMAND --help|protocols(?: NAME)?|inspect|check|refresh)|(?<![\w-])--[a-z][a-z-]*[a-z]"
NAME = r"[a-z][a-z0-9_]*"
CODE = r"STS_(OK|E[A-Z_]+)"
STATUS_MIN = 300     # details that are HTTP statuses are kept less this
# A detail of a hint: an errno, a name of our own (lib/base/error.h), or a number.
DETAIL = r"E[A-Z0-9]+|STS_[A-Z_]+|0|[1-9][0-9]{0,4}"
# A log line's hint is "MEANING: HINT" in a buffer of this size, with its NUL (add_hint() of event_log.c).
HINT_SIZE_BYTES = 256


@dataclass(frozen=True)
class Exit:
    name: str
    symbol: str
    number: int
    help: str
    readme: str


@dataclass(frozen=True)
class Result:
    name: str
    meaning: str

    @property
    def symbol(self):
        return f"STS_RESULT_{self.name.upper()}"


@dataclass(frozen=True)
class Gate:
    name: str
    meaning: str

    @property
    def symbol(self):
        return f"STS_GATE_{self.name.upper()}"


@dataclass(frozen=True)
class Cause:
    name: str
    title: str
    result: Result
    gate: Gate
    page: bool


@dataclass(frozen=True)
class Error:
    name: str
    cause: Cause
    code: str
    retry: str
    fetch_retries: bool
    exit: Exit
    result: Result
    gate: Gate
    meaning: str
    hint: str
    detail: str
    explain: str
    check: str
    example: str
    unseen: str


@dataclass(frozen=True)
class Hint:
    """What to do about some errors in place of their usual hint, where they come with one of these details, or with a message that has one of
    these phrases."""
    name: str
    errors: list
    details: list
    says: list
    when: str
    hint: str


@dataclass(frozen=True)
class Table:
    exits: dict
    results: dict
    gates: dict
    causes: dict
    errors: list
    hints: list

    def of(self, cause):
        return [error for error in self.errors if error.cause is cause]


# ---- reading ----

def read_exits(table):
    exits, symbols, last = {}, {}, -1
    for name, row in table.rows(NAME):
        with row:
            symbol = matching(row, "symbol", r"STS_EXIT_[A-Z]+")
            unique(row, "the symbol", symbol, symbols)
            number = row.number("number", most=255)
            if number <= last:
                row.fail(f'"number" is {number}, and must be more than that of the row before, {last}')
            words = row.clause("help", most=100)
            exits[name] = Exit(name, symbol, number, words, row.clause("readme", words))
        last = number
    return exits


def read_meanings(table, kind):
    meanings = {}
    for name, row in table.rows(NAME):
        with row:
            meanings[name] = kind(name, row.clause("meaning", most=120))
    return meanings


def read_causes(table, results, gates):
    causes = {}
    for name, row in table.rows(NAME):
        with row:
            causes[name] = Cause(name, row.clause("title", most=60), results[row.word("result", tuple(results))],
                                 gates[row.word("gate", tuple(gates))], row.flag("page", True))
    return causes


def matching(row, key, pattern):
    value = row.text(key)
    if not re.fullmatch(pattern, value):
        row.fail(f'"{key}" is "{value}", which does not match {pattern}')
    return value


def read_error(name, row, cause, exits, results, gates):
    with row:
        error = Error(
            name, cause, matching(row, "code", CODE), row.word("retry", tuple(RETRIES)), row.flag("fetch_retries"),
            exits[row.word("exit", tuple(exits))], results[row.word("result", tuple(results), cause.result.name)],
            gates[row.word("gate", tuple(gates), cause.gate.name)], row.clause("meaning"), row.clause("hint"), row.clause("detail", ""),
            row.prose("explain", "", most=500), row.prose("check", "", most=500), row.text("example", ""), row.prose("unseen", ""))
        check_room(row, error, error.hint)
        if cause.page and not error.explain:
            row.fail('the key "explain" is missing: the page has this error')
        if cause.page and not error.check:
            row.fail('the key "check" is missing: the page has this error')
        if cause.page and bool(error.example) == bool(error.unseen):
            row.fail('the page needs "example" or "unseen", and not both')
        if "*/" in error.detail or "*/" in error.meaning:
            row.fail('"*/" would end a comment in C')
    return error


def check_room(row, error, hint):
    if len(error.meaning) + len(": ") + len(hint) >= HINT_SIZE_BYTES:
        row.fail(f'"meaning" and "hint" are too long together: a log line has room for {HINT_SIZE_BYTES - 3} characters of both'
                 + (f", for error {error.name}" if hint != error.hint else ""))


def is_of_statuses(hint):
    """Are all details HTTP statuses that have a byte as the distance from STATUS_MIN?"""
    return all(detail.isdigit() and STATUS_MIN <= int(detail) < STATUS_MIN + 254 for detail in hint.details)


def read_hints(table, errors):
    hints, seen, by_name = [], {}, {error.name: error for error in errors}
    for name, row in table.rows(NAME):
        with row:
            hint = Hint(name, [by_name[error] for error in row.words("errors", tuple(by_name))], row.words("detail", default=[]),
                        row.words("says", default=[]), row.clause("when"), row.clause("hint"))
            if not hint.errors or bool(hint.details) == bool(hint.says):
                row.fail('"errors" must not be empty, and there must be either "detail" or "says"')
            if wrong := next((detail for detail in hint.details if not re.fullmatch(DETAIL, detail)), None):
                row.fail(f'"detail" has "{wrong}", which does not match {DETAIL}')
            for error in hint.errors:
                check_room(row, error, hint.hint)
            if not is_of_statuses(hint) and any(detail.isdigit() and int(detail) >= STATUS_MIN for detail in hint.details):
                row.fail('"detail" has HTTP statuses and others: they need two rows')
            for error in hint.errors:
                for detail in hint.details:
                    unique(row, "the detail", f"{error.name} {detail}", seen)
            hints.append(hint)
    return hints


def read_errors(table, causes, exits, results, gates):
    errors, names, codes = [], {}, {}
    for cause, group in table.rows(NAME):
        if cause not in causes:
            group.fail(f"there is no [cause.{cause}]")
        for name, row in group.rows(NAME):
            error = read_error(name, row, causes[cause], exits, results, gates)
            unique(row, "the name", name, names)
            unique(row, "the code", error.code, codes)
            errors.append(error)
    order = list(dict.fromkeys(error.cause.name for error in errors))
    for cause, group in zip(causes, order + [None] * len(causes)):
        if cause != group:
            table.fail(f"the groups of rows must stand in the order of the causes: where [error.{cause}.*] should be "
                       + (f"is [error.{group}.*]" if group else "are no rows"))
    if errors[0].code != "STS_OK":
        table.fail("the first row must be that of STS_OK, since its number must be 0")
    refuse_results(table, errors, results)
    return errors


def refuse_results(table, errors, results):
    """The first result is that of a success, and of nothing else; each of the others is that of an error."""
    success = next(iter(results))
    if [error.code for error in errors if error.result.name == success] != ["STS_OK"]:
        table.fail(f'[result.{success}] is the first, so it must be the result of STS_OK, and of no other row')
    for result in results.values():
        if not any(error.result is result for error in errors):
            table.fail(f"no row has [result.{result.name}]")


def read(path):
    with load(path) as file:
        exits = read_exits(file.row("exit"))
        results = read_meanings(file.row("result"), Result)
        gates = read_meanings(file.row("gate"), Gate)
        causes = read_causes(file.row("cause"), results, gates)
        if not exits or not results or not gates or not causes:
            file.fail("there are no rows")
        errors = read_errors(file.row("error"), causes, exits, results, gates)
        hints = file.row("hint", None)
        return Table(exits, results, gates, causes, errors, read_hints(hints, errors) if hints else [])


# ---- C ----

def codes_h(table):
    lines = ["/* Exit statuses of the program. */", "enum sts_exit {"]
    lines += [f"\t{exit.symbol} = {exit.number}, /* {exit.help} */" for exit in table.exits.values()]
    lines += ["};", f"#define STS_EXIT__COUNT {len(table.exits)}", ""]
    lines += ["/* What /metrics counts an attempt as. */", "enum sts_result {"]
    lines += [f"\t{result.symbol}, /* {result.meaning} */" for result in table.results.values()]
    lines += ["\tSTS_RESULT__COUNT", "};", "", "/* The steps on the way to a token, in their order. */", "enum sts_gate {"]
    lines += [f"\t{gate.symbol}, /* {gate.meaning} */" for gate in table.gates.values()]
    lines += ["\tSTS_GATE__COUNT", "};", "", "enum sts_err {"]
    for cause in table.causes.values():
        lines.append(f"\t/* ---- {cause.title} ---- */")
        for error in table.of(cause):
            detail = f"; detail: {error.detail}" if error.detail else ""
            lines.append(f"\t{error.code}, /* {error.meaning}{detail} */")
    lines += ["\tSTS_ERR__COUNT", "};", "", "/* The first and the last code of each cause. */"]
    for cause in table.causes.values():
        errors = table.of(cause)
        lines += [f"#define STS_ERR_{cause.name.upper()}__FIRST {errors[0].code}",
                  f"#define STS_ERR_{cause.name.upper()}__LAST {errors[-1].code}"]
    return "\n".join(lines)


def packed_texts(table=None):
    table = table or read(TOP / SOURCE)
    return ([text for error in table.errors for text in (error.meaning, error.hint)] + [hint.hint for hint in table.hints]
            + [phrase for hint in table.hints for phrase in hint.says] + [exit.help for exit in table.exits.values()])


def table_h(table, source):
    pool = Pool(shown(source), [error.name for error in table.errors] + list(map(packed, packed_texts(table))) + list(table.results) + list(table.gates))
    longest = max(map(len, packed_texts(table)))
    places = list(table.exits.values())
    lines = [f"#define LONGEST_BYTES {longest} /* of a meaning or a hint */", f"#define STATUS_MIN    {STATUS_MIN}\n", pool.c("texts"), "static const struct error_row errors[STS_ERR__COUNT] = {"]
    for error in table.errors:
        numbers = ", ".join(str(pool.at(text)) for text in (error.name, packed(error.meaning), packed(error.hint)))
        lines.append(f"\t[{error.code}] = {{{numbers}, STS_RETRY_{error.retry.upper()}, "
                     f"{str(error.fetch_retries).lower()}, {error.result.symbol}, {places.index(error.exit)}, {error.gate.symbol}}},")
    lines += ["};", "", "static const struct exit_row exits[STS_EXIT__COUNT] = {"]
    lines += [f"\t{{{pool.at(packed(exit.help))}, {exit.symbol}}}," for exit in table.exits.values()]
    lines += ["};", "", "static const uint16_t results[STS_RESULT__COUNT] = {"]
    lines += [f"\t{pool.at(name)}," for name in table.results]
    lines += ["};", "", "static const uint16_t gates[STS_GATE__COUNT] = {"]
    lines += [f"\t{pool.at(name)}," for name in table.gates]
    lines += ["};", "", "static const uint8_t hints[] = {"]
    for hint in table.hints:
        if not hint.details:
            continue
        numbers, end = [f"DETAIL({detail})" for detail in hint.details], "END"
        if is_of_statuses(hint):
            numbers, end = [f"{int(detail) - STATUS_MIN}" for detail in hint.details], "END_STATUSES"
        lines.append(f"\t{place(pool, hint.hint)}, " + ", ".join([error.code for error in hint.errors] + [end] + numbers + ["END"]) + ",")
    lines += ["\tEND};", "", "static const uint8_t said[] = {"]
    for hint in table.hints:
        if hint.says:
            lines.append(f"\t{place(pool, hint.hint)}, " + ", ".join([place(pool, phrase) for phrase in hint.says] + ["SAID_END"]
                                                                    + [error.code for error in hint.errors] + ["SAID_END"]) + ",")
    return "\n".join(lines + ["\tSAID_END};"])


def place(pool, text):
    """The two bytes of the place of a packed text."""
    at = pool.at(packed(text))
    return f"{at >> 8}, {at & 255}"


def c_files(source):
    table = read(source)
    return {"error_codes.h": c_file(source, codes_h(table), "STS_BASE_ERROR_CODES_H"),
            "error_table.h": c_file(source, table_h(table, source))}


# ---- pages ----

def exits_block(table):
    return markdown_table(("", ""), [(exit.number, exit.readme) for exit in table.exits.values()])


def results_block(table):
    return markdown_table(("`result`", "meaning"), [(f"`{result.name}`", result.meaning) for result in table.results.values()])


def options_as_code(text):
    """Options and commands as code in Markdown; what is code or a link already stays as it is."""
    parts = re.split(r"(`[^`]*`|\[[^\]]*\]\([^)]*\))", text)
    return "".join(part if index % 2 else re.sub(CODE_WORDS, r"`\g<0>`", part)
                   for index, part in enumerate(parts))


def examples(top):
    """The lines that docs/doctor.md has of each case: {case: [line]}."""
    block = (top / EXAMPLES_PAGE).read_text().partition("<!-- made by tests/failures: the failures -->\n")[2].partition("<!-- end -->")[0]
    return {name: re.findall(r"^    (?:fetch|run) +(.*?)(?: \(exit status \d+\))?$", text, re.M)
            for name, text in re.findall(r"^#### (\w+)\n(.*?)(?=^#|\Z)", block, re.M | re.S)}


def example_of(error, lines):
    """The line that the program printed in the error's case. The log has the name of the error in it, unless it ends before there is a log."""
    for line in lines.get(error.example, []):
        if f'error="{error.name}"' in line or error.name in WITHOUT_NAME and 'error="' not in line:
            return line
    raise TableError(SOURCE, f"error.{error.cause.name}.{error.name}", f"{EXAMPLES_PAGE} has no line with this error in the case {error.example}")


def error_section(error, hints, lines):
    fetch = " `fetch` tries again until `--deadline`." if error.fetch_retries else " `fetch` gives up at once."
    if error.retry == "never":
        fetch = ""
    page = [f"### {error.name}", "", f"**{error.meaning[0].upper()}{error.meaning[1:]}.**", wrapped(options_as_code(error.explain)), ""]
    lines_shown = ["```text", example_of(error, lines), "```"] if error.example else [error.unseen]
    page += [*lines_shown, ""]
    page.append(f"- To do: {options_as_code(error.hint)}.")
    page += [f"- To do {options_as_code(hint.when)}: {options_as_code(hint.hint)}." for hint in hints if error in hint.errors]
    page.append(f"- How to check: {options_as_code(error.check)}")
    page.append(f"- Tried again: {RETRIES[error.retry]}.{fetch} Exit status: {error.exit.number}. In `/metrics`: `result=\"{error.result.name}\"`.")
    if error.detail:
        page.append(f"- `detail` in `.status`: {options_as_code(error.detail)}.")
    return page + [""]


def wrapped(text):
    """Lines of the page's width; a line does not end within code."""
    whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    return textwrap.fill(whole, PAGE_WIDTH, break_long_words=False, break_on_hyphens=False).replace("\0", " ")


def errors_block(table, lines_of_cases):
    lines = []
    for cause in table.causes.values():
        if cause.page:
            lines += [f"## {cause.title}", ""]
            for error in table.of(cause):
                lines += error_section(error, table.hints, lines_of_cases)
    return "\n".join(lines)


def index_block(table):
    return markdown_table(("cause", "names"), [
        (cause.title, ", ".join(f"[`{error.name}`](#{error.name})" for error in table.of(cause)))
        for cause in table.causes.values() if cause.page])


def pages(top):
    del top
    return {}


def blocks(top):
    table = read(top / SOURCE)
    return {METRICS_PAGE: {"metric results": results_block(table)},
            PAGE: {"exit statuses": exits_block(table), "error names": index_block(table), "errors": errors_block(table, examples(top))}}


def names(top=TOP):
    """{code in C: name} of every error, for tests."""
    return {error.code: error.name for error in read(top / SOURCE).errors}
