# SPDX-License-Identifier: Apache-2.0
"""Row aws: moto's XML, the JSON form as the SDK's own model has it, and the SDKs as readers of what is written."""
import configparser
import contextlib
import datetime
import json
import os
import signal
import threading
import urllib.parse

import boto3
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.session
import botocore.validate
import pytest

import judges
import moto_server
from harness import pki, servers
from harness.mock import wait_for
from reading import Node, while_refreshing

ROLE = "arn:aws:iam::123456789012:role/reader"
OPERATION = "AssumeRoleWithWebIdentity"
FILES = "aws-credentials,aws-process"


@pytest.fixture(scope="module")
def model():
    """botocore's own description of the service."""
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("sts", "service-2"), "sts").operation_model(OPERATION)


@pytest.fixture
def given(rig, ca):
    """A token of mock-sts as the subject token, and what is the same for every exchange here."""
    sts = rig("--lifetime", "10m")
    sts.space.write("judges.crt", ca.pem)
    assert sts.command("fetch", *sts.options()).status == 0
    sts.jwt = sts.space.write("jwt", sts.token())
    for path in sts.out.iterdir():
        path.unlink()
    return sts


def options(sts, url, *more, write=FILES, **change):
    return [*sts.options(**{"url": url, "protocol": "aws", "token-file": sts.jwt, "cacert-path": sts.folder / "judges.crt", "write": write,
                            **change}),
            "--param", f"role-arn={ROLE}", *more]


