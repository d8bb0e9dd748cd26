# SPDX-License-Identifier: Apache-2.0
"""
What the server does, and which check of lib/tls/checks.toml must notice it. A row is a function of a Server; its name is that of the check,
with a number where there are several. Rows of the check "" are right, and must come to an answer.
"""
from dataclasses import dataclass


@dataclass
class Row:
    check: str
    words: str
    run: object
    arguments: tuple = ()  # of tls-client
    name: str = ""


ROWS = []


def row(check, words, *arguments):
    """Adds a row."""
    def add(run):
        ROWS.append(Row(check, words, run, arguments))
        return run
    return add


def rows(check, words, values, *arguments):
    """Adds a row for each value."""
    def add(run):
        for value in values:
            shown = value.hex() if isinstance(value, bytes) else value
            ROWS.append(Row(check, f"{words}: {str(shown)[:70]}", lambda s, value=value: run(s, value), arguments))
        return run
    return add
