#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Counts the results in a report of tests, for tools/test.sh, and prints "PASSED FAILED SKIPPED".

    tools/tally.py meson LOG.json     the testlog.json of meson; every line of TAP is one test
    tools/tally.py junit REPORT.xml   the report that pytest writes with --junitxml

tools/tally.py failed LOG.json prints the programs of the testlog.json that have failed, each on a line.
"""
import json
import re
import sys
import xml.etree.ElementTree as xml

TAP_LINE = re.compile(r"^(ok|not ok)\b(?:.*(# SKIP))?", re.IGNORECASE | re.MULTILINE)


def meson(path):
    passed = failed = skipped = 0
    for line in open(path, encoding="utf-8"):
        test = json.loads(line)
        results = TAP_LINE.findall(test.get("stdout") or "")
        bad = sum(word.lower() == "not ok" for word, _ in results)
        skip = sum(bool(mark) for _, mark in results)
        good = len(results) - bad - skip
        # A program without lines of TAP is one test. A program that failed outside its numbered tests is one more failure.
        if not results and test["result"] in ("OK", "SKIP"):
            good, skip = int(test["result"] == "OK"), int(test["result"] == "SKIP")
        if not bad and test["result"] not in ("OK", "SKIP"):
            bad = 1
        passed, failed, skipped = passed + good, failed + bad, skipped + skip
    return passed, failed, skipped


def failed(path):
    """The names by which `meson test` runs them."""
    tests = map(json.loads, open(path, encoding="utf-8"))
    return [test["name"].rpartition(" / ")[2] for test in tests if test["result"] not in ("OK", "SKIP")]


def junit(path):
    passed = failed = skipped = 0
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


KINDS = {"meson": meson, "junit": junit}


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if len(arguments) == 2 and arguments[0] == "failed":
        print(*failed(arguments[1]), sep="\n")
        return 0
    if len(arguments) != 2 or arguments[0] not in KINDS:
        print("usage: tools/tally.py meson LOG.json | junit REPORT.xml | failed LOG.json", file=sys.stderr)
        return 64
    print(*KINDS[arguments[0]](arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
