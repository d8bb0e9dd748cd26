# SPDX-License-Identifier: Apache-2.0
"""What tools/release.sh makes of the layouts that tests/container/images.sh has built: the same bytes twice, whole by its own sums, and a provenance
that in-toto's library reads and that names every file."""
import hashlib
import io
import json
import re
import subprocess
import tarfile

import pytest
import yaml
from conftest import BUILT, needs_all_images
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1 import statement_pb2
from manifests import TOP

pytestmark = needs_all_images
CHARTS = TOP / "deploy/chart/sts-sidecar"
VERSION = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
CHART = f"sts-sidecar-{yaml.safe_load((CHARTS / 'Chart.yaml').read_text())['version']}.tgz"


def release(folder, *more):
    done = subprocess.run([TOP / "tools/release.sh", "--dirty", "--layouts", BUILT, "--builder", "https://example.com/builder", *more, folder],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1], {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def files(made):
    return made[1]


@pytest.fixture(scope="module")
def statement(files):
    return json.loads(files[f"sts-sidecar-{VERSION}.intoto.json"])


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_the_files_are_these(files):
    ours = {f"sts-sidecar-{VERSION}{end}" for end in ("-linux-amd64", "-linux-arm64", "-oci.tar", "-oci-without-ca.tar", ".spdx.json", ".intoto.json")}
    assert files.keys() == ours | {CHART, "sts-sidecar.1", "sts-sidecar.bash", "_sts-sidecar", "sts-sidecar.fish", "SHA256SUMS"}


def test_the_same_bytes_twice(made, tmp_path):
    assert release(tmp_path / "again") == made


def test_the_sums_are_of_all_files(files, tmp_path):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.count(": OK\n") == len(files) - 1


def test_the_binaries_are_those_of_the_images(files, layout):
    for arch, image in layout("oci").images.items():
        assert files[f"sts-sidecar-{VERSION}-linux-{arch}"] == image.data["sts-sidecar"]


def test_the_chart_is_whole(files):
    with tarfile.open(fileobj=io.BytesIO(files[CHART])) as chart:
        found = {member.name: chart.extractfile(member).read() for member in chart}
    assert found == {f"sts-sidecar/{path.relative_to(CHARTS)}": path.read_bytes() for path in CHARTS.rglob("*") if path.is_file()}


def test_the_digest_is_the_image_s(made, layout):
    assert made[0] == layout("oci").digest


def test_in_toto_reads_the_provenance(statement):
    found = ParseDict(statement, statement_pb2.Statement())
    Statement.copy_from_pb(found).validate()
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    predicate = ParseDict(statement["predicate"], provenance_pb2.Provenance())
    assert predicate.run_details.builder.id == "https://example.com/builder"
    assert predicate.build_definition.build_type and predicate.build_definition.external_parameters["source"] == "https://example.com/sts-sidecar"


def test_the_provenance_names_every_file_and_both_images(files, statement, layout):
    named = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    images = {"sts-sidecar (image)": "oci", "sts-sidecar without the CA bundle (image)": "oci-without-ca"}
    assert {name: digest for name, digest in named.items() if name not in images} == \
        {name: sha256(data) for name, data in files.items() if name != "SHA256SUMS" and not name.endswith(".intoto.json")}
    assert {name: named[name] for name in images} == {name: layout(folder).digest.removeprefix("sha256:") for name, folder in images.items()}


def test_the_provenance_names_what_it_was_made_of(statement):
    found = {each["name"]: each for each in statement["predicate"]["buildDefinition"]["resolvedDependencies"]}
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=TOP, stdout=subprocess.PIPE, text=True, timeout=60).stdout.strip()
    assert found["sources"]["digest"] == {"gitCommit": revision}
    assert re.fullmatch("[0-9a-f]{64}", found["builder"]["digest"]["sha256"])
    pins = dict(re.findall(r"^(?:table=')?(\w+)\t\w+\t([0-9a-f]{64})'?$", (TOP / "tools/deps.sh").read_text(), re.MULTILINE))
    assert {name: found[name]["digest"]["sha256"] for name in ("bearssl", "cjson", "musl")}.items() <= pins.items()
    assert found["gcc-12"]["uri"].startswith("pkg:deb/debian/gcc-12@12.2.0")


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    done = subprocess.run([TOP / "tools/release.sh", "--dirty", "--layouts", BUILT, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and "is not empty" in done.stderr
