/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/plan.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/listen_address.h"
#include "options/endpoint.h"
#include "options/fields.h"
#include "options/option_table.h"
#include "output/files.h"
#include "wire/snapshot.h"

_Static_assert(STS_PLANS_MAX_BYTES <= UINT16_MAX, "offsets of texts have 16 bits");

/* Only the planning child writes to these, or the supervisor if no child can be started. */
static struct sts_fields fields;
static struct sts_config config;

void sts_plans_free(struct sts_plans *plans)
{
	char *at = (char *)plans;
	size_t cleared = -(uintptr_t)at & (STS_PLANS_PAGE_BYTES - 1); /* up to a page */

	if (!plans)
		return;
	/* A larger page has other variables too, and must not be given back. The kernel refuses an
	 * address inside of a page, and one of these two addresses is inside of a larger page. */
	if (madvise(at + cleared + STS_PLANS_PAGE_BYTES, 0, MADV_DONTNEED) != 0 ||
	    madvise(at + cleared, sizeof(*plans) - cleared, MADV_DONTNEED) != 0)
		cleared = sizeof(*plans);
	memset(plans, 0, cleared);
}

const char *sts_plans_text(const struct sts_plans *plans, uint16_t at)
{
	return plans->text + at;
}

/* ---- one plan ---- */

/* Append a text to the plans. Returns its offset. */
static uint16_t keep(struct sts_plans *plans, struct sts_slice text)
{
	size_t at = plans->bytes;

	/* A number of bytes that is too large means that a text did not fit. check_all() then
	 * refuses the plans. */
	if (at + text.len + 1 > sizeof(plans->text)) {
		plans->bytes = sizeof(plans->text) + 1;
		return 0;
	}
	memcpy(plans->text + at, text.data, text.len);
	plans->text[at + text.len] = '\0';
	plans->bytes += (uint32_t)text.len + 1;
	return (uint16_t)at;
}

/* Check the options that sts_fields_make() does not check. */
static enum sts_err check(const struct sts_options *o, struct sts_error *e)
{
	bool from_stdin = strcmp(fields.token_file, "-") == 0;

	if (o->timeout_ms < 1000 || o->timeout_ms > 3600 * 1000)
		return sts_fail(e, STS_EUSAGE, 0, "--timeout must be between 1s and 1h");
	if (o->command == STS_COMMAND_RUN && (o->poll_ms < 1000 || o->poll_ms > 3600 * 1000))
		return sts_fail(e, STS_EUSAGE, 0, "--poll-interval must be between 1s and 1h");
	if (o->default_ttl_ms && o->default_ttl_ms < 10 * 1000)
		return sts_fail(e, STS_EUSAGE, 0, "--default-ttl must be at least 10s");
	if (o->command == STS_COMMAND_FETCH && o->deadline_ms < 1000)
		return sts_fail(e, STS_EUSAGE, 0, "--deadline must be at least 1s");
	if (o->command != STS_COMMAND_FETCH && from_stdin)
		return sts_fail(e, STS_EUSAGE, 0,
				"the subject token can come from standard input for fetch only: "
				"name a file");
	if (o->to_stdout && !o->force && isatty(STDOUT_FILENO))
		return sts_fail(e, STS_EUSAGE, 0,
				"the token is not printed on a terminal: redirect it, or add "
				"--force");
	return STS_OK;
}

/* Is this the text of an option in the configuration file? */
static bool in_config(const char *text)
{
	return text >= config.pool && text < config.pool + sizeof(config.pool);
}

static void keep_texts(struct sts_plans *plans, struct sts_plan *plan, const struct sts_options *o)
{
	char route[STS_HOST_MAX_BYTES + 8] = "";
	struct sts_slice path;
	size_t at = 0;
	struct sts_text text;

	sts_text_init(&text, route, sizeof(route));
	if (fields.proxy.used)
		sts_url_add_endpoint(&text, &fields.proxy.url);
	plan->route = keep(plans, (struct sts_slice){route, text.len});
	text.len = 0;
	sts_endpoint_add(&text, &fields.url);
	keep(plans, (struct sts_slice){route, text.len});
	text.len = 0;
	if (in_config(o->url))
		sts_text_addf(&text, "the configuration file");
	else
		sts_endpoint_add_source(&text, o, &fields.request, fields.url_variable);
	keep(plans, (struct sts_slice){route, text.len});
	plan->token_file = keep(plans, sts_slice_of(fields.token_file));
	plan->output_dir = keep(plans, sts_slice_of(o->output_dir));
	plan->cas = (uint16_t)plans->bytes;
	while (sts_fields_next_ca(o, &fields, &at, &path))
		keep(plans, path);
	keep(plans, STS_SLICE(""));
}

