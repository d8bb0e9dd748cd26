/* SPDX-License-Identifier: Apache-2.0 */
#include "token/subject.h"

#include <bearssl_hash.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "base/timefmt.h"
#include "token/jwt_times.h"

#define SWAP_WAIT_MS   50 /* until a file that was missing is tried again */
#define PATH_MAX_SHOWN 80 /* bytes of a path in a message */

_Static_assert(STS_SUBJECT_MAX_BYTES == 64 * 1024, "the messages below state this bound");

bool sts_subject_bytes_ok(struct sts_slice token)
{
	return sts_slice_has_only(token, "._~+/=-");
}

/* ---- reading ---- */

static int read_file(const char *path, char *buf, size_t size, size_t *len)
{
	struct timespec wait = {.tv_nsec = SWAP_WAIT_MS * 1000000L};
	int err = sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, buf, size, len);

	/* The kubelet makes the new link before it removes the old directory. But a path that was
	 * partly resolved before the swap may still lead into the directory that is removed. */
	if (err == ENOENT) {
		nanosleep(&wait, NULL);
		err = sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, buf, size, len);
	}
	return err;
}

static enum sts_err no_read(struct sts_error *e, const char *path, int err)
{
	const char *shown = sts_shown_str(path, PATH_MAX_SHOWN);

	if (err == ENOENT || err == ENOTDIR)
		return sts_fail(e, STS_ESUBJECT_MISSING, err, "there is no subject token at %s: %s",
				shown, sts_errno_words(err));
	if (err == EFBIG)
		return sts_fail(e, STS_ESUBJECT_TOOBIG, err, "the subject token %s is over 64 KiB",
				shown);
	return sts_fail(e, sts_errno_code(err, STS_ESUBJECT_UNREADABLE), err,
			"cannot read the subject token %s: %s", shown, sts_read_words(path, err));
}

/* ---- checking ---- */

/* The message says at which byte of the file the token is wrong, but not which byte it is. */
static enum sts_err check_bytes(struct sts_slice bytes, struct sts_slice token, struct sts_error *e)
{
	if (token.len == 0)
		return sts_fail(e, STS_ESUBJECT_MALFORMED, 0, "the subject token is empty");
	if (token.len > STS_SUBJECT_MAX_BYTES)
		return sts_fail(e, STS_ESUBJECT_TOOBIG, 0, "the subject token is over 64 KiB");
	for (size_t i = 0; i < token.len; i++) {
		char c = token.data[i];
		size_t at = (size_t)(token.data - bytes.data) + i;

		if (!sts_subject_bytes_ok((struct sts_slice){&c, 1}))
			return sts_fail(e, STS_ESUBJECT_MALFORMED, 0,
					"the subject token has %s at byte %zu",
					sts_words(c == '\r' || c == '\n'
							  ? "a line break inside,"
							  : "a byte that no token has,"),
					at);
	}
	return STS_OK;
}

static enum sts_err expired(int64_t exp_s, int64_t now_s, struct sts_error *e)
{
	char ago[32];
	struct sts_text text;

	sts_text_init(&text, ago, sizeof(ago));
	sts_duration_words(&text, now_s - exp_s);
	return sts_fail(e, STS_ESUBJECT_EXPIRED, 0, "the subject token expired at %s, %s ago",
			sts_rfc3339(exp_s), ago);
}

void sts_subject_identify(struct sts_subject *subject, uint64_t sts_id)
{
	uint8_t digest[br_sha256_SIZE];
	br_sha256_context sha;

	br_sha256_init(&sha);
	br_sha256_update(&sha, subject->token.data, subject->token.len);
	br_sha256_update(&sha, &sts_id, sizeof(sts_id));
	br_sha256_out(&sha, digest);
	memcpy(subject->id, digest, STS_SUBJECT_ID_BYTES);
}

enum sts_err sts_subject_check(struct sts_slice bytes, int64_t now_s, char *scratch,
			       size_t scratch_size, struct sts_subject *subject,
			       struct sts_error *e)
{
	struct sts_jwt_claims times;
	enum sts_err err;

	*subject = (struct sts_subject){
		.token = sts_slice_trim(bytes), .exp_s = -1, .nbf_s = -1, .iat_s = -1};
	err = check_bytes(bytes, subject->token, e);
	if (err != STS_OK)
		return err;
	/* A token that is not a JWT is opaque: the STS decides whether it is valid. */
	sts_jwt_times(subject->token, scratch, scratch_size, &times, NULL);
	subject->exp_s = times.exp_s;
	subject->nbf_s = times.nbf_s;
	subject->iat_s = times.iat_s;
	if (times.exp_s >= 0 && times.exp_s <= now_s)
		return expired(times.exp_s, now_s, e);
	return STS_OK;
}

/* The kubelet writes no token that has expired. So if the file was written a little later than the
 * token's exp, the node's clock may be ahead. */
static void note_clock(const char *path, int64_t exp_s, struct sts_error *e)
{
	size_t len = strlen(e->msg);
	struct sts_text text;
	struct stat st;

	if (stat(path, &st) != 0 || st.st_mtim.tv_sec < exp_s ||
	    st.st_mtim.tv_sec - exp_s > STS_CLOCKS_BELIEVED_S)
		return;
	sts_text_init(&text, e->msg + len, sizeof(e->msg) - len);
	sts_text_addf(&text, ", but was written after that: the node's clock may be ahead, or this "
			     "is an old copy");
}

/* Name the file in a message of sts_subject_check(), behind "the subject token". */
static void name_file(const char *path, struct sts_error *e)
{
	char rest[sizeof(e->msg)];
	struct sts_text text;

	memcpy(rest, e->msg, sizeof(rest));
	sts_text_init(&text, e->msg, sizeof(e->msg));
	sts_text_addf(&text, "the subject token %s%s", sts_shown_str(path, PATH_MAX_SHOWN),
		      rest + sizeof("the subject token") - 1);
}

enum sts_err sts_subject_read(const char *path, int64_t now_s, char *buf, size_t buf_size,
			      char *scratch, size_t scratch_size, struct sts_subject *subject,
			      struct sts_error *e)
{
	bool standard_input = strcmp(path, "-") == 0;
	size_t len;
	int err = standard_input ? sts_file_read_given(STDIN_FILENO, buf, buf_size, &len)
				 : read_file(path, buf, buf_size, &len);

	*subject =
		(struct sts_subject){.exp_s = -1, .nbf_s = -1, .iat_s = -1, .read_bytes = buf_size};
	if (err != 0)
		return no_read(e, standard_input ? "of standard input" : path, err);
	enum sts_err checked = sts_subject_check((struct sts_slice){buf, len}, now_s, scratch,
						 scratch_size, subject, e);

	subject->read_bytes = len;
	if (checked != STS_OK && !standard_input && e)
		name_file(path, e);
	if (checked == STS_ESUBJECT_EXPIRED && !standard_input && e)
		note_clock(path, subject->exp_s, e);
	return checked;
}
