/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token store: the files in the output directory. A reader that opens a file at any moment
 * finds either the whole old file or the whole new file. The application may be able to write in
 * the directory, so nothing in it is trusted.
 *
 * A file is written under a temporary name, which is always the same (".token.jwt.new"). The steps
 * are: unlink the temporary file, create it with O_EXCL|O_NOFOLLOW and mode 0600, write, fchown
 * where the group differs, fchmod, fsync, rename, fsync the directory. The status file is not
 * synced. The directory is never scanned, and temporary files do not pile up.
 */
#ifndef STS_OUTPUT_STORE_H
#define STS_OUTPUT_STORE_H

#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "output/files.h"

#define STS_MODE_AUTO  ((mode_t)-1) /* --mode auto */
#define STS_GROUP_AUTO ((gid_t)-1)  /* --group is not given */

struct sts_store {
	int dir_fd;      /* -1 when closed */
	const char *dir; /* the caller's path, for messages: must outlive the store */
	mode_t mode;     /* that every file gets, whatever the umask is; never STS_MODE_AUTO */
	gid_t group;     /* that every file gets; STS_GROUP_AUTO: the group it is created with */
};

/*
 * Open the output directory for writing, and decide which mode and group its files get.
 * STS_MODE_AUTO becomes 0640 where the directory is setgid or a group is given; else 0644 where
 * others can write in the directory; else 0600. STS_GROUP_AUTO becomes the directory's group where
 * the directory is setgid, whatever the mode is; else files keep the group they are created with.
 *   store   out  the caller closes it with sts_store_close()
 *   dir     in   path; a symbolic link at its end is followed, since the user chose it
 *   create  in   make the directory when it is missing (one level), with 0755 less the umask
 *   mode    in   STS_MODE_AUTO, or permission bits; other bits are dropped
 *   group   in   STS_GROUP_AUTO, or a group
 * Returns STS_OK; STS_EOUTPUT when the directory is missing, is not a directory, is read-only, or
 * is not writable for us (the message names its owner, its mode and our UID). The caller learns
 * this before a subject token is sent, which some services accept only once.
 */
enum sts_err sts_store_open(struct sts_store *store, const char *dir, bool create, mode_t mode,
			    gid_t group, struct sts_error *e);

/* Close the directory. Closing it again does nothing. */
void sts_store_close(struct sts_store *store);

/*
 * Write one file, whole or not at all. A link, a FIFO, a device or another UID's file of this name
 * is replaced; it is neither followed nor opened. Only a directory cannot be replaced.
 *   name  in   a constant of ours, never text from a peer
 *   data  in   the content
 * Returns STS_OK, or STS_EOUTPUT with the errno in detail; the message says which file and what to
 * do. After a failure the old file is untouched, and the temporary file is removed where that is
 * possible. There is one exception: where the directory cannot be synced (a failing disk), the new
 * file is in place already.
 */
enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice data,
			     struct sts_error *e);

/*
 * Overwrite the file of this name where it lies, which needs no room on a full disk. A reader may
 * see a mixture for a moment, so this is only for the status, whose reader looks again. Where the
 * old content is longer, newlines fill up the rest.
 *   data  in  STS_STORE_OVERWRITE_MAX_BYTES at most
 * Returns false if that cannot be done: there is no regular file of ours with one name and at most
 * so many bytes.
 */
#define STS_STORE_OVERWRITE_MAX_BYTES 1024
bool sts_store_overwrite(const struct sts_store *store, const char *name, struct sts_slice data);

/*
 * Write the files of one exchange, in an order in which `expires` never promises more than a token
 * holds.
 *   files      in  the content of each file, or an empty slice; that of `expires` is not used
 *   expires_s  in  the expiry, seconds since the epoch: the content of `expires`
 *
 * A file whose slice is empty is removed when the last write made it. It would go stale beside an
 * `expires` that grows, and credentials that are no longer wanted must not stay. The last write is
 * taken to have made a regular file that belongs to this UID and is about as old as `expires`, so
 * another program's token.json is left alone.
 *
 * The order: let x be the time in `expires`, and T the earliest expiry of the tokens beside it, of
 * all files that hold a token. x <= T must hold on disk after each rename, since a crash may happen
 * at any point. A new x' that is not before x is therefore written after the new tokens
 * (x <= x' <= T'), and a new x' that is before x is written before them (x' < x <= T). Each rename
 * is on disk before the next one starts. x is read from disk, not remembered, since readers see
 * what is on disk. Where `expires` is missing it promises nothing, so the tokens are written first.
 * Where it cannot be read it might promise anything, so it is removed first.
 *
 * A reader opens `expires`, then a token. After it has read x, only a newer token can take the
 * place of the token beside x. As long as expiries do not shrink, a newer token lasts longer. When
 * an expiry shrinks, a reader that read x just before may hold a token with T' < x, once. Two files
 * cannot prevent that; token.json and the other JSON files hold token and expiry in one file.
 *
 * The application may have forged `expires`, but it gains nothing. A forged time only makes us
 * choose the other order, for the moment between two renames, and the next write restores the rule.
 * The application could have written any time into that file by itself.
 *
 * `thumbprint` is written after the tokens. A stale thumbprint costs the poll one exchange, but one
 * that is written too early would hide that a key was rotated. In an empty directory `expires` is
 * the last file to appear, so that a reader who waits for it finds all files.
 *
 * Returns what sts_store_write() returns.
 */
enum sts_err sts_store_write_files(struct sts_store *store,
				   const struct sts_slice files[STS_OUTPUT__COUNT],
				   int64_t expires_s, struct sts_error *e);

#endif
