/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer is stopped, or killed, before and after each system call of the token store. Each file
 * is then old or new, and whole, and `expires` is not later than the token beside it. The next
 * write mends what is there and leaves no temporary.
 */
#include "store/tree.h"

#include <sys/ptrace.h>

#define STOPS_MAX 1000
#define EXP_NONE  0

/* The directory as it was found: the time of each file by its content, EXP_NONE if there is no such
 * file, -1 if it is not whole. */
struct found {
	int64_t s[STS_OUTPUT__COUNT];
};

static int64_t expires_in(const char *text, int len)
{
	int64_t expires_s;

	return len == STS_RFC3339_BYTES - 1 && sts_rfc3339_parse(sts_slice_of(text), &expires_s)
		       ? expires_s
		       : -1;
}

static int64_t time_in(enum sts_output output, const char *text, int len)
{
	if (len == -ENOENT)
		return EXP_NONE;
	if (output == STS_OUTPUT_EXPIRES)
		return expires_in(text, len);
	if (output == STS_OUTPUT_THUMBPRINT)
		return len == 64 ? strtoll(text, NULL, 16) : -1;
	return tree_token_exp(text, len);
}

static bool has_token(unsigned output)
{
	return STS_OUTPUTS_TOKEN >> output & 1;
}

static struct found look(void)
{
	char path[64], buf[TREE_TOKEN_MAX_BYTES + 1];
	struct found f;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		snprintf(path, sizeof(path), "d/%s", sts_output_name(i));
		int len = tree_get(path, buf, sizeof(buf));
		f.s[i] = time_in(i, buf, len);
	}
	return f;
}

/* Check the rules between two states of the directory. */
static void check_between(const struct found *old, const struct found *new)
{
	struct found now = look();
	int64_t expires_s = now.s[STS_OUTPUT_EXPIRES];
	bool new_thumbprint = old->s[STS_OUTPUT_THUMBPRINT] != new->s[STS_OUTPUT_THUMBPRINT] &&
			      now.s[STS_OUTPUT_THUMBPRINT] == new->s[STS_OUTPUT_THUMBPRINT];

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		CHECK(now.s[i] == old->s[i] || now.s[i] == new->s[i]);
		if (!has_token(i))
			continue;
		/* `expires` is not later than the first token ends. */
		CHECK(now.s[i] == EXP_NONE || expires_s == EXP_NONE || expires_s <= now.s[i]);
		/* A new thumbprint does not stand beside an old token: it would hide that the key
		 * has changed. */
		if (new_thumbprint)
			CHECK_INT(now.s[i], new->s[i]);
	}
}

static int count(const struct found *f)
{
	int files = 0;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		files += f->s[i] != EXP_NONE;
	return files;
}

static enum sts_err write_state(const struct found *state, struct sts_error *e)
{
	static char texts[STS_OUTPUT__COUNT][TREE_TOKEN_MAX_BYTES];
	struct sts_slice files[STS_OUTPUT__COUNT] = {0};
	struct sts_store store;
	enum sts_err err = sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, e);

	if (err != STS_OK)
		return err;
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		if (state->s[i] != EXP_NONE)
			files[i] = i == STS_OUTPUT_THUMBPRINT
					   ? tree_thumbprint(texts[i], state->s[i])
					   : tree_token(texts[i], state->s[i]);
	err = tree_write_files(&store, files, state->s[STS_OUTPUT_EXPIRES], e);
	sts_store_close(&store);
	return err;
}

/* Start a traced child that writes and ends. It is stopped when this function returns. Returns -1
 * if tracing is not permitted. */
static pid_t start_writer(const struct found *new)
{
	pid_t child = tree_fork();
	int status;

	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(99);
		raise(SIGSTOP);
		_exit(write_state(new, NULL) == STS_OK ? 0 : 1);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return -1;
	CHECK(ptrace(PTRACE_SETOPTIONS, child, NULL,
		     (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) == 0);
	return child;
}

/* Go on to the next entry or exit of a system call. Returns false if the writer has ended. */
static bool next_stop(pid_t child)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFSTOPPED(status))
		return true;
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}

static void kill_writer(pid_t child)
{
	CHECK(kill(child, SIGKILL) == 0);
	CHECK_INT(tree_wait(child), 1000 + SIGKILL);
}

static void set_up(const struct found *old, const char *forged_expires)
{
	char path[64];

	CHECK(mkdir("d", 0777) == 0 || errno == EEXIST);
	/* Remove all that a writer makes. A shell for each removal would take most of the time. */
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		snprintf(path, sizeof(path), "d/%s", sts_output_name(i));
		unlink(path);
		snprintf(path, sizeof(path), "d/.%s.new", sts_output_name(i));
		unlink(path);
	}
	CHECK_INT(tree_count("d"), 0);
	if (count(old) > 0)
		CHECK_INT(write_state(old, NULL), STS_OK);
	if (forged_expires)
		tree_put("d/expires", forged_expires);
}

/* Write from old to new, and kill the writer at the n-th stop. Returns false if there are fewer
 * stops. */
static bool kill_at(int n, const struct found *old, const char *forged_expires,
		    const struct found *new)
{
	struct found next = *new;
	struct found healed;
	bool killed = true;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		next.s[i] += next.s[i] != EXP_NONE ? 7 : 0;
	set_up(old, forged_expires);
	pid_t child = start_writer(new);
	if (child < 0) {
		sts_test_skipped = "tracing is not permitted here";
		return false;
	}
	for (int i = 0; i < n && killed; i++)
		killed = next_stop(child);
	if (killed)
		kill_writer(child);
	/* A forged `expires` is gone, is still there, or is a new one. */
	if (!forged_expires || !tree_is("d/expires", forged_expires))
		check_between(old, new);
	CHECK_INT(write_state(&next, NULL), STS_OK);
	healed = look();
	CHECK(memcmp(&healed, &next, sizeof(healed)) == 0);
	CHECK_INT(tree_count("d"), count(&next));
	return killed;
}

