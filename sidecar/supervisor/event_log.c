/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/event_log.h"

#include <errno.h>
#include <string.h>

#include "base/errno_words.h"
#include "base/packed.h"
#include "base/timefmt.h"
#include "log/progress.h"
#include "output/largest.h"
#include "supervisor/renewal.h"
#include "tls/offer.h"

static void start(struct sts_log *l, const struct sts_exchange *x, enum sts_level level,
		  const char *msg)
{
	sts_log_start(l, level, msg);
	sts_log_str(l, "exchange", x->plan->name);
}

/* Add the mode of the files and the way to the STS, but only to the first line of an exchange. */
static void add_once(struct sts_log *l, struct sts_logged *logged, const struct sts_store *store,
		     const char *route)
{
	char mode[8] = {'0', (char)('0' + (store->mode >> 6 & 7)),
			(char)('0' + (store->mode >> 3 & 7)), (char)('0' + (store->mode & 7))};

	if (logged->once)
		return;
	logged->once = true;
	if (store->dir_fd >= 0)
		sts_log_str(l, "mode", mode);
	if (route[0])
		sts_log_str(l, "proxy", route);
	sts_log_str(l, "sts", sts_text_at(route, 1));
	sts_log_str(l, "sts_from", sts_text_at(route, 2));
}

/* ---- warnings ---- */

static __attribute__((noinline)) void warn(const struct sts_exchange *x, const char *msg,
					   const char *key, int64_t value)
{
	struct sts_log l;

	start(&l, x, STS_LEVEL_WARN, msg);
	if (key)
		sts_log_int(&l, key, value);
	sts_log_end(&l);
}

/* Warn when the clocks begin to differ by a minute or more, and when that is over. An answer that
 * is no success may come from a gateway with a clock of its own, so it does not end the
 * difference. */
static void warn_of_skew(const struct sts_exchange *x, struct sts_logged *logged,
			 const struct sts_report *report)
{
	int64_t skew_s = report->clock_skew_s;
	int8_t ahead = skew_s > 0 ? 1 : skew_s < 0 ? -1 : 0;
	char msg[200];
	struct sts_text text;

	/* An adoption has no Date, and some answers have none. */
	if (!(report->flags & STS_REPORT_DATED) || ahead == logged->ahead ||
	    (ahead == 0 && report->error != STS_OK))
		return;
	logged->ahead = ahead;
	if (ahead == 0) {
		warn(x, sts_words("the node's clock and the STS's clock agree again"), NULL, 0);
		return;
	}
	sts_text_init(&text, msg, sizeof(msg));
	sts_text_addf(&text, "the node's clock is ");
	sts_duration_words(&text, skew_s < 0 ? -skew_s : skew_s);
	sts_text_addf(&text, ahead < 0 ? " ahead of the STS's clock: programs on this node may "
					 "think that tokens have expired"
				       : " behind the STS's clock: programs on this node may "
					 "use tokens that have expired");
	sts_text_addf(&text, "; check the time synchronisation of both (NTP)");
	warn(x, msg, "clock_skew_s", skew_s);
}

static void warn_of_not_before(const struct sts_exchange *x, struct sts_logged *logged,
			       const struct sts_report *report, const struct sts_moment *now)
{
	bool is_later = report->not_before_s > 0;
	char msg[160];
	struct sts_text text;

	if (is_later && !logged->not_before) {
		sts_text_init(&text, msg, sizeof(msg));
		sts_text_addf(&text, "the returned token is valid only from %s on, in ",
			      sts_rfc3339(report->not_before_s));
		sts_duration_words(&text, report->not_before_s - now->real_ms / 1000);
		sts_text_addf(&text, ": check the clocks of the STS and of this node");
		warn(x, msg, NULL, 0);
	}
	logged->not_before = is_later;
}

static void warn_of_assumed(const struct sts_exchange *x, struct sts_logged *logged,
			    const struct sts_report *report)
{
	bool is_assumed = report->flags & STS_REPORT_ASSUMED;
	char msg[128];
	struct sts_text text;

	if (is_assumed && !logged->assumed) {
		sts_text_init(&text, msg, sizeof(msg));
		sts_text_addf(&text, "nothing in the answer says how long the token lives: "
				     "--default-ttl counts, ");
		sts_duration_words(&text, report->lifetime_s);
		warn(x, msg, "lifetime_s", report->lifetime_s);
	}
	logged->assumed = is_assumed;
}

