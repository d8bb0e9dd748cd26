/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "sandbox/resident_stack.h"
#include "wire/job.h"

_Static_assert(STS_INHERITED_FD < STS_INHERITED_SNAPSHOT_FD, "sts_spawn() checks the larger one");

/* The most times that sts_spawn_end_all() checks whether the processes have ended, once in a
 * millisecond. */
#define END_LOOKS_MAX 21

/* The highest descriptor that sts_spawn_close_others() closes. The supervisor has about 40. */
#define LAST_FD 255

pid_t sts_spawn_fork(void)
{
	pid_t self = getpid(), pid = _Fork();

	if (pid != 0)
		return pid;
	/* If the supervisor died before this line, prctl(2) has no effect, so compare the
	 * parent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(STS_EXIT_BUG);
	return 0;
}

/* Turn this process, just made by fork(2), into the child. Only system calls are allowed here. */
static void become(int inherited_fd, int snapshot_fd, char *const *arguments, char *const *environ_)
{
	sigset_t none;

	if (inherited_fd == STS_INHERITED_FD ? syscall(SYS_fcntl, inherited_fd, F_SETFD, 0) != 0
					     : dup2(inherited_fd, STS_INHERITED_FD) < 0)
		_exit(STS_SPAWN_EXEC_FAILED);
	if (snapshot_fd >= 0 && dup2(snapshot_fd, STS_INHERITED_SNAPSHOT_FD) < 0)
		_exit(STS_SPAWN_EXEC_FAILED);
	/* A HUP to all processes of this name (pkill(1)) is meant for the supervisor. It must not
	 * end an exchange that is under way. */
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	extern int sts_forked(char **argv);

	environ = (char **)environ_;
	_exit(sts_forked((char **)arguments));
	execve("/proc/self/exe", arguments, environ_);
	if (errno == ENOEXEC)
		_exit(STS_SPAWN_EMULATED);
	/* Without /proc, execute the path with which this process was executed. */
	int self = open(sts_program_path(), O_PATH | O_CLOEXEC);
	if (self >= 0)
		syscall(SYS_execveat, self, "", arguments, environ_, AT_EMPTY_PATH);
	_exit(STS_SPAWN_EXEC_FAILED);
}

pid_t sts_spawn(char *const *arguments, char *const *environ_, int inherited_fd, int snapshot_fd)
{
	pid_t pid;

	/* The first dup2(2) of the child would overwrite a snapshot_fd with so low a number, or the
	 * second one would leave it close-on-exec. */
	if (snapshot_fd >= 0 && snapshot_fd <= STS_INHERITED_SNAPSHOT_FD) {
		errno = EBADF;
		return -1;
	}
	pid = sts_spawn_fork();
	if (pid == 0)
		become(inherited_fd, snapshot_fd, arguments, environ_);
	return pid;
}

/* Returns whether the process has ended, or is no child of this process. */
static bool has_ended(pid_t pid)
{
	return pid <= 0 || waitpid(pid, NULL, WNOHANG) != 0;
}

void sts_spawn_end_all(pid_t *pids, size_t count)
{
	size_t left = count;

	for (size_t i = 0; i < count; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	for (int looks = 0; left > 0 && looks < END_LOOKS_MAX; looks++) {
		if (looks > 0)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
		left = 0;
		for (size_t i = 0; i < count; i++)
			if (has_ended(pids[i]))
				pids[i] = -1;
			else
				left++;
	}
}

bool sts_spawn_end(pid_t pid)
{
	sts_spawn_end_all(&pid, 1);
	return pid <= 0;
}

void sts_spawn_close_others(int first, int keep, int keep_too)
{
	for (int fd = first; fd <= LAST_FD; fd++)
		if (fd != keep && fd != keep_too)
			close(fd);
}
