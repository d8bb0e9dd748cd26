# SPDX-License-Identifier: Apache-2.0
"""What the pages say of the protocols: a section of docs/protocols.md for each, its table of error codes, and the list in README.md."""
from tables.common import markdown_table
from tables.errors import options_as_code
from tables.protocols import FILES, SOURCE, read

PAGE = "docs/protocols.md"


def code(text):
    return f"`{text}`" if text else ""


def variables(names):
    return ", else ".join(map(code, names.split()))


def listed_files(write):
    names = [code(FILES[word]) for word in FILES if word in write]
    return ", ".join(names[:-1]) + " and " + names[-1]


def limits(p):
    """What a value must be, in words."""
    if p.kind in ("number", "seconds"):
        yield f"{p.min} to {p.max}" + (" and an `s`" if p.kind == "seconds" else "")
    elif p.max:
        yield f"{p.min} to {p.max} bytes" if p.min > 1 else f"at most {p.max} bytes"
    if p.shape:
        yield f"looks like `{p.shape}`"
    if p.charset:
        yield f"letters, digits and `{p.charset}` only"


def description(p, before):
    """before: the parameters before it."""
    parts = [options_as_code(p.help)]
    parts += [p.note] if p.note else []
    parts += ["repeatable"] if "repeats" in p.flags else []
    parts += [f"goes only with `{[b.name for b in before if b.source == 'user'][-1]}`"] if "with-previous" in p.flags else []
    parts += limits(p)
    parts += [f"sent as the header `{p.field}`" if p.where == "header" else f"sent as `{p.field}`"] if p.field else []
    return "; ".join(parts)


USES = {"again": "A subject token may be sent again.", "once": "A subject token is sent once.",
        "unknown": "Whether a subject token may be sent again is learnt (`--subject-use`)."}


def section(protocol):
    lines = [f"## {protocol.name}", "", protocol.about, ""]
    lines += ["    sts-sidecar run " + protocol.example.replace("\n", "\n    "), ""]
    rows = [(code(p.name), ("without `--url`" if "without-url" in p.flags else "yes") if p.required and not p.value and not p.claim() else "", code(p.value),
             f"claim {code(p.variable)}" if p.claim() else variables(p.variable), description(p, protocol.parameters[:i]))
            for i, p in enumerate(protocol.parameters) if p.source == "user"]
    if rows:
        lines += [markdown_table(("parameter", "needed", "default", "variable", ""), rows)]
    more = [] if rows else ["No parameters."]
    more += ["Further parameters are sent as they are."] if "any-parameter" in protocol.flags else []
    more += [USES[protocol.use]]
    more += [f"Written: {listed_files(protocol.write)}."]
    more += [f"Where nothing says how long the token lives, it is taken to be {protocol.answer.lifetime} s."] if protocol.answer.lifetime else []
    if protocol.token_file.startswith("/"):
        more += [f"Without `--token-file`, the subject token is that in `{protocol.token_file}`."]
    elif protocol.token_file:
        more += [f"`{protocol.token_file}` names the file of the subject token where `--token-file` is not given."]
    if protocol.ca:
        place = code(protocol.ca) if protocol.ca.startswith("/") else f"the file or directory of {variables(protocol.ca)}"
        more += [f"Without `--cacert-path`, only the CAs in {place} are trusted" + (" where it is set." if protocol.ca[0] != "/" else ".")]
    if protocol.url_from:
        off, names = protocol.url_from.split(" ", 1)
        more += [f"Without `--url`, {variables(names)} is the URL where it is set, unless `{off}` is `true`."]
    if protocol.refused:
        more += [f"Without `--url`, the program does not start where one of these variables is set, unless it is `false` or `0`: {', '.join(map(code, protocol.refused.split()))}."]
    more += ["The variables `HTTPS_PROXY` and `NO_PROXY` do not count; `--proxy` does."] if "direct" in protocol.flags else []
    return lines + [" ".join(more), ""] + ([protocol.notes, ""] if protocol.notes else [])


def protocols_block(table):
    return "\n".join(line for protocol in table.protocols for line in section(protocol))


def codes_block(table):
    def row(codes):
        return codes.service, *(", ".join(map(code, words)) for words in (codes.busy, codes.unauthorized, codes.used, codes.refused, codes.known))
    return markdown_table(("", "tried again soon", "as a 401", "sent before", "refused", "known"), map(row, table.codes))


def summary_block(table):
    return markdown_table(("", ""), [(code(protocol.name), options_as_code(protocol.summary)) for protocol in table.protocols])


def pages(top):
    del top
    return {}


def blocks(top):
    table = read(top / SOURCE)
    return {"README.md": {"protocols": summary_block(table)},
            PAGE: {"protocols": protocols_block(table), "error codes": codes_block(table)}}