/* Warn that no token is valid for a while before each refresh, since a subject token may be sent
 * once. How late the kubelet's sync comes cannot be known in advance. */
static __attribute__((noinline)) void warn_of_gap(const struct sts_exchange *x,
						  struct sts_logged *logged)
{
	struct sts_renewal_gap gap;
	bool is_gap = sts_renewal_gap(x, &gap);
	char msg[240], hint[160];
	struct sts_text text;
	struct sts_log l;

	if (is_gap && !logged->gap) {
		sts_text_init(&text, msg, sizeof(msg));
		sts_text_addf(&text, "a subject token may be sent once, and the issued token ends "
				     "before the kubelet's next one comes: no token is valid for ");
		sts_duration_words(&text, gap.gap_s);
		sts_text_addf(&text, ", and for up to %d s more (the kubelet's sync)",
			      STS_RENEWAL_SYNC_S);
		start(&l, x, STS_LEVEL_WARN, msg);
		sts_log_int(&l, "gap_s", gap.gap_s);
		sts_text_init(&text, hint, sizeof(hint));
		sts_text_addf(&text,
			      "set expirationSeconds of the projected token to %lld%s let the STS "
			      "issue tokens that live for %lld s",
			      (long long)gap.expiration_s, gap.needs_both ? ", and" : ", or",
			      (long long)gap.lifetime_s);
		sts_log_str(&l, "hint", hint);
		sts_log_end(&l);
	}
	logged->gap = is_gap;
}

#define FAILURES_TOLD 3

/* Warn of the gate at which three attempts in a row have failed. Not everybody may execute `doctor`
 * in a Pod. */
static void warn_of_gate(const struct sts_exchange *x, struct sts_logged *logged, const char *proxy,
			 const struct sts_report *report)
{
	/* the first gate that was not passed, if an attempt ends in a stage */
	static const uint8_t ends[STS_STAGE__COUNT] = {
		[STS_STAGE_INPUTS] = STS_GATE_SUBJECT, [STS_STAGE_CONNECT] = STS_GATE_CLOCK,
		[STS_STAGE_TLS] = STS_GATE_TLS,        [STS_STAGE_REQUEST] = STS_GATE_ANSWER,
		[STS_STAGE_ANSWER] = STS_GATE_ANSWER,  [STS_STAGE_CHECK] = STS_GATE_ANSWER,
		[STS_STAGE_WRITE] = STS_GATE_SIDECAR,
	};
	uint8_t gate = (uint8_t)sts_report_gate(report);
	uint8_t end = gate == STS_GATE_CONNECT ? gate : ends[report->stage];
	uint32_t absent = 1u << gate | 1u << STS_GATE_CLOCK |
			  (uint32_t)!proxy[0] << STS_GATE_PROXY |
			  (uint32_t)!report->tls.suite << STS_GATE_TLS;
	char passed[96];
	struct sts_text text;
	struct sts_log l;

	logged->failures = gate == logged->gate ? logged->failures : 0;
	logged->gate = gate;
	if (x->plan->once || logged->failures == FAILURES_TOLD ||
	    ++logged->failures < FAILURES_TOLD)
		return;
	sts_text_init(&text, passed, sizeof(passed));
	for (uint8_t i = 0; i < end; i++)
		if (!(absent >> i & 1))
			sts_text_addf(&text, text.len > 0 ? ", %s" : "%s", sts_gate_name(i));
	start(&l, x, STS_LEVEL_WARN,
	      sts_words("three attempts in a row have failed at one gate: sts-sidecar doctor looks "
			"at all of them"));
	sts_log_str(&l, "gate", sts_gate_name(gate));
	if (text.len > 0)
		sts_log_str(&l, "passed", passed);
	sts_log_end(&l);
}

static void warnings(const struct sts_exchange *x, struct sts_logged *logged, const char *proxy,
		     enum sts_outcome outcome, const struct sts_report *report,
		     const struct sts_moment *now)
{
	if (outcome == STS_OUTCOME_SUCCESS || outcome == STS_OUTCOME_WAITS)
		warn_of_gap(x, logged);
	if (outcome != STS_OUTCOME_SUCCESS && outcome != STS_OUTCOME_FAILURE)
		return;
	warn_of_skew(x, logged, report);
	if (outcome == STS_OUTCOME_FAILURE) {
		warn_of_gate(x, logged, proxy, report);
		return;
	}
	logged->failures = 0;
	if (report->flags & STS_REPORT_ADOPTED)
		return;
	warn_of_not_before(x, logged, report, now);
	warn_of_assumed(x, logged, report);
}

