# SPDX-License-Identifier: Apache-2.0
"""Where trust anchors may come from: files, directories, SSL_CERT_FILE, SSL_CERT_DIR, and --cacert-only."""
import os
import ssl

import chains
import pytest

SERVER = ("leaf", "inter")


@pytest.fixture
def ask(stand):
    """ask(env, options...): the verdict on a good chain. Without the system's bundle, unless a test names one."""
    key = chains.private_key("leaf")

    def run(*options, **env):
        context = stand.context(SERVER, key, ssl.TLSVersion.TLSv1_3)
        env.setdefault("SSL_CERT_FILE", "/nonexistent")
        return stand.try_once(lambda raw: stand.exchange(context.wrap_socket(raw, server_side=True)), "sts.example.com", *options, env=env)
    return run


@pytest.fixture
def put(folder):
    """put(path, labels): a PEM file."""
    def write(path, *labels):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(chains.bundle(labels))
        return target
    return write


def test_a_file(ask, put):
    assert ask("--cacert-path", put("a.pem", "root")).code == "ok"
    assert ask("--cacert-path", put("b.pem", "other-root")).code == "cert_issuer"


def test_several_files(ask, put):
    one, two = put("a.pem", "other-root"), put("b.pem", "root")
    assert ask("--cacert-path", one, "--cacert-path", two).code == "ok"


def test_a_file_that_is_not_there(stand, folder):
    """No connection is made."""
    verdict = stand.finish(stand.start("sts.example.com", "--cacert-path", folder / "missing.pem"))
    assert verdict.code == "ca_file"
    assert "missing.pem" in verdict.message


def test_a_directory(ask, put, folder):
    for i in range(40):
        put(f"d/{i:02}.crt", "other-root")
    assert ask("--cacert-path", folder / "d").code == "cert_issuer"
    (folder / "d/README").write_text("certificates\n")
    (folder / "d/tls.key").write_bytes(os.urandom(300))
    (folder / "d/secret.key").write_bytes(b"")
    (folder / "d/secret.key").chmod(0)
    (folder / "d/sub").mkdir()
    put("d/zz.pem", "root")
    assert ask("--cacert-path", folder / "d").code == "ok"


def test_hidden_files_of_a_directory_do_not_count(ask, put, folder):
    put("d/.root.pem", "root")
    put("d/other.pem", "other-root")
    assert ask("--cacert-path", folder / "d").code == "cert_issuer"


def test_a_directory_of_hashed_links(ask, put, folder):
    """As c_rehash and update-ca-certificates make them."""
    put("store/root.pem", "root")
    (folder / "d").mkdir()
    (folder / "d/3513523f.0").symlink_to("../store/root.pem")
    (folder / "d/dangling.0").symlink_to("../store/gone.pem")
    assert ask("--cacert-path", folder / "d").code == "ok"


def test_an_empty_directory(ask, folder):
    (folder / "d").mkdir()
    verdict = ask("--cacert-path", folder / "d")
    assert verdict.code == "ca_file"
    assert "no PEM certificate" in verdict.message


def test_ssl_cert_file(ask, put):
    assert ask(SSL_CERT_FILE=put("a.pem", "root")).code == "ok"
    assert ask(SSL_CERT_FILE=put("b.pem", "other-root")).code == "cert_issuer"
    assert ask(SSL_CERT_FILE="/nonexistent").code == "ca_file"


def test_ssl_cert_dir(ask, put, folder):
    put("one/a.pem", "other-root")
    put("two/b.pem", "root")
    assert ask(SSL_CERT_DIR=f"{folder}/one:{folder}/two", SSL_CERT_FILE="").code == "ok"
    assert ask(SSL_CERT_DIR=f"{folder}/one", SSL_CERT_FILE="").code == "cert_issuer"


def test_ssl_cert_file_and_dir_together(ask, put, folder):
    put("one/b.pem", "root")
    assert ask(SSL_CERT_DIR=f"{folder}/one", SSL_CERT_FILE=put("a.pem", "other-root")).code == "ok"


def test_cacert_path_adds(ask, put):
    system, own = put("system.pem", "root"), put("own.pem", "other-root")
    assert ask("--cacert-path", own, SSL_CERT_FILE=system).code == "ok"


def test_cacert_only_replaces(ask, put, folder):
    system, own = put("system.pem", "root"), put("own.pem", "other-root")
    put("dir/root.pem", "root")
    verdict = ask("--cacert-only", "--cacert-path", own, SSL_CERT_FILE=system, SSL_CERT_DIR=folder / "dir")
    assert verdict.code == "cert_issuer"
    assert "system.pem" not in verdict.message
    assert ask("--cacert-only", "--cacert-path", system, SSL_CERT_FILE=own).code == "ok"


def test_rotation_is_seen_at_once(ask, put):
    path = put("a.pem", "other-root")
    assert ask("--cacert-path", path).code == "cert_issuer"
    put("a.pem", "root")
    assert ask("--cacert-path", path).code == "ok"
