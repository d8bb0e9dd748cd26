# SPDX-License-Identifier: Apache-2.0
"""The workers of `doctor`: what they report of each gate, and that they change nothing on disk."""
from harness import tokens
from harness.doctor_worker import look


def arguments(space, url, **more):
    usual = {"protocol": "openunison", "token-file": space.token_file, "output-dir": space.out, "cacert-path": space.ca_file, "url": url}
    return [word for key, value in (usual | more).items() for word in (f"--{key}", value)]


def test_exchange(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    seen = look(sidecar, "doctor", *arguments(space, server.url()))
    assert seen.report.error == 0, seen.text
    assert len(server.requests) == 1
    assert space.snapshot() == {} and not list(space.out.iterdir())


def test_look_sends_nothing(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    seen = look(sidecar, "look", *arguments(space, server.url()))
    assert seen.report.error == 0, seen.text
    assert b"".join(server.requests) == b"" and not list(space.out.iterdir())
