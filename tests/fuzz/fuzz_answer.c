/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A complete answer. The input is a byte that chooses the protocol (5 bits) and what is expected (3
 * bits), three digits of status, a line each for Date, Retry-After and Location, and the body. A
 * token that is taken may be written to a file and has life left. A refusal has one line that may
 * be logged and has no piece of the subject token.
 */
#include <stdlib.h>
#include <string.h>

#include "base/shared_run.h"
#include "json_xml/json.h"
#include "protocol/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW     1768233600
#define SUBJECT "sUbJeCt-0123456789.abcdefghijklm.nopqrstuvwxyz"

static char scratch[48 * 1024];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static struct sts_slice take_line(struct sts_slice *rest)
{
	const char *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
	struct sts_slice line = {rest->data, end ? (size_t)(end - rest->data) : rest->len};

	rest->data += line.len + (end != NULL);
	rest->len -= line.len + (end != NULL);
	return line;
}

static void check_text(const char *text)
{
	struct sts_slice s = sts_slice_of(text);

	for (size_t i = 0; i < s.len; i++)
		require(s.data[i] >= ' ' && s.data[i] <= '~');
	require(!sts_shares_run(s, STS_SLICE(SUBJECT), 8));
	require(!strstr(text, "eyJ"));
}

static void check_code(const char *code)
{
	require(strlen(code) < STS_CODE_MAX_BYTES);
	for (; *code; code++)
		require((*code >= '0' && *code <= '9') || (*code >= 'A' && *code <= 'Z') ||
			(*code >= 'a' && *code <= 'z') || *code == '_' || *code == '.' ||
			*code == '-');
}

static bool is_class_of(int status, enum sts_err err)
{
	if (status < 300)
		return err == STS_EEMPTY || err == STS_EHTML || err == STS_EJSON ||
		       err == STS_ETOOBIG || err == STS_EANSWER || err == STS_ETOKEN ||
		       err == STS_ELIFETIME || err == STS_EEXPECT || err == STS_EBUSY ||
		       err == STS_EUNAUTHORIZED || err == STS_EREFUSED;
	if (status < 400)
		return err == STS_EREDIRECT || err == STS_EBUSY;
	if (status >= 500 && status != 501 && status != 505)
		return err == STS_EBUSY;
	return err == STS_EBUSY || err == STS_EUNAUTHORIZED || err == STS_EDENIED ||
	       err == STS_ECLIENT || err == STS_EREFUSED || err == STS_ENOTFOUND ||
	       err == STS_ESTATUS || err == STS_EREQUEST_TOOBIG;
}

static void check_failure(int status, enum sts_err err, const struct sts_answer *answer,
			  const struct sts_error *e)
{
	require(is_class_of(status, err));
	require(e->code == err && e->msg[0]);
	require(answer->token.len + answer->aws_key_id.len + answer->aws_secret.len == 0);
	check_text(e->msg);
	if (status > 299) {
		require(strncmp(e->msg, "unexpected status ", 18) == 0);
		require(atoi(e->msg + 18) == status);
	}
}

static void check_success(const struct sts_answer_input *in, const struct sts_answer *answer)
{
	require(in->head->status < 300);
	require(sts_answer_token_ok(answer->token));
	require(!sts_slice_eq(answer->token, SUBJECT));
	require((answer->aws_key_id.len > 0) ==
		(sts_protocol_text(in->protocol, STS_PROTOCOL_KEY_ID)[0] != '\0'));
	require(!answer->aws_key_id.len || (sts_answer_token_ok(answer->aws_key_id) &&
					    sts_answer_token_ok(answer->aws_secret)));
	require(answer->lifetime_s > 0);
	require(answer->expires_s >= 0 && answer->expires_s <= NOW + answer->lifetime_s);
	require(in->max_lifetime_s == 0 || answer->lifetime_s <= in->max_lifetime_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice rest = {(const char *)data + 4, size - 4};
	struct sts_answer answer, again;
	struct sts_error e = {0};
	uint64_t status;

	if (size < 4 ||
	    !sts_parse_u64((struct sts_slice){(const char *)data + 1, 3}, 599, &status) ||
	    status < 200)
		return 0;
	struct sts_http_head head = {.status = (int)status};

	head.date = take_line(&rest);
	head.retry_after = take_line(&rest);
	/* The same line is a Location and a WWW-Authenticate. */
	head.location = head.challenges[0] = take_line(&rest);
	const struct sts_request request = {
		.protocol = &sts_protocols[(data[0] & 0x1f) % sts_protocol_count],
		.subject = STS_SLICE(SUBJECT)};
	struct sts_answer_input in = {
		.protocol = request.protocol,
		.head = &head,
		.body = rest,
		.request = &request,
		.sent_real_ms = NOW * 1000LL,
		.received_real_ms = NOW * 1000LL + 50,
		.expect_audience = data[0] & 0x20 ? STS_SLICE("aud") : (struct sts_slice){NULL, 0},
		.expect_issuer = data[0] & 0x40 ? STS_SLICE("iss") : (struct sts_slice){NULL, 0},
		.max_lifetime_s = data[0] & 0x80 ? 900 : 0,
	};
	enum sts_err err = sts_answer_read(&in, scratch, sizeof(scratch), &answer, &e);

	if (err == STS_OK)
		check_success(&in, &answer);
	else
		check_failure((int)status, err, &answer, &e);
	require(answer.http_status == (int)status);
	require(answer.retry_after_s >= -1 && answer.retry_after_s <= 300);
	check_code(answer.sts_error);
	check_text(answer.sts_error);
	sts_json_close();

	require(sts_answer_read(&in, scratch, sizeof(scratch), &again, NULL) == err);
	require(again.expires_s == answer.expires_s &&
		again.has_thumbprint == answer.has_thumbprint);
	sts_json_close();
	return 0;
}
