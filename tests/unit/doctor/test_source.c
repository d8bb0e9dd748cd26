/* SPDX-License-Identifier: Apache-2.0 */
/* Whose configuration `doctor` examines. The processes are made up: the linker puts the functions
 * of this file in the place of those that look at /proc. */
#include "doctor/source.h"

#include "doctor/site.h"
#include "other_commands/other_process.h"
#include "test.h"

/* A process. Its command line has a NUL after each argument. */
struct process {
	int64_t pid, uid;
	const char *command_line;
	size_t len;
	bool is_ours, same_container;
};

#define LINE(text) .command_line = text, .len = sizeof(text)

static struct process processes[2];
static int64_t lock_owner;

static struct sts_command_line line;
static struct sts_case found;

static const struct process *find(int64_t pid)
{
	static const struct process none;

	for (size_t i = 0; i < 2; i++)
		if (pid > 0 && processes[i].pid == pid)
			return &processes[i];
	return &none;
}

int64_t __wrap_sts_site_owner(const char *dir);
int64_t __wrap_sts_site_owner(const char *dir)
{
	CHECK_STR(dir, "/tokens");
	return lock_owner;
}

size_t __wrap_sts_process_read(int64_t pid, const char *file, char *buf, size_t size);
size_t __wrap_sts_process_read(int64_t pid, const char *file, char *buf, size_t size)
{
	const struct process *p = find(pid);

	CHECK_STR(file, "cmdline");
	if (p->len == 0 || p->len > size)
		return 0;
	memcpy(buf, p->command_line, p->len);
	return p->len;
}

int64_t __wrap_sts_process_number(int64_t pid, const char *key, int index);
int64_t __wrap_sts_process_number(int64_t pid, const char *key, int index)
{
	CHECK_STR(key, "Uid:");
	CHECK_INT(index, 1);
	return find(pid)->uid;
}

bool __wrap_sts_is_our_kind(int64_t pid);
bool __wrap_sts_is_our_kind(int64_t pid)
{
	return find(pid)->is_ours;
}

bool __wrap_sts_process_shares(int64_t pid, const char *file);
bool __wrap_sts_process_shares(int64_t pid, const char *file)
{
	CHECK_STR(file, "cgroup");
	return find(pid)->same_container;
}

#define DOCTOR(...) source((const char *const[]){"sts-sidecar", "doctor", __VA_ARGS__, NULL})

static void source(const char *const *argv)
{
	static const struct sts_options o = {.output_dir = "/tokens"};

	memset(&line, 0, sizeof(line));
	memset(&found, 0, sizeof(found));
	sts_source_find(&line, &found, &o, (char *const *)(uintptr_t)argv);
}

static void check_line(const char *wanted)
{
	char text[512] = "";

	for (size_t i = 0; line.argv[i]; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 line.argv[i]);
	CHECK_STR(text, wanted);
	CHECK_STR(found.command, line.argv[1]);
}

/* The sidecar that holds the lock, and PID 1 of the container, which is a sidecar too. */
static void make_processes(void)
{
	processes[0] = (struct process){.pid = 41,
					.uid = geteuid(),
					.is_ours = true,
					.same_container = true,
					LINE("/sts-sidecar\0run\0--url=https://a")};
	processes[1] = (struct process){.pid = 1,
					.uid = 99999,
					.is_ours = true,
					LINE("/sts-sidecar\0exchange\0--url\0https://b")};
	lock_owner = 41;
}

static void test_given(void)
{
	/* The first and the third are options of `doctor` itself. */
	make_processes();
	DOCTOR("--json", "--url=https://x", "--timeout", "3s", "--audience", "a");
	CHECK_INT(found.origin, STS_ORIGIN_GIVEN);
	CHECK_INT(found.source_pid, 0);
	check_line("sts-sidecar run --url=https://x --audience a");
	/* An option whose value is missing, and an argument that is not an option, are for `run` to
	 * refuse. */
	DOCTOR("word", "--url");
	CHECK_INT(found.origin, STS_ORIGIN_GIVEN);
	check_line("sts-sidecar run word --url");
}

static void test_the_holder_of_the_lock(void)
{
	make_processes();
	DOCTOR("--output-dir", "/tokens");
	CHECK_INT(found.origin, STS_ORIGIN_OWNER);
	CHECK(found.source_pid == 41 && found.is_same_container);
	check_line("/sts-sidecar run --url=https://a");
	processes[0].same_container = false;
	processes[0].command_line = "/sts-sidecar\0fetch\0--url=https:/";
	DOCTOR("--json");
	CHECK(found.origin == STS_ORIGIN_OWNER && !found.is_same_container);
	check_line("/sts-sidecar fetch --url=https:/");
	/* PID 1 may have another UID. */
	lock_owner = 1;
	DOCTOR("--json");
	CHECK(found.origin == STS_ORIGIN_OWNER && found.source_pid == 1);
	check_line("/sts-sidecar exchange --url https://b");
}

/* Anybody can lock the directory and choose a command line. The subject token goes to no URL of
 * another UID. */
static void test_the_holder_is_not_believed(void)
{
	make_processes();
	processes[0].uid = 99999;
	DOCTOR("--json");
	CHECK(found.origin == STS_ORIGIN_FIRST && found.source_pid == 1);
	check_line("/sts-sidecar exchange --url https://b");
	processes[0].uid = geteuid();
	processes[0].is_ours = false;
	DOCTOR("--json");
	CHECK_INT(found.origin, STS_ORIGIN_FIRST);
	lock_owner = 0;
	DOCTOR("--json");
	CHECK_INT(found.origin, STS_ORIGIN_FIRST);
}

static void use_variables(void)
{
	DOCTOR("--json", "--output-dir=/tokens");
	CHECK_INT(found.origin, STS_ORIGIN_VARIABLES);
	CHECK_INT(found.source_pid, 0);
	check_line("sts-sidecar run --output-dir=/tokens");
}

/* A process that is not a sidecar which keeps a token, or whose command line cannot be read
 * whole. */
static void test_no_sidecar(void)
{
	static char many[2 * STS_JOB_ARGUMENTS_MAX + 32], longer[STS_SOURCE_BYTES + 8];

	make_processes();
	processes[0].pid = processes[1].pid = 0;
	use_variables();
	make_processes();
	processes[1].pid = 0;
	processes[0] = (struct process){
		.pid = 41, .uid = geteuid(), .is_ours = true, LINE("/sts-sidecar\0check\0/tokens")};
	use_variables();
	processes[0].len = sizeof("/sts-sidecar");
	use_variables();
	processes[0].len = 0;
	use_variables();
	memcpy(many, "/sts-sidecar\0run", 17);
	for (size_t i = 17; i + 1 < sizeof(many); i += 2)
		many[i] = 'x';
	processes[0].command_line = many;
	processes[0].len = 17 + 2 * (STS_JOB_ARGUMENTS_MAX - 2);
	use_variables();
	processes[0].len -= 2;
	DOCTOR("--json");
	CHECK_INT(found.origin, STS_ORIGIN_OWNER);
	memset(longer, 'x', sizeof(longer));
	processes[0].command_line = longer;
	processes[0].len = sizeof(longer);
	use_variables();
}

static const struct sts_test tests[] = {
	{"the options that are given", test_given},
	{"the sidecar that holds the lock", test_the_holder_of_the_lock},
	{"a holder of the lock that is not believed", test_the_holder_is_not_believed},
	{"no sidecar is seen", test_no_sidecar},
};
STS_TEST_MAIN(tests)
