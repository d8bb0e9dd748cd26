# SPDX-License-Identifier: Apache-2.0
"""The protocols, lib/protocol/protocols.toml: reading with checks, and the C table. What the pages say of them is in protocol_pages.py."""
import dataclasses
import re
from dataclasses import dataclass, replace

from tables.common import TOP, Pool, Row, c_file, c_string, check_text, load, nearest, shown, unique
from tables.packing import packed
from tables.parameter_checks import check_charset, check_kind, check_place, check_shape, value_mistake

SOURCE = "lib/protocol/protocols.toml"

# The words of the file are those that `sts-sidecar protocols` prints; in C they are STS_BODY_FORM and the like (lib/protocol/table.h).
BODIES = ("none", "form", "json")
PLACES = ("bearer", "header", "body", "query", "url", "pointer")
KINDS = ("text", "number", "literal", "words", "list", "seconds", "numbered", "host")
EXPIRIES = ("absolute", "lifetime")
FLAGS = ("any-parameter", "client-auth", "poll", "xml", "open", "final", "direct")
MEANINGS = ("busy", "unauthorized", "used", "refused", "known")  # of an error code, in the order of sts_protocol_code()
USES = ("again", "once", "unknown")
FILES = {"token": "token.jwt", "expires": "expires", "thumbprint": "thumbprint", "aws-credentials": "aws-credentials"}
POINTERS = ("base", "token", "expiry", "thumbprint", "key_id", "secret")
USER_KEYS = ("required", "without_url", "service_requires", "repeats", "default", "variable", "claim", "shape", "charset", "min", "max", "help", "note")

NAME = r"[a-z][a-z0-9-]*"
NAME_MAX = 17  # `protocols` prints it in a column, and lines of at most 100 characters
SUMMARY_MAX = 80
PARAMETERS_MAX = 13  # STS_PROTOCOL_PARAMETERS_MAX
NUMBER_OF_PARAMETER_MAX = 127  # the last bit of its byte says that it is required
CODE_MAX = 31  # STS_KNOWN_CODE_MAX_BYTES, with a NUL
VARIABLE = r"[A-Z][A-Z0-9_]{,46}"
VARIABLES = f"{VARIABLE}( {VARIABLE})*"
FIELD = r"[A-Za-z][A-Za-z0-9_.#-]*"
POINTER = r"(/[^/]+)+"
PATH = r"(/[A-Za-z0-9._-]+)+"


@dataclass(frozen=True)
class Parameter:
    """One field of a request. Equal ones are one entry of the C table."""
    source: str  # "user", "fixed" or "subject"
    name: str
    where: str
    field: str = ""
    kind: str = "text"
    value: str = ""  # default, or fixed
    variable: str = ""  # or a JSON pointer to a claim
    shape: str = ""
    charset: str = ""
    min: int = 0
    max: int = 0
    help: str = ""
    flags: tuple = ()  # of "repeats", "with-previous" and "without-url"
    required: bool = dataclasses.field(default=False, compare=False)
    note: str = dataclasses.field(default="", compare=False)

    def texts(self):
        """In the order of enum sts_parameter_text."""
        return self.name, self.field, self.value, self.variable, self.shape, self.charset, packed(self.help)

    def sent_as(self):
        return self.field or self.name

    def claim(self):
        return self.variable if self.variable.startswith("/") else ""


@dataclass(frozen=True)
class Answer:
    base: str
    token: str
    expiry: str
    thumbprint: str
    key_id: str
    secret: str
    expiry_kind: str
    lifetime: int  # 0: the program's default

    def pointers(self):
        """In the order of enum sts_protocol_text."""
        return tuple(getattr(self, name) for name in POINTERS)


@dataclass(frozen=True)
class Protocol:
    name: str
    summary: str
    method: str
    url: str
    body: str
    token_file: str  # a variable, or a path
    use: str  # how often a subject token is accepted
    answer: Answer
    write: tuple
    flags: tuple
    parameters: tuple
    about: str
    example: str
    notes: str
    revoke: str  # the name of a request that revokes
    ca: str  # a path
    doubt: tuple  # the name of a parameter, then words of refusals
    url_from: str = ""  # variables
    refused: str = ""  # variables
    partitions: tuple = ()

    def texts(self):
        """In the order of enum sts_protocol_text."""
        return self.name, packed(self.summary), self.method, self.url, self.token_file, *self.answer.pointers(), self.ca, "|".join(self.doubt), self.url_from, self.refused, "|".join(self.partitions)


