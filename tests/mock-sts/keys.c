/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mock-sts keygen`, `jwks` and `cert`: what a demo needs to start from nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "certmake.h"
#include "commands.h"
#include "jwks.h"
#include "opt.h"

int mock_keygen(int argc, char **argv)
{
	static char pem[8192];
	static struct mock_key key;
	const char *type = "rsa", *out = NULL;
	const struct mock_opt options[] = {
		{"type", MOCK_OPT_TEXT, &type,
		 "rsa (2048 bits), rsa3072, rsa4096, ec (P-256), p384, p521"},
		{"out", MOCK_OPT_TEXT, &out, "write it there, mode 0600"},
	};
	struct sts_text t;

	mock_opt_read("keygen [OPTIONS]", options, 2, argc, argv, NULL);
	if (!mock_key_generate(&key, type))
		mock_usage("--type: no kind of key is called \"%s\"", type);
	sts_text_init(&t, pem, sizeof(pem));
	mock_key_add_pem(&t, &key);
	mock_write_file(out, t.data, t.len, true);
	return 0;
}

int mock_jwks(int argc, char **argv)
{
	static char json[64 * 1024];
	struct mock_list paths = {.count = 0};
	const char *out = NULL, *kid = NULL;
	const struct mock_opt options[] = {
		{"kid", MOCK_OPT_TEXT, &kid, "key id (each key's RFC 7638 thumbprint)"},
		{"out", MOCK_OPT_TEXT, &out, "write it there"},
	};
	struct mock_signer signer;
	struct mock_key key;
	struct sts_text t;

	mock_opt_read("jwks [OPTIONS] KEY...", options, 2, argc, argv, &paths);
	sts_text_init(&t, json, sizeof(json));
	sts_text_add_str(&t, "{\"keys\":[");
	for (size_t i = 0; i < paths.count; i++) {
		mock_key_load(&key, paths.v[i]);
		mock_signer_open(&signer, &key);
		if (kid && strlen(kid) < sizeof(signer.pub.kid))
			strcpy(signer.pub.kid, kid);
		if (i > 0)
			sts_text_add_char(&t, ',');
		mock_jwk_add(&t, &signer.pub);
	}
	sts_text_add_str(&t, "]}\n");
	mock_write_file(out, t.data, t.len, false);
	return 0;
}

static void take_cert(void *ctx, const char *label, const uint8_t *der, size_t len)
{
	struct mock_issuer *issuer = ctx;
	struct mock_public_key pub = issuer->pub;

	if (strcmp(label, "CERTIFICATE") == 0 && issuer->name_len == 0)
		mock_issuer_read(issuer, der, len, &pub);
}

static void read_issuer(struct mock_issuer *issuer, struct mock_signer *signer,
			const char *cert_path, const char *key_path)
{
	struct mock_key key;
	size_t len;
	char *pem = mock_read_file(cert_path, &len);

	if (!pem)
		mock_usage("cannot read %s: %s", cert_path, strerror(errno));
	mock_key_load(&key, key_path);
	mock_signer_open(signer, &key);
	issuer->pub = signer->pub;
	issuer->name_len = 0;
	if (mock_pem_each(pem, len, take_cert, issuer) < 0 || issuer->name_len == 0)
		mock_usage("%s: no certificate in PEM form", cert_path);
	free(pem);
}

static void copy_list(const struct mock_list *list, const char **out, size_t *count,
		      const char *option)
{
	if (list->count > MOCK_SANS_MAX)
		mock_usage("--%s: too many", option);
	memcpy(out, list->v, list->count * sizeof(list->v[0]));
	*count = list->count;
}

static void write_cert(const struct mock_cert_request *request, const struct mock_signer *own,
		       const struct mock_issuer *issuer, const struct mock_signer *signer,
		       const char *out)
{
	static uint8_t der[MOCK_CERT_BYTES];
	static char pem[2 * MOCK_CERT_BYTES];
	struct sts_text t;
	size_t len = mock_cert_make(request, &own->pub, issuer, signer, der, sizeof(der));

	if (len == 0)
		mock_usage("no certificate can be made of this: is every --ip an address?");
	sts_text_init(&t, pem, sizeof(pem));
	mock_pem_add(&t, "CERTIFICATE", der, len);
	mock_write_file(out, t.data, t.len, false);
}

int mock_cert(int argc, char **argv)
{
	static struct mock_issuer issuer;
	static struct mock_signer own, ca_signer;
	const char *key_path = NULL, *out = NULL, *ca_cert = NULL, *ca_key = NULL;
	int64_t lifetime_s = 30 * 86400;
	struct mock_list dns = {.count = 0}, ip = {.count = 0};
	struct mock_cert_request request = {.cn = NULL};
	struct mock_key key;
	const struct mock_opt options[] = {
		{"key", MOCK_OPT_TEXT, &key_path, "PEM: the key that it is for"},
		{"cn", MOCK_OPT_TEXT, &request.cn, "common name (mock-sts; mock-sts CA)"},
		{"ca", MOCK_OPT_FLAG, &request.ca,
		 "a CA, self-signed unless --issuer-cert is given"},
		{"dns", MOCK_OPT_LIST, &dns, "a name of the server"},
		{"ip", MOCK_OPT_LIST, &ip, "an address of the server"},
		{"issuer-cert", MOCK_OPT_TEXT, &ca_cert, "PEM: the CA that signs"},
		{"issuer-key", MOCK_OPT_TEXT, &ca_key, "PEM: its key"},
		{"lifetime", MOCK_OPT_DURATION, &lifetime_s, "(30d); negative: already over"},
		{"out", MOCK_OPT_TEXT, &out, "write it there"},
	};

	mock_opt_read("cert --key PEM [OPTIONS]", options, sizeof(options) / sizeof(options[0]),
		      argc, argv, NULL);
	if (!key_path || !ca_cert != !ca_key)
		mock_usage(
			"cert: --key is required, and --issuer-cert and --issuer-key go together");
	copy_list(&dns, request.dns, &request.dns_count, "dns");
	copy_list(&ip, request.ip, &request.ip_count, "ip");
	if (!request.cn)
		request.cn = request.ca ? "mock-sts CA" : "mock-sts";
	request.server_auth = !request.ca;
	request.not_after_s = mock_now_ms() / 1000 + lifetime_s;
	request.not_before_s = (lifetime_s < 0 ? request.not_after_s : mock_now_ms() / 1000) - 3600;
	mock_key_load(&key, key_path);
	mock_signer_open(&own, &key);
	if (ca_cert)
		read_issuer(&issuer, &ca_signer, ca_cert, ca_key);
	write_cert(&request, &own, ca_cert ? &issuer : NULL, ca_cert ? &ca_signer : &own, out);
	return 0;
}
