/* SPDX-License-Identifier: Apache-2.0 */
/* A token as `inspect` shows it. */
#include "base/timefmt.h"
#include "token/jwt.h"
#include "token/jwt_times.h"

#define NAME_MAX_BYTES 256  /* of alg and kid, escaped */
#define PLAIN_MAX      1e12 /* from here on, a number that is not whole gets an exponent */
#define PLAIN_MIN      1e-4 /* below this, a number gets an exponent */
#define WHOLE_MAX      9e18 /* below this, a whole number fits in 64 bits */
#define FINITE_MAX     1.797693134e308 /* the largest double, rounded down to ten digits */

/* ---- JSON, written out again ---- */

/* Add a number from 0 to less than PLAIN_MAX, with as few digits after the point as it needs. */
static void add_decimal(struct sts_text *out, double number)
{
	/* A double has 16 digits. A time in seconds has ten digits before the point, so six digits
	 * are left for microseconds. */
	int digits = number < 1e6 ? 9 : 6;
	uint64_t unit = number < 1e6 ? 1000000000 : 1000000;
	uint64_t whole = (uint64_t)number;
	uint64_t parts = (uint64_t)((number - (double)whole) * (double)unit + 0.5);

	whole += parts / unit;
	parts %= unit;
	sts_text_addf(out, "%llu", (unsigned long long)whole);
	if (parts == 0)
		return;
	for (; parts % 10 == 0; digits--)
		parts /= 10;
	sts_text_addf(out, ".%0*llu", digits, (unsigned long long)parts);
}

static void add_number(struct sts_text *out, double number)
{
	int exponent = 0;

	if (number < 0) {
		sts_text_add_char(out, '-');
		number = -number;
	}
	/* A whole number that fits is written without an exponent: a time is not shown as 1.7e9. */
	if (number < WHOLE_MAX && (double)(uint64_t)number == number) {
		sts_text_addf(out, "%llu", (unsigned long long)number);
		return;
	}
	/* The largest doubles would be rounded up to a number that is not a double any more. */
	if (number > FINITE_MAX)
		number = FINITE_MAX;
	if (number >= PLAIN_MAX || number < PLAIN_MIN) {
		for (; number >= 10; exponent++)
			number /= 10;
		for (; number < 1; exponent--)
			number *= 10;
		if (number + 5e-10 >= 10) { /* add_decimal() would round it up to 10 */
			number = 1;
			exponent++;
		}
	}
	add_decimal(out, number);
	if (exponent != 0)
		sts_text_addf(out, "e%d", exponent);
}

static bool is_container(const struct sts_json *v)
{
	return sts_json_kind(v) == STS_JSON_OBJECT || sts_json_kind(v) == STS_JSON_ARRAY;
}

/* Add a value. An array or object is written as an empty array or object. */
static void add_leaf(struct sts_text *out, const struct sts_json *v)
{
	struct sts_slice s = {NULL, 0};
	double number = 0;
	bool b = false;

	switch (sts_json_kind(v)) {
	case STS_JSON_STRING:
		sts_json_string(v, &s);
		sts_text_add_json_string(out, s);
		break;
	case STS_JSON_NUMBER:
		sts_json_number(v, &number);
		add_number(out, number);
		break;
	case STS_JSON_BOOL:
		sts_json_bool(v, &b);
		sts_text_addf(out, b ? "true" : "false");
		break;
	case STS_JSON_ARRAY:
		sts_text_add_str(out, "[]");
		break;
	case STS_JSON_OBJECT:
		sts_text_add_str(out, "{}");
		break;
	default:
		sts_text_add_str(out, "null");
	}
}

/* Start a new line, indented by the depth. Text that is not for people (pretty is false) stays on
 * one line. */
static void add_line(struct sts_text *out, bool pretty, size_t depth)
{
	if (!pretty)
		return;
	sts_text_add_char(out, '\n');
	for (size_t i = 0; i <= depth; i++)
		sts_text_add_str(out, "  ");
}

static bool in_object(const struct sts_json *const *path, size_t depth)
{
	return depth > 0 && sts_json_kind(path[depth - 1]) == STS_JSON_OBJECT;
}

/* Add a whole document. In place of a recursion, the array `path` holds the values from the root to
 * the value that is being written. */
static void add_json(struct sts_text *out, const struct sts_json *root, bool pretty)
{
	const struct sts_json *path[STS_JSON_DEPTH_MAX + 1] = {root};
	size_t depth = 0;

	for (;;) {
		const struct sts_json *v = path[depth];
		const struct sts_json *child = is_container(v) ? sts_json_first(v) : NULL;

		if (in_object(path, depth)) {
			sts_text_add_json_string(out, sts_json_key(v));
			sts_text_add_str(out, pretty ? ": " : ":");
		}
		if (child && depth < STS_JSON_DEPTH_MAX) {
			sts_text_add_char(out, sts_json_kind(v) == STS_JSON_OBJECT ? '{' : '[');
			path[++depth] = child;
			add_line(out, pretty, depth);
			continue;
		}
		add_leaf(out, v);
		while (depth > 0 && !sts_json_next(path[depth])) {
			add_line(out, pretty, --depth);
			sts_text_add_char(out, sts_json_kind(path[depth]) == STS_JSON_OBJECT ? '}'
											     : ']');
		}
		if (depth == 0)
			return;
		path[depth] = sts_json_next(path[depth]);
		sts_text_add_char(out, ',');
		add_line(out, pretty, depth);
	}
}

/* ---- the description ---- */

struct name {
	char text[NAME_MAX_BYTES]; /* as a JSON string or null */
	bool there;
};

/* What the description says besides the header and the claims. */
struct summary {
	struct name alg, kid;
	struct sts_jwt_claims times;
	bool verified;
};

