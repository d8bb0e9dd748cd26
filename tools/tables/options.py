# SPDX-License-Identifier: Apache-2.0
"""
The commands and options, sidecar/options/options.toml: checks, and the C tables. The commands themselves are in commands.py; what the pages
say is in option_pages.py.
"""
import pathlib
import re
from dataclasses import dataclass

from tables import commands as commands_of
from tables.common import TOP, Pool, c_file, load, shown, unique
from tables.packing import packed as packed_text

SOURCE = "sidecar/options/options.toml"
WITH_FILE = {"run", "fetch"}    # the commands that read a configuration file
STANDS = ("anywhere", "process", "command-line")
NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
NAME_MAX = 59   # with STS_ and its NUL it fits in the 64 bytes that read_options.c has for a variable
MOST = 255      # a configuration's value has its option in one byte
# What Kubernetes makes of a Service whose name begins with "sts": sts_options_is_service_link() would take the variable for one.
SERVICE_LINK = r"(_SERVICE_HOST|_PORT|_(TCP|UDP|SCTP)(_PROTO|_ADDR)?)$|_SERVICE_PORT_"


@dataclass(frozen=True)
class Kind:
    c_type: str     # of the member of struct sts_options
    values: str     # a regular expression for a default
    what: str       # what the value is, in words
    list: str = ""  # the constant in C for an option that repeats


DURATION = r"[0-9]+|(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?"
MODE = r"auto|0?[46][0246][0246]"
GROUP = r"[0-9]+"
FRACTION = r"0?\.([1-8][0-9]{0,2}|90{0,2})"
KINDS = {
    "flag": Kind("bool", "", "true or false"),
    "text": Kind("const char *", r".+", "a text", "LIST"),
    "duration": Kind("int64_t", DURATION, "a duration like 30s, 5m or 1h30m"),
    "mode": Kind("mode_t", MODE, "octal digits like 0640, or auto"),
    "group": Kind("gid_t", GROUP, "a GID"),
    "fraction": Kind("int64_t", FRACTION, "0.1 to 0.9"),
    "integer": Kind("int64_t", r"-?[0-9]+", "a whole number"),
    "choice": Kind("int32_t", r".+", "one of its words"),
    "pair": Kind("", "", "NAME=VALUE", "PAIRS"),
    "file-pair": Kind("", "", "NAME=PATH", "FILE_PAIRS"),
}


@dataclass(frozen=True)
class Option:
    row: object         # of the file, for messages
    name: str
    group: str
    kind: str
    metavar: str        # of a choice: its words, with bars between
    choices: list
    constants: list
    repeats: bool
    default: str
    help: str
    readme: str
    example: str
    alias: str
    commands: list
    stands: str
    environment: bool
    renews: bool
    field: str

    @property
    def variable(self):
        return "STS_" + self.name.upper().replace("-", "_") if self.environment else ""

    @property
    def in_file(self):
        """May it stand in a configuration file?"""
        return self.stands != "command-line"


@dataclass(frozen=True)
class Table:
    groups: dict        # name: title
    options: list
    chapters: dict      # name: title
    commands: list      # commands.Command
    absent: list        # commands.Absent

    def of(self, command):
        """The options of a command, which its help lists."""
        return [option for option in self.options if command.name in option.commands]

    def taken(self, command):
        """The options that a command takes: its own, and those of the command that it names."""
        own = self.of(command)
        names = {option.name for option in own}
        return own + [option for option in self.options if command.takes in option.commands and option.name not in names]


# ---- reading ----

def matching(row, key, pattern, default=None):
    value = row.text(key) if default is None else row.text(key, default)
    if value != default and not re.fullmatch(pattern, value):
        row.fail(f'"{key}" is "{value}", which does not match {pattern}')
    return value