@dataclass(frozen=True)
class Codes:
    service: str
    busy: list
    unauthorized: list
    used: list
    refused: list
    known: list


@dataclass(frozen=True)
class Table:
    protocols: list
    revocations: list  # as protocols, of which only the request counts
    codes: list
    code_at: list
    message_at: list
    used: list  # phrases
    unfetched: list  # phrases


# ---- what is shared ----

class Shared:
    """The tables of [shared.KIND.NAME]; a row that says `use = NAME` starts from one."""

    def __init__(self, kind, row):
        self.kind, self.row, self.used = kind, row, set()
        self.tables = dict(row.rows(NAME)) if row else {}

    def apply(self, row):
        """The row with what it uses."""
        name = row.text("use", None)
        if name is None:
            return row
        if name not in self.tables:
            row.fail(f'"use" is "{name}", and there is no [shared.{self.kind}.{name}]{nearest(name, self.tables)}')
        self.used.add(name)
        common, own = self.tables[name].keys, {key: value for key, value in row.keys.items() if key != "use"}
        for key, value in own.items():
            if common.get(key) == value and type(common[key]) is type(value):
                row.fail(f'"{key}" is what [shared.{self.kind}.{name}] says already')
        return Row(row.file, row.name, {**common, **own})

    def close(self):
        for name, row in self.tables.items():
            if name not in self.used:
                row.fail(f'no {self.kind} says use = "{name}"')


# ---- values ----

def matching(row, key, pattern, default=None, most=160):
    value = row.text(key, default, most) if default is not None else row.text(key, most=most)
    if key in row.keys and not re.fullmatch(pattern, value):
        row.fail(f'"{key}" is "{value}", which does not match {pattern}')
    return value


def markdown(row, key, default=None):
    """Lines of Markdown for the page."""
    value = row.take(key, str) if default is None else row.take(key, str, default)
    lines = value.strip().splitlines()
    if key in row.keys and not lines:
        row.fail(f'"{key}" is empty')
    for line in lines:
        if line and (reason := check_text(" ".join(line.split()), 1000)):
            row.fail(f'a line of "{key}" {reason}')
        if line.startswith(("#", "<!--")):
            row.fail(f'a line of "{key}" begins a section or a comment of the page')
    return "\n".join(line.rstrip() for line in lines)


def bounds(row, default_max=None):
    least, most = row.number("min", 0), row.number("max", 0, least=1)
    if most and least > most:
        row.fail(f'"min" is {least}, and "max" is {most}')
    if least and not most:
        row.fail('"min" needs a "max"')
    return least, most


# ---- parameters ----

def read_fixed(row, p):
    if left := [key for key in USER_KEYS if key in row.keys]:
        row.fail(f'"{left[0]}" is for the user\'s values, and this one is fixed')
    flags = ("with-previous",) if row.flag("with_previous", False) else ()
    return replace(p, source="fixed", value=row.text("fixed"), flags=flags)


def read_source(row):
    """The variable or the claim that a value comes from."""
    variable, claim = matching(row, "variable", VARIABLES, ""), matching(row, "claim", POINTER, "")
    if variable and claim:
        row.fail('"variable" and "claim" exclude each other')
    return variable or claim


def read_user(row, p):
    least, most = bounds(row)
    flags = tuple(word for word, key in (("repeats", "repeats"), ("with-previous", "with_previous"), ("without-url", "without_url")) if row.flag(key, False))
    p = replace(
        p, value=row.text("default", ""), variable=read_source(row), shape=row.text("shape", ""),
        charset=row.text("charset", ""), min=least, max=most, help=row.text("help"), note=markdown(row, "note", ""), flags=flags)
    required, by_service = row.flag("required", False), row.flag("service_requires", False)
    if required and p.value:
        row.fail('"required" is true, and there is a default: nobody has to give it. Is it meant by "service_requires"?')
    if by_service and not p.value:
        row.fail('"service_requires" is true, and there is no default: the user must give it. Is it meant by "required"?')
    if (required or by_service) and "with-previous" in flags:
        row.fail('what goes out only with the parameter before it is never required')
    return replace(p, required=required or by_service)


