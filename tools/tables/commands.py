# SPDX-License-Identifier: Apache-2.0
"""The commands in sidecar/options/options.toml, and the options that other programs have: checks, and their part of the C table."""
import re
from dataclasses import dataclass

from tables import errors
from tables.common import TOP, unique
from tables.packing import packed

PROGRAM = "sts-sidecar"
NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
WIDTH = 80          # of the help: WIDTH in sidecar/other_commands/help.c
COLUMN = 13         # where the list of commands has its sentences and examples: LIST_COLUMN there
ABSENT = r"[a-z][a-z0-9-]*"
VARIABLE = r"[A-Z][A-Z0-9_]*"


@dataclass(frozen=True)
class Command:
    row: object         # of the file, for messages
    name: str
    chapter: str
    usage: str
    about: str
    example: str
    ok: str
    no: str             # empty: the command does not exit with 1
    takes: str          # the command whose options it takes, too, or empty
    exits: list         # errors.Exit, without those of ok and no
    variables: list

    @property
    def symbol(self):
        return f"STS_COMMAND_{self.name.upper()}"

    @property
    def summary(self):
        """The first sentence."""
        return self.about.split(". ")[0].rstrip(".") + "."

    @property
    def statuses(self):
        """[(number, meaning)] of all exit statuses that the command has."""
        return ([(0, self.ok)] + ([(1, self.no)] if self.no else []) + [(one.number, one.help) for one in self.exits])


@dataclass(frozen=True)
class Absent:
    row: object
    names: list
    option: str
    says: str


# ---- reading ----

def read_exits(row, known):
    names = row.words("exits", tuple(name for name in known if name not in ("ok", "no")))
    if names != [name for name in known if name in names]:
        row.fail(f'"exits" must be in this order: {", ".join(known)}')
    return [known[name] for name in names]


def read_command(name, row, chapter, exits):
    with row:
        command = Command(row, name, chapter, row.text("usage", most=WIDTH // 2), row.prose("about", most=300), row.text("example"),
                          row.clause("ok", most=WIDTH - 6), row.clause("no", "", most=WIDTH - 6),
                          row.text("takes", ""), read_exits(row, exits),
                          row.words("variables", default=[]))
        if not command.example.startswith(f"{PROGRAM} {name}"):
            row.fail(f'"example" must begin with "{PROGRAM} {name}"')
        if len(name) > COLUMN - 4:
            row.fail(f"the name is too long for the list of commands: it may have {COLUMN - 4} characters")
        for key, text in (("the first sentence of \"about\"", command.summary), ('"example"', command.example)):
            if len(text) > WIDTH - COLUMN:
                row.fail(f"{key} does not fit in a line of the list of commands: it may have {WIDTH - COLUMN} characters, and has {len(text)}")
        if wrong := next((word for word in command.variables if not re.fullmatch(VARIABLE, word)), None):
            row.fail(f'"variables" has "{wrong}", which is not the name of a variable')
    return command


def read_commands(table, chapters):
    commands, names, exits = [], {}, errors.read(TOP / errors.SOURCE).exits
    for chapter, rows in table.rows(NAME):
        if chapter not in chapters:
            rows.fail(f"there is no [chapter.{chapter}]")
        for name, row in rows.rows(NAME):
            unique(row, "the command", name, names)
            commands.append(read_command(name, row, chapter, exits))
    for command in commands:
        if command.takes and command.takes not in [one.name for one in commands[:commands.index(command)]]:
            command.row.fail(f'"takes" is "{command.takes}", which is not an earlier command')
    order = list(dict.fromkeys(command.chapter for command in commands))
    if order != list(chapters):
        table.fail(f"the commands stand in the chapters {', '.join(order)}, which must be all chapters in their order: {', '.join(chapters)}")
    return commands


def read_absent(table, options):
    """Needs the options: an answer is refused that the user could not follow."""
    absent = []
    for name, row in table.rows(NAME):
        with row:
            one = Absent(row, row.words("names"), row.text("option"), row.text("says"))
            takers = {command for option in options if option.name == one.option for command in option.commands}
            if not takers:
                row.fail(f'"option" is "{one.option}", which is not an option')
            for word in one.names:
                if not re.fullmatch(ABSENT, word):
                    row.fail(f'"names" has "{word}", which does not match {ABSENT}')
                if any(word in (option.name, option.alias) and takers & set(option.commands) for option in options):
                    row.fail(f'"names" has "{word}", which is an option')
            for word in re.findall(r"--([a-z-]+)", one.says):
                if takers - {command for option in options if option.name == word for command in option.commands}:
                    row.fail(f'"says" names --{word}, which not all commands with --{one.option} take')
            absent.append(one)
    return absent


# ---- C ----

def texts_of(command):
    """In the order of enum sts_command_text."""
    return [command.name, command.usage, packed(command.about), packed(command.example.removeprefix(f"{PROGRAM} ")), packed(command.ok),
            packed(command.no), ", ".join(command.variables)]


def packed_texts(table):
    return ([text for command in table.commands for text in (command.about, command.example, command.ok, command.no) if text]
            + [text for one in table.absent for text in ("|".join(one.names), one.says)] + list(table.chapters.values()) + list(table.groups.values()))


def pool_texts(table):
    texts = [text for command in table.commands for text in texts_of(command)]
    texts += [packed(text) for one in table.absent for text in ("|".join(one.names), one.says)]
    return texts + [packed(title) for title in (*table.chapters.values(), *table.groups.values())]


def grouped(table, command):
    """Does its help have the options in their groups? A few options need no headings."""
    return len({option.group for option in table.options if command.name in option.commands}) >= 3


def rows(table, pool):
    chapters, exits = list(table.chapters), list(errors.read(TOP / errors.SOURCE).exits.values())
    yield "const struct sts_command_row sts_command_table[] = {"
    for command in table.commands:
        bits = sum(1 << exits.index(one) for one in command.exits) | 1 | (2 if command.no else 0)
        yield (f"\t{{{{{', '.join(str(pool.at(text)) for text in texts_of(command))}}}, {bits:#x}, {chapters.index(command.chapter)}, "
               f"{str(grouped(table, command)).lower()}}},")
    yield "};\n"
    for number, command in enumerate(table.commands):
        yield f'_Static_assert({command.symbol} == 1 << {number}, "[{command.row.name}]: {command.symbol} is not the bit of its row");'
    yield "\nstatic const uint16_t chapters[] = {" + ", ".join(str(pool.at(packed(title))) for title in table.chapters.values()) + "};"
    yield "static const uint16_t groups[] = {" + ", ".join(str(pool.at(packed(title))) for title in table.groups.values()) + "};"
    yield "\nstatic const struct absent absents[] = {"
    for one in table.absent:
        yield f"\t{{{pool.at(packed('|'.join(one.names)))}, {pool.at(one.option)}, {pool.at(packed(one.says))}}},"
    yield "};"
