# SPDX-License-Identifier: Apache-2.0
"""Makes an OCI layout of the images that tools/image.sh has built. The layers are written anew, with one time and one order, since a builder gives
files the times of its own clock; so the digests depend on the files alone."""
import argparse
import datetime
import pathlib
import sys

import oci
import sbom

LABEL = "org.opencontainers.image."


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, help="the folder with amd64.tar, made-with-amd64/ and so on")
    parser.add_argument("--layout", type=pathlib.Path)
    parser.add_argument("--name", help="NAME:TAG")
    parser.add_argument("--epoch", type=int, help="the time of everything, in seconds")
    parser.add_argument("--revision")
    parser.add_argument("--base-name")
    parser.add_argument("--base-digest")
    parser.add_argument("--source")
    return parser.parse_args()


def timestamp(time_s):
    return datetime.datetime.fromtimestamp(time_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def labels(args, created):
    """What the Dockerfile cannot know. The base is that of the builder, which the compiler and the CA bundle come from."""
    found = {"created": created, "revision": args.revision, "base.name": args.base_name, "base.digest": args.base_digest, "source": args.source}
    return {LABEL + key: value for key, value in found.items() if value}


def config_of(archive, more):
    """The configuration that the Dockerfile gives, without what the builder adds of itself."""
    config = {key: archive.config["config"][key] for key in ("User", "Entrypoint")}
    own = {key: value for key, value in archive.config["config"]["Labels"].items() if key.startswith(LABEL)}
    return config | {"Labels": own | more}


def full_name(name):
    """The name by which containerd knows the image: with a registry."""
    first, slash, _ = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def make(args):
    created = timestamp(args.epoch)
    more = labels(args, created)
    blobs, images, archives = oci.Blobs(), [], {}
    for path in sorted(args.work.glob("*.tar")):
        archive = archives[path.stem] = oci.Archive(path)
        platform = {"architecture": archive.config["architecture"], "os": archive.config["os"]}
        if platform != {"architecture": path.stem, "os": "linux"}:
            raise ValueError(f"the image for {path.stem} says that it is for {platform}")
        clock_s = int((args.work / f"made-with-{path.stem}/clock").read_text())
        print(f"layout: {path.stem}: the builder's clock said {timestamp(clock_s)} ({clock_s})", file=sys.stderr)
        images.append(blobs.image(platform, archive.files, config_of(archive, more), args.epoch, created))
    about = {key: value for key, value in config_of(archive, more)["Labels"].items() if ".base." not in key}
    tag = args.name.rpartition(":")[2]
    index = blobs.add(oci.encode({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": images, "annotations": about}), oci.INDEX,
                      annotations={oci.REF_NAME: tag, oci.CONTAINERD_NAME: full_name(args.name)})
    document = sbom.document(args.work, {arch: each.files for arch, each in archives.items()}, about[LABEL + "version"], args.revision, args.source, created)
    referrers = [blobs.referrer(each, sbom.MEDIA_TYPE, document, sbom.FILE, created) for each in [index, *images]]
    new = args.work / "layout"
    blobs.write(new, [index, *referrers])
    args.layout.rename(args.work / "before")
    new.rename(args.layout)


make(arguments())