def read_parameter(row):
    with row:
        p = Parameter(
            "user", matching(row, "name", r"[A-Za-z][A-Za-z0-9_-]*", most=40), row.word("where", PLACES[1:]),
            matching(row, "field", f"{FIELD}|{POINTER}", "", most=40), row.word("kind", KINDS, "text"))
        if p.field == p.name:
            row.fail('"field" is the same as "name", and is left out then')
        p = read_fixed(row, p) if row.has("fixed") else read_user(row, p)
        for check in (check_kind, check_charset, check_shape, check_place):
            check(row, p)
        if p.value and p.source == "user" and (reason := value_mistake(p, p.value)):
            row.fail(f'"default" is "{p.value}", which {reason}')
    return p


def read_subject(row):
    with row:
        where = row.word("where", PLACES[:-2])
        if where == "bearer" and row.has("name"):
            row.fail('"name" is not for "bearer": the header is Authorization')
        name = "authorization" if where == "bearer" else matching(row, "name", FIELD, most=40)
        least, most = bounds(row)
        row.has("variable"), row.has("file"), row.has("use")
        p = Parameter("subject", name, where, min=least, max=most)
        check_place(row, p)
    return p


def parameter_rows(row):
    """(use, Row) of each [[protocol.NAME.parameter]]."""
    for i, keys in enumerate(row.take("parameter", list, []), 1):
        if not isinstance(keys, dict):
            row.fail('"parameter" must be a list of tables, [[...]]')
        name = next((keys[key] for key in ("name", "use") if isinstance(keys.get(key), str)), str(i))
        yield keys.get("use"), Row(row.file, f"{row.name}.parameter.{name}", keys)


def loose(name):
    """As names are compared: without case, - and _."""
    return re.sub("[-_]", "", name).lower()


def check_previous(row, p, before):
    """before: the parameters before it."""
    last = next((b for b in reversed(before) if b.source == "user"), None)
    between = before[before.index(last) + 1:] if last else ()
    if "with-previous" in p.flags and not (last and all("with-previous" in b.flags for b in between)):
        row.fail('"with_previous" is true, and the user does not give the parameter before it')


def objects(parent):
    """The objects that a field with this parent is in: "/a" and "/a/b" of "/a/b"."""
    return {parent[:i] for i, c in enumerate(parent + "/") if c == "/"} - {""}


def check_pointers(row, parameters):
    """The fields of an object stand together, and those of an object within it behind them: each object is written once."""
    ended, still_open = set(), set()
    for parent in (p.field.rpartition("/")[0] for p in parameters if p.where in ("body", "pointer")):
        wanted = objects(parent)
        if not still_open <= wanted:    # an object that this field is not in has ended, and those around it take no field any more
            ended, still_open = ended | still_open, set()
        if wanted & ended:
            row.fail(f'the fields below "{parent}" must stand together, and before those of an object within it')
        still_open |= wanted


def read_parameters(row, shared):
    subject = read_subject(row.row("subject"))
    listed, names, variables, own = [], {}, {}, {}
    for use, entry in parameter_rows(row):
        if use == "subject":
            if len(entry.keys) > 1:
                entry.fail('use = "subject" stands alone: [protocol.NAME] says the rest')
            p = subject
        else:
            p = read_parameter(shared.apply(entry))
        check_previous(entry, p, [before for before, _ in listed])
        listed.append((p, entry))
        if use is None:
            own[p] = entry
    if subject not in [p for p, _ in listed]:
        listed.insert(0, (subject, row))
    for p, entry in listed:
        for name in dict.fromkeys((loose(p.name), loose(p.sent_as()))):
            unique(entry, "the name", name, names)
        if p.variable:
            unique(entry, "the variable", p.variable, variables)
    if len(listed) > PARAMETERS_MAX:
        row.fail(f"there are {len(listed)} parameters with the subject token, and may be {PARAMETERS_MAX}")
    check_pointers(row, [p for p, _ in listed])
    return tuple(p for p, _ in listed), own


