/* SPDX-License-Identifier: Apache-2.0 */
#include "net/search.h"

#include <string.h>

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

/* Write "name.domain.", or "name." for the root. Returns false when that is too long. */
static bool write_candidate(struct sts_slice name, struct sts_slice domain,
			    char out[STS_HOST_MAX_BYTES + 1])
{
	struct sts_text t;

	sts_text_init(&t, out, STS_HOST_MAX_BYTES + 1);
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
	/* The absolute name is the first candidate or the last one. When it is the first, the
	 * candidates of the search list are counted from 1. */
	bool is_absolute = n == (absolute_first ? 0 : search_count);
	struct sts_slice domain = is_absolute ? root : resolv->search[absolute_first ? n - 1 : n];
	/* A root in the search list makes the absolute name a candidate twice. It is asked for the
	 * first time that it comes up. */
	bool asked = domain.len == 0 &&
		     (is_absolute ? !absolute_first && has_root(resolv) : absolute_first);
	*skip = !write_candidate(name, domain, out) || asked;
	return true;
}

/* The search domain of a candidate, which stands behind the name, without dots at its ends. */
static struct sts_slice domain_of(const char *candidate, struct sts_slice name)
{
	size_t len = strlen(candidate);

	if (len <= name.len + 1)
		return (struct sts_slice){0};
	return (struct sts_slice){candidate + name.len + 1, len - name.len - 2};
}

bool sts_search_is_of_cluster(const struct sts_resolv *resolv, struct sts_slice name,
			      const char *candidate)
{
	struct sts_slice domain = domain_of(candidate, name);

	for (size_t i = 0; i < resolv->search_count && domain.len > 0; i++) {
		/* The tails of "x.y.z" are "x.y.z", "y.z" and "z". */
		struct sts_slice tail = resolv->search[i];
		bool has_svc = false, has_domain = false;

		while (tail.len > 0) {
			const char *dot = memchr(tail.data, '.', tail.len);
			size_t len = dot ? (size_t)(dot - tail.data) : tail.len;

			has_svc |= dot &&
				   sts_slice_eq_nocase((struct sts_slice){tail.data, len}, "svc");
			has_domain |= sts_slice_same_nocase(tail, domain);
			tail.data += len + (dot != NULL);
			tail.len -= len + (dot != NULL);
		}
		if (has_svc && has_domain)
			return true;
	}
	return false;
}
