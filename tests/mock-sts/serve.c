/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certmake.h"
#include "server.h"

static struct mock_config config = {
	.listen = "127.0.0.1",
	.control_port = -1,
	.subject_issuer = "https://kubernetes.default.svc.cluster.local",
	.subject_error = "invalid_request",
	.name = "vault",
	.cluster = "mock",
	.lifetime_s = 900,
};

static const struct mock_opt options[] = {
	{"listen", MOCK_OPT_TEXT, &config.listen, "address to listen on (127.0.0.1)"},
	{"port", MOCK_OPT_INT, &config.port,
	 "port; 0 is any, and the one in use is the first line of standard output"},
	{"port-file", MOCK_OPT_TEXT, &config.port_file,
	 "write the port there instead, once it is open"},
	{"insecure-http", MOCK_OPT_FLAG, &config.insecure_http,
	 "plain HTTP, on a loopback address only"},
	{"cert", MOCK_OPT_TEXT, &config.cert, "PEM: the server's certificate and what is above it"},
	{"key", MOCK_OPT_TEXT, &config.key, "PEM: its private key, RSA or EC"},
	{"server-name", MOCK_OPT_LIST, &config.server_names,
	 "without --cert: make one for these names and addresses (localhost)"},
	{"ca-out", MOCK_OPT_TEXT, &config.ca_out,
	 "without --cert: write the CA that signed it there"},
	{"jwks", MOCK_OPT_TEXT, &config.jwks,
	 "JWKS that verifies subject tokens; read anew for each"},
	{"trust-key", MOCK_OPT_LIST, &config.trust_keys,
	 "PEM: a private key whose public half verifies subject tokens"},
	{"subject-issuer", MOCK_OPT_TEXT, &config.subject_issuer,
	 "iss of subject tokens (the cluster's default); empty: any"},
	{"subject-audience", MOCK_OPT_TEXT, &config.subject_audience,
	 "an aud that subject tokens must have (any)"},
	{"leeway", MOCK_OPT_DURATION, &config.leeway_s, "for exp and nbf of subject tokens (0)"},
	{"allow-namespace", MOCK_OPT_LIST, &config.allow_namespaces,
	 "only these namespaces; others get 403"},
	{"allow-serviceaccount", MOCK_OPT_LIST, &config.allow_serviceaccounts,
	 "only these, as namespace:name"},
	{"role", MOCK_OPT_LIST, &config.roles,
	 "roles, rules, clients, accounts and policies that exist (any); the first is Vault's "
	 "default"},
	{"subject-error", MOCK_OPT_TEXT, &config.subject_error,
	 "OAuth error for a rejected subject token (invalid_request)"},
	{"client", MOCK_OPT_LIST, &config.client_secrets,
	 "require client authentication: id:secret"},
	{"name", MOCK_OPT_TEXT, &config.name, "first part of the paths (vault)"},
	{"issuer", MOCK_OPT_TEXT, &config.issuer,
	 "iss of issued tokens (https://localhost:PORT); {port} is replaced"},
	{"cluster", MOCK_OPT_TEXT, &config.cluster, "name of the cluster in issued tokens (mock)"},
	{"audience", MOCK_OPT_LIST, &config.audiences,
	 "audiences issued for; the first is the default (mock-audience)"},
	{"any-audience", MOCK_OPT_FLAG, &config.any_audience,
	 "issue for whatever audience is asked for"},
	{"lifetime", MOCK_OPT_DURATION, &config.lifetime_s, "of issued tokens (15m)"},
	{"cap-by-subject", MOCK_OPT_FLAG, &config.cap_by_subject,
	 "never beyond the subject token's own exp"},
	{"clock", MOCK_OPT_DURATION, &config.clock_s, "shift this server's clock"},
	{"alg", MOCK_OPT_TEXT, &config.alg,
	 "RS256 or ES256: which key signs first (the first one's; RS256)"},
	{"signing-key", MOCK_OPT_LIST, &config.signing_keys,
	 "PEM: keys that sign, in the order of rotation (one is made)"},
	{"signing-cert", MOCK_OPT_LIST, &config.signing_certs,
	 "PEM: their certificates, same order (made)"},
	{"no-thumbprint", MOCK_OPT_FLAG, &config.no_thumbprint,
	 "leave thumbprint and certificate out, as old versions do"},
	{"no-sig-cert", MOCK_OPT_FLAG, &config.no_sig_cert, "answer 404 for sig-cert"},
	{"no-kid", MOCK_OPT_FLAG, &config.no_kid,
	 "leave kid out of tokens and keys, as OpenUnison before 1.0.49"},
	{"publish-all-keys", MOCK_OPT_FLAG, &config.publish_all_keys,
	 "publish the keys that signed before, too; OpenUnison publishes the present one alone"},
	{"claim", MOCK_OPT_LIST, &config.claims,
	 "NAME=JSON: a further claim of issued tokens, such as a chart of OpenUnison may add"},
	{"no-api-server", MOCK_OPT_FLAG, &config.no_api_server,
	 "OpenUnison's paths: answer 500, as if its API server did not answer"},
	{"fault", MOCK_OPT_LIST, &config.faults, "a fault from the start: see `mock-sts faults`"},
	{"control", MOCK_OPT_FLAG, &config.control, "serve /control on the same port"},
	{"control-port", MOCK_OPT_INT, &config.control_port,
	 "serve /control on this port (0: any), plain HTTP, never faulty"},
	{"control-port-file", MOCK_OPT_TEXT, &config.control_port_file,
	 "write that port there (it is printed nowhere else)"},
	{"log", MOCK_OPT_TEXT, &config.log, "request log, JSON lines, appended"},
	{"exit-with-parent", MOCK_OPT_FLAG, &config.exit_with_parent,
	 "end when the parent does, or closes our standard input"},
};

