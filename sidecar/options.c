/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stddef.h>
#include <string.h>

#include "../lib/store.h"
#include "../lib/timefmt.h"

enum kind { FLAG, TEXT, DURATION, MODE, GROUP, CHOICE, FRACTION, LIST };

/* The texts of a row, one after the other: four pointers would be written to at every start. */
enum text { NAME, METAVAR, FALLBACK, HELP };

struct option {
	const char *
		texts; /* an empty one is none; METAVAR of CHOICE is the choices themselves, "none|basic|post" */
	uint8_t kind; /* enum kind */
	uint8_t commands;
	uint16_t offset; /* into struct sts_options; enum sts_list for LIST */
};

#define ROW(name, metavar, fallback, help) name "\0" metavar "\0" fallback "\0" help

#define RUN      STS_COMMAND_RUN
#define FETCH    STS_COMMAND_FETCH
#define CHECK_   STS_COMMAND_CHECK
#define REFRESH  STS_COMMAND_REFRESH
#define INSPECT  STS_COMMAND_INSPECT
#define WORK     (RUN | FETCH)
#define FIELD(f) offsetof(struct sts_options, f)

static const struct option table[] = {
	{ROW("url", "URL", "", "the STS endpoint: https, or http to loopback with --insecure-http"),
	 TEXT, WORK, FIELD(url)},
	{ROW("protocol", "NAME", "token-exchange", "the STS protocol"), TEXT, WORK,
	 FIELD(protocol)},
	{ROW("token-file", "PATH", "/var/run/secrets/tokens/sts-token",
	     "the subject token (- is standard input, for fetch)"),
	 TEXT, WORK, FIELD(token_file)},
	{ROW("output-dir", "DIR", "/tokens", "where the files go"), TEXT,
	 WORK | CHECK_ | REFRESH | INSPECT, FIELD(output_dir)},
	{ROW("audience", "A", "", "for whom the token is asked (repeatable)"), LIST, WORK,
	 STS_LIST_AUDIENCE},
	{ROW("resource", "R", "", "for which resource (repeatable)"), LIST, WORK,
	 STS_LIST_RESOURCE},
	{ROW("scope", "S", "", "with which scope (repeatable)"), LIST, WORK, STS_LIST_SCOPE},
	{ROW("param", "K=V", "", "a further request parameter (repeatable)"), LIST, WORK,
	 STS_LIST_PARAM},
	{ROW("header", "K=V", "", "a further request header (repeatable)"), LIST, WORK,
	 STS_LIST_HEADER},
	{ROW("param-file", "K=PATH", "",
	     "a parameter whose value is a file's content (repeatable)"),
	 LIST, WORK, STS_LIST_PARAM_FILE},
	{ROW("header-file", "K=PATH", "", "a header whose value is a file's content (repeatable)"),
	 LIST, WORK, STS_LIST_HEADER_FILE},
	{ROW("subject-token-type", "URN", "", "instead of the protocol's"), TEXT, WORK,
	 FIELD(subject_token_type)},
	{ROW("requested-token-type", "URN", "", "which kind of token is asked for"), TEXT, WORK,
	 FIELD(requested_token_type)},
	{ROW("actor-token-file", "PATH", "", "the actor token (RFC 8693)"), TEXT, WORK,
	 FIELD(actor_token_file)},
	{ROW("token-field", "FIELD", "",
	     "where the token is in the answer: access_token, id_token, or a JSON pointer"),
	 TEXT, WORK, FIELD(token_field)},
	{ROW("body", "protocol|form|json", "protocol", "form or json, instead of the protocol's"),
	 CHOICE, WORK, FIELD(body)},
	{ROW("client-id", "ID", "", "OAuth client"), TEXT, WORK, FIELD(client_id)},
	{ROW("client-secret-file", "PATH", "", "its secret"), TEXT, WORK,
	 FIELD(client_secret_file)},
	{ROW("client-auth", "none|basic|post", "none", "how the client says who it is"), CHOICE,
	 WORK, FIELD(client_auth)},
	{ROW("write", "LIST", "",
	     "files, with commas: token, json, aws-credentials, aws-process, gcp-executable; "
	     "expires always"),
	 TEXT, WORK, FIELD(write)},
	{ROW("mode", "auto|OCTAL", "auto",
	     "of the files; auto: 0640 in a setgid directory (fsGroup), 0644 in one that others "
	     "may write, else 0600"),
	 MODE, WORK, FIELD(mode)},
	{ROW("group", "GID", "", "of the files"), GROUP, WORK, FIELD(group)},
	{ROW("cacert-path", "PATH", "",
	     "CA file, or directory of PEM files, besides the system bundle (--cacert; "
	     "repeatable)"),
	 LIST, WORK, STS_LIST_CACERT},
	{ROW("cacert-only", "", "", "leave the system bundle out"), FLAG, WORK, FIELD(cacert_only)},
	{ROW("insecure-http", "", "", "allow an http URL to loopback"), FLAG, WORK,
	 FIELD(insecure_http)},
	{ROW("client-cert", "PATH", "", "client certificate chain in PEM, for mutual TLS"), TEXT,
	 WORK, FIELD(client_cert)},
	{ROW("client-key", "PATH", "", "its key: RSA or EC, in PEM, not encrypted"), TEXT, WORK,
	 FIELD(client_key)},
	{ROW("proxy", "URL|none", "",
	     "HTTP proxy to the STS, in place of HTTPS_PROXY and NO_PROXY"),
	 TEXT, WORK, FIELD(proxy)},
	{ROW("connect", "ADDR:PORT", "", "reach the STS there, but keep its name for TLS and HTTP"),
	 TEXT, WORK, FIELD(connect)},
	{ROW("subject-audience", "A", "", "refuse to send a subject token that is not for A"), TEXT,
	 WORK, FIELD(subject_audience)},
	{ROW("expect-audience", "A", "", "refuse a returned JWT that is not for A"), TEXT, WORK,
	 FIELD(expect_audience)},
	{ROW("expect-issuer", "I", "", "refuse a returned JWT of another issuer"), TEXT, WORK,
	 FIELD(expect_issuer)},
	{ROW("max-lifetime", "D", "", "refuse a returned token that lives longer"), DURATION, WORK,
	 FIELD(max_lifetime_ms)},
	{ROW("refresh-before", "D", "",
	     "refresh this long before the expiry (at most half of the life)"),
	 DURATION, RUN, FIELD(refresh_before_ms)},
	{ROW("refresh-fraction", "F", "0.667", "refresh after this part of the life"), FRACTION,
	 RUN, FIELD(fraction_permille)},
	{ROW("timeout", "D", "30s", "of one attempt"), DURATION, WORK, FIELD(timeout_ms)},
	{ROW("deadline", "D", "60s", "of all attempts together"), DURATION, FETCH,
	 FIELD(deadline_ms)},
	{ROW("default-ttl", "D", "300s", "the token's life when nothing tells it"), DURATION, WORK,
	 FIELD(default_ttl_ms)},
	{ROW("stdout", "", "", "print the token instead of writing files"), FLAG, FETCH,
	 FIELD(to_stdout)},
	{ROW("format", "F", "", "what --stdout prints: one word of --write"), TEXT, FETCH,
	 FIELD(format)},
	{ROW("force", "", "", "print it on a terminal too"), FLAG, FETCH, FIELD(force)},
	{ROW("dry-run", "", "",
	     "print the request as it would be sent, secrets masked, and send nothing"),
	 FLAG, FETCH, FIELD(dry_run)},
	{ROW("wait", "D", "0s", "look every 100 ms for so long before giving up"), DURATION, CHECK_,
	 FIELD(wait_ms)},
	{ROW("min-ttl", "D", "0s", "the token must be valid for so long"), DURATION, CHECK_,
	 FIELD(min_ttl_ms)},
	{ROW("timeout", "D", "30s", "how long to wait for the result"), DURATION, REFRESH,
	 FIELD(timeout_ms)},
	{ROW("json", "", "", "print one JSON object"), FLAG, CHECK_ | INSPECT, FIELD(json)},
	{ROW("log-format", "auto|json|text", "auto", "auto is text on a terminal, else json"),
	 CHOICE, WORK, FIELD(log_format)},
	{ROW("log-level", "error|warn|info|debug", "info", "the least that is logged"), CHOICE,
	 WORK, FIELD(log_level)},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static const char *text_of(const struct option *row, enum text which)
{
	return sts_text_at(row->texts, which);
}

static const struct option *find(struct sts_slice name, unsigned command)
{
	if (sts_slice_eq(name, "cacert"))
		name = STS_SLICE("cacert-path");
	for (size_t i = 0; i < ROWS; i++)
		if ((table[i].commands & command) && sts_slice_eq(name, text_of(&table[i], NAME)))
			return &table[i];
	return NULL;
}

static const char *nearest(struct sts_slice word, unsigned command)
{
	const char *names[ROWS];
	size_t count = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (table[i].commands & command)
			names[count++] = text_of(&table[i], NAME);
	return sts_nearest(word, names, count);
}

/* "0.5" or ".75": a fraction between 0.1 and 0.9, in thousandths. */
static bool parse_fraction(const char *text, int64_t *permille)
{
	struct sts_slice digits;
	uint64_t value;

	if (text[0] == '0')
		text++;
	if (text[0] != '.')
		return false;
	digits = sts_slice_of(text + 1);
	if (digits.len < 1 || digits.len > 3 || !sts_parse_u64(digits, 999, &value))
		return false;
	for (size_t i = digits.len; i < 3; i++)
		value *= 10;
	*permille = (int64_t)value;
	return value >= 100 && value <= 900;
}

static bool parse_mode(const char *text, mode_t *mode)
{
	mode_t value = 0;

	if (strcmp(text, "auto") == 0) {
		*mode = STS_MODE_AUTO;
		return true;
	}
	if (!*text || strlen(text) > 4)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return false;
		value = value * 8 + (mode_t)(*text - '0');
	}
	*mode = value;
	return (value & 0400) && !(value & ~(mode_t)0666);
}

