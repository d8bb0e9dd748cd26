/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plans: all that the supervisor needs to know of its exchanges. Made from checked options and
 * the configuration file by a short-lived child, so that what that touches is no memory of the
 * supervisor's; the supervisor itself reads no token and no configuration file.
 *
 * The child also leaves a snapshot of the configuration file, in a sealed memory file: workers go
 * by that when the file has changed since, until there is a plan of the new one, which there may
 * never be if it is invalid.
 */
#ifndef STS_SUPERVISOR_PLAN_H
#define STS_SUPERVISOR_PLAN_H

#include "options/config.h"
#include "options/options.h"
#include "schedule/schedule.h"

/* The longest of all plans together, with their texts. */
#define STS_PLANS_MAX_BYTES (16 * 1024)

struct sts_plan {
	struct sts_schedule_rules rules;
	int64_t timeout_ms;
	int64_t deadline_ms; /* of all attempts together; 0: none */
	int64_t poll_ms;     /* of the sig-cert poll; 0: this protocol has none */
	/* of what the configuration file says of this exchange: another one for other options */
	uint64_t options_id;
	mode_t mode;
	gid_t group;
	char name[STS_EXCHANGE_NAME_BYTES];
	/* texts: see sts_plans_text() */
	uint16_t token_file, output_dir;
	uint16_t proxy;    /* HOST:PORT, for the log; "": none */
	uint16_t cas;      /* the paths of --cacert-path, one after the other; "" ends them */
	int8_t depends_on; /* the exchange whose output is this one's subject token; -1: none */
	/* stop after the first success, or the first failure that `fetch` does not retry */
	bool once;
	bool one_attempt; /* the subject token came on standard input: it cannot be read again */
	bool adopt;       /* a token that is on disk already and not yet due is taken over */
	bool to_stdout;   /* no files */
	bool create_dir;
	bool notifies;   /* the application, by a signal */
	bool single_use; /* the protocol's subject tokens may be sent once */
	bool configured; /* of a configuration file: there may be others */
};

struct sts_plans {
	struct sts_error error; /* why there are none */
	uint32_t count, bytes;  /* bytes: of `text` in use */
	int32_t log_format, log_level;
	bool require_sandbox;
	uint16_t listen;                         /* text; 0: nobody listens */
	uint8_t digest[STS_CONFIG_DIGEST_BYTES]; /* of the configuration file */
	union {
		struct sts_plan plan[STS_EXCHANGES_MAX];
		char text[STS_PLANS_MAX_BYTES];
	};
};

/* A text of a plan. */
const char *sts_plans_text(const struct sts_plans *plans, uint16_t at);

/*
 * Check the options of run, fetch or exchange, and the configuration file, as far as that is
 * possible without reading a token, and make the plans.
 *   o         in   the command line and the environment alone
 *   argv      in   what follows the command's name
 *   snapshot  in   of sts_snapshot_make(), to be filled and sealed; -1: none
 * Returns plans->error.code: STS_OK, STS_EUSAGE, STS_EURL.
 */
enum sts_err sts_plans_make(struct sts_plans *plans, const struct sts_options *o, char *const *argv,
			    int snapshot);

/* Free plans. Does nothing for NULL. */
void sts_plans_free(struct sts_plans *plans);

#endif
