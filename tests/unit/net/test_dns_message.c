/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages, byte by byte. test_dns.c tests what sends and receives them. */
#include "net/dns_message.h"

#include <stdlib.h>

#include "test.h"

#define ID 0x1234

static uint8_t query[STS_DNS_QUERY_MAX_BYTES];
static size_t query_len;
static uint8_t message[8192];
static size_t message_len;
static struct sts_dns_answer answer;

static void ask_for(const char *name, bool ipv6)
{
	query_len = sts_dns_query(query, name, ipv6, ID);
	CHECK(query_len > 0);
}

static void put(const void *data, size_t len)
{
	if (message_len + len > sizeof(message))
		abort();
	memcpy(message + message_len, data, len);
	message_len += len;
}

#define PUT(literal) put(literal, sizeof(literal) - 1)

/* Write the head and the question, with flags such as "\x84\x00". */
static void begin(const char flags[2], uint8_t answers)
{
	const uint8_t head[12] = {ID >> 8, ID & 0xff, (uint8_t)flags[0], (uint8_t)flags[1], 0, 1,
				  0,       answers};

	message_len = 0;
	put(head, sizeof(head));
	put(query + 12, query_len - 12);
}

#define OK       "\x81\x80"
#define QUESTION "\xc0\x0c"
#define A_OF(x)  x "\0\1\0\1\0\0\0\1\0\4"

static enum sts_dns_verdict read_it(void)
{
	/* The memory is exactly as large as the message, so that the sanitizer sees a read past its
	 * end. */
	uint8_t *copy = malloc(message_len > 0 ? message_len : 1);

	memcpy(copy, message, message_len);
	enum sts_dns_verdict verdict = sts_dns_read(copy, message_len, query, query_len, &answer);
	free(copy);
	CHECK_INT(answer.verdict, verdict);
	CHECK((answer.count > 0) == (verdict == STS_DNS_FOUND));
	return verdict;
}

