/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/shared_run.h"
#include "options/config.h"
#include "options/fields.h"
#include "output/outputs.h"
#include "output/store.h"
#include "protocol/sigcert.h"
#include "sandbox/harden.h"
#include "sandbox/sandbox.h"
#include "wire/findings.h"
#include "wire/handover.h"
#include "worker/adopt.h"
#include "worker/configuration.h"
#include "worker/connection.h"
#include "worker/find.h"
#include "worker/notify_job.h"
#include "worker/print_token.h"
#include "worker/reads.h"
#include "worker/report_answer.h"
#include "worker/revoke.h"
#include "worker/shown.h"
#include "worker/subject_token.h"
#include "worker/timeout.h"

/* A message with this many bytes of the subject token in a row is replaced. The peer's words alone
 * are searched for 8 bytes (protocol/secrets.h), which our own words may share by chance. */
#define SECRET_RUN_BYTES 12

/* A longer text would be taken for one that has the token. */
_Static_assert(STS_SHARED_RUN_TEXT_MAX_BYTES >= STS_ERROR_TEXT_MAX_BYTES,
	       "the longest message is searched");

#define ALARM_AGAIN_US         10000
#define REQUEST_HEAD_MAX_BYTES (STS_SUBJECT_MAX_BYTES + 96 * 1024)
#define REQUEST_BODY_MAX_BYTES (3 * STS_SUBJECT_MAX_BYTES + 96 * 1024)

/* All data of a worker. The supervisor is the same binary, but never touches this variable. So the
 * variable, which is in .bss, costs the supervisor no memory. */
static struct worker {
	const struct sts_options *o;
	const struct sts_worker_job *job;
	struct sts_options options; /* used if there is a configuration file */
	struct sts_config config;
	int64_t deadline_boot_ms;
	struct sts_report report;
	struct sts_findings findings; /* of the modes of `doctor` */
	int64_t stage_boot_ms;        /* when the present stage began; of these modes alone */
	struct sts_error error;
	struct sts_store store;
	struct sts_temps temps;
	struct sts_fields fields;
	struct sts_fields_files files;
	struct sts_subject subject;
	struct sts_connection connection;
	struct sts_http_response http;
	struct sts_answer answer;
	struct sts_url poll_url;
	int64_t sent_real_ms;
	struct sts_subject_memory memory;
	size_t request_head_bytes, request_body_bytes;
	char request_head[REQUEST_HEAD_MAX_BYTES];
	union { /* the outputs are made when the request is no longer needed */
		char request_body[REQUEST_BODY_MAX_BYTES];
		char outputs[STS_OUTPUTS_MAX_BYTES];
	};
	char head[STS_HTTP_HEAD_MAX_BYTES];
	char body[STS_HTTP_BODY_MAX_BYTES];
} w;

/* Is this a worker of `doctor`, which changes nothing on disk and reports what it found? */
static bool is_doctor(void)
{
	return w.job->mode >= STS_WORKER_DOCTOR;
}

/* ---- the report and its deadline ---- */

/* Send the report, then remove the temporary files: a disk that hangs must not hold the report up.
 * Async-signal-safe (signal-safety(7)). */
static void send_report(void)
{
	ssize_t ignored;

	if (is_doctor())
		ignored = write(STS_INHERITED_FD, &w.findings, sizeof(w.findings));
	ignored = write(STS_INHERITED_FD, &w.report, sizeof(w.report));
	(void)ignored;
	sts_store_discard(&w.store, &w.temps);
}

static void on_alarm(int signal)
{
	(void)signal;
	/* While the token is printed, the alarm only interrupts a write(2) that blocks. The report
	 * then says how much was printed. */
	if (w.o->to_stdout && w.report.stage >= STS_STAGE_WRITE && !is_doctor())
		return;
	sts_worker_timeout(&w.report, &w.connection, &w.fields, w.error.code);
	if (w.report.stage == STS_STAGE_CONNECT && is_doctor())
		sts_find_way(&w.findings, &w.connection, w.stage_boot_ms, false);
	send_report();
	_exit(0);
}

