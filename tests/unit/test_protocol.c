/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself: what a row must have for the builder and the reader to work with it. */
#include "protocol.h"

#include "http.h"
#include "request.h"
#include "test.h"

static void find(void)
{
	CHECK(sts_protocol_find(STS_SLICE("openunison")) == &sts_protocols[0]);
	CHECK(sts_protocol_find(STS_SLICE("token-exchange")) != NULL);
	CHECK(!sts_protocol_find(STS_SLICE("Token-Exchange")));
	CHECK(!sts_protocol_find(STS_SLICE("token-exchang")));
	CHECK(!sts_protocol_find(STS_SLICE("token-exchange ")));
	CHECK(!sts_protocol_find(STS_SLICE("")));
	CHECK_STR(sts_protocol_nearest(STS_SLICE("token-exchnage")), "token-exchange");
	CHECK_STR(sts_protocol_nearest(STS_SLICE("openunisom")), "openunison");
	CHECK(!sts_protocol_nearest(STS_SLICE("kerberos")));
}

static void find_param(void)
{
	const struct sts_protocol *row = sts_protocol_find(STS_SLICE("token-exchange"));

	CHECK_STR(sts_protocol_param(row, STS_SLICE("audience"))->name, "audience");
	CHECK(!sts_protocol_param(row, STS_SLICE("Audience")));
	CHECK(!sts_protocol_param(row, STS_SLICE("")));
	CHECK(!sts_protocol_param(&sts_protocols[0], STS_SLICE("audience")));
}

static bool is_pointer(const char *pointer)
{
	return pointer && pointer[0] == '/' && pointer[1] != '\0';
}

static bool place_fits(const struct sts_protocol *row, enum sts_place place)
{
	return place != STS_PLACE_BODY || row->body != STS_BODY_NONE;
}

static void check_params(const struct sts_protocol *row)
{
	for (const struct sts_param *p = row->params; p && p->name; p++) {
		CHECK(sts_protocol_param(row, sts_slice_of(p->name)) == p); /* no name twice */
		CHECK(p->help && p->help[0]);
		CHECK(place_fits(row, p->place) && p->place != STS_PLACE_BEARER);
		CHECK(p->place != STS_PLACE_URL || row->url_template);
		CHECK(!p->with || sts_protocol_param(row, sts_slice_of(p->with)));
		CHECK(!(p->required && p->fallback));
		CHECK(!p->max_bytes || p->min_bytes <= p->max_bytes);
		CHECK(p->kind != STS_PARAM_WORDS || p->repeats);
		CHECK(p->place != STS_PLACE_HEADER ||
		      sts_http_name_allowed(sts_slice_of(p->field ? p->field : p->name)));
	}
}

static void check_fixed(const struct sts_protocol *row)
{
	for (const struct sts_fixed *f = row->fixed; f && f->name; f++) {
		CHECK(f->value && f->value[0]);
		CHECK(place_fits(row, f->place));
		CHECK(f->place == STS_PLACE_HEADER || f->place == STS_PLACE_BODY ||
		      f->place == STS_PLACE_QUERY);
		CHECK(!sts_protocol_param(row, sts_slice_of(f->name)));
		CHECK(f->place != STS_PLACE_HEADER ||
		      (sts_http_name_allowed(sts_slice_of(f->name)) &&
		       sts_http_value_allowed(sts_slice_of(f->value))));
	}
}

static void check_answer(const struct sts_protocol *row)
{
	CHECK(is_pointer(row->token_pointer));
	CHECK(!row->thumbprint_pointer || is_pointer(row->thumbprint_pointer));
	CHECK(!row->thumbprint_pointer == !(row->write & STS_WRITE_THUMBPRINT));
	CHECK(row->write & STS_WRITE_TOKEN);
	for (const struct sts_expiry_field *f = row->expiry; f && f->pointer; f++)
		CHECK(is_pointer(f->pointer));
	for (const char *const *pointer = row->error_pointers; *pointer; pointer++)
		CHECK(is_pointer(*pointer));
	for (const char *const *pointer = row->message_pointers; *pointer; pointer++)
		CHECK(is_pointer(*pointer));
	for (const struct sts_error_code *c = row->codes; c && c->code; c++)
		CHECK(c->err == STS_EBUSY || c->err == STS_EDENIED || c->err == STS_EUNAUTHORIZED);
}

static void rows(void)
{
	CHECK(sts_protocol_count >= 2);
	for (size_t i = 0; i < sts_protocol_count; i++) {
		const struct sts_protocol *row = &sts_protocols[i];

		CHECK(sts_protocol_find(sts_slice_of(row->name)) == row); /* no name twice */
		CHECK(row->summary && row->summary[0] && row->reference && row->reference[0]);
		CHECK(strcmp(row->method, "GET") == 0 || strcmp(row->method, "POST") == 0);
		CHECK((row->subject_place == STS_PLACE_BEARER) == !row->subject_field);
		CHECK(place_fits(row, row->subject_place));
		/* Both would be the Authorization header. */
		CHECK(!(row->client_auth && row->subject_place == STS_PLACE_BEARER));
		check_params(row);
		check_fixed(row);
		check_answer(row);
	}
}

static const struct sts_test tests[] = {
	{"find a row", find},
	{"find a parameter", find_param},
	{"every row is whole", rows},
};

STS_TEST_MAIN(tests)
