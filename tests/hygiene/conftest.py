# SPDX-License-Identifier: Apache-2.0
"""The checks import the readers of the tables, which stand in tools/tables."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
