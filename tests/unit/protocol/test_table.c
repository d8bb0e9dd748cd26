/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself: what a row must have for the builder and the reader to work with it. */
#include "protocol/table.h"

#include "http/response.h"
#include "protocol/request.h"
#include "test.h"

#define NAME(p) sts_param_text(p, STS_PARAM_NAME)

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
	const struct sts_protocol *aws = sts_protocol_find(STS_SLICE("aws"));
	const struct sts_param *arn = sts_protocol_param(aws, STS_SLICE("role-arn"));

	CHECK_STR(NAME(sts_protocol_param(row, STS_SLICE("audience"))), "audience");
	CHECK(!sts_protocol_param(row, STS_SLICE("audienc")));
	CHECK(!sts_protocol_param(row, STS_SLICE("")));
	CHECK(!sts_protocol_param(&sts_protocols[0], STS_SLICE("audience")));
	CHECK_STR(NAME(arn), "role-arn");
	CHECK(sts_protocol_param(aws, STS_SLICE("RoleArn")) == arn);
	CHECK(sts_protocol_param(aws, STS_SLICE("role_arn")) == arn);
	CHECK(!sts_protocol_param(aws, STS_SLICE("role-ar")));
	CHECK(!sts_protocol_param(aws, STS_SLICE("role-arnn")));
}

static void names(void)
{
	CHECK(sts_name_is(STS_SLICE("client_secret"), "clientSecret"));
	CHECK(sts_name_is(STS_SLICE("-a-_b_"), "AB"));
	CHECK(sts_name_is(STS_SLICE("--"), ""));
	CHECK(!sts_name_is(STS_SLICE("ab"), "abc"));
	CHECK(!sts_name_is(STS_SLICE("abc"), "ab"));
	CHECK(!sts_name_is(STS_SLICE("a\0"), "a"));
}

static bool is_pointer(const char *pointer)
{
	return pointer[0] == '/' && pointer[1] != '\0';
}

static bool place_fits(const struct sts_protocol *row, unsigned place)
{
	return place != STS_PLACE_BODY || row->body != STS_BODY_NONE;
}

/* A value of its own is one that it would take from the user. */
static void check_value(const struct sts_protocol *row, const struct sts_param *p)
{
	struct sts_field field = {sts_slice_of(NAME(p)),
				  sts_slice_of(sts_param_text(p, STS_PARAM_VALUE)), false};
	struct sts_request r = {.row = row,
				.body = (enum sts_body)row->body,
				.url_template = sts_protocol_text(row, STS_ROW_URL),
				.params = &field,
				.param_count = 1};
	struct sts_error e = {0};

	if (p->source != STS_SOURCE_USER || field.value.len == 0 ||
	    (p->flags & STS_PARAM_WITH_PREVIOUS))
		return;
	sts_request_check(&r, &e);
	CHECK(!strstr(e.msg, NAME(p)) || strstr(e.msg, " is missing"));
}

static void check_params(const struct sts_protocol *row)
{
	const char *url = sts_protocol_text(row, STS_ROW_URL);
	const struct sts_param *p;
	size_t subjects = 0;

	for (size_t i = 0; (p = sts_protocol_param_at(row, i)); i++) {
		bool user = p->source == STS_SOURCE_USER;
		const char *field = sts_param_text(p, STS_PARAM_FIELD);
		char place[64];

		snprintf(place, sizeof(place), "{%s}", NAME(p));
		subjects += p->source == STS_SOURCE_SUBJECT;
		CHECK(i < STS_PROTOCOL_PARAMS_MAX);
		CHECK(NAME(p)[0]);
		CHECK(sts_protocol_param(row, sts_slice_of(NAME(p))) == p); /* no name twice */
		CHECK(user == (sts_param_text(p, STS_PARAM_HELP)[0] != '\0'));
		CHECK(p->source != STS_SOURCE_FIXED || sts_param_text(p, STS_PARAM_VALUE)[0]);
		CHECK(place_fits(row, p->place));
		CHECK(p->place != STS_PLACE_BEARER || p->source == STS_SOURCE_SUBJECT);
		CHECK(p->place != STS_PLACE_BEARER || !(row->flags & STS_ROW_CLIENT_AUTH) ||
		      (row->flags & STS_ROW_OPEN));
		CHECK((p->place == STS_PLACE_URL) == (strstr(url, place) != NULL));
		CHECK(p->place != STS_PLACE_URL || sts_param_text(p, STS_PARAM_CHARSET)[0]);
		CHECK(p->max == 0 || p->min <= p->max);
		CHECK(p->kind != STS_KIND_NUMBER || p->max > 0);
		CHECK((p->kind != STS_KIND_WORDS && p->kind != STS_KIND_LIST) ||
		      (p->flags & STS_PARAM_REPEATS));
		CHECK((p->kind == STS_KIND_NUMBERED) == (strchr(field, '#') != NULL));
		CHECK(!strchr(sts_param_text(p, STS_PARAM_SHAPE), '*') ==
		      !*sts_param_text(p, STS_PARAM_SHAPE));
		CHECK(p->place != STS_PLACE_HEADER ||
		      sts_http_name_allowed(sts_slice_of(*field ? field : NAME(p))));
		check_value(row, p);
	}
	CHECK_INT(subjects, 1);
}

