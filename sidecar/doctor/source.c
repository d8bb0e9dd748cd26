/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/source.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "options/option_table.h"
#include "other_commands/our_kind.h"
#include "output/lock.h"

#define CGROUP_BYTES 1024
#define STATUS_BYTES 4096

/* Copy the arguments that are not options of `doctor` itself. Returns whether they are a
 * configuration: --output-dir alone says only whose configuration is meant. */
static bool take_given(struct sts_command_line *s, char *const *argv)
{
	bool is_whole = false;
	size_t n = 2;

	s->argv[0] = argv[0];
	s->argv[1] = (char *)(uintptr_t) "run";
	for (argv += 2; *argv && n < STS_JOB_ARGUMENTS_MAX - 2; argv++) {
		struct sts_slice name = {*argv + 2, 0};
		const struct sts_option *ours, *option;

		if (strncmp(*argv, "--", 2) == 0)
			name.len = strcspn(name.data, "=");
		ours = sts_option_find(name, STS_COMMAND_DOCTOR);
		option = ours ? ours : sts_option_find(name, STS_COMMAND_RUN);
		is_whole |= !ours && !sts_slice_eq(name, "output-dir");
		if (!ours)
			s->argv[n++] = *argv;
		if (option && option->kind != STS_OPTION_FLAG && !name.data[name.len] && argv[1]) {
			argv++;
			if (!ours)
				s->argv[n++] = *argv;
		}
	}
	s->argv[n] = NULL;
	return is_whole;
}

static size_t read_of(int64_t pid, const char *what, char *buf, size_t size)
{
	char path[48];
	struct sts_text text;
	size_t len;

	sts_text_init(&text, path, sizeof(path));
	sts_text_addf(&text, "/proc/%lld/", (long long)pid);
	sts_text_add_str(&text, what);
	return sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, buf, size, &len) == 0 ? len : 0;
}

static bool has_our_cgroup(int64_t pid)
{
	char theirs[CGROUP_BYTES], ours[CGROUP_BYTES];
	size_t len = read_of(pid, "cgroup", theirs, sizeof(theirs));

	return len > 0 && len == read_of(getpid(), "cgroup", ours, sizeof(ours)) &&
	       memcmp(theirs, ours, len) == 0;
}

/* Does a process have the effective UID of this one? Another one that has locked the directory may
 * have any command line, and `doctor` sends the subject token to the URL in it. */
static bool has_our_uid(int64_t pid)
{
	char memory[STATUS_BYTES];
	struct sts_slice status = {memory, read_of(pid, "status", memory, sizeof(memory))};
	struct sts_slice line, real, effective;
	uint64_t uid;

	while (sts_slice_take_line(&status, &line))
		if (sts_slice_take_prefix(&line, "Uid:"))
			return sts_slice_take_word(&line, &real) &&
			       sts_slice_take_word(&line, &effective) &&
			       sts_parse_u64(effective, UINT32_MAX, &uid) && uid == geteuid();
	return false;
}

/* Take the command line of a process. Returns false if it is not a sidecar that keeps a token. */
static bool take_process(struct sts_command_line *s, struct sts_case *c, int64_t pid)
{
	size_t len = read_of(pid, "cmdline", s->memory, sizeof(s->memory) - 1), n = 0;
	char *at = s->memory;

	if (len == 0 || !sts_is_our_kind((pid_t)pid))
		return false;
	s->memory[len] = '\0';
	for (; at < s->memory + len && n < STS_JOB_ARGUMENTS_MAX - 1; at += strlen(at) + 1)
		s->argv[n++] = at;
	s->argv[n] = NULL;
	if (at < s->memory + len || n < 2 ||
	    (strcmp(s->argv[1], "run") != 0 && strcmp(s->argv[1], "fetch") != 0 &&
	     strcmp(s->argv[1], "exchange") != 0))
		return false;
	c->source_pid = pid;
	c->is_same_container = has_our_cgroup(pid);
	return true;
}

/* Returns the PID of the process that holds the lock of a directory; 0: none is seen. */
static pid_t owner_of(const char *dir)
{
	int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid;

	if (dir_fd < 0)
		return 0;
	pid = sts_lock_owner(dir_fd);
	close(dir_fd);
	return pid;
}

void sts_source_find(struct sts_command_line *s, struct sts_case *c, const struct sts_options *o,
		     char *const *argv)
{
	pid_t owner;

	c->source_pid = 0;
	if (take_given(s, argv))
		c->origin = STS_ORIGIN_GIVEN;
	else if ((owner = owner_of(o->output_dir)) > 0 && (owner == 1 || has_our_uid(owner)) &&
		 take_process(s, c, owner))
		c->origin = STS_ORIGIN_OWNER;
	else if (take_process(s, c, 1))
		c->origin = STS_ORIGIN_FIRST;
	else {
		c->origin = STS_ORIGIN_VARIABLES;
		take_given(s, argv);
	}
	c->command = s->argv[1];
}