def written(sts):
    """Key, secret, session token and expiry: the same in both files."""
    process = json.loads((sts.out / "aws-process.json").read_text())
    assert process["Version"] == 1
    profiles = configparser.ConfigParser(interpolation=None)
    profiles.read_string((sts.out / "aws-credentials").read_text())
    values = [process[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    assert [profiles["default"][name] for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")] == values
    assert (sts.out / "expires").read_text() == process["Expiration"]
    return [*values, process["Expiration"]]


def body_of(request):
    return request.partition(b"\r\n\r\n")[2].decode("ascii")


def test_request(given, model, serve_tls):
    """the request is the SDK's own, name by name: botocore's validator and its serializer of the service model, with all parameters"""
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    arns = [f"arn:aws:iam::aws:policy/{name}" for name in ("ReadOnlyAccess", "job-function/Billing")]
    server = serve_tls(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    result = given.command("fetch", *options(
        given, server.url("/", "localhost"), "--param", "role-session-name=shop+cart@blue", "--param", "duration-seconds=900", "--param",
        f"policy={policy}", *[word for arn in arns for word in ("--param", f"policy-arn={arn}")]))
    assert result.status == 65, result.err
    asked = {"RoleArn": ROLE, "RoleSessionName": "shop+cart@blue", "WebIdentityToken": given.jwt.read_text(), "DurationSeconds": 900,
             "Policy": policy, "PolicyArns": [{"arn": arn} for arn in arns]}
    report = botocore.validate.ParamValidator().validate(asked, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    sdk = botocore.serialize.create_serializer("query").serialize_to_request(asked, model)
    ours = urllib.parse.parse_qsl(body_of(server.requests[0]), strict_parsing=True)
    assert sorted(ours) == sorted((name, str(value)) for name, value in sdk["body"].items())
    head = server.requests[0].partition(b"\r\n\r\n")[0].lower()
    assert sdk["method"] == "POST" and head.startswith(b"post / http/1.1")
    assert b"content-type: application/x-www-form-urlencoded" in head and b"authorization:" not in head


def answers(model):
    """The same credentials as the XML that the model describes, and as JSON with the model's names."""
    until = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(hours=1)
    values = {"AccessKeyId": "ASIA0123456789ABCDEF", "SecretAccessKey": "abc/DEF+012=ghi", "SessionToken": "FwoGZXIvYXdzE/+=="}
    xml = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    wrapper = model.output_shape.serialization["resultWrapper"]
    xml = (f'<{model.name}Response xmlns="{model.service_model.metadata["xmlNamespace"]}"><{wrapper}><Credentials>{xml}'
           f"<Expiration>{until:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials></{wrapper}></{model.name}Response>")
    as_json = json.dumps({model.name + "Response": {wrapper: {"Credentials": values | {"Expiration": until.timestamp() + 0.5}},
                                                    "ResponseMetadata": {"RequestId": "none"}}})
    return {"xml": ("text/xml", xml), "json": ("application/json", as_json)}, values, until


@pytest.mark.parametrize("form", ["xml", "json"])
def test_answer(given, model, serve_tls, form):
    """an answer made after the SDK's model is read as botocore's parser reads it"""
    made, values, until = answers(model)
    kind, body = made[form]
    server = serve_tls(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    result = given.command("fetch", *options(given, server.url("/", "localhost")))
    assert result.status == 0, result.err
    parser = botocore.parsers.create_parser("query")
    sdk = parser.parse({"body": made["xml"][1].encode(), "headers": {}, "status_code": 200}, model.output_shape)["Credentials"]
    assert sdk["Expiration"] == until
    assert {name: sdk[name] for name in values} == values
    assert written(given) == [*values.values(), f"{until:%Y-%m-%dT%H:%M:%SZ}"]
    if form == "json":
        # The names in the JSON form are the model's own.
        shape = model.output_shape.members["Credentials"]
        parsed = botocore.parsers.create_parser("json").parse(
            {"body": json.dumps(json.loads(body)[model.name + "Response"][model.output_shape.serialization["resultWrapper"]]).encode(),
             "headers": {}, "status_code": 200}, model.output_shape)["Credentials"]
        assert sorted(parsed) == sorted(shape.required_members) and parsed["AccessKeyId"] == values["AccessKeyId"]


@pytest.mark.parametrize("code, status, again", [
    ("ExpiredTokenException", 77, False), ("AccessDenied", 77, False), ("IDPCommunicationError", 75, True),
    ("InvalidIdentityToken", 77, True), ("Throttling", 75, True)])
def test_errors(given, model, serve_tls, code, status, again):
    """an error of the SDK's model is said with its code; transient ones are tried until the deadline, the others end fetch"""
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>No, and why</Message></Error></ErrorResponse>"
    answer = f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    server = serve_tls(answer)
    result = given.command("fetch", *options(given, server.url("/", "localhost"), deadline="3s"))
    error = botocore.parsers.create_parser("query").parse({"body": body.encode(), "headers": {}, "status_code": 400}, model.output_shape)
    assert f'{error["Error"]["Code"]}: {error["Error"]["Message"]}' in result.last, result.err
    assert result.status == status, result.err
    assert (len(server.requests) > 1) == again


def test_error_codes(given, model, serve_tls):
    """every error that the SDK's model of the operation has is known by its code"""
    codes = [shape.error_code for shape in model.error_shapes]
    assert len(codes) >= 7
    for code in codes:
        body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>No</Message></Error></ErrorResponse>"
        server = serve_tls(f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        result = given.command("fetch", *options(given, server.url("/", "localhost"), deadline="1s"))
        said = json.loads(result.last)
        assert said.get("sts_error") == code and said["error"] in ("denied", "refused", "unauthorized", "busy"), result.err


def core_session(**variables):
    """A session that knows of nothing but these."""
    core = botocore.session.Session()
    for name, value in variables.items():
        core.set_config_variable(name, str(value))
    return boto3.Session(botocore_session=core, region_name="eu-central-1")


def test_readers(given, ca, folder, aws_clean):
    """boto3 and the AWS SDK for JavaScript (it not in the short form) sign with aws-credentials and with credential_process, across three refreshes of row aws
    against moto, and are never refused"""
    config = folder / "config"
    config.write_text(f"[default]\nregion = eu-central-1\ncredential_process = cat {given.out}/aws-process.json\n")
    none, credentials = folder / "none", given.out / "aws-credentials"
    with contextlib.ExitStack() as stack:
        moto = stack.enter_context(moto_server.Moto(folder))
        amazon = stack.enter_context(judges.Amazon(given.mock, moto.origin, identity=pki.server(ca), folder=folder))

        def by_boto3(session):
            def read():
                made = session()
                arn = made.client("sts", endpoint_url=moto.origin).get_caller_identity()["Arn"]
                assert arn == "arn:aws:sts::123456789012:assumed-role/reader/sts-sidecar", arn
                return made.get_credentials().access_key
            return read

        def by_node(files):
            return stack.enter_context(Node("aws.mjs", {"endpoint": moto.origin, "arn": ":assumed-role/reader/sts-sidecar"},
                                            {"AWS_REGION": "eu-central-1"} | {name: str(path) for name, path in files.items()}))

        process = given.start("run", *options(given, amazon.origin + "/"))
        wait_for((given.out / "expires").exists, f"credentials; log: {given.lines()}")
        done = threading.Event()

        def again():
            # moto's credentials live for an hour: told to, it refreshes now.
            while not done.wait(5.2):
                process.signal(signal.SIGHUP)
        stack.callback(done.set)
        threading.Thread(target=again, daemon=True).start()
        readers = {
            "boto3, aws-credentials": by_boto3(lambda: core_session(credentials_file=credentials, config_file=none)),
            "boto3, credential_process": by_boto3(lambda: core_session(credentials_file=none, config_file=config)),
        }
        if os.environ.get("STS_INTEROP_NODE") != "no":
            readers |= {
                "JavaScript, aws-credentials": by_node({"AWS_SHARED_CREDENTIALS_FILE": credentials, "AWS_CONFIG_FILE": none}),
                "JavaScript, credential_process": by_node({"AWS_SHARED_CREDENTIALS_FILE": none, "AWS_CONFIG_FILE": config}),
            }
        while_refreshing(given, readers)
        assert not amazon.refused
        assert written(given)
