/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the layers of options. Each layer overrides those before it: defaults, the configuration
 * file, the environment, the command line.
 */
#include <stddef.h>
#include <string.h>

#include "base/ascii.h"
#include "options/config.h"
#include "options/option_value.h"
#include "options/unknown.h"

/* ---- the environment ---- */

/* Room for the name of a variable. No option has a longer one. */
#define NAME_BYTES       64
#define WORD_SHOWN_BYTES 40 /* of a word of the command line in a message, escaped */

/* Turn "TOKEN_FILE" into "token-file", or "token-file" into "TOKEN_FILE". */
static struct sts_slice flip(struct sts_slice name, char out[NAME_BYTES])
{
	struct sts_text text;

	sts_text_init(&text, out, NAME_BYTES);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		sts_text_add_char(&text, sts_is_letter(c) ? (char)(c ^ 0x20)
					 : c == '_'       ? '-'
					 : c == '-'       ? '_'
							  : c);
	}
	return (struct sts_slice){out, text.len};
}

/* Kubernetes sets these variables for a Service called "sts" (they have the form of Docker links):
 * STS_SERVICE_HOST, STS_SERVICE_PORT[_NAME], STS_PORT, STS_PORT_443_TCP[_PROTO|_PORT|_ADDR], and
 * the same for a Service whose name begins with "sts-". No option name ends in PORT or HOST. */
bool sts_options_is_service_link(const char *name)
{
	static const char ends[] = "_SERVICE_HOST\0_PORT\0"
				   "_TCP\0_TCP_PROTO\0_TCP_ADDR\0_UDP\0_UDP_PROTO\0_UDP_ADDR\0"
				   "_SCTP\0_SCTP_PROTO\0_SCTP_ADDR\0";
	struct sts_slice s = sts_slice_of(name);

	for (const char *end = ends; *end; end = sts_text_at(end, 1)) {
		size_t len = strlen(end);

		if (s.len >= len && memcmp(name + s.len - len, end, len) == 0)
			return true;
	}
	return sts_slice_find(s, STS_SLICE("_SERVICE_PORT_")) >= 0;
}

/* Find the option that an environment variable sets. `name` is the name of the variable without
 * STS_, after flip(). */
static const struct sts_option *find_variable(struct sts_slice name, unsigned commands)
{
	const struct sts_option *option = sts_option_find(name, commands);

	return option && option->variable ? option : NULL;
}

static enum sts_err env_list(struct sts_option_layer *layer, const struct sts_option *option,
			     const char *name, const char *value, struct sts_error *e)
{
	enum sts_err err = STS_OK;

	while (*value && err == STS_OK) {
		size_t len = strcspn(value, "\n");

		if (len > 0)
			err = sts_option_take(layer, option, name, (struct sts_slice){value, len},
					      e);
		value += len + (value[len] == '\n');
	}
	return err;
}

static void warn_unknown(const char *name, struct sts_slice word, unsigned command, char *warning,
			 size_t size)
{
	const char *near = sts_option_nearest(word, command, STS_OPTION_COMMAND_LINE, NULL);
	struct sts_text out;
	char known[NAME_BYTES];

	sts_text_init(&out, warning, size);
	sts_text_addf(&out, "unknown variable ");
	sts_text_add_escaped(&out, sts_slice_of(name), 60);
	sts_text_addf(&out, " is ignored");
	if (!near)
		return;
	flip(sts_slice_of(near), known);
	sts_text_addf(&out, ": did you mean STS_%s?", known);
}

static enum sts_err read_environment(struct sts_options *o, char *const *environ_, char *warning,
				     size_t size, struct sts_error *e)
{
	struct sts_option_layer layer = {.o = o, .prefix = ""};
	enum sts_err err = STS_OK;

	for (; environ_ && *environ_ && err == STS_OK; environ_++) {
		struct sts_slice name = {*environ_, strcspn(*environ_, "=")}, word;
		const char *value = name.data + name.len + 1;
		const struct sts_option *option;
		char known[NAME_BYTES], flipped[NAME_BYTES];

		if (!sts_slice_starts(name, "STS_") || !value[-1] || name.len >= NAME_BYTES)
			continue;
		memcpy(known, name.data, name.len);
		known[name.len] = '\0';
		word = flip((struct sts_slice){known + 4, name.len - 4}, flipped);
		option = find_variable(word, ~0u);
		if (!option && !sts_options_is_service_link(known) && !warning[0])
			warn_unknown(known, word, o->command, warning, size);
		option = find_variable(word, o->command);
		if (!option || !*value)
			continue; /* an option of another command, or an empty value */
		err = option->kind >= STS_OPTION_LIST
			      ? env_list(&layer, option, known, value, e)
			      : sts_option_take(&layer, option, known, sts_slice_of(value), e);
	}
	return err;
}

