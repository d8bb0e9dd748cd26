# SPDX-License-Identifier: Apache-2.0
"""What the program says of a peer: one `sts-sidecar fetch` for each refusal of a client, and for some connections that must come to an answer."""
import json
import subprocess

FETCH_S = 30
# Errors that speak of an answer: the connection was made, and the server has answered something that is no token.
ANSWERED = {"http", "json", "html", "empty", "answer", "token", "refused", "denied", "unauthorized", "client", "not_found", "status", "redirect",
            "truncated"}


def fetch(sidecar, certificates, attempt, port, folder):
    """The last line of the log that has an error."""
    token, output = folder / "token", folder / "tokens"
    token.write_text("a.b.c")
    output.mkdir(exist_ok=True)
    words = [sidecar, "fetch", "--url", f"https://localhost:{port}/", "--audience", "x", "--token-file", token, "--output-dir", output,
             "--cacert-path", certificates.ca("servers"), "--cacert-only", "--timeout", "10s", "--deadline", "10s", "--log-format", "json"]
    if attempt.certificate:
        cert, key = certificates.client(attempt.certificate)
        words += ["--client-cert", cert, "--client-key", key]
    run = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=FETCH_S)
    lines = [json.loads(line) for line in (run.stdout + run.stderr).splitlines() if line.startswith(b"{")]
    return next((line for line in reversed(lines) if "error" in line), {"error": "none", "lines": lines[-3:]})


def wanted(attempts, abilities):
    """The connections that are made: all refusals; of those that are not refused, where the server answers a POST, one for each version with and
    one without a certificate."""
    found = [attempt for attempt in attempts if attempt.refused]
    if abilities.posts:
        found += [attempt for attempt in attempts if not attempt.refused and attempt.config.client == "asked"
                  and attempt.certificate in ("", "p256")]
    return found


def mistakes(attempt, line, abilities):
    """What is wrong with the words."""
    if not attempt.refused or abilities.refuses == "answer":
        return [] if line["error"] in ANSWERED else [f"the program says {line}"]
    words = "refused the client certificate" if attempt.certificate else "wants a client certificate, and none is given"
    wrong = [] if line["error"] == "client_cert" else [f"the error is {line['error']}"]
    if words not in line.get("msg", ""):
        wrong.append(f'the program does not say "{words}": {line}')
    return wrong
