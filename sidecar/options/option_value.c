/* SPDX-License-Identifier: Apache-2.0 */
#include "options/option_value.h"

#include <string.h>

#include "base/packed.h"
#include "base/timefmt.h"
#include "output/store.h"
#include "protocol/request.h"

/* Read a fraction from 0.1 to 0.9, for example "0.5" or ".75", in thousandths. */
static bool parse_fraction(const char *text, int64_t *permille)
{
	struct sts_slice digits;
	uint64_t value;

	if (text[0] == '0')
		text++;
	if (text[0] != '.')
		return false;
	digits = sts_slice_of(text + 1);
	if (digits.len < 1 || digits.len > 3 || !sts_parse_u64(digits, 999, &value))
		return false;
	for (size_t i = digits.len; i < 3; i++)
		value *= 10;
	*permille = (int64_t)value;
	return value >= 100 && value <= 900;
}

/* Read "auto" or a mode in octal digits. The owner must be able to read, and nobody to execute. */
static bool parse_mode(const char *text, mode_t *mode)
{
	mode_t value = 0;

	if (strcmp(text, "auto") == 0) {
		*mode = STS_MODE_AUTO;
		return true;
	}
	if (!*text || strlen(text) > 4)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return false;
		value = value * 8 + (mode_t)(*text - '0');
	}
	*mode = value;
	return (value & 0400) && !(value & ~(mode_t)0666);
}

/* Find a word among choices that are separated by "|". */
static bool parse_choice(const char *choices, const char *text, int32_t *choice)
{
	*choice = 0;
	for (;;) {
		size_t len = strcspn(choices, "|");

		if (sts_slice_eq((struct sts_slice){choices, len}, text))
			return true;
		if (!choices[len])
			return false;
		choices += len + 1;
		++*choice;
	}
}

/* Read a boolean as Go's strconv.ParseBool does; the empty text is false. */
static bool parse_bool(const char *text, bool *value)
{
	enum { BOOL_FALSE_FROM = 6 }; /* the first choice that means false */
	int32_t choice;

	if (!parse_choice("true|1|t|T|TRUE|True|false|0|f|F|FALSE|False|", text, &choice))
		return false;
	*value = choice < BOOL_FALSE_FROM;
	return true;
}

/* One year in seconds, far more than --seconds-between-runs and --minutes-before-refresh need. */
#define KEY_SHOWN_BYTES 47 /* of NAME in a message, escaped */
#define INTEGER_MAX     (365 * 24 * 3600)

/* Read a whole number as Go's strconv.ParseInt does in base 10. The bound of INTEGER_MAX keeps
 * later arithmetic from overflowing. */
