/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fields.h"
#include "listen.h"

#define POLL_DEFAULT_MS 30000

static struct sts_fields fields;

enum sts_err sts_plan_make(const struct sts_options *o, struct sts_plan *plan, struct sts_error *e)
{
	enum sts_err err = sts_fields_make(o, &fields, NULL, e);
	struct sts_address address;
	uint16_t port;

	if (err != STS_OK)
		return err;
	if (o->timeout_ms < 1000 || o->timeout_ms > 3600 * 1000)
		return sts_fail(e, STS_EUSAGE, 0, "--timeout must be between 1s and 1h");
	if (o->default_ttl_ms && o->default_ttl_ms < 10 * 1000)
		return sts_fail(e, STS_EUSAGE, 0, "--default-ttl must be at least 10s");
	if (o->command == STS_COMMAND_FETCH && o->deadline_ms < 1000)
		return sts_fail(e, STS_EUSAGE, 0, "--deadline must be at least 1s");
	if (o->command != STS_COMMAND_FETCH && strcmp(fields.token_file, "-") == 0)
		return sts_fail(e, STS_EUSAGE, 0,
				"the subject token can come from standard input for fetch only: "
				"name a file");
	if (o->listen && !sts_listen_parse(o->listen, &address, &port))
		return sts_fail(e, STS_EUSAGE, 0,
				"--listen needs ADDR:PORT with an IP address, or :PORT: "
				"127.0.0.1:8080, [::1]:8080, :8080");
	*plan = (struct sts_plan){
		.rules = {.refresh_before_ms = o->refresh_before_ms,
			  .fraction_permille = (uint32_t)o->fraction_permille,
			  .longest_wait_ms = o->longest_wait_ms},
		.timeout_ms = o->timeout_ms,
		.deadline_ms = o->command == STS_COMMAND_FETCH || o->single_run ? o->deadline_ms
										: 0,
		.poll_ms = (fields.request.row->flags & STS_ROW_POLL)
				   ? (o->poll_ms ? o->poll_ms : POLL_DEFAULT_MS)
				   : 0,
		.once = o->command == STS_COMMAND_FETCH || o->single_run,
		.one_attempt = strcmp(fields.token_file, "-") == 0,
		.adopt = o->command != STS_COMMAND_FETCH,
		.to_stdout = o->to_stdout,
		.single_use = fields.request.row->flags & STS_ROW_SINGLE_USE,
	};
	if (fields.proxy.used) {
		struct sts_text text;

		sts_text_init(&text, plan->proxy, sizeof(plan->proxy));
		sts_url_add_endpoint(&text, &fields.proxy.url);
	}
	return STS_OK;
}

/* What the planning child sends back. */
struct answer {
	struct sts_plan plan;
	struct sts_error error;
};

_Static_assert(sizeof(struct answer) <= PIPE_BUF, "one write must carry it");

__attribute__((noinline)) enum sts_err sts_plan_in_child(const struct sts_options *o,
							 struct sts_plan *plan, struct sts_error *e)
{
	struct answer answer = {.error = {.code = STS_OK}};
	int fds[2];
	pid_t pid;
	ssize_t got;

	/* Out of descriptors or processes (the Pod's pids limit): it costs memory, but that must not stop a start. */
	if (pipe2(fds, O_CLOEXEC) != 0)
		return sts_plan_make(o, plan, e);
	pid = _Fork();
	if (pid == 0) {
		answer.error.code = sts_plan_make(o, &answer.plan, &answer.error);
		_exit(write(fds[1], &answer, sizeof(answer)) == (ssize_t)sizeof(answer)
			      ? 0
			      : STS_EXIT_BUG);
	}
	close(fds[1]);
	do
		got = pid < 0 ? -1 : read(fds[0], &answer, sizeof(answer));
	while (got < 0 && errno == EINTR);
	close(fds[0]);
	if (pid < 0)
		return sts_plan_make(o, plan, e);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (got != (ssize_t)sizeof(answer))
		return sts_fail(e, STS_EBUG, 0, "the process that checks the options died");
	*e = answer.error;
	*plan = answer.plan;
	return answer.error.code;
}
