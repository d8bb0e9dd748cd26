/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/clock.h"
#include "log/print.h"
#include "other_commands/commands.h"
#include "other_commands/token_file.h"
#include "token/jwt.h"

static char buf[STS_TOKEN_FILE_BYTES], scratch[STS_TOKEN_FILE_BYTES], out[8 * STS_TOKEN_MAX_BYTES];

int sts_command_inspect(const struct sts_options *o)
{
	struct sts_slice token;
	struct sts_text text;
	struct sts_error e;
	enum sts_err err = sts_token_file_read(o->file, o->output_dir, buf, sizeof(buf), &token,
					       &e);

	sts_text_init(&text, out, sizeof(out));
	if (err == STS_OK)
		err = sts_jwt_describe(token, false, sts_clock_real_ms() / 1000, o->json, scratch,
				       sizeof(scratch), &text, &e);
	if (err != STS_OK)
		return sts_token_file_complain(&e);
	sts_print(STDOUT_FILENO, (struct sts_slice){out, text.len});
	return STS_EXIT_OK;
}
