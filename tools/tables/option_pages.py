# SPDX-License-Identifier: Apache-2.0
"""What the pages say of the options: docs/options.md, the list in docs/start.md, and the JSON Schema of the configuration file."""
import json
import re

from tables.common import markdown_table
from tables.errors import options_as_code
from tables.options import DURATION, FRACTION, GROUP, MODE, SOURCE, WITH_FILE, read

PAGE = "docs/options.md"
SCHEMA = "docs/config.schema.json"
# Commands with most options in common share a section.
SECTIONS = (("run", "fetch"), ("check",), ("refresh",), ("inspect",), ("verify",), ("doctor",), ("protocols",), ("exchange",))
# lib/base/limits.h
EXCHANGES_MAX = 16
EXCHANGE_NAME_MAX = 31

INTRODUCTION = f"""\
<!-- Made of {SOURCE} by tools/tables; do not edit. -->
# Options

[Index of the documentation](README.md)

`sts-sidecar COMMAND --help` prints the options of a command. Each can be given in these ways, of which the first that is there counts:

1. a flag: `--token-file PATH` or `--token-file=PATH`. A flag that takes no value is true by itself; `--cacert-only=false` switches it off;
2. its environment variable. The values of an option that is repeatable stand in one variable, with newlines between. A variable that is
   set to nothing counts as not set;
3. its key in the exchange, then its key at the top level of the configuration file that `--config` names
   ([the configuration file](config.md), [its JSON Schema](config.schema.json));
4. its default.

A later way does not add to the values of an earlier one.

A duration is `30s`, `5m`, `1h30m`, `200ms`, or a number of seconds. It has no more than 365 days.
"""
# Of a command's section, before its tables.
ABOUT = {
    "exchange": "These are the flags of `openunison-cli exchange`, which it takes the place of. It reads no variables and no "
                "configuration file.",
}


def code(text):
    return f"`{text}`" if text else ""


# ---- docs/options.md ----

def flag(option):
    return code(f"--{option.name} {option.metavar}".rstrip())


def in_file(option, commands):
    if not option.in_file or not WITH_FILE & set(commands):
        return ""
    return code(option.name) + (", at the top level only" if option.stands == "process" else "")


def description(option, commands):
    only = [command for command in commands if command in option.commands]
    parts = [options_as_code(option.help)]
    parts += [f"for `{only[0]}` only"] if len(only) < len(commands) else []
    parts += [f"example: `{option.example}`"] if option.example else []
    return "; ".join(parts)


def without_empty_columns(head, rows):
    keep = [column for column in range(len(head)) if any(row[column] for row in rows)]
    return tuple(head[column] for column in keep), [tuple(row[column] for column in keep) for row in rows]


HEAD = ("option", "variable", "in the configuration file", "default", "what it does")


def options_table(options, commands):
    rows = [(flag(option), code(option.variable), in_file(option, commands), code(option.default), description(option, commands))
            for option in options]
    return markdown_table(*without_empty_columns(HEAD, rows))


def section(table, commands):
    lines = ["## " + " and ".join(map(code, commands)), ""]
    lines += [text for command in commands if command in ABOUT for text in (ABOUT[command], "")]
    options = [option for option in table.options if set(option.commands) & set(commands)]
    groups = [group for group in table.groups if any(option.group == group for option in options)]
    if len(groups) < 3:     # a few options need no headings
        return lines + [options_table(options, commands)]
    for group in groups:
        lines += [f"### {table.groups[group]}", "", options_table([option for option in options if option.group == group], commands)]
    return lines


def page(table):
    return INTRODUCTION + "\n" + "\n".join(line for commands in SECTIONS for line in section(table, commands)).rstrip("\n") + "\n"


def readme_block(table):
    return markdown_table(("option", "default", ""), [(flag(option), option.default, option.readme)
                                                      for option in table.options if option.readme])


# ---- docs/config.schema.json ----

def pattern(expression):
    return {"type": "string", "pattern": f"^({expression})$"}


TEXT = {"type": "string", "minLength": 1}
PAIR = {"type": "string", "pattern": "^[^=]+="}
TRUE_OR_FALSE = "true|1|t|T|TRUE|True|false|0|f|F|FALSE|False|"
VALUES = {
    "text": TEXT,
    "flag": {"anyOf": [{"type": "boolean"}, pattern(TRUE_OR_FALSE)]},
    "duration": {"anyOf": [pattern(DURATION), {"type": "integer", "minimum": 0, "maximum": 365 * 86400}]},
    "mode": {"anyOf": [pattern(MODE), {"type": "integer", "minimum": 400, "maximum": 666}]},
    "group": {"anyOf": [pattern(GROUP), {"type": "integer", "minimum": 0, "maximum": 2 ** 32 - 2}]},
    "fraction": {"anyOf": [pattern(FRACTION), {"type": "number", "minimum": 0.1, "maximum": 0.9}]},
    "pair": {"anyOf": [PAIR, {"type": "array", "items": PAIR}, {
        "type": "object", "propertyNames": {"pattern": "^[^=]+$"}, "additionalProperties": {"type": "string"}}]},
}
VALUES["file-pair"] = VALUES["pair"]


def value_schema(option):
    if option.kind == "choice":
        return {"enum": option.choices}
    if option.repeats and option.kind == "text":
        return {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
    return VALUES[option.kind]


def schema(table):
    options = [option for option in table.options if option.in_file]
    defined = {option.name: {"description": option.help} | ({"default": option.default} if option.default else {}) | value_schema(option)
               for option in options}

    def keys(*stands):
        return {name: {"$ref": f"#/$defs/{option.name}"}
                for option in options if option.stands in stands for name in (option.name, option.alias) if name}

    name = pattern(f"[a-z0-9]([a-z0-9-]{{0,{EXCHANGE_NAME_MAX - 2}}}[a-z0-9])?")
    exchange = {
        "type": "object", "required": ["name"], "additionalProperties": False,
        "properties": {"name": {"description": "what log lines and metrics call the exchange; different from the others"} | name}
        | keys("anywhere")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"Made of {SOURCE} by tools/tables; do not edit.",
        "title": "Configuration file of sts-sidecar",
        "type": "object", "required": ["exchanges"], "additionalProperties": False,
        "properties": {"exchanges": {
            "description": "the exchanges; what stands beside this key is for all of them",
            "type": "array", "minItems": 1, "maxItems": EXCHANGES_MAX, "items": {"$ref": "#/$defs/an-exchange"}}}
        | keys("anywhere", "process"),
        "$defs": {"an-exchange": exchange} | defined}


# ---- what is written ----

def as_json(document):
    """Indented, with a reference or a list of texts on one line."""
    text = json.dumps(document, indent=2)
    text = re.sub(r'\{\s+("\$ref": "[^"]*")\s+\}', r"{\1}", text)
    return re.sub(r'\[\s+("[^\[\]{}]*")\s+\]', lambda found: "[" + re.sub(r"\s*\n\s*", " ", found[1]) + "]", text) + "\n"


def pages(top):
    table = read(top / SOURCE)
    return {PAGE: page(table), SCHEMA: as_json(schema(table))}


def blocks(top):
    return {"docs/start.md": {"common options": readme_block(read(top / SOURCE))}}