static void read_name(const struct sts_json *header, const char *pointer, struct name *name)
{
	const struct sts_json *v;
	struct sts_text text;
	struct sts_slice s;

	sts_text_init(&text, name->text, sizeof(name->text));
	name->there = sts_json_at(header, pointer, &v, NULL) == STS_OK && sts_json_string(v, &s);
	if (name->there)
		sts_text_add_json_string(&text, s);
	/* A name that is too long is left out here; the description of the header has it. */
	if (!name->there || text.overflow) {
		sts_text_init(&text, name->text, sizeof(name->text));
		sts_text_add_str(&text, "null");
		name->there = false;
	}
}

static void add_words(struct sts_text *out, int64_t seconds)
{
	sts_duration_words(out, seconds < 0 ? -seconds : seconds);
}

void sts_jwt_add_exp(struct sts_text *out, int64_t left_s)
{
	sts_text_addf(out, left_s > 0 ? "expires in " : "expired ");
	add_words(out, left_s);
	sts_text_add_str(out, left_s > 0 ? "" : " ago");
}

void sts_jwt_add_nbf(struct sts_text *out, int64_t left_s)
{
	sts_text_addf(out, left_s > 0 ? "not valid for another " : "valid for ");
	add_words(out, left_s);
	if (left_s <= 0)
		sts_text_addf(out, " already");
}

void sts_jwt_add_iat(struct sts_text *out, int64_t left_s)
{
	sts_text_addf(out, left_s > 0 ? "issued in the future, in " : "issued ");
	add_words(out, left_s);
	sts_text_add_str(out, left_s > 0 ? "" : " ago");
}

static void add_time(struct sts_text *out, const char *claim, int64_t t, int64_t now_s,
		     void (*add)(struct sts_text *out, int64_t left_s))
{
	if (t < 0) {
		sts_text_addf(out, "%s: none\n", claim);
		return;
	}
	sts_text_addf(out, "%s: %s (", claim, sts_rfc3339(t));
	add(out, t - now_s);
	sts_text_add_str(out, ")\n");
}

static void add_summary(struct sts_text *out, const struct summary *summary, int64_t now_s)
{
	add_time(out, "exp", summary->times.exp_s, now_s, sts_jwt_add_exp);
	add_time(out, "nbf", summary->times.nbf_s, now_s, sts_jwt_add_nbf);
	add_time(out, "iat", summary->times.iat_s, now_s, sts_jwt_add_iat);
	sts_text_addf(out, "signature: ");
	sts_text_add_str(out, summary->alg.there ? summary->alg.text : "no algorithm named");
	if (summary->kid.there) {
		sts_text_add_str(out, ", key ");
		sts_text_add_str(out, summary->kid.text);
	}
	sts_text_addf(out, summary->verified ? " (verified)\n" : " (not verified)\n");
}

static void add_json_time(struct sts_text *out, const char *name, int64_t t)
{
	sts_text_addf(out, ",\"%s\":", name);
	if (t < 0) {
		sts_text_add_str(out, "null");
		return;
	}
	sts_text_addf(out, "\"%s\"", sts_rfc3339(t));
}

static void add_json_summary(struct sts_text *out, const struct summary *summary, int64_t now_s)
{
	const struct sts_jwt_claims *times = &summary->times;

	sts_text_addf(out, ",\"alg\":");
	sts_text_add_str(out, summary->alg.text);
	sts_text_addf(out, ",\"kid\":");
	sts_text_add_str(out, summary->kid.text);
	add_json_time(out, "expires", times->exp_s);
	if (times->exp_s < 0)
		sts_text_addf(out, ",\"expires_in_s\":null");
	else
		sts_text_addf(out, ",\"expires_in_s\":%lld", (long long)(times->exp_s - now_s));
	add_json_time(out, "not_before", times->nbf_s);
	add_json_time(out, "issued_at", times->iat_s);
	sts_text_addf(out, ",\"verified\":%s}\n", summary->verified ? "true" : "false");
}

/* Add the header, then the claims, since json.h has one document open at a time. */
static enum sts_err add_parts(const struct sts_jwt *jwt, bool json, struct summary *summary,
			      struct sts_text *out, struct sts_error *e)
{
	const struct sts_json *root;
	enum sts_err err = sts_jwt_open_part(jwt->header, &root, e);

	if (err != STS_OK)
		return err;
	sts_text_addf(out, json ? "{\"header\":" : "header:\n  ");
	add_json(out, root, !json);
	read_name(root, "/alg", &summary->alg);
	read_name(root, "/kid", &summary->kid);
	sts_json_close();

	err = sts_jwt_open_part(jwt->claims, &root, e);
	if (err != STS_OK)
		return err;
	sts_text_addf(out, json ? ",\"claims\":" : "\nclaims:\n  ");
	add_json(out, root, !json);
	sts_json_close();
	sts_jwt_claims_times(jwt->claims, &summary->times, NULL);
	sts_text_add_str(out, json ? "" : "\n");
	return STS_OK;
}

enum sts_err sts_jwt_describe(struct sts_slice token, bool verified, int64_t now_s, bool json,
			      char *scratch, size_t size, struct sts_text *out, struct sts_error *e)
{
	struct sts_jwt jwt;
	struct summary summary = {.verified = verified};
	enum sts_err err = sts_jwt_split(token, scratch, size, &jwt, e);

	if (err == STS_OK)
		err = add_parts(&jwt, json, &summary, out, e);
	if (err != STS_OK)
		return err;
	if (json)
		add_json_summary(out, &summary, now_s);
	else
		add_summary(out, &summary, now_s);
	return out->overflow ? sts_fail(e, STS_ETOOBIG, 0, "the token is too big to be shown")
			     : STS_OK;
}