static void check(void)
{
	bool loopback = strncmp(config.listen, "127.", 4) == 0 || strcmp(config.listen, "::1") == 0;

	if (config.insecure_http && !loopback)
		mock_usage("--insecure-http: on a loopback address only");
	if (!config.cert != !config.key)
		mock_usage("--cert and --key go together");
	if (!config.jwks && config.trust_keys.count == 0)
		mock_usage("--jwks or --trust-key: with neither no subject token can be verified");
	if (config.subject_issuer && !*config.subject_issuer)
		config.subject_issuer = NULL;
	if (config.audiences.count == 0)
		config.audiences.v[config.audiences.count++] = "mock-audience";
	if (config.alg && strcmp(config.alg, "RS256") != 0 && strcmp(config.alg, "ES256") != 0)
		mock_usage("--alg: RS256 or ES256");
	for (size_t i = 0; i < config.claims.count; i++)
		if (!strchr(config.claims.v[i], '='))
			mock_usage("--claim: NAME=JSON");
	if (config.signing_certs.count > config.signing_keys.count)
		mock_usage("--signing-cert: more of them than keys");
}

/* The issuer with {port} replaced, or the default issuer. */
static void settle_issuer(int64_t port)
{
	static char issuer[1024];
	const char *given = config.issuer ? config.issuer : "https://localhost:{port}";
	const char *mark = strstr(given, "{port}");
	struct sts_text t;

	if (!config.issuer && config.insecure_http)
		given = "http://localhost:{port}", mark = strstr(given, "{port}");
	if (!mark) {
		config.issuer = given;
		return;
	}
	sts_text_init(&t, issuer, sizeof(issuer));
	sts_text_add(&t, given, (size_t)(mark - given));
	sts_text_addf(&t, "%d", (int)port);
	sts_text_add_str(&t, mark + 6);
	config.issuer = issuer;
}

static void load_signing_keys(struct mock_state *state, int64_t now_s)
{
	bool es256 = config.alg && strcmp(config.alg, "ES256") == 0;
	struct mock_signer signer;

	state->signing_count = config.signing_keys.count ? config.signing_keys.count : 1;
	if (state->signing_count > MOCK_SIGNING_KEYS_MAX)
		mock_usage("--signing-key: too many");
	if (config.signing_keys.count == 0 &&
	    !mock_key_generate(&state->signing[0].key, es256 ? "ec" : "rsa"))
		mock_die("making a key failed");
	for (size_t i = 0; i < state->signing_count; i++) {
		const char *cert = i < config.signing_certs.count ? config.signing_certs.v[i]
								  : NULL;

		if (config.signing_keys.count > 0)
			mock_key_load(&state->signing[i].key, config.signing_keys.v[i]);
		if (!mock_signing_setup(&state->signing[i], config.name, cert, now_s))
			mock_usage("--signing-key: number %zu cannot sign RS256 or ES256, or its "
				   "certificate cannot be read",
				   i + 1);
	}
	for (size_t i = 0; config.alg && i < state->signing_count; i++) {
		mock_signer_open(&signer, &state->signing[i].key);
		if (strcmp(mock_alg_name(mock_public_alg(&signer.pub)), config.alg) == 0) {
			state->active = i;
			return;
		}
	}
	if (config.alg)
		mock_usage("--alg: no signing key for it");
}

