/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that may write in the output directory puts anything under the names that the
 * store reads and writes. Nothing hangs (an alarm ends the test), nothing outside the directory
 * changes, and the files are written or an error says what to remove.
 */
#include "store/tree.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/file.h"

#define EXCHANGE     2 /* RENAME_EXCHANGE of renameat2(2) */
#define OUTSIDE_TEXT "somebody else's"

enum kind {
	LINK_OUTSIDE,
	LINK_DANGLING,
	LINK_LOOP,
	LINK_DIRECTORY,
	HARD_LINK,
	FIFO,
	SOCKET,
	DEVICE,
	HUGE_FILE,
	FOREIGN_FILE,
	EMPTY_DIRECTORY,
	FULL_DIRECTORY,
	KIND__COUNT
};

static const char *const kind_names[KIND__COUNT] = {
	"link to a file outside",
	"dangling link",
	"link to itself",
	"link to a directory outside",
	"hard link to a file outside",
	"FIFO",
	"socket",
	"device",
	"huge file",
	"unreadable foreign file",
	"empty directory",
	"directory that is not empty",
};

/* The first three and .status are written. The others are their temporaries. */
static const char *const names[] = {
	STS_FILE_TOKEN,   STS_FILE_EXPIRES, STS_FILE_THUMBPRINT, STS_FILE_STATUS,
	".token.jwt.new", ".expires.new",   ".thumbprint.new",   ".status.new",
};
#define WRITTEN_COUNT 4
#define NAME_COUNT    (sizeof(names) / sizeof(names[0]))

static void bind_socket(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	close(fd);
}

/* Returns false if this machine does not allow it. */
static bool put_odd(const char *path, enum kind kind)
{
	char inside[64];

	unlink(path);
	switch (kind) {
	case LINK_OUTSIDE:
		return symlink("../outside", path) == 0;
	case LINK_DANGLING:
		return symlink("../not-there", path) == 0;
	case LINK_LOOP:
		return symlink(strrchr(path, '/') + 1, path) == 0;
	case LINK_DIRECTORY:
		return symlink("../outside.d", path) == 0;
	case HARD_LINK:
		return link("outside", path) == 0;
	case FIFO:
		return mkfifo(path, 0666) == 0;
	case SOCKET:
		bind_socket(path);
		return true;
	case DEVICE:
		return mknod(path, S_IFCHR | 0666, makedev(1, 5)) == 0;
	case HUGE_FILE:
		tree_put(path, "x");
		return truncate(path, 10LL << 30) == 0;
	case FOREIGN_FILE:
		tree_put(path, "foreign");
		return chmod(path, 0) == 0 && (geteuid() != 0 || chown(path, 1234, 1234) == 0);
	case EMPTY_DIRECTORY:
		return mkdir(path, 0777) == 0;
	case FULL_DIRECTORY:
		snprintf(inside, sizeof(inside), "%s/inside", path);
		return mkdir(path, 0777) == 0 && mkdir(inside, 0777) == 0;
	case KIND__COUNT:
		break;
	}
	return false;
}

static bool expect_failure(size_t name, enum kind kind)
{
	return kind == FULL_DIRECTORY || (kind == EMPTY_DIRECTORY && name < WRITTEN_COUNT);
}

static void set_up(void)
{
	struct sts_error error;

	tree_clear("d");
	tree_dir("d", 0777);
	CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_OK);
	tree_clear("outside.d");
	tree_dir("outside.d", 0777);
	unlink("outside");
	tree_put("outside", OUTSIDE_TEXT);
	CHECK(chmod("outside", 0604) == 0);
}

static void check_outside(void)
{
	struct stat st;

	CHECK(tree_is("outside", OUTSIDE_TEXT));
	CHECK(stat("outside", &st) == 0 && (st.st_mode & 07777) == 0604 && st.st_uid == geteuid());
	CHECK_INT(tree_count("outside.d"), 0);
	CHECK_INT(access("not-there", F_OK), -1);
}

/* Check that this is a regular file that the store has written. */
static void check_written(const char *name, const char *text)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "d/%s", name);
	CHECK(lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	      st.st_uid == geteuid());
	CHECK_INT(st.st_mode & 07777, 0644);
	CHECK(tree_is(path, text));
}

static enum sts_err write_all_of_them(struct sts_error *error)
{
	struct sts_store store;
	enum sts_err err = sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, error);

	if (err == STS_OK)
		err = tree_write(&store, TREE_TIME_S + 1, error);
	if (err == STS_OK)
		err = sts_store_write(&store, STS_FILE_STATUS, STS_SLICE("state"), error);
	sts_store_close(&store);
	return err;
}

