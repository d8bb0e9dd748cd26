/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on disk after a power cut at each system call of the token store. The writer is traced,
 * and its calls are replayed on a model of a file system. The model says which files a directory
 * may have afterwards. Each of them is then old or new, and whole, and `expires` is not later than
 * the token beside it; and the next write mends what is there.
 *
 * There are two models:
 * - in order: a journal, as ext4 has with its defaults (data=ordered, delayed allocation). Changes
 *   of a directory reach the disk in their order, and fsync() of any file takes all of them along.
 *   The content of a file is on disk once the file is synced; before, the file may be empty, cut
 *   or full of zeros under its new name (ext4(5), auto_da_alloc, is not relied on).
 * - in any order: what POSIX promises. Any subset of the changes since the last fsync() of the
 *   directory may be on disk, and fsync() of a file is about the file alone.
 * A tmpfs has no files after a power cut, as it had when the Pod started.
 */
#include "store/traced.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define FDS_MAX     64
#define FILES_MAX   64
#define CHANGES_MAX 12
#define STATES_MAX  64
#define NO_FILE     -1
#define DIRECTORY   -2

struct file {
	int64_t s; /* its content, as in struct found */
	bool synced;
};

/* From now on, this file lies at the name of this output. */
struct change {
	enum sts_output name;
	int file; /* NO_FILE: it is removed */
};

enum order { IN_ORDER, ANY_ORDER };

/* The model can be told that a call does nothing. Its checks must then fail. */
enum forget { NOTHING, SYNC_OF_FILES, SYNC_OF_DIRECTORY };

struct disk {
	enum order order;
	enum forget forget;
	struct file files[FILES_MAX];
	int files_count;
	int fds[FDS_MAX]; /* what each descriptor of the writer is: a file, DIRECTORY, NO_FILE */
	int temps[STS_OUTPUT__COUNT]; /* the file at each temporary name */
	int names[STS_OUTPUT__COUNT]; /* on disk, at each name */
	struct change changes[CHANGES_MAX];
	int changes_count;
	/* What was seen. */
	const struct found *old, *new;
	const char *wrong; /* of the first state that breaks a rule; "nothing" */
	struct found states[STATES_MAX];
	int states_count;
};

static int new_file(struct disk *d, struct file file)
{
	CHECK(d->files_count < FILES_MAX);
	if (d->files_count == FILES_MAX)
		abort();
	d->files[d->files_count] = file;
	return d->files_count++;
}

static void disk_start(struct disk *d, enum order order, enum forget forget,
		       const struct found *old, const struct found *new)
{
	memset(d, 0, sizeof(*d));
	d->order = order;
	d->forget = forget;
	d->old = old;
	d->new = new;
	d->wrong = "nothing";
	for (int i = 0; i < FDS_MAX; i++)
		d->fds[i] = NO_FILE;
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		d->temps[i] = NO_FILE;
		d->names[i] = old->s[i] == EXP_NONE ? NO_FILE
						    : new_file(d, (struct file){old->s[i], true});
	}
}

/* ---- the writer's calls */

static void change(struct disk *d, enum sts_output name, int file)
{
	CHECK(d->changes_count < CHANGES_MAX);
	if (d->changes_count < CHANGES_MAX)
		d->changes[d->changes_count++] = (struct change){name, file};
}

static void settle(struct disk *d)
{
	for (int i = 0; i < d->changes_count; i++)
		d->names[d->changes[i].name] = d->changes[i].file;
	d->changes_count = 0;
}

static int fd_of(const struct disk *d, uint64_t fd)
{
	return fd < FDS_MAX ? d->fds[fd] : NO_FILE;
}

static void sync_called(struct disk *d, int what)
{
	if (what == DIRECTORY && d->forget != SYNC_OF_DIRECTORY)
		settle(d);
	if (what < 0 || d->forget == SYNC_OF_FILES)
		return;
	d->files[what].synced = true;
	if (d->order == IN_ORDER && d->forget != SYNC_OF_DIRECTORY)
		settle(d);
}

/* Which output has this name, or this temporary name? Returns false if none has. */
static bool output_of(pid_t child, uint64_t address, enum sts_output *output, bool *temp)
{
	char name[64] = "", with[64];
	struct iovec here = {name, sizeof(name) - 1}, there = {(void *)(uintptr_t)address, 63};

	CHECK(process_vm_readv(child, &here, 1, &there, 1, 0) > 0);
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		snprintf(with, sizeof(with), ".%s.new", sts_output_name(i));
		*temp = strcmp(name, with) == 0;
		*output = i;
		if (*temp || strcmp(name, sts_output_name(i)) == 0)
			return true;
	}
	return false;
}

static void opened(struct disk *d, pid_t child, uint64_t name, uint64_t flags, int64_t fd)
{
	enum sts_output output;
	bool temp;

	CHECK(fd < FDS_MAX);
	if (fd < 0 || fd >= FDS_MAX)
		return;
	d->fds[fd] = flags & O_DIRECTORY ? DIRECTORY : NO_FILE;
	if (!(flags & O_CREAT))
		return;
	CHECK(output_of(child, name, &output, &temp) && temp);
	d->fds[fd] = d->temps[output] = new_file(d, (struct file){-1, false});
}

