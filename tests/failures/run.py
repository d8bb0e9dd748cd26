#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Produces the failures of the table, and judges what fetch, run, check and doctor say of them. README.md of this folder has more."""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import pod  # noqa: E402
import page  # noqa: E402
from case import CASES, PARTS, check_of, judge, lacking, line_of, marks, write_marks  # noqa: E402
import cases  # noqa: E402,F401

FEW = 5     # so many failures may come from a machine that is too slow


def produce(chosen, jobs, play=pod.play):
    """What was said: {name: {"fetch": {...}, "run": {...}, "check": {...}, "doctor": {...}}}, or {name: {"broken": ...}}."""
    world = pod.World()
    work = pathlib.Path(tempfile.mkdtemp(prefix="sts-failures-"))
    work.chmod(0o755)
    said, running, waiting = {}, {}, list(chosen)
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                (work / name).mkdir()
                running[play(world, CASES[name], work / name, work / f"{name}.json")] = name
            pid, _ = os.wait()
            name = running.pop(pid, None)
            if name:
                report = work / f"{name}.json"
                said[name] = json.loads(report.read_text()) if report.exists() else {"broken": "the Pod ended without a report"}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return said


def complaints(name, answer, marked):
    if "broken" in answer:
        return [f"{name} could not be produced:\n{answer['broken']}"]
    return judge(name, lacking(CASES[name], answer), marked.get(name, {})) + page.stale(name, answer)


def show(name, answer, whole):
    lacks = lacking(CASES[name], answer)
    print(f"## {name} (gate {CASES[name].gate})")
    print(f"fetch, exit status {answer['fetch']['status']}: {line_of(answer['fetch']['err'])}")
    print(f"check, exit status {answer['check']['status']}: {check_of(answer)}")
    if whole:
        for part in PARTS:
            if part in answer:
                print(f"-- {part}:\n{answer[part]['err']}{answer[part]['out'] if 'out' in answer[part] else ''}")
    for part, clauses in lacks.items():
        print(f"  {part} must be mended so that it " + "; ".join(clauses))
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", help="names of cases; all if none is given")
    parser.add_argument("--short", action="store_true", help="only the cases of the short form")
    parser.add_argument("--jobs", type=int, default=8, help="Pods at a time")
    parser.add_argument("--show", action="store_true", help="print all that was said")
    parser.add_argument("--todo", action="store_true", help="print the answers that lack something")
    parser.add_argument("--marks", action="store_true", help="write marks.toml anew")
    parser.add_argument("--page", action="store_true", help="write docs/doctor.md anew")
    options = parser.parse_args()
    unknown = set(options.case) - set(CASES)
    if unknown:
        parser.error("there is no such case: " + ", ".join(sorted(unknown)))
    chosen = options.case or [name for name, case in CASES.items() if case.short or not options.short]
    since = time.monotonic()
    said = produce(chosen, options.jobs)
    good = [name for name in chosen if "broken" not in said[name]]
    if options.marks:
        write_marks(good, {name: lacking(CASES[name], said[name]) for name in good})
    if options.page:
        page.write({name: said[name] for name in good})
    marked = marks()
    bad = {name: wrong for name in chosen if (wrong := complaints(name, said[name], marked))}
    if 0 < len(bad) <= FEW:
        said |= produce(list(bad), 1)
        bad = {name: wrong for name in bad if (wrong := complaints(name, said[name], marked))}
    for name in chosen:
        if "broken" not in said[name] and (options.show or options.todo and lacking(CASES[name], said[name])):
            show(name, said[name], options.show)
    if gone := page.gone():
        bad["docs/doctor.md"] = ["docs/doctor.md has cases that are no more; --page removes them: " + ", ".join(gone)]
    if gone := sorted(set(marked) - set(CASES)):
        bad["marks.toml"] = ["marks.toml has cases that are no more; --marks removes them: " + ", ".join(gone)]
    for wrong in bad.values():
        print("\n".join(wrong))
    expected = sum(1 for name in chosen if name in marked)
    print(f"{expected} cases are expected to be mended; it took {time.monotonic() - since:.0f} s")
    print(f"{len(chosen) - len(bad)} passed, {len(bad)} failed")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
