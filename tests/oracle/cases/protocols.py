# SPDX-License-Identifier: Apache-2.0
"""The protocols of the program that was recorded, with arguments of `fetch` that are typical of each, and further ones that say where."""

ARGUMENTS = {
    "anthropic": [
        "--protocol=anthropic",
        "--param=federation_rule_id=fdrl_1",
        "--param=organization_id=11111111-2222-3333-4444-555555555555",
        "--param=service_account_id=svac_1",
        "--param=workspace_id=wrkspc_1",
    ],
    "aws": [
        "--protocol=aws",
        "--param=role-arn=arn:aws:iam::123456789012:role/app",
        "--param=role-session-name=my-app@pod",
        "--param=duration-seconds=3600",
        '--param=policy={"Version":"2012-10-17"}',
        "--param=policy-arn=arn:aws:iam::aws:policy/ReadOnlyAccess",
        "--param=policy-arn=arn:aws:iam::123456789012:policy/b",
    ],
    "client-assertion": [
        "--protocol=client-assertion",
        "--client-id=app",
        "--scope=a",
    ],
    "custom": [
        "--protocol=custom",
        "--method=PUT",
        "--subject-in=pointer:/auth/jwt",
        "--param=tenant=t1",
        "--header=X-Request-Source=pod",
        "--token-field=/data/value",
        "--expiry-field=absolute:/data/until",
    ],
    "entra": [
        "--protocol=entra",
        "--client-id=66666666-7777-8888-9999-000000000000",
        "--scope=https://vault.azure.net/.default",
    ],
    "gcp": [
        "--protocol=gcp",
        "--audience=//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/k8s",
    ],
    "gcp-id-token": [
        "--protocol=gcp-id-token",
        "--audience=https://run.example",
    ],
    "gcp-impersonate": [
        "--protocol=gcp-impersonate",
        "--param=lifetime=3600s",
    ],
    "jwt-bearer": [
        "--protocol=jwt-bearer",
        "--scope=a",
        "--scope=b",
    ],
    "octo-sts": [
        "--protocol=octo-sts",
        "--scope=my-org/my.repo",
        "--param=identity=deploy",
    ],
    "openai": [
        "--protocol=openai",
        "--param=identity_provider_id=idp_1",
        "--param=service_account_id=user-1",
    ],
    "openunison": [
        "--protocol=openunison",
    ],
    "token-exchange": [
        "--protocol=token-exchange",
        "--audience=https://a.example",
        "--audience=b",
        "--resource=https://r.example/",
        "--scope=x:read",
        "--scope=y",
        "--requested-token-type=urn:ietf:params:oauth:token-type:jwt",
        "--param=connector_id=k8s",
    ],
    "vault": [
        "--protocol=vault",
        "--param=role=app",
        "--param=namespace=team/a",
    ],
}
PLACES = {
    "aws": ["--param=region=eu-central-1"],
    "client-assertion": ["--url=https://sts.example/token"],
    "custom": ["--url=https://sts.example/v2/login"],
    "entra": ["--param=tenant=11111111-2222-3333-4444-555555555555"],
    "gcp-id-token": ["--param=service-account=app@p.iam.gserviceaccount.com"],
    "gcp-impersonate": ["--param=service-account=app@p.iam.gserviceaccount.com"],
    "jwt-bearer": ["--url=https://sts.example/token"],
    "openunison": ["--url=https://sts.example/vault/token/user"],
    "token-exchange": ["--url=https://sts.example/token"],
    "vault": ["--param=address=https://vault.example:8200/", "--param=mount=k8s/one"],
}
NAMES = list(ARGUMENTS)
