/* SPDX-License-Identifier: Apache-2.0 */
#include "opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static void help(const char *usage, const struct mock_opt *opts, size_t count)
{
	static const char *const values[] = {[MOCK_OPT_TEXT] = " V",
					     [MOCK_OPT_INT] = " N",
					     [MOCK_OPT_DURATION] = " D",
					     [MOCK_OPT_FLAG] = "",
					     [MOCK_OPT_LIST] = " V..."};

	printf("usage: mock-sts %s\n", usage);
	for (size_t i = 0; i < count; i++)
		printf("  --%s%-*s %s\n", opts[i].name, (int)(26 - strlen(opts[i].name)),
		       values[opts[i].kind], opts[i].help);
	exit(0);
}

static int64_t number(const struct mock_opt *opt, const char *value)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	long long n = strtoll(value, &end, 10);

	if (opt->kind == MOCK_OPT_DURATION && end != value && *end && !end[1])
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (*end == units[i].unit)
				return n * units[i].seconds;
	if (end == value || *end)
		mock_usage("--%s: \"%s\" is no %s", opt->name, value,
			   opt->kind == MOCK_OPT_INT ? "number" : "duration");
	return n;
}

static void store(const struct mock_opt *opt, const char *value)
{
	struct mock_list *list = opt->target;

	switch (opt->kind) {
	case MOCK_OPT_TEXT:
		*(const char **)opt->target = value;
		break;
	case MOCK_OPT_INT:
	case MOCK_OPT_DURATION:
		*(int64_t *)opt->target = number(opt, value);
		break;
	case MOCK_OPT_FLAG:
		*(bool *)opt->target = true;
		break;
	case MOCK_OPT_LIST:
		if (list->count == MOCK_LIST_MAX)
			mock_usage("--%s: too many", opt->name);
		list->v[list->count++] = value;
		break;
	}
}

static const struct mock_opt *find(const struct mock_opt *opts, size_t count, const char *name,
				   size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(opts[i].name) == len && memcmp(opts[i].name, name, len) == 0)
			return &opts[i];
	mock_usage("no option --%.*s here: see --help", (int)len, name);
}

void mock_opt_read(const char *usage, const struct mock_opt *opts, size_t count, int argc,
		   char **argv, struct mock_list *positional)
{
	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i];

		if (strcmp(arg, "--help") == 0)
			help(usage, opts, count);
		if (strncmp(arg, "--", 2) != 0) {
			if (!positional || positional->count == MOCK_LIST_MAX)
				mock_usage("\"%s\" is one argument too many", arg);
			positional->v[positional->count++] = arg;
			continue;
		}
		const char *eq = strchr(arg, '=');
		const struct mock_opt *opt = find(opts, count, arg + 2,
						  eq ? (size_t)(eq - arg - 2) : strlen(arg + 2));
		const char *value = eq ? eq + 1 : NULL;

		if (opt->kind == MOCK_OPT_FLAG && value)
			mock_usage("--%s takes no value", opt->name);
		if (opt->kind != MOCK_OPT_FLAG && !value && i + 1 < argc)
			value = argv[++i];
		if (opt->kind != MOCK_OPT_FLAG && !value)
			mock_usage("--%s wants a value", opt->name);
		store(opt, value);
	}
}

bool mock_list_has(const struct mock_list *list, const char *data, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (strlen(list->v[i]) == len && memcmp(list->v[i], data, len) == 0)
			return true;
	return false;
}
