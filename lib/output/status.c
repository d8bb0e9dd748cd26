/* SPDX-License-Identifier: Apache-2.0 */
#include "output/status.h"

#include <stddef.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/errno_words.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/sizes.h"
#include "base/timefmt.h"
#include "output/files.h"
#include "protocol/table.h"

#define MAGIC     "sts-sidecar-status 1" /* the first line of the file */
#define READS_MAX 3                      /* of a file that is not whole */
#define OVERDUE_S 120 /* by REALTIME; an attempt with the default --timeout takes less */

#define KEY_BEHIND     "clock_behind"
#define KEY_AHEAD      "clock_ahead"
#define KEY_NOT_BEFORE "not_before"

static const char state_names[STS_STATE__COUNT][9] = {
	[STS_STATE_STARTING] = "starting",
	[STS_STATE_OK] = "ok",
	[STS_STATE_FAILING] = "failing",
	[STS_STATE_STOPPED] = "stopped",
};

/* The numbers in the file. Both the writer and the reader use this table. */
static const struct number {
	char key[13]; /* no pointer, which would be larger, and would need a relocation */
	uint8_t size;
	uint16_t offset;
	uint64_t max;
} numbers[] = {
#define NUMBER(key, field, max) \
	{ \
		key, sizeof(((struct sts_status *)0)->field), offsetof(struct sts_status, field), \
			max \
	}
	NUMBER("detail", detail, INT32_MAX),
	NUMBER("http_status", http_status, 599),
	NUMBER("tries", tries, UINT32_MAX),
	NUMBER("attempts", attempts, INT64_MAX),
	NUMBER("last_attempt", last_attempt_s, STS_EPOCH_MAX_S),
	NUMBER("next_attempt", next_attempt_s, STS_EPOCH_MAX_S),
	NUMBER("last_success", last_success_s, STS_EPOCH_MAX_S),
	NUMBER("waits", wait, STS_WAIT__COUNT - 1),
	/* The times that belong to boot_id, which is written before the first of them. */
	NUMBER("trying", trying_ms, INT64_MAX),
	NUMBER("tried", tried_ms, INT64_MAX),
	NUMBER("ended", ended_ms, INT64_MAX),
	NUMBER("next", next_ms, INT64_MAX),
	NUMBER("latest", latest_ms, INT64_MAX),
	NUMBER("source_tried", source_tried_ms, INT64_MAX),
	/* The numbers from here on are left out if they are 0. */
	NUMBER("renews", renews_ms, INT64_MAX),
	NUMBER("once_for", once_for, INT64_MAX),
	NUMBER("again_for", again_for, INT64_MAX),
	NUMBER("sent", sent, UINT64_MAX),
};
#define NUMBER_COUNT (sizeof(numbers) / sizeof(numbers[0]))
#define SPARSE_FROM  (NUMBER_COUNT - 4)

/* The formats of each status are no literals of the calls, which the release would pack. */
static const char first_lines[] = MAGIC "\nstate %s\nerror %s";
static const char number_line[] = "\n%s %llu";
static const char boot_line[] = "\nboot %s";
static const char sum_line[] = "\nsum %u";

bool sts_status_code_known(const char *code)
{
	bool known;

	sts_protocol_code(sts_slice_of(code), STS_OK, &known);
	return known;
}

/* Read a member of the struct. A negative number becomes a number that is above every max. */
static uint64_t number_of(const struct sts_status *status, const struct number *number)
{
	const char *at = (const char *)status + number->offset;
	uint64_t wide;
	int32_t narrow;

	if (number->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return number->max > INT32_MAX ? (uint32_t)narrow : (uint64_t)narrow;
}

/* Write a member of the struct. */
static void set_number(struct sts_status *status, const struct number *number, uint64_t value)
{
	char *at = (char *)status + number->offset;
	uint32_t narrow = (uint32_t)value;

	if (number->size == sizeof(value))
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &narrow, sizeof(narrow));
}

/* May this name of an exchange be shown? */
static bool name_ok(struct sts_slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || sts_is_digit(name.data[i]) ||
		      name.data[i] == '-'))
			return false;
	return name.len > 0 && name.len < STS_STATUS_NAME_MAX_BYTES;
}

/* May this message be shown? */
static bool text_ok(struct sts_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] > '~')
			return false;
	return text.len < STS_STATUS_TEXT_MAX_BYTES;
}

/* Returns the sum of the lines. It shows whether a file was read while it was overwritten. */
static uint32_t sum_of(const char *data, size_t len)
{
	return (uint32_t)sts_hash(STS_HASH_START, data, len);
}

