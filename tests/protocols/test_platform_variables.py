# SPDX-License-Identifier: Apache-2.0
"""Environment variables of platforms and SDKs that change where the token goes or who is trusted: what the program does with them."""
import itertools
import json
import pathlib

import botocore
import botocore.session
import pytest
from botocore.args import LEGACY_GLOBAL_STS_REGIONS
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointVariantError

AWS = ("--protocol=aws", "--param=role-arn=arn:aws:iam::123456789012:role/app")
VAULT = ("--protocol=vault", "--param=role=app")
ENTRA = ("--protocol=entra", "--client-id=c", "--scope=a/.default")
GCP = ("--protocol=gcp", "--audience=//iam.googleapis.com/projects/1/x")


def asked(sidecar, *arguments, **variables):
    """The exit status of a dry run with these variables, and the URL of the request or the message."""
    run = sidecar.run("fetch", "--dry-run", *arguments, env=variables)
    if run.status:
        return run.status, run.err
    lines = run.out.decode().splitlines()
    host = next(line.split(": ")[1] for line in lines if line.lower().startswith("host: "))
    return 0, f"https://{host}{lines[0].split()[1]}"


class Botocore:
    def __init__(self):
        data = pathlib.Path(botocore.__file__).parent / "data"
        self.partitions = json.loads((data / "partitions.json").read_text())
        self.endpoints = json.loads((data / "endpoints.json").read_text())
        loader = botocore.session.Session().get_component("data_loader")
        self.provider = EndpointProvider(loader.load_service_model("sts", "endpoint-rule-set-1"), self.partitions)
        self.resolver = botocore.session.Session().get_component("endpoint_resolver")
        self.regions = [region for partition in self.partitions["partitions"] for region in partition["regions"]]

    def url(self, region, fips, dual_stack, legacy):
        """The URL of its client, or None where it raises."""
        try:
            self.resolver.construct_endpoint("sts", region, use_dualstack_endpoint=dual_stack, use_fips_endpoint=fips)
        except EndpointVariantError:
            return None
        return self.provider.resolve_endpoint(
            Region=region, UseFIPS=fips, UseDualStack=dual_stack,
            UseGlobalEndpoint=legacy and not fips and not dual_stack and region in LEGACY_GLOBAL_STS_REGIONS).url + "/"


@pytest.fixture(scope="module")
def oracle():
    return Botocore()


@pytest.mark.parametrize(("fips", "dual_stack", "mode"), list(itertools.product(("", "true"), ("", "TRUE"), ("", "legacy"))))
def test_aws_endpoints_are_those_of_botocore(sidecar, oracle, fips, dual_stack, mode):
    variables = {"AWS_USE_FIPS_ENDPOINT": fips, "AWS_USE_DUALSTACK_ENDPOINT": dual_stack, "AWS_STS_REGIONAL_ENDPOINTS": mode}
    wrong = {}
    for region in oracle.regions:
        if region.endswith("-global") and region != "aws-global":
            continue  # see test_aws_pseudo_regions()
        wanted = oracle.url(region, bool(fips), bool(dual_stack), mode == "legacy")
        status, url = asked(sidecar, *AWS, AWS_REGION=region, **variables)
        if (status, url) != (0, wanted) and not (wanted is None and status == 64):
            wrong[region] = wanted, status, url
    assert not wrong


def test_aws_region_and_mode(sidecar):
    assert asked(sidecar, *AWS, AWS_DEFAULT_REGION="cn-north-1") == (0, "https://sts.cn-north-1.amazonaws.com.cn/")
    assert asked(sidecar, *AWS, AWS_DEFAULT_REGION="cn-north-1", AWS_REGION="us-east-1") == (0, "https://sts.us-east-1.amazonaws.com/")
    assert asked(sidecar, *AWS, AWS_REGION="us-east-1", AWS_STS_REGIONAL_ENDPOINTS="regional", AWS_USE_FIPS_ENDPOINT="false")[0] == 0
    status, message = asked(sidecar, *AWS, AWS_REGION="us-east-1", AWS_STS_REGIONAL_ENDPOINTS="global")
    assert status == 64 and "AWS_STS_REGIONAL_ENDPOINTS" in message
    status, message = asked(sidecar, *AWS, AWS_REGION="us-isof-south-1", AWS_USE_DUALSTACK_ENDPOINT="true")
    assert status == 64 and "the variable AWS_REGION: region us-isof-south-1 has no dual-stack endpoint" in message


