/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "log/print.h"
#include "options/config.h"
#include "options/fields.h"
#include "other_commands/commands.h"

static struct sts_fields fields;
static struct sts_fields_files files;
static char head_buf[96 * 1024], body_buf[256 * 1024];

/* Print a part of the request. Nobody gives a token as an audience on purpose, but it happens. */
static void show(const struct sts_text *part)
{
	sts_hide_tokens(part->data);
	sts_print(STDOUT_FILENO, sts_slice_of(part->data));
}

static int print(const struct sts_options *o)
{
	struct sts_text head, body;
	struct sts_error e;

	sts_text_init(&head, head_buf, sizeof(head_buf));
	sts_text_init(&body, body_buf, sizeof(body_buf));
	if (sts_fields_make(o, &fields, &files, &e) != STS_OK)
		return sts_complain(&e);
	fields.request.subject = STS_SLICE("SUBJECT");
	if (sts_request_build(&fields.request, true, &head, &body, &e) != STS_OK)
		return sts_complain(&e);
	show(&head);
	show(&body);
	if (body.len > 0)
		sts_print(STDOUT_FILENO, STS_SLICE("\n"));
	return STS_EXIT_OK;
}

int sts_command_dry_run(const struct sts_options *o, char *const *argv)
{
	extern char **environ;
	static struct sts_config config;
	struct sts_options one;
	struct sts_error e;
	char warning[256];
	int status = STS_EXIT_OK;

	if (!o->config)
		return print(o);
	if (sts_config_read(&config, o->config, &e) != STS_OK)
		return sts_complain(&e);
	for (size_t i = 0; i < sts_config_count(&config) && status == STS_EXIT_OK; i++) {
		if (sts_options_read(&one, o->command, argv, environ, &config, (int)i, warning,
				     sizeof(warning), &e) != STS_OK)
			return sts_complain(&e);
		status = print(&one);
	}
	return status;
}
