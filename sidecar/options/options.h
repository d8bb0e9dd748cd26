/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a command, read from all their sources. A flag overrides the environment variable
 * (STS_ and the name in capitals), which overrides the exchange in the configuration file, which
 * overrides the top level of that file, which overrides the default. A new option needs a paragraph
 * in options.toml and a member here that gets its value.
 */
#ifndef STS_OPTIONS_OPTIONS_H
#define STS_OPTIONS_OPTIONS_H

#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

#define STS_VALUE_SHOWN_BYTES 60 /* of a value in a message, escaped */

struct sts_config;

/* The commands, in the order of options.toml. Each has a bit of its own, so that a set of commands
 * is a number. */
enum sts_command {
	STS_COMMAND_RUN = 1,
	STS_COMMAND_FETCH = 2,
	STS_COMMAND_EXCHANGE = 4,
	STS_COMMAND_CHECK = 8,
	STS_COMMAND_REFRESH = 16,
	STS_COMMAND_INSPECT = 32,
	STS_COMMAND_VERIFY = 64,
	STS_COMMAND_DOCTOR = 128,
	STS_COMMAND_PROTOCOLS = 256,
	STS_COMMAND_HELP = 512,
	STS_COMMAND_VERSION = 1024,
};

/* The options that repeat. Their values are kept in the order in which they were given. */
enum sts_list {
	STS_LIST_AUDIENCE,
	STS_LIST_RESOURCE,
	STS_LIST_SCOPE,
	STS_LIST_PARAM,
	STS_LIST_HEADER,
	STS_LIST_PARAM_FILE,
	STS_LIST_HEADER_FILE,
	STS_LIST_CACERT,
	STS_LIST_DIRECTORY, /* the directories of `check` after the first */
	STS_LIST__COUNT
};

/* One value of a repeating option. */
struct sts_list_value {
	enum sts_list list;
	struct sts_slice value;
};

/* The most values that all repeating options of a command may have together. */
#define STS_OPTIONS_LIST_MAX 48

struct sts_options {
	enum sts_command command;
	bool cacert_only, insecure_http, to_stdout, force, dry_run, json, quiet, require_sandbox;
	bool no_histogram, revoke_on_stop, no_send, exchange_too, any_issuer;
	bool create_dir;                    /* make the output directory if it is missing */
	bool single_run, token_global_read; /* flags of `exchange` */
	size_t list_count;
	const char *url, *protocol, *token_file, *output_dir, *connect, *config;
	const char *file; /* `inspect FILE`, `verify FILE`, `protocols NAME`, `help COMMAND` */
	const char *issuer, *audience, *jwks; /* of `verify` */
	int64_t timeout_ms;
	const char *subject_token_type, *requested_token_type, *actor_token_file, *token_field;
	const char *subject_in, *expiry_field;
	const char *client_id, *client_secret_file;
	const char *write, *format;
	const char *proxy, *listen;
	const char *client_cert, *client_key;
	const char *notify_pid_file, *revoke_url;
	const char *subject_audience, *expect_audience, *expect_issuer;
	const char *exchange_name;
	/* Choices: the index of the word, in the order of options.toml. */
	int32_t method, body, subject_use, client_auth, log_format, log_level, notify_signal, color;
	mode_t mode;
	gid_t group;
	int64_t deadline_ms, default_ttl_ms, max_lifetime_ms, refresh_before_ms;
	int64_t min_ttl_ms, wait_ms, revoke_timeout_ms;
	int64_t fraction_permille;
	/* Flags of `exchange`, and the two times that are made from them. */
	const char *exchange_cacert_path;
	int64_t seconds_between_runs, minutes_before_refresh;
	int64_t poll_ms;         /* the interval of the sig-cert poll */
	int64_t longest_wait_ms; /* the longest wait after a failure; 0: the schedule's own */
	struct sts_list_value list[STS_OPTIONS_LIST_MAX];
};

/* The choices of --method, --body, --subject-use, --notify-signal and --color, by their index. */
enum {
	STS_METHOD_CHOICE_PROTOCOL,
	STS_METHOD_CHOICE_GET,
	STS_METHOD_CHOICE_POST,
	STS_METHOD_CHOICE_PUT
};
enum { STS_BODY_CHOICE_PROTOCOL, STS_BODY_CHOICE_FORM, STS_BODY_CHOICE_JSON };
/* After the first, in the order of enum sts_subject_use. */
enum { STS_USE_CHOICE_PROTOCOL, STS_USE_CHOICE_AGAIN, STS_USE_CHOICE_ONCE, STS_USE_CHOICE_UNKNOWN };
enum { STS_NOTIFY_CHOICE_HUP, STS_NOTIFY_CHOICE_USR1, STS_NOTIFY_CHOICE_USR2 };
enum { STS_COLOR_AUTO, STS_COLOR_ALWAYS, STS_COLOR_NEVER };

/*
 * Read the options of a command: those of the whole process, or those of one exchange of the
 * configuration file. Several bits of enum sts_command take the options of all of these commands.
 *   argv      in   the arguments after the command's name, NULL-terminated; kept: the options point
 *                  into them
 *   environ_  in   NAME=VALUE strings, NULL-terminated; kept
 *   config    in   a configuration file that was read; kept. NULL to read the options without a
 *                  configuration file; o->config is then the path from --config
 *   index     in   the index of the exchange in config; -1 to take no value from config
 *   o         out  every field has a value
 *   warning   out  `size` bytes: one line about an unknown STS_* variable with the nearest known
 *                  name, or "" if there is no such variable
 * Returns STS_OK or STS_EUSAGE. The message names the option and what is wrong, and the nearest
 * known name if the option is unknown. An --output-dir that would apply to several exchanges is an
 * error too.
 */
enum sts_err sts_options_read(struct sts_options *o, enum sts_command command, char *const *argv,
			      char *const *environ_, const struct sts_config *config, int index,
			      char *warning, size_t size, struct sts_error *e);

/* Read the arguments of `exchange`, which are those of `openunison-cli exchange`. The environment
 * is not read. Returns STS_OK or STS_EUSAGE. For mistakes that openunison-cli refuses as well, the
 * detail of the error is 1, which is the exit status of openunison-cli. */
enum sts_err sts_options_read_exchange(struct sts_options *o, char *const *argv,
				       struct sts_error *e);

/* Was --token-file given, by a flag, a variable or the configuration file? */
bool sts_options_has_token_file(const struct sts_options *o);

/* Set every member of o: to the default of the option, or to zero if there is no default. */
void sts_options_defaults(struct sts_options *o, enum sts_command command);

/* Is this the name of a variable that Kubernetes sets for a Service called "sts" or "sts-...", for
 * example STS_SERVICE_HOST? `name` must begin with STS_. */
bool sts_options_is_service_link(const char *name);

#endif
