/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/tls_messages.h"

#include <stdlib.h>
#include <string.h>

static const struct sts_tls_client *client;
static const uint8_t *input;
static size_t input_len;

void require(bool ok)
{
	if (!ok)
		abort();
}

void fuzz_input(const uint8_t *data, size_t size)
{
	input = data;
	input_len = size;
}

bool fuzz_input_is_empty(void)
{
	return input_len == 0;
}

uint8_t fuzz_byte(void)
{
	if (input_len == 0)
		return 0;
	input_len--;
	return *input++;
}

size_t fuzz_hash_bytes(const struct sts_tls_scheme *scheme)
{
	return 32 + 16 * ((size_t)scheme->hash_id - br_sha256_ID);
}

static bool is_tls13(void)
{
	return client->records.tls13;
}

/* The extensions of a message, chosen by bits. */
static void write_extension(struct sts_tls_writer *w, uint16_t type, const void *data, size_t len)
{
	sts_tls_write_number(w, 2, type);
	sts_tls_write_number(w, 2, len);
	sts_tls_write_bytes(w, data, len);
}

static void write_common(struct sts_tls_writer *w, uint8_t bits)
{
	static const uint8_t alpn[] = {0, 9, 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

	if (bits & 1)
		write_extension(w, 16, alpn, sizeof(alpn));
	if (bits & 2)
		write_extension(w, 0, "", 0);
	if (bits & 4)
		write_extension(w, 10, "\0\4\0\35\0\27", 6);
}

static void write_hello_start(struct sts_tls_writer *w, const uint8_t *random,
			      const uint8_t *session, uint16_t suite)
{
	sts_tls_write_number(w, 2, STS_TLS_VERSION_12);
	sts_tls_write_bytes(w, random, STS_TLS_RANDOM_BYTES);
	sts_tls_write_number(w, 1, session ? STS_TLS_SESSION_ID_BYTES : 0);
	if (session)
		sts_tls_write_bytes(w, session, STS_TLS_SESSION_ID_BYTES);
	sts_tls_write_number(w, 2, suite);
	sts_tls_write_number(w, 1, 0);
}

const uint8_t fuzz_server_random[STS_TLS_RANDOM_BYTES] = {1, 2, 3, 4, 5};

static void server_hello13(struct sts_tls_writer *w, uint8_t param)
{
	const struct sts_tls_group *group = client->pair.group;
	size_t list;

	write_hello_start(w, fuzz_server_random, client->session_id,
			  (uint16_t)(0x1301 + param % 4));
	list = sts_tls_write_open(w, 2);
	write_extension(w, 43, "\3\4", 2);
	sts_tls_write_number(w, 2, 51);
	sts_tls_write_number(w, 2, 4 + group->public_bytes);
	sts_tls_write_number(w, 2, group->id);
	sts_tls_write_number(w, 2, group->public_bytes);
	for (size_t i = 0; i < group->public_bytes; i++)
		sts_tls_write_number(w, 1, 4);
	sts_tls_write_close(w, 2, list);
}

static void retry_request(struct sts_tls_writer *w, uint8_t param)
{
	static const uint8_t random[STS_TLS_RANDOM_BYTES] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
		0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
		0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};
	static const uint16_t groups[] = {23, 24, 25, 29};
	size_t list, cookie = (param >> 4 & 7) * 400u;

	write_hello_start(w, random, client->session_id, (uint16_t)(0x1301 + param % 4));
	list = sts_tls_write_open(w, 2);
	write_extension(w, 43, "\3\4", 2);
	if (!(param & 0x80)) {
		sts_tls_write_number(w, 2, 51);
		sts_tls_write_number(w, 2, 2);
		sts_tls_write_number(w, 2, groups[param >> 2 & 3]);
	}
	if (cookie > 0) {
		sts_tls_write_number(w, 2, 44);
		sts_tls_write_number(w, 2, 2 + cookie);
		sts_tls_write_number(w, 2, cookie);
		while (cookie-- > 0)
			sts_tls_write_number(w, 1, 'c');
	}
	sts_tls_write_close(w, 2, list);
}

