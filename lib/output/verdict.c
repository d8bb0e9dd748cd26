/* SPDX-License-Identifier: Apache-2.0 */
#include "output/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/error.h"
#include "base/packed.h"
#include "base/system_calls.h"
#include "base/timefmt.h"
#include "output/files.h"
#include "output/largest.h"
#include "output/stored.h"
#include "protocol/answer.h"
#include "token/jwt_times.h"

#define DIR_SHOWN_BYTES 100 /* of a path in a problem, escaped */

/* The token that is read, and memory for decoding it. They are static because they are too large
 * for a stack. */
static char token[STS_TOKEN_MAX_BYTES + 1], scratch[STS_TOKEN_MAX_BYTES + 1];

/* Set the problem: the directory between two texts, then more words. */
static void problem(struct sts_verdict *v, const char *dir, const char *before, const char *after,
		    const char *words)
{
	struct sts_text text;

	sts_text_init(&text, v->problem, sizeof(v->problem));
	sts_text_add_str(&text, sts_words(before));
	sts_text_add_escaped(&text, sts_slice_of(dir), DIR_SHOWN_BYTES);
	sts_text_add_str(&text, sts_words(after));
	sts_text_add_str(&text, words);
	sts_hide_tokens(v->problem);
}

/* The directory cannot be opened. */
static void no_directory(struct sts_verdict *v, const char *dir, int err)
{
	char words[128];
	struct sts_text text;
	struct stat st;

	sts_text_init(&text, words, sizeof(words));
	v->barred = err == EACCES && stat(dir, &st) == 0;
	v->no_dir = !v->barred;
	if (v->barred)
		sts_add_barred(&text, &st, err);
	else
		sts_text_add_str(&text, err == ENOENT ? sts_words("no such directory")
						      : sts_errno_words(err));
	problem(v, dir, STS_PACKED("cannot look into "), STS_PACKED(": "), words);
}

/* A file with the token may not be read: say which one, and why. */
static void no_access(struct sts_verdict *v, const char *dir, int dir_fd)
{
	char words[144];
	struct sts_text text;
	struct stat st;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		if (!(STS_OUTPUTS_TOKEN >> i & 1) ||
		    fstatat(dir_fd, sts_output_name(i), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    sts_faccessat(dir_fd, sts_output_name(i), R_OK) == 0)
			continue;
		v->barred = true;
		sts_text_init(&text, words, sizeof(words));
		sts_text_addf(&text, "%s: ", sts_output_name(i));
		sts_add_barred(&text, &st, EACCES);
		problem(v, dir, STS_PACKED("the token in "), STS_PACKED(" cannot be used: "),
			words);
		return;
	}
}

/* When the token expires; -1 when that is unknown. This program has written `expires`, which is its
 * decision in the node's clock. The token's own exp is in the STS's clock, so it counts only where
 * `expires` cannot be read. */
static int64_t expiry(const struct sts_stored *stored)
{
	struct sts_jwt_claims claims;

	if (!stored->expires_errno)
		return stored->expires_s;
	sts_jwt_times(stored->token, scratch, sizeof(scratch), &claims, NULL);
	return claims.exp_s;
}

/* Judge the times of a token that can be used. */
static void judge_times(struct sts_verdict *v, const char *dir, int64_t min_ttl_ms, int64_t now_s)
{
	int64_t left_s = v->expires_s - now_s, not_before_s = v->status.not_before_s;
	char words[64];
	struct sts_text text;

	v->by_clock = true;
	sts_text_init(&text, words, sizeof(words));
	if (left_s <= 0) {
		sts_duration_words(&text, -left_s);
		sts_text_add_str(&text, " ago");
		problem(v, dir, STS_PACKED("the token in "), STS_PACKED(" expired "), words);
	} else if (v->has_status && not_before_s > now_s) {
		sts_text_addf(&text, "%s on, in ", sts_rfc3339(not_before_s));
		sts_duration_words(&text, not_before_s - now_s);
		problem(v, dir, STS_PACKED("the token in "), STS_PACKED(" is valid only from "),
			words);
	} else if (left_s * 1000 < min_ttl_ms) {
		sts_duration_words(&text, left_s);
		sts_text_add_str(&text, " more");
		problem(v, dir, STS_PACKED("the token in "), STS_PACKED(" is valid for only "),
			words);
	} else {
		v->ok = true;
		problem(v, dir, STS_PACKED("the token in "), STS_PACKED(" is valid"), "");
	}
}

static void judge(struct sts_verdict *v, const char *dir, const struct sts_stored *stored,
		  int64_t min_ttl_ms, int64_t now_s)
{
	if (stored->token_errno == ENOENT)
		problem(v, dir, STS_PACKED("no token in "),
			v->has_status && v->status.state == STS_STATE_OK
				? STS_PACKED(" any more (it was removed; sts-sidecar refresh gets "
					     "a new one)")
				: "",
			"");
	else if (stored->token_errno)
		problem(v, dir, STS_PACKED("the token in "), STS_PACKED(" cannot be used: "),
			sts_errno_words(stored->token_errno));
	else if (v->expires_s < 0)
		problem(v, dir, STS_PACKED("the token in "),
			STS_PACKED(" has no expiry that can be read: expires: "),
			sts_errno_words(stored->expires_errno));
	else
		judge_times(v, dir, min_ttl_ms, now_s);
}

int sts_verdict_full(int dir_fd, struct statfs *fs)
{
	if (fstatfs(dir_fd, fs) != 0)
		return 0;
	if (fs->f_blocks > 0 && fs->f_bavail == 0)
		return ENOSPC;
	return fs->f_files > 0 && fs->f_ffree == 0 ? STS_ENOINODES : 0;
}

