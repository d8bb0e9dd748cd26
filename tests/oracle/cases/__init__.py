# SPDX-License-Identifier: Apache-2.0
"""The cases: each module adds its own to the registry in suite.py."""
from oracle.cases import help_texts, requests, usage  # noqa: F401
