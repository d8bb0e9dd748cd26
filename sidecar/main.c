/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry point: hardens the process, finds the command in a table, reads the options of the
 * command, and calls its function.
 */
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/packed.h"
#include "listener/listener.h"
#include "log/log.h"
#include "log/print.h"
#include "other_commands/commands.h"
#include "other_commands/help.h"
#include "sandbox/harden.h"
#include "supervisor/events.h"
#include "supervisor/supervisor.h"
#include "version.h"
#include "wire/job.h"
#include "wire/listener_job.h"
#include "worker/worker.h"

extern char **environ;

static int command_work(const struct sts_options *o, char *const *argv);

static int command_print(const struct sts_options *o, char *const *argv)
{
	(void)argv;
	switch (o->command) {
	case STS_COMMAND_CHECK:
		return sts_command_check(o);
	case STS_COMMAND_REFRESH:
		return sts_command_refresh(o);
	case STS_COMMAND_PROTOCOLS:
		return sts_command_protocols(o);
	default:
		return sts_command_inspect(o);
	}
}

static const struct command {
	const char *name;
	enum sts_command command;
	int (*run)(const struct sts_options *o, char *const *argv);
} commands[] = {
	{"run", STS_COMMAND_RUN, command_work},
	{"fetch", STS_COMMAND_FETCH, command_work},
	{"check", STS_COMMAND_CHECK, command_print},
	{"refresh", STS_COMMAND_REFRESH, command_print},
	{"inspect", STS_COMMAND_INSPECT, command_print},
	{"protocols", STS_COMMAND_PROTOCOLS, command_print},
	{"exchange", STS_COMMAND_EXCHANGE, command_work},
};

/* Of each command, in the same order. */
static const char usages[] =
	"[OPTIONS]\0[OPTIONS]\0[OPTIONS] [DIR]...\0[OPTIONS] [DIR]\0[OPTIONS] [FILE]\0"
	"[--json] [NAME]\0[FLAGS] PATH_TO_TOKEN URL DIRECTORY";
static const char summaries[] = STS_PACKED(
	"Keeps the token fresh until told to stop (TERM, INT, USR1); HUP refreshes now. A token "
	"that is there already and not yet due is adopted.\0"
	"Exchanges the subject token once, retrying until --deadline, and exits.\0"
	"Exits 0 when each DIR holds a valid token, else 1 with one line that says why. No "
	"network.\0"
	"Asks the running sts-sidecar that owns DIR to refresh now, and waits for the result.\0"
	"Decodes a JWT (default: token.jwt of the output directory; - is standard input). Never "
	"prints its signature.\0"
	"Prints the STS protocols, or all about one: request, parameters, answer.\0"
	"The arguments of `openunison-cli exchange`, for the OpenUnison STS:");

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The text is valid until the next call. */
static const char *summary_of(const struct command *command)
{
	return sts_words(sts_text_at(summaries, (size_t)(command - commands)));
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void help(void)
{
	static char buf[4096];
	struct sts_text out;

	sts_text_init(&out, buf, sizeof(buf));
	sts_text_addf(&out,
		      "usage: sts-sidecar COMMAND [OPTIONS]\n\nExchanges a Pod's projected "
		      "ServiceAccount token at a Security Token "
		      "Service for a short-lived\ntoken, and keeps it fresh in a directory.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		sts_text_addf(&out, "  %-10s%s\n", commands[i].name, summary_of(&commands[i]));
	sts_help_exits(&out);
	sts_text_addf(
		&out,
		"\nsts-sidecar COMMAND --help tells the options; --version what is linked in.\n");
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, out.len});
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
	const char *names[COMMANDS];
	struct sts_slice name = sts_slice_of(word);
	struct sts_error e;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	sts_options_unknown("command", "", name, sts_nearest(name, names, COMMANDS), &e);
	return sts_complain(&e);
}

/* Read the options of a command from the arguments after its name. Returns -1 after success. After
 * a failure, prints the error and returns the exit status of the error. `warn` says whether an
 * unknown STS_* variable is logged. */
static __attribute__((noinline)) int read_options(const struct command *command, char *const *argv,
						  struct sts_options *o, bool warn)
{
	struct sts_error e;
	char warning[256] = "";
	enum sts_err err;

	if (command->command == STS_COMMAND_EXCHANGE)
		err = sts_options_read_exchange(o, argv, &e);
	else
		err = sts_options_read(o, command->command, argv, environ, NULL, -1, warning,
				       sizeof(warning), &e);
	if (err != STS_OK) {
		int status = sts_complain(&e);

		return e.detail ? e.detail : status;
	}
	sts_log_setup((enum sts_level)o->log_level, o->log_format);
	if (warning[0] && warn && command->run == command_work) {
		struct sts_log l;

		sts_log_start(&l, STS_LEVEL_WARN, warning);
		sts_log_end(&l);
	}
	return -1;
}

static int command_work(const struct sts_options *o, char *const *argv)
{
	return o->dry_run ? sts_command_dry_run(o, argv + 2) : sts_supervise(o, argv);
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
	const struct command *command;
	struct sts_worker_job job;
	struct sts_options o;
	int status;

	if (!sts_job_parse(argc, argv, &job) || !sts_job_has_report_pipe())
		return unknown_command("worker");
	command = find(job.command);
	if (!command || command->run != command_work)
		return unknown_command("worker");
	status = read_options(command, job.argv, &o, false);
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

static int run(int argc, char *const *argv)
{
	const struct command *command;
	struct sts_options o;
	int status;

	if (argc < 2) {
		struct sts_error e;

		sts_fail(&e, STS_EUSAGE, 0, "no command given");
		return sts_complain(&e);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help();
		return STS_EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		return version();
	if (strcmp(argv[1], "worker") == 0)
		return worker(argc, argv);
	if (strcmp(argv[1], "listener") == 0)
		return listener(argc, argv);
	command = find(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	if (command->run == command_work)
		sts_events_hold();
	if (wants_help(argv + 2)) {
		sts_help_command(command->name, summary_of(command),
				 sts_text_at(usages, (size_t)(command - commands)),
				 command->command);
		return STS_EXIT_OK;
	}
	status = read_options(command, argv + 2, &o, true);
	return status >= 0 ? status : command->run(&o, argv);
}

int main(int argc, char **argv)
{
	sts_harden_process();
	return sts_printed(run(argc, argv));
}
