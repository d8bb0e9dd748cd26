# SPDX-License-Identifier: Apache-2.0
"""SDKs in JavaScript that read what we write, jose as a resource server and as a judge of odd tokens, and oidc-provider as a token service."""
import contextlib
import json
import pathlib
import subprocess
import sys

import pytest

import judges
import moto_server
from reading import LIFE, OFTEN, Node, while_refreshing
from test_python import ROLE, external_account, google_sources

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "judges/signatures"))

import odd  # noqa: E402

# What jose and the program take differently: see odd.STRICT.
OTHERWISE = [
    (r"header kid=null|key kid=(null|left out)|keys: two keys without kid", odd.WE, "jose wants a key with the kid; here a key without kid fits"),
    (r"key (use|alg|key_ops)=null|key key_ops=(\"verify\"|\[\"verify\", \"verify\"\]|\[\"sign\", \"verify\"\])|key d=null|key oth=.*", odd.WE,
     "a member that is null is as if it were left out, and key_ops needs verify alone"),
    (r"keys: junk beside it", odd.WE, "a key that cannot be read is left out (RFC 7517 section 5)"),
    *odd.STRICT,
    (r"header: very deep|claims: 5000 digits", odd.THEY, "a limit"),
    (r"header b64=.*", odd.THEY, "b64 is for other tokens than JWTs (RFC 7797 section 7)"),
    (r"(exp|nbf|iat) written -?1[Ee](400|2147483648)|iat 401 digits", odd.THEY, "a number that is not finite"),
    (r"iat (1e308|2\*\*53|2\*\*63|2\*\*64 later|2\*\*32\+5|40 digits|fraction|70 s later|later|ms)|iat written (19e8|19\d+e-\d+)", odd.THEY,
     "jose does not look at iat; a token that was issued in the future tells of a wrong clock"),
    (r"form: bits left over in .*", odd.THEY, "bits that do not count are zeros (RFC 4648 section 3.5)"),
    (r"key n=number 5", odd.THEY, "n is a text"),
    (r"point: x of 33 bytes", odd.THEY, "a coordinate has the bytes of its curve (RFC 7518 section 6.2.1.2)"),
    (r"forged, with e = 1", odd.THEY, "anybody can sign for a key with e = 1"),
]


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


def test_jose_says_the_same(sidecar, folder):
    """jose and verify give the same verdict on tokens and keys that are odd in one respect each, with exceptions that have a reason"""
    cases = list(odd.cases())
    file = folder / "cases"
    file.write_text(json.dumps([case[1:] for case in cases]))
    with Node("verify.mjs", {"issuer": odd.ISSUER, "file": str(file)}) as jose:
        by_jose = jose()

    def taken(token, jwks):
        for name, text in (("token", token), ("jwks", jwks)):
            (folder / name).write_text(text)
        done = subprocess.run([sidecar.path, "verify", "--issuer", odd.ISSUER, "--jwks", folder / "jwks", folder / "token"], capture_output=True, timeout=60)
        assert done.returncode in (0, 1) or "too big" in done.stderr.decode() or not token, done
        return done.returncode == 0
    odd.compare(cases, [taken(*case[1:]) for case in cases], by_jose, OTHERWISE)