def read_kind(row):
    """(kind, metavar, choices, constants, repeats): what the value is."""
    kind = row.word("kind", tuple(KINDS))
    repeats = row.flag("repeats", False)
    choices = row.words("choices") if kind == "choice" else []
    if row.has("choices") and kind != "choice":
        row.fail(f'"choices" is for the kind "choice", not for "{kind}"')
    if any("|" in word for word in choices) or kind == "choice" and len(choices) < 2:
        row.fail('"choices" must have two words or more, without |')
    if row.has("metavar") and kind in ("choice", "flag"):
        row.fail(f'"metavar" is not for the kind "{kind}"')
    metavar = "|".join(choices) if kind in ("choice", "flag") else row.text("metavar", most=20)
    if repeats and not KINDS[kind].list:
        row.fail(f'the kind "{kind}" cannot repeat')
    if not repeats and kind in ("pair", "file-pair"):
        row.fail(f'the kind "{kind}" needs repeats = true')
    constants = row.words("constants", default=[])
    if constants and len(constants) != len(choices):
        row.fail(f'"constants" has {len(constants)} names for {len(choices)} choices')
    if wrong := next((name for name in constants if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name)), None):
        row.fail(f'"constants" has "{wrong}", which is not the name of a constant')
    return kind, metavar, choices, constants, repeats


def read_default(row, kind, choices, repeats):
    default = row.text("default", "", most=100)
    if default and (repeats or kind == "flag"):
        row.fail('"default" is not for a flag, nor for an option that repeats')
    if default and choices and default not in choices:
        row.fail(f'"default" is "{default}", which is not one of the choices')
    if default and not choices and not re.fullmatch(KINDS[kind].values, default):
        row.fail(f'"default" is "{default}", and the kind "{kind}" takes {KINDS[kind].what}')
    return default


def read_option(name, row, group, commands):
    with row:
        if len(name) > NAME_MAX:
            row.fail(f"the name has {len(name)} characters, and may have {NAME_MAX}")
        kind, metavar, choices, constants, repeats = read_kind(row)
        option = Option(
            row, name, group, kind, metavar, choices, constants, repeats, read_default(row, kind, choices, repeats),
            row.clause("help"), row.clause("readme", ""), row.clause("example", ""), matching(row, "alias", NAME, ""),
            row.words("commands", commands), row.word("stands", STANDS, "anywhere"), row.flag("environment", True),
            row.flag("renews", True), matching(row, "field", r"STS_LIST_[A-Z_]+" if repeats else r"[a-z][a-z0-9_]*"))
        check_option(option, commands)
    return option


def check_option(option, known):
    row, commands = option.row, set(option.commands)
    if not commands:
        row.fail('"commands" names no command')
    if option.commands != [command for command in known if command in commands]:
        row.fail(f'"commands" must be in this order: {", ".join(known)}')
    if option.in_file and not commands & WITH_FILE:
        row.fail(f'"stands" must be "command-line": only {" and ".join(sorted(WITH_FILE))} read a configuration file')
    if not option.renews and not option.in_file:
        row.fail('"renews" is for options that may stand in a configuration file')
    if "exchange" in commands and (len(commands) > 1 or option.environment):
        row.fail("an option of exchange is for exchange alone, and has environment = false, since exchange reads no variables")
    if option.environment and re.search(SERVICE_LINK, option.variable):
        row.fail(f"its variable {option.variable} would be taken for one that Kubernetes makes for a Service")


def check_together(options):
    """What no option can get wrong by itself."""
    names, fields = {}, {}
    for option in options:
        for command in option.commands:
            for name in filter(None, (option.name, option.alias)):
                unique(option.row, f"for the command {command} the option", name, names.setdefault(command, {}))
            unique(option.row, f"for the command {command} the field", option.field, fields.setdefault(command, {}))
    for number, option in enumerate(options):
        # The first of its name says whether there is a variable.
        if not option.environment and any(later.name == option.name and later.environment for later in options[number:]):
            option.row.fail(f'it must stand after the option "{option.name}" that has a variable')
        if option.kind == "pair" and not any(
                other.kind == "file-pair" and other.name == f"{option.name}-file" and other.commands == option.commands
                for other in options):
            option.row.fail(f'a secret is refused with a hint to --{option.name}-file, and no "file-pair" of that name has the same commands')


