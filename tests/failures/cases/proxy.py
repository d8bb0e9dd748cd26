# SPDX-License-Identifier: Apache-2.0
"""Proxies."""
from case import case
from harness import pki, servers
from harness.tokens import http
from peers import identity, proxy, sts, tunnel, unbound
from pod import HOST, PROXY, STS

WHERE = f"{PROXY}:3128"
NEVER = ("emptyDir", "--cacert-path")


def answers(name, status, says, error, exit_status=69, headers=(), **more):
    @case(name, "proxy", error, exit_status, [WHERE, str(status), *says], never=(*NEVER, *more.pop("never", ["refused to"])), **more)
    def _(pod):
        proxy(pod, http(status, b"no", headers=headers))
        pod.env["HTTPS_PROXY"] = f"http://{WHERE}"


answers("proxy_407", 407, ["credentials", "HTTPS_PROXY"], "proxy_refused", headers=['Proxy-Authenticate: Basic realm="corp"'], short=True)
answers("proxy_403", 403, ["rules", "NO_PROXY"], "proxy_refused")
answers("proxy_502", 502, ["NO_PROXY"], "proxy")
answers("proxy_503", 503, ["NO_PROXY"], "proxy")
answers("proxy_405", 405, ["CONNECT"], None, never=["credentials"])


@case("proxy_407_wrong_password", "proxy", "proxy_refused", 69, [WHERE, "407", "credentials"], never=(*NEVER, "secret-pw", "none are given"))
def _(pod):
    proxy(pod, http(407, b"", headers=['Proxy-Authenticate: Basic realm="corp"']))
    pod.env["HTTPS_PROXY"] = f"http://user:secret-pw@{WHERE}"


@case("proxy_hang", "proxy", "proxy", 69, [WHERE, "did not answer|no answer"], never=NEVER)
def _(pod):
    proxy(pod, b"", hang=True)
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"
    pod.set(timeout="2s")


@case("proxy_down", "proxy", "proxy", 69, [WHERE, "connection refused"], never=NEVER)
def _(pod):
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"


@case("proxy_filtered", "proxy", "proxy", 69, [WHERE, "no answer|not answer"], never=(*NEVER, "could not be resolved"))
def _(pod):
    pod.drop(f"-p tcp -d {PROXY}")
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"
    pod.set(timeout="2s")


@case("proxy_nxdomain", "proxy", "proxy", 69, ["nx.proxy.corp", "no such name", "NO_PROXY"], never=NEVER)
def _(pod):
    unbound(pod, "local-zone: corp static")
    pod.env["HTTPS_PROXY"] = "http://nx.proxy.corp:3128"


@case("proxy_https_scheme", "configuration", None, 64, fetch=["HTTPS_PROXY", "http://"], never=("COMMAND --help",))
def _(pod):
    pod.env["HTTPS_PROXY"] = f"https://{WHERE}"


@case("proxy_option_https", "configuration", None, 64, fetch=["--proxy", "http://"], never=("COMMAND --help",))
def _(pod):
    pod.set(proxy=f"https://{WHERE}")


@case("proxy_is_tls_port", "proxy", "proxy", 69, [WHERE, "want TLS"], never=NEVER)
def _(pod):
    sts(pod, address=PROXY, port=3128)
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"


@case("proxy_not_http", "proxy", "proxy", 69, [WHERE, "HTTP"], never=NEVER)
def _(pod):
    proxy(pod, b"SSH-2.0-OpenSSH_9.2\r\n")
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"


@case("proxy_intercepts", "tls", "cert_issuer", 69, ["Proxy Inspection CA", "--cacert-path", "NO_PROXY"], never=("emptyDir", "intermediate"))
def _(pod):
    inspector = pki.authority(cn="Proxy Inspection CA")
    sts(pod, who=identity(pod, issuer=inspector))
    tunnel(pod)
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"


@case("proxy_for_cluster_name", "proxy", None, 69, [WHERE, "sts.auth.svc.cluster.local:443", "NO_PROXY", "502|503"], never=NEVER)
def _(pod):
    proxy(pod, http(503, b"<html><title>ERROR: The requested URL could not be retrieved</title>", headers=["X-Squid-Error: ERR_DNS_FAIL 0"]))
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"
    pod.set(url="https://sts.auth.svc.cluster.local/token")


answers("proxy_504", 504, ["NO_PROXY"], "proxy")
answers("proxy_302_portal", 302, ["portal"], None, never=["credentials"], headers=["Location: http://portal.corp/login"])


@case("proxy_lower_case_variable", "proxy", "proxy", 69, [WHERE, "connection refused"], never=NEVER)
def _(pod):
    sts(pod)
    pod.env["https_proxy"] = f"http://{WHERE}"


@case("proxy_url_without_scheme", "proxy", None, None, fetch=["HTTPS_PROXY|10.0.8.3:3128"], never=("COMMAND --help",))
def _(pod):
    proxy(pod, http(503, b""))
    pod.env["HTTPS_PROXY"] = WHERE


@case("proxy_url_bad_port", "configuration", None, 64, fetch=["HTTPS_PROXY"], never=("COMMAND --help",))
def _(pod):
    pod.env["HTTPS_PROXY"] = f"http://{PROXY}:port"


@case("proxy_tunnel_then_closed", "tls", None, 69, [HOST, WHERE, "the proxy's rules"], never=NEVER)
def _(pod):
    servers.Server(b"", tls=None, blind=True, address=STS, port=443)
    tunnel(pod)
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"


@case("proxy_tunnel_then_silence", "tls", "timeout", 75, [HOST, "handshake", "the proxy's rules"], fetch=[PROXY], never=NEVER)
def _(pod):
    sts(pod, stall="accept")
    tunnel(pod)
    pod.env["HTTPS_PROXY"] = f"http://{WHERE}"
    pod.set(timeout="2s")
