/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/doctor.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sizes.h"
#include "base/timefmt.h"
#include "doctor/gates.h"
#include "doctor/json.h"
#include "doctor/probe.h"
#include "doctor/screen.h"
#include "doctor/source.h"
#include "log/print.h"
#include "options/options.h"
#include "supervisor/exchange_state.h"
#include "supervisor/inputs.h"
#include "supervisor/plan.h"
#include "wire/handover.h"

#define OUT_BYTES (24 * 1024)

extern char **environ;

/* All data of the command. No other command touches it. */
static struct {
	const struct sts_options *o; /* of `doctor` */
	struct sts_command_line source;
	struct sts_plans plans;
	struct sts_case it;     /* the exchange that is examined */
	struct sts_case undone; /* its second worker, which revokes the token */
	struct sts_diagnosis diagnosis;
	struct sts_screen screen;
	int64_t started_ms;
	unsigned printed, checks, problems, warnings;
	int64_t valid_s; /* how long the token on disk is valid; -1: there is none, or several */
	char failed_memory[256], memory[OUT_BYTES];
	struct sts_text failed; /* the names of the gates that failed */
	struct sts_text out;    /* what is printed next */
} all;

/* Read the options of the command line whose configuration is examined. */
static enum sts_err read_options(struct sts_options *o, struct sts_error *e)
{
	char *const *argv = all.source.argv;
	char warning[256];

	if (strcmp(argv[1], "exchange") == 0)
		return sts_options_read_exchange(o, argv + 2, e);
	return sts_options_read(o,
				strcmp(argv[1], "fetch") == 0 ? STS_COMMAND_FETCH : STS_COMMAND_RUN,
				argv + 2, environ, NULL, -1, warning, sizeof(warning), e);
}

/* May the subject token be sent beside the sidecar? */
static enum sts_sending sending_of(const struct sts_plan *plan)
{
	const struct sts_verdict *v = &all.it.site.verdict;
	bool again = plan->subject_use == STS_USE_AGAIN ||
		     (plan->subject_use == STS_USE_UNKNOWN && v->has_status &&
		      v->status.once_for == 0 &&
		      v->status.again_for == sts_exchange_once_for(plan->request_id));

	if (all.o->no_send)
		return STS_SENDING_NOT;
	return again || all.o->exchange_too ? STS_SENDING : STS_SENDING_SPARED;
}

/* The worker was killed, and does not end: name the file whose file system does not answer. */
static void blame_file_system(const struct sts_plan *plan)
{
	struct sts_report *report = &all.it.report;
	struct sts_error e;

	sts_inputs_say_hang(plan, sts_plans_text(&all.plans, 0), all.it.reads,
			    all.it.started_boot_ms, &e);
	report->error = (int32_t)e.code;
	report->detail = e.detail;
	report->stage = all.it.reads >= STS_READS_CA       ? STS_STAGE_TLS
			: all.it.reads == STS_READS_OUTPUT ? STS_STAGE_WRITE
							   : STS_STAGE_INPUTS;
	memcpy(report->text, e.msg, sizeof(e.msg));
}

static void probe(const struct sts_plan *plan)
{
	const struct sts_verdict *v = &all.it.site.verdict;
	int64_t skew_s = v->has_status ? sts_status_skew(&v->status, &all.it.now) : 0;
	struct sts_job job = {
		.mode = all.it.sending == STS_SENDING ? STS_WORKER_DOCTOR : STS_WORKER_LOOK,
		.timeout_ms = plan->timeout_ms < all.o->timeout_ms ? plan->timeout_ms
								   : all.o->timeout_ms,
		.name = plan->name,
		.digest = plan->configured ? all.plans.digest : NULL,
		.ahead_s = skew_s < 0 && skew_s >= -STS_CLOCKS_BELIEVED_S ? -skew_s : 0,
	};

	(void)sts_handover_make();
	sts_probe_run(&all.it, &job, all.source.argv);
	if (all.it.is_stuck && all.it.report.error == STS_ETIMEOUT)
		blame_file_system(plan);
	if (all.it.findings.use != STS_USE_NOT_REVOKED)
		return;
	job.mode = STS_WORKER_UNDO;
	sts_probe_run(&all.undone, &job, all.source.argv);
	if (all.undone.report.error == STS_OK)
		all.it.findings.use = STS_USE_REVOKED;
}

/* Count the gates of a diagnosis for the summary. */
static void count(const struct sts_diagnosis *d, const char *name)
{
	for (int gate = 0; gate < STS_GATE__COUNT; gate++) {
		if (d->absent >> gate & 1)
			continue;
		all.checks++;
		all.warnings += d->marks[gate] == STS_MARK_WARN;
		if (d->marks[gate] != STS_MARK_FAIL)
			continue;
		sts_text_addf(&all.failed, all.problems++ ? ", " : " ");
		if (all.plans.count > 1)
			sts_text_addf(&all.failed, "%s ", name);
		sts_text_add_str(&all.failed, sts_gate_name((enum sts_gate)gate));
	}
}

/* Print all.out, and make it empty. */
static void flush(void)
{
	sts_print(STDOUT_FILENO, (struct sts_slice){all.out.data, all.out.len});
	sts_text_init(&all.out, all.memory, sizeof(all.memory));
}

static void print_json(const char *name)
{
	sts_text_add_str(&all.out, all.printed++ ? "," : "{\"exchanges\":[");
	sts_doctor_json(&all.it, &all.diagnosis, name, &all.out);
}

