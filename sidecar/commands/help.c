/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/help.h"

#include <unistd.h>

#include "process/print.h"
#include "protocol/table.h"

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

void sts_help_exits(struct sts_text *out)
{
	sts_text_add_str(out, "\nExit statuses:\n");
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		sts_text_addf(out, "  %-4d%s\n", exits[i].status, exits[i].meaning);
}

void sts_help_protocols(struct sts_text *out)
{
	for (size_t i = 0; i < sts_protocol_count; i++)
		sts_text_addf(out, "  %-18s%s\n",
			      sts_protocol_text(&sts_protocols[i], STS_ROW_NAME),
			      sts_protocol_text(&sts_protocols[i], STS_ROW_SUMMARY));
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
		sts_help_protocols(&out);
	}
	sts_help_exits(&out);
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, out.len});
}
