/* SPDX-License-Identifier: Apache-2.0 */
/* One certificate: each slice lies within the input, and the texts are printable and bounded. */
#include <stdlib.h>
#include <string.h>

#include "trust/cert.h"
#include "trust/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void inside(struct sts_der slice, const uint8_t *data, size_t size)
{
	if (slice.len == 0)
		return;
	must(slice.data >= data && slice.len <= size &&
	     (size_t)(slice.data - data) <= size - slice.len);
}

static void printable(const struct sts_text *t, size_t max)
{
	must(t->len <= max && strlen(t->data) == t->len && !t->overflow);
	for (size_t i = 0; i < t->len; i++)
		must(t->data[i] >= ' ' && t->data[i] <= '~');
}

static void check_slices(const struct sts_cert *c, const uint8_t *data, size_t size)
{
	const struct sts_der slices[] = {
		c->der,
		c->subject,
		c->issuer,
		c->spki,
		c->key_oid,
		c->signature_oid,
		c->rsa_n,
		c->rsa_e,
		c->san,
		c->eku,
		c->name_constraints,
		c->subject_key_id,
		c->ec_point,
		c->authority_key_id,
		c->unknown_critical_oid,
	};

	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++)
		inside(slices[i], data, size);
}

/* Check what a reader of a good certificate may rely on. */
static void check_meaning(const struct sts_cert *c)
{
	must(c->version >= 1 && c->version <= 3 && c->path_len >= -1);
	must(c->subject.len >= 2 && c->issuer.len >= 2 && c->spki.len >= 2);
	must((c->key_kind == STS_KEY_RSA) == (c->rsa_bits > 0));
	must(c->key_kind != STS_KEY_RSA ||
	     (c->rsa_n.len == (c->rsa_bits + 7) / 8 && c->rsa_e.len > 0));
	must((c->key_kind == STS_KEY_EC_P256) == (c->ec_point.len == 65));
	must(!c->has_eku || c->eku.len > 0);
	must(c->has_san || c->san.len == 0);
	must(c->unknown_critical || c->unknown_critical_oid.len == 0);
	must(sts_dn_equal(c->subject, c->issuer) == sts_dn_equal(c->issuer, c->subject));
	must(!c->self_issued || sts_dn_equal(c->subject, c->issuer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_error e = {.code = STS_OK};
	struct sts_cert cert;
	char text[1024];
	struct sts_text t;
	enum sts_err err = sts_cert_read((struct sts_der){data, size}, &cert, &e);

	must(err == e.code);
	must(err == STS_OK || err == STS_ECERT_MALFORMED || err == STS_ECERT_LIMIT);
	must((e.msg[0] == '\0') == (err == STS_OK));
	check_slices(&cert, data, size);
	if (err == STS_OK)
		check_meaning(&cert);
	sts_text_init(&t, text, sizeof(text));
	sts_dn_add(&t, cert.subject);
	printable(&t, 80);
	sts_text_init(&t, text, sizeof(text));
	sts_cert_add_san(&t, &cert);
	printable(&t, sizeof(text) - 1);
	return 0;
}