static void read_all_of_them(size_t name, enum kind kind)
{
	char buf[TREE_TOKEN_MAX_BYTES + 1], status[64];
	struct sts_stored stored;
	size_t len;
	int dir_fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	sts_stored_read(dir_fd, buf, sizeof(buf), &stored);
	int status_errno = sts_file_read(dir_fd, STS_FILE_STATUS, STS_FILE_NOFOLLOW, status,
					 sizeof(status), &len);
	close(dir_fd);
	bool readable = kind == HARD_LINK || (kind == FOREIGN_FILE && geteuid() == 0);
	if (name == 0)
		CHECK_INT(stored.token_errno == 0, readable);
	if (name == 1)
		CHECK(stored.expires_errno != 0); /* what could be read is not a time */
	if (name == 3)
		CHECK_INT(status_errno == 0, readable);
	if (name > 3)
		CHECK(stored.token_errno == 0 && stored.expires_errno == 0);
}

static void check_one(size_t name, enum kind kind)
{
	char path[64], token[TREE_TOKEN_MAX_BYTES], thumbprint[65], want[64];
	struct sts_error error;
	int before = sts_test_failures;

	set_up();
	snprintf(path, sizeof(path), "d/%s", names[name]);
	if (!put_odd(path, kind)) {
		printf("# cannot make a %s here\n", kind_names[kind]);
		return;
	}
	read_all_of_them(name, kind);
	enum sts_err err = write_all_of_them(&error);
	CHECK_INT(err, expect_failure(name, kind) ? STS_EOUTPUT : STS_OK);
	check_outside();
	if (err != STS_OK) {
		snprintf(want, sizeof(want), "%s: ", path);
		CHECK(strstr(error.msg, want));
		CHECK(strstr(sts_error_hint(STS_EOUTPUT, error.detail), "remove the directory"));
	} else {
		tree_token(token, TREE_TIME_S + 1);
		tree_thumbprint(thumbprint, TREE_TIME_S + 1);
		check_written(STS_FILE_TOKEN, token);
		check_written(STS_FILE_EXPIRES, "2027-01-15T08:00:01Z");
		check_written(STS_FILE_THUMBPRINT, thumbprint);
		check_written(STS_FILE_STATUS, "state");
		CHECK_INT(tree_count("d"), WRITTEN_COUNT);
	}
	if (sts_test_failures != before)
		printf("# above: %s is a %s: %s\n", names[name], kind_names[kind],
		       err != STS_OK ? error.msg : "written");
}

static void test_every_kind(void)
{
	for (size_t name = 0; name < NAME_COUNT; name++)
		for (unsigned kind = 0; kind < KIND__COUNT; kind++)
			check_one(name, (enum kind)kind);
}

/* Swap each name for a link, a FIFO and a directory, again and again. Does not return. */
static void make_trouble(void)
{
	char path[64];

	for (unsigned i = 1;; i++) {
		snprintf(path, sizeof(path), "d/%s", names[i * 7919 / 13 % NAME_COUNT]);
		unlink("mine");
		rmdir("mine");
		if (put_odd("./mine", (enum kind)(i % (EMPTY_DIRECTORY + 1))))
			syscall(SYS_renameat2, AT_FDCWD, "mine", AT_FDCWD, path,
				i % 3 ? EXCHANGE : 0);
	}
}

static void test_race(void)
{
	char buf[TREE_TOKEN_MAX_BYTES + 1];
	struct sts_stored stored;
	struct sts_error error;
	unsigned written = 0, refused = 0;

	set_up();
	pid_t child = tree_fork();
	if (child == 0)
		make_trouble();
	int dir_fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 20000 && (i < 3000 || written < 100 || refused < 100); i++) {
		enum sts_err err = write_all_of_them(&error);
		CHECK(err == STS_OK || err == STS_EOUTPUT);
		written += err == STS_OK;
		refused += err != STS_OK;
		sts_stored_read(dir_fd, buf, sizeof(buf), &stored);
	}
	close(dir_fd);
	kill(child, SIGKILL);
	tree_wait(child);
	check_outside();
	printf("# %u written, %u refused\n", written, refused);
	CHECK(written > 0 && refused > 0);
}

static const struct sts_test tests[] = {
	{"each kind of thing under each name", test_every_kind},
	{"things that come and go during a write", test_race},
};

int main(void)
{
	umask(022);
	return tree_main(30, tests, sizeof(tests) / sizeof(tests[0]));
}
