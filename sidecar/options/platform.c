/* SPDX-License-Identifier: Apache-2.0 */
#include "options/platform.h"

#include <stdlib.h>
#include <string.h>

#define REGION_SHOWN_BYTES 40

__attribute__((noinline)) const char *sts_platform_variable(const struct sts_options *o,
							    struct sts_slice names,
							    char name[STS_VARIABLE_MAX_BYTES])
{
	struct sts_text text;

	name[0] = '\0';
	while (names.len > 0 && o->command != STS_COMMAND_EXCHANGE) {
		sts_text_init(&text, name, STS_VARIABLE_MAX_BYTES);
		sts_text_add_slice(&text, sts_slice_cut(&names, ' '));
		const char *value = getenv(name);

		if (value && *value)
			return value;
		name[0] = '\0';
	}
	return NULL;
}

static bool is_word(const char *value, const char *word)
{
	return value && sts_slice_eq_nocase(sts_slice_of(value), word);
}

/* Is a variable of the protocol set to a value that changes something? */
static __attribute__((noinline)) bool is_on(const struct sts_options *o, struct sts_slice name,
					    const char *word)
{
	char found[STS_VARIABLE_MAX_BYTES];

	return is_word(sts_platform_variable(o, name, found), word);
}

/* Fail where a variable is set that the program cannot follow. */
static enum sts_err refuse_others(const struct sts_options *o, const struct sts_protocol *protocol,
				  struct sts_error *e)
{
	struct sts_slice rest = sts_protocol_slice(protocol, STS_PROTOCOL_REFUSED);
	char name[STS_VARIABLE_MAX_BYTES];

	while (rest.len > 0) {
		const char *value = sts_platform_variable(o, sts_slice_cut(&rest, ' '), name);

		if (value && !is_word(value, "false") && !is_word(value, "f") &&
		    !is_word(value, "0"))
			return sts_fail(e, STS_EUSAGE, 0,
					"the variable %s is set, and this program does not follow "
					"it: unset it, or say with --url where the token goes",
					name);
	}
	return STS_OK;
}

enum sts_err sts_platform_url(const struct sts_options *o, const struct sts_protocol *protocol,
			      const char **url, char name[STS_VARIABLE_MAX_BYTES],
			      struct sts_error *e)
{
	struct sts_slice names = sts_protocol_slice(protocol, STS_PROTOCOL_URL_FROM);
	struct sts_slice mode = sts_protocol_slice(protocol, STS_PROTOCOL_PARTITIONS);

	/* The variables stand after the service, the parameter, the global regions, and the parts
	 * of names that no region has. */
	for (int i = 0; i < 4; i++)
		sts_slice_cut(&mode, '|');
	*url = NULL;
	name[0] = '\0';
	if (o->url)
		return STS_OK;
	/* The first name is that of the variable which turns the others off. */
	if (names.len > 0 && !is_on(o, sts_slice_cut(&names, ' '), "true"))
		*url = sts_platform_variable(o, names, name);
	if (*url && (is_on(o, sts_slice_cut(&mode, ' '), "true") ||
		     is_on(o, sts_slice_cut(&mode, ' '), "true")))
		return sts_fail(e, STS_EUSAGE, 0,
				"the variable %s does not go with FIPS and dual-stack endpoints",
				name);
	return refuse_others(o, protocol, e);
}

/* ---- the partitions of a cloud ---- */

/* What STS_PROTOCOL_PARTITIONS says about the hosts of a partition: their domain, the domain of the
 * dual-stack hosts ("-" if there are none), and "=" if FIPS changes no name. */
struct partition {
	struct sts_slice domain, dual_stack, fips;
};

static struct partition partition_of(struct sts_slice list, struct sts_slice region)
{
	struct partition p = {.domain = {NULL, 0}};
	struct sts_slice one, prefix;

	do {
		one = sts_slice_cut(&list, '|');
		prefix = sts_slice_cut(&one, ' ');
		p.domain = sts_slice_cut(&one, ' ');
		p.dual_stack = sts_slice_cut(&one, ' ');
		p.fips = one;
	} while (list.len > 0 &&
		 !(region.len >= prefix.len && memcmp(region.data, prefix.data, prefix.len) == 0));
	return p;
}

/* Is the region one of a list with one space between two? */
static bool is_listed(struct sts_slice list, struct sts_slice region)
{
	while (list.len > 0)
		if (sts_slice_same(sts_slice_cut(&list, ' '), region))
			return true;
	return false;
}

/* Is one of the parts of the region's name, between hyphens, in this list? */
static bool has_part(struct sts_slice region, struct sts_slice list)
{
	while (region.len > 0)
		if (is_listed(list, sts_slice_cut(&region, '-')))
			return true;
	return false;
}

static void add_host(struct sts_text *url, struct sts_slice service, bool fips,
		     struct sts_slice region, struct sts_slice domain)
{
	url->len = 0;
	sts_text_add_str(url, "https://");
	sts_text_add_slice(url, service);
	sts_text_add_str(url, fips ? "-fips." : ".");
	if (region.len > 0) {
		sts_text_add_slice(url, region);
		sts_text_add_char(url, '.');
	}
	sts_text_add_slice(url, domain);
	sts_text_add_char(url, '/');
}

enum sts_err sts_platform_host(const struct sts_options *o, const struct sts_request *r,
			       struct sts_text *url, struct sts_error *e)
{
	struct sts_slice list = sts_protocol_slice(r->protocol, STS_PROTOCOL_PARTITIONS);
	struct sts_slice service = sts_slice_cut(&list, '|'), by = sts_slice_cut(&list, '|'),
			 everywhere = sts_slice_cut(&list, '|'), pseudo = sts_slice_cut(&list, '|'),
			 mode = sts_slice_cut(&list, '|'), none = {NULL, 0};

	if (list.len == 0)
		return STS_OK;
	struct sts_slice region = sts_request_value(r, sts_protocol_parameter(r->protocol, by));
	bool fips = is_on(o, sts_slice_cut(&mode, ' '), "true"),
	     dual_stack = is_on(o, sts_slice_cut(&mode, ' '), "true"),
	     legacy = is_on(o, mode, "legacy"), regional = is_on(o, mode, "regional");
	char name[STS_VARIABLE_MAX_BYTES];
	struct sts_slice always = sts_slice_cut(&everywhere, ' ');
	struct partition p = partition_of(list, region);

	if (!fips && !dual_stack && !legacy && !regional && sts_platform_variable(o, mode, name))
		return sts_fail(e, STS_EUSAGE, 0, "the variable %s is neither regional nor legacy",
				name);
	if (has_part(region, pseudo) && !sts_slice_same(region, always))
		return sts_fail(e, STS_EUSAGE, STS_USAGE_PARAMETER,
				"%s is no region with a host of its own: name the region itself",
				sts_shown(region, REGION_SHOWN_BYTES));
	if (dual_stack && p.dual_stack.len < 2)
		return sts_fail(e, STS_EUSAGE, STS_USAGE_PARAMETER,
				"region %s has no dual-stack endpoint",
				sts_shown(region, REGION_SHOWN_BYTES));
	if (!fips && !dual_stack &&
	    (sts_slice_same(region, always) || (legacy && is_listed(everywhere, region))))
		region = none;
	add_host(url, service, fips && (dual_stack || p.fips.len == 0), region,
		 dual_stack ? p.dual_stack : p.domain);
	return STS_OK;
}
