/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/gates.h"

#include <string.h>
#include <unistd.h>

#include "base/packed.h"
#include "base/sizes.h"
#include "doctor/facts.h"
#include "tls/key_exchange.h"

#define CERT_ENDS_SOON_S (7 * 24 * 3600)
#define NAMES_SLOW_MS    200
#define ROOM_SMALL_KIB   64
#define INODES_SMALL     16
/* The kubelet renews a token when a fifth of its life is left. It is late at a tenth. */
#define RENEWAL_LATE 10

/*
 * The lines, in the order in which those of a gate are printed: facts first. They appear if all
 * facts in them are known that are not in brackets, and if the gate was passed or has failed. The
 * last lines have a condition instead.
 */
enum line {
	SOURCE,
	SUBJECT,
	SUBJECT_JWT,
	OUTPUT,
	OUTPUT_READ,
	CLOCK,
	NAME,
	PROXY,
	CONNECT,
	TLS,
	ANSWER,
	ANSWER_LATER,
	ANSWER_USE,
	SIDECAR,
	BY_CONDITION, /* the number of lines that have none */
	GIVEN = BY_CONDITION,
	VARIABLES,
	ELSEWHERE,
	SUBJECT_OPAQUE,
	SUBJECT_LATE,
	OUTPUT_MISSING,
	OUTPUT_SMALL,
	OUTPUT_ALONE,
	CLOCK_BEHIND,
	CLOCK_AHEAD,
	NAME_SLOW,
	TLS_NONE,
	TLS_ENDS,
	TLS_SHOWN,
	ANSWER_NOT,
	ANSWER_SPARED,
	ANSWER_ASSUMED,
	ANSWER_NO_JWT,
	ANSWER_NOT_REVOKED,
	SIDECAR_NONE,
	SIDECAR_ELSEWHERE,
	LINES
};

