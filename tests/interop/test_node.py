# SPDX-License-Identifier: Apache-2.0
"""SDKs in JavaScript that read what we write, jose as a resource server, and oidc-provider as a token service."""
import contextlib

import pytest

import judges
import moto_server
from reading import LIFE, OFTEN, Node, while_refreshing
from test_python import ROLE, external_account, google_sources


def test_readers(rig, folder):
    """the AWS SDK for JavaScript (AWS_WEB_IDENTITY_TOKEN_FILE), google-auth-library (external_account: token.jwt as text, token.json as
    JSON, gcp-executable.json as output file) and jose (createRemoteJWKSet) read across three refreshes, and are never refused"""
    sts = rig(*LIFE, "--alg", "ES256")
    token_file = str(sts.out / "token.jwt")
    with contextlib.ExitStack() as stack:
        moto = stack.enter_context(moto_server.Moto(folder))
        amazon = stack.enter_context(judges.Amazon(sts.mock, moto.origin))
        by_aws = stack.enter_context(Node("aws.mjs", {"endpoint": amazon.origin, "arn": ":assumed-role/reader/"}, {
            "AWS_WEB_IDENTITY_TOKEN_FILE": token_file, "AWS_ROLE_ARN": ROLE, "AWS_REGION": "eu-central-1",
            "AWS_CONFIG_FILE": str(folder / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_STS": amazon.origin}))
        by_jose = stack.enter_context(Node("jose.mjs", {"issuer": f"https://localhost:{sts.mock.port}", "file": token_file,
                                                        "audience": "mock-audience"},
                                           {"NODE_EXTRA_CA_CERTS": str(sts.mock.folder / "ca.pem")}))

        def aws_read():
            by_aws()
            return amazon.accepted[-1]

        readers, all_judges = {"AWS SDK": aws_read, "jose": by_jose}, [amazon]
        for name, source in google_sources(sts.out).items():
            judge = stack.enter_context(judges.Google(sts.mock))
            all_judges.append(judge)
            configuration = external_account(folder, judge.origin, source)
            readers[f"google-auth-library, {name}"] = stack.enter_context(
                Node("google.mjs", {"configuration": str(configuration)}, {"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"}))
        sts.run("--write", "token,json,gcp-executable", options=OFTEN)
        sts.has_token()
        while_refreshing(sts, readers)
        assert not [judge.refused for judge in all_judges if judge.refused]


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
