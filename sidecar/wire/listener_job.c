/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/listener_job.h"

#include "base/text.h"

void sts_listener_arguments(const struct sts_listener_job *job, const char *program,
			    const char *const *dirs, size_t count, char numbers[2][2],
			    const char *out[STS_LISTENER_DIRECTORIES_AT + STS_EXCHANGES_MAX + 1])
{
	numbers[0][0] = (char)('0' + job->level);
	numbers[1][0] = (char)('0' + job->format);
	numbers[0][1] = numbers[1][1] = '\0';
	out[0] = program;
	out[1] = "listener";
	out[2] = job->where;
	out[3] = numbers[0];
	out[4] = numbers[1];
	out[5] = job->require_sandbox ? "1" : "0";
	for (size_t i = 0; i < count; i++)
		out[STS_LISTENER_DIRECTORIES_AT + i] = dirs[i];
	out[STS_LISTENER_DIRECTORIES_AT + count] = NULL;
}

bool sts_listener_job_parse(int argc, char *const *argv, size_t count, struct sts_listener_job *job)
{
	uint64_t level, format, require;

	if (argc != STS_LISTENER_DIRECTORIES_AT + (int)count ||
	    !sts_parse_u64(sts_slice_of(argv[3]), STS_LEVEL_DEBUG, &level) ||
	    !sts_parse_u64(sts_slice_of(argv[4]), STS_LOG_FORMAT_TEXT, &format) ||
	    !sts_parse_u64(sts_slice_of(argv[5]), 1, &require))
		return false;
	*job = (struct sts_listener_job){.where = argv[2],
					 .level = (enum sts_level)level,
					 .format = (int)format,
					 .require_sandbox = require != 0};
	return true;
}
