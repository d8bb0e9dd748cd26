# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's vectors: signatures, key exchange, HKDF, HMAC and AEADs of the TLS client; all in the release, most with the sanitizers."""
import fnmatch

import fetch
import pytest
import wycheproof

# The files that are run. They are named without a look into the folder of the vectors, which may be missing.
NAMES = list(wycheproof.kept())


@pytest.fixture(scope="session", autouse=True)
def vectors():
    if not fetch.folder().is_dir():
        pytest.fail("the vectors are not there: tests/tls/wycheproof/fetch.py downloads them")


@pytest.mark.parametrize("build", ["build", "build-asan"])
@pytest.mark.parametrize("name", NAMES)
def test_verdicts(name, build):
    assert wycheproof.differences(wycheproof.judge(build), name, thin=build == "build-asan") == []


def test_counts():
    """A new release of the crate, or another expectation, shows in counts.tsv."""
    assert {name: wycheproof.count(name) for name in wycheproof.run_names()} == wycheproof.kept()


def test_every_rule_is_needed():
    run, all_names = wycheproof.run_names(), wycheproof.names()
    left = [name for name in all_names if name not in run]
    for pattern, _ in wycheproof.RUN:
        assert fnmatch.filter(run, pattern), pattern
    used = {next(i for i, (pattern, _) in enumerate(wycheproof.LEFT_OUT) if fnmatch.fnmatch(name, pattern)) for name in left}
    assert used == set(range(len(wycheproof.LEFT_OUT)))
    assert {case.unfit for name in run for case in wycheproof.cases(name)} == {None, *wycheproof.UNFIT}


def test_every_decision_is_needed():
    flags = {}
    for name in wycheproof.run_names():
        for _, test in wycheproof.vectors(name):
            if test["result"] == "acceptable":
                i = next(i for i, row in enumerate(wycheproof.DECISIONS) if fnmatch.fnmatch(name, row[0]) and row[1] in test["flags"])
                flags[i] = flags.get(i, 0) + 1
    assert set(flags) == set(range(len(wycheproof.DECISIONS)))


def test_differences_are_found(tmp_path):
    """A program that takes everything, and one that refuses everything, are not taken for ours."""
    for answer in ("taken", "refused zero"):
        judge = tmp_path / "judge"
        judge.write_text(f"#!/bin/sh\nsed 's/.*/{answer}/'\n")
        judge.chmod(0o755)
        assert wycheproof.differences(judge, "rsa_pss_2048_sha256_mgf1_32_test.json")
        assert wycheproof.differences(judge, "x25519_test.json")
