/* SPDX-License-Identifier: Apache-2.0 */
#include "token/subject.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base64url.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW      1768233600

static char buf[STS_SUBJECT_MAX_BYTES + 1], scratch[STS_SUBJECT_MAX_BYTES + 1];
static struct sts_subject subject;
static struct sts_error error;

static enum sts_err check(const char *data, size_t len)
{
	memset(&error, 0, sizeof(error));
	return sts_subject_check((struct sts_slice){data, len}, NOW, scratch, sizeof(scratch),
				 &subject, &error);
}

static enum sts_err check_z(const char *z)
{
	return check(z, strlen(z));
}

/* {"alg":"none"} and {"exp":EXP} */
static const char *jwt(long long exp_s)
{
	static char token[256];
	char claims[64];
	struct sts_text text;

	sts_text_init(&text, token, sizeof(token));
	sts_text_add_str(&text, "eyJhbGciOiJub25lIn0.");
	base64url_encode(&text, claims,
			 (size_t)snprintf(claims, sizeof(claims), "{\"exp\":%lld}", exp_s));
	sts_text_add_char(&text, '.');
	return token;
}

static void opaque(void)
{
	CHECK_INT(check_z(" \r\n\tabc\v\f\n"), STS_OK);
	CHECK(sts_slice_eq(subject.token, "abc"));
	CHECK_INT(subject.exp_s, -1);
	CHECK_INT(check_z("AZaz09._~+/=-"), STS_OK);
	CHECK_INT(check_z("a.b.c"), STS_OK);                    /* as a JWT it cannot be read */
	CHECK_INT(check_z("eyJhbGciOiJub25lIn0.W10."), STS_OK); /* claims are a list */
	CHECK_INT(check_z("a.b.c.d.e"), STS_OK);                /* encrypted */
	CHECK_INT(subject.exp_s, -1);
}

/* Who knows the id for one STS, as it stands in .status, does not know it for another one. */
static void the_id_stands_for_the_token_and_the_sts(void)
{
	/* of "abc" and the STSs 1 and 2 */
	static const uint8_t ids[2][STS_SUBJECT_ID_BYTES] = {
		{0xb0, 0x21, 0x82, 0xb7, 0xd6, 0x83, 0xe5, 0x92},
		{0x0c, 0x26, 0x38, 0xf9, 0xe0, 0x60, 0x21, 0x04}};

	for (uint64_t i = 0; i < 2; i++) {
		CHECK_INT(check_z("abc\n"), STS_OK);
		sts_subject_identify(&subject, i + 1);
		CHECK(memcmp(subject.id, ids[i], sizeof(ids[i])) == 0);
	}
}

static void expiry(void)
{
	CHECK_INT(check_z(jwt(NOW + 1)), STS_OK);
	CHECK_INT(subject.exp_s, NOW + 1);
	CHECK_INT(check_z(jwt(NOW)), STS_ESUBJECT_EXPIRED);
	CHECK_INT(subject.exp_s, NOW);
	CHECK_INT(check_z(jwt(NOW - 182)), STS_ESUBJECT_EXPIRED);
	CHECK_STR(error.msg, "the subject token expired at 2026-01-12T15:56:58Z, 3 min 2 s ago");
	CHECK_INT(check_z(jwt(0)), STS_ESUBJECT_EXPIRED);
	/* Libraries that are lenient go by these exps, too: "exp":"1", and base64 with padding. */
	CHECK_INT(check_z("eyJhbGciOiJub25lIn0.eyJleHAiOiIxIn0."), STS_ESUBJECT_EXPIRED);
	CHECK_INT(subject.exp_s, 1);
	CHECK_INT(check_z("e30=.eyJleHAiOjEsIm4iOiIifQ==.c2ln"), STS_ESUBJECT_EXPIRED);
	CHECK_INT(check_z("e30.eyJleHAiOnRydWV9.c2ln"), STS_OK); /* "exp":true: the STS decides */
	CHECK_INT(subject.exp_s, -1);
}