/* The gate and the mark of each line. */
#define LINE(gate, mark) (STS_GATE_##gate << 4 | STS_MARK_##mark)
static const uint8_t lines[LINES] = {
	[SOURCE] = LINE(CONFIGURATION, OK),
	[SUBJECT] = LINE(SUBJECT, OK),
	[SUBJECT_JWT] = LINE(SUBJECT, OK),
	[OUTPUT] = LINE(OUTPUT, OK),
	[OUTPUT_READ] = LINE(OUTPUT, OK),
	[CLOCK] = LINE(CLOCK, OK),
	[NAME] = LINE(NAME, OK),
	[PROXY] = LINE(PROXY, OK),
	[CONNECT] = LINE(CONNECT, OK),
	[TLS] = LINE(TLS, OK),
	[ANSWER] = LINE(ANSWER, OK),
	[ANSWER_LATER] = LINE(ANSWER, WARN),
	[ANSWER_USE] = LINE(ANSWER, OK),
	[SIDECAR] = LINE(SIDECAR, OK),
	[GIVEN] = LINE(CONFIGURATION, OK),
	[VARIABLES] = LINE(CONFIGURATION, OK),
	[ELSEWHERE] = LINE(CONFIGURATION, WARN),
	[SUBJECT_OPAQUE] = LINE(SUBJECT, WARN),
	[SUBJECT_LATE] = LINE(SUBJECT, WARN),
	[OUTPUT_MISSING] = LINE(OUTPUT, OK),
	[OUTPUT_SMALL] = LINE(OUTPUT, WARN),
	[OUTPUT_ALONE] = LINE(OUTPUT, WARN),
	[CLOCK_BEHIND] = LINE(CLOCK, WARN),
	[CLOCK_AHEAD] = LINE(CLOCK, WARN),
	[NAME_SLOW] = LINE(NAME, WARN),
	[TLS_NONE] = LINE(TLS, SKIP),
	[TLS_ENDS] = LINE(TLS, WARN),
	[TLS_SHOWN] = LINE(TLS, MORE),
	[ANSWER_NOT] = LINE(ANSWER, SKIP),
	[ANSWER_SPARED] = LINE(ANSWER, SKIP),
	[ANSWER_ASSUMED] = LINE(ANSWER, WARN),
	[ANSWER_NO_JWT] = LINE(ANSWER, WARN),
	[ANSWER_NOT_REVOKED] = LINE(ANSWER, WARN),
	[SIDECAR_NONE] = LINE(SIDECAR, WARN),
	[SIDECAR_ELSEWHERE] = LINE(SIDECAR, OK),
};
/* The templates of the lines (facts.h), in the same order. */
static const char templates[] = STS_PACKED(
	"the command line of PID {pid} ({command}), and the variables here\0"
	"{path}   {bytes} B, mode {mode}, owner {uid}:{gid}, read as UID {reader_uid}\0"
	"sub {sub}   [aud {aud}   ][expires in {expires}][expired {-expired} ago][, written "
	"{written} ago]\0"
	"{path}   {file_system}[, {free_kib} free], mode {mode}, owner {uid}:{gid}\0"
	"{files}   mode {file_mode}: {readers} can read them\0"
	"{-off} off the Date of the STS\0"
	"[{name}   ]by {-by}[: {server} in {ms} ms, names asked: {asked}, addresses: {addresses}]\0"
	"{proxy}\0"
	"{address} in {ms} ms, {-via}\0"
	"{version}[, {group}], {ms} ms; {subject} by {anchor}[, ends in {ends}][; CA from {file}]\0"
	"{status} in {ms} ms[: JWT, iss {iss}][, aud {aud}][, valid for {lifetime_s}]\0"
	"the returned token is valid only in {not_before}: check the clocks\0"
	"this token was not written, and {-use}\0"
	"PID {pid}[, last success {last_success} ago][, next attempt in {next_attempt}][, "
	"attempts: {attempts}][; sandbox {sandbox}]\0"
	"the options that are given, and the variables here\0"
	"the variables here, since no option of run is given and no sidecar of this UID is seen "
	"with this --output-dir\0"
	"PID {pid} is in another container: its volumes may be missing here, and its variables "
	"(STS_*, of the proxy, of its platform) cannot be seen\0"
	"it is not a JWT: its subject, audience and expiry are not known\0"
	"it was not renewed: the kubelet renews a projected token, but not one that is mounted "
	"with subPath\0"
	"{path}   is missing: the sidecar makes it\0"
	"the file system is nearly full[: {free_kib} free][, {free_inodes} inodes free]\0"
	"{readers} can read the files: if the application has another UID, give the Pod an "
	"fsGroup, or set --mode 0644\0"
	"the node's clock is {-off} behind that of the STS: check the time synchronisation of "
	"both\0"
	"the node's clock is {-off} ahead of that of the STS: check the time synchronisation of "
	"both\0"
	"ndots of resolv.conf costs time: a host with a dot at its end is asked for once\0"
	"none: the URL is http\0"
	"{first_end_subject} ends in {first_end}, and was not renewed\0"
	"certificate {subject} by {issuer}[, for {hosts}][, ends in {ends}][, ended {-ended} ago]\0"
	"nothing was sent: --no-send is given\0"
	"nothing was sent: the STS may take this subject token only once, and the sidecar needs "
	"it. --exchange sends it all the same\0"
	"nothing says when the token expires: --default-ttl counts, {lifetime_s}\0"
	"no JWT came back: its issuer and audience are not known\0"
	"this token was not written, but revoking it failed\0"
	"no sidecar that can be seen here keeps {path}\0"
	"in another container, or gone[, last success {last_success} ago][, next attempt in "
	"{next_attempt}][, attempts: {attempts}]");

/* ---- gates that failed ---- */