# ---- protocols ----

def pointer(row, key, default=None):
    return matching(row, key, r"(/[^/]+)+", default, most=100)


def read_answer(row):
    with row:
        answer = Answer(
            pointer(row, "base", ""), pointer(row, "token"), pointer(row, "expiry", ""), pointer(row, "thumbprint", ""),
            pointer(row, "key_id", ""), pointer(row, "secret", ""), row.word("expiry_kind", EXPIRIES), row.number("lifetime", 0, least=1))
        if bool(answer.key_id) != bool(answer.secret):
            row.fail('"key_id" and "secret" go together')
    return answer


def read_request(row, pattern=r"(https://|\{)[!-~]+"):
    with row:
        method, body = row.word("method", ("GET", "POST")), row.word("body", BODIES)
        url = row.text("url", "")
        if (method == "GET") != (body == "none"):
            row.fail(f'"method" is {method}, and "body" is "{body}": GET has none, POST has one')
        if url and not re.fullmatch(pattern, url):
            row.fail(f'"url" is "{url}", and must begin with https:// or a parameter; that of a revocation is a path')
    return method, url, body


def read_token_file(row):
    variable, path = matching(row, "variable", VARIABLE, ""), matching(row, "file", PATH, "")
    if variable and path:
        row.fail('"variable" and "file" exclude each other')
    return variable or path


def read_doubt(row):
    """The parameter that some refusals do not blame, and the words of these refusals."""
    if not row:
        return ()
    with row:
        name, words = matching(row, "parameter", r"[A-Za-z][A-Za-z0-9_-]*", most=40), row.words("words")
        if not words or any(not word or "|" in word for word in words):
            row.fail('"words" must be a list of texts without |')
    return name, *words


def check_doubt(row, doubt, parameters):
    if doubt and doubt[0] not in [p.name for p in parameters]:
        row.fail(f'"doubt" names the parameter "{doubt[0]}", and no parameter has this name')


def check_url(row, url, parameters):
    placeholders = re.findall(r"\{([^{}]*)\}", url)
    parts = [p.name for p in parameters if p.where == "url"]
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", url)):
        row.fail(f'"url" is "{url}", where braces are not in pairs')
    for name in placeholders:
        if name not in parts:
            row.fail(f'"url" has {{{name}}}, and no parameter with this name has where = "url"{nearest(name, parts)}')
    for name in parts:
        if name not in placeholders:
            row.fail(f'the parameter "{name}" has where = "url", and "url" has no {{{name}}}')


def check_protocol(row, protocol):
    answer, write, flags = protocol.answer, protocol.write, protocol.flags
    subject = next(p for p in protocol.parameters if p.source == "subject")
    check_url(row, protocol.url, protocol.parameters)
    check_doubt(row, protocol.doubt, protocol.parameters)
    for p in protocol.parameters:
        if p.where == "body" and protocol.body == "none":
            row.fail(f'the parameter "{p.name}" has where = "body", and the request has none')
        if p.where == "pointer" and protocol.body != "json":
            row.fail(f'the parameter "{p.name}" has where = "pointer", which is for a JSON body')
        if p.kind in ("literal", "list") and protocol.body != "json":
            row.fail(f'the parameter "{p.name}" has the kind "{p.kind}", which is for a JSON body')
        if p.kind == "numbered" and protocol.body != "form":
            row.fail(f'the parameter "{p.name}" has the kind "numbered", which is for a form')
    if subject.where == "bearer" and "client-auth" in flags and "open" not in flags:
        row.fail('"flags" has "client-auth", and the subject token is in the Authorization header already')
    if "expires" not in write or ("token" in write) == ("aws-credentials" in write):
        row.fail('"write" must have "expires", and one of "token" and "aws-credentials"')
    for word, there in (("thumbprint", answer.thumbprint), ("aws-credentials", answer.key_id)):
        if (word in write) != bool(there):
            row.fail(f'"write" has "{word}" where the answer has it, and only there')


