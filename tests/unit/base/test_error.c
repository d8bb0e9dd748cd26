/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_name(const char *z)
{
	return *z && strspn(z, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(z);
}

/* The text is a clause that stands in a longer line. It has no period, no line break, and no space
 * at either end. */
static bool is_clause(const char *z)
{
	size_t len = strlen(z);

	if (len == 0 || len > 160 || z[0] == ' ' || strchr(" .;,", z[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (z[i] < ' ' || z[i] > '~')
			return false;
	return true;
}

static void test_rows(void)
{
	for (int code = 0; code < STS_ERR__COUNT; code++) {
		const struct sts_error_info info = sts_error_info((enum sts_err)code);

		const char *hint = sts_error_hint((enum sts_err)code, 0);

		if (!info.name || !sts_error_meaning((enum sts_err)code) || !hint) {
			CHECK_INT(code, -1);
			continue;
		}
		CHECK(is_name(info.name));
		if (!is_clause(sts_error_meaning((enum sts_err)code)) || !is_clause(hint))
			CHECK_STR(info.name, "a row with two clauses");
		for (int other = 0; other < code; other++) {
			const char *name = sts_error_info((enum sts_err)other).name;

			CHECK(!name || strcmp(name, info.name) != 0);
		}
	}
}

static void test_out_of_range(void)
{
	CHECK_STR(sts_error_info(STS_ERR__COUNT).name, sts_error_info(STS_EBUG).name);
	CHECK_STR(sts_error_info((enum sts_err) - 1).name, sts_error_info(STS_EBUG).name);
	CHECK_STR(sts_error_info((enum sts_err)100000).name, sts_error_info(STS_EBUG).name);
}

/* The exit status of each code is written down here a second time. The codes follow each other in
 * the enumeration as their classes do. */
static void test_exit_statuses(void)
{
	static const struct {
		enum sts_err first, last;
		enum sts_exit exit_status;
	} classes[] = {
		{STS_OK, STS_OK, STS_EXIT_OK},
		{STS_EAGAIN, STS_EAGAIN, STS_EXIT_BUG},
		{STS_EUSAGE, STS_EURL, STS_EXIT_USAGE},
		{STS_ESUBJECT_MISSING, STS_EINPUT, STS_EXIT_SUBJECT},
		{STS_EHOST, STS_ECERT_LIMIT, STS_EXIT_NETWORK},
		{STS_EHTTP, STS_EHTTP, STS_EXIT_ANSWER},
		{STS_ETRUNCATED, STS_ETRUNCATED, STS_EXIT_TRANSIENT},
		{STS_ETOOBIG, STS_EEXPECT, STS_EXIT_ANSWER},
		{STS_EBUSY, STS_EBUSY, STS_EXIT_TRANSIENT},
		{STS_EUNAUTHORIZED, STS_EEARLY, STS_EXIT_DENIED},
		{STS_ENOTFOUND, STS_EREQUEST_TOOBIG, STS_EXIT_ANSWER},
		{STS_EOUTPUT, STS_ELOCKED, STS_EXIT_OUTPUT},
		{STS_ETIMEOUT, STS_EPORT, STS_EXIT_TRANSIENT},
		{STS_ESANDBOX, STS_ESANDBOX, STS_EXIT_SANDBOX},
		{STS_EWORKER, STS_EBUG, STS_EXIT_BUG},
	};
	int code = 0;

	for (size_t i = 0; i < COUNT(classes); i++) {
		CHECK_INT(classes[i].first, code);
		for (; code <= (int)classes[i].last; code++) {
			const struct sts_error_info info = sts_error_info((enum sts_err)code);

			if (info.exit_status != classes[i].exit_status)
				printf("# %s\n", info.name);
			CHECK_INT(info.exit_status, classes[i].exit_status);
		}
	}
	CHECK_INT(code, STS_ERR__COUNT);
}

/* `fetch` goes on after a transient error, and after 401 and 404, which a rollout may cause for a
 * while. */
static void test_retries(void)
{
	for (int code = 0; code < STS_ERR__COUNT; code++) {
		const struct sts_error_info info = sts_error_info((enum sts_err)code);
		bool transient = info.retry == STS_RETRY_SOON || code == STS_EUNAUTHORIZED ||
				 code == STS_ENOTFOUND;

		if (info.fetch_retries != transient)
			printf("# %s\n", info.name);
		CHECK(info.fetch_retries == transient);
		CHECK(info.exit_status != STS_EXIT_TRANSIENT || info.retry == STS_RETRY_SOON ||
		      code == STS_ESTOPPED);
		CHECK((info.retry == STS_RETRY_NEVER) == (code == STS_OK || code == STS_ESTOPPED ||
							  info.exit_status == STS_EXIT_USAGE));
	}
	for (int code = STS_ECA_FILE; code <= STS_ECERT_LIMIT; code++)
		CHECK_INT(sts_error_info((enum sts_err)code).retry, STS_RETRY_SLOW);
}

static void test_fail(void)
{
	struct sts_error e = {.code = STS_EBUG, .detail = 1, .msg = "old"};
	char lng[2 * STS_ERROR_TEXT_MAX_BYTES];

	CHECK_INT(sts_fail(NULL, STS_EJSON, 7, "%s", "x"), STS_EJSON);
	CHECK_INT(sts_fail(&e, STS_EJSON, 7, "%s at byte %d", "bad", 12), STS_EJSON);
	CHECK_INT(e.code, STS_EJSON);
	CHECK_INT(e.detail, 7);
	CHECK_STR(e.msg, "bad at byte 12");
	memset(lng, 'a', sizeof(lng) - 1);
	lng[sizeof(lng) - 1] = '\0';
	CHECK_INT(sts_fail(&e, STS_EHTTP, 0, "%s", lng), STS_EHTTP);
	CHECK_INT(strlen(e.msg), STS_ERROR_TEXT_MAX_BYTES - 1);
}

/* A token that somebody gave in place of a path is in no message, nor is the beginning of it. */
static void test_fail_token(void)
{
	static const struct {
		const char *path, *msg;
	} rows[] = {
		{"eyJhbGciOiJub25lIn0.e30.c2ln", "no file (a token)!"},
		{"eyJhbGciOiJub25lIn0.e30...", "no file (a token)!"},
		{"./eyJhbGciOiJub25l /eyJhbGciOiJub25lIn0", "no file ./(a token) /(a token)!"},
		{"eyJhbGciOiJub2", "no file eyJhbGciOiJub2!"},
		{"eyJhbGciOiJub25", "no file eyJhbGciOiJub25!"},
		{"eyJhbGciOiJub25l", "no file (a token)!"},
		{"eyJ eyJ", "no file eyJ eyJ!"},
		{"/tokens/keyJ.pem", "no file /tokens/keyJ.pem!"},
	};
	struct sts_error e;
	char lng[2 * STS_ERROR_TEXT_MAX_BYTES] = "eyJ";

	for (size_t i = 0; i < COUNT(rows); i++) {
		sts_fail(&e, STS_EJSON, 0, "no file %s!", rows[i].path);
		CHECK_STR(e.msg, rows[i].msg);
	}
	memset(lng + 3, 'a', sizeof(lng) - 4);
	sts_fail(&e, STS_EJSON, 0, "%s", lng);
	CHECK_STR(e.msg, "(a token)");
}

static bool is_an_exit(enum sts_exit status)
{
	for (size_t row = 0; row < STS_EXIT__COUNT; row++)
		if (sts_exit_info(row).status == status)
			return true;
	return false;
}

static void test_exits(void)
{
	static const int statuses[] = {0, 1, 64, 65, 66, 69, 70, 71, 73, 75, 77};

	CHECK_INT(STS_EXIT__COUNT, COUNT(statuses));
	for (size_t row = 0; row < STS_EXIT__COUNT; row++) {
		CHECK_INT(sts_exit_info(row).status, statuses[row]);
		CHECK(is_clause(sts_exit_info(row).meaning));
	}
	for (int code = 0; code < STS_ERR__COUNT; code++)
		CHECK(is_an_exit(sts_error_info((enum sts_err)code).exit_status));
	CHECK_STR(sts_exit_info(0).meaning, "done; told to stop (run, exchange)");
	CHECK_STR(sts_exit_info(STS_EXIT__COUNT - 1).meaning, "the STS denied the exchange");
}

/* The texts of three rows are written down here a second time: the first row, a row that shares the
 * text of another one, and the last row. */
static void test_texts(void)
{
	struct sts_error_info info = sts_error_info(STS_OK);

	CHECK_STR(info.name, "ok");
	CHECK_STR(sts_error_meaning(STS_OK), "done");
	CHECK_STR(sts_error_hint(STS_OK, 0), "nothing to do");
	info = sts_error_info(STS_ETOKEN);
	CHECK_STR(info.name, "token");
	CHECK_STR(sts_error_meaning(STS_ETOKEN),
		  "the returned value must not be written to a file");
	info = sts_error_info(STS_EBUG);
	CHECK_STR(info.name, "bug");
	CHECK_STR(sts_error_meaning(STS_EBUG), "a bug in this program");
	CHECK_STR(sts_error_hint(STS_EBUG, 0), "report it with this line");
}

/* A detail and what its hint says; "" for the usual hint. */
struct hinted {
	int detail;
	const char *says;
};

static void check_hints(enum sts_err code, const struct hinted *cases, size_t count)
{
	char usual[256];

	snprintf(usual, sizeof(usual), "%s", sts_error_hint(code, 12345));
	for (size_t i = 0; i < count; i++) {
		const char *hint = sts_error_hint(code, cases[i].detail);
		bool is_usual = strcmp(hint, usual) == 0, wants_usual = !*cases[i].says;
		bool fits = is_usual == wants_usual && strstr(hint, cases[i].says);

		if (!fits)
			printf("# error %d, detail %d: %s\n", code, cases[i].detail, hint);
		CHECK(fits);
	}
}

#define CHECK_HINTS(code, ...) \
	check_hints(code, (const struct hinted[]){__VA_ARGS__}, \
		    COUNT(((const struct hinted[]){__VA_ARGS__})))

/* One code has several causes, and a hint must fit its cause. */
static void test_hints(void)
{
	CHECK_HINTS(STS_EOUTPUT, {EROFS, "writable emptyDir"}, {EACCES, "fsGroup to"},
		    {EPERM, "fsGroup to"}, {ENOSPC, "sizeLimit"}, {EDQUOT, "quota"},
		    {STS_ENOINODES, "remove files from"}, {STS_ENOTMEMBER, "supplementalGroups"},
		    {STS_EHELD, "chattr"}, {ENAMETOOLONG, "shorter path"},
		    {ENOENT, "mount an emptyDir"}, {ENOTDIR, "--output-dir"},
		    {EISDIR, "remove the directory"}, {EBUSY, "unmount"}, {EEXIST, "of its own"},
		    {EFBIG, "ulimit"}, {EIO, "repair or remount"}, {ESTALE, "repair or remount"},
		    {ENODEV, "repair or remount"}, {ENOMEM, "memory"}, {0, "start the sidecar"},
		    {EINVAL, ""});
	CHECK_HINTS(STS_EPORT, {EADDRINUSE, "no other container"}, {EACCES, "above 1023"},
		    {EADDRNOTAVAIL, "an address that the Pod has"},
		    {EAFNOSUPPORT, "an address that the Pod has"}, {EMFILE, "open files"},
		    {EIO, ""}, {0, ""});
	CHECK_HINTS(STS_ESUBJECT_UNREADABLE, {EACCES, "fsGroup"}, {ESPIPE, "--token-file"},
		    {EIO, "repair or remount"}, {EAGAIN, "wait"}, {EINVAL, ""});
	CHECK_HINTS(STS_EINPUT, {0, ""}, {ENOENT, "mount"}, {EACCES, "readable"},
		    {EISDIR, "the file itself"}, {EFBIG, "one value"}, {EAGAIN, "wait"},
		    {ENOTCONN, "repair or remount"});
	CHECK_HINTS(STS_ECA_FILE, {0, ""}, {ENOENT, ""}, {EACCES, "readable"},
		    {E2BIG, "only the CA"}, {EFBIG, "only the CA"});
	CHECK_HINTS(STS_EDNS, {0, ""}, {EACCES, "readable for"}, {EISDIR, "resolv.conf"},
		    {EIO, "repair or remount"});
	CHECK_HINTS(STS_ECONNECT, {ECONNREFUSED, ""}, {EHOSTUNREACH, "routes to it"},
		    {ENETUNREACH, "routes"}, {EPERM, "firewall"}, {EINVAL, "the address"},
		    {ENOBUFS, "memory"});
	CHECK_HINTS(STS_EBUSY, {503, ""}, {429, "limit of requests"}, {507, "storage"});
	CHECK_HINTS(STS_EREDIRECT, {301, ""}, {302, "browsers"}, {307, ""});
	CHECK_HINTS(STS_EPROXY_REFUSED, {403, ""}, {407, "password"}, {302, "portal"},
		    {405, "CONNECT"});
	CHECK_HINTS(STS_ESUBJECT_MISSING, {ENOENT, ""}, {ENOTDIR, "the file of the token"});
	CHECK_HINTS(STS_EREFUSED, {400, ""}, {404, "path"}, {405, "another method"});
	CHECK_HINTS(STS_EREQUEST_TOOBIG, {413, ""}, {0, "shorter parameters"});
	CHECK_HINTS(STS_ESTDOUT, {EPIPE, ""}, {ETIMEDOUT, ""}, {ENOSPC, "free space"},
		    {EBADF, "redirect"}, {EIO, "repair or remount"});
	CHECK_HINTS(STS_EUSAGE, {0, ""}, {1, ""}, {STS_USAGE_PARAMETER, "protocols NAME"},
		    {STS_USAGE_FILE, "mount the file"});
	CHECK_HINTS(STS_ETIMEOUT, {0, ""}, {STS_TIMEOUT_HERE, "load of the node"});
	CHECK_HINTS(STS_EFORK, {EAGAIN, ""}, {ENOMEM, ""}, {EPERM, "seccomp"}, {0, "still there"});
	CHECK_HINTS(STS_EFILES, {EMFILE, "container"}, {ENFILE, "file-max"});
	/* The same numbers of an error that has no such row, and numbers that are none. */
	CHECK_HINTS(STS_EURL, {STS_USAGE_PARAMETER, ""}, {0, ""});
	CHECK_HINTS(STS_EDENIED, {429, ""}, {0, ""}, {-1, ""}, {65535, ""}, {65536 + EIO, ""});
	CHECK_HINTS(STS_EOUTPUT, {65535, ""}, {-ENOSPC, ""}, {65536 + ENOSPC, ""});
	CHECK(sts_error_hint((enum sts_err)65535, ENOSPC) == sts_error_hint(STS_EBUG, 0));
}

/* Only where nothing is writable does a hint want a writable directory; and only a file system that
 * is full is helped by more room. */
static void test_hints_of_output(void)
{
	for (int detail = -1; detail < 1000; detail++) {
		const char *hint = sts_error_hint(STS_EOUTPUT, detail);
		bool forbidden = detail == EACCES || detail == EPERM;

		CHECK((strstr(hint, "writable emptyDir") != NULL) == (detail == EROFS));
		CHECK((strstr(hint, "fsGroup to") != NULL) == forbidden);
		CHECK((strstr(hint, "sizeLimit") != NULL) == (detail == ENOSPC));
		CHECK(is_clause(hint));
	}
}

/* What the message says chooses the hint before the detail does. */
static void test_hints_for_words(void)
{
	static const struct {
		enum sts_err code;
		int detail;
		const char *msg, *says;
	} cases[] = {
		{STS_EREFUSED, 400, "unexpected status 400: invalid_scope: no", "--scope"},
		{STS_EREFUSED, 400, "missing form parameter: Scope", "--scope"},
		{STS_EREFUSED, 400, "400: x; request: POST https://h/scopes", "--protocol"},
		{STS_EREFUSED, 400, "400: x; request: POST https://keys.example/role",
		 "--protocol"},
		{STS_EREFUSED, 400, "400; request: POST u; subject token: sub a:scope:kid",
		 "--protocol"},
		{STS_EREFUSED, 400, "400; request: POST u; subject token: it is not a JWT",
		 "mount a"},
		{STS_EREFUSED, 404, "unexpected status 404: X: unknown key", "JWKS"},
		{STS_EREFUSED, 400, "invalid_target: not for this audience", "--resource"},
		{STS_EREFUSED, 400, "token is for another audience", "projected token"},
		{STS_EREFUSED, 400, "expired (the subject token expired at 2026", "the clocks"},
		{STS_EUNAUTHORIZED, 401, "kid not found", "JWKS"},
		{STS_EUNAUTHORIZED, 401, "the kids are not found", "inspect"},
		{STS_EDENIED, 403, "kid not found", "rules"},
		{STS_EDENIED, 403, "unexpected status 403: RBAC: access denied",
		 "AuthorizationPolicy"},
		{STS_ECONNECT, ECONNREFUSED, "h: 127.0.0.1:443: connection refused", "hostAliases"},
		{STS_ECONNECT, ECONNREFUSED, "127.0.0.1:443: connection refused", "is running"},
		{STS_ECONNECT, ECONNREFUSED, "h: 127.0.0.11:443: connection refused", "is running"},
		{STS_ECLIENT_CERT, 0, "--client-key /k: the key is encrypted", "openssl pkey"},
		{STS_ECLIENT_CERT, 0, "--client-key /k: permission denied", "readable"},
		{STS_EOUTPUT, STS_EHELD, "the directory is sticky: x", "one UID"},
		{STS_EOUTPUT, STS_EHELD, "not permitted", "chattr"},
		{STS_EBUSY, 511, "unexpected status 511; request: x", "portal"},
		{STS_EDENIED, 403, "", "rules"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *hint = sts_error_hint_for(cases[i].code, cases[i].detail, cases[i].msg);

		if (!strstr(hint, cases[i].says))
			printf("# %s: %s\n", cases[i].msg, hint);
		CHECK(strstr(hint, cases[i].says));
	}
}

/* The codes of an error of trust stand together: after such an error an attempt is made as soon as
 * a file changes. */
static void test_causes(void)
{
	CHECK_INT(STS_ERR_TRUST__FIRST, STS_ECA_FILE);
	CHECK_INT(STS_ERR_TRUST__LAST, STS_ECERT_LIMIT);
	CHECK_INT(STS_ERR_PROCESS__LAST + 1, STS_ERR__COUNT);
}

/* Some errors of each gate. */
static void test_gates(void)
{
	static const struct {
		enum sts_err code;
		enum sts_gate gate;
		const char *name;
	} rows[] = {
		{STS_EUSAGE, STS_GATE_CONFIGURATION, "configuration"},
		{STS_EINPUT, STS_GATE_SUBJECT, "subject"},
		{STS_EOUTPUT, STS_GATE_OUTPUT, "output"},
		{STS_EHOST, STS_GATE_NAME, "name"},
		{STS_EDNS, STS_GATE_NAME, "name"},
		{STS_EPROXY, STS_GATE_PROXY, "proxy"},
		{STS_ECONNECT_TIME, STS_GATE_CONNECT, "connect"},
		{STS_ECLIENT_CERT, STS_GATE_TLS, "tls"},
		{STS_ECA_FILE, STS_GATE_TLS, "tls"},
		{STS_EDENIED, STS_GATE_ANSWER, "answer"},
		{STS_EWORKER, STS_GATE_SIDECAR, "sidecar"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(sts_error_info(rows[i].code).gate, rows[i].gate);
		CHECK_STR(sts_gate_name(rows[i].gate), rows[i].name);
	}
	CHECK_STR(sts_gate_name(STS_GATE_CLOCK), "clock");
}

/* A message is printable ASCII, whatever it is made of. */
static void test_every_byte(void)
{
	for (int c = 1; c < 256; c++) {
		char text[] = {'a', (char)c, 'b', '\0'}, wanted[] = {'a', '?', 'b', '\0'};
		struct sts_error e;

		if (c >= 0x20 && c <= 0x7e)
			wanted[1] = (char)c;
		sts_fail(&e, STS_EURL, 0, "%s", text);
		CHECK_STR(e.msg, wanted);
	}
}

static const struct sts_test tests[] = {
	{"every byte of a message", test_every_byte},
	{"every row is filled, and no two rows have one name", test_rows},
	{"a code that is out of range", test_out_of_range},
	{"each code has its exit status", test_exit_statuses},
	{"which errors are retried", test_retries},
	{"each exit status has words", test_exits},
	{"the texts of a row belong to its code", test_texts},
	{"the codes of one cause stand together", test_causes},
	{"the gate of an error", test_gates},
	{"a hint fits the cause", test_hints},
	{"what is said of an output that cannot be written", test_hints_of_output},
	{"the words of a message choose the hint", test_hints_for_words},
	{"sts_fail() formats and cuts the message", test_fail},
	{"sts_fail() hides tokens", test_fail_token},
};

STS_TEST_MAIN(tests)
