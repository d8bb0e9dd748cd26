# SPDX-License-Identifier: Apache-2.0
"""SDKs in Python that read what we write."""
import contextlib
import json
import time

import azure.identity
import boto3
import google.auth.exceptions
import google.auth.identity_pool
import google.auth.pluggable
import google.auth.transport.requests
import pytest

import judges
import moto_server
from harness import pki
from reading import LIFE, OFTEN, while_refreshing

ROLE = "arn:aws:iam::123456789012:role/reader"


def external_account(folder, origin, source):
    """A configuration as `gcloud iam workload-identity-pools create-cred-config` writes it."""
    path = folder / f"external-{len(list(folder.glob('external-*')))}.json"
    path.write_text(json.dumps({"type": "external_account", "audience": judges.Google.AUDIENCE, "credential_source": source,
                                "subject_token_type": judges.TOKEN_TYPE + "jwt", "token_url": origin + "/v1/token"}))
    return path


def google_sources(out):
    """The three ways to name what we write. The command of an executable source is run only where its output file will not do."""
    return {
        "text": {"file": str(out / "token.jwt")},
        "json": {"file": str(out / "token.json"), "format": {"type": "json", "subject_token_field_name": "token"}},
        "executable": {"executable": {"command": "/bin/false", "timeout_millis": 5000, "output_file": str(out / "gcp-executable.json")}},
    }


def google_reader(judge, path):
    def read():
        kind = google.auth.pluggable if "executable" in path.read_text() else google.auth.identity_pool
        credentials = kind.Credentials.from_file(path, scopes=[judges.Google.SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())
        assert credentials.token == "federated-" + judge.accepted[-1]
        return credentials.token
    return read


def aws_reader(judge):
    """The application gets everything from the environment, as in a Pod."""
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


def test_readers(rig, ca, folder, aws_clean):
    """boto3 (AWS_WEB_IDENTITY_TOKEN_FILE), google-auth (external_account: token.jwt as text, token.json as JSON, gcp-executable.json as
    output file) and azure-identity (AZURE_FEDERATED_TOKEN_FILE) read across three refreshes, and are never refused"""
    sts = rig(*LIFE, "--alg", "RS256")
    ca_file = sts.space.write("judges.crt", ca.pem)
    with contextlib.ExitStack() as stack:
        moto = stack.enter_context(moto_server.Moto(folder))
        amazon = stack.enter_context(judges.Amazon(sts.mock, moto.origin))
        microsoft = stack.enter_context(judges.Microsoft(sts.mock, identity=pki.server(ca), folder=folder))
        for name, value in {"AWS_WEB_IDENTITY_TOKEN_FILE": sts.out / "token.jwt", "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": amazon.origin,
                            "AZURE_FEDERATED_TOKEN_FILE": sts.out / "token.jwt", "AZURE_CLIENT_ID": microsoft.CLIENT,
                            "AZURE_TENANT_ID": microsoft.TENANT, "AZURE_AUTHORITY_HOST": microsoft.origin,
                            "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"}.items():
            aws_clean.setenv(name, str(value))
        readers = {"boto3": aws_reader(amazon), "azure-identity": azure_reader(microsoft, ca_file)}
        all_judges = [amazon, microsoft]
        for name, source in google_sources(sts.out).items():
            judge = stack.enter_context(judges.Google(sts.mock))
            all_judges.append(judge)
            readers[f"google-auth, {name}"] = google_reader(judge, external_account(folder, judge.origin, source))
        sts.run("--write", "token,json,gcp-executable", options=OFTEN)
        sts.has_token()
        while_refreshing(sts, readers)
        assert not [judge.refused for judge in all_judges if judge.refused]


def test_judges_refuse(rig, folder):
    """the judges refuse a token with one byte changed, an older one that has expired, and white space after it, so that their yes means
    something"""
    sts = rig("--lifetime", "5s")      # so that a busy machine has the time to fetch it
    assert sts.command("fetch", *sts.options()).status == 0
    expired = sts.token()
    time.sleep(6)
    sts.mock.fault(lifetime_s=60)
    assert sts.command("fetch", *sts.options()).status == 0
    good = sts.token()
    head, body, signature = good.split(".")
    flipped = f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    given = folder / "given"
    with judges.Google(sts.mock) as judge:
        read = google_reader(judge, external_account(folder, judge.origin, {"file": str(given)}))
        for token in (expired, flipped, good + "\n"):
            given.write_text(token)
            with pytest.raises(google.auth.exceptions.GoogleAuthError):
                read()
        given.write_text(good)
        assert read()
        assert len(judge.refused) == 3


@pytest.mark.parametrize("hop, options, begins", [
    ("generateAccessToken", {"protocol": "gcp-impersonate"}, "impersonated-"),
    ("generateIdToken", {"protocol": "gcp-id-token", "audience": "https://run.example"}, "ey"),
])
def test_gcp_rows(rig, ca, folder, hop, options, begins):
    """rows gcp and what follows it: a chain of three exchanges, the judge verifies the token and knows what it gave"""
    sts = rig()
    ca_file = sts.space.write("judges.crt", ca.pem)
    assert sts.command("fetch", *sts.options()).status == 0
    with judges.Google(sts.mock, identity=pki.server(ca), folder=folder) as judge:
        second, third = (folder / name for name in ("second", "third"))
        for path in (second, third):
            path.mkdir()
            path.chmod(0o777)
        result = sts.command("fetch", *sts.options(protocol="gcp", url=judge.origin + "/v1/token", cacert_path=ca_file, audience=judge.AUDIENCE,
                                                   token_file=sts.out / "token.jwt", output_dir=second))
        assert result.status == 0, (result.err, judge.refused)
        assert (second / "token.jwt").read_text() == "federated-" + sts.claims()["jti"]
        result = sts.command("fetch", *sts.options(url=f"{judge.origin}/v1/projects/-/serviceAccounts/{judge.ACCOUNT}:{hop}",
                                                   cacert_path=ca_file, token_file=second / "token.jwt", output_dir=third, **options))
        assert result.status == 0, (result.err, judge.refused)
        assert (third / "token.jwt").read_text().startswith(begins)


def test_entra_row(rig, ca, folder):
    """row entra: an authority verifies the assertion"""
    sts = rig()
    ca_file = sts.space.write("judges.crt", ca.pem)
    assert sts.command("fetch", *sts.options()).status == 0
    subject = sts.space.write("assertion", sts.token())
    with judges.Microsoft(sts.mock, identity=pki.server(ca), folder=folder) as judge:
        result = sts.command("fetch", *sts.options(protocol="entra", url=f"{judge.origin}/{judge.TENANT}/oauth2/v2.0/token", token_file=subject,
                                                   cacert_path=ca_file, client_id=judge.CLIENT, scope="https://vault.azure.net/.default"))
        assert result.status == 0, (result.err, judge.refused)
        assert sts.token() == "entra-" + judge.accepted[-1]