static void check_answer(const struct sts_protocol *row)
{
	static const enum sts_row_text pointers[] = {STS_ROW_BASE,   STS_ROW_TOKEN,
						     STS_ROW_EXPIRY, STS_ROW_THUMBPRINT,
						     STS_ROW_KEY_ID, STS_ROW_SECRET};

	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		const char *pointer = sts_protocol_text(row, pointers[i]);

		CHECK(!*pointer || is_pointer(pointer));
	}
	CHECK(*sts_protocol_text(row, STS_ROW_TOKEN));
	CHECK(!*sts_protocol_text(row, STS_ROW_THUMBPRINT) == !(row->write & STS_WRITE_THUMBPRINT));
	CHECK(!*sts_protocol_text(row, STS_ROW_KEY_ID) == !*sts_protocol_text(row, STS_ROW_SECRET));
	CHECK(!*sts_protocol_text(row, STS_ROW_KEY_ID) ==
	      !(row->write & STS_WRITE_AWS_CREDENTIALS));
	CHECK(row->write & STS_WRITE_EXPIRES);
}

static void rows(void)
{
	CHECK(sts_protocol_count >= 14);
	for (size_t i = 0; i < sts_protocol_count; i++) {
		const struct sts_protocol *row = &sts_protocols[i];
		const char *method = sts_protocol_text(row, STS_ROW_METHOD);

		CHECK(sts_protocol_find(sts_slice_of(sts_protocol_text(row, STS_ROW_NAME))) == row);
		CHECK(*sts_protocol_text(row, STS_ROW_SUMMARY));
		CHECK_STR(method, row->body == STS_BODY_NONE ? "GET" : "POST");
		check_params(row);
		check_answer(row);
	}
}

static void codes(void)
{
	bool known;

	CHECK_INT(sts_protocol_code(STS_SLICE("Throttling"), STS_EDENIED, &known), STS_EBUSY);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("server_error"), STS_EDENIED, NULL), STS_EBUSY);
	CHECK_INT(sts_protocol_code(STS_SLICE("InvalidIdentityToken"), STS_EDENIED, &known),
		  STS_EUNAUTHORIZED);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("AccessDenied"), STS_EDENIED, &known), STS_EDENIED);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("overloaded_error"), STS_EBUSY, &known), STS_EBUSY);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("Throttlin"), STS_EDENIED, &known), STS_EDENIED);
	CHECK(!known);
	CHECK_INT(sts_protocol_code(STS_SLICE(""), STS_ESTATUS, &known), STS_ESTATUS);
	CHECK(!known);
	CHECK_INT(sts_protocol_code(STS_SLICE("server_error Throttling"), STS_OK, &known), STS_OK);
	CHECK(!known);
	sts_protocol_code((struct sts_slice){NULL, 0}, STS_OK, &known);
	CHECK(!known);
}

static void pointers(void)
{
	size_t count = 0;

	for (const char *at = sts_error_pointers; *at; at += strlen(at) + 1, count++)
		CHECK(is_pointer(at));
	for (const char *at = sts_message_pointers; *at; at += strlen(at) + 1, count++)
		CHECK(is_pointer(at));
	CHECK(count > 10);
}

static const struct sts_test tests[] = {
	{"find a row", find},
	{"find a parameter", find_param},
	{"names are loose about case and marks", names},
	{"every row is whole", rows},
	{"error codes", codes},
	{"error pointers", pointers},
};

STS_TEST_MAIN(tests)
