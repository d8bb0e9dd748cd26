/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `--mode auto` on directories as the kubelet makes them: who writes, what the files look like, and
 * who can read them. The test needs root, to become all these users.
 */
#include "store/tree.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#define OWN           ((uid_t)-2) /* the writer's own */
#define FS_GROUP      2000
#define OPENSHIFT_UID 1000650000

struct who {
	const char *name;
	uid_t uid;
	gid_t gid, extra; /* extra: a supplementary group, 0 for none */
	bool caps;
};

/* Become a user as a container runtime starts it. Each container of a Pod with an fsGroup has it as
 * a supplementary group. */
static const struct who writers[] = {
	{"65532", 65532, 65532, 0, false},
	{"65532 with group 2000", 65532, 65532, FS_GROUP, false},
	{"root without capabilities", 0, 0, 0, false},
	{"root without capabilities, with group 2000", 0, 0, FS_GROUP, false},
	{"an arbitrary UID of group 0 with group 2000", OPENSHIFT_UID, 0, FS_GROUP, false},
	{"root", 0, 0, 0, true},
};

enum { R_ROOT, R_BARE, R_BARE_2000, R_65532, R_1000, R_1000_2000, R_ARBITRARY_2000, R__COUNT };
static const struct who readers[R__COUNT] = {
	[R_ROOT] = {"root", 0, 0, 0, true},
	[R_BARE] = {"root without capabilities", 0, 0, 0, false},
	[R_BARE_2000] = {"root without capabilities, with group 2000", 0, 0, FS_GROUP, false},
	[R_65532] = {"65532", 65532, 65532, 0, false},
	[R_1000] = {"1000", 1000, 1000, 0, false},
	[R_1000_2000] = {"1000 with group 2000", 1000, 1000, FS_GROUP, false},
	[R_ARBITRARY_2000] = {"an arbitrary UID of group 0 with group 2000", OPENSHIFT_UID, 0,
			      FS_GROUP, false},
};

static const struct {
	const char *name;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	mode_t want_mode;
	gid_t want_gid;
	bool reads[R__COUNT]; /* besides the writer's own UID */
} dirs[] = {
	{"0777 root:root (emptyDir)",
	 0777,
	 0,
	 0,
	 0644,
	 OWN,
	 {true, true, true, true, true, true, true}},
	{"02777 root:2000 (emptyDir under fsGroup)",
	 02777,
	 0,
	 FS_GROUP,
	 0640,
	 FS_GROUP,
	 {[R_ROOT] = true, [R_BARE_2000] = true, [R_1000_2000] = true, [R_ARBITRARY_2000] = true}},
	{"0755 own", 0755, OWN, OWN, 0600, OWN, {[R_ROOT] = true}},
	{"0700 own", 0700, OWN, OWN, 0600, OWN, {[R_ROOT] = true}},
	{"02755 own:2000",
	 02755,
	 OWN,
	 FS_GROUP,
	 0640,
	 FS_GROUP,
	 {[R_ROOT] = true, [R_BARE_2000] = true, [R_1000_2000] = true, [R_ARBITRARY_2000] = true}},
};

static bool become(const struct who *who)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	gid_t groups[] = {who->extra};

	if (setgroups(who->extra ? 1 : 0, groups) != 0 ||
	    setresgid(who->gid, who->gid, who->gid) != 0 ||
	    setresuid(who->uid, who->uid, who->uid) != 0)
		return false;
	/* The kernel drops these with the UID. Root keeps its UID and loses them here. */
	return who->caps || syscall(SYS_capset, &header, none) == 0;
}

static int status_writing(const struct who *who, const char *dir)
{
	pid_t child = tree_fork();

	if (child == 0) {
		struct sts_error error = {0};
		if (!become(who))
			_exit(98);
		umask(0077);
		enum sts_err err = tree_write_in(dir, TREE_TIME_S, &error);
		if (err != STS_OK)
			printf("# %s: %s\n", who->name, error.msg);
		fflush(stdout);
		_exit(err == STS_OK ? 0 : 1);
	}
	return tree_wait(child);
}

static bool can_read(const struct who *who, const char *path)
{
	pid_t child = tree_fork();

	if (child == 0) {
		char buf[TREE_TOKEN_MAX_BYTES + 1];
		_exit(!become(who) ? 98 : tree_get(path, buf, sizeof(buf)) > 0 ? 0 : 1);
	}
	int status = tree_wait(child);
	CHECK(status == 0 || status == 1);
	return status == 0;
}