/* ---- the command line ---- */

static enum sts_err read_flag(struct sts_option_layer *layer, char *const **argv,
			      struct sts_error *e)
{
	const char *word = **argv + 2;
	struct sts_slice name = {word, strcspn(word, "=")};
	const struct sts_option *option = sts_option_find(name, layer->o->command);
	const char *value = word[name.len] ? word + name.len + 1 : NULL;

	if (!option)
		return sts_unknown_option(**argv, layer->o->command, e);
	const char *known = sts_option_text(option, STS_OPTION_NAME);

	if (!value && option->kind == STS_OPTION_FLAG)
		value = "true";
	if (!value)
		value = *++*argv;
	if (!value)
		return sts_fail(e, STS_EUSAGE, 0, "--%s needs a value: --%s=%s", known, known,
				sts_option_text(option, STS_OPTION_METAVAR));
	return sts_option_take(layer, option, known, sts_slice_of(value), e);
}

static enum sts_err read_positional(struct sts_options *o, const char *word, int *count,
				    struct sts_error *e)
{
	const unsigned with_dir = STS_COMMAND_CHECK | STS_COMMAND_REFRESH,
		       with_file = STS_COMMAND_INSPECT | STS_COMMAND_VERIFY |
				   STS_COMMAND_PROTOCOLS | STS_COMMAND_HELP;
	const char **slot = o->command & with_dir    ? &o->output_dir
			    : o->command & with_file ? &o->file
						     : NULL;

	if (slot && (*count)++ == 0 && *word) {
		*slot = word;
		return STS_OK;
	}
	if (o->command == STS_COMMAND_CHECK && *word && o->list_count < STS_OPTIONS_LIST_MAX) {
		o->list[o->list_count++] = (struct sts_list_value){STS_LIST_DIRECTORY,
								   sts_slice_of(word)};
		return STS_OK;
	}
	return sts_fail(e, STS_EUSAGE, 0, "unexpected argument \"%s\"",
			sts_shown_str(word, WORD_SHOWN_BYTES));
}

static enum sts_err read_flags(struct sts_options *o, char *const *argv, struct sts_error *e)
{
	struct sts_option_layer layer = {.o = o, .prefix = "--"};
	bool flags = true;
	int positionals = 0;
	enum sts_err err = STS_OK;

	for (; err == STS_OK && *argv; argv += *argv != NULL) {
		if (flags && strcmp(*argv, "--") == 0)
			flags = false;
		else if (flags && strncmp(*argv, "--", 2) == 0)
			err = read_flag(&layer, &argv, e);
		else if (flags && (*argv)[0] == '-' && (*argv)[1])
			err = sts_unknown_option(*argv, o->command, e);
		else
			err = read_positional(o, *argv, &positionals, e);
	}
	return err;
}

enum sts_err sts_options_read(struct sts_options *o, enum sts_command command, char *const *argv,
			      char *const *environ_, const struct sts_config *config, int index,
			      char *warning, size_t size, struct sts_error *e)
{
	enum sts_err err = STS_OK;
	const char *dir;

	warning[0] = '\0';
	sts_options_defaults(o, command);
	/* The exchanges of a configuration file usually have directories in one volume. */
	o->create_dir = config != NULL;
	if (config && index >= 0)
		err = sts_config_apply(config, (size_t)index, o, e);
	dir = o->output_dir;
	if (err == STS_OK)
		err = read_environment(o, environ_, warning, size, e);
	if (err == STS_OK)
		err = read_flags(o, argv, e);
	if (err == STS_OK && config && sts_config_count(config) > 1 && o->output_dir != dir)
		err = sts_fail(e, STS_EUSAGE, 0,
			       "--output-dir would be that of all exchanges: give each its own in "
			       "the configuration file");
	return err;
}
