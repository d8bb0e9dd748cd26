/* SPDX-License-Identifier: Apache-2.0 */
#include "bearssl_choice/implementations.h"

/*
 * Validation and handshake take one br_ec_impl for all curves. So this one passes each call on: to
 * BearSSL's special code for X25519 and P-256, or to its generic code for the other NIST curves.
 */
static const br_ec_impl *code_for(int curve)
{
	return curve == BR_EC_curve25519  ? &br_ec_c25519_m31
	       : curve == BR_EC_secp256r1 ? &br_ec_p256_m31
					  : &br_ec_prime_i31;
}

static const unsigned char *generator(int curve, size_t *len)
{
	return code_for(curve)->generator(curve, len);
}

static const unsigned char *order(int curve, size_t *len)
{
	return code_for(curve)->order(curve, len);
}

static size_t xoff(int curve, size_t *len)
{
	return code_for(curve)->xoff(curve, len);
}

/* Is any of these bytes not zero? This runs in constant time. */
static uint32_t has_bits(const unsigned char *data, size_t len)
{
	unsigned char bits = 0;

	for (size_t i = 0; i < len; i++)
		bits |= data[i];
	return bits != 0;
}

/*
 * BearSSL's code for X25519 gives a result for every input, as RFC 7748 wants it. A point of small
 * order gives zero with every key, so that everybody knows the secret. RFC 8422 section 5.11 wants
 * such a result refused.
 */
static uint32_t mul(unsigned char *point, size_t point_len, const unsigned char *x, size_t x_len,
		    int curve)
{
	uint32_t ok = code_for(curve)->mul(point, point_len, x, x_len, curve);

	return curve == BR_EC_curve25519 ? ok & has_bits(point, point_len) : ok;
}

static size_t mulgen(unsigned char *result, const unsigned char *x, size_t x_len, int curve)
{
	return code_for(curve)->mulgen(result, x, x_len, curve);
}

static uint32_t muladd(unsigned char *a, const unsigned char *b, size_t len, const unsigned char *x,
		       size_t x_len, const unsigned char *y, size_t y_len, int curve)
{
	return code_for(curve)->muladd(a, b, len, x, x_len, y, y_len, curve);
}

const br_ec_impl sts_crypto_curves = {
	.supported_curves = 1u << BR_EC_secp256r1 | 1u << BR_EC_secp384r1 | 1u << BR_EC_secp521r1 |
			    1u << BR_EC_curve25519,
	.generator = generator,
	.order = order,
	.xoff = xoff,
	.mul = mul,
	.mulgen = mulgen,
	.muladd = muladd,
};