static bool is_root(void)
{
	if (geteuid() != 0)
		sts_test_skipped = "needs root, to be other users";
	return geteuid() == 0;
}

static void check_file(const char *path, size_t d, const struct who *writer)
{
	gid_t want_gid = dirs[d].want_gid == OWN ? writer->gid : dirs[d].want_gid;
	struct stat st;

	CHECK(stat(path, &st) == 0);
	if ((st.st_mode & 07777) != dirs[d].want_mode || st.st_gid != want_gid ||
	    st.st_uid != writer->uid)
		printf("# %s: writer %s\n", dirs[d].name, writer->name);
	CHECK_INT(st.st_mode & 07777, dirs[d].want_mode);
	CHECK_INT(st.st_gid, want_gid);
	CHECK_INT(st.st_uid, writer->uid);
	for (size_t r = 0; r < R__COUNT; r++) {
		/* A directory of mode 0700 also keeps out users who could read the file. */
		bool want = dirs[d].reads[r] || readers[r].uid == writer->uid;
		bool got = can_read(&readers[r], path);
		if (got != want)
			printf("# %s: writer %s, reader %s\n", dirs[d].name, writer->name,
			       readers[r].name);
		CHECK_INT(got, want);
	}
}

static void make_dir(size_t d, const struct who *writer)
{
	tree_clear("d");
	tree_dir("d", 0700);
	CHECK(chown("d", dirs[d].uid == OWN ? writer->uid : dirs[d].uid,
		    dirs[d].gid == OWN ? writer->gid : dirs[d].gid) == 0);
	CHECK(chmod("d", dirs[d].mode) == 0);
}

static void test_table(void)
{
	if (!is_root())
		return;
	for (size_t d = 0; d < sizeof(dirs) / sizeof(dirs[0]); d++) {
		for (size_t w = 0; w < sizeof(writers) / sizeof(writers[0]); w++) {
			make_dir(d, &writers[w]);
			CHECK_INT(status_writing(&writers[w], "d"), 0);
			check_file("d/token.jwt", d, &writers[w]);
			check_file("d/expires", d, &writers[w]);
			check_file("d/thumbprint", d, &writers[w]);
			CHECK_INT(tree_count("d"), 3);
		}
	}
}

/* The writer may not write in the directory. That is said at once, with what is needed to mend
 * it. */
static void test_refused(void)
{
	struct sts_store store;
	struct sts_error error;
	/* The sticky bit is not the reason here; and who may write needs to enter it, too. */
	const mode_t modes[] = {0755, 01755, 0756};
	char want[160];

	if (!is_root())
		return;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		tree_clear("d");
		tree_dir("d", 0700);
		CHECK(chown("d", 0, FS_GROUP) == 0 && chmod("d", modes[i]) == 0);
		snprintf(want, sizeof(want),
			 "cannot write in d: permission denied for UID 65532: the directory "
			 "belongs to 0:2000, mode %04o",
			 (unsigned)modes[i]);
		pid_t child = tree_fork();
		if (child == 0) {
			CHECK(become(&writers[0]));
			CHECK_INT(sts_store_open(&store, "d", true, STS_MODE_AUTO, STS_GROUP_AUTO,
						 &error),
				  STS_EOUTPUT);
			CHECK_STR(error.msg, want);
			CHECK_INT(sts_store_open(&store, "d/new", true, STS_MODE_AUTO,
						 STS_GROUP_AUTO, &error),
				  STS_EOUTPUT);
			CHECK_STR(error.msg, i == 2 ? "cannot open d/new: permission denied"
						    : "cannot create d/new: permission denied");
			fflush(stdout);
			_exit(sts_test_failures != 0);
		}
		CHECK_INT(tree_wait(child), 0);
		CHECK_INT(tree_count("d"), 0);
	}
}

/* A file of somebody else is replaced if the directory allows it. Else it stays, and the error says
 * so. */
