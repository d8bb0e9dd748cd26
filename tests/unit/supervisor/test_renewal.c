/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/renewal.h"

#include "one_exchange.h"

#define SPREAD STS_EXCHANGE_SPREAD_MS

static struct sts_plan once;

/* An exchange that sends each subject token once gets a token of this life. Its subject token of
 * subject_life_s is age_s old. */
static void exchange(int64_t life_s, int64_t subject_life_s, int64_t age_s)
{
	struct sts_report r;

	once = usual;
	once.subject_use = STS_USE_ONCE;
	set_up(&once);
	r = token(life_s, 0);
	r.subject_iat_s = REAL / 1000 - age_s;
	r.subject_exp_s = r.subject_iat_s + subject_life_s;
	CHECK_INT(go(r), STS_OUTCOME_SUCCESS);
}

/* When the next attempt is planned after a success. */
static void plans(void)
{
	static const struct {
		int64_t life_s, subject_life_s, age_s,
			renews_s; /* the last one: 0: it is not waited for */
	} rows[] = {
		{300, 600, 0, 480},
		{300, 600, 100, 380},
		{3600, 3600, 0, 2880},
		{900, 600, 0, 0}, /* the next subject token is there before the refresh */
		{43200, 3600, 0, 0},
		{7200, 7 * 24 * 3600, 0, 24 * 3600}, /* the kubelet renews a token after a day */
		{300, 600, 599, 0},                  /* it is late */
		{300, 600, -100, 480}, /* by our clock, the subject token is not issued yet */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t renews_ms = BOOT + rows[i].renews_s * S;

		exchange(rows[i].life_s, rows[i].subject_life_s, rows[i].age_s);
		CHECK_INT(x.state, rows[i].renews_s ? STS_EXCHANGE_SPENT : STS_EXCHANGE_HOLDS);
		CHECK_INT(x.status.wait, rows[i].renews_s ? STS_WAIT_SUBJECT : STS_WAIT_NONE);
		CHECK_INT(x.status.state, STS_STATE_OK);
		if (!rows[i].renews_s)
			continue;
		CHECK_INT(x.status.renews_ms, renews_ms);
		if (rows[i].life_s < rows[i].renews_s)
			renews_ms = BOOT + rows[i].life_s * S; /* the looks begin */
		CHECK(x.next_ms >= renews_ms && x.next_ms < renews_ms + SPREAD);
	}
}

/* The kubelet has nothing to do with these. */
static void others(void)
{
	struct sts_report opaque;

	/* The token of another exchange is asked for when it is needed. */
	exchange(300, 600, 0);
	once.depends_on = 0;
	set_up(&once);
	opaque = token(300, 0);
	opaque.subject_iat_s = REAL / 1000;
	opaque.subject_exp_s = REAL / 1000 + 600;
	go(opaque);
	CHECK_INT(x.state, STS_EXCHANGE_HOLDS);
	CHECK_INT(x.status.renews_ms, 0);
	/* A subject token that tells no times. */
	once.depends_on = -1;
	set_up(&once);
	opaque = token(300, 0);
	go(opaque);
	CHECK_INT(x.state, STS_EXCHANGE_HOLDS);
	CHECK_INT(x.status.renews_ms, 0);
	/* One that tells when it expires, and not when it was issued. */
	set_up(&once);
	opaque.subject_exp_s = REAL / 1000 + 600;
	go(opaque);
	CHECK_INT(x.status.renews_ms, 0);
	/* One that the kubelet was to renew before the node was started. */
	exchange(300, 30 * 24 * 3600, 29 * 24 * 3600);
	CHECK_INT(x.status.renews_ms, 1);
	/* A worker that has read no subject token tells nothing new. */
	exchange(300, 600, 0);
	opaque = failure(STS_ECONNECT);
	opaque.subject_exp_s = -1;
	later(x.next_ms - m.boot_ms);
	go(opaque);
	CHECK_INT(x.status.renews_ms, BOOT + 480 * S);
}

/* A new subject token brings the attempt forward; without an event there are looks, and more of
 * them while the kubelet is about to renew. */