def read_protocol(name, row, answers, parameters):
    with row:
        method, url, body = read_request(row.row("request"))
        if len(name) > NAME_MAX:
            row.fail(f"the name has {len(name)} characters, and may have {NAME_MAX}")
        listed, own = read_parameters(row, parameters)
        protocol = Protocol(
            name, row.clause("summary", most=SUMMARY_MAX), method, url, body, read_token_file(row.row("subject")),
            row.row("subject").word("use", USES, "unknown"),
            read_answer(answers.apply(row.row("answer"))), tuple(row.words("write", tuple(FILES))),
            tuple(row.words("flags", FLAGS, [])), listed, markdown(row, "about"), markdown(row, "example"), markdown(row, "notes", ""),
            row.text("revoke", "oauth"), matching(row, "ca", f"{PATH}|{VARIABLES}", ""), read_doubt(row.row("doubt", None)),
            *(" ".join(row.words(key, None, [])) for key in ("url_from", "refused")), tuple(row.words("partitions", None, [], 200)))
        check_protocol(row, protocol)
    return protocol, own


def read_protocols(table, answers, parameters):
    protocols, written = [], {}
    for name, row in table.rows(NAME):
        protocol, own = read_protocol(name, row, answers, parameters)
        for p, entry in own.items():
            if p in written:
                entry.fail(f"is the same as [{written[p].name}]: what protocols share is written once, as [shared.parameter.NAME]")
        written.update(own)
        protocols.append(protocol)
    return protocols


# ---- requests that revoke ----

def read_revocations(table, shared):
    revocations = []
    for name, row in table.rows(NAME):
        with row:
            method, url, body = read_request(row.row("request"), PATH)
            listed, _ = read_parameters(row, shared)
            if any(p.source == "user" and p.where == "url" for p in listed):
                row.fail("the path of a revocation has no parameters")
            revocations.append(Protocol("", "", method, url, body, "", "again", Answer("", "", "", "", "", "", "lifetime", 0), (),
                                        tuple(row.words("flags", FLAGS, [])), listed, "", "", "", name, "", ()))
    return revocations


# ---- error codes ----

def read_codes(table):
    seen, services = {}, []
    for service, row in table.rows(NAME):
        with row:
            codes = Codes(service, *(row.words(key, None, [], CODE_MAX) for key in MEANINGS))
            for code in sum((getattr(codes, meaning) for meaning in MEANINGS), []):
                if not re.fullmatch(r"[A-Za-z0-9_.-]+", code):
                    row.fail(f'"{code}" cannot be a code: it has letters, digits and _.- only')
                if seen.get(code) == row.name:
                    row.fail(f'the code "{code}" is in two of its lists')
                unique(row, "the code", code, seen)
        services.append(codes)
    return services


POINTERS_LISTED, PHRASES_LISTED = (POINTER, "a JSON pointer"), (r"[A-Za-z0-9]+( [A-Za-z0-9]+)*", "words with one space between two")


def read_list(row, key, pattern, what):
    for value in (values := row.words(key)):
        if not re.fullmatch(pattern, value):
            row.fail(f'"{key}" has "{value}", which is not {what}')
    if not values:
        row.fail(f'"{key}" is empty')
    return values


def read(path):
    with load(path) as file, file.row("shared") as shared, file.row("error") as error:
        answers, parameters = Shared("answer", shared.row("answer", None)), Shared("parameter", shared.row("parameter", None))
        if "subject" in parameters.tables:
            parameters.tables["subject"].fail('use = "subject" stands for the subject token: another name is needed')
        protocols = read_protocols(file.row("protocol"), answers, parameters)
        revocations = read_revocations(file.row("revoke"), parameters)
        known = [one.revoke for one in revocations]
        for one in protocols:
            if one.revoke not in known:
                file.fail(f'[protocol.{one.name}] has "revoke" = "{one.revoke}", and there is no [revoke.{one.revoke}]{nearest(one.revoke, known)}')
        answers.close()
        parameters.close()
        if not protocols:
            file.fail("there is no [protocol.NAME]")
        table = Table(protocols, revocations, read_codes(error.row("codes")), read_list(error, "code_at", *POINTERS_LISTED), read_list(error, "message_at", *POINTERS_LISTED),
                      read_list(error, "used", *PHRASES_LISTED), read_list(error, "unfetched", *PHRASES_LISTED))
        if len(entries(table)) > NUMBER_OF_PARAMETER_MAX:
            file.fail(f"there are {len(entries(table))} different parameters, and may be {NUMBER_OF_PARAMETER_MAX}")
    return table


