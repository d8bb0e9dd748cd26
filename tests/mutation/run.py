#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes the program in small ways and counts the changes that no test notices.

    tests/mutation/run.py verifier store          # all mutants of these sets (sets.toml)
    tests/mutation/run.py --sample 200 --seed 7 rest
    tests/mutation/run.py lib/net/url.c:270       # the mutants of one file, or of one line
    tests/mutation/run.py --again FILE.json       # what survived in a former run

A mutant is killed if a unit test that enters its function fails, ends by a signal or takes too long. What survives is compiled with optimisation: if the
machine code is that of the unchanged source, the mutant is equivalent. With --sanitizers the rest is tried once more: they see what reads or writes out of
bounds. equivalent.toml lists the mutants that change nothing, each with the reason. --equivalent shows that no unit test notices them; only where the
machine code is the same is that a proof, elsewhere it is the reason that counts.

In the sets of sets.toml a mutant whose function no unit test enters has survived. In all other files it is not judged and not part of the percentage
(column "not entered"): end-to-end tests run these functions, and tools/coverage.sh shows that they do.

With --end-to-end SECONDS, the end-to-end tests that enter its function judge each mutant that has survived or is not entered (endtoend.py), for so many
seconds at most. If they have not all run by then, and none has noticed the mutant, it counts as not run.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import queue
import random
import sys
import threading
import time
import tomllib

import endtoend
import mutants
import workcopy
from workcopy import TOP, Failed

HERE = pathlib.Path(__file__).resolve().parent


def read_sets():
    with open(HERE / "sets.toml", "rb") as file:
        return tomllib.load(file)


def files_of(name, sets):
    """The sources of a set; rest is what no set has."""
    if name == "rest":
        named = {path for other in sets for path in files_of(other, sets)}
        found = {str(path.relative_to(TOP)) for folder in ("lib", "sidecar") for path in (TOP / folder).rglob("*.c")}
        return sorted(found - named)
    found = sorted(str(path.relative_to(TOP)) for pattern in sets[name]["files"] for path in TOP.glob(pattern))
    if not found:
        raise Failed(f"sets.toml: {name} has no files")
    return found


def chosen(arguments, sets):
    """The mutants of the sets, files and lines that are named."""
    found = []
    for what in arguments.what:
        path, _, line = what.partition(":")
        for name in files_of(what, sets) if what in sets or what == "rest" else [path]:
            if not (TOP / name).is_file():
                raise Failed(f"{what} is neither a set nor a source")
            made = mutants.mutants_of(name, (TOP / name).read_text())
            found += [mutant for mutant in made if not line or mutant.line == int(line)]
    if arguments.again:
        rows = json.loads(pathlib.Path(arguments.again).read_text())["mutants"]
        former = {(row["path"], row["before"], row["after"]) for row in rows if row["result"] in ("survived", "not run")}
        for name in sorted({path for path, _, _ in former}):
            found += [mutant for mutant in mutants.mutants_of(name, (TOP / name).read_text()) if (mutant.path, mutant.before, mutant.after) in former]
    if arguments.sample and arguments.sample < len(found):
        found = sorted(random.Random(arguments.seed).sample(found, arguments.sample), key=lambda mutant: (mutant.path, mutant.start, mutant.new))
    return found


def read_equivalent():
    """The reasons of the mutants that change nothing. A row that matches no mutant any more is an error."""
    with open(HERE / "equivalent.toml", "rb") as file:
        rows = tomllib.load(file).get("mutant", [])
    made, reasons = {}, {}
    for row in rows:
        path = row["file"]
        if path not in made and (TOP / path).is_file():
            made[path] = {(mutant.before, mutant.after) for mutant in mutants.mutants_of(path, (TOP / path).read_text())}
        if (row["line"], row["mutant"]) not in made.get(path, ()):
            raise Failed(f"equivalent.toml: {path} has no mutant \"{row['line']}\" -> \"{row['mutant']}\"")
        if len(row["reason"]) < 10 or (path, row["line"], row["mutant"]) in reasons:
            raise Failed(f"equivalent.toml: {path}: \"{row['mutant']}\" stands there twice or without a reason")
        reasons[path, row["line"], row["mutant"]] = row["reason"]
    return reasons


