/* SPDX-License-Identifier: Apache-2.0 */
/* Reports that an honest worker does not send. */
#define STS_HOSTILE_ITSELF
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "hostile.h"
#include "wire/job.h"
#include "wire/report.h"

static struct sts_report report;

static void put(const void *data, size_t len)
{
	ssize_t ignored = write(STS_INHERITED_FD, data, len);
	(void)ignored;
}

static void honest(void)
{
	report = (struct sts_report){.magic = STS_REPORT_MAGIC,
				     .version = STS_REPORT_VERSION,
				     .stage = STS_STAGE_DONE,
				     .retry_after_s = -1,
				     .subject_exp_s = -1,
				     .expires_s = sts_clock_real_ms() / 1000 + 900,
				     .lifetime_s = 900,
				     .sent_boot_ms = sts_clock_boot_ms()};
}

static void hang(void)
{
	for (;;)
		poll(NULL, 0, 1000);
}

static void year_2099(void)
{
	report.lifetime_s = 4070908800 - sts_clock_real_ms() / 1000;
	report.expires_s = 4070908800;
	put(&report, sizeof(report));
}

static void year_9999(void)
{
	report.lifetime_s = 253402300799 - sts_clock_real_ms() / 1000;
	report.expires_s = 253402300799;
	put(&report, sizeof(report));
}

static void largest(void)
{
	report.expires_s = report.lifetime_s = INT64_MAX;
	put(&report, sizeof(report));
}

static void negative(void)
{
	report.expires_s = report.lifetime_s = -1;
	put(&report, sizeof(report));
}

static void magic(void)
{
	report.magic ^= 0x100;
	put(&report, sizeof(report));
}

static void version(void)
{
	report.version++;
	put(&report, sizeof(report));
}

static void truncated(void)
{
	put(&report, sizeof(report) - 1);
}

static void nothing(void)
{
}

static void two(void)
{
	put(&report, sizeof(report));
	put(&report, sizeof(report));
}

static void oversized(void)
{
	char more[sizeof(report) + 1];

	memcpy(more, &report, sizeof(report));
	more[sizeof(report)] = 'x';
	put(more, sizeof(more));
}

/* Write as much as the pipe takes for two seconds: many megabytes. */
static void flood(void)
{
	int64_t until_ms = sts_clock_boot_ms() + 2000;
	char noise[4096];

	memset(noise, 'S', sizeof(noise));
	while (sts_clock_boot_ms() < until_ms)
		put(noise, sizeof(noise));
}

static void report_then_hang(void)
{
	put(&report, sizeof(report));
	hang();
}

/* Ignore the alarm of the worker's own deadline and all other signals that can be ignored. */
static void deaf(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGALRM, &ignore, NULL);
	hang();
}

static void report_then_deaf(void)
{
	put(&report, sizeof(report));
	deaf();
}

/* Send half a report, and not the other half. */
static void half_then_hang(void)
{
	put(&report, sizeof(report) / 2);
	hang();
}

static void half_then_deaf(void)
{
	put(&report, sizeof(report) / 2);
	deaf();
}

static void url(void)
{
	report.error = STS_EURL;
	put(&report, sizeof(report));
}

static void stopped(void)
{
	report.error = STS_ESTOPPED;
	put(&report, sizeof(report));
}

static void bug(void)
{
	report.error = STS_EBUG;
	put(&report, sizeof(report));
}

static void stage_only(void)
{
	put("S", 1);
}

static void stages(void)
{
	put("SSSS", 4);
	put(&report, sizeof(report));
}

static void empty_success(void)
{
	report.expires_s = report.lifetime_s = 0;
	put(&report, sizeof(report));
}

static void control_text(void)
{
	report.error = STS_EDENIED;
	memcpy(report.text, "\n{\"level\":\"info\",\"msg\":\"all is well\"}\n", 38);
	put(&report, sizeof(report));
}

static void endless_text(void)
{
	report.error = STS_EDENIED;
	memset(report.text, 'a', sizeof(report.text));
	put(&report, sizeof(report));
}

static void wrong_code(void)
{
	report.error = STS_ERR__COUNT;
	put(&report, sizeof(report));
}

static void usage(void)
{
	report.error = STS_EUSAGE;
	put(&report, sizeof(report));
}

static void patience(void)
{
	report.error = STS_EBUSY;
	report.retry_after_s = INT32_MAX;
	put(&report, sizeof(report));
}

static void future(void)
{
	report.sent_boot_ms += 1000000;
	put(&report, sizeof(report));
}

static void noise(void)
{
	memset(&report, 0xff, sizeof(report));
	put(&report, sizeof(report));
}

static void crash(void)
{
	__builtin_trap();
}

static void silence(void)
{
	hang();
}

bool sts_hostile_report(const char *action)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} actions[] = {
		{"year-2099", year_2099},
		{"year-9999", year_9999},
		{"largest", largest},
		{"negative", negative},
		{"magic", magic},
		{"version", version},
		{"truncated", truncated},
		{"nothing", nothing},
		{"two", two},
		{"oversized", oversized},
		{"flood", flood},
		{"report-then-hang", report_then_hang},
		{"report-then-deaf", report_then_deaf},
		{"half-then-hang", half_then_hang},
		{"half-then-deaf", half_then_deaf},
		{"url", url},
		{"stopped", stopped},
		{"bug", bug},
		{"stage-only", stage_only},
		{"stages", stages},
		{"empty-success", empty_success},
		{"control-text", control_text},
		{"endless-text", endless_text},
		{"wrong-code", wrong_code},
		{"usage", usage},
		{"patience", patience},
		{"future", future},
		{"noise", noise},
		{"crash", crash},
		{"silence", silence},
	};

	honest();
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(action, actions[i].name) == 0) {
			actions[i].run();
			_exit(0);
		}
	return false;
}
