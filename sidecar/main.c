/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry point: hardens the process, finds the command in the table of commands, reads the
 * options of the command, and calls its function.
 */
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/answers.h"
#include "base/nearest.h"
#include "base/packed.h"
#include "doctor/doctor.h"
#include "listener/listener.h"
#include "log/log.h"
#include "log/print.h"
#include "options/unknown.h"
#include "other_commands/commands.h"
#include "other_commands/help.h"
#include "sandbox/harden.h"
#include "sandbox/resident_stack.h"
#include "supervisor/events.h"
#include "supervisor/supervisor.h"
#include "version.h"
#include "wire/job.h"
#include "wire/listener_job.h"
#include "worker/worker.h"

/* The commands that supervise workers. */
#define WORK (STS_COMMAND_RUN | STS_COMMAND_FETCH | STS_COMMAND_EXCHANGE)

extern char **environ;

/* Returns the bit of a command; 0 if there is no command of this name. */
static unsigned find(const char *name)
{
	const struct sts_command_row *row = sts_command_find(name);

	return row ? 1u << (row - sts_command_table) : 0;
}

/* Returns -1 if the supervisor is to go on. */
static int command_work(const struct sts_options *o, char *const *argv)
{
	return o->dry_run ? sts_command_dry_run(o, argv + 2) : sts_supervisor_start(o, argv);
}

static int version(void)
{
	sts_print(STDOUT_FILENO,
		  STS_SLICE("sts-sidecar " STS_VERSION "\nBearSSL " STS_VERSION_BEARSSL
			    "\ncJSON " STS_VERSION_CJSON "\n" STS_VERSION_LIBC "\n"));
	return STS_EXIT_OK;
}

static int unknown_command(const char *word)
{
	const char *names[sizeof(unsigned) * CHAR_BIT];
	struct sts_slice name = sts_slice_of(word);
	struct sts_error e;

	for (size_t i = 0; i < sts_command_count; i++)
		names[i] = sts_command_text(&sts_command_table[i], STS_COMMAND_NAME);
	if (word[0] == '-')
		sts_fail(&e, STS_EUSAGE, 0, "the command comes first, and its options follow");
	else
		sts_unknown("command", name, sts_nearest(name, names, sts_command_count), &e);
	return sts_complain_with(&e, sts_words("sts-sidecar help lists the commands"));
}

static int help(const char *name)
{
	const struct sts_command_row *row;

	if (!name) {
		sts_help_program(STDOUT_FILENO);
		return STS_EXIT_OK;
	}
	row = sts_command_find(name);
	if (!row)
		return unknown_command(name);
	sts_help_command(row);
	return STS_EXIT_OK;
}

/* The commands that look into the output directory, or at one file, without a worker. */
#define LOOK \
	(STS_COMMAND_CHECK | STS_COMMAND_REFRESH | STS_COMMAND_INSPECT | STS_COMMAND_VERIFY | \
	 STS_COMMAND_DOCTOR)

/* Does the file system answer that a command looks at? Returns -1, or the exit status of the error,
 * which is printed. */
static __attribute__((noinline)) int find_hang(const struct sts_options *o)
{
	const char *path = o->file ? o->file : o->output_dir;
	struct sts_error e;
	int status;

	if (sts_path_answers(path))
		return -1;
	sts_fail(&e, STS_EHANGS, 0, "the file system of %.200s has not answered for %d s", path,
		 STS_ANSWERS_S);
	status = sts_complain(&e);
	if (o->command & (STS_COMMAND_INSPECT | STS_COMMAND_VERIFY))
		return STS_EXIT_SUBJECT;
	return o->command & (STS_COMMAND_CHECK | STS_COMMAND_DOCTOR) ? STS_EXIT_NO : status;
}

static int run_command(const struct sts_options *o, char *const *argv)
{
	int status = o->command & LOOK ? find_hang(o) : -1;

	if (status >= 0)
		return status;
	switch ((unsigned)o->command) {
	case STS_COMMAND_DOCTOR | STS_COMMAND_RUN:
		return sts_command_doctor(o, argv);
	case STS_COMMAND_CHECK:
		return sts_command_check(o);
	case STS_COMMAND_REFRESH:
		return sts_command_refresh(o);
	case STS_COMMAND_INSPECT:
		return sts_command_inspect(o);
	case STS_COMMAND_VERIFY:
		return sts_command_verify(o);
	case STS_COMMAND_PROTOCOLS:
		return sts_command_protocols(o);
	case STS_COMMAND_HELP:
		return help(o->file);
	case STS_COMMAND_VERSION:
		return version();
	default:
		return command_work(o, argv);
	}
}

