/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/records.h"

#include <string.h>

#include "tls/testing.h"

#define VERSION_FIRST    0x0301 /* of the first ClientHello (RFC 8446 section 5.1) */
#define VERSION_OTHERS   0x0303
#define LEVEL_WARNING    1
#define LEVEL_FATAL      2
#define ALERT_BYTES      2
#define CLOSE_NOTIFY     0
#define USER_CANCELED    90
#define IDLE_RECORDS_MAX 32 /* in a row: empty ones, and change_cipher_spec in TLS 1.3 */
#define WARNINGS_MAX     4
#define PIECE_MIN_BYTES  512 /* a record is not made smaller because others wait before it */
#define TYPE_BYTES       1   /* the type at the end of a protected record of TLS 1.3 */

_Static_assert(STS_TLS_OUT_BYTES <= STS_TLS_FRAGMENT_MAX_BYTES,
	       "what is sent in one record is never too large");
_Static_assert(STS_TLS_OUT_BYTES > STS_TLS_HEADER_BYTES + STS_TLS_OVERHEAD_MAX_BYTES + TYPE_BYTES +
					   PIECE_MIN_BYTES,
	       "there is room for a record when none waits");
_Static_assert(STS_TLS_EXPANSION_MAX_BYTES >= STS_TLS_OVERHEAD_MAX_BYTES + TYPE_BYTES,
	       "a record of the largest size fits after its protection");

void sts_tls_records_init(struct sts_tls_records *r, struct sts_tls_transport transport)
{
	r->failure = (struct sts_tls_failure){.kind = STS_TLS_FINE};
	r->closed = r->in_message = r->tls13 = r->version_known = r->allow_ccs = r->data_due =
		false;
	r->alert_sent = false;
	r->type = 0;
	r->data = r->in;
	r->len = r->in_have = r->in_used = r->out_len = 0;
	r->idle_records = r->warnings = 0;
	r->open_type = 0;
	r->open_len = 0;
	r->transport = transport;
	r->in_keys.aead = r->out_keys.aead = STS_TLS_AEAD_NONE;
}

/* --- failing --- */

/* Keep the first failure. */
static bool fail(struct sts_tls_records *r, enum sts_tls_failure_kind kind)
{
	if (r->failure.kind == STS_TLS_FINE)
		r->failure.kind = kind;
	return false;
}

static void send_alert(struct sts_tls_records *r, uint8_t level, uint8_t alert)
{
	uint8_t body[ALERT_BYTES] = {level, alert};

	if (r->alert_sent)
		return;
	r->alert_sent = true;
	if (sts_tls_records_put(r, STS_TLS_RECORD_ALERT, body, sizeof(body)))
		sts_tls_records_flush(r);
}

bool sts_tls_give_up(struct sts_tls_records *r, enum sts_tls_failure_kind kind, uint8_t alert)
{
	if (r->failure.kind == STS_TLS_FINE && alert != 0)
		send_alert(r, LEVEL_FATAL, alert);
	return fail(r, kind);
}

bool sts_tls_refuse(struct sts_tls_records *r, enum sts_tls_check check)
{
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.check_off == (int)check)
		return true;
#endif
	if (r->failure.kind != STS_TLS_FINE)
		return false;
	r->failure.check = check;
	return sts_tls_give_up(r, STS_TLS_BROKEN_RULE, sts_tls_check_info(check).alert);
}

/* --- sending --- */

/* Is the fragment of a record protected? A change_cipher_spec of TLS 1.3 never is. */
static bool is_protected(const struct sts_tls_records *r, const struct sts_tls_protection *keys,
			 uint8_t type)
{
	return keys->aead != STS_TLS_AEAD_NONE &&
	       !(r->tls13 && type == STS_TLS_RECORD_CHANGE_CIPHER_SPEC);
}

/* How many bytes the open record has around its content, of which the caller gets those before
 * it. */
static size_t around(const struct sts_tls_records *r, uint8_t type, size_t *before)
{
	const struct sts_tls_protection *keys = &r->out_keys;

	*before = STS_TLS_HEADER_BYTES;
	if (!is_protected(r, keys, type))
		return *before;
	*before += sts_tls_protection_before(keys);
	return *before + (r->tls13 ? TYPE_BYTES : 0) + sts_tls_protection_behind(keys);
}

/* Finish the open record. */
static bool seal(struct sts_tls_records *r)
{
	uint8_t *record = r->out + r->out_len;
	bool protect = is_protected(r, &r->out_keys, r->open_type);
	bool is_first = !r->version_known && r->open_type == STS_TLS_RECORD_HANDSHAKE;
	uint16_t version = is_first ? VERSION_FIRST : VERSION_OTHERS;
	size_t before, len = r->open_len;

	if (r->open_type == 0)
		return true;
	around(r, r->open_type, &before);
	record[0] = r->open_type;
	record[1] = (uint8_t)(version >> 8);
	record[2] = (uint8_t)version;
	record[3] = (uint8_t)(len >> 8);
	record[4] = (uint8_t)len;
	if (protect && r->tls13) {
		record[0] = STS_TLS_RECORD_APPLICATION_DATA;
		record[before + len++] = r->open_type;
	}
	len = protect ? sts_tls_protection_seal(&r->out_keys, record, len) : before + len;
	r->open_type = 0;
	r->open_len = 0;
	r->out_len += len;
	return len > 0 || fail(r, STS_TLS_WORN_OUT);
}