static bool parse_integer(const char *text, int64_t *value)
{
	bool negative = text[0] == '-';
	uint64_t number;

	if (text[0] == '-' || text[0] == '+')
		text++;
	if (!sts_parse_u64(sts_slice_of(text), INTEGER_MAX, &number))
		return false;
	*value = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

bool sts_option_set(const struct sts_option *option, struct sts_options *o, const char *text)
{
	void *field = (char *)o + option->field;
	uint64_t number;

	switch (option->kind) {
	case STS_OPTION_FLAG:
		return parse_bool(text, field);
	case STS_OPTION_TEXT:
		*(const char **)field = text;
		return text[0] != '\0';
	case STS_OPTION_DURATION:
		return sts_duration_parse(sts_slice_of(text), field);
	case STS_OPTION_MODE:
		return parse_mode(text, field);
	case STS_OPTION_GROUP:
		if (!sts_parse_u64(sts_slice_of(text), UINT32_MAX - 1, &number))
			return false;
		*(gid_t *)field = (gid_t)number;
		return true;
	case STS_OPTION_CHOICE:
		return parse_choice(sts_option_text(option, STS_OPTION_METAVAR), text, field);
	case STS_OPTION_FRACTION:
		return parse_fraction(text, field);
	case STS_OPTION_INTEGER:
		return parse_integer(text, field);
	default:
		return false;
	}
}

const char *sts_option_wanted(const struct sts_option *option)
{
	switch (option->kind) {
	case STS_OPTION_FLAG:
		return sts_words("true or false");
	case STS_OPTION_TEXT:
		return sts_words("a text that is not empty");
	case STS_OPTION_DURATION:
		return sts_words("a duration (30s, 5m, 1h30m)");
	case STS_OPTION_MODE:
		return sts_words("auto, or octal digits like 0640");
	case STS_OPTION_GROUP:
		return sts_words("a number, the GID");
	case STS_OPTION_FRACTION:
		return sts_words("a fraction (0.1 to 0.9)");
	case STS_OPTION_INTEGER:
		return sts_words("a whole number");
	default:
		return sts_option_text(option, STS_OPTION_METAVAR);
	}
}

/* Check that a value has the form NAME=VALUE, and that NAME does not say that VALUE is a secret.
 * Secrets must come from files. */
static enum sts_err check_pair(const struct sts_option_layer *layer,
			       const struct sts_option *option, const char *name,
			       struct sts_slice pair, struct sts_error *e)
{
	ptrdiff_t at = sts_slice_find(pair, STS_SLICE("="));
	struct sts_slice key = {pair.data, at > 0 ? (size_t)at : 0};

	if (key.len == 0)
		return sts_fail(e, STS_EUSAGE, 0, "%s%s needs the form NAME=VALUE", layer->prefix,
				name);
	if (option->kind == STS_OPTION_FILE_PAIRS || !sts_request_name_is_secret(key))
		return STS_OK;
	return sts_fail(e, STS_EUSAGE, 0,
			"%s%s %s holds a secret, which others could read: use %s%s-file",
			layer->prefix, name, sts_shown(key, KEY_SHOWN_BYTES), layer->prefix,
			sts_option_text(option, STS_OPTION_NAME));
}

/* Drop the values that the layers before have put into a list, since this layer replaces them. */
static void drop(struct sts_options *o, enum sts_list list)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->list_count; i++)
		if (o->list[i].list != list)
			o->list[kept++] = o->list[i];
	o->list_count = kept;
}

static enum sts_err add(struct sts_option_layer *layer, const struct sts_option *option,
			const char *name, struct sts_slice value, struct sts_error *e)
{
	struct sts_options *o = layer->o;
	enum sts_list list = (enum sts_list)option->field;
	enum sts_err err = option->kind == STS_OPTION_LIST
				   ? STS_OK
				   : check_pair(layer, option, name, value, e);

	if (err != STS_OK)
		return err;
	if (!(layer->lists & 1u << list))
		drop(o, list);
	layer->lists |= 1u << list;
	if (o->list_count == STS_OPTIONS_LIST_MAX || value.len == 0)
		return sts_fail(e, STS_EUSAGE, 0,
				"%s%s is empty, or given too often (at most %d repeated values)",
				layer->prefix, name, STS_OPTIONS_LIST_MAX);
	o->list[o->list_count++] = (struct sts_list_value){list, value};
	return STS_OK;
}

enum sts_err sts_option_take(struct sts_option_layer *layer, const struct sts_option *option,
			     const char *name, struct sts_slice value, struct sts_error *e)
{
	if (option->kind >= STS_OPTION_LIST)
		return add(layer, option, name, value, e);
	if (sts_option_set(option, layer->o, value.data))
		return STS_OK;
	return sts_fail(e, STS_EUSAGE, 0, "the value of %s%s is not valid: it takes %s, not \"%s\"",
			layer->prefix, name, sts_option_wanted(option),
			sts_shown(value, STS_VALUE_SHOWN_BYTES));
}

/* Set the options of these commands that have a default. An option that one of `others` has, too,
 * is left as it is. */
static void set_defaults(struct sts_options *o, unsigned commands, unsigned others)
{
	for (size_t i = 0; i < sts_option_count; i++) {
		const struct sts_option *option = &sts_option_table[i];

		if (!(option->commands & commands) || (option->commands & others))
			continue;
		const char *text = sts_option_text(option, STS_OPTION_DEFAULT);
		if (*text)
			sts_option_set(option, o, text);
	}
}

void sts_options_defaults(struct sts_options *o, enum sts_command command)
{
	*o = (struct sts_options){
		.command = command, .group = STS_GROUP_AUTO, .mode = STS_MODE_AUTO};
	set_defaults(o, STS_COMMAND_RUN | STS_COMMAND_FETCH, 0);
	set_defaults(o, command, STS_COMMAND_RUN | STS_COMMAND_FETCH);
}

bool sts_options_has_token_file(const struct sts_options *o)
{
	struct sts_options without;

	sts_options_defaults(&without, o->command);
	return o->token_file != without.token_file;
}
