# SPDX-License-Identifier: Apache-2.0
"""Requests that would say two things, or lead elsewhere."""
import pytest

from harness.answers import opaque

CUSTOM = {"protocol": "custom"}


@pytest.mark.parametrize("more", [["--subject-in=header:Accept"], ["--subject-in=header:content-type"], ["--subject-in=header:User-Agent"],
                                  ["--subject-in=field:client_id", "--client-id=app"], ["--subject-in=pointer:/client_id", "--client-id=app"]])
def test_no_field_goes_out_twice(more, fetch, serve, space):
    server = serve(opaque())
    run = fetch(server.url("/"), *more, **CUSTOM)
    assert run.status == 64 and not server.connections, run.err


SECRET = "zq1/xw2+vK3=uT4-rS5_pN6"


def test_a_client_secret_never_stands_in_a_url(fetch, serve, space):
    server = serve(opaque())
    secret = space.write("secret", SECRET)
    run = fetch(server.url("/"), "--method=GET", "--client-id=app", f"--client-secret-file={secret}", "--client-auth=post", **CUSTOM)
    assert run.status == 64 and not server.connections, run.err


@pytest.mark.parametrize("mount, path", [("/jwt", "/v1/auth/jwt/login"), ("//a/b//", "/v1/auth/a/b/login"), (".", None), ("/", None), ("./.", None),
                                         ("../sys", None), ("%2e%2e", None), ("jwt?x=", None), ("jwt#", None), ("a@b", None)])
def test_a_mount_stays_in_its_place(mount, path, sidecar):
    run = sidecar.run("fetch", "--dry-run", "--protocol=vault", "--param=address=https://v.example", f"--param=mount={mount}")
    assert run.status == (0 if path else 64), run.err
    assert not path or run.out.startswith(f"POST {path} HTTP/1.1\r\nHost: v.example\r\n".encode())


@pytest.mark.parametrize("value", ["https://a.example@b.example", "https://b.example/?", "https://b.example#", "http://b.example", "https:b.example",
                                   "//b.example", "b.example", "https://", "https:////", "https://b.example:0", "https://b.example\\@c", "https://b\n.example"])
@pytest.mark.parametrize("protocol, variable", [("entra", "AZURE_AUTHORITY_HOST"), ("vault", "VAULT_ADDR")])
def test_a_variable_with_half_a_url_is_no_url(protocol, variable, value, sidecar):
    run = sidecar.run("fetch", "--dry-run", f"--protocol={protocol}", *(["--param=tenant=t", "--client-id=c", "--scope=a/.default"]
                                                                        if protocol == "entra" else []), env={variable: value})
    assert run.status == 64 and len(run.lines) == 1, run.err