# ---- C ----

def symbol(prefix, word):
    return f"STS_{prefix}_{word.upper().replace('-', '_')}"


def symbols(prefix, words):
    return " | ".join(symbol(prefix, word) for word in words) or "0"


def entries(table):
    """Every different parameter, once."""
    return list(dict.fromkeys(p for protocol in table.protocols + table.revocations for p in protocol.parameters))


def braces(numbers):
    return "{" + ", ".join(map(str, numbers)) + "}"


def parameters_c(table, pool):
    lines = ["static const struct sts_parameter parameters[] = {"]
    for p in entries(table):
        numbers = [symbol("SOURCE", p.source), symbol("PLACE", p.where), symbol("KIND", p.kind), symbols("PARAMETER", p.flags), p.min, p.max,
                   braces(map(pool.at, p.texts()))]
        lines.append(f"\t{braces(numbers)}, /* {p.name} */")
    return "\n".join(lines + ["};\n"])


def protocols_c(table, pool):
    index = {p: i for i, p in enumerate(entries(table), 1)}
    lines = ["const struct sts_protocol sts_protocols[] = {"]
    revoking = {one.revoke: i for i, one in enumerate(table.revocations, len(table.protocols))}
    for protocol in table.protocols + table.revocations:
        answer = protocol.answer
        numbers = [symbol("BODY", protocol.body), symbols("PROTOCOL", protocol.flags), symbol("EXPIRY", answer.expiry_kind),
                   symbols("WRITE", protocol.write), symbol("USE", protocol.use), revoking[protocol.revoke], answer.lifetime, braces(map(pool.at, protocol.texts())),
                   braces(("REQUIRED | " if p.required else "") + str(index[p]) for p in protocol.parameters)]
        lines.append(f"\t/* {protocol.name or 'revoke.' + protocol.revoke} */\n\t{braces(numbers)},")
    lines += ["};", f'_Static_assert(STS_PROTOCOL_PARAMETERS_MAX == {PARAMETERS_MAX}, "as tools/tables/protocols.py checks it");',
              f'_Static_assert(STS_KNOWN_CODE_MAX_BYTES == {CODE_MAX + 1}, "as tools/tables/protocols.py checks it");\n']
    return "\n".join(lines)


def codes_c(table):
    """A text for each meaning, with every code between spaces."""
    texts = [" ".join(["", *(code for codes in table.codes for code in getattr(codes, meaning)), ""])
             for meaning in MEANINGS]
    return "static const char codes[] =\n\t" + " \"\\0\"\n\t".join(map(c_string, texts)) + ";\n"


def list_c(name, texts):
    return f"const char {name}[] =\n\t" + "\n\t".join(c_string(text)[:-1] + '\\0"' for text in texts) + ";\n"


def packed_texts(table=None):
    table = table or read(TOP / SOURCE)
    return [p.help for p in entries(table)] + [protocol.summary for protocol in table.protocols]


def c_files(source):
    table = read(source)
    texts = [text for p in entries(table) for text in p.texts()]
    texts += [text for protocol in table.protocols + table.revocations for text in protocol.texts()]
    pool = Pool(shown(source), texts)
    parts = [f"#define PROTOCOLS {len(table.protocols)}\n", f"#define LONGEST_BYTES {max(map(len, packed_texts(table)))} /* of a help text */\n", pool.c("texts"), parameters_c(table, pool), protocols_c(table, pool), codes_c(table),
             list_c("sts_error_pointers", table.code_at), list_c("sts_message_pointers", table.message_at), list_c("sts_used_phrases", table.used),
             list_c("sts_unfetched_phrases", table.unfetched)]
    return {"protocol_table.h": c_file(source, "\n".join(parts))}
