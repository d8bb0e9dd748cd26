/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/explain.h"

#include "base/packed.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The alerts of RFC 8446 section 6 that are handled in a special way. */
#define HANDSHAKE_FAILURE     40
#define BAD_CERTIFICATE       42
#define CERTIFICATE_FIRST     42
#define CERTIFICATE_LAST      51
#define ILLEGAL_PARAMETER     47
#define DECODE_ERROR          50
#define PROTOCOL_VERSION      70
#define INSUFFICIENT_SECURITY 71
#define UNRECOGNIZED_NAME     112
#define CERTIFICATE_REQUIRED  116
#define NO_PROTOCOL           120

#define VERSION_SSL_3 0x0300
#define VERSION_11    0x0302

/* The alerts that have words, and the words in the same order. */
static const uint8_t alerts[] = {
	10,
	20,
	22,
	HANDSHAKE_FAILURE,
	BAD_CERTIFICATE,
	43,
	44,
	45,
	46,
	ILLEGAL_PARAMETER,
	48,
	49,
	DECODE_ERROR,
	51,
	80,
	86,
	109,
	110,
	CERTIFICATE_REQUIRED,
};
static const char alert_words[] = STS_PACKED(": unexpected message\0"      /* 10 */
					     ": bad record MAC\0"          /* 20 */
					     ": record overflow\0"         /* 22 */
					     ": handshake failure\0"       /* HANDSHAKE_FAILURE */
					     ": bad certificate\0"         /* BAD_CERTIFICATE */
					     ": unsupported certificate\0" /* 43 */
					     ": certificate revoked\0"     /* 44 */
					     ": certificate expired\0"     /* 45 */
					     ": certificate unknown\0"     /* 46 */
					     ": illegal parameter\0"       /* ILLEGAL_PARAMETER */
					     ": unknown CA\0"              /* 48 */
					     ": access denied\0"           /* 49 */
					     ": decode error\0"            /* DECODE_ERROR */
					     ": decrypt error\0"           /* 51 */
					     ": internal error\0"          /* 80 */
					     ": inappropriate fallback\0"  /* 86 */
					     ": missing extension\0"       /* 109 */
					     ": unsupported extension\0"   /* 110 */
					     ": certificate required\0" /* CERTIFICATE_REQUIRED */);

/* What follows the number of an alert in a message: a colon and words, or nothing. */
static const char *words_of(int alert, char buf[STS_WORDS_MAX_BYTES])
{
	size_t i = 0;

	while (i < COUNT(alerts) && alerts[i] != alert)
		i++;
	return sts_unpacked(sts_packed_at(alert_words, i), buf, STS_WORDS_MAX_BYTES);
}

/* Do servers send this alert when they refuse the client's certificate, or when the client has sent
 * none? In TLS 1.2 they do so within the handshake, in TLS 1.3 before their first byte of data. */
static bool is_about_client(const struct sts_tls_client *c, int alert)
{
	bool tls12 = c->facts.version == STS_TLS_VERSION_12;

	if (!c->facts.client_asked || c->facts.answered || (tls12 && c->records.data_due))
		return false;
	if (alert == DECODE_ERROR) /* from GnuTLS in TLS 1.2, to a client that has sent none */
		return !c->facts.client_sent && tls12;
	return alert == HANDSHAKE_FAILURE || alert == CERTIFICATE_REQUIRED ||
	       (alert >= CERTIFICATE_FIRST && alert <= CERTIFICATE_LAST &&
		alert != ILLEGAL_PARAMETER);
}

/* What the server has against the client's certificate. */
static const char *complaint(const struct sts_tls_client *c)
{
	return sts_words(!c->key                 ? "wants a client certificate, and none is given"
			 : !c->facts.client_sent ? "wants a client certificate of another kind"
						 : "refused the client certificate");
}

static enum sts_err fail_alert(const struct sts_tls_client *c, struct sts_error *e)
{
	int alert = c->records.failure.alert;
	char words[STS_WORDS_MAX_BYTES];

	if (is_about_client(c, alert))
		return sts_fail(e, STS_ECLIENT_CERT, alert, "the server %s (alert %d%s)",
				complaint(c), alert, words_of(alert, words));
	/* When the client has done its part, no alert is about what it offered. */
	switch (c->records.data_due || sts_tls12_is_judged(c) ? 0 : alert) {
	case PROTOCOL_VERSION:
		return sts_fail(e, STS_ETLS_VERSION, alert,
				"the server speaks neither TLS 1.2 nor TLS 1.3 (alert 70)");
	case HANDSHAKE_FAILURE:
	case INSUFFICIENT_SECURITY:
		return sts_fail(e, STS_ETLS_REFUSED, alert,
				"the server found no cipher suite, group or signature scheme in "
				"common (alert %d)",
				alert);
	case UNRECOGNIZED_NAME:
		return sts_fail(e, STS_ETLS_NAME, alert,
				"the server does not know the host name of the URL (alert 112)");
	case NO_PROTOCOL:
		return sts_fail(e, STS_ETLS_ALPN, alert,
				"the server does not speak HTTP/1.1 on this port (alert 120: no "
				"application protocol)");
	default:
		return sts_fail(e, STS_ETLS, alert, "the server ended TLS with alert %d%s", alert,
				words_of(alert, words));
	}
}

/* Fail with the words of a check. Some get what the server chose. */
static enum sts_err fail_check(const struct sts_tls_client *c, struct sts_error *e)
{
	static const char old_names[][8] = {"SSL 3.0", "TLS 1.0", "TLS 1.1"};
	const struct sts_tls_failure *failure = &c->records.failure;
	struct sts_tls_check_info info = sts_tls_check_info(failure->check);
	int detail = STS_TLS_DETAIL_CHECK + (int)failure->check;

	if (failure->check == STS_TLS_MESSAGE_DUE)
		return sts_fail(e, info.error, detail, "the server sent %s where %s was due",
				sts_tls_message_name(failure->came),
				sts_tls_message_name(failure->due));
	if (failure->check == STS_TLS_VERSION && failure->version >= VERSION_SSL_3 &&
	    failure->version <= VERSION_11)
		return sts_fail(
			e, info.error, detail,
			"the server speaks %s at most, and this program speaks TLS 1.2 and 1.3",
			old_names[failure->version - VERSION_SSL_3]);
	return sts_fail(e, info.error, detail, "the server %s", info.words);
}

enum sts_err sts_tls_explain(const struct sts_tls_client *c, struct sts_error *e)
{
	switch (c->records.failure.kind) {
	case STS_TLS_BROKEN_RULE:
		return fail_check(c, e);
	case STS_TLS_ALERTED:
		return fail_alert(c, e);
	case STS_TLS_KEY_MISMATCH:
		return sts_fail(e, STS_ECLIENT_CERT, 0,
				"--client-key: the key does not belong to the certificate");
	case STS_TLS_NO_RANDOM:
		return sts_fail(e, STS_EBUG, 0, "the system gives no random bytes");
	default:
		return sts_fail(e, STS_EBUG, (int)c->records.failure.kind,
				"the TLS client failed (%d)", (int)c->records.failure.kind);
	}
}

enum sts_err sts_tls_probably_refused(const struct sts_tls_client *c, struct sts_error *e)
{
	return sts_fail(e, STS_ECLIENT_CERT, 0,
			"the server ended the connection without an answer: it probably %s",
			complaint(c));
}