/* Read the options of a command from the arguments after its name. Returns -1 after success. After
 * a failure, prints the error and returns the exit status of the error. `warn` says whether an
 * unknown STS_* variable is logged. */
static __attribute__((noinline)) int read_options(enum sts_command command, char *const *argv,
						  struct sts_options *o, bool warn)
{
	struct sts_error e;
	char warning[256] = "";
	enum sts_err err;

	if (command == STS_COMMAND_EXCHANGE)
		err = sts_options_read_exchange(o, argv, &e);
	else
		err = sts_options_read(o,
				       command == STS_COMMAND_DOCTOR
					       ? STS_COMMAND_DOCTOR | STS_COMMAND_RUN
					       : command,
				       argv, environ, NULL, -1, warning, sizeof(warning), &e);
	if (err != STS_OK) {
		int status = sts_complain(&e);

		return e.detail ? e.detail : status;
	}
	sts_log_setup((enum sts_level)o->log_level, o->log_format);
	if (warning[0] && warn && command & WORK) {
		struct sts_log l;

		sts_log_start(&l, STS_LEVEL_WARN, warning);
		sts_log_end(&l);
	}
	return -1;
}

static bool wants_help(char *const *argv)
{
	for (; *argv && strcmp(*argv, "--") != 0; argv++)
		if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0)
			return true;
	return false;
}

/* Run a worker, which only the supervisor starts. wire/job.h describes the arguments. */
static __attribute__((noinline)) int worker(int argc, char *const *argv)
{
	unsigned command;
	struct sts_worker_job job;
	struct sts_options o;
	int status;

	if (!sts_job_parse(argc, argv, &job) || !sts_job_has_report_pipe())
		return unknown_command("worker");
	command = find(job.command);
	if (!(command & WORK))
		return unknown_command("worker");
	status = read_options((enum sts_command)command, job.argv, &o, false);
	if (status >= 0)
		return status;
	sts_worker_run(&o, &job);
}

/* Run the listener, which only the supervisor starts. wire/listener_job.h describes the
 * arguments. */
static __attribute__((noinline)) int listener(int argc, char *const *argv)
{
	const struct sts_metrics *metrics = sts_metrics_map(STS_INHERITED_FD);
	struct sts_listener_job job;
	struct sts_error e;

	if (!metrics || !sts_listener_job_parse(argc, argv, metrics->count, &job))
		return unknown_command("listener");
	close(STS_INHERITED_FD);
	sts_log_setup(job.level, job.format);
	sts_listener_run(job.where, metrics, argv + STS_LISTENER_DIRECTORIES_AT,
			 job.require_sandbox, &e);
	return sts_complain(&e);
}

/* Not inlined: the options need a page of the stack, and this function has returned when the
 * supervisor sleeps. */
static __attribute__((noinline)) int begin(enum sts_command command, char *const *argv)
{
	struct sts_options o;
	int status = read_options(command, argv + 2, &o, true);

	return status >= 0 ? status : run_command(&o, argv);
}

/* Do what the command line says, on the stack with which the process goes on. */
static int run(char **argv)
{
	unsigned command;
	int status, argc = 0;

	while (argv[argc])
		argc++;
	if (argc < 2) {
		sts_help_program(STDERR_FILENO);
		return STS_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(NULL);
	if (strcmp(argv[1], "--version") == 0)
		return version();
	if (strcmp(argv[1], "worker") == 0)
		return worker(argc, argv);
	if (strcmp(argv[1], "listener") == 0)
		return listener(argc, argv);
	command = find(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	sts_error_set_command(argv[1]);
	if (command & WORK)
		sts_events_hold();
	if (wants_help(argv + 2))
		return help(argv[1]);
	status = begin((enum sts_command)command, argv);
	return status >= 0 ? status : sts_supervise();
}

/* Does this command sleep for hours? */
static bool sleeps(const char *name)
{
	return (find(name) & (STS_COMMAND_RUN | STS_COMMAND_EXCHANGE)) ||
	       strcmp(name, "listener") == 0;
}

static int run_and_print(char **argv)
{
	return sts_printed(run(argv));
}

int main(int argc, char **argv)
{
	extern const char __executable_start[], etext[];

	madvise((void *)__executable_start, (size_t)(etext - __executable_start), 22 /* MADV_POPULATE_READ */);
	sts_harden_process();
	if (argc > 1 && sleeps(argv[1]))
		sts_resident_stack(argv, run_and_print);
	return run_and_print(argv);
}
