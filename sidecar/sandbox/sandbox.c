/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/system_calls.h"
#include "sandbox/harden.h"
#include "sandbox/resident_stack.h"

/* tests/sandbox/ builds a worker that attacks. A release does not have this code. */
#ifdef STS_WITH_HOSTILE_WORKER
#include "../../tests/sandbox/hostile.h"
#else
#define sts_hostile(stage) ((void)(stage))
#endif

static enum sts_err judge(bool holds, bool require, const char *layer, struct sts_error *e)
{
	if (holds || !require)
		return STS_OK;
	return sts_fail(e, STS_ESANDBOX, 0, "%s does not hold here, and --require-sandbox is given",
			layer);
}

bool sts_sandbox_may_write(const char *dir)
{
	/* A list of the directories would cost a page of memory, so the kernel is asked instead. If
	 * it fails with EACCES although the mode of the directory allows writing, Landlock is the
	 * reason. */
	int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EACCES || sts_faccessat(AT_FDCWD, dir, W_OK | X_OK) != 0;
}

static int confine_files(const int *dirs, size_t count)
{
	struct sts_landlock l;

	sts_landlock_init(&l, false);
	sts_landlock_allow_path(&l, AT_FDCWD, "/",
				STS_LANDLOCK_READ | (STS_SANITIZED ? STS_LANDLOCK_EXECUTE : 0));
	/* Without /proc, sts_spawn() executes the path in AT_EXECFN. */
	if (!sts_landlock_allow_path(&l, AT_FDCWD, "/proc/self/exe", STS_LANDLOCK_EXECUTE))
		sts_landlock_allow_path(&l, AT_FDCWD, sts_program_path(), STS_LANDLOCK_EXECUTE);
	for (size_t i = 0; i < count; i++)
		sts_landlock_allow(&l, dirs[i], STS_LANDLOCK_REPLACE);
	return sts_landlock_enter(&l);
}

static void announce(bool no_new_privs, bool seccomp, int landlock, enum sts_level level)
{
	char layers[64];
	struct sts_text text;
	struct sts_log l;

	sts_text_init(&text, layers, sizeof(layers));
	/* A worker executes the same file under the same UID, so it is undumpable, too. */
	if (sts_harden_undumpable_from_start())
		sts_text_addf(&text, "undumpable,");
	sts_text_addf(&text, "%s%s", no_new_privs ? "no-new-privs" : "none",
		      seccomp ? ",seccomp" : "");
	if (landlock > 0)
		sts_text_addf(&text, ",landlock-%d", landlock);
	sts_log_start(&l, level, "started");
	sts_log_str(&l, "sandbox", layers);
	sts_log_end(&l);
}

__attribute__((noinline)) enum sts_err sts_sandbox_supervisor(const int *dirs, size_t count,
							      bool require, enum sts_level level,
							      struct sts_error *e)
{
	bool no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	int landlock = 5;

	(void)dirs;
	(void)count;
	(void)confine_files;
	bool seccomp = sts_seccomp_enter(STS_SANDBOX_SUPERVISOR, NULL) == 0;
	enum sts_err err = judge(no_new_privs, require, "no-new-privs", e);

	if (err == STS_OK)
		err = judge(seccomp, require, "seccomp", e);
	if (err == STS_OK)
		err = judge(landlock > 0, require, "Landlock", e);
	if (err == STS_OK)
		announce(no_new_privs, seccomp, landlock, level);
	return err;
}

enum sts_err sts_sandbox_enter(enum sts_sandbox_stage stage,
			       const struct sts_sandbox_target *target, bool require,
			       struct sts_error *e)
{
	bool holds = sts_seccomp_enter(stage, target) == 0;

	sts_hostile(stage);
	return judge(holds, require, "seccomp", e);
}

enum sts_err sts_sandbox_confine(struct sts_landlock *l, bool require, struct sts_error *e)
{
	bool holds = sts_landlock_enter(l) > 0;

	sts_hostile(STS_SANDBOX_CONFINED);
	return judge(holds, require, "Landlock", e);
}
