/* SPDX-License-Identifier: Apache-2.0 */
#include "options/option_table.h"

#include <stddef.h>
#include <string.h>

#include "base/nearest.h"
#include "base/timefmt.h"
#include "output/store.h"
#include "protocol/request.h"

#define ROW(name, metavar, fallback, help) name "\0" metavar "\0" fallback "\0" help

#define RUN       STS_COMMAND_RUN
#define FETCH     STS_COMMAND_FETCH
#define CHECK_    STS_COMMAND_CHECK
#define REFRESH   STS_COMMAND_REFRESH
#define INSPECT   STS_COMMAND_INSPECT
#define PROTOCOLS STS_COMMAND_PROTOCOLS
#define WORK      (RUN | FETCH)
#define FIELD(f)  offsetof(struct sts_options, f)

#define FLAG     STS_OPTION_FLAG
#define TEXT     STS_OPTION_TEXT
#define DURATION STS_OPTION_DURATION
#define MODE     STS_OPTION_MODE
#define GROUP    STS_OPTION_GROUP
#define CHOICE   STS_OPTION_CHOICE
#define FRACTION STS_OPTION_FRACTION
#define LIST     STS_OPTION_LIST
#define PAIRS    STS_OPTION_PAIRS

#define NAME     STS_OPTION_NAME
#define METAVAR  STS_OPTION_METAVAR
#define FALLBACK STS_OPTION_FALLBACK
#define HELP     STS_OPTION_HELP

const struct sts_option sts_option_table[] = {
	{ROW("url", "URL", "", "the STS endpoint: https, or http to loopback with --insecure-http"),
	 TEXT, WORK, FIELD(url)},
	{ROW("protocol", "NAME", "token-exchange", "the STS protocol: see sts-sidecar protocols"),
	 TEXT, WORK, FIELD(protocol)},
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
	{ROW("param", "K=V", "", "a further request parameter (repeatable)"), PAIRS, WORK,
	 STS_LIST_PARAM},
	{ROW("header", "K=V", "", "a further request header (repeatable)"), PAIRS, WORK,
	 STS_LIST_HEADER},
	{ROW("param-file", "K=PATH", "",
	     "a parameter whose value is a file's content (repeatable)"),
	 PAIRS, WORK, STS_LIST_PARAM_FILE},
	{ROW("header-file", "K=PATH", "", "a header whose value is a file's content (repeatable)"),
	 PAIRS, WORK, STS_LIST_HEADER_FILE},
	{ROW("subject-token-type", "URN", "", "instead of the protocol's"), TEXT, WORK,
	 FIELD(subject_token_type)},
	{ROW("requested-token-type", "URN", "", "which kind of token is asked for"), TEXT, WORK,
	 FIELD(requested_token_type)},
	{ROW("actor-token-file", "PATH", "", "the actor token (RFC 8693)"), TEXT, WORK,
	 FIELD(actor_token_file)},
	{ROW("token-field", "FIELD", "",
	     "where the token is in the answer: access_token, id_token, or a JSON pointer"),
	 TEXT, WORK, FIELD(token_field)},
	{ROW("expiry-field", "KIND:POINTER", "",
	     "where the expiry is: lifetime:/JSON/POINTER or absolute:/JSON/POINTER"),
	 TEXT, WORK, FIELD(expiry_field)},
	{ROW("method", "protocol|GET|POST|PUT", "protocol", "for custom"), CHOICE, WORK,
	 FIELD(method)},
	{ROW("subject-in", "PLACE", "",
	     "for custom: bearer, header:NAME, field:NAME, query:NAME, pointer:/JSON/POINTER"),
	 TEXT, WORK, FIELD(subject_in)},
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
	{ROW("default-ttl", "D", "",
	     "the token's life when nothing tells it [300s, or the protocol's]"),
	 DURATION, WORK, FIELD(default_ttl_ms)},
	{ROW("stdout", "", "", "print the token instead of writing files"), FLAG, FETCH,
	 FIELD(to_stdout), STS_OPTION_COMMAND_LINE},
	{ROW("format", "F", "", "what --stdout prints: one word of --write"), TEXT, FETCH,
	 FIELD(format), STS_OPTION_COMMAND_LINE},
	{ROW("force", "", "", "print it on a terminal too"), FLAG, FETCH, FIELD(force),
	 STS_OPTION_COMMAND_LINE},
	{ROW("dry-run", "", "",
	     "print the request as it would be sent, secrets masked, and send nothing"),
	 FLAG, FETCH, FIELD(dry_run), STS_OPTION_COMMAND_LINE},
	{ROW("wait", "D", "0s", "look every 100 ms for so long before giving up"), DURATION, CHECK_,
	 FIELD(wait_ms)},
	{ROW("min-ttl", "D", "0s", "the token must be valid for so long"), DURATION, CHECK_,
	 FIELD(min_ttl_ms)},
	{ROW("timeout", "D", "30s", "how long to wait for the result"), DURATION, REFRESH,
	 FIELD(timeout_ms)},
	{ROW("json", "", "", "print one JSON object"), FLAG, CHECK_ | INSPECT | PROTOCOLS,
	 FIELD(json)},
	{ROW("config", "FILE", "", "configuration file (JSON): options, and several exchanges"),
	 TEXT, WORK, FIELD(config), STS_OPTION_COMMAND_LINE},
	{ROW("notify-pid-file", "PATH", "",
	     "whose PID is in there gets a signal when new files are in place"),
	 TEXT, RUN, FIELD(notify_pid_file)},
	{ROW("notify-signal", "HUP|USR1|USR2", "HUP", "which"), CHOICE, RUN, FIELD(notify_signal)},
	{ROW("listen", "ADDR:PORT", "",
	     "serve /livez, /readyz and /metrics; :PORT is every address"),
	 TEXT, RUN, FIELD(listen), STS_OPTION_PROCESS},
	{ROW("require-sandbox", "", "", "end where a layer of the sandbox does not hold"), FLAG,
	 WORK, FIELD(require_sandbox), STS_OPTION_PROCESS},
	{ROW("log-format", "auto|json|text", "auto", "auto is text on a terminal, else json"),
	 CHOICE, WORK, FIELD(log_format), STS_OPTION_PROCESS},
	{ROW("log-level", "error|warn|info|debug", "info", "the least that is logged"), CHOICE,
	 WORK, FIELD(log_level), STS_OPTION_PROCESS},
};