static void looks(void)
{
	struct sts_report used = failure(STS_ESUBJECT_USED);

	used.subject_iat_s = REAL / 1000;
	used.subject_exp_s = used.subject_iat_s + 600;
	exchange(300, 600, 0);
	sts_exchange_subject_changed(&x, &m);
	CHECK(x.next_ms < BOOT + SPREAD);
	exchange(300, 600, 0);
	/* The token ends, and the first look finds the old one. */
	CHECK_INT(go(used), STS_OUTCOME_WAITS);
	later(BOOT + 481 * S - m.boot_ms);
	go(used);
	for (int i = 0; i < 5; i++) {
		CHECK(x.next_ms >= m.boot_ms + SPREAD / 2 && x.next_ms <= m.boot_ms + SPREAD);
		CHECK_INT(go(used), STS_OUTCOME_NOTHING);
	}
	later(BOOT + 601 * S - m.boot_ms);
	go(used);
	CHECK(x.next_ms >= m.boot_ms + 30 * S && x.next_ms <= m.boot_ms + 60 * S);
	/* Long before it, there is a look a minute, and none that misses the renewal. */
	exchange(300, 600, 0);
	sts_exchange_refresh(&x, &m);
	go(used);
	CHECK(x.next_ms >= m.boot_ms + 30 * S && x.next_ms <= m.boot_ms + 60 * S);
	later(BOOT + 470 * S - m.boot_ms);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	sts_exchange_finished(&x, &used, &m);
	CHECK(x.next_ms >= BOOT + 480 * S && x.next_ms < BOOT + 480 * S + SPREAD);
}

static void gap(void)
{
	static const struct {
		int64_t life_s, subject_life_s, age_s;
		struct sts_renewal_gap gap; /* gap_s -1: there is none */
	} rows[] = {
		{300, 600, 0, {185, 600, 580, true}},
		{300, 600, 100, {85, 600, 580, true}},
		{300, 3600, 0, {2585, 600, 580, true}},
		{900, 3600, 0, {1985, 1000, 2980, false}},
		{3000, 3600, 0, {.gap_s = -1}},
		{2980, 3600, 0, {.gap_s = -1}},
		/* The kubelet may be late. */
		{2979, 3600, 0, {0, 3598, 2980, false}},
		{579, 600, 0, {0, 600, 580, true}},
		{580, 600, 0, {.gap_s = -1}},
		{900, 600, 0, {.gap_s = -1}},
		{7200, 7 * 24 * 3600, 0, {79205, 8875, 86500, false}},
		{300, 400, 0, {25, 400, 420, true}}, /* this one is not the kubelet's */
	};
	struct sts_renewal_gap found;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sts_renewal_gap *g = &rows[i].gap;
		int before = sts_test_failures;

		exchange(rows[i].life_s, rows[i].subject_life_s, rows[i].age_s);
		CHECK_INT(sts_renewal_gap(&x, &found), g->gap_s >= 0);
		if (g->gap_s >= 0) {
			CHECK_INT(found.gap_s, g->gap_s);
			CHECK_INT(found.expiration_s, g->expiration_s);
			CHECK_INT(found.lifetime_s, g->lifetime_s);
			CHECK_INT(found.needs_both, g->needs_both);
		}
		if (sts_test_failures != before)
			printf("# in row %zu\n", i);
	}
	/* Without a token, there is no end of one. */
	exchange(300, 600, 0);
	x.expires_s = 0;
	CHECK(!sts_renewal_gap(&x, &found));
	/* A subject token that may be sent again leaves no gap. */
	once.subject_use = STS_USE_AGAIN;
	set_up(&once);
	struct sts_report r = token(300, 0);
	r.subject_iat_s = REAL / 1000;
	r.subject_exp_s = REAL / 1000 + 3600;
	go(r);
	CHECK(!sts_renewal_gap(&x, &found));
}

int main(void)
{
	static const struct sts_test tests[] = {
		{"the attempt after a success", plans},
		{"without the kubelet", others},
		{"looks", looks},
		{"the gap", gap},
	};

	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
