# SPDX-License-Identifier: Apache-2.0
"""The short form of p256.py, in the release and with the sanitizers."""
import p256
import pytest


@pytest.mark.parametrize("build", ["build", "build-asan"])
@pytest.mark.parametrize("kind", p256.KINDS)
def test_as_openssl(kind, build):
    found, taken = p256.differences(p256.TOP / build / "tests/wycheproof-judge", kind, 3000 if kind == "arithmetic" else 300, "short")
    assert found == []
    assert (taken == 0) == (kind in p256.REFUSED)
