/* SPDX-License-Identifier: Apache-2.0 */
/* The process that gets a document. The linker puts the functions of this file in the place of
 * those that connect and confine: each notes that it was called, and may fail. */
#include "worker/document.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "sandbox/harden.h"
#include "test.h"
#include "worker/connection.h"

enum step { NONE, START, FILES, CONFINE, OPEN, HANDSHAKE, WRITE, ANSWER, READ };

static struct {
	enum step fails;
	const char *answer, *words; /* of the step that fails */
	bool cannot_fork, require;
	int killed_by;
} planted;

static struct sts_document document;
static struct sts_error e;

/* In the process. A step that is out of order, or after one that has failed, ends it. */
static enum step last;

static enum sts_err step(enum step step, struct sts_error *error)
{
	if (step != last + 1 || (planted.fails != NONE && last == planted.fails))
		_exit(80 + (int)step);
	last = step;
	return step == planted.fails ? sts_fail(error, STS_EHTTP, 7, "%s", planted.words) : STS_OK;
}

pid_t __real__Fork(void);
pid_t __wrap__Fork(void);
pid_t __wrap__Fork(void)
{
	pid_t pid;

	if (planted.cannot_fork) {
		errno = EAGAIN;
		return -1;
	}
	fflush(stdout);
	pid = __real__Fork();
	if (pid == 0 && planted.killed_by) {
		raise(planted.killed_by);
		_exit(planted.killed_by);
	}
	return pid;
}

void __wrap_sts_harden_worker(bool from_stdin, bool to_stdout);
void __wrap_sts_harden_worker(bool from_stdin, bool to_stdout)
{
	if (from_stdin || to_stdout)
		_exit(70);
}

enum sts_err __wrap_sts_sandbox_enter(enum sts_sandbox_stage stage,
				      const struct sts_sandbox_target *target, bool require,
				      struct sts_error *error);
enum sts_err __wrap_sts_sandbox_enter(enum sts_sandbox_stage stage,
				      const struct sts_sandbox_target *target, bool require,
				      struct sts_error *error)
{
	if (stage != STS_SANDBOX_START || target || require != planted.require)
		_exit(71);
	return step(START, error);
}

enum sts_err __wrap_sts_sandbox_confine(struct sts_landlock *l, bool require,
					struct sts_error *error);
enum sts_err __wrap_sts_sandbox_confine(struct sts_landlock *l, bool require,
					struct sts_error *error)
{
	(void)l;
	if (require != planted.require)
		_exit(72);
	return step(CONFINE, error);
}

void __wrap_sts_landlock_init(struct sts_landlock *l, bool alone);
void __wrap_sts_landlock_init(struct sts_landlock *l, bool alone)
{
	if (!alone)
		_exit(73);
	*l = (struct sts_landlock){-1, 0};
}

void __wrap_sts_connection_allow(const struct sts_connection *c, struct sts_landlock *l);
void __wrap_sts_connection_allow(const struct sts_connection *c, struct sts_landlock *l)
{
	(void)c;
	(void)l;
}

void __wrap_sts_connection_init(struct sts_connection *c, const struct sts_options *o,
				const struct sts_fields *f, int64_t deadline_boot_ms);
void __wrap_sts_connection_init(struct sts_connection *c, const struct sts_options *o,
				const struct sts_fields *f, int64_t deadline_boot_ms)
{
	(void)c;
	(void)o;
	(void)f;
	if (deadline_boot_ms <= sts_clock_boot_ms())
		_exit(74);
}

enum sts_err __wrap_sts_connection_read_files(struct sts_connection *c, uint64_t *cas_identity,
					      struct sts_error *error);
enum sts_err __wrap_sts_connection_read_files(struct sts_connection *c, uint64_t *cas_identity,
					      struct sts_error *error)
{
	(void)c;
	*cas_identity = 0;
	return step(FILES, error);
}

enum sts_err __wrap_sts_connection_open(struct sts_connection *c, struct sts_error *error);
enum sts_err __wrap_sts_connection_open(struct sts_connection *c, struct sts_error *error)
{
	(void)c;
	return step(OPEN, error);
}

enum sts_err __wrap_sts_connection_handshake(struct sts_connection *c, struct sts_error *error);
enum sts_err __wrap_sts_connection_handshake(struct sts_connection *c, struct sts_error *error)
{
	(void)c;
	return step(HANDSHAKE, error);
}

enum sts_err __wrap_sts_stream_write(struct sts_stream *t, const void *data, size_t len,
				     struct sts_error *error);
enum sts_err __wrap_sts_stream_write(struct sts_stream *t, const void *data, size_t len,
				     struct sts_error *error)
{
	static const char begin[] = "GET /keys?v=1 HTTP/1.1\r\nHost: sts.example:8443\r\n";

