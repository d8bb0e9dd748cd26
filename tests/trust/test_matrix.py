# SPDX-License-Identifier: Apache-2.0
"""Every chain of tests/certs/verdicts.h, over TLS 1.2 and 1.3, to the program, and to openssl verify. Where the two differ, docs/trust.md says
why: the table there has just these cases."""
import re
import ssl

import chains
import openssl
import pytest

DOCS = chains.TOP / "docs/trust.md"
CASES = chains.cases()
# A server that sends no certificate, or an empty one, never gets as far as the verifier: test_errors.py has both.
NOW_CASES = [case for case in CASES if case.chain and case.chain[0] != "bad-empty" and not case.second_matters]
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
disagreements = {}
served = {}


DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def check(case, verdict):
    assert verdict.code == case.code, verdict.message
    # Dates and the bundle's path are others here than in the unit tests.
    said = re.sub(r"\S*/anchors\.pem", "test-ca.pem", DATE.sub("DATE", verdict.message))
    assert DATE.sub("DATE", case.says or "") in said
    assert verdict.asked == (case.code == "ok"), "a server that is refused sees no request"


def test_there_are_enough_cases():
    assert len(NOW_CASES) >= 120
    assert {case.code for case in NOW_CASES} >= {name for code, name in chains.code_names().items() if code.startswith("STS_ECERT_")}
    assert len({case.code for case in NOW_CASES if case.code == "ok"}) > 0


@VERSIONS
@pytest.mark.parametrize("case", NOW_CASES, ids=lambda case: case.label)
def test_case(case, version, stand):
    other = openssl.start(case, stand.folder)
    verdict = stand.judge(case.chain, case.anchors, case.host, version=version)
    served.setdefault((version, verdict.served_by), []).append(case)
    accepts, why = openssl.finish(other)
    if accepts != (case.code == "ok"):
        disagreements[case.label] = (case.code, "OK" if accepts else why)
    check(case, verdict)


@VERSIONS
@pytest.mark.parametrize("case", [case for case in CASES if case.second_matters], ids=lambda case: case.label)
def test_case_at_a_fixed_time(case, version, timed):
    verdict = timed.judge(case.chain, case.anchors, case.host, env={"STS_TEST_TIME": chains.NOW + case.offset_s}, version=version)
    check(case, verdict)


def documented():
    """The rows of the table in docs/trust.md: label -> (ours, OpenSSL's)."""
    found = {}
    for line in DOCS.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and re.fullmatch(r"`.* < .*`", cells[0]):
            found[cells[0].strip("`")] = (cells[1], cells[2])
    return found


@pytest.mark.skipif(not openssl.version().startswith("OpenSSL 3.0."), reason="the table is about OpenSSL 3.0")
def test_disagreements_with_openssl_are_explained():
    if sum(map(len, served.values())) != 2 * len(NOW_CASES):
        pytest.skip("not all cases were run")
    assert disagreements == documented()


@VERSIONS
def test_most_chains_are_served_by_openssl(version):
    if sum(map(len, served.values())) != 2 * len(NOW_CASES):
        pytest.skip("not all cases were run")
    assert len(served[version, "OpenSSL"]) >= 300
    assert len(served[version, "ours"]) <= 60
