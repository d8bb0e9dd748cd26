/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/explain.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct sts_tls_client client;
static struct sts_client_key key;
static struct sts_error error;

static enum sts_err alerted(uint16_t version, bool asked, bool has_key, bool sent, uint8_t alert)
{
	client.facts.version = version;
	client.facts.client_asked = asked;
	client.facts.client_sent = sent;
	client.key = has_key ? &key : NULL;
	client.records.failure = (struct sts_tls_failure){.kind = STS_TLS_ALERTED, .alert = alert};
	return sts_tls_explain(&client, &error);
}

/* An alert is about the client's certificate when the server has asked for one, and servers send
 * the alert for this reason. */
static void test_client_certificate(void)
{
	static const struct {
		uint16_t version;
		uint8_t alert;
		bool asked, has_key, sent;
		enum sts_err code;
		const char *words;
	} rows[] = {
		{STS_TLS_VERSION_12, 40, true, false, false, STS_ECLIENT_CERT, "none is given"},
		{STS_TLS_VERSION_12, 40, true, true, false, STS_ECLIENT_CERT, "of another kind"},
		{STS_TLS_VERSION_12, 42, true, true, true, STS_ECLIENT_CERT, "refused the client"},
		{STS_TLS_VERSION_13, 116, true, false, false, STS_ECLIENT_CERT, "none is given"},
		{STS_TLS_VERSION_12, 50, true, false, false, STS_ECLIENT_CERT, "none is given"},
		{STS_TLS_VERSION_12, 50, true, true, true, STS_ETLS, "ended TLS with alert 50"},
		{STS_TLS_VERSION_13, 50, true, false, false, STS_ETLS, "ended TLS with alert 50"},
		{STS_TLS_VERSION_12, 47, true, false, false, STS_ETLS, "ended TLS with alert 47"},
		{STS_TLS_VERSION_12, 41, true, true, true, STS_ETLS, "ended TLS with alert 41"},
		{STS_TLS_VERSION_12, 51, true, true, true, STS_ECLIENT_CERT, "refused the client"},
		{STS_TLS_VERSION_12, 52, true, true, true, STS_ETLS, "ended TLS with alert 52"},
		{STS_TLS_VERSION_12, 80, true, true, true, STS_ETLS, "ended TLS with alert 80"},
		{STS_TLS_VERSION_12, 50, false, false, false, STS_ETLS, "ended TLS with alert 50"},
		{STS_TLS_VERSION_12, 40, false, true, false, STS_ETLS_REFUSED, "in common"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(alerted(rows[i].version, rows[i].asked, rows[i].has_key, rows[i].sent,
				  rows[i].alert),
			  rows[i].code);
		CHECK_INT(error.detail, rows[i].alert);
		CHECK(strstr(error.msg, rows[i].words) != NULL);
	}
}

/* In TLS 1.2, an alert about the client's last messages is not about what it offered. */
static void test_judged(void)
{
	client.records.out_keys.aead = STS_TLS_AEAD_AES_128_GCM;
	CHECK_INT(alerted(STS_TLS_VERSION_12, false, true, false, 40), STS_ETLS);
	CHECK_STR(error.msg, "the server ended TLS with alert 40: handshake failure");
	CHECK_INT(alerted(STS_TLS_VERSION_12, false, true, false, 70), STS_ETLS);
	CHECK_INT(alerted(STS_TLS_VERSION_12, true, true, true, 40), STS_ECLIENT_CERT);
	CHECK_INT(alerted(STS_TLS_VERSION_13, false, true, false, 40), STS_ETLS_REFUSED);
	client.records.out_keys.aead = STS_TLS_AEAD_NONE;
}

/* The same alerts have another meaning when the handshake is over. */
static void test_late_alerts(void)
{
	static const struct {
		uint16_t version;
		uint8_t alert;
		bool asked, answered;
		enum sts_err code;
	} rows[] = {
		{STS_TLS_VERSION_12, 42, true, false, STS_ETLS},
		{STS_TLS_VERSION_13, 42, true, false, STS_ECLIENT_CERT},
		{STS_TLS_VERSION_13, 42, true, true, STS_ETLS},
		{STS_TLS_VERSION_13, 116, true, true, STS_ETLS},
		{STS_TLS_VERSION_12, 40, false, false, STS_ETLS},
		{STS_TLS_VERSION_13, 40, false, true, STS_ETLS},
		{STS_TLS_VERSION_13, 70, false, false, STS_ETLS},
		{STS_TLS_VERSION_13, 71, false, false, STS_ETLS},
	};

	client.records.data_due = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		client.facts.answered = rows[i].answered;
		CHECK_INT(alerted(rows[i].version, rows[i].asked, true, true, rows[i].alert),
			  rows[i].code);
		CHECK_INT(error.detail, rows[i].alert);
	}
	client.records.data_due = client.facts.answered = false;
}

