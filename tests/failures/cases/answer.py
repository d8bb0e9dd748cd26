# SPDX-License-Identifier: Apache-2.0
"""Answers that hold no token that can be used."""
from case import case
from harness import tokens
from harness.servers import Answer
from peers import HTML, JSON, http, sts
from pod import HOST

NEVER = ("emptyDir", "no such name", "NetworkPolicy", "--cacert-path")


def gives(name, answer, error, exit_status, words=(), *, slow=False, never=(), stall=None, gate="answer", **more):
    @case(name, gate, error, exit_status, [HOST, *words], fetch=more.pop("fetch", ()), never=(*NEVER, *never), **more)
    def _(pod):
        sts(pod, answer, stall=stall)
        if slow:
            pod.set(timeout="2s")


LOGIN = b"<html><head><title>Sign in to Corp</title></head><body><form></form></body></html>"
gives("ans_empty_200", http(200), "empty", 65, ["200", "no body|empty"], fetch=["/token", "--protocol"])
gives("ans_html", http(200, LOGIN, headers=[HTML]), None, 65, ["200", "web page"], fetch=["Sign in to Corp"], short=True)
gives("ans_html_no_title", http(200, b"<html><body>hi</body></html>", headers=[HTML]), None, 65, ["200", "web page"])
gives("ans_truncated", b'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"access', "truncated", 75, ["closed|cut short"])
gives("ans_text", http(200, b"welcome", headers=["Content-Type: text/plain"]), "json", 65, ["200", "no JSON|not usable JSON|not JSON|text"])
gives("ans_xml", http(200, b"<?xml version='1.0'?><ok/>", headers=["Content-Type: text/xml"]), None, 65, ["200", "XML"], never=["web page"])
gives("ans_no_token", http(200, {"token_type": "Bearer"}, headers=[JSON]), "answer", 65, ["200", "access_token", "--token-field"], never=["/access_token"])
gives("ans_other_field", http(200, {"id_token": tokens.issued()}, headers=[JSON]), "answer", 65, ["access_token", "--token-field"])
gives("ans_error_in_200", http(200, {"error": "invalid_grant", "error_description": "because"}, headers=[JSON]), "refused", 77,
      ["200", "invalid_grant"], fetch=["because"])
gives("ans_newline_in_token", http(200, {"access_token": "eyJ\nabc", "expires_in": 60}, headers=[JSON]), "token", 65, ["access_token", "white space"])
gives("ans_garbage", b"\x00\x01\x02garbage in place of HTTP\r\n\r\n", "http", 65, ["HTTP"])
gives("ans_delay", b"", "timeout", 75, ["no answer|waiting for the answer", "443"], stall="request", slow=True)
gives("ans_slow_body", Answer(b'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"access', end="stall"), "timeout", 75,
      ["answer", "443"], slow=True)
gives("ans_reset", Answer(b"", end="reset"), "truncated", 75, ["closed|reset"])
gives("ans_token_null", http(200, {"access_token": None}, headers=[JSON]), "answer", 65, ["access_token"])
gives("ans_token_number", http(200, {"access_token": 5}, headers=[JSON]), "answer", 65, ["access_token"])
gives("ans_token_too_big", http(200, {"access_token": "a" * 70000, "expires_in": 60}, headers=[JSON]), None, 65, ["64 KiB|too big|too large"])
gives("ans_huge", http(200, b" " * 3000000, headers=[JSON]), None, 65, ["too large|too big|over|larger|at most"])
gives("ans_gzip", http(200, b"\x1f\x8b\x08\x00", headers=[JSON, "Content-Encoding: gzip"]), "http", 65, ["compressed|gzip|Content-Encoding"])
gives("ans_discovery_doc", http(200, {"issuer": f"https://{HOST}", "token_endpoint": f"https://{HOST}/oauth2/token",
                                      "jwks_uri": f"https://{HOST}/keys"}, headers=[JSON]), "answer", 65,
      ["discovery|token_endpoint"], fetch=[f"https://{HOST}/oauth2/token"], short=True)
gives("ans_jwks", http(200, {"keys": []}, headers=[JSON]), "answer", 65, ["access_token"])
gives("ans_204", http(204), None, 65, ["204"])
gives("ans_truncated_length", http(200, b"x")[:-1], "truncated", 75, ["closed|cut short"])
gives("ans_json_array", http(200, b"[1]", headers=[JSON]), None, 65, ["200"], fetch=["object|list|array|access_token"])
gives("ans_json_string", http(200, b'"eyJ"', headers=[JSON]), None, 65, ["200"], fetch=["object|string|access_token"])
gives("ans_json_cut", http(200, b'{"access_token": "eyJ', headers=[JSON]), "json", 65, ["JSON"], never=["URL's path"])
gives("ans_json_trailing", http(200, b'{"access_token": "eyJ"} and more', headers=[JSON]), "json", 65, ["JSON"], never=["URL's path"])
gives("ans_json_twice", http(200, b'{"access_token": "a", "access_token": "b"}', headers=[JSON]), "json", 65, ["JSON"], fetch=["access_token|twice"], never=["URL's path"])
gives("ans_json_deep", http(200, b"[" * 2000 + b"]" * 2000, headers=[JSON]), "json", 65, ["JSON"], fetch=["deep|nest|levels"], never=["URL's path"])
gives("ans_json_not_utf8", http(200, b'{"access_token": "\xff"}', headers=[JSON]), None, 65, ["UTF-8|JSON|printable|bytes"])
gives("ans_token_empty", http(200, {"access_token": "", "expires_in": 60}, headers=[JSON]), None, 65, ["access_token", "empty"])
gives("ans_token_in_object", http(200, {"access_token": {"value": "x"}}, headers=[JSON]), "answer", 65, ["access_token"], fetch=["object"])
gives("ans_expires_in_text", http(200, {"access_token": "x", "expires_in": "soon"}, headers=[JSON]), None, 65, ["expires_in"], fetch=["number|string"])
gives("ans_chunk_broken", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "http", 65, ["HTTP"], fetch=["chunk"])
gives("ans_head_too_big", b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"a" * 40000 + b"\r\n\r\n", "too_big", 65, ["32 KiB|too big"], fetch=["head"])
gives("ans_http10_proxy", b"HTTP/0.9 200 OK\r\n\r\n", "http", 65, ["HTTP"])
gives("ans_login_form", http(200, LOGIN, headers=[JSON]), None, 65, ["200", "web page"], fetch=["Sign in to Corp"])
gives("ans_html_bom", http(200, b"\xef\xbb\xbf<!doctype html><title>Portal</title>", headers=[HTML]), None, 65, ["200", "web page"], fetch=["Portal"])
gives("ans_soap", http(200, b'\xef\xbb\xbf<soap:Envelope xmlns:soap="x"></soap:Envelope>', headers=["Content-Type: text/xml"]), None, 65,
      ["200", "XML"], never=["web page"])
gives("ans_oauth_metadata", http(200, {"issuer": "https://id.example.com", "token_endpoint": "https://id.example.com/oauth2/v1/token",
                                       "response_types_supported": []}, headers=[JSON]), "answer", 65, ["discovery|token_endpoint"],
      fetch=["https://id.example.com/oauth2/v1/token"])
gives("ans_device_flow", http(200, {"device_code": "x", "verification_uri": "https://x"}, headers=[JSON]), "answer", 65, ["access_token"])
