/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/facts.h"

#include <stddef.h>
#include <string.h>

#include "base/packed.h"
#include "base/timefmt.h"
#include "output/largest.h"

/* How a fact is stored and shown. In words, a time is the duration from or until now. */
enum kind {
	TEXT,      /* char[]; "" is not known */
	POINTER,   /* const char *; NULL is not known */
	NUMBER,    /* int32_t; negative is not known */
	POSITIVE,  /* int32_t; 0 is not known */
	LONG,      /* int64_t; negative is not known */
	LONG_TRUE, /* int64_t; 0 is not known */
	MODE,      /* uint32_t; 0 is not known */
	SIZE,      /* int64_t, in KiB; negative is not known */
	SECONDS,   /* int64_t; negative is not known */
	PAST,      /* int64_t, seconds since the epoch; in words, only in the past */
	FUTURE,    /* the same; in words, only in the future */
	SIGNED,    /* int64_t; INT64_MIN is not known */
};

/* The names of the facts, in the order of the table. One with a dash is not in JSON. */
static const char *const names = STS_PACKED(
	"source\0container\0pid\0command\0protocol\0url\0"
	"path\0bytes\0mode\0uid\0gid\0reader_uid\0sub\0aud\0iss\0expires\0"
	"-expired\0written\0"
	"path\0file_system\0free_kib\0free_inodes\0mode\0uid\0gid\0files\0"
	"file_mode\0readers\0largest\0"
	"skew_ms\0-off\0"
	"name\0-by\0server\0ms\0asked\0addresses\0"
	"proxy\0address\0ms\0-via\0"
	"version\0group\0ms\0certificates\0subject\0issuer\0hosts\0anchor\0file\0ends\0-ended\0"
	"first_end_subject\0first_end\0"
	"status\0ms\0bytes\0sts_error\0iss\0aud\0sub\0lifetime_s\0not_before\0-use\0"
	"pid\0last_success\0next_attempt\0attempts\0tries\0sandbox");

#define OF(gate, kind, member) \
	{ \
		STS_GATE_##gate, kind, offsetof(struct sts_case, member) \
	}
