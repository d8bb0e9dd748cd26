/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of the key exchange. Wycheproof's vectors are in tests/tls/wycheproof/. */
#include "tls/key_exchange.h"

#include <bearssl.h>
#include <errno.h>
#include <sys/random.h>

#include "base/text.h"
#include "bearssl_choice/implementations.h"
#include "test.h"
#include "tls/random.h"

#define P521_BYTES 66

/* --- random bytes that the test chooses --- */

static const uint8_t *const *script; /* the bytes of each call; NULL: no random bytes */
static int calls;

static bool scripted(uint8_t *data, size_t len)
{
	const uint8_t *bytes = script[calls++];

	if (!bytes)
		return false;
	memcpy(data, bytes, len);
	return true;
}

static bool counting(uint8_t *data, size_t len)
{
	calls++;
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(calls * 101 + (int)i * 7 + 1);
	return true;
}

static bool of_zeros(uint8_t *data, size_t len)
{
	calls++;
	memset(data, 0, len);
	return true;
}

/* --- tests --- */

static void the_table(void)
{
	static const struct {
		uint16_t id;
		const char *name;
		uint8_t secret_bytes, public_bytes;
	} rows[] = {
		{0x001d, "x25519", 32, 32},
		{0x0017, "secp256r1", 32, 65},
		{0x0018, "secp384r1", 48, 97},
		{0x0019, "secp521r1", 66, 133},
	};
	size_t count = 0;

	for (; sts_tls_groups[count].id != 0; count++) {
		const struct sts_tls_group *group = &sts_tls_groups[count];

		CHECK_INT(group->id, rows[count].id);
		CHECK_STR(sts_tls_group_name(group->id), rows[count].name);
		CHECK_INT(group->secret_bytes, rows[count].secret_bytes);
		CHECK_INT(group->public_bytes, rows[count].public_bytes);
		CHECK(sts_tls_group(group->id) == group);
	}
	CHECK_INT(count, sizeof(rows) / sizeof(rows[0]));
	CHECK(!sts_tls_group(0) && !sts_tls_group_name(0));
	CHECK(!sts_tls_group(0x001e) && !sts_tls_group_name(0x001e)); /* x448 */
}

static bool is_zero(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != 0)
			return false;
	return true;
}

static void both_sides_agree(void)
{
	for (const struct sts_tls_group *group = sts_tls_groups; group->id != 0; group++) {
		struct sts_tls_key_pair a, b;
		uint8_t from_a[STS_TLS_SECRET_NUMBER_MAX_BYTES], from_b[sizeof(from_a)];

		CHECK(sts_tls_key_pair_make(&a, group, counting));
		CHECK(sts_tls_key_pair_make(&b, group, counting));
		CHECK(memcmp(a.public, b.public, group->public_bytes) != 0);
		CHECK_INT(sts_tls_agree(&a, b.public, group->public_bytes, from_a), STS_TLS_AGREED);
		CHECK_INT(sts_tls_agree(&b, a.public, group->public_bytes, from_b), STS_TLS_AGREED);
		CHECK(memcmp(from_a, from_b, group->secret_bytes) == 0);
		CHECK(!is_zero(from_a, group->secret_bytes));
	}
}

/* RFC 5903 section 8.1 */
static void known_answer(void)
{
	uint8_t number[32], want[64], peer[65] = {4}, shared[STS_TLS_SECRET_NUMBER_MAX_BYTES];
	const uint8_t *const numbers[] = {number};
	struct sts_tls_key_pair pair;

	CHECK(sts_hex_decode(STS_SLICE("c88f01f510d9ac3f70a292daa2316de5"
				       "44e9aab8afe84049c62a9c57862d1433"),
			     number, sizeof(number)));
	CHECK(sts_hex_decode(STS_SLICE("dad0b65394221cf9b051e1feca5787d0"
				       "98dfe637fc90b9ef945d0c3772581180"
				       "5271a0461cdb8252d61f1c456fa3e59a"
				       "b1f45b33accf5f58389e0577b8990bb3"),
			     want, sizeof(want)));
	script = numbers;
	calls = 0;
	CHECK(sts_tls_key_pair_make(&pair, sts_tls_group(0x0017), scripted));
	CHECK_INT(pair.public[0], 4);
	CHECK(memcmp(pair.public + 1, want, sizeof(want)) == 0);
	CHECK(sts_hex_decode(STS_SLICE("d12dfb5289c8d4f81208b70270398c34"
				       "2296970a0bccb74c736fc7554494bf63"
				       "56fbf3ca366cc23e8157854c13c58d6a"
				       "ac23f046ada30f8353e74f33039872ab"),
			     peer + 1, sizeof(peer) - 1));
	CHECK(sts_hex_decode(STS_SLICE("d6840f6b42f6edafd13116e0e1256520"
				       "2fef8e9ece7dce03812464d04b9442de"),
			     want, 32));
	CHECK_INT(sts_tls_agree(&pair, peer, sizeof(peer), shared), STS_TLS_AGREED);
	CHECK(memcmp(shared, want, 32) == 0);
}