def read_options(table, groups, commands):
    options = []
    for group, rows in table.rows(NAME):
        if group not in groups:
            rows.fail(f"there is no [group.{group}]")
        options += [read_option(name, row, group, commands) for name, row in rows.rows(NAME)]
    order = list(dict.fromkeys(option.group for option in options))
    if order != list(groups):
        table.fail(f"the options stand in the groups {', '.join(order)}, which must be all groups in their order: {', '.join(groups)}")
    if len(options) > MOST:
        table.fail(f"there are {len(options)} options, and may be {MOST}")
    check_together(options)
    return options


def read_titles(table):
    titles = {}
    for name, row in table.rows(NAME):
        with row:
            titles[name] = row.text("title", most=60)
    if not titles:
        table.fail("there are no rows")
    return titles


def read(path):
    with load(path) as file:
        chapters, groups = read_titles(file.row("chapter")), read_titles(file.row("group"))
        commands = commands_of.read_commands(file.row("command"), chapters)
        options = read_options(file.row("option"), groups, tuple(command.name for command in commands))
        absent = file.row("absent", None)
        return Table(groups, options, chapters, commands, commands_of.read_absent(absent, options) if absent else [])


# ---- C ----

def line_of(text, option):
    """The line of an option's paragraph, so that the compiler can name it."""
    header = re.compile(rf"^\s*\[\s*{re.escape(option.row.name)}\s*\]", re.M)
    found = header.search(text)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def checks(option):
    """(what must hold in C, what is wrong where it does not)"""
    if option.repeats:
        yield f"(int){option.field} < (int)STS_LIST__COUNT", f"{option.field} is not a list"
    else:
        c_type = KINDS[option.kind].c_type
        yield (f"IS_A(((struct sts_options *)0)->{option.field}, {c_type})",
               f"{option.field} of struct sts_options is not of the type {c_type}, which the kind {option.kind} needs")
    for number, constant in enumerate(option.constants):
        yield f"(int){constant} == {number}", f"the choice {option.choices[number]} is {number}, and {constant} is not"


def packed(option, pool, groups):
    texts = ", ".join(str(pool.at(text)) for text in (option.name, option.metavar, option.default, packed_text(option.help)))
    where = option.field if option.repeats else f"offsetof(struct sts_options, {option.field})"
    commands = " | ".join(f"STS_COMMAND_{command.upper()}" for command in option.commands)
    kind = KINDS[option.kind].list if option.repeats else option.kind.upper().replace("-", "_")
    stands = option.stands.upper().replace("-", "_")
    return f"\t{{{{{texts}}}, {where}, {commands}, {groups.index(option.group)}, STS_OPTION_{kind}, STS_OPTION_{stands}, {str(option.environment).lower()}, {str(option.renews).lower()}}},"


def packed_texts(table=None):
    table = table or read(TOP / SOURCE)
    return [option.help for option in table.options] + commands_of.packed_texts(table)


def table_h(table, source):
    text = pathlib.Path(source).read_text("utf-8")
    pool = Pool(shown(source), [text for option in table.options
                                for text in (option.name, option.metavar, option.default, packed_text(option.help), option.alias)]
                + commands_of.pool_texts(table))
    places = {option.row.name: f'#line {line_of(text, option)} "{shown(source)}"' for option in table.options}
    lines = [f"#define LONGEST_BYTES {max(map(len, packed_texts(table)))} /* of a text of --help */\n", pool.c("texts"), "const struct sts_option sts_option_table[] = {"]
    for option in table.options:
        lines += [places[option.row.name], packed(option, pool, list(table.groups))]
    lines += ["};", "", "static const struct alias aliases[] = {"]
    lines += [f"\t{{{pool.at(option.alias)}, {number}}}," for number, option in enumerate(table.options) if option.alias]
    lines += ["};", "", *commands_of.rows(table, pool), ""]
    for option in table.options:
        for holds, wrong in checks(option):
            lines += [places[option.row.name], f'_Static_assert({holds}, "[{option.row.name}]: {wrong}");']
    return "\n".join(lines)


def c_files(source):
    return {"packed_options.h": c_file(source, table_h(read(source), source))}


def names(top=TOP):
    """The options that a configuration file may have, for tests."""
    return [option.name for option in read(top / SOURCE).options if option.in_file]