static void server_hello12(struct sts_tls_writer *w, uint8_t param)
{
	static const uint16_t suites[] = {0xc02b, 0xc02f, 0xc02c, 0xc030,
					  0xcca8, 0xcca9, 0xc009, 0x1301};
	uint8_t extensions = fuzz_byte();
	size_t list;

	write_hello_start(w, fuzz_server_random, param & 8 ? client->session_id : NULL,
			  suites[param % 8]);
	if (extensions & 0x80)
		return;
	list = sts_tls_write_open(w, 2);
	write_common(w, extensions);
	if (extensions & 8)
		write_extension(w, 23, "", 0);
	if (extensions & 16)
		write_extension(w, 0xff01, "", 1);
	if (extensions & 32)
		write_extension(w, 11, "\1", 2);
	sts_tls_write_close(w, 2, list);
}

static void encrypted_extensions(struct sts_tls_writer *w, uint8_t param)
{
	size_t list = sts_tls_write_open(w, 2);

	write_common(w, param);
	sts_tls_write_close(w, 2, list);
}

static void write_schemes(struct sts_tls_writer *w)
{
	size_t list = sts_tls_write_open(w, 2);

	for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id; s++)
		sts_tls_write_number(w, 2, s->id);
	sts_tls_write_close(w, 2, list);
}

static void certificate_request(struct sts_tls_writer *w, uint8_t param)
{
	size_t list, body;

	if (!is_tls13()) {
		sts_tls_write_bytes(w, "\2\1\100", 3);
		write_schemes(w);
		sts_tls_write_number(w, 2, param);
		for (int i = 0; i < param; i++)
			sts_tls_write_number(w, 1, 'n');
		return;
	}
	sts_tls_write_number(w, 1, 0);
	list = sts_tls_write_open(w, 2);
	if (param & 1)
		write_extension(w, 47, "\0\3abc", 5);
	sts_tls_write_number(w, 2, 13);
	body = sts_tls_write_open(w, 2);
	write_schemes(w);
	sts_tls_write_close(w, 2, body);
	sts_tls_write_close(w, 2, list);
}

static void certificate(struct sts_tls_writer *w, uint8_t param)
{
	size_t list, one;

	if (is_tls13())
		sts_tls_write_number(w, 1, 0);
	list = sts_tls_write_open(w, 3);
	for (int i = 0; i < param % 4; i++) {
		one = sts_tls_write_open(w, 3);
		for (int n = 0; n < 1 + (param >> 2) * 20; n++)
			sts_tls_write_number(w, 1, 0x30);
		sts_tls_write_close(w, 3, one);
		if (is_tls13())
			sts_tls_write_number(w, 2, 0);
	}
	sts_tls_write_close(w, 3, list);
}

/* Write a right signature by a scheme of the client's table. */
static void write_signature(struct sts_tls_writer *w, uint8_t param,
			    const struct sts_tls_part *parts, size_t count)
{
	const struct sts_tls_scheme *scheme = &sts_tls_schemes[param % 9];
	static const br_hash_class *const classes[] = {&br_sha256_vtable, &br_sha384_vtable,
						       &br_sha512_vtable};
	const br_hash_class *class = classes[scheme->hash_id - br_sha256_ID];
	br_hash_compat_context hash;
	uint8_t out[64];

	class->init(&hash.vtable);
	for (size_t i = 0; i < count; i++)
		class->update(&hash.vtable, parts[i].data, parts[i].len);
	class->out(&hash.vtable, out);
	sts_tls_write_number(w, 2, scheme->id);
	sts_tls_write_number(w, 2, fuzz_hash_bytes(scheme));
	sts_tls_write_bytes(w, out, fuzz_hash_bytes(scheme));
}

static bool certificate_verify(struct sts_tls_writer *w, uint8_t param)
{
	uint8_t transcript[STS_TLS_HASH_MAX_BYTES];
	struct sts_tls_part parts[STS_TLS13_SIGNED_PARTS];

	if (!client->suite)
		return false;
	write_signature(
		w, param, parts,
		sts_tls13_signed(true, transcript, sts_tls_hash_now(client, transcript), parts));
	return is_tls13();
}

