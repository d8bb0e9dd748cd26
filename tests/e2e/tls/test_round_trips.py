# SPDX-License-Identifier: Apache-2.0
"""How often an exchange waits for the STS, counted by a relay: once for TLS 1.3 and once for the answer, and once more with TLS 1.2. Go's net/http waits
as often (docs/benchmarks.md)."""
import importlib.util
import pathlib
import ssl

import pytest

from harness import tokens
from harness.runs import USER

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench/tls.py"


def relay():
    spec = importlib.util.spec_from_file_location("bench_tls", BENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Relay()


@pytest.mark.parametrize("version, count", [(ssl.TLSVersion.TLSv1_2, 3), (ssl.TLSVersion.TLSv1_3, 2)], ids=["1.2", "1.3"])
def test_round_trips(version, count, serve, fetch):
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None), lowest=version, highest=version)
    between = relay()
    between.to, between.delay_s = int(server.url("").rsplit(":", 1)[1].strip("/")), 0.02
    run = fetch(server.url(USER).replace(f":{between.to}/", f":{between.port}/"))
    assert run.status == 0, run.err
    assert between.round_trips == count
