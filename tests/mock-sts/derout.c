/* SPDX-License-Identifier: Apache-2.0 */
#include "derout.h"

#include <string.h>

void mock_der_put(struct mock_der *d, const void *data, size_t len)
{
	if (d->overflow || len > d->at) {
		d->overflow = true;
		return;
	}
	d->at -= len;
	memcpy(d->buf + d->at, data, len);
}

void mock_der_byte(struct mock_der *d, uint8_t byte)
{
	mock_der_put(d, &byte, 1);
}

void mock_der_wrap(struct mock_der *d, int tag, size_t end)
{
	size_t len = end - d->at;

	if (len >= 0x100) {
		mock_der_byte(d, (uint8_t)len);
		mock_der_byte(d, (uint8_t)(len >> 8));
		mock_der_byte(d, 0x82);
	} else {
		mock_der_byte(d, (uint8_t)len);
		if (len >= 0x80)
			mock_der_byte(d, 0x81);
	}
	mock_der_byte(d, (uint8_t)tag);
}

void mock_der_tagged(struct mock_der *d, int tag, const void *data, size_t len)
{
	size_t end = d->at;

	mock_der_put(d, data, len);
	mock_der_wrap(d, tag, end);
}

void mock_der_uint(struct mock_der *d, const uint8_t *data, size_t len)
{
	size_t end = d->at;

	for (; len > 1 && data[0] == 0; len--)
		data++;
	mock_der_put(d, data, len);
	if (len > 0 && data[0] & 0x80)
		mock_der_byte(d, 0);
	mock_der_wrap(d, TAG_INTEGER, end);
}

void mock_der_bits(struct mock_der *d, const void *data, size_t len)
{
	size_t end = d->at;

	mock_der_put(d, data, len);
	mock_der_byte(d, 0);
	mock_der_wrap(d, TAG_BITS, end);
}