static bool parse_choice(const char *choices, const char *text, int32_t *choice)
{
	*choice = 0;
	for (;;) {
		size_t len = strcspn(choices, "|");

		if (sts_slice_eq((struct sts_slice){choices, len}, text))
			return true;
		if (!choices[len])
			return false;
		choices += len + 1;
		++*choice;
	}
}

static bool parse_bool(const char *text, bool *value)
{
	static const char *const yes[] = {"true", "1", "t", "T", "TRUE", "True"};
	static const char *const no[] = {"false", "0", "f", "F", "FALSE", "False", ""};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcmp(text, yes[i]) == 0)
			return *value = true;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strcmp(text, no[i]) == 0) {
			*value = false;
			return true;
		}
	return false;
}

static bool set(const struct option *row, struct sts_options *o, const char *text)
{
	void *field = (char *)o + row->offset;
	uint64_t number;

	switch (row->kind) {
	case FLAG:
		return parse_bool(text, field);
	case TEXT:
		*(const char **)field = text;
		return text[0] != '\0';
	case DURATION:
		return sts_duration_parse(sts_slice_of(text), field);
	case MODE:
		return parse_mode(text, field);
	case GROUP:
		if (!sts_parse_u64(sts_slice_of(text), UINT32_MAX - 1, &number))
			return false;
		*(gid_t *)field = (gid_t)number;
		return true;
	case CHOICE:
		return parse_choice(text_of(row, METAVAR), text, field);
	case FRACTION:
		return parse_fraction(text, field);
	case LIST:
		break;
	}
	return false;
}

