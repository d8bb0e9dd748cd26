# SPDX-License-Identifier: Apache-2.0
"""The help, the parser and the table of commands and options say the same."""
import re
import shlex

import pytest

from harness.sidecar import is_one_line
from harness.table import BAD, EVERY, IDS, command, commands, good, names, table


def help_of(sidecar, *words):
    run = sidecar.run(*words)
    assert (run.status, run.err) == (0, ""), run.err
    return run.out.decode("ascii")


def joined(text):
    """The help with the lines that go on joined, so that a sentence is found in it."""
    return " ".join(text.split())


def sections(text):
    """{heading: its lines} of a command's help."""
    parts = re.split(r"^(\S[^\n]*):\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


# ---- the list of commands ----

def test_the_list_of_commands(sidecar):
    text = help_of(sidecar, "help")
    assert help_of(sidecar, "--help") == help_of(sidecar, "-h") == text
    found = sections(text)
    for chapter, title in table().chapters.items():
        wanted = [line for one in table().commands if one.chapter == chapter
                  for line in (f"  {one.name:10} {one.summary}", f"{'':13}{one.example}")]
        assert found[title].splitlines()[:len(wanted)] == wanted
    assert text.startswith("usage: sts-sidecar COMMAND [OPTIONS]\n") and text.endswith("\n") and "sts-sidecar help COMMAND" in text


def test_no_command(sidecar):
    """The same text, but it is not what was asked for."""
    run = sidecar.run()
    assert (run.status, run.out) == (64, b"") and run.err == help_of(sidecar, "help")


def test_help_of_an_unknown_command(sidecar):
    run = sidecar.run("help", "fecth")
    assert (run.status, run.out) == (64, b"") and is_one_line(run)
    assert run.err == 'sts-sidecar: unknown command "fecth": did you mean fetch?; sts-sidecar help lists the commands\n'


@pytest.mark.parametrize("words", [["help", "run", "fetch"], ["version", "x"]], ids="-".join)
def test_more_words_than_a_command_takes(words, sidecar):
    run = sidecar.run(*words)
    assert (run.status, run.out) == (64, b"") and f'unexpected argument "{words[-1]}"' in run.err and is_one_line(run)


# ---- the help of a command ----

@pytest.mark.parametrize("name", commands())
def test_the_help_of_a_command(name, sidecar):
    text, row = help_of(sidecar, "help", name), command(name)
    assert help_of(sidecar, name, "--help") == help_of(sidecar, name, "-h") == text
    lines = text.splitlines()
    assert lines[0] == f"usage: sts-sidecar {name} {row.usage}" and f"  {row.example}" in lines
    assert joined(text).startswith(joined(f"{lines[0]} {row.about} {row.example}"))
    assert [line for line in lines if len(line) > 80 or line != line.rstrip() or not line.isprintable()] == []
    # Words wrap where they must, and not earlier.
    for line, after in zip(lines, lines[1:]):
        if re.match(r" {6}", after) and not after.strip().startswith("sts-sidecar") and not re.match(r"  --\S+ \S+$", line):
            assert len(line) + 1 + len(after.split()[0]) > 80, (line, after)


@pytest.mark.parametrize("name", commands())
def test_the_exit_statuses_of_a_command(name, sidecar):
    """Those of this command alone, with their meanings."""
    shown = sections(help_of(sidecar, "help", name))["Exit statuses"]
    rows = re.findall(r"^  (\d+) +(\S.*(?:\n {6}\S.*)*)$", shown, re.M)
    assert [(int(status), joined(meaning)) for status, meaning in rows] == command(name).statuses


@pytest.mark.parametrize("name", commands())
def test_the_options_of_a_command(name, sidecar):
    """In their groups and their order, each with its value, its help and its default; and no other options."""
    found = sections(help_of(sidecar, "help", name))
    row, options = command(name), table().of(command(name))
    groups = list(dict.fromkeys(option.group for option in options))
    titles = [table().groups[group] for group in groups] if len(groups) >= 3 else ["Options"] * bool(options)
    assert [title for title in found if title not in ("Variables", "Exit statuses")] == titles
    shown = joined("".join(found[title] for title in titles))
    assert shown == joined(" ".join(
        f"--{option.name} {option.metavar} {option.help} {f'[{option.default}]' if option.default else ''}" for option in options))
    for option in options:
        title = table().groups[option.group] if len(groups) >= 3 else "Options"
        assert re.search(rf"^  --{option.name}( |$)", found[title], re.M)
    variables = found.get("Variables", "")
    assert ("STS_OUTPUT_DIR is --output-dir" in variables) == any(option.environment for option in options)
    assert joined(variables).endswith(", ".join(row.variables)) and ("SSL_CERT" in variables) == ("SSL_CERT_DIR" in row.variables)


def test_help_among_other_options(sidecar):
    assert help_of(sidecar, "fetch", "--zzz", "--help") == help_of(sidecar, "help", "fetch")
    run = sidecar.run("fetch", "--", "--help")
    assert run.status == 64 and 'unexpected argument "--help"' in run.err


@pytest.mark.parametrize("name", commands())
def test_the_example_of_a_command_is_understood(name, sidecar):
    """Its options are taken: what is wrong is the one that is not there."""
    words = shlex.split(command(name).example)[1:]
    run = sidecar.run(words[0], "--zzz", *words[1:])
    assert 'unknown option "--zzz"' in run.err
    run = sidecar.run(*words, "--zzz")
    assert 'unknown option "--zzz"' in run.err


# ---- the parser ----

@pytest.mark.parametrize("name, option", EVERY, ids=IDS)
def test_an_option_is_taken(name, option, sidecar):
    """Under each of its names, with its value in the same word and in the next. A value of another kind is refused by the option's name."""
    words = []
    for one in names(option):
        words += [f"--{one}={good(option)}"] + ([f"--{one}"] if option.kind == "flag" else [f"--{one}", good(option)])
    run = sidecar.run(name, *words, "--zzz")
    assert run.status in (1, 64) and 'unknown option "--zzz"' in run.err, run.err
    if bad := BAD[option.kind]:
        run = sidecar.run(name, f"--{option.name}={bad}")
        assert run.status in (1, 64) and f"--{option.name}" in run.err and bad not in run.out.decode(), run.err


@pytest.mark.parametrize("name", commands())
def test_an_option_of_other_commands_is_not_taken(name, sidecar):
    mine = {known for option in table().taken(command(name)) for known in names(option)}
    absent = {known for one in table().absent for known in one.names}
    others = {option.name for option in table().options} - mine
    for other in others:
        run = sidecar.run(name, f"--{other}=x")
        takers = [one.name for one in table().commands if any(other in names(option) for option in table().of(one))]
        assert run.status in (1, 64)
        if other not in absent:
            listed = " and ".join(filter(None, (", ".join(takers[:-1]), takers[-1])))
            assert f"--{other} is an option of {listed}, not of {name};" in run.err


def test_variables(sidecar):
    """A value that is refused is named by its variable, which is that of the option, and no variable of an option is unknown."""
    for name, option in EVERY:
        if option.environment and BAD[option.kind]:
            run = sidecar.run(name, "--zzz", env={option.variable: BAD[option.kind]})
            assert run.status == 64 and option.variable in run.err, (option.name, run.err)
    known = {option.variable: good(option) for option in table().options if option.environment and option.name != "config"}
    run = sidecar.run("fetch", "--config=/nowhere", env=known)
    assert run.status == 64 and "unknown variable" not in run.err, run.err
    run = sidecar.run("fetch", "--config=/nowhere", env={"STS_ULR": "x"})
    assert "unknown variable STS_ULR is ignored: did you mean STS_URL?" in run.err
