# SPDX-License-Identifier: Apache-2.0
"""Refusals: what an STS, or what stands before it, answers in place of a token."""
from case import case
from peers import HTML, JSON, http, nginx, sts
from pod import HOST, STS

NEVER = ("emptyDir", "no such name", "NetworkPolicy", "--cacert-path")
WAF = b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>blocked</body></html>"
# A server's words whose end is what counts, behind a sentence of RFC 6749.
LONG = ("The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, "
        "revoked, does not match the redirection URI used in the authorization request, or was issued to another client. "
        "Session not active")
SUBJECT = "system:serviceaccount:shop:cart"


def page(title):
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()


def says(code):
    return {"error": code, "error_description": "because of it"}


def answers(name, status, body=b"", *, error=None, exit_status=None, headers=(), words=(), never=(), gate="answer", **more):
    """Both say to which STS the request went, and fetch says to which path."""
    @case(name, gate, error, exit_status, [str(status), HOST, *words], fetch=["/token", *more.pop("fetch", ())], never=(*NEVER, *never), **more)
    def _(pod):
        sts(pod, http(status, body, headers=headers))


# --- redirects ---

answers("http_301", 301, error="redirect", exit_status=65, headers=["Location: https://sso.example.com/realms/x/token?state=1"],
        words=["redirect"], fetch=["sso.example.com/realms/x/token"], never=["state=1"], short=True)
answers("http_302_login", 302, error="redirect", exit_status=65, headers=["Location: /login?next=%2Ftoken"], words=["redirect", "login page"], fetch=["/login"],
        never=["next=", "give the URL"])
answers("http_302_login_elsewhere", 302, error="redirect", exit_status=65, headers=["Location: https://accounts.example.com/signin?continue=x"],
        words=["redirect", "login page"], fetch=["accounts.example.com/signin"], never=["continue=", "give the URL"])
answers("http_307_http", 307, error="redirect", exit_status=65, headers=["Location: http://sts.example.com/token"], words=["redirect", "https"], fetch=["http://sts.example.com/token"],
        never=["give the URL"])
answers("http_308_slash", 308, error="redirect", exit_status=65, headers=["Location: /token/"], words=["redirect"], fetch=["/token/"])

# --- 400 ---

answers("http_400_html", 400, page("400 The plain HTTP request was sent to HTTPS port"), headers=[HTML],
        words=["web page", "gateway"], fetch=["The plain HTTP request"], never=["URL's path"])
answers("http_400_empty", 400, words=["no body|empty|no reason"])
for code, words, never in (("invalid_target", ["--audience|audience"], ()), ("invalid_grant", [], ()), ("invalid_scope", ["--scope"], ("inspect",)),
                           ("unsupported_grant_type", ["--protocol"], ("inspect",)),
                           ("unauthorized_client", ["client"], ("inspect",))):
    answers(f"http_400_{code}", 400, says(code), error=None, exit_status=77, headers=[JSON], words=[code, *words], never=never,
            fetch=["because of it"])
answers("http_400_weird_code", 400, says("weird_code"), exit_status=77, headers=[JSON], words=[], fetch=["weird_code", "because of it"])
answers("http_400_not_utf8", 400, b'{"error":"invalid_grant","error_description":"ung\xfcltig"}', exit_status=77, headers=[JSON],
        words=["invalid_grant"])
answers("http_400_long_words", 400, {"error": "invalid_grant", "error_description": LONG}, exit_status=77, headers=[JSON], words=["invalid_grant"],
        fetch=["Session not active"])
answers("http_400_xml", 400, b"<?xml version='1.0'?><ErrorResponse><Error><Code>MalformedInput</Code></Error></ErrorResponse>",
        headers=["Content-Type: text/xml"], words=["MalformedInput"], never=["web page"])

# --- 401 and 403 ---

answers("http_401_empty", 401, error="unauthorized", exit_status=77, fetch=[SUBJECT, "https://sts.example.com"])
answers("http_401_www_authenticate", 401, exit_status=77, words=["invalid_token", "clocks"], fetch=["The token expired"],
        never=["issuer, audience"],
        headers=['WWW-Authenticate: Bearer error="invalid_token", error_description="The token expired"'])
answers("http_401_basic", 401, exit_status=77, words=["give a client"], fetch=["Basic|--client-id|--client-auth"],
        headers=['WWW-Authenticate: Basic realm="token"'])
