/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define HOST253 \
	L63 "." L63 "." L63 "." \
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

static bool slice_is(struct sts_slice s, const char *z)
{
	bool same = sts_slice_eq(s, z);

	if (!same)
		printf("# \"%.*s\", not \"%s\"\n", (int)s.len, s.data, z);
	return same;
}

static void test_accepted(void)
{
	static const struct {
		const char *text, *host, *authority, *target;
		uint16_t port;
		bool https;
		enum sts_host_kind kind;
		bool absolute_name;
	} rows[] = {
		{"https://sts.example.com/token/user", "sts.example.com", "sts.example.com",
		 "/token/user", 443, true, STS_HOST_NAME, false},
		{"HTTPS://STS.Example.COM", "sts.example.com", "sts.example.com", "/", 443, true,
		 STS_HOST_NAME, false},
		{"https://h?q=1", "h", "h", "/?q=1", 443, true, STS_HOST_NAME, false},
		{"https://h/?", "h", "h", "/?", 443, true, STS_HOST_NAME, false},
		{"https://h:443/", "h", "h", "/", 443, true, STS_HOST_NAME, false},
		{"https://h:80/", "h", "h:80", "/", 80, true, STS_HOST_NAME, false},
		{"http://h:80/", "h", "h", "/", 80, false, STS_HOST_NAME, false},
		{"http://h:443/", "h", "h:443", "/", 443, false, STS_HOST_NAME, false},
		{"http://h", "h", "h", "/", 80, false, STS_HOST_NAME, false},
		{"https://h:65535/", "h", "h:65535", "/", 65535, true, STS_HOST_NAME, false},
		{"https://h:08443/", "h", "h:8443", "/", 8443, true, STS_HOST_NAME, false},
		{"https://sts.dev./x", "sts.dev", "sts.dev", "/x", 443, true, STS_HOST_NAME, true},
		{"https://sts.dev.:8443/x", "sts.dev", "sts.dev:8443", "/x", 8443, true,
		 STS_HOST_NAME, true},
		{"https://my_sts.my-ns.svc/", "my_sts.my-ns.svc", "my_sts.my-ns.svc", "/", 443,
		 true, STS_HOST_NAME, false},
		{"https://A.Z/", "a.z", "a.z", "/", 443, true, STS_HOST_NAME, false},
		{"https://_x/", "_x", "_x", "/", 443, true, STS_HOST_NAME, false},
		{"https://1a/", "1a", "1a", "/", 443, true, STS_HOST_NAME, false},
		{"https://10.example/", "10.example", "10.example", "/", 443, true, STS_HOST_NAME,
		 false},
		{"https://0xg/", "0xg", "0xg", "/", 443, true, STS_HOST_NAME, false},
		{"https://10.0.0.1:8443/", "10.0.0.1", "10.0.0.1:8443", "/", 8443, true,
		 STS_HOST_IPV4, false},
		{"https://[::1]/", "::1", "[::1]", "/", 443, true, STS_HOST_IPV6, false},
		{"https://[2001:DB8::A]:444/x", "2001:db8::a", "[2001:db8::a]:444", "/x", 444, true,
		 STS_HOST_IPV6, false},
		{"https://[::ffff:10.0.0.1]", "::ffff:10.0.0.1", "[::ffff:10.0.0.1]", "/", 443,
		 true, STS_HOST_IPV6, false},
		{"https://h/a/../b/./c//d", "h", "h", "/a/../b/./c//d", 443, true, STS_HOST_NAME,
		 false},
		{"https://h/a@b:c?d=e/f&g=%2f%C3%a9", "h", "h", "/a@b:c?d=e/f&g=%2f%C3%a9", 443,
		 true, STS_HOST_NAME, false},
		{"https://h/-._~!$&'()*+,;=", "h", "h", "/-._~!$&'()*+,;=", 443, true,
		 STS_HOST_NAME, false},
		{"https://" HOST253 "/", HOST253, HOST253, "/", 443, true, STS_HOST_NAME, false},
		{"https://" HOST253 ".:1/", HOST253, HOST253 ":1", "/", 1, true, STS_HOST_NAME,
		 true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_url url;
		struct sts_error e = {0};

		if (sts_url_parse(sts_slice_of(rows[i].text), &url, &e) != STS_OK) {
			CHECK_STR(e.msg, rows[i].text);
			continue;
		}
		CHECK_STR(url.host, rows[i].host);
		CHECK(slice_is(url.authority, rows[i].authority));
		CHECK(slice_is(url.target, rows[i].target));
		CHECK_INT(url.port, rows[i].port);
		CHECK_INT(url.https, rows[i].https);
		CHECK_INT(url.host_kind, rows[i].kind);
		CHECK_INT(url.absolute_name, rows[i].absolute_name);
	}
}

/* Each URL has a word of the message, which shows that it is refused for the right reason. */
static void test_refused(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "is empty"},
		{"/token/user", "https://"},
		{"sts.example.com", "https://"},
		{"//h/", "https://"},
		{"ftp://h/", "https://"},
		{"https:/h/", "https://"},
		{"https:h", "https://"},
		{"httpss://h", "https://"},
		{"file:///etc/passwd", "https://"},
		{"https://", "no host"},
		{"https:///x", "no host"},
		{"https://:443/", "no host"},
		{"https://./", "no host"},
		{"https://?x", "no host"},
		{"https://[]/", "malformed IPv6"},
		{"https://user@h/", "user name"},
		{"https://user:secret@h/", "user name"},
		{"https://@h/", "user name"},
		{"https://h@evil.example/", "user name"},
		{"https://h:1@evil/", "user name"},
		{"https://[::1]@h/", "user name"},
		{"https://h/#f", "fragment"},
		{"https://h#", "fragment"},
		{" https://h/", "white space"},
		{"https://h/ ", "white space"},
		{"https://h/a b", "white space"},
		{"https://h/\n", "white space"},
		{"https://h/a\r\nHost: x", "white space"},
		{"https://h\t/", "white space"},
		{"https://h/\x01", "control"},
		{"https://h/\x7f", "control"},
		{"https://h/\xc3\xa9", "no ASCII"},
		{"https://b\xc3\xbc"
		 "cher.example/",
		 "no ASCII"},
		{"https://h\\@evil/", "percent-encoded"},
		{"https://h/{tenant}", "percent-encoded"},
		{"https://h/<x>", "percent-encoded"},
		{"https://h/\"", "percent-encoded"},
		{"https://h/?a[]=1", "percent-encoded"},
		{"https://h/`|^", "percent-encoded"},
		{"https://h/%", "hexadecimal"},
		{"https://h/%2", "hexadecimal"},
		{"https://h/%zz", "hexadecimal"},
		{"https://h/%2g", "hexadecimal"},
		{"https://h/%g2", "hexadecimal"},
		{"https://h:0/", "port"},
		{"https://h:/", "port"},
		{"https://h:65536/", "port"},
		{"https://h:-1/", "port"},
		{"https://h:+1/", "port"},
		{"https://h:1a/", "port"},
		{"https://h:000443/", "port"},
		{"https://h:1:2/", "port"},
		{"https://::1/", "no host"},
		{"https://h:4294967739/", "port"},
		{"https://a..b/", "empty label"},
		{"https://.a/", "empty label"},
		{"https://a../", "empty label"},
		{"https://a%2eb/", "character in its host"},
		{"https://a,b/", "character in its host"},
		{"https://a*b/", "character in its host"},
		{"https://-a/", "hyphen"},
		{"https://a-.b/", "hyphen"},
		{"https://a.-/", "hyphen"},
		{"https://" L63 "x/", "63 bytes"},
		{"https://" HOST253 "z/", "253 bytes"},
		{"https://" HOST253 "z./", "253 bytes"},
		{"https://127.1/", "neither"},
		{"https://2130706433/", "neither"},
		{"https://0x7f000001/", "neither"},
		{"https://0x7f.1/", "neither"},
		{"https://127.0.0.0x1/", "neither"},
		{"https://0177.0.0.1/", "neither"},
		{"https://1.2.3.4.5/", "neither"},
		{"https://256.0.0.1/", "neither"},
		{"https://10.0.0.01/", "neither"},
		{"https://a.0x/", "neither"},
		{"https://a.1/", "neither"},
		{"https://10.0.0.1./", "dot behind"},
		{"https://[::1/", "without a ]"},
		{"https://[", "without a ]"},
		{"https://[::1]x/", "between host and port"},
		{"https://[::1]8443/", "between host and port"},
		{"https://[fe80::1%25eth0]/", "zone"},
		{"https://[fe80::1%eth0]/", "zone"},
		{"https://[fe80::1%2]/", "zone"},
		{"https://a.example/[%x]", "two hexadecimal digits"},
		{"https://[fe80::1/%x]", "two hexadecimal digits"},
		{"https://[v1.x]/", "malformed IPv6"},
		{"https://[1.2.3.4]/", "malformed IPv6"},
		{"https://[1:2:3:4:5:6:7:8:9]/", "malformed IPv6"},
		{"https://[:::]/", "malformed IPv6"},
		{"https://[::1::]/", "malformed IPv6"},
		{"https://[12345::]/", "malformed IPv6"},
		{"https://[[::1]]/", "malformed IPv6"},
		{"https://[0000:0000:0000:0000:0000:0000:0000:0000:0000:1]/", "malformed IPv6"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_url url;
		struct sts_error e = {0};

		CHECK_INT(sts_url_parse(sts_slice_of(rows[i].text), &url, &e), STS_EURL);
		CHECK_INT(e.code, STS_EURL);
		CHECK_INT(e.detail, 0);
		if (!strstr(e.msg, rows[i].why))
			printf("# %s: %s\n", rows[i].text, e.msg);
		CHECK(strstr(e.msg, rows[i].why));
		CHECK(!strstr(e.msg, "secret"));
	}
}

