/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON text. A document that is taken has only clean strings and finite numbers. Each of its
 * values is found by its pointer. If it is written and read again, it is the same document. The
 * program's reader and cJSON always agree (else STS_EBUG).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_xml/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_BYTES   (2 * 1024 * 1024)
#define POINTED_MAX 64 /* how many values are looked up: each look-up starts at the root */

static char first_out[OUT_BYTES], second_out[OUT_BYTES];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void require_clean(struct sts_slice s)
{
	require(!memchr(s.data ? s.data : "", '\0', s.len));
	while (s.len > 0) {
		uint32_t code;
		size_t used = sts_utf8_decode(s, &code);

		require(used > 0);
		s.data += used;
		s.len -= used;
	}
}

static void write_string(struct sts_text *t, struct sts_slice s)
{
	require_clean(s);
	sts_text_add_char(t, '"');
	sts_text_add_json(t, s);
	sts_text_add_char(t, '"');
}

static void write_scalar(struct sts_text *t, const struct sts_json *v)
{
	struct sts_slice s = {0};
	double number = NAN;
	char digits[32];
	bool b = false;
	bool is_string = sts_json_string(v, &s), is_number = sts_json_number(v, &number),
	     is_bool = sts_json_bool(v, &b);

	switch (sts_json_kind(v)) {
	case STS_JSON_STRING:
		require(is_string && !is_number && !is_bool);
		write_string(t, s);
		return;
	case STS_JSON_NUMBER:
		require(is_number && !is_string && !is_bool && isfinite(number));
		/* Write as many digits as sts_decimal() reads back. */
		snprintf(digits, sizeof(digits), "%.12g", number);
		sts_text_add_str(t, digits);
		return;
	case STS_JSON_BOOL:
		require(is_bool && !is_string && !is_number);
		sts_text_add_str(t, b ? "true" : "false");
		return;
	default:
		require(sts_json_kind(v) == STS_JSON_NULL && !is_string && !is_number && !is_bool);
		sts_text_add_str(t, "null");
	}
}

static bool is_container(const struct sts_json *v)
{
	return sts_json_kind(v) == STS_JSON_ARRAY || sts_json_kind(v) == STS_JSON_OBJECT;
}

/* Write the document without recursion, with the parents on a stack. The reader has bounded the
 * depth. */
static void write_document(struct sts_text *t, const struct sts_json *v)
{
	const struct sts_json *parents[STS_JSON_DEPTH_MAX];
	size_t depth = 0;

	for (;;) {
		if (depth > 0 && sts_json_kind(parents[depth - 1]) == STS_JSON_OBJECT) {
			write_string(t, sts_json_key(v));
			sts_text_add_char(t, ':');
		}
		if (is_container(v)) {
			require(depth < STS_JSON_DEPTH_MAX);
			sts_text_add_char(t, sts_json_kind(v) == STS_JSON_ARRAY ? '[' : '{');
			parents[depth++] = v;
			v = sts_json_first(v);
		} else {
			write_scalar(t, v);
			v = depth > 0 ? sts_json_next(v) : NULL;
			if (v)
				sts_text_add_char(t, ',');
		}
		while (!v) {
			if (depth == 0)
				return;
			v = parents[--depth];
			sts_text_add_char(t, sts_json_kind(v) == STS_JSON_ARRAY ? ']' : '}');
			v = depth > 0 ? sts_json_next(v) : NULL;
			if (v)
				sts_text_add_char(t, ',');
		}
	}
}

/* Add "/" and the reference token of a member or element. */
static void add_reference(struct sts_text *t, const struct sts_json *parent,
			  const struct sts_json *v, size_t index)
{
	struct sts_slice key = sts_json_key(v);

	sts_text_add_char(t, '/');
	if (sts_json_kind(parent) == STS_JSON_ARRAY) {
		sts_text_addf(t, "%zu", index);
		return;
	}
	for (size_t i = 0; i < key.len; i++) {
		if (key.data[i] == '~')
			sts_text_add_str(t, "~0");
		else if (key.data[i] == '/')
			sts_text_add_str(t, "~1");
		else
			sts_text_add_char(t, key.data[i]);
	}
}

/* Go down through the last container of each level. The pointer of a value leads to it, unless its
 * key is there twice. */
static void check_pointers(const struct sts_json *root)
{
	static char pointer[OUT_BYTES];
	const struct sts_json *parent = root, *found;
	struct sts_text t;
	size_t count = 0;

	sts_text_init(&t, pointer, sizeof(pointer));
	while (parent && is_container(parent)) {
		const struct sts_json *down = NULL, *v = sts_json_first(parent);
		size_t base = t.len, index = 0, down_index = 0;

		for (; v && count < POINTED_MAX; v = sts_json_next(v), index++, count++) {
			enum sts_err err;

			t.len = base;
			add_reference(&t, parent, v, index);
			err = sts_json_at(root, pointer, &found, NULL);
			require(err == STS_OK || err == STS_EJSON);
			require(found ==
				(err == STS_EJSON || sts_json_kind(v) == STS_JSON_NULL ? NULL : v));
			if (err == STS_OK && is_container(v)) {
				down = v;
				down_index = index;
			}
		}
		t.len = base;
		if (down)
			add_reference(&t, parent, down, down_index);
		parent = down;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sts_json *root;
	struct sts_error e = {0};
	struct sts_text first, second;
	enum sts_err err = sts_json_parse((struct sts_slice){(const char *)data, size}, &root, &e);

	if (err != STS_OK) {
		require(!root && (err == STS_EJSON || err == STS_EEMPTY || err == STS_EHTML ||
				  err == STS_ETOOBIG));
		require(e.code == err && e.msg[0] != '\0');
		return 0;
	}
	check_pointers(root);
	sts_text_init(&first, first_out, sizeof(first_out));
	write_document(&first, root);
	sts_text_init(&second, second_out, sizeof(second_out));
	if (!first.overflow && first.len <= 256 * 1024) {
		err = sts_json_parse((struct sts_slice){first_out, first.len}, &root, &e);
		require(err == STS_OK);
		write_document(&second, root);
		require(first.len == second.len && memcmp(first_out, second_out, first.len) == 0);
	}
	sts_json_close();
	return 0;
}
