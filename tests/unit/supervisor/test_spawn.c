/* SPDX-License-Identifier: Apache-2.0 */
/* The program starts itself: main() with arguments is the child. */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "argv.h"
#include "test.h"
#include "wire/job.h"

static int out[2]; /* what a child says: its inherited descriptor is the writing end */

static char *const *const no_environment = (char *const[]){NULL};

static void set_up(void)
{
	CHECK(pipe2(out, O_CLOEXEC) == 0);
	/* The numbers are not those that the child wants. */
	for (int i = 0; i < 2; i++) {
		int high = fcntl(out[i], F_DUPFD_CLOEXEC, 20);

		close(out[i]);
		out[i] = high;
	}
}

/* Read all that comes until each process has closed the other end. */
static const char *hear(void)
{
	static char text[256];
	size_t len = 0;
	ssize_t got;

	close(out[1]);
	while ((got = read(out[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(out[0]);
	return text;
}

static int status_of(pid_t pid)
{
	int status = -1;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_arguments_and_environment(void)
{
	set_up();
	pid_t pid = sts_spawn(ARGV("name", "words", "a b", ""), ARGV("STS_TEST=1"), out[1], -1);
	CHECK_STR(hear(), "name|words|a b||STS_TEST=1");
	CHECK_INT(status_of(pid), 0);
	set_up();
	pid = sts_spawn(ARGV("name", "words"), no_environment, out[1], -1);
	CHECK_STR(hear(), "name|words|");
	CHECK_INT(status_of(pid), 0);
}

/* Only what was asked for is open in the child. */
static void test_descriptors(void)
{
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC), snapshot;

	set_up();
	snapshot = fcntl(file, F_DUPFD_CLOEXEC, 30);
	pid_t pid = sts_spawn(ARGV("name", "open"), no_environment, out[1], snapshot);
	CHECK_STR(hear(), "0 1 2 3 4 ");
	CHECK_INT(status_of(pid), 0);
	set_up();
	pid = sts_spawn(ARGV("name", "open"), no_environment, out[1], -1);
	CHECK_STR(hear(), "0 1 2 3 ");
	CHECK_INT(status_of(pid), 0);
	/* The descriptor has the right number already, and is close-on-exec. */
	set_up();
	close(file);
	CHECK_INT(dup3(out[1], STS_INHERITED_FD, O_CLOEXEC), STS_INHERITED_FD);
	pid = sts_spawn(ARGV("name", "open"), no_environment, STS_INHERITED_FD, snapshot);
	close(STS_INHERITED_FD);
	CHECK_STR(hear(), "0 1 2 3 4 ");
	CHECK_INT(status_of(pid), 0);
	close(snapshot);
}

static void test_no_descriptor(void)
{
	CHECK_INT(status_of(sts_spawn(ARGV("name", "words"), no_environment, -1, -1)),
		  STS_SPAWN_EXEC_FAILED << 8);
	set_up();
	CHECK_INT(status_of(sts_spawn(ARGV("name", "words"), no_environment, out[1], 1000)),
		  STS_SPAWN_EXEC_FAILED << 8);
	CHECK_STR(hear(), "");
}

/* The number of the snapshot is one that the child needs. */
static void test_a_snapshot_with_a_low_number(void)
{
	for (int fd = STS_INHERITED_FD; fd <= STS_INHERITED_SNAPSHOT_FD; fd++) {
		int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

		set_up();
		if (file != fd)
			CHECK_INT(dup3(file, fd, O_CLOEXEC), fd);
		errno = 0;
		CHECK_INT(sts_spawn(ARGV("name", "open"), no_environment, out[1], fd), -1);
		CHECK_INT(errno, EBADF);
		CHECK_STR(hear(), "");
		close(fd);
		close(file);
	}
}

/* The supervisor blocks the signals that it waits for. Its child must not block them. */
static void test_signals(void)
{
	sigset_t all, old;

	set_up();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = sts_spawn(ARGV("name", "signals"), no_environment, out[1], -1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK_STR(hear(), "nothing is blocked, HUP is ignored, TERM is not, dies with signal 9");
	CHECK_INT(status_of(pid), 0);
}

/* A process starts a child and dies. The child holds the last writing end. */
static void test_the_child_dies_with_its_parent(void)
{
	set_up();
	pid_t parent = fork();
	if (parent == 0) {
		int ready[2];
		char byte;

		/* The child says that it runs before its parent ends. */
		if (pipe2(ready, O_CLOEXEC) != 0 ||
		    sts_spawn(ARGV("name", "hang"), no_environment, out[1], dup2(ready[1], 30)) < 0)
			_exit(1);
		_exit(read(ready[0], &byte, 1) != 1);
	}
	CHECK_INT(status_of(parent), 0);
	CHECK_STR(hear(), "here");
}

static void test_the_end(void)
{
	int status = SIGKILL;

	set_up();
	pid_t pid = sts_spawn(ARGV("name", "hang"), no_environment, out[1], -1);
	CHECK(pid > 0);
	sts_spawn_end(pid);
	/* The child was reaped already, unless the machine is slow. */
	CHECK(waitpid(pid, &status, 0) == pid || errno == ECHILD);
	CHECK_INT(status, SIGKILL);
	hear();
}

static void test_several_are_ended(void)
{
	pid_t pids[3] = {-1, -1, -1};

	set_up();
	for (size_t i = 0; i < 2; i++)
		pids[2 * i] = sts_spawn(ARGV("name", "hang"), no_environment, out[1], -1);
	pid_t first = pids[0], last = pids[2];
	CHECK(first > 0 && last > 0);
	sts_spawn_end_all(pids, 3);
	CHECK_INT(pids[1], -1);
	/* A PID stays only if the machine is slow. */
	CHECK(pids[0] == -1 || waitpid(first, NULL, 0) == first);
	CHECK(pids[2] == -1 || waitpid(last, NULL, 0) == last);
	CHECK(waitpid(first, NULL, 0) < 0 && waitpid(last, NULL, 0) < 0);
	sts_spawn_end_all(pids, 0);
	CHECK(sts_spawn_end(-1));
	hear();
}

static void test_descriptors_are_closed(void)
{
	int fds[3], status = -1;

	for (size_t i = 0; i < 3; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t child = fork();
	if (child == 0) {
		sts_spawn_close_others(3, fds[0], fds[2]);
		_exit(!(fcntl(fds[0], F_GETFD) >= 0 && fcntl(fds[1], F_GETFD) < 0 &&
			fcntl(fds[2], F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0));
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
}

static void test_other_children_are_left_alone(void)
{
	siginfo_t info;
	pid_t other = fork();

	if (other == 0)
		_exit(5);
	CHECK_INT(waitid(P_PID, (id_t)other, &info, WEXITED | WNOWAIT), 0);
	sts_spawn_end(-1);
	sts_spawn_end(0); /* 0 would be the process group of the test */
	set_up();
	pid_t pid = sts_spawn(ARGV("name", "hang"), no_environment, out[1], -1);
	sts_spawn_end(pid);
	CHECK_INT(status_of(other), 5 << 8);
	waitpid(pid, NULL, 0);
	hear();
}

/* ---- the child's side ---- */

static void say(const char *text)
{
	if (write(STS_INHERITED_FD, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(3);
}

static void say_words(char **argv)
{
	for (; *argv; argv++) {
		say(*argv);
		say("|");
	}
	sts_test_forget_counting();
	for (char **variable = environ; *variable; variable++)
		say(*variable);
}

static void say_open(void)
{
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0) {
			char number[16];

			snprintf(number, sizeof(number), "%d ", fd);
			say(number);
		}
}

static void say_signals(void)
{
	struct sigaction hup, term;
	sigset_t mask;
	int death = 0, blocked = 0;
	char text[32];

	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigaction(SIGHUP, NULL, &hup);
	sigaction(SIGTERM, NULL, &term);
	prctl(PR_GET_PDEATHSIG, &death);
	for (int signal = 1; signal < 32; signal++)
		blocked += sigismember(&mask, signal) == 1;
	say(blocked ? "some are blocked" : "nothing is blocked");
	say(hup.sa_handler == SIG_IGN ? ", HUP is ignored" : ", HUP is not ignored");
	say(term.sa_handler == SIG_IGN ? ", TERM is ignored" : ", TERM is not");
	snprintf(text, sizeof(text), ", dies with signal %d", death);
	say(text);
}

static int work(char **argv)
{
	alarm(60);
	if (strcmp(argv[1], "words") == 0)
		say_words(argv);
	else if (strcmp(argv[1], "open") == 0)
		say_open();
	else if (strcmp(argv[1], "signals") == 0)
		say_signals();
	else {
		say("here");
		if (write(STS_INHERITED_SNAPSHOT_FD, "x", 1) != 1)
			close(STS_INHERITED_SNAPSHOT_FD);
		for (;;)
			pause();
	}
	return 0;
}

static const struct sts_test tests[] = {
	{"the child gets arguments and environment", test_arguments_and_environment},
	{"the child gets two descriptors", test_descriptors},
	{"a descriptor that is not open ends the child", test_no_descriptor},
	{"a snapshot whose number is too low is refused", test_a_snapshot_with_a_low_number},
	{"the signals of the child are as usual", test_signals},
	{"the child dies with its parent", test_the_child_dies_with_its_parent},
	{"a child is ended", test_the_end},
	{"several children are ended together", test_several_are_ended},
	{"a child closes descriptors", test_descriptors_are_closed},
	{"other children are left alone", test_other_children_are_left_alone},
};

int main(int argc, char **argv)
{
	if (argc > 1)
		return work(argv);
	alarm(60);
	/* A descriptor that the caller of the test has left open would be inherited too. */
	for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
		close(fd);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
