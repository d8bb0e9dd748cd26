/* SPDX-License-Identifier: Apache-2.0 */
/* All that `doctor` knows of one exchange. facts.h reads it by a table. */
#ifndef STS_DOCTOR_CASE_H
#define STS_DOCTOR_CASE_H

#include "doctor/site.h"
#include "wire/findings.h"

/* Whether the worker sends its request, and why not. */
enum sts_sending {
	STS_SENDING,
	STS_SENDING_NOT,    /* --no-send */
	STS_SENDING_SPARED, /* the subject token may be sent once, or perhaps once */
};

/* Where the configuration comes from. */
enum sts_origin {
	STS_ORIGIN_GIVEN,     /* the options of `doctor` */
	STS_ORIGIN_VARIABLES, /* no option of `run` is given, and no sidecar is seen */
	STS_ORIGIN_OWNER,     /* the sidecar that holds the lock of the output directory */
	STS_ORIGIN_FIRST,     /* PID 1, which is a sidecar */
};

struct sts_case {
	/* of the configuration */
	enum sts_origin origin;
	int64_t source_pid;     /* of the sidecar whose command line it is; 0: none */
	const char *command;    /* `run`, `fetch` or `exchange` */
	bool is_same_container; /* that sidecar has the cgroup of this process */
	bool is_configured;     /* there is an exchange: what follows is known */
	bool prints;            /* its token is printed, and there is no output directory */
	enum sts_sending sending;
	/* of a worker */
	struct sts_findings findings; /* checked; of sts_findings_init() if there are none */
	struct sts_report report;     /* checked */
	int64_t started_boot_ms;      /* of the worker */
	bool is_stuck;                /* it was killed, and does not end: a file system hangs */
	uint8_t reads;                /* enum sts_reads: the file that the worker looked at last */
	/* of this process */
	struct sts_site site;
	struct sts_status_now now;
	/* made of the members above by sts_gates_judge() */
	uint32_t reader_uid;
	int64_t clock_off_s;
	int64_t next_attempt_s; /* since the epoch */
	char tls_version[4];
	const char *source, *container, *tls_group, *by, *via, *use, *sandbox;
	int64_t pid; /* of the sidecar */
};

#endif
