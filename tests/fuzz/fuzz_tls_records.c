/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record layer of TLS, with keys that both sides have. The input says which records the peer
 * sends: right ones, ones with a changed byte, and any bytes; and when the client writes and keys
 * change. What right records hold arrives, a changed one never does, and the peer can read all that
 * the client wrote.
 */
#include <stdlib.h>
#include <string.h>

#include "tls/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD_BYTES (STS_TLS_HEADER_BYTES + 20000)
#define OPS_MAX      64

static const uint8_t *input;
static size_t input_len;
static struct sts_tls_records records;

/* What is due when the client reads the next record. */
enum due { ANYTHING, CONTENT, FAILURE };

static struct {
	struct sts_tls_protection seal, open; /* the peer's directions */
	enum sts_tls_aead aead;
	uint8_t record[RECORD_BYTES];
	size_t len, at, chunk;
	unsigned ops;
	/* The record that was sent last. */
	enum due due;
	uint8_t type;
	size_t content_len;
	/* What the client sent. */
	uint8_t got[RECORD_BYTES];
	size_t got_len;
	uint64_t put, received; /* bytes of application data */
	unsigned alerts;
} peer;

static void require(bool ok)
{
	if (!ok)
		abort();
}

static uint8_t next_byte(void)
{
	if (input_len == 0)
		return 0;
	input_len--;
	return *input++;
}

static uint8_t pattern(uint64_t n)
{
	return (uint8_t)(n * 7 + n / 256);
}

enum op { SEALED, CHANGED, PLAIN, RAW, WRITE, FLUSH, READ_KEYS, WRITE_KEYS, OPS };

static bool is_peers(uint8_t op)
{
	return op % OPS <= RAW;
}

/* Make a record, which is protected as soon as there are keys. */
static void make_record(uint8_t type, size_t len, size_t padding)
{
	uint8_t *r = peer.record;
	size_t before = sts_tls_protection_before(&peer.seal);
	bool tls13 = peer.seal.aead != STS_TLS_AEAD_NONE && records.tls13;

	r[0] = tls13 ? STS_TLS_RECORD_APPLICATION_DATA : type;
	r[1] = r[2] = 3;
	for (size_t i = 0; i < len; i++)
		r[STS_TLS_HEADER_BYTES + before + i] = pattern(i);
	peer.content_len = len;
	if (tls13) {
		r[STS_TLS_HEADER_BYTES + before + len++] = type;
		memset(r + STS_TLS_HEADER_BYTES + before + len, 0, padding);
		len += padding;
	}
	peer.type = type;
	peer.due = type >= STS_TLS_RECORD_HANDSHAKE && type <= STS_TLS_RECORD_APPLICATION_DATA &&
				   peer.content_len > 0 &&
				   len <= STS_TLS_FRAGMENT_MAX_BYTES + (tls13 ? 1 : 0)
			   ? CONTENT
			   : ANYTHING;
	peer.len = sts_tls_protection_seal(&peer.seal, r, len);
	if (peer.len == 0 || peer.seal.sequence == UINT64_MAX)
		peer.due = ANYTHING;
}

static void make_raw(void)
{
	peer.len = next_byte();
	for (size_t i = 0; i < peer.len; i++)
		peer.record[i] = next_byte();
	peer.due = ANYTHING;
}

static void make_pending(uint8_t op)
{
	uint8_t type = next_byte();
	size_t len = (size_t)next_byte() << 8 | next_byte(), padding = next_byte() * 4u;
	size_t at;

	peer.at = 0;
	switch (op % OPS) {
	case RAW:
		make_raw();
		break;
	case PLAIN:
		memcpy(peer.record, (uint8_t[]){type, 3, 3, 0, (uint8_t)len}, STS_TLS_HEADER_BYTES);
		peer.len = STS_TLS_HEADER_BYTES + (len & 0xff);
		for (size_t i = STS_TLS_HEADER_BYTES; i < peer.len; i++)
			peer.record[i] = next_byte();
		peer.due = ANYTHING;
		break;
	default:
		make_record(type, len % 16500, padding);
		if (op % OPS != CHANGED || peer.len <= STS_TLS_HEADER_BYTES)
			break;
		at = (size_t)next_byte() << 8 | next_byte();
		at = STS_TLS_HEADER_BYTES + at % (peer.len - STS_TLS_HEADER_BYTES);
		peer.record[at] ^= (uint8_t)(1 << (type & 7));
		peer.due = peer.seal.aead == STS_TLS_AEAD_NONE ? ANYTHING : FAILURE;
		break;
	}
}

static int read_peer(void *context, uint8_t *data, size_t len)
{
	size_t n;

	require(context == &peer && len > 0);
	while (peer.at == peer.len) {
		uint8_t op;

		if (input_len == 0 || ++peer.ops > OPS_MAX)
			return 0;
		op = next_byte();
		if (is_peers(op))
			make_pending(op);
	}
	n = peer.len - peer.at;
	if (peer.chunk > 0 && n > peer.chunk)
		n = peer.chunk;
	if (n > len)
		n = len;
	memcpy(data, peer.record + peer.at, n);
	peer.at += n;
	return (int)n;
}

/* The peer takes a whole record of the client. */
static void take_record(size_t len)
{
	uint8_t *plain, type = peer.got[0];
	size_t plain_len;

	/* Only the record of the first ClientHello has another version, and none is sent here. */
	require(peer.got[1] == 3 && peer.got[2] == 3);
	require(sts_tls_protection_open(&peer.open, peer.got, len, &plain, &plain_len));
	if (records.tls13 && peer.open.aead != STS_TLS_AEAD_NONE) {
		require(type == STS_TLS_RECORD_APPLICATION_DATA && plain_len > 0);
		type = plain[--plain_len];
	}
	require(plain_len > 0 && plain_len <= STS_TLS_FRAGMENT_MAX_BYTES);
	if (type == STS_TLS_RECORD_ALERT) {
		require(plain_len == 2 && ++peer.alerts == 1);
		return;
	}
	require(type == STS_TLS_RECORD_APPLICATION_DATA);
	for (size_t i = 0; i < plain_len; i++)
		require(plain[i] == pattern(peer.received++));
}

