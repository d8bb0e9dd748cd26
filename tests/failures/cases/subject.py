# SPDX-License-Identifier: Apache-2.0
"""The subject token: its file, its claims, and what the STS says of it."""
import os
import time

from case import case
from harness import tokens
from peers import mock, sts
from pod import HOST, TOKEN_FILE, UID

NEVER = ("NetworkPolicy", "emptyDir", "--cacert-path")


@case("tok_default_path_not_mounted", "subject", "subject_missing", 66, [TOKEN_FILE, "no such file", "mount a projected"],
      never=NEVER, short=True)
def _(pod):
    pod.path(TOKEN_FILE).unlink()


@case("tok_dir_missing", "subject", "subject_missing", 66, ["/var/run/secrets/sts/token", "no such file", "--token-file"], never=NEVER)
def _(pod):
    pod.set(token_file="/var/run/secrets/sts/token")


@case("tok_unreadable_uid", "subject", "subject_unreadable", 66, [TOKEN_FILE, "mode 0600", f"UID {UID}", "fsGroup"], never=NEVER)
def _(pod):
    pod.path(TOKEN_FILE).chmod(0o600)


@case("tok_unreadable_dir", "subject", "subject_unreadable", 66, [TOKEN_FILE, f"UID {UID}"], never=NEVER)
def _(pod):
    pod.path(TOKEN_FILE).parent.chmod(0o700)


@case("tok_words", "subject", "subject_malformed", 66, [TOKEN_FILE, "byte 5|white space|a space", "what is mounted"], never=NEVER)
def _(pod):
    pod.token("there is no token")


@case("tok_empty", "subject", "subject_malformed", 66, [TOKEN_FILE, "empty"], never=NEVER)
def _(pod):
    pod.token("")


@case("tok_json_file", "subject", "subject_malformed", 66, [TOKEN_FILE, "byte 0|byte 1|JSON"], never=NEVER)
def _(pod):
    pod.token('{"token": "eyJ"}')


@case("tok_opaque_not_jwt", "answer", "refused", 77, ["400", "invalid_request", HOST], fetch=["not a JWT", "opaque|no JWT|not a JWT"])
def _(pod):
    mock(pod)
    pod.token("s.opaque-value-0001")


@case("tok_two_lines", "subject", "subject_malformed", 66, [TOKEN_FILE, "line break"], never=NEVER)
def _(pod):
    pod.token(f"{tokens.subject()}\n{tokens.subject()}\n")


@case("tok_wrong_aud_sts_says", "answer", "refused", 77, ["400", "invalid_request", HOST],
      fetch=["audience", "https://kubernetes.default.svc", "system:serviceaccount:shop:cart"])
def _(pod):
    mock(pod, "--subject-audience", f"https://{HOST}", claims=["--audience", "https://kubernetes.default.svc"])


@case("tok_wrong_aud_asked", "subject", None, 66, ["https://kubernetes.default.svc", f"https://{HOST}", TOKEN_FILE])
def _(pod):
    pod.token(aud=["https://kubernetes.default.svc"])
    pod.set(subject_audience=f"https://{HOST}")


@case("tok_bad_signature", "answer", "refused", 77, ["400", "invalid_request", HOST], fetch=["signature", "JWKS", "system:serviceaccount:shop:cart"], never=["parameters"])
def _(pod):
    mock(pod, claims=["--bad-signature"])


@case("tok_other_cluster", "answer", "refused", 77, ["400", "invalid_request", HOST],
      fetch=["https://other-cluster.example.com", "system:serviceaccount:shop:cart"])
def _(pod):
    mock(pod, claims=["--issuer", "https://other-cluster.example.com"], trusted=False)


@case("tok_too_big", "subject", "subject_too_big", 66, [TOKEN_FILE, "64 KiB"], never=NEVER)
def _(pod):
    pod.token("a" * (65 * 1024))


@case("tok_is_directory", "subject", "subject_unreadable", 66, [TOKEN_FILE, "directory", "--token-file"],
      never=(*NEVER, "run as a UID", "fsGroup"), short=True)
def _(pod):
    pod.path(TOKEN_FILE).unlink()
    pod.path(TOKEN_FILE).mkdir()


@case("tok_dangling_link", "subject", "subject_missing", 66, [TOKEN_FILE, "no such file|leads nowhere"], never=NEVER)
def _(pod):
    pod.path(TOKEN_FILE).unlink()
    pod.path(TOKEN_FILE).symlink_to("..data/sts-token")


@case("tok_expired", "subject", "subject_expired", 66, [TOKEN_FILE, "expired", "old copy"], fetch=["20 min"], never=NEVER)
def _(pod):
    pod.token(tokens.subject(-1230))


@case("tok_expired_subpath", "subject", "subject_expired", 66, [TOKEN_FILE, "expired", "subPath"], never=(*NEVER, "clock may be"))
def _(pod):
    pod.token(tokens.subject(-7500))
    written = time.time() - 9000    # a file that is mounted with subPath stays as it was at the start of the container
    os.utime(pod.path(TOKEN_FILE), (written, written))