bool sts_tls_records_flush(struct sts_tls_records *r)
{
	size_t sent = 0;

	if (!seal(r))
		return false;
	while (sent < r->out_len) {
		int n = r->transport.write(r->transport.context, r->out + sent, r->out_len - sent);

		if (n <= 0)
			return fail(r, STS_TLS_IO);
		sent += (size_t)n;
	}
	r->out_len = 0;
	return true;
}

/* Add the first bytes of data to the open record, or to a new one. Returns how many; 0 when there
 * is no room before the next flush. */
static size_t add(struct sts_tls_records *r, uint8_t type, const uint8_t *data, size_t len)
{
	size_t before, taken, room;

	taken = around(r, type, &before) + r->open_len;
	room = sizeof(r->out) - r->out_len;
	if (room < taken + (r->open_len > 0 ? 0 : PIECE_MIN_BYTES))
		return 0;
	room -= taken;
	if (len > room)
		len = room;
	r->open_type = type;
	memcpy(r->out + r->out_len + before + r->open_len, data, len);
	r->open_len += len;
	return len;
}

bool sts_tls_records_put(struct sts_tls_records *r, enum sts_tls_record_type type, const void *data,
			 size_t len)
{
	const uint8_t *at = data;

	if (r->ccs_due) {
		r->ccs_due = false;
		if (!sts_tls_records_put_ccs(r))
			return false;
	}
	if (r->failure.kind != STS_TLS_FINE || (r->open_type != type && !seal(r)))
		return false;
	while (len > 0) {
		size_t n = add(r, (uint8_t)type, at, len);

		if (n == 0 && !sts_tls_records_flush(r))
			return false;
		at += n;
		len -= n;
	}
	return true;
}

bool sts_tls_records_put_ccs(struct sts_tls_records *r)
{
	static const uint8_t body[] = {1};

	return sts_tls_records_put(r, STS_TLS_RECORD_CHANGE_CIPHER_SPEC, body, sizeof(body));
}

void sts_tls_records_close(struct sts_tls_records *r)
{
	(void)r;
}

bool sts_tls_records_write_keys(struct sts_tls_records *r, enum sts_tls_aead aead,
				const uint8_t *key, const uint8_t *iv)
{
	if (!seal(r))
		return false;
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.unprotected)
		return true;
#endif
	sts_tls_protection_set(&r->out_keys, aead, r->tls13, key, iv);
	return true;
}

/* --- receiving --- */

bool sts_tls_records_read_keys(struct sts_tls_records *r, enum sts_tls_aead aead,
			       const uint8_t *key, const uint8_t *iv)
{
	if (!MUST(r, STS_TLS_KEY_BOUNDARY, r->len == 0))
		return false;
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.unprotected)
		return true;
#endif
	sts_tls_protection_set(&r->in_keys, aead, r->tls13, key, iv);
	return true;
}

/* Wait until need bytes of the next record are there. */
static bool fill(struct sts_tls_records *r, size_t need)
{
	while (r->in_have < need) {
		int n = r->transport.read(r->transport.context, r->in + r->in_have,
					  sizeof(r->in) - r->in_have);

		if (n <= 0)
			return fail(r, n == 0 ? STS_TLS_ENDED : STS_TLS_IO);
		r->in_have += (size_t)n;
	}
	return true;
}

/* TLS 1.3 ignores the version of a record (RFC 8446 section 5.1), and so do we before a version is
 * agreed on, but for its first byte. */
static bool is_version_right(const struct sts_tls_records *r)
{
	bool tls12 = r->version_known && !r->tls13;

	return r->in[1] == VERSION_OTHERS >> 8 && (!tls12 || r->in[2] == (VERSION_OTHERS & 0xff));
}

/* Read the header of the next record, and wait for the whole record. */
static bool read_whole(struct sts_tls_records *r, bool *is_sealed)
{
	size_t len, max = STS_TLS_FRAGMENT_MAX_BYTES;

	memmove(r->in, r->in + r->in_used, r->in_have - r->in_used);
	r->in_have -= r->in_used;
	r->in_used = r->len = 0;
	if (!fill(r, STS_TLS_HEADER_BYTES))
		return false;
	r->type = r->in[0];
	*is_sealed = is_protected(r, &r->in_keys, r->type);
	if (*is_sealed)
		max += STS_TLS_EXPANSION_MAX_BYTES;
	len = (size_t)r->in[3] << 8 | r->in[4];
	if (!MUST(r, STS_TLS_RECORD_TYPE,
		  r->type >= STS_TLS_RECORD_CHANGE_CIPHER_SPEC &&
			  r->type <= STS_TLS_RECORD_APPLICATION_DATA) ||
	    !MUST(r, STS_TLS_RECORD_VERSION, is_version_right(r)) ||
	    !MUST(r, STS_TLS_RECORD_SIZE, len <= max))
		return false;
	if (len > sizeof(r->in) - STS_TLS_HEADER_BYTES) /* only where that check is switched off */
		return fail(r, STS_TLS_IO);
	if (!fill(r, STS_TLS_HEADER_BYTES + len))
		return false;
	r->data = r->in + STS_TLS_HEADER_BYTES;
	r->len = len;
	r->in_used = STS_TLS_HEADER_BYTES + len;
	return true;
}

