/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/revoke.h"

#include "output/stored.h"
#include "wire/handover.h"

enum sts_err sts_revoke_prepare(const struct sts_options *o, const struct sts_store *store,
				struct sts_fields *fields, struct sts_fields_files *files,
				struct sts_error *e)
{
	char *buf = files->data + files->used;
	size_t size = sizeof(files->data) - files->used;
	struct sts_stored stored = {.files = STS_WRITE_TOKEN};

	if (store)
		sts_stored_read(store->dir_fd, buf, size, &stored);
	else
		stored.token = sts_handover_take(buf, size);
	files->used += stored.token.len;
	if (!store && stored.token.len == 0)
		return sts_fail(e, STS_EINPUT, 0, "no token was left to be revoked");
	if (!(stored.files & STS_WRITE_TOKEN) || stored.token.len == 0)
		return sts_fail(e, STS_EINPUT, 0, "%.100s/%s cannot be read, or is not ours",
				store->dir, STS_FILE_TOKEN);
	return sts_fields_revoke(o, fields, stored.token, e);
}