/* Let on_alarm() end the worker after this time, whatever the worker is doing. The alarm repeats,
 * since on_alarm() may return, and may have come just before the call that it was to interrupt. */
static void set_deadline(int64_t timeout_ms)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {.it_value = {timeout_ms / 1000, (timeout_ms % 1000) * 1000},
				  .it_interval = {.tv_usec = ALARM_AGAIN_US}};

	w.deadline_boot_ms = sts_clock_boot_ms() + timeout_ms;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void enter(enum sts_stage stage)
{
	w.report.stage = (uint32_t)stage;
	if (is_doctor())
		w.stage_boot_ms = sts_clock_boot_ms();
}

/* Replace the message of the error if it repeats the subject token, which the peer may have sent
 * back. Returns the message. */
static const char *message_of(struct sts_error *e)
{
	if (sts_shares_run(sts_slice_of(e->msg), w.subject.token, SECRET_RUN_BYTES))
		sts_fail(e, e->code, e->detail,
			 "%s (the peer's words are left out: they repeat the subject token)",
			 sts_error_meaning(e->code));
	return e->msg;
}

/* Does this worker revoke a token? */
static bool revokes(void)
{
	return w.job->mode == STS_WORKER_REVOKE || w.job->mode == STS_WORKER_UNDO;
}

/* The file that an error is about, if its message may not name it: the subject token, or the
 * client's certificate that the server refused. NULL: there is none. */
static const char *file_of(enum sts_err err)
{
	if (w.report.stage != STS_STAGE_INPUTS)
		return err == STS_ECLIENT_CERT ? w.o->client_cert : NULL;
	return sts_error_info(err).gate == STS_GATE_SUBJECT && err != STS_EINPUT ? w.o->token_file
										 : NULL;
}

/* Report the message of the error, and what it is about: a file, the server, or the request and the
 * claims that the STS was shown. */
static void report_text(enum sts_err err)
{
	int status = w.report.http_status;
	bool is_denied = sts_error_info(err).exit_status == STS_EXIT_DENIED;
	struct sts_text text;

	w.report.detail = w.error.detail;
	sts_text_init(&text, w.report.text, sizeof(w.report.text));
	sts_text_add_str(&text, message_of(&w.error));
	sts_shown_add_file(&text, file_of(err));
	if (status == 421 || (w.report.stage > STS_STAGE_CONNECT &&
			      w.report.stage <= STS_STAGE_ANSWER && status == 0))
		sts_shown_add_server(&text, &w.fields, &w.connection.facts);
	if (w.report.stage != STS_STAGE_CHECK || status == 0)
		return;
	sts_shown_add_request(&text, &w.fields.request);
	if (!revokes() && (is_denied || (err == STS_ESTATUS && status == 400)))
		sts_shown_add_subject(&text, &w.subject, w.memory.scratch, sizeof(w.memory.scratch),
				      sts_clock_real_ms() / 1000);
}

/* Report the result, and end. */
static _Noreturn void finish(enum sts_err err)
{
	signal(SIGALRM, SIG_IGN);
	/* The options were valid when the plan was made. So the mistake is in a file that an option
	 * names. A later attempt may find the file corrected. */
	if (err == STS_EUSAGE) {
		w.error.code = err = STS_EINPUT;
		w.error.detail = 0;
	}
	w.report.error = (int32_t)err;
	if (err != STS_OK)
		report_text(err);
	send_report();
	sts_wipe(w.memory.token, w.subject.read_bytes);
	sts_connection_wipe(&w.connection);
	_exit(0);
}

/* ---- what `doctor` does in another way ---- */

/* Note that a gate was passed. */
static void pass(enum sts_gate gate)
{
	if (is_doctor())
		w.findings.passed |= 1u << gate;
}

