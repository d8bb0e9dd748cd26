# SPDX-License-Identifier: Apache-2.0
"""What is read from the command line and from the variables that platforms inject, and what is refused before anything is sent."""
import json
import re

import pytest

from recorded import NAMES, SUBJECT, Recorded

ARN = "arn:aws:iam::123456789012:role/app"
AWS = {"AWS_REGION": "eu-west-1", "AWS_ROLE_ARN": ARN, "AWS_ROLE_SESSION_NAME": "from-env"}
AZURE = {"AZURE_TENANT_ID": "t.example", "AZURE_CLIENT_ID": "66666666-7777", "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"}
ANTHROPIC = {"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1", "ANTHROPIC_ORGANIZATION_ID": "o-1", "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_1",
             "ANTHROPIC_WORKSPACE_ID": "default"}


def dry(sidecar, *args, env=None):
    return sidecar.run("fetch", "--dry-run", *args, env=env)


def sent(sidecar, *args, env=None):
    run = dry(sidecar, *args, env=env)
    assert run.status == 0, run.err
    return run.out.decode()


def test_variables_of_the_aws_webhook(sidecar):
    out = sent(sidecar, "--protocol=aws", env=AWS)
    assert "\r\nHost: sts.eu-west-1.amazonaws.com\r\n" in out
    assert "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp&RoleSessionName=from-env&" in out
    out = sent(sidecar, "--protocol=aws", "--param=role-session-name=flag", "--param=Region=us-east-1", env=AWS)
    assert "RoleSessionName=flag&" in out and "sts.us-east-1." in out and "from-env" not in out
    out = sent(sidecar, "--protocol=aws", env=AWS | {"AWS_ROLE_SESSION_NAME": ""})
    assert "RoleSessionName=sts-sidecar&" in out


def test_variables_of_the_azure_webhook(sidecar):
    out = sent(sidecar, "--protocol=entra", "--scope=api://x/.default", env=AZURE)
    assert out.startswith("POST /t.example/oauth2/v2.0/token HTTP/1.1\r\nHost: login.microsoftonline.us\r\n")
    assert "&client_id=66666666-7777&" in out
    assert "&client_id=flag&" in sent(sidecar, "--protocol=entra", "--scope=a/.default", "--client-id=flag", env=AZURE)


def test_variables_of_anthropic(sidecar):
    out = sent(sidecar, "--protocol=anthropic", env=ANTHROPIC)
    assert out.endswith('"federation_rule_id":"fdrl_1","organization_id":"o-1","service_account_id":"svac_1","workspace_id":"default"}\n')


def test_variables_of_vault(sidecar):
    out = sent(sidecar, "--protocol=vault", env={"VAULT_ADDR": "https://vault.example", "VAULT_NAMESPACE": "a/b"})
    assert "\r\nHost: vault.example\r\n" in out and "\r\nX-Vault-Namespace: a/b\r\n" in out


def test_variables_are_for_their_row_alone(sidecar):
    out = sent(sidecar, "--url=https://a.example/t", env=AWS | AZURE | ANTHROPIC)
    assert not any(value in out for value in ("from-env", "66666666", "fdrl_1"))


def test_variables_of_the_url_stand_back_where_it_is_given(sidecar):
    out = sent(sidecar, "--protocol=aws", "--url=https://minio.example/sts", env=AWS)
    assert out.startswith("POST /sts HTTP/1.1\r\nHost: minio.example\r\n")


def test_a_variable_is_checked_like_a_flag(sidecar):
    run = dry(sidecar, "--protocol=aws", env=AWS | {"AWS_ROLE_SESSION_NAME": "a b"})
    assert run.status == 64 and "AWS_ROLE_SESSION_NAME may have" in run.err
    run = dry(sidecar, "--protocol=aws", env=AWS | {"AWS_REGION": "eu-west-1.evil.example/"})
    assert run.status == 64 and "AWS_REGION may have" in run.err


TOKEN_FILES = {"aws": ("AWS_WEB_IDENTITY_TOKEN_FILE", AWS), "entra": ("AZURE_FEDERATED_TOKEN_FILE", AZURE),
               "anthropic": ("ANTHROPIC_IDENTITY_TOKEN_FILE", ANTHROPIC)}


