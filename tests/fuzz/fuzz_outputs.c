/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile values are written to files. A file has one line for each key and nothing else, and JSON
 * that parses gives the same values back. The input is a byte of outputs, and then key id, secret
 * and token with 0xff between them.
 */
#include "output/outputs.h"

#include <stdlib.h>
#include <string.h>

#include "json_xml/json.h"
#include "token/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char memory[STS_OUTPUTS_MAX_BYTES];

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct sts_slice next(struct sts_slice *rest)
{
	const char *end = rest->len ? memchr(rest->data, 0xff, rest->len) : NULL;
	struct sts_slice value = *rest;

	if (end) {
		value.len = (size_t)(end - rest->data);
		rest->data += value.len + 1;
		rest->len -= value.len + 1;
	} else {
		*rest = (struct sts_slice){rest->data + rest->len, 0};
	}
	return value;
}

static void line_is(struct sts_slice *text, const char *key, struct sts_slice value)
{
	const char *end = memchr(text->data, '\n', text->len);
	size_t len = strlen(key);

	require(end && (size_t)(end - text->data) == len + value.len);
	require(memcmp(text->data, key, len) == 0);
	require(value.len == 0 || memcmp(text->data + len, value.data, value.len) == 0);
	text->len -= len + value.len + 1;
	text->data = end + 1;
}

static void check_credentials(struct sts_slice text, const struct sts_answer *a)
{
	line_is(&text, "[default]", (struct sts_slice){0});
	line_is(&text, "aws_access_key_id=", a->aws_key_id);
	line_is(&text, "aws_secret_access_key=", a->aws_secret);
	line_is(&text, "aws_session_token=", a->token);
	require(text.len == 0);
}

static void check_string(const struct sts_json *root, const char *pointer, struct sts_slice want)
{
	const struct sts_json *v;
	struct sts_slice s;

	require(sts_json_at(root, pointer, &v, NULL) == STS_OK && sts_json_string(v, &s));
	require(s.len == want.len && memcmp(s.data, want.data, s.len) == 0);
}

static const struct sts_json *parse(struct sts_slice text)
{
	const struct sts_json *root;

	for (size_t i = 0; i < text.len; i++)
		require(text.data[i] > ' ' && text.data[i] <= '~');
	require(sts_json_parse(text, &root, NULL) == STS_OK);
	return root;
}

static void check_json(const struct sts_slice files[], const struct sts_answer *a)
{
	const struct sts_json *root;

	if (files[STS_OUTPUT_JSON].len > 0)
		check_string(parse(files[STS_OUTPUT_JSON]), "/token", a->token);
	if (files[STS_OUTPUT_GCP_EXECUTABLE].len > 0)
		check_string(parse(files[STS_OUTPUT_GCP_EXECUTABLE]), "/id_token", a->token);
	if (files[STS_OUTPUT_AWS_PROCESS].len > 0) {
		root = parse(files[STS_OUTPUT_AWS_PROCESS]);
		check_string(root, "/AccessKeyId", a->aws_key_id);
		check_string(root, "/SecretAccessKey", a->aws_secret);
		check_string(root, "/SessionToken", a->token);
	}
	sts_json_close();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice rest = {(const char *)data + 1, size - 1}, files[STS_OUTPUT__COUNT];
	struct sts_answer a = {.expires_s = (int64_t)size * 1000003};
	struct sts_error e;
	struct sts_text text;
	unsigned aws = STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS;

	if (size < 1)
		return 0;
	a.aws_key_id = next(&rest);
	a.aws_secret = next(&rest);
	a.token = rest;
	sts_text_init(&text, memory, sizeof(memory));
	enum sts_err err = sts_outputs_format(&a, data[0], &text, files, &e);
	require(err == STS_OK || err == STS_ETOKEN);
	if (err != STS_OK)
		return 0;
	require(sts_answer_token_ok(a.token));
	require(!(data[0] & aws) ||
		(sts_subject_bytes_ok(a.token) && a.aws_key_id.len > 0 && a.aws_secret.len > 0));
	if (files[STS_OUTPUT_TOKEN].len > 0)
		require(files[STS_OUTPUT_TOKEN].len == a.token.len &&
			memcmp(files[STS_OUTPUT_TOKEN].data, a.token.data, a.token.len) == 0);
	if (files[STS_OUTPUT_AWS_CREDENTIALS].len > 0)
		check_credentials(files[STS_OUTPUT_AWS_CREDENTIALS], &a);
	check_json(files, &a);
	return 0;
}