/* Keep the first failure at the subject token or the output directory for the end of a worker of
 * `doctor`, which goes on to the server without a request. Returns the error of any other
 * failure. */
static enum sts_err keep_failure(enum sts_err err)
{
	struct sts_findings *f = &w.findings;
	struct sts_text text;

	if (err == STS_OK || !is_doctor() || w.job->mode == STS_WORKER_UNDO || f->earlier_error)
		return err;
	f->earlier_error = (int32_t)err;
	f->earlier_detail = w.error.detail;
	sts_text_init(&text, f->earlier_text, sizeof(f->earlier_text));
	sts_text_add_str(&text, message_of(&w.error));
	return STS_OK;
}

/* Does this worker send a request? */
static bool sends(void)
{
	return w.job->mode != STS_WORKER_LOOK && !w.findings.earlier_error;
}

/* ---- the stages, in order ---- */

_Static_assert(STS_CONFIG_DIGEST_BYTES == STS_SUBJECT_ID_BYTES, "see sts_job_has_digest()");

/* Read the options of this exchange from the configuration that the plan was made from. */
static enum sts_err configure(void)
{
	bool changed;
	enum sts_err err;

	if (!w.o->config)
		return STS_OK;
	err = sts_worker_configure(w.o, w.job, &w.config, &w.options, w.body, sizeof(w.body),
				   &changed, &w.error);
	if (changed)
		w.report.flags |= STS_REPORT_REPLAN;
	if (err == STS_OK)
		w.o = &w.options;
	return err;
}

/* Adopt the token on disk if possible, and end the worker then. `fetch` never adopts. It only looks
 * at the token, so that a failure can report how long that token is valid. */
static void adopt(void)
{
	if (w.job->mode != STS_WORKER_ADOPT && w.o->command != STS_COMMAND_FETCH)
		return;
	if (sts_adopt(&w.store, w.o, w.fields.write, w.body, sizeof(w.body), w.memory.scratch,
		      sizeof(w.memory.scratch), &w.report) &&
	    w.job->mode == STS_WORKER_ADOPT)
		finish(STS_OK);
}

/* Open the output directory or see that standard output is there, and look at the token on disk. */
static enum sts_err open_output(void)
{
	enum sts_err err = STS_OK;

	if (is_doctor() && (w.o->to_stdout || w.job->mode == STS_WORKER_UNDO))
		return STS_OK;
	sts_worker_reads(STS_READS_OUTPUT);
	if (w.o->to_stdout)
		return sts_print_token_ready(&w.error);
	err = sts_store_open(&w.store, w.o->output_dir, false, w.o->mode, w.o->group, &w.error);
	if (is_doctor() && err == STS_EOUTPUT && w.o->create_dir && w.error.detail == ENOENT)
		return STS_OK; /* the supervisor makes it */
	if (err == STS_OK && is_doctor()) {
		err = sts_store_look(&w.store, w.fields.write, &w.error);
		sts_store_close(&w.store);
	} else if (err == STS_OK) {
		adopt();
	}
	if (err == STS_OK)
		pass(STS_GATE_OUTPUT);
	return keep_failure(err);
}

/* Read the subject token, or the token that is to be revoked. */
static enum sts_err read_token(void)
{
	enum sts_err err = STS_OK;

	if (revokes()) {
		err = sts_revoke_prepare(w.o, is_doctor() ? NULL : &w.store, &w.fields, &w.files,
					 &w.error);
		w.subject.token = w.fields.request.subject;
	}
	if (is_doctor()) {
		sts_worker_reads(STS_READS_SUBJECT);
		sts_find_subject_file(&w.findings, w.fields.token_file);
	}
	if (err == STS_OK && w.subject.token.len == 0)
		err = sts_subject_token_read(w.o, w.job, &w.fields, &w.files, &w.memory, &w.subject,
					     &w.report, &w.error);
	if (is_doctor()) {
		w.findings.subject_bytes = (int32_t)w.subject.token.len;
		sts_find_claims(&w.findings.subject, w.subject.token, w.memory.scratch,
				sizeof(w.memory.scratch), NULL);
	}
	if (err == STS_OK)
		pass(STS_GATE_SUBJECT);
	/* Without the claims of the token, the URL is not known. */
	return sts_fields_want_claims(&w.fields) ? err : keep_failure(err);
}

