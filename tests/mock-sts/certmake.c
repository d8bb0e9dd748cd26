/* SPDX-License-Identifier: Apache-2.0 */
#include "certmake.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "derout.h"

static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t oid_sha256_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_sha256_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t oid_p521[] = {0x2b, 0x81, 0x04, 0x00, 0x23};
static const uint8_t oid_cn[] = {0x55, 0x04, 0x03}, oid_o[] = {0x55, 0x04, 0x0a};
static const uint8_t oid_ski[] = {0x55, 0x1d, 0x0e}, oid_aki[] = {0x55, 0x1d, 0x23};
static const uint8_t oid_key_usage[] = {0x55, 0x1d, 0x0f}, oid_san[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_basic[] = {0x55, 0x1d, 0x13}, oid_eku[] = {0x55, 0x1d, 0x25};
static const uint8_t oid_server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};

static void put_time(struct mock_der *d, int64_t epoch_s)
{
	time_t when = (time_t)epoch_s;
	struct tm tm;
	char text[24];

	gmtime_r(&when, &tm);
	bool utc = tm.tm_year < 150; /* RFC 5280 section 4.1.2.5: UTCTime through 2049 */
	size_t len = strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm);
	mock_der_tagged(d, utc ? TAG_UTC_TIME : TAG_GENERAL_TIME, text + (utc ? 2 : 0),
			len - (utc ? 2 : 0));
}

static void put_attribute(struct mock_der *d, const uint8_t *oid, size_t oid_len, const char *value)
{
	size_t end = d->at;

	mock_der_tagged(d, TAG_UTF8, value, strlen(value));
	mock_der_tagged(d, TAG_OID, oid, oid_len);
	mock_der_wrap(d, TAG_SEQUENCE, end);
	mock_der_wrap(d, TAG_SET, end);
}

static void put_name(struct mock_der *d, const char *cn)
{
	size_t end = d->at;

	put_attribute(d, oid_cn, sizeof(oid_cn), cn);
	put_attribute(d, oid_o, sizeof(oid_o), "mock-sts");
	mock_der_wrap(d, TAG_SEQUENCE, end);
}

/* Write subjectPublicKey: the content of the BIT STRING. */
static void put_public(struct mock_der *d, const struct mock_public_key *pub)
{
	size_t end = d->at;

	if (pub->type == BR_KEYTYPE_EC) {
		mock_der_put(d, pub->q, pub->q_len);
		return;
	}
	mock_der_uint(d, pub->e, pub->e_len);
	mock_der_uint(d, pub->n, pub->n_len);
	mock_der_wrap(d, TAG_SEQUENCE, end);
}

static void put_curve(struct mock_der *d, int curve)
{
	if (curve == BR_EC_secp256r1)
		mock_der_tagged(d, TAG_OID, oid_p256, sizeof(oid_p256));
	else if (curve == BR_EC_secp384r1)
		mock_der_tagged(d, TAG_OID, oid_p384, sizeof(oid_p384));
	else
		mock_der_tagged(d, TAG_OID, oid_p521, sizeof(oid_p521));
}

static void put_spki(struct mock_der *d, const struct mock_public_key *pub)
{
	size_t end = d->at, inner;

	put_public(d, pub);
	mock_der_byte(d, 0);
	mock_der_wrap(d, TAG_BITS, end);
	inner = d->at;
	if (pub->type == BR_KEYTYPE_RSA) {
		mock_der_tagged(d, TAG_NULL, "", 0);
		mock_der_tagged(d, TAG_OID, oid_rsa, sizeof(oid_rsa));
	} else {
		put_curve(d, pub->curve);
		mock_der_tagged(d, TAG_OID, oid_ec, sizeof(oid_ec));
	}
	mock_der_wrap(d, TAG_SEQUENCE, inner);
	mock_der_wrap(d, TAG_SEQUENCE, end);
}

static void put_algorithm(struct mock_der *d, const struct mock_signer *signer)
{
	size_t end = d->at;

	if (signer->rsa) {
		mock_der_tagged(d, TAG_NULL, "", 0);
		mock_der_tagged(d, TAG_OID, oid_sha256_rsa, sizeof(oid_sha256_rsa));
	} else {
		mock_der_tagged(d, TAG_OID, oid_sha256_ec, sizeof(oid_sha256_ec));
	}
	mock_der_wrap(d, TAG_SEQUENCE, end);
}

/* The value of an extension was written. Write what stands around it. */
static void wrap_extension(struct mock_der *d, const uint8_t *oid, size_t oid_len, bool critical,
			   size_t end)
{
	mock_der_wrap(d, TAG_OCTETS, end);
	if (critical)
		mock_der_tagged(d, TAG_BOOLEAN, "\xff", 1);
	mock_der_tagged(d, TAG_OID, oid, oid_len);
	mock_der_wrap(d, TAG_SEQUENCE, end);
}

/* RFC 5280 section 4.2.1.2, method 1, which other programs use too. SHA-1 names a key here and
 * secures nothing. */
static void put_key_id(struct mock_der *d, const struct mock_public_key *pub, int tag)
{
	struct mock_der key = {.at = sizeof(key.buf)};
	uint8_t digest[20];
	br_sha1_context sha;

	put_public(&key, pub);
	br_sha1_init(&sha);
	br_sha1_update(&sha, key.buf + key.at, sizeof(key.buf) - key.at);
	br_sha1_out(&sha, digest);
	mock_der_tagged(d, tag, digest, sizeof(digest));
}

static bool put_ip(struct mock_der *d, const char *text)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		mock_der_tagged(d, TAG_CONTEXT | 7, address, 4);
	else if (inet_pton(AF_INET6, text, address) == 1)
		mock_der_tagged(d, TAG_CONTEXT | 7, address, 16);
	else
		return false;
	return true;
}

