# SPDX-License-Identifier: Apache-2.0
"""What tools/image.sh and tools/release.sh do with their arguments and with git, in a small repository, with a stand-in for buildah that compiles nothing.
tests/container builds the image itself."""
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile

import pytest
from test_style import TOP

NEEDED = ("Dockerfile.scratch", ".dockerignore", ".gitignore", "LICENSE", "meson.build", "meson_options.txt", "tools", "sidecar", "lib",
          "subprojects/packagefiles", "deploy/chart")
# buildah bud, push and inspect, as tools/image.sh calls them. An image has one layer with a program.
BUILDAH = f"""#!{sys.executable}
import io, json, pathlib, sys, tarfile
args = sys.argv[1:]
value = lambda name: args[args.index(name) + 1]
def add(tar, name, data):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
if args[0] == "bud" and "--iidfile" in args:
    pathlib.Path(value("--iidfile")).write_text(value("--platform").split("/")[1])
elif args[0] == "bud":
    made = pathlib.Path(value("--output").split("dest=")[1])
    made.mkdir()
    (made / "packages").write_text("ca-certificates 1 all\\n")
    (made / "sources").write_text("musl 1 source\\n")
    (made / "clock").write_text("1800000000\\n")
elif args[0] == "push":
    import hashlib
    blobs = {{}}
    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {{"digest": "sha256:" + digest, "size": len(data)}}
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        add(tar, "sts-sidecar", b"program")
    labels = {{"org.opencontainers.image.version": "0.1.0"}}
    config = blob(json.dumps({{"architecture": args[-2], "os": "linux", "config": {{"User": "1", "Entrypoint": ["/x"], "Labels": labels}}}}).encode())
    manifest = blob(json.dumps({{"config": config, "layers": [blob(layer.getvalue())]}}).encode())
    with tarfile.open(args[-1].removeprefix("oci-archive:"), "w") as tar:
        add(tar, "index.json", json.dumps({{"manifests": [manifest]}}).encode())
        for digest, data in blobs.items():
            add(tar, "blobs/sha256/" + digest, data)
elif args[0] == "inspect":
    print("sha256:" + "0" * 64)
"""