static enum sts_err stage_inputs(void)
{
	enum sts_err err;

	sts_worker_reads(STS_READS_OTHER);
	err = sts_fields_make(w.o, &w.fields, &w.files, &w.error);
	if (err == STS_OK)
		err = open_output();
	if (err == STS_OK)
		err = read_token();
	if (w.fields.url.authority.len > 0 && is_doctor())
		sts_find_configuration(&w.findings, &w.fields);
	if (err == STS_OK)
		err = sts_connection_read_files(&w.connection, &w.report.cas_identity, &w.error);
	sts_worker_reads(STS_READS_OTHER);
	return err;
}

/* Build the request before connecting, so that a request with a mistake never reaches the STS. */
static enum sts_err build_request(struct sts_text *head, struct sts_text *body)
{
	enum sts_err err;

	w.fields.request.subject = w.subject.token;
	if (w.findings.earlier_error) /* there may be no subject token */
		return STS_OK;
	if (w.job->mode == STS_WORKER_POLL) {
		if (!sts_sigcert_url(w.o->url, &w.poll_url)) {
			w.report.flags |= STS_REPORT_POLL_OFF;
			finish(STS_OK);
		}
		w.fields.request.url = &w.poll_url;
	}
	sts_text_init(head, w.request_head, sizeof(w.request_head));
	sts_text_init(body, w.request_body, sizeof(w.request_body));
	err = sts_request_build(&w.fields.request, false, head, body, &w.error);
	w.request_head_bytes = head->len;
	w.request_body_bytes = body->len;
	return err;
}

/* Make the temporary files before connecting. Later the sandbox forbids making files. */
static enum sts_err make_temps(void)
{
	if (w.o->to_stdout || w.job->mode == STS_WORKER_POLL || is_doctor())
		return STS_OK;
	return sts_store_prepare(
		&w.store, w.job->mode == STS_WORKER_REVOKE ? STS_WRITE_EXPIRES : w.fields.write,
		&w.temps, &w.error);
}

/* Enter the Landlock domain, before the worker reads bytes from the network. Allow only the files
 * that are still to be read or written, and the ports of the STS (or its proxy) and of DNS. */
static enum sts_err confine(void)
{
	struct sts_landlock l;

	sts_landlock_init(&l, true);
	sts_connection_allow(&w.connection, &l);
	sts_landlock_allow(&l, w.store.dir_fd, STS_LANDLOCK_REPLACE);
	return sts_sandbox_confine(&l, w.o->require_sandbox, &w.error);
}

static enum sts_err stage_request(const struct sts_text *head, const struct sts_text *body)
{
	static struct sts_slice no_files[STS_OUTPUT__COUNT];
	char sent[STS_REPORT_STAGE_SENT_BYTES] = {STS_REPORT_STAGE_SENT};
	enum sts_err err;

	/* A token that may be revoked is not adopted, and `check` does not call it valid. */
	if (w.job->mode == STS_WORKER_REVOKE &&
	    (err = sts_store_write_files(&w.store, &w.temps, no_files, sts_clock_real_ms() / 1000,
					 &w.error)) != STS_OK)
		return err;
	memcpy(sent + 1, w.subject.id, sizeof(w.subject.id));
	if (write(STS_INHERITED_FD, sent, sizeof(sent)) != (ssize_t)sizeof(sent))
		return sts_fail(&w.error, STS_EBUG, errno, "the supervisor does not listen");
	w.report.sent_boot_ms = sts_clock_boot_ms();
	if (is_doctor())
		w.findings.use = STS_USE_FAILED;
	err = sts_stream_write(&w.connection.stream, head->data, head->len, &w.error);
	if (err == STS_OK && body->len > 0)
		err = sts_stream_write(&w.connection.stream, body->data, body->len, &w.error);
	return err;
}