/* Add a sentence that begins with a capital letter. */
static void add_sentence(struct sts_text *t, const char *words)
{
	char first = words[0];

	sts_text_add_char(t, first >= 'a' && first <= 'z' ? (char)(first - 'a' + 'A') : first);
	sts_text_add_str(t, words + (first != '\0'));
	sts_text_add_char(t, '.');
}

void sts_gates_fail(struct sts_diagnosis *d, enum sts_gate gate, enum sts_err error, int detail,
		    const char *message)
{
	struct sts_text *t = sts_diagnosis_line(d, gate, STS_MARK_FAIL);

	d->errors[gate] = (uint8_t)error;
	sts_text_addf(t, "%s\t[%s]", message, sts_error_info(error).name);
	t = sts_diagnosis_line(d, gate, STS_MARK_MORE);
	add_sentence(t, sts_error_meaning(error));
	sts_text_add_char(t, ' ');
	add_sentence(t, sts_error_hint_for(error, detail, message));
}

/* Add the rule of a NetworkPolicy without which packets are usually dropped, where the hint speaks
 * of one. */
static void add_policy(const struct sts_case *c, struct sts_diagnosis *d)
{
	const struct sts_report *r = &c->report;
	const char *port = strrchr(c->findings.address, ':');
	struct sts_text *t;

	if (!strstr(sts_error_hint_for((enum sts_err)r->error, r->detail, r->text),
		    "NetworkPolicy"))
		return;
	if (r->error == STS_EDNS) {
		t = sts_diagnosis_line(d, STS_GATE_NAME, STS_MARK_MORE);
		sts_text_addf(t, "Allow   ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: "
				 "53}]");
	} else if (r->error == STS_ECONNECT_TIME && port) {
		t = sts_diagnosis_line(d, STS_GATE_CONNECT, STS_MARK_MORE);
		sts_text_addf(t,
			      "Allow   ports: [{protocol: TCP, port: %s}]   (behind a Service: its "
			      "targetPort)",
			      port + 1);
	}
}

/* Where no request was sent, the failure is that of the last one of the sidecar. */
static void add_failure_of_sidecar(const struct sts_case *c, struct sts_diagnosis *d)
{
	const struct sts_verdict *v = &c->site.verdict;
	enum sts_gate gate = sts_error_info(v->status.error).gate;

	if (c->sending != STS_SENDING && v->has_status && v->status.state == STS_STATE_FAILING &&
	    v->status.error != STS_OK && d->marks[gate] == STS_MARK_NONE &&
	    !(c->findings.passed >> gate & 1))
		sts_gates_fail(d, gate, v->status.error, v->status.detail, v->status.text);
}

static void add_failures(const struct sts_case *c, struct sts_diagnosis *d)
{
	const struct sts_findings *f = &c->findings;
	const struct sts_report *r = &c->report;
	const struct sts_site *s = &c->site;

	if (f->earlier_error != STS_OK)
		sts_gates_fail(d, sts_error_info((enum sts_err)f->earlier_error).gate,
			       (enum sts_err)f->earlier_error, f->earlier_detail, f->earlier_text);
	if (r->error != STS_OK) {
		sts_gates_fail(d, sts_report_gate(r), (enum sts_err)r->error, r->detail, r->text);
		add_policy(c, d);
	} else {
		add_failure_of_sidecar(c, d);
	}
	if (c->prints || s->is_made_later || d->marks[STS_GATE_OUTPUT] == STS_MARK_FAIL)
		return;
	if (s->error.code != STS_OK)
		sts_gates_fail(d, STS_GATE_OUTPUT, s->error.code, s->error.detail, s->error.msg);
}

/* ---- conditions ---- */

#define IF(line, holds) ((uint32_t)(bool)(holds) << ((line)-BY_CONDITION))
_Static_assert(LINES - BY_CONDITION <= 32, "a set of lines has 32 bits");

static bool is_below(int64_t value, int64_t limit)
{
	return value >= 0 && value < limit;
}

