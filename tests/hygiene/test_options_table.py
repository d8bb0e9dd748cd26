# SPDX-License-Identifier: Apache-2.0
"""sidecar/options/options.toml: each mistake in it is named with its file, row and reason; what is made of it is whole."""
import json
import re
import subprocess

import jsonschema
import pytest
from tables import common, option_pages, options
from tables.common import TOP, TableError

TABLE = options
COMMANDS = ("run", "fetch", "exchange", "check", "refresh", "inspect")
GOOD = """
[chapter.work]
title = "Work"

[chapter.ask]
title = "Ask"

""" + "\n".join(f"""\
[command.{'work' if number < 3 else 'ask'}.{name}]
usage = "[OPTIONS]"
about = "Does what {name} says. That is enough, e.g. here."
example = "sts-sidecar {name} this"
ok = "done"
exits = ["usage", "output"]
""" for number, name in enumerate(COMMANDS)) + """
[absent.unverified]
names = ["k", "insecure"]
option = "url"
says = "there is none: see --url"

[group.main]
title = "The exchange"

[group.ask]
title = "Questions"

[group.predecessor]
title = "Old flags"

[option.main.url]
kind = "text"
metavar = "URL"
help = "the endpoint"
readme = "the `endpoint`"
example = "--url https://sts.example/"
commands = ["run", "fetch"]
field = "url"

[option.main.scope]
kind = "text"
metavar = "S"
repeats = true
help = "with which scope"
alias = "scopes"
commands = ["run", "fetch"]
field = "STS_LIST_SCOPE"

[option.main.param]
kind = "pair"
metavar = "K=V"
repeats = true
help = "a parameter"
commands = ["run"]
field = "STS_LIST_PARAM"

[option.main.param-file]
kind = "file-pair"
metavar = "K=PATH"
repeats = true
help = "a parameter from a file"
commands = ["run"]
field = "STS_LIST_PARAM_FILE"

[option.main.log-level]
kind = "choice"
choices = ["error", "warn"]
constants = ["STS_LEVEL_ERROR", "STS_LEVEL_WARN"]
default = "warn"
help = "the least that is logged"
commands = ["run", "fetch"]
stands = "process"
field = "log_level"

[option.main.timeout]
kind = "duration"
metavar = "D"
default = "30s"
help = "of one attempt"
commands = ["run", "fetch"]
field = "timeout_ms"

[option.ask.timeout]
kind = "duration"
metavar = "D"
default = "1m"
help = "how long to wait"
commands = ["refresh"]
stands = "command-line"
field = "timeout_ms"

[option.ask.json]
kind = "flag"
help = "print one object"
commands = ["check", "inspect"]
stands = "command-line"
field = "json"

[option.predecessor.single-run]
kind = "flag"
help = "exchange once"
commands = ["exchange"]
stands = "command-line"
environment = false
field = "single_run"
"""


def test_good(read):
    table = read(GOOD)
    assert list(table.groups) == ["main", "ask", "predecessor"] and len(table.options) == 9
    assert [option.variable for option in table.options[:2]] == ["STS_URL", "STS_SCOPE"] and table.options[-1].variable == ""
    assert [option.metavar for option in table.options if option.choices] == ["error|warn"]
    assert [command.name for command in table.commands] == list(COMMANDS) and list(table.chapters) == ["work", "ask"]
    run = table.commands[0]
    assert run.summary == "Does what run says."
    assert [status for status, _ in run.statuses] == [0, 64, 73] and run.statuses[0] == (0, "done")
    assert [option.name for option in table.of(table.commands[4])] == ["timeout"]


URL, SCOPE, LEVEL, TIMEOUT = (GOOD[at:GOOD.index("[option.", at + 1)] for at in (
    GOOD.index(f"[option.main.{name}]") for name in ("url", "scope", "log-level", "timeout")))


def more(name, text, group="predecessor"):
    """The good table with one more paragraph at its end."""
    return "", f"\n[option.{group}.{name}]\n{text}"