static const struct __attribute__((packed)) row {
	uint8_t gate : 4, kind : 4;
	uint16_t offset;
} rows[] = {
	OF(CONFIGURATION, POINTER, source),
	OF(CONFIGURATION, POINTER, container),
	OF(CONFIGURATION, LONG_TRUE, source_pid),
	OF(CONFIGURATION, POINTER, command),
	OF(CONFIGURATION, TEXT, findings.protocol),
	OF(CONFIGURATION, TEXT, findings.url),
	OF(SUBJECT, TEXT, findings.subject_path),
	OF(SUBJECT, POSITIVE, findings.subject_bytes),
	OF(SUBJECT, MODE, findings.subject_mode),
	OF(SUBJECT, NUMBER, findings.subject_uid),
	OF(SUBJECT, NUMBER, findings.subject_gid),
	OF(SUBJECT, NUMBER, reader_uid),
	OF(SUBJECT, TEXT, findings.subject.sub),
	OF(SUBJECT, TEXT, findings.subject.aud),
	OF(SUBJECT, TEXT, findings.subject.iss),
	OF(SUBJECT, FUTURE, findings.subject.exp_s),
	OF(SUBJECT, PAST, findings.subject.exp_s),
	OF(SUBJECT, PAST, findings.subject_changed_s),
	OF(OUTPUT, TEXT, site.path),
	OF(OUTPUT, TEXT, site.file_system),
	OF(OUTPUT, SIZE, site.free_kib),
	OF(OUTPUT, LONG, site.free_inodes),
	OF(OUTPUT, MODE, site.mode),
	OF(OUTPUT, NUMBER, site.uid),
	OF(OUTPUT, NUMBER, site.gid),
	OF(OUTPUT, TEXT, site.files),
	OF(OUTPUT, MODE, site.file_mode),
	OF(OUTPUT, TEXT, site.readers),
	OF(OUTPUT, TEXT, site.verdict.largest),
	OF(CLOCK, SIGNED, findings.clock_ms),
	OF(CLOCK, SECONDS, clock_off_s),
	OF(NAME, TEXT, findings.name),
	OF(NAME, POINTER, by),
	OF(NAME, TEXT, findings.name_server),
	OF(NAME, NUMBER, findings.name_ms),
	OF(NAME, POSITIVE, findings.asked),
	OF(NAME, POSITIVE, findings.addresses),
	OF(PROXY, TEXT, findings.proxy),
	OF(CONNECT, TEXT, findings.address),
	OF(CONNECT, NUMBER, findings.connect_ms),
	OF(CONNECT, POINTER, via),
	OF(TLS, TEXT, tls_version),
	OF(TLS, POINTER, tls_group),
	OF(TLS, NUMBER, findings.tls_ms),
	OF(TLS, POSITIVE, findings.certificates),
	OF(TLS, TEXT, findings.cert_name),
	OF(TLS, TEXT, findings.cert_issuer),
	OF(TLS, TEXT, findings.cert_hosts),
	OF(TLS, TEXT, findings.anchor_name),
	OF(TLS, TEXT, findings.anchor_file),
	OF(TLS, FUTURE, findings.cert_ends_s),
	OF(TLS, PAST, findings.cert_ends_s),
	OF(TLS, TEXT, findings.first_end_name),
	OF(TLS, FUTURE, findings.first_end_s),
	OF(ANSWER, POSITIVE, report.http_status),
	OF(ANSWER, NUMBER, findings.answer_ms),
	OF(ANSWER, POSITIVE, findings.answer_bytes),
	OF(ANSWER, TEXT, report.sts_error),
	OF(ANSWER, TEXT, findings.token.iss),
	OF(ANSWER, TEXT, findings.token.aud),
	OF(ANSWER, TEXT, findings.token.sub),
	OF(ANSWER, SECONDS, report.lifetime_s),
	OF(ANSWER, FUTURE, report.not_before_s),
	OF(ANSWER, POINTER, use),
	OF(SIDECAR, LONG_TRUE, pid),
	OF(SIDECAR, PAST, site.verdict.status.last_success_s),
	OF(SIDECAR, FUTURE, next_attempt_s),
	OF(SIDECAR, LONG_TRUE, site.verdict.status.attempts),
	OF(SIDECAR, POSITIVE, site.verdict.status.tries),
	OF(SIDECAR, POINTER, sandbox),
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

_Static_assert(sizeof(struct sts_case) <= UINT16_MAX, "an offset has 16 bits");

/* Read a number of a fact. A fact that is a text has none. */
static int64_t number_of(const struct sts_case *c, const struct row *row)
{
	const char *at = (const char *)c + row->offset;
	int64_t wide;
	int32_t narrow;

	if (row->kind == NUMBER || row->kind == POSITIVE || row->kind == MODE) {
		memcpy(&narrow, at, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

static const char *text_of(const struct sts_case *c, const struct row *row)
{
	const char *at = (const char *)c + row->offset, *text = at;

	if (row->kind == POINTER)
		memcpy(&text, at, sizeof(text));
	return text ? text : "";
}

/* Is a fact known? For words, a time must be on its side of now. */
static bool is_known(const struct sts_case *c, const struct row *row, bool in_words)
{
	int64_t number;

	if (row->kind <= POINTER)
		return *text_of(c, row);
	number = number_of(c, row);
	if (row->kind == SIGNED)
		return number != INT64_MIN;
	if (row->kind == POSITIVE || row->kind == LONG_TRUE || row->kind == MODE)
		return number > 0;
	if (row->kind < PAST)
		return number >= 0;
	return number > 0 && (!in_words || (number <= c->now.real_s) == (row->kind == PAST));
}

static void add_words(const struct sts_case *c, const struct row *row, struct sts_text *out)
{
	int64_t number = number_of(c, row);

	if (!is_known(c, row, true))
		sts_text_add_char(out, '-');
	else if (row->kind <= POINTER)
		sts_text_add_str(out, text_of(c, row));
	else if (row->kind == MODE)
		sts_text_addf(out, "0%o", (unsigned)number & 07777);
	else if (row->kind == SIZE)
		sts_size_words(out, (uint64_t)number);
	else if (row->kind >= SECONDS && row->kind != SIGNED)
		sts_duration_words(out, row->kind == PAST     ? c->now.real_s - number
					: row->kind == FUTURE ? number - c->now.real_s
							      : number);
	else
		sts_text_addf(out, "%lld", (long long)number);
}

static const char *name_of(size_t i)
{
	static char name[24];

	return sts_unpacked(sts_packed_at(names, i), name, sizeof(name));
}

/* Find the fact of a name, at this gate or else at the last one that has it. The templates have no
 * other names. */
static const struct row *find(enum sts_gate gate, struct sts_slice name)
{
	for (int elsewhere = 0; elsewhere < 2; elsewhere++)
		for (size_t i = ROWS; i-- > 0;)
			if ((rows[i].gate != gate) == elsewhere && sts_slice_eq(name, name_of(i)))
				return &rows[i];
	return rows;
}

/* Are the facts known that a template has outside of brackets, before `end`? */
static bool all_known(const struct sts_case *c, enum sts_gate gate, const char *template, char end)
{
	for (; *template && *template != end; template ++) {
		struct sts_slice name = {template + 1, strcspn(template + 1, "}]")};

		if (*template != '[' && *template != '{')
			continue;
		if (*template == '{' && !is_known(c, find(gate, name), true))
			return false;
		template += name.len + 1;
		if (*template == '}' && name.data[-1] == '[')
			template += strcspn(template, "]");
	}
	return true;
}

bool sts_facts_known(const struct sts_case *c, enum sts_gate gate, const char *template)
{
	return all_known(c, gate, template, '\0');
}

void sts_facts_fill(const struct sts_case *c, enum sts_gate gate, const char *template,
		    struct sts_text *out)
{
	for (; *template; template ++) {
		if (*template == '[') {
			if (!all_known(c, gate, template + 1, ']'))
				template += strcspn(template, "]");
			else if (template[1] == ',' && out->len > 0 &&
				 out->data[out->len - 1] == ' ')
				template += 2;
		} else if (*template == '{') {
			size_t len = strcspn(template + 1, "}");

			add_words(c, find(gate, (struct sts_slice){template + 1, len}), out);
			template += len + 1;
		} else if (*template != ']') {
			sts_text_add_char(out, *template);
		}
	}
}

static void add_json(const struct sts_case *c, const struct row *row, struct sts_text *out)
{
	if (row->kind <= POINTER) {
		sts_text_add_json_string(out, sts_slice_of(text_of(c, row)));
	} else if (row->kind == MODE || row->kind == PAST || row->kind == FUTURE) {
		sts_text_add_char(out, '"');
		if (row->kind == MODE)
			add_words(c, row, out);
		else
			sts_text_add_str(out, sts_rfc3339(number_of(c, row)));
		sts_text_add_char(out, '"');
	} else {
		sts_text_addf(out, "%lld", (long long)number_of(c, row));
	}
}

void sts_facts_json(const struct sts_case *c, enum sts_gate gate, struct sts_text *out)
{
	const char *between = "";

	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].gate != gate || !is_known(c, &rows[i], false) || *name_of(i) == '-')
			continue;
		sts_text_addf(out, "%s\"%s\":", between, name_of(i));
		add_json(c, &rows[i], out);
		between = ",";
	}
}
