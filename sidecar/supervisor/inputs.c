/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/inputs.h"

#include <sys/stat.h>

#include "base/hash.h"
#include "base/resident.h"

static bool watch_again STS_RESIDENT;

uint64_t sts_file_identity(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return 0;
	const uint64_t parts[] = {st.st_dev, st.st_ino, (uint64_t)st.st_size,
				  (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
	return sts_hash(STS_HASH_START, parts, sizeof(parts)) | 1;
}

/* Returns one number for all CA files of a plan. */
static uint64_t identity_of_ca_files(const struct sts_plan *plan)
{
	uint64_t h = STS_HASH_START;

	for (const char *ca = sts_members_text(plan->cas); *ca; ca = sts_text_at(ca, 1)) {
		uint64_t identity = sts_file_identity(ca);

		h = sts_hash(h, &identity, sizeof(identity));
	}
	return h;
}

void sts_inputs_check_subject(struct sts_member *t)
{
	uint64_t seen;
	struct sts_moment m;

	/* A worker may have read the old token. sts_inputs_attempted() checks again when the
	 * attempt has ended. */
	if (sts_exchange_busy(&t->x))
		return;
	seen = sts_file_identity(sts_members_text(t->x.plan->token_file));
	if (seen == t->subject)
		return;
	t->subject = seen;
	m = sts_now();
	sts_exchange_subject_changed(&t->x, &m);
}

/* Find out whether the CA files have changed, if the last attempt failed because of trust and no
 * attempt runs. */
static void check_trust(struct sts_member *t)
{
	uint64_t seen;
	struct sts_moment m;

	if (!sts_exchange_distrusts(&t->x) || sts_exchange_busy(&t->x))
		return;
	seen = identity_of_ca_files(t->x.plan);
	if (seen == t->trust)
		return;
	t->trust = seen;
	m = sts_now();
	sts_exchange_trust_changed(&t->x, &m);
}

void sts_inputs_look(struct sts_member *t)
{
	t->subject = sts_file_identity(sts_members_text(t->x.plan->token_file));
	t->trust = identity_of_ca_files(t->x.plan);
}

void sts_inputs_files_changed(void)
{
	for (STS_EACH_MEMBER(t)) {
		sts_inputs_check_subject(t);
		check_trust(t);
	}
}

static void watch_one(struct sts_events *ev, struct sts_member *t)
{
	const struct sts_plan *plan = t->x.plan;

	t->watches_cas = sts_exchange_distrusts(&t->x);
	sts_events_watch(ev, sts_members_text(plan->token_file));
	for (const char *ca = sts_members_text(plan->cas); t->watches_cas && *ca;
	     ca = sts_text_at(ca, 1))
		sts_events_watch(ev, ca);
}

bool sts_inputs_watch(struct sts_events *ev, const char *config)
{
	bool again = watch_again;

	for (STS_EACH_MEMBER(t))
		again = again || t->watches_cas != sts_exchange_distrusts(&t->x);
	if (!again || sts_members_once())
		return false;
	watch_again = false;
	sts_events_unwatch(ev);
	for (STS_EACH_MEMBER(t))
		watch_one(ev, t);
	if (config)
		sts_events_watch(ev, config);
	/* Find the changes that were made before the watches. */
	sts_inputs_files_changed();
	return true;
}

void sts_inputs_watch_again(void)
{
	watch_again = true;
}

void sts_inputs_attempted(struct sts_member *t)
{
	if (sts_members_once())
		return;
	sts_inputs_check_subject(t);
	check_trust(t);
}