static enum sts_err stage_answer(void)
{
	enum sts_err err;

	sts_http_response_init(&w.http, w.head, sizeof(w.head), w.body, sizeof(w.body));
	err = sts_connection_read_answer(&w.connection, &w.http, &w.error);
	if (is_doctor())
		sts_find_answer(&w.findings, &w.connection, &w.http, w.report.sent_boot_ms);
	/* The node's clock may have been set since the request was sent, so the time of sending is
	 * calculated anew on the clock as it was when the answer began. */
	w.sent_real_ms = w.connection.received_real_ms -
			 (w.connection.received_boot_ms - w.report.sent_boot_ms);
	if (w.connection.refused) {
		w.report.sent_boot_ms = 0;
		if (is_doctor())
			w.findings.use = STS_USE_NOT_SENT;
	}
	return err;
}

/* Check the answer to a poll of the signing certificate. */
static enum sts_err check_poll(struct sts_slice body)
{
	bool found;
	enum sts_err err = sts_sigcert_read(&w.http.head, body, w.report.thumbprint, &found,
					    &w.error);

	w.report.http_status = w.http.head.status;
	if (err == STS_OK)
		w.report.flags |= found ? STS_REPORT_THUMBPRINT : STS_REPORT_POLL_OFF;
	return err;
}

static enum sts_err stage_check(void)
{
	struct sts_answer_input in = {
		.protocol = w.fields.request.protocol,
		.token_pointer = w.fields.pointer[0] ? w.fields.pointer : NULL,
		.expiry_pointer = w.fields.expiry_pointer,
		.expiry_kind = w.fields.expiry_kind,
		.head = &w.http.head,
		.body = {w.body, w.http.body_len},
		.request = &w.fields.request,
		.request_head_bytes = w.request_head_bytes,
		.request_body_bytes = w.request_body_bytes,
		.sent_real_ms = w.sent_real_ms,
		.received_real_ms = w.connection.received_real_ms,
		.subject = revokes() ? NULL : &w.subject,
		.subject_use = w.fields.subject_use,
		.default_ttl_s = w.o->default_ttl_ms / 1000,
		.expect_audience = sts_slice_of(w.o->expect_audience),
		.expect_issuer = sts_slice_of(w.o->expect_issuer),
		.max_lifetime_s = w.o->max_lifetime_ms / 1000,
	};
	enum sts_err err;

	if (w.job->mode == STS_WORKER_POLL)
		return check_poll(in.body);
	if (revokes() && w.http.head.status / 100 == 2)
		return STS_OK;
	err = sts_answer_read(&in, w.memory.scratch, sizeof(w.memory.scratch), &w.answer, &w.error);
	sts_report_answer(&w.report, &w.answer);
	if (err == STS_OK)
		sts_report_token(&w.report, &w.answer, w.subject.exp_s);
	return err;
}

/* Of `doctor`: note the claims of the token that came back, and leave it to the worker that revokes
 * it. The claims replace the open document, in which the token lies. */
static void leave_token(void)
{
	w.findings.use = STS_USE_SENT;
	if (sts_fields_can_revoke(w.o, &w.fields)) {
		w.findings.use = STS_USE_NOT_REVOKED;
		sts_handover_put(w.answer.token);
	}
	sts_find_claims(&w.findings.token, w.answer.token, w.memory.scratch,
			sizeof(w.memory.scratch), &w.fields.request);
	sts_wipe(w.body, w.http.body_len);
}

/* Make and check the contents of all files in memory. Then write the files, or print one. `doctor`
 * does neither. */
