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

#define table   sts_option_table
#define OPTIONS (sizeof(table) / sizeof(table[0]))

const size_t sts_option_count = OPTIONS;

const char *sts_option_text(const struct sts_option *option, enum sts_option_text which)
{
	return sts_text_at(option->texts, which);
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
	for (size_t i = 0; i < OPTIONS; i++)
		if ((table[i].commands & command) &&
		    sts_slice_eq(name, sts_option_text(&table[i], NAME)))
			return &table[i];
	return NULL;
}

const char *sts_option_nearest(struct sts_slice word, unsigned commands, enum sts_option_place last,
			       const char *more)
{
	const char *names[OPTIONS + 1];
	size_t count = 0;

	for (size_t i = 0; i < OPTIONS; i++)
		if ((table[i].commands & commands) && table[i].place <= last)
			names[count++] = sts_option_text(&table[i], NAME);
	if (more)
		names[count++] = more;
	return sts_nearest(word, names, count);
}

void sts_options_help(struct sts_text *out, enum sts_command command)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct sts_option *option = &table[i];
		size_t start = out->len;

		if (!(option->commands & command))
			continue;
		sts_text_addf(out, "  --%s", sts_option_text(option, NAME));
		if (*sts_option_text(option, METAVAR))
			sts_text_addf(out, " %s", sts_option_text(option, METAVAR));
		do
			sts_text_add_char(out, ' ');
		while (out->len - start < 30 && !out->overflow);
		sts_text_add_str(out, sts_option_text(option, HELP));
		if (*sts_option_text(option, FALLBACK))
			sts_text_addf(out, " [%s]", sts_option_text(option, FALLBACK));
		sts_text_add_char(out, '\n');
	}
}
