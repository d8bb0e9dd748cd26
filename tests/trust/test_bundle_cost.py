# SPDX-License-Identifier: Apache-2.0
"""tests/bench/bundle.py: a full bundle costs little more than one CA file."""
import subprocess
import sys

import chains


def test_a_full_bundle_is_within_its_budget():
    """Best of three: another process may take the processor at any moment."""
    said = ""
    for _ in range(3):
        run = subprocess.run([sys.executable, "-B", chains.TOP / "tests/bench/bundle.py", "--pairs", "40"], capture_output=True, text=True,
                             timeout=60)
        if run.returncode == 0:
            return
        said += run.stdout + run.stderr
    raise AssertionError(said)
