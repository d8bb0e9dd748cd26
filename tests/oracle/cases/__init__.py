# SPDX-License-Identifier: Apache-2.0
"""The cases: each module adds its own to the registry in suite.py."""
from oracle.cases import answers, check, config, files, help_texts, network, requests, services, trust, usage  # noqa: F401
