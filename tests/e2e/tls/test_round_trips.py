# SPDX-License-Identifier: Apache-2.0
"""How often an exchange waits for the STS, counted by a relay: once for TLS 1.3 and once for the answer, and once more with TLS 1.2. Go's net/http waits
as often (docs/benchmarks.md). And how often it sends: what waits for nothing goes in one piece."""
import importlib.util
import pathlib
import ssl

import pytest

from harness import tokens
from harness.runs import USER
from harness.sidecar import can_trace, traced

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


@pytest.mark.skipif(not can_trace(), reason="needs root, strace and the release binary")
@pytest.mark.parametrize("version, count", [(ssl.TLSVersion.TLSv1_2, 4), (ssl.TLSVersion.TLSv1_3, 3)], ids=["1.2", "1.3"])
def test_sends(version, count, serve, sidecar, space):
    """ClientHello; the rest of the handshake, which TLS 1.3 sends with the request; the request; close_notify."""
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None), lowest=version, highest=version)
    trace = space.folder / "trace"
    run = sidecar.run("fetch", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file, "--output-dir", space.out,
                      "--cacert-path", space.ca_file, prefix=traced(trace, "-e", "trace=sendto"), uid=0, gid=0)
    assert run.status == 0, run.err
    sent = [line for line in trace.read_text().splitlines() if " sendto(" in line and "= -1" not in line]
    assert len(sent) == count, sent