answers("http_401_html_login", 401, page("Sign in"), headers=[HTML], words=["web page"], fetch=["Sign in"], never=["ServiceAccount", "--client-auth"])
answers("http_401_invalid_token", 401, {"error": "invalid_token", "error_description": "kid not found"}, error="unauthorized", exit_status=77,
        headers=[JSON], words=["invalid_token", "JWKS"], fetch=["kid not found"], never=["expiry"])
answers("http_403_empty", 403, error="denied", exit_status=77, fetch=[SUBJECT])
answers("http_403_html_waf", 403, WAF, headers=[HTML], words=["web page", "gateway|not the STS|proxy"], fetch=["Attention Required"],
        never=["this ServiceAccount"], short=True)
answers("http_403_nginx", 403, page("403 Forbidden"), headers=[HTML, "Server: nginx"], words=["web page"], fetch=["403 Forbidden"],
        never=["this ServiceAccount"])
answers("http_403_access_denied", 403, {"error": "access_denied", "error_description": "told to fail"}, error="denied", exit_status=77,
        headers=[JSON], words=["access_denied"], fetch=["told to fail", SUBJECT])
answers("http_403_envoy", 403, b"RBAC: access denied", headers=["Content-Type: text/plain", "server: envoy"], words=["AuthorizationPolicy"], fetch=["RBAC: access denied"])

# --- others ---

answers("http_404_empty", 404, error="not_found", exit_status=65)
answers("http_404_html", 404, page("404 Not Found"), error="not_found", exit_status=65, headers=[HTML], fetch=["web page"])
answers("http_404_json", 404, {"error": "RESTEASY003210: Could not find resource for full path"}, error="not_found", exit_status=65,
        headers=[JSON], fetch=["RESTEASY003210"])
answers("http_404_ingress", 404, b"default backend - 404", error="not_found", exit_status=65, fetch=["default backend"])
answers("http_405", 405, headers=["Allow: GET"], fetch=["GET", "POST"])
answers("http_406", 406)
answers("http_411", 411, words=["length|Content-Length"])
answers("http_413", 413, words=["bytes|size|B"], fetch=["subject token"])
answers("http_414", 414, words=["URL|long"])
answers("http_415", 415, words=["form|--body"])
answers("http_421", 421, words=[STS])
answers("http_422", 422)
answers("http_426", 426, headers=["Upgrade: TLS/1.3"])
answers("http_428", 428)
answers("http_429", 429, error="busy", exit_status=75, words=["requests"])
answers("http_429_retry_day", 429, error="busy", exit_status=75, headers=["Retry-After: 86400"], words=["Retry-After|1 d|24 h|day"])
answers("http_431", 431, words=["header", "bytes|size|B"])
answers("http_451", 451)
answers("http_500", 500, error="busy", exit_status=75, words=["STS"])
answers("http_501", 501, words=["POST|method|--protocol"], never=["health of the STS"])
answers("http_504", 504, error="busy", exit_status=75, words=["gateway|proxy|in front|before the STS"])
answers("http_500_server_error", 500, {"error": "server_error", "error_description": "An error occurred while processing your request"},
        error="busy", exit_status=75, headers=[JSON], words=["server_error"], fetch=["An error occurred"])
answers("http_502_html", 502, page("502 Bad Gateway"), error="busy", exit_status=75, headers=[HTML], words=["web page|gateway"])
answers("http_503_retry", 503, error="busy", exit_status=75, headers=["Retry-After: 3"], words=["503"])
answers("http_503_html", 503, page("503 Service Temporarily Unavailable"), headers=[HTML], exit_status=75, words=["web page|gateway"])
answers("http_511_portal", 511, page("Network login"), headers=[HTML], words=["web page", "portal"], fetch=["Network login"], never=["health"])


@case("nginx_502", "answer", "busy", 75, ["502", "web page|gateway", HOST], fetch=[], never=NEVER, short=True)
def _(pod):
    nginx(pod, "location / { proxy_pass http://127.0.0.1:1; }")


@case("nginx_504", "answer", "busy", 75, ["504", "gateway", HOST], fetch=[], never=NEVER)
def _(pod):
    nginx(pod, "location / { proxy_connect_timeout 1s; proxy_pass http://10.9.9.9; }")


@case("nginx_413", "answer", None, None, ["413", "bytes|size|B", HOST], fetch=[], never=NEVER)
def _(pod):
    nginx(pod, "client_max_body_size 100; location / { return 200 x; }")


@case("nginx_431", "answer", None, None, ["400|431|494", "header", HOST], fetch=[], never=NEVER)
def _(pod):
    nginx(pod, "large_client_header_buffers 1 1k; location / { return 200 x; }")
    pod.set(protocol="openunison", url=f"https://{HOST}/vault/token/user")
    pod.token(pad="x" * 3000)


