# SPDX-License-Identifier: Apache-2.0
"""The manual page sts-sidecar(1), in the macros of mdoc(7), made of the commands and options in sidecar/options/options.toml and of the exit statuses."""
import re
import textwrap

from tables import errors
from tables.commands import PROGRAM
from tables.common import TOP, TableError
from tables.options import SOURCE, read

DATE = "November 30, 2026"      # of the last change that readers of the page should know
WIDTH = 78
# What stands between the tables. A line that begins with a period is a macro; other lines are sentences.
DESCRIPTION = """
A Pod has a projected ServiceAccount token, the subject token.
.Nm
sends it to a Security Token Service (STS), and writes the token that comes back, with its expiry, into a directory.
.Cm run
refreshes it before it expires."""
OPTIONS = """
An option is given as a flag, as a variable, or in the configuration file; the first of these that is there counts.
Its variable is STS_ and its name in capitals, so
.Ev STS_TOKEN_FILE
is
.Fl -token-file .
Several values of a variable stand in lines of their own.
A flag that takes no value is true by itself, and is switched off by
.Li =false .
A duration is 30s, 5m, 1h30m, 200ms, or a number of seconds."""
VARIABLES = {
    "HTTPS_PROXY": "the HTTP proxy to the STS, unless --proxy or --connect is given",
    "NO_PROXY": "a list, with commas, of the hosts, domains and networks that are reached without a proxy",
    "SSL_CERT_FILE": "a file of CAs in place of the system bundle",
    "SSL_CERT_DIR": "a directory of CAs in place of the system bundle",
    "NO_COLOR": "if it is not empty, --color auto uses no colour",
    "LC_ALL": "the marks of doctor are plain ASCII unless the first of LC_ALL, LC_CTYPE and LANG that is set names UTF-8",
    "LC_CTYPE": "see LC_ALL",
    "LANG": "see LC_ALL",
}
FILES = {
    "/tokens/token.jwt": "the token, without a newline at its end",
    "/tokens/expires": "when it expires, in the form of RFC 3339",
    "/tokens/.status": "what the sidecar did last and does next; check and refresh read it",
    "/var/run/secrets/tokens/sts-token": "the subject token",
    "/etc/ssl/certs/ca-certificates.crt": "the system bundle of CAs",
    "/etc/resolv.conf": "the name servers",
}


def escaped(text):
    """Text as it is printed: no part of it is a request, a macro or an escape."""
    text = text.replace("\\", "\\e")
    return "\\&" + text if text[:1] in ".'" else text


def argument(text):
    """The same as one argument of a macro. What looks like a macro, or like punctuation, is not one."""
    return '"\\&' + text.replace("\\", "\\e").replace('"', '""') + '"'


def sentences(text):
    """Each sentence begins a line of its own, as mdoc wants it."""
    lines = []
    for sentence in re.split(r"(?<=[.?!]) (?=[A-Z])", text):
        lines += [escaped(line) for line in textwrap.wrap(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)]
    return lines


def prose(text):
    return [line for part in text.strip().splitlines() for line in ([part] if part.startswith(".") else sentences(part))]


def clause(text):
    """A clause of the table as a sentence."""
    return sentences(text[0].upper() + text[1:] + ".")


def entries(rows, width):
    """A list: (the arguments of .It, the lines of the text)."""
    return [f".Bl -tag -width {width}"] + [line for head, text in rows for line in (f".It {head}", *text)] + [".El"]


def option_entry(option, table):
    value = f" Ar {argument(option.metavar)}" if option.metavar else ""
    lines = clause(option.help)
    if option.default:
        lines += [f"The default is {escaped(option.default)}."]
    takers = [command.name for command in table.commands if option in table.taken(command)]
    lines += [".Pq " + " , ".join(f"Cm {name}" for name in takers) + (f" ; Ev {option.variable}" if option.variable else "")]
    alias = f" , Fl -{option.alias}{value}" if option.alias else ""
    return f"Fl -{option.name}{value}{alias}", lines


def synopsis(command):
    return [".Nm", f".Cm {command.name}"] + [".Op Ar OPTIONS" if word == "[OPTIONS]" else f".Op Fl -{word[3:-1]}" if word.startswith("[--")
                                             else f".Op Ar {argument(word[1:].rstrip('].'))}" + (" Ar ..." if word.endswith("...") else "")
                                             if word.startswith("[") else f".Ar {argument(word)}" for word in command.usage.split()]


def variables_of(table):
    named = {name for command in table.commands for name in command.variables}
    if unknown := sorted(named - set(VARIABLES)):
        raise TableError(SOURCE, "", f"tools/tables/man_page.py has no text for the variables {', '.join(unknown)}")
    return {name: text for name, text in VARIABLES.items() if name in named}


def page(table):
    lines = [f'.\\" Made of {SOURCE} by tools/tables; do not edit.', f".Dd {DATE}", ".Dt STS-SIDECAR 1", ".Os", ".Sh NAME", f".Nm {PROGRAM}",
             ".Nd keep a short-lived token from a Security Token Service in a directory", ".Sh SYNOPSIS"]
    lines += [line for command in table.commands for line in synopsis(command)]
    lines += [".Sh DESCRIPTION", *prose(DESCRIPTION), ".Sh COMMANDS"]
    for chapter, title in table.chapters.items():
        rows = [(f"Cm {one.name} {argument(one.usage)}", sentences(one.about)) for one in table.commands if one.chapter == chapter]
        lines += [f".Ss {title}", *entries(rows, "Ds")]
    lines += [".Sh OPTIONS", *prose(OPTIONS)]
    for group, title in table.groups.items():
        lines += [f".Ss {title}", *entries([option_entry(option, table) for option in table.options if option.group == group], "Ds")]
    lines += [".Sh ENVIRONMENT", "Besides the variables of the options:"]
    lines += entries([(f"Ev {name}", clause(text) + [".Pq " + " , ".join(f"Cm {one.name}" for one in table.commands if name in one.variables)])
                      for name, text in variables_of(table).items()], "Ds")
    lines += ["Protocols read the variables that their platforms inject;", f".Nm {PROGRAM} Cm protocols Ar NAME", "lists them."]
    lines += [".Sh FILES", *entries([(f"Pa {path}", clause(text)) for path, text in FILES.items()], "Ds")]
    lines += [".Sh EXIT STATUS", *entries([(str(one.number), clause(one.help)) for one in errors.read(TOP / errors.SOURCE).exits.values()], "Ds"),
              "Not every command has every status;", f".Nm {PROGRAM} Cm help Ar COMMAND", "lists those of a command."]
    lines += [".Sh EXAMPLES"]
    for command in table.commands:
        lines += [*sentences(command.summary), ".Pp", f".Dl {escaped(command.example)}", ".Pp"]
    lines[-1:] = [".Sh SEE ALSO", ".Lk https://www.rfc-editor.org/rfc/rfc8693 \"OAuth 2.0 Token Exchange\""]
    return "\n".join(lines) + "\n"


def c_files(source):
    return {f"{PROGRAM}.1": page(read(source))}
