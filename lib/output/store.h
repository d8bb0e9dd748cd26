/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of the output directory: it opens the directory, and writes and removes files in it.
 * (outputs.h makes the contents, and stored.h reads the files back.) A reader that opens a file at
 * any moment finds either the whole old file or the whole new file. Only the status may be
 * overwritten in place, on a full disk. The application may be able to write in the directory, so
 * nothing in the directory is trusted.
 *
 * A file is written under a temporary name, which is always the same (".token.jwt.new"). The steps
 * are: unlink the temporary file, create it with O_EXCL|O_NOFOLLOW and mode 0600, write, fchown
 * where the group differs, fchmod, fsync, rename, fsync the directory. The status file is not
 * synced. The directory is never scanned, and temporary files do not pile up.
 *
 * The temporary files of an exchange are made before its request is sent, and stay open. So a full
 * disk and a directory that cannot be written are noticed before a subject token is sent, and the
 * worker needs to make no file after it has read bytes from the network. The name of a temporary
 * file must still lead to the file that was made when it is renamed.
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
	gid_t group;     /* that every file gets; STS_GROUP_AUTO: files keep the group that they are
			    created with */
};

/* The temporary files of one exchange. All zeros: there are none. */
struct sts_temps {
	unsigned files;            /* STS_WRITE bits of the files that may have a temporary file */
	int fd[STS_OUTPUT__COUNT]; /* for those files: open for writing; -1: not open */
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
 * Write one file, whole or not at all. It is not synced: this is for the status, which describes a
 * running process, so it need not outlive a crash. The supervisor writes it, and must not wait for
 * a slow disk. A link, a FIFO, a device or another UID's file of this name is replaced; it is
 * neither followed nor opened. Only a directory cannot be replaced.
 *   name  in   a constant of ours, never text from a peer
 *   data  in   the content
 * Returns STS_OK, or STS_EOUTPUT with the errno in detail; the message says which file and what to
 * do. After a failure the old file is untouched, and the temporary file is removed where that is
 * possible.
 */
enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice data,
			     struct sts_error *e);

/*
 * Overwrite the file of this name where it lies, which needs no room on a full disk. For a moment a
 * reader may see a mixture of the old and the new content, so this is only for the status: its
 * sum shows a mixture, and its reader then reads it again. Where the old content is longer,
 * newlines fill up the rest.
 *   data  in  STS_STORE_OVERWRITE_MAX_BYTES at most
 * Returns false if the file cannot be overwritten: it must be a regular file of this UID with one
 * name (no hard link) and at most STS_STORE_OVERWRITE_MAX_BYTES.
 */
#define STS_STORE_OVERWRITE_MAX_BYTES 1536
bool sts_store_overwrite(const struct sts_store *store, const char *name, struct sts_slice data);

/*
 * Make the temporary files of one exchange. First, whatever lies at the temporary names of all
 * files that an exchange may write is removed; a link is not followed. Room is reserved for each
 * file if the file system can do that: as much as the present file takes, within bounds.
 *   files  in   STS_WRITE bits of the files that may be written. `expires` must be among them
 *   temps  out  the caller ends them with sts_store_write_files() or sts_store_discard()
 * Returns what sts_store_write() returns. After a failure there are no temporary files.
 */
enum sts_err sts_store_prepare(const struct sts_store *store, unsigned files,
			       struct sts_temps *temps, struct sts_error *e);

/*
 * Find out whether the files of an exchange could be written, and change nothing: is there room, is
 * there anything at their names or that of the status that cannot be replaced, and can they get
 * their group? A process
 * with privileges counts as able to set any group.
 *   files  in  as for sts_store_prepare()
 * Returns STS_OK, or what sts_store_prepare() and sts_store_write_files() would return.
 */
enum sts_err sts_store_look(const struct sts_store *store, unsigned files, struct sts_error *e);

/* Close and remove the temporary files. Does nothing if there are none. It is async-signal-safe
 * (signal-safety(7)). */
void sts_store_discard(const struct sts_store *store, struct sts_temps *temps);

/*
 * Remove what a killed worker may have left: whatever lies at the temporary names of the files of
 * an exchange, with the exception of a directory that is not empty. Nothing else is touched. No
 * worker of this directory may run, and no other sidecar may write there: see sts_lock_take().
 */
void sts_store_sweep(const struct sts_store *store);

/*
 * Write the files of one exchange, in an order in which `expires` never promises more time than a
 * token has.
 *   temps      in/out  made by sts_store_prepare(); none are left afterwards
 *   files      in      the content of each file, or an empty slice. A file with content must have
 *                      been prepared. The slice of `expires` is not used
 *   expires_s  in      the expiry, seconds since the epoch: the content of `expires`
 *
 * First, all temporary files are filled and synced. If that fails, for example on a full disk, the
 * directory stays as it was. Then they are renamed, one after the other.
 *
 * The rule for a reader: open `expires` first, then the token. The token is then valid at least
 * until the time in `expires`. The rule has one exception: when a new token expires earlier than
 * the old token did, a reader that has read the old `expires` just before the write may get the new
 * token, once. Two files cannot prevent that; token.json and the other JSON files hold token and
 * expiry in one file.
 *
 * The order of the writer follows from this rule:
 *   - `expires` is missing: it promises nothing, so the tokens are written first.
 *   - The new expiry is the same or later: the tokens are written first, then `expires`.
 *   - The new expiry is earlier: `expires` is written first, then the tokens.
 *   - `expires` cannot be read: it may promise any time, so it is removed first, and written last.
 *   - `thumbprint` is written after the tokens. A stale thumbprint costs the poll one exchange, but
 *     a thumbprint that is written too early would hide that a key was rotated.
 * Each rename and each removal is on disk before the next one starts, since a crash may happen at
 * any point. The old expiry is read from disk and not remembered, since readers see what is on
 * disk. In an empty directory `expires` is the last file to appear, so that a reader who waits for
 * it finds all files.
 *
 * The proof: let x be the time in `expires`, and T the earliest expiry of all tokens on disk. The
 * rule is that x <= T after each rename. Let x' and T' be the new values, with x' <= T'. When
 * x <= x', the order "tokens first" gives x <= x' <= T', so x <= T holds with old and new tokens.
 * When x' < x, the order "expires first" gives x' < x <= T before the tokens are replaced, and
 * x' <= T' afterwards.
 *
 * The application may forge `expires`, but it gains nothing. A forged time only makes the writer
 * choose the other order, for the moment between two renames, and the next write restores the rule.
 * The application could have written any time into that file by itself.
 *
 * A file whose slice is empty is removed, if the last write made it: an old token beside a new
 * `expires` would break the rule, and credentials that are no longer wanted must not stay. A file
 * counts as made by the last write when it is a regular file of this UID and about as old as
 * `expires`. So a token.json of another program stays. If only `expires` was prepared, all other
 * files stay: this is for a token that is about to be revoked.
 *
 * Returns what sts_store_write() returns. Where the directory cannot be synced after a rename (a
 * failing disk), the new file is in place already. If a temporary name does not lead to the file
 * that was made, somebody else has removed or replaced it: the error says so, with EEXIST in
 * detail, and nothing is renamed. A program that replaces it between this look and the rename is
 * not noticed; that program could as well replace the file itself afterwards.
 */
enum sts_err sts_store_write_files(const struct sts_store *store, struct sts_temps *temps,
				   const struct sts_slice files[STS_OUTPUT__COUNT],
				   int64_t expires_s, struct sts_error *e);

#endif
