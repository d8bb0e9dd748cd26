/* SPDX-License-Identifier: Apache-2.0 */
/* A request. The result is the same in whatever pieces it comes, and each byte of the path can be
 * printed. */
#include "http_messages/server.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int feed(struct sts_http_server *r, const char *data, size_t size, size_t piece)
{
	int status = 0;

	for (size_t at = 0; at < size && !status; at += piece)
		status = sts_http_server_feed(r, data + at, size - at < piece ? size - at : piece);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int known[] = {0, 200, 400, 405, 414, 431, 505};
	const size_t pieces[] = {1, 7, size + 1};
	struct sts_slice path;
	int first = -1;
	bool is_known = false;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct sts_http_server r = {0};
		int status = feed(&r, (const char *)data, size, pieces[i]);

		require(first < 0 || status == first);
		first = status;
		require(status != 0 || size <= STS_HTTP_SERVER_MAX_BYTES);
		require(r.line_len <= STS_HTTP_SERVER_LINE_MAX_BYTES);
		if (status != 200)
			continue;
		path = sts_http_server_path(&r);
		require(path.data + path.len <= r.line + sizeof(r.line));
		for (size_t k = 0; k < path.len; k++)
			require(path.data[k] > ' ' && path.data[k] <= '~' && path.data[k] != '?');
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		is_known |= first == known[i];
	require(is_known);
	return 0;
}
