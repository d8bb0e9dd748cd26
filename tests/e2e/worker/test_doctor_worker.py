# SPDX-License-Identifier: Apache-2.0
"""The workers of `doctor`: what they report of each gate, and that they change nothing on disk."""
import os
import re
import time

import pytest

from harness import pki, tokens
from harness.doctor_worker import GATES, look
from harness.sidecar import GID, UID, needs_root
from harness.servers import free_port

NETWORK = {"name", "connect", "tls"}


def arguments(space, url, *more, **changes):
    usual = {"protocol": "openunison", "token-file": space.token_file, "output-dir": space.out, "cacert-path": space.ca_file, "url": url}
    usual |= {key.replace("_", "-"): value for key, value in changes.items()}
    return [word for key, value in usual.items() for word in (f"--{key}", value)] + list(more)


def passed(seen):
    return {name for bit, name in enumerate(GATES) if seen.findings.passed >> bit & 1}


def text(field):
    return field.decode()


def test_exchange(sidecar, serve, space, subject):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    seen = look(sidecar, "doctor", *arguments(space, server.url("/a?b=private-value")))
    found, now = seen.findings, time.time()
    assert seen.report.error == 0, seen.text
    assert len(server.requests) == 1
    assert not list(space.out.iterdir())
    assert passed(seen) == {"configuration", "subject", "output", "answer"} | NETWORK
    assert text(found.subject_path) == str(space.token_file)
    assert (found.subject_bytes, oct(found.subject_mode), found.subject_uid) == (len(subject), "0o644", os.geteuid())
    assert abs(found.subject_changed_s - now) < 100
    assert found.subject.is_jwt and found.token.is_jwt
    assert text(found.subject.iss) == "https://kubernetes.default.svc"
    assert found.subject.exp_s == tokens.expiry(subject) and found.token.exp_s == tokens.expiry(token)
    assert text(found.protocol) == "openunison" and text(found.url) == f"https://127.0.0.1:{server.port}/a"
    assert (found.found_by, found.asked, found.addresses) == (1, 0, 1)
    assert text(found.address) == f"127.0.0.1:{server.port}"
    assert text(found.name) == text(found.name_server) == text(found.proxy) == ""
    assert min(found.name_ms, found.connect_ms, found.tls_ms, found.answer_ms) >= 0
    assert found.tls_version in (0x303, 0x304) and found.certificates == 1
    assert text(found.cert_issuer) == text(found.anchor_name) == '"test CA"'
    assert text(found.anchor_file) == str(space.ca_file)
    assert "IP:127.0.0.1" in text(found.cert_hosts)
    assert 0 < found.first_end_s <= found.cert_ends_s
    assert found.answer_bytes > len(token)
    everything = bytes(found)
    assert b"private-value" not in everything and token.encode()[-40:] not in everything and subject.encode()[-40:] not in everything
