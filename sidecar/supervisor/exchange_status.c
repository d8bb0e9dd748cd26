/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/exchange_status.h"

#include <string.h>

#include "base/sizes.h"

/* The status names the latest time at which the next news is due. This much is added to that time:
 * one second, since a worker is killed one second after its timeout, and the rest for a machine
 * that is busy or was just suspended. */
#define SLACK_MS 31000

_Static_assert(STS_KNOWN_CODE_MAX_BYTES <= STS_CODE_MAX_BYTES, "a report has room for known codes");

/* Note what an attempt tells about the clocks. Without a Date, the difference that was known before
 * still counts, changed by the steps of the node's clock since then. If the first answer has no
 * Date, the clocks are taken to agree. */
static void note_clocks(struct sts_exchange *x, const struct sts_report *report,
			const struct sts_moment *now)
{
	struct sts_status *s = &x->status;
	int64_t clock_ms = now->real_ms - now->boot_ms;
	bool is_dated = report->flags & STS_REPORT_DATED;

	if (is_dated || (report->http_status != 0 && x->sts_clock_ms == 0))
		x->sts_clock_ms = clock_ms + report->clock_skew_s * 1000;
	if (is_dated)
		s->clock_skew_s = report->clock_skew_s;
	else if (s->clock_skew_s != 0)
		s->clock_skew_s = (x->sts_clock_ms - clock_ms) / 1000;
	if (s->clock_skew_s >= -STS_CLOCKS_SAME_S && s->clock_skew_s <= STS_CLOCKS_SAME_S)
		s->clock_skew_s = 0;
}

void sts_exchange_note(struct sts_exchange *x, const struct sts_report *report,
		       const struct sts_moment *now)
{
	struct sts_status *s = &x->status;
	bool failed = report->error != STS_OK;
	size_t len = strnlen(report->sts_error, sizeof(report->sts_error));

	if (report->error != STS_ESUBJECT_USED)
		s->state = failed ? STS_STATE_FAILING : STS_STATE_OK;
	s->error = (enum sts_err)report->error;
	s->detail = report->detail;
	s->http_status = report->http_status;
	s->tries = x->schedule.failures;
	s->attempts++;
	memset(s->sts_error, 0, sizeof(s->sts_error));
	if (len < sizeof(s->sts_error) && sts_status_code_known(report->sts_error))
		memcpy(s->sts_error, report->sts_error, len);
	memset(s->text, 0, sizeof(s->text));
	if (failed)
		memcpy(s->text, report->text, strnlen(report->text, sizeof(s->text) - 1));
	s->last_attempt_s = now->real_ms / 1000;
	note_clocks(x, report, now);
	if (!failed) {
		s->last_success_s = s->last_attempt_s;
		s->not_before_s = report->not_before_s;
	}
	s->tried_ms = x->started_ms;
	s->ended_ms = x->ended_ms;
	x->status_changed = true;
}

static int64_t real_s(int64_t boot_ms, const struct sts_moment *now)
{
	return (now->real_ms + boot_ms - now->boot_ms) / 1000;
}

static void describe_times(struct sts_exchange *x, const struct sts_moment *now)
{
	struct sts_status *s = &x->status;
	int64_t next_ms = sts_exchange_attempt_ms(x);

	if (sts_exchange_busy(x)) {
		s->trying_ms = x->started_ms;
		s->next_ms = 0;
		s->next_attempt_s = real_s(x->started_ms, now);
		s->latest_ms = x->started_ms + x->timeout_ms + SLACK_MS;
		return;
	}
	s->trying_ms = 0;
	s->next_ms = next_ms < 0 ? 0 : next_ms;
	s->next_attempt_s = next_ms < 0 ? 0 : real_s(next_ms, now);
	s->latest_ms = next_ms < 0 ? 0 : next_ms + x->plan->queue_ms + SLACK_MS;
}

/* While an attempt runs, the status keeps what the exchange waited for before. */
static void describe_wait(struct sts_exchange *x)
{
	struct sts_status *s = &x->status;

	if (sts_exchange_busy(x))
		return;
	if (x->state == STS_EXCHANGE_CHAINED)
		s->wait = STS_WAIT_EXCHANGE;
	else if (x->state == STS_EXCHANGE_SPENT)
		s->wait = STS_WAIT_SUBJECT;
	else if (x->state != STS_EXCHANGE_ENDED)
		s->wait = STS_WAIT_NONE;
	if (s->wait == STS_WAIT_NONE || (s->wait == STS_WAIT_SUBJECT && x->plan->depends_on < 0)) {
		memset(s->wait_name, 0, sizeof(s->wait_name));
		s->source_tried_ms = 0;
	}
}

void sts_exchange_describe(struct sts_exchange *x, const struct sts_moment *now)
{
	const struct sts_status *s = &x->status;
	int64_t trying_ms = s->trying_ms, next_ms = s->next_ms, latest_ms = s->latest_ms;
	enum sts_wait wait = s->wait;

	describe_times(x, now);
	describe_wait(x);
	if (trying_ms != s->trying_ms || next_ms != s->next_ms || latest_ms != s->latest_ms ||
	    wait != s->wait)
		x->status_changed = true;
}
