/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timefmt.h"
#include "http_messages/request.h"
#include "sandbox/harden.h"
#include "version.h"
#include "wire/job.h"
#include "worker/connection.h"

/* The process is ended this long after the deadline, if it waits for a file system. Otherwise it
 * has reported before. */
#define ALARM_LATER_MS 1000

/* All data of the process. Other processes never touch this variable, so it costs no memory. */
static struct {
	struct sts_fields fields; /* set before the process is made */
	struct sts_connection connection;
	struct sts_http_response http;
	uint64_t ignored;
	char request[STS_URL_MAX_BYTES + STS_HOST_MAX_BYTES + 256];
	char head[STS_HTTP_HEAD_MAX_BYTES];
	char body[STS_DOCUMENT_MAX_BYTES];
} d;

/* Cut the process off from the terminal, and bound its life. The functions that say which file is
 * looked at write to the descriptor of a worker, which is /dev/null here. */
static void become(int64_t deadline_boot_ms)
{
	int64_t left_ms = sts_clock_left_ms(deadline_boot_ms) + ALARM_LATER_MS;
	struct itimerval timer = {.it_value = {left_ms / 1000, left_ms % 1000 * 1000}};
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nothing >= 0 && nothing != STS_INHERITED_FD)
		dup2(nothing, STS_INHERITED_FD);
	sts_harden_worker(false, false);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static enum sts_err confine(bool require, struct sts_error *e)
{
	struct sts_landlock l;

	sts_landlock_init(&l, true);
	sts_connection_allow(&d.connection, &l);
	return sts_sandbox_confine(&l, require, e);
}

static enum sts_err judge_status(int status, struct sts_error *e)
{
	return status == 200 ? STS_OK
			     : sts_fail(e,
					status / 100 == 3                    ? STS_EREDIRECT
					: status == 429 || status / 100 == 5 ? STS_EBUSY
					: status == 404                      ? STS_ENOTFOUND
									     : STS_ESTATUS,
					status, "the answer is %d", status);
}

static enum sts_err connect_and_ask(bool require, struct sts_error *e)
{
	const struct sts_url *url = &d.fields.url;
	struct sts_text head;
	enum sts_err err = sts_sandbox_enter(STS_SANDBOX_START, NULL, require, e);

	if (err == STS_OK)
		err = sts_connection_read_files(&d.connection, &d.ignored, e);
	if (err == STS_OK)
		err = confine(require, e);
	if (err == STS_OK)
		err = sts_connection_open(&d.connection, e);
	if (err == STS_OK)
		err = sts_connection_handshake(&d.connection, e);
	if (err != STS_OK)
		return err;
	sts_text_init(&head, d.request, sizeof(d.request));
	/* A kube-apiserver gives its keys as application/jwk-set+json, and 406 to those who want
	 * only application/json. */
	sts_http_request_start(&head, "GET", url->authority, url->target, d.fields.request.agent,
			       "*/*");
	sts_http_request_end(&head, NULL, 0);
	sts_http_response_init(&d.http, d.head, sizeof(d.head), d.body, sizeof(d.body));
	err = sts_stream_write(&d.connection.stream, head.data, head.len, e);
	if (err == STS_OK)
		err = sts_connection_read_answer(&d.connection, &d.http, e);
	return err == STS_OK ? judge_status(d.http.head.status, e) : err;
}

/* Wait for the end of the process, and read what it has found. */
static enum sts_err result(pid_t pid, struct sts_document *found, struct sts_error *e)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == SIGALRM)
		return sts_fail(e, STS_ETIMEOUT, STS_TIMEOUT_HERE,
				"time ran out while the CA files were read");
	if (status != 0)
		return sts_fail(e, STS_EWORKER, status, "the process of the connection failed");
	found->text[sizeof(found->text) - 1] = '\0';
	*e = found->error;
	e->msg[sizeof(e->msg) - 1] = '\0';
	for (char *c = e->msg; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return e->code;
}

enum sts_err sts_document_get(const struct sts_options *o, const char *url,
			      int64_t deadline_boot_ms, sts_document_reader *read,
			      struct sts_document *document, struct sts_error *e)
{
	struct sts_document *found;
	struct sts_error *why;
	enum sts_err err = sts_fields_get(o, &d.fields, sts_slice_of(url), e);
	pid_t pid;

	if (err != STS_OK)
		return err;
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	pid = found == MAP_FAILED ? -1 : _Fork();
	if (pid < 0)
		return sts_fail(e, STS_EFORK, errno, "no process for the connection");
	if (pid == 0) {
		why = &found->error;
		become(deadline_boot_ms);
		sts_connection_init(&d.connection, o, &d.fields, deadline_boot_ms);
		err = connect_and_ask(o->require_sandbox, why);
		if (!sts_httpdate_parse(d.http.head.date, &found->date_s))
			found->date_s = -1;
		if (err == STS_OK)
			err = read(d.body, d.http.body_len, found, why);
		found->error.code = err;
		_exit(0);
	}
	err = result(pid, found, e);
	*document = *found;
	munmap(found, sizeof(*found));
	return err;
}
