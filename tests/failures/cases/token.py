# SPDX-License-Identifier: Apache-2.0
"""Tokens that come back, and are not what they should be."""
import time

from case import case
from harness import tokens
from peers import JSON, http, sts

NEVER = ("emptyDir", "no such name", "NetworkPolicy", "--cacert-path")


def returns(name, token, error=None, exit_status=0, words=(), *, options=(), ok=1, never=(), gate="answer", members=(), **more):
    @case(name, gate, error, exit_status, words, ok=ok, never=(*NEVER, *never), **more)
    def _(pod):
        def answer(_):
            value = token() if callable(token) else token
            return http(200, {"access_token": value, "token_type": "Bearer"} | dict(members), headers=[JSON])
        sts(pod, answer)
        pod.set(**dict(options))


returns("ans_no_expiry_opaque", "opaque-token", fetch=["300 s|5 min", "--default-ttl|no expiry|did not say"], ok=0,
        check=["5 min|300 s|assumed|--default-ttl"], short=True)
returns("ans_jwt_without_exp", lambda: tokens.jwt.encode({"iss": "x"}, tokens.KEY, algorithm="ES256"),
        fetch=["300 s|5 min", "--default-ttl|no expiry|did not say"], ok=0)
returns("ans_nbf_future", lambda: tokens.issued(nbf=int(time.time()) + 630), fetch=["10 min|600 s", "not valid|valid only from|nbf"],
        words=[], check=["not valid|valid only from|valid from"], short=True)
returns("ans_iat_future", lambda: tokens.issued(nbf=int(time.time()) + 630, iat=int(time.time()) + 630), fetch=["10 min|600 s", "clock"],
        check=["is valid", "10 min", "clock"], ok=0, gate="clock|answer")
returns("ans_already_expired", lambda: tokens.issued(-60), "lifetime", 65, ["no life left|expired", "1 min|60 s"])
returns("ans_lifetime_zero", "opaque-token", "lifetime", 65, ["0 s", "lifetime"], members={"expires_in": 0}, never=["clocks"])
returns("ans_wrong_audience", tokens.issued, "expectation", 65, ["https://vault.example", "test", "--expect-audience"],
        options={"expect_audience": "https://vault.example"}, never=["--max-lifetime"])
returns("ans_wrong_issuer", tokens.issued, "expectation", 65, ["https://sts.test/issuer", "https://corp.example"],
        options={"expect_issuer": "https://corp.example"})
returns("ans_lives_too_long", tokens.issued, "expectation", 65, ["15 min|900 s", "--max-lifetime", "5 min|300 s"], options={"max_lifetime": "5m"})
returns("ans_short_lived", lambda: tokens.issued(20), None, 0, first=["lifetime_s=20|lifetime_s=19"], ok=0)
returns("ans_echo_subject", lambda: tokens.subject(), None, 0, ok=0)