/* What a value should have been, for a message. */
static const char *wanted(const struct option *row)
{
	switch (row->kind) {
	case FLAG:
		return "boolean";
	case DURATION:
		return "duration (30s, 5m, 1h30m)";
	case FRACTION:
		return "fraction (0.1 to 0.9)";
	default:
		return text_of(row, METAVAR);
	}
}

static bool add(const struct option *row, struct sts_options *o, struct sts_slice value)
{
	if (o->list_count == STS_OPTIONS_LIST_MAX || value.len == 0)
		return false;
	o->list[o->list_count++] = (struct sts_list_value){(enum sts_list)row->offset, value};
	return true;
}

/* A flag's list replaces the environment's: drop what is there of this kind. */
static void drop(struct sts_options *o, enum sts_list list)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->list_count; i++)
		if (o->list[i].list != list)
			o->list[kept++] = o->list[i];
	o->list_count = kept;
}

void sts_options_defaults(struct sts_options *o, enum sts_command command)
{
	*o = (struct sts_options){
		.command = command, .group = STS_GROUP_AUTO, .mode = STS_MODE_AUTO};
	for (size_t i = 0; i < ROWS; i++)
		if (*text_of(&table[i], FALLBACK) &&
		    (table[i].commands != REFRESH || command == REFRESH))
			set(&table[i], o, text_of(&table[i], FALLBACK));
}

/* ---- the environment ---- */