static void queries(void)
{
	static const uint8_t want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3sTs\4test\0\0\1\0";
	uint8_t out[STS_DNS_QUERY_MAX_BYTES];
	char name[300];

	CHECK_INT(sts_dns_query(out, "sTs.test.", false, ID), sizeof(want));
	CHECK(memcmp(out, want, sizeof(want) - 1) == 0 && out[sizeof(want) - 1] == 1);
	CHECK_INT(sts_dns_query(out, "sTs.test.", true, ID), sizeof(want));
	CHECK_INT(out[sizeof(want) - 3], 28);

	static const char *const bad[] = {"", ".", "sts", "sts..test.", ".sts.", "sts.test"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(sts_dns_query(out, bad[i], false, ID), 0);

	/* Labels have 63 bytes, and the name has 255 bytes in wire form. */
	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	strcpy(name + 253, ".");
	CHECK_INT(sts_dns_query(out, name, false, ID), STS_DNS_QUERY_MAX_BYTES);
	strcpy(name + 253, "a.");
	CHECK_INT(sts_dns_query(out, name, false, ID), 0);
	strcpy(name + 64, "");
	CHECK_INT(sts_dns_query(out, name, false, ID), 12 + 65 + 4);
	memset(name, 'a', 64);
	strcpy(name + 64, ".");
	CHECK_INT(sts_dns_query(out, name, false, ID), 0);
}

static void addresses(void)
{
	ask_for("sts.test.", false);
	begin(OK, 2);
	PUT(A_OF(QUESTION) "\x0a\0\0\1");
	PUT(A_OF(QUESTION) "\x0a\0\0\2");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK_INT(answer.count, 2);
	CHECK(!answer.alias && !answer.list[1].ipv6);
	CHECK(memcmp(answer.list[1].ip, "\x0a\0\0\2", 4) == 0);

	ask_for("sts.test.", true);
	begin(OK, 1);
	PUT(QUESTION "\0\x1c\0\1\0\0\0\1\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK_INT(answer.count, 1);
	CHECK(answer.list[0].ipv6 && answer.list[0].ip[0] == 0x20 && answer.list[0].ip[15] == 1);

	/* The server may spell the name in another case, in the question and in the record. */
	ask_for("STS.test.", false);
	begin(OK, 1);
	message[13] = 's';
	PUT(A_OF("\3sTs\4TEST\0") "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
}

/* Records of other names, types and classes are passed over. */
static void other_records(void)
{
	ask_for("sts.test.", false);
	begin(OK, 5);
	PUT(A_OF("\5other\xc0\x10") "\x0a\0\0\1");
	PUT(A_OF("\0") "\x0a\0\0\2");
	PUT(QUESTION "\0\1\0\3\0\0\0\1\0\4\x0a\0\0\3");
	PUT(QUESTION "\0\x1c\0\1\0\0\0\1\0\x10"
		     "0123456789abcdef");
	PUT(QUESTION "\0\x10\0\1\0\0\0\1\0\0");
	CHECK_INT(read_it(), STS_DNS_NODATA);
	CHECK(!answer.alias);
}

static void aliases(void)
{
	/* The aliases are sts.test -> a.test -> b.test, and the last one comes first. */
	ask_for("sts.test.", false);
	begin(OK, 3);
	PUT(A_OF("\1b\xc0\x10") "\x0a\0\0\1");
	PUT("\1a\xc0\x10\0\5\0\1\0\0\0\1\0\4\1B\xc0\x10");
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1A\xc0\x10");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK(answer.alias && answer.count == 1);

	/* The last one has no address. */
	message[7] = 2;
	memmove(message + query_len, message + query_len + 18, message_len - query_len - 18);
	message_len -= 18;
	CHECK_INT(read_it(), STS_DNS_NODATA);
	CHECK(answer.alias);
	message[3] = 0x83;
	CHECK_INT(read_it(), STS_DNS_NONAME);
	CHECK(answer.alias);

	/* The aliases lead in a circle. */
	begin(OK, 2);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1a\xc0\x10");
	PUT("\1a\xc0\x10\0\5\0\1\0\0\0\1\0\2\xc0\x0c");
	CHECK_INT(read_it(), STS_DNS_NODATA);

	/* The name has an address as well, and bytes follow behind the alias. */
	begin(OK, 2);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1a\xc0\x10");
	PUT(A_OF(QUESTION) "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	begin(OK, 1);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\5\1a\xc0\x10x");
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

static void chain(int links)
{
	char record[] = "\2xx\xc0\x0f\0\5\0\1\0\0\0\1\0\5\2yy\xc0\x0f";

	begin(OK, (uint8_t)(links + 1));
	for (int i = 0; i < links; i++) {
		record[1] = (char)('a' + i / 10);
		record[2] = (char)('0' + i % 10);
		record[16] = (char)('a' + (i + 1) / 10);
		record[17] = (char)('0' + (i + 1) % 10);
		put(record, sizeof(record) - 1);
	}
	record[1] = record[16];
	record[2] = record[17];
	put(record, 5);
	PUT("\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
}

static void long_chains_of_aliases(void)
{
	ask_for("a0.test.", false);
	for (int links = 1; links < 40; links++) {
		chain(links);
		CHECK_INT(read_it(), links <= 16 ? STS_DNS_FOUND : STS_DNS_NODATA);
	}
}

static void codes(void)
{
	static const struct {
		const char *flags;
		enum sts_dns_verdict want;
	} cases[] = {
		{"\x81\x80", STS_DNS_NODATA},
		{"\x85\x80", STS_DNS_NODATA},
		{"\x84\x00", STS_DNS_NODATA},
		{"\x81\x00", STS_DNS_REFUSED}, /* neither recursive nor authoritative */
		{"\x81\x83", STS_DNS_NONAME},
		{"\x80\x03", STS_DNS_NONAME},
		{"\x81\x82", STS_DNS_SERVFAIL},
		{"\x81\x85", STS_DNS_REFUSED},
		{"\x81\x81", STS_DNS_CODE},
		{"\x81\x84", STS_DNS_CODE},
		{"\x81\x8f", STS_DNS_CODE},
		{"\x83\x80", STS_DNS_TRUNCATED},
		{"\x83\x83", STS_DNS_TRUNCATED},
		{"\x83\x00", STS_DNS_TRUNCATED},
		{"\x83\x82", STS_DNS_SERVFAIL},
		{"\x01\x80", STS_DNS_STRANGER}, /* this is a query */
		{"\x89\x80", STS_DNS_STRANGER}, /* another opcode */
	};

	ask_for("sts.test.", false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].flags, 0);
		CHECK_INT(read_it(), cases[i].want);
	}
	/* A server that could not read the question does not repeat it. */
	begin("\x81\x82", 0);
	message[5] = 0;
	message_len = 12;
	CHECK_INT(read_it(), STS_DNS_SERVFAIL);
	message[3] = 0x83;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
	message[3] = 0x80;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
}

static void strangers(void)
{
	ask_for("sts.test.", false);
	begin(OK, 1);
	PUT(A_OF(QUESTION) "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	/* Each bit of the id, of the number of questions, and of the question is changed. */
	for (size_t i = 0; i < query_len; i++) {
		if (i >= 2 && i != 4 && i != 5 && i < 12)
			continue;
		for (int bit = 0; bit < 8; bit++) {
			bool letter = i >= 12 && i < query_len - 4 && bit == 5 && message[i] > 63;
			message[i] ^= (uint8_t)(1 << bit);
			CHECK_INT(read_it(), letter ? STS_DNS_FOUND : STS_DNS_STRANGER);
			message[i] ^= (uint8_t)(1 << bit);
		}
	}
	message_len = query_len - 1;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
	message_len = 0;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
}

static void cut_anywhere(void)
{
	ask_for("sts.test.", false);
	begin(OK, 2);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1a\xc0\x10");
	PUT(A_OF("\1a\xc0\x10") "\x0a\0\0\1");
	size_t whole = message_len;
	CHECK_INT(read_it(), STS_DNS_FOUND);
	for (message_len = query_len; message_len < whole; message_len++)
		CHECK_INT(read_it(), STS_DNS_MALFORMED);
	/* The head announces more records than there are. */
	message[7] = 3;
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
	message[6] = 0xff;
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

static void malformed_names(void)
{
	static const struct {
		const char *name;
		size_t len;
	} cases[] = {
#define NAME(literal) {literal, sizeof(literal) - 1}
		NAME("\xc0\x1a"),    /* to itself: 12 + 10 + 4 */
		NAME("\xc0\x1b"),    /* into itself */
		NAME("\1a\xc0\x1a"), /* to its own start */
		NAME("\xc0\x30"),    /* forwards */
		NAME("\xff\xff"),    /* behind the end */
		NAME("\xc0\x00"),    /* into the head */
		NAME("\x40sts\0"),   /* the other two kinds of labels */
		NAME("\x80sts\0"),   NAME("\x3f"),
#undef NAME
	};

	ask_for("sts.test.", false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(OK, 1);
		CHECK_INT(message_len, 0x1a);
		put(cases[i].name, cases[i].len);
		PUT("\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
		CHECK_INT(read_it(), STS_DNS_MALFORMED);
	}
	/* The pointer leads forwards, to a name that is there. */
	begin(OK, 1);
	PUT("\xc0\x26\0\x10\0\1\0\0\0\1\0\x0a\3sts\4test\0");
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
	/* An address has another size. */
	begin(OK, 1);
	PUT(QUESTION "\0\1\0\1\0\0\0\1\0\5\x0a\0\0\1x");
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

/* A name of 255 bytes can be followed. A longer one cannot, and neither can many pointers in a
 * row. */
static void bounds_of_names(void)
{
	ask_for("sts.test.", false);
	for (int labels = 120; labels <= 128; labels++) {
		begin(OK, 1);
		for (int i = 0; i < labels; i++)
			PUT("\1a");
		PUT("\0\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
		CHECK_INT(read_it(), labels <= 127 ? STS_DNS_NODATA : STS_DNS_MALFORMED);
	}
	for (size_t hops = 1; hops <= 20; hops++) {
		/* There are pointers in the data of a record that is passed over. */
		begin(OK, 2);
		PUT("\0\0\x10\0\1\0\0\0\1");
		uint8_t len[2] = {0, (uint8_t)(2 * (hops - 1))};
		put(len, 2);
		uint8_t to[2] = {0xc0, 0x0c};
		for (size_t i = 1; i < hops; i++) {
			size_t at = message_len;
			put(to, 2);
			to[1] = (uint8_t)at;
		}
		put(to, 2);
		PUT("\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
		CHECK_INT(read_it(), hops <= 16 ? STS_DNS_FOUND : STS_DNS_MALFORMED);
	}
}

static void more_than_there_is_room_for(void)
{
	ask_for("sts.test.", false);
	begin(OK, 200);
	for (int i = 0; i < 200; i++)
		PUT(A_OF(QUESTION) "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK_INT(answer.count, STS_ADDRESSES_MAX);
	/* The records that follow are not needed. */
	message_len = query_len + 16 * STS_ADDRESSES_MAX;
	CHECK_INT(read_it(), STS_DNS_FOUND);
	message_len--;
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

static const struct sts_test tests[] = {
	{"queries are written", queries},
	{"addresses are read", addresses},
	{"other records are passed over", other_records},
	{"aliases are followed", aliases},
	{"long chains of aliases", long_chains_of_aliases},
	{"what each code of an answer means", codes},
	{"a message that does not belong to the question", strangers},
	{"an answer that is cut anywhere", cut_anywhere},
	{"names that are malformed", malformed_names},
	{"how long a name may be", bounds_of_names},
	{"more addresses than there is room for", more_than_there_is_room_for},
};

STS_TEST_MAIN(tests)