def test_aws_pseudo_regions(sidecar, oracle):
    """Names that botocore knows and no host has: it takes fips- and -fips for a wish, and the global names of other partitions for regions."""
    pseudo = {region for region in oracle.regions if region.endswith("-global")} - {"aws-global"}
    pseudo |= {region for partition in oracle.endpoints["partitions"] for region in partition["services"].get("sts", {}).get("endpoints", {})} - set(oracle.regions)
    assert {"aws-cn-global", "aws-us-gov-global", "us-east-1-fips", "us-gov-west-1-fips"} <= pseudo
    for region in pseudo | {"fips-us-east-1", "fips-aws-global", "aws-global-fips"}:
        status, message = asked(sidecar, *AWS, AWS_REGION=region)
        assert status == 64 and f"the variable AWS_REGION: {region} is no region" in message
    status, message = asked(sidecar, *AWS, "--param=region=us-east-1-fips")
    assert status == 64 and "the parameter region: us-east-1-fips is no region" in message


def test_aws_endpoint_urls(sidecar):
    both = {"AWS_ENDPOINT_URL": "https://all.example/a", "AWS_ENDPOINT_URL_STS": "https://sts.example/b"}
    assert asked(sidecar, *AWS, **both) == (0, "https://sts.example/b")
    assert asked(sidecar, *AWS[:1], AWS_ENDPOINT_URL=both["AWS_ENDPOINT_URL"]) == (0, "https://all.example/a"), "a look-alike needs no role"
    assert asked(sidecar, *AWS, "--url=https://own.example/c", **both) == (0, "https://own.example/c")
    assert asked(sidecar, *AWS, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true", AWS_REGION="us-east-1", **both) == (
        0, "https://sts.us-east-1.amazonaws.com/")
    for name in both:
        status, message = asked(sidecar, *AWS, **{name: "http://sts.example/"})
        assert status == 64 and name in message and "plain http" in message
        for variant in ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"):
            status, message = asked(sidecar, *AWS, **{name: "https://sts.example/", variant: "true"})
            assert status == 64 and name in message


@pytest.mark.parametrize(("name", "arguments", "others"), [
    ("AWS_ENDPOINT_URL_STS", AWS, {}), ("AWS_ENDPOINT_URL", AWS, {}), ("VAULT_ADDR", VAULT, {}), ("AZURE_AUTHORITY_HOST", ENTRA, {"AZURE_TENANT_ID": "t"}),
    ("STS_URL", (), {}), ("HTTPS_PROXY", ("--url=https://sts.example/",), {}), ("https_proxy", ("--url=https://sts.example/",), {}),
    ("ANTHROPIC_BASE_URL", ("--protocol=anthropic", "--param=federation_rule_id=f", "--param=organization_id=o"), {}),
    ("GOOGLE_CLOUD_UNIVERSE_DOMAIN", GCP, {}), ("AWS_REGION", AWS, {}),
    ("KUBERNETES_SERVICE_HOST", ("--protocol=kubernetes", "--audience=a"), {}),
])
def test_a_wrong_endpoint_names_its_variable(sidecar, name, arguments, others):
    """Plain http, and a URL where a name is wanted; a proxy's URL must be plain http."""
    status, message = asked(sidecar, *arguments, **others, **{name: "https://p.example" if "proxy" in name.lower() else "http://sts.example"})
    assert status == 64 and f"variable {name}" in message


