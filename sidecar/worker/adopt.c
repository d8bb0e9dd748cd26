/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/adopt.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/sizes.h"
#include "output/stored.h"
#include "protocol/table.h"
#include "token/jwt.h"
#include "token/jwt_times.h"

/* How far the time of a file may be in the future. Small corrections of a clock cause that. */
#define AHEAD_MAX_MS 60000

static void read_thumbprint(int dir_fd, struct sts_report *report)
{
	char hex[2 * STS_THUMBPRINT_BYTES];
	size_t len;

	if (sts_file_read(dir_fd, STS_FILE_THUMBPRINT, STS_FILE_NOFOLLOW, hex, sizeof(hex), &len) ==
		    0 &&
	    sts_hex_decode((struct sts_slice){hex, len}, report->thumbprint, STS_THUMBPRINT_BYTES))
		report->flags |= STS_REPORT_THUMBPRINT;
}

/* Returns the time at which the token is due for a refresh. The arithmetic is the same as in
 * schedule/schedule.h, but without the random spread. */
static int64_t due_ms(const struct sts_options *o, int64_t from_ms, int64_t until_ms)
{
	int64_t life_ms = until_ms - from_ms;

	/* openunison-cli has no lower limit for the life of a token. */
	if (o->command == STS_COMMAND_EXCHANGE)
		return until_ms - o->refresh_before_ms;
	if (o->refresh_before_ms > 0)
		return until_ms -
		       (o->refresh_before_ms < life_ms / 2 ? o->refresh_before_ms : life_ms / 2);
	return from_ms + life_ms / 1000 * o->fraction_permille;
}

/* Does the token meet --expect-audience and --expect-issuer? The STS may have issued it under other
 * options. */
static bool is_expected(const struct sts_options *o, struct sts_slice token, char *scratch,
			size_t scratch_size)
{
	bool has = true;

	if (o->expect_audience)
		sts_jwt_has_audience(token, sts_slice_of(o->expect_audience), scratch, scratch_size,
				     &has, NULL);
	if (has && o->expect_issuer)
		sts_jwt_has_issuer(token, sts_slice_of(o->expect_issuer), scratch, scratch_size,
				   &has, NULL);
	return has;
}

/*
 * Returns when a token ends.
 *   doubtful  out  it may have ended already: it is not adopted, which costs one exchange
 */
static int64_t ends_ms(const struct sts_stored *stored, int64_t exp_s, int64_t now_ms,
		       bool *doubtful)
{
	int64_t until_ms = stored->expires_s * 1000;
	/* `expires` was calculated when the token arrived. An exp that has passed by
	 * the node's clock does not change it. */
	bool has_passed = exp_s >= 0 && exp_s * 1000 <= now_ms;
	/* Files from the future were written before the node's clock was set back. The token lives
	 * no longer from now on than it did from then on. */
	bool is_from_future = stored->written_ms > now_ms + AHEAD_MAX_MS;

	*doubtful = has_passed || is_from_future;
	if (exp_s >= 0 && exp_s * 1000 < until_ms && !has_passed)
		until_ms = exp_s * 1000;
	if (is_from_future && stored->expires_s * 1000 - stored->written_ms < until_ms - now_ms)
		until_ms = now_ms + (stored->expires_s * 1000 - stored->written_ms);
	return until_ms;
}

bool sts_adopt(const struct sts_store *store, const struct sts_options *o, unsigned write,
	       char *buf, size_t size, char *scratch, size_t scratch_size,
	       struct sts_report *report)
{
	int64_t now_ms = sts_clock_real_ms(), now_boot_ms = sts_clock_boot_ms();
	struct sts_jwt_claims claims;
	struct sts_stored stored;
	int64_t from_ms, until_ms;
	bool is_doubtful;

	sts_stored_read(store->dir_fd, buf, size, &stored);
	/* If --write does not name token.jwt, that file may be missing or old. */
	if (stored.token_errno || stored.expires_errno ||
	    (write & STS_OUTPUTS_TOKEN & ~stored.files) ||
	    !is_expected(o, stored.token, scratch, scratch_size) ||
	    (sts_jwt_times(stored.token, scratch, scratch_size, &claims, NULL) != STS_OK &&
	     (write & STS_WRITE_TOKEN)))
		return false;
	until_ms = ends_ms(&stored, claims.exp_s, now_ms, &is_doubtful);
	/* The life of the token starts at the time of the file, unless that time is in the
	 * future. */
	from_ms = stored.written_ms < now_ms ? stored.written_ms : now_ms;
	/* If the file is older than this boot, the life starts at the start of BOOTTIME. */
	if (now_ms - from_ms >= now_boot_ms)
		from_ms = now_ms - now_boot_ms + 1;
	/* This program never writes a token with a longer life than STS_EXPIRY_MAX_S. */
	if (until_ms <= now_ms || until_ms - from_ms < 1000 ||
	    until_ms - from_ms > STS_EXPIRY_MAX_S * 1000)
		return false;
	/* --max-lifetime applies to the `exp` of the token, if the token has one. */
	if (o->max_lifetime_ms > 0 &&
	    (claims.exp_s >= 0 ? claims.exp_s * 1000 : until_ms) - from_ms > o->max_lifetime_ms)
		return false;
	report->flags |= STS_REPORT_ADOPTED;
	report->expires_s = until_ms / 1000;
	report->lifetime_s = (until_ms - from_ms) / 1000;
	if (is_doubtful || now_ms >= due_ms(o, from_ms, until_ms))
		return false;
	report->sent_boot_ms = now_boot_ms - (now_ms - from_ms);
	read_thumbprint(store->dir_fd, report);
	return true;
}