#define table sts_option_table
#define ROWS  (sizeof(table) / sizeof(table[0]))

const size_t sts_option_count = ROWS;

const char *sts_option_text(const struct sts_option *row, enum sts_option_text which)
{
	return sts_text_at(row->texts, which);
}

bool sts_options_has_token_file(const struct sts_options *o)
{
	return o->token_file !=
	       sts_option_text(sts_option_find(STS_SLICE("token-file"), RUN), FALLBACK);
}

const struct sts_option *sts_option_find(struct sts_slice name, unsigned command)
{
	if (sts_slice_eq(name, "cacert"))
		name = STS_SLICE("cacert-path");
	for (size_t i = 0; i < ROWS; i++)
		if ((table[i].commands & command) &&
		    sts_slice_eq(name, sts_option_text(&table[i], NAME)))
			return &table[i];
	return NULL;
}

const char *sts_option_nearest(struct sts_slice word, unsigned commands, enum sts_option_place last,
			       const char *more)
{
	const char *names[ROWS + 1];
	size_t count = 0;

	for (size_t i = 0; i < ROWS; i++)
		if ((table[i].commands & commands) && table[i].place <= last)
			names[count++] = sts_option_text(&table[i], NAME);
	if (more)
		names[count++] = more;
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

bool sts_option_bool(const char *text, bool *value)
{
	int32_t choice;

	if (!parse_choice("true|1|t|T|TRUE|True|false|0|f|F|FALSE|False|", text, &choice))
		return false;
	*value = choice < 6;
	return true;
}

static bool set(const struct sts_option *row, struct sts_options *o, const char *text)
{
	void *field = (char *)o + row->offset;
	uint64_t number;

	switch (row->kind) {
	case FLAG:
		return sts_option_bool(text, field);
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
		return parse_choice(sts_option_text(row, METAVAR), text, field);
	case FRACTION:
		return parse_fraction(text, field);
	default:
		return false;
	}
}

/* What a value should have been, for a message. */
static const char *wanted(const struct sts_option *row)
{
	switch (row->kind) {
	case FLAG:
		return "true or false";
	case TEXT:
		return "a text that is not empty";
	case DURATION:
		return "a duration (30s, 5m, 1h30m)";
	case MODE:
		return "auto, or octal digits like 0640";
	case GROUP:
		return "a number, the GID";
	case FRACTION:
		return "a fraction (0.1 to 0.9)";
	default:
		return sts_option_text(row, METAVAR);
	}
}

/* NAME=VALUE; what is secret comes from a file. */
static enum sts_err check_pair(const struct sts_option_layer *layer, const struct sts_option *row,
			       const char *name, struct sts_slice pair, struct sts_error *e)
{
	ptrdiff_t at = sts_slice_find(pair, STS_SLICE("="));
	struct sts_slice key = {pair.data, at > 0 ? (size_t)at : 0};
	char shown[48];
	struct sts_text text;

	if (key.len == 0)
		return sts_fail(e, STS_EUSAGE, 0, "%s%s needs the form NAME=VALUE", layer->prefix,
				name);
	if (strcmp(sts_option_text(row, METAVAR), "K=V") != 0 || !sts_request_name_is_secret(key))
		return STS_OK;
	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_escaped(&text, key, sizeof(shown) - 1);
	return sts_fail(e, STS_EUSAGE, 0,
			"%s%s %s holds a secret, which others could read: use %s%s-file",
			layer->prefix, name, shown, layer->prefix, sts_option_text(row, NAME));
}

/* A list replaces that of the layers before: drop what is there of this kind. */
static void drop(struct sts_options *o, enum sts_list list)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->list_count; i++)
		if (o->list[i].list != list)
			o->list[kept++] = o->list[i];
	o->list_count = kept;
}