class Judge:
    """Finds out what becomes of each mutant."""

    def __init__(self, copy, arguments, strict):
        self.copy, self.arguments = copy, arguments
        self.strict = strict  # the files of the sets
        self.plain, self.sanitized = copy.build("plain"), None
        self.measured = self.plain.measure(arguments.jobs)
        self.end_to_end = endtoend.EndToEnd(copy, self.plain, arguments) if arguments.end_to_end else None
        self.entered = collections.defaultdict(list)  # of a source: pairs of function and test
        for test, facts in self.measured.items():
            for path, function in facts["entered"]:
                self.entered[path].append((function, test))
        self.jobs = queue.SimpleQueue()
        for i in range(arguments.jobs):
            folder = copy.folder / f"job{i}"
            folder.mkdir(exist_ok=True)
            self.jobs.put(folder)
        self.originals = {}
        self.lock = threading.Lock()
        self.until = time.monotonic() + arguments.seconds

    def tests_of(self, mutant):
        """The tests that enter its function, or for what is outside of functions, its file; first the module's own, then the quick ones."""
        tests = {test for function, test in self.entered[mutant.path] if mutant.function in ("", function)}
        own = pathlib.Path(mutant.path)
        functions = collections.Counter(test for _, test in self.entered[mutant.path])

        def rank(test):
            folder, _, name = test.partition("/")
            return (folder != own.parent.name, not name.startswith(own.stem), -functions[test], self.measured[test]["seconds"], test)
        return sorted(tests, key=rank)

    def judge(self, mutant):
        if time.monotonic() > self.until:
            return "not run", ""
        job = self.jobs.get()
        try:
            result = self.by_units(mutant, job)
            if self.end_to_end and result[0] in ("survived", "not entered"):
                return self.by_whole_program(mutant, job)
            return result
        finally:
            self.jobs.put(job)

    def by_units(self, mutant, job):
        tests = self.tests_of(mutant)
        if not tests and mutant.path not in self.strict:
            return "not entered", "no unit test enters it"
        if self.arguments.equivalent and self.same_code(mutant, job):
            return "same code", ""
        result = self.with_build(self.plain, mutant, job, tests)
        if result[0] == "survived" and self.same_code(mutant, job):
            return "same code", ""
        if result[0] == "survived" and tests and self.arguments.sanitizers:
            with self.lock:
                self.sanitized = self.sanitized or self.copy.build("sanitized")
                timed = self.sanitized.timings or self.sanitized.measure(self.arguments.jobs)
            result = self.with_build(self.sanitized, mutant, job, [test for test in tests if test in timed][:self.arguments.sanitized_tests])
        return result if tests or result[0] != "survived" else ("survived", "no unit test enters it")

    def by_whole_program(self, mutant, job):
        if mutant.path not in self.plain.compiles:
            return "not entered", "the release alone has this file"
        (job / pathlib.Path(mutant.path).name).write_text(mutant.applied(self.source(mutant)))
        objects = {}
        try:
            program = self.plain.link(mutant.path, "sts-sidecar", job, objects, endtoend.LINKED)
        except Failed:
            if None in objects.values():
                return "not compiled", ""
            raise
        if self.same_code(mutant, job):
            return "same code", ""
        return self.end_to_end.judge(mutant, program, job)

    def source(self, mutant):
        """From the work copy: the tree may change while the tool runs."""
        return (self.copy.sources / mutant.path).read_text()

    def with_build(self, build, mutant, job, tests):
        text = mutant.applied(self.source(mutant))
        (job / pathlib.Path(mutant.path).name).write_text(text)
        if not tests:
            return ("survived", "") if build.compile(mutant.path, text, job, "") else ("not compiled", "")
        objects = {}
        for test in tests:
            try:
                program = build.link(mutant.path, build.programs[test], job, objects)
            except (Failed, OSError, workcopy.subprocess.SubprocessError):
                if None in objects.values():
                    return "not compiled", ""
                raise
            if not program:
                continue
            result = build.outcome(program, workcopy.GRACE_S + 6 * build.timings[test]["seconds"], self.arguments.patience)
            if result != "passed":
                return ("killed" if result == "failed" else "timed out"), test
        return "survived", ""

    def same_code(self, mutant, job):
        """Whether the compiler makes the same of the mutant and of the source. What the object says of its own path is the same, too."""
        def code(text):
            made = self.plain.compile(mutant.path, text, job, "", ("-O2", "-DNDEBUG"))
            return made and made.read_bytes()
        original = code(self.source(mutant))
        return original is not None and original == code(mutant.applied(self.source(mutant)))


