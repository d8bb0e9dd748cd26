# SPDX-License-Identifier: Apache-2.0
"""
What the server does, and which check of lib/tls/checks.toml must notice it. A row is a function of a Server; its name is that of the check,
with a number where there are several. Rows of the check "" are right, and must come to an answer, or end the connection in a way that no check
is about.
"""
from dataclasses import dataclass


@dataclass
class Row:
    check: str
    words: str
    run: object
    arguments: tuple = ()  # of tls-client
    name: str = ""
    told: tuple = None  # the client's alert where no check is named: its level, its number, and whether it is protected
    end: str = "fine"  # how the connection ends where no check is named: the failure that tls-client tells, with the server's alert


ROWS = []


def row(check, words, *arguments, end="fine", told=None):
    """Adds a row."""
    def add(run):
        ROWS.append(Row(check, words, run, arguments, end=end, told=told))
        return run
    return add


def rows(check, words, values, *arguments, end="fine"):
    """Adds a row for each value."""
    def add(run):
        for value in values:
            shown = value.hex() if isinstance(value, bytes) else value
            ROWS.append(Row(check, f"{words}: {str(shown)[:70]}", lambda s, value=value: run(s, value), arguments,
                            end=end))
        return run
    return add
