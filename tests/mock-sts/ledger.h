/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an STS must remember from one request to the next: opaque tokens that another endpoint
 * takes, and ids of subject tokens that may be used once. It lies in shared memory, guarded by the
 * lock of the state. A new entry takes the place of the oldest.
 */
#ifndef MOCK_LEDGER_H
#define MOCK_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define MOCK_LEDGER_ENTRIES 1024

/* Of a verified subject token. */
struct mock_subject {
	char ns[128], sa[128], jti[128]; /* jti is "" if there is none */
	int64_t exp_s;
};

struct mock_ledger {
	struct mock_ledger_entry {
		uint8_t id[32];
		int64_t until_s;
		struct mock_subject subject;
	} entry[MOCK_LEDGER_ENTRIES];
	size_t used;
};

struct mock_state;

/* Remember a token by its SHA-256, and its owner. */
void mock_ledger_add(struct mock_state *state, struct sts_slice token,
		     const struct mock_subject *subject, int64_t until_s);
/* Find the owner of a token. until_s  out. Returns false if it was not issued here. */
bool mock_ledger_find(struct mock_state *state, struct sts_slice token,
		      struct mock_subject *subject, int64_t *until_s);
/* A token that was issued is not good any more; it is counted. Returns false if it was not issued
 * here, has expired or was revoked before. */
bool mock_ledger_revoke(struct mock_state *state, struct sts_slice token, int64_t now_s);
/* Remember a text that may come once. Returns false if it came before. */
bool mock_ledger_once(struct mock_state *state, struct sts_slice text);

#endif
