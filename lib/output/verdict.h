/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an output directory holds a usable token, and if not, what is wrong, in the words of
 * `check` and /readyz. Nothing in the directory is trusted.
 */
#ifndef STS_OUTPUT_VERDICT_H
#define STS_OUTPUT_VERDICT_H

#include <sys/vfs.h>

#include "output/largest.h"
#include "output/status.h"

#define STS_VERDICT_LINE_MAX_BYTES 2112

struct sts_verdict {
	bool ok;
	bool has_status;   /* status is meaningful */
	bool is_odd;       /* there is a status, but it cannot be understood */
	int64_t expires_s; /* -1: unknown */
	bool no_dir;       /* the path leads to no directory */
	bool barred;       /* this process may not read the files, or look into the directory */
	bool by_clock;     /* a step of the node's clock can explain the problem */
	bool lacks_inodes; /* where full is not "": it has room, but no inode for another file */
	char problem[256]; /* "no token in /tokens"; when ok: "the token in /tokens is valid" */
	char full[128]; /* how full the file system is, when nothing more can be written to it; else
			   "" */
	char largest[STS_LARGEST_TEXT_BYTES]; /* if it has no room: see sts_largest_files(); "" for
						 a caller that may not list the directory */
	struct sts_status status;
};

/* What a caller that may open no file knows of a directory without its files. */
struct sts_verdict_known {
	int dir_fd;        /* the directory, opened with O_PATH; -1: it was not there */
	int64_t expires_s; /* when the token on disk expires, since the epoch */
	int expires_errno; /* 0, or why expires_s is not known */
	const struct sts_status *status;
};

/*
 * Look at a directory once. A token that becomes valid later, as `.status` says, is not ok. Where
 * `expires` cannot be read, the exp of the token counts.
 *   dir         in   its path
 *   min_ttl_ms  in   how long the token must still be valid
 *   now_s       in   the node's clock, seconds since the epoch
 */
void sts_verdict_look(struct sts_verdict *v, const char *dir, int64_t min_ttl_ms, int64_t now_s);

/*
 * Look at a directory once, without opening a file. What `known` says stands in place of `expires`
 * and `.status`. A directory that is not the one of known->dir_fd any more counts as one in which
 * there is no token and no status.
 *   dir    in  its path
 *   now_s  in  as above
 */
void sts_verdict_look_known(struct sts_verdict *v, const char *dir,
			    const struct sts_verdict_known *known, int64_t now_s);

/*
 * Is the file system of a directory full?
 *   fs  out  what fstatfs(2) says of it; not set if that fails
 * Returns 0 if it is not full or if fstatfs(2) fails; ENOSPC if no block is free; STS_ENOINODES if
 * no inode is free.
 */
int sts_verdict_full(int dir_fd, struct statfs *fs);

/* Add the line that says why the verdict is not ok. STS_VERDICT_LINE_MAX_BYTES hold the longest
 * line. */
void sts_verdict_explain(const struct sts_verdict *v, struct sts_text *out,
			 const struct sts_status_now *now);

/* Add what there is to say although the verdict is ok: "the token in /tokens is valid, but the
 * node's clock is 11 min ahead of the STS's clock: check the time synchronisation of both". Adds
 * nothing if there is nothing to say. STS_VERDICT_LINE_MAX_BYTES hold the longest line. */
void sts_verdict_note(const struct sts_verdict *v, struct sts_text *out,
		      const struct sts_status_now *now);

#endif
