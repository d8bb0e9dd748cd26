/* SPDX-License-Identifier: Apache-2.0 */
#include "output/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/system_calls.h"
#include "base/timefmt.h"
#include "output/files.h"

#define EXPIRES_MAX_BYTES 64
#define FILE_MAX_BYTES    (256 * 1024) /* our files are smaller */

int sts_stored_expires(int dir_fd, int64_t *expires_s)
{
	char text[EXPIRES_MAX_BYTES];
	size_t len;
	int err = sts_file_read(dir_fd, STS_FILE_EXPIRES, STS_FILE_NOFOLLOW, text, sizeof(text),
				&len);

	*expires_s = 0;
	if (err == 0 &&
	    !sts_rfc3339_parse(sts_slice_trim((struct sts_slice){text, len}), expires_s))
		err = len == 0 ? ENODATA : EILSEQ;
	return err;
}

/* Look at one file. Returns 0 or an errno, as sts_file_open() would; ENODATA when it is empty. */
static int look_at(int dir_fd, enum sts_output output, struct sts_stored *out)
{
	const char *name = sts_output_name(output);
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return S_ISLNK(st.st_mode) ? ELOOP : S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
	if (st.st_size == 0 || st.st_size > FILE_MAX_BYTES)
		return st.st_size == 0 ? ENODATA : EFBIG;
	if (sts_faccessat(dir_fd, name, R_OK) != 0)
		return errno;
	if (st.st_uid == geteuid())
		out->files |= 1u << output;
	int64_t at_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	if (at_ms < out->written_ms)
		out->written_ms = at_ms;
	return 0;
}

void sts_stored_look(int dir_fd, struct sts_stored *out)
{
	int bad = ENOENT;
	bool any = false;

	*out = (struct sts_stored){.written_ms = INT64_MAX};
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		if (!(STS_OUTPUTS_TOKEN >> i & 1))
			continue;
		int err = look_at(dir_fd, i, out);
		any |= err == 0;
		if (err != 0 && err != ENOENT)
			bad = err;
	}
	out->token_errno = any && bad == ENOENT ? 0 : bad;
}

/* Read token.jwt. Returns 0 or an errno. */
static int read_token(int dir_fd, char *buf, size_t size, struct sts_stored *out)
{
	struct stat st;
	int fd;
	int err = sts_file_open(dir_fd, STS_FILE_TOKEN, STS_FILE_NOFOLLOW, &fd);

	if (err != 0)
		return err;
	err = fstat(fd, &st) != 0 ? errno : sts_file_read_fd(fd, buf, size - 1, &out->token.len);
	/* The owner must be that of the file that was read, which may not be the file that
	 * look_at() saw. */
	if (err == 0 && st.st_uid != geteuid())
		out->files &= ~(1u << STS_OUTPUT_TOKEN);
	close(fd);
	return err;
}

void sts_stored_read(int dir_fd, char *buf, size_t size, struct sts_stored *out)
{
	int64_t expires_s;
	int expires_errno = sts_stored_expires(dir_fd, &expires_s);

	sts_stored_look(dir_fd, out);
	out->expires_errno = expires_errno;
	out->expires_s = expires_s;
	out->token = (struct sts_slice){buf, 0};
	int err = read_token(dir_fd, buf, size, out);
	if (err != 0 && err != ENOENT)
		out->token_errno = err;
	buf[out->token.len] = '\0';
}
