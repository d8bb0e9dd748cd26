# SPDX-License-Identifier: Apache-2.0
"""Images for containerd, as OCI archives of one layer. Ours holds what Dockerfile.scratch puts there (tests/container/ tests that file itself); its CA
bundle is the test's. The others have busybox alone."""
import hashlib
import io
import json
import tarfile

OCI = "application/vnd.oci.image"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files):
    """files: {path: (mode, bytes)}; a mode of None makes a link to the path in the bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in sorted({"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, (mode, data) in files.items():
            entry = tarfile.TarInfo(path)
            if mode is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, data
                tar.addfile(entry)
            else:
                entry.size, entry.mode = len(data), mode
                tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def archive(path, names, files, **config):
    """An OCI archive at this path with one image under all of these names."""
    tar_of_files = layer(files)
    image = json.dumps({"architecture": "amd64", "os": "linux", "config": config,
                        "rootfs": {"type": "layers", "diff_ids": [digest(tar_of_files)]}}).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
        "config": {"mediaType": f"{OCI}.config.v1+json", "digest": digest(image), "size": len(image)},
        "layers": [{"mediaType": f"{OCI}.layer.v1.tar", "digest": digest(tar_of_files), "size": len(tar_of_files)}]}).encode()
    index = {"schemaVersion": 2, "manifests": [{
        "mediaType": f"{OCI}.manifest.v1+json", "digest": digest(manifest), "size": len(manifest),
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}} for name in names]}
    blobs = {f"blobs/sha256/{digest(data)[7:]}": (0o644, data) for data in (tar_of_files, image, manifest)}
    path.write_bytes(layer({"oci-layout": (0o644, b'{"imageLayoutVersion":"1.0.0"}'), "index.json": (0o644, json.dumps(index).encode()), **blobs}))
    return path


def ours(path, names, program, ca_bundle):
    return archive(path, names, {"sts-sidecar": (0o711, program.read_bytes()), "etc/ssl/certs/ca-certificates.crt": (0o644, ca_bundle)},
                   User="65532:65532", Entrypoint=["/sts-sidecar"])


def shell(path, names, busybox, script, commands):
    """An image whose own command is a script for busybox's shell."""
    files = {"bin/busybox": (0o755, busybox.read_bytes()), "tmp/empty": (0o644, b"")}
    files |= {f"bin/{command}": (None, "busybox") for command in commands}
    return archive(path, names, files, User="1000:1000", Env=["PATH=/bin"], Cmd=["/bin/sh", "-c", script])