/* Add the keys that are left out where they have nothing to say. Numbers in the file have no sign,
 * so a difference of clocks has two keys. */
static void add_clock(struct sts_text *out, const struct sts_status *status)
{
	int64_t skew_s = status->clock_skew_s;

	if (skew_s > 0 && skew_s <= STS_EPOCH_MAX_S)
		sts_text_addf(out, "\n" KEY_BEHIND " %lld", (long long)skew_s);
	if (skew_s < 0 && skew_s >= -STS_EPOCH_MAX_S)
		sts_text_addf(out, "\n" KEY_AHEAD " %lld", (long long)-skew_s);
	if (status->not_before_s > 0 && status->not_before_s <= STS_EPOCH_MAX_S)
		sts_text_addf(out, "\n" KEY_NOT_BEFORE " %lld", (long long)status->not_before_s);
}

void sts_status_format(const struct sts_status *status, struct sts_text *out)
{
	size_t begin = out->len;
	unsigned state = (unsigned)status->state < STS_STATE__COUNT ? status->state
								    : STS_STATE_FAILING;

	sts_text_addf(out, first_lines, state_names[state], sts_error_info(status->error).name);
	if (status->sts_error[0] != '\0' && sts_status_code_known(status->sts_error))
		sts_text_addf(out, "\nsts_error %s", status->sts_error);
	if (name_ok(sts_slice_of(status->wait_name)))
		sts_text_addf(out, "\nwaits_for %s", status->wait_name);
	for (size_t i = 0; i < NUMBER_COUNT; i++) {
		uint64_t value = number_of(status, &numbers[i]);
		if (numbers[i].offset == offsetof(struct sts_status, trying_ms) &&
		    sts_boot_id_ok(status->boot_id, strlen(status->boot_id)))
			sts_text_addf(out, boot_line, status->boot_id);
		if (value > numbers[i].max)
			value = 0;
		if (value == 0 && i >= SPARSE_FROM)
			continue;
		sts_text_addf(out, number_line, numbers[i].key, (unsigned long long)value);
	}
	add_clock(out, status);
	if (status->text[0] != '\0' && text_ok(sts_slice_of(status->text)))
		sts_text_addf(out, "\ntext %s", status->text);
	sts_text_addf(out, sum_line, (unsigned)sum_of(out->data + begin, out->len - begin));
}

/* Is this the sum of the lines before it? The newline that ends them does not count. */
static bool check_sum(struct sts_slice value, const char *begin, const char *line)
{
	uint64_t sum;

	return sts_parse_u64(value, UINT32_MAX, &sum) &&
	       sum == sum_of(begin, (size_t)(line - begin) - 1);
}

static bool parse_state(struct sts_slice value, struct sts_status *status)
{
	for (unsigned i = 0; i < STS_STATE__COUNT; i++) {
		if (sts_slice_eq(value, state_names[i])) {
			status->state = (enum sts_state)i;
			return true;
		}
	}
	return false;
}

static bool parse_error(struct sts_slice value, struct sts_status *status)
{
	for (unsigned i = 0; i < STS_ERR__COUNT; i++) {
		if (sts_slice_eq(value, sts_error_info((enum sts_err)i).name)) {
			status->error = (enum sts_err)i;
			return true;
		}
	}
	return false;
}

/* An unknown error code may come from a later version. It is ignored, and does not make the file
 * invalid. */
static bool parse_code(struct sts_slice value, struct sts_status *status)
{
	struct sts_text code;

	memset(status->sts_error, 0, sizeof(status->sts_error));
	sts_text_init(&code, status->sts_error, sizeof(status->sts_error));
	sts_text_add_slice(&code, value);
	if (code.overflow || strlen(code.data) != value.len || !sts_status_code_known(code.data))
		memset(status->sts_error, 0, sizeof(status->sts_error));
	return true;
}

static bool parse_name(struct sts_slice value, struct sts_status *status)
{
	memset(status->wait_name, 0, sizeof(status->wait_name));
	if (name_ok(value))
		memcpy(status->wait_name, value.data, value.len);
	return true;
}

/* A message that may not be shown, or is too long, counts as none. */
static bool parse_text(struct sts_slice value, struct sts_status *status)
{
	memset(status->text, 0, sizeof(status->text));
	if (value.len > 0 && text_ok(value))
		memcpy(status->text, value.data, value.len);
	return true;
}

/* Text that is not a boot id leaves the boot unknown. */
static bool parse_boot(struct sts_slice value, struct sts_status *status)
{
	memset(status->boot_id, 0, sizeof(status->boot_id));
	if (sts_boot_id_ok(value.data, value.len))
		memcpy(status->boot_id, value.data, value.len);
	return true;
}

