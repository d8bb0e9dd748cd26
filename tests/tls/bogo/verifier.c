/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/bogo/verifier.h"

#include <stdio.h>
#include <string.h>

#include "trust/cert.h"
#include "trust/pem.h"

/* The decoder can fail after the certificate was refused, so the first error is kept. */
static void fail(struct bogo_verifier *v, unsigned error)
{
	if (v->error == 0)
		v->error = error;
}

static void hash_length(br_sha256_context *hash, uint32_t len)
{
	uint8_t bytes[] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
			   (uint8_t)len};

	br_sha256_update(hash, bytes, sizeof(bytes));
}

static void start_chain(const br_x509_class **ctx, const char *name)
{
	struct bogo_verifier *v = (void *)ctx;

	(void)name;
	v->count = 0;
	v->error = 0;
	br_sha256_init(&v->chain);
}

static void start_cert(const br_x509_class **ctx, uint32_t len)
{
	struct bogo_verifier *v = (void *)ctx;

	hash_length(&v->chain, len);
	if (v->count == 0) {
		br_x509_decoder_init(&v->decoder, NULL, NULL);
		v->leaf_len = 0;
	}
}

static void append(const br_x509_class **ctx, const unsigned char *data, size_t len)
{
	struct bogo_verifier *v = (void *)ctx;

	br_sha256_update(&v->chain, data, len);
	if (v->count > 0)
		return;
	br_x509_decoder_push(&v->decoder, data, len);
	if (len > sizeof(v->leaf) - v->leaf_len)
		fail(v, BR_ERR_X509_LIMIT_EXCEEDED);
	else {
		memcpy(v->leaf + v->leaf_len, data, len);
		v->leaf_len += len;
	}
}

static void end_cert(const br_x509_class **ctx)
{
	struct bogo_verifier *v = (void *)ctx;
	struct sts_cert cert;

	if (v->count++ > 0)
		return;
	if (br_x509_decoder_last_error(&v->decoder) != 0)
		fail(v, (unsigned)br_x509_decoder_last_error(&v->decoder));
	v->usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	/* A certificate without the extension for key usage allows everything. */
	if (v->error == 0 &&
	    sts_cert_read((struct sts_der){v->leaf, v->leaf_len}, &cert, NULL) == STS_OK &&
	    !cert.key_sign)
		v->usages = BR_KEYTYPE_KEYX;
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct bogo_verifier *v = (void *)ctx;

	if (v->count == 0)
		fail(v, BR_ERR_X509_EMPTY_CHAIN);
	if (v->refuse)
		fail(v, BR_ERR_X509_NOT_TRUSTED);
	return v->error;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	struct bogo_verifier *v = (void *)ctx;

	if (v->error != 0)
		return NULL;
	if (usages)
		*usages = v->usages;
	return br_x509_decoder_get_pkey(&v->decoder);
}

static const br_x509_class verifier_class = {
	.context_size = sizeof(struct bogo_verifier),
	.start_chain = start_chain,
	.start_cert = start_cert,
	.append = append,
	.end_cert = end_cert,
	.end_chain = end_chain,
	.get_pkey = get_pkey,
};

void bogo_verifier_init(struct bogo_verifier *v, bool refuse)
{
	memset(v, 0, sizeof(*v));
	v->vtable = &verifier_class;
	v->refuse = refuse;
	br_sha256_init(&v->chain);
}

bool bogo_verifier_same_chain(const struct bogo_verifier *v, const char *path)
{
	static char text[65536];
	static uint8_t der[STS_PEM_OBJECT_MAX_BYTES];
	uint8_t expected[br_sha256_SIZE], seen[br_sha256_SIZE];
	br_sha256_context hash;
	struct sts_pem pem;
	size_t have = 0, used;
	FILE *file = fopen(path, "r");

	if (!file)
		return false;
	have = fread(text, 1, sizeof(text), file);
	fclose(file);
	br_sha256_init(&hash);
	sts_pem_init(&pem, der, sizeof(der));
	for (size_t at = 0; at < have; at += used)
		if (sts_pem_feed(&pem, text + at, have - at, &used) == STS_PEM_OBJECT) {
			hash_length(&hash, (uint32_t)pem.len);
			br_sha256_update(&hash, der, pem.len);
		}
	br_sha256_out(&hash, expected);
	br_sha256_out(&v->chain, seen);
	return memcmp(expected, seen, sizeof(seen)) == 0;
}
