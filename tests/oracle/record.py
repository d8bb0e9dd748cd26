#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays the cases with a program. Without options it writes recorded/, which is right for the program that old.sh builds alone.

    record.py [BINARY]              all cases; BINARY is what old.sh prints where it is left out
    record.py --compare BINARY      what differs from recorded/ and from the differences that are intended
    record.py --show BINARY NAME... recordings of some cases; * in a name stands for any text
"""
import argparse
import fnmatch
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from oracle import cases, suite  # noqa: E402,F401


def compare(binary):
    want, seen = suite.expected(suite.read(), suite.differences()), suite.without(suite.play_all(binary), suite.additions())
    bad = [name for name in {**want, **seen} if want.get(name) != seen.get(name)]
    for name in bad:
        sys.stdout.write(suite.diff(name, want.get(name, ""), seen.get(name, "")))
    print(f"{len(seen)} cases, {len(bad)} differ")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--compare", action="store_true")
    kind.add_argument("--show", action="store_true")
    parser.add_argument("binary", nargs="?")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    binary = args.binary or subprocess.run([HERE / "old.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    start = time.monotonic()
    if args.compare:
        status = compare(binary)
    elif args.show:
        names = [name for name in suite.CASES if any(fnmatch.fnmatchcase(name, pattern) for pattern in args.names)]
        for name, text in suite.play_all(binary, names).items():
            print(f"{suite.HEAD}{name}\n{text}")
        status = 0
    else:
        recordings = suite.play_all(binary)
        suite.write(recordings)
        bad = [name for name, text in recordings.items() if "CANNOT BE PLAYED" in text]
        print(f"{len(recordings)} cases recorded; cannot be played: {' '.join(bad) or 'none'}")
        status = 1 if bad else 0
    print(f"{time.monotonic() - start:.1f} s", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