static void print_text(const char *name)
{
	const struct sts_findings *f = &all.it.findings;
	char title_memory[sizeof(f->protocol) + sizeof(f->url) + 8];
	struct sts_text title;

	sts_text_addf(&all.out, "exchange %s", name);
	sts_text_init(&title, title_memory, sizeof(title_memory));
	if (f->url[0])
		sts_text_addf(&title, "   %s   %s", f->protocol, f->url);
	sts_screen_words(&all.out, title_memory, 2);
	sts_text_add_char(&all.out, '\n');
	sts_screen_gates(&all.screen, &all.diagnosis, &all.out);
}

static void print(const char *name)
{
	if (all.o->json)
		print_json(name);
	else
		print_text(*name ? name : "-");
	flush();
}

static void examine(const struct sts_plan *plan)
{
	const struct sts_verdict *v = &all.it.site.verdict;

	all.it.is_configured = true;
	all.it.prints = plan->to_stdout;
	sts_status_now(&all.it.now);
	sts_site_look(&all.it.site, plan, sts_plans_text(&all.plans, plan->output_dir),
		      all.it.now.real_s);
	all.it.sending = sending_of(plan);
	probe(plan);
	sts_status_now(&all.it.now);
	sts_diagnosis_init(&all.diagnosis);
	sts_gates_judge(&all.it, &all.diagnosis);
	count(&all.diagnosis, plan->name);
	all.valid_s = v->ok && all.plans.count == 1 ? v->expires_s - all.it.now.real_s : -1;
	print(plan->name);
}

/* The configuration itself is wrong, so there is no exchange. */
static void fail_configuration(const struct sts_error *e)
{
	sts_diagnosis_init(&all.diagnosis);
	sts_gates_fail(&all.diagnosis, STS_GATE_CONFIGURATION, e->code, e->detail, e->msg);
	sts_gates_judge(&all.it, &all.diagnosis);
	all.plans.count = 1;
	count(&all.diagnosis, "");
	print("");
}

static void end_json(int64_t took_ms)
{
	sts_text_addf(&all.out,
		      "],\"ok\":%s,\"checks\":%u,\"problems\":%u,\"warnings\":%u,\"took_ms\":%lld",
		      all.problems ? "false" : "true", all.checks, all.problems, all.warnings,
		      (long long)took_ms);
	if (all.valid_s >= 0)
		sts_text_addf(&all.out, ",\"token_valid_s\":%lld", (long long)all.valid_s);
	sts_text_add_str(&all.out, "}\n");
}

static void summarise(int64_t took_ms)
{
	char line[512];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	if (all.problems == 0) {
		sts_text_addf(&text, "No problems found");
		if (all.warnings > 0)
			sts_text_addf(&text, all.warnings == 1 ? ", %u warning" : ", %u warnings",
				      all.warnings);
		sts_text_addf(&text, " (%u checks, %lld.%lld s).", all.checks,
			      (long long)(took_ms / 1000), (long long)(took_ms / 100 % 10));
	} else {
		sts_text_addf(&text, all.problems == 1 ? "%u problem" : "%u problems",
			      all.problems);
		sts_text_addf(&text, " in %u of %u checks:%s.", all.problems, all.checks,
			      all.failed.data);
	}
	if (all.problems > 0 && all.valid_s > 0) {
		sts_text_addf(&text, " The application's old token is valid for ");
		sts_duration_words(&text, all.valid_s);
		sts_text_add_char(&text, '.');
	}
	sts_screen_words(&all.out, line, 0);
	sts_text_add_char(&all.out, '\n');
}

/* Examine the exchange that --exchange-name names, or all of them. */
static int examine_all(void)
{
	const char *wanted = all.o->exchange_name;
	bool found = false;

	for (uint32_t i = 0; i < all.plans.count; i++)
		if (!wanted || strcmp(wanted, all.plans.plan[i].name) == 0) {
			examine(&all.plans.plan[i]);
			found = true;
		}
	if (!found) {
		struct sts_error e;

		sts_fail(&e, STS_EUSAGE, 0, "--exchange-name: the configuration has no exchange %s",
			 sts_shown_str(wanted, 64));
		return sts_complain(&e);
	}
	return STS_EXIT_OK;
}

int sts_command_doctor(const struct sts_options *o, char *const *argv)
{
	struct sts_options theirs;
	struct sts_error e;
	int status = STS_EXIT_OK;

	all.o = o;
	all.started_ms = sts_clock_boot_ms();
	all.valid_s = -1;
	all.screen = sts_screen_choose(o->color);
	sts_text_init(&all.failed, all.failed_memory, sizeof(all.failed_memory));
	sts_text_init(&all.out, all.memory, sizeof(all.memory));
	sts_source_find(&all.source, &all.it, o, argv);
	if (read_options(&theirs, &e) != STS_OK)
		fail_configuration(&e);
	else if (sts_plans_make(&all.plans, &theirs, all.source.argv + 2, -1) != STS_OK)
		fail_configuration(&all.plans.error);
	else
		status = examine_all();
	if (status != STS_EXIT_OK)
		return status;
	if (o->json)
		end_json(sts_clock_boot_ms() - all.started_ms);
	else
		summarise(sts_clock_boot_ms() - all.started_ms);
	flush();
	return all.problems > 0 ? STS_EXIT_NO : STS_EXIT_OK;
}
