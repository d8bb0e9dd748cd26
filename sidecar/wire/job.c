/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/job.h"

#include <string.h>
#include <sys/stat.h>

#include "base/sizes.h"
#include "base/text.h"

#define TIMEOUT_MAX_MS (24 * 3600 * 1000)

static const char mode_names[STS_WORKER__COUNT][9] = {
	[STS_WORKER_EXCHANGE] = "exchange", [STS_WORKER_ADOPT] = "adopt",
	[STS_WORKER_POLL] = "poll",         [STS_WORKER_NOTIFY] = "notify",
	[STS_WORKER_REVOKE] = "revoke",     [STS_WORKER_DOCTOR] = "doctor",
	[STS_WORKER_LOOK] = "look",         [STS_WORKER_UNDO] = "undo",
};

#define ID_DIGITS (2 * STS_SUBJECT_ID_BYTES)

/* Write the digits of `count` ids one after the other, or "-" if count is 0. */
static void write_ids(char *out, size_t size, const uint8_t *ids, size_t count)
{
	struct sts_text text;

	sts_text_init(&text, out, size);
	if (count > 0)
		sts_hex_encode(&text, ids, count * STS_SUBJECT_ID_BYTES);
	else
		sts_text_add_char(&text, '-');
}

bool sts_job_arguments(const struct sts_job *job, char *const *argv, struct sts_job_words *words,
		       char **out)
{
	const char *const first[STS_JOB_COMMAND_AT] = {
		argv[0],   "worker",      mode_names[job->mode], words->timeout,
		job->name, words->digest, words->used,           words->ahead,
	};
	struct sts_text text;
	size_t n = 0;

	sts_text_init(&text, words->timeout, sizeof(words->timeout));
	sts_text_addf(&text, "%lld", (long long)job->timeout_ms);
	sts_text_init(&text, words->ahead, sizeof(words->ahead));
	sts_text_addf(&text, "%lld", (long long)job->ahead_s);
	write_ids(words->digest, sizeof(words->digest), job->digest, job->digest != NULL);
	write_ids(words->used, sizeof(words->used), job->used ? job->used[0] : NULL,
		  job->used_count);
	for (; n < STS_JOB_COMMAND_AT; n++)
		out[n] = (char *)(uintptr_t)first[n];
	for (char *const *arg = argv + 1; *arg; arg++) {
		if (n == STS_JOB_ARGUMENTS_MAX - 1)
			return false;
		out[n++] = *arg;
	}
	out[n] = NULL;
	return true;
}

static bool find_mode(const char *name, enum sts_worker_mode *mode)
{
	for (int i = 0; i < STS_WORKER__COUNT; i++)
		if (strcmp(name, mode_names[i]) == 0) {
			*mode = (enum sts_worker_mode)i;
			return true;
		}
	return false;
}

bool sts_job_parse(int argc, char *const *argv, struct sts_worker_job *job)
{
	uint64_t timeout_ms, ahead_s;

	if (argc <= STS_JOB_COMMAND_AT || !find_mode(argv[2], &job->mode) ||
	    !sts_parse_u64(sts_slice_of(argv[3]), TIMEOUT_MAX_MS, &timeout_ms) ||
	    !sts_parse_u64(sts_slice_of(argv[7]), STS_CLOCKS_BELIEVED_S, &ahead_s))
		return false;
	job->timeout_ms = (int64_t)timeout_ms;
	job->name = argv[4];
	job->digest = argv[5];
	job->used = argv[6];
	job->ahead_s = (int64_t)ahead_s;
	job->command = argv[STS_JOB_COMMAND_AT];
	job->argv = argv + STS_JOB_COMMAND_AT + 1;
	return true;
}

/* Is an id among the ids that write_ids() has written? */
static bool is_among(const char *digits, const uint8_t *id)
{
	size_t len = strlen(digits);
	char ours[ID_DIGITS + 1];

	write_ids(ours, sizeof(ours), id, 1);
	for (size_t at = 0; at + ID_DIGITS <= len; at += ID_DIGITS)
		if (memcmp(digits + at, ours, ID_DIGITS) == 0)
			return true;
	return false;
}

bool sts_job_has_digest(const struct sts_worker_job *job, const uint8_t *digest)
{
	return is_among(job->digest, digest);
}

bool sts_job_has_used(const struct sts_worker_job *job, const uint8_t id[STS_SUBJECT_ID_BYTES])
{
	return is_among(job->used, id);
}

bool sts_job_has_report_pipe(void)
{
	struct stat st;

	return fstat(STS_INHERITED_FD, &st) == 0 && S_ISFIFO(st.st_mode);
}