static void written(struct disk *d, pid_t child, uint64_t fd)
{
	char path[64], buf[TREE_TOKEN_MAX_BYTES + 1];
	int file = fd_of(d, fd);

	if (file < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)child, (int)fd);
	int len = tree_get(path, buf, sizeof(buf));
	d->files[file].synced = false;
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		if (d->temps[i] == file)
			d->files[file].s = time_in(i, buf, len);
}

static void renamed(struct disk *d, pid_t child, uint64_t from, uint64_t to)
{
	enum sts_output output, old;
	bool temp;

	CHECK(output_of(child, from, &old, &temp) && temp);
	CHECK(output_of(child, to, &output, &temp) && !temp);
	CHECK_INT(old, output);
	change(d, output, d->temps[output]);
	d->temps[output] = NO_FILE;
}

static void unlinked(struct disk *d, pid_t child, uint64_t name)
{
	enum sts_output output;
	bool temp;

	if (!output_of(child, name, &output, &temp))
		return;
	if (temp)
		d->temps[output] = NO_FILE;
	else
		change(d, output, NO_FILE);
}

/* A call has succeeded. */
static void called(struct disk *d, pid_t child, const uint64_t *args, uint64_t number, int64_t got)
{
	switch (number) {
	case SYS_openat:
		opened(d, child, args[1], args[2], got);
		break;
#ifdef SYS_open
	case SYS_open:
		opened(d, child, args[0], args[1], got);
		break;
#endif
	case SYS_close:
		if (args[0] < FDS_MAX)
			d->fds[args[0]] = NO_FILE;
		break;
	case SYS_write:
	case SYS_pwrite64:
	case SYS_ftruncate:
	case SYS_fallocate:
	case SYS_fchmod: /* The mode counts as content: a name never has a file of another mode. */
	case SYS_fchown:
		written(d, child, args[0]);
		break;
	case SYS_fsync:
		sync_called(d, fd_of(d, args[0]));
		break;
#ifdef SYS_renameat
	case SYS_renameat:
#endif
	case SYS_renameat2:
		renamed(d, child, args[1], args[3]);
		break;
	case SYS_unlinkat:
		unlinked(d, child, args[1]);
		break;
	case SYS_linkat:
	case SYS_symlinkat:
	case SYS_mkdirat:
	case SYS_writev:
	case SYS_pwritev:
	case SYS_dup:
	case SYS_dup3:
	case SYS_fdatasync:
	case SYS_sync_file_range:
#ifdef SYS_rename
	case SYS_rename:
	case SYS_link:
	case SYS_unlink:
	case SYS_creat:
	case SYS_dup2:
#endif
		CHECK(!"a call that the model does not know");
		break;
	default:
		break;
	}
}

/* ---- the power cut */

/* The power is cut now, and these changes have reached the disk. */
static void cut(struct disk *d, unsigned changes)
{
	struct disk after = *d;
	struct found now;

	after.changes_count = 0;
	for (int i = 0; i < d->changes_count; i++)
		if (changes >> i & 1)
			after.changes[after.changes_count++] = d->changes[i];
	settle(&after);
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		const struct file *file = after.names[i] < 0 ? NULL : &d->files[after.names[i]];

		now.s[i] = !file ? EXP_NONE : file->synced ? file->s : -1;
	}
	const char *wrong = found_wrong(&now, d->old, d->new);
	if (strcmp(d->wrong, "nothing") == 0)
		d->wrong = wrong;
	for (int i = 0; i < d->states_count; i++)
		if (memcmp(&d->states[i], &now, sizeof(now)) == 0)
			return;
	CHECK(d->states_count < STATES_MAX);
	if (d->states_count < STATES_MAX)
		d->states[d->states_count++] = now;
}

static void cut_everyhow(struct disk *d)
{
	unsigned all = 1u << d->changes_count;

	for (unsigned changes = 0; changes < all; changes++)
		if (d->order == ANY_ORDER || (changes & (changes + 1)) == 0)
			cut(d, changes);
}

/* Write from old to new, with a power cut after each system call. Returns how many there were, and
 * -1 if tracing is not permitted. */
static int trace(struct disk *d)
{
	struct __ptrace_syscall_info info;
	uint64_t args[6] = {0}, number = 0;
	int cuts = 0;

	set_up(d->old, NULL);
	pid_t child = start_writer(d->new);
	if (child < 0) {
		sts_test_skipped = "tracing is not permitted here";
		return -1;
	}
	cut_everyhow(d);
	while (next_stop(child)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) <= 0) {
			sts_test_skipped = "this kernel does not tell a tracer about calls";
			kill(child, SIGKILL);
			tree_wait(child);
			return -1;
		}
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			number = info.entry.nr;
			memcpy(args, info.entry.args, sizeof(args));
		} else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
			if (info.exit.rval >= 0)
				called(d, child, args, number, info.exit.rval);
			cut_everyhow(d);
			cuts++;
		}
	}
	return cuts;
}