static void test_foreign(void)
{
	struct sts_error error;

	if (!is_root())
		return;
	tree_clear("d");
	tree_dir("d", 0777);
	CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_OK);
	CHECK_INT(status_writing(&writers[0], "d"), 0);
	check_file("d/token.jwt", 0, &writers[0]);

	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_OK);
	CHECK(chmod("d", 01777) == 0);
	char token[TREE_TOKEN_MAX_BYTES];
	tree_token(token, TREE_TIME_S + 1);
	pid_t child = tree_fork();
	if (child == 0) {
		CHECK(become(&writers[0]));
		CHECK_INT(tree_write_in("d", TREE_TIME_S + 2, &error), STS_EOUTPUT);
		CHECK_STR(error.msg, "cannot replace d/token.jwt: operation not permitted for UID "
				     "65532: the directory belongs to 0:0, "
				     "mode 1777: sticky, and the file is another UID's");
		CHECK_INT(error.detail, STS_EHELD);
		/* A caller may want no error. */
		CHECK_INT(tree_write_in("d", TREE_TIME_S + 2, NULL), STS_EOUTPUT);
		fflush(stdout);
		_exit(sts_test_failures != 0);
	}
	CHECK_INT(tree_wait(child), 0);
	CHECK(tree_is("d/token.jwt", token));
	CHECK_INT(tree_count("d"), 3);
}

/* A token that this user may not read is told as such. */
static void test_unreadable(void)
{
	struct sts_stored stored;

	if (!is_root())
		return;
	tree_clear("d");
	tree_dir("d", 0777);
	tree_put("d/token.jwt", "x");
	CHECK(chmod("d/token.jwt", 0600) == 0);
	pid_t child = tree_fork();
	if (child == 0) {
		CHECK(become(&writers[0]));
		int fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		sts_stored_look(fd, &stored);
		CHECK_INT(stored.token_errno, EACCES);
		CHECK_INT(stored.files, 0);
		fflush(stdout);
		_exit(sts_test_failures != 0);
	}
	CHECK_INT(tree_wait(child), 0);
}

/* A thumbprint that should go, but cannot be removed, is told. */
static void test_foreign_thumbprint(void)
{
	struct sts_store store;
	struct sts_error error;

	if (!is_root())
		return;
	tree_clear("d");
	tree_dir("d", 01777);
	tree_put("d/thumbprint", "x");
	pid_t child = tree_fork();
	if (child == 0) {
		CHECK(become(&writers[0]));
		CHECK_INT(sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
			  STS_OK);
		CHECK_INT(tree_write_token(&store, STS_SLICE("a.b.c"), TREE_TIME_S,
					   (struct sts_slice){0}, &error),
			  STS_EOUTPUT);
		CHECK(strstr(error.msg, "cannot remove d/thumbprint: operation not permitted"));
		CHECK_INT(error.detail, STS_EHELD);
		fflush(stdout);
		_exit(sts_test_failures != 0);
	}
	CHECK_INT(tree_wait(child), 0);
	CHECK(tree_is("d/thumbprint", "x"));
}

static void test_group(void)
{
	struct sts_store store;
	struct sts_error error;
	const struct who *member = &writers[1], *other = &writers[0];

	if (!is_root())
		return;
	tree_clear("d");
	tree_dir("d", 0777);
	for (int i = 0; i < 2; i++) {
		pid_t child = tree_fork();
		if (child == 0) {
			CHECK(become(i == 0 ? member : other));
			CHECK_INT(
				sts_store_open(&store, "d", false, STS_MODE_AUTO, FS_GROUP, &error),
				STS_OK);
			CHECK_INT(tree_write(&store, TREE_TIME_S, &error),
				  i == 0 ? STS_OK : STS_EOUTPUT);
			if (i == 1)
				CHECK_STR(error.msg, "cannot give d/.token.jwt.new to group 2000: "
						     "UID 65532 is not in it");
			fflush(stdout);
			_exit(sts_test_failures != 0);
		}
		CHECK_INT(tree_wait(child), 0);
		CHECK_INT(tree_count("d"), 3);
	}
	struct stat st;
	CHECK(stat("d/token.jwt", &st) == 0);
	CHECK_INT(st.st_gid, FS_GROUP);
	CHECK_INT(st.st_mode & 07777, 0640);
}

static const struct sts_test tests[] = {
	{"each directory with each writer and reader", test_table},
	{"a directory that is not writable", test_refused},
	{"a file of somebody else is replaced or stays", test_foreign},
	{"a token that may not be read", test_unreadable},
	{"a thumbprint of somebody else is told", test_foreign_thumbprint},
	{"a group that was asked for", test_group},
};

int main(void)
{
	return tree_main(30, tests, sizeof(tests) / sizeof(tests[0]));
}