static enum sts_err make_one(struct sts_plans *plans, struct sts_plan *plan,
			     const struct sts_options *o, struct sts_error *e)
{
	enum sts_err err = sts_fields_make(o, &fields, NULL, e);
	bool fetches = o->command == STS_COMMAND_FETCH;

	if (err == STS_OK)
		err = check(o, e);
	if (err != STS_OK)
		return err;
	*plan = (struct sts_plan){
		.rules = {.refresh_before_ms = o->refresh_before_ms,
			  .fraction_permille = (uint32_t)o->fraction_permille,
			  .longest_wait_ms = o->longest_wait_ms},
		.timeout_ms = o->timeout_ms,
		.deadline_ms = fetches || o->single_run ? o->deadline_ms : 0,
		.poll_ms = (fields.request.protocol->flags & STS_PROTOCOL_POLL) ? o->poll_ms : 0,
		.mode = o->mode,
		.group = o->group,
		.notifies = o->notify_pid_file != NULL,
		.depends_on = -1,
		.once = fetches || o->single_run,
		.one_attempt = strcmp(fields.token_file, "-") == 0,
		.adopt = !fetches,
		.to_stdout = o->to_stdout,
		.create_dir = o->create_dir,
		.subject_use = (uint8_t)fields.subject_use,
		.sts_id = sts_endpoint_sts_id(&fields.url),
		.write = (uint8_t)fields.write,
		.configured = o->config != NULL,
	};
	keep_texts(plans, plan, o);
	plan->revokes = o->revoke_on_stop && sts_fields_can_revoke(o, &fields);
	plan->cannot_revoke = o->revoke_on_stop && !plan->revokes;
	/* Only the options are checked here, so any token will do. */
	return plan->revokes ? sts_fields_revoke(o, &fields, STS_SLICE("token"), e) : STS_OK;
}

/* ---- all plans ---- */

/* Hash the value that an option has. A text counts with the NUL that ends it, so that two texts are
 * not taken for one. */
static uint64_t hash_value(uint64_t h, const struct sts_option *option, const struct sts_options *o)
{
	static const size_t sizes[] = {
		[STS_OPTION_FLAG] = sizeof(bool),       [STS_OPTION_DURATION] = sizeof(int64_t),
		[STS_OPTION_MODE] = sizeof(mode_t),     [STS_OPTION_GROUP] = sizeof(gid_t),
		[STS_OPTION_CHOICE] = sizeof(int32_t),  [STS_OPTION_FRACTION] = sizeof(int64_t),
		[STS_OPTION_INTEGER] = sizeof(int64_t),
	};
	const char *field = (const char *)o + option->field;
	const char *text;

	if (option->kind < STS_OPTION_LIST && option->kind != STS_OPTION_TEXT)
		return sts_hash(h, field, sizes[option->kind]);
	if (option->kind == STS_OPTION_TEXT) {
		memcpy(&text, field, sizeof(text));
		return text ? sts_hash(h, text, strlen(text) + 1) : h;
	}
	for (size_t i = 0; i < o->list_count; i++)
		if (o->list[i].list == (enum sts_list)option->field) {
			h = sts_hash(h, o->list[i].value.data, o->list[i].value.len);
			h = sts_hash(h, "", 1);
		}
	return h;
}

/* Returns a hash of the options of an exchange that make its requests and its files. It goes by the
 * values that the options have: it does not matter where in the configuration file they stand. */
static uint64_t request_id(const struct sts_options *o)
{
	uint64_t h = STS_HASH_START;

	for (size_t i = 0; i < sts_option_count; i++) {
		const struct sts_option *option = &sts_option_table[i];

		if (!option->renews || option->stands == STS_OPTION_COMMAND_LINE)
			continue;
		h = sts_hash(h, &i, sizeof(i));
		h = hash_value(h, option, o);
	}
	return h;
}

/* Is the subject token of `reader` the token that `writer` writes? */
static bool is_token_of(const struct sts_plans *plans, const struct sts_plan *writer,
			const struct sts_plan *reader)
{
	const char *rest = writer->to_stdout
				   ? NULL
				   : sts_path_beneath(sts_plans_text(plans, writer->output_dir),
						      sts_plans_text(plans, reader->token_file));

	return rest && strcmp(rest, STS_FILE_TOKEN) == 0;
}

static bool is_same_file(const struct sts_plans *plans, const struct sts_plan *a,
			 const struct sts_plan *b)
{
	const char *rest = sts_path_beneath(sts_plans_text(plans, a->token_file),
					    sts_plans_text(plans, b->token_file));

	return rest && !*rest;
}

/* Set how long an attempt may wait for a worker. At worst, all other exchanges are served first,
 * and each of them uses its whole timeout. One worker is not counted, since an exchange that fails
 * does not get the last worker. */
static void set_queue(struct sts_plans *plans)
{
	int64_t longest_ms = 0;

	for (uint32_t i = 0; i < plans->count; i++)
		if (plans->plan[i].timeout_ms > longest_ms)
			longest_ms = plans->plan[i].timeout_ms;
	for (uint32_t i = 0; i < plans->count; i++)
		plans->plan[i].queue_ms = (plans->count - 1) / (STS_WORKERS_MAX - 1) * longest_ms;
}

/* Find the sources of the exchanges. Refuse two exchanges that would send the same subject token to
 * the same STS, if it may be sent only once. */