/* Make the files of one state, and what a temporary file may be: absent, empty, cut or zeros. */
static void make(const struct found *state, int variant)
{
	static const char *const contents[] = {NULL, "", "1800000", NULL};
	char path[64], zeros[4096] = "";

	set_up(&none, NULL);
	if (found_count(state) > 0)
		CHECK_INT(write_state(state, NULL), STS_OK);
	if (state->s[STS_OUTPUT_EXPIRES] == EXP_NONE)
		unlink("d/expires");
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++) {
		snprintf(path, sizeof(path), "d/.%s.new", sts_output_name(i));
		if (variant < 3 && contents[variant])
			tree_put(path, contents[variant]);
		if (variant == 3) {
			int fd = open(path, O_WRONLY | O_CREAT, 0600);
			CHECK(write(fd, zeros, sizeof(zeros)) == sizeof(zeros));
			close(fd);
		}
	}
}

/* Whatever is there after the power cut, the next write mends it. */
static void mend(const struct disk *d)
{
	struct found next = *d->new, healed;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		next.s[i] += next.s[i] != EXP_NONE ? 7 : 0;
	for (int i = 0; i < d->states_count; i++) {
		for (int variant = 0; variant < 4; variant++) {
			make(&d->states[i], variant);
			CHECK_INT(write_state(&next, NULL), STS_OK);
			healed = look();
			CHECK(memcmp(&healed, &next, sizeof(healed)) == 0);
			CHECK_INT(tree_count("d"), found_count(&next));
		}
	}
}

/* Cut the power everywhere, and mend. */
static void check_cuts(enum order order, const struct found *old, const struct found *new)
{
	struct disk d;

	disk_start(&d, order, NOTHING, old, new);
	int cuts = trace(&d);
	if (cuts < 0)
		return;
	CHECK_STR(d.wrong, "nothing");
	/* The model ends with what is there. */
	const struct found now = look();
	CHECK_INT(d.changes_count, 0);
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		CHECK_INT(d.names[i] < 0 ? EXP_NONE : d.files[d.names[i]].s, now.s[i]);
	CHECK(cuts > 30);
	CHECK(d.states_count >= 3);
	mend(&d);
	printf("# %d power cuts, %d sets of files\n", cuts, d.states_count);
}

static const struct found shorter = {{TREE_TIME_S + 300, TREE_TIME_S + 250}};

static void check_model(enum order order)
{
	const struct found before = all_of(100), after = all_of(200);
	const struct found aws = {{[STS_OUTPUT_EXPIRES] = TREE_TIME_S + 150,
				   [STS_OUTPUT_AWS_CREDENTIALS] = TREE_TIME_S + 150,
				   [STS_OUTPUT_AWS_PROCESS] = TREE_TIME_S + 160}};

	check_cuts(order, &none, &early);
	check_cuts(order, &early, &late);
	check_cuts(order, &late, &early);
	check_cuts(order, &late, &shorter); /* the thumbprint is removed */
	check_cuts(order, &before, &after);
	check_cuts(order, &after, &before);
	check_cuts(order, &early, &aws); /* other files are removed */
	check_cuts(order, &late, &aws);
}

static void test_in_order(void)
{
	check_model(IN_ORDER);
}

static void test_any_order(void)
{
	check_model(ANY_ORDER);
}

/* Writes one after the other, with expiries that go up and down. */
static void test_many(void)
{
	struct found old = AT(0);
	struct disk d;
	int cuts = 0;

	for (int i = 1; i <= 40 && !sts_test_skipped; i++) {
		int64_t s = TREE_TIME_S + i * 7919 % 500;
		const struct found new = {{s, s - i % 3, s, i % 5 ? s : EXP_NONE}};

		disk_start(&d, i % 2 ? ANY_ORDER : IN_ORDER, NOTHING, &old, &new);
		cuts += trace(&d);
		CHECK_STR(d.wrong, "nothing");
		old = new;
	}
	printf("# %d power cuts\n", cuts);
}

/* Without a sync, these checks fail: a file is not whole, or the order is wrong. */
static void test_without_sync(void)
{
	struct disk d;

	for (enum order order = IN_ORDER; order <= ANY_ORDER; order++) {
		disk_start(&d, order, SYNC_OF_FILES, &early, &late);
		if (trace(&d) < 0)
			return;
		CHECK_STR(d.wrong, "a file is neither old nor new");
	}
	disk_start(&d, ANY_ORDER, SYNC_OF_DIRECTORY, &early, &late);
	if (trace(&d) < 0)
		return;
	CHECK_STR(d.wrong, "a new thumbprint stands beside an old token");
}

static const struct sts_test tests[] = {
	{"the power is cut, with a journal", test_in_order},
	{"the power is cut, in any order", test_any_order},
	{"the power is cut in many writes", test_many},
	{"a power cut shows that a sync is missing", test_without_sync},
};

int main(void)
{
	return tree_main(110, tests, sizeof(tests) / sizeof(tests[0]));
}
