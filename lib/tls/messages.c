/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/messages.h"

#include <string.h>

#include "base/text.h"

#define HEADER_BYTES 4

void sts_tls_messages_init(struct sts_tls_messages *m, struct sts_tls_records *records)
{
	m->records = records;
	m->is_hashed = true;
	m->type = 0;
	m->left = m->body_len = 0;
	sts_tls_transcript_init(&m->transcript);
}

const char *sts_tls_message_name(uint8_t type)
{
	static const uint8_t types[] = {0, 1, 2, 4, 8, 11, 12, 13, 14, 15, 20, 22, 24};
	/* In the order of the types. */
	static const char names[] = "HelloRequest\0ClientHello\0ServerHello\0NewSessionTicket\0"
				    "EncryptedExtensions\0Certificate\0ServerKeyExchange\0"
				    "CertificateRequest\0ServerHelloDone\0CertificateVerify\0"
				    "Finished\0CertificateStatus\0KeyUpdate";

	for (size_t i = 0; i < sizeof(types); i++)
		if (types[i] == type)
			return sts_text_at(names, i);
	return "an unknown message";
}

/* --- reading --- */

/*
 * Get the next bytes of the stream of messages where they lie: at least one, at most max.
 *   inside  in  bytes of the message have come before
 */
static bool stream(struct sts_tls_messages *m, bool inside, size_t max, const uint8_t **data,
		   size_t *len)
{
	struct sts_tls_records *r = m->records;

	r->in_message = inside;
	if (r->len == 0 && (!sts_tls_records_next(r) ||
			    !MUST(r, STS_TLS_OTHER_RECORD, r->type == STS_TLS_RECORD_HANDSHAKE)))
		return false;
	r->in_message = false;
	*data = r->data;
	*len = r->len < max ? r->len : max;
	r->data += *len;
	r->len -= *len;
	if (m->is_hashed)
		sts_tls_transcript_add(&m->transcript, *data, *len);
	return true;
}

