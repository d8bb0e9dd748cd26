/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "../lib/answer.h"
#include "../lib/clock.h"
#include "../lib/file.h"
#include "../lib/jwt.h"
#include "../lib/status.h"
#include "../lib/store.h"
#include "../lib/timefmt.h"
#include "commands.h"

#define LOOK_EVERY_MS 100

static char token[STS_TOKEN_MAX_BYTES + 1], scratch[STS_TOKEN_MAX_BYTES + 1];

/* What was found, once. */
struct finding {
	bool ok;
	int64_t expires_s; /* -1: unknown */
	bool has_status;
	struct sts_status status;
	char problem[256];
};

static void problem(struct finding *f, const struct sts_options *o, const char *before,
		    const char *after, const char *words)
{
	struct sts_text text;

	sts_text_init(&text, f->problem, sizeof(f->problem));
	sts_text_add_str(&text, before);
	sts_text_add_escaped(&text, sts_slice_of(o->output_dir), 100);
	sts_text_add_str(&text, after);
	sts_text_add_str(&text, words);
}

static void read_status(int dir_fd, struct finding *f)
{
	char buf[STS_STATUS_MAX_BYTES];
	size_t len;

	f->has_status = sts_file_read(dir_fd, STS_FILE_STATUS, STS_FILE_NOFOLLOW, buf, sizeof(buf),
				      &len) == 0 &&
			sts_status_parse((struct sts_slice){buf, len}, &f->status);
}

/* The earlier of `expires` and the token's own `exp`. */
static int64_t expiry(const struct sts_stored *stored)
{
	struct sts_jwt_claims claims;
	int64_t expires_s = stored->expires_errno ? -1 : stored->expires_s;

	if (sts_jwt_times(stored->token, scratch, sizeof(scratch), &claims, NULL) == STS_OK &&
	    claims.exp_s >= 0 && (expires_s < 0 || claims.exp_s < expires_s))
		expires_s = claims.exp_s;
	return expires_s;
}

static void judge(const struct sts_options *o, const struct sts_stored *stored, struct finding *f,
		  int64_t now_s)
{
	int64_t left_s;
	struct sts_text text;

	if (stored->token_errno == ENOENT)
		problem(f, o, "no token in ", "", "");
	else if (stored->token_errno)
		problem(f, o, "the token in ",
			" cannot be used: ", sts_errno_words(stored->token_errno));
	else if ((f->expires_s = expiry(stored)) < 0)
		problem(f, o, "the token in ", " has no expiry that can be read: expires: ",
			sts_errno_words(stored->expires_errno));
	if (f->problem[0])
		return;
	left_s = f->expires_s - now_s;
	f->ok = left_s > 0 && left_s * 1000 >= o->min_ttl_ms;
	if (f->ok)
		return;
	sts_text_init(&text, f->problem, sizeof(f->problem));
	sts_text_add_str(&text, "the token in ");
	sts_text_add_escaped(&text, sts_slice_of(o->output_dir), 100);
	sts_text_add_str(&text, left_s > 0 ? " is valid for only " : " expired ");
	sts_duration_words(&text, left_s > 0 ? left_s : -left_s);
	sts_text_add_str(&text, left_s > 0 ? " more" : " ago");
}

static void look(const struct sts_options *o, struct finding *f, int64_t now_s)
{
	struct sts_stored stored;
	int dir_fd = open(o->output_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*f = (struct finding){.expires_s = -1};
	if (dir_fd < 0) {
		problem(f, o, "cannot look into ", ": ", sts_errno_words(errno));
		return;
	}
	sts_stored_read(dir_fd, token, sizeof(token), &stored);
	judge(o, &stored, f, now_s);
	read_status(dir_fd, f);
	close(dir_fd);
}

static void print_json(const struct sts_options *o, const struct finding *f,
		       struct sts_slice reason, int64_t now_s)
{
	char buf[2048], when[STS_RFC3339_BYTES];
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_text_addf(&text, "{\"ok\":%s,\"dir\":\"", f->ok ? "true" : "false");
	sts_text_add_json(&text, sts_slice_of(o->output_dir));
	sts_text_add_str(&text, "\",\"reason\":\"");
	sts_text_add_json(&text, reason);
	sts_text_add_char(&text, '"');
	if (f->expires_s >= 0) {
		sts_rfc3339_format(f->expires_s, when);
		sts_text_addf(&text, ",\"expires\":\"%s\",\"expires_in_s\":%lld", when,
			      (long long)(f->expires_s - now_s));
	}
	if (f->has_status)
		sts_text_addf(&text, ",\"error\":\"%s\",\"tries\":%u",
			      sts_error_info(f->status.error).name, (unsigned)f->status.tries);
	sts_text_add_str(&text, "}\n");
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, text.len});
}

int sts_command_check(const struct sts_options *o)
{
	int64_t give_up_ms = sts_clock_boot_ms() + o->wait_ms, now_s;
	struct finding f;
	char line[768];
	struct sts_text text;

	for (;;) {
		now_s = sts_clock_real_ms() / 1000;
		look(o, &f, now_s);
		if (f.ok || sts_clock_boot_ms() >= give_up_ms)
			break;
		nanosleep(&(struct timespec){0, LOOK_EVERY_MS * 1000000L}, NULL);
	}
	sts_text_init(&text, line, sizeof(line));
	if (!f.ok)
		sts_status_explain(&text, f.problem, f.has_status ? &f.status : NULL, now_s);
	if (o->json)
		print_json(o, &f, (struct sts_slice){line, text.len}, now_s);
	else if (!f.ok) {
		sts_text_add_char(&text, '\n');
		sts_print(STDERR_FILENO, (struct sts_slice){line, text.len});
	}
	return f.ok ? STS_EXIT_OK : STS_EXIT_NO;
}