/* A percent-encoded byte is not read beyond the end of the text. */
static void test_percent_at_the_end(void)
{
	const char *text = "https://h/a%41";
	size_t len = strlen(text);
	struct sts_url url;

	CHECK_INT(sts_url_parse((struct sts_slice){text, len}, &url, NULL), STS_OK);
	CHECK_INT(sts_url_parse((struct sts_slice){text, len - 1}, &url, NULL), STS_EURL);
	CHECK_INT(sts_url_parse((struct sts_slice){text, len - 2}, &url, NULL), STS_EURL);
	CHECK_INT(sts_url_parse((struct sts_slice){text, len - 3}, &url, NULL), STS_OK);
}

static void test_bounds(void)
{
	static char text[STS_URL_MAX_BYTES + 1];
	struct sts_url url;
	struct sts_error e;

	memset(text, 'a', sizeof(text));
	memcpy(text, "https://h/", 10);
	CHECK_INT(sts_url_parse((struct sts_slice){text, STS_URL_MAX_BYTES}, &url, &e), STS_OK);
	CHECK_INT(url.target.len, STS_URL_MAX_BYTES - 9);
	CHECK_INT(sts_url_parse((struct sts_slice){text, STS_URL_MAX_BYTES + 1}, &url, &e),
		  STS_EURL);
	CHECK_INT(sts_url_parse((struct sts_slice){"https://h/\0x", 12}, &url, &e), STS_EURL);
	CHECK_INT(sts_url_parse((struct sts_slice){NULL, 0}, &url, &e), STS_EURL);
	CHECK_INT(sts_url_parse(STS_SLICE("x"), &url, NULL), STS_EURL);
}

