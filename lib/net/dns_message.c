/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dns_message.h"

#include <string.h>

#include "base/ascii.h"

#define HEAD_BYTES       12  /* the header (section 4.1.1) */
#define NAME_MAX_BYTES   255 /* in wire form, with the root */
#define LABEL_MAX_BYTES  63
#define HOPS_MAX         16 /* for pointers in one name, and for aliases in one answer */
#define RECORD_END_BYTES 10 /* what follows a record's name: type, class, TTL, length */

/* Where the fields of the header begin. */
enum { AT_FLAGS = 2, AT_QUESTIONS = 4, AT_ANSWERS = 6, AT_ADDITIONAL = 10 };

/* A length byte with both upper bits set begins a pointer of 14 bits (section 4.1.4). */
#define POINTER      0xc0
#define POINTER_MASK 0x3fff

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, CLASS_IN = 1 };
enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

/* The bits of the two bytes of flags: QR to RD are in the first, RA and RCODE in the second. */
enum { QR = 0x80, OPCODE = 0x78, AA = 0x04, TC = 0x02, RD = 0x01, RA = 0x80, RCODE = 0x0f };

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* --- the query --- */

/* Write a name in wire form. Returns its length, or 0 when it has none. */
static size_t put_name(uint8_t *out, const char *name)
{
	size_t used = 0;

	while (*name) {
		size_t label = strcspn(name, ".");
		if (label == 0 || label > LABEL_MAX_BYTES || name[label] != '.' ||
		    used + 1 + label + 1 > NAME_MAX_BYTES)
			return 0;
		out[used] = (uint8_t)label;
		memcpy(out + used + 1, name, label);
		used += 1 + label;
		name += label + 1;
	}
	out[used] = 0;
	return used > 0 ? used + 1 : 0;
}

size_t sts_dns_query(uint8_t out[STS_DNS_QUERY_MAX_BYTES], const char *name, bool ipv6, uint16_t id)
{
	size_t name_len = put_name(out + HEAD_BYTES, name);

	if (name_len == 0)
		return 0;
	memset(out, 0, HEAD_BYTES);
	put16(out, id);
	out[AT_FLAGS] = RD;
	put16(out + AT_QUESTIONS, 1);
	put16(out + HEAD_BYTES + name_len, ipv6 ? TYPE_AAAA : TYPE_A);
	put16(out + HEAD_BYTES + name_len + 2, CLASS_IN);
	return HEAD_BYTES + name_len + 4;
}

/* --- the answer --- */

/* A message that is being read. */
struct message {
	const uint8_t *data;
	size_t len;
	size_t at;
};

/* A name in wire form without pointers, in lower case: equal names are equal bytes. */
struct name {
	size_t len;
	uint8_t wire[NAME_MAX_BYTES];
};

/* Turn a byte of a name in wire form to lower case. A length byte stays as it is, since it is at
 * most 63, and letters begin at 65. */
static uint8_t lower(uint8_t c)
{
	return (uint8_t)sts_lower((char)c);
}

