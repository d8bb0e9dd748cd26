/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/examiner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/identity.h"
#include "base/resident.h"
#include "base/system_calls.h"
#include "base/text.h"
#include "supervisor/spawn.h"

/* The ends of the pipe. 0 stands for no pipe: descriptor 0 is standard input. */
static int pipe_fds[2] STS_RESIDENT;

_Static_assert(sizeof(struct sts_examined) <= PIPE_BUF, "a message is written whole");

static void say(const struct sts_examined *message)
{
	ssize_t ignored = write(pipe_fds[1], message, sizeof(*message));

	(void)ignored;
}

static _Noreturn void examine(const struct sts_examiner_job *job)
{
	struct sts_examined m = {.place = job->place};

	sts_spawn_close_others(0, pipe_fds[1], job->watch_fd);
	m.pid = getpid();
	/* Watch first: a change after the look is then an event. */
	sts_watch_path(job->watch_fd, job->file, &m.watches);
	m.identity = sts_file_identity(job->file);
	for (const char *ca = job->cas; *ca; ca = sts_text_at(ca, 1)) {
		m.path++;
		say(&m);
		sts_watch_path(job->watch_fd, ca, &m.watches);
		m.cas_identity = sts_files_identity(m.cas_identity, ca);
	}
	m.done = true;
	say(&m);
	_exit(STS_EXIT_OK);
}

pid_t sts_examiner_start(const struct sts_examiner_job *job)
{
	pid_t pid;

	if (!pipe_fds[0] && sts_pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) {
		pipe_fds[0] = 0;
		return -1;
	}
	pid = sts_spawn_fork();
	if (pid == 0)
		examine(job);
	return pid;
}

int sts_examiner_fd(void)
{
	return pipe_fds[0] ? pipe_fds[0] : -1;
}

void sts_examiner_close(void)
{
	if (!pipe_fds[0])
		return;
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	pipe_fds[0] = 0;
}

bool sts_examiner_read(struct sts_examined *message)
{
	return pipe_fds[0] && read(pipe_fds[0], message, sizeof(*message)) == sizeof(*message);
}
