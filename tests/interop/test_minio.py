# SPDX-License-Identifier: Apache-2.0
"""A MinIO server that is started by the commands of docs/servers/minio.md: boto3 writes and reads objects with the files of protocol aws."""
import os
import re
import shutil
import time

import boto3
import pytest

from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from pages import Page, Pod
from program import Program
from reading import while_refreshing

BUCKET = "orders"


class MinIO(Program):
    NAME = "minio"

    def __init__(self, folder, ca):
        super().__init__(folder, ca)
        self.port, self.audience = free_port(), "https://minio.example"
        self.url = f"https://localhost:{self.port}"
        (folder / "certs/CAs").mkdir(parents=True)
        for made, name in ((self.ca_file, "CAs/ca.pem"), (self.cert, "public.crt"), (self.key, "private.key")):
            shutil.copy(made, folder / "certs" / name)
        self.put = {"https://kubernetes.default.svc.cluster.local": self.cluster.issuer, "--certs-dir /certs": f"--certs-dir {folder}/certs",
                    " /data": f" {folder}/data", "--url https://minio.example": f"--url {self.url}"}

    def set_up(self):
        user, password = "root-of-a-test", "password-of-a-test"
        self.start_page(Page("minio.md", self.put).server(), {
            "PATH": self.path_with("minio", os.environ["STS_INTEROP_MINIO"]), "HOME": str(self.folder), "MINIO_ADDRESS": f"127.0.0.1:{self.port}",
            "MINIO_BROWSER": "off", "MINIO_CONSOLE_ADDRESS": f"127.0.0.1:{free_port()}", "MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": password})
        self.put["arn:minio:iam:::role/EXAMPLE"] = self.is_ready()[1]
        self.client(aws_access_key_id=user, aws_secret_access_key=password).create_bucket(Bucket=BUCKET)

    def is_ready(self):
        """MinIO prints the name of its role as soon as it has started."""
        return re.search(r"IAM Roles: (\S+)", self.log.read_text())

    def client(self, session=None, **keys):
        return (session or boto3.Session(**keys)).client("s3", endpoint_url=self.url, verify=str(self.ca_file), region_name="us-east-1")


@pytest.fixture(scope="module")
def minio(ca):
    with MinIO.started(ca) as made:
        yield made


@pytest.fixture
def pod(sidecar, minio, folder):
    return Pod(sidecar, "minio.md", minio, folder, "cart")


def roundtrip(client, name):
    client.put_object(Bucket=BUCKET, Key=name, Body=name.encode())
    assert client.get_object(Bucket=BUCKET, Key=name)["Body"].read() == name.encode()


def test_readers(minio, pod, folder, aws_clean):
    """boto3 writes and reads objects of MinIO across four keys, through credential_process and with a new client for each aws-credentials"""
    (command,) = pod.page.commands()
    (folder / "config").write_text(pod.page.blocks("ini")[0])
    aws_clean.setenv("AWS_CONFIG_FILE", str(folder / "config"))

    seen = []

    def by_process():
        session = boto3.Session()
        roundtrip(minio.client(session), "process")
        key = session.get_credentials().get_frozen_credentials().access_key
        # MinIO's keys live for 900 s at least, so the sidecar is asked for the next ones when these have been read twice.
        seen.append(key)
        if seen.count(key) == 2:
            done = pod.sidecar.run("refresh", pod.out)
            assert done.status == 0, done.err
        return key

    def by_file():
        # The file's name is read when the session's credentials are looked for, so the variable is there for this session alone.
        session = boto3.Session()
        session._session.set_config_variable("credentials_file", str(pod.out / "aws-credentials"))
        session._session.set_config_variable("config_file", str(folder / "none"))
        client = minio.client(session)
        credentials = session.get_credentials()
        assert credentials.method == "shared-credentials-file", credentials.method
        roundtrip(client, "file")
        return credentials.access_key
    with pod.run(*command[1:]):
        wait_for((pod.out / "aws-credentials").exists, "the first keys")
        while_refreshing(pod, {"process": by_process, "file": by_file})


def test_refusals(minio, pod):
    """MinIO refuses with the words of the page, and no other refusal is on it"""
    (command,) = pod.page.commands()
    assert pod.fetch(command).status == 0
    met = {pod.refused(command, "Error processing RoleArn parameter", "--force", replace={"role-arn=": "role-arn=arn:minio:iam:::role/none-of-it"})}
    at = next(at for at, word in enumerate(command) if word.startswith("role-arn="))
    met.add(pod.refused(command[:at - 1] + command[at + 1:], "Role arn:minio:iam:::role/dummy-internal does not exist", "--force"))
    pod.renew(nbf=int(time.time()) + 600)
    met.add(pod.refused(command, "Token is not valid yet", "--force"))
    pod.renew("https://other.example")
    met.add(pod.refused(command, "STS JWT Token has `azp` claim invalid, `azp` must match configured OpenID Client ID", "--force"))
    pod.renew(key=pki.new_key("rsa"))
    met.add(pod.refused(command, "crypto/rsa: verification error", "--force"))
    minio.cluster.server.close()  # MinIO asks for the keys again if it does not know the token's
    met.add(pod.refused(command, f'Get "{minio.cluster.issuer}/openid/v1/jwks"', "--force"))
    pod.renew()
    assert pod.fetch(command, "--force").status == 0
    assert met == set(pod.page.refusals())
