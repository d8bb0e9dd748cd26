/* SPDX-License-Identifier: Apache-2.0 */
#include "opened_store.h"

static void test_stored(void)
{
	char buf[32];
	struct sts_stored stored;

	fresh("d", 0777);
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(stored.token_errno, ENOENT);
	CHECK_INT(stored.expires_errno, ENOENT);
	CHECK_INT(stored.token.len, 0);
	CHECK_STR(buf, "");

	CHECK_INT(tree_write_token(&store, STS_SLICE("a.b.c"), 1000, (struct sts_slice){0}, &error),
		  STS_OK);
	memset(buf, 'x', sizeof(buf));
	int lowest = dup(0);
	close(lowest);
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(dup(0), lowest); /* no descriptor is left open */
	close(lowest);
	CHECK_INT(stored.token_errno, 0);
	CHECK_INT(stored.expires_errno, 0);
	CHECK_INT(stored.expires_s, 1000);
	CHECK_INT(stored.files, 1u << STS_OUTPUT_TOKEN);
	CHECK(sts_slice_eq(stored.token, "a.b.c") && stored.token.data == buf);
	CHECK_STR(buf, "a.b.c");

	tree_put("d/expires", "2026-01-12T16:11:29.5+01:00\n"); /* somebody else wrote this */
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(stored.expires_s, 1768230689);
	tree_put("d/expires", "tomorrow");
	tree_put("d/token.jwt", "0123456789012345678901234567890"); /* 31 bytes */
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(stored.expires_errno, EILSEQ);
	int64_t expires_s = 77;
	CHECK_INT(sts_stored_expires(store.dir_fd, &expires_s), EILSEQ);
	CHECK_INT(expires_s, 0);
	tree_put("d/expires", "x");
	CHECK_INT(sts_stored_expires(store.dir_fd, &expires_s), EILSEQ);
	tree_put("d/expires", "");
	CHECK_INT(sts_stored_expires(store.dir_fd, &expires_s), ENODATA);
	CHECK_INT(stored.token.len, 31);
	tree_put("d/token.jwt", "01234567890123456789012345678901");
	tree_put("d/expires", "2026-01-12T16:11:29Z                                             ");
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(stored.token_errno, EFBIG);
	CHECK_INT(stored.expires_errno, EFBIG);
	CHECK_INT(stored.token.len, 0);

	/* The longest file that is read. */
	char expires[65];
	snprintf(expires, sizeof(expires), "%-64s", "2026-01-12T16:11:29Z");
	tree_put("d/expires", expires);
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(stored.expires_errno, 0);

	/* Links are not followed, even if they lead to good files. */
	tree_put("expires", "2026-01-12T16:11:29Z");
	tree_put("token.jwt", "a.b.c");
	CHECK(unlink("d/expires") == 0 && symlink("../expires", "d/expires") == 0);
	CHECK(unlink("d/token.jwt") == 0 && symlink("../token.jwt", "d/token.jwt") == 0);
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(stored.token_errno, ELOOP);
	CHECK_INT(stored.expires_errno, ELOOP);
	sts_store_close(&store);
}

static void test_look(void)
{
	struct sts_stored stored;
	const struct {
		const char *name;
		int err;
	} odd[] = {{"token.json", ENODATA},
		   {"aws-process.json", EISDIR},
		   {"aws-credentials", ELOOP},
		   {"gcp-executable.json", ESPIPE},
		   {"token.jwt", EFBIG}};
	char path[64];

	fresh("d", 0777);
	sts_stored_look(store.dir_fd, &stored);
	CHECK_INT(stored.token_errno, ENOENT);
	CHECK_INT(stored.files, 0);
	CHECK(stored.written_ms == INT64_MAX);
	/* These files do not hold a token. */
	tree_put("d/thumbprint", "x");
	tree_put("d/expires", "2026-01-12T16:11:29Z");
	sts_stored_look(store.dir_fd, &stored);
	CHECK_INT(stored.token_errno, ENOENT);

	put_and_time("d/token.json", 1000);
	put_and_time("d/aws-process.json", 2000);
	/* A descriptor that cannot read the directory is enough. */
	int fd = open("d", O_PATH | O_DIRECTORY);
	sts_stored_look(fd, &stored);
	close(fd);
	CHECK_INT(stored.token_errno, 0);
	CHECK_INT(stored.files, 1u << STS_OUTPUT_JSON | 1u << STS_OUTPUT_AWS_PROCESS);
	CHECK_INT(stored.written_ms, 1000005);
	/* A part of a millisecond does not count. */
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000, .tv_nsec = 999999999}};
	CHECK(utimensat(AT_FDCWD, "d/token.json", times, 0) == 0);
	sts_stored_look(store.dir_fd, &stored);
	CHECK_INT(stored.written_ms, 1000999);

	/* The largest file that can be one of the store's. */
	CHECK(truncate("d/token.json", 256 * 1024) == 0);
	sts_stored_look(store.dir_fd, &stored);
	CHECK_INT(stored.token_errno, 0);

	/* A file that cannot be used is told, even if another one can be used. */
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		tree_clear("d");
		tree_dir("d", 0777);
		sts_store_close(&store);
		CHECK_INT(sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
			  STS_OK);
		tree_put(i == 0 ? "d/token.jwt" : "d/token.json", "x");
		snprintf(path, sizeof(path), "d/%s", odd[i].name);
		switch (odd[i].err) {
		case EISDIR:
			CHECK(mkdir(path, 0700) == 0);
			break;
		case ELOOP:
			CHECK(symlink("token.json", path) == 0);
			break;
		case ESPIPE:
			CHECK(mkfifo(path, 0600) == 0);
			break;
		default:
			tree_put(path, "");
			CHECK(odd[i].err != EFBIG || truncate(path, 256 * 1024 + 1) == 0);
		}
		sts_stored_look(store.dir_fd, &stored);
		CHECK_INT(stored.token_errno, odd[i].err);
		CHECK_INT(stored.files, i == 0 ? 1u << STS_OUTPUT_TOKEN : 1u << STS_OUTPUT_JSON);
	}
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"tokens of each file are read back", test_stored},
	{"what is there is told without opening the files", test_look},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
