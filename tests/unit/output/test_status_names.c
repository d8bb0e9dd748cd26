/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "output/status.h"
#include "test.h"

/* The name of another exchange is shown, if it is one. */
static void test_names(void)
{
	static const struct {
		const char *name;
		bool shown;
	} rows[] = {
		{"a", true},     {"z", true},   {"0", true},      {"9", true},
		{"az-09", true}, {"a`", false}, {"{", false},     {"/", false},
		{"a:", false},   {"A", false},  {"a\x80", false}, {".", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_status status;
		char buf[128];
		struct sts_text text;

		sts_text_init(&text, buf, sizeof(buf));
		sts_text_addf(&text, "sts-sidecar-status 1\nstate ok\nwaits 3\nwaits_for %s",
			      rows[i].name);
		sts_text_addf(&text, "\nsum %u", (unsigned)sts_hash(STS_HASH_START, buf, text.len));
		CHECK(sts_status_parse((struct sts_slice){buf, text.len}, &status));
		CHECK_STR(status.wait_name, rows[i].shown ? rows[i].name : "");
	}
}

/* A status of a former version has no message. The errno has words, if there is one. */
static void test_errno(void)
{
	static const struct sts_status_now now = {.real_s = 1768233157};
	struct sts_status status = {.state = STS_STATE_FAILING,
				    .error = STS_ECONNECT,
				    .tries = 1,
				    .last_attempt_s = 1768233157};

	for (int detail = 0; detail <= 1; detail++) {
		char buf[STS_STATUS_MAX_BYTES];
		struct sts_text text;

		status.detail = detail;
		sts_text_init(&text, buf, sizeof(buf));
		sts_status_explain(&text, "no token", &status, &now);
		CHECK(strstr(buf, detail ? "operation not permitted (" : ": connect ("));
	}
}

static const struct sts_test tests[] = {
	{"names of other exchanges", test_names},
	{"an errno, or the name of the error", test_errno},
};

STS_TEST_MAIN(tests)
