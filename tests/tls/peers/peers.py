# SPDX-License-Identifier: Apache-2.0
"""
The peers. Each is a class with its abilities and start(configs), which starts servers for all configurations and returns {config: port}.
What is built stays in the cache.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
from dataclasses import replace

from certificates import PASSWORD
from matrix import GROUPS, SUITES_12, SUITES_13, Abilities
from servers import HERE, NotThere, Processes, free_ports

CACHE = pathlib.Path(os.environ.get("STS_PEERS_CACHE") or pathlib.Path.home() / ".cache/sts-sidecar-peers")
IDS = {"x25519": 29, "secp256r1": 23, "secp384r1": 24, "secp521r1": 25,
       "TLS_AES_128_GCM_SHA256": 0x1301, "TLS_AES_256_GCM_SHA384": 0x1302, "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
       "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": 0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": 0xC02C,
       "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": 0xC02F, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": 0xC030,
       "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA8, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA9}
CURVES = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}  # OpenSSL's names


def suite_of_openssl(suite):
    return suite.removeprefix("TLS_").removesuffix("_SHA256" if "CHACHA" in suite else "").replace("_WITH", "").replace(
        "AES_", "AES").replace("_", "-")


def installed(program):
    if not (path := shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")):
        raise NotThere(f"{program} is not installed (tools/setup.sh peers)")
    return path


def built(name, sources, command):
    """The path of a program in the cache, which the command makes as {made}. Its name has the digest of its sources."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    made = CACHE / f"{name}-{digest}"
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        run = subprocess.run([word.format(made=f"{made}.new", cache=CACHE) for word in command], cwd=sources[0].parent, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=1200, env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-p=2 -mod=readonly"})
        if run.returncode:
            raise NotThere(f"{name} cannot be built: {run.stdout.decode(errors='replace')[-600:]}")
        pathlib.Path(f"{made}.new").rename(made)
    return made


class Peer:
    abilities = Abilities()

    def __init__(self, folder, certificates):
        self.folder, self.certificates = folder, certificates
        self.processes = Processes(folder)

    def stop(self):
        self.processes.stop()

    def each(self, configs, command):
        """One process for each configuration: command(config, port)."""
        ports = dict(zip(configs, free_ports(len(configs))))
        for number, (config, port) in enumerate(ports.items()):
            words, env = command(config, port)
            self.processes.start(f"server-{number}", words, env)
        self.processes.wait_for(ports.values())
        return ports

    def by_lines(self, configs, name, command, env=None):
        """One process that prints "NAME PORT" lines; a configuration's name is its number."""
        process = self.processes.start(name, command, env, stdout=subprocess.PIPE)
        ports = self.processes.wait_for_lines(process)
        return {config: ports[str(number)] for number, config in enumerate(configs)}


class OpenSSL(Peer):
    """openssl s_server."""
    abilities = Abilities(ems=("off",), posts=False)

    def command(self, config, port):
        cert, key = self.certificates.server(config.certificate)
        words = [installed("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key, "-www", "-alpn", "http/1.1"]
        if len(config.versions) == 1:
            words += ["-tls1_3" if config.versions == ("1.3",) else "-tls1_2"]
        if config.groups:
            words += ["-groups", ":".join(CURVES[group] for group in config.groups)]
        if config.suite in SUITES_13:
            words += ["-ciphersuites", config.suite]
        elif config.suite:
            words += ["-cipher", suite_of_openssl(config.suite)]
        if config.client:
            words += ["-Verify" if config.client == "required" else "-verify", "4", "-CAfile", self.certificates.ca("clients"),
                      "-verify_return_error"]
        return words, {"OPENSSL_CONF": str(self.settings(config.ems))}

    def settings(self, ems):
        path = self.folder / f"openssl-{ems or 'plain'}.cnf"
        path.write_text("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = defaults\n[defaults]\n"
                        + ("Options = -ExtendedMasterSecret\n" if ems == "off" else "MinProtocol = TLSv1.2\n"))
        return path

    def start(self, configs):
        return self.each(configs, self.command)


class Go(Peer):
    """Go's crypto/tls."""
    abilities = Abilities(suites=SUITES_12)  # those of 1.3 cannot be chosen
    env = {}

    def start(self, configs):
        listed = []
        for number, config in enumerate(configs):
            cert, key = self.certificates.server(config.certificate)
            listed.append({"Name": str(number), "Certificate": cert, "Key": key, "Low": 0x0304 if config.versions[0] == "1.3" else 0x0303,
                           "High": 0x0304 if config.versions[-1] == "1.3" else 0x0303, "Groups": [IDS[group] for group in config.groups],
                           "Suites": [IDS[config.suite]] if config.suite else [], "Client": config.client,
                           "ClientCA": str(self.certificates.ca("clients"))})
        (self.folder / "go.json").write_text(json.dumps(listed))
        program = built("go", [HERE / "go/main.go", HERE / "go/go.mod"], [installed("go"), "build", "-trimpath", "-o", "{made}", "."])
        return self.by_lines(configs, "go", [program, self.folder / "go.json"], self.env)


class GoFips(Go):
    """Go's crypto/tls with GODEBUG=fips140=on: NIST's curves and AES alone, and EMS is required in 1.2."""
    env = {"GODEBUG": "fips140=on"}
    abilities = Abilities(groups=GROUPS[1:], suites=tuple(suite for suite in SUITES_12 if "CHACHA" not in suite), default_group="secp256r1")


class GnuTLS(Peer):
    """gnutls-serv. In 1.2 it sends decode_error when a client has no certificate."""
    abilities = Abilities(ems=("off", "required"), alerts=(50,), posts=False)
    ciphers = {"AES_128_GCM": "AES-128-GCM", "AES_256_GCM": "AES-256-GCM", "CHACHA20_POLY1305": "CHACHA20-POLY1305"}

    def __init__(self, folder, certificates):
        super().__init__(folder, certificates)
        known = subprocess.run([installed("gnutls-cli"), "--list", "--priority", "NORMAL:%FORCE_SESSION_HASH"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=30)
        if known.returncode:
            print("gnutls: this version has no %FORCE_SESSION_HASH", flush=True)
            self.abilities = replace(self.abilities, ems=("off",))

    def priority(self, config):
        words = ["NORMAL", "-VERS-ALL"] + [f"+VERS-TLS{version}" for version in config.versions]
        if config.groups:
            words += ["-GROUP-ALL"] + [f"+GROUP-{group.upper()}" for group in config.groups]
        if config.suite:
            words += ["-CIPHER-ALL"] + [f"+{name}" for part, name in self.ciphers.items() if part in config.suite]
        return ":".join(words + {"off": ["%NO_SESSION_HASH"], "required": ["%FORCE_SESSION_HASH"], "": []}[config.ems])

    def command(self, config, port):
        cert, key = self.certificates.server(config.certificate)
        words = [installed("gnutls-serv"), "--http", "--port", str(port), "--x509certfile", cert, "--x509keyfile", key, "--priority",
                 self.priority(config), "--alpn", "http/1.1"]
        if not config.client:
            return words + ["--disable-client-cert"], None
        return words + ["--x509cafile", self.certificates.ca("clients"), "--verify-client-cert"] + (
            ["--require-client-cert"] if config.client == "required" else []), None

    def start(self, configs):
        return self.each(configs, self.command)


class NSS(Peer):
    """selfserv of NSS. In 1.2 the curve of its certificate must be one of the groups."""
    abilities = Abilities(group_certificate="rsa2048", posts=False)

    def start(self, configs):
        certutil, pk12util, database = installed("certutil"), installed("pk12util"), f"sql:{self.folder}"
        commands = [[certutil, "-N", "-d", database, "--empty-password"],
                    [certutil, "-A", "-d", database, "-n", "clients", "-t", "T,,", "-i", self.certificates.ca("clients")],
                    [certutil, "-A", "-d", database, "-n", "servers", "-t", ",,", "-i", self.certificates.ca("servers")]]
        for kind in {config.certificate for config in configs}:
            commands.append([pk12util, "-i", self.certificates.pkcs12(kind), "-d", database, "-W", PASSWORD, "-K", ""])
        for command in commands:
            run = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            if run.returncode:
                raise NotThere(f"{command[0]}: {run.stdout.decode(errors='replace')}")
        return self.each(configs, self.command)

    def command(self, config, port):
        nick = ["-n" if config.certificate.startswith("rsa") else "-e", config.certificate]
        words = [installed("selfserv"), "-d", f"sql:{self.folder}", *nick, "-p", str(port), "-G", "-Q", "-V",
                 f"tls{config.versions[0]}:tls{config.versions[-1]}"]
        if config.groups:
            words += ["-I", ",".join(group if group == "x25519" else "P" + group[4:7] for group in config.groups)]
        if config.suite:
            words += ["-c", f":{IDS[config.suite]:04X}"]
        words += {"": [], "asked": ["-r"], "required": ["-r", "-r"]}[config.client]
        return words, None


class Rustls(Peer):
    """rustls with ring, which has neither P-521 nor its certificates."""
    abilities = Abilities(ems=("required",), groups=GROUPS[:3], certificates=("rsa2048", "rsa4096", "p256", "p384"),
                          clients=("rsa2048", "p256", "p384"))

    def start(self, configs):
        lines = []
        for number, config in enumerate(configs):
            numbers = [",".join(str(IDS[word]) for word in words if word) for words in (config.groups, (config.suite,))]
            lines.append("|".join([str(number), *self.certificates.server(config.certificate), ",".join(config.versions), *numbers, config.client,
                                   str(self.certificates.ca("clients")), "ems" if config.ems == "required" else ""]))
        (self.folder / "rustls.txt").write_text("\n".join(lines) + "\n")
        sources = [HERE / "rustls/Cargo.toml", HERE / "rustls/src/main.rs"]
        script = 'CARGO_TARGET_DIR={cache}/rustls-target cargo build --quiet && cp {cache}/rustls-target/debug/peer {made}'
        installed("cargo")
        return self.by_lines(configs, "rustls", [built("rustls", sources, ["sh", "-c", script]), self.folder / "rustls.txt"])


class JDK(Peer):
    """The JDK's SSLServerSocket. Groups and EMS are properties of a process. In 1.2 the curve of its certificate must be one of the groups."""
    abilities = Abilities(ems=("off", "required"), group_certificate="rsa2048")
    properties = {"": [], "off": ["-Djdk.tls.useExtendedMasterSecret=false"], "required": ["-Djdk.tls.allowLegacyMasterSecret=false"]}

    def start(self, configs):
        program = built("jdk.jar", [HERE / "Jdk.java"], [
            "sh", "-c", f"{installed('javac')} -d {{made}}.classes Jdk.java && jar --create --file {{made}} --main-class Jdk -C {{made}}.classes ."])
        ports = {}
        for groups, ems in sorted({(config.groups, config.ems) for config in configs}):
            some = [config for config in configs if (config.groups, config.ems) == (groups, ems)]
            name = f"jdk-{'-'.join(groups)}-{ems}"
            file = self.folder / f"{name}.txt"
            file.write_text("".join(self.line(number, config) for number, config in enumerate(some)))
            chosen = [f"-Djdk.tls.namedGroups={','.join(groups)}"] if groups else []
            ports |= self.by_lines(some, name, [installed("java"), "-Xshare:auto", "-XX:TieredStopAtLevel=1", *chosen, *self.properties[ems], "-jar",
                                                program, file])
        return ports

    def line(self, number, config):
        versions = ",".join(f"TLSv{version}" for version in config.versions)
        return "|".join([str(number), str(self.certificates.pkcs12(config.certificate)), PASSWORD, versions, config.suite, config.client,
                         str(self.certificates.ca("clients"))]) + "\n"


class Nginx(Peer):
    """nginx with OpenSSL. It refuses a client by an answer over TLS."""
    abilities = Abilities(ems=("off",), refuses="answer")

    def block(self, config, port):
        cert, key = self.certificates.server(config.certificate)
        lines = [f"listen 127.0.0.1:{port} ssl;", f"ssl_certificate {cert};", f"ssl_certificate_key {key};",
                 f"ssl_protocols {' '.join('TLSv' + version for version in config.versions)};", 'location / { return 200 "hello\\n"; }']
        if config.groups:
            lines.append(f"ssl_ecdh_curve {':'.join(CURVES[group] for group in config.groups)};")
        if config.suite:
            lines.append(f"ssl_conf_command Ciphersuites {config.suite};" if config.suite in SUITES_13
                         else f"ssl_ciphers {suite_of_openssl(config.suite)};")
        if config.ems == "off":
            lines.append("ssl_conf_command Options -ExtendedMasterSecret;")
        if config.client:
            lines += [f"ssl_client_certificate {self.certificates.ca('clients')};",
                      f"ssl_verify_client {'on' if config.client == 'required' else 'optional'};"]
        return "server {\n" + "\n".join(lines) + "\n}\n"

    def start(self, configs):
        ports = dict(zip(configs, free_ports(len(configs))))
        temporary = "\n".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {self.folder}/nginx.pid;\nerror_log stderr;\nevents {{ worker_connections 256; }}\n"
            f"http {{\naccess_log off;\n{temporary}\n" + "".join(self.block(*item) for item in ports.items()) + "}\n")
        self.processes.start("nginx", [installed("nginx"), "-p", self.folder, "-e", "stderr", "-c", self.folder / "nginx.conf"])
        self.processes.wait_for(ports.values())
        return ports


class HAProxy(Peer):
    """HAProxy with OpenSSL."""
    def bind(self, config, port):
        words = [f"bind 127.0.0.1:{port} ssl crt {self.certificates.joined(config.certificate)} alpn http/1.1",
                 f"ssl-min-ver TLSv{config.versions[0]} ssl-max-ver TLSv{config.versions[-1]}"]
        if config.groups:
            words.append(f"curves {':'.join(CURVES[group] for group in config.groups)}")
        if config.suite:
            words.append(f"ciphersuites {config.suite}" if config.suite in SUITES_13 else f"ciphers {suite_of_openssl(config.suite)}")
        if config.client:
            words.append(f"ca-file {self.certificates.ca('clients')} verify {'required' if config.client == 'required' else 'optional'}")
        return "    " + " ".join(words) + "\n"

    def start(self, configs):
        ports = dict(zip(configs, free_ports(len(configs))))
        (self.folder / "haproxy.cfg").write_text(
            "global\n    maxconn 256\ndefaults\n    mode http\n    timeout client 10s\n    timeout server 10s\n    timeout connect 10s\n"
            "frontend all\n" + "".join(self.bind(*item) for item in ports.items())
            + "    http-request return status 200 content-type text/plain string hello\n")
        self.processes.start("haproxy", [installed("haproxy"), "-db", "-f", self.folder / "haproxy.cfg"])
        self.processes.wait_for(ports.values())
        return ports


class Caddy(Peer):
    """Caddy of Debian, with a Go from before EMS."""
    abilities = Abilities(has_ems=False, suites=SUITES_12)
    curves = {"x25519": "x25519", "secp256r1": "secp256r1", "secp384r1": "secp384r1", "secp521r1": "secp521r1"}

    def server(self, config, port):
        policy = {"certificate_selection": {"any_tag": [config.certificate]}, "protocol_min": f"tls{config.versions[0]}",
                  "protocol_max": f"tls{config.versions[-1]}", "alpn": ["http/1.1"]}
        if config.groups:
            policy["curves"] = [self.curves[group] for group in config.groups]
        if config.suite:
            policy["cipher_suites"] = [config.suite]
        if config.client:
            policy["client_authentication"] = {"trusted_ca_certs_pem_files": [str(self.certificates.ca("clients"))],
                                               "mode": "require_and_verify" if config.client == "required" else "verify_if_given"}
        return {"listen": [f"127.0.0.1:{port}"], "tls_connection_policies": [policy], "automatic_https": {"disable": True},
                "routes": [{"handle": [{"handler": "static_response", "body": "hello"}]}]}

    def start(self, configs):
        ports = dict(zip(configs, free_ports(len(configs))))
        files = [{"certificate": cert, "key": key, "tags": [kind]}
                 for kind in sorted({config.certificate for config in configs}) for cert, key in [self.certificates.server(kind)]]
        (self.folder / "caddy.json").write_text(json.dumps({"admin": {"disabled": True}, "apps": {
            "http": {"servers": {f"s{port}": self.server(config, port) for config, port in ports.items()}},
            "tls": {"certificates": {"load_files": files}}}}))
        self.processes.start("caddy", [installed("caddy"), "run", "--config", self.folder / "caddy.json"],
                             {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)})
        self.processes.wait_for(ports.values())
        return ports


class Granian(Peer):
    """granian, a server of Python with rustls; it speaks 1.3 only, unless it is told otherwise."""
    abilities = Abilities(versions=("1.3",), groups=(), suites=(), certificates=("rsa2048", "p256", "p384"), clients=("rsa2048", "p256", "p384"))

    def program(self):
        """granian, in an environment of its own in the cache."""
        listed = HERE / "requirements.txt"
        script = f"{sys.executable} -m venv {{made}} && {{made}}/bin/pip install --quiet --disable-pip-version-check -r {listed}"
        digest = hashlib.sha256(listed.read_bytes()).hexdigest()[:16]
        made = CACHE / f"granian-{digest}"
        if not (made / "done").exists():
            shutil.rmtree(made, ignore_errors=True)
            CACHE.mkdir(parents=True, exist_ok=True)
            run = subprocess.run(["sh", "-c", script.format(made=made)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
            if run.returncode:
                raise NotThere(f"granian cannot be installed: {run.stdout.decode(errors='replace')[-600:]}")
            (made / "done").touch()
        return made / "bin/granian"

    def command(self, config, port):
        cert, key = self.certificates.server(config.certificate)
        words = [self.program(), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--ssl-certificate", cert,
                 "--ssl-keyfile", key, "hello:application"]
        if config.client:
            words += ["--ssl-ca", self.certificates.ca("clients")] + (["--ssl-client-verify"] if config.client == "required" else [])
        return words, None

    def start(self, configs):
        (self.folder / "hello.py").write_text(
            "def application(environ, start):\n    start('200 OK', [('Content-Type', 'text/plain')])\n    return [b'hello\\n']\n")
        return self.each(configs, self.command)


PEERS = {"openssl": OpenSSL, "go": Go, "go-fips": GoFips, "gnutls": GnuTLS, "nss": NSS, "rustls": Rustls, "jdk": JDK, "nginx": Nginx,
         "haproxy": HAProxy, "caddy": Caddy, "granian": Granian}
SHORT = ("openssl", "go")
