/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/error.h"
#include "base/packed.h"
#include "base/timefmt.h"
#include "log/print.h"
#include "other_commands/commands.h"
#include "other_commands/other_process.h"
#include "output/lock.h"
#include "output/status.h"
#include "output/verdict.h"

#define LOOK_EVERY_MS 50
#define PRINT_MS      500 /* after --timeout, for the reader of the answer */

static int print_line(struct sts_text *line, int fd, int status)
{
	sts_text_add_char(line, '\n');
	sts_print(fd, (struct sts_slice){line->data, line->len});
	return status;
}

/* The answer of the sidecar to the request, as its status file shows it. */
enum answer {
	NOT_YET,
	ENDED,         /* an attempt was started after the request, and has ended */
	SOURCE_FAILED, /* the same of the exchange whose token this exchange waits for */
	LOST,          /* this exchange is not tried any more */
};

/*
 * Find the answer in a status.
 *   before    in  the status before the request
 *   after     in  the status now
 *   asked_ms  in  when the request was sent, in BOOTTIME
 */
static enum answer answer_of(const struct sts_status *before, const struct sts_status *after,
			     int64_t asked_ms, const struct sts_status_now *now)
{
	if (after->boot_id[0] && now->boot_id[0] && strcmp(after->boot_id, now->boot_id) != 0)
		return NOT_YET;
	if (after->wait == STS_WAIT_LOST)
		return LOST;
	/* A time in the future is not the time of an attempt that has ended: another program has
	 * written the status file. */
	if (after->tried_ms >= asked_ms && after->tried_ms <= now->boot_ms)
		return ENDED;
	if (after->wait == STS_WAIT_EXCHANGE && after->source_tried_ms >= asked_ms)
		return SOURCE_FAILED;
	/* A sidecar of a former version does not write tried_ms. It only counts its attempts. */
	return after->tried_ms == 0 && after->attempts > 0 && after->attempts != before->attempts
		       ? ENDED
		       : NOT_YET;
}

static int print_answer(const struct sts_options *o, enum answer answer,
			const struct sts_status *status, const struct sts_status_now *now)
{
	char line[768];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	if (answer == SOURCE_FAILED) {
		sts_text_addf(&text,
			      "not refreshed: this exchange waits for the first token of exchange "
			      "%s, whose attempt has failed: run `sts-sidecar check` with the "
			      "directory of exchange %s",
			      status->wait_name, status->wait_name);
		return print_line(&text, STDERR_FILENO, STS_EXIT_TRANSIENT);
	}
	if (answer == ENDED && status->error == STS_OK) {
		sts_text_addf(&text, "refreshed the token in ");
		sts_text_add_escaped(&text, sts_slice_of(o->output_dir), 200);
		return print_line(&text, STDOUT_FILENO, STS_EXIT_OK);
	}
	sts_status_explain(&text, "not refreshed", status, now);
	return print_line(&text, STDERR_FILENO,
			  answer == LOST ? STS_EXIT_TRANSIENT
					 : sts_error_info(status->error).exit_status);
}

/* Add what the status file shows about the attempt that has not ended in time. Returns whether the
 * STS or the time may be the cause. */
static bool add_known(struct sts_text *out, const struct sts_status *status,
		      const struct sts_status_now *now)
{
	if (strcmp(status->boot_id, now->boot_id) != 0 || !now->boot_id[0])
		return true;
	if (status->state == STS_STATE_STOPPED) {
		sts_text_addf(out, ": the sidecar has stopped");
		return false;
	}
	if (status->wait == STS_WAIT_EXCHANGE) {
		sts_text_addf(out, ": this exchange waits for the first token of exchange %s",
			      status->wait_name);
		return false;
	}
	if (status->trying_ms > 0) {
		sts_text_addf(out, ": an attempt has been running for ");
		sts_duration_words(out, (now->boot_ms - status->trying_ms) / 1000);
	} else if (status->next_ms > now->boot_ms) {
		sts_text_addf(out, ": the next attempt is planned in ");
		sts_duration_words(out, (status->next_ms - now->boot_ms - 1) / 1000 + 1);
	} else if (status->next_ms == 0) {
		sts_text_addf(out, ": no attempt follows, since `fetch` has finished this "
				   "exchange");
		return false;
	}
	return true;
}