@pytest.mark.parametrize("name", TOKEN_FILES)
def test_token_file_by_variable(sidecar, plain_sts, space, name):
    variable, env = TOKEN_FILES[name]
    recorded = Recorded(name)
    other = space.write("other-token", "other.subject.token")
    usual = ["fetch", f"--protocol={name}", "--insecure-http", f"--output-dir={space.out}", "--deadline=1s",
             *(["--scope=a/.default"] if name == "entra" else [])]

    def asked(*more, **variables):
        url = plain_sts.url(200, recorded.body("answer-ok.json"))
        run = sidecar.run(*usual, f"--url={url}", *more, env=env | variables)
        assert run.status == 0, run.err
        return plain_sts.server.requests[-1].decode()
    assert "other.subject.token" in asked(**{variable: other})
    assert SUBJECT in asked(f"--token-file={space.token_file}", **{variable: other})
    third = space.write("third-token", "third.subject.token")   # what was sent may not be sent again to Anthropic
    assert "third.subject.token" in asked(**{variable: other, "STS_TOKEN_FILE": third})


def test_exchange_reads_no_variable(sidecar, serve, space):
    body = Recorded("openunison").body("answer-ok.json")
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    poison = {name: "/nowhere" for name, _ in TOKEN_FILES.values()} | AWS | {"STS_URL": "https://x.example", "STS_PROTOCOL": "aws"}
    run = sidecar.run("exchange", "--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url("/token/user"), space.out,
                      env=poison)
    assert run.status == 0, run.err
    assert f"Authorization: Bearer {SUBJECT}\r\n" in server.requests[0].decode()