static uint32_t conditions_of_source(const struct sts_case *c)
{
	return IF(GIVEN, c->origin == STS_ORIGIN_GIVEN) |
	       IF(VARIABLES, c->origin == STS_ORIGIN_VARIABLES) |
	       IF(ELSEWHERE, c->source_pid != 0 && !c->is_same_container);
}

static uint32_t conditions_of_site(const struct sts_case *c)
{
	const struct sts_found_claims *subject = &c->findings.subject;
	const struct sts_site *s = &c->site;
	bool has_sidecar = sts_site_has_sidecar(s, &c->now);
	int64_t life_s = subject->iat_s > 0 ? subject->exp_s - subject->iat_s : 0;

	return IF(SUBJECT_OPAQUE, c->findings.subject_bytes > 0 && !subject->is_jwt) |
	       IF(SUBJECT_LATE, is_below(subject->exp_s - c->now.real_s, life_s / RENEWAL_LATE)) |
	       IF(OUTPUT_MISSING, s->is_made_later) |
	       IF(OUTPUT_SMALL,
		  is_below(s->free_kib, ROOM_SMALL_KIB) || is_below(s->free_inodes, INODES_SMALL)) |
	       IF(OUTPUT_ALONE, s->is_alone) | IF(SIDECAR_NONE, !has_sidecar) |
	       IF(SIDECAR_ELSEWHERE, has_sidecar && !s->is_ours);
}

static uint32_t conditions_of_server(const struct sts_case *c)
{
	const struct sts_findings *f = &c->findings;
	bool is_off = c->clock_off_s > STS_CLOCKS_SAME_S;
	bool has_token = f->passed >> STS_GATE_ANSWER & 1, is_jwt = f->token.is_jwt;
	bool was_quiet = c->report.error == STS_OK && c->sending != STS_SENDING;
	bool has_tls = f->passed >> STS_GATE_TLS & 1;

	return IF(CLOCK_BEHIND, is_off && f->clock_ms > 0) |
	       IF(CLOCK_AHEAD, is_off && f->clock_ms < 0) |
	       IF(NAME_SLOW, f->asked > 1 && f->name_ms >= NAMES_SLOW_MS) |
	       IF(TLS_NONE, strncmp(f->url, "http:", 5) == 0) |
	       IF(TLS_ENDS, has_tls && is_below(f->first_end_s - c->now.real_s, CERT_ENDS_SOON_S)) |
	       IF(TLS_SHOWN, !has_tls && f->cert_name[0]) |
	       IF(ANSWER_NOT, was_quiet && c->sending == STS_SENDING_NOT) |
	       IF(ANSWER_SPARED, was_quiet && c->sending == STS_SENDING_SPARED) |
	       IF(ANSWER_NO_JWT, has_token && !is_jwt && c->site.writes_token) |
	       IF(ANSWER_ASSUMED, has_token && (c->report.flags & STS_REPORT_ASSUMED)) |
	       IF(ANSWER_NOT_REVOKED, f->use == STS_USE_NOT_REVOKED);
}

/* ---- all gates ---- */

/* Make the members about the configuration. */
static void prepare_source(struct sts_case *c)
{
	static const char origins[] = "options\0variables\0owner\0pid-1";

	c->source = sts_text_at(origins, c->origin);
	c->container = c->source_pid == 0 ? NULL : c->is_same_container ? "same" : "other";
}

