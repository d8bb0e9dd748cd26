/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/resident.h"
#include "base/timefmt.h"
#include "log/progress.h"

static struct {
	enum sts_level level;
	bool json, ready;
	uint32_t dropped, dropped_in_all;
} config STS_RESIDENT;

static const char names[][6] = {"error", "warn", "info", "debug"};

void sts_log_setup(enum sts_level level, int format)
{
	config.level = level;
	config.json = format == STS_LOG_FORMAT_JSON ||
		      (format == STS_LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
	config.ready = true;
}

enum sts_level sts_log_level(void)
{
	return config.level;
}

int sts_log_format(void)
{
	return config.json ? STS_LOG_FORMAT_JSON : STS_LOG_FORMAT_TEXT;
}

uint32_t sts_log_dropped(void)
{
	return config.dropped_in_all;
}

/* This much of a line stays free for its end, so that a full line is still valid JSON. */
#define TAIL_BYTES 8

/* A longer value is cut. Escaping turns one byte into at most ESCAPED_MAX_BYTES, so a line has room
 * for any message, and for any field next to a message of usual length. A value of printable ASCII,
 * which the message of an error is, needs at most two bytes for each of its own. */
#define VALUE_MAX_BYTES     256
#define PRINTABLE_MAX_BYTES 512
#define ESCAPED_MAX_BYTES   6

static void add_value(struct sts_log *l, const char *value)
{
	struct sts_slice s = sts_slice_of(value);
	size_t max = PRINTABLE_MAX_BYTES;

	for (size_t i = 0; i < s.len; i++)
		if (value[i] < ' ' || value[i] > '~')
			max = VALUE_MAX_BYTES;
	if (s.len > max)
		s.len = max;
	if (config.json)
		sts_text_add_json(&l->text, s);
	else
		sts_text_add_escaped(&l->text, s, ESCAPED_MAX_BYTES * VALUE_MAX_BYTES);
}

/* These formats are used for each line or field, so they are no literals of the calls, which the
 * release would pack. */
static const char json_start[] = "{\"level\":\"%s\",\"ts\":%lld.%03d,\"msg\":\"";
static const char json_key[] = ",\"%s\":", text_key[] = " %s=";
static const char number[] = "%lld";

void sts_log_start(struct sts_log *l, enum sts_level level, const char *msg)
{
	int64_t now_ms = sts_clock_real_ms();

	if (!config.ready)
		sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_AUTO);
	l->level = level;
	sts_text_init(&l->text, l->buf, sizeof(l->buf) - TAIL_BYTES);
	if (config.json) {
		sts_text_addf(&l->text, json_start, names[level], (long long)(now_ms / 1000),
			      (int)(now_ms % 1000));
		add_value(l, msg);
		sts_text_add_char(&l->text, '"');
	} else {
		sts_text_addf(&l->text, "%s %s: ", sts_rfc3339(now_ms / 1000), names[level]);
		add_value(l, msg);
	}
	if (config.dropped)
		sts_log_int(l, "dropped_lines", config.dropped);
}

/* Leave out the whole field if it did not fit. */
static void end_field(struct sts_log *l, size_t before)
{
	if (!l->text.overflow)
		return;
	l->text.len = before;
	l->text.overflow = false;
}

static void start_field(struct sts_log *l, const char *key)
{
	sts_text_addf(&l->text, config.json ? json_key : text_key, key);
}

void sts_log_str(struct sts_log *l, const char *key, const char *value)
{
	size_t before = l->text.len;

	start_field(l, key);
	sts_text_add_char(&l->text, '"');
	add_value(l, value);
	sts_text_add_char(&l->text, '"');
	end_field(l, before);
}

void sts_log_int(struct sts_log *l, const char *key, int64_t value)
{
	size_t before = l->text.len;

	start_field(l, key);
	sts_text_addf(&l->text, number, (long long)value);
	end_field(l, before);
}

void sts_log_time(struct sts_log *l, const char *key, int64_t epoch_s)
{
	sts_log_str(l, key, sts_rfc3339(epoch_s));
}

void sts_log_end(struct sts_log *l)
{
	struct pollfd stderr_ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (l->level > config.level)
		return;
	sts_progress_end();
	l->text.size = sizeof(l->buf);
	sts_text_add_str(&l->text, config.json ? "}\n" : "\n");
	if (poll(&stderr_ready, 1, 0) == 1 && (stderr_ready.revents & POLLOUT) &&
	    write(STDERR_FILENO, l->text.data, l->text.len) == (ssize_t)l->text.len)
		config.dropped = 0;
	else {
		config.dropped++;
		config.dropped_in_all++;
	}
}