/* Fill in v->full when the file system is full. A file system that counts neither blocks nor inodes
 * is never full. */
static void measure(struct sts_verdict *v, int dir_fd)
{
	struct statfs fs;
	struct sts_text text;

	if (sts_verdict_full(dir_fd, &fs) == 0)
		return;
	sts_text_init(&text, v->full, sizeof(v->full));
	sts_size_words(&text, fs.f_bavail * (uint64_t)fs.f_frsize / 1024);
	sts_text_add_str(&text, " of ");
	sts_size_words(&text, fs.f_blocks * (uint64_t)fs.f_frsize / 1024);
	sts_text_add_str(&text, " free");
	if (fs.f_files > 0)
		sts_text_addf(&text, ", %llu of %llu inodes free", (unsigned long long)fs.f_ffree,
			      (unsigned long long)fs.f_files);
	v->lacks_inodes = fs.f_bavail > 0;
	sts_text_init(&text, v->largest, sizeof(v->largest));
	if (!v->lacks_inodes)
		sts_largest_files(&text, dir_fd);
}

void sts_verdict_look(struct sts_verdict *v, const char *dir, int64_t min_ttl_ms, int64_t now_s)
{
	struct sts_stored stored;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*v = (struct sts_verdict){.expires_s = -1};
	if (dir_fd < 0) {
		no_directory(v, dir, errno);
		return;
	}
	sts_stored_read(dir_fd, token, sizeof(token), &stored);
	v->expires_s = expiry(&stored);
	v->has_status = sts_status_read(dir_fd, &v->status);
	v->is_odd = !v->has_status && sts_faccessat(dir_fd, STS_FILE_STATUS, R_OK) == 0;
	judge(v, dir, &stored, min_ttl_ms, now_s);
	if (stored.token_errno == EACCES)
		no_access(v, dir, dir_fd);
	if (!v->ok)
		measure(v, dir_fd);
	close(dir_fd);
}

/* Does the path still lead to the directory of the descriptor? */
static bool is_same_directory(const struct stat *named, int dir_fd)
{
	struct stat opened;

	return dir_fd >= 0 && fstat(dir_fd, &opened) == 0 && opened.st_dev == named->st_dev &&
	       opened.st_ino == named->st_ino;
}

void sts_verdict_look_known(struct sts_verdict *v, const char *dir,
			    const struct sts_verdict_known *known, int64_t now_s)
{
	struct sts_stored stored;
	struct stat named;

	*v = (struct sts_verdict){.expires_s = -1};
	if (stat(dir, &named) != 0) {
		no_directory(v, dir, errno);
		return;
	}
	if (!is_same_directory(&named, known->dir_fd)) {
		problem(v, dir, STS_PACKED("no token in "), "", "");
		return;
	}
	sts_stored_look(known->dir_fd, &stored);
	stored.expires_errno = known->expires_errno;
	v->expires_s = known->expires_errno ? -1 : known->expires_s;
	v->has_status = true;
	v->status = *known->status;
	judge(v, dir, &stored, 0, now_s);
	if (!v->ok)
		measure(v, known->dir_fd);
}

/* Add that nothing can be written in the directory, and what to do. */
static void add_full(struct sts_text *out, const struct sts_verdict *v)
{
	sts_text_addf(out,
		      v->lacks_inodes
			      ? "the file system of this directory has no inode left (%s), so no "
				"file can be made there: remove files from it"
			      : "the file system of this directory is full (%s), so nothing can be "
				"written there: raise the emptyDir's sizeLimit, or free space on "
				"the node's disk",
		      v->full);
	if (v->largest[0])
		sts_text_addf(out, "; the largest files: %s", v->largest);
}

/* Add that the node's clock was set, which may be why the token looks as it does. */
static void add_step(struct sts_text *out, int64_t step_s)
{
	if (step_s == 0)
		return;
	sts_text_addf(out, "; the node's clock was set ");
	sts_text_addf(out, step_s > 0 ? "ahead by " : "back by ");
	sts_duration_words(out, step_s > 0 ? step_s : -step_s);
	sts_text_addf(out, " since the last attempt");
}

void sts_verdict_explain(const struct sts_verdict *v, struct sts_text *out,
			 const struct sts_status_now *now)
{
	if (!v->has_status && v->full[0]) {
		sts_text_addf(out, "%s: ", v->problem);
		add_full(out, v);
		return;
	}
	if (v->no_dir) {
		sts_text_addf(out,
			      "%s: is this the output directory of a sidecar, and is its volume "
			      "mounted here?",
			      v->problem);
		return;
	}
	if (v->barred && !v->has_status) {
		sts_text_addf(out,
			      "%s: run check in the sidecar's container; if the application may "
			      "not read it either, give the Pod an fsGroup, or let both run as "
			      "one UID",
			      v->problem);
		return;
	}
	if (v->is_odd) {
		sts_text_addf(out,
			      "%s: .status is damaged, no file, or of another version: "
			      "look at it (ls -ld), run check from the sidecar's image, or restart "
			      "the sidecar",
			      v->problem);
		return;
	}
	sts_status_explain(out, v->problem, v->has_status ? &v->status : NULL, now);
	if (v->by_clock && v->has_status)
		add_step(out, sts_status_step(&v->status, now));
	/* The status may be old only because it cannot be replaced. */
	if (v->full[0]) {
		sts_text_add_str(out, "; ");
		add_full(out, v);
	}
}

void sts_verdict_note(const struct sts_verdict *v, struct sts_text *out,
		      const struct sts_status_now *now)
{
	int64_t skew_s = v->has_status ? sts_status_skew(&v->status, now) : 0;

	if (skew_s == 0)
		return;
	sts_text_addf(out, "%s, but ", v->problem);
	sts_status_add_skew(out, skew_s);
}
