/* SPDX-License-Identifier: Apache-2.0 */
/* Which token is revoked: that of the output directory, or the one that a worker of `doctor` has
 * left. The linker puts a function of this file in the place of the one that takes that token. */
#include "worker/revoke.h"

#include "../output/opened_store.h"
#include "wire/handover.h"

#define DIR "d"

static struct sts_fields fields;
static struct sts_fields_files files;
static const struct sts_options options;
static const char *left;

struct sts_slice __wrap_sts_handover_take(char *buf, size_t size);
struct sts_slice __wrap_sts_handover_take(char *buf, size_t size)
{
	size_t len = strlen(left);

	CHECK(size >= len);
	memcpy(buf, left, len);
	return (struct sts_slice){buf, len};
}

enum sts_err __wrap_sts_fields_revoke(const struct sts_options *o, struct sts_fields *f,
				      struct sts_slice token, struct sts_error *e);
enum sts_err __wrap_sts_fields_revoke(const struct sts_options *o, struct sts_fields *f,
				      struct sts_slice token, struct sts_error *e)
{
	(void)e;
	CHECK(o == &options && f == &fields);
	f->request.subject = token;
	return STS_OK;
}

static enum sts_err prepare(const struct sts_store *from)
{
	memset(&fields, 0, sizeof(fields));
	memset(&error, 0, sizeof(error));
	files.used = 7;
	return sts_revoke_prepare(&options, from, &fields, &files, &error);
}

/* The token stands behind what was read from files before. */
static void check_token(const char *token)
{
	CHECK(sts_slice_eq(fields.request.subject, token));
	CHECK(fields.request.subject.data == files.data + 7);
	CHECK_INT(files.used, 7 + strlen(token));
}

static void test_the_token_on_disk(void)
{
	fresh(DIR, 0770);
	CHECK_INT(prepare(&store), STS_EINPUT);
	CHECK_STR(error.msg, DIR "/token.jwt cannot be read, or is not ours");
	CHECK_INT(tree_write_token(&store, STS_SLICE("a.b.c"), TREE_TIME_S, (struct sts_slice){0},
				   &error),
		  STS_OK);
	CHECK_INT(prepare(&store), STS_OK);
	check_token("a.b.c");
	/* What the application has put there is not sent to the STS. */
	CHECK(unlink(DIR "/token.jwt") == 0 && symlink("/etc/hostname", DIR "/token.jwt") == 0);
	CHECK_INT(prepare(&store), STS_EINPUT);
	CHECK(unlink(DIR "/token.jwt") == 0);
	tree_put(DIR "/token.jwt", "");
	CHECK_INT(prepare(&store), STS_EINPUT);
	sts_store_close(&store);
}

static void test_the_token_of_doctor(void)
{
	left = "d.e.f";
	CHECK_INT(prepare(NULL), STS_OK);
	check_token("d.e.f");
	left = "";
	CHECK_INT(prepare(NULL), STS_EINPUT);
	CHECK_STR(error.msg, "no token was left to be revoked");
}

static const struct sts_test tests[] = {
	{"the token on disk", test_the_token_on_disk},
	{"the token that doctor got", test_the_token_of_doctor},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
