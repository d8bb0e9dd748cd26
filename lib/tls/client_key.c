/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/client_key.h"

#include <fcntl.h>
#include <string.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "bearssl_choice/implementations.h"
#include "trust/pem.h"
#include "trust/verifier.h"

#define EC_MAX_BYTES         66 /* of a coordinate or a scalar of P-521 */
#define PATH_SHOWN_MAX_BYTES 80

/* The members of RSAPrivateKey behind its version: n, e, d, p, q, dp, dq, iq. */
enum { RSA_N = 0, RSA_D = 2, RSA_NUMBERS = 8 };

/* --- reading a key --- */

/* Remove leading zeros. Returns false when nothing is left. */
static bool strip_zeros(struct sts_der *number)
{
	while (number->len > 0 && number->data[0] == 0) {
		number->data++;
		number->len--;
	}
	return number->len > 0;
}

/* Read what follows the version in RSAPrivateKey (RFC 8017 appendix A.1.2). */
static bool decode_rsa(struct sts_der in, struct sts_client_key *key)
{
	struct sts_der number[RSA_NUMBERS];

	for (size_t i = 0; i < RSA_NUMBERS; i++)
		if (!sts_der_take(&in, STS_DER_INTEGER, &number[i]) || !strip_zeros(&number[i]))
			return false;
	key->is_rsa = true;
	key->rsa_n = number[RSA_N];
	key->rsa_d = number[RSA_D];
	return in.len == 0;
}

/*
 * All three forms begin with a version, whose value is not needed. The element after the version
 * tells the forms apart. In RSAPrivateKey it is a number. In ECPrivateKey it is an octet string. In
 * PKCS#8 it is an algorithm, and the next element is an octet string that holds one of the other
 * two forms. The curve of an EC key is not read; it is the curve of the certificate.
 */
bool sts_client_key_decode(struct sts_der der, struct sts_client_key *key)
{
	for (int depth = 0; depth < 2; depth++) {
		struct sts_der in, part;

		if (!sts_der_take(&der, STS_DER_SEQUENCE, &in) || der.len > 0 ||
		    !sts_der_take(&in, STS_DER_INTEGER, &part))
			return false;
		if (sts_der_peek(&in, STS_DER_INTEGER))
			return decode_rsa(in, key);
		key->is_rsa = false;
		if (sts_der_take(&in, STS_DER_OCTETS, &key->ec_x))
			return strip_zeros(&key->ec_x);
		if (!sts_der_take(&in, STS_DER_SEQUENCE, &part) ||
		    !sts_der_take(&in, STS_DER_OCTETS, &der))
			return false;
	}
	return false;
}

/* --- reading the files --- */

/* Does the private number give the public point of the certificate? */
static bool ec_belongs(const struct sts_client_key *key)
{
	uint8_t point[1 + 2 * EC_MAX_BYTES];
	size_t len = key->leaf.ec_point.len;
	int curve = sts_verifier_public_key(&key->leaf).key.ec.curve;

	return key->ec_x.len <= len / 2 &&
	       sts_crypto_ec()->mulgen(point, key->ec_x.data, key->ec_x.len, curve) == len &&
	       memcmp(point, key->leaf.ec_point.data, len) == 0;
}

/*
 * Does the key belong to the certificate? For an RSA key, the modulus is compared here.
 * sts_tls_sign() finds out whether the private exponent d belongs to it.
 */
static bool belongs(const struct sts_client_key *key)
{
	if (key->is_rsa != (key->leaf.key_kind == STS_KEY_RSA))
		return false;
	if (!key->is_rsa)
		return ec_belongs(key);
	return sts_der_eq(key->rsa_n, key->leaf.rsa_n) && key->rsa_d.len <= key->rsa_n.len;
}

/* Take the next PEM object from the text of a file. It is decoded in place, since it is shorter
 * than its text. Returns false at the end. */
static bool next_object(struct sts_pem *pem, const uint8_t *text, size_t len, size_t *at)
{
	while (*at < len) {
		size_t used;
		enum sts_pem_event event = sts_pem_feed(pem, (const char *)text + *at, len - *at,
							&used);

		*at += used;
		if (event == STS_PEM_OBJECT)
			return true;
	}
	return sts_pem_end(pem) == STS_PEM_OBJECT;
}