	(void)t;
	if (len < sizeof(begin) || memcmp(data, begin, sizeof(begin) - 1) != 0)
		_exit(75);
	return step(WRITE, error);
}

enum sts_err __wrap_sts_connection_read_answer(struct sts_connection *c,
					       struct sts_http_response *http,
					       struct sts_error *error);
enum sts_err __wrap_sts_connection_read_answer(struct sts_connection *c,
					       struct sts_http_response *http,
					       struct sts_error *error)
{
	size_t used;
	enum sts_err err = step(ANSWER, error);

	(void)c;
	return err == STS_OK ? sts_http_response_feed(http, planted.answer, strlen(planted.answer),
						      &used, error)
			     : err;
}

static enum sts_err read_body(char *body, size_t len, struct sts_document *found,
			      struct sts_error *error)
{
	enum sts_err err = step(READ, error);

	snprintf(found->text, sizeof(found->text), "%.*s", (int)len, body);
	/* What was sent may have taken over the process, which then writes any bytes here. */
	if (err != STS_OK)
		snprintf(error->msg, sizeof(error->msg), "%s", planted.words);
	return err;
}

static enum sts_err get(void)
{
	static struct sts_options o;

	o.require_sandbox = planted.require;
	memset(&e, 0, sizeof(e));
	memset(&document, 0, sizeof(document));
	return sts_document_get(&o, "https://sts.example:8443/keys?v=1",
				sts_clock_boot_ms() + 20000, read_body, &document, &e);
}

static void begin(void)
{
	memset(&planted, 0, sizeof(planted));
	planted.answer = "HTTP/1.1 200 OK\r\nDate: Mon, 12 Jan 2026 15:52:37 GMT\r\n"
			 "Content-Length: 4\r\n\r\nkeys";
	planted.words = "planted";
}

static void check_no_child(void)
{
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void test_a_document(void)
{
	begin();
	CHECK_INT(get(), STS_OK);
	CHECK_STR(document.text, "keys");
	CHECK_INT(document.date_s, 1768233157);
	check_no_child();
	planted.require = true;
	planted.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	CHECK_INT(get(), STS_OK);
	CHECK_STR(document.text, "");
	CHECK_INT(document.date_s, -1);
}

/* Each step may fail. Nothing is done after it, and its words arrive. */
static void test_failures(void)
{
	for (int i = START; i <= READ; i++) {
		begin();
		planted.fails = (enum step)i;
		CHECK_INT(get(), STS_EHTTP);
		CHECK_STR(e.msg, "planted");
		CHECK_INT(e.detail, 7);
		check_no_child();
	}
	/* What a server has sent does not reach the terminal. */
	begin();
	planted.fails = READ;
	planted.words = "bad\x1b[2Jkey\n\x7f\xc3\xa9.";
	CHECK_INT(get(), STS_EHTTP);
	CHECK_STR(e.msg, "bad?[2Jkey????.");
}

static void test_statuses(void)
{
	static const struct {
		const char *status;
		enum sts_err err;
		int detail;
	} rows[] = {{"301 x", STS_EREDIRECT, 301}, {"308 x", STS_EREDIRECT, 308},
		    {"404 x", STS_ENOTFOUND, 404}, {"429 x", STS_EBUSY, 429},
		    {"503 x", STS_EBUSY, 503},     {"403 x", STS_ESTATUS, 403},
		    {"201 x", STS_ESTATUS, 201}};
	char answer[64], msg[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		snprintf(answer, sizeof(answer), "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n",
			 rows[i].status);
		snprintf(msg, sizeof(msg), "the answer is %d", rows[i].detail);
		planted.answer = answer;
		CHECK_INT(get(), rows[i].err);
		CHECK_INT(e.detail, rows[i].detail);
		CHECK_STR(e.msg, msg);
		CHECK_STR(document.text, ""); /* it is not read */
	}
}

static void test_a_process_that_ends(void)
{
	begin();
	planted.killed_by = SIGALRM;
	CHECK_INT(get(), STS_ETIMEOUT);
	CHECK_INT(e.detail, STS_TIMEOUT_HERE);
	CHECK_STR(e.msg, "time ran out while the CA files were read");
	planted.killed_by = SIGKILL;
	CHECK_INT(get(), STS_EWORKER);
	CHECK_STR(e.msg, "the process of the connection failed");
	check_no_child();
	begin();
	planted.cannot_fork = true;
	CHECK_INT(get(), STS_EFORK);
	CHECK_INT(e.detail, EAGAIN);
}

static const struct sts_test tests[] = {
	{"a document", test_a_document},
	{"failures", test_failures},
	{"statuses", test_statuses},
	{"a process that ends", test_a_process_that_ends},
};
STS_TEST_MAIN(tests)