static void malformed(void)
{
	static const struct {
		struct sts_slice bytes;
		const char *says;
	} rows[] = {
		{STS_SLICE(""), "the subject token is empty"},
		{STS_SLICE(" \r\n\t"), "the subject token is empty"},
		{STS_SLICE("s3cret\r\nX: s3cret"),
		 "the subject token has a line break inside, at byte 6"},
		{STS_SLICE("\n\ns3cret\ns3cret\n"),
		 "the subject token has a line break inside, at byte 8"},
		{STS_SLICE("s3 cret"), "the subject token has a byte that no token has, at byte 2"},
		{STS_SLICE("s3cret\0"),
		 "the subject token has a byte that no token has, at byte 6"},
		{STS_SLICE("\0s3cret"),
		 "the subject token has a byte that no token has, at byte 0"},
		{STS_SLICE("\xef\xbb\xbfs3cret"),
		 "the subject token has a byte that no token has, at byte 0"},
		{STS_SLICE("s3cret\xc3\xa9"),
		 "the subject token has a byte that no token has, at byte 6"},
		{STS_SLICE("s3cret,"), "the subject token has a byte that no token has, at byte 6"},
		{STS_SLICE("s3cret\""),
		 "the subject token has a byte that no token has, at byte 6"},
		{STS_SLICE("s3cret%41"),
		 "the subject token has a byte that no token has, at byte 6"},
		{STS_SLICE("s3cret\x7f"),
		 "the subject token has a byte that no token has, at byte 6"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(check(rows[i].bytes.data, rows[i].bytes.len), STS_ESUBJECT_MALFORMED);
		CHECK_STR(error.msg, rows[i].says);
		CHECK(!strstr(error.msg, "s3"));
	}
}

static void size(void)
{
	static char big[STS_SUBJECT_MAX_BYTES + 3];

	memset(big, 'a', sizeof(big));
	CHECK_INT(check(big, STS_SUBJECT_MAX_BYTES), STS_OK);
	CHECK_INT(check(big, STS_SUBJECT_MAX_BYTES + 1), STS_ESUBJECT_TOOBIG);
	CHECK(strstr(error.msg, "64 KiB"));
	big[0] = big[STS_SUBJECT_MAX_BYTES + 1] = '\n';
	CHECK_INT(check(big, STS_SUBJECT_MAX_BYTES + 2), STS_OK);
	/* A JWT that is too big to be decoded counts as opaque. */
	CHECK_INT(sts_subject_check(sts_slice_of(jwt(1)), NOW, scratch, 8, &subject, &error),
		  STS_OK);
}

/* ---- files ---- */

static char dir[] = "/tmp/sts-test-subject-XXXXXX";

static void put(const char *name, const char *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0);
}

static enum sts_err read_path(const char *path)
{
	memset(&error, 0, sizeof(error));
	return sts_subject_read(path, NOW, buf, sizeof(buf), scratch, sizeof(scratch), &subject,
				&error);
}

static void files(void)
{
	static char big[STS_SUBJECT_MAX_BYTES + 2];

	put("token", "abc\n", 4);
	CHECK_INT(read_path("token"), STS_OK);
	CHECK(sts_slice_eq(subject.token, "abc"));
	CHECK_INT(subject.read_bytes, 4);

	/* The files lie as the kubelet lays them out. */
	CHECK(mkdir("..1", 0700) == 0 && symlink("..1", "..data") == 0 &&
	      symlink("..data/t", "t") == 0);
	put("..1/t", "def", 3);
	CHECK_INT(read_path("t"), STS_OK);
	CHECK(sts_slice_eq(subject.token, "def"));

	CHECK_INT(read_path("missing"), STS_ESUBJECT_MISSING);
	CHECK_STR(error.msg, "there is no subject token at missing: no such file");
	CHECK_INT(subject.read_bytes, sizeof(buf)); /* it is not known */
	CHECK_INT(read_path("token/x"), STS_ESUBJECT_MISSING);
	CHECK_INT(read_path("..1"), STS_ESUBJECT_UNREADABLE);
	CHECK_STR(error.msg, "cannot read the subject token ..1: it is a directory");
	CHECK(mkfifo("fifo", 0600) == 0);
	CHECK_INT(read_path("fifo"), STS_ESUBJECT_UNREADABLE);
	CHECK_INT(read_path("/dev/zero"), STS_ESUBJECT_UNREADABLE);
	CHECK_INT(read_path("evil\033[2J"), STS_ESUBJECT_MISSING);
	CHECK(strstr(error.msg, "evil\\x1B[2J"));

	memset(big, 'a', sizeof(big));
	put("big", big, STS_SUBJECT_MAX_BYTES);
	CHECK_INT(read_path("big"), STS_OK);
	put("big", big, STS_SUBJECT_MAX_BYTES + 1);
	CHECK_INT(read_path("big"), STS_ESUBJECT_TOOBIG);
	put("big", big, STS_SUBJECT_MAX_BYTES + 2);
	CHECK_INT(read_path("big"), STS_ESUBJECT_TOOBIG);
	CHECK_INT(subject.read_bytes, sizeof(buf));
	CHECK(strstr(error.msg, "64 KiB"));
	put("token", "", 0);
	CHECK_INT(read_path("token"), STS_ESUBJECT_MALFORMED);
	CHECK_STR(error.msg, "the subject token token is empty");
}

