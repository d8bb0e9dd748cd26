# SPDX-License-Identifier: Apache-2.0
"""The oracle: what a user saw of the program at the commit in COMMIT, recorded case by case, and the comparison that later ones must pass.

    old.sh             builds that program
    record.py          writes recorded/, or shows how another program differs
    recorded/GROUP.txt what was seen; one section for each case
    differences.toml   the differences that are intended
    cases/             what is done in each case
    scene.py           what a case has: a folder, servers, and the recording that it makes
    masks.py           what may differ from run to run
    suite.py           the registry of cases, and the files
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
# The source of the error codes that the recordings must reach.
ERRORS = TOP / "lib/base/errors.toml"

sys.path[:0] = [str(TOP / "tests/e2e"), str(TOP / "tests/trust"), str(TOP / "tools")]
os.environ.setdefault("STS_SIDECAR", str(TOP / "build/sts-sidecar"))
