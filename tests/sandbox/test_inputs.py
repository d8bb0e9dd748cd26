# SPDX-License-Identifier: Apache-2.0
"""What must still work in the sandbox: inputs that lie elsewhere than their names say, and change while it runs."""
import os
import signal

import pytest

from harness import tokens
from harness.runs import Projected, Rig
from hostility import ABI

PATH = "/vault/token/user"


@pytest.fixture
def fetch(sidecar, serve, space):
    """One exchange with all layers that the kernel has. Keyword arguments replace the usual options."""
    server = serve(tokens.openunison(tokens.issued()))

    def run(*more, env=None, **options):
        usual = {"url": server.url(PATH), "protocol": "openunison", "token-file": space.token_file, "output-dir": space.out,
                 "cacert-path": space.ca_file, "deadline": "5s"}
        usual |= {key.replace("_", "-"): value for key, value in options.items()}
        args = [word for key, value in usual.items() if value is not None for word in (f"--{key}", str(value))]
        done = sidecar.run("fetch", *args, *(["--require-sandbox"] if ABI else []), *more, env=env)
        assert done.status == 0, done.err
        return done
    return run


def elsewhere(space, source, name):
    """The file lies in a folder of its own."""
    folder = space.folder / "elsewhere"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    os.rename(source, folder / name)
    return folder / name


def test_links_to_files(fetch, space):
    for file in (space.token_file, space.ca_file):
        os.symlink(elsewhere(space, file, file.name), file)
    fetch()


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_directory_of_links(fetch, space, way):
    """As c_rehash makes it: the certificates lie in another directory."""
    folder = space.folder / "certs"
    folder.mkdir()
    folder.chmod(0o755)
    os.symlink(elsewhere(space, space.ca_file, "ca.pem"), folder / "0a1b2c3d.0")
    os.symlink("nowhere", folder / "dangling.pem")
    if way == "option":
        fetch("--cacert-only", cacert_path=folder)
    else:
        fetch(cacert_path=None, env={"SSL_CERT_DIR": folder})


def test_a_projected_volume(fetch, space):
    """Links to links, as the kubelet makes them."""
    token = Projected(space.folder / "volume", "token", space.token_file.read_text())
    authority = Projected(space.folder / "authority", "ca.crt", space.ca_file.read_text())
    fetch("--cacert-only", token_file=token.path, cacert_path=authority.folder)


def test_standard_input_and_output(fetch, space, sidecar):
    done = fetch("--stdout")
    assert done.out.count(b".") == 2


def test_swaps_while_it_runs(sidecar, folder):
    """Token and CA are swapped as the kubelet does it. The rules name the directory, which stays."""
    rig = Rig(sidecar, folder, "--lifetime", "7s")
    try:
        token = Projected(rig.folder / "volume", "token", rig.mock.mint())
        authority = Projected(rig.folder / "authority", "ca.crt", rig.ca_file.read_text())
        process = rig.run(*(["--require-sandbox"] if ABI else []), options={"token-file": token.path, "cacert-path": authority.folder})
        rig.said("token refreshed")
        token.swap(rig.mock.mint())
        authority.swap(rig.ca_file.read_text())
        rig.said("token refreshed", 2)
        assert {line["level"] for line in rig.lines()} == {"info"}
        assert rig.stop(process, signal.SIGTERM).status == 0
    finally:
        rig.close()


def test_in_a_configuration_file(sidecar, space):
    """Of the whole process: not in an exchange."""
    good = '{"require-sandbox": true, "url": "https://127.0.0.1:1/", "exchanges": [{"name": "a", "output-dir": "%s", "token-file": "%s"}]}'
    bad = '{"url": "https://127.0.0.1:1/", "exchanges": [{"name": "a", "require-sandbox": true, "output-dir": "%s", "token-file": "%s"}]}'
    for text, status in ((good, 69 if ABI else 71), (bad, 64)):
        file = space.write("config.json", text % (space.out, space.token_file))
        done = sidecar.run("fetch", "--config", file, "--deadline", "1s")
        assert done.status == status, done.err