static bool same_name(const struct name *a, const struct name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

/*
 * Take a name. A pointer must lead to a place before every part of the name that was read so far,
 * so there can be no loop. Servers write only pointers of this kind.
 */
static bool take_name(struct message *m, struct name *name)
{
	size_t at = m->at, lowest = m->at, hops = 0;

	name->len = 0;
	while (at < m->len) {
		size_t label = m->data[at];
		if (label >= POINTER) {
			if (m->len - at < 2 || hops >= HOPS_MAX)
				return false;
			size_t to = get16(m->data + at) & POINTER_MASK;
			if (hops++ == 0)
				m->at = at + 2;
			if (to < HEAD_BYTES || to >= lowest)
				return false;
			at = lowest = to;
			continue;
		}
		label++; /* from here on the length includes the length byte itself */
		if (label > LABEL_MAX_BYTES + 1 || label > m->len - at ||
		    label > sizeof(name->wire) - name->len)
			return false;
		for (size_t i = 0; i < label; i++)
			name->wire[name->len++] = lower(m->data[at + i]);
		at += label;
		if (label > 1)
			continue;
		if (hops == 0)
			m->at = at;
		return true;
	}
	return false;
}

static bool add_address(struct sts_dns_answer *out, bool ipv6, const uint8_t *data, size_t len)
{
	if (len != (ipv6 ? 16 : 4))
		return false;
	out->list[out->count] = (struct sts_address){.ipv6 = ipv6};
	memcpy(out->list[out->count++].ip, data, len);
	return true;
}

/* Take one record. An address of `name` is added to `out`. When `name` is an alias, the name that
 * it stands for goes to `alias`. Returns false when the record is malformed. */
static bool take_record(struct message *m, const struct name *name, unsigned type,
			struct sts_dns_answer *out, struct name *alias)
{
	struct name owner;

	if (!take_name(m, &owner) || m->len - m->at < RECORD_END_BYTES)
		return false;
	const uint8_t *record = m->data + m->at;
	size_t len = get16(record + 8);
	m->at += RECORD_END_BYTES;
	if (len > m->len - m->at)
		return false;
	/* An alias must end with its record. Its pointers may lead to any place before it. */
	struct message inside = {m->data, m->at + len, m->at};
	m->at += len;
	if (get16(record + 2) != CLASS_IN || !same_name(&owner, name))
		return true;
	if (get16(record) == type)
		return add_address(out, type == TYPE_AAAA, record + RECORD_END_BYTES, len);
	if (get16(record) == TYPE_CNAME)
		return take_name(&inside, alias) && inside.at == inside.len;
	return true;
}

/* Collect the addresses of `name` from the answer section, which begins at m->at and has `count`
 * records. The section is read once more for each alias. `name` becomes the name that the last
 * alias stands for. */
static bool take_answers(struct message *m, unsigned count, struct name *name, unsigned type,
			 struct sts_dns_answer *out)
{
	const size_t start = m->at;
	struct name alias;

	for (int hops = 0; hops <= HOPS_MAX; hops++) {
		m->at = start;
		alias.len = 0;
		for (unsigned i = 0; i < count && out->count < STS_ADDRESSES_MAX; i++)
			if (!take_record(m, name, type, out, &alias))
				return false;
		if (out->count > 0 || alias.len == 0)
			return true;
		out->alias = true;
		*name = alias;
	}
	return true;
}

static bool same_question(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = HEAD_BYTES; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

/* Is the message an answer to the query? A failure need not repeat the question. */
static bool answers(const uint8_t *data, size_t len, const uint8_t *query, size_t query_len)
{
	if (len < HEAD_BYTES || memcmp(data, query, 2) != 0 ||
	    (data[AT_FLAGS] & (QR | OPCODE)) != QR)
		return false;
	unsigned rcode = data[AT_FLAGS + 1] & RCODE, questions = get16(data + AT_QUESTIONS);
	if (questions == 0 && rcode != RCODE_OK && rcode != RCODE_NXDOMAIN)
		return true;
	return questions == 1 && len >= query_len && same_question(data, query, query_len);
}

/* The verdict of the header alone. It is STS_DNS_FOUND also where there may be no data; the caller
 * counts the addresses. */
static enum sts_dns_verdict read_header(const uint8_t *data)
{
	const uint8_t *flags = data + AT_FLAGS;

	switch (flags[1] & RCODE) {
	case RCODE_OK:
		if (flags[0] & TC)
			return STS_DNS_TRUNCATED;
		/* A server that is not authoritative, does not ask others, and answers nothing has
		 * not said that there are no addresses. glibc asks the next server here too. */
		if (!(flags[0] & AA) && !(flags[1] & RA) && get16(data + AT_ANSWERS) == 0 &&
		    get16(data + AT_ADDITIONAL) == 0)
			return STS_DNS_REFUSED;
		return STS_DNS_FOUND;
	case RCODE_NXDOMAIN:
		return flags[0] & TC ? STS_DNS_TRUNCATED : STS_DNS_NONAME;
	case RCODE_SERVFAIL:
		return STS_DNS_SERVFAIL;
	case RCODE_REFUSED:
		return STS_DNS_REFUSED;
	default:
		return STS_DNS_CODE;
	}
}

enum sts_dns_verdict sts_dns_read(const uint8_t *data, size_t len, const uint8_t *query,
				  size_t query_len, struct sts_dns_answer *out)
{
	struct message m = {data, len, HEAD_BYTES};
	struct name name;

	out->count = 0;
	out->alias = false;
	if (!answers(data, len, query, query_len))
		return out->verdict = STS_DNS_STRANGER;
	out->verdict = read_header(data);
	if (out->verdict != STS_DNS_FOUND && out->verdict != STS_DNS_NONAME)
		return out->verdict;
	/* The question equals ours, so it has no pointers and ends where ours ends. */
	bool good = take_name(&m, &name);
	m.at = query_len;
	if (!good ||
	    !take_answers(&m, get16(data + AT_ANSWERS), &name, get16(query + query_len - 4), out))
		out->verdict = STS_DNS_MALFORMED;
	else if (out->verdict == STS_DNS_FOUND && out->count == 0)
		out->verdict = STS_DNS_NODATA;
	if (out->verdict != STS_DNS_FOUND)
		out->count = 0;
	return out->verdict;
}