REFUSED = [
    # arguments, words of the message
    (["--protocol=awss"], 'unknown protocol "awss": did you mean aws?'),
    (["--protocol=kerberos"], "sts-sidecar protocols lists them"),
    (["--protocol=aws", f"--param=role-arn={ARN}"], "region is missing, and protocol aws needs it: --param region=..., or AWS_REGION"),
    (["--protocol=aws", "--param=region=eu"], "role-arn is missing"),
    (["--protocol=aws", "--param=region=eu", "--param=role-arn=role"], "role-arn must have 20 to 2048 bytes"),
    (["--protocol=aws", "--param=region=eu", f"--param=role-arn={ARN}", "--param=duration=900"], "duration is none of protocol aws"),
    (["--protocol=aws", "--param=region=eu", f"--param=role-arn={ARN}", "--param=policyy=900"], "did you mean policy?"),
    (["--protocol=aws", "--param=region=eu", f"--param=role-arn={ARN}", "--param=duration-seconds=60"], "from 900 to 43200"),
    (["--protocol=aws", "--param=region=eu", f"--param=role-arn={ARN}", "--audience=x"], "audience is none of protocol aws"),
    (["--protocol=aws", "--param=region=eu", "--url=https://m.example/"], "region is a part of the URL, and the whole URL is given (--url or a variable): leave one out"),
    (["--protocol=aws", "--url=https://m.example/", f"--param=role-arn={ARN}", "--param=RoleArn=" + ARN], "role-arn was given more than once"),
    (["--protocol=gcp", "--audience=https://iam.googleapis.com/x"], "audience must look like //iam.googleapis.com/*"),
    (["--protocol=gcp", "--audience=//iam.googleapis.com/x", "--audience=//iam.googleapis.com/y"], "audience was given more than once"),
    (["--protocol=gcp-impersonate", "--param=service-account=x@example.com"], "must look like *.gserviceaccount.com"),
    (["--protocol=gcp-impersonate", "--param=service-account=x.gserviceaccount.com", "--param=lifetime=3600"], "lifetime needs a whole number from 1 to 43200, and an s"),
    (["--protocol=entra", "--param=tenant=a/b"], "tenant may have letters, digits and .- only"),
    (["--protocol=entra", "--param=tenant=t", "--client-id=c", "--scope=User.Read"], "scope must look like */.default"),
    (["--protocol=entra", "--param=tenant=t", "--client-id=c", "--scope=a/.default", "--param=authority=http://x"],
     'the parameter authority: plain http to "x" is refused'),
    (["--protocol=entra", "--param=tenant=t", "--client-id=c", "--scope=a/.default", "--scope=b/.default"], "scope was given more than once"),
    (["--protocol=vault", "--param=address=vault:8200"], "the parameter address: the URL \"vault:8200/v1/auth/jwt/login\" does not begin with https://"),
    (["--protocol=vault", "--param=address=https://v", "--param=mount=../sys"], "mount needs a letter or a digit, and no two dots in a row"),
    (["--protocol=vault", "--param=address=https://v", "--param=mount=jwt?x"], "mount may have letters"),
    (["--protocol=vault", "--param=address=https://v", "--param=jwt=x"], "jwt is filled in by the program"),
    (["--protocol=vault", "--param=address=https://v", "--client-id=x"], "no client authentication"),
    (["--protocol=octo-sts", "--scope=o/r"], "identity is missing"),
    (["--protocol=octo-sts", "--scope=o/r", "--param=identity=a&b"], "identity may have letters"),
    (["--protocol=octo-sts", "--scope=o/r", "--param=identity=a", "--body=json"], "this request has no body"),
    (["--protocol=anthropic", "--param=federation_rule_id=x", "--param=organization_id=y", "--resource=z"], "resource is none of protocol"),
    (["--protocol=openunison", "--url=https://a.example/", "--scope=x"], "scope is none of protocol openunison, which takes none"),
    (["--url=https://a.example/", "--method=PUT"], "takes neither --method nor --subject-in"),
    (["--url=https://a.example/", "--subject-in=header:X-T"], "takes neither --method nor --subject-in"),
    (["--url=https://a.example/", "--expiry-field=/a"], "--expiry-field needs lifetime:/JSON/POINTER"),
    (["--url=https://a.example/", "--expiry-field=lifetime:a"], "--expiry-field needs lifetime:/JSON/POINTER"),
    (["--protocol=custom"], "--url is missing"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=cookie:a"], "--subject-in needs bearer"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=field:"], "--subject-in needs bearer"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=pointer:a"], "--subject-in needs bearer"),
    (["--protocol=custom", "--url=https://a.example/", "--method=GET", "--subject-in=field:a"], "--subject-in needs another --method"),
    (["--protocol=custom", "--url=https://a.example/", "--method=GET", "--body=json"], "this request has no body"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=pointer:/a", "--body=form"], "--subject-in needs another"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=header:Host"], "a name that cannot be used"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=field:a", "--param=a=b"], "a is filled in by the program"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=pointer:/a/b", "--body=json", "--param=a=b"], "a is filled in"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=header:X-T", "--header=x-t=b"], "may not be set"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=header:Content-Type"], "a name that cannot be used"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=header:user-agent"], "a name that cannot be used"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=field:client_id", "--client-id=a"], "a field of the client's"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=pointer:/client_id/a", "--client-id=a"], "a field of the client's"),
    (["--protocol=custom", "--url=https://a.example/", "--subject-in=field:client_secret", "--client-id=a", "--client-auth=post",
      "--client-secret-file=/etc/hostname"], "a field of the client's"),
    (["--protocol=custom", "--url=https://a.example/", "--method=GET", "--client-id=a", "--client-auth=post",
      "--client-secret-file=/etc/hostname"], "--client-auth post needs a request with a body"),
    (["--protocol=gcp-impersonate", "--param=service-account=x.gserviceaccount.com", "--param=lifetime=-1s"], "and an s"),
    (["--protocol=gcp-impersonate", "--param=service-account=x.gserviceaccount.com", "--param=lifetime=s"], "and an s"),
    (["--protocol=gcp-impersonate", "--param=service-account=x.gserviceaccount.com", "--param=lifetime=43201s"], "and an s"),
    (["--protocol=vault", "--param=address=https://a.example", "--param=mount=."], "mount needs a letter or a digit, and no two dots in a row"),
    (["--protocol=vault", "--param=address=https://a.example", "--param=mount=/"], "mount needs a letter or a digit, and no two dots in a row"),
    (["--protocol=entra", "--param=tenant=.", "--client-id=a", "--scope=a/.default"], "tenant needs a letter or a digit"),
    (["--protocol=custom", "--url=https://a.example/", "--method=DELETE"], "--method is not valid: it takes protocol|GET|POST|PUT"),
]


@pytest.mark.parametrize("args, words", REFUSED, ids=[" ".join(args) for args, _ in REFUSED])
def test_refused_before_anything_is_sent(sidecar, args, words):
    for run in (dry(sidecar, *args), sidecar.run("fetch", "--token-file=/nowhere", "--log-format=text", *args)):
        assert run.status == 64, run.err
        assert words in run.err
        assert len(run.lines) == 1
        parameter = ": the parameter " in run.err
        assert run.err.rstrip().endswith(("; see sts-sidecar protocols NAME", "; give an absolute URL: https://HOST[:PORT]/PATH")) == parameter


