/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand. A fault is a list of parameters in the form of a URL's query:
 * "status=503&retry_after=2&times=3". One table says what each parameter means (`mock-sts faults`
 * prints it). Faults wait in slots. Each connection or request takes the first fault that matches
 * it and has times left.
 */
#ifndef MOCK_FAULT_H
#define MOCK_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define MOCK_FAULT_BYTES  8192
#define MOCK_FAULT_PARAMS 48
#define MOCK_FAULT_SLOTS  16

struct mock_param {
	struct sts_slice name, value; /* NUL-terminated both, decoded */
};

/* A list of parameters, decoded: of a fault, a query, or a form. */
struct mock_params {
	struct mock_param param[MOCK_FAULT_PARAMS];
	size_t count;
};

/*
 * Decode application/x-www-form-urlencoded. Returns false when it is malformed or there is too much
 * of it. buf  in  memory for the decoded text, the encoded length + 2 for each parameter
 */
bool mock_params_decode(struct mock_params *params, struct sts_slice text, char *buf, size_t size);
/* Value of the first (at = 0), second, ... parameter of this name; NULL when there is none. */
const struct sts_slice *mock_params_get(const struct mock_params *params, const char *name,
					size_t at);

struct mock_fault {
	struct mock_params params;
	char buf[MOCK_FAULT_BYTES + 2 * MOCK_FAULT_PARAMS];
};

/* Read and check a fault. False with a reason (static storage, or the wrong name in it) when
 * something in it is unknown or wrong. */
bool mock_fault_parse(struct mock_fault *fault, struct sts_slice spec, char *why, size_t why_size);

bool mock_fault_on(const struct mock_fault *fault, const char *name); /* there, and not "0" */
const char *mock_fault_text(const struct mock_fault *fault,
			    const char *name); /* NULL when absent */
int64_t mock_fault_int(const struct mock_fault *fault, const char *name, int64_t otherwise);
/* Is `word` in the comma-separated list of this name? */
bool mock_fault_lists(const struct mock_fault *fault, const char *name, const char *word);
/* JSON text of a parameter "set=MEMBER:JSON"; NULL when there is none for this member. */
const char *mock_fault_set(const struct mock_fault *fault, const char *member);
/* Does it act before a request is known? Such a fault is used up by a connection. */
bool mock_fault_early(const struct mock_fault *fault);

void mock_fault_print_table(void);

/* In shared memory, guarded by the state's lock. */
struct mock_fault_slot {
	int64_t times; /* how often it still acts; -1: always */
	int64_t after; /* matches to let pass first */
	uint64_t used;
	size_t len;
	char spec[MOCK_FAULT_BYTES];
};

struct mock_fault_slots {
	struct mock_fault_slot slot[MOCK_FAULT_SLOTS];
	size_t count;
};

/* Add a fault that was parsed from `spec`. Returns false if all slots are taken. */
bool mock_slots_add(struct mock_fault_slots *slots, const struct mock_fault *fault,
		    struct sts_slice spec);
/*
 * Take the fault for a connection (method and path are NULL) or a request. Returns false if there
 * is none; `fault` then has no parameters.
 */
bool mock_slots_take(struct mock_fault_slots *slots, const char *method, const char *path,
		     struct mock_fault *fault);

#endif
