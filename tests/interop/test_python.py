# SPDX-License-Identifier: Apache-2.0
"""SDKs in Python that read token.jwt by themselves."""
import json

import azure.identity
import boto3
import google.auth.identity_pool
import google.auth.transport.requests
import pytest

import judges
import moto_server
from harness import pki
from reading import LIFE, OFTEN, while_refreshing

ROLE = "arn:aws:iam::123456789012:role/reader"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def external_account(folder, origin, source):
    """A configuration as `gcloud iam workload-identity-pools create-cred-config` writes it."""
    path = folder / f"external-{len(list(folder.glob('external-*')))}.json"
    path.write_text(json.dumps({"type": "external_account", "audience": judges.Google.AUDIENCE, "credential_source": source,
                                "subject_token_type": judges.TOKEN_TYPE + "jwt", "token_url": origin + "/v1/token"}))
    return path


def google_reader(judge, path):
    def read():
        credentials = google.auth.identity_pool.Credentials.from_file(path, scopes=[SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())
        assert credentials.token == "federated-" + judge.accepted[-1]
        return credentials.token
    return read


def aws_reader(judge):
    """As in a Pod: all it knows is in the environment."""
    def read():
        session = boto3.Session()
        assert session.get_credentials().method == "assume-role-with-web-identity"
        arn = session.client("sts").get_caller_identity()["Arn"]
        assert arn.startswith("arn:aws:sts::123456789012:assumed-role/reader/"), arn
        return judge.accepted[-1]
    return read


def azure_reader(judge, ca_file):
    def read():
        with azure.identity.WorkloadIdentityCredential(disable_instance_discovery=True, connection_verify=str(ca_file)) as credential:
            token = credential.get_token("https://vault.azure.net/.default").token
        assert token == "entra-" + judge.accepted[-1]
        return token
    return read


@pytest.fixture
def aws_environment(monkeypatch, folder):
    """Nothing of the machine's own configuration."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": str(folder / "none"), "AWS_REGION": "eu-central-1",
                        "AWS_DEFAULT_REGION": "eu-central-1", "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none")}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_token_file(rig, ca, folder, aws_environment):
    """boto3 (AWS_WEB_IDENTITY_TOKEN_FILE), google-auth (external_account, text) and azure-identity (AZURE_FEDERATED_TOKEN_FILE) read
    token.jwt across three refreshes, and are never refused"""
    sts = rig(*LIFE, "--alg", "RS256")
    token_file = sts.out / "token.jwt"
    ca_file = sts.space.write("judges.crt", ca.pem)
    with moto_server.Moto(folder) as moto, judges.Amazon(sts.mock, moto.origin) as amazon, judges.Google(sts.mock) as google_sts, \
            judges.Microsoft(sts.mock, identity=pki.server(ca), folder=folder) as microsoft:
        for name, value in {"AWS_WEB_IDENTITY_TOKEN_FILE": token_file, "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": amazon.origin,
                            "AZURE_FEDERATED_TOKEN_FILE": token_file, "AZURE_CLIENT_ID": microsoft.CLIENT,
                            "AZURE_TENANT_ID": microsoft.TENANT, "AZURE_AUTHORITY_HOST": microsoft.origin}.items():
            aws_environment.setenv(name, str(value))
        sts.run(options=OFTEN)
        sts.has_token()
        while_refreshing(sts, {
            "boto3": aws_reader(amazon),
            "google-auth": google_reader(google_sts, external_account(folder, google_sts.origin, {"file": str(token_file)})),
            "azure-identity": azure_reader(microsoft, ca_file),
        })
        assert not amazon.refused + google_sts.refused + microsoft.refused
