/* SPDX-License-Identifier: Apache-2.0 */
#include "other_commands/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "log/print.h"
#include "output/files.h"

int sts_token_file_complain(const struct sts_error *e)
{
	return sts_complain_with(
		e, sts_words("name the file of a JWT, - for standard input, or --output-dir"));
}

static int read_default(const char *dir, char *buf, size_t size, size_t *len)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (dir_fd < 0)
		return errno;
	err = sts_file_read(dir_fd, STS_FILE_TOKEN, STS_FILE_NOFOLLOW, buf, size, len);
	close(dir_fd);
	return err;
}

enum sts_err sts_token_file_read(const char *file, const char *dir, char *buf, size_t size,
				 struct sts_slice *text, struct sts_error *e)
{
	size_t len = 0;
	int err;

	if (!file)
		err = read_default(dir, buf, size, &len);
	else if (strcmp(file, "-") == 0)
		err = sts_file_read_given(STDIN_FILENO, buf, size - 1, &len);
	else
		err = sts_file_read(AT_FDCWD, file, STS_FILE_FOLLOW, buf, size, &len);
	*text = sts_slice_trim((struct sts_slice){buf, len});
	return err == 0
		       ? STS_OK
		       : sts_fail(e, err == ENOENT ? STS_ESUBJECT_MISSING : STS_ESUBJECT_UNREADABLE,
				  err, "cannot read %s%s: %s",
				  sts_shown_str(file ? file : dir, 100),
				  file ? "" : "/" STS_FILE_TOKEN, sts_errno_words(err));
}
