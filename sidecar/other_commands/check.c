/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timefmt.h"
#include "log/print.h"
#include "log/progress.h"
#include "other_commands/commands.h"
#include "output/verdict.h"

#define LOOK_EVERY_MS 100
#define PRINT_MS      500 /* after --wait, for the reader of the answer */

static void print_json(const char *dir, const struct sts_verdict *v, struct sts_slice line,
		       const struct sts_status_now *now)
{
	int64_t skew_s = v->has_status ? sts_status_skew(&v->status, now) : 0;
	char buf[5184];
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_text_addf(&text, "{\"ok\":%s,\"dir\":", v->ok ? "true" : "false");
	sts_text_add_json_string(&text, sts_slice_of(dir));
	sts_text_addf(&text, ",\"reason\":");
	sts_text_add_json_string(&text, v->ok ? STS_SLICE("") : line);
	if (v->expires_s >= 0)
		sts_text_addf(&text, ",\"expires\":\"%s\",\"expires_in_s\":%lld",
			      sts_rfc3339(v->expires_s), (long long)(v->expires_s - now->real_s));
	if (v->has_status)
		sts_text_addf(&text,
			      ",\"error\":\"%s\",\"http_status\":%d,\"sts_error\":\"%s\","
			      "\"tries\":%u",
			      sts_error_info(v->status.error).name, v->status.http_status,
			      v->status.sts_error, (unsigned)v->status.tries);
	if (v->has_status && v->status.next_attempt_s > 0)
		sts_text_addf(&text, ",\"next_attempt\":\"%s\"",
			      sts_rfc3339(v->status.next_attempt_s));
	if (v->has_status && v->status.not_before_s > now->real_s)
		sts_text_addf(&text, ",\"not_before\":\"%s\"", sts_rfc3339(v->status.not_before_s));
	if (skew_s != 0)
		sts_text_addf(&text, ",\"clock_skew_s\":%lld", (long long)skew_s);
	if (v->ok && line.len > 0) {
		sts_text_addf(&text, ",\"note\":");
		sts_text_add_json_string(&text, line);
	}
	sts_text_add_str(&text, "}\n");
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, text.len});
}

static void print_valid(const struct sts_verdict *v, const struct sts_status_now *now)
{
	char line[sizeof(v->problem) + 64];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, "%s for ", v->problem);
	sts_duration_words(&text, v->expires_s - now->real_s);
	sts_text_add_char(&text, '\n');
	sts_print(STDOUT_FILENO, (struct sts_slice){line, text.len});
}

/* Show what a wait is for. */
static void show_progress(const struct sts_verdict *v, const struct sts_status_now *now,
			  int64_t give_up_ms)
{
	char line[STS_VERDICT_LINE_MAX_BYTES + 64];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, "%d s left: ", (int)((give_up_ms - now->boot_ms) / 1000));
	sts_verdict_explain(v, &text, now);
	sts_progress_show(line);
}

static bool check(const struct sts_options *o, const char *dir, int64_t give_up_ms)
{
	struct sts_status_now now;
	struct sts_verdict v;
	char line[STS_VERDICT_LINE_MAX_BYTES + 1];
	struct sts_text text;

	for (;;) {
		sts_status_now(&now);
		sts_verdict_look(&v, dir, o->min_ttl_ms, now.real_s);
		if (v.ok || sts_clock_boot_ms() >= give_up_ms)
			break;
		show_progress(&v, &now, give_up_ms);
		nanosleep(&(struct timespec){0, LOOK_EVERY_MS * 1000000L}, NULL);
	}
	sts_progress_end();
	sts_text_init(&text, line, sizeof(line));
	if (v.ok)
		sts_verdict_note(&v, &text, &now);
	else
		sts_verdict_explain(&v, &text, &now);
	if (v.ok && o->quiet)
		return true;
	if (o->json) {
		print_json(dir, &v, (struct sts_slice){line, text.len}, &now);
		return v.ok;
	}
	if (text.len > 0) {
		sts_text_add_char(&text, '\n');
		sts_print(STDERR_FILENO, (struct sts_slice){line, text.len});
	}
	if (v.ok)
		print_valid(&v, &now);
	return v.ok;
}

int sts_command_check(const struct sts_options *o)
{
	int64_t give_up_ms = sts_clock_boot_ms() + o->wait_ms;
	bool ok;

	if (o->wait_ms > 0)
		sts_print_until(give_up_ms + PRINT_MS);
	ok = check(o, o->output_dir, give_up_ms);
	for (size_t i = 0; i < o->list_count && ok; i++)
		ok = check(o, o->list[i].value.data, give_up_ms);
	return ok ? STS_EXIT_OK : STS_EXIT_NO;
}
