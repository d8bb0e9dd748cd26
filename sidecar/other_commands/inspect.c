/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "log/print.h"
#include "other_commands/commands.h"
#include "output/files.h"
#include "protocol/answer.h"
#include "token/jwt.h"

static char token[STS_TOKEN_MAX_BYTES + 2], scratch[STS_TOKEN_MAX_BYTES + 2],
	out[8 * STS_TOKEN_MAX_BYTES];

/* What is wrong is the file that the user named, and not an STS. */
static int complain(const struct sts_error *e)
{
	return sts_complain_with(
		e, sts_words("name the file of a JWT, - for standard input, or --output-dir"));
}

static int read_default(const char *dir, size_t *len)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (dir_fd < 0)
		return errno;
	err = sts_file_read(dir_fd, STS_FILE_TOKEN, STS_FILE_NOFOLLOW, token, sizeof(token), len);
	close(dir_fd);
	return err;
}

int sts_command_inspect(const struct sts_options *o)
{
	const char *shown = o->file ? o->file : o->output_dir;
	struct sts_text text;
	struct sts_error e;
	size_t len;
	int err;

	if (!o->file)
		err = read_default(o->output_dir, &len);
	else if (strcmp(o->file, "-") == 0)
		err = sts_file_read_given(STDIN_FILENO, token, sizeof(token) - 1, &len);
	else
		err = sts_file_read(AT_FDCWD, o->file, STS_FILE_FOLLOW, token, sizeof(token), &len);
	if (err) {
		sts_fail(&e, err == ENOENT ? STS_ESUBJECT_MISSING : STS_ESUBJECT_UNREADABLE, err,
			 "cannot read %s%s: %s", sts_shown(sts_slice_of(shown), 100),
			 o->file ? "" : "/" STS_FILE_TOKEN, sts_errno_words(err));
		return complain(&e);
	}
	sts_text_init(&text, out, sizeof(out));
	if (sts_jwt_describe(sts_slice_trim((struct sts_slice){token, len}),
			     sts_clock_real_ms() / 1000, o->json, scratch, sizeof(scratch), &text,
			     &e) != STS_OK)
		return complain(&e);
	sts_print(STDOUT_FILENO, (struct sts_slice){out, text.len});
	return STS_EXIT_OK;
}
