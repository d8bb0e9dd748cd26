/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/revoke.h"

#include "output/stored.h"

enum sts_err sts_revoke_prepare(const struct sts_options *o, const struct sts_store *store,
				struct sts_fields *fields, struct sts_fields_files *files,
				struct sts_error *e)
{
	struct sts_stored stored;

	sts_stored_read(store->dir_fd, files->data + files->used, sizeof(files->data) - files->used,
			&stored);
	files->used += stored.token.len;
	if (!(stored.files & STS_WRITE_TOKEN) || stored.token.len == 0)
		return sts_fail(e, STS_EINPUT, 0, "%.100s/%s cannot be read, or is not ours",
				store->dir, STS_FILE_TOKEN);
	return sts_fields_revoke(o, fields, stored.token, e);
}
