/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXCHANGE 2 /* the flag RENAME_EXCHANGE of renameat2(2) */

static char dir[] = "/tmp/sts-file-XXXXXX";
static int dir_fd = -1;

static void put(const char *name, const char *data, size_t len)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

static int read_errno(const char *name, enum sts_file_links links)
{
	char data[16];
	size_t len = 99;
	int err = sts_file_read(dir_fd, name, links, data, sizeof(data), &len);

	if (err != 0)
		CHECK_INT(len, 0);
	return err;
}

static void test_whole(void)
{
	char data[16] = "";
	size_t len;

	put("file", "0123456789", 10);
	CHECK_INT(sts_file_read(dir_fd, "file", STS_FILE_NOFOLLOW, data, sizeof(data), &len), 0);
	CHECK_INT(len, 10);
	CHECK(memcmp(data, "0123456789", 10) == 0);
	put("empty", "", 0);
	CHECK_INT(sts_file_read(dir_fd, "empty", STS_FILE_NOFOLLOW, data, sizeof(data), &len), 0);
	CHECK_INT(len, 0);
}

static void test_bounds(void)
{
	char data[16];
	size_t len;

	put("just", "0123456789abcdef", 16);
	CHECK_INT(sts_file_read(dir_fd, "just", STS_FILE_NOFOLLOW, data, 16, &len), 0);
	CHECK_INT(len, 16);
	CHECK_INT(sts_file_read(dir_fd, "just", STS_FILE_NOFOLLOW, data, 15, &len), EFBIG);
	CHECK_INT(len, 0);
	/* The first file claims 0 bytes and has more than fit. The second claims 0 bytes and has
	 * few. */
	CHECK_INT(sts_file_read(AT_FDCWD, "/proc/self/status", STS_FILE_FOLLOW, data, sizeof(data),
				&len),
		  EFBIG);
	CHECK_INT(sts_file_read(AT_FDCWD, "/proc/self/comm", STS_FILE_FOLLOW, data, sizeof(data),
				&len),
		  0);
	CHECK(len > 0);

	put("huge", "x", 1);
	CHECK(truncate("huge", 10LL << 30) == 0);
	CHECK_INT(read_errno("huge", STS_FILE_NOFOLLOW), EFBIG);
	unlinkat(dir_fd, "huge", 0);
}

static void test_links(void)
{
	put("target", "t", 1);
	CHECK(symlinkat("target", dir_fd, "link") == 0);
	CHECK_INT(read_errno("link", STS_FILE_FOLLOW), 0);
	CHECK_INT(read_errno("link", STS_FILE_NOFOLLOW), ELOOP);
	CHECK(symlinkat("nowhere", dir_fd, "dangling") == 0);
	CHECK_INT(read_errno("dangling", STS_FILE_FOLLOW), ENOENT);
	CHECK_INT(read_errno("dangling", STS_FILE_NOFOLLOW), ELOOP);
	CHECK(symlinkat("loop", dir_fd, "loop") == 0);
	CHECK_INT(read_errno("loop", STS_FILE_FOLLOW), ELOOP);
	CHECK_INT(read_errno("loop", STS_FILE_NOFOLLOW), ELOOP);
	/* The files lie as the kubelet lays out a projected volume. */
	CHECK(mkdirat(dir_fd, "..2026", 0755) == 0);
	put("..2026/token", "abc", 3);
	CHECK(symlinkat("..2026", dir_fd, "..data") == 0);
	CHECK(symlinkat("..data/token", dir_fd, "token") == 0);
	CHECK_INT(read_errno("token", STS_FILE_FOLLOW), 0);
}

/* A FIFO, a socket or a device is never opened, so that nothing hangs (main() sets an alarm) and
 * nothing else happens. */
static void test_odd_kinds(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	CHECK_INT(read_errno("socket", STS_FILE_NOFOLLOW), ESPIPE);
	close(fd);
	CHECK(mkfifoat(dir_fd, "fifo", 0600) == 0);
	CHECK_INT(read_errno("fifo", STS_FILE_NOFOLLOW), ESPIPE);
	CHECK_INT(read_errno("fifo", STS_FILE_FOLLOW), ESPIPE);
	CHECK_INT(read_errno(".", STS_FILE_NOFOLLOW), EISDIR);
	CHECK_INT(sts_file_open(AT_FDCWD, "/dev/zero", STS_FILE_FOLLOW, &fd), ESPIPE);
	CHECK_INT(fd, -1);
	if (mknodat(dir_fd, "device", S_IFCHR | 0600, makedev(1, 5)) == 0)
		CHECK_INT(read_errno("device", STS_FILE_NOFOLLOW), ESPIPE);
	CHECK_INT(read_errno("none", STS_FILE_NOFOLLOW), ENOENT);
	CHECK_INT(read_errno("file/below", STS_FILE_NOFOLLOW), ENOTDIR);
}

/* A name may be a file when it is looked at and a FIFO when it is opened, or the reverse. Nothing
 * hangs, and the descriptor of a FIFO is never returned. */
