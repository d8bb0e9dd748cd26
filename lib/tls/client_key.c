/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/client_key.h"

#include <fcntl.h>
#include <string.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "bearssl_choice/implementations.h"
#include "trust/pem.h"

#define SIGNATURE_MAX_BYTES  (STS_RSA_KEY_MAX_BITS / 8) /* an ECDSA signature has at most 139 */
#define HASH_MAX_BYTES       64                         /* of SHA-512 */
#define EC_MAX_BYTES         66                         /* of a coordinate or a scalar of P-521 */
#define PATH_SHOWN_MAX_BYTES 80
#define ECDSA_SHIFT          8 /* in BearSSL's auth_types */

/* The members of RSAPrivateKey behind its version: n, e, d, p, q, dp, dq, iq. */
enum { RSA_N = 0, RSA_D = 2, RSA_NUMBERS = 8 };

/* BearSSL's number for the curve of a certificate. */
#define CURVE_OF(cert) (BR_EC_secp256r1 + (int)(cert)->key_kind - STS_KEY_EC_P256)
_Static_assert(BR_EC_secp384r1 - BR_EC_secp256r1 == STS_KEY_EC_P384 - STS_KEY_EC_P256 &&
		       BR_EC_secp521r1 - BR_EC_secp256r1 == STS_KEY_EC_P521 - STS_KEY_EC_P256,
	       "BearSSL numbers the curves in the order of enum sts_key_kind");

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

/* The pointers in BearSSL's structures are not const, but it writes nothing through these. */
static unsigned char *bytes_of(struct sts_der d)
{
	return (unsigned char *)(uintptr_t)d.data;
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

/* --- signing --- */

/*
 * Encode a signature as ECDSA-Sig-Value (RFC 3279 section 2.2.3).
 *   raw  in   r and s, of len / 2 bytes each
 *   out  out  SIGNATURE_MAX_BYTES
 * Returns the length of the encoding; 0 when r or s is zero, which no valid signature has.
 */
static size_t encode_signature(const uint8_t *raw, size_t len, uint8_t *out)
{
	uint8_t body[2 * (3 + EC_MAX_BYTES)]; /* tag, length and a zero before each number */
	size_t used = 0, head = 1;

	for (const uint8_t *at = raw; at < raw + len; at += len / 2) {
		struct sts_der number = {at, len / 2};

		if (!strip_zeros(&number))
			return 0;
		body[used++] = STS_DER_INTEGER;
		body[used++] = (uint8_t)(number.len + (number.data[0] >> 7));
		if (number.data[0] >> 7) /* else the number would be negative */
			body[used++] = 0;
		memcpy(body + used, number.data, number.len);
		used += number.len;
	}
	out[0] = STS_DER_SEQUENCE;
	if (used > 0x7f)
		out[head++] = 0x81; /* the length has a byte of its own */
	out[head++] = (uint8_t)used;
	memcpy(out + head, body, used);
	return head + used;
}

static size_t sign_ecdsa(const struct sts_client_key *key, int hash_id, const uint8_t *hash,
			 uint8_t *out)
{
	static const br_hash_class *const hashes[] = {&br_sha256_vtable, &br_sha384_vtable,
						      &br_sha512_vtable};
	br_ec_private_key ec = {CURVE_OF(&key->leaf), bytes_of(key->ec_x), key->ec_x.len};
	uint8_t raw[2 * EC_MAX_BYTES];
	size_t len = br_ecdsa_i31_sign_raw(sts_crypto_ec(), hashes[hash_id - br_sha256_ID], hash,
					   &ec, raw);

	return len > 0 ? encode_signature(raw, len, out) : 0;
}

/*
 * Sign by RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.1). The code that verifies signatures is used,
 * with d in the place of e: the time of its exponentiation depends only on the length of the
 * exponent. This takes four times as long as the usual way, which calculates with the factors p and
 * q. But it needs 1.6 kB less code, and a fault in the calculation cannot reveal the factors.
 */
static size_t sign_rsa(const struct sts_client_key *key, int hash_id, const uint8_t *hash,
		       size_t hash_len, uint8_t *out)
{
	/* The start of DigestInfo for SHA-256 (RFC 8017 section 9.2). SHA-384 and SHA-512 differ in
	 * both lengths and in the last byte of the OID. */
	static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				       0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	enum { AT_LENGTH = 1, AT_OID_END = 14, AT_HASH_LENGTH = 18 };
	struct sts_der n = key->leaf.rsa_n;
	br_rsa_public_key rsa = {bytes_of(n), n.len, bytes_of(key->rsa_d), key->rsa_d.len};
	uint8_t *at = out + n.len - hash_len - sizeof(info);
	uint8_t padded[SIGNATURE_MAX_BYTES], again[SIGNATURE_MAX_BYTES];

	memset(out, 0xff, n.len);
	out[0] = 0;
	out[1] = 1;
	at[-1] = 0;
	memcpy(at, info, sizeof(info));
	at[AT_LENGTH] = (uint8_t)(sizeof(info) - 2 + hash_len);
	at[AT_OID_END] = (uint8_t)(hash_id - br_sha256_ID + 1);
	at[AT_HASH_LENGTH] = (uint8_t)hash_len;
	memcpy(at + sizeof(info), hash, hash_len);
	memcpy(padded, out, n.len);
	uint32_t ok = br_rsa_i31_public(out, n.len, &rsa);
	/* Verify the signature. The server would refuse a signature that was made with a wrong d,
	 * and would not say why. */
	rsa.e = bytes_of(key->leaf.rsa_e);
	rsa.elen = key->leaf.rsa_e.len;
	memcpy(again, out, n.len);
	ok &= br_rsa_i31_public(again, n.len, &rsa);
	return ok && memcmp(again, padded, n.len) == 0 ? n.len : 0;
}

/* Does the private number give the public point of the certificate? */
static bool ec_belongs(const struct sts_client_key *key)
{
	uint8_t point[1 + 2 * EC_MAX_BYTES];
	size_t len = key->leaf.ec_point.len;

	return key->ec_x.len <= len / 2 &&
	       sts_crypto_ec()->mulgen(point, key->ec_x.data, key->ec_x.len,
				       CURVE_OF(&key->leaf)) == len &&
	       memcmp(point, key->leaf.ec_point.data, len) == 0;
}

/*
 * Does the key belong to the certificate? For an RSA key, the modulus is compared here. sign_rsa()
 * finds out whether the private exponent d belongs to it.
 */
static bool belongs(const struct sts_client_key *key)
{
	if (key->is_rsa != (key->leaf.key_kind == STS_KEY_RSA))
		return false;
	if (!key->is_rsa)
		return ec_belongs(key);
	return sts_der_eq(key->rsa_n, key->leaf.rsa_n) && key->rsa_d.len <= key->rsa_n.len;
}

/* --- files --- */

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
			return "more than 10 certificates";
		key->chain[key->chain_len++] = (br_x509_certificate){pem.out, pem.len};
		used += pem.len;
		pem.out += pem.len;
		pem.size = len - used;
	}
	if (pem.skipped > 0 || key->chain_len == 0)
		return "no certificate in PEM, or a damaged one";
	if (sts_cert_read((struct sts_der){key->chain[0].data, key->chain[0].data_len}, leaf,
			  NULL) != STS_OK ||
	    leaf->key_kind == STS_KEY_OTHER ||
	    (leaf->key_kind == STS_KEY_RSA &&
	     (leaf->rsa_bits < STS_RSA_KEY_MIN_BITS || leaf->rsa_bits > STS_RSA_KEY_MAX_BITS)))
		return "neither RSA (2048 to 4096 bits) nor EC (P-256, P-384, P-521), or malformed";
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
			return belongs(key) ? NULL : "the key does not belong to the certificate";
		break;
	}
	return encrypted ? "the key is encrypted" : "no RSA or EC key in PEM";
}

