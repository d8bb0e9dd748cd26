/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/source.h"

#include <string.h>
#include <unistd.h>

#include "options/option_table.h"
#include "other_commands/other_process.h"

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

/* Does a process have the effective UID of this one? Another one that has locked the directory may
 * have any command line, and `doctor` sends the subject token to the URL in it. */
static bool has_our_uid(int64_t pid)
{
	return sts_process_number(pid, "Uid:", 1) == (int64_t)geteuid();
}

/* Take the command line of a process. Returns false if it is not a sidecar that keeps a token. */
static bool take_process(struct sts_command_line *s, struct sts_case *c, int64_t pid)
{
	size_t len = sts_process_read(pid, "cmdline", s->memory, sizeof(s->memory) - 1), n = 0;
	char *at = s->memory;

	if (len == 0 || !sts_is_our_kind(pid))
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
	c->is_same_container = sts_process_shares(pid, "cgroup");
	return true;
}

void sts_source_find(struct sts_command_line *s, struct sts_case *c, const struct sts_options *o,
		     char *const *argv)
{
	int64_t owner;

	c->source_pid = 0;
	if (take_given(s, argv))
		c->origin = STS_ORIGIN_GIVEN;
	else if ((owner = sts_site_owner(o->output_dir)) > 0 &&
		 (owner == 1 || has_our_uid(owner)) && take_process(s, c, owner))
		c->origin = STS_ORIGIN_OWNER;
	else if (take_process(s, c, 1))
		c->origin = STS_ORIGIN_FIRST;
	else {
		c->origin = STS_ORIGIN_VARIABLES;
		take_given(s, argv);
	}
	c->command = s->argv[1];
}
