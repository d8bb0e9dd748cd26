/* SPDX-License-Identifier: Apache-2.0 */
/* The token store by itself. The tests that need other processes, users or disks are in
 * tests/store/. */
#include "opened_store.h"

#include "protocol/table.h"

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void test_open(void)
{
	struct sts_store wide;
	struct stat st;

	CHECK_INT(sts_store_open(&store, "none", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK_INT(error.detail, ENOENT);
	CHECK(strstr(error.msg, "cannot open none: no such directory"));
	CHECK_INT(store.dir_fd, -1);
	CHECK_INT(sts_store_open(&store, "none/below", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK(strstr(error.msg, "cannot create none/below"));
	tree_put("file", "x");
	CHECK_INT(sts_store_open(&store, "file", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK_INT(error.detail, ENOTDIR);

	umask(027);
	CHECK_INT(sts_store_open(&store, "made", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	umask(022);
	CHECK_INT(mode_of("made"), 0750);
	umask(0);
	CHECK_INT(sts_store_open(&wide, "wide", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	umask(022);
	CHECK_INT(mode_of("wide"), 0755);
	sts_store_close(&wide);
	CHECK(fcntl(store.dir_fd, F_GETFD) & FD_CLOEXEC);
	sts_store_close(&store);
	CHECK_INT(store.dir_fd, -1);
	sts_store_close(&store);
	CHECK_INT(sts_store_open(&store, "made", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	sts_store_close(&store);
	/* The directory itself may be a link, because the user decides how it is mounted. */
	CHECK(symlink("made", "link") == 0);
	CHECK_INT(sts_store_open(&store, "link", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	CHECK(fstat(store.dir_fd, &st) == 0 && S_ISDIR(st.st_mode));
	sts_store_close(&store);
}

/* A directory that is there is opened once, whatever errno was before and which descriptor it
 * gets. */
static void test_open_once(void)
{
	tree_clear("d");
	tree_dir("d", 0777);
	int kept = free_descriptor_0();
	errno = ENOENT;
	CHECK_INT(sts_store_open(&store, "d", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error), STS_OK);
	CHECK_INT(store.dir_fd, 0);
	CHECK(fcntl(store.dir_fd, F_GETFD) & FD_CLOEXEC);
	sts_store_close(&store);
	CHECK_INT(fcntl(0, F_GETFD), -1);
	take_descriptor_0_back(kept);
}

static void test_resolution(void)
{
	gid_t own = getegid();
	const struct {
		mode_t dir, mode;
		gid_t group;
		mode_t want_mode;
		gid_t want_group;
	} rows[] = {
		{0777, STS_MODE_AUTO, STS_GROUP_AUTO, 0644, STS_GROUP_AUTO},
		{02777, STS_MODE_AUTO, STS_GROUP_AUTO, 0640, own},
		{02770, STS_MODE_AUTO, STS_GROUP_AUTO, 0640, own},
		{0755, STS_MODE_AUTO, STS_GROUP_AUTO, 0600, STS_GROUP_AUTO},
		{0770, STS_MODE_AUTO, STS_GROUP_AUTO, 0600, STS_GROUP_AUTO},
		{0777, 0600, STS_GROUP_AUTO, 0600, STS_GROUP_AUTO},
		{02777, 0604, STS_GROUP_AUTO, 0604, own},
		{0755, STS_MODE_AUTO, own, 0640, own},
		{0777, STS_MODE_AUTO, own, 0640, own},
		{0777, 07444, STS_GROUP_AUTO, 0444, STS_GROUP_AUTO},
		{0777, 0777, STS_GROUP_AUTO, 0777, STS_GROUP_AUTO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tree_clear("d");
		tree_dir("d", rows[i].dir);
		CHECK_INT(sts_store_open(&store, "d", false, rows[i].mode, rows[i].group, &error),
			  STS_OK);
		CHECK_INT(store.mode, rows[i].want_mode);
		CHECK_INT(store.group, rows[i].want_group);
		umask(0777); /* the caller has chosen this umask, and it must not matter */
		CHECK_INT(sts_store_write(&store, "file", STS_SLICE("text"), &error), STS_OK);
		umask(022);
		CHECK_INT(mode_of("d/file"), rows[i].want_mode);
		sts_store_close(&store);
	}
}

static void test_write(void)
{
	struct stat before, after;

	fresh("d", 0777);
	CHECK_INT(sts_store_write(&store, "file", STS_SLICE("one"), &error), STS_OK);
	CHECK(tree_is("d/file", "one"));
	CHECK(stat("d/file", &before) == 0);
	CHECK(link("d/file", "hard") == 0);
	CHECK_INT(sts_store_write(&store, "file", STS_SLICE("other"), &error), STS_OK);
	CHECK(stat("d/file", &after) == 0);
	CHECK(tree_is("d/file", "other"));
	CHECK(tree_is("hard", "one")); /* the file was replaced and not written into */
	CHECK(before.st_ino != after.st_ino && after.st_nlink == 1);
	CHECK_INT(tree_count("d"), 1);

	/* A file that a killed worker has left does not matter. */
	tree_put("d/.file.new", "rest of a longer text");
	CHECK_INT(sts_store_write(&store, "file", STS_SLICE("new"), &error), STS_OK);
	CHECK(tree_is("d/file", "new"));
	CHECK_INT(sts_store_write(&store, STS_FILE_STATUS, STS_SLICE("s"), &error), STS_OK);
	CHECK(tree_is("d/.status", "s"));
	CHECK_INT(tree_count("d"), 2);

	/* The longest name, which still has room for a dot, ".new" and a NUL, and a longer one. */
	char name[60] = {0};
	memset(name, 'n', 58);
	CHECK_INT(sts_store_write(&store, name, STS_SLICE("x"), &error), STS_OK);
	CHECK_INT(tree_count("d"), 3);
	name[58] = 'n';
	CHECK_INT(sts_store_write(&store, name, STS_SLICE("x"), &error), STS_EBUG);
	CHECK_INT(error.detail, 0);
	CHECK_INT(tree_count("d"), 3);
	sts_store_close(&store);
	unlink("hard");
}

static void test_token_files(void)
{
	char thumbprint[65];

	fresh("d", 0777);
	/* of one byte each */
	CHECK_INT(tree_write_token(&store, STS_SLICE("t"), 1768234289, STS_SLICE("p"), &error),
		  STS_OK);
	CHECK(tree_is("d/token.jwt", "t") && tree_is("d/thumbprint", "p"));
	CHECK_INT(tree_write_token(&store, STS_SLICE("a.b.c"), 1768234289,
				   tree_thumbprint(thumbprint, 1), &error),
		  STS_OK);
	CHECK(tree_is("d/token.jwt", "a.b.c"));
	CHECK(tree_is("d/expires", "2026-01-12T16:11:29Z"));
	CHECK(tree_is("d/thumbprint", thumbprint));
	CHECK_INT(tree_count("d"), 3);
	CHECK_INT(tree_write_token(&store, STS_SLICE("d.e.f"), 1768234290, (struct sts_slice){0},
				   &error),
		  STS_OK);
	CHECK(tree_is("d/token.jwt", "d.e.f"));
	CHECK_INT(access("d/thumbprint", F_OK), -1);
	CHECK_INT(tree_count("d"), 2);
	/* A directory of this name is not an old thumbprint, and not a reason to fail. */
	CHECK(mkdir("d/thumbprint", 0700) == 0);
	CHECK_INT(tree_write_token(&store, STS_SLICE("g.h.i"), 1768234291, (struct sts_slice){0},
				   &error),
		  STS_OK);
	CHECK(tree_is("d/expires", "2026-01-12T16:11:31Z"));
	sts_store_close(&store);
}

/* A directory at one of the names ends the write there. The order shows in what was written
 * before. */
static void test_order(void)
{
	fresh("d", 0777);
	CHECK_INT(tree_write(&store, 2000, &error), STS_OK);
	CHECK(unlink("d/token.jwt") == 0 && mkdir("d/token.jwt", 0700) == 0);
	CHECK_INT(tree_write(&store, 3000, &error), STS_EOUTPUT);
	CHECK(tree_is("d/expires",
		      "1970-01-01T00:33:20Z")); /* a later expiry: the token is written first */
	CHECK_INT(tree_write(&store, 2000, &error), STS_EOUTPUT);
	CHECK(tree_is("d/expires", "1970-01-01T00:33:20Z"));
	CHECK_INT(tree_write(&store, 1000, &error), STS_EOUTPUT);
	CHECK(tree_is("d/expires",
		      "1970-01-01T00:16:40Z")); /* an earlier expiry: `expires` is written first */
	tree_put("d/expires", "whenever");
	CHECK_INT(tree_write(&store, 1000, &error), STS_EOUTPUT);
	CHECK_INT(access("d/expires", F_OK),
		  -1); /* it might promise anything: it is removed before the token is written */
	CHECK_INT(tree_write(&store, 1000, &error), STS_EOUTPUT);
	CHECK_INT(access("d/expires", F_OK),
		  -1); /* there is no `expires`: the token is written first */
	CHECK(rmdir("d/token.jwt") == 0);

	/* The thumbprint is written after its token, and before an `expires` that grows. */
	CHECK_INT(tree_write(&store, 2000, &error), STS_OK);
	CHECK(unlink("d/thumbprint") == 0 && mkdir("d/thumbprint", 0700) == 0);
	CHECK_INT(tree_write(&store, 3000, &error), STS_EOUTPUT);
	CHECK(tree_is("d/expires", "1970-01-01T00:33:20Z"));
	char token[TREE_TOKEN_MAX_BYTES], got[TREE_TOKEN_MAX_BYTES];
	tree_token(token, 3000);
	CHECK(tree_is("d/token.jwt", token));
	CHECK_INT(tree_token_exp(got, tree_get("d/token.jwt", got, sizeof(got))), 3000);
	sts_store_close(&store);
}

static void test_messages(void)
{
	fresh("d", 0777);
	CHECK(mkdir("d/token.jwt", 0700) == 0);
	CHECK_INT(tree_write(&store, 1000, &error), STS_EOUTPUT);
	CHECK_INT(error.detail, EISDIR);
	CHECK_STR(error.msg, "cannot replace d/token.jwt: it is a directory");
	CHECK_INT(tree_count("d"), 1);
	CHECK(rmdir("d/token.jwt") == 0);
	CHECK(mkdir("d/.token.jwt.new", 0700) == 0);
	CHECK_INT(tree_write(&store, 1000, &error), STS_OK);
	CHECK(mkdir("d/.token.jwt.new", 0700) == 0);
	tree_put("d/.token.jwt.new/inside", "x");
	CHECK_INT(tree_write(&store, 2000, &error), STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot remove d/.token.jwt.new: a directory that is not empty");
	CHECK(unlink("d/.token.jwt.new/inside") == 0);
	CHECK_INT(tree_write(&store, 2000, &error), STS_OK);

	/* The longest path leaves room for the reason. */
	store.dir = "/a/directory/of/a/name/that/is/as/long/as/anybody/could/ever/want/one/to/be/"
		    "in/a/container/of/theirs";
	CHECK(mkdir("d/.status", 0700) == 0);
	CHECK_INT(sts_store_write(&store, STS_FILE_STATUS, STS_SLICE("x"), &error), STS_EOUTPUT);
	CHECK(strstr(error.msg, "/.status: it is a directory"));
	CHECK_INT(sts_store_write(&store, STS_FILE_STATUS, STS_SLICE("x"), NULL), STS_EOUTPUT);
	/* Somebody removes the directory while it is open. */
	tree_clear("d");
	CHECK_INT(sts_store_write(&store, "file", STS_SLICE("x"), &error), STS_EOUTPUT);
	CHECK_INT(error.detail, ENOENT);
	sts_store_close(&store);
}

static enum sts_err write_several(unsigned outputs, int64_t expires_s)
{
	struct sts_slice files[STS_OUTPUT__COUNT] = {0};

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		if (outputs >> i & 1)
			files[i] = sts_slice_of(sts_output_name(i));
	return tree_write_files(&store, files, expires_s, &error);
}

/* The content of each file is its own name. */
static void check_files(unsigned outputs)
{
	char path[64];
	int count = 1; /* expires */

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		snprintf(path, sizeof(path), "d/%s", sts_output_name(i));
		if (i == STS_OUTPUT_EXPIRES)
			continue;
		CHECK_INT(tree_is(path, sts_output_name(i)), outputs >> i & 1);
		count += outputs >> i & 1;
	}
	CHECK_INT(tree_count("d"), count);
}

/* One set of files follows another. The files of the last set are there, and no others. */
static void test_sets(void)
{
	unsigned all = (1u << STS_OUTPUT__COUNT) - 1;

	fresh("d", 0777);
	for (unsigned i = 1; i <= all; i += 2)
		for (unsigned j = 1; j <= all; j += 14) {
			CHECK_INT(write_several(i, 1000), STS_OK);
			CHECK_INT(write_several(j, 1000), STS_OK);
			check_files(j);
		}
	/* A file that the store has not written stays. */
	tree_put("d/mine.json", "x");
	CHECK_INT(write_several(1, 1000), STS_OK);
	CHECK(mkdir("d/token.json", 0700) == 0 && symlink("mine.json", "d/aws-credentials") == 0);
	tree_put("d/.aws-process.json.new", "left by a killed writer");
	CHECK_INT(write_several(1, 2000), STS_OK);
	CHECK(access("d/token.json", F_OK) == 0 && tree_is("d/mine.json", "x"));
	CHECK_INT(tree_count("d"), 5); /* the three from above, token.jwt and expires */
	sts_store_close(&store);
}

/* Where only `expires` was prepared, it alone is written: the token is about to be revoked. */
static void test_expires_alone(void)
{
	const struct sts_slice none[STS_OUTPUT__COUNT] = {{0}};
	struct sts_temps temps = {0};
	unsigned all = (1u << STS_OUTPUT__COUNT) - 1;

	fresh("d", 0777);
	CHECK_INT(write_several(all, 2000), STS_OK);
	CHECK_INT(sts_store_prepare(&store, STS_WRITE_EXPIRES, &temps, &error), STS_OK);
	CHECK_INT(sts_store_write_files(&store, &temps, none, 1000, &error), STS_OK);
	CHECK(tree_is("d/expires", "1970-01-01T00:16:40Z"));
	check_files(all);
	sts_store_close(&store);
}

/* Files of somebody else may have names of the store. Another user wrote them, or they were written
 * long ago. */
static void test_files_of_others(void)
{
	fresh("d", 0777);
	tree_put("d/token.json", "somebody's"); /* there is no expires yet */
	put_and_time("d/aws-credentials", 30);
	CHECK_INT(write_several(1, 1000), STS_OK);
	CHECK(tree_is("d/token.json", "somebody's"));
	CHECK_INT(access("d/aws-credentials", F_OK), 0);
	put_and_time("d/aws-credentials", time(NULL) - 70);
	put_and_time("d/aws-process.json", time(NULL) + 70);
	tree_put("d/gcp-executable.json", "x");
	CHECK(chown("d/gcp-executable.json", getuid() == 0 ? 12345 : getuid(), (gid_t)-1) == 0);
	put_and_time("d/token.json", time(NULL) - 100000);
	CHECK_INT(write_several(1, 2000), STS_OK);
	CHECK_INT(tree_count("d"), getuid() == 0 ? 6 : 5);
	/* The times of the files count, whatever the clock was. */
	put_and_time("d/expires", 5000);
	put_and_time("d/aws-credentials", 4950);
	put_and_time("d/aws-process.json", 5050);
	put_and_time("d/thumbprint", 1000); /* nobody else has this name */
	CHECK_INT(write_several(1, 2000), STS_OK);
	CHECK(access("d/aws-credentials", F_OK) != 0 && access("d/aws-process.json", F_OK) != 0);
	CHECK(access("d/thumbprint", F_OK) != 0);
	/* a minute is together, and a second more is not */
	for (int more_s = 0; more_s < 2; more_s++) {
		put_and_time("d/expires", 5000);
		put_and_time("d/aws-credentials", 4940 - more_s);
		put_and_time("d/aws-process.json", 5060 + more_s);
		CHECK_INT(write_several(1, 2000), STS_OK);
		CHECK_INT(access("d/aws-credentials", F_OK), more_s - 1);
		CHECK_INT(access("d/aws-process.json", F_OK), more_s - 1);
	}
	sts_store_close(&store);
}

#define WANTED (STS_WRITE_TOKEN | STS_WRITE_EXPIRES | STS_WRITE_THUMBPRINT)

static enum sts_err write_prepared(struct sts_temps *temps, int64_t exp_s)
{
	char token[TREE_TOKEN_MAX_BYTES];
	const struct sts_slice files[STS_OUTPUT__COUNT] = {tree_token(token, exp_s)};

	return sts_store_write_files(&store, temps, files, exp_s, &error);
}

/* The temporaries are there before there is content, they belong to this UID alone, and they are
 * gone after every end. */
static void test_prepared(void)
{
	struct sts_temps temps;
	struct stat st;

	fresh("d", 0777);
	tree_put("d/.token.jwt.new", "left by a killed writer");
	tree_put("d/.token.json.new", "left by a killed writer with another --write");
	CHECK(mkdir("d/.aws-process.json.new", 0700) == 0);
	CHECK(symlink("../outside", "d/.expires.new") == 0);
	memset(&temps, 0xff, sizeof(temps)); /* what was there before does not count */
	CHECK_INT(sts_store_prepare(&store, WANTED, &temps, &error), STS_OK);
	CHECK_INT(temps.files, WANTED);
	CHECK_INT(tree_count("d"), 3);
	CHECK(mode_of("d/.token.jwt.new") == 0600 && mode_of("d/.thumbprint.new") == 0600);
	CHECK(tree_is("d/.token.jwt.new", "") && tree_is("d/.thumbprint.new", ""));
	CHECK(lstat("d/.expires.new", &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1);
	CHECK_INT(access("outside", F_OK), -1);
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		CHECK(!(temps.files >> i & 1) || fcntl(temps.fd[i], F_GETFD) & FD_CLOEXEC);
	sts_store_discard(&store, &temps);
	CHECK_INT(tree_count("d"), 0);
	CHECK_INT(fcntl(temps.fd[STS_OUTPUT_TOKEN], F_GETFD), -1);
	/* The number of a descriptor that was closed may be another file's by now. */
	int others[3];
	for (int i = 0; i < 3; i++)
		others[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sts_store_discard(&store, &temps);
	for (int i = 0; i < 3; i++)
		CHECK(close(others[i]) == 0);
	int kept = free_descriptor_0();
	errno = EEXIST; /* of a call before */
	CHECK_INT(sts_store_prepare(&store, WANTED, &temps, &error), STS_OK);
	CHECK_INT(temps.fd[STS_OUTPUT_TOKEN], 0);
	sts_store_discard(&store, &temps);
	CHECK_INT(fcntl(0, F_GETFD), -1);
	take_descriptor_0_back(kept);

	/* A thumbprint that the answer does not have. */
	CHECK_INT(sts_store_prepare(&store, WANTED, &temps, &error), STS_OK);
	CHECK_INT(write_prepared(&temps, 2000), STS_OK);
	CHECK_INT(tree_count("d"), 2);
	/* A file that was not prepared is not written, and then no file is. */
	CHECK_INT(sts_store_prepare(&store, STS_WRITE_EXPIRES, &temps, &error), STS_OK);
	CHECK_INT(temps.files, STS_WRITE_EXPIRES);
	CHECK_INT(write_prepared(&temps, 1000), STS_EBUG);
	CHECK_INT(error.detail, 0);
	CHECK(tree_is("d/expires", "1970-01-01T00:33:20Z"));
	CHECK_INT(tree_count("d"), 2);
	/* The temporaries of the other files are made before that of `thumbprint` fails. */
	CHECK(mkdir("d/.thumbprint.new", 0700) == 0);
	tree_put("d/.thumbprint.new/inside", "x");
	memset(&temps, 0, sizeof(temps)); /* 0 is the number of standard input */
	CHECK_INT(sts_store_prepare(&store, WANTED, &temps, &error), STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot remove d/.thumbprint.new: a directory that is not empty");
	CHECK(fcntl(0, F_GETFD) >= 0);
	CHECK_INT(tree_count("d"), 3);
	sts_store_close(&store);
}

static void swap_file(const char *path)
{
	tree_put("d/mine", "forged");
	CHECK(rename("d/mine", path) == 0);
}

static void swap_link(const char *path)
{
	CHECK(unlink(path) == 0 && symlink("mine", path) == 0);
}

static void swap_nothing(const char *path)
{
	CHECK(unlink(path) == 0);
}

static void swap_directory(const char *path)
{
	CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
}

/* The number of a file that was removed may be used again at once. The temporary stays open, so its
 * number is not used again. */
static void swap_same_number(const char *path)
{
	CHECK(unlink(path) == 0);
	tree_put(path, "forged");
}

/* Somebody else replaces a temporary between its making and its renaming: nothing is renamed. */
static void test_swapped(void)
{
	static void (*const swaps[])(const char *) = {swap_file, swap_link, swap_nothing,
						      swap_directory, swap_same_number};
	static const char *const temps_of[] = {"d/.token.jwt.new", "d/.expires.new"};
	char token[TREE_TOKEN_MAX_BYTES], want[160];
	struct sts_temps temps;

	fresh("d", 0777);
	CHECK_INT(tree_write(&store, 2000, &error), STS_OK);
	tree_token(token, 2000);
	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++)
		for (size_t j = 0; j < sizeof(temps_of) / sizeof(temps_of[0]); j++)
			for (int64_t exp_s = 1000; exp_s <= 3000; exp_s += 2000) {
				CHECK_INT(sts_store_prepare(&store, WANTED, &temps, &error),
					  STS_OK);
				swaps[i](temps_of[j]);
				CHECK_INT(write_prepared(&temps, exp_s), STS_EOUTPUT);
				CHECK_INT(error.detail, EEXIST);
				snprintf(want, sizeof(want),
					 "somebody else has removed or replaced %s, the file that "
					 "was being written",
					 temps_of[j]);
				CHECK_STR(error.msg, want);
				CHECK(tree_is("d/token.jwt", token));
				CHECK(tree_is("d/expires", "1970-01-01T00:33:20Z"));
				CHECK_INT(tree_count("d"), 3);
			}
	/* Nor is a file renamed before one of a single byte that was replaced. */
	const struct sts_slice tiny[STS_OUTPUT__COUNT] = {
		[STS_OUTPUT_TOKEN] = STS_SLICE("t"), [STS_OUTPUT_THUMBPRINT] = STS_SLICE("x")};
	CHECK_INT(sts_store_prepare(&store, WANTED, &temps, &error), STS_OK);
	swap_file("d/.thumbprint.new");
	CHECK_INT(sts_store_write_files(&store, &temps, tiny, 3000, &error), STS_EOUTPUT);
	CHECK(tree_is("d/token.jwt", token));
	/* A thumbprint that is not needed cannot be swapped to any effect. */
	CHECK_INT(sts_store_prepare(&store, WANTED, &temps, &error), STS_OK);
	swap_file("d/.thumbprint.new");
	CHECK_INT(write_prepared(&temps, 3000), STS_OK);
	CHECK_INT(tree_count("d"), 2);
	sts_store_close(&store);
}

/* What a killed worker has left is removed, and nothing else. */
static void test_sweep(void)
{
	static const char *const others[] = {"d/token.jwt", "d/.token.jwt",     "d/token.jwt.new",
					     "d/.new",      "d/.mine.new",      "d/.status.new",
					     "d/core.17",   "d/.token.jwt.new~"};
	char path[64];

	fresh("d", 0777);
	tree_put("outside", "precious");
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		snprintf(path, sizeof(path), "d/.%s.new", sts_output_name(i));
		if (i % 3 == 0)
			tree_put(path, "a.b.c");
		else
			CHECK((i % 3 == 1 ? mkdir(path, 0700) : symlink("../outside", path)) == 0);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		tree_put(others[i], "x");
	sts_store_sweep(&store);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(tree_is(others[i], "x"));
	CHECK_INT(tree_count("d"), (int)(sizeof(others) / sizeof(others[0])));
	CHECK(tree_is("outside", "precious"));
	/* A directory that is not empty stays. */
	CHECK(mkdir("d/.expires.new", 0700) == 0);
	tree_put("d/.expires.new/inside", "x");
	sts_store_sweep(&store);
	CHECK(tree_is("d/.expires.new/inside", "x"));
	sts_store_close(&store);
	unlink("outside");
}

/* A directory at one of the names ends the write there. All files that hold a token are written
 * before an `expires` that grows, and after an `expires` that shrinks. */
static void test_order_of_several(void)
{
	static const unsigned names[] = {STS_OUTPUT_TOKEN, STS_OUTPUT_JSON,
					 STS_OUTPUT_AWS_CREDENTIALS, STS_OUTPUT_AWS_PROCESS,
					 STS_OUTPUT_GCP_EXECUTABLE};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fresh("d", 0777);
		CHECK_INT(write_several(0xff, 2000), STS_OK);
		snprintf(path, sizeof(path), "d/%s", sts_output_name(names[i]));
		CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
		CHECK(unlink("d/thumbprint") == 0);
		CHECK_INT(write_several(0xff, 3000), STS_EOUTPUT);
		CHECK(strstr(error.msg, sts_output_name(names[i])));
		CHECK(tree_is("d/expires", "1970-01-01T00:33:20Z"));
		CHECK_INT(access("d/thumbprint", F_OK), -1);
		CHECK_INT(write_several(0xff, 1000), STS_EOUTPUT);
		CHECK(tree_is("d/expires", "1970-01-01T00:16:40Z"));
		CHECK_INT(access("d/thumbprint", F_OK), -1);
		sts_store_close(&store);
	}
}

/* tests/e2e/worker/test_doctor_worker.py has what needs other users and disks. */
static void test_look(void)
{
	const unsigned files = STS_WRITE_TOKEN | STS_WRITE_EXPIRES;

	fresh("d", 0777);
	tree_put("d/" STS_FILE_TOKEN, "old");
	CHECK_INT(sts_store_look(&store, files, &error), STS_OK);
	CHECK(tree_is("d/" STS_FILE_TOKEN, "old"));
	CHECK_INT(tree_count("d"), 1);
	store.group = getegid();
	CHECK_INT(sts_store_look(&store, files, &error), STS_OK);
	CHECK(mkdir("d/" STS_FILE_EXPIRES, 0700) == 0);
	CHECK_INT(sts_store_look(&store, STS_WRITE_TOKEN, &error), STS_OK);
	CHECK_INT(sts_store_look(&store, files, &error), STS_EOUTPUT);
	CHECK(strstr(error.msg, "cannot replace d/expires"));
	CHECK_INT(error.detail, EISDIR);
	CHECK_INT(tree_count("d"), 2);
	CHECK(rmdir("d/" STS_FILE_EXPIRES) == 0 && mkdir("d/" STS_FILE_STATUS, 0700) == 0);
	CHECK_INT(sts_store_look(&store, files, &error), STS_EOUTPUT);
	CHECK(strstr(error.msg, "cannot replace d/.status"));
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"a directory is opened", test_open},
	{"a directory is opened once", test_open_once},
	{"mode and group on every kind of directory", test_resolution},
	{"a file is replaced whole, whatever the umask", test_write},
	{"a look that changes nothing", test_look},
	{"token, expires and thumbprint", test_token_files},
	{"the order in which the three are written", test_order},
	{"one set of files follows another", test_sets},
	{"the expiry alone", test_expires_alone},
	{"files of somebody else stay", test_files_of_others},
	{"the order in which several files are written", test_order_of_several},
	{"the temporaries are made first, and removed in the end", test_prepared},
	{"a temporary that somebody else replaces", test_swapped},
	{"what a killed worker has left is removed", test_sweep},
	{"the messages say what to do", test_messages},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