/* A number of a NIST curve is drawn anew until it lies between 1 and the order minus 1. */
static void candidates(void)
{
	for (const struct sts_tls_group *group = sts_tls_groups + 1; group->id != 0; group++) {
		uint8_t zero[P521_BYTES] = {0}, ones[P521_BYTES], order[P521_BYTES];
		uint8_t least[P521_BYTES] = {0}, most[P521_BYTES], beyond[P521_BYTES];
		size_t len;
		struct sts_tls_key_pair pair;

		memcpy(order, sts_crypto_ec()->order(group->curve, &len), group->secret_bytes);
		CHECK_INT(len, group->secret_bytes);
		memset(ones, 0xff, sizeof(ones));
		memcpy(most, order, len);
		most[len - 1]--;
		memcpy(beyond, order, len);
		beyond[len - 1]++;
		least[len - 1] = 1;

		const uint8_t *const to_most[] = {zero, ones, order, beyond, most};
		const uint8_t *const to_least[] = {order, least};
		const uint8_t *const to_nothing[] = {zero, NULL};

		script = to_most;
		calls = 0;
		CHECK(sts_tls_key_pair_make(&pair, group, scripted));
		CHECK_INT(calls, 5);
		CHECK(memcmp(pair.secret, most, len) == 0);
		script = to_least;
		calls = 0;
		CHECK(sts_tls_key_pair_make(&pair, group, scripted));
		CHECK_INT(calls, 2);
		CHECK(memcmp(pair.public, sts_crypto_ec()->generator(group->curve, &len),
			     group->public_bytes) == 0);
		script = to_nothing;
		calls = 0;
		CHECK(!sts_tls_key_pair_make(&pair, group, scripted));
		CHECK(is_zero(pair.secret, sizeof(pair.secret)));
	}
}

static void bytes_that_are_not_random(void)
{
	static const uint8_t *const nothing[] = {NULL};
	struct sts_tls_key_pair pair;

	for (const struct sts_tls_group *group = sts_tls_groups; group->id != 0; group++) {
		script = nothing;
		calls = 0;
		CHECK(!sts_tls_key_pair_make(&pair, group, scripted));
		if (group->curve == BR_EC_curve25519)
			continue;
		calls = 0;
		CHECK(!sts_tls_key_pair_make(&pair, group, of_zeros));
		CHECK(calls > 1 && calls < 100);
	}
}

/* A group whose numbers are not as long as the order of its curve. */
static void other_size_of_numbers(void)
{
	struct sts_tls_key_pair pair;
	struct sts_tls_group wrong = *sts_tls_group(0x0017);

	wrong.secret_bytes--;
	calls = 0;
	CHECK(!sts_tls_key_pair_make(&pair, &wrong, counting));
	CHECK_INT(calls, 0);
}

/* The 7 bits that P-521 does not use are dropped, else most candidates would fail. */
static void top_bits_of_p521(void)
{
	const struct sts_tls_group *group = sts_tls_group(0x0019);
	uint8_t number[P521_BYTES] = {0xfe, [P521_BYTES - 1] = 2};
	const uint8_t *const numbers[] = {number};
	struct sts_tls_key_pair pair;

	script = numbers;
	calls = 0;
	CHECK(sts_tls_key_pair_make(&pair, group, scripted));
	CHECK_INT(pair.secret[0], 0);
	CHECK_INT(pair.secret[P521_BYTES - 1], 2);
}

/* The key is in memory of exactly its length, so that the sanitizer sees a read behind it. */
static enum sts_tls_agreement agree(const struct sts_tls_key_pair *pair, const uint8_t *peer,
				    size_t len)
{
	uint8_t shared[STS_TLS_SECRET_NUMBER_MAX_BYTES], *exact = malloc(len + !len);

	memcpy(exact, peer, len);
	memset(shared, 0xff, sizeof(shared));

	enum sts_tls_agreement result = sts_tls_agree(pair, exact, len, shared);

	free(exact);
	CHECK_INT(is_zero(shared, pair->group->secret_bytes), result != STS_TLS_AGREED);
	return result;
}

