/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the table of protocols. The same functions write both forms: lines for people, and JSON
 * objects for --json.
 */
#include <unistd.h>

#include "log/print.h"
#include "options/fields.h"
#include "options/unknown.h"
#include "other_commands/commands.h"
#include "output/outputs.h"
#include "protocol/table.h"

#define OUT_MAX_BYTES (32 * 1024)
#define USE_FLAG      (2 * STS_PROTOCOL_DIRECT) /* the first bit after the flags of the table */

_Static_assert(STS_USE_AGAIN == 0 && STS_USE_ONCE == 1 && STS_USE_UNKNOWN == 2,
	       "as bits: none, single-use, use-unknown");

/* The words for the numbers in the table of protocols, in the order of the enums. Each array is a
 * list of texts for sts_text_at(). */
static const char sources[] = "parameter\0fixed\0subject\0";
static const char places[] = "bearer\0header\0body\0query\0url\0pointer\0";
static const char kinds[] = "text\0number\0literal\0words\0list\0seconds\0numbered\0host\0";
static const char bodies[] = "none\0form\0json\0";
static const char expiries[] = "absolute\0lifetime\0";
/* The last two are those of enum sts_subject_use. */
static const char flags[] =
	"any-parameter\0client-auth\0poll\0xml\0open\0final\0direct\0single-use\0use-unknown\0";

struct print {
	struct sts_text out;
	bool json;
	bool inside;    /* inside one field of the request, whose members stand on one line */
	unsigned count; /* the number of members that the object has so far */
};

/* Write the name of a member. In the lines for people, a name that begins with "-" is left out. */
static void key(struct print *p, const char *name)
{
	bool silent = *name == '-';

	name += silent;
	if (p->json)
		sts_text_addf(&p->out, "%s\"%s\":", p->count ? "," : "", name);
	else if (!p->inside)
		sts_text_addf(&p->out, "%-12s", name);
	else
		sts_text_addf(&p->out, "%s%s%s",
			      p->count > 1 ? ", "
			      : p->count   ? ": "
					   : "  ",
			      silent ? "" : name, silent ? "" : " ");
	p->count++;
}

/* Write a member that is a text. Writes nothing for an empty text. */
static void text(struct print *p, const char *name, const char *value)
{
	if (!*value)
		return;
	key(p, name);
	sts_text_add_str(&p->out, p->json ? "\"" : "");
	if (p->json)
		sts_text_add_json(&p->out, sts_slice_of(value));
	else
		sts_text_add_str(&p->out, value);
	sts_text_add_str(&p->out, p->json ? "\"" : p->inside ? "" : "\n");
}

/* Write a member that is a number. Writes nothing for zero. */
static void number(struct print *p, const char *name, unsigned value)
{
	if (value == 0)
		return;
	key(p, name);
	sts_text_addf(&p->out, p->json || p->inside ? "%u" : "%u\n", value);
}

/* Write a member that is a set: the words whose bits are set. */
static void set(struct print *p, const char *name, const char *words, unsigned bits)
{
	const char *between = "";

	key(p, name);
	sts_text_add_str(&p->out, p->json ? "[" : "");
	for (; bits; bits >>= 1, words = sts_text_at(words, 1))
		if (bits & 1) {
			sts_text_addf(&p->out, p->json ? "%s\"%s\"" : "%s%s", between, words);
			between = p->json ? "," : " ";
		}
	sts_text_add_str(&p->out, p->json ? "]" : p->inside ? "" : "\n");
}

static void param(struct print *p, const struct sts_parameter *field, bool required)
{
	static const char names[] = "field\0value\0variable\0shape\0charset\0";
	static const char spoken[] =
		"sent as\0default\0variable\0must look like\0letters, digits and\0";
	bool fixed = field->source != STS_SOURCE_USER;

	p->count = 0;
	text(p, "-name", sts_parameter_text(field, STS_PARAMETER_NAME));
	text(p, "-help", sts_parameter_text(field, STS_PARAMETER_HELP));
	text(p, "-from", sts_text_at(sources, field->source));
	text(p, "-in", sts_text_at(places, field->place));
	text(p, "-kind", sts_text_at(kinds, field->kind));
	if (required || field->flags)
		set(p, "-flags", "required\0repeats\0with-previous\0without-url",
		    required | field->flags << 1);
	number(p, "min", field->min);
	number(p, "max", field->max);
	for (unsigned i = STS_PARAMETER_FIELD; i < STS_PARAMETER_HELP; i++)
		text(p,
		     i == STS_PARAMETER_ENV && *sts_parameter_text(field, i) == '/'
			     ? "claim"
			     : sts_text_at(p->json || fixed ? names : spoken,
					   i - STS_PARAMETER_FIELD),
		     sts_parameter_text(field, (enum sts_parameter_text)i));
}

static void protocol(struct print *p, const struct sts_protocol *shown)
{
	static const char names[] = "name\0summary\0method\0url\0token-file\0"
				    "base\0token\0expiry\0thumbprint\0key-id\0secret\0ca\0";
	const struct sts_parameter *field;

	p->count = 0;
	for (unsigned i = 0; i < STS_PROTOCOL_DOUBT; i++)
		text(p, sts_text_at(names, i), sts_protocol_text(shown, (enum sts_protocol_text)i));
	text(p, "expiry-kind", sts_text_at(expiries, shown->expiry_kind));
	number(p, "default-ttl", shown->default_ttl_s ? shown->default_ttl_s : STS_PROTOCOL_TTL_S);
	text(p, "body", sts_text_at(bodies, shown->body));
	set(p, "write", sts_outputs_words, shown->write & ~STS_WRITE_THUMBPRINT);
	set(p, "flags", flags, shown->flags | (unsigned)shown->use * USE_FLAG);
	key(p, "fields");
	sts_text_addf(&p->out,
		      p->json ? "[{"
			      : "what goes out; a parameter is given as --param NAME=VALUE\n");
	p->inside = true;
	for (size_t i = 0; (field = sts_protocol_parameter_at(shown, i)); i++) {
		sts_text_add_str(&p->out, p->json && i > 0 ? "},{" : "");
		param(p, field, sts_protocol_requires(shown, i));
		sts_text_add_str(&p->out, p->json ? "" : "\n");
	}
	p->inside = false;
	sts_text_add_str(&p->out, p->json ? "}]" : "");
}

static void list(struct sts_text *out)
{
	for (size_t i = 0; i < sts_protocol_count; i++)
		sts_text_addf(out, "  %-18s%s\n",
			      sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_NAME),
			      sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_SUMMARY));
}

int sts_command_protocols(const struct sts_options *o)
{
	static char buf[OUT_MAX_BYTES];
	const struct sts_protocol *one = sts_protocol_find(sts_slice_of(o->file));
	struct print p = {.json = o->json};
	struct sts_error e;

	if (o->file && !one) {
		sts_unknown_protocol(o->file, &e);
		return sts_complain(&e);
	}
	sts_text_init(&p.out, buf, sizeof(buf));
	if (!one && !p.json)
		list(&p.out);
	sts_text_add_str(&p.out, !p.json ? "" : one ? "{" : "[{");
	for (size_t i = 0; i < sts_protocol_count && (one || p.json); i++) {
		if (one && one != &sts_protocols[i])
			continue;
		sts_text_add_str(&p.out, !one && i > 0 ? "},{" : "");
		protocol(&p, &sts_protocols[i]);
	}
	sts_text_add_str(&p.out, !p.json ? "" : one ? "}\n" : "}]\n");
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, p.out.len});
	return STS_EXIT_OK;
}
