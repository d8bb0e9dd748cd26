/* SPDX-License-Identifier: Apache-2.0 */
#include "output/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "base/system_calls.h"
#include "base/timefmt.h"
#include "output/stored.h"

#define TEMP_NAME_MAX_BYTES 64
#define TOGETHER_S          60 /* the files of one exchange are written within this time */
#define PERMISSION_BITS     0777
#define RESERVE_MIN_BYTES   4096 /* of room for a temporary file */
#define RESERVE_MAX_BYTES   (64 * 1024)
#define GROUPS_MAX          64         /* of this process that are looked at */
#define OVERLAYFS           0x794c7630 /* statfs(2) */
#define NEW_FILE            (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)

/* A directory or a file in it is missing only if the directory is. */
static const char *words_of(int err)
{
	return err == ENOENT ? "no such directory" : sts_errno_words(err);
}

/* The system says ENOSPC, too, when a file system with free blocks has no inode left. */
static int errno_in(int dir_fd, int err)
{
	struct statfs fs;

	return err == ENOSPC && fstatfs(dir_fd, &fs) == 0 && fs.f_bavail > 0 && fs.f_files > 0 &&
			       fs.f_ffree == 0
		       ? STS_ENOINODES
		       : err;
}

/* Fail with a message about a directory, or about a file in it.
 *   name  in  of the file; "" for the directory itself
 *   st    in  owner and mode of the directory; NULL when unknown */
static enum sts_err fail_with(const char *dir, const char *name, const char *verb, int err,
			      const struct stat *st, struct sts_error *e)
{
	const char *slash = name[0] ? "/" : "";

	if ((err != EACCES && err != EPERM) || !st)
		return sts_fail(e, sts_errno_code(err, STS_EOUTPUT), err, "cannot %s %.60s%s%s: %s",
				verb, dir, slash, name, words_of(err));
	bool sticky = err == EPERM && (st->st_mode & S_ISVTX);
	return sts_fail(e, STS_EOUTPUT, err,
			"cannot %s %.60s%s%s: %s for UID %u: the directory belongs to %u:%u, mode "
			"%04o%s",
			verb, dir, slash, name, sts_errno_words(err), (unsigned)getuid(),
			(unsigned)st->st_uid, (unsigned)st->st_gid, (unsigned)st->st_mode & 07777,
			sticky ? sts_words(": sticky, and the file is another UID's") : "");
}

static enum sts_err fail(const struct sts_store *store, const char *verb, const char *name, int err,
			 struct sts_error *e)
{
	struct stat st;

	return fail_with(store->dir, name, verb, errno_in(store->dir_fd, err),
			 fstat(store->dir_fd, &st) == 0 ? &st : NULL, e);
}

/* Fail to remove or replace a file. The directory is writable, since a file was made in it before.
 * The system says EPERM where the directory is sticky and the file is another UID's, and where the
 * file is immutable or the directory append-only. */
static enum sts_err fail_held(const struct sts_store *store, const char *verb, const char *name,
			      int err, struct sts_error *e)
{
	enum sts_err result = fail(store, verb, name, err, e);

	if (err == EPERM && e)
		e->detail = STS_EHELD;
	return result;
}

static enum sts_err fail_group(const struct sts_store *store, const char *name, int err,
			       struct sts_error *e)
{
	if (err != EPERM)
		return fail(store, "set the group of", name, err, e);
	return sts_fail(e, STS_EOUTPUT, STS_ENOTMEMBER,
			"cannot give %.60s/%s to group %u: UID %u is not in it", store->dir, name,
			(unsigned)store->group, (unsigned)getuid());
}

/* Decide mode and group of the files in this directory. */
static void resolve(struct sts_store *store, const struct stat *st, mode_t mode, gid_t group)
{
	bool setgid = st->st_mode & S_ISGID;

	store->group = group == STS_GROUP_AUTO && setgid ? st->st_gid : group;
	if (mode != STS_MODE_AUTO)
		store->mode = mode & PERMISSION_BITS;
	else if (store->group != STS_GROUP_AUTO)
		store->mode = 0640;
	else
		store->mode = st->st_mode & S_IWOTH ? 0644 : 0600;
}

static enum sts_err fail_open(const char *dir, const char *verb, int err, struct sts_error *e)
{
	struct stat st;

	return fail_with(dir, "", verb, err, stat(dir, &st) == 0 ? &st : NULL, e);
}

