/* SPDX-License-Identifier: Apache-2.0 */
/* What is done when layers hold or do not hold. The linker puts the functions of this file in the
 * place of the layers. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "log_lines.h"
#include "test.h"

static struct {
	int seccomp_errno, landlock_abi;
	bool undumpable, no_executable;
	enum sts_sandbox_stage stage;
	const struct sts_sandbox_target *target;
	char calls[512];
} layers;

static struct sts_error e;

static void note(const char *what, int access)
{
	size_t len = strlen(layers.calls);

	snprintf(layers.calls + len, sizeof(layers.calls) - len, "%s %#x; ", what,
		 (unsigned)access);
}

int __wrap_sts_seccomp_enter(enum sts_sandbox_stage stage, const struct sts_sandbox_target *target);
int __wrap_sts_seccomp_enter(enum sts_sandbox_stage stage, const struct sts_sandbox_target *target)
{
	layers.stage = stage;
	layers.target = target;
	note("seccomp", 0);
	return layers.seccomp_errno;
}

void __wrap_sts_landlock_init(struct sts_landlock *l, bool alone);
void __wrap_sts_landlock_init(struct sts_landlock *l, bool alone)
{
	*l = (struct sts_landlock){-1, 0};
	note(alone ? "alone" : "init", 0);
}

bool __wrap_sts_landlock_allow_path(struct sts_landlock *l, int dir_fd, const char *path,
				    enum sts_landlock_access access);
bool __wrap_sts_landlock_allow_path(struct sts_landlock *l, int dir_fd, const char *path,
				    enum sts_landlock_access access)
{
	CHECK(l->fd == -1 && dir_fd == AT_FDCWD);
	/* a path that is not told here is that in AT_EXECFN */
	note(strcmp(path, "/") == 0 || strcmp(path, "/proc/self/exe") == 0 ? path : "file",
	     (int)access);
	return !layers.no_executable;
}

void __wrap_sts_landlock_allow(struct sts_landlock *l, int fd, enum sts_landlock_access access);
void __wrap_sts_landlock_allow(struct sts_landlock *l, int fd, enum sts_landlock_access access)
{
	char text[32];

	CHECK_INT(l->fd, -1);
	snprintf(text, sizeof(text), "fd %d", fd);
	note(text, (int)access);
}

int __wrap_sts_landlock_enter(struct sts_landlock *l);
int __wrap_sts_landlock_enter(struct sts_landlock *l)
{
	(void)l;
	note("landlock", 0);
	return layers.landlock_abi;
}

bool __wrap_sts_harden_undumpable_from_start(void);
bool __wrap_sts_harden_undumpable_from_start(void)
{
	return layers.undumpable;
}

static enum sts_err supervisor(bool require)
{
	static const int dirs[] = {7, -1, 9};

	layers.calls[0] = '\0';
	e = (struct sts_error){.code = STS_OK};
	return sts_sandbox_supervisor(dirs, 3, require, STS_LEVEL_INFO, &e);
}

