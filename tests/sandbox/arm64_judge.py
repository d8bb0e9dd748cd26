#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""arm64_judge.py FILE: judges what the console of arm64.sh's machine says, as test_attempts.py judges the attempts on this machine."""
import errno
import pathlib
import re
import sys

SECCOMP = {errno.EPERM, errno.ENOSYS}
LANDLOCK = {errno.EACCES, errno.EXDEV}


def main(file):
    text = pathlib.Path(file).read_text(errors="replace")
    assert "the end\n" in text, text[-3000:]
    for who in ("honest", "hostile"):
        assert f"{who}: a token\n" in text, text
    layers = re.search(r'"sandbox":"no-new-privs,seccomp,landlock-(\d+)"', text)
    assert layers, text
    abi, checked, wrong = int(layers[1]), 0, []
    for stage, name, number in re.findall(r"^(confined|connected|answered): (\S.*) (\d+)$", text, re.M):
        number = int(number)
        kind = name.partition(":")[0]
        allowed = {"inside": {0}, "log": {errno.EBADF}, "file": LANDLOCK if stage == "confined" else LANDLOCK | {errno.EPERM}, "end 0": {0}}.get(kind, SECCOMP)
        if kind == "recv" and stage != "answered" or kind in ("net", "make") and stage == "confined" or name in ("begin", "end") or (stage, name) == ("confined", "call:landlock_create_ruleset"):
            continue
        if name == "file:truncate outside" and abi < 3 or name == "file:a terminal" and number == errno.ENXIO:
            continue
        checked += 1
        if number not in allowed:
            wrong.append(f"{stage}: {name}: {errno.errorcode.get(number, number)}")
    print(f"{layers[0]}: {checked} attempts of a hostile worker on arm64, {len(wrong)} had another outcome than they should")
    for line in wrong:
        print(line)
    return 1 if wrong or checked < 400 else 0


sys.exit(main(sys.argv[1]))