/* Read the value of one of the keys of add_clock(). */
static bool parse_clock(struct sts_slice key, struct sts_slice value, struct sts_status *status)
{
	uint64_t number;

	if (!sts_parse_u64(value, STS_EPOCH_MAX_S, &number))
		return false;
	if (sts_slice_eq(key, KEY_NOT_BEFORE))
		status->not_before_s = (int64_t)number;
	else
		status->clock_skew_s = sts_slice_eq(key, KEY_AHEAD) ? -(int64_t)number
								    : (int64_t)number;
	return true;
}

static bool parse_number(struct sts_slice key, struct sts_slice value, struct sts_status *status)
{
	for (size_t i = 0; i < NUMBER_COUNT; i++) {
		uint64_t number;
		if (!sts_slice_eq(key, numbers[i].key))
			continue;
		if (!sts_parse_u64(value, numbers[i].max, &number))
			return false;
		set_number(status, &numbers[i], number);
	}
	return true;
}

bool sts_status_parse(struct sts_slice text, struct sts_status *status)
{
	const char *begin = text.data;

	memset(status, 0, sizeof(*status));
	if (text.len > STS_STATUS_MAX_BYTES || !sts_slice_eq(sts_slice_cut(&text, '\n'), MAGIC))
		return false;
	while (text.len > 0) {
		const char *line = text.data;
		struct sts_slice value = sts_slice_cut(&text, '\n');
		struct sts_slice key = sts_slice_cut(&value, ' ');
		bool ok;
		if (sts_slice_eq(key, "state"))
			ok = parse_state(value, status);
		else if (sts_slice_eq(key, "error"))
			ok = parse_error(value, status);
		else if (sts_slice_eq(key, "sts_error"))
			ok = parse_code(value, status);
		else if (sts_slice_eq(key, "text"))
			ok = parse_text(value, status);
		else if (sts_slice_eq(key, "waits_for"))
			ok = parse_name(value, status);
		else if (sts_slice_eq(key, "boot"))
			ok = parse_boot(value, status);
		else if (sts_slice_eq(key, KEY_BEHIND) || sts_slice_eq(key, KEY_AHEAD) ||
			 sts_slice_eq(key, KEY_NOT_BEFORE))
			ok = parse_clock(key, value, status);
		else if (sts_slice_eq(key, "sum"))
			return check_sum(value, begin, line);
		else
			ok = parse_number(key, value, status);
		if (!ok)
			return false;
	}
	return false; /* the end is missing */
}

void sts_status_now(struct sts_status_now *now)
{
	now->real_s = sts_clock_real_ms() / 1000;
	now->boot_ms = sts_clock_boot_ms();
	sts_clock_boot_id(now->boot_id);
}

/* The clock by which the times of a status are judged. */
enum judge {
	BY_REALTIME,
	BY_BOOTTIME,
	BY_NOTHING, /* the status was written before the node was restarted */
};

static enum judge judge_of(const struct sts_status *status, const struct sts_status_now *now)
{
	if (status->boot_id[0] == '\0' || now->boot_id[0] == '\0')
		return BY_REALTIME;
	return strcmp(status->boot_id, now->boot_id) == 0 ? BY_BOOTTIME : BY_NOTHING;
}

int64_t sts_status_step(const struct sts_status *status, const struct sts_status_now *now)
{
	int64_t real_s = now->real_s - status->last_attempt_s, step_s;

	if (judge_of(status, now) != BY_BOOTTIME || status->ended_ms == 0 ||
	    status->last_attempt_s == 0)
		return 0;
	step_s = real_s - (now->boot_ms - status->ended_ms) / 1000;
	return step_s >= STS_CLOCKS_SAME_S || step_s <= -STS_CLOCKS_SAME_S ? step_s : 0;
}

int64_t sts_status_skew(const struct sts_status *status, const struct sts_status_now *now)
{
	int64_t skew_s = status->clock_skew_s;

	if (skew_s == 0 || judge_of(status, now) == BY_NOTHING)
		return 0;
	skew_s -= sts_status_step(status, now);
	return skew_s >= STS_CLOCKS_SAME_S || skew_s <= -STS_CLOCKS_SAME_S ? skew_s : 0;
}

void sts_status_add_skew(struct sts_text *out, int64_t skew_s)
{
	sts_text_addf(out, "the node's clock is ");
	sts_duration_words(out, skew_s < 0 ? -skew_s : skew_s);
	sts_text_addf(out, " %s the STS's clock: check the time synchronisation of both",
		      skew_s < 0 ? "ahead of" : "behind");
}