static bool put_san(struct mock_der *d, const struct mock_cert_request *r)
{
	size_t end = d->at;

	if (r->dns_count + r->ip_count == 0)
		return true;
	for (size_t i = r->ip_count; i-- > 0;)
		if (!put_ip(d, r->ip[i]))
			return false;
	for (size_t i = r->dns_count; i-- > 0;)
		mock_der_tagged(d, TAG_CONTEXT | 2, r->dns[i], strlen(r->dns[i]));
	mock_der_wrap(d, TAG_SEQUENCE, end);
	wrap_extension(d, oid_san, sizeof(oid_san), false, end);
	return true;
}

static bool put_extensions(struct mock_der *d, const struct mock_cert_request *r,
			   const struct mock_public_key *pub,
			   const struct mock_public_key *issuer_pub)
{
	size_t start = d->at, end = start;

	put_key_id(d, issuer_pub, TAG_CONTEXT | 0);
	mock_der_wrap(d, TAG_SEQUENCE, end);
	wrap_extension(d, oid_aki, sizeof(oid_aki), false, end);

	end = d->at;
	put_key_id(d, pub, TAG_OCTETS);
	wrap_extension(d, oid_ski, sizeof(oid_ski), false, end);

	if (!put_san(d, r))
		return false;
	end = d->at;
	if (r->server_auth) {
		mock_der_tagged(d, TAG_OID, oid_server_auth, sizeof(oid_server_auth));
		mock_der_wrap(d, TAG_SEQUENCE, end);
		wrap_extension(d, oid_eku, sizeof(oid_eku), false, end);
	}
	end = d->at;
	/* keyCertSign and cRLSign, or digitalSignature: the number of unused bits, and then the
	 * bits. */
	mock_der_tagged(d, TAG_BITS, r->ca ? "\x01\x06" : "\x07\x80", 2);
	wrap_extension(d, oid_key_usage, sizeof(oid_key_usage), true, end);

	end = d->at;
	if (r->ca)
		mock_der_tagged(d, TAG_BOOLEAN, "\xff", 1);
	mock_der_wrap(d, TAG_SEQUENCE, end);
	wrap_extension(d, oid_basic, sizeof(oid_basic), true, end);

	mock_der_wrap(d, TAG_SEQUENCE, start);
	mock_der_wrap(d, TAG_EXPLICIT | 3, start);
	return true;
}

static void put_serial(struct mock_der *d, const struct mock_cert_request *r)
{
	uint8_t random[16];

	mock_random(random, sizeof(random));
	random[0] = (uint8_t)((random[0] & 0x3f) | 0x40);
	if (r->serial)
		mock_der_uint(d, r->serial, r->serial_len);
	else
		mock_der_uint(d, random, sizeof(random));
}

static bool put_tbs(struct mock_der *d, const struct mock_cert_request *r,
		    const struct mock_public_key *pub, const struct mock_issuer *issuer,
		    const struct mock_signer *signer)
{
	size_t end = d->at, dates;

	if (!put_extensions(d, r, pub, issuer ? &issuer->pub : pub))
		return false;
	put_spki(d, pub);
	put_name(d, r->cn);
	dates = d->at;
	put_time(d, r->not_after_s);
	put_time(d, r->not_before_s);
	mock_der_wrap(d, TAG_SEQUENCE, dates);
	if (issuer)
		mock_der_put(d, issuer->name, issuer->name_len);
	else
		put_name(d, r->cn);
	put_algorithm(d, signer);
	put_serial(d, r);
	size_t version = d->at;
	mock_der_tagged(d, TAG_INTEGER, "\x02", 1);
	mock_der_wrap(d, TAG_EXPLICIT | 0, version);
	mock_der_wrap(d, TAG_SEQUENCE, end);
	return !d->overflow;
}

size_t mock_cert_make(const struct mock_cert_request *request, const struct mock_public_key *pub,
		      const struct mock_issuer *issuer, const struct mock_signer *signer,
		      uint8_t *out, size_t size)
{
	struct mock_der tbs = {.at = sizeof(tbs.buf)}, cert = {.at = sizeof(cert.buf)};
	uint8_t signature[MOCK_SIGNATURE_BYTES];
	size_t end = cert.at;

	if (!put_tbs(&tbs, request, pub, issuer, signer))
		return 0;
	size_t signature_len = mock_sign(signer, tbs.buf + tbs.at, sizeof(tbs.buf) - tbs.at, false,
					 signature);
	if (signature_len == 0)
		return 0;
	mock_der_bits(&cert, signature, signature_len);
	put_algorithm(&cert, signer);
	mock_der_put(&cert, tbs.buf + tbs.at, sizeof(tbs.buf) - tbs.at);
	mock_der_wrap(&cert, TAG_SEQUENCE, end);
	size_t len = end - cert.at;
	if (cert.overflow || len > size)
		return 0;
	memcpy(out, cert.buf + cert.at, len);
	return len;
}

static void append_name(void *ctx, const void *data, size_t len)
{
	struct mock_issuer *issuer = ctx;

	if (len > sizeof(issuer->name) - issuer->name_len)
		mock_die("a CA's name is too long");
	memcpy(issuer->name + issuer->name_len, data, len);
	issuer->name_len += len;
}

bool mock_issuer_read(struct mock_issuer *issuer, const uint8_t *der, size_t len,
		      const struct mock_public_key *pub)
{
	br_x509_decoder_context decoder;

	issuer->name_len = 0;
	issuer->pub = *pub;
	br_x509_decoder_init(&decoder, append_name, issuer);
	br_x509_decoder_push(&decoder, der, len);
	return br_x509_decoder_get_pkey(&decoder) != NULL;
}