@case("tok_not_yet_valid", "clock|answer", "early", 77, ["400", HOST, "not valid yet", "clock|NTP"], fetch=["10 min", "nbf|valid from"])
def _(pod):
    sts(pod, tokens.http(400, {"error": "invalid_request", "error_description": "token is not active"}))
    now = int(time.time())
    pod.token(tokens.subject(5000, nbf=now + 630, iat=now + 630))


@case("tok_secret_not_projected", "answer", "refused", 77, ["400", HOST], fetch=["ount a projected", "kubernetes/serviceaccount"], never=["parameters"])
def _(pod):
    sts(pod, tokens.http(400, {"error": "invalid_request", "error_description": "invalid subject token"}))
    pod.token(tokens.jwt.encode({"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:shop:cart"}, tokens.KEY,
                                algorithm="ES256"))


@case("sa_not_allowed", "answer", "denied", 77, ["403", "access_denied", HOST], fetch=["system:serviceaccount:shop:cart"])
def _(pod):
    mock(pod, "--allow-namespace", "other")


@case("client_secret_required", "answer", "client", 77, ["401", "invalid_client", "--client-id", HOST])
def _(pod):
    mock(pod, "--client", "shop:secret")


@case("client_secret_wrong", "answer", "client", 77, ["401", "invalid_client", "--client-secret-file", HOST])
def _(pod):
    mock(pod, "--client", "shop:secret")
    pod.write("/certs/secret", "wrong")
    pod.set(client_id="shop", client_secret_file="/certs/secret", client_auth="basic")


@case("client_secret_file_missing", "subject", "input_file", 66, ["--client-secret-file", "/certs/nosuch", "no such file"], never=NEVER)
def _(pod):
    pod.set(client_id="shop", client_secret_file="/certs/nosuch", client_auth="basic")


@case("client_secret_file_unreadable", "subject", "input_file", 66, ["--client-secret-file", "/certs/secret", f"UID {UID}"], never=NEVER)
def _(pod):
    pod.write("/certs/secret", "secret", mode=0o600)
    pod.set(client_id="shop", client_secret_file="/certs/secret", client_auth="basic")


@case("actor_token_missing", "subject", "input_file", 66, ["--actor-token-file", "/certs/actor", "no such file"], never=NEVER)
def _(pod):
    pod.set(actor_token_file="/certs/actor")


@case("tok_bearer_prefix", "subject", "subject_malformed", 66, [TOKEN_FILE, "byte 6|space"], never=NEVER)
def _(pod):
    pod.token(f"Bearer {tokens.subject()}")


@case("tok_quoted", "subject", "subject_malformed", 66, [TOKEN_FILE, "byte 0|quote"], never=NEVER)
def _(pod):
    pod.token(f'"{tokens.subject()}"')


@case("tok_byte_order_mark", "subject", "subject_malformed", 66, [TOKEN_FILE, "byte 0|byte order"], never=NEVER)
def _(pod):
    pod.token(f"\ufeff{tokens.subject()}")


@case("tok_pipe", "subject", "subject_unreadable", 66, [TOKEN_FILE, "--token-file"], never=(*NEVER, "run as a UID", "fsGroup"))
def _(pod):
    pod.path(TOKEN_FILE).unlink()
    os.mkfifo(pod.path(TOKEN_FILE), 0o644)


@case("tok_link_loop", "subject", "subject_unreadable", 66, [TOKEN_FILE, "loop"], never=(*NEVER, "run as a UID"))
def _(pod):
    pod.path(TOKEN_FILE).unlink()
    pod.path(TOKEN_FILE).symlink_to("sts-token")


@case("tok_kubeconfig", "subject", "subject_malformed", 66, [TOKEN_FILE], never=NEVER)
def _(pod):
    pod.token("apiVersion: v1\nkind: Config\nclusters: []\n")


@case("tok_user_not_serviceaccount", "answer", None, 77, ["400", HOST], fetch=["alice", "https://kubernetes.default.svc"])
def _(pod):
    sts(pod, tokens.http(400, {"error": "invalid_request", "error_description": "no ServiceAccount"}))
    pod.token(sub="alice")


@case("tok_mounted_where_the_path_is_a_file", "subject", None, 66, ["/var/run/secrets/tokens/sts-token/token", "not a directory|no such file"], never=(*NEVER, "ount a projected"))
def _(pod):
    pod.set(token_file=f"{TOKEN_FILE}/token")


@case("client_id_missing", "configuration", None, 64, fetch=["--client-id"], never=("COMMAND --help",))
def _(pod):
    pod.write("/certs/secret", "secret")
    pod.set(client_secret_file="/certs/secret", client_auth="basic")


@case("client_secret_empty", "subject", "input_file", 66, ["--client-secret-file", "/certs/secret", "empty"], never=NEVER)
def _(pod):
    pod.write("/certs/secret", "")
    pod.set(client_id="shop", client_secret_file="/certs/secret", client_auth="basic")
