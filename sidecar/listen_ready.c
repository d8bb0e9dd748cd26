/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/answer.h"
#include "../lib/clock.h"
#include "../lib/file.h"
#include "../lib/status.h"
#include "../lib/store.h"
#include "../lib/timefmt.h"
#include "listen.h"

/* stub until the store's own */
static void look(int dir_fd, struct sts_stored *out)
{
	char text[64];
	size_t len;
	struct stat st;

	*out = (struct sts_stored){0};
	out->expires_errno = sts_file_read(dir_fd, STS_FILE_EXPIRES, STS_FILE_NOFOLLOW, text, sizeof(text), &len);
	if (!out->expires_errno && !sts_rfc3339_parse((struct sts_slice){text, len}, &out->expires_s))
		out->expires_errno = EINVAL;
	if (fstatat(dir_fd, STS_FILE_TOKEN, &st, AT_SYMLINK_NOFOLLOW) != 0)
		out->token_errno = errno;
	else if (!S_ISREG(st.st_mode))
		out->token_errno = EINVAL;
	else if (st.st_size == 0)
		out->token_errno = ENODATA;
	else if (st.st_size > STS_TOKEN_MAX_BYTES)
		out->token_errno = EFBIG;
	else if (!(st.st_mode & 0444))
		out->token_errno = EACCES;
}

static void problem(struct sts_text *out, const char *dir, const char *before, const char *after,
		    const char *words)
{
	sts_text_add_str(out, before);
	sts_text_add_escaped(out, sts_slice_of(dir), 100);
	sts_text_add_str(out, after);
	sts_text_add_str(out, words);
}

bool sts_listen_ready(const char *dir, struct sts_text *why)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sts_stored stored;
	int64_t now_s = sts_clock_real_ms() / 1000;

	look(dir_fd, &stored);
	close(dir_fd);
	if (why)
		problem(why, dir, "", "", "");
	return !stored.token_errno && !stored.expires_errno && stored.expires_s > now_s;
}