def git(tree, *arguments):
    subprocess.run(["git", "-C", tree, "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], check=True, capture_output=True, timeout=30)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bin")
    for name, text in (("buildah", BUILDAH), ("zopfli", "#!/bin/sh\nexec gzip -nc \"$3\"\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def tree(tmp_path):
    """A repository of its own, in a folder whose name has a space."""
    tree = tmp_path / "the sources"
    tree.mkdir()
    names = subprocess.run(["git", "ls-files", "-z", *NEEDED], cwd=TOP, capture_output=True, check=True, timeout=30).stdout.decode().split("\0")
    for name in filter(None, names):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes((TOP / name).read_bytes())
        (tree / name).chmod((TOP / name).stat().st_mode)
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "all")
    return tree


@pytest.fixture
def run(tree, programs):
    def run(script, *arguments):
        return subprocess.run([tree / "tools" / script, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd="/",
                              env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"})
    return run


def commit(tree):
    return subprocess.run(["git", "-C", tree, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def revisions(release):
    """What the layouts of a release say that they were made of."""
    found = {}
    for path in sorted(release.glob("*-oci*.tar")):
        with tarfile.open(path) as tar:
            index = json.load(tar.extractfile("index.json"))["manifests"][0]
            about = json.load(tar.extractfile("blobs/" + index["digest"].replace(":", "/")))["annotations"]
        found[path.name.split("-", 3)[-1]] = about["org.opencontainers.image.revision"]
    return found


def refused(done, words):
    assert (done.returncode, done.stdout) == (64, ""), done.stderr
    assert words in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["release", "out/of tree//"])
def test_a_release_in_the_tree_is_of_the_commit(run, tree, name):
    """What the script writes while it works is no change of the tree."""
    done = run("release.sh", name)
    assert done.returncode == 0, done.stderr
    assert revisions(tree / name) == dict.fromkeys(("oci.tar", "oci-without-ca.tar"), commit(tree))
    assert sorted(path.name for path in (tree / "build-image").iterdir()) == [] and not list(tree.glob("*.??????"))


def test_a_changed_tree(run, tree):
    (tree / "LICENSE").write_text("other")
    refused(run("release.sh", "release"), "the tree differs from the commit")
    assert run("release.sh", "--dirty", "release").returncode == 0
    assert set(revisions(tree / "release").values()) == {commit(tree) + "-dirty"}


def test_layouts_of_a_changed_tree(run, tree):
    """They were made when the tree was not that of the commit, which it is again."""
    (tree / "LICENSE").write_text("other")
    for name, more in (("oci", ()), ("oci-without-ca", ("--without-ca",))):
        assert run("image.sh", "--oci", f"build-image/{name}", *more).returncode == 0
    git(tree, "checkout", "LICENSE")
    done = run("release.sh", "--layouts", "build-image", "release")
    assert done.returncode == 1 and "was made of " in done.stderr.splitlines()[-1] and not (tree / "release").exists()
    assert run("release.sh", "--dirty", "--layouts", "build-image", "release").returncode == 0


def test_a_release_without_git(run, tree):
    """As in an archive of the sources."""
    (tree / ".git").rename(tree / ".not-git")
    done = run("release.sh", "release")
    assert done.returncode == 64 and done.stderr.endswith("git does not show a commit here, and a release is made of one; tools/release.sh --help says more\n")


def test_layouts_that_are_not_there(run, tree):
    refused(run("release.sh", "--layouts", "nothing", "release"), "nothing/oci is not a layout")
    assert not (tree / "release").exists()


def test_a_folder_that_is_no_layout_stays(run, tree):
    """The layout takes the place of its folder."""
    own = tree.parent / "own"
    own.mkdir()
    (own / "file").write_text("mine")
    refused(run("image.sh", "--oci", own), "is there, and is not a layout")
    refused(run("image.sh", "--oci", own / "file"), "is there, and is not a layout")
    assert (own / "file").read_text() == "mine" and sorted(path.name for path in tree.parent.iterdir()) == ["own", "the sources"]


def test_an_archive_is_whole_or_the_one_before(run, tree):
    """There is no space for the second one."""
    archive = tree.parent / "image.tar"
    assert run("image.sh", "--archive", archive).returncode == 0
    before = archive.read_bytes()
    limited = subprocess.run([sys.executable, "-B", tree / "tools/image/pack.py", tree / "build-image/oci", archive], capture_output=True, text=True, timeout=60,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)))
    assert limited.returncode == 1 and "File too large" in limited.stderr
    assert archive.read_bytes() == before and sorted(path.name for path in tree.parent.iterdir()) == ["image.tar", "the sources"]


@pytest.mark.parametrize("arguments, words", [
    pytest.param(["--archive", "nowhere/image.tar"], "nowhere is not a folder", id="archive"),
    pytest.param(["--load", "containerd"], "ctr is missing", id="load", marks=pytest.mark.skipif(bool(shutil.which("ctr")), reason="this machine has ctr"))])
def test_what_is_missing_is_said_before_the_build(tree, programs, arguments, words):
    done = subprocess.run([tree / "tools/image.sh", *arguments], capture_output=True, text=True, timeout=120, cwd="/", env={"PATH": f"{programs}:/usr/bin:/bin"})
    assert done.returncode in (64, 70) and words in done.stderr and "building" not in done.stderr


def test_a_layout_is_made_again(run, tree):
    layout = tree.parent / "a layout"
    digests = set()
    for _ in range(2):
        done = run("image.sh", "--oci", layout)
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout.splitlines()[-1])
    assert len(digests) == 1 and sorted(path.name for path in tree.parent.iterdir()) == ["a layout", "the sources"]