static enum sts_err find_sources(struct sts_plans *plans, struct sts_error *e)
{
	for (uint32_t i = 0; i < plans->count; i++)
		for (uint32_t j = 0; j < plans->count; j++) {
			struct sts_plan *a = &plans->plan[i], *b = &plans->plan[j];

			if (is_token_of(plans, b, a))
				a->depends_on = (int8_t)j;
			if (i < j && a->subject_use == STS_USE_ONCE &&
			    b->subject_use == STS_USE_ONCE && a->sts_id == b->sts_id &&
			    is_same_file(plans, a, b))
				return sts_fail(e, STS_EUSAGE, 0,
						"exchanges %s and %s have one subject token, which "
						"may be sent once: give each its own",
						a->name, b->name);
		}
	return STS_OK;
}

/* Refuse exchanges that wait for one another in a circle. */
static enum sts_err refuse_cycle(const struct sts_plans *plans, uint32_t from, struct sts_error *e)
{
	struct sts_text text;
	int at = (int)from;
	char names[STS_ERROR_TEXT_MAX_BYTES];

	sts_text_init(&text, names, sizeof(names));
	sts_text_add_str(&text, plans->plan[from].name);
	for (uint32_t steps = 0; steps < plans->count; steps++) {
		at = plans->plan[at].depends_on;
		if (at < 0)
			return STS_OK;
		sts_text_add_str(&text, " <- ");
		sts_text_add_str(&text, plans->plan[at].name);
		if (at == (int)from)
			return sts_fail(e, STS_EUSAGE, 0, "exchanges wait for each other: %s",
					names);
	}
	return STS_OK;
}

static enum sts_err check_all(struct sts_plans *plans, struct sts_error *e)
{
	enum sts_err err = STS_OK;

	if (plans->bytes > sizeof(plans->text))
		return sts_fail(e, STS_EUSAGE, 0, "the paths in the options are too long");
	set_queue(plans);
	err = find_sources(plans, e);
	for (uint32_t i = 0; i < plans->count && err == STS_OK; i++) {
		err = refuse_cycle(plans, i, e);
		if (err == STS_OK && plans->count > 1 && plans->plan[i].to_stdout)
			err = sts_fail(e, STS_EUSAGE, 0,
				       "only one exchange can print its token (--stdout)");
	}
	return err;
}

/* Put the name of the exchange before the message: "exchange aws: --timeout must be ...". */
static enum sts_err blame(struct sts_error *e, size_t index)
{
	struct sts_error whole = *e;

	return sts_fail(e, e->code, e->detail, "exchange %s: %s", sts_config_name(&config, index),
			whole.msg);
}

static enum sts_err read_config(struct sts_plans *plans, const char *path, int snapshot,
				struct sts_error *e)
{
	enum sts_err err = sts_config_read(&config, path, e);

	memcpy(plans->digest, config.digest, sizeof(plans->digest));
	/* A snapshot that cannot be filled is empty. Then workers go without it. */
	if (err == STS_OK && snapshot >= 0)
		(void)sts_snapshot_fill(snapshot, config.text, config.text_bytes);
	return err;
}

enum sts_err sts_plans_make(struct sts_plans *plans, const struct sts_options *first,
			    char *const *argv, int snapshot)
{
	extern char **environ;
	struct sts_error *e = &plans->error;
	struct sts_options o = *first;
	struct sts_address address;
	uint16_t port;
	char warning[256] = "";

	plans->count = 1;
	if (first->config && read_config(plans, first->config, snapshot, e) != STS_OK)
		return e->code;
	if (first->config)
		plans->count = (uint32_t)sts_config_count(&config);
	plans->bytes = plans->count * (uint32_t)sizeof(struct sts_plan);
	for (uint32_t i = 0; i < plans->count; i++) {
		struct sts_plan *plan = &plans->plan[i];
		const char *name = first->config ? sts_config_name(&config, i) : "default";

		e->code = STS_OK;
		if (first->config)
			sts_options_read(&o, first->command, argv, environ, &config, (int)i,
					 warning, sizeof(warning), e);
		if (e->code == STS_OK)
			e->code = make_one(plans, plan, &o, e);
		if (e->code != STS_OK)
			return first->config ? blame(e, i) : e->code;
		memcpy(plan->name, name, strlen(name) + 1);
		plan->request_id = request_id(&o);
	}
	if (o.listen && !sts_listen_address_parse(o.listen, &address, &port))
		return sts_fail(e, STS_EUSAGE, 0,
				"--listen needs ADDR:PORT with an IP address, or :PORT: "
				"127.0.0.1:8080, [::1]:8080, :8080%s",
				strchr(o.listen, '%') ? STS_ADDRESS_ZONE_HINT : "");
	plans->listen = o.listen ? keep(plans, sts_slice_of(o.listen)) : 0;
	plans->require_sandbox = o.require_sandbox;
	plans->no_histogram = o.no_histogram;
	plans->revoke_timeout_ms = o.revoke_timeout_ms;
	plans->log_format = o.log_format;
	plans->log_level = o.log_level;
	return e->code = check_all(plans, e);
}
