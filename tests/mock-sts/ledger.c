/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <string.h>

#include "state.h"
#include "util.h"

/* The caller holds the lock. */
static struct mock_ledger_entry *find(struct mock_ledger *ledger, const uint8_t *id)
{
	for (size_t i = 0; i < ledger->used && i < MOCK_LEDGER_ENTRIES; i++)
		if (memcmp(ledger->entry[i].id, id, sizeof(ledger->entry[i].id)) == 0)
			return &ledger->entry[i];
	return NULL;
}

static struct mock_ledger_entry *add(struct mock_ledger *ledger, const uint8_t *id)
{
	struct mock_ledger_entry *entry = &ledger->entry[ledger->used++ % MOCK_LEDGER_ENTRIES];

	memset(entry, 0, sizeof(*entry));
	memcpy(entry->id, id, sizeof(entry->id));
	return entry;
}

void mock_ledger_add(struct mock_state *state, struct sts_slice token,
		     const struct mock_subject *subject, int64_t until_s)
{
	uint8_t id[MOCK_SHA256_BYTES];

	mock_sha256(token.data, token.len, id);
	mock_state_lock(state);
	struct mock_ledger_entry *entry = add(&state->ledger, id);
	entry->subject = *subject;
	entry->until_s = until_s;
	mock_state_unlock(state);
}

bool mock_ledger_find(struct mock_state *state, struct sts_slice token,
		      struct mock_subject *subject, int64_t *until_s)
{
	uint8_t id[MOCK_SHA256_BYTES];

	mock_sha256(token.data, token.len, id);
	mock_state_lock(state);
	const struct mock_ledger_entry *entry = find(&state->ledger, id);
	if (entry) {
		*subject = entry->subject;
		*until_s = entry->until_s;
	}
	mock_state_unlock(state);
	/* The id of a subject token is not a token. */
	return entry && subject->ns[0];
}

bool mock_ledger_once(struct mock_state *state, struct sts_slice text)
{
	uint8_t id[MOCK_SHA256_BYTES];

	mock_sha256(text.data, text.len, id);
	mock_state_lock(state);
	bool fresh = !find(&state->ledger, id);
	if (fresh)
		add(&state->ledger, id);
	mock_state_unlock(state);
	return fresh;
}

bool mock_ledger_revoke(struct mock_state *state, struct sts_slice token, int64_t now_s)
{
	uint8_t id[MOCK_SHA256_BYTES];

	mock_sha256(token.data, token.len, id);
	mock_state_lock(state);
	struct mock_ledger_entry *entry = find(&state->ledger, id);
	bool good = entry && entry->subject.ns[0] && entry->until_s > now_s;
	if (good)
		entry->until_s = 0;
	mock_state_unlock(state);
	if (good)
		mock_state_count(state, MOCK_REVOKED);
	return good;
}