static void other_lengths_and_forms(void)
{
	for (const struct sts_tls_group *group = sts_tls_groups; group->id != 0; group++) {
		struct sts_tls_key_pair pair;
		uint8_t peer[STS_TLS_PUBLIC_MAX_BYTES + 1] = {0};

		CHECK(sts_tls_key_pair_make(&pair, group, counting));
		memcpy(peer, pair.public, group->public_bytes);
		for (size_t len = 0; len <= sizeof(peer); len++)
			CHECK_INT(agree(&pair, peer, len), len == group->public_bytes
								   ? STS_TLS_AGREED
								   : STS_TLS_WRONG_LENGTH);
		/* The point at infinity, compressed and hybrid forms, and others. */
		for (int form = 0; form < 0x100 && group->curve != BR_EC_curve25519; form++) {
			peer[0] = (uint8_t)form;
			CHECK_INT(agree(&pair, peer, group->public_bytes),
				  form == 4 ? STS_TLS_AGREED : STS_TLS_WRONG_LENGTH);
		}
	}
}

static void points_off_the_curve(void)
{
	for (const struct sts_tls_group *group = sts_tls_groups + 1; group->id != 0; group++) {
		struct sts_tls_key_pair pair;
		uint8_t peer[STS_TLS_PUBLIC_MAX_BYTES];
		size_t len = group->public_bytes;

		CHECK(sts_tls_key_pair_make(&pair, group, counting));
		for (size_t at = 1; at < len; at += 7) {
			memcpy(peer, pair.public, len);
			peer[at] ^= 0x10;
			CHECK_INT(agree(&pair, peer, len), STS_TLS_OFF_CURVE);
		}
		memset(peer + 1, 0, len - 1);
		CHECK_INT(agree(&pair, peer, len), STS_TLS_OFF_CURVE);
		memset(peer + 1, 0xff, len - 1); /* above the prime */
		CHECK_INT(agree(&pair, peer, len), STS_TLS_OFF_CURVE);
	}
}

static void zero_of_x25519(void)
{
	struct sts_tls_key_pair pair;
	uint8_t peer[32] = {0};

	CHECK(sts_tls_key_pair_make(&pair, sts_tls_group(0x001d), counting));
	CHECK_INT(agree(&pair, peer, sizeof(peer)), STS_TLS_ZERO);
	peer[0] = 1;
	CHECK_INT(agree(&pair, peer, sizeof(peer)), STS_TLS_ZERO);
	peer[0] = 9;
	CHECK_INT(agree(&pair, peer, sizeof(peer)), STS_TLS_AGREED);
}

/* What getrandom(2) gives, call by call: a number of bytes, or an errno below zero. The linker puts
 * this function in the place of the C library's. */
static const int *gives;

ssize_t __real_getrandom(void *data, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *data, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *data, size_t len, unsigned flags)
{
	if (!gives)
		return __real_getrandom(data, len, flags);
	int n = *gives++;

	errno = n < 0 ? -n : 0;
	if (n < 0)
		return -1;
	CHECK((size_t)n <= len);
	memset(data, n, (size_t)n);
	return n;
}

/* No byte is missing, and without bytes there is no success. */
static void the_system_gives_bytes(void)
{
	static const int in_pieces[] = {-EINTR, 3, -EINTR, 1, 4}, nothing[] = {5, 0},
			 refused[] = {2, -ENOSYS};
	static const uint8_t wanted[] = {3, 3, 3, 1, 4, 4, 4, 4};
	uint8_t data[sizeof(wanted)];

	gives = in_pieces;
	CHECK(sts_tls_random_bytes(data, sizeof(data)));
	CHECK(memcmp(data, wanted, sizeof(data)) == 0);
	CHECK(gives == in_pieces + 5);
	gives = nothing;
	CHECK(!sts_tls_random_bytes(data, sizeof(data)));
	gives = refused;
	CHECK(!sts_tls_random_bytes(data, sizeof(data)));
	gives = NULL;
}

static const struct sts_test tests[] = {
	{"the table of groups", the_table},
	{"both sides get the same secret", both_sides_agree},
	{"a known answer", known_answer},
	{"a secret number lies between 1 and the order minus 1", candidates},
	{"without random bytes there is no key pair", bytes_that_are_not_random},
	{"a group whose numbers have another length", other_size_of_numbers},
	{"P-521 uses 1 bit of the first byte", top_bits_of_p521},
	{"keys of other lengths and points in other forms are refused", other_lengths_and_forms},
	{"points off the curve are refused", points_off_the_curve},
	{"X25519: a result of zero is refused", zero_of_x25519},
	{"the system gives random bytes in pieces, or none", the_system_gives_bytes},
};

STS_TEST_MAIN(tests)
