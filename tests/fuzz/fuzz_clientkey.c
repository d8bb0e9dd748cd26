/* SPDX-License-Identifier: Apache-2.0 */
/* The DER of a private key. What is found lies within the input, and is the same if the key stands
 * in PKCS#8. */
#include <stdlib.h>
#include <string.h>

#include "tls/client_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_client_key key;

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_number(struct sts_der number, const uint8_t *data, size_t size)
{
	must(number.len > 0 && number.len <= size && number.data[0] != 0);
	must(number.data >= data && number.data + number.len <= data + size);
}

static size_t put_header(uint8_t *out, uint8_t tag, size_t len)
{
	size_t head = 1;

	out[0] = tag;
	if (len > 0xff)
		out[head++] = 0x82, out[head++] = (uint8_t)(len >> 8);
	else if (len > 0x7f)
		out[head++] = 0x81;
	out[head++] = (uint8_t)len;
	return head;
}

/* Put the same key into PKCS#8. */
static bool decode_wrapped(const uint8_t *data, size_t size)
{
	static const uint8_t version_and_algorithm[] = {2, 1, 0, 0x30, 2, 5, 0};
	uint8_t octets[8], outer[8], *whole = malloc(size + 32);
	size_t octets_len = put_header(octets, STS_DER_OCTETS, size), len = 0;
	size_t outer_len = put_header(outer, STS_DER_SEQUENCE,
				      sizeof(version_and_algorithm) + octets_len + size);

	memcpy(whole, outer, outer_len);
	len += outer_len;
	memcpy(whole + len, version_and_algorithm, sizeof(version_and_algorithm));
	len += sizeof(version_and_algorithm);
	memcpy(whole + len, octets, octets_len);
	len += octets_len;
	memcpy(whole + len, data, size);
	bool found = sts_client_key_decode((struct sts_der){whole, len + size}, &key);
	free(whole);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t pkcs8[] = {STS_DER_INTEGER, STS_DER_SEQUENCE};
	struct sts_der der = {size ? data : NULL, size}, in, part;
	bool nested;

	if (size > 60000)
		return 0;
	nested = sts_der_take(&der, STS_DER_SEQUENCE, &in) && sts_der_take(&in, pkcs8[0], &part) &&
		 sts_der_peek(&in, pkcs8[1]);
	bool found = sts_client_key_decode((struct sts_der){size ? data : NULL, size}, &key);
	if (found && key.is_rsa) {
		check_number(key.rsa_n, data, size);
		check_number(key.rsa_d, data, size);
	} else if (found) {
		check_number(key.ec_x, data, size);
	}
	if (size > 0)
		must(decode_wrapped(data, size) == (found && !nested));
	return 0;
}
