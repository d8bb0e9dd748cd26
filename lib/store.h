/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token store: files in the output directory that readers may look at, at any moment, and find whole and old, or whole and new.
 * The application may be able to write in the directory, so nothing in it is trusted.
 *
 * A file is written as a temporary of one fixed name (".token.jwt.new"): unlinked, created with O_EXCL|O_NOFOLLOW and 0600,
 * written, fchown where the group differs, fchmod, fsync, rename, fsync of the directory. No directory scan, no litter.
 */
#ifndef STS_STORE_H
#define STS_STORE_H

#include <sys/types.h>

#include "error.h"
#include "text.h"

#define STS_FILE_TOKEN "token.jwt"
#define STS_FILE_EXPIRES "expires"
#define STS_FILE_THUMBPRINT "thumbprint"
#define STS_FILE_STATUS ".status"

#define STS_MODE_AUTO ((mode_t)-1)
#define STS_GROUP_AUTO ((gid_t)-1)

struct sts_store {
	int dir_fd;   /* -1 when closed */
	mode_t mode;  /* resolved: what every file gets, whatever the umask */
	gid_t group;  /* resolved; STS_GROUP_AUTO: leave as created */
	bool mode_was_auto;
};

/*
 * Open the output directory and resolve mode and group (interface.md, `--mode`): auto is 0640 with the directory's group where
 * it is setgid, else 0644 where it is writable by others, else 0600.
 *   dir     in   path; a final symbolic link is followed (a mount point is the user's business, its content is not)
 *   create  in   make it, 0755, when it is missing (one level)
 * Returns STS_OK or STS_EOUTPUT (missing, no directory, no permission: the message names owner, mode and our UID).
 */
enum sts_err sts_store_open(struct sts_store *store, const char *dir, bool create, mode_t mode, gid_t group,
			    struct sts_error *e);
void sts_store_close(struct sts_store *store);

/*
 * Become the directory's one writer: flock(LOCK_EX|LOCK_NB) on the directory. Held until the descriptor is closed.
 * Returns STS_OK, or STS_ELOCKED with the holder's PID where /proc/locks tells it.
 */
enum sts_err sts_store_lock(struct sts_store *store, struct sts_error *e);

/*
 * Write one file whole or not at all.
 *   name  in   a constant of ours, never a peer's text
 * Returns STS_OK or STS_EOUTPUT (errno in detail; ENOSPC, EROFS, EACCES, EISDIR have their own words). After a failure the old
 * file is untouched and no temporary is left where it could be removed.
 */
enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice data, struct sts_error *e);

/*
 * Write token.jwt, expires and thumbprint in the order that never promises a reader more than it holds: a reader that reads
 * `expires`, then the token, never sees an expires later than the token's. When the new expiry is later than the old one the
 * token goes first, else `expires` first.
 *   thumbprint  in   64 hex digits; empty: an old thumbprint file is removed
 * What the old expiry was is read from disk; when it cannot be read it counts as later than any (so `expires` goes first).
 */
enum sts_err sts_store_write_token(struct sts_store *store, struct sts_slice token, int64_t expires_s, struct sts_slice thumbprint,
				   struct sts_error *e);

/* What is in a directory now, for `check` and for adoption at start. Opened safely, bounded. */
struct sts_stored {
	int token_errno;	/* 0, or why the token could not be read (ENOENT, EACCES, EFBIG, ...) */
	struct sts_slice token; /* into the caller's buffer; may be empty */
	uid_t token_uid;
	int expires_errno;	/* 0, or why; EINVAL when it is not RFC 3339 */
	int64_t expires_s;
};

/*
 * Read token and expires without trusting them.
 *   buf  in  STS_TOKEN_MAX_BYTES + 1 bytes or more
 */
void sts_stored_read(int dir_fd, char *buf, size_t size, struct sts_stored *out);

#endif