CUSTOM = [
    (["--method=GET", "--subject-in=query:jwt", "--param=a=b c"], "GET /x?jwt=***&a=*** HTTP/1.1", ""),
    (["--method=GET"], "Authorization: Bearer ***", ""),
    (["--subject-in=header:X-Token", "--param=a=b"], "X-Token: ***", "a=***"),
    (["--subject-in=field:tok", "--body=json", "--scope=a", "--scope=b"], "POST /x HTTP/1.1", '{"tok":"***","scope":"a b"}'),
    (["--subject-in=pointer:/a~1b/c~0d/0", "--body=json"], "application/json", '{"a/b":{"c~d":{"0":"***"}}}'),
    (["--subject-in=pointer:/~2/~"], "POST /x HTTP/1.1", '{"~2":{"~":"***"}}'),
    (["--subject-in=pointer:/a"], "POST /x HTTP/1.1", '{"a":"***"}'),
    (["--subject-in=pointer:/a", "--method=PUT"], "PUT /x HTTP/1.1", '{"a":"***"}'),
    (["--subject-in=field:tok", "--client-id=me", "--client-secret-file=SECRET", "--client-auth=basic"], "Authorization: Basic ***", "tok=***"),
]


@pytest.mark.parametrize("args, head, body", CUSTOM, ids=[" ".join(args) for args, _, _ in CUSTOM])
def test_custom(sidecar, space, args, head, body):
    secret = space.write("secret", "s3cret")
    out = sent(sidecar, "--protocol=custom", "--url=https://a.example/x", *(arg.replace("SECRET", str(secret)) for arg in args))
    top, _, rest = out.partition("\r\n\r\n")
    assert head in top and rest.strip() == body


def test_expiry_and_token_field_of_any_protocol(sidecar, plain_sts, space):
    url = plain_sts.url(200, b'{"access_token":"a","other":{"t":"the-other"},"expires_in":60,"ttl":"1800"}')
    run = sidecar.run("fetch", "--insecure-http", f"--url={url}", f"--token-file={space.token_file}", f"--output-dir={space.out}",
                      "--token-field=/other/t", "--expiry-field=lifetime:/ttl")
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == "the-other"


def test_default_ttl(sidecar, plain_sts, space):
    """The flag counts more than the protocol's, which counts more than the program's."""
    def life(name, *more):
        recorded = Recorded(name)
        run = sidecar.run("fetch", "--insecure-http", f"--url={plain_sts.url(200, recorded.body('answer-ok.json'))}", *recorded.args, *more,
                          f"--token-file={space.token_file}", f"--output-dir={space.out}", "--log-format=json")
        assert run.status == 0, run.err
        return json.loads(run.last)["lifetime_s"]
    assert life("octo-sts") == 3600
    assert life("octo-sts", "--default-ttl=120s") == 120


# ---- protocols ----

PROTOCOL_KEYS = {"name", "summary", "method", "url", "token-file", "base", "token", "expiry", "thumbprint", "key-id", "secret", "ca",
                 "expiry-kind", "default-ttl", "body", "write", "flags", "fields"}
FIELD_KEYS = {"name", "help", "from", "in", "kind", "flags", "min", "max", "field", "value", "variable", "claim", "shape", "charset"}


def test_protocols(sidecar):
    lines = sidecar.run("protocols").out.decode().splitlines()
    assert sorted(line.split()[0] for line in lines) == NAMES
    assert all(len(line) <= 100 for line in lines)
    told = json.loads(sidecar.run("protocols", "--json").out)
    assert sorted(protocol["name"] for protocol in told) == NAMES
    for protocol in told:
        assert set(protocol) <= PROTOCOL_KEYS and {"name", "summary", "method", "token", "write", "fields"} <= set(protocol)
        assert [field["from"] for field in protocol["fields"]].count("subject") == 1
        for field in protocol["fields"]:
            assert set(field) <= FIELD_KEYS and {"name", "from", "in", "kind"} <= set(field)


@pytest.mark.parametrize("name", NAMES)
def test_one_protocol(sidecar, name):
    protocol = json.loads(sidecar.run("protocols", "--json", name).out)
    assert protocol == next(r for r in json.loads(sidecar.run("protocols", "--json").out) if r["name"] == name)
    text = sidecar.run("protocols", name).out.decode()
    for field in protocol["fields"]:
        if field["from"] == "parameter":
            assert re.search(rf"^  {re.escape(field['name'])}: \w", text, re.M)
    assert protocol.get("url", "") in text and protocol["token"] in text


def test_unknown_protocol(sidecar):
    for args in (["vualt"], ["--json", "vualt"]):
        run = sidecar.run("protocols", *args)
        assert run.status == 64 and "did you mean vault?" in run.err and not run.out
    assert sidecar.run("protocols", "vault", "aws").status == 64