/* Make the other members at the end of the case. */
static void prepare(struct sts_case *c)
{
	static const char sandboxes[] = "none\0no-new-privs\0seccomp\0no-new-privs, seccomp";
	static const char by[] = "\0the URL\0--connect\0the hosts file\0DNS";
	struct sts_findings *f = &c->findings;
	const struct sts_site *s = &c->site;
	struct sts_text text;

	c->reader_uid = geteuid();
	if (f->subject_bytes == 0)
		f->subject_uid = f->subject_gid = UINT32_MAX;
	if (c->report.lifetime_s == 0)
		c->report.lifetime_s = -1;
	if (!f->has_date && (c->report.flags & STS_REPORT_DATED)) {
		f->has_date = 1;
		f->clock_ms = c->report.clock_skew_s * 1000;
	}
	c->clock_off_s = f->has_date ? (f->clock_ms < 0 ? -f->clock_ms : f->clock_ms) / 1000 : -1;
	if (!f->has_date)
		f->clock_ms = INT64_MIN;
	c->by = sts_text_at(by, (size_t)f->found_by);
	c->via = f->proxy[0] ? "through the proxy" : "no proxy";
	c->use = f->use == STS_USE_SENT      ? "cannot be revoked"
		 : f->use == STS_USE_REVOKED ? "was revoked"
					     : NULL;
	c->next_attempt_s = s->verdict.status.next_ms > c->now.boot_ms
				    ? c->now.real_s +
					      (s->verdict.status.next_ms - c->now.boot_ms) / 1000
				    : 0;
	sts_text_init(&text, c->tls_version, sizeof(c->tls_version));
	if (f->tls_version > 0)
		sts_text_addf(&text, "1.%d", (f->tls_version - 1) & 7);
	c->tls_group = sts_tls_group_name(c->report.tls.group);
	c->pid = s->is_ours ? s->pid : 0;
	c->sandbox = s->no_new_privs < 0
			     ? NULL
			     : sts_text_at(sandboxes, (size_t)(s->no_new_privs == 1) +
							      2 * (size_t)(s->seccomp == 2));
}

/* Does a line appear that has no condition, besides that its facts are known? */
static bool is_reached(const struct sts_case *c, const struct sts_diagnosis *d, enum sts_gate gate)
{
	return gate < STS_GATE_PROXY || gate > STS_GATE_ANSWER || d->marks[gate] == STS_MARK_FAIL ||
	       (c->findings.passed >> gate & 1);
}

static void add_lines(const struct sts_case *c, struct sts_diagnosis *d, uint32_t conditions)
{
	const char *template = templates;
	char words[STS_WORDS_MAX_BYTES];

	for (int i = 0; i < LINES; i++, template = sts_packed_at(template, 1)) {
		enum sts_gate gate = (enum sts_gate)(lines[i] >> 4);
		enum sts_mark mark = (enum sts_mark)(lines[i] & 15);
		const char *line = sts_unpacked(template, words, sizeof(words));

		if (d->absent >> gate & 1 || (gate > STS_GATE_CONFIGURATION && !c->is_configured))
			continue;
		if (i >= BY_CONDITION ? !(conditions >> (i - BY_CONDITION) & 1)
				      : !is_reached(c, d, gate) || !sts_facts_known(c, gate, line))
			continue;
		/* The line of a gate that failed has the mark of the gate already. */
		if (d->marks[gate] == STS_MARK_FAIL)
			mark = STS_MARK_MORE;
		sts_facts_fill(c, gate, line, sts_diagnosis_line(d, gate, mark));
	}
}

void sts_gates_judge(struct sts_case *c, struct sts_diagnosis *d)
{
	uint32_t conditions = conditions_of_source(c);

	prepare_source(c);
	if (c->is_configured) {
		prepare(c);
		add_failures(c, d);
		conditions |= conditions_of_site(c) | conditions_of_server(c);
	}
	if (c->prints)
		d->absent |= 1 << STS_GATE_OUTPUT | 1 << STS_GATE_SIDECAR;
	if (!c->findings.proxy[0] && d->marks[STS_GATE_PROXY] == STS_MARK_NONE)
		d->absent |= 1 << STS_GATE_PROXY;
	add_lines(c, d, conditions);
	if (c->is_configured && !c->prints && !c->site.verdict.ok)
		sts_verdict_explain(&c->site.verdict,
				    sts_diagnosis_line(d, STS_GATE_SIDECAR, STS_MARK_WARN),
				    &c->now);
}