/* A token that had expired when its file was written tells of a clock that is ahead. */
static void written_late(void)
{
	static const struct {
		int64_t after_exp_s;
		bool tells;
	} rows[] = {
		{-1, false}, {0, true}, {1200, true}, {24 * 3600, true}, {24 * 3600 + 1, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct timespec times[2] = {{.tv_sec = NOW},
					    {.tv_sec = NOW - 60 + rows[i].after_exp_s}};

		put("expired", jwt(NOW - 60), strlen(jwt(NOW - 60)));
		CHECK(utimensat(AT_FDCWD, "expired", times, 0) == 0);
		CHECK_INT(read_path("expired"), STS_ESUBJECT_EXPIRED);
		CHECK_STR(error.msg,
			  rows[i].tells
				  ? "the subject token expired expired at 2026-01-12T15:59:00Z, 1 "
				    "min ago, but was written after that: the node's clock may be "
				    "ahead, or this is an old copy"
				  : "the subject token expired expired at 2026-01-12T15:59:00Z, 1 "
				    "min ago");
	}
}

/* The file appears within the 50 ms before the second look. */
static void swapped(void)
{
	pid_t child = fork();

	if (child == 0) {
		usleep(10000);
		put("late", "late", 4);
		_exit(0);
	}
	CHECK_INT(read_path("late"), STS_OK);
	CHECK(sts_slice_eq(subject.token, "late"));
	CHECK(waitpid(child, NULL, 0) == child);
}

static void unreadable(void)
{
	char want[STS_ERROR_TEXT_MAX_BYTES];
	int status = 0;

	/* The UID and the GID are those with which the program was started. */
	snprintf(want, sizeof(want),
		 "cannot read the subject token private: permission denied: mode 0640, owner 0, "
		 "group 0, and this process is UID %u, GID %u",
		 (unsigned)geteuid(), (unsigned)getegid());

	put("private", "abc", 3);
	CHECK(chmod("private", 0640) == 0);
	if (geteuid() != 0) {
		CHECK(chmod("private", 0) == 0);
		CHECK_INT(read_path("private"), STS_ESUBJECT_UNREADABLE);
		return;
	}
	CHECK(chmod(".", 0755) == 0);
	pid_t child = fork();
	if (child == 0) {
		if (setgroups(0, NULL) != 0 || setgid(65533) != 0 || setuid(65532) != 0)
			_exit(2);
		_exit(read_path("private") != STS_ESUBJECT_UNREADABLE ||
		      strcmp(error.msg, want) != 0);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
}

static void standard_input(void)
{
	int saved = dup(STDIN_FILENO), pipe_fd[2];
	static char big[STS_SUBJECT_MAX_BYTES + 2];

	CHECK(pipe(pipe_fd) == 0 && dup2(pipe_fd[0], STDIN_FILENO) == STDIN_FILENO);
	CHECK(write(pipe_fd[1], "from-in", 7) == 7);
	pid_t child = fork();
	if (child == 0) {
		usleep(10000);
		_exit(write(pipe_fd[1], "put\n", 4) != 4);
	}
	close(pipe_fd[1]);
	CHECK_INT(read_path("-"), STS_OK);
	CHECK(sts_slice_eq(subject.token, "from-input"));
	CHECK(waitpid(child, NULL, 0) == child);
	close(pipe_fd[0]);

	memset(big, 'a', sizeof(big));
	put("big", big, STS_SUBJECT_MAX_BYTES + 1);
	int file = open("big", O_RDONLY);
	CHECK(dup2(file, STDIN_FILENO) == STDIN_FILENO);
	CHECK_INT(read_path("-"), STS_ESUBJECT_TOOBIG);
	CHECK(lseek(file, 1, SEEK_SET) == 1);
	CHECK_INT(read_path("-"), STS_OK);
	CHECK_INT(subject.token.len, STS_SUBJECT_MAX_BYTES);
	close(file);
	CHECK(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
	close(saved);
}

static void setup(void)
{
	sts_test_enter_folder(dir);
}

static void cleanup(void)
{
	static const char *const names[] = {"token", "..1/t", "..data",  "t",      "fifo",
					    "big",   "late",  "private", "expired"};

	for (size_t i = 0; i < COUNT(names); i++)
		unlink(names[i]);
	CHECK(rmdir("..1") == 0 && chdir("/") == 0 && rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"an opaque token is taken", opaque},
	{"the id stands for the token and the STS", the_id_stands_for_the_token_and_the_sts},
	{"an expired token is refused", expiry},
	{"the message about a malformed token says where, and not what", malformed},
	{"tokens of up to 64 KiB", size},
	{"a directory of its own", setup},
	{"files that are read, and files that are not", files},
	{"a token that had expired when it was written", written_late},
	{"a file that is swapped", swapped},
	{"the message about an unreadable file has its mode, its owner and the UID", unreadable},
	{"a token is read from standard input", standard_input},
	{"nothing is left in memory", cleanup},
};

STS_TEST_MAIN(tests)
