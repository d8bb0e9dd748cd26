/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plans: all that the supervisor needs to know about its exchanges. The planning child
 * (planner.h) makes them from the options and the configuration file. So the supervisor does not
 * need the memory for reading those, and reads neither a token nor a configuration file.
 *
 * The child also leaves a snapshot of the configuration file (wire/snapshot.h). If the file
 * changes, workers use the snapshot until there are plans of the new file. They go on using the
 * snapshot if the new file is invalid.
 */
#ifndef STS_SUPERVISOR_PLAN_H
#define STS_SUPERVISOR_PLAN_H

#include "options/config.h"
#include "options/options.h"
#include "schedule/schedule.h"

/* The most bytes of all plans together, with their texts. */
#define STS_PLANS_MAX_BYTES  (16 * 1024)
#define STS_PLANS_PAGE_BYTES 4096

struct sts_plan {
	struct sts_schedule_rules rules;
	int64_t timeout_ms;
	int64_t deadline_ms; /* for all attempts together; 0: none */
	int64_t poll_ms;     /* the interval of the sig-cert poll; 0: the protocol has none */
	int64_t queue_ms;    /* how long an attempt may wait for the workers of other exchanges */
	/* a hash of the options that make the requests and files of the exchange, to compare with
	 * that of later plans */
	uint64_t request_id;
	uint64_t sts_id; /* stands for the STS: sts_endpoint_sts_id() */
	mode_t mode;
	gid_t group;
	char name[STS_EXCHANGE_NAME_BYTES];
	/* The offsets of texts: see sts_plans_text(). */
	uint16_t token_file, output_dir;
	/* For the log, three texts for sts_text_at(): HOST:PORT of the proxy ("" if there is none),
	 * the URL of the STS, and where that URL is from. */
	uint16_t route;
	uint16_t cas; /* the paths of the CA files, for sts_text_at(), with "" at the end */
	/* The source: the index of the exchange whose token is the subject token; -1: none. */
	int8_t depends_on;
	/* Stop after the first success, or after the first failure that `fetch` does not retry. */
	bool once;
	bool one_attempt;    /* the subject token is on standard input, which is read only once */
	bool adopt;          /* adopt a token on disk that is not due yet: see worker/adopt.h */
	bool to_stdout;      /* print the token and write no files */
	bool create_dir;     /* make the output directory if it is missing */
	bool notifies;       /* send the application a signal after new files are in place */
	uint8_t subject_use; /* enum sts_subject_use: how often a subject token may be sent */
	uint8_t write;       /* STS_WRITE bits: the files that are written */
	bool revokes;        /* --revoke-on-stop, and the token can be revoked */
	bool cannot_revoke;  /* --revoke-on-stop, and it cannot */
	bool configured;     /* the exchange comes from a configuration file */
};

/* All plans. The child sends the used part through a pipe. sts_plans_free() gives back the pages
 * behind the one on which they begin, or all pages if they begin with one. */
struct sts_plans {
	uint32_t count; /* the number of plans */
	uint32_t bytes; /* the used part of `text`: the plans, and then their texts */
	int32_t log_format, log_level;
	bool require_sandbox, no_histogram;
	uint16_t listen; /* the offset of a text; 0: no --listen */
	int64_t revoke_timeout_ms;
	uint8_t digest
		[STS_CONFIG_DIGEST_BYTES]; /* of the configuration file; zeros: none was read */
	uint64_t config_identity; /* of the configuration file, before it was read: planner.h */
	struct sts_error error;   /* STS_OK, or why there are no plans */
	union {
		struct sts_plan plan[STS_EXCHANGES_MAX];
		char text[STS_PLANS_MAX_BYTES];
	};
};

/* A place for plans: nothing else is on its pages. */
union sts_plans_room {
	struct sts_plans plans;
	char pages[5 * STS_PLANS_PAGE_BYTES];
} __attribute__((aligned(STS_PLANS_PAGE_BYTES)));

/* Returns the text of a plan at an offset. */
const char *sts_plans_text(const struct sts_plans *plans, uint16_t at);

/*
 * Check the options of run, fetch or exchange, and the configuration file, as far as that is
 * possible without reading a token. Then make the plans.
 *   plans     out  all zeros before; complete only after STS_OK
 *   o         in   the options of the command line and the environment
 *   argv      in   the arguments after the command's name
 *   snapshot  in   a descriptor of sts_snapshot_make(), which is filled and sealed; -1: none
 * Returns plans->error.code: STS_OK, STS_EUSAGE or STS_EURL.
 */
enum sts_err sts_plans_make(struct sts_plans *plans, const struct sts_options *o, char *const *argv,
			    int snapshot);

/* Free the plans that sts_planner_finish() has returned: all of their bytes are zero again. Does
 * nothing for NULL. */
void sts_plans_free(struct sts_plans *plans);

#endif
