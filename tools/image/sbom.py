# SPDX-License-Identifier: Apache-2.0
"""The software bill of materials of the image and of the binaries: SPDX 2.3 in JSON. The sources that are linked in are those that tools/deps.sh pins;
their versions, and those of the builder's packages, are what the builder had."""
import hashlib
import json
import pathlib
import re
import uuid

TOP = pathlib.Path(__file__).resolve().parents[2]
MEDIA_TYPE = "application/spdx+json"
FILE = "sts-sidecar.spdx.json"
PROGRAM, BUNDLE = "sts-sidecar", "etc/ssl/certs/ca-certificates.crt"
LINKED = {"bearssl": "MIT", "cjson": "MIT", "musl": "MIT"}
SUPPLIER = "Organization: Debian"
BUNDLE_LICENCE = "MPL-2.0 AND GPL-2.0-or-later"


def pinned():
    """{package: (suite, SHA-256 of the upstream tarball)} of the table in tools/deps.sh."""
    [table] = re.findall(r"^table='([^']*)'", (TOP / "tools/deps.sh").read_text(), re.MULTILINE)
    return {name: (suite, digest) for name, suite, digest in (line.split("\t") for line in table.splitlines())}


def versions(path):
    """{name: (version, architecture)} of a file of the builder's."""
    return {name: (version, architecture) for name, version, architecture in (line.split() for line in path.read_text().splitlines())}


def sha256(data):
    return {"algorithm": "SHA256", "checksumValue": data if isinstance(data, str) else hashlib.sha256(data).hexdigest()}


def package(name, version, licence, **more):
    return {"name": name, "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence, "copyrightText": "NOASSERTION", **more}


def purl(text):
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": text}]


def quoted(version):
    return version.replace("+", "%2B").replace(":", "%3A")


def linked(name, version):
    """A source package of the distribution, with its patches and ours."""
    suite, tarball = pinned()[name]
    ours = sorted((TOP / "subprojects/packagefiles").glob(f"{name}-*.patch"))
    patched = "".join(f" {each.name} (SHA-256 {hashlib.sha256(each.read_bytes()).hexdigest()})" for each in ours)
    return package(name, version, LINKED[name], primaryPackagePurpose="LIBRARY", supplier=SUPPLIER, checksums=[sha256(tarball)],
                   sourceInfo=f"Source package of Debian {suite}; the checksum is that of the upstream tarball. Patched:{patched or ' by Debian alone'}",
                   externalRefs=purl(f"pkg:deb/debian/{name}@{quoted(version)}?arch=source&distro={suite}"))


def tools_of(packages):
    """The compilers and the linkers."""
    return {name: each for name, each in packages.items() if re.fullmatch(r"(gcc-\d+|binutils)(-(x86-64|aarch64)-linux-gnu)?", name)}


def document(work, files, version, revision, source, created):
    """work has what the builder wrote of itself; files: {architecture: {path: (mode, bytes)}} of the images."""
    root = package("sts-sidecar", version, "Apache-2.0", primaryPackagePurpose="CONTAINER", sourceInfo=f"Revision {revision}",
                   downloadLocation=f"git+{source}@{revision}" if source and not revision.endswith("-dirty") else "NOASSERTION",
                   externalRefs=purl(f"pkg:generic/sts-sidecar@{quoted(version)}"))
    packages, relations = {root["SPDXID"]: root}, {("SPDXRef-DOCUMENT", "DESCRIBES", root["SPDXID"])}

    def relate(one, kind, other):
        for each in (one, other):
            packages.setdefault(each["SPDXID"], each)
        relations.add((one["SPDXID"], kind, other["SPDXID"]))

    for arch, content in sorted(files.items()):
        made_with = work / f"made-with-{arch}"
        has = versions(made_with / "packages")
        binary = package(f"{PROGRAM}-linux-{arch}", version, "Apache-2.0 AND MIT", primaryPackagePurpose="APPLICATION", packageFileName=PROGRAM,
                         checksums=[sha256(content[PROGRAM][1])])
        relate(root, "CONTAINS", binary)
        for name, (of, _) in versions(made_with / "sources").items():
            relate(binary, "STATIC_LINK", linked(name, of))
        for name, (of, architecture) in tools_of(has).items():
            tool = package(name, of, "GPL-3.0-or-later", supplier=SUPPLIER,
                           externalRefs=purl(f"pkg:deb/debian/{name}@{quoted(of)}?arch={architecture}&distro=bookworm"))
            relate(tool, "BUILD_TOOL_OF", binary)
        if BUNDLE in content:
            of, _ = has["ca-certificates"]
            relate(root, "CONTAINS", package("ca-certificates", of, BUNDLE_LICENCE, primaryPackagePurpose="FILE", supplier=SUPPLIER, packageFileName=BUNDLE,
                                             checksums=[sha256(content[BUNDLE][1])],
                                             externalRefs=purl(f"pkg:deb/debian/ca-certificates@{quoted(of)}?arch=all&distro=bookworm")))
    body = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"sts-sidecar-{version}",
            "creationInfo": {"created": created, "creators": ["Tool: sts-sidecar-tools-image"]},
            "packages": [packages[name] for name in sorted(packages)],
            "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in sorted(relations)]}
    text = json.dumps(body, indent=1, sort_keys=True)
    body["documentNamespace"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, text)}"
    return json.dumps(body, indent=1, sort_keys=True).encode() + b"\n"
