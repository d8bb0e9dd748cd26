# SPDX-License-Identifier: Apache-2.0
"""What `meson install` puts where: the program, its manual page, and completions for bash, zsh and fish. All are made of the table of commands and options."""
import contextlib
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))

from tables import completions, errors, options, protocols  # noqa: E402

TABLE = options.read(TOP / options.SOURCE)
COMMANDS = [command.name for command in TABLE.commands]
SHARE = "usr/local/share/"


def run(*command, **more):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False, **more)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    place = tmp_path_factory.mktemp("installed")
    status, out, err = run("meson", "install", "-C", TOP / "build", "--no-rebuild", env=os.environ | {"DESTDIR": str(place)})
    assert status == 0, out + err
    return place


def flags_of(command):
    return {f"--{name}" for option in TABLE.taken(command) for name in completions.names_of(option)}


def test_what_is_installed(installed):
    found = {path.relative_to(installed).as_posix(): oct(path.stat().st_mode & 0o7777) for path in installed.rglob("*") if path.is_file()}
    assert found == {
        "usr/local/bin/sts-sidecar": "0o711",
        SHARE + "man/man1/sts-sidecar.1": "0o644",
        SHARE + "bash-completion/completions/sts-sidecar": "0o644",
        SHARE + "zsh/site-functions/_sts-sidecar": "0o644",
        SHARE + "fish/vendor_completions.d/sts-sidecar.fish": "0o644"}
    for path in installed.rglob("*sts-sidecar*"):
        if path.is_file() and path.parent.name != "bin":
            assert str(TOP) not in path.read_text("ascii")


# ---- the manual page ----

@pytest.fixture(scope="session")
def man(installed):
    return installed / SHARE / "man/man1/sts-sidecar.1"


def plain(man):
    status, text, err = run("mandoc", "-T", "ascii", "-O", "width=78", man)
    assert (status, err) == (0, "")
    return re.sub(r".\x08", "", text)


def test_the_manual_page_has_no_mistakes(man):
    assert run("mandoc", "-T", "lint", man) == (0, "", "")


@pytest.mark.parametrize("macros", ["-man", "-mandoc"])
def test_groff_has_no_warning(man, macros):
    status, _, warnings = run("groff", "-ww", "-T", "utf8", macros, man)
    assert (status, warnings) == (0, "")


def test_the_manual_page_has_everything(man):
    text = plain(man)
    sections = re.split(r"^(\S.*)\n", text, flags=re.M)
    found = dict(zip(sections[1::2], sections[2::2]))
    assert [name for name in found if not name.startswith(("STS-SIDECAR", "Debian", "Linux"))][:10] == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
    words = {name: " ".join(section.split()) for name, section in found.items()}
    for command in TABLE.commands:
        assert f"sts-sidecar {command.name} " in words["SYNOPSIS"] and command.about in words["COMMANDS"]
        assert command.example in found["EXAMPLES"]
        assert all(name in words["ENVIRONMENT"] for name in command.variables)
    assert re.findall(r"^     (--\S+)", found["OPTIONS"], re.M) == [f"--{option.name}" for option in TABLE.options]
    entries = re.split(r"^     (?=--\S)", found["OPTIONS"], flags=re.M)[1:]
    for option, entry in zip(TABLE.options, entries):
        entry = re.sub(r"(?<=[a-z]-)\n +", "", entry)     # a word with a hyphen may go on in the next line
        entry = " ".join(entry.split())
        takers = ", ".join(command.name for command in TABLE.commands if option in TABLE.taken(command))
        assert entry.startswith(f"--{option.name} {option.metavar}".rstrip())
        assert option.help[1:] in entry and f"({takers}" in entry and (not option.default or f"The default is {option.default}." in entry)
        assert (option.variable or "STS_") in entry or not option.environment
        assert not option.alias or f"--{option.alias}" in entry
    for one in errors.read(TOP / errors.SOURCE).exits.values():
        assert re.search(rf"^     {one.number}\b", found["EXIT STATUS"], re.M) and one.help[1:] in words["EXIT STATUS"]


# ---- bash ----

@pytest.fixture(scope="session")
def bash(installed):
    """bash(words): what is proposed for the last word. bash takes apart the words at = by itself."""
    script = installed / SHARE / "bash-completion/completions/sts-sidecar"

    def complete(*lines, cwd="/"):
        asks = "".join(f'COMP_WORDS=({" ".join(map(repr, line))}); COMP_CWORD={len(line) - 1}; _sts_sidecar; printf "%s\\n" "${{COMPREPLY[@]}}"; echo ---\n'
                       for line in lines)
        status, out, err = run("bash", "--norc", "--noprofile", "-c", f"source {script}\ncomplete -p sts-sidecar >&2\n{asks}", cwd=cwd)
        assert status == 0 and err == "complete -F _sts_sidecar sts-sidecar\n", err
        return [part.split() for part in out.split("---\n")[:-1]]
    return complete


