/* SPDX-License-Identifier: Apache-2.0 */
#include "other_commands/help.h"

#include <unistd.h>

#include "log/print.h"
#include "protocol/table.h"

#define HELP_MAX_BYTES (16 * 1024)

void sts_help_exits(struct sts_text *out)
{
	sts_text_addf(out, "\nExit statuses:\n");
	for (size_t row = 0; row < STS_EXIT__COUNT; row++) {
		const struct sts_exit_info info = sts_exit_info(row);

		sts_text_addf(out, "  %-4d%s\n", info.status, info.meaning);
	}
}

void sts_help_protocols(struct sts_text *out)
{
	for (size_t i = 0; i < sts_protocol_count; i++)
		sts_text_addf(out, "  %-18s%s\n",
			      sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_NAME),
			      sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_SUMMARY));
}

void sts_help_command(const char *name, const char *summary, const char *usage,
		      enum sts_command command)
{
	static char buf[HELP_MAX_BYTES];
	struct sts_text out;
	size_t before;

	sts_text_init(&out, buf, sizeof(buf));
	sts_text_addf(&out, "usage: sts-sidecar %s %s\n\n%s\n", name, usage, summary);
	if (command != STS_COMMAND_EXCHANGE)
		sts_text_add_char(&out, '\n');
	before = out.len;
	sts_options_help(&out, command);
	if (command == STS_COMMAND_EXCHANGE)
		sts_text_addf(&out, "Reads no STS_* variables and no proxy variables.\n\n");
	else if (out.len > before)
		sts_text_addf(&out,
			      "\nEvery option is also read from the environment: --token-file is "
			      "STS_TOKEN_FILE; repeated values are "
			      "separated by newlines.\nDurations: 30s, 5m, 1h30m, or seconds.\n");
	if (command & (STS_COMMAND_RUN | STS_COMMAND_FETCH)) {
		sts_text_addf(&out, "\nProtocols:\n");
		sts_help_protocols(&out);
	}
	sts_help_exits(&out);
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, out.len});
}
