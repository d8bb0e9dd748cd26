# SPDX-License-Identifier: Apache-2.0
"""--revoke-on-stop: the token is revoked when the program is told to stop, and a new start gets another one. Whatever fails only warns."""
import json
import os
import signal
import time

import pytest
from harness.mock import wait_for
from harness.runs import rig  # fixture

VAULT = {"url": None, "protocol": "vault"}


def vault(sts, *more, options=(), **run):
    base = f"https://localhost:{sts.mock.port}"
    return sts.run("--revoke-on-stop", f"--param=address={base}", "--param=role=app", *more, options=VAULT | dict(options), **run)


def revoked(sts):
    return sts.mock.stats()["revoked"]


def seconds(sts, process, number=signal.SIGTERM):
    began = time.monotonic()
    assert sts.stop(process, number).status == 0
    return time.monotonic() - began


def test_vault(rig):
    """The token is revoked, is then shown as expired, and is not adopted; the next start gets a new one before `check` says yes."""
    sts = rig("--role", "app")
    process = vault(sts, "--param=namespace=team", "--require-sandbox")
    sts.has_refreshed()
    first = sts.token()
    assert sts.command("check", sts.out).status == 0
    assert sts.stop(process).status == 0
    assert sts.said("token revoked")[0]["level"] == "info" and revoked(sts) == 1
    [request] = sts.requests("/v1/auth/token/revoke-self")
    assert request["status"] == 204 and first not in sts.log_file.read_text() + sts.mock.log.read_text()
    assert sts.token() == first
    answer = sts.command("check", sts.out)
    assert answer.status == 1 and "expired" in answer.err and "the sidecar has stopped" in answer.err, answer.err
    vault(sts)
    wait_for(lambda: sts.command("check", sts.out).status == 0, "a new token")
    assert sts.token() != first


def test_without_the_option(rig):
    sts = rig("--role", "app")
    process = sts.run(f"--param=address=https://localhost:{sts.mock.port}", "--param=role=app", options=VAULT)
    sts.has_refreshed()
    assert sts.stop(process).status == 0
    assert revoked(sts) == 0 and sts.command("check", sts.out).status == 0


def test_the_url_of_the_login_says_where(rig):
    """With --url, the path of the revocation takes the place of the login's path."""
    sts = rig("--role", "app")
    process = sts.run("--revoke-on-stop", "--param=role=app", options={"protocol": "vault", "url": f"https://localhost:{sts.mock.port}/v1/auth/jwt/login"})
    sts.has_refreshed()
    assert sts.stop(process).status == 0
    assert revoked(sts) == 1


@pytest.mark.parametrize("client", ["none", "basic", "post"])
def test_rfc_7009(rig, client):
    sts = rig(*(("--client", "app:s3cret") if client != "none" else ()))
    base = f"https://localhost:{sts.mock.port}"
    options = {"url": f"{base}/token", "protocol": "token-exchange", "revoke-url": f"{base}/revoke"}
    if client != "none":
        options |= {"client-id": "app", "client-auth": client, "client-secret-file": sts.space.write("secret", "s3cret")}
    process = sts.run("--revoke-on-stop", options=options)
    sts.has_refreshed()
    token = sts.token()
    assert sts.stop(process).status == 0
    assert sts.said("token revoked") and revoked(sts) == 1
    assert token not in sts.log_file.read_text() + sts.mock.log.read_text()
    assert sts.token() == token and sts.command("check", sts.out).status == 1
    sts.run("--revoke-on-stop", options=options)
    wait_for(lambda: sts.command("check", sts.out).status == 0, "a new token")
    assert sts.token() != token and not [line for line in sts.lines() if "adopted" in line["msg"]]


def test_a_client_that_authenticates_with_the_subject_token(rig):
    sts = rig("--role", "app")
    base = f"https://localhost:{sts.mock.port}"
    process = sts.run("--revoke-on-stop", options={"url": f"{base}/token", "protocol": "client-assertion", "client-id": "app", "revoke-url": f"{base}/revoke"})
    sts.has_refreshed()
    assert sts.stop(process).status == 0
    assert sts.said("token revoked") and revoked(sts) == 1


