/* SPDX-License-Identifier: Apache-2.0 */
/* What `doctor` finds of a healthy exchange, made up. */
#ifndef STS_TEST_MADE_UP_CASE_H
#define STS_TEST_MADE_UP_CASE_H

#include <string.h>

#include "doctor/case.h"

#define NOW_S  1768234289
#define NOW_MS 5000000

static inline void make_up_findings(struct sts_findings *f)
{
	sts_findings_init(f);
	f->passed = (1U << STS_GATE__COUNT) - 1;
	f->subject_bytes = 824;
	f->subject_mode = 0100440;
	f->subject_gid = 2000;
	f->subject_changed_s = NOW_S - 480;
	strcpy(f->subject_path, "/var/run/secrets/tokens/sts-token");
	f->subject = (struct sts_found_claims){.is_jwt = 1,
					       .iat_s = NOW_S - 480,
					       .exp_s = NOW_S + 3120,
					       .sub = "system:serviceaccount:shop:cart",
					       .aud = "https://sts.example.com"};
	strcpy(f->protocol, "token-exchange");
	strcpy(f->url, "https://sts.example.com/token");
	f->has_date = 1;
	f->clock_ms = -300;
	f->found_by = STS_FOUND_BY_DNS;
	f->asked = 3;
	f->addresses = 1;
	f->name_ms = 2;
	strcpy(f->name, "sts.example.com");
	strcpy(f->name_server, "10.96.0.10");
	f->connect_ms = 1;
	strcpy(f->address, "10.4.0.17:443");
	f->tls_version = 0x0304;
	f->tls_ms = 9;
	f->certificates = 2;
	f->cert_ends_s = NOW_S + 61 * 86400;
	f->first_end_s = f->cert_ends_s;
	strcpy(f->first_end_name, "\"sts.example.com\"");
	strcpy(f->cert_issuer, "\"Corp CA 3\"");
	strcpy(f->cert_name, "\"sts.example.com\"");
	strcpy(f->anchor_name, "\"Corp CA 3\"");
	strcpy(f->anchor_file, "/certs/ca.crt");
	f->answer_ms = 84;
	f->answer_bytes = 1200;
	f->use = STS_USE_REVOKED;
	f->token = (struct sts_found_claims){
		.is_jwt = 1, .iss = "https://sts.example.com", .aud = "https://vault.example"};
}

static inline void make_up_case(struct sts_case *c)
{
	*c = (struct sts_case){
		.origin = STS_ORIGIN_OWNER,
		.source_pid = 1,
		.command = "run",
		.is_same_container = true,
		.is_configured = true,
		.report = {.http_status = 200,
			   .lifetime_s = 900,
			   .expires_s = NOW_S + 900,
			   .tls = {.group = 29}},
		.site = {.is_open = true,
			 .path = "/tokens",
			 .file_system = "tmpfs",
			 .free_kib = 996,
			 .free_inodes = 100000,
			 .mode = 02777,
			 .gid = 2000,
			 .file_mode = 0640,
			 .readers = "their owner and group 2000",
			 .files = "token.jwt, expires",
			 .writes_token = true,
			 .pid = 1,
			 .is_ours = true,
			 .no_new_privs = 1,
			 .seccomp = 2,
			 .verdict = {.ok = true,
				     .has_status = true,
				     .expires_s = NOW_S + 190,
				     .status = {.state = STS_STATE_OK,
						.attempts = 17,
						.last_success_s = NOW_S - 240,
						.next_ms = NOW_MS + 360000,
						.latest_ms = NOW_MS + 400000}}},
		.now = {.real_s = NOW_S, .boot_ms = NOW_MS, .boot_id = "b"},
	};
	make_up_findings(&c->findings);
}

/* The connection was refused, or was not made for another reason. */
static inline void make_up_failure(struct sts_case *c, enum sts_err error, int detail,
				   const char *text, enum sts_gate gate)
{
	c->report = (struct sts_report){.error = (int32_t)error, .detail = detail};
	strcpy(c->report.text, text);
	c->findings.passed &= (1U << gate) - 1;
	c->findings.has_date = 0;
	c->findings.use = STS_USE_NOT_SENT;
}

#endif
