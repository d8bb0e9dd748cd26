/* SPDX-License-Identifier: Apache-2.0 */
#include "net/search.h"

#include "parse_resolv.h"
#include "test.h"

/* Join all candidates. A candidate that is to be skipped is shown as "-". */
static const char *candidates(const char *resolv, const char *name, bool absolute)
{
	static char joined[8192];
	char out[STS_HOST_MAX_BYTES + 1];
	struct sts_resolv r = parse_resolv(resolv);
	struct sts_text t;
	bool skip;

	sts_text_init(&t, joined, sizeof(joined));
	for (size_t n = 0; sts_search_candidate(&r, sts_slice_of(name), absolute, n, out, &skip);
	     n++) {
		if (t.len > 0)
			sts_text_add_char(&t, ' ');
		sts_text_add_str(&t, skip ? "-" : out);
	}
	return joined;
}

#define POD "search dev.svc.cluster.local svc.cluster.local\noptions ndots:5\n"

static void few_dots_search_first(void)
{
	CHECK_STR(candidates(POD, "sts", false),
		  "sts.dev.svc.cluster.local. sts.svc.cluster.local. sts.");
	/* A Service of another namespace comes before the public name of the same spelling. */
	CHECK_STR(candidates(POD, "sts.dev", false),
		  "sts.dev.dev.svc.cluster.local. sts.dev.svc.cluster.local. sts.dev.");
	CHECK_STR(candidates(POD, "a.b.c.d.e", false),
		  "a.b.c.d.e.dev.svc.cluster.local. a.b.c.d.e.svc.cluster.local. a.b.c.d.e.");
}

static void many_dots_absolute_first(void)
{
	CHECK_STR(candidates(POD, "a.b.c.d.e.f", false),
		  "a.b.c.d.e.f. a.b.c.d.e.f.dev.svc.cluster.local. a.b.c.d.e.f.svc.cluster.local.");
	CHECK_STR(candidates("search x", "a.b", false), "a.b. a.b.x.");
	CHECK_STR(candidates("search x\noptions ndots:0", "a", false), "a. a.x.");
}

static void absolute_is_only_itself(void)
{
	CHECK_STR(candidates(POD, "sts.dev", true), "sts.dev.");
	CHECK_STR(candidates(POD, "sts", true), "sts.");
	CHECK_STR(candidates("", "sts", false), "sts.");
}

static void the_root_in_the_list_is_asked_once(void)
{
	CHECK_STR(candidates("search x . y", "a", false), "a.x. a. a.y. -");
	CHECK_STR(candidates("search x . y", "a.b", false), "a.b. a.b.x. - a.b.y.");
}

static void too_long_candidates_are_skipped(void)
{
	char name[254], resolv[512];

	memset(name, 'a', 253);
	for (size_t i = 50; i < 253; i += 51)
		name[i] = '.';
	name[253] = '\0';
	char out[STS_HOST_MAX_BYTES + 1];
	struct sts_resolv r = parse_resolv("search x\noptions ndots:9\n");
	bool skip;
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 0, out, &skip) && skip);
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 1, out, &skip) && !skip);
	CHECK_INT(strlen(out), 254);
	CHECK(out[253] == '.');
	CHECK(!sts_search_candidate(&r, sts_slice_of(name), false, 2, out, &skip));

	/* A name that has exactly 253 bytes with the domain fits. With one byte more it does
	 * not. */
	name[249] = '\0';
	snprintf(resolv, sizeof(resolv), "search abc abcd\noptions ndots:9\n");
	r = parse_resolv(resolv);
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 0, out, &skip) && !skip);
	CHECK_INT(strlen(out), 254);
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 1, out, &skip) && skip);
}

static const struct sts_test tests[] = {
	{"candidates: few dots, the search list first", few_dots_search_first},
	{"candidates: many dots, the absolute name first", many_dots_absolute_first},
	{"candidates: an absolute name is the only one", absolute_is_only_itself},
	{"candidates: the root in the list is asked once", the_root_in_the_list_is_asked_once},
	{"candidates: too long ones are skipped", too_long_candidates_are_skipped},
};

STS_TEST_MAIN(tests)