def test_a_subject_token_that_may_be_sent_once(rig):
    """Where it authenticates the client, it is not sent a second time: nobody is asked, and the next start adopts the token."""
    sts = rig("--role", "app")
    base = f"https://localhost:{sts.mock.port}"
    options = {"url": f"{base}/token", "protocol": "client-assertion", "client-id": "app", "revoke-url": f"{base}/revoke", "subject-use": "once"}
    process = sts.run("--revoke-on-stop", options=options)
    sts.has_refreshed()
    assert sts.stop(process).status == 0
    assert "may be sent once" in sts.said("the token was not revoked")[0]["reason"] and not sts.requests("/revoke")
    sts.run("--revoke-on-stop", options=options)
    sts.said("token adopted")


def test_several_exchanges(rig):
    """The token of each exchange is revoked. The warning at the start names the exchange whose token no request revokes."""
    sts = rig("--role", "app", "--subject-audience", "https://kubernetes.default.svc.cluster.local")
    base = f"https://localhost:{sts.mock.port}"
    exchanges = [
        {"name": "a", "protocol": "vault", "param": [f"address={base}", "role=app"], "token-file": str(sts.token_file)},
        {"name": "b", "protocol": "vault", "param": [f"address={base}", "role=app"], "token-file": str(sts.token_file)},
        {"name": "plain", "protocol": "token-exchange", "url": f"{base}/token", "token-file": str(sts.token_file)},
    ]
    for exchange in exchanges:
        exchange["output-dir"] = str(sts.folder / exchange["name"])
        (sts.folder / exchange["name"]).mkdir()
        (sts.folder / exchange["name"]).chmod(0o777)
    config = sts.space.write("config.json", json.dumps({"cacert-path": [str(sts.ca_file)], "revoke-on-stop": True, "exchanges": exchanges}))
    process = sts.start("run", "--config", config)
    sts.said("token refreshed", 3)
    [warning] = sts.said("--revoke-on-stop does nothing here")
    assert warning["exchange"] == "plain" and warning["level"] == "warn"
    assert sts.stop(process).status == 0
    assert {line["exchange"] for line in sts.said("token revoked", 2)} == {"a", "b"} and revoked(sts) == 2
    assert len([line for line in sts.lines() if "does nothing" in line["msg"]]) == 1


def test_refused(rig):
    """A refusal only warns. The token may be revoked, so it is not adopted."""
    sts = rig("--role", "app")
    process = vault(sts)
    sts.has_refreshed()
    first = sts.token()
    sts.mock.fault(status=403, path="/v1/auth/token")
    assert sts.stop(process).status == 0
    [line] = sts.said("the token was not revoked")
    assert line["level"] == "warn" and line["reason"].startswith("unexpected status 403")
    sts.mock.control("DELETE", "faults")
    vault(sts)
    wait_for(lambda: sts.command("check", sts.out).status == 0, "a new token")
    assert sts.token() != first


def test_server_down(rig):
    """Nobody was asked, so the token stays what it was, and the next start adopts it."""
    sts = rig()
    base = f"https://localhost:{sts.mock.port}"
    options = {"url": f"{base}/token", "protocol": "token-exchange", "revoke-url": f"{base}/revoke"}
    process = sts.run("--revoke-on-stop", options=options)
    sts.has_refreshed()
    first = sts.token()
    sts.mock.close()
    assert sts.stop(process).status == 0
    assert "connection refused" in sts.said("the token was not revoked")[0]["reason"]
    assert sts.command("check", sts.out).status == 0
    sts.run("--revoke-on-stop", options=options)
    sts.said("token adopted")
    assert sts.token() == first


