/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of `openunison-cli exchange`, a contract: flags and positionals interleave; --flag
 * value, --flag=value and --bool=false all work; positionals past the third are ignored; the
 * environment is not read.
 */
#include <stddef.h>
#include <string.h>

#include "base/nearest.h"
#include "options/option_value.h"

enum kind { BOOL, TEXT, INT };

struct arguments {
	bool single_run, global_read;
	const char *cacert_path;
	int64_t seconds_between_runs, minutes_before_refresh;
};

static const struct flag {
	char name[24];
	uint8_t kind, offset;
} flags[] = {
	{"single-run", BOOL, offsetof(struct arguments, single_run)},
	{"cacert-path", TEXT, offsetof(struct arguments, cacert_path)},
	{"seconds-between-runs", INT, offsetof(struct arguments, seconds_between_runs)},
	{"minutes-before-refresh", INT, offsetof(struct arguments, minutes_before_refresh)},
	{"token-global-read", BOOL, offsetof(struct arguments, global_read)},
};

#define FLAGS (sizeof(flags) / sizeof(flags[0]))

static const struct flag *find(struct sts_slice name)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (sts_slice_eq(name, flags[i].name))
			return &flags[i];
	return NULL;
}

/* Whole numbers as Go's strconv reads them in base 10, bounded so that later arithmetic cannot
 * overflow. */
static bool parse_int(const char *text, int64_t *value)
{
	bool negative = text[0] == '-';
	uint64_t number;

	if (text[0] == '-' || text[0] == '+')
		text++;
	if (!sts_parse_u64(sts_slice_of(text), 365 * 24 * 3600, &number))
		return false;
	*value = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

static bool set(const struct flag *flag, struct arguments *a, const char *text)
{
	void *field = (char *)a + flag->offset;

	switch (flag->kind) {
	case BOOL:
		return *text && sts_option_bool(text, field);
	case TEXT:
		*(const char **)field = text;
		return true;
	case INT:
		return parse_int(text, field);
	}
	return false;
}

static enum sts_err read_flag(struct arguments *a, char *const **argv, struct sts_error *e)
{
	const char *word = **argv + 2;
	struct sts_slice name = {word, strcspn(word, "=")};
	const struct flag *flag = find(name);
	const char *value = word[name.len] ? word + name.len + 1 : NULL;
	if (!flag) {
		const char *names[FLAGS];

		for (size_t i = 0; i < FLAGS; i++)
			names[i] = flags[i].name;
		sts_options_unknown("flag of exchange", "--", name, sts_nearest(name, names, FLAGS),
				    e);
		e->detail = 1;
		return STS_EUSAGE;
	}
	if (!value && flag->kind == BOOL)
		value = "true";
	else if (!value)
		value = *++*argv;
	if (!value)
		return sts_fail(e, STS_EUSAGE, 1, "exchange: flag --%s needs a value", flag->name);
	if (!set(flag, a, value))
		return sts_fail(e, STS_EUSAGE, 1,
				"exchange: the value of --%s is not valid: it takes %s", flag->name,
				flag->kind == INT ? "a whole number" : "true or false");
	return STS_OK;
}

static void apply(const struct arguments *a, const char *const positional[3], struct sts_options *o)
{
	sts_options_defaults(o, STS_COMMAND_EXCHANGE);
	o->protocol = "openunison";
	o->token_file = positional[0];
	o->url = positional[1];
	o->output_dir = positional[2];
	o->single_run = a->single_run;
	o->create_dir = true;
	if (a->global_read)
		o->mode = 0644;
	if (a->cacert_path && a->cacert_path[0])
		o->list[o->list_count++] = (struct sts_list_value){STS_LIST_CACERT,
								   sts_slice_of(a->cacert_path)};
	o->poll_ms = (a->seconds_between_runs > 0 ? a->seconds_between_runs : 10) * 1000;
	o->longest_wait_ms = o->poll_ms;
	/* 0 and less: as late as the schedule's floor allows. */
	o->refresh_before_ms = a->minutes_before_refresh > 0 ? a->minutes_before_refresh * 60 * 1000
							     : 1;
}

enum sts_err sts_options_read_exchange(struct sts_options *o, char *const *argv,
				       struct sts_error *e)
{
	struct arguments a = {.seconds_between_runs = 30, .minutes_before_refresh = 5};
	const char *positional[3];
	size_t count = 0;
	bool only_positionals = false;

	for (; *argv; argv += *argv != NULL) {
		enum sts_err err = STS_OK;

		if (!only_positionals && strcmp(*argv, "--") == 0)
			only_positionals = true;
		else if (!only_positionals && strncmp(*argv, "--", 2) == 0)
			err = read_flag(&a, &argv, e);
		else if (!only_positionals && (*argv)[0] == '-' && (*argv)[1])
			err = sts_fail(e, STS_EUSAGE, 1,
				       "exchange: unknown shorthand flag: flags are spelled "
				       "--single-run and so on");
		else if (count++ < 3)
			positional[count - 1] = *argv;
		if (err != STS_OK)
			return err;
	}
	if (count < 3)
		return sts_fail(
			e, STS_EUSAGE, 1,
			"exchange: needs three arguments (PATH_TO_TOKEN URL DIRECTORY), got %zu",
			count);
	apply(&a, positional, o);
	return STS_OK;
}