static int write_peer(void *context, const uint8_t *data, size_t len)
{
	size_t n = peer.chunk > 0 && len > peer.chunk ? peer.chunk : len;

	require(context == &peer && len > 0);
	for (size_t i = 0; i < n; i++) {
		size_t whole;

		peer.got[peer.got_len++] = data[i];
		if (peer.got_len < STS_TLS_HEADER_BYTES)
			continue;
		whole = STS_TLS_HEADER_BYTES + ((size_t)peer.got[3] << 8 | peer.got[4]);
		require(whole <= STS_TLS_OUT_BYTES);
		if (peer.got_len == whole) {
			take_record(whole);
			peer.got_len = 0;
		}
	}
	return (int)n;
}

static const uint8_t *key_number(uint8_t n)
{
	static uint8_t key[STS_TLS_AEAD_KEY_MAX_BYTES + STS_TLS_IV_BYTES];

	memset(key, n, sizeof(key));
	return key;
}

static bool change_keys(bool reading, uint8_t n)
{
	const uint8_t *key = key_number(n), *iv = key + STS_TLS_AEAD_KEY_MAX_BYTES;
	struct sts_tls_protection *of_peer = reading ? &peer.seal : &peer.open;

	/* Records of the old keys that were made are sent first. */
	if (!sts_tls_records_flush(&records) || peer.at != peer.len ||
	    records.in_used != records.in_have)
		return true;
	if (reading && !sts_tls_records_read_keys(&records, peer.aead, key, iv))
		return false;
	if (!reading && !sts_tls_records_write_keys(&records, peer.aead, key, iv))
		return false;
	sts_tls_protection_set(of_peer, peer.aead, records.tls13, key, iv);
	return true;
}

static bool write_some(size_t len)
{
	static uint8_t data[70000];

	for (size_t i = 0; i < len; i++)
		data[i] = pattern(peer.put + i);
	if (!sts_tls_records_put(&records, STS_TLS_RECORD_APPLICATION_DATA, data, len))
		return false;
	peer.put += len;
	return true;
}

/* Do what the client does before the peer's next record. */
static bool act(void)
{
	while (input_len > 0 && !is_peers(*input) && ++peer.ops <= OPS_MAX) {
		uint8_t op = next_byte() % OPS;
		bool ok = true;

		if (op == WRITE)
			ok = write_some((size_t)next_byte() << 8 | next_byte());
		else if (op == FLUSH)
			ok = sts_tls_records_flush(&records);
		else
			ok = change_keys(op == READ_KEYS, next_byte());
		if (!ok)
			return false;
	}
	return true;
}

/* Take the content of the current record, in two pieces. */
static void take_content(void)
{
	require(peer.due != FAILURE);
	/* Empty data that is not due is refused by the caller, and so is empty data between the
	 * parts of a message. */
	require(records.len > 0 || (records.type == STS_TLS_RECORD_APPLICATION_DATA &&
				    (!records.data_due || records.in_message)));
	require(records.len <= STS_TLS_FRAGMENT_MAX_BYTES);
	require(records.data >= records.in &&
		records.data + records.len <= records.in + sizeof(records.in));
	require(records.type != STS_TLS_RECORD_ALERT);
	require(!records.tls13 || records.type != STS_TLS_RECORD_CHANGE_CIPHER_SPEC);
	if (peer.due == CONTENT && peer.at == peer.len) {
		require(records.type == peer.type && records.len == peer.content_len);
		for (size_t i = 0; i < records.len; i++)
			require(records.data[i] == pattern(i));
	}
	records.data += records.len;
	records.len = 0;
}

static void set_up(void)
{
	uint8_t kind = next_byte(), more = next_byte();

	memset(&peer, 0, sizeof(peer));
	memset(&records, 0, sizeof(records));
	sts_tls_records_init(&records, (struct sts_tls_transport){read_peer, write_peer, &peer});
	records.tls13 = kind & 4;
	records.version_known = kind & 8;
	records.allow_ccs = kind & 16;
	records.data_due = !(more & 4);
	records.in_message = more & 8;
	peer.aead = kind & 3;
	peer.chunk = kind >> 5;
	if (!(more & 1)) {
		change_keys(true, 1);
		change_keys(false, 2);
	}
	if (more & 2 && peer.open.aead != STS_TLS_AEAD_NONE) {
		records.in_keys.sequence = peer.seal.sequence = UINT64_MAX - 3;
		records.out_keys.sequence = peer.open.sequence = UINT64_MAX - 3;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool ok;

	input = data;
	input_len = size;
	set_up();
	while ((ok = act()) && sts_tls_records_next(&records))
		take_content();
	require(records.closed || records.failure.kind != STS_TLS_FINE);
	/* No rule is broken by a right record. */
	if (records.failure.kind == STS_TLS_BROKEN_RULE)
		require(peer.due != CONTENT || peer.at < peer.len ||
			records.in_used < records.in_have ||
			records.failure.check == STS_TLS_KEY_BOUNDARY);
	if (records.failure.kind != STS_TLS_WORN_OUT) {
		sts_tls_records_close(&records);
		require(peer.got_len == 0 && peer.received <= peer.put);
	}
	require(!sts_tls_records_next(&records));
	return 0;
}
