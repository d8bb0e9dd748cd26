/* SPDX-License-Identifier: Apache-2.0 */
#include "opened_store.h"
#include "output/largest.h"

static char said[STS_LARGEST_TEXT_BYTES];

static const char *largest(void)
{
	struct sts_text text;

	sts_text_init(&text, said, sizeof(said));
	sts_largest_files(&text, store.dir_fd);
	CHECK(!text.overflow);
	return said;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Make a file that takes up this much room. */
static void take(const char *path, unsigned kib)
{
	static char page[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	memset(page, 'x', sizeof(page));
	for (unsigned i = 0; i < kib; i += 4)
		CHECK(write(fd, page, sizeof(page)) == (ssize_t)sizeof(page));
	close(fd);
}

static void test_largest(void)
{
	char want[200];
	unsigned self = getuid();

	fresh("d", 0777);
	CHECK_STR(largest(), "");
	take("d/four", 4);
	snprintf(want, sizeof(want), "four (4 KiB, UID %u)", self);
	CHECK_STR(largest(), want);
	take("d/big", 12288);
	take("d/eight", 8);
	take("d/twelve", 12);
	/* Neither what a link leads to, nor a directory, nor a file that takes up no room. */
	take("outside", 20480);
	CHECK(symlink("../outside", "d/link") == 0 && mkdir("d/folder", 0700) == 0);
	take("d/folder/huge", 16384);
	CHECK(mkfifo("d/fifo", 0600) == 0);
	tree_put("d/sparse", "");
	CHECK(truncate("d/sparse", 1LL << 40) == 0);
	snprintf(want, sizeof(want),
		 "big (12 MiB, UID %u), twelve (12 KiB, UID %u), eight (8 KiB, UID %u)", self, self,
		 self);
	CHECK_STR(largest(), want);
	CHECK_STR(largest(), want); /* the position of the descriptor has not changed */
	if (self == 0) {
		CHECK(chown("d/big", 4294967294u, (gid_t)-1) == 0);
		CHECK(begins(largest(), "big (12 MiB, UID 4294967294), "));
	}
	sts_store_close(&store);
	unlink("outside");
}

/* A name is text from others: it is escaped and cut, and the text fits. */
static void test_names(void)
{
	char name[300], *end = name + snprintf(name, sizeof(name), "d/\x1b[2J\n\\");

	fresh("d", 0777);
	take(name, 12);
	CHECK(begins(largest(), "\\x1B[2J\\x0A\\\\ (12 KiB, UID "));
	memset(end, '\x01', 200);
	for (char last = 'a'; last < 'f'; last++) {
		end[199] = last;
		end[200] = '\0';
		take(name, 16);
	}
	CHECK(begins(largest(), "\\x1B[2J\\x0A\\\\\\x01"));
	CHECK(strstr(said, "... (16 KiB, UID ") && strlen(said) < 3 * 60);
	sts_store_close(&store);
}

static void test_many(void)
{
	char name[32];

	fresh("d", 0777);
	for (int i = 0; i < 4094; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		tree_put(name, "");
	}
	take("d/0", 4);
	CHECK(strstr(largest(), "0 (4 KiB, UID ") && !strstr(said, "among"));
	for (int i = 0; i < 4096; i++) {
		snprintf(name, sizeof(name), "d/more%d", i);
		tree_put(name, "x");
	}
	CHECK(strstr(largest(), ", among the first 4096 files"));
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"the largest files and their owners", test_largest},
	{"names that are not to be printed", test_names},
	{"a directory with very many files", test_many},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