static const char *read_file(const char *path, uint8_t *data, size_t size, size_t *len)
{
	int err = sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, data, size, len);

	return err ? sts_errno_words(err) : NULL;
}

static enum sts_err read_both(struct sts_client_key *key, const char *cert_path,
			      const char *key_path, struct sts_error *e)
{
	const char *path = cert_path, *why;
	char shown[PATH_SHOWN_MAX_BYTES + 1];
	struct sts_text text;
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
	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_escaped(&text, sts_slice_of(path), PATH_SHOWN_MAX_BYTES);
	return sts_fail(e, STS_ECLIENT_CERT, 0, "--client-%s %s: %s",
			path == key_path ? "key" : "cert", shown, why);
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

/* --- the class that BearSSL calls --- */

/* The server sends the names of the certificate authorities that it accepts. They are ignored. */

static void ignore_event(const br_ssl_client_certificate_class **ctx)
{
	(void)ctx;
}

static void ignore_length(const br_ssl_client_certificate_class **ctx, size_t len)
{
	(void)ctx;
	(void)len;
}

static void ignore_bytes(const br_ssl_client_certificate_class **ctx, const unsigned char *data,
			 size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
}

/*
 * Choose the certificate and the hash for the signature.
 *   auth_types  in  the server's hashes: bit N for RSA with BearSSL's hash N, bit 8 + N for ECDSA
 *                   with it
 */
static void choose(const br_ssl_client_certificate_class **ctx, const br_ssl_client_context *client,
		   uint32_t auth_types, br_ssl_client_certificate *choice)
{
	struct sts_client_class *auth = (struct sts_client_class *)(void *)ctx;
	const struct sts_client_key *key = auth->key;

	(void)client;
	auth->asked = true;
	*choice = (br_ssl_client_certificate){0};
	if (!key)
		return;
	if (!key->is_rsa)
		auth_types >>= ECDSA_SHIFT;
	for (int id = br_sha256_ID; id <= br_sha512_ID && !auth->sent; id++)
		if (auth_types >> id & 1) {
			choice->auth_type = key->is_rsa ? BR_AUTH_RSA : BR_AUTH_ECDSA;
			choice->hash_id = id;
			choice->chain = key->chain;
			choice->chain_len = key->chain_len;
			auth->sent = true;
		}
}

/*
 * Sign a hash.
 *   data  in/out  the hash of hash_len bytes, then the signature; size bytes of room
 * Returns the length of the signature, 0 after a failure.
 */
static size_t do_sign(const br_ssl_client_certificate_class **ctx, int hash_id, size_t hash_len,
		      unsigned char *data, size_t size)
{
	const struct sts_client_class *auth = (const struct sts_client_class *)(void *)ctx;
	uint8_t hash[HASH_MAX_BYTES];

	if (!auth->sent || size < SIGNATURE_MAX_BYTES || hash_len > sizeof(hash))
		return 0;
	memcpy(hash, data, hash_len);
	if (!auth->key->is_rsa)
		return sign_ecdsa(auth->key, hash_id, hash, data);
	return sign_rsa(auth->key, hash_id, hash, hash_len, data);
}

void sts_client_class_init(struct sts_client_class *auth, const struct sts_client_key *key)
{
	static const br_ssl_client_certificate_class class = {
		.context_size = sizeof(struct sts_client_class),
		.start_name_list = ignore_event,
		.start_name = ignore_length,
		.append_name = ignore_bytes,
		.end_name = ignore_event,
		.end_name_list = ignore_event,
		.choose = choose,
		.do_sign = do_sign,
	};

	*auth = (struct sts_client_class){.vtable = &class, .key = key};
}