static void add_name(struct mock_cert_request *request, const char *name)
{
	bool ip = strchr(name, ':') || strspn(name, "0123456789.") == strlen(name);

	if (request->dns_count == MOCK_SANS_MAX || request->ip_count == MOCK_SANS_MAX)
		mock_usage("--server-name: too many");
	if (ip)
		request->ip[request->ip_count++] = name;
	else
		request->dns[request->dns_count++] = name;
}

/* Make a CA and a certificate of it, for this run. */
static void make_identity(struct mock_identity *identity, int64_t now_s)
{
	static struct mock_key ca_key, key;
	static uint8_t ca_der[MOCK_CERT_BYTES], der[MOCK_CERT_BYTES];
	static char pem[2 * MOCK_CERT_BYTES];
	static struct mock_issuer issuer;
	struct mock_cert_request ca = {.cn = "mock-sts CA", .ca = true},
				 leaf = {.cn = "mock-sts", .server_auth = true};
	struct mock_signer ca_signer, signer;
	struct sts_text t;

	ca.not_before_s = leaf.not_before_s = now_s - 3600;
	ca.not_after_s = leaf.not_after_s = now_s + 30 * 86400;
	if (config.server_names.count == 0)
		config.server_names = (struct mock_list){{"localhost", "127.0.0.1", "::1"}, 3};
	for (size_t i = 0; i < config.server_names.count; i++)
		add_name(&leaf, config.server_names.v[i]);
	if (!mock_key_generate(&ca_key, "ec") || !mock_key_generate(&key, "ec") ||
	    !mock_signer_open(&ca_signer, &ca_key) || !mock_signer_open(&signer, &key))
		mock_die("making a key failed");
	size_t ca_len = mock_cert_make(&ca, &ca_signer.pub, NULL, &ca_signer, ca_der,
				       sizeof(ca_der));
	if (ca_len == 0 || !mock_issuer_read(&issuer, ca_der, ca_len, &ca_signer.pub))
		mock_die("making the CA failed");
	size_t len = mock_cert_make(&leaf, &signer.pub, &issuer, &ca_signer, der, sizeof(der));
	if (len == 0)
		mock_usage("--server-name: no certificate can be made for this");
	mock_identity_set(identity, &key, der, len);
	sts_text_init(&t, pem, sizeof(pem));
	mock_pem_add(&t, "CERTIFICATE", ca_der, ca_len);
	if (config.ca_out)
		mock_write_file(config.ca_out, t.data, t.len, false);
}

static void tell_port(int64_t port, const char *file)
{
	char line[16];
	int len = snprintf(line, sizeof(line), "%d\n", (int)port);

	mock_write_file(file, line, (size_t)len, false);
}

static void load_faults(struct mock_state *state)
{
	static struct mock_fault fault;
	char why[128];

	for (size_t i = 0; i < config.faults.count; i++) {
		struct sts_slice spec = sts_slice_of(config.faults.v[i]);

		if (!mock_fault_parse(&fault, spec, why, sizeof(why)))
			mock_usage("--fault: %s", why);
		if (!mock_slots_add(&state->faults, &fault, spec))
			mock_usage("--fault: too many");
	}
}

int mock_serve(int argc, char **argv)
{
	static struct mock_identity identity;
	struct mock_state *state = mock_state_new();
	int64_t now_s = mock_now_ms() / 1000;
	int control_fd = -1;

	mock_opt_read("serve [OPTIONS]", options, sizeof(options) / sizeof(options[0]), argc, argv,
		      NULL);
	check();
	load_faults(state);
	load_signing_keys(state, now_s);
	if (!config.insecure_http && config.cert)
		mock_identity_load(&identity, config.cert, config.key);
	else if (!config.insecure_http)
		make_identity(&identity, now_s);
	int fd = mock_server_bind(config.listen, &config.port);
	settle_issuer(config.port);
	if (config.control_port >= 0) {
		control_fd = mock_server_bind("127.0.0.1", &config.control_port);
		if (config.control_port_file)
			tell_port(config.control_port, config.control_port_file);
	}
	tell_port(config.port, config.port_file);
	mock_server_run(&config, state, config.insecure_http ? NULL : &identity, fd, control_fd);
	return 0;
}