FLAG = 'kind = "flag"\nhelp = "a flag"\nstands = "command-line"\n'
# What is replaced (the first that is the same), by what, the row, and the reason.
MISTAKES = {
    "no help": ('help = "the endpoint"\n', "", "option.main.url", 'the key "help" is missing'),
    "no kind": ('kind = "text"\n', "", "option.main.url", 'the key "kind" is missing'),
    "no commands": ('commands = ["run", "fetch"]\n', "", "option.main.url", 'the key "commands" is missing'),
    "no field": ('field = "url"\n', "", "option.main.url", 'the key "field" is missing'),
    "no metavar": ('metavar = "URL"\n', "", "option.main.url", 'the key "metavar" is missing'),
    "an unknown key": ('metavar = "URL"\n', 'metavar = "URL"\nhlep = "x"\n', "option.main.url", 'the key "hlep" is not known'),
    "an unknown kind": ('kind = "text"', 'kind = "txet"', "option.main.url", r'"kind" is "txet", and may be .*\(did you mean "text"\?\)'),
    "an unknown command": ('["run", "fetch"]', '["run", "fecth"]', "option.main.url", r'"commands" has "fecth".*\(did you mean "fetch"\?\)'),
    "a command twice": ('["run", "fetch"]', '["run", "run"]', "option.main.url", '"commands" has "run" twice'),
    "no command": ('["run", "fetch"]', "[]", "option.main.url", '"commands" names no command'),
    "commands in another order": ('["run", "fetch"]', '["fetch", "run"]', "option.main.url", '"commands" must be in this order: run, fetch'),
    "an unknown place": ('stands = "process"', 'stands = "top"', "option.main.log-level", '"stands" is "top", and may be anywhere, process'),
    "in the file of a command that reads none": ('stands = "command-line"\n', "", "option.ask.timeout",
                                                 '"stands" must be "command-line": only fetch and run read a configuration file'),
    "help with a mark": ('"the endpoint"', '"the endpoint."', "option.main.url", '"help" is a part of a longer line'),
    "help that is not ASCII": ('"the endpoint"', '"the caf\u00e9"', "option.main.url", r'"help" has the character U\+00E9'),
    "a default that is not a duration": ('"30s"', '"soon"', "option.main.timeout",
                                         '"default" is "soon", and the kind "duration" takes a duration like 30s'),
    "a default that is not among the choices": ('default = "warn"', 'default = "wran"', "option.main.log-level",
                                                '"default" is "wran", which is not one of the choices'),
    "a default of a flag": ('help = "print one object"\n', 'help = "print one object"\ndefault = "true"\n', "option.ask.json",
                            '"default" is not for a flag'),
    "a default of an option that repeats": ('repeats = true\n', 'repeats = true\ndefault = "x"\n', "option.main.scope",
                                            '"default" is not for a flag, nor for an option that repeats'),
    "choices of another kind": ('metavar = "URL"\n', 'metavar = "URL"\nchoices = ["a", "b"]\n', "option.main.url",
                                '"choices" is for the kind "choice"'),
    "one choice": ('["error", "warn"]', '["warn"]', "option.main.log-level", '"choices" must have two words or more'),
    "a bar in a choice": ('["error", "warn"]', '["error|x", "warn"]', "option.main.log-level", '"choices" must have two words or more, without'),
    "no choices": ('choices = ["error", "warn"]\n', "", "option.main.log-level", 'the key "choices" is missing'),
    "a metavar of a choice": ('default = "warn"', 'default = "warn"\nmetavar = "L"', "option.main.log-level",
                              '"metavar" is not for the kind "choice"'),
    "too few constants": ('["STS_LEVEL_ERROR", "STS_LEVEL_WARN"]', '["STS_LEVEL_ERROR"]', "option.main.log-level",
                          '"constants" has 1 names for 2 choices'),
    "a constant that is none": ('"STS_LEVEL_ERROR"', '"error()"', "option.main.log-level", r'"constants" has "error\(\)", which is not'),
    "a duration that repeats": ('default = "30s"\n', "repeats = true\n", "option.main.timeout", 'the kind "duration" cannot repeat'),
    "a pair that does not repeat": ('metavar = "K=V"\nrepeats = true\n', 'metavar = "K=V"\n', "option.main.param",
                                    'the kind "pair" needs repeats = true'),
    "a pair without one for files": ("[option.main.param-file]", "[option.main.param-files]", "option.main.param",
                                     'a secret is refused with a hint to --param-file, and no "file-pair" of that name'),
    "a field that is not a name in C": ('field = "url"', 'field = "a.b()"', "option.main.url", '"field" is "a.b\\(\\)", which does not match'),
    "a member for what repeats": ('"STS_LIST_SCOPE"', '"scope"', "option.main.scope", '"field" is "scope", which does not match STS_LIST_'),
    "an option twice for a command": (*more("url", FLAG + 'commands = ["fetch"]\nfield = "force"\n'), "option.predecessor.url",
                                      r'for the command fetch the option "url" is that of \[option.main.url\] as well'),
    "an alias that is an option": ('alias = "scopes"', 'alias = "url"', "option.main.scope",
                                   r'for the command run the option "url" is that of \[option.main.url\] as well'),
    "a field twice for a command": ('field = "timeout_ms"', 'field = "url"', "option.main.timeout",
                                    r'for the command run the field "url" is that of \[option.main.url\] as well'),
    "a group that is not there": (*more("force", FLAG + 'commands = ["fetch"]\nfield = "force"\n', "moin"), "option.moin",
                                  r"there is no \[group.moin\]"),
    "a group without options": ("[group.ask]", '[group.empty]\ntitle = "Empty"\n\n[group.ask]', "option",
                                "must be all groups in their order: main, empty, ask, predecessor"),
    "groups in another order": ("[group.main]", '[group.predecessor]\ntitle = "x"\n\n[group.main]', "", "is not TOML"),
    "a name that is too long": ("[option.main.url]", f"[option.main.{'u' * 60}]", f"option.main.{'u' * 60}", "the name has 60 characters"),
    "a name in capitals": ("[option.main.url]", "[option.main.URL]", "option.main", '"URL" cannot be the name of a row'),
    "a name like a service link": ("[option.main.url]", "[option.main.port]", "option.main.port",
                                   "its variable STS_PORT would be taken for one that Kubernetes makes"),
    "a variable of exchange": ("environment = false\n", "", "option.predecessor.single-run", "an option of exchange is for exchange alone"),
    "exchange beside another command": ('commands = ["exchange"]', 'commands = ["fetch", "exchange"]', "option.predecessor.single-run",
                                        "an option of exchange is for exchange alone"),
    "without a variable before its namesake": ('metavar = "D"\ndefault = "30s"', 'metavar = "D"\nenvironment = false\ndefault = "30s"',
                                               "option.main.timeout", 'it must stand after the option "timeout" that has a variable'),
    "a command without an example": ('example = "sts-sidecar run this"\n', "", "command.work.run", 'the key "example" is missing'),
    "an example of another command": ('"sts-sidecar run this"', '"sts-sidecar fetch"', "command.work.run",
                                      '"example" must begin with "sts-sidecar run"'),
    "an example that is too long": ('"sts-sidecar run this"', f'"sts-sidecar run {"x" * 60}"', "command.work.run",
                                    '"example" does not fit in a line .*: it may have 67 characters, and has 76'),
    "a first sentence that is too long": ('"Does what run says. ', f'"Does {"x" * 63}. ', "command.work.run",
                                          'the first sentence of "about" does not fit .*, and has 69'),
    "what a command does without a period": ('e.g. here."\nexample = "sts-sidecar run', 'here"\nexample = "sts-sidecar run', "command.work.run",
                                             '"about" is made of whole sentences'),
    "an exit status that is not there": ('["usage", "output"]', '["usage", "outptu"]', "command.work.run", '"exits" has "outptu"'),
    "exit status 1 among the others": ('["usage", "output"]', '["no", "usage"]', "command.work.run", '"exits" has "no"'),
    "exit statuses in another order": ('["usage", "output"]', '["output", "usage"]', "command.work.run", '"exits" must be in this order: ok, no, usage'),
    "a command in two chapters": ("[command.ask.check]", "[command.ask.run]", "command.ask.run", r'the command "run" is that of \[command.work.run\]'),
    "a chapter that is not there": ("[command.ask.check]", "[command.aks.check]", "command.aks", r"there is no \[chapter.aks\]"),
    "a chapter without commands": ("[chapter.ask]", '[chapter.none]\ntitle = "None"\n\n[chapter.ask]', "command",
                                   "must be all chapters in their order: work, none, ask"),
    "options of a command that is not there": ('ok = "done"', 'ok = "done"\ntakes = "rnu"', "command.work.run", '"takes" is "rnu", which is not an earlier command'),
    "a variable in small letters": ('ok = "done"', 'ok = "done"\nvariables = ["http_proxy"]', "command.work.run", '"variables" has "http_proxy"'),
    "an absent option that is there": ('["k", "insecure"]', '["k", "scopes"]', "absent.unverified", '"names" has "scopes", which is an option'),
    "an absent option with dashes": ('["k", "insecure"]', '["-k"]', "absent.unverified", '"names" has "-k", which does not match'),
    "an answer about an option that is not there": ('option = "url"', 'option = "ulr"', "absent.unverified", '"option" is "ulr", which is not an option'),
    "an answer that a command cannot follow": ("see --url", "see --param", "absent.unverified",
                                               '"says" names --param, which not all commands with --url take'),
    "no options": (GOOD[GOOD.index("[option.main.url]"):], "", "", 'the key "option" is missing'),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_row_and_reason(refused, mistake):
    old, new, row, reason = MISTAKES[mistake]
    assert old in GOOD
    message = refused(GOOD.replace(old, new, 1) if old else GOOD + new)
    where = rf"options\.toml: \[{re.escape(row)}\]: " if row else r"options\.toml: "
    assert re.match(where + ".*" + reason, message), message


@pytest.mark.parametrize("kind, good, bad", [
    ("duration", ["0s", "30", "1h30m", "200ms", "1h2m3s4ms"], ["", "s", "1d", "1m1h", "1s1s", "-1", "1.5s", "1h30"]),
    ("mode", ["auto", "0640", "644", "0600", "400"], ["0200", "999", "00640", "0777", "64", "auto640"]),
    ("fraction", ["0.5", ".667", "0.9", ".900", "0.1"], ["1", "0.05", "0.901", "0.95", "0.1234", "0."]),
    ("group", ["0", "2000"], ["-1", "nobody", ""]),
    ("integer", ["5", "-3"], ["five", "1.0", "--1"]),
])
def test_what_a_kind_takes(kind, good, bad):
    assert [text for text in good if not re.fullmatch(options.KINDS[kind].values, text)] == []
    assert [text for text in bad if re.fullmatch(options.KINDS[kind].values, text)] == []


def test_not_too_many(read):
    text = GOOD + "".join(f"\n[option.predecessor.o{i}]\n{FLAG}" f'commands = ["check"]\nfield = "o{i}"\n' for i in range(247))
    with pytest.raises(TableError, match="there are 256 options, and may be 255"):
        read(text)


# ---- C ----

STUB = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define IS_A(member, type) __builtin_types_compatible_p(__typeof__(member), type)
enum { STS_COMMAND_RUN = 1, STS_COMMAND_FETCH = 2, STS_COMMAND_EXCHANGE = 4, STS_COMMAND_CHECK = 8, STS_COMMAND_REFRESH = 16,
	STS_COMMAND_INSPECT = 32 };
enum { STS_OPTION_FLAG, STS_OPTION_TEXT, STS_OPTION_DURATION, STS_OPTION_CHOICE, STS_OPTION_LIST, STS_OPTION_PAIRS, STS_OPTION_FILE_PAIRS };
enum { STS_OPTION_ANYWHERE, STS_OPTION_PROCESS, STS_OPTION_COMMAND_LINE };
enum { STS_LEVEL_ERROR, STS_LEVEL_WARN, STS_LEVEL_INFO };
enum sts_list { STS_LIST_SCOPE, STS_LIST_PARAM, STS_LIST_PARAM_FILE, STS_LIST__COUNT };
struct sts_options { const char *url; int32_t log_level; int64_t timeout_ms; bool json, single_run; };
struct sts_option { uint16_t texts[4], field, commands; uint8_t group, kind, stands; bool variable, renews; };
struct sts_command_row { uint16_t texts[7], exits; uint8_t chapter; bool groups; };
struct absent { uint16_t names, option, says; };
struct alias { uint16_t text; uint8_t option; };
"""


def compiled(tmp_path, text):
    """What the compiler says of the C text that is made of a table."""
    (tmp_path / "options.toml").write_text(text)
    made = options.c_files(tmp_path / "options.toml")["packed_options.h"]
    (tmp_path / "t.c").write_text(STUB + made)
    return subprocess.run(["cc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused", "-Werror", tmp_path / "t.c"],
                          stderr=subprocess.PIPE, text=True, timeout=60)


def test_the_compiler_takes_it(tmp_path):
    run = compiled(tmp_path, GOOD)
    assert (run.returncode, run.stderr) == (0, "")


WRONG_FIELDS = {
    "not in the struct": ('field = "url"', 'field = "ulr"', "option.main.url", "no member named .ulr."),
    "of another type": ('field = "url"', 'field = "json"', "option.main.url",
                        r"\[option.main.url\]: json of struct sts_options is not of the type const char \*, which the kind text needs"),
    "a list that is not there": ('"STS_LIST_SCOPE"', '"STS_LIST_SCOEP"', "option.main.scope", "STS_LIST_SCOEP"),
    "what is not a list": ('"STS_LIST_SCOPE"', '"STS_LIST__COUNT"', "option.main.scope", "STS_LIST__COUNT is not a list"),
    "a constant that is another number": ('["STS_LEVEL_ERROR", "STS_LEVEL_WARN"]', '["STS_LEVEL_ERROR", "STS_LEVEL_INFO"]',
                                          "option.main.log-level", "the choice warn is 1, and STS_LEVEL_INFO is not"),
    "a constant that is not there": ('"STS_LEVEL_WARN"', '"STS_LEVEL_WRAN"', "option.main.log-level", "STS_LEVEL_WRAN"),
}


def test_a_wrong_bit_fails_the_build(tmp_path):
    """The rows of the commands are found by the bits of enum sts_command."""
    one, other = (GOOD[GOOD.index(f"[command.ask.{name}]"):GOOD.index(end)] for name, end in (("check", "[command.ask.refresh]"),
                                                                                             ("refresh", "[command.ask.inspect]")))
    run = compiled(tmp_path, GOOD.replace(one + other, other + one))
    assert run.returncode != 0 and "[command.ask.refresh]: STS_COMMAND_REFRESH is not the bit of its row" in run.stderr


@pytest.mark.parametrize("mistake", WRONG_FIELDS)
def test_a_wrong_field_fails_the_build(tmp_path, mistake):
    """The compiler names the file, the line of the paragraph, and what is wrong."""
    old, new, row, reason = WRONG_FIELDS[mistake]
    text = GOOD.replace(old, new, 1)
    line = text[:text.index(f"[{row}]")].count("\n") + 1
    run = compiled(tmp_path, text)
    assert run.returncode != 0
    assert re.search(rf"^options\.toml:{line}:\d+: error: .*{reason}", run.stderr, re.M), run.stderr


# ---- what is made of it ----

def test_the_page_of_options(read):
    text = option_pages.page(read(GOOD))
    assert "| `--url URL` | `STS_URL` | `url` | | the endpoint; example: `--url https://sts.example/` |" in text
    assert "| `--log-level error\\|warn` | `STS_LOG_LEVEL` | `log-level`, at the top level only | `warn` | the least" in text
    assert "| `--param K=V` | `STS_PARAM` | `param` | | a parameter; for `run` only |" in text
    check = text[text.index("## `check`"):text.index("## `refresh`")]
    assert "| option | variable | what it does |" in check and "configuration" not in check
    assert "## `exchange`\n" in text and "| `--single-run` | exchange once |" in text
    assert option_pages.readme_block(read(GOOD)) == "| option | default | |\n|---|---|---|\n| `--url URL` | | the `endpoint` |\n"


def test_the_page_has_every_option_of_every_command():
    table, text = options.read(TOP / options.SOURCE), (TOP / option_pages.PAGE).read_text()
    assert sorted(command for commands in option_pages.SECTIONS for command in commands) == sorted(
        command.name for command in table.commands if table.of(command))
    for commands in option_pages.SECTIONS:
        heading = "## " + " and ".join(f"`{command}`" for command in commands) + "\n"
        section = re.split(r"^## ", text[text.index(heading) + 3:], flags=re.M)[0]
        shown = re.findall(r"^\| `--([a-z-]+)", section, re.M)
        assert sorted(shown) == sorted(option.name for option in table.options if set(option.commands) & set(commands))


def test_the_schema_is_one():
    schema = json.loads((TOP / option_pages.SCHEMA).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    limits = (TOP / "lib/base/limits.h").read_text()
    assert int(re.search(r"define STS_EXCHANGES_MAX (\d+)", limits)[1]) == option_pages.EXCHANGES_MAX
    assert int(re.search(r"define STS_EXCHANGE_NAME_BYTES (\d+)", limits)[1]) == option_pages.EXCHANGE_NAME_MAX + 1


def test_the_schema_has_what_may_stand_where(read):
    schema = option_pages.schema(read(GOOD))
    assert list(schema["properties"]) == ["exchanges", "url", "scope", "scopes", "param", "param-file", "log-level", "timeout"]
    assert list(schema["$defs"]["an-exchange"]["properties"]) == ["name", "url", "scope", "scopes", "param", "param-file", "timeout"]
    assert json.loads(option_pages.as_json(schema)) == schema


def test_the_file_that_is_built():
    made = options.c_files(TOP / options.SOURCE)["packed_options.h"]
    assert made.isascii() and str(TOP) not in made and made == options.c_files(TOP / options.SOURCE)["packed_options.h"]
    assert made.startswith(common.c_file(TOP / options.SOURCE, "").rstrip("\n"))
