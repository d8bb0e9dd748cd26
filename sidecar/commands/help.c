/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "commands/commands.h"

#define HELP_MAX_BYTES (16 * 1024)

static const struct {
	enum sts_exit status;
	const char *meaning;
} exits[] = {
	{STS_EXIT_OK, "done; told to stop (run, exchange)"},
	{STS_EXIT_NO, "check: the answer is no; exchange: wrong arguments"},
	{STS_EXIT_USAGE, "the command line or the configuration is wrong"},
	{STS_EXIT_ANSWER, "the STS answered something that cannot be used"},
	{STS_EXIT_SUBJECT,
	 "the subject token, or a file that the request needs, cannot be read or is not usable"},
	{STS_EXIT_NETWORK, "name, connection, TLS or trust failed last"},
	{STS_EXIT_BUG, "a bug in this program"},
	{STS_EXIT_SANDBOX, "--require-sandbox: a layer of the sandbox does not hold"},
	{STS_EXIT_OUTPUT, "the output cannot be written, or another process owns the directory"},
	{STS_EXIT_TRANSIENT, "gave up at the deadline on something transient, or was told to stop"},
	{STS_EXIT_DENIED, "the STS denied the exchange"},
};

/* Why standard output could not take all that was printed; 0: it could. */
static int output_errno;

void sts_print(int fd, struct sts_slice text)
{
	while (text.len > 0) {
		ssize_t put = write(fd, text.data, text.len);

		if (put < 0 && sts_file_retry(fd, POLLOUT, errno))
			continue;
		if (put <= 0) {
			output_errno = fd == STDOUT_FILENO ? errno : output_errno;
			return;
		}
		text.data += put;
		text.len -= (size_t)put;
	}
}

int sts_printed(int status)
{
	if (output_errno == 0 || status != STS_EXIT_OK)
		return status;
	sts_print(STDERR_FILENO, STS_SLICE("sts-sidecar: cannot write to standard output: "));
	sts_print(STDERR_FILENO, sts_slice_of(sts_errno_words(output_errno)));
	sts_print(STDERR_FILENO, STS_SLICE("; look at where it goes\n"));
	return STS_EXIT_OUTPUT;
}

int sts_complain(const struct sts_error *e)
{
	char line[512];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, "sts-sidecar: %s; %s\n", e->msg,
		      e->code == STS_EUSAGE && e->detail == STS_USAGE_PARAMETER
			      ? "see sts-sidecar protocols NAME"
			      : sts_error_info(e->code).hint);
	sts_print(STDERR_FILENO, (struct sts_slice){line, text.len});
	return sts_error_info(e->code).exit_status;
}

void sts_help_exits(struct sts_text *out)
{
	sts_text_add_str(out, "\nExit statuses:\n");
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		sts_text_addf(out, "  %-4d%s\n", exits[i].status, exits[i].meaning);
}

void sts_help_command(const char *name, const char *summary, const char *usage,
		      enum sts_command command)
{
	static char buf[HELP_MAX_BYTES];
	struct sts_text out;
	size_t before;

	sts_text_init(&out, buf, sizeof(buf));
	sts_text_addf(&out, "usage: sts-sidecar %s %s\n\n%s\n\n", name, usage, summary);
	before = out.len;
	sts_options_help(&out, command);
	if (out.len > before)
		sts_text_add_str(
			&out, "\nEvery option is also read from the environment: --token-file is "
			      "STS_TOKEN_FILE; repeated values are "
			      "separated by newlines.\nDurations: 30s, 5m, 1h30m, or seconds.\n");
	if (command & (STS_COMMAND_RUN | STS_COMMAND_FETCH)) {
		sts_text_add_str(&out, "\nProtocols:\n");
		sts_protocols_list(&out);
	}
	sts_help_exits(&out);
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, out.len});
}
