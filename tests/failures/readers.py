#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What readers make of the lines in docs/doctor.md. A reader who does not know the project is given each line alone, in no order, and names the
cause. readers.tsv has what they answered, and whether a second reader, who knew the case, called it right."""
import argparse
import hashlib
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import page  # noqa: E402

ANSWERS = pathlib.Path(__file__).resolve().parent / "readers.tsv"
RIGHT, READ = 0.95, 0.9     # so many answers must be right, and so many of the page's lines must have been read


def lines():
    """{id: (text, names of the cases)} of all different lines. An id is made of the text, so that another text is another line."""
    found = {}
    for name, entry in page.entries().items():
        spoken = {}
        for part, text in re.findall(r"^    (fetch|run|check|doctor) +(.*)$", entry, flags=re.M):
            spoken.setdefault(part, []).append(re.sub(r" \(exit status \d+\)$", "", text))
        for texts in spoken.values():
            text = " / ".join(texts)
            number = hashlib.sha256(text.encode()).hexdigest()[:8]
            found.setdefault(number, (text, []))[1].append(name)
    return found


def answers():
    """{id: (right, what was answered)}"""
    rows = [row.split("\t") for row in ANSWERS.read_text().splitlines()[1:]] if ANSWERS.exists() else []
    return {row[0]: (row[1] == "yes", row[2]) for row in rows}


def merge(read, judged):
    """Adds answers (lines of an id, a tab and the answer) and judgements (lines of an id, a tab and yes or no)."""
    known = answers()
    replies = dict(row.split("\t", 1) for row in read.read_text().splitlines() if "\t" in row)
    for row in judged.read_text().splitlines():
        number, _, right = row.partition("\t")
        if number in replies:
            known[number] = (right.strip() == "yes", replies[number].replace("\t", " ").strip())
    here = lines()
    rows = [f"{number}\t{'yes' if right else 'no'}\t{answer}" for number, (right, answer) in sorted(known.items()) if number in here]
    ANSWERS.write_text("\n".join(["line\tright\tthe cause, as the reader named it", *rows]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", action="store_true", help="print the lines that nobody has read yet, in no order: an id, a tab, the line")
    parser.add_argument("--cases", action="store_true", help="the same with the names of the cases, for the second reader")
    parser.add_argument("--merge", nargs=2, type=pathlib.Path, metavar=("READ", "JUDGED"), help="take answers and judgements into readers.tsv")
    options = parser.parse_args()
    here = lines()
    if options.merge:
        merge(*options.merge)
    known = answers()
    if options.lines or options.cases:
        todo = sorted(set(here) - set(known))
        random.Random(1).shuffle(todo)
        for number in todo:
            text, names = here[number]
            print(f"{number}\t{text}" + (f"\t{', '.join(names)}" if options.cases else ""))
        return 0
    read = [number for number in here if number in known]
    right = [number for number in read if known[number][0]]
    for number in read:
        if not known[number][0]:
            print(f"misread: {here[number][0]}\n  (cases: {', '.join(here[number][1])}) as: {known[number][1]}")
    share = len(right) / max(1, len(read))
    print(f"{len(here)} different lines, {len(read)} read, {len(right)} of them ({100 * share:.1f} %) right")
    return 0 if share >= RIGHT and len(read) >= READ * len(here) else 1


if __name__ == "__main__":
    sys.exit(main())
