/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains, against bundles with CAs. The input is words: names of certificates of
 * tests/certs/make_certs.py, each with changes such as in "leaf~OOV inter": two bytes of offset,
 * and one byte by which that byte is changed. After a '!' the input is raw: certificates with a
 * length of two bytes before each. A chain is accepted only if the signed part of the server's
 * certificate is, byte for byte, what a CA of the tests has signed, and if verdicts.h has it in a
 * chain that is accepted.
 */
#include <stdlib.h>
#include <string.h>

#include "certs/verdicts.h"
#include "trust/verifier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHAIN_MAX  12
#define MEMORY_MAX (200 * 1024)

#define ROWS(table) \
	{ \
		table, sizeof(table) / sizeof((table)[0]) \
	}

/* All verdicts that test_verifier.c asks for. */
static const struct {
	const struct verdict *rows;
	size_t count;
} tables[] = {
	ROWS(paths),       ROWS(pinned),    ROWS(names),       ROWS(purposes),
	ROWS(authorities), ROWS(times),     ROWS(constraints), ROWS(extensions),
	ROWS(algorithms),  ROWS(encodings), ROWS(duties),      ROWS(damage),
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct sts_verifier verifier;
static struct sts_ca_sources sources;
static struct sts_der chain[CHAIN_MAX];
static size_t chain_count;
static uint8_t *memory;
static size_t memory_used;

static void add(const uint8_t *data, size_t len)
{
	if (chain_count == CHAIN_MAX || len > MEMORY_MAX - memory_used)
		return;
	if (len > 0)
		memcpy(memory + memory_used, data, len);
	chain[chain_count++] = (struct sts_der){memory + memory_used, len};
	memory_used += len;
}

static void read_raw(const uint8_t *data, size_t size)
{
	while (size >= 2) {
		size_t len = (size_t)data[0] << 8 | data[1];

		len = len < size - 2 ? len : size - 2;
		add(data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
}

static const struct test_cert *find(const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < test_certs_count; i++)
		if (strlen(test_certs[i].name) == len && memcmp(test_certs[i].name, name, len) == 0)
			return &test_certs[i];
	return NULL;
}

static void read_word(const uint8_t *word, size_t len)
{
	const uint8_t *changes = memchr(word, '~', len);
	const struct test_cert *cert = find(word, changes ? (size_t)(changes - word) : len);
	size_t before = chain_count;

	if (!cert)
		return;
	add(cert->data, cert->len);
	if (!changes || chain_count == before || cert->len == 0)
		return;
	for (changes++; word + len - changes >= 3; changes += 3) {
		size_t offset = ((size_t)changes[0] << 8 | changes[1]) % cert->len;

		memory[memory_used - cert->len + offset] ^= changes[2];
	}
}

static void read_words(const uint8_t *data, size_t size)
{
	while (size > 0) {
		const uint8_t *end = memchr(data, ' ', size);
		size_t len = end ? (size_t)(end - data) : size;

		read_word(data, len);
		len += end != NULL;
		data += len;
		size -= len;
	}
}

static struct sts_der tbs(struct sts_der cert)
{
	struct sts_der outer = {0}, content, whole = {0};
	uint8_t tag;

	must(sts_der_take(&cert, STS_DER_SEQUENCE, &outer) &&
	     sts_der_any(&outer, &tag, &content, &whole));
	return whole;
}

static bool is_word_of(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

/* Is a certificate in any chain that is to be accepted for our host? */
static bool is_acceptable(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (size_t j = 0; j < tables[i].count; j++) {
			const struct verdict *v = &tables[i].rows[j];

			if (v->code == STS_OK && v->offset_s == 0 && strcmp(v->host, HOST) == 0 &&
			    is_word_of(v->chain, name))
				return true;
		}
	return false;
}

static bool is_one_of_ours(struct sts_der cert)
{
	for (size_t i = 0; i < test_certs_count; i++) {
		struct sts_der ours = {test_certs[i].data, test_certs[i].len};
		struct sts_cert read;

		if (sts_cert_read(ours, &read, NULL) == STS_OK &&
		    sts_der_eq(tbs(ours), tbs(cert)) && is_acceptable(test_certs[i].name))
			return true;
	}
	return false;
}

static bool is_key(const br_x509_pkey *key, const struct sts_cert *cert)
{
	if (key->key_type == BR_KEYTYPE_RSA)
		return sts_der_eq((struct sts_der){key->key.rsa.n, key->key.rsa.nlen}, cert->rsa_n);
	return sts_der_eq((struct sts_der){key->key.ec.q, key->key.ec.qlen}, cert->ec_point);
}

/* The first certificate that is not a CA's is the server's. It is a certificate of the tests, and
 * so is its key. */
static void check_accepted(void)
{
	const br_x509_pkey *key =
		verifier.vtable->get_pkey((const br_x509_class *const *)&verifier.vtable, NULL);
	struct sts_cert cert = {.is_ca = true};

	must(key != NULL && verifier.error.code == STS_OK);
	for (size_t i = 0; i < chain_count && cert.is_ca; i++)
		must(sts_cert_read(chain[i], &cert, NULL) == STS_OK);
	must(!cert.is_ca && is_one_of_ours(cert.der) && is_key(key, &cert));
}

/* A bundle with more anchors of one name than one search keeps. The right one comes last. */
static void add_many_of_one_name(void)
{
	struct sts_der der = test_cert("renewed-wrong0");
	uint8_t copy[2048];

	must(der.len <= sizeof(copy));
	memcpy(copy, der.data, der.len);
	test_ca_source(&sources, "");
	for (uint8_t i = 0; i < 20; i++) {
		copy[der.len - 1] = i; /* nobody checks an anchor's own signature */
		test_write_pem(sources.source[sources.count - 1].fd,
			       (struct sts_der){copy, der.len}, "\n");
	}
	test_ca_source(&sources, "renewed-old renewed-new");
}

static void set_up(void)
{
	static const struct sts_server_name server = {.dns = {"sts.example.com", 15}};

	if (!memory) {
		memory = malloc(MEMORY_MAX);
		must(memory != NULL);
		sts_ca_sources_init(&sources);
		test_ca_source(&sources, "root other-root root-expired");
		add_many_of_one_name();
	}
	must(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL) == STS_OK);
	chain_count = memory_used = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum sts_err err;

	set_up();
	if (size > 0 && data[0] == '!')
		read_raw(data + 1, size - 1);
	else
		read_words(data, size);
	err = sts_verifier_run(&verifier, chain, chain_count);
	must(err == verifier.error.code && err != STS_EBUG && err != STS_ECA_FILE);
	must(strlen(verifier.error.msg) < sizeof(verifier.error.msg));
	if (err == STS_OK)
		check_accepted();
	else
		must(!verifier.trusted && verifier.error.msg[0]);
	return 0;
}
