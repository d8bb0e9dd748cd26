# SPDX-License-Identifier: Apache-2.0
"""Refusals that time can explain: a subject token that is not valid yet, or no longer, by the clock of the STS."""
import re
import signal
import time

import pytest

from harness.mock import Mock, faulty  # faulty is a fixture
from harness.runs import rig  # a fixture

ENTRA = ("--client-id", "app", "--scope", "https://vault.azure.net/.default")
AWS = ("--param", "role-arn=arn:aws:iam::123456789012:role/app", "--param", "role-session-name=app")
ANTHROPIC = ("--param=federation_rule_id=fdrl_1", "--param=organization_id=o")


@pytest.fixture(scope="module")
def sts(tmp_path_factory):
    made = Mock(tmp_path_factory.mktemp("sts"), "--audience", "mock-audience")
    yield made
    made.close()


@pytest.fixture
def ask(fetch, space, faulty):
    """`fetch` from the mock STS, with a subject token that `mint` makes with these arguments."""
    space.ca_file.write_bytes((faulty.folder / "ca.pem").read_bytes())

    def run(protocol, path, *more, minted=(), **options):
        space.token_file.write_text(faulty.mint(*minted))
        return fetch(f"https://localhost:{faulty.port}{path}", *more, protocol=protocol, **options)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("protocol,path,more", [
    ("token-exchange", "/token", ["--audience", "mock-audience"]), ("openunison", "/vault/token/user", []), ("anthropic", "/v1/oauth/token", ANTHROPIC)])
def test_fetch_waits_until_the_subject_is_valid(ask, protocol, path, more):
    """This holds also for an STS that takes a subject token once: a token that was refused as not valid yet was not used."""
    started = time.monotonic()
    result = ask(protocol, path, *more, minted=["--not-before", "2s"])
    assert result.status == 0, result.err
    assert time.monotonic() - started > 1
    said = [line for line in result.err.splitlines() if 'error="early"' in line]
    assert len(said) == 1 and re.search(r"unexpected status 40[01].* \(the subject token is valid from 20\S+Z, [12] s after the STS's Date\)", said[0]), result.err


def test_fetch_ends_at_once_where_waiting_takes_too_long(ask):
    result = ask("token-exchange", "/token", "--audience", "mock-audience", minted=["--not-before", "1h"])
    assert result.status == 77 and 'error="early"' in result.err
    assert re.search(r"is valid from 20\S+Z, (1 h|59 min 59 s) after the STS's Date\)", result.err), result.err


@pytest.mark.parametrize("protocol,path,more,code", [
    ("entra", "/contoso.onmicrosoft.com/oauth2/v2.0/token", ENTRA, "invalid_client: AADSTS700024"), ("aws", "/", AWS, "ExpiredTokenException")])
def test_an_expired_subject_names_the_clocks(ask, faulty, protocol, path, more, code):
    """By the node's clock the subject token is valid for another hour, and the STS's clock is two hours ahead."""
    faulty.fault(clock_s=7200)
    result = ask(protocol, path, *more, minted=["--expires-in", "1h"], deadline="1s")
    assert result.status == 77
    assert re.search(rf"{code}.* \(the subject token expired at 20\S+Z, (1 h|59 min 59 s) before the STS's Date; the node's clock is "
                     r"(2 h|1 h 59 min) behind it\)", result.err), result.err


@pytest.mark.slow
def test_run_tries_again_when_the_subject_is_valid(rig):
    made = rig()
    made.space.write("sts-token", made.mock.mint("--not-before", "2s"))
    process = made.run()
    made.has_token()
    assert made.stop(process).status == 0


@pytest.mark.slow
def test_run_knows_that_the_nodes_clock_is_ahead(rig):
    """The STS's clock is 20 min behind the node's. A subject token that has expired for 5 min by the node's clock is sent."""
    made = rig()
    made.mock.fault(clock_s=-1200)
    made.space.write("sts-token", made.mock.mint("--not-before", "-2h", "--issued-at", "-2h"))
    process = made.run()
    made.has_token()
    made.said("ahead of the STS's clock: programs on this node may think that tokens have expired")
    made.space.write("sts-token", made.mock.mint("--not-before", "-2h", "--issued-at", "-2h", "--expires-in", "-5m"))
    process.signal(signal.SIGHUP)
    assert [entry["status"] for entry in made.asked(2)] == [200, 200]
    assert made.stop(process).status == 0
