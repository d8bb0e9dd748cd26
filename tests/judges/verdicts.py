#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What our readers say to the cases, and what they are expected to say: verdicts/SUITE.tsv.

    tests/judges/verdicts.py [--judge build/tests/judge]     rewrites the verdicts, and keeps the notes; look at the difference

A line of a file has the case, the verdict, and a note where our verdict is another than the suite's. The note is one sentence, which says why.
A case that ends before the answer does is neither taken nor refused: it is cut.
"""
import argparse
import hashlib
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import fetch  # noqa: E402
import suites  # noqa: E402

PATIENCE_S = 60


def ask(judge, suite, cases):
    """One process for all cases. Returns a verdict for each."""
    kind = b"j" if suite == "jsontestsuite" else b"h"
    sent = b"".join(kind + len(case.data).to_bytes(4, "big") + case.data for case in cases)
    done = subprocess.run([judge], input=sent, capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(cases)
    return [in_words(line) for line in lines]


def in_words(line):
    word, _, rest = line.partition(" ")
    if word == "refused":
        error, _, message = rest.partition(" ")
        return f"{'cut' if error == 'truncated' else 'refused'}: {message}"
    if not rest:
        return "taken"
    status, left, body = (rest + " ").split(" ")[:3]
    said = f"taken: {status}, "
    said += f"{len(body) // 2} bytes {hashlib.sha256(bytes.fromhex(body)).hexdigest()[:8]}" if body else "no body"
    return said + (f", {left} left over" if left != "0" else "")


def path(suite):
    return HERE / "verdicts" / f"{suite}.tsv"


def read(suite):
    """(verdict, note) of each case."""
    lines = path(suite).read_text().splitlines() if path(suite).exists() else []
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {row[0]: (row[1], row[2] if len(row) > 2 else "") for row in rows}


def write(suite, cases, verdicts):
    old = read(suite)
    with open(path(suite), "w") as out:
        out.write(f"# Case, our verdict, and why it is another one than {suite}'s. tests/judges/verdicts.py writes this file.\n")
        for case, verdict in zip(cases, verdicts):
            note = old.get(case.id, ("", ""))[1]
            out.write(f"{case.id}\t{verdict}\t{note}".rstrip("\t") + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", default=HERE.parent.parent / "build/tests/judge")
    judge = parser.parse_args().judge
    folder = fetch.fetch()
    for suite in suites.SUITES:
        cases = suites.cases(suite, folder)
        write(suite, cases, ask(judge, suite, cases))


if __name__ == "__main__":
    main()
