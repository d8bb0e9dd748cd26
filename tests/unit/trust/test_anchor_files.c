/* SPDX-License-Identifier: Apache-2.0 */
/* How a search for anchors opens and reads files and directories. test_anchors.c has the rest. */
#include "trust/anchors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/certs.h"
#include "test.h"
#include "unit/trust/anchor_search.h"

/* The directory is as the kubelet makes it: ca.crt -> ..data/ca.crt, ..data -> ..2026_01_01. */
static void a_projected_directory(void)
{
	struct sts_ca_sources sources;
	struct sts_error e;

	CHECK_INT(mkdir(path("ca"), 0700), 0);
	CHECK_INT(mkdir(path("ca/..2026"), 0700), 0);
	CHECK_INT(mkdir(path("ca/sub"), 0700), 0);
	put_certs("ca/..2026/ca.crt", "root", "\n");
	put_certs("ca/sub/not-read.crt", "inter", "\n");
	put_certs("ca/other.crt", "other-root", "\n");
	put_certs("ca/.hidden", "inter", "\n");
	put_text("ca/readme", "text\n");
	CHECK_INT(symlink("..2026", path("ca/..data")), 0);
	CHECK_INT(symlink("..data/ca.crt", path("ca/ca.crt")), 0);
	CHECK_INT(symlink("nowhere", path("ca/dangling")), 0);
	CHECK_INT(mkfifo(path("ca/fifo"), 0600), 0);
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("ca"), false, &e), STS_OK);
	CHECK_INT(find(&sources, "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK_INT(anchors.scanned, 2);
	CHECK(found(0, "root"));
	/* the kubelet swaps ..data, and the files are read again */
	CHECK_INT(mkdir(path("ca/..2027"), 0700), 0);
	put_certs("ca/..2027/ca.crt", "renewed-new", "\n");
	CHECK_INT(symlink("..2027", path("ca/..tmp")), 0);
	CHECK_INT(rename(path("ca/..tmp"), path("ca/..data")), 0);
	CHECK_INT(find(&sources, "leaf-renewed", &e), STS_OK);
	CHECK(found(0, "renewed-new"));
	CHECK_INT(find(&sources, "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 0);
	test_close_sources(&sources);
}

static void an_empty_directory(void)
{
	struct sts_error e;

	CHECK_INT(mkdir(path("nothing"), 0700), 0);
	CHECK_INT(find_at("nothing", "leaf-root", &e), STS_ECA_FILE);
	CHECK(strstr(e.msg, "/nothing: no PEM certificate in it"));
}

/* A file of the bound, of which each file costs 4 KiB, and one that is a byte larger. */
static void a_file_is_bounded(void)
{
	const off_t largest = STS_CA_MAX_BYTES - 4096;
	struct sts_error e;
	int fd;

	put_certs("huge.pem", "root", "\n");
	fd = open(path("huge.pem"), O_WRONLY | O_CLOEXEC);
	CHECK_INT(ftruncate(fd, largest), 0);
	CHECK_INT(find_at("huge.pem", "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK_INT(ftruncate(fd, largest + 1), 0);
	close(fd);
	CHECK_INT(find_at("huge.pem", "leaf-root", &e), STS_ECA_FILE);
	CHECK(strstr(e.msg, "/huge.pem: over 16 MiB of CA files"));
}

/* Each file of a directory counts for more than it has, so that the number of files is bounded. */
static void many_files(void)
{
	char name[32];

	CHECK_INT(mkdir(path("many"), 0700), 0);
	for (int i = 0; i < STS_CA_MAX_BYTES / 4096 + 1; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		close(create(name));
		if (i == STS_CA_MAX_BYTES / 4096 - 2)
			put_certs("many/root", "root", "\n");
	}
	CHECK_INT(find_at("many", "leaf-root", NULL), STS_ECA_FILE);
}

/* Find from one source, whose descriptor is replaced by another. */
static enum sts_err find_with(int fd, bool is_dir, struct sts_error *e)
{
	struct sts_ca_sources sources;

	put_certs("good.pem", "root", "\n");
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("good.pem"), false, NULL), STS_OK);
	close(sources.source[0].fd);
	sources.source[0].fd = fd;
	sources.source[0].is_dir = is_dir;
	return find(&sources, "leaf-root", e);
}

static void descriptors_that_cannot_be_read(void)
{
	struct sts_error e;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(find_with(fd, false, &e), STS_ECA_FILE);
	CHECK_INT(e.detail, EISDIR);
	CHECK(strstr(e.msg, "/good.pem: "));
	close(fd);
	CHECK_INT(find_with(-1, true, &e), STS_ECA_FILE);
	CHECK_INT(e.detail, EBADF);
	fd = create("plain");
	CHECK_INT(find_with(fd, true, &e), STS_ECA_FILE);
	CHECK_INT(e.detail, ENOTDIR);
	close(fd);
}

/* The label of a path that fits, and of one that does not. The descriptors are not inherited. */
static void labels(void)
{
	char long_path[200];
	size_t size = sizeof(((struct sts_ca_source *)0)->label);

	for (size_t len = size - 3; len <= size + 1; len++) {
		struct sts_ca_sources sources;
		int prefix = snprintf(long_path, sizeof(long_path), "%s/", dir);

		memset(long_path + prefix, '/', sizeof(long_path) - (size_t)prefix);
		memcpy(long_path + len - 4, "sub", 4);
		mkdir(path("sub"), 0700);
		sts_ca_sources_init(&sources);
		CHECK_INT(sts_ca_sources_add(&sources, long_path, false, NULL), STS_OK);
		CHECK_INT(fcntl(sources.source[0].fd, F_GETFD), FD_CLOEXEC);
		CHECK(sources.source[0].is_dir && !sources.source[0].is_system);
		CHECK((strcmp(sources.source[0].label, long_path) == 0) == (len - 1 < size));
		CHECK(strlen(sources.source[0].label) < size);
		if (len > size)
			CHECK_STR(sources.source[0].label + size - 4, "...");
		test_close_sources(&sources);
	}
}

/* Each read is interrupted once before it reads, or reads so much at most. */
static bool interrupts;
static unsigned interrupted;
static size_t read_at_most = SIZE_MAX;

ssize_t __real_pread(int fd, void *data, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at)
{
	if (interrupts && interrupted++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return __real_pread(fd, data, len < read_at_most ? len : read_at_most, at);
}

/* The other name that the C library may give it. */
ssize_t __wrap_pread64(int fd, void *data, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *data, size_t len, off_t at)
{
	return __wrap_pread(fd, data, len, at);
}

static void a_read_that_is_interrupted(void)
{
	struct sts_error e;

	put_certs("interrupted.pem", "root", "\n");
	interrupts = true;
	CHECK_INT(find_at("interrupted.pem", "leaf-root", &e), STS_OK);
	interrupts = false;
	CHECK_INT(anchors.count, 1);
	CHECK(interrupted >= 4);
}

/* A file system may give less than was asked for. */
static void reads_of_any_size(void)
{
	put_certs("pieces.pem", "other-root root", "\n");
	for (read_at_most = 1; read_at_most < 9; read_at_most++) {
		CHECK_INT(find_at("pieces.pem", "leaf-root", NULL), STS_OK);
		CHECK(anchors.scanned == 2 && found(0, "root"));
	}
	read_at_most = SIZE_MAX;
}

/* Where the last seek went. */
static off_t sought = -1;
static int sought_from = -1;

off_t __real_lseek(int fd, off_t at, int from);
off_t __wrap_lseek(int fd, off_t at, int from);
off_t __wrap_lseek(int fd, off_t at, int from)
{
	sought = at;
	sought_from = from;
	return __real_lseek(fd, at, from);
}

off_t __wrap_lseek64(int fd, off_t at, int from);
off_t __wrap_lseek64(int fd, off_t at, int from)
{
	return __wrap_lseek(fd, at, from);
}

/* Each search reads a directory from its start, and closes what it opened. */
static void a_directory_again(void)
{
	struct sts_ca_sources sources;
	int before, after;

	CHECK_INT(mkdir(path("again"), 0700), 0);
	put_certs("again/root.pem", "root", "\n");
	put_certs("again/other.pem", "other-root", "\n");
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("again"), false, NULL), STS_OK);
	before = fcntl(1, F_DUPFD_CLOEXEC, 0);
	close(before);
	for (int i = 0; i < 3; i++) {
		sought = sought_from = -1;
		CHECK_INT(find(&sources, "leaf-root", NULL), STS_OK);
		CHECK(anchors.scanned == 2 && found(0, "root"));
		CHECK(sought == 0 && sought_from == SEEK_SET);
	}
	after = fcntl(1, F_DUPFD_CLOEXEC, 0);
	close(after);
	CHECK_INT(after, before);
	test_close_sources(&sources);
}

/* The descriptor of a directory may be 0, and there may be none left. */
static void the_descriptor_of_a_directory(void)
{
	struct sts_ca_sources sources;
	struct sts_error e;
	struct rlimit before, none;
	int input = fcntl(0, F_DUPFD_CLOEXEC, 3);

	CHECK_INT(mkdir(path("first"), 0700), 0);
	put_certs("first/root.pem", "root", "\n");
	sts_ca_sources_init(&sources);
	close(0);
	errno = EIO;
	CHECK_INT(sts_ca_sources_add(&sources, path("first"), false, &e), STS_OK);
	CHECK(sources.count == 1 && sources.source[0].fd == 0);
	CHECK_INT(find(&sources, "leaf-root", &e), STS_OK);
	test_close_sources(&sources);
	if (input >= 0) {
		dup2(input, 0);
		close(input);
	}

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_INT(sts_ca_sources_add(&sources, path("first"), false, &e), STS_EFILES);
	CHECK_INT(e.detail, EMFILE);
	CHECK_INT(sources.count, 0);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static const struct sts_test tests[] = {
	{"a projected directory", a_projected_directory},
	{"an empty directory", an_empty_directory},
	{"a file has a bound", a_file_is_bounded},
	{"a read that is interrupted is repeated", a_read_that_is_interrupted},
	{"reads of any size", reads_of_any_size},
	{"a directory that is read again", a_directory_again},
	{"the descriptor of a directory", the_descriptor_of_a_directory},
	{"many files", many_files},
	{"labels and descriptors", labels},
	{"descriptors that cannot be read", descriptors_that_cannot_be_read},
};

int main(void)
{
	return run_in_folder(tests, sizeof(tests) / sizeof(tests[0]));
}
