# SPDX-License-Identifier: Apache-2.0
"""The numbers of the unit test of the protection of records are those that vectors.py prints."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def test_the_unit_test_has_these_numbers():
    run = subprocess.run([sys.executable, HERE / "vectors.py"], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    numbers = [line.strip() for line in run.stdout.splitlines() if line.startswith(" ")]
    assert len(numbers) == 12
    unit_test = (HERE.parents[1] / "unit" / "tls" / "test_protection.c").read_text()
    assert [number for number in numbers if f'"{number}"' not in unit_test] == []
