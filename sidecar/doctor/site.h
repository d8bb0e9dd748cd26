/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `doctor` sees of an exchange without a worker: the output directory, the token that is in it
 * now, and the sidecar that keeps it. Nothing is written, and nothing in the directory is trusted.
 */
#ifndef STS_DOCTOR_SITE_H
#define STS_DOCTOR_SITE_H

#include <sys/types.h>

#include "output/verdict.h"
#include "supervisor/plan.h"

struct sts_site {
	/* the output directory */
	char path[192];         /* escaped */
	struct sts_error error; /* why it cannot be written to; code is STS_OK if it can */
	bool is_made_later;     /* it is missing, and the sidecar will make it */
	bool is_open;           /* it can be looked into: what follows up to `verdict` is known */
	char file_system[12];
	int64_t free_kib, free_inodes; /* -1: the file system does not count them */
	uint32_t mode, uid, gid;
	uint32_t file_mode; /* that the files get */
	bool is_alone;      /* nobody but the owner of the files can read them */
	char readers[32];   /* who can */
	bool writes_token;  /* a token, and not AWS credentials */
	char files[160];    /* the names of the files, with ", " in between */
	struct sts_verdict verdict;
	/* the sidecar */
	int64_t pid;     /* of the process that holds the lock; 0: none that can be seen */
	int32_t is_ours; /* it is an sts-sidecar */
	int32_t no_new_privs, seccomp; /* from /proc/PID/status; -1: unknown */
};

/*
 * Look at the place of an exchange.
 *   plan  in  of the exchange
 *   dir   in  the path of its output directory
 */
void sts_site_look(struct sts_site *p, const struct sts_plan *plan, const char *dir, int64_t now_s);

/* Returns the PID of the process that holds the lock of an output directory; 0: none is seen. */
int64_t sts_site_owner(const char *dir);

/* Is there a sidecar that keeps the token, as far as the lock and the status file say? */
bool sts_site_has_sidecar(const struct sts_site *p, const struct sts_status_now *now);

#endif
