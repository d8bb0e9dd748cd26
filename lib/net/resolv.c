/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resolv.h"

#include <string.h>

#include "net/scoped.h"
#include "net/url.h"

/* Take the next word of a line. A word that begins with a comment character ends the line. */
static bool take_word(struct sts_slice *line, struct sts_slice *word)
{
	return sts_slice_take_word(line, word) && word->data[0] != '#' && word->data[0] != ';';
}

/* Is this a domain of labels that have 1 to 63 letters, digits, hyphens and underscores? */
static bool is_domain(struct sts_slice s)
{
	size_t label = 0;

	if (!sts_slice_has_only(s, ".-_"))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '.' && label == 0)
			return false;
		label = s.data[i] == '.' ? 0 : label + 1;
		if (label > STS_LABEL_MAX_BYTES)
			return false;
	}
	return label > 0 && s.len < STS_HOST_MAX_BYTES;
}

/*
 * Read a word of a search list as a domain without dots at its ends. The root (".") is kept as an
 * empty slice. A Pod's dnsConfig may contain it, and it then gives the absolute name its place in
 * the order.
 */
static bool read_domain(struct sts_slice word, struct sts_slice *domain)
{
	*domain = (struct sts_slice){0};
	if (sts_slice_eq(word, "."))
		return true;
	size_t first = word.data[0] == '.', last = word.data[word.len - 1] == '.';
	if (word.len <= first + last)
		return false;
	*domain = (struct sts_slice){word.data + first, word.len - first - last};
	return is_domain(*domain);
}

/*
 * Read a search list, which replaces the previous one unless it is empty.
 *   max  in  how many domains to keep
 */
static void read_search(struct sts_slice line, size_t max, struct sts_resolv *out)
{
	struct sts_slice word;
	bool empty = true;

	while (take_word(&line, &word)) {
		if (empty)
			out->search_count = 0;
		empty = false;
		if (out->search_count < max && read_domain(word, &out->search[out->search_count]))
			out->search_count++;
	}
}

static void read_options(struct sts_slice line, struct sts_resolv *out)
{
	/* These are the bounds of glibc. */
	const struct {
		const char *prefix;
		int min, max;
		int *value;
	} options[] = {
		{"ndots:", 0, 15, &out->ndots},
		{"timeout:", 1, 30, &out->timeout_s},
		{"attempts:", 1, 5, &out->attempts},
	};
	struct sts_slice word;

	while (take_word(&line, &word)) {
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			struct sts_slice number = word;
			uint64_t value;

			if (!sts_slice_take_prefix(&number, options[i].prefix) ||
			    !sts_parse_u64(number, UINT64_MAX, &value))
				continue;
			if (value > (uint64_t)options[i].max)
				value = (uint64_t)options[i].max;
			*options[i].value = (int)value < options[i].min ? options[i].min
									: (int)value;
		}
	}
}

static void read_nameserver(struct sts_slice line, struct sts_slice whole, struct sts_resolv *out)
{
	struct sts_address *server = &out->servers[out->server_count];
	const char *why = "it names none";
	struct sts_slice word;

	if (out->server_count == STS_SERVERS_MAX)
		return;
	if (take_word(&line, &word))
		why = sts_scoped_parse(word, server);
	if (!why && sts_scoped_lacks_zone(server))
		why = STS_SCOPED_LACKS_ZONE;
	if (!why) {
		out->server_count++;
	} else if (!out->refused_why) {
		out->refused_why = why;
		out->refused = whole;
	}
}

void sts_resolv_parse(struct sts_slice text, struct sts_resolv *out)
{
	struct sts_slice line, keyword;

	*out = (struct sts_resolv){.ndots = 1, .timeout_s = 5, .attempts = 2};
	while (sts_slice_take_line(&text, &line)) {
		/* A keyword must stand in the first column, as in glibc and musl. */
		struct sts_slice whole = line;
		if (!take_word(&line, &keyword) || keyword.data != whole.data)
			continue;
		if (sts_slice_eq(keyword, "search"))
			read_search(line, STS_SEARCH_MAX, out);
		else if (sts_slice_eq(keyword, "domain"))
			read_search(line, 1, out);
		else if (sts_slice_eq(keyword, "options"))
			read_options(line, out);
		else if (sts_slice_eq(keyword, "nameserver"))
			read_nameserver(line, whole, out);
	}
	if (out->server_count == 0 && !out->refused_why) {
		out->servers[out->server_count++] = (struct sts_address){.ip = {127, 0, 0, 1}};
		out->is_default = true;
	}
}
