# SPDX-License-Identifier: Apache-2.0
"""The cases, by the gate that fails."""
from cases import answer, clock, connect, names, output, proxy, refusals, services, start, subject, tls, token, trust  # noqa: F401