static enum sts_err stage_write(void)
{
	struct sts_slice files[STS_OUTPUT__COUNT];
	struct sts_text memory;
	enum sts_err err;

	if (w.job->mode >= STS_WORKER_POLL && w.job->mode != STS_WORKER_DOCTOR)
		return STS_OK;
	sts_text_init(&memory, w.outputs, sizeof(w.outputs));
	err = sts_outputs_format(&w.answer, w.o->to_stdout ? w.fields.format : w.fields.write,
				 &memory, files, &w.error);
	if (is_doctor()) {
		leave_token();
		sts_wipe(memory.data, memory.len);
	}
	if (err != STS_OK || is_doctor())
		return err;
	if (w.o->to_stdout)
		return sts_print_token((struct sts_slice){memory.data, memory.len},
				       w.deadline_boot_ms, &w.error);
	return sts_store_write_files(&w.store, &w.temps, files, w.answer.expires_s, &w.error);
}

/* Connect, and do the TLS handshake. */
static enum sts_err stage_connection(void)
{
	struct sts_connection *c = &w.connection;
	enum sts_err err;

	enter(STS_STAGE_CONNECT);
	err = sts_connection_open(c, &w.error);
	if (is_doctor())
		sts_find_way(&w.findings, c, w.stage_boot_ms, err == STS_OK);
	if (err != STS_OK)
		return err;
	enter(STS_STAGE_TLS);
	err = sts_connection_handshake(c, &w.error);
	sts_report_tls(&w.report, &c->stream);
	if (is_doctor())
		sts_find_tls(&w.findings, c, w.stage_boot_ms, err == STS_OK);
	return err;
}

static enum sts_err exchange(void)
{
	struct sts_text head, body;
	enum sts_err err;

	enter(STS_STAGE_INPUTS);
	sts_connection_init(&w.connection, w.o, &w.fields, w.deadline_boot_ms);
	err = STS_OK;
	if (err == STS_OK)
		err = stage_inputs();
	if (err == STS_OK)
		err = build_request(&head, &body);
	if (err == STS_OK)
		err = make_temps();
	if (err == STS_OK)
		err = confine();
	if (err == STS_OK)
		pass(STS_GATE_CONFIGURATION);
	if (err == STS_OK)
		err = stage_connection();
	if (err != STS_OK || !sends())
		return err;
	enter(STS_STAGE_REQUEST);
	if ((err = stage_request(&head, &body)) != STS_OK)
		return err;
	enter(STS_STAGE_ANSWER);
	if ((err = stage_answer()) != STS_OK)
		return err;
	enter(STS_STAGE_CHECK);
	if (stage_check() != STS_OK)
		return sts_connection_note_wanted(&w.connection, &w.error);
	enter(STS_STAGE_WRITE);
	if ((err = stage_write()) == STS_OK)
		pass(STS_GATE_ANSWER);
	return err;
}

_Noreturn void sts_worker_run(const struct sts_options *o, const struct sts_worker_job *job)
{
	enum sts_err err;

	w.o = o;
	w.job = job;
	w.store.dir_fd = -1;
	if (is_doctor())
		sts_findings_init(&w.findings);
	w.report = (struct sts_report){
		.magic = STS_REPORT_MAGIC,
		.version = STS_REPORT_VERSION,
		.flags = sts_harden_undumpable_from_start() ? STS_REPORT_UNDUMPABLE : 0,
		.retry_after_s = -1,
		.subject_exp_s = -1};
	set_deadline(job->timeout_ms);
	err = configure();
	sts_harden_worker(w.o->command == STS_COMMAND_FETCH, w.o->to_stdout);
	if (err == STS_OK)
		err = job->mode == STS_WORKER_NOTIFY ? sts_notify_job(w.o, &w.error) : exchange();
	if (err == STS_OK)
		enter(STS_STAGE_DONE);
	finish(err);
}