/* A child of this process, since nothing takes the bit away again. */
static void without_new_privileges(void (*run)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		sts_test_failures = 0;
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		run();
		fflush(stdout);
		_exit(sts_test_failures != 0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

#define READ_ROOT (STS_SANITIZED ? "/ 0xd; " : "/ 0xc; ")

static void order_of_layers(void)
{
	char wanted[256];

	layers.landlock_abi = 5;
	CHECK_INT(supervisor(false), STS_OK);
	snprintf(wanted, sizeof(wanted),
		 "init 0; %s/proc/self/exe 0x5; fd 7 0x136; fd -1 0x136; fd 9 0x136; landlock 0; "
		 "seccomp 0; ",
		 READ_ROOT);
	CHECK_STR(layers.calls, wanted);
	CHECK(layers.stage == STS_SANDBOX_SUPERVISOR && layers.target == NULL);
	layers.no_executable = true;
	CHECK_INT(supervisor(false), STS_OK);
	CHECK(strstr(layers.calls, "/proc/self/exe 0x5; file 0x5; fd 7"));
	layers.no_executable = false;
	log_lines_read();
}

static void check_announced(const char *wanted)
{
	char line[128];

	snprintf(line, sizeof(line), "\"sandbox\":\"%s\"", wanted);
	CHECK_INT(supervisor(false), STS_OK);
	const char *text = log_lines_read();
	CHECK(strstr(text, line) && strstr(text, "\"started\"") && strstr(text, "\"info\""));
	if (!strstr(text, line))
		printf("# %s\n", text);
}

static void announced(void)
{
	layers.landlock_abi = 7;
	check_announced("no-new-privs,seccomp,landlock-7");
	layers.undumpable = true;
	check_announced("undumpable,no-new-privs,seccomp,landlock-7");
	layers.undumpable = false;
	layers.landlock_abi = 1;
	check_announced("no-new-privs,seccomp,landlock-1");
	layers.landlock_abi = 0;
	check_announced("no-new-privs,seccomp");
	layers.seccomp_errno = EINVAL;
	check_announced("no-new-privs");
	layers.seccomp_errno = 0;
}

#define MISSING(layer) layer " does not hold here, and --require-sandbox is given"

static void required(void)
{
	layers.landlock_abi = 5;
	CHECK_INT(supervisor(true), STS_OK);
	CHECK(strstr(log_lines_read(), "landlock-5"));
	layers.landlock_abi = 1;
	CHECK_INT(supervisor(true), STS_OK);
	CHECK(strstr(log_lines_read(), "landlock-1"));
	layers.landlock_abi = 0;
	CHECK_INT(supervisor(true), STS_ESANDBOX);
	CHECK_STR(e.msg, MISSING("Landlock"));
	CHECK_INT(e.detail, 0);
	layers.seccomp_errno = EINVAL;
	CHECK_INT(supervisor(true), STS_ESANDBOX);
	CHECK_STR(e.msg, MISSING("seccomp"));
	layers.seccomp_errno = 0;
	CHECK_STR(log_lines_read(), ""); /* what does not hold is not announced */
}

static void privileges(void)
{
	layers.landlock_abi = 5;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		sts_test_skipped = "this process was started without new privileges";
		return;
	}
	check_announced("none,seccomp,landlock-5");
	CHECK_INT(supervisor(true), STS_ESANDBOX);
	CHECK_STR(e.msg, MISSING("no-new-privs"));
	without_new_privileges(order_of_layers);
	without_new_privileges(announced);
	without_new_privileges(required);
}

static void stages(void)
{
	struct sts_sandbox_target target = {.signal = 10};
	struct sts_landlock l = {-1, 0};

	CHECK_INT(sts_sandbox_enter(STS_SANDBOX_NOTIFY, &target, true, &e), STS_OK);
	CHECK(layers.stage == STS_SANDBOX_NOTIFY && layers.target == &target);
	layers.seccomp_errno = EINVAL;
	CHECK_INT(sts_sandbox_enter(STS_SANDBOX_START, NULL, false, &e), STS_OK);
	CHECK(layers.stage == STS_SANDBOX_START && layers.target == NULL);
	CHECK_INT(sts_sandbox_enter(STS_SANDBOX_START, NULL, true, &e), STS_ESANDBOX);
	CHECK_STR(e.msg, MISSING("seccomp"));
	layers.seccomp_errno = 0;
	layers.landlock_abi = 1;
	CHECK_INT(sts_sandbox_confine(&l, true, &e), STS_OK);
	layers.landlock_abi = 0;
	CHECK_INT(sts_sandbox_confine(&l, false, &e), STS_OK);
	CHECK_INT(sts_sandbox_confine(&l, true, &e), STS_ESANDBOX);
	CHECK_STR(e.msg, MISSING("Landlock"));
}

void __real_sts_landlock_init(struct sts_landlock *l, bool alone);
bool __real_sts_landlock_allow_path(struct sts_landlock *l, int dir_fd, const char *path,
				    enum sts_landlock_access access);
int __real_sts_landlock_enter(struct sts_landlock *l);

/* The kernel's Landlock forbids the writing in one of two directories. */
static void writing_under_landlock(void)
{
	struct sts_landlock l;

	__real_sts_landlock_init(&l, false);
	__real_sts_landlock_allow_path(&l, AT_FDCWD, "/", STS_LANDLOCK_READ);
	__real_sts_landlock_allow_path(&l, AT_FDCWD, "ours", STS_LANDLOCK_REPLACE);
	if (__real_sts_landlock_enter(&l) <= 0) {
		printf("# this kernel has no Landlock\n");
		return;
	}
	CHECK(sts_sandbox_may_write("ours"));
	CHECK(!sts_sandbox_may_write("other"));
}

/* If the mode forbids the writing, the answer is still yes: the question is about the sandbox.
 * Root may write everywhere, so it asks as another user. */
static void writing_as_another_user(void)
{
	static const mode_t modes[] = {0700, 0755, 0722};
	int status = 0;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		CHECK(chmod("closed", modes[i]) == 0);
		pid_t pid = fork();
		if (pid == 0)
			_exit(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0 &&
			      !sts_sandbox_may_write("closed"));
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK_INT(status, 0);
	}
	CHECK(chmod("closed", 0500) == 0);
}

static void writing(void)
{
	char template[] = "/tmp/sandbox.XXXXXX";
	struct rlimit kept, none;
	int lowest;

	sts_test_enter_folder(template);
	lowest = dup(0);
	close(lowest);
	CHECK(sts_sandbox_may_write("."));
	CHECK_INT(dup(0), lowest); /* no descriptor is left open */
	close(lowest);
	/* The descriptor 0 is one as any other, and an errno from before does not count. */
	int kept_0 = fcntl(0, F_DUPFD_CLOEXEC, 10);
	close(0);
	errno = EACCES;
	CHECK(sts_sandbox_may_write("."));
	CHECK(fcntl(0, F_GETFD) < 0);
	CHECK(dup2(kept_0, 0) == 0 && close(kept_0) == 0);
	CHECK(sts_sandbox_may_write("nothing"));
	CHECK(mkdir("closed", 0500) == 0);
	CHECK(sts_sandbox_may_write("closed")); /* its mode forbids it, but the sandbox does not */
	CHECK(chmod(template, 0755) == 0);
	writing_as_another_user();
	/* Nor does it forbid what fails for want of a descriptor. */
	CHECK(getrlimit(RLIMIT_NOFILE, &kept) == 0);
	none = (struct rlimit){(rlim_t)lowest, kept.rlim_max};
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CHECK(sts_sandbox_may_write("."));
	CHECK(setrlimit(RLIMIT_NOFILE, &kept) == 0);
	CHECK(mkdir("ours", 0700) == 0 && mkdir("other", 0700) == 0);
	without_new_privileges(writing_under_landlock);
	CHECK(rmdir("ours") == 0 && rmdir("other") == 0);
	CHECK(rmdir("closed") == 0 && chdir("/") == 0 && rmdir(template) == 0);
}

static const struct sts_test tests[] = {
	{"the supervisor's layers", privileges},
	{"the layers of stages", stages},
	{"whether a directory can be written to", writing},
};

int main(void)
{
	return log_lines_capture() ? sts_test_main(tests, sizeof(tests) / sizeof(tests[0])) : 1;
}
