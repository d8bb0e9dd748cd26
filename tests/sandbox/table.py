#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of docs/sandbox.md, from the one in sidecar/sandbox/seccomp.c: run it to print it."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
SOURCE = TOP / "sidecar/sandbox/seccomp.c"
COLUMNS = ["supervisor", "start", "connected", "answered", "notify", "signal", "listener"]
LETTERS = {"A": {"start"}, "B": {"connected"}, "C": {"answered"}, "N": {"notify"}, "S": {"signal"}, "L": {"listener"}}
LETTERS["W"] = LETTERS["A"] | LETTERS["B"] | LETTERS["C"]
LETTERS["ALL"] = LETTERS["W"] | LETTERS["N"] | LETTERS["S"] | LETTERS["L"]
WORDS = {
    "ANY": "",
    "INTERNET": "TCP and UDP over IPv4 and IPv6",
    "NO_ADDRESS": "without an address",
    "NO_EXECUTE": "not executable",
    "PLAIN_FORK": "no thread, no namespace",
    "KILL": "SIGKILL",
    "GET_FLAGS": "F_GETFD, F_GETFL",
    "ADD_SEALS": "F_ADD_SEALS",
    "GIVE_BACK": "MADV_DONTNEED",
    "IS_TERMINAL": "TIOCGWINSZ",
    "INTERFACE_NUMBER": "SIOCGIFINDEX",
    "GET_DUMPABLE": "PR_GET_DUMPABLE",
    "NOT_DUMPABLE": "PR_SET_DUMPABLE 0",
    "END_WITH_PARENT": "PR_SET_PDEATHSIG",
    "NO_NEW_PRIVILEGES": "PR_SET_NO_NEW_PRIVS",
    "ARGUMENTS": "PR_SET_MM_MAP",
    "FILTER": "PR_SET_SECCOMP",
    "PRIVATE_FILE": "mode 0600 at most",
    "PRIVATE_FILE_AT": "mode 0600 at most",
    "READ_ONLY_AT": "for reading",
    "FILE_MODE": "0400, and no more than 0666",
    "GROUP_ONLY": "the group",
    "ONE_PROCESS": "that signal, with the one descriptor",
    "ONE_SIGNAL": "the signal of `--notify-signal`",
    "NO_DELAY": "TCP_NODELAY",
    "REUSE_ADDRESS": "SO_REUSEADDR",
    "LINGER": "SO_LINGER",
    "V6_ONLY": "IPV6_V6ONLY",
    "SOCKET_ERROR": "SO_ERROR",
    "ANY_SIGNAL": "no siginfo, no flags",
}
# Conditions of rows that are not the supervisor's.
FOR_STAGES = set(re.findall(r"^\t\[(\w+)\] = \{[^}]*(?:FOR_STAGES|TARGET_\w+)\},$", SOURCE.read_text(), re.M))


def rows():
    """(call, who, condition) of each row of a release."""
    text = re.sub(r"#if STS_SANITIZED.*?#endif\n#endif", "", SOURCE.read_text().partition("calls[] = {")[2].partition("\n};")[0], flags=re.S)
    found = re.findall(r"\{__NR_(\w+), ([\w |]+)(?:, (\w+))?\}", text)
    assert len(found) == text.count("__NR_") - text.count("#ifdef __NR_")
    for call, who, condition in found:
        names = set().union(*(LETTERS[letter.strip()] for letter in who.split("|") if letter.strip() != "0"))
        yield call, names | (set() if condition in FOR_STAGES else {"supervisor"}), condition or "ANY"


def table():
    groups = {}
    for call, who, condition in rows():
        shown = f"`{call}`" + (f" ({WORDS[condition]})" if WORDS[condition] else "")
        groups.setdefault(tuple(column in who for column in COLUMNS), []).append(shown)
    lines = ["| system calls | " + " | ".join(COLUMNS) + " |", "|---" + "|:-:" * len(COLUMNS) + "|"]
    for marks, calls in sorted(groups.items(), reverse=True):
        lines.append(f"| {', '.join(calls)} | " + " | ".join("x" if mark else "" for mark in marks) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
