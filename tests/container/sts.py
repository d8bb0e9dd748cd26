# SPDX-License-Identifier: Apache-2.0
"""mock-sts for a Pod: its keys, the subject token as the kubelet lays it down, and the container that it runs in."""
import os
import subprocess

import jwt
from manifests import TOP
from podman import APP, OURS, until

MOCK = TOP / "build/tests/mock-sts"
NAME, PORT = "sts.example.com", 443
AUDIENCE = "https://api.example.com"
SUBJECT_AUDIENCE = "https://sts.example.com"
URL = f"https://{NAME}/token"
USER_URL = f"https://{NAME}/vault/token/user"


def tool(*args):
    return subprocess.run([MOCK, *map(str, args)], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


class Sts:
    """Folders of this machine that are mounted into the Pod.

    private  keys and the program: into the STS's container alone
    public   the trust anchor, and a hosts file
    subject  the subject token, behind a ..data link
    """

    def __init__(self, folder, lifetime="9s", faults=()):
        self.private, self.public, self.subject = (folder / name for name in ("private", "public", "subject"))
        for each in (self.private, self.public, self.subject):
            each.mkdir()
            each.chmod(0o755)
        (self.public / "hosts").write_text(f"127.0.0.1 localhost {NAME}\n")
        self.anchor = self.public / "ca.crt"
        self.log_file = self.private / "log"
        self.lifetime, self.faults = lifetime, faults
        (self.private / "mock-sts").write_bytes(MOCK.read_bytes())
        (self.private / "mock-sts").chmod(0o755)
        for name in ("subject", "signing"):
            (self.private / f"{name}.key").write_text(tool("keygen", "--type", "ec"))
        (self.private / "signing.jwks").write_text(tool("jwks", self.private / "signing.key"))
        self.rotate("first")

    def rotate(self, version):
        """A new subject token, put in place as the kubelet does it: a new folder, and the ..data link renamed over the old one."""
        token = tool("mint", "--key", self.private / "subject.key", "--audience", SUBJECT_AUDIENCE).strip()
        folder = self.subject / f"..{version}"
        folder.mkdir()
        (folder / "sts-token").write_text(token)
        (self.subject / "..data_tmp").symlink_to(folder.name)
        (self.subject / "..data_tmp").rename(self.subject / "..data")
        if not (self.subject / "sts-token").is_symlink():
            (self.subject / "sts-token").symlink_to("..data/sts-token")

    def command(self):
        """Inside the container."""
        command = ["/sts/mock-sts", "serve", "--listen", "127.0.0.1", "--port", str(PORT), "--server-name", NAME,
                   "--ca-out", "/public/ca.crt", "--trust-key", "/sts/subject.key", "--subject-audience", SUBJECT_AUDIENCE,
                   "--signing-key", "/sts/signing.key", "--audience", AUDIENCE, "--lifetime", self.lifetime, "--log", "/sts/log"]
        for fault in self.faults:
            command += ["--fault", fault]
        return command

    def ready(self):
        until(lambda: self.anchor.exists() and self.anchor.stat().st_size)

    def requests(self):
        return self.log_file.read_text().splitlines() if self.log_file.exists() else []

    def verify(self, token, at_s):
        """The claims of a JWT that this STS issued, valid at that time: signature, audience, expiry."""
        [key] = jwt.PyJWKSet.from_json((self.private / "signing.jwks").read_text()).keys
        claims = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, options={"verify_exp": False, "verify_iat": False})
        assert claims["nbf"] - 1 <= at_s < claims["exp"], f"read at {at_s}: {claims}"
        return claims


def seen_by_app(log):
    """Lines `TIME TOKEN` that an application printed, as (seconds, token)."""
    lines = [line.split() for line in log.splitlines()]
    return [(float(line[0]), line[1]) for line in lines if len(line) == 2 and line[1].count(".") == 2]


def output_folder(path, fs_group=None):
    """An emptyDir as the kubelet makes it."""
    path.mkdir()
    os.chown(path, 0, fs_group or 0)
    path.chmod(0o2777 if fs_group else 0o777)
    return path


class Pod:
    """The STS and containers beside it, which share one network that leads nowhere else."""

    def __init__(self, podman, folder, name="pod", **more):
        self.podman, self.name = podman, name
        self.sts = Sts(folder, **more)
        podman("pod", "create", "--network=none", f"--name={name}")
        self.where = (f"--pod={name}",)
        podman("run", "--detach", *self.where, f"--name={name}-sts", "--user=0", f"--volume={self.sts.private}:/sts",
               f"--volume={self.sts.public}:/public", APP, *self.sts.command())
        self.sts.ready()

    def mounts(self, out):
        """The options of podman that mount the files into one of our containers."""
        return [f"--volume={self.sts.subject}:/var/run/secrets/tokens:ro", f"--volume={self.sts.public}:/public:ro",
                f"--volume={self.sts.public}/hosts:/etc/hosts:ro", f"--volume={out}:/tokens"]

    def run(self, out, *args, options=(), image=OURS, **more):
        return self.podman.run(image, *args, options=[*self.mounts(out), *options], where=self.where, **more)

    def start(self, out, *args, options=(), image=OURS):
        return self.podman.start(image, *args, options=[*self.mounts(out), *options], where=self.where)

    def read(self, out, script, *options):
        """What an application does with the output folder."""
        return self.podman.run(APP, "/bin/sh", "-c", script, options=[f"--volume={out}:/tokens:ro", *options], where=self.where, ok=False)


# What the injector of OpenUnison starts, and what an example starts.
EXCHANGE = ("exchange", "--cacert-path=/public/ca.crt", "/var/run/secrets/tokens/sts-token", USER_URL, "/tokens")
OPTIONS = (f"--url={URL}", f"--audience={AUDIENCE}", "--cacert-path=/public/ca.crt")
RUN, FETCH = ("run", *OPTIONS), ("fetch", *OPTIONS)