/* ---- one line for each outcome ---- */

static void success(struct sts_log *l, const struct sts_exchange *x,
		    const struct sts_report *report, int64_t duration_ms,
		    const struct sts_moment *now)
{
	start(l, x, STS_LEVEL_INFO,
	      report->flags & STS_REPORT_ADOPTED ? "token adopted"
	      : x->key == STS_KEY_RENEWED
		      ? sts_words("token refreshed: the signing certificate changed")
	      : x->key == STS_KEY_OUT_OF_STEP
		      ? sts_words("token refreshed, still with the old signing certificate: two "
				  "replicas of the STS may be out of step")
		      : "token refreshed");
	sts_log_time(l, "expires", report->expires_s);
	sts_log_int(l, "lifetime_s", report->lifetime_s);
	if (sts_exchange_attempt_ms(x) >= 0)
		sts_log_int(l, "next_refresh_s",
			    (sts_exchange_attempt_ms(x) - now->boot_ms + 500) / 1000);
	sts_log_int(l, "duration_ms", duration_ms);
}

/* Add the hint: the meaning of the error and what to do, for example "the STS refused the
 * request: check its log". The meaning is left out if the message begins
 * with it. */
static void add_hint(struct sts_log *l, const struct sts_report *report, const char *msg)
{
	enum sts_err err = (enum sts_err)report->error;
	const char *meaning = sts_error_meaning(err);
	char hint[256];
	struct sts_text text;

	sts_text_init(&text, hint, sizeof(hint));
	if (strncmp(msg, meaning, strlen(meaning)) != 0) {
		sts_text_add_str(&text, meaning);
		sts_text_add_str(&text, ": ");
	}
	sts_text_add_str(&text, sts_error_hint_for(err, report->detail, msg));
	sts_log_str(l, "hint", hint);
}

/* Add how often and how long `fetch` has tried, to the line of its last failure. */
static void add_gave_up(struct sts_log *l, const struct sts_exchange *x,
			const struct sts_moment *now)
{
	char words[80];
	struct sts_text text;

	if (!x->plan->once || sts_exchange_exit_status(x) < 0 || x->status.attempts < 2)
		return;
	sts_text_init(&text, words, sizeof(words));
	sts_text_addf(&text, "after %u attempts in ", (unsigned)x->status.attempts);
	sts_duration_words(&text, (now->boot_ms - x->deadline_ms + x->plan->deadline_ms) / 1000);
	sts_log_str(l, "gave_up", words);
}

static void failure(struct sts_log *l, const struct sts_exchange *x,
		    const struct sts_report *report, const struct sts_moment *now)
{
	const struct sts_error_info info = sts_error_info((enum sts_err)report->error);
	int64_t valid_ms = x->schedule.token_until_ms - now->boot_ms;
	bool waits = x->state == STS_EXCHANGE_SPENT;
	const char *msg = report->text[0] ? report->text
					  : sts_error_meaning((enum sts_err)report->error);
	char waiting[128];
	struct sts_text text;

	if (waits) {
		sts_text_init(&text, waiting, sizeof(waiting));
		sts_status_add_subject_wait(&text, &x->status, now->boot_ms);
		sts_text_addf(&text, ": this one was sent already");
	}
	start(l, x,
	      !waits                                 ? STS_LEVEL_ERROR
	      : valid_ms <= 0 || report->http_status ? STS_LEVEL_WARN
						     : STS_LEVEL_INFO,
	      waits ? waiting : msg);
	if (waits && report->http_status)
		sts_log_str(l, "reason", msg);
	sts_log_str(l, "error", info.name);
	if (report->sts_error[0])
		sts_log_str(l, "sts_error", report->sts_error);
	if (sts_exchange_attempt_ms(x) >= 0)
		sts_log_int(l, "retry_in_s",
			    (sts_exchange_attempt_ms(x) - now->boot_ms + 500) / 1000);
	sts_log_int(l, "token_valid_s", valid_ms > 0 ? valid_ms / 1000 : 0);
	add_gave_up(l, x, now);
	if (!waits || !x->status.wait_name[0])
		add_hint(l, report, msg);
}

