# SPDX-License-Identifier: Apache-2.0
"""A MinIO server that is started by the commands of docs/servers/minio.md: boto3 writes and reads objects with the files of protocol aws."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import boto3
import pytest

from cluster import Cluster
from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from pages import Page, Pod
from reading import while_refreshing

PATIENCE_S = 60
BUCKET = "orders"


class MinIO:
    def __init__(self, folder, ca):
        port, console = free_port(), free_port()
        self.url, self.folder = f"https://localhost:{port}", folder
        self.ca_file = folder / "certs/CAs/ca.pem"
        self.ca_file.parent.mkdir(parents=True)
        self.ca_file.write_bytes(ca.pem)
        for made, name in zip(pki.server(ca).files(folder), ("public.crt", "private.key")):
            shutil.copy(made, folder / "certs" / name)
        programs = folder / "bin"
        programs.mkdir()
        os.symlink(os.environ["STS_INTEROP_MINIO"], programs / "minio")
        self.cluster = Cluster(ca, folder)
        self.audience = "https://minio.example"
        self.put = {"https://kubernetes.default.svc.cluster.local": self.cluster.issuer, "--certs-dir /certs": f"--certs-dir {folder}/certs",
                    " /data": f" {folder}/data", "--url https://minio.example": f"--url {self.url}"}
        env = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "MINIO_ADDRESS": f"127.0.0.1:{port}", "MINIO_BROWSER": "off",
               "MINIO_CONSOLE_ADDRESS": f"127.0.0.1:{console}", "MINIO_ROOT_USER": "root-of-a-test", "MINIO_ROOT_PASSWORD": "password-of-a-test"}
        self.log = folder / "minio.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", Page("minio.md", self.put).server()], env=env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=folder, start_new_session=True)
        try:
            role = wait_for(lambda: re.search(r"IAM Roles: (\S+)", self.log.read_text()) or self.process.poll() is not None, "MinIO", PATIENCE_S)
            assert self.process.poll() is None, self.log.read_text()
            self.put["arn:minio:iam:::role/EXAMPLE"] = role[1]
            root = self.client(aws_access_key_id="root-of-a-test", aws_secret_access_key="password-of-a-test")
            root.create_bucket(Bucket=BUCKET)
        except BaseException:
            self.close()
            raise

    def client(self, session=None, **keys):
        return (session or boto3.Session(**keys)).client("s3", endpoint_url=self.url, verify=str(self.ca_file), region_name="us-east-1")

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.cluster.close()


@pytest.fixture(scope="module")
def minio(ca):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sts-minio-"))
    folder.chmod(0o755)
    made = MinIO(folder, ca)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


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


def test_refusals(pod):
    """MinIO refuses another audience, another role and a foreign key with the words of the page, and no other refusal is on it"""
    (command,) = pod.page.commands()
    assert pod.fetch(command).status == 0
    met = {pod.refused(command, "Error processing RoleArn parameter", "--force", replace={"role-arn=": "role-arn=arn:minio:iam:::role/none-of-it"})}
    pod.renew("https://other.example")
    met.add(pod.refused(command, "STS JWT Token has `azp` claim invalid, `azp` must match configured OpenID Client ID", "--force"))
    pod.renew(key=pki.new_key("rsa"))
    met.add(pod.refused(command, "crypto/rsa: verification error", "--force"))
    assert met == set(pod.page.refusals())
