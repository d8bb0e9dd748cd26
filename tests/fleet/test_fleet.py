# SPDX-License-Identifier: Apache-2.0
"""The fleet's bounds hold, whatever the seed, and the docs show what the simulation says."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("STS_SIDECAR") or HERE.parents[1] / "build/sts-sidecar").resolve().parent

sys.path.insert(0, str(HERE))
import plot  # noqa: E402 (beside this file)
import run  # noqa: E402
import scale  # noqa: E402


def test_docs_show_the_figures():
    checked = subprocess.run([HERE / "run.py", "--check", "--build", BUILD], capture_output=True, text=True, timeout=300)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("seed", [2])
def test_bounds_hold_for_other_seeds(seed):
    simulated = subprocess.run([BUILD / "tests/fleet", "--seed", str(seed)], capture_output=True, text=True, timeout=300)
    assert simulated.returncode == 0, simulated.stdout


def test_other_figures_are_another_page_and_picture():
    page = run.PAGE.read_text()
    assert run.with_table(page, "| other |\n") != page
    flat = [100] * (plot.HOURS * 3600 // plot.BUCKET_S)
    assert plot.picture(flat, flat) != plot.picture(flat, [*flat[:-1], 400])


def test_scale_shows_the_figures():
    checked = subprocess.run([HERE / "scale.py", "--check", "--build", BUILD], capture_output=True, text=True, timeout=300)
    assert checked.returncode == 0, checked.stderr


def test_other_figures_are_another_page_of_scale():
    page, program = scale.PAGE.read_text(), BUILD / "tests/scale"
    rest, outage = scale.blocks(program, [100, 10_000])
    assert not scale.compare(page, "rest", rest) and not scale.compare(page, "outage", outage)
    assert len(rest[10_000]) == 2 and len(outage[10_000]) == 6
    for pods, columns in ((100, 1), (10_000, 1), (10_000, 2)):
        rows = {key: [list(row) for row in value] for key, value in outage.items()}
        rows[pods][0][columns] = "12,345"
        assert scale.compare(page, "outage", rows)
    big = next(line for line in page.splitlines() if line.startswith("| 1,000,000; life of 1 h |"))
    assert scale.compare(page.replace(big, big.replace(f"| {big.split(' | ')[1]} |", "| 1.0 |")), "rest", rest)