static void env_name(const struct option *row, struct sts_text *out)
{
	sts_text_add_str(out, "STS_");
	for (const char *p = text_of(row, NAME); *p; p++)
		sts_text_add_char(out,
				  *p == '-' ? '_' : (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p));
}

static bool ends_with(struct sts_slice s, const char *end)
{
	size_t len = strlen(end);

	return s.len >= len && memcmp(s.data + s.len - len, end, len) == 0;
}

/* Docker-style service links: STS_SERVICE_HOST, STS_SERVICE_PORT[_NAME], STS_PORT, STS_PORT_443_TCP[_PROTO|_PORT|_ADDR], and the same for
 * a Service whose name begins with "sts-". No option name ends in PORT or HOST. */
bool sts_options_is_service_link(const char *name)
{
	static const char *const ends[] = {
		"_SERVICE_HOST", "_SERVICE_PORT", "_PORT",       "_TCP",       "_UDP",
		"_SCTP",         "_TCP_PROTO",    "_TCP_PORT",   "_TCP_ADDR",  "_UDP_PROTO",
		"_UDP_PORT",     "_UDP_ADDR",     "_SCTP_PROTO", "_SCTP_PORT", "_SCTP_ADDR"};
	struct sts_slice s = sts_slice_of(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(s, ends[i]))
			return true;
	return sts_slice_find(s, STS_SLICE("_SERVICE_PORT_")) >= 0;
}

static const struct option *find_env(struct sts_slice name)
{
	for (size_t i = 0; i < ROWS; i++) {
		char buf[64];
		struct sts_text text;

		sts_text_init(&text, buf, sizeof(buf));
		env_name(&table[i], &text);
		if (sts_slice_eq(name, buf))
			return &table[i];
	}
	return NULL;
}

static enum sts_err env_list(const struct option *row, struct sts_options *o, const char *value,
			     struct sts_error *e)
{
	while (*value) {
		size_t len = strcspn(value, "\n");

		if (len > 0 && !add(row, o, (struct sts_slice){value, len}))
			return sts_fail(e, STS_EUSAGE, 0,
					"too many values for --%s in the environment",
					text_of(row, NAME));
		value += len + (value[len] == '\n');
	}
	return STS_OK;
}

static void warn_unknown(struct sts_slice name, unsigned command, char *warning, size_t size)
{
	struct sts_text out;
	char word[64];
	struct sts_text lower;
	const char *near;

	sts_text_init(&lower, word, sizeof(word));
	for (size_t i = 4; i < name.len; i++)
		sts_text_add_char(&lower,
				  name.data[i] == '_'
					  ? '-'
					  : (char)(name.data[i] >= 'A' && name.data[i] <= 'Z'
							   ? name.data[i] + 32
							   : name.data[i]));
	near = nearest((struct sts_slice){word, lower.len}, command);
	sts_text_init(&out, warning, size);
	sts_text_add_str(&out, "unknown variable ");
	sts_text_add_escaped(&out, name, 60);
	sts_text_add_str(&out, " is ignored");
	if (near) {
		char known[64];

		sts_text_init(&lower, known, sizeof(known));
		env_name(find(sts_slice_of(near), command), &lower);
		sts_text_addf(&out, ": did you mean %s?", known);
	}
}

static enum sts_err read_environment(struct sts_options *o, char *const *environ_, char *warning,
				     size_t size, struct sts_error *e)
{
	for (; environ_ && *environ_; environ_++) {
		const char *value = strchr(*environ_, '=');
		struct sts_slice name = {*environ_, value ? (size_t)(value - *environ_) : 0};
		const struct option *row;
		char known[64];
		struct sts_text text;

		if (!sts_slice_starts(name, "STS_") || name.len >= sizeof(known))
			continue;
		sts_text_init(&text, known, sizeof(known));
		sts_text_add_slice(&text, name);
		row = find_env(name);
		if (!row) {
			if (!sts_options_is_service_link(known) && !warning[0])
				warn_unknown(name, o->command, warning, size);
			continue;
		}
		row = find(sts_slice_of(text_of(row, NAME)), o->command);
		if (!row || !value[1])
			continue; /* another command's option, or set to nothing */
		if (row->kind == LIST && env_list(row, o, value + 1, e) != STS_OK)
			return STS_EUSAGE;
		if (row->kind != LIST && !set(row, o, value + 1))
			return sts_fail(e, STS_EUSAGE, 0, "the value of %s is not a valid %s",
					known, wanted(row));
	}
	return STS_OK;
}