static bool server_key_exchange(struct sts_tls_writer *w, uint8_t param)
{
	const struct sts_tls_group *group = &sts_tls_groups[param >> 4 & 3];
	uint8_t parameters[4 + STS_TLS_PUBLIC_MAX_BYTES] = {3, 0, (uint8_t)group->id,
							    group->public_bytes};
	struct sts_tls_part parts[] = {{client->client_random, STS_TLS_RANDOM_BYTES},
				       {fuzz_server_random, STS_TLS_RANDOM_BYTES},
				       {parameters, 4u + group->public_bytes}};

	memset(parameters + 4, 4, group->public_bytes);
	sts_tls_write_bytes(w, parameters, parts[2].len);
	write_signature(w, param & 15, parts, 3);
	return true;
}

static bool finished(struct sts_tls_writer *w)
{
	uint8_t transcript[STS_TLS_HASH_MAX_BYTES], data[STS_TLS_HASH_MAX_BYTES];
	const br_hash_class *hash;

	if (!client->suite)
		return false;
	hash = sts_tls_suite_hash(client->suite);
	sts_tls_hash_now(client, transcript);
	if (is_tls13()) {
		sts_tls13_finished(hash, client->server_secret, transcript, data);
		sts_tls_write_bytes(w, data, sts_tls_suite_hash_bytes(client->suite));
	} else {
		sts_tls12_finished(hash, client->master, false, transcript, data);
		sts_tls_write_bytes(w, data, STS_TLS12_FINISHED_BYTES);
	}
	return true;
}

static void ticket(struct sts_tls_writer *w, uint8_t param)
{
	sts_tls_write_bytes(w, "\0\0\1\0\0\0\0\1\1n", 10);
	sts_tls_write_number(w, 2, 1 + 4u * param);
	for (int i = 0; i < 1 + 4 * param; i++)
		sts_tls_write_number(w, 1, 't');
	sts_tls_write_number(w, 2, 0);
}

static const uint8_t message_types[OPS] = {
	[OP_HELLO13] = 2,       [OP_RETRY] = 2,        [OP_HELLO12] = 2,
	[OP_REQUEST] = 13,      [OP_CERTIFICATE] = 11, [OP_KEY_EXCHANGE] = 12,
	[OP_VERIFY] = 15,       [OP_DONE] = 14,        [OP_FINISHED] = 20,
	[OP_TICKET] = 4,        [OP_KEY_UPDATE] = 24,  [OP_ENCRYPTED_EXTENSIONS] = 8,
	[OP_HELLO_REQUEST] = 0,
};

static void any_bytes(struct sts_tls_writer *w, size_t len)
{
	while (len-- > 0)
		sts_tls_write_number(w, 1, fuzz_byte());
}

uint8_t fuzz_message_type(enum fuzz_op op, uint8_t param)
{
	return op == OP_ANY_MESSAGE ? param : message_types[op];
}

bool fuzz_message_body(const struct sts_tls_client *c, struct sts_tls_writer *w, enum fuzz_op op,
		       uint8_t param)
{
	client = c;
	switch (op) {
	case OP_HELLO13:
		server_hello13(w, param);
		break;
	case OP_RETRY:
		retry_request(w, param);
		break;
	case OP_HELLO12:
		server_hello12(w, param);
		break;
	case OP_ENCRYPTED_EXTENSIONS:
		encrypted_extensions(w, param);
		break;
	case OP_REQUEST:
		certificate_request(w, param);
		break;
	case OP_CERTIFICATE:
		certificate(w, param);
		break;
	case OP_KEY_EXCHANGE:
		return server_key_exchange(w, param);
	case OP_VERIFY:
		return certificate_verify(w, param);
	case OP_FINISHED:
		return finished(w);
	case OP_TICKET:
		ticket(w, param);
		break;
	case OP_KEY_UPDATE:
		sts_tls_write_number(w, 1, param & 1);
		break;
	case OP_ANY_MESSAGE:
		any_bytes(w, fuzz_byte());
		break;
	default:
		break;
	}
	return false;
}