/* Add "12 s ago"; or "just now" where the clock has been set back since. */
static void add_ago(struct sts_text *out, int64_t passed_s)
{
	if (passed_s <= 0) {
		sts_text_addf(out, "just now");
		return;
	}
	sts_duration_words(out, passed_s);
	sts_text_add_str(out, " ago");
}

/* The time since an attempt ended, in seconds. It is measured with BOOTTIME, which nobody can set,
 * when ended_ms is known and belongs to this attempt; else with REALTIME. */
static int64_t passed_s(const struct sts_status *status, int64_t ended_s,
			const struct sts_status_now *now)
{
	if (judge_of(status, now) != BY_BOOTTIME || status->ended_ms == 0 ||
	    ended_s != status->last_attempt_s)
		return now->real_s - ended_s;
	return (now->boot_ms - status->ended_ms) / 1000;
}

/* Add the reason of a status without a message, which a former version has written: "403
 * access_denied". */
static void add_code(struct sts_text *out, const struct sts_status *status)
{
	bool has_errno = status->error == STS_ECONNECT || status->error == STS_EOUTPUT ||
			 status->error == STS_EFORK || status->error == STS_EFILES;

	if (status->http_status > 0)
		sts_text_addf(out, "%d", status->http_status);
	if (status->http_status > 0 && status->sts_error[0] != '\0')
		sts_text_add_char(out, ' ');
	sts_text_add_str(out, status->sts_error);
	if (status->http_status <= 0 && status->sts_error[0] == '\0')
		sts_text_add_str(out, has_errno && status->detail > 0
					      ? sts_errno_words(status->detail)
					      : sts_error_info(status->error).name);
}

/* Add why the last attempt failed, and what to do: "subject_missing: there is no subject token at
 * /tokens/t: no such file (mount a projected ServiceAccount token there, or name its path with
 * --token-file)". The meaning of the error is left out where the message begins with it. */
static void add_reason(struct sts_text *out, const struct sts_status *status)
{
	const char *meaning = sts_error_meaning(status->error);
	struct sts_slice text = sts_slice_of(status->text);

	if (text.len == 0)
		add_code(out, status);
	else if (!sts_slice_take_prefix(&text, "unexpected status "))
		sts_text_addf(out, "%s: ", sts_error_info(status->error).name);
	sts_text_add_slice(out, text);
	sts_text_add_str(out, " (");
	if (!sts_slice_starts(text, meaning))
		sts_text_addf(out, "%s: ", meaning);
	sts_text_addf(out, "%s)", sts_error_hint_for(status->error, status->detail, status->text));
}

/* Add how the last attempt ended. */
static void add_last(struct sts_text *out, const struct sts_status *status,
		     const struct sts_status_now *now)
{
	bool failed = status->error != STS_OK && status->tries > 0;
	int64_t ended_s = failed ? status->last_attempt_s : status->last_success_s;

	if (failed)
		sts_text_addf(out, "try %u failed ", (unsigned)status->tries);
	else if (status->last_success_s > 0)
		sts_text_addf(out, "the last exchange succeeded ");
	else
		sts_text_addf(out, "no exchange has ended yet");
	if (failed || status->last_success_s > 0)
		add_ago(out, passed_s(status, ended_s, now));
	if (failed) {
		sts_text_add_str(out, ": ");
		add_reason(out, status);
	}
}

void sts_status_add_subject_wait(struct sts_text *out, const struct sts_status *status,
				 int64_t boot_ms)
{
	int64_t left_ms = status->renews_ms - boot_ms;

	if (status->wait_name[0] != '\0') {
		sts_text_addf(out, "waiting for the next token of exchange %s", status->wait_name);
		return;
	}
	sts_text_addf(out, "waiting for the kubelet's next token");
	if (status->renews_ms == 0 || boot_ms == 0)
		return;
	sts_text_add_str(out, left_ms > 0 ? " (in " : " (due ");
	if (left_ms > 0)
		sts_duration_words(out, (left_ms - 1) / 1000 + 1);
	else
		add_ago(out, -left_ms / 1000);
	sts_text_add_char(out, ')');
}

static void add_wait(struct sts_text *out, const struct sts_status *status,
		     const struct sts_status_now *now)
{
	if (status->wait == STS_WAIT_EXCHANGE)
		sts_text_addf(out, "waiting for %s %s; ",
			      status->wait_name[0] ? "exchange" : "another",
			      status->wait_name[0] ? status->wait_name : "exchange");
	if (status->wait != STS_WAIT_SUBJECT)
		return;
	sts_status_add_subject_wait(out, status,
				    judge_of(status, now) == BY_BOOTTIME ? now->boot_ms : 0);
	sts_text_addf(out, ", since the STS takes each once, and this one was sent; ");
}

