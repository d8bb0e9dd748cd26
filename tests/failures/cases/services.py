# SPDX-License-Identifier: Apache-2.0
"""Protocols and services: the wrong one for a URL, and refusals in each service's own words."""
from case import case
from peers import http, mock, sts
from pod import HOST

NEVER = ("emptyDir", "no such name", "NetworkPolicy", "--cacert-path")
SUBJECT = "system:serviceaccount:shop:cart"


def service(name, protocol, path, serve=(), claims=(), params=(), error=None, exit_status=None, words=(), trusted=True, fetch=(), never=(), gate="answer", **more):
    @case(name, gate, error, exit_status, [HOST, *words] if error != "" else words, fetch=fetch, never=(*NEVER, *never), **more)
    def _(pod):
        mock(pod, *serve, claims=claims, trusted=trusted)
        pod.set(protocol=protocol, url=f"https://{HOST}{path}")
        for param in params:
            pod.more += ["--param", param]


@case("proto_issuer_url_post405", "answer", None, 65, ["405", HOST], fetch=["GET", "POST", "/realms/x"], never=NEVER)
def _(pod):
    sts(pod, http(405, headers=["Allow: GET"]))
    pod.set(url=f"https://{HOST}/realms/x")


service("proto_issuer_url_mock", "token-exchange", "/", exit_status=77, words=["400"], fetch=["POST", "/"], never=["inspect"])
service("proto_openunison_url_with_post", "token-exchange", "/vault/token/user", error="empty", exit_status=65, words=["200", "--protocol"],
        fetch=["openunison", "POST"], short=True)
service("proto_openunison_wrong_path", "openunison", "/vault/token", exit_status=None, words=["404|405|400", "another method"], fetch=["/vault/token"],
        never=["inspect"])
service("proto_openunison_401", "openunison", "/vault/token/user", error="unauthorized", exit_status=77, words=["401"], fetch=[SUBJECT],
        trusted=False)
service("proto_openunison_403", "openunison", "/vault/token/user", serve=["--allow-namespace", "other"], error="denied", exit_status=77,
        words=["403"], fetch=[SUBJECT])
service("proto_openunison_500", "openunison", "/vault/token/user", serve=["--no-api-server"], exit_status=75, words=["500", "web page"])
service("vault_wrong_role", "vault", "/v1/auth/jwt/login", serve=["--role", "web"], params=["role=cart"], exit_status=77, words=["400", "parameter role"],
        fetch=["role could not be found"])
service("vault_sealed", "vault", "/v1/auth/jwt/login", serve=["--fault", 'status=503&body={"errors":["Vault is sealed"]}&content_type=application/json'],
        params=["role=cart"], error="busy", exit_status=75, words=["503"], fetch=["Vault is sealed"])
service("vault_aud", "vault", "/v1/auth/jwt/login", serve=["--subject-audience", "vault"], params=["role=cart"], exit_status=77, words=["400", "audience of the projected token"],
        fetch=["audience", f"https://{HOST}"])
service("vault_base_url", "vault", "/", params=["role=cart"], exit_status=77, words=["400"], fetch=["POST"])
service("vault_wrong_mount", "vault", "/v1/auth/kubernetes2/login",
        serve=["--fault", 'status=403&body={"errors":["permission denied"]}&content_type=application/json'], params=["role=cart"],
        words=["403"], fetch=["kubernetes2", "permission denied", "mount"])
service("vault_no_handler", "vault", "/v1/auth/kubernetes2/login",
        serve=["--fault", 'status=404&body={"errors":["no handler for route"]}&content_type=application/json'], params=["role=cart"],
        words=["404"], fetch=["kubernetes2", "no handler", "mount"])
service("aws_denied", "aws", "/", serve=["--allow-namespace", "other"], params=["role-arn=arn:aws:iam::123456789012:role/cart"],
        error="denied", exit_status=77, words=["403", "AccessDenied"], fetch=[SUBJECT])
service("aws_badtoken", "aws", "/", params=["role-arn=arn:aws:iam::123456789012:role/cart"], trusted=False, exit_status=77,
        words=["400", "InvalidIdentityToken", "JWKS"], fetch=["iss|issuer"])
service("aws_region_with_url", "aws", "/", params=["role-arn=arn:aws:iam::123456789012:role/cart", "region=eu-west-1"], error="", exit_status=64,
        fetch=["region", "--url"], gate="configuration")
service("anthropic_bad", "anthropic", "/v1/oauth/token", trusted=False, error="unauthorized", exit_status=77,
        params=["federation_rule_id=fdrl_1", "organization_id=00000000-0000-4000-8000-000000000000", "service_account_id=svac_1"],
        words=["401"], fetch=["authentication_error|Authentication failed", SUBJECT])
service("entra_no_match", "entra", "/tenant/oauth2/v2.0/token", serve=["--allow-namespace", "other"], exit_status=77,
        params=["client_id=00000000-0000-4000-8000-000000000001", "scope=https://vault.azure.net/.default"], words=["400"], fetch=[SUBJECT, "AADSTS70021"])
service("gcp_bad", "gcp", "/v1/token", trusted=False, exit_status=77, words=["400", "invalid_grant", "JWKS"], fetch=["iss|issuer"],
        params=["audience=//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k"])
service("octo_unknown_identity", "octo-sts", "/sts/exchange", serve=["--role", "web"], params=["scope=org/repo", "identity=cart"], words=["404", "policy at the STS"],
        fetch=["unable to find trust policy"], never=["URL's path"])
service("param_unknown_audience", "token-exchange", "/token", params=["audience=https://nobody.example"], exit_status=77,
        words=["400", "invalid_target", "--audience"], fetch=["audience"], never=["inspect"])
service("once_keycloak_reuse", "jwt-bearer", "/token", serve=["--fault", "once=keycloak"], error="", exit_status=0, ok=1,
        words=[], check=["Token reuse detected|was sent before|used once|next token|kubelet"])