bool sts_tls_message_next(struct sts_tls_messages *m)
{
	uint8_t header[HEADER_BYTES];
	size_t have = 0;

	while (have < sizeof(header)) {
		const uint8_t *data;
		size_t len;

		if (!stream(m, have > 0, sizeof(header) - have, &data, &len))
			return false;
		memcpy(header + have, data, len);
		have += len;
	}
	m->type = header[0];
	m->left = (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
	return true;
}

bool sts_tls_message_is(struct sts_tls_messages *m, enum sts_tls_message_type due)
{
	if (m->type == due)
		return true;
	m->records->failure.came = m->type;
	m->records->failure.due = (uint8_t)due;
	return MUST(m->records, STS_TLS_MESSAGE_DUE, false);
}

bool sts_tls_message_expect(struct sts_tls_messages *m, enum sts_tls_message_type due)
{
	return sts_tls_message_next(m) && sts_tls_message_is(m, due);
}

bool sts_tls_message_piece(struct sts_tls_messages *m, size_t max, const uint8_t **data,
			   size_t *len)
{
	/* Where this check is switched off, no more is read than there is. */
	if (!MUST(m->records, STS_TLS_MESSAGE_SHORT, max <= m->left) || m->left == 0)
		return false;
	if (max > m->left)
		max = m->left;
	if (!stream(m, true, max, data, len))
		return false;
	m->left -= *len;
	return true;
}

bool sts_tls_message_take(struct sts_tls_messages *m, uint8_t *out, size_t len)
{
	while (len > 0) {
		const uint8_t *data;
		size_t n;

		if (!sts_tls_message_piece(m, len, &data, &n))
			return false;
		memcpy(out, data, n);
		out += n;
		len -= n;
	}
	return true;
}

bool sts_tls_message_number(struct sts_tls_messages *m, size_t bytes, size_t *value)
{
	uint8_t data[sizeof(uint32_t)];

	if (!sts_tls_message_take(m, data, bytes))
		return false;
	*value = 0;
	for (size_t i = 0; i < bytes; i++)
		*value = *value << 8 | data[i];
	return true;
}

bool sts_tls_message_skip(struct sts_tls_messages *m, size_t len)
{
	while (len > 0) {
		const uint8_t *data;
		size_t n;

		if (!sts_tls_message_piece(m, len, &data, &n))
			return false;
		len -= n;
	}
	return true;
}

bool sts_tls_message_end(struct sts_tls_messages *m)
{
	return MUST(m->records, STS_TLS_MESSAGE_LONG, m->left == 0);
}

bool sts_tls_message_whole(struct sts_tls_messages *m, struct sts_tls_reader *reader)
{
	if (!MUST(m->records, STS_TLS_MESSAGE_SIZE, m->left <= sizeof(m->body)))
		return false;
	m->body_len = m->left <= sizeof(m->body) ? m->left : sizeof(m->body);
	*reader = (struct sts_tls_reader){.at = m->body, .left = m->body_len};
	return sts_tls_message_take(m, m->body, m->body_len);
}

bool sts_tls_message_get(struct sts_tls_messages *m, enum sts_tls_message_type due,
			 struct sts_tls_reader *reader)
{
	return sts_tls_message_expect(m, due) && sts_tls_message_whole(m, reader);
}

void sts_tls_message_hash(struct sts_tls_messages *m)
{
	uint8_t header[HEADER_BYTES] = {m->type, (uint8_t)(m->body_len >> 16),
					(uint8_t)(m->body_len >> 8), (uint8_t)m->body_len};

	sts_tls_transcript_add(&m->transcript, header, sizeof(header));
	sts_tls_transcript_add(&m->transcript, m->body, m->body_len);
}

/* --- writing --- */

void sts_tls_write_bytes(struct sts_tls_writer *w, const void *data, size_t len)
{
	if (w->is_full || len > w->size - w->len) {
		w->is_full = true;
		return;
	}
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

void sts_tls_write_number(struct sts_tls_writer *w, size_t bytes, size_t value)
{
	while (bytes-- > 0) {
		uint8_t byte = (uint8_t)(value >> (8 * bytes));

		sts_tls_write_bytes(w, &byte, 1);
	}
}

size_t sts_tls_write_open(struct sts_tls_writer *w, size_t bytes)
{
	sts_tls_write_number(w, bytes, 0);
	return w->len;
}

void sts_tls_write_close(struct sts_tls_writer *w, size_t bytes, size_t mark)
{
	struct sts_tls_writer at = {.data = w->data + mark - bytes, .size = bytes};

	if (!w->is_full)
		sts_tls_write_number(&at, bytes, w->len - mark);
}

struct sts_tls_writer sts_tls_message_begin(struct sts_tls_messages *m,
					    enum sts_tls_message_type type)
{
	struct sts_tls_writer w = {.data = m->body, .size = sizeof(m->body)};

	sts_tls_write_number(&w, 1, type);
	sts_tls_write_open(&w, HEADER_BYTES - 1);
	return w;
}

bool sts_tls_message_send(struct sts_tls_messages *m, struct sts_tls_writer *w, size_t more)
{
	struct sts_tls_writer length = {.data = m->body + 1, .size = HEADER_BYTES - 1};

	if (w->is_full)
		return sts_tls_give_up(m->records, STS_TLS_TOO_BIG, STS_TLS_ALERT_INTERNAL_ERROR);
	sts_tls_write_number(&length, HEADER_BYTES - 1, w->len - HEADER_BYTES + more);
	return sts_tls_message_add(m, m->body, w->len);
}

bool sts_tls_message_add(struct sts_tls_messages *m, const void *data, size_t len)
{
	if (m->is_hashed)
		sts_tls_transcript_add(&m->transcript, data, len);
	return sts_tls_records_put(m->records, STS_TLS_RECORD_HANDSHAKE, data, len);
}
