# SPDX-License-Identifier: Apache-2.0
"""All rows."""
import rows_ends  # noqa: F401
import rows_hello  # noqa: F401
import rows_identity  # noqa: F401
import rows_messages  # noqa: F401
import rows_records  # noqa: F401
import rows_retry  # noqa: F401
import rows_right  # noqa: F401
from row import ROWS


def named():
    """The rows, with names that differ."""
    counts = {}
    for one in ROWS:
        counts[one.check] = counts.get(one.check, 0) + 1
        one.name = (one.check or "right") + (f"-{counts[one.check]}" if counts[one.check] > 1 else "")
    return ROWS
