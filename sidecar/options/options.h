/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a command, after all that says them has been read. A flag counts more than the
 * environment (STS_ and the name in capitals), that more than the exchange in the configuration
 * file, that more than the file's top level, and that more than the default. An option is added by
 * a paragraph of options.toml, and a member here that gets its value.
 */
#ifndef STS_OPTIONS_OPTIONS_H
#define STS_OPTIONS_OPTIONS_H

#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

struct sts_config;

enum sts_command {
	STS_COMMAND_RUN = 1,
	STS_COMMAND_FETCH = 2,
	STS_COMMAND_CHECK = 4,
	STS_COMMAND_REFRESH = 8,
	STS_COMMAND_INSPECT = 16,
	STS_COMMAND_EXCHANGE = 32,
	STS_COMMAND_PROTOCOLS = 64,
};

/* Options whose values repeat; kept in the order in which they were given. */
enum sts_list {
	STS_LIST_AUDIENCE,
	STS_LIST_RESOURCE,
	STS_LIST_SCOPE,
	STS_LIST_PARAM,
	STS_LIST_HEADER,
	STS_LIST_PARAM_FILE,
	STS_LIST_HEADER_FILE,
	STS_LIST_CACERT,
	STS_LIST_DIRECTORY, /* of check, after the first */
	STS_LIST__COUNT
};

struct sts_list_value {
	enum sts_list list;
	struct sts_slice value;
};

#define STS_OPTIONS_LIST_MAX 48

struct sts_options {
	enum sts_command command;
	const char *url, *protocol, *token_file, *output_dir;
	const char *subject_token_type, *requested_token_type, *actor_token_file, *token_field;
	const char *subject_in, *expiry_field;
	const char *client_id, *client_secret_file;
	const char *write, *format;
	const char *connect, *proxy, *listen;
	const char *client_cert, *client_key;
	const char *config, *notify_pid_file;
	const char *subject_audience, *expect_audience, *expect_issuer;
	const char *file; /* `inspect FILE`, `protocols NAME` */
	int32_t method, body, client_auth, log_format, log_level,
		notify_signal; /* numbers of the choices */
	mode_t mode;
	gid_t group;
	int64_t timeout_ms, deadline_ms, default_ttl_ms, max_lifetime_ms, refresh_before_ms;
	int64_t min_ttl_ms, wait_ms;
	int64_t fraction_permille;
	bool cacert_only, insecure_http, to_stdout, force, dry_run, json, require_sandbox;
	bool create_dir; /* the output directory, when it is missing */
	/* `exchange` only */
	bool single_run, token_global_read;
	const char *exchange_cacert_path;
	int64_t seconds_between_runs, minutes_before_refresh; /* as given, and made into: */
	int64_t poll_ms;         /* of /sig-cert; 0: the default of 30 s */
	int64_t longest_wait_ms; /* 0: the schedule's own */
	struct sts_list_value list[STS_OPTIONS_LIST_MAX];
	size_t list_count;
};

/* What the values of --body mean: the index of the choice. */
enum { STS_BODY_CHOICE_PROTOCOL, STS_BODY_CHOICE_FORM, STS_BODY_CHOICE_JSON };

/*
 * Read the options of a command: of the whole process, or of one exchange of the configuration
 * file.
 *   argv      in   what follows the command's name, NULL-terminated; kept: the options point into
 *                  it
 *   environ_  in   NAME=VALUE strings, NULL-terminated; kept
 *   config    in   a file that was read, kept; NULL: without one (o->config says which is to be
 *                  read)
 *   index     in   of the exchange
 *   o         out  every field has a value
 *   warning   out  one line about an unknown STS_* variable with the nearest known name, "" when
 *                  there is none; `size` bytes
 * Returns STS_OK or STS_EUSAGE with a message that names the option, what is wrong with it and the
 * nearest known name; also where all of several exchanges would get one --output-dir.
 */
enum sts_err sts_options_read(struct sts_options *o, enum sts_command command, char *const *argv,
			      char *const *environ_, const struct sts_config *config, int index,
			      char *warning, size_t size, struct sts_error *e);

/* The same for `exchange`, whose arguments are its predecessor's contract (flags only, no
 * environment). Too few arguments and unknown flags are STS_EUSAGE with detail 1: the exit status
 * of the predecessor. */
enum sts_err sts_options_read_exchange(struct sts_options *o, char *const *argv,
				       struct sts_error *e);

/* Was --token-file given, in whichever way? */
bool sts_options_has_token_file(const struct sts_options *o);

/* STS_EUSAGE: unknown WHAT "PREFIX WORD" (ours, ours, the user's), with the nearest known name if
 * that is not NULL. */
enum sts_err sts_options_unknown(const char *what, const char *prefix, struct sts_slice word,
				 const char *near, struct sts_error *e);

/* Fill in every default of a command. */
void sts_options_defaults(struct sts_options *o, enum sts_command command);

/* Add the lines of help for a command's options. */
void sts_options_help(struct sts_text *out, enum sts_command command);

/* Does the table have this environment name? (A Kubernetes service link such as STS_SERVICE_HOST
 * has not.) */
bool sts_options_is_service_link(const char *name);

#endif
