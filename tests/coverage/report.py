# SPDX-License-Identifier: Apache-2.0
"""Makes the table of tools/coverage.sh of the profiles in build-coverage/, and compares the lines that no test runs with
uncovered.toml."""
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build-coverage"
UNCOVERED = TOP / "tests/coverage/uncovered.toml"
LIMITS = {"lines": 98.0, "branches": 93.0}
# Each line of these folders runs: no row describes one that does not.
WHOLE = ("lib/tls/", "lib/trust/")


def tool(name):
    """The LLVM of the compiler."""
    return shutil.which(f"{name}-14") or name


def exported(program):
    """What llvm-cov says of each file of lib/ and sidecar/ in this program."""
    done = subprocess.run([tool("llvm-cov"), "export", BUILD / program, f"-instr-profile={BUILD / 'merged.profdata'}"],
                          check=True, capture_output=True)
    for file in json.loads(done.stdout)["data"][0]["files"]:
        name = os.path.relpath(os.path.normpath(BUILD / file["filename"]), TOP)
        if name.startswith(("lib/", "sidecar/")):
            yield name, file


@dataclass
class Counts:
    """What ran of a file: a line and the count of each of its ways. A branch has its place, its count and that of the other way."""
    lines: dict
    branches: dict

    def add(self, file):
        for line, count in counted_lines(file["segments"]):
            self.lines[line] = self.lines.get(line, 0) + count
        for *place, taken, not_taken, _, _, _ in file["branches"]:
            before = self.branches.get(tuple(place), (0, 0))
            self.branches[tuple(place)] = (before[0] + taken, before[1] + not_taken)

    def figures(self):
        return {"lines": (sum(count > 0 for count in self.lines.values()), len(self.lines)),
                "branches": (sum((taken > 0) + (other > 0) for taken, other in self.branches.values()), 2 * len(self.branches))}


def all_files():
    """The program has all files. lib/tls is compiled once more, with the switches of its tests, so what either of the two has run counts."""
    profiles = sorted((BUILD / "profiles").glob("*.profraw"))
    if not profiles:
        raise SystemExit("tools/coverage.sh: nothing is counted yet")
    # A process that was killed as it began has left a profile that cannot be read.
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "-failure-mode=all", *profiles, "-o", BUILD / "merged.profdata"],
                   check=True, stderr=subprocess.DEVNULL)
    files = defaultdict(lambda: Counts({}, {}))
    for name, file in exported("sts-sidecar"):
        files[name].add(file)
    for name, file in exported("tests/bogo-shim"):
        if name.startswith("lib/tls/"):
            files[name].add(file)
    # A condition that is constant for the compiler has no count for either way.
    for name, counts in files.items():
        source = (TOP / name).read_text().splitlines()
        counts.branches = {place: ways for place, ways in counts.branches.items() if ways != (0, 0) or not is_constant(source, *place)}
    return files


def is_constant(source, first, column, last, end):
    return first == last and re.fullmatch(r"0|1|true|false|!?STS_[A-Z_]+", source[first - 1][column - 1:end - 1]) is not None


def counted_lines(segments):
    """The lines that were compiled, and how often each ran, as llvm-cov judges a line: by the count that it begins with, and by those
    of the regions that begin in it. A line that lies in a gap between two regions is the rest of the statement before it."""
    by_line = defaultdict(list)
    for segment in segments:
        by_line[segment[0]].append(segment)
    wrapped = None
    for line in range(1, max(by_line, default=0) + 1):
        here = by_line.get(line, [])
        begin = [count for _, _, count, has_count, is_entry, is_gap in here if has_count and is_entry and not is_gap]
        skipped = here and not here[0][3] and here[0][4]
        if not skipped and ((wrapped and wrapped[3] and not wrapped[5]) or begin):
            yield line, max([wrapped[2] if wrapped and wrapped[3] else 0, *begin])
        if here:
            wrapped = here[-1]


def functions(source):
    """The name of the function that each line is in."""
    name, names = "", []
    for line in source:
        if match := re.match(r"[A-Za-z_][^=;]*?(\w+)\(", re.sub(r"__attribute__\(\(.*?\)\) ", "", line)):
            name = match[1]
        names.append(name)
        if line == "}":
            name = ""
    return names


def missed(files):
    """(file, function, text) of each line that no test runs, with its number."""
    for name, counts in sorted(files.items()):
        source = (TOP / name).read_text().splitlines()
        inside = functions(source)
        for line in sorted(line for line, count in counts.lines.items() if count == 0):
            text = source[line - 1].strip()
            # A brace and a comment belong to the lines around them, and a macro to where it is used.
            if re.search(r"\w", text) and not re.match(r"#|/?\*", text):
                yield (name, inside[line - 1], text), line


def compare(files):
    """Errors: a line that is not described, and a description of a line that runs."""
    described = {}
    for row in tomllib.loads(UNCOVERED.read_text()).get("uncovered", []):
        if not set(row) - {"sometimes"} == {"file", "function", "lines", "reason"} or not row["reason"].strip():
            raise SystemExit(f"tests/coverage/uncovered.toml: a row lacks a key, or has one that is not known: {row}")
        if row["file"].startswith(WHOLE):
            raise SystemExit(f"tests/coverage/uncovered.toml: each line of {row['file']} has to run")
        for text in row["lines"]:
            described[row["file"], row["function"], text] = row.get("sometimes", False)
    errors, found = [], set()
    for key, line in missed(files):
        found.add(key)
        if key not in described:
            errors.append(f"{key[0]}:{line}: no test runs this line of {key[1]}(): {key[2]}")
    return errors + [f"tests/coverage/uncovered.toml: {name}, {function}(): a test runs this line, or it is not there: {text}"
                     for (name, function, text), sometimes in described.items() if not sometimes and (name, function, text) not in found]


def table(files):
    """The rows of the table, with the errors in it."""
    sums = defaultdict(lambda: {"lines": [0, 0], "branches": [0, 0]})
    for name, counts in files.items():
        for folder in (os.path.dirname(name), name.split("/")[0] + " together"):
            for kind, (ran, count) in counts.figures().items():
                sums[folder][kind][0] += ran
                sums[folder][kind][1] += count
    errors = []
    print(f"{'folder':28}{'lines':>16}{'%':>8}{'branches':>16}{'%':>8}")
    for folder, kinds in sorted(sums.items()):
        row = f"{folder:28}"
        for kind, (covered, count) in kinds.items():
            percent = 100 * covered / count if count else 100
            row += f"{f'{covered}/{count}':>16}{percent:8.2f}"
            if percent < LIMITS[kind]:
                errors.append(f"{folder}: {percent:.2f} % of the {kind} run, and {LIMITS[kind]:.0f} % should")
        print(row)
    return errors


def main():
    files = all_files()
    with open(BUILD / "uncovered.txt", "w") as out:
        for (name, function, text), line in missed(files):
            print(f"{name}:{line}: {function}: {text}", file=out)
    errors = table(files) + compare(files)
    print(*errors, sep="\n", end="\n" if errors else "")
    print(f"{len(errors)} findings" if errors else "The limits hold, and tests/coverage/uncovered.toml describes every line that no test runs.")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