static void kill_everywhere(const struct found *old, const char *forged_expires,
			    const struct found *new)
{
	int n = 1;

	while (n < STOPS_MAX && kill_at(n, old, forged_expires, new))
		n++;
	if (sts_test_skipped)
		return;
	printf("# %d stops\n", n - 1);
	/* There are three files, each with seven calls or more, in and out, and the start and
	 * the end of the process. */
	CHECK(n > 60);
	CHECK(n < STOPS_MAX);
}

/* token.jwt, expires, thumbprint. */
#define AT(s) \
	{ \
		{ \
			TREE_TIME_S + (s), TREE_TIME_S + (s), TREE_TIME_S + (s) \
		} \
	}
static const struct found none, early = AT(100), late = AT(200);

static void test_kill_first(void)
{
	kill_everywhere(&none, NULL, &early);
}

static void test_kill_growing(void)
{
	kill_everywhere(&early, NULL, &late);
}

static void test_kill_shrinking(void)
{
	kill_everywhere(&late, NULL, &early);
}

static void test_kill_same(void)
{
	kill_everywhere(&late, NULL, &late);
}

/* `expires` is before the token's own end, and a thumbprint is removed. */
static void test_kill_without_thumbprint(void)
{
	const struct found new = {{TREE_TIME_S + 300, TREE_TIME_S + 250}};

	kill_everywhere(&late, NULL, &new);
}

static void test_kill_forged(void)
{
	/* The file cannot be believed, so that it is removed. There may be no `expires` for a
	 * moment. */
	const struct found old = {{TREE_TIME_S + 200, EXP_NONE, TREE_TIME_S + 200}};

	kill_everywhere(&old, "forged", &early);
}

/* Write all files, each with an end of its own. */
static struct found all_of(int64_t s)
{
	struct found all;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		all.s[i] = TREE_TIME_S + s + i;
	all.s[STS_OUTPUT_EXPIRES] = TREE_TIME_S + s;
	return all;
}

static void test_kill_all_files(void)
{
	const struct found before = all_of(100), after = all_of(200);

	kill_everywhere(&before, NULL, &after);
	kill_everywhere(&after, NULL, &before);
}

/* Files that are not written any more are removed before `expires` is later than they are, with a
 * later and an earlier expiry. */
static void test_kill_other_files(void)
{
	const struct found aws = {{[STS_OUTPUT_EXPIRES] = TREE_TIME_S + 150,
				   [STS_OUTPUT_AWS_CREDENTIALS] = TREE_TIME_S + 150,
				   [STS_OUTPUT_AWS_PROCESS] = TREE_TIME_S + 160}};

	kill_everywhere(&early, NULL, &aws);
	kill_everywhere(&late, NULL, &aws);
}

/* Stop after stop through many writes, with expiries that go up and down, what is on disk is looked
 * at. */
static void test_on_disk(void)
{
	struct found old = AT(0);
	unsigned stops = 0;

	set_up(&old, NULL);
	for (int i = 1; i <= 60; i++) {
		int64_t s = TREE_TIME_S + i * 7919 % 500;
		const struct found new = {{s, s - i % 3, s, i % 5 ? s : EXP_NONE}};
		pid_t child = start_writer(&new);
		if (child < 0) {
			sts_test_skipped = "tracing is not permitted here";
			return;
		}
		while (next_stop(child)) {
			check_between(&old, &new);
			stops++;
		}
		old = new;
	}
	printf("# %u stops looked at\n", stops);
	CHECK(stops > 60 * 80);
}

/* Writers are killed at random, one after the other. Each finds what the last one has left, and the
 * rule always holds. */
static void test_kill_chain(void)
{
	struct found state = AT(0);
	unsigned random = 1, completed = 0;

	set_up(&state, NULL);
	for (int i = 1; i <= 300; i++) {
		int64_t s = TREE_TIME_S + i * 7919 % 500;
		const struct found new = {{s, s, s, i % 3 ? s : EXP_NONE}};
		pid_t child = start_writer(&new);
		if (child < 0) {
			sts_test_skipped = "tracing is not permitted here";
			return;
		}
		random = random * 1103515245 + 12345;
		bool alive = true;
		for (unsigned left = 1 + (random >> 16) % 140; left > 0 && alive; left--)
			alive = next_stop(child);
		if (alive)
			kill_writer(child);
		completed += !alive;
		check_between(&state, &new);
		state = look();
		CHECK(tree_count("d") <= 8); /* at most one temporary of each file */
	}
	CHECK_INT(write_state(&late, NULL), STS_OK);
	CHECK_INT(tree_count("d"), 3);
	printf("# %u of 300 writers lived to the end\n", completed);
}

static const struct sts_test tests[] = {
	{"killed at every system call: first write", test_kill_first},
	{"killed at every system call: later expiry", test_kill_growing},
	{"killed at every system call: earlier expiry", test_kill_shrinking},
	{"killed at every system call: same expiry", test_kill_same},
	{"killed at every system call: thumbprint removed", test_kill_without_thumbprint},
	{"killed at every system call: expires was forged", test_kill_forged},
	{"killed at every system call: all files", test_kill_all_files},
	{"killed at every system call: other files than before", test_kill_other_files},
	{"on disk at every system call, expiries going up and down", test_on_disk},
	{"a chain of killed writers", test_kill_chain},
};

int main(void)
{
	return tree_main(110, tests, sizeof(tests) / sizeof(tests[0]));
}