def judged(judge, found, reasons, arguments):
    rows, began = [], time.monotonic()

    def one(mutant):
        reason = reasons.get((mutant.path, mutant.before, mutant.after))
        if reason and not arguments.equivalent:
            return mutant, "equivalent", reason
        return mutant, *judge.judge(mutant)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for done, (mutant, result, by) in enumerate(pool.map(one, found), 1):
            rows.append({"path": mutant.path, "line": mutant.line, "operator": mutant.operator, "before": mutant.before, "after": mutant.after,
                         "result": result, "by": by})
            if result == "survived" and arguments.verbose:
                print(f"{mutant.name()}  {by}", flush=True)
            if done % 100 == 0:
                print(f"-- {done} of {len(found)} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            if arguments.json and (done % 50 == 0 or done == len(found)):
                write_json(arguments, rows)
    return rows


def write_json(arguments, rows):
    text = json.dumps({"seed": arguments.seed, "sample": arguments.sample, "what": arguments.what, "mutants": rows}, indent=1) + "\n"
    workcopy.write_whole(pathlib.Path(arguments.json), text)


def noticed(counts):
    """Of those that can be noticed."""
    killed = counts["killed"] + counts["timed out"] + counts["end to end"]
    return killed, killed + counts["survived"]


def report(rows, arguments):
    print(f"{'file':44} {'mutants':>8} {'killed':>7} {'too slow':>8} {'end to end':>10} {'survived':>8} {'same code':>9} "
          f"{'equivalent':>10} {'not compiled':>12} {'not entered':>11} {'noticed':>8}")
    total = collections.Counter()
    for path in sorted({row["path"] for row in rows}):
        counts = collections.Counter(row["result"] for row in rows if row["path"] == path)
        total.update(counts)
        print_row(path, counts)
    print_row("together", total)
    if total["not run"]:
        print(f"{total['not run']} mutants were not tried: the time was over")
    if not arguments.verbose:
        for row in rows:
            if row["result"] == "survived":
                print(f"{row['path']}:{row['line']}: {row['operator']}: {row['before']}\n    -> {row['after']}" + (f"   ({row['by']})" if row["by"] else ""))
    if arguments.equivalent:
        for row in rows:
            if row["result"] in ("killed", "timed out", "end to end"):
                print(f"not equivalent: {row['path']}:{row['line']}: {row['after']}")
    return total


def print_row(name, counts):
    killed, of = noticed(counts)
    print(f"{name:44} {sum(counts.values()):8} {counts['killed']:7} {counts['timed out']:8} {counts['end to end']:10} {counts['survived']:8} {counts['same code']:9} "
          f"{counts['equivalent']:10} {counts['not compiled']:12} {counts['not entered']:11} {100 * killed / of if of else 100:7.1f}%")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="a set of sets.toml, rest, a source, or SOURCE:LINE")
    parser.add_argument("--sample", type=int, help="that many mutants, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", metavar="FILE", help="what survived in the run that wrote FILE")
    parser.add_argument("--json", metavar="FILE", help="write the result of each mutant")
    parser.add_argument("--work", default="~/.cache/sts-sidecar-mutation", help="the folder of the work copy")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--patience", type=float, default=1, help="on a busy machine: let tests take that many times as long before a mutant is too slow")
    parser.add_argument("--seconds", type=int, default=7200, help="no mutant is begun later")
    parser.add_argument("--least", type=float, default=0, help="fail if less than this percentage is noticed")
    parser.add_argument("--end-to-end", type=int, metavar="SECONDS", help="the end-to-end tests judge what no unit test notices, in so many seconds for each")
    parser.add_argument("--sanitizers", action="store_true", help="try survivors once more with sanitizers, which have a build of their own")
    parser.add_argument("--sanitized-tests", type=int, default=8, help="that many tests with sanitizers, at most")
    parser.add_argument("--equivalent", action="store_true", help="only try what equivalent.toml lists: none may be noticed.")
    parser.add_argument("--verbose", action="store_true", help="print each survivor when it is found")
    return parser.parse_args()


def main():
    arguments = parsed()
    sets = read_sets()
    reasons = read_equivalent()
    if arguments.equivalent:
        arguments.what = sorted({path for path, _, _ in reasons})
    copy = workcopy.WorkCopy(pathlib.Path(arguments.work).expanduser())
    copy.folder.mkdir(parents=True, exist_ok=True)
    copy.update()
    found = chosen(arguments, sets)
    if arguments.equivalent:
        found = [mutant for mutant in found if (mutant.path, mutant.before, mutant.after) in reasons]
    strict = {path for name in sets for path in files_of(name, sets)}
    total = report(judged(Judge(copy, arguments, strict), found, reasons, arguments), arguments)
    killed, of = noticed(total)
    bad = 100 * killed < arguments.least * of or total["not run"] or arguments.equivalent and killed
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"tests/mutation/run.py: {error}")
