/* SPDX-License-Identifier: Apache-2.0 */
#include "net/search.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#define NAME_MAX_BYTES 253

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Take the next line, without its end. */
static bool next_line(struct sts_slice *text, struct sts_slice *line)
{
	if (text->len == 0)
		return false;
	const char *end = memchr(text->data, '\n', text->len);
	line->data = text->data;
	line->len = end ? (size_t)(end - text->data) : text->len;
	size_t used = line->len + (end != NULL);
	text->data += used;
	text->len -= used;
	return true;
}

/* Take the next word of a line. One that begins with a comment character ends the line. */
static bool next_word(struct sts_slice *line, const char *comment, struct sts_slice *word)
{
	size_t start = 0;

	while (start < line->len && is_blank(line->data[start]))
		start++;
	size_t end = start;
	while (end < line->len && !is_blank(line->data[end]))
		end++;
	if (start == end)
		return false;
	char first = line->data[start];
	if (first != '\0' && strchr(comment, first))
		return false;
	*word = (struct sts_slice){line->data + start, end - start};
	line->data += end;
	line->len -= end;
	return true;
}

bool sts_address_parse(struct sts_slice text, struct sts_address *out)
{
	char z[INET6_ADDRSTRLEN];
	const char *percent = text.len > 0 ? memchr(text.data, '%', text.len) : NULL;
	size_t len = percent ? (size_t)(percent - text.data) : text.len;
	uint64_t scope = 0;

	*out = (struct sts_address){0};
	if (len == 0 || len >= sizeof(z) || memchr(text.data, '\0', len))
		return false;
	memcpy(z, text.data, len);
	z[len] = '\0';
	out->ipv6 = memchr(z, ':', len) != NULL;
	if (percent) {
		struct sts_slice zone = {percent + 1, text.len - len - 1};
		if (!out->ipv6 || !sts_parse_u64(zone, UINT32_MAX, &scope))
			return false;
	}
	out->scope = (uint32_t)scope;
	return inet_pton(out->ipv6 ? AF_INET6 : AF_INET, z, out->ip) == 1;
}

socklen_t sts_address_to_sockaddr(const struct sts_address *address, uint16_t port,
				  union sts_sockaddr *out)
{
	memset(out, 0, sizeof(*out));
	if (address->ipv6) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		out->v6.sin6_scope_id = address->scope;
		memcpy(&out->v6.sin6_addr, address->ip, 16);
		return sizeof(out->v6);
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons(port);
	memcpy(&out->v4.sin_addr, address->ip, 4);
	return sizeof(out->v4);
}

static bool line_names(struct sts_slice line, struct sts_slice name)
{
	struct sts_slice word;

	while (next_word(&line, "#", &word)) {
		/* "10.0.0.1 a#comment": hosts(5) lets a comment begin anywhere. */
		const char *hash = memchr(word.data, '#', word.len);
		if (hash)
			word.len = (size_t)(hash - word.data);
		if (sts_slice_same_nocase(word, name))
			return true;
		if (hash)
			return false;
	}
	return false;
}

size_t sts_hosts_find(struct sts_slice text, struct sts_slice name, struct sts_address *out,
		      size_t max)
{
	size_t count = 0;
	struct sts_slice line, word;

	if (name.len == 0)
		return 0;
	while (count < max && next_line(&text, &line)) {
		if (next_word(&line, "#", &word) && line_names(line, name) &&
		    sts_address_parse(word, &out[count]))
			count++;
	}
	return count;
}

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* Labels of 1 to 63 bytes. */
static bool is_domain(struct sts_slice s)
{
	size_t label = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '.' ? label == 0 : !is_label_char(s.data[i]))
			return false;
		label = s.data[i] == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label > 0 && s.len <= NAME_MAX_BYTES;
}

/*
 * A word of a search list becomes a domain without dots at its ends. The root (".") is kept, as an
 * empty slice: dnsConfig may name it, and it says where in the order the absolute name stands.
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

static void read_search(struct sts_slice line, size_t max, struct sts_resolv *out)
{
	struct sts_slice word;
	bool empty = true;

	while (next_word(&line, "#;", &word)) {
		if (empty)
			out->search_count =
				0; /* only a line with something on it replaces what was there */
		empty = false;
		if (out->search_count < max && read_domain(word, &out->search[out->search_count]))
			out->search_count++;
	}
}