/* Each of these functions reads a file. They return NULL, or what is wrong, as a clause that is
 * written behind the path. */

_Static_assert(STS_CHAIN_MAX_CERTS == 10 && STS_RSA_KEY_MIN_BITS == 2048 &&
		       STS_RSA_KEY_MAX_BITS == 4096,
	       "the clauses of read_chain() state these bounds");

static const char *read_chain(struct sts_client_key *key, size_t len)
{
	struct sts_cert *leaf = &key->leaf;
	struct sts_pem pem;
	size_t at = 0, used = 0;

	sts_pem_init(&pem, key->cert_file, len);
	while (next_object(&pem, key->cert_file, len, &at)) {
		if (strcmp(pem.label, "CERTIFICATE") != 0)
			continue;
		if (key->chain_len == STS_CHAIN_MAX_CERTS)
			return STS_PACKED("more than 10 certificates");
		key->chain[key->chain_len++] = (br_x509_certificate){pem.out, pem.len};
		used += pem.len;
		pem.out += pem.len;
		pem.size = len - used;
	}
	if (pem.skipped > 0 || key->chain_len == 0)
		return STS_PACKED("no certificate in PEM, or a damaged one");
	if (sts_cert_read((struct sts_der){key->chain[0].data, key->chain[0].data_len}, leaf,
			  NULL) != STS_OK ||
	    leaf->key_kind == STS_KEY_OTHER ||
	    (leaf->key_kind == STS_KEY_RSA &&
	     (leaf->rsa_bits < STS_RSA_KEY_MIN_BITS || leaf->rsa_bits > STS_RSA_KEY_MAX_BITS)))
		return STS_PACKED("neither RSA (2048 to 4096 bits) nor EC (P-256, P-384, P-521), "
				  "or malformed");
	return NULL;
}

static const char *read_key(struct sts_client_key *key, size_t len)
{
	static const char label_end[] = "PRIVATE KEY";
	struct sts_slice text = {(const char *)key->key_file, len};
	bool encrypted = sts_slice_find(text, STS_SLICE("ENCRYPTED")) >= 0;
	struct sts_pem pem;
	size_t at = 0;

	sts_pem_init(&pem, key->key_file, len);
	while (next_object(&pem, key->key_file, len, &at)) {
		size_t label_len = strlen(pem.label);

		if (label_len < sizeof(label_end) - 1 ||
		    strcmp(pem.label + label_len - (sizeof(label_end) - 1), label_end) != 0)
			continue;
		if (sts_client_key_decode((struct sts_der){pem.out, pem.len}, key))
			return belongs(key)
				       ? NULL
				       : STS_PACKED("the key does not belong to the certificate");
		break;
	}
	return encrypted ? STS_PACKED("the key is encrypted")
			 : STS_PACKED("no RSA or EC key in PEM");
}

static const char *read_file(const char *path, uint8_t *data, size_t size, size_t *len)
{
	int err = sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, data, size, len);

	return err ? sts_read_words(path, err) : NULL;
}

static enum sts_err read_both(struct sts_client_key *key, const char *cert_path,
			      const char *key_path, struct sts_error *e)
{
	const char *path = cert_path, *why;
	size_t len;

	key->chain_len = 0;
	why = read_file(path, key->cert_file, sizeof(key->cert_file), &len);
	if (!why)
		why = read_chain(key, len);
	if (!why) {
		path = key_path;
		why = read_file(path, key->key_file, sizeof(key->key_file), &len);
		if (!why)
			why = read_key(key, len);
	}
	if (!why)
		return STS_OK;
	sts_client_key_fini(key);
	return sts_fail(e, STS_ECLIENT_CERT, 0, "--client-%s %s: %s",
			path == key_path ? "key" : "cert",
			sts_shown_str(path, PATH_SHOWN_MAX_BYTES), sts_words(why));
}

enum sts_err sts_client_key_read(struct sts_client_key *key, const char *cert_path,
				 const char *key_path, struct sts_error *e)
{
	enum sts_err err = read_both(key, cert_path, key_path, e);

	return err == STS_OK ? STS_OK : read_both(key, cert_path, key_path, e);
}

void sts_client_key_fini(struct sts_client_key *key)
{
	sts_wipe(key, sizeof(*key));
}
