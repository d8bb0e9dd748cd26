# SPDX-License-Identifier: Apache-2.0
"""The table of commands and options, from which the program's own tables are made."""
import functools
import sys

from harness.sidecar import TOP

sys.path.insert(0, str(TOP / "tools"))

from tables import options  # noqa: E402

# A value that each kind of option takes, and one that it refuses (None: it takes every text).
GOOD = {"flag": "true", "text": "/x", "duration": "45s", "mode": "0640", "group": "2000", "fraction": "0.5", "integer": "7", "pair": "a=b",
        "file-pair": "a=/x"}
BAD = {"flag": "maybe", "text": None, "duration": "soon", "mode": "9", "group": "staff", "fraction": "7", "integer": "soon", "pair": "novalue",
       "file-pair": "novalue", "choice": "none-of-them"}


@functools.cache
def table():
    return options.read(TOP / options.SOURCE)


def commands():
    return [command.name for command in table().commands]


def command(name):
    return next(command for command in table().commands if command.name == name)


def names(option):
    return [name for name in (option.name, option.alias) if name]


def good(option):
    return option.choices[-1] if option.choices else GOOD[option.kind]


EVERY = [(command.name, option) for command in table().commands for option in table().taken(command)]
IDS = [f"{command}-{option.name}" for command, option in EVERY]