@pytest.mark.parametrize(("arguments", "variables", "url", "source"), [
    (AWS, {"AWS_REGION": "cn-north-1"}, "https://sts.cn-north-1.amazonaws.com.cn/", "the variable AWS_REGION"),
    (AWS, {"AWS_DEFAULT_REGION": "us-east-1"}, "https://sts.us-east-1.amazonaws.com/", "the variable AWS_DEFAULT_REGION"),
    ((*AWS, "--param=region=us-east-1"), {"AWS_REGION": "cn-north-1"}, "https://sts.us-east-1.amazonaws.com/", "the parameter region"),
    (AWS, {"AWS_ENDPOINT_URL": "https://all.example/a?b=c"}, "https://all.example/a", "the variable AWS_ENDPOINT_URL"),
    ((*AWS, "--url=https://own.example"), {"AWS_ENDPOINT_URL_STS": "https://all.example/"}, "https://own.example/", "--url"),
    ((), {"STS_URL": "https://own.example/t"}, "https://own.example/t", "the variable STS_URL"),
    (VAULT, {"VAULT_ADDR": "https://v.example"}, "https://v.example/v1/auth/jwt/login", "the variable VAULT_ADDR"),
    (VAULT, {"VAULT_ADDR": "HTTPS://V.example"}, "https://v.example/v1/auth/jwt/login", "the variable VAULT_ADDR"),
    (GCP, {}, "https://sts.googleapis.com/v1/token", "protocol gcp"),
    (ENTRA, {"AZURE_TENANT_ID": "t"}, "https://login.microsoftonline.com/t/oauth2/v2.0/token", "the variable AZURE_TENANT_ID"),
])
def test_the_first_line_names_the_endpoint(sidecar, space, arguments, variables, url, source):
    """And what it is from. No subject token is there, so nothing is sent."""
    run = sidecar.run("fetch", *arguments, f"--token-file={space.folder}/none", f"--output-dir={space.out}", "--deadline=1s", env=variables)
    line = next(json.loads(line) for line in run.err.splitlines() if "none" in line)
    assert (line["error"], line["sts"], line["sts_from"]) == ("subject_missing", url, source)


def test_a_role_is_needed_without_url(sidecar):
    status, message = asked(sidecar, *AWS[:1], AWS_REGION="us-east-1")
    assert status == 64 and "role-arn" in message
    assert asked(sidecar, *AWS[:1], "--url=https://minio.example/") == (0, "https://minio.example/")


@pytest.mark.parametrize(("arguments", "url", "name"), [
    (VAULT, "https://v.example/v1/auth/jwt/login", "VAULT_SKIP_VERIFY"), (VAULT, "https://v.example/v1/auth/jwt/login", "VAULT_AGENT_ADDR"),
    (VAULT, "https://v.example/v1/auth/jwt/login", "VAULT_TLS_SERVER_NAME"),
    (ENTRA, "https://login.microsoftonline.com/t/oauth2/v2.0/token", "AZURE_KUBERNETES_TOKEN_PROXY"),
])
def test_what_cannot_be_followed_ends_the_start(sidecar, arguments, url, name):
    usual = {"VAULT_ADDR": "https://v.example", "AZURE_TENANT_ID": "t"}
    status, message = asked(sidecar, *arguments, **usual, **{name: "1"})
    assert status == 64 and name in message and "--url" in message
    for harmless in ("", "0", "false", "False"):
        assert asked(sidecar, *arguments, **usual, **{name: harmless}) == (0, url)
    assert asked(sidecar, *arguments, f"--url={url}", **{name: "1"}) == (0, url)


def test_universe_of_google(sidecar):
    assert asked(sidecar, *GCP) == (0, "https://sts.googleapis.com/v1/token")
    assert asked(sidecar, *GCP, GOOGLE_CLOUD_UNIVERSE_DOMAIN="apis.example") == (0, "https://sts.apis.example/v1/token")


def test_ca_by_variable(sidecar, space):
    """The variable's file is the only CA: where it is missing, nothing is sent."""
    for arguments, variables, name in ((AWS, {"AWS_REGION": "us-east-1"}, "AWS_CA_BUNDLE"), (VAULT, {"VAULT_ADDR": "https://127.0.0.1:1"}, "VAULT_CACERT")):
        run = sidecar.run("fetch", *arguments, f"--token-file={space.token_file}", f"--output-dir={space.out}", "--deadline=1s",
                          env=variables | {name: str(space.folder / "no-such-ca.pem")})
        assert run.status == 69 and "no-such-ca.pem" in run.err
