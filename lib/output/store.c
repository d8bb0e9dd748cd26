/* SPDX-License-Identifier: Apache-2.0 */
#include "output/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "base/timefmt.h"
#include "output/stored.h"

#define TEMP_NAME_MAX_BYTES 64
#define TOGETHER_S          60 /* the files of one exchange are written within this time */
#define PERMISSION_BITS     0777

/* What to do about an errno. fail_with() says more about EACCES and EPERM. */
static const struct {
	int err;
	const char *words;
} advice[] = {
	{ENOSPC, "no space left: raise the emptyDir's sizeLimit, or free space on the node's disk"},
	{EDQUOT, "the disk quota is used up"},
	{EROFS, "read-only file system: mount the directory in the sidecar without readOnly"},
	{EISDIR, "a directory lies at this name: remove it (a subPath mount makes one)"},
	{ENOTEMPTY, "a directory that is not empty lies at this name: remove it"},
	{EEXIST,
	 "somebody else makes files of this name: give every sidecar a directory of its own"},
	{EBUSY, "something is mounted at this name: unmount it"},
	{ENOTDIR, "it is not a directory: name one with --output-dir"},
	{ENOENT, "no such directory: mount an emptyDir there"},
};

static const char *words_of(int err)
{
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		if (advice[i].err == err)
			return advice[i].words;
	return sts_errno_words(err);
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
			sticky ? ": sticky, and the file is another UID's" : "");
}

static enum sts_err fail(const struct sts_store *store, const char *verb, const char *name, int err,
			 struct sts_error *e)
{
	struct stat st;

	return fail_with(store->dir, name, verb, err, fstat(store->dir_fd, &st) == 0 ? &st : NULL,
			 e);
}

static enum sts_err fail_group(const struct sts_store *store, const char *name, int err,
			       struct sts_error *e)
{
	if (err != EPERM)
		return fail(store, "set the group of", name, err, e);
	return sts_fail(e, STS_EOUTPUT, err,
			"cannot give %.60s/%s to group %u: UID %u is not in it (fsGroup or "
			"supplementalGroups puts it there)",
			store->dir, name, (unsigned)store->group, (unsigned)getuid());
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
	int err = fstat(fd, &st) != 0 || faccessat(fd, ".", W_OK | X_OK, 0) != 0 ? errno : 0;
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
	sts_text_addf(&t, "%s%s.new", name[0] == '.' ? "" : ".", name);
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

/*
 * fsync() a file or directory. Some file systems (FUSE, 9P, network mounts) cannot sync files or
 * cannot sync directories, and return one of the errnos below. That does not count as a failure:
 * readers are served all the same, and only the order of the files after a power cut is not
 * guaranteed. Any other errno, such as that of a failing disk, is a failure.
 */
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
			 struct sts_slice data, bool durable, struct sts_error *e)
{
	struct stat st;
	int err = sts_file_write_fd(fd, data.data, data.len);

	if (err != 0)
		return fail(store, "write", temp, err, e);
	if (fstat(fd, &st) != 0)
		return fail(store, "examine", temp, errno, e);
	if (store->group != STS_GROUP_AUTO && st.st_gid != store->group &&
	    fchown(fd, (uid_t)-1, store->group) != 0)
		return fail_group(store, temp, errno, e);
	if (fchmod(fd, store->mode) != 0)
		return fail(store, "set the mode of", temp, errno, e);
	err = durable ? sync_fd(fd) : 0;
	return err == 0 ? STS_OK : fail(store, "sync", temp, err, e);
}

enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice data,
			     struct sts_error *e)
{
	char temp[TEMP_NAME_MAX_BYTES];
	enum sts_err result;

	if (!temp_name(name, temp))
		return sts_fail(e, STS_EBUG, 0, "a file name is too long");
	int err = remove_temp(store->dir_fd, temp);
	if (err != 0)
		return fail(store, "remove", temp, err, e);
	int fd = openat(store->dir_fd, temp,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(store, "create", temp, errno, e);

	/* The status describes a running process, so it need not outlive a crash. The supervisor
	 * writes it, and must not wait for a slow disk. */
	bool durable = strcmp(name, STS_FILE_STATUS) != 0;
	result = fill(store, temp, fd, data, durable, e);
	/* Some file systems report a failed write only here. After EINTR the descriptor is closed
	 * too. */
	if (close(fd) != 0 && errno != EINTR && result == STS_OK)
		result = fail(store, "close", temp, errno, e);
	if (result == STS_OK && renameat(store->dir_fd, temp, store->dir_fd, name) != 0)
		result = fail(store, "replace", name, errno, e);
	if (result != STS_OK) {
		unlinkat(store->dir_fd, temp, 0);
		return result;
	}
	err = durable ? sync_fd(store->dir_fd) : 0;
	return err == 0 ? STS_OK : fail(store, "sync the directory of", name, err, e);
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

/*
 * Write a file. When data is empty, remove the file if the last write made it.
 *   last_s  in  when `expires` was written; 0: never
 */
static enum sts_err put(struct sts_store *store, enum sts_output output, struct sts_slice data,
			int64_t last_s, struct sts_error *e)
{
	const char *name = sts_output_name(output);
	char temp[TEMP_NAME_MAX_BYTES];

	if (data.len > 0)
		return sts_store_write(store, name, data, e);
	if (temp_name(name, temp))
		remove_file(store->dir_fd, temp);
	/* In a directory that is not ours alone, token.json may be another program's. */
	int64_t age_s = written_s(store->dir_fd, name) - last_s;
	if (output != STS_OUTPUT_THUMBPRINT &&
	    (last_s == 0 || age_s > TOGETHER_S || age_s < -TOGETHER_S))
		return STS_OK;
	/* A directory of this name is not one of our files, and stays. */
	int err = remove_file(store->dir_fd, name);
	return err == 0 || err == EISDIR ? STS_OK : fail(store, "remove", name, err, e);
}

enum sts_err sts_store_write_files(struct sts_store *store,
				   const struct sts_slice files[STS_OUTPUT__COUNT],
				   int64_t expires_s, struct sts_error *e)
{
	static const uint8_t order[] = {
		STS_OUTPUT_TOKEN,       STS_OUTPUT_JSON,           STS_OUTPUT_AWS_CREDENTIALS,
		STS_OUTPUT_AWS_PROCESS, STS_OUTPUT_GCP_EXECUTABLE, STS_OUTPUT_THUMBPRINT,
	};
	int64_t old_s, last_s = written_s(store->dir_fd, STS_FILE_EXPIRES);
	char text[STS_RFC3339_BYTES];
	enum sts_err result;

	sts_rfc3339_format(expires_s, text);
	struct sts_slice expires = sts_slice_of(text);
	int err = sts_stored_expires(store->dir_fd, &old_s);
	bool expires_first = err == 0 && expires_s < old_s;
	if (err != 0 && err != ENOENT) {
		err = remove_file(store->dir_fd, STS_FILE_EXPIRES);
		if (err != 0)
			return fail(store, "replace", STS_FILE_EXPIRES, err, e);
	}

	result = expires_first ? sts_store_write(store, STS_FILE_EXPIRES, expires, e) : STS_OK;
	for (size_t i = 0; i < sizeof(order) && result == STS_OK; i++)
		result = put(store, order[i], files[order[i]], last_s, e);
	if (result == STS_OK && !expires_first)
		result = sts_store_write(store, STS_FILE_EXPIRES, expires, e);
	return result;
}
