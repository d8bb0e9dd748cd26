# SPDX-License-Identifier: Apache-2.0
"""Requests as `fetch --dry-run` prints them."""
import json

from oracle.cases.protocols import ARGUMENTS, PLACES
from oracle.suite import add, case

ARN = "arn:aws:iam::123456789012:role/app"
URL = "--url=https://a.example/t"


def dry(name, *args, files=None, **more):
    def does(scene):
        for file, text in (files or {}).items():
            scene.write(file, text)
        scene.run("fetch", "--dry-run", *args, **more)
    add(f"requests/{name}", does)


for protocol, arguments in ARGUMENTS.items():
    dry(protocol, *arguments, *PLACES.get(protocol, []))

# By variables of platforms
dry("aws-variables", "--protocol=aws", env={"AWS_REGION": "eu-west-1", "AWS_ROLE_ARN": ARN, "AWS_ROLE_SESSION_NAME": "from-env"})
dry("aws-flag-over-variable", "--protocol=aws", "--param=role-session-name=flag", "--param=Region=us-east-1",
    env={"AWS_REGION": "eu-west-1", "AWS_ROLE_ARN": ARN, "AWS_ROLE_SESSION_NAME": "from-env"})
dry("aws-china", "--protocol=aws", "--param=region=cn-north-1", f"--param=role-arn={ARN}")
dry("entra-variables", "--protocol=entra", "--scope=api://x/.default",
    env={"AZURE_TENANT_ID": "t.example", "AZURE_CLIENT_ID": "66666666-7777", "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"})
dry("anthropic-variables", "--protocol=anthropic", env={"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1", "ANTHROPIC_ORGANIZATION_ID": "o-1",
                                                        "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_1", "ANTHROPIC_WORKSPACE_ID": "default"})
dry("vault-variables", "--protocol=vault", env={"VAULT_ADDR": "https://vault.example", "VAULT_NAMESPACE": "a/b"})
dry("own-variables", env={"STS_URL": "https://a.example/t", "STS_AUDIENCE": "a\nb", "STS_PARAM": "x=y"})
dry("variables-and-flags", URL, "--audience=flag", env={"STS_AUDIENCE": "variable", "STS_SCOPE": "kept"})
dry("unknown-variable", URL, env={"STS_AUDIENSE": "x"})

# What shapes a request
dry("plain", URL)
dry("query-in-the-url", "--url=https://a.example:8443/t?x=1&y=2")
dry("address", "--url=https://[2001:db8::1]:8443/t")
dry("insecure-http", "--url=http://127.0.0.1:8080/t", "--insecure-http")
dry("json-body", URL, "--body=json", "--audience=a", "--audience=b", "--scope=c", "--scope=d")
dry("escapes", URL, "--param=a=b c&d=\u00e9", "--audience=x&y")
dry("headers", URL, "--header=X-One=1", "--header=X-Two=b c")
dry("token-types", URL, "--subject-token-type=urn:a", "--requested-token-type=urn:b")
dry("client-basic", URL, "--client-id=me", "--client-secret-file=DIR/secret", "--client-auth=basic", files={"secret": "s3cret\n"})
dry("client-post", URL, "--client-id=me", "--client-secret-file=DIR/secret", "--client-auth=post", files={"secret": "s3cret\n"})
dry("client-id-alone", URL, "--client-id=me")
dry("values-from-files", URL, "--param-file=p=DIR/p", "--header-file=X-H=DIR/h", "--actor-token-file=DIR/a",
    files={"p": "value of p", "h": "value of h", "a": "actor.token.x"})
dry("custom-query", "--protocol=custom", "--url=https://a.example/x", "--method=GET", "--subject-in=query:jwt", "--param=a=b c")
dry("custom-get", "--protocol=custom", "--url=https://a.example/x", "--method=GET")
dry("custom-header", "--protocol=custom", "--url=https://a.example/x", "--subject-in=header:X-Token", "--param=a=b")
dry("custom-field-json", "--protocol=custom", "--url=https://a.example/x", "--subject-in=field:tok", "--body=json", "--scope=a", "--scope=b")
dry("custom-pointer", "--protocol=custom", "--url=https://a.example/x", "--subject-in=pointer:/a~1b/c~0d/0", "--body=json")
dry("custom-put", "--protocol=custom", "--url=https://a.example/x", "--subject-in=pointer:/a", "--method=PUT")
dry("custom-basic", "--protocol=custom", "--url=https://a.example/x", "--subject-in=field:tok", "--client-id=me",
    "--client-secret-file=DIR/secret", "--client-auth=basic", files={"secret": "s3cret"})

SEVERAL = {"timeout": "20s", "exchanges": [
    {"name": "hub", "url": "https://sts.example.com/token", "output-dir": "/chain", "audience": ["a", "b"]},
    {"name": "api", "url": "https://sts.partner.example.com/token", "token-file": "/chain/token.jwt", "output-dir": "/tokens"},
    {"name": "cloud", "protocol": "aws", "output-dir": "/aws", "param": {"region": "eu-west-1", "role-arn": ARN}},
    {"name": "vault", "protocol": "vault", "output-dir": "/vault", "param": ["role=app", "address=https://vault.example:8200/"]},
]}


@case("requests/several")
def several(scene):
    scene.write("config.json", json.dumps(SEVERAL))
    scene.run("fetch", "--dry-run", "--config=DIR/config.json")


@case("requests/several-with-a-flag")
def several_with_a_flag(scene):
    scene.write("config.json", json.dumps({"exchanges": SEVERAL["exchanges"][:2]}))
    scene.run("fetch", "--dry-run", "--config=DIR/config.json", "--scope=x", env={"STS_RESOURCE": "https://r.example"})


@case("requests/several-the-second-is-wrong")
def second_is_wrong(scene):
    wrong = {"name": "bad", "protocol": "aws", "output-dir": "/x", "param": {"region": "eu-west-1"}}
    scene.write("config.json", json.dumps({"exchanges": [SEVERAL["exchanges"][0], wrong]}))
    scene.run("fetch", "--dry-run", "--config=DIR/config.json")
