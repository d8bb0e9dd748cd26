# SPDX-License-Identifier: Apache-2.0
"""SDKs in JavaScript that read token.jwt by themselves, jose as a resource server, and oidc-provider as a token service."""
import pytest

import judges
import moto_server
from reading import LIFE, OFTEN, Node, while_refreshing
from test_python import ROLE, external_account


def test_token_file(rig, folder):
    """the AWS SDK for JavaScript (AWS_WEB_IDENTITY_TOKEN_FILE), google-auth-library (external_account, text) and jose (createRemoteJWKSet)
    read token.jwt across three refreshes, and are never refused"""
    sts = rig(*LIFE, "--alg", "ES256")
    token_file = sts.out / "token.jwt"
    mock_ca = {"NODE_EXTRA_CA_CERTS": str(sts.mock.folder / "ca.pem")}
    with moto_server.Moto(folder) as moto, judges.Amazon(sts.mock, moto.origin) as amazon, judges.Google(sts.mock) as google_sts:
        aws = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file), "AWS_ROLE_ARN": ROLE, "AWS_REGION": "eu-central-1",
               "AWS_CONFIG_FILE": str(folder / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
               "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_STS": amazon.origin}
        configuration = external_account(folder, google_sts.origin, {"file": str(token_file)})
        with Node("aws.mjs", {"endpoint": amazon.origin, "arn": ":assumed-role/reader/"}, aws) as by_aws, \
                Node("google.mjs", {"configuration": str(configuration)}) as by_google, \
                Node("jose.mjs", {"issuer": f"https://localhost:{sts.mock.port}", "file": str(token_file), "audience": "mock-audience"},
                     mock_ca) as by_jose:

            def aws_read():
                by_aws()
                return amazon.accepted[-1]

            def google_read():
                token = by_google()
                assert token == "federated-" + google_sts.accepted[-1]
                return token
            sts.run(options=OFTEN)
            sts.has_token()
            while_refreshing(sts, {"AWS SDK": aws_read, "google-auth-library": google_read, "jose": by_jose})
        assert not amazon.refused + google_sts.refused


def test_jose_refuses(rig):
    """jose refuses a token of another issuer's keys, so that its yes means something"""
    sts, other = rig("--alg", "ES256"), rig("--alg", "ES256")
    for one in (sts, other):
        assert one.command("fetch", *one.options()).status == 0
    about = {"issuer": f"https://localhost:{sts.mock.port}", "audience": "mock-audience"}
    env = {"NODE_EXTRA_CA_CERTS": str(sts.mock.folder / "ca.pem")}
    with Node("jose.mjs", about | {"file": str(sts.out / "token.jwt")}, env) as good, \
            Node("jose.mjs", about | {"file": str(other.out / "token.jwt")}, env) as bad:
        assert good()
        with pytest.raises(RuntimeError):
            bad()