static void read_options(struct sts_slice line, struct sts_resolv *out)
{
	/* Bounds as for glibc. */
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

	while (next_word(&line, "#;", &word)) {
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			size_t prefix = strlen(options[i].prefix);
			uint64_t value;

			if (!sts_slice_starts(word, options[i].prefix) ||
			    !sts_parse_u64(
				    (struct sts_slice){word.data + prefix, word.len - prefix},
				    UINT64_MAX, &value))
				continue;
			if (value > (uint64_t)options[i].max)
				value = (uint64_t)options[i].max;
			*options[i].value = (int)value < options[i].min ? options[i].min
									: (int)value;
		}
	}
}

/* An address, also one with the name of an interface. */
static bool read_server(struct sts_slice word, struct sts_address *out)
{
	const char *percent = memchr(word.data, '%', word.len);
	char zone[IF_NAMESIZE];
	struct sts_text t;

	if (sts_address_parse(word, out))
		return true;
	if (!percent)
		return false;
	struct sts_slice address = {word.data, (size_t)(percent - word.data)};
	sts_text_init(&t, zone, sizeof(zone));
	sts_text_add(&t, percent + 1, word.len - address.len - 1);
	if (t.overflow || !sts_address_parse(address, out) || !out->ipv6)
		return false;
	out->scope = if_nametoindex(zone);
	return out->scope != 0;
}

static void read_nameserver(struct sts_slice line, struct sts_resolv *out)
{
	struct sts_slice word;

	if (out->server_count < STS_SERVERS_MAX && next_word(&line, "#;", &word) &&
	    read_server(word, &out->servers[out->server_count]))
		out->server_count++;
}

void sts_resolv_parse(struct sts_slice text, struct sts_resolv *out)
{
	struct sts_slice line, keyword;

	*out = (struct sts_resolv){.ndots = 1, .timeout_s = 5, .attempts = 2};
	while (next_line(&text, &line)) {
		/* A keyword stands in the first column, here as for glibc and musl. */
		if (line.len == 0 || is_blank(line.data[0]) || !next_word(&line, "#;", &keyword))
			continue;
		if (sts_slice_eq(keyword, "search"))
			read_search(line, STS_SEARCH_MAX, out);
		else if (sts_slice_eq(keyword, "domain"))
			read_search(line, 1, out);
		else if (sts_slice_eq(keyword, "options"))
			read_options(line, out);
		else if (sts_slice_eq(keyword, "nameserver"))
			read_nameserver(line, out);
	}
	if (out->server_count == 0)
		out->servers[out->server_count++] = (struct sts_address){.ip = {127, 0, 0, 1}};
}

static int count_dots(struct sts_slice name)
{
	int dots = 0;

	for (size_t i = 0; i < name.len; i++)
		dots += name.data[i] == '.';
	return dots;
}

static bool has_root(const struct sts_resolv *resolv)
{
	for (size_t i = 0; i < resolv->search_count; i++)
		if (resolv->search[i].len == 0)
			return true;
	return false;
}

/* name, name.domain: with a trailing dot. False when it is too long. */
static bool write_candidate(struct sts_slice name, struct sts_slice domain,
			    char out[STS_HOST_MAX_BYTES + 1])
{
	struct sts_text t;

	sts_text_init(&t, out, NAME_MAX_BYTES + 2);
	sts_text_add_slice(&t, name);
	if (domain.len > 0)
		sts_text_add_char(&t, '.');
	sts_text_add_slice(&t, domain);
	sts_text_add_char(&t, '.');
	return !t.overflow;
}

bool sts_search_candidate(const struct sts_resolv *resolv, struct sts_slice name, bool absolute,
			  size_t n, char out[STS_HOST_MAX_BYTES + 1], bool *skip)
{
	static const struct sts_slice root = {0};
	bool absolute_first = absolute || count_dots(name) >= resolv->ndots;
	size_t search_count = absolute ? 0 : resolv->search_count;

	*skip = false;
	if (n > search_count)
		return false;
	/* The absolute name's place, and what each index of the list means when it comes first or
	 * last. */
	bool is_absolute = n == (absolute_first ? 0 : search_count);
	struct sts_slice domain = is_absolute ? root : resolv->search[absolute_first ? n - 1 : n];
	/* Where the root stands in the list, the absolute name is asked once: the first time that
	 * it comes up. */
	bool asked = domain.len == 0 &&
		     (is_absolute ? !absolute_first && has_root(resolv) : absolute_first);
	*skip = !write_candidate(name, domain, out) || asked;
	return true;
}