/* On a full disk, add which files of the output directory use it up. */
static __attribute__((noinline)) void add_largest(struct sts_log *l, const struct sts_store *store,
						  const struct sts_report *report)
{
	char largest[STS_LARGEST_TEXT_BYTES];
	struct sts_text text;

	if (report->error != STS_EOUTPUT || store->dir_fd < 0 ||
	    (report->detail != ENOSPC && report->detail != EDQUOT))
		return;
	sts_text_init(&text, largest, sizeof(largest));
	sts_largest_files(&text, store->dir_fd);
	if (text.len > 0)
		sts_log_str(l, "largest", largest);
}

static void poll(struct sts_log *l, const struct sts_exchange *x, enum sts_outcome outcome,
		 const struct sts_report *report)
{
	if (outcome == STS_OUTCOME_POLL_OFF)
		start(l, x, STS_LEVEL_INFO,
		      sts_words("the STS has no sig-cert endpoint: key rotation is noticed at the "
				"next refresh"));
	else if (outcome == STS_OUTCOME_POLL_GONE)
		start(l, x, STS_LEVEL_WARN,
		      sts_words("the STS's sig-cert endpoint has answered before, but is not there "
				"now: it is asked again at the usual interval"));
	else
		start(l, x, STS_LEVEL_WARN, report->text);
	if (report->error != STS_OK)
		sts_log_str(l, "error", sts_error_info((enum sts_err)report->error).name);
}

/* Add the name of something, or another text; without it nothing is added. */
static void add_name(struct sts_log *l, const char *key, const char *name)
{
	if (name)
		sts_log_str(l, key, name);
}

#define SUITES_13 0x13 /* the first byte of the suites of TLS 1.3, and of no other */

/* Log what was agreed on in the TLS handshake. The numbers are the worker's; a number that this
 * program does not offer has no name, and is left out. */
static __attribute__((noinline)) void tls(const struct sts_exchange *x,
					  const struct sts_report_tls *t)
{
	struct sts_log l;

	if (t->suite == 0)
		return;
	start(&l, x, STS_LEVEL_DEBUG, "TLS handshake");
	sts_log_str(&l, "version", t->suite >> 8 == SUITES_13 ? "1.3" : "1.2");
	add_name(&l, "group", sts_tls_group_name(t->group));
	add_name(&l, "suite", sts_tls_suite_name(t->suite));
	add_name(&l, "signature", sts_tls_scheme_name(t->scheme));
	sts_log_int(&l, "certificates", t->certificates);
	sts_log_end(&l);
}

void sts_event_log_outcome(const struct sts_exchange *x, struct sts_logged *logged,
			   const struct sts_store *store, const char *route,
			   enum sts_outcome outcome, const struct sts_report *report,
			   int64_t duration_ms, const struct sts_moment *now)
{
	struct sts_log l;

	if (outcome == STS_OUTCOME_NOTHING)
		return;
	tls(x, &report->tls);
	if (outcome == STS_OUTCOME_SUCCESS)
		success(&l, x, report, duration_ms, now);
	else if (outcome == STS_OUTCOME_FAILURE || outcome == STS_OUTCOME_WAITS) {
		failure(&l, x, report, now);
		add_largest(&l, store, report);
	} else
		poll(&l, x, outcome, report);
	if (outcome <= STS_OUTCOME_FAILURE)
		add_once(&l, logged, store, route);
	sts_log_end(&l);
	warnings(x, logged, route, outcome, report, now);
}

int sts_event_log_cannot_start(const struct sts_error *e)
{
	const struct sts_error_info info = sts_error_info(e->code);
	struct sts_log l;

	sts_log_start(&l, STS_LEVEL_ERROR, e->msg);
	sts_log_str(&l, "error", info.name);
	sts_log_str(&l, "hint", sts_error_hint_for(e->code, e->detail, e->msg));
	sts_log_end(&l);
	return info.exit_status;
}

void sts_event_log_refused(const struct sts_error *e)
{
	struct sts_log l;

	sts_log_start(&l, STS_LEVEL_WARN, e->msg);
	sts_log_str(&l, "error", sts_error_info(e->code).name);
	sts_log_str(
		&l, "hint",
		sts_words(
			e->code == STS_EUSAGE
				? "the configuration that is in use stays so: mend the file, and "
				  "send HUP"
				: "the configuration that is in use stays so, and the file is read "
				  "again soon"));
	sts_log_end(&l);
}

