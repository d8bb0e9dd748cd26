# SPDX-License-Identifier: Apache-2.0
from harness.fixtures import ca, fetch, folder, identity, limit, mount, serve, sidecar, space, subject  # noqa: F401