static int print_late(const struct sts_options *o, int dir_fd, const struct sts_status *status,
		      const struct sts_status_now *now)
{
	const struct sts_error_info info = sts_error_info(STS_ETIMEOUT);
	struct statfs fs;
	int err = sts_verdict_full(dir_fd, &fs);
	char line[512];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, "sts-sidecar: no result in time from the sts-sidecar that owns ");
	sts_text_add_escaped(&text, sts_slice_of(o->output_dir), 100);
	/* On a full file system the status is old or missing, and does not say why. */
	if (err != 0)
		sts_text_addf(&text, ": nothing can be written there: %s; %s", sts_errno_words(err),
			      sts_error_hint(STS_EOUTPUT, err));
	else if (add_known(&text, status, now))
		sts_text_addf(&text, "; %s", sts_error_hint(STS_ETIMEOUT, 0));
	return print_line(&text, STDERR_FILENO, info.exit_status);
}

/* Wait for the answer to a request that was sent at now->boot_ms, until --timeout is over. */
static int await(const struct sts_options *o, int dir_fd, const struct sts_status *before,
		 struct sts_status_now *now)
{
	int64_t asked_ms = now->boot_ms, give_up_ms = asked_ms + o->timeout_ms;
	struct sts_status after = {0};

	sts_print_until(give_up_ms + PRINT_MS);
	for (;;) {
		enum answer answer;

		if (!sts_status_read(dir_fd, &after))
			after = (struct sts_status){0};
		now->real_s = sts_clock_real_ms() / 1000;
		now->boot_ms = sts_clock_boot_ms();
		answer = answer_of(before, &after, asked_ms, now);
		if (answer != NOT_YET)
			return print_answer(o, answer, &after, now);
		if (now->boot_ms >= give_up_ms)
			return print_late(o, dir_fd, &after, now);
		nanosleep(&(struct timespec){0, LOOK_EVERY_MS * 1000000L}, NULL);
	}
}

/* Print that nobody can be asked. The hint of STS_ELOCKED is for somebody who starts a sidecar. */
static int print_not_asked(const char *what, int err, const char *dir)
{
	char line[512];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, "sts-sidecar: %s ", what);
	sts_text_add_escaped(&text, sts_slice_of(dir), 100);
	if (err != 0)
		sts_text_addf(&text, ": %s", sts_errno_words(err));
	sts_text_addf(&text, "; use this command in the container of the sidecar, as its user, "
			     "while it runs");
	return print_line(&text, STDERR_FILENO, sts_error_info(STS_ELOCKED).exit_status);
}

/* The hints of STS_EOUTPUT are for somebody who starts a sidecar, too. */
static int fail_to_look(int err, const char *dir)
{
	struct sts_error e;

	sts_fail(&e, STS_EOUTPUT, err, "cannot look into %s: %s", sts_shown_str(dir, 100),
		 err == ENOENT ? "no such directory" : sts_errno_words(err));
	return sts_complain_with(&e, sts_words("name the output directory of the sidecar"));
}

int sts_command_refresh(const struct sts_options *o)
{
	struct sts_status before = {0};
	struct sts_status_now now;
	int dir_fd = open(o->output_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t owner;
	int status;

	if (dir_fd < 0)
		return fail_to_look(errno, o->output_dir);
	owner = sts_lock_owner(dir_fd);
	sts_status_read(dir_fd, &before);
	/* The time is taken before the signal, so the attempt is started later than this time. */
	sts_status_now(&now);
	/* SIGHUP ends most programs, so only an sts-sidecar process gets it. */
	if (owner == 0 || !sts_is_our_kind(owner))
		status = print_not_asked(
			sts_words("no running sts-sidecar that this process can see owns"), 0,
			o->output_dir);
	else if (kill(owner, SIGHUP) != 0)
		status = print_not_asked(sts_words("cannot signal the sts-sidecar that owns"),
					 errno, o->output_dir);
	else
		status = await(o, dir_fd, &before, &now);
	close(dir_fd);
	return status;
}