/* Find the type behind the content of a record of TLS 1.3, before its padding. */
static bool take_inner_type(struct sts_tls_records *r)
{
	if (!MUST(r, STS_TLS_INNER_SIZE, r->len <= STS_TLS_FRAGMENT_MAX_BYTES + TYPE_BYTES))
		return false;
	while (r->len > 0 && r->data[r->len - 1] == 0)
		r->len--;
	if (!MUST(r, STS_TLS_INNER_TYPE, r->len > 0))
		return false;
	r->type = r->len > 0 ? r->data[--r->len] : 0;
	return MUST(r, STS_TLS_INNER_KIND,
		    r->type >= STS_TLS_RECORD_ALERT && r->type <= STS_TLS_RECORD_APPLICATION_DATA);
}

static bool open_record(struct sts_tls_records *r)
{
	uint8_t *plain = r->in;
	size_t len = 0;

	if (r->tls13 && !MUST(r, STS_TLS_OUTER_TYPE, r->type == STS_TLS_RECORD_APPLICATION_DATA))
		return false;
	if (!MUST(r, STS_TLS_TAG,
		  sts_tls_protection_open(&r->in_keys, r->in, r->in_used, &plain, &len)))
		return false;
	r->data = plain;
	r->len = len;
	if (r->tls13)
		return take_inner_type(r);
	return MUST(r, STS_TLS_PLAIN_SIZE, len <= STS_TLS_FRAGMENT_MAX_BYTES);
}

/* Take an alert (RFC 8446 section 6, RFC 5246 section 7.2). Returns true when it may be passed
 * over. */
static bool take_alert(struct sts_tls_records *r)
{
	bool warns;
	uint8_t alert;

	if (!MUST(r, STS_TLS_ALERT_SIZE, r->len == ALERT_BYTES) || r->len < ALERT_BYTES)
		return fail(r, STS_TLS_IO);
	alert = r->data[1];
	if (!MUST(r, STS_TLS_ALERT_LEVEL, r->data[0] == LEVEL_WARNING || r->data[0] == LEVEL_FATAL))
		return false;
	warns = r->data[0] == LEVEL_WARNING;
	r->len = 0;
	if (alert == CLOSE_NOTIFY && warns) {
		r->closed = true;
		return false;
	}
	/* Without a ServerHello the version is not known, and a warning is that of TLS 1.2. */
	if (warns && (!r->tls13 || alert == USER_CANCELED))
		return MUST(r, STS_TLS_WARNINGS, ++r->warnings <= WARNINGS_MAX);
	r->failure.alert = alert;
	r->failure.authenticated = r->in_keys.aead != STS_TLS_AEAD_NONE;
	return fail(r, STS_TLS_ALERTED);
}

/* Handle a record that the caller of sts_tls_records_next() does not get.
 *   passed  out  it was such a record */
static bool pass_over(struct sts_tls_records *r, bool *passed)
{
	bool is_ccs = r->type == STS_TLS_RECORD_CHANGE_CIPHER_SPEC;
	bool is_data = r->type == STS_TLS_RECORD_APPLICATION_DATA;

	*passed = true;
	if (r->type == STS_TLS_RECORD_ALERT && r->len > 0)
		return take_alert(r) && MUST(r, STS_TLS_INTERLEAVED_ALERT, !r->in_message);
	if (is_ccs && r->tls13) {
		if (!MUST(r, STS_TLS_CCS_TIME, r->allow_ccs && !r->in_message) ||
		    !MUST(r, STS_TLS_CCS_VALUE, r->len == 1 && r->data[0] == 1))
			return false;
		r->len = 0;
	} else if (r->len > 0 || (is_data && (!r->data_due || r->in_message)) ||
		   !MUST(r, STS_TLS_EMPTY_RECORD, is_data)) {
		*passed = false;
		r->idle_records = 0;
		return r->failure.kind == STS_TLS_FINE;
	}
	return MUST(r, STS_TLS_IDLE_RECORDS, ++r->idle_records <= IDLE_RECORDS_MAX);
}

bool sts_tls_records_next(struct sts_tls_records *r)
{
	bool passed = true;

	if (r->failure.kind != STS_TLS_FINE || r->closed || !sts_tls_records_flush(r))
		return false;
	while (passed) {
		bool is_sealed;

		if (!read_whole(r, &is_sealed) || (is_sealed && !open_record(r)) ||
		    !pass_over(r, &passed))
			return false;
	}
	return true;
}
