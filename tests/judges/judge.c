/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads many answers in one process, for test_judges.py and signatures/. On standard input there
 * are cases: a byte, the length in four bytes, the highest first, and that many bytes. The byte is
 * 'h' for HTTP, 'j' for JSON, 's' for a signature (a token, a line feed and a JWKS), or 'v' for all
 * that `verify` judges: the signature, the issuer https://sts.example, and the times. For each of
 * them, standard output gets a line:
 *
 *   taken STATUS LEFT BODY     HTTP: the status, how many bytes are left over, the body in hex
 *   taken                      JSON, and a token that is right
 *   refused ERROR MESSAGE
 *
 * An answer is given as a whole, and then byte by byte, and the connection ends cleanly. Both must
 * give the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http_messages/response.h"
#include "json_xml/json.h"
#include "verify/claims.h"
#include "verify/jws.h"

#define MAX_BYTES (1024 * 1024)

static char head[STS_HTTP_HEAD_MAX_BYTES];
static char body[2][STS_HTTP_BODY_MAX_BYTES];

struct outcome {
	enum sts_err err;
	struct sts_error error;
	int status;
	size_t used, body_len;
};

static void stop(const char *why)
{
	fprintf(stderr, "judge: %s\n", why);
	exit(1);
}

static struct outcome read_http(struct sts_slice answer, char *to, size_t piece)
{
	struct outcome o = {.err = STS_EAGAIN};
	struct sts_http_response p;
	size_t used;

	sts_http_response_init(&p, head, sizeof(head), to, sizeof(body[0]));
	while (o.err == STS_EAGAIN && o.used < answer.len) {
		size_t left = answer.len - o.used;

		o.err = sts_http_response_feed(&p, answer.data + o.used,
					       left < piece ? left : piece, &used, &o.error);
		o.used += used;
	}
	if (o.err == STS_EAGAIN)
		o.err = sts_http_response_eof(&p, true, &o.error);
	o.status = p.head.status;
	o.body_len = p.body_len;
	return o;
}

static void print_refused(const struct sts_error *e)
{
	printf("refused %s %s\n", sts_error_info(e->code).name, e->msg);
}

static void judge_http(struct sts_slice answer)
{
	struct outcome whole = read_http(answer, body[0], MAX_BYTES);
	struct outcome bytes = read_http(answer, body[1], 1);

	if (whole.err != bytes.err || whole.used != bytes.used || whole.status != bytes.status ||
	    whole.body_len != bytes.body_len || memcmp(body[0], body[1], whole.body_len) != 0 ||
	    strcmp(whole.error.msg, bytes.error.msg) != 0)
		stop("the result depends on how the bytes are cut");
	if (whole.err != STS_OK)
		return print_refused(&whole.error);
	printf("taken %d %zu ", whole.status, answer.len - whole.used);
	for (size_t i = 0; i < whole.body_len; i++)
		printf("%02x", (unsigned char)body[0][i]);
	printf("\n");
}

static void judge_json(struct sts_slice text)
{
	const struct sts_json *root;
	struct sts_error e = {0};

	if (sts_json_parse(text, &root, &e) != STS_OK)
		return print_refused(&e);
	sts_json_close();
	printf("taken\n");
}

static enum sts_err judge_issuer(const struct sts_jws *jws, struct sts_error *e)
{
	const struct sts_json *claims;
	struct sts_slice issuer;
	enum sts_err err = sts_jwt_open_part(jws->claims, &claims, e);

	if (err != STS_OK)
		return err;
	err = sts_claims_issuer(claims, STS_SLICE("https://sts.example"), &issuer, e);
	sts_json_close();
	return err;
}

static void judge_token(struct sts_slice jwks, bool whole)
{
	static char scratch[MAX_BYTES];
	struct sts_slice token;
	struct sts_jws jws;
	struct sts_error e = {0};

	if (!sts_slice_take_line(&jwks, &token))
		stop("a case without a token");
	if (sts_jws_read(token, scratch, sizeof(scratch), &jws, &e) != STS_OK ||
	    (whole && judge_issuer(&jws, &e) != STS_OK) ||
	    sts_jws_verify(&jws, jwks, &e) != STS_OK ||
	    (whole &&
	     sts_claims_judge(jws.claims, STS_SLICE(""), sts_clock_real_ms() / 1000, &e) != STS_OK))
		return print_refused(&e);
	printf("taken\n");
}

static bool read_exactly(void *to, size_t len)
{
	return fread(to, 1, len, stdin) == len;
}

int main(void)
{
	unsigned char start[5];

	while (read_exactly(start, sizeof(start))) {
		size_t len = (size_t)start[1] << 24 | (size_t)start[2] << 16 |
			     (size_t)start[3] << 8 | start[4];
		/* Memory of exactly this size, so that the sanitizer sees a byte that is read
		 * behind it. */
		char *data = len <= MAX_BYTES ? malloc(len ? len : 1) : NULL;

		if (!data || !read_exactly(data, len))
			stop("a case is too long, or cut");
		if (start[0] == 'h')
			judge_http((struct sts_slice){data, len});
		else if (start[0] == 's' || start[0] == 'v')
			judge_token((struct sts_slice){data, len}, start[0] == 'v');
		else
			judge_json((struct sts_slice){data, len});
		free(data);
	}
	return 0;
}
