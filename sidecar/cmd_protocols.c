/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of protocols, printed from the rows alone. One walk makes both shapes: lines for people, or (--json) objects.
 */
#include <string.h>
#include <unistd.h>

#include "../lib/outputs.h"
#include "../lib/protocol.h"
#include "commands.h"
#include "fields.h"

#define OUT_MAX_BYTES (32 * 1024)

/* What the numbers of a row are called; texts one after the other. */
static const char sources[] = "parameter\0fixed\0subject\0";
static const char places[] = "bearer\0header\0body\0query\0url\0";
static const char kinds[] = "text\0number\0literal\0words\0list\0numbered\0";
static const char bodies[] = "none\0form\0json\0";
static const char expiries[] = "absolute\0lifetime\0";
static const char flags[] = "any-parameter\0client-auth\0single-use\0poll\0xml\0open\0";

struct print {
	struct sts_text out;
	bool json;
	bool inside; /* a parameter: one line */
	bool more;   /* a comma comes first */
};

static void key(struct print *p, const char *name)
{
	if (p->json)
		sts_text_addf(&p->out, "%s\"%s\":", p->more ? "," : "", name);
	else if (p->inside)
		sts_text_addf(&p->out, p->more ? ", %s " : "  ", name);
	else
		sts_text_addf(&p->out, "%-12s", name);
	p->more = true;
}

/* A text, but for an empty one. */
static void text(struct print *p, const char *name, const char *value)
{
	if (!*value)
		return;
	key(p, name);
	if (p->json)
		sts_text_add_char(&p->out, '"');
	if (p->json)
		sts_text_add_json(&p->out, sts_slice_of(value));
	else
		sts_text_add_str(&p->out, value);
	if (p->json)
		sts_text_add_char(&p->out, '"');
	else if (!p->inside)
		sts_text_add_char(&p->out, '\n');
}

/* A number, but for zero. */
static void number(struct print *p, const char *name, unsigned value)
{
	if (value == 0)
		return;
	key(p, name);
	sts_text_addf(&p->out, !p->json && !p->inside ? "%u\n" : "%u", value);
}

static void truth(struct print *p, const char *name, bool value)
{
	if (value)
		key(p, name);
	if (value && p->json)
		sts_text_add_str(&p->out, "true");
}

/* The words whose bits are set. */
static void set(struct print *p, const char *name, const char *words, unsigned bits)
{
	bool more = false;

	key(p, name);
	sts_text_add_str(&p->out, p->json ? "[" : "");
	for (unsigned i = 0; bits >> i; i++)
		if (bits >> i & 1) {
			sts_text_addf(&p->out,
				      p->json ? more ? ",\"%s\"" : "\"%s\""
				      : more  ? " %s"
					      : "%s",
				      sts_text_at(words, i));
			more = true;
		}
	sts_text_add_str(&p->out, p->json ? "]" : "\n");
}

static void param(struct print *p, const struct sts_param *field, bool required)
{
	static const struct {
		uint8_t which;
		char name[11];
	} texts[] = {
		{STS_PARAM_FIELD, "sent as"},   {STS_PARAM_VALUE, "default"},
		{STS_PARAM_ENV, "variable"},    {STS_PARAM_SHAPE, "shape"},
		{STS_PARAM_CHARSET, "besides"}, {STS_PARAM_HELP, "help"},
	};

	sts_text_add_str(&p->out, !p->json ? "" : p->more ? ",{" : "{");
	p->more = false;
	text(p, "name", sts_param_text(field, STS_PARAM_NAME));
	text(p, "from", sts_text_at(sources, field->source));
	text(p, "in", sts_text_at(places, field->place));
	text(p, "kind", sts_text_at(kinds, field->kind));
	truth(p, "required", required);
	truth(p, "repeats", field->flags & STS_PARAM_REPEATS);
	number(p, "min", field->min);
	number(p, "max", field->max);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text(p, texts[i].name, sts_param_text(field, (enum sts_param_text)texts[i].which));
	sts_text_add_char(&p->out, p->json ? '}' : '\n');
	p->more = true;
}

static void row(struct print *p, const struct sts_protocol *r)
{
	static const char names[] = "name\0summary\0reference\0method\0url\0token-file\0"
				    "base\0token\0expiry\0thumbprint\0key-id\0secret\0";
	const struct sts_param *field;

	for (unsigned i = 0; i < STS_ROW__TEXTS; i++)
		text(p, sts_text_at(names, i), sts_protocol_text(r, (enum sts_row_text)i));
	text(p, "expiry-kind", sts_text_at(expiries, r->expiry_kind));
	number(p, "default-ttl", r->default_ttl_s ? r->default_ttl_s : STS_PROTOCOL_TTL_S);
	text(p, "body", sts_text_at(bodies, r->body));
	set(p, "write", sts_outputs_words, r->write & ~STS_WRITE_THUMBPRINT);
	set(p, "flags", flags, r->flags);
	key(p, "fields");
	sts_text_add_char(&p->out, p->json ? '[' : '\n');
	p->inside = true;
	p->more = false;
	for (size_t i = 0; (field = sts_protocol_param_at(r, i)); i++)
		param(p, field, sts_protocol_requires(r, i));
	p->inside = false;
	sts_text_add_str(&p->out, p->json ? "]" : "");
}

void sts_protocols_list(struct sts_text *out)
{
	for (size_t i = 0; i < sts_protocol_count; i++)
		sts_text_addf(out, "  %-18s%s\n",
			      sts_protocol_text(&sts_protocols[i], STS_ROW_NAME),
			      sts_protocol_text(&sts_protocols[i], STS_ROW_SUMMARY));
}

int sts_command_protocols(const struct sts_options *o)
{
	static char buf[OUT_MAX_BYTES];
	const struct sts_protocol *one = sts_protocol_find(sts_slice_of(o->file));
	struct print p = {.json = o->json};
	struct sts_error e;

	if (o->file && !one) {
		sts_fields_unknown_protocol(o->file, &e);
		return sts_complain(&e);
	}
	sts_text_init(&p.out, buf, sizeof(buf));
	if (!one && !p.json)
		sts_protocols_list(&p.out);
	sts_text_add_str(&p.out, p.json && !one ? "[" : "");
	for (size_t i = 0; i < sts_protocol_count && (one || p.json); i++) {
		if (one && one != &sts_protocols[i])
			continue;
		sts_text_add_str(&p.out, !p.json ? "" : i > 0 && !one ? ",{" : "{");
		p.more = false;
		row(&p, &sts_protocols[i]);
		sts_text_add_str(&p.out, p.json ? "}" : "");
	}
	sts_text_add_str(&p.out, !p.json ? "" : one ? "\n" : "]\n");
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, p.out.len});
	return STS_EXIT_OK;
}