static void test_swapped(void)
{
	pid_t child;

	put("swap-a", "x", 1);
	CHECK(mkfifoat(dir_fd, "swap-b", 0600) == 0);
	child = fork();
	if (child == 0)
		for (;;)
			syscall(SYS_renameat2, dir_fd, "swap-a", dir_fd, "swap-b", EXCHANGE);
	int files = 0, fifos = 0;
	for (int i = 0; i < 2000000 && (files < 2000 || fifos < 2000); i++) {
		int err = read_errno("swap-a", STS_FILE_NOFOLLOW);
		CHECK(err == 0 || err == ESPIPE);
		files += err == 0;
		fifos += err == ESPIPE;
	}
	CHECK(files >= 2000 && fifos >= 2000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_flags(void)
{
	int fd;

	CHECK_INT(sts_file_open(dir_fd, "file", STS_FILE_NOFOLLOW, &fd), 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	close(fd);
}

/* Somebody has made the pipe non-blocking, and the child at its other end is slow. */
static void given_pipe(int fds[2], bool child_writes, size_t bytes)
{
	static char data[300000];

	CHECK(pipe2(fds, O_NONBLOCK) == 0);
	if (fork() == 0) {
		close(fds[child_writes ? 0 : 1]);
		for (size_t done = 0; done < bytes;) {
			size_t piece = bytes - done < 7000 ? bytes - done : 7000;
			int flags = fcntl(fds[child_writes], F_GETFL);

			fcntl(fds[child_writes], F_SETFL, flags & ~O_NONBLOCK);
			usleep(500);
			ssize_t n = child_writes ? write(fds[1], data, piece)
						 : read(fds[0], data, piece);
			if (n <= 0)
				_exit(1);
			done += (size_t)n;
		}
		_exit(0);
	}
	close(fds[child_writes ? 1 : 0]);
}

static int end_of_child(void)
{
	int status = -1;

	wait(&status);
	return status;
}

static void test_given(void)
{
	static char data[20000];
	size_t len;
	int fds[2];

	given_pipe(fds, true, 20000);
	CHECK_INT(sts_file_read_given(fds[0], data, sizeof(data), &len), 0);
	CHECK_INT(len, 20000);
	CHECK_INT(end_of_child(), 0);
	close(fds[0]);
	given_pipe(fds, true, 20000);
	CHECK_INT(sts_file_read_given(fds[0], data, sizeof(data) - 1, &len), EFBIG);
	CHECK_INT(len, 0);
	close(fds[0]);
	end_of_child();
	CHECK_INT(sts_file_read_given(-1, data, sizeof(data), &len), EBADF);
}

static void test_pieces(void)
{
	char data[8];
	size_t len;
	int fd;

	put("pieces", "0123456789", 10);
	CHECK_INT(sts_file_open(dir_fd, "pieces", STS_FILE_NOFOLLOW, &fd), 0);
	CHECK_INT(sts_file_fill(fd, data, sizeof(data), &len), 0);
	CHECK(len == 8 && memcmp(data, "01234567", 8) == 0);
	CHECK_INT(sts_file_fill(fd, data, sizeof(data), &len), 0);
	CHECK(len == 2 && memcmp(data, "89", 2) == 0);
	CHECK_INT(sts_file_fill(fd, data, sizeof(data), &len), 0);
	CHECK_INT(len, 0);
	close(fd);
	CHECK_INT(sts_file_fill(fd, data, sizeof(data), &len), EBADF);
}

static void test_writing(void)
{
	static char data[300000];
	int fds[2];

	given_pipe(fds, false, sizeof(data)); /* more than a pipe holds */
	CHECK_INT(sts_file_write_fd(fds[1], data, sizeof(data)), 0);
	CHECK_INT(end_of_child(), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_INT(sts_file_write_fd(fds[1], data, 1), EPIPE);
	CHECK_INT(sts_file_write_fd(fds[1], data, 0), 0);
	close(fds[1]);
	CHECK_INT(sts_file_write_fd(fds[1], data, 1), EBADF);
	fds[0] = open("/dev/full", O_WRONLY);
	CHECK_INT(sts_file_write_fd(fds[0], data, 1), ENOSPC);
	close(fds[0]);
}

static const struct sts_test tests[] = {
	{"a file is read whole", test_whole},
	{"nothing is read past the bound", test_bounds},
	{"links are followed only where they may be", test_links},
	{"directories, FIFOs, sockets, devices are refused", test_odd_kinds},
	{"a file swapped for a FIFO never hangs", test_swapped},
	{"descriptors are read-only and closed on exec", test_flags},
	{"a descriptor that we were given is read to its end", test_given},
	{"a file is read in pieces", test_pieces},
	{"all bytes are written", test_writing},
};

int main(void)
{
	int failed;

	alarm(60);
	if (!mkdtemp(dir) || chdir(dir) != 0)
		return 1;
	dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	failed = sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
	if (system("rm -rf \"$PWD\"") != 0)
		return 1;
	return failed;
}