static enum sts_err add(struct sts_option_layer *layer, const struct sts_option *row,
			const char *name, struct sts_slice value, struct sts_error *e)
{
	struct sts_options *o = layer->o;
	enum sts_list list = (enum sts_list)row->offset;
	enum sts_err err = row->kind == PAIRS ? check_pair(layer, row, name, value, e) : STS_OK;

	if (err != STS_OK)
		return err;
	if (!(layer->lists & 1u << list))
		drop(o, list);
	layer->lists |= 1u << list;
	if (o->list_count == STS_OPTIONS_LIST_MAX || value.len == 0)
		return sts_fail(e, STS_EUSAGE, 0,
				"%s%s is empty, or given too often (at most %d repeated values)",
				layer->prefix, name, STS_OPTIONS_LIST_MAX);
	o->list[o->list_count++] = (struct sts_list_value){list, value};
	return STS_OK;
}

enum sts_err sts_option_take(struct sts_option_layer *layer, const struct sts_option *row,
			     const char *name, struct sts_slice value, struct sts_error *e)
{
	if (row->kind >= LIST)
		return add(layer, row, name, value, e);
	if (set(row, layer->o, value.data))
		return STS_OK;
	return sts_fail(e, STS_EUSAGE, 0, "the value of %s%s is not valid: it takes %s",
			layer->prefix, name, wanted(row));
}

void sts_options_defaults(struct sts_options *o, enum sts_command command)
{
	*o = (struct sts_options){
		.command = command, .group = STS_GROUP_AUTO, .mode = STS_MODE_AUTO};
	for (size_t i = 0; i < ROWS; i++)
		if (*sts_option_text(&table[i], FALLBACK) &&
		    (table[i].commands != REFRESH || command == REFRESH))
			set(&table[i], o, sts_option_text(&table[i], FALLBACK));
}

void sts_options_help(struct sts_text *out, enum sts_command command)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct sts_option *row = &table[i];
		size_t start = out->len;

		if (!(row->commands & command))
			continue;
		sts_text_addf(out, "  --%s", sts_option_text(row, NAME));
		if (*sts_option_text(row, METAVAR))
			sts_text_addf(out, " %s", sts_option_text(row, METAVAR));
		do
			sts_text_add_char(out, ' ');
		while (out->len - start < 30 && !out->overflow);
		sts_text_add_str(out, sts_option_text(row, HELP));
		if (*sts_option_text(row, FALLBACK))
			sts_text_addf(out, " [%s]", sts_option_text(row, FALLBACK));
		sts_text_add_char(out, '\n');
	}
}
