# SPDX-License-Identifier: Apache-2.0
"""One exchange with a server whose whole answer a test gives."""
from harness.tokens import http

KiB = 1024


def exchange(fetch, serve, answer, **options):
    return fetch(serve(answer).url("/token"), protocol="token-exchange", **options)


def opaque(**more):
    return http(body={"access_token": "opaque-token"} | more)