@case("nginx_405_static", "answer", None, None, ["405", HOST], fetch=["POST"], never=NEVER)
def _(pod):
    root = pod.folder / "web"
    root.mkdir()
    (root / "token").write_text("hello")
    nginx(pod, f"root {root};")


@case("nginx_welcome", "answer", None, None, ["405|404|200", HOST], fetch=[], never=NEVER)
def _(pod):
    root = pod.folder / "web"
    root.mkdir()
    (root / "index.html").write_text("<html><title>Welcome to nginx!</title></html>")
    nginx(pod, f"root {root};")
    pod.set(url=f"https://{HOST}/")


@case("nginx_421", "answer", None, None, ["421", STS, "URL's host"], never=(*NEVER, "URL's path"))
def _(pod):
    nginx(pod, "location / { return 421; }")


# --- statuses of gateways and services, and bodies of other forms ---

for status in (408, 425, 507, 520, 521, 522, 523, 524, 525, 526, 529, 530, 599):
    answers(f"http_{status}", status, exit_status=75, words=[])
for status in (402, 409, 410, 418, 423, 424):
    answers(f"http_{status}", status, words=[])
answers("http_400_problem_json", 400, {"type": "about:blank", "title": "Bad Request", "detail": "subject token rejected by policy 7"},
        headers=["Content-Type: application/problem+json"], fetch=["policy 7"])
answers("http_403_problem_json", 403, {"title": "Forbidden", "status": 403, "detail": "workload identity is off"},
        headers=["Content-Type: application/problem+json"], fetch=["workload identity is off"])
answers("http_400_message", 400, {"message": "audience is missing"}, headers=[JSON], words=["--audience"], fetch=["audience is missing"])
answers("http_400_errors_list", 400, {"errors": ["the first reason", "the second"]}, headers=[JSON], fetch=["the first reason"])
answers("http_400_error_object", 400, {"error": {"code": "InvalidToken", "message": "key 9 is unknown"}}, headers=[JSON], words=["JWKS"], fetch=["key 9 is unknown"])
answers("http_400_text", 400, b"missing form parameter: scope", headers=["Content-Type: text/plain"], words=["--scope"],
        fetch=["missing form parameter: scope"])
answers("http_500_tomcat", 500, page("HTTP Status 500 - Internal Server Error"), headers=[HTML], exit_status=75, words=["web page"])
answers("http_500_text", 500, b"Internal Server Error", headers=["Content-Type: text/plain"], exit_status=75, fetch=["Internal Server Error"])
answers("http_502_envoy", 502, b"upstream connect error or disconnect/reset before headers", headers=["Content-Type: text/plain"], exit_status=75,
        fetch=["upstream connect error"])
answers("http_503_envoy", 503, b"no healthy upstream", headers=["Content-Type: text/plain"], exit_status=75, fetch=["no healthy upstream"])
answers("http_400_escapes", 400, {"error": "invalid_grant", "error_description": "line one\nline two \u001b[31m red"}, headers=[JSON], exit_status=77,
        words=["invalid_grant"])
answers("http_403_empty_title", 403, b"<html><head><title></title></head><body>no</body></html>", headers=[HTML], words=["web page"],
        never=["this ServiceAccount"])
answers("http_403_html_upper", 403, b"<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD></HTML>", headers=[HTML], words=["web page"],
        fetch=["Access Denied"], never=["this ServiceAccount"])
answers("http_403_html_as_json", 403, page("Blocked by policy"), headers=[JSON], words=["web page"], fetch=["Blocked by policy"],
        never=["this ServiceAccount"])
answers("http_403_xml", 403, b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>no</Message></Error>",
        headers=["Content-Type: application/xml"], words=["XML|AccessDenied"], never=["web page"])
answers("http_404_spring", 404, {"timestamp": "2026-01-01T00:00:00", "status": 404, "error": "Not Found", "path": "/token"}, headers=[JSON],
        exit_status=65, fetch=["Not Found"])
answers("http_404_kubernetes", 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "the server could not find the requested resource",
                                     "reason": "NotFound", "code": 404}, headers=[JSON], words=["URL's path"], fetch=["could not find"])
answers("http_401_kubernetes", 401, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "Unauthorized", "reason": "Unauthorized",
                                     "code": 401}, headers=[JSON], exit_status=77, fetch=["Unauthorized", SUBJECT])