static void test_old_versions(void)
{
	static const struct {
		uint16_t version;
		const char *words;
	} rows[] = {
		{0x0302, "TLS 1.1 at most"}, {0x0301, "TLS 1.0 at most"},
		{0x0300, "SSL 3.0 at most"}, {0x02ff, "was not offered"},
		{0x0305, "was not offered"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		client.records.failure = (struct sts_tls_failure){.kind = STS_TLS_BROKEN_RULE,
								  .check = STS_TLS_VERSION,
								  .version = rows[i].version};
		CHECK_INT(sts_tls_explain(&client, &error), STS_ETLS_VERSION);
		CHECK(strstr(error.msg, rows[i].words) != NULL);
	}
}

static void test_check(void)
{
	client.records.failure = (struct sts_tls_failure){.kind = STS_TLS_BROKEN_RULE,
							  .check = STS_TLS_RECORD_TYPE};
	CHECK_INT(sts_tls_explain(&client, &error), STS_ETLS);
	CHECK_INT(error.detail, STS_TLS_DETAIL_CHECK + STS_TLS_RECORD_TYPE);
	CHECK_STR(error.msg, "the server sent a record of an unknown type");
}

static void test_messages(void)
{
	client.records.failure = (struct sts_tls_failure){
		.kind = STS_TLS_BROKEN_RULE, .check = STS_TLS_MESSAGE_DUE, .came = 11, .due = 2};
	CHECK_INT(sts_tls_explain(&client, &error), STS_ETLS);
	CHECK_STR(error.msg, "the server sent Certificate where ServerHello was due");
	client.records.failure.came = 99;
	CHECK_INT(sts_tls_explain(&client, &error), STS_ETLS);
	CHECK_STR(error.msg, "the server sent an unknown message where ServerHello was due");
}

static void test_before_the_handshake(void)
{
	static const struct {
		uint8_t alert;
		enum sts_err code;
		const char *words;
	} rows[] = {{70, STS_ETLS_VERSION, "speaks neither TLS 1.2 nor TLS 1.3 (alert 70)"},
		    {71, STS_ETLS_REFUSED, "in common (alert 71)"},
		    {112, STS_ETLS_NAME, "does not know the host name of the URL (alert 112)"},
		    {120, STS_ETLS_ALPN, "does not speak HTTP/1.1 on this port (alert 120"}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(alerted(0, false, false, false, rows[i].alert), rows[i].code);
		CHECK_INT(error.detail, rows[i].alert);
		CHECK(strstr(error.msg, rows[i].words) != NULL);
	}
}

/* What is not the server's fault is not called so. */
static void test_our_own(void)
{
	static const struct {
		enum sts_tls_failure_kind kind;
		enum sts_err code;
		const char *words;
	} rows[] = {{STS_TLS_KEY_MISMATCH, STS_ECLIENT_CERT,
		     "--client-key: the key does not belong to the certificate"},
		    {STS_TLS_NO_RANDOM, STS_EBUG, "the system gives no random bytes"},
		    {STS_TLS_TOO_BIG, STS_EBUG, "the TLS client failed (7)"}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		client.records.failure = (struct sts_tls_failure){.kind = rows[i].kind};
		CHECK_INT(sts_tls_explain(&client, &error), rows[i].code);
		CHECK_STR(error.msg, rows[i].words);
	}
}

int main(void)
{
	static const struct sts_test tests[] = {
		{"alerts about the client's certificate", test_client_certificate},
		{"alerts after the handshake", test_late_alerts},
		{"alerts after the client's last message in TLS 1.2", test_judged},
		{"versions before TLS 1.2", test_old_versions},
		{"a check", test_check},
		{"a message that was not due", test_messages},
		{"alerts before the handshake is over", test_before_the_handshake},
		{"what is not the server's fault", test_our_own},
	};

	return sts_test_main(tests, COUNT(tests));
}
