# SPDX-License-Identifier: Apache-2.0
"""The completions for bash, zsh and fish, made of the commands and options in sidecar/options/options.toml and of the names of the protocols."""
import re

from tables import protocols
from tables.commands import PROGRAM
from tables.common import TOP
from tables.options import SOURCE, read

HEAD = f"Made of {SOURCE} by tools/tables; do not edit."
# What an argument is. Where it stands in `usage` of a command, or as the metavar of an option.
FILES, DIRECTORIES = {"PATH", "FILE", "PATH_TO_TOKEN"}, {"DIR", "DIRECTORY"}


def protocol_names():
    return [protocol.name for protocol in protocols.read(TOP / protocols.SOURCE).protocols]


def words_of(option):
    """The words that the value of an option may be; empty if there is no such list."""
    return option.choices or (protocol_names() if option.name == "protocol" else [])


def names_of(option):
    return [name for name in (option.name, option.alias) if name]


def arguments_of(table, command):
    """(words, are there files, are there directories): what the arguments of a command may be."""
    usage = set(re.findall(r"[A-Z_]+", command.usage)) - {"OPTIONS"}
    words = [one.name for one in table.commands] if "COMMAND" in usage else protocol_names() if command.name == "protocols" else []
    return words, bool(usage & FILES), bool(usage & DIRECTORIES)


# ---- bash ----

BASH = """\
# {head}
_sts_sidecar()
{{
	local command=${{COMP_WORDS[1]}} word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD-1]}} words= kind=
	if [[ $word == '=' ]]; then
		word=
	elif [[ $option == '=' ]]; then
		option=${{COMP_WORDS[COMP_CWORD-2]}}
	fi
	if (( COMP_CWORD == 1 )); then
		words='{commands} --help --version'
	else
		case "$command $option" in
{values}
		esac
		[[ -n $words$kind || $word != -* ]] || case $command in
{options}
		esac
		[[ -n $words$kind ]] || case $command in
{arguments}
		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
	case $kind in
	file|directory)
		compopt -o filenames 2>/dev/null
		while IFS= read -r word; do
			COMPREPLY+=("$word")
		done < <(compgen -A "$kind" -- "$word")
		;;
	esac
}}
complete -F _sts_sidecar {program}
"""


def bash_case(pattern, words, kind):
    sets = [f"words='{' '.join(words)}'"] * bool(words) + [f"kind={kind}"] * bool(kind)
    return f"\t\t{pattern}) {'; '.join(sets) or ':'} ;;"


def bash_values(table):
    """What follows an option. An option without a list takes anything, and no other option is proposed there."""
    for command in table.commands:
        for option in table.taken(command):
            if option.kind == "flag":
                continue
            kind = "directory" if option.metavar in DIRECTORIES else "file" if option.metavar in FILES else "" if words_of(option) else "none"
            yield bash_case("|".join(f"'{command.name} --{name}'" for name in names_of(option)), words_of(option), kind)


def bash(table):
    options = [bash_case(command.name, [f"--{name}" for option in table.taken(command) for name in names_of(option)] + ["--help"], "")
               for command in table.commands]
    arguments = []
    for command in table.commands:
        words, files, directories = arguments_of(table, command)
        arguments.append(bash_case(command.name, words, "file" if files else "directory" if directories else ""))
    return BASH.format(head=HEAD, program=PROGRAM, commands=" ".join(command.name for command in table.commands),
                       values="\n".join(bash_values(table)), options="\n".join(options), arguments="\n".join(arguments))


# ---- zsh ----

ZSH = """\
#compdef {program}
# {head}
_{program}()
{{
	local context state line
	typeset -A opt_args
	local -a commands
	commands=(
{commands}
	)
	_arguments -C '(-)'{{-h,--help}}'[list the commands]' '(-)--version[print the version]' '1: :->command' '*:: :->arguments'
	case $state in
	command) _describe command commands ;;
	arguments)
		case $words[1] in
{cases}
		esac
		;;
	esac
}}
_{program} "$@"
"""


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def zsh_value(option):
    words = words_of(option)
    action = f"({' '.join(words)})" if words else "_files -/" if option.metavar in DIRECTORIES else "_files" if option.metavar in FILES else " "
    return "" if option.kind == "flag" else f":{zsh_text('value' if option.choices else option.metavar)}:{action}"


def zsh_case(table, command):
    lines = [f"\t\t{command.name})", "\t\t\t_arguments \\", "\t\t\t\t'(-)'{-h,--help}'[print the help]' \\"]
    for option in table.taken(command):
        for name in names_of(option):
            mark = "=" if option.kind != "flag" else ""
            lines.append("\t\t\t\t" + quoted(f"{'*' * option.repeats}--{name}{mark}[{zsh_text(option.help)}]{zsh_value(option)}") + " \\")
    words, files, directories = arguments_of(table, command)
    action = f"({' '.join(words)})" if words else "_files" if files else "_files -/" if directories else ""
    lines.append("\t\t\t\t" + quoted(f"*:argument:{action}") if action else "\t\t\t\t&& return")
    return lines + ["\t\t\t;;"]


def zsh(table):
    return ZSH.format(head=HEAD, program=PROGRAM, cases="\n".join(line for command in table.commands for line in zsh_case(table, command)),
                      commands="\n".join("\t\t" + quoted(f"{command.name}:{command.summary}") for command in table.commands))


# ---- fish ----

def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_value(option):
    words = words_of(option)
    if option.kind == "flag":
        return ""
    if words:
        return f" -xa {fish_quoted(' '.join(words))}"
    return " -xa '(__fish_complete_directories)'" if option.metavar in DIRECTORIES else " -rF" if option.metavar in FILES else " -x"


def fish(table):
    names = " ".join(command.name for command in table.commands)
    alone = f"-n 'not __fish_seen_subcommand_from {names}'"
    lines = [f"# {HEAD}", f"complete -c {PROGRAM} -f", f"complete -c {PROGRAM} {alone} -s h -l help -d 'list the commands'",
             f"complete -c {PROGRAM} {alone} -l version -d 'print the version'"]
    for command in table.commands:
        lines.append(f"complete -c {PROGRAM} {alone} -a {command.name} -d {fish_quoted(command.summary)}")
    for command in table.commands:
        # The first command is the command: `help run` has the options of help.
        seen = f"-n '__fish_seen_subcommand_from {command.name}; and test (commandline -opc)[2] = {command.name}'"
        lines.append(f"complete -c {PROGRAM} {seen} -s h -l help -d 'print the help'")
        for option in table.taken(command):
            for name in names_of(option):
                lines.append(f"complete -c {PROGRAM} {seen} -l {name}{fish_value(option)} -d {fish_quoted(option.help)}")
        words, files, directories = arguments_of(table, command)
        if words:
            lines.append(f"complete -c {PROGRAM} {seen} -a {fish_quoted(' '.join(words))}")
        elif files or directories:
            lines.append(f"complete -c {PROGRAM} {seen} " + ("-F" if files else "-a '(__fish_complete_directories)'"))
    return "\n".join(lines) + "\n"


def c_files(source):
    table = read(source)
    return {PROGRAM: bash(table), f"_{PROGRAM}": zsh(table), f"{PROGRAM}.fish": fish(table)}