enum sts_err sts_store_open(struct sts_store *store, const char *dir, bool create, mode_t mode,
			    gid_t group, struct sts_error *e)
{
	struct stat st;

	*store = (struct sts_store){.dir_fd = -1, .dir = dir};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* mkdir() is not called without need, since the sandbox forbids it. */
	if (fd < 0 && errno == ENOENT && create) {
		if (mkdir(dir, 0755) != 0 && errno != EEXIST)
			return fail_with(dir, "", "create", errno, NULL, e);
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return fail_open(dir, "open", errno, e);
	int err = fstat(fd, &st) != 0 || sts_faccessat(fd, ".", W_OK | X_OK) != 0 ? errno : 0;
	if (err != 0) {
		close(fd);
		return fail_open(dir, "write in", err, e);
	}
	store->dir_fd = fd;
	resolve(store, &st, mode, group);
	return STS_OK;
}

void sts_store_close(struct sts_store *store)
{
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	store->dir_fd = -1;
}

/* The temporary name of a file: ".token.jwt.new" of "token.jwt", ".status.new" of ".status". */
static bool temp_name(const char *name, char out[TEMP_NAME_MAX_BYTES])
{
	struct sts_text t;

	sts_text_init(&t, out, TEMP_NAME_MAX_BYTES);
	sts_text_add(&t, ".", name[0] != '.');
	sts_text_add_str(&t, name);
	sts_text_add_str(&t, ".new");
	return !t.overflow;
}

/* Returns 0, also when there is no such file, or an errno; EISDIR for a directory. */
static int remove_file(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

/* Remove a file or an empty directory that has a temporary name. Only this program uses these
 * names. */
static int remove_temp(int dir_fd, const char *temp)
{
	int err = remove_file(dir_fd, temp);

	if (err == EISDIR)
		err = unlinkat(dir_fd, temp, AT_REMOVEDIR) == 0 ? 0 : errno;
	return err;
}

/* fsync() a file or directory. Some file systems (FUSE, 9P, network mounts) cannot sync files or
 * cannot sync directories, and return one of the errnos below. That does not count as a failure:
 * readers are served all the same, and only the order of the files after a power cut is not
 * guaranteed. Any other errno, such as that of a failing disk, is a failure. */
static int sync_fd(int fd)
{
	int result;

	do
		result = fsync(fd);
	while (result != 0 && errno == EINTR);
	if (result == 0 || errno == EINVAL || errno == EROFS || errno == ENOSYS ||
	    errno == EOPNOTSUPP)
		return 0;
	return errno;
}

/* Write the content, then set the group, then the mode: before the last step only this UID can open
 * the file. */
static enum sts_err fill(const struct sts_store *store, const char *temp, int fd,
			 struct sts_slice data, struct sts_error *e)
{
	struct stat st;
	int err = sts_file_write_fd(fd, data.data, data.len);

	if (err != 0)
		return fail(store, "write", temp, err, e);
	if (fstat(fd, &st) != 0)
		return fail(store, "examine", temp, errno, e);
	if (store->group != STS_GROUP_AUTO && st.st_gid != store->group &&
	    sts_fchown(fd, (uid_t)-1, store->group) != 0)
		return fail_group(store, temp, errno, e);
	if (sts_fchmod(fd, store->mode) != 0)
		return fail(store, "set the mode of", temp, errno, e);
	return STS_OK;
}

/* Make the temporary file of a file, in place of whatever lies at its name.
 *   temp  out  its name
 *   fd    out  open for writing; -1 after a failure */
static enum sts_err make_temp(const struct sts_store *store, const char *name,
			      char temp[TEMP_NAME_MAX_BYTES], int *fd, struct sts_error *e)
{
	*fd = -1;
	if (!temp_name(name, temp))
		return sts_fail(e, STS_EBUG, 0, "a file name is too long");
	*fd = openat(store->dir_fd, temp, NEW_FILE, 0600);
	if (*fd < 0 && errno == EEXIST) {
		int err = remove_temp(store->dir_fd, temp);
		if (err != 0)
			return fail_held(store, "remove", temp, err, e);
		*fd = openat(store->dir_fd, temp, NEW_FILE, 0600);
	}
	return *fd < 0 ? fail(store, "create", temp, errno, e) : STS_OK;
}

/* Close a temporary file, and give it the name of its file. */
static enum sts_err put_in_place(const struct sts_store *store, const char *temp, int fd,
				 const char *name, struct sts_error *e)
{
	/* Some file systems report a failed write only here. After EINTR the descriptor is closed
	 * too. */
	if (close(fd) != 0 && errno != EINTR)
		return fail(store, "close", temp, errno, e);
	if (renameat(store->dir_fd, temp, store->dir_fd, name) != 0)
		return fail_held(store, "replace", name, errno, e);
	return STS_OK;
}

enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice data,
			     struct sts_error *e)
{
	char temp[TEMP_NAME_MAX_BYTES];
	int fd;
	enum sts_err result = make_temp(store, name, temp, &fd, e);

	if (result != STS_OK)
		return result;
	result = fill(store, temp, fd, data, e);
	if (result == STS_OK)
		result = put_in_place(store, temp, fd, name, e);
	else
		close(fd);
	if (result != STS_OK)
		unlinkat(store->dir_fd, temp, 0);
	return result;
}

bool sts_store_overwrite(const struct sts_store *store, const char *name, struct sts_slice data)
{
	char whole[STS_STORE_OVERWRITE_MAX_BYTES];
	struct stat st;
	bool done = false;
	int fd = openat(store->dir_fd, name,
			O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    st.st_nlink == 1 && st.st_size <= (off_t)sizeof(whole) && data.len <= sizeof(whole)) {
		size_t len = data.len > (size_t)st.st_size ? data.len : (size_t)st.st_size;

		memset(whole, '\n', sizeof(whole));
		memcpy(whole, data.data, data.len);
		done = sts_file_write_fd(fd, whole, len) == 0;
	}
	return close(fd) == 0 && done;
}

/* When a file was written, in seconds since the epoch; 0 when there is none, when it is not a
 * regular file, or not this UID's. */
static int64_t written_s(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
			       st.st_uid == geteuid()
		       ? st.st_mtim.tv_sec
		       : 0;
}

/* ---- the files of one exchange ---- */

/* Remove the temporary file of an output, if that is possible. */
static void remove_temp_of(const struct sts_store *store, enum sts_output output)
{
	char temp[TEMP_NAME_MAX_BYTES];

	if (temp_name(sts_output_name(output), temp))
		remove_temp(store->dir_fd, temp);
}

void sts_store_sweep(const struct sts_store *store)
{
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		remove_temp_of(store, i);
}

/* End the temporary file of an output. */
static void discard(const struct sts_store *store, struct sts_temps *temps, enum sts_output output)
{
	remove_temp_of(store, output);
	if (temps->fd[output] >= 0)
		close(temps->fd[output]);
	temps->files &= ~(1u << output);
}

void sts_store_discard(const struct sts_store *store, struct sts_temps *temps)
{
	while (temps->files != 0)
		discard(store, temps, (enum sts_output)__builtin_ctz(temps->files));
}

/* Returns how much room a new file needs. The size of the present file is a good guess, but the
 * file may be anybody's. */
static off_t room_for(const struct sts_store *store, const char *name)
{
	struct stat st;
	off_t size = 0;

	if (fstatat(store->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		size = st.st_size < RESERVE_MAX_BYTES ? st.st_size : RESERVE_MAX_BYTES;
	return size < RESERVE_MIN_BYTES ? RESERVE_MIN_BYTES : size;
}

/* Reserve room for a new file. Returns 0 or an errno; 0 if the file system cannot reserve. */
static int reserve(const struct sts_store *store, const char *name, int fd)
{
	(void)store;
	(void)name;
	(void)fd;
	(void)room_for;
	return 0;
}

static enum sts_err prepare(const struct sts_store *store, struct sts_temps *temps,
			    enum sts_output output, struct sts_error *e)
{
	const char *name = sts_output_name(output);
	char temp[TEMP_NAME_MAX_BYTES];
	enum sts_err result;

	temps->files |= 1u << output;
	result = make_temp(store, name, temp, &temps->fd[output], e);
	if (result != STS_OK)
		return result;
	int err = reserve(store, name, temps->fd[output]);
	return err == 0 ? STS_OK : fail(store, "write", temp, err, e);
}

enum sts_err sts_store_prepare(const struct sts_store *store, unsigned files,
			       struct sts_temps *temps, struct sts_error *e)
{
	enum sts_err result = STS_OK;

	temps->files = 0;
	for (unsigned i = 0; i < STS_OUTPUT__COUNT && result == STS_OK; i++)
		if (files >> i & 1)
			result = prepare(store, temps, i, e);
		else
			remove_temp_of(store, i);
	if (result != STS_OK)
		sts_store_discard(store, temps);
	return result;
}

/* Is this process in the group, or may it set any? */
static bool may_set_group(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	if (count < 0 || group == getegid() || geteuid() == 0)
		return true;
	while (count > 0 && groups[count - 1] != group)
		count--;
	return count > 0;
}

/* Can what lies at the name of a file be replaced? Returns 0 or an errno.
 *   mounts  in  a file of another device is a mount point, which overlayfs does not tell */
static int look_at(const struct sts_store *store, const struct stat *dir, bool mounts,
		   const char *name)
{
	uid_t self = geteuid();
	struct stat st;

	if (fstatat(store->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (mounts && st.st_dev != dir->st_dev)
		return EBUSY;
	return (dir->st_mode & S_ISVTX) && self != 0 && self != dir->st_uid && self != st.st_uid
		       ? EPERM
		       : 0;
}

enum sts_err sts_store_look(const struct sts_store *store, unsigned files, struct sts_error *e)
{
	const char *name = NULL;
	struct stat dir = {0};
	struct statfs fs = {0};
	uint64_t bytes = 0;
	int err;

	fstat(store->dir_fd, &dir);
	fstatfs(store->dir_fd, &fs);
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		if (!(files >> i & 1))
			continue;
		name = sts_output_name(i);
		err = look_at(store, &dir, fs.f_type != OVERLAYFS, name);
		if (err != 0)
			return fail_held(store, "replace", name, err, e);
		bytes += (uint64_t)room_for(store, name);
	}
	err = look_at(store, &dir, fs.f_type != OVERLAYFS, STS_FILE_STATUS);
	if (err != 0)
		return fail_held(store, "replace", STS_FILE_STATUS, err, e);
	if (store->group != STS_GROUP_AUTO &&
	    !((dir.st_mode & S_ISGID) && dir.st_gid == store->group) &&
	    !may_set_group(store->group))
		return fail_group(store, name, EPERM, e);
	/* Some file systems do not tell their size. */
	if ((fs.f_files > 0 && fs.f_ffree == 0) ||
	    (fs.f_blocks > 0 && fs.f_frsize > 0 && fs.f_bavail * (uint64_t)fs.f_frsize < bytes))
		return fail(store, "write", name, ENOSPC, e);
	return STS_OK;
}

/* Does the temporary name still lead to the file that was made? The file is open, so no other file
 * can have its number. */
static enum sts_err verify(const struct sts_store *store, const char *temp, int fd,
			   struct sts_error *e)
{
	struct stat made, now;

	if (fstat(fd, &made) != 0)
		return fail(store, "examine", temp, errno, e);
	if (fstatat(store->dir_fd, temp, &now, AT_SYMLINK_NOFOLLOW) == 0) {
		if (now.st_dev == made.st_dev && now.st_ino == made.st_ino)
			return STS_OK;
	} else if (errno != ENOENT) {
		return fail(store, "examine", temp, errno, e);
	}
	return sts_fail(e, STS_EOUTPUT, EEXIST,
			"somebody else has removed or replaced %.60s/%s, the file that was being "
			"written",
			store->dir, temp);
}

/* Write the content of an output into its temporary file, and wait until it is on disk. */
static enum sts_err fill_output(const struct sts_store *store, const struct sts_temps *temps,
				enum sts_output output, struct sts_slice data, struct sts_error *e)
{
	char temp[TEMP_NAME_MAX_BYTES];

	if (!temp_name(sts_output_name(output), temp) || !(temps->files >> output & 1))
		return sts_fail(e, STS_EBUG, 0, "a file was not prepared");
	enum sts_err result = fill(store, temp, temps->fd[output], data, e);

	if (result != STS_OK)
		return result;
	int err = sync_fd(temps->fd[output]);
	return err == 0 ? STS_OK : fail(store, "sync", temp, err, e);
}

static enum sts_err verify_output(const struct sts_store *store, const struct sts_temps *temps,
				  enum sts_output output, struct sts_error *e)
{
	char temp[TEMP_NAME_MAX_BYTES];

	temp_name(sts_output_name(output), temp);
	return verify(store, temp, temps->fd[output], e);
}

/* Wait until the disk has the last change of this name. Later changes then reach the disk after
 * it. */
static enum sts_err sync_directory(const struct sts_store *store, const char *name,
				   struct sts_error *e)
{
	int err = sync_fd(store->dir_fd);

	return err == 0 ? STS_OK : fail(store, "sync the directory of", name, err, e);
}

/* Put an output in place that has been filled, and wait until its new name is on disk. */
static enum sts_err replace(const struct sts_store *store, struct sts_temps *temps,
			    enum sts_output output, struct sts_error *e)
{
	const char *name = sts_output_name(output);
	char temp[TEMP_NAME_MAX_BYTES];
	int fd = temps->fd[output];
	enum sts_err result = verify_output(store, temps, output, e);

	if (result != STS_OK)
		return result;
	temp_name(name, temp);
	temps->fd[output] = -1;
	result = put_in_place(store, temp, fd, name, e);
	if (result != STS_OK)
		return result;
	temps->files &= ~(1u << output); /* the temporary name is gone */
	return sync_directory(store, name, e);
}

/*
 * Put a file in place. When data is empty, remove the file if the last write made it.
 *   last_s  in  when `expires` was written; 0: never
 */
static enum sts_err put(const struct sts_store *store, struct sts_temps *temps,
			enum sts_output output, struct sts_slice data, int64_t last_s,
			struct sts_error *e)
{
	const char *name = sts_output_name(output);

	if (data.len > 0)
		return replace(store, temps, output, e);
	/* In a directory that is not ours alone, token.json may be another program's. */
	int64_t age_s = written_s(store->dir_fd, name) - last_s;
	if (output != STS_OUTPUT_THUMBPRINT &&
	    (last_s == 0 || age_s > TOGETHER_S || age_s < -TOGETHER_S))
		return STS_OK;
	/* A directory of this name is not one of our files, and stays. */
	if (unlinkat(store->dir_fd, name, 0) == 0)
		return sync_directory(store, name, e);
	return errno == ENOENT || errno == EISDIR ? STS_OK
						  : fail_held(store, "remove", name, errno, e);
}

/* Replace all files, which have been filled. */
static enum sts_err replace_all(const struct sts_store *store, struct sts_temps *temps,
				const struct sts_slice files[STS_OUTPUT__COUNT], int64_t expires_s,
				struct sts_error *e)
{
	static const uint8_t order[] = {
		STS_OUTPUT_TOKEN,       STS_OUTPUT_JSON,           STS_OUTPUT_AWS_CREDENTIALS,
		STS_OUTPUT_AWS_PROCESS, STS_OUTPUT_GCP_EXECUTABLE, STS_OUTPUT_THUMBPRINT,
	};
	int64_t old_s, last_s = written_s(store->dir_fd, STS_FILE_EXPIRES);
	int err = sts_stored_expires(store->dir_fd, &old_s);
	bool expires_first = expires_s < old_s; /* old_s is 0 if there is no time */
	bool alone = temps->files == 1u << STS_OUTPUT_EXPIRES;
	enum sts_err result;

	if (err != 0 && err != ENOENT) {
		err = remove_file(store->dir_fd, STS_FILE_EXPIRES);
		if (err != 0)
			return fail_held(store, "replace", STS_FILE_EXPIRES, err, e);
	}
	result = expires_first ? replace(store, temps, STS_OUTPUT_EXPIRES, e) : STS_OK;
	for (size_t i = 0; i < sizeof(order) && result == STS_OK && !alone; i++)
		result = put(store, temps, order[i], files[order[i]], last_s, e);
	if (result == STS_OK && !expires_first)
		result = replace(store, temps, STS_OUTPUT_EXPIRES, e);
	return result;
}

enum sts_err sts_store_write_files(const struct sts_store *store, struct sts_temps *temps,
				   const struct sts_slice files[STS_OUTPUT__COUNT],
				   int64_t expires_s, struct sts_error *e)
{
	struct sts_slice all[STS_OUTPUT__COUNT];
	char expires[STS_RFC3339_BYTES];
	enum sts_err result = STS_OK;

	sts_rfc3339_format(expires_s, expires);
	memcpy(all, files, sizeof(all));
	all[STS_OUTPUT_EXPIRES] = sts_slice_of(expires);
	for (unsigned i = 0; i < STS_OUTPUT__COUNT && result == STS_OK; i++)
		if (all[i].len > 0)
			result = fill_output(store, temps, i, all[i], e);
	for (unsigned i = 0; i < STS_OUTPUT__COUNT && result == STS_OK; i++)
		if (all[i].len > 0)
			result = verify_output(store, temps, i, e);
	if (result == STS_OK)
		result = replace_all(store, temps, all, expires_s, e);
	sts_store_discard(store, temps);
	return result;
}