/* ---- the command line ---- */

static enum sts_err unknown_option(struct sts_slice name, unsigned command, struct sts_error *e)
{
	const char *near = nearest(name, command);
	char shown[64];
	struct sts_text text;

	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_escaped(&text, name, 40);
	if (near)
		return sts_fail(e, STS_EUSAGE, 0, "unknown option --%s: did you mean --%s?", shown,
				near);
	return sts_fail(e, STS_EUSAGE, 0, "unknown option --%s", shown);
}

struct reader {
	struct sts_options *o;
	char *const *argv;
	unsigned seen; /* bits of enum sts_list that flags have given */
};

static enum sts_err read_flag(struct reader *r, struct sts_error *e)
{
	const char *word = *r->argv + 2;
	struct sts_slice name = {word, strcspn(word, "=")};
	const struct option *row = find(name, r->o->command);
	const char *value = word[name.len] ? word + name.len + 1 : NULL;

	if (!row)
		return unknown_option(name, r->o->command, e);
	if (!value && row->kind == FLAG)
		value = "true";
	if (!value)
		value = *++r->argv;
	if (!value)
		return sts_fail(e, STS_EUSAGE, 0, "--%s needs a value: --%s=%s", text_of(row, NAME),
				text_of(row, NAME), text_of(row, METAVAR));
	if (row->kind == LIST) {
		if (!(r->seen & 1u << row->offset))
			drop(r->o, (enum sts_list)row->offset);
		r->seen |= 1u << row->offset;
		return add(row, r->o, sts_slice_of(value))
			       ? STS_OK
			       : sts_fail(e, STS_EUSAGE, 0,
					  "--%s is empty, or given too often (at most %d repeated "
					  "values)",
					  text_of(row, NAME), STS_OPTIONS_LIST_MAX);
	}
	if (!set(row, r->o, value))
		return sts_fail(e, STS_EUSAGE, 0, "the value of --%s is not a valid %s",
				text_of(row, NAME), wanted(row));
	return STS_OK;
}

static enum sts_err read_positional(struct sts_options *o, const char *word, int *count,
				    struct sts_error *e)
{
	const char **slot = o->command == CHECK_ || o->command == REFRESH ? &o->output_dir
			    : o->command == INSPECT                       ? &o->file
									  : NULL;
	char shown[64];
	struct sts_text text;

	if (slot && (*count)++ == 0 && *word) {
		*slot = word;
		return STS_OK;
	}
	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_escaped(&text, sts_slice_of(word), 40);
	return sts_fail(e, STS_EUSAGE, 0, "unexpected argument \"%s\"", shown);
}

enum sts_err sts_options_read(struct sts_options *o, enum sts_command command, char *const *argv,
			      char *const *environ_, char *warning, size_t size,
			      struct sts_error *e)
{
	struct reader r = {.o = o, .argv = argv};
	bool flags = true;
	int positionals = 0;
	enum sts_err err;

	warning[0] = '\0';
	sts_options_defaults(o, command);
	err = read_environment(o, environ_, warning, size, e);
	for (; err == STS_OK && *r.argv; r.argv += *r.argv != NULL) {
		if (flags && strcmp(*r.argv, "--") == 0)
			flags = false;
		else if (flags && strncmp(*r.argv, "--", 2) == 0)
			err = read_flag(&r, e);
		else if (flags && (*r.argv)[0] == '-' && (*r.argv)[1])
			err = unknown_option(sts_slice_of(*r.argv + 1), command, e);
		else
			err = read_positional(o, *r.argv, &positionals, e);
	}
	return err;
}

void sts_options_help(struct sts_text *out, enum sts_command command)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct option *row = &table[i];
		size_t start = out->len;

		if (!(row->commands & command))
			continue;
		sts_text_addf(out, "  --%s", text_of(row, NAME));
		if (*text_of(row, METAVAR))
			sts_text_addf(out, " %s", text_of(row, METAVAR));
		do
			sts_text_add_char(out, ' ');
		while (out->len - start < 30 && !out->overflow);
		sts_text_add_str(out, text_of(row, HELP));
		if (*text_of(row, FALLBACK))
			sts_text_addf(out, " [%s]", text_of(row, FALLBACK));
		sts_text_add_char(out, '\n');
	}
}
