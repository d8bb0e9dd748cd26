/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/sent_tokens.h"

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"
#include "base/resident.h"

/* The ids have an array of their own, since sts_sent_all() returns them as one block. */
static struct {
	size_t count;
	uint8_t ids[STS_USED_MAX][STS_SUBJECT_ID_BYTES];
	const void *owners[STS_USED_MAX]; /* NULL: the exchange does not exist any more */
} sent STS_RESIDENT_SELDOM;               /* only subject tokens that may be sent once are noted */

static void remove_at(size_t at)
{
	sent.count--;
	memmove(sent.ids[at], sent.ids[at + 1], (sent.count - at) * sizeof(sent.ids[0]));
	memmove(&sent.owners[at], &sent.owners[at + 1], (sent.count - at) * sizeof(sent.owners[0]));
}

/* Is this the last token of an exchange that still exists? */
static bool is_last_of_owner(size_t at)
{
	for (size_t i = at + 1; i < sent.count; i++)
		if (sent.owners[i] == sent.owners[at])
			return false;
	return sent.owners[at] != NULL;
}

static void make_room(void)
{
	size_t at = 0;

	if (sent.count < STS_USED_MAX)
		return;
	/* There are more tokens than exchanges, so one token is not the last of its exchange. */
	while (at + 1 < sent.count && is_last_of_owner(at))
		at++;
	remove_at(at);
}

void sts_sent_note(const uint8_t id[STS_SUBJECT_ID_BYTES], const void *owner)
{
	for (size_t i = 0; i < sent.count; i++)
		if (memcmp(sent.ids[i], id, STS_SUBJECT_ID_BYTES) == 0) {
			remove_at(i);
			break;
		}
	make_room();
	memcpy(sent.ids[sent.count], id, STS_SUBJECT_ID_BYTES);
	sent.owners[sent.count++] = owner;
}

void sts_sent_forget(const uint8_t id[STS_SUBJECT_ID_BYTES], const void *owner)
{
	for (size_t i = 0; i < sent.count; i++)
		if (sent.owners[i] == owner && memcmp(sent.ids[i], id, STS_SUBJECT_ID_BYTES) == 0) {
			remove_at(i);
			return;
		}
}

void sts_sent_orphan(const void *owner)
{
	for (size_t i = 0; i < sent.count; i++)
		if (sent.owners[i] == owner)
			sent.owners[i] = NULL;
}

const uint8_t (*sts_sent_all(size_t *count))[STS_SUBJECT_ID_BYTES]
{
	*count = sent.count;
	return (const uint8_t(*)[STS_SUBJECT_ID_BYTES])sent.ids;
}

void sts_sent_clear(void)
{
	sent.count = 0;
}