def test_bash(bash, tmp_path):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "afile").touch()
    assert bash(["sts-sidecar", "fe"]) == [["fetch"]] and bash(["sts-sidecar", ""]) == [[*COMMANDS, "--help", "--version"]]
    for command, proposed in zip(TABLE.commands, bash(*(["sts-sidecar", command.name, "--"] for command in TABLE.commands))):
        assert set(proposed) == flags_of(command) | {"--help"}
    assert bash(["sts-sidecar", "run", "--log-level", "de"], ["sts-sidecar", "run", "--log-level", "=", "de"], ["sts-sidecar", "run", "--log-level", "="],
                ["sts-sidecar", "help", "f"], ["sts-sidecar", "protocols", "aw"], ["sts-sidecar", "run", "--protocol", "aw"], ["sts-sidecar", "run", "--url", ""]
                ) == [["debug"], ["debug"], ["error", "warn", "info", "debug"], ["fetch"], ["aws"], ["aws"], []]
    assert bash(["sts-sidecar", "fetch", "--token-file", "a"], ["sts-sidecar", "check", "a"], ["sts-sidecar", "inspect", "af"], cwd=tmp_path) == [
        ["a", "folder", "afile"], ["a", "folder"], ["afile"]]


# ---- fish ----

@pytest.fixture(scope="session")
def fish(installed, tmp_path_factory):
    script, home = installed / SHARE / "fish/vendor_completions.d/sts-sidecar.fish", tmp_path_factory.mktemp("home")

    def complete(*lines, cwd=home):
        asks = "\n".join(f"complete -C {line!r}; echo ---" for line in lines)
        status, out, err = run("fish", "--no-config", "-c", f"source {script}\n{asks}", cwd=cwd, env=os.environ | {"HOME": str(home)})
        assert (status, err) == (0, ""), err
        return [[row.split("\t")[0] for row in part.splitlines()] for part in out.split("---\n")[:-1]]
    return complete


def test_fish(fish, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert fish("sts-sidecar fe") == [["fetch"]] and set(fish("sts-sidecar ")[0]) == set(COMMANDS)
    for command, proposed in zip(TABLE.commands, fish(*(f"sts-sidecar {name} --" for name in COMMANDS))):
        assert {flag.rstrip("=") for flag in proposed} == flags_of(command) | {"--help"}, command.name
    assert fish("sts-sidecar run --log-level de", "sts-sidecar run --log-level=de", "sts-sidecar help ch", "sts-sidecar protocols aw") == [
        ["debug"], ["--log-level=debug"], ["check"], ["aws"]]
    assert fish("sts-sidecar fetch --token-file f", "sts-sidecar check f", cwd=tmp_path) == [["file", "folder/"], ["folder/"]]


# ---- zsh ----

class Zsh:
    """A zsh on a terminal. complete(line) presses TAB after the line, and then lets the shell print what the line has become."""

    def __init__(self, folder, home):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "vt100"})
        self.seen = ""
        self.say(f"PS1= PS2=; bindkey -e; setopt no_beep no_list_beep; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; print -r -- re''ady\n")
        self.read_until("ready")

    def say(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, words):
        deadline = time.monotonic() + 30
        while words not in self.seen:
            assert time.monotonic() < deadline, f"zsh does not say {words!r}: {self.seen!r}"
            if select.select([self.fd], [], [], 0.1)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
        self.seen, found = self.seen.split(words, 1)[1], self.seen.split(words, 1)[0]
        return found

    def complete(self, line):
        self.say(f"{line}\t\x01print -r -- is\"\":'\x05':\"\"end\n")
        self.read_until("is:")
        return self.read_until(":end").strip()

    def close(self):
        os.close(self.fd)
        with contextlib.suppress(OSError):
            os.waitpid(self.pid, 0)


@pytest.fixture(scope="session")
def zsh(installed, tmp_path_factory):
    home = tmp_path_factory.mktemp("zsh")
    (home / "afile").touch()
    with contextlib.closing(Zsh(installed / SHARE / "zsh/site-functions", home)) as shell:
        yield shell


@pytest.mark.parametrize("line, completed", [
    ("sts-sidecar fe", "sts-sidecar fetch"), ("sts-sidecar run --no-h", "sts-sidecar run --no-histogram"), ("sts-sidecar run --log-level=de", "sts-sidecar run --log-level=debug"),
    ("sts-sidecar run --log-level de", "sts-sidecar run --log-level debug"), ("sts-sidecar help ch", "sts-sidecar help check"),
    ("sts-sidecar protocols aw", "sts-sidecar protocols aws"), ("sts-sidecar fetch --token-file af", "sts-sidecar fetch --token-file afile")])
def test_zsh(zsh, line, completed):
    assert zsh.complete(line) == completed


def test_zsh_has_every_option(installed):
    """Each case of the function names the options of its command."""
    text = (installed / SHARE / "zsh/site-functions/_sts-sidecar").read_text()
    cases = dict(re.findall(r"^\t\t(\w+)\)\n(.*?)^\t\t\t;;", text, re.M | re.S))
    assert list(cases) == COMMANDS
    for command in TABLE.commands:
        assert set(re.findall(r"^\t\t\t\t'\*?(--[a-z-]+)", cases[command.name], re.M)) == flags_of(command)
    for protocol in protocols.read(TOP / protocols.SOURCE).protocols:
        assert re.search(rf"--protocol=\[.*[( ]{protocol.name}[ )]", text)