void sts_event_log_hang(const struct sts_error *e, const char *exchange)
{
	const struct sts_error_info info = sts_error_info(e->code);
	struct sts_log l;

	sts_log_start(&l, STS_LEVEL_WARN, e->msg);
	if (exchange)
		sts_log_str(&l, "exchange", exchange);
	sts_log_str(&l, "error", info.name);
	sts_log_str(&l, "hint", sts_error_hint_for(e->code, e->detail, e->msg));
	sts_log_end(&l);
}

void sts_event_log_unwatched(int err)
{
	struct sts_log l;

	sts_log_start(
		&l, STS_LEVEL_WARN,
		sts_words(
			"changes of the subject token, the CA files and the configuration file are "
			"noticed late, with the next attempt: they cannot be watched"));
	sts_log_str(&l, "reason", sts_errno_words(err));
	if (err == ENOSPC)
		sts_log_str(&l, "hint", sts_words("raise fs.inotify.max_user_watches on the node"));
	if (err == EMFILE || err == ENFILE)
		sts_log_str(&l, "hint",
			    sts_words("raise fs.inotify.max_user_instances on the node, or the "
				      "limit of open files"));
	sts_log_end(&l);
}

void sts_event_log_revoked(const struct sts_exchange *x, const char *reason)
{
	struct sts_log l;

	/* These are plain texts: sts_words() would overwrite a reason that is its text. */
	start(&l, x, reason ? STS_LEVEL_WARN : STS_LEVEL_INFO,
	      reason ? "the token was not revoked" : "token revoked");
	add_name(&l, "reason", reason);
	sts_log_end(&l);
}

void sts_event_log_waiting(const struct sts_exchange *x)
{
	char msg[32 + STS_STATUS_NAME_MAX_BYTES];
	struct sts_text text;

	sts_text_init(&text, msg, sizeof(msg));
	sts_text_addf(&text, "waiting for exchange %s", x->status.wait_name);
	sts_event_log_about(STS_LEVEL_INFO, msg, x->plan->name);
}

void sts_event_log_about(enum sts_level level, const char *msg, const char *exchange)
{
	struct sts_log l;

	sts_log_start(&l, level, msg);
	sts_log_str(&l, "exchange", exchange);
	sts_log_end(&l);
}

void sts_event_log_plain(enum sts_level level, const char *msg)
{
	struct sts_log l;

	sts_log_start(&l, level, msg);
	sts_log_end(&l);
}

/* ---- what `fetch` is doing ---- */

static __attribute__((noinline)) void add_doing(struct sts_text *out, const struct sts_exchange *x,
						int64_t now_ms)
{
	unsigned attempt = (unsigned)x->status.attempts + 1;

	if (x->status.wait == STS_WAIT_EXCHANGE) {
		sts_text_addf(out, "waiting for exchange %s", x->status.wait_name);
	} else if (sts_exchange_busy(x)) {
		sts_text_addf(out, "attempt %u has been running for ", attempt);
		sts_duration_words(out, (now_ms - x->started_ms) / 1000);
	} else {
		sts_text_addf(out, "attempt %u follows in ", attempt);
		sts_duration_words(out, (x->next_ms - now_ms + 999) / 1000);
	}
	if (x->status.error != STS_OK)
		sts_text_addf(out, ", the last one failed: %s",
			      sts_error_info(x->status.error).name);
}

bool sts_event_log_progress(const struct sts_exchange *x, int64_t now_ms)
{
	char line[200];
	struct sts_text text;

	if (sts_log_format() == STS_LOG_FORMAT_JSON)
		return false;
	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, "%d s left: ", (int)((x->deadline_ms - now_ms) / 1000));
	add_doing(&text, x, now_ms);
	return sts_progress_show(line);
}

void sts_event_log_stopped(const struct sts_exchange *x, int64_t now_ms)
{
	char line[240];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	sts_text_add_str(&text, sts_error_meaning(STS_ESTOPPED));
	if (x) {
		sts_text_addf(&text, ": ");
		add_doing(&text, x, now_ms);
	}
	sts_event_log_plain(STS_LEVEL_INFO, line);
}
