/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the arguments of `exchange` in the way of `openunison-cli exchange`: flags may stand
 * between positional arguments; --flag value, --flag=value and --bool=false are all valid;
 * positional arguments after the third are ignored; the environment is not read.
 */
#include <string.h>

#include "options/option_value.h"
#include "options/unknown.h"

#define POSITIONALS 3

/* The exit status of openunison-cli for a command line that it does not understand. */
#define EXIT_USAGE 1

/* The interval if --seconds-between-runs is 0 or less. */
#define INTERVAL_S 10

static enum sts_err unknown_flag(const char *word, struct sts_error *e)
{
	sts_unknown_option(word, STS_COMMAND_EXCHANGE, e);
	e->detail = EXIT_USAGE;
	return STS_EUSAGE;
}

static enum sts_err read_flag(struct sts_options *o, char *const **argv, struct sts_error *e)
{
	const char *word = **argv + 2;
	struct sts_slice name = {word, strcspn(word, "=")};
	const struct sts_option *option = sts_option_find(name, STS_COMMAND_EXCHANGE);
	const char *value = word[name.len] ? word + name.len + 1 : NULL;
	bool set;

	if (!option)
		return unknown_flag(**argv, e);
	if (!value && option->kind == STS_OPTION_FLAG)
		value = "true";
	else if (!value)
		value = *++*argv;
	if (!value)
		return sts_fail(e, STS_EUSAGE, EXIT_USAGE, "exchange: flag --%s needs a value",
				sts_option_text(option, STS_OPTION_NAME));
	set = sts_option_set(option, o, value);
	/* An empty path means that the flag was not given. For other kinds, an empty value is a
	 * mistake. */
	if ((set && *value) || option->kind == STS_OPTION_TEXT)
		return STS_OK;
	return sts_fail(e, STS_EUSAGE, EXIT_USAGE,
			"exchange: the value of --%s is not valid: it takes %s, not \"%s\"",
			sts_option_text(option, STS_OPTION_NAME), sts_option_wanted(option),
			sts_shown(sts_slice_of(value), STS_VALUE_SHOWN_BYTES));
}

/* Turn the flags of openunison-cli into the options of the other commands. */
static void apply(const char *const positional[POSITIONALS], struct sts_options *o)
{
	o->protocol = "openunison";
	o->token_file = positional[0];
	o->url = positional[1];
	o->output_dir = positional[2];
	o->create_dir = true;
	if (o->token_global_read)
		o->mode = 0644;
	if (o->exchange_cacert_path && o->exchange_cacert_path[0])
		o->list[o->list_count++] = (struct sts_list_value){
			STS_LIST_CACERT, sts_slice_of(o->exchange_cacert_path)};
	o->poll_ms = (o->seconds_between_runs > 0 ? o->seconds_between_runs : INTERVAL_S) * 1000;
	o->longest_wait_ms = o->poll_ms;
	/* With 0 minutes or less, the refresh is as late as the schedule allows: 1 ms before the
	 * expiry, since 0 ms would mean that --refresh-before was not given. */
	o->refresh_before_ms = o->minutes_before_refresh > 0 ? o->minutes_before_refresh * 60 * 1000
							     : 1;
}

enum sts_err sts_options_read_exchange(struct sts_options *o, char *const *argv,
				       struct sts_error *e)
{
	const char *positional[POSITIONALS];
	size_t count = 0;
	bool only_positionals = false;

	sts_options_defaults(o, STS_COMMAND_EXCHANGE);
	for (; *argv; argv += *argv != NULL) {
		enum sts_err err = STS_OK;

		if (!only_positionals && strcmp(*argv, "--") == 0)
			only_positionals = true;
		else if (!only_positionals && strncmp(*argv, "--", 2) == 0)
			err = read_flag(o, &argv, e);
		else if (!only_positionals && (*argv)[0] == '-' && (*argv)[1])
			err = unknown_flag(*argv, e);
		else if (count++ < POSITIONALS)
			positional[count - 1] = *argv;
		if (err != STS_OK)
			return err;
	}
	if (count < POSITIONALS)
		return sts_fail(
			e, STS_EUSAGE, EXIT_USAGE,
			"exchange: needs three arguments (PATH_TO_TOKEN URL DIRECTORY), got %zu",
			count);
	apply(positional, o);
	return STS_OK;
}