/* Add the words about a sidecar that has not written a status in time. */
static void add_dead(struct sts_text *out)
{
	sts_text_addf(out, ": the sidecar seems to be dead or stopped, look at its container");
}

/* Add when the next attempt is due, by REALTIME. A file of a former version has no other time. */
static void add_next_real(struct sts_text *out, const struct sts_status *status, int64_t now_s)
{
	int64_t next_s = status->next_attempt_s;

	if (next_s <= 0)
		return;
	if (next_s > now_s) {
		sts_text_addf(out, "; next in ");
		sts_duration_words(out, next_s - now_s);
	} else if (now_s - next_s <= OVERDUE_S) {
		sts_text_addf(out, "; the next is under way");
	} else {
		sts_text_addf(out, "; the next was due ");
		add_ago(out, now_s - next_s);
		add_dead(out);
	}
}

/* Add what has not happened in time, for a status that should have been replaced by a new one. */
static void add_late(struct sts_text *out, const struct sts_status *status, int64_t now_ms)
{
	if (status->trying_ms > 0) {
		sts_text_addf(out, "; the attempt that was started ");
		add_ago(out, (now_ms - status->trying_ms) / 1000);
		sts_text_addf(out, " has not ended");
	} else {
		sts_text_addf(out, status->next_ms > 0 ? "; the next was due "
						       : "; a new status was due ");
		add_ago(out,
			(now_ms - (status->next_ms > 0 ? status->next_ms : status->latest_ms)) /
				1000);
	}
	add_dead(out);
}

/* Add when the next attempt is due. */
static void add_next(struct sts_text *out, const struct sts_status *status,
		     const struct sts_status_now *now)
{
	if (judge_of(status, now) != BY_BOOTTIME || status->latest_ms == 0) {
		add_next_real(out, status, now->real_s);
	} else if (now->boot_ms > status->latest_ms) {
		add_late(out, status, now->boot_ms);
	} else if (status->trying_ms > 0) {
		sts_text_addf(out, status->attempts > 0 ? "; the next is under way"
							: "; the first is under way");
	} else if (status->next_ms > now->boot_ms) {
		sts_text_addf(out, "; next in ");
		sts_duration_words(out, (status->next_ms - now->boot_ms - 1) / 1000 + 1);
	} else if (status->next_ms > 0) {
		sts_text_addf(out, "; the next is due now");
	}
}

void sts_status_explain(struct sts_text *out, const char *problem, const struct sts_status *status,
			const struct sts_status_now *now)
{
	int64_t skew_s = status ? sts_status_skew(status, now) : 0;

	sts_text_add_str(out, problem);
	sts_text_add_str(out, ": ");
	if (!status) {
		sts_text_addf(out, "no sidecar has written here yet: is it running, with this "
				   "directory as its output?");
		return;
	}
	if (judge_of(status, now) == BY_NOTHING) {
		sts_text_addf(out, "the node was restarted since the sidecar wrote here, and the "
				   "sidecar has not started again yet: look at its container");
		return;
	}
	if (status->wait == STS_WAIT_LOST) {
		sts_text_addf(out, "not tried: exchange %s, whose token it sends, has failed",
			      status->wait_name);
		return;
	}
	if (status->state == STS_STATE_STOPPED)
		sts_text_addf(out, "the sidecar has stopped; ");
	else if (status->state == STS_STATE_STARTING)
		sts_text_addf(out, "the sidecar is starting; ");
	if (status->state != STS_STATE_STOPPED)
		add_wait(out, status, now);
	add_last(out, status, now);
	if (status->state != STS_STATE_STOPPED)
		add_next(out, status, now);
	if (skew_s != 0) {
		sts_text_add_str(out, "; ");
		sts_status_add_skew(out, skew_s);
	}
}

bool sts_status_read(int dir_fd, struct sts_status *status)
{
	char buf[STS_STATUS_MAX_BYTES];
	size_t len;

	/* On a full disk the file is overwritten where it lies, which is over in a moment. */
	for (int i = 0; i < READS_MAX; i++) {
		if (sts_file_read(dir_fd, STS_FILE_STATUS, STS_FILE_NOFOLLOW, buf, sizeof(buf),
				  &len) != 0)
			return false;
		if (sts_status_parse((struct sts_slice){buf, len}, status))
			return true;
	}
	return false;
}