static void test_addresses(void)
{
	struct sts_url url;

	CHECK_INT(sts_url_parse(STS_SLICE("https://10.1.2.255/"), &url, NULL), STS_OK);
	CHECK(memcmp(url.ip, (uint8_t[16]){10, 1, 2, 255}, 16) == 0);
	CHECK_INT(sts_url_parse(STS_SLICE("https://[2001:db8::ff:1]/"), &url, NULL), STS_OK);
	CHECK(memcmp(url.ip, (uint8_t[16]){0x20, 1, 0x0d, 0xb8, [13] = 0xff, [15] = 1}, 16) == 0);
}

static void test_loopback(void)
{
	static const struct {
		const char *text;
		bool loopback;
	} rows[] = {
		{"http://127.0.0.1/", true},       {"http://127.255.255.254/", true},
		{"http://[::1]/", true},           {"http://localhost:8080", true},
		{"http://LocalHost./", true},      {"http://sts.localhost/", true},
		{"http://a.localhost/", true},     {"http://128.0.0.1/", false},
		{"http://10.0.0.1/", false},       {"http://[::2]/", false},
		{"http://[::]/", false},           {"http://[::ffff:127.0.0.1]/", false},
		{"http://localhost.evil/", false}, {"http://notlocalhost/", false},
		{"http://x-localhost/", false},    {"http://0.0.0.0/", false},
		{"http://127.evil/", false},       {"http://local/", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_url url;

		CHECK_INT(sts_url_parse(sts_slice_of(rows[i].text), &url, NULL), STS_OK);
		if (sts_url_is_loopback(&url) != rows[i].loopback)
			printf("# %s\n", rows[i].text);
		CHECK(sts_url_is_loopback(&url) == rows[i].loopback);
	}
}

static void test_target(void)
{
	static const struct {
		const char *location, *origin;
	} rows[] = {
		{"https://login.example.com/a?token=x", "https://login.example.com/a"},
		{"https://login.example.com:8443", "https://login.example.com:8443"},
		{"https://user:secret@h/x", "https://h/x"},
		{"https://a@b@h?x", "https://h"},
		{"https://h#secret", "https://h"},
		{"http://[::1]:80/", "http://[::1]:80/"},
		{"HTTPS://H/", "HTTPS://H/"},
		{"//evil.example/x?y", "//evil.example/x"},
		{"/login", "/login at the same host"},
		{"login", "login at the same host"},
		{"?x", "the same host"},
		{"", "the same host"},
		{"a/b:c?d", "a/b:c at the same host"},
		{":x", ":x at the same host"},
		{"1a:b#c", "1a:b at the same host"},
		{"/\\evil", "/\\\\evil at the same host"},
		{"mailto:secret@h", "mailto:"},
		{"1ttps://user:secret@h/", "1ttps: at the same host"},
		{"/a//user:secret@h", "/a at the same host"},
		{"https://h//user:secret@h", "https://h"},
		{"javascript:alert(1)", "javascript:"},
		{"https:secret", "https:"},
		{"https://h\\secret", "https://h\\\\secret"},
		{"https://h\x1b[31m/", "https://h\\x1B[31m/"},
		{"https:///x", "https:///x"},
		{"https://"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaa/",
		 "https://"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaa.../"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char buf[256];
		struct sts_text t;

		sts_text_init(&t, buf, sizeof(buf));
		sts_url_add_target(&t, sts_slice_of(rows[i].location));
		CHECK_STR(buf, rows[i].origin);
		CHECK(t.len <= 140);
	}
}

static const struct sts_test tests[] = {
	{"URLs", test_accepted},
	{"URLs that are refused", test_refused},
	{"bounds", test_bounds},
	{"a percent-encoded byte at the end", test_percent_at_the_end},
	{"hosts that are addresses", test_addresses},
	{"loopback", test_loopback},
	{"the origin of a redirect", test_target},
};

STS_TEST_MAIN(tests)
