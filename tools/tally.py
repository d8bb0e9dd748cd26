#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Counts the results in a report of tests, for tools/test.sh, and prints "PASSED FAILED SKIPPED".

    tools/tally.py meson LOG.json     the testlog.json of meson; every line of TAP is one test
    tools/tally.py junit REPORT.xml   the report that pytest writes with --junitxml

tools/tally.py failed LOG.json prints the programs of the testlog.json that have failed, each on a line. tools/tally.py mended FIRST.json
SECOND.json exits with 0 if all of these programs have run again, have passed, and have left out no more tests than the first time.
tools/tally.py gone FIRST.xml SECOND.xml prints how many tests have failed in the first report of pytest, and are not in the second.
"""
import json
import re
import sys
import xml.etree.ElementTree as xml

TAP_LINE = re.compile(r"^(ok|not ok)\b(?:.*(# SKIP))?", re.IGNORECASE | re.MULTILINE)
NO_TESTS = re.compile(r"^1\.\.0\b", re.MULTILINE)    # the plan of a program that leaves all its tests out
LEFT_OUT = 77   # the exit status of a program without TAP that leaves itself out


def programs(path):
    """(the name of a program, its passed, failed and skipped tests) for each line of a testlog.json."""
    for line in open(path, encoding="utf-8"):
        test = json.loads(line)
        said = test.get("stdout") or ""
        results = TAP_LINE.findall(said)
        bad = sum(word.lower() == "not ok" for word, _ in results)
        skip = sum(bool(mark) for word, mark in results if word.lower() == "ok")
        good = len(results) - bad - skip
        # A program without lines of TAP is one test. A program that failed outside its numbered tests is one more failure.
        if not results and test["result"] in ("OK", "SKIP"):
            good, skip = int(test["result"] == "OK"), int(test["result"] == "SKIP")
            # For meson a program of TAP that says nothing, or gives up, has left its tests out.
            if skip and test.get("returncode") != LEFT_OUT and not NO_TESTS.search(said):
                skip, bad = 0, 1
        if not bad and test["result"] not in ("OK", "SKIP"):
            bad = 1
        # The name by which `meson test` runs it is behind its project and suite.
        yield test["name"].rpartition(" / ")[2], (good, bad, skip)


def meson(path):
    return [sum(counts) for counts in zip((0, 0, 0), *(counts for _, counts in programs(path)))]


def failed(path):
    return [name for name, (_, bad, _) in programs(path) if bad]


def mended(first, second):
    """Has every program with a failure in the first report run again in the second, without a failure, and without leaving out more tests?"""
    before, after = dict(programs(first)), dict(programs(second))
    return all(name in after and after[name][1] == 0 and after[name][2] <= before[name][2] for name in failed(first))


def cases(path):
    """(the name of a test, its counts) for each test of a report of pytest."""
    for case in xml.parse(path).getroot().iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        skip = not bad and case.find("skipped") is not None
        yield (case.get("classname"), case.get("name")), (int(not bad and not skip), int(bad), int(skip))


def junit(path):
    return [sum(counts) for counts in zip((0, 0, 0), *(counts for _, counts in cases(path)))]


def gone(first, second):
    """The tests that have failed in the first report of pytest, and are not in the second."""
    return {name for name, (_, bad, _) in cases(first) if bad} - {name for name, _ in cases(second)}


KINDS = {"meson": meson, "junit": junit}


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if len(arguments) == 2 and arguments[0] == "failed":
        print(*failed(arguments[1]), sep="\n")
        return 0
    if len(arguments) == 3 and arguments[0] == "mended":
        return 0 if mended(*arguments[1:]) else 1
    if len(arguments) == 3 and arguments[0] == "gone":
        print(len(gone(*arguments[1:])))
        return 0
    if len(arguments) != 2 or arguments[0] not in KINDS:
        print("usage: tools/tally.py meson LOG.json | junit REPORT.xml | failed LOG.json | mended FIRST.json SECOND.json | gone FIRST.xml SECOND.xml",
              file=sys.stderr)
        return 64
    print(*KINDS[arguments[0]](arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
