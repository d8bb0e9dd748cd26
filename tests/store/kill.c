/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer stopped, and one killed, at every system call of the token store, before it and after
 * it. What lies there then is old or new, whole, and `expires` is never later than the token beside
 * it; the next write heals it and leaves no litter.
 */
#include "store/tree.h"

#include <sys/ptrace.h>

#define STOPS_MAX 1000
#define EXP_NONE  0

/* The directory as found. Times by their content, EXP_NONE where there is no such file, -1 where it
 * is not whole. */
struct found {
	int64_t token_s, expires_s, thumbprint_s;
};

static int64_t expires_in(const char *text, int len)
{
	int64_t expires_s;

	if (len == -ENOENT)
		return EXP_NONE;
	return len == STS_RFC3339_BYTES - 1 && sts_rfc3339_parse(sts_slice_of(text), &expires_s)
		       ? expires_s
		       : -1;
}

static int64_t thumbprint_in(const char *text, int len)
{
	if (len == -ENOENT)
		return EXP_NONE;
	return len == 64 ? strtoll(text, NULL, 16) : -1;
}

static struct found look(void)
{
	char buf[TREE_TOKEN_MAX_BYTES + 1];
	struct found f;
	int len = tree_get("d/expires", buf, sizeof(buf));

	f.expires_s = expires_in(buf, len);
	len = tree_get("d/thumbprint", buf, sizeof(buf));
	f.thumbprint_s = thumbprint_in(buf, len);
	len = tree_get("d/token.jwt", buf, sizeof(buf));
	f.token_s = len == -ENOENT ? EXP_NONE : tree_token_exp(buf, len);
	return f;
}

static bool either(int64_t value, int64_t a, int64_t b)
{
	return value == a || value == b;
}

/* The rules, between two states of the directory. */
static void check_between(const struct found *old, const struct found *new)
{
	struct found now = look();

	CHECK(either(now.token_s, old->token_s, new->token_s));
	CHECK(either(now.expires_s, old->expires_s, new->expires_s));
	CHECK(either(now.thumbprint_s, old->thumbprint_s, new->thumbprint_s));
	CHECK(now.expires_s == EXP_NONE || now.expires_s <= now.token_s);
	/* A new thumbprint never beside an old token: it would hide that the key has changed. */
	if (old->thumbprint_s != new->thumbprint_s && now.thumbprint_s == new->thumbprint_s)
		CHECK_INT(now.token_s, new->token_s);
}

static enum sts_err write_state(const struct found *state, struct sts_error *e)
{
	struct sts_store store;
	char token[TREE_TOKEN_MAX_BYTES], thumbprint[65];
	struct sts_slice none = {0};
	enum sts_err err = sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, e);

	if (err != STS_OK)
		return err;
	err = sts_store_write_token(
		&store, tree_token(token, state->token_s), state->expires_s,
		state->thumbprint_s ? tree_thumbprint(thumbprint, state->thumbprint_s) : none, e);
	sts_store_close(&store);
	return err;
}

/* A traced child that writes and ends. Stopped when this returns; -1 where tracing is not
 * permitted. */
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

/* On to the next entry or exit of a system call. False when the writer has ended. */
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
	tree_clear("d");
	tree_dir("d", 0777);
	if (old->token_s != EXP_NONE)
		CHECK_INT(write_state(old, NULL), STS_OK);
	if (forged_expires)
		tree_put("d/expires", forged_expires);
}

/* From old to new, killed at the n-th stop. False when there are no n stops. */
static bool kill_at(int n, const struct found *old, const char *forged_expires,
		    const struct found *new)
{
	const struct found next = {new->token_s + 7, new->expires_s + 7, new->thumbprint_s + 7};
	struct found healed;
	bool killed = true;

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
	/* A forged expires is gone, or forged still, or new. */
	if (!forged_expires || !tree_is("d/expires", forged_expires))
		check_between(old, new);
	CHECK_INT(write_state(&next, NULL), STS_OK);
	healed = look();
	CHECK(memcmp(&healed, &next, sizeof(healed)) == 0);
	CHECK_INT(tree_count("d"), 3);
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
	CHECK(n > 60); /* three files, seven calls or more each, in and out; the start and the end
			  of the process */
	CHECK(n < STOPS_MAX);
}

#define AT(s) \
	{ \
		TREE_TIME_S + (s), TREE_TIME_S + (s), TREE_TIME_S + (s) \
	}
static const struct found none = {EXP_NONE, EXP_NONE, EXP_NONE}, early = AT(100), late = AT(200);

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

/* expires before the token's own end, and a thumbprint that goes away. */
static void test_kill_without_thumbprint(void)
{
	const struct found new = {TREE_TIME_S + 300, TREE_TIME_S + 250, EXP_NONE};

	kill_everywhere(&late, NULL, &new);
}

static void test_kill_forged(void)
{
	/* Nothing of it can be believed, so it goes; there may be none for a moment. */
	const struct found old = {TREE_TIME_S + 200, EXP_NONE, TREE_TIME_S + 200};

	kill_everywhere(&old, "forged", &early);
}

/* One stop after the other, the whole way through many writes: what is on disk, up and down, at
 * every moment. */
static void test_on_disk(void)
{
	struct found old = AT(0);
	unsigned stops = 0;

	set_up(&old, NULL);
	for (int i = 1; i <= 100; i++) {
		int64_t s = TREE_TIME_S + i * 7919 % 500;
		const struct found new = {s, s - i % 3, s};
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
	CHECK(stops > 100 * 60);
}

/* Killed again and again at random, each writer finding what the last one left; the rule is kept
 * all along. */
static void test_kill_chain(void)
{
	struct found state = AT(0);
	unsigned random = 1, completed = 0;

	set_up(&state, NULL);
	for (int i = 1; i <= 300; i++) {
		int64_t s = TREE_TIME_S + i * 7919 % 500;
		const struct found new = {s, s, s};
		pid_t child = start_writer(&new);
		if (child < 0) {
			sts_test_skipped = "tracing is not permitted here";
			return;
		}
		random = random * 1103515245 + 12345;
		bool alive = true;
		for (unsigned left = 1 + (random >> 16) % 90; left > 0 && alive; left--)
			alive = next_stop(child);
		if (alive)
			kill_writer(child);
		completed += !alive;
		check_between(&state, &new);
		state = look();
		CHECK(tree_count("d") <= 6); /* a temporary of each file at most */
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
	{"on disk at every system call, expiries going up and down", test_on_disk},
	{"a chain of killed writers", test_kill_chain},
};

int main(void)
{
	return tree_main(110, tests, sizeof(tests) / sizeof(tests[0]));
}
