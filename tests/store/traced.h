/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of the token store that is traced from system call to system call, and the rules that
 * the files in its directory keep at every moment.
 */
#ifndef STS_TEST_TRACED_H
#define STS_TEST_TRACED_H

#include "store/tree.h"

#include <sys/ptrace.h>

#define EXP_NONE 0

/* The directory as it was found: the time of each file by its content, EXP_NONE if there is no such
 * file, -1 if it is not whole. */
struct found {
	int64_t s[STS_OUTPUT__COUNT];
};

static inline int64_t expires_in(const char *text, int len)
{
	int64_t expires_s;

	return len == STS_RFC3339_BYTES - 1 && sts_rfc3339_parse(sts_slice_of(text), &expires_s)
		       ? expires_s
		       : -1;
}

static inline int64_t time_in(enum sts_output output, const char *text, int len)
{
	if (len == -ENOENT)
		return EXP_NONE;
	if (output == STS_OUTPUT_EXPIRES)
		return expires_in(text, len);
	if (output == STS_OUTPUT_THUMBPRINT)
		return len == 64 ? strtoll(text, NULL, 16) : -1;
	return tree_token_exp(text, len);
}

static inline bool has_token(unsigned output)
{
	return STS_OUTPUTS_TOKEN >> output & 1;
}

static inline struct found look(void)
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

/* Which rule do the files of a directory break, somewhere between two writes? */
static inline const char *found_wrong(const struct found *now, const struct found *old,
				      const struct found *new)
{
	int64_t expires_s = now->s[STS_OUTPUT_EXPIRES];
	bool new_thumbprint = old->s[STS_OUTPUT_THUMBPRINT] != new->s[STS_OUTPUT_THUMBPRINT] &&
			      now->s[STS_OUTPUT_THUMBPRINT] == new->s[STS_OUTPUT_THUMBPRINT];

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		if (now->s[i] != old->s[i] && now->s[i] != new->s[i])
			return "a file is neither old nor new";
		if (!has_token(i))
			continue;
		if (now->s[i] != EXP_NONE && expires_s != EXP_NONE && expires_s > now->s[i])
			return "expires is later than a token ends";
		/* This would hide that the key has changed. */
		if (new_thumbprint && now->s[i] != new->s[i])
			return "a new thumbprint stands beside an old token";
	}
	return "nothing";
}

static inline int found_count(const struct found *f)
{
	int files = 0;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		files += f->s[i] != EXP_NONE;
	return files;
}

static inline enum sts_err write_state(const struct found *state, struct sts_error *e)
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
static inline pid_t start_writer(const struct found *new)
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
static inline bool next_stop(pid_t child)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFSTOPPED(status))
		return true;
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}

static inline void set_up(const struct found *old, const char *forged_expires)
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
	if (found_count(old) > 0)
		CHECK_INT(write_state(old, NULL), STS_OK);
	if (forged_expires)
		tree_put("d/expires", forged_expires);
}

/* token.jwt, expires, thumbprint. */
#define AT(s) \
	{ \
		{ \
			TREE_TIME_S + (s), TREE_TIME_S + (s), TREE_TIME_S + (s) \
		} \
	}
static const struct found none, early = AT(100), late = AT(200);

/* Write all files, each with an end of its own. */
static inline struct found all_of(int64_t s)
{
	struct found all;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		all.s[i] = TREE_TIME_S + s + i;
	all.s[STS_OUTPUT_EXPIRES] = TREE_TIME_S + s;
	return all;
}

#endif
