#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts results, for tools/test.sh: prints "PASSED FAILED SKIPPED".

    tools/tally.py meson LOG.json     meson's testlog.json: every TAP line counts as one test
    tools/tally.py junit REPORT.xml   pytest's --junitxml
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
        # A program that is no TAP test counts once; one that failed outside its numbered tests counts as a failure as well.
        if not results and test["result"] in ("OK", "SKIP"):
            good, skip = int(test["result"] == "OK"), int(test["result"] == "SKIP")
        if not bad and test["result"] not in ("OK", "SKIP"):
            bad = 1
        passed, failed, skipped = passed + good, failed + bad, skipped + skip
    return passed, failed, skipped


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


if __name__ == "__main__":
    print(*{"meson": meson, "junit": junit}[sys.argv[1]](sys.argv[2]))
