# SPDX-License-Identifier: Apache-2.0
"""The cases. Each module adds its cases to the registry in suite.py."""
from oracle.cases import (answers, check, config, files, help_texts, inspected, kept, listen, network, requests, services, trust,  # noqa: F401
                          usage)
