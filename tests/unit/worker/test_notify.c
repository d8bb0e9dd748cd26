/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

static struct sts_error e;
static char dir[] = "/tmp/sts-notify-XXXXXX";

static void write_file(const char *text)
{
	int fd = open("pid", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* After the file is read, somebody changes it: to this text, or "" to remove it. The linker puts
 * this function in the place of the one that reads. */
static const char *changes_to;

int __real_sts_file_read(int dir_fd, const char *path, enum sts_file_links links, void *data,
			 size_t size, size_t *len);
int __wrap_sts_file_read(int dir_fd, const char *path, enum sts_file_links links, void *data,
			 size_t size, size_t *len);
int __wrap_sts_file_read(int dir_fd, const char *path, enum sts_file_links links, void *data,
			 size_t size, size_t *len)
{
	int err = __real_sts_file_read(dir_fd, path, links, data, size, len);

	if (changes_to && *changes_to)
		write_file(changes_to);
	else if (changes_to)
		unlink(path);
	changes_to = NULL;
	return err;
}

/* The errno of pidfd_open(2), once; 0: it works. */
static int open_errno;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* It reads more arguments than some callers give. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
	long arg[4];

	STS_TEST_ARGUMENTS(arg, number);
	if (number == SYS_pidfd_open && open_errno) {
		errno = open_errno;
		open_errno = 0;
		return -1;
	}
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3]);
}

static void write_pid(pid_t pid, const char *end)
{
	char text[32];

	snprintf(text, sizeof(text), "%d%s", (int)pid, end);
	write_file(text);
}

static enum sts_err notify(const char *path, int signal)
{
	int pidfd;
	enum sts_err err;

	memset(&e, 0, sizeof(e));
	err = sts_notify_open(path, &pidfd, &e);
	CHECK((pidfd >= 0) == (err == STS_OK));
	if (err == STS_OK) {
		err = sts_notify_send(path, pidfd, signal, &e);
		close(pidfd);
	}
	return err;
}

static void on_signal(int signal)
{
	_exit(signal);
}

/* Start a child that ends with the number of the signal that it gets. */
static pid_t start_child(void)
{
	int fds[2];
	char byte;
	pid_t pid;

	CHECK_INT(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct sigaction action = {.sa_handler = on_signal};

		sigaction(SIGHUP, &action, NULL);
		sigaction(SIGUSR1, &action, NULL);
		sigaction(SIGUSR2, &action, NULL);
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		alarm(10);
		for (;;)
			pause();
	}
	CHECK_INT(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void test_the_signal_arrives(void)
{
	static const int signals[] = {SIGHUP, SIGUSR1, SIGUSR2};

	for (size_t choice = 0; choice < 3; choice++) {
		pid_t pid = start_child();
		int status = 0;

		write_pid(pid, choice ? "\n" : "");
		CHECK_INT(notify("pid", signals[choice]), STS_OK);
		CHECK_STR(e.msg, "");
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == signals[choice]);
	}
}

static void check_refused(const char *path, int detail, const char *words)
{
	CHECK_INT(notify(path, SIGUSR1), STS_EINPUT);
	CHECK_INT(e.detail, detail);
	if (!strstr(e.msg, words))
		printf("# \"%s\" has no \"%s\"\n", e.msg, words);
	CHECK(strstr(e.msg, words) != NULL);
}

static void test_what_is_no_pid(void)
{
	static const char *const texts[] = {
		"",
		"\n",
		"x",
		"12x",
		"-5",
		"+5",
		" 5",
		"5 ",
		"5\n\n",
		"5\r\n",
		"0x10",
		"2147483648",
		"5\n6\n",
		"4294967297",
		"18446744073709551617",
		"999999999999999",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(texts[i]);
		CHECK_INT(notify("pid", SIGUSR1), STS_EINPUT);
		CHECK(strstr(e.msg, "digits only") || strstr(e.msg, "too big"));
	}
}

static void test_whom_it_never_signals(void)
{
	static const char *const ones[] = {"0", "1", "0001", "1\n"};

	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
		write_file(ones[i]);
		check_refused("pid", 0, "its PID is 1 or this sidecar's");
	}
	write_pid(getpid(), "");
	check_refused("pid", 0, "its PID is 1 or this sidecar's");
	write_pid(getppid(), "\n");
	check_refused("pid", 0, "its PID is 1 or this sidecar's");
}

static void test_files_that_are_none(void)
{
	pid_t pid = start_child();

	write_pid(pid, "");
	CHECK(symlink("pid", "link") == 0 && mkfifo("fifo", 0600) == 0 && mkdir("d", 0700) == 0);
	alarm(5);
	check_refused("link", ELOOP, "symbolic link");
	check_refused("fifo", ESPIPE, "not a regular file");
	check_refused("d", EISDIR, "directory");
	check_refused("none", ENOENT, "no such file");
	check_refused("/dev/null", ESPIPE, "not a regular file");
	alarm(0);
	CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	write_pid(pid, "");
	check_refused("pid", ESRCH, "shareProcessNamespace");
}

/* The application was started again while the file was read: the process that was opened may be
 * another one by now, and gets no signal. */
static void test_a_file_that_changes(void)
{
	static const struct {
		const char *text;
		int detail;
		const char *words;
	} rows[] = {{"2147483647", EAGAIN, "it has just changed"},
		    {"", ENOENT, "no such file"},
		    {"x", 0, "digits only"}};
	pid_t pid = start_child();

	for (size_t i = 0; i < 3; i++) {
		write_pid(pid, "");
		changes_to = rows[i].text;
		check_refused("pid", rows[i].detail, rows[i].words);
		CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
	}
	write_pid(pid, "");
	CHECK_INT(notify("pid", SIGUSR1), STS_OK);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

/* Kernels say in two ways that a PID is the id of a thread. */
static void test_what_the_kernel_says(void)
{
	static const struct {
		int err;
		const char *words;
	} rows[] = {{EINVAL, "no such process: the Pod needs shareProcessNamespace"},
		    {ENOENT, "no such process: the Pod needs shareProcessNamespace"},
		    {EPERM, "another UID's process: run both as one"},
		    {EMFILE, "too many open files"}};

	write_pid(12345, "");
	for (size_t i = 0; i < 4; i++) {
		open_errno = rows[i].err;
		check_refused("pid", rows[i].err, rows[i].words);
	}
}

/* PID of a process of another UID, which we may not signal. */
static void test_another_uid(void)
{
	int status = 1;
	pid_t pid, child;

	if (geteuid() != 0) {
		sts_test_skipped = "needs root";
		return;
	}
	pid = start_child();
	write_pid(pid, "");
	CHECK(chmod(".", 0755) == 0 && chmod("pid", 0644) == 0);
	child = fork();
	if (child == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		check_refused("pid", EPERM, "another UID's process");
		fflush(stdout);
		_exit(sts_test_failures != 0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_setup(void)
{
	sts_test_enter_folder(dir);
}

static void test_cleanup(void)
{
	CHECK(unlink("pid") == 0 && unlink("link") == 0 && unlink("fifo") == 0 && rmdir("d") == 0 &&
	      rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"the folder of this test is made", test_setup},
	{"the signal arrives", test_the_signal_arrives},
	{"what is not a PID", test_what_is_no_pid},
	{"processes that never get the signal", test_whom_it_never_signals},
	{"files that cannot be used", test_files_that_are_none},
	{"a file that changes while it is read", test_a_file_that_changes},
	{"what the kernel says of the process", test_what_the_kernel_says},
	{"a process of another UID", test_another_uid},
	{"the folder of this test is removed", test_cleanup},
};

STS_TEST_MAIN(tests)
