/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of a stream that need no peer. */
#include "tls/stream.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static struct sts_stream tls;
static struct sts_verifier verifier;

/* The state of the client is set, and close_notify is all that is sent:
 * after that of the server, and after the handshake, but not after a failure. */
static void close_notify_is_sent(void)
{
	static const uint8_t alert[] = {21, 3, 3, 0, 2, 1, 0};
	uint8_t sent[sizeof(alert) + 1];
	int pair[2];

	for (int i = 0; i < 3; i++) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
		sts_stream_init(&tls, pair[0], false, &verifier, NULL, INT64_MAX, NULL);
		tls.tls.records.closed = i == 0;
		tls.tls.records.data_due = i > 0;
		tls.tls.records.failure.kind = i == 2 ? STS_TLS_BROKEN_RULE : STS_TLS_FINE;
		sts_stream_fini(&tls);
		CHECK_INT(read(pair[1], sent, sizeof(sent)), i == 2 ? -1 : (int)sizeof(alert));
		CHECK(i == 2 || memcmp(sent, alert, sizeof(alert)) == 0);
		close(pair[0]);
		close(pair[1]);
	}
}

/* The server reads nothing, so there is no room for the alert. The failure is told at once, and as
 * what it is. */
static void an_alert_never_waits(void)
{
	static uint8_t full[65536];
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	for (size_t size = sizeof(full); size > 0; size /= 2)
		while (send(pair[0], full, size, 0) > 0)
			;
	sts_stream_init(&tls, pair[0], false, &verifier, NULL, sts_clock_boot_ms() + 2000, NULL);
	CHECK(!sts_tls_give_up(&tls.tls.records, STS_TLS_NO_RANDOM, STS_TLS_ALERT_INTERNAL_ERROR));
	CHECK(!tls.timed_out);
	CHECK_INT(tls.tls.records.failure.kind, STS_TLS_NO_RANDOM);
	sts_stream_fini(&tls);
	close(pair[0]);
	close(pair[1]);
}

static const struct sts_test tests[] = {
	{"close_notify is sent", close_notify_is_sent},
	{"an alert never waits", an_alert_never_waits},
};

int main(void)
{
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