def test_an_answer_that_repeats_the_token(rig):
    """The token does not get into the log, whatever the server says."""
    sts = rig()
    base = f"https://localhost:{sts.mock.port}"
    process = sts.run("--revoke-on-stop", options={"url": f"{base}/token", "protocol": "token-exchange", "revoke-url": f"{base}/revoke"})
    sts.has_refreshed()
    token = sts.token()
    sts.mock.fault(echo=1, status=403, path="/revoke")
    assert sts.stop(process).status == 0
    reason = sts.said("the token was not revoked")[0]["reason"]
    assert reason.startswith("unexpected status 403: invalid_request: (its words repeat a secret, and are left out); request: POST ")
    assert not any(token[i:i + 12] in sts.log_file.read_text() for i in range(0, len(token) - 12, 4))


def test_a_batch_token(rig):
    """The reason of a refusal is the server's, and has nothing of the subject token's times."""
    sts = rig("--role", "app")
    process = vault(sts)
    sts.has_refreshed()
    (sts.out / "token.jwt").write_text("hvb." + "A" * 90)
    assert sts.stop(process).status == 0
    reason = sts.said("the token was not revoked")[0]["reason"]
    assert reason == f"unexpected status 400: batch tokens cannot be revoked; request: POST https://localhost:{sts.mock.port}/v1/auth/token/revoke-self"


def test_time_is_over(rig):
    sts = rig("--role", "app")
    process = vault(sts, "--revoke-timeout=1s")
    sts.has_refreshed()
    sts.mock.fault(delay_head_ms=20000, path="/v1/auth/token")
    assert 0.8 < seconds(sts, process) < 10
    assert "time ran out while waiting for the answer" in sts.said("the token was not revoked")[0]["reason"]


def test_a_worker_that_does_not_end(rig):
    """A worker gives up by itself, unless it is stopped. The program waits no longer for it."""
    sts = rig("--role", "app")
    process = vault(sts, "--revoke-timeout=2s")
    sts.has_refreshed()
    sts.mock.fault(delay_head_ms=20000, path="/v1/auth/token")
    process.signal(signal.SIGTERM)
    os.kill(process.worker(), signal.SIGSTOP)
    assert process.wait(10).status == 0
    assert [line["reason"] for line in sts.said("the token was not revoked")] == ["--revoke-timeout is over"]


def test_a_second_signal_ends_it(rig):
    sts = rig("--role", "app")
    process = vault(sts, "--revoke-timeout=60s")
    sts.has_refreshed()
    sts.mock.fault(delay_head_ms=20000, path="/v1/auth/token")
    process.signal(signal.SIGTERM)
    process.worker()
    assert seconds(sts, process) < 10
    assert [line["reason"] for line in sts.said("the token was not revoked")] == ["a second signal to stop came"]


def test_no_token_yet(rig):
    sts = rig("--role", "app", "--allow-namespace", "other")
    process = vault(sts)
    sts.said("unexpected status 403")
    assert seconds(sts, process) < 5
    assert not [line for line in sts.lines() if "revoked" in line["msg"]]


def test_another_owner(rig):
    """A token that somebody else has put there is not sent anywhere."""
    sts = rig("--role", "app")
    process = vault(sts)
    sts.has_refreshed()
    (sts.out / "token.jwt").unlink()
    (sts.out / "token.jwt").write_text("hvs.of.another")
    assert sts.stop(process).status == 0
    if (sts.out / "token.jwt").stat().st_uid != (sts.out / "expires").stat().st_uid:
        assert "is not ours" in sts.said("the token was not revoked")[0]["reason"]
        assert not sts.requests("/v1/auth/token/revoke-self")


def test_what_is_refused_at_the_start(sidecar, space):
    usual = ["run", "--url=https://a.example/token", f"--output-dir={space.out}"]
    for args, words in ((["--revoke-on-stop", "--revoke-url=http://a.example/r"], "--revoke-url: plain http"),
                        (["--revoke-on-stop", "--revoke-url=https://"], "--revoke-url: the URL")):
        result = sidecar.run(*usual, *args)
        assert result.status == 64 and words in result.err, (args, result.err)
