/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token store: files in the output directory that readers may look at, at any moment, and find
 * whole and old, or whole and new. The application may be able to write in the directory, so
 * nothing in it is trusted.
 *
 * A file is written as a temporary of one fixed name (".token.jwt.new"): unlinked, created with
 * O_EXCL|O_NOFOLLOW and 0600, written, fchown where the group differs, fchmod, fsync, rename, fsync
 * of the directory (the status file is not synced). No directory scan, no litter.
 */
#ifndef STS_OUTPUT_STORE_H
#define STS_OUTPUT_STORE_H

#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "output/files.h"

#define STS_MODE_AUTO  ((mode_t)-1)
#define STS_GROUP_AUTO ((gid_t)-1)

struct sts_store {
	int dir_fd;      /* -1 when closed */
	const char *dir; /* the caller's path, for messages: must outlive the store */
	mode_t mode;     /* resolved: what every file gets, whatever the umask */
	gid_t group;     /* resolved; STS_GROUP_AUTO: leave as created */
	bool mode_was_auto;
};

/*
 * Open the output directory for writing and resolve mode and group (`--mode`, `--group`). A
 * mode of auto is 0640 with the directory's group where the directory is setgid, and
 * where a group is given; else 0644 where the directory is writable by others; else 0600. A group
 * of auto is the directory's where that is setgid, whatever the mode; else files keep the group
 * they are made with.
 *   dir     in   path; a final symbolic link is followed (a mount point is the user's business, its
 *                content is not)
 *   create  in   make it when it is missing (one level): 0755, less the umask
 *   mode    in   STS_MODE_AUTO, or permission bits; others are dropped
 * Returns STS_OK or STS_EOUTPUT: missing, no directory, read-only, not writable for us (the message
 * names owner, mode and our UID), so that this is known before a subject token is spent.
 */
enum sts_err sts_store_open(struct sts_store *store, const char *dir, bool create, mode_t mode,
			    gid_t group, struct sts_error *e);
void sts_store_close(struct sts_store *store);

/*
 * Write one file whole or not at all. Whatever lies at the name is replaced, not followed and not
 * opened: a link, a FIFO, a device, somebody else's file. Only a directory cannot be.
 *   name  in   a constant of ours, never a peer's text
 * Returns STS_OK or STS_EOUTPUT (errno in detail; the message says which file and what to do).
 * After a failure the old file is untouched and no temporary is left where it could be removed; the
 * one exception is a directory that cannot be synced (a failing disk), where the new file is in
 * place already.
 */
enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice data,
			     struct sts_error *e);

/*
 * Write what one exchange gave, in the order that never promises a reader more than it holds. A
 * file of this list that is empty here, and that the last write made, is removed: it would go stale
 * beside an `expires` that grows, and credentials that nobody asks for any more must not lie about.
 * What the last write made is a regular file, this UID's, and about as old as `expires`: not what
 * somebody else calls token.json.
 *   files  in   the content of each; of expires it is not looked at
 *
 * Let x be what `expires` says and T when the first of the tokens beside it ends (of all files that
 * hold one). On disk x <= T holds after each of the renames, so wherever a crash falls: a new x'
 * that is not before x is written after the tokens (x <= x' <= T'), an earlier one before them
 * (x' < x <= T). Each rename is on disk before the next one starts. x is read from disk, not
 * remembered, since that is what readers see. No `expires` promises nothing: the tokens go first.
 * One that cannot be read might promise anything: it is removed, then the same.
 *
 * A reader takes `expires`, then a token. It can pair an x with a later token only, and as long
 * as expiries do not shrink, a later token lasts longer. When one shrinks, a reader that took x
 * just before holds a token of T' < x, once: two files cannot prevent that. token.json and the
 * other JSON files hold both in one.
 *
 * The application may have forged `expires`. It gains nothing: this can only make us choose the
 * other order, for one moment between two renames, in a file that it could as well have filled
 * itself; the next write brings back the rule.
 *
 * `thumbprint` follows the tokens: a stale one costs the poll one exchange, an early one would hide
 * a rotated key. `expires` is the last to appear in an empty directory, so that whoever waits for
 * it finds all of them.
 *
 * Returns as sts_store_write().
 */
enum sts_err sts_store_write_files(struct sts_store *store,
				   const struct sts_slice files[STS_OUTPUT__COUNT],
				   int64_t expires_s, struct sts_error *e);

#endif
