# SPDX-License-Identifier: Apache-2.0
"""The clock: certificates that begin and end while the release binary looks on, and the fixed time that only test builds have."""
import time

import chains
import pytest
from harness.sidecar import TOP

make = chains.make_certs
WAIT_S = 6
PATIENCE_S = 30


def test_the_release_does_not_know_the_name():
    assert b"STS_TEST_TIME" not in (TOP / "build/sts-sidecar").read_bytes()


def test_the_release_does_not_heed_it(stand):
    for offset_s in (-60 * make.DAY, 60 * make.DAY):
        verdict = stand.judge(("leaf", "inter"), ("root",), "sts.example.com", env={"STS_TEST_TIME": chains.NOW + offset_s})
        assert verdict.code == "ok", verdict.message


@pytest.fixture(scope="module")
def long_lived():
    """The anchor is valid for the whole time, since an anchor that is too old or too new would be the only error that is reported."""
    anchor = make.new_ca("long-lived", None, "CN=Long lived", start=-365 * make.DAY, end=365 * make.DAY)
    make.leaf("leaf-by-long-lived", anchor)


@pytest.mark.parametrize("at,code", [(-60 * make.DAY, "cert_not_yet_valid"), (0, "ok"), (60 * make.DAY, "cert_expired")])
def test_a_test_build_does(timed, long_lived, at, code):
    verdict = timed.judge(("leaf-by-long-lived",), ("long-lived",), "sts.example.com", env={"STS_TEST_TIME": chains.NOW + at})
    assert verdict.code == code, verdict.message


@pytest.fixture(scope="module")
def moments():
    """A certificate whose time begins, or ends, in a few seconds: the server's own, an intermediate, and an anchor."""
    start_s = time.time()
    make_moments("trial", int(start_s))
    turn_s = int(time.time() + 2 * (time.time() - start_s)) + WAIT_S  # a busy machine needs longer
    make_moments("moment", turn_s)
    return turn_s


def make_moments(name, turn_s):
    day_s, turn = make.DAY, turn_s - chains.NOW
    for what, start, end in (("ends", -day_s, turn), ("begins", turn, day_s)):
        make.leaf(f"{name}-leaf-{what}", make.inter, start=start, end=end)
        middle = make.new_ca(f"{name}-inter-{what}", make.root, f"CN=Inter {what}", start=start, end=end)
        make.leaf(f"{name}-by-inter-{what}", middle)
        anchor = make.new_ca(f"{name}-root-{what}", None, f"CN=Root {what}", start=start, end=end)
        make.leaf(f"{name}-by-root-{what}", anchor)


CHAINS = {
    "leaf": (("moment-leaf-{}", "inter"), ("root",), {"begins": "cert_not_yet_valid", "ends": "cert_expired"}),
    "intermediate": (("moment-by-inter-{}", "moment-inter-{}"), ("root",), {"begins": "cert_not_yet_valid", "ends": "cert_expired"}),
    "anchor": (("moment-by-root-{}",), ("moment-root-{}", "root"), {"begins": "cert_issuer", "ends": "cert_issuer"}),
}


def test_a_certificate_begins_and_ends_at_its_second(stand, moments):
    """RFC 5280: valid through notAfter, that second included, and from notBefore on. All of them are asked before and after."""
    seen = set()
    while time.time() < moments + 3 or (len(seen) < 12 and time.time() < moments + PATIENCE_S):
        for who, (chain, anchors, codes) in CHAINS.items():
            for what in ("begins", "ends"):
                labels = [tuple(label.format(what) for label in part) for part in (chain, anchors)]
                before_s = int(time.time())
                verdict = stand.judge(*labels, "sts.example.com")
                if int(time.time()) != before_s:
                    continue  # the second changed meanwhile
                valid = before_s >= moments if what == "begins" else before_s <= moments
                assert verdict.code == ("ok" if valid else codes[what]), f"{who} {what}, {before_s - moments} s: {verdict.message}"
                seen.add((who, what, valid))
    assert len(seen) == 12
