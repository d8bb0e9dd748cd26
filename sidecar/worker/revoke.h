/* SPDX-License-Identifier: Apache-2.0 */
/* The job of the worker that revokes: what it does in place of an exchange. */
#ifndef STS_WORKER_REVOKE_H
#define STS_WORKER_REVOKE_H

#include "options/fields.h"
#include "output/store.h"

/*
 * Read the token to revoke from the output directory, and turn the fields into those of the request
 * that revokes it: see sts_fields_revoke(). A token that does not belong to this UID is not sent.
 *   store   in      open; NULL: take the token that a worker of `doctor` has left (wire/handover.h)
 *   fields  in/out  of sts_fields_make()
 *   files   in/out  kept: the token is put there
 * Returns STS_OK, STS_EINPUT if there is no such token, or what sts_fields_revoke() returns.
 */
enum sts_err sts_revoke_prepare(const struct sts_options *o, const struct sts_store *store,
				struct sts_fields *fields, struct sts_fields_files *files,
				struct sts_error *e);

#endif
