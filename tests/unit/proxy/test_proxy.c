/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/proxy.h"

#include "test.h"
#include "wiped.h"

static struct sts_proxy proxy;
static struct sts_error error;

static enum sts_err parse(const char *text)
{
	error = (struct sts_error){.code = STS_OK};
	return sts_proxy_parse(sts_slice_of(text), &proxy, &error);
}

static void urls(void)
{
	static const struct {
		const char *text, *endpoint, *credentials;
	} rows[] = {
		{"http://proxy.example:3128", "proxy.example:3128", ""},
		{"proxy.example:3128", "proxy.example:3128", ""},
		{"proxy.example", "proxy.example:80", ""},
		{"HTTP://Proxy.Example/", "proxy.example:80", ""},
		{"http://10.0.0.1:8080/ignored?path", "10.0.0.1:8080", ""},
		{"http://[2001:db8::1]:3128/", "[2001:db8::1]:3128", ""},
		{"[::1]:3128", "[::1]:3128", ""},
		{"http://u:p@proxy.example:1", "proxy.example:1", "dTpw"},
		{"u:p@proxy.example:1", "proxy.example:1", "dTpw"},
		{"http://u@proxy.example", "proxy.example:80", "dTo="},
		{"http://u:@proxy.example", "proxy.example:80", "dTo="},
		{"http://:p@proxy.example", "proxy.example:80", "OnA="},
		{"http://u:a@b@proxy.example", "proxy.example:80", "dTphQGI="},
		{"http://u:a:b@proxy.example", "proxy.example:80", "dTphOmI="},
		{"http://%75:%3a%2F%40@proxy.example", "proxy.example:80", "dTo6L0A="},
		{"http://u:%C3%A9@[fd00::1]:9", "[fd00::1]:9", "dTrDqQ=="},
		{"http://@proxy.example", "proxy.example:80", "Og=="},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char endpoint[STS_HOST_MAX_BYTES + 8];
		struct sts_text t;

		CHECK_INT(parse(rows[i].text), STS_OK);
		sts_text_init(&t, endpoint, sizeof(endpoint));
		sts_url_add_endpoint(&t, &proxy.url);
		CHECK(proxy.used && !proxy.url.https);
		CHECK_STR(endpoint, rows[i].endpoint);
		CHECK_STR(proxy.credentials, rows[i].credentials);
	}
}

static void urls_that_are_refused(void)
{
	static const char *const rows[] = {
		"",
		"http://",
		"https://proxy.example",
		"socks5://proxy.example:1080",
		"socks5h://u:SECRET@x",
		"://proxy.example",
		"ftp://u:SECRET@proxy.example",
		"http://u:SECRET@",
		"http://u:SECRET@:3128",
		"http://u:SECRET@proxy.example:0",
		"http://u:SECRET@proxy.example:65536",
		"http://u:SECRET@pro xy",
		"http://u:SECRET%@proxy.example",
		"http://u:SECRET%4@proxy.example",
		"http://u:SECRET%4g@proxy.example",
		"http://u%3aSECRET@proxy.example",
		"http://u:SECRET%0a@proxy.example",
		"http://u:SECRET%00@proxy.example",
		"http://u:SECRET%7f@proxy.example",
		"http://u:SECRET\r\n@proxy.example",
		"http://[::1",
		"http://2001:db8::1:3128",
		"http://u:SECRET@proxy.example#x",
		"http:///path",
		/* not encoded: the host would be "u", and its port the start of the password */
		"http://u:12/SECRET@proxy.example",
		"http://u:12?SECRET@proxy.example",
		"u:12#SECRET@proxy.example",
		"http://proxy.example/SECRET@other.example",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(parse(rows[i]), STS_EUSAGE);
		CHECK(!proxy.used);
		CHECK(strstr(error.msg, "SECRET") == NULL);
		CHECK(strstr(error.msg, "proxy") != NULL);
	}
}

/* Also those of a URL that is refused. */
static void the_decoded_credentials_are_wiped(void)
{
	CHECK_INT(parse("http://us%65r:p%61ss@proxy.example"), STS_OK);
	CHECK(was_wiped("user:pass"));
	CHECK_INT(parse("http://other:p%61ss%00@proxy.example"), STS_EUSAGE);
	CHECK(was_wiped("other:pass"));
}

static void the_longest_credentials(void)
{
	char text[1024] = "http://";

	for (size_t len = STS_PROXY_USERINFO_MAX_BYTES - 2; len <= STS_PROXY_USERINFO_MAX_BYTES + 1;
	     len++) {
		memset(text + 7, 'a', len);
		memcpy(text + 7 + len / 2, ":", 1);
		strcpy(text + 7 + len, "@proxy.example");
		CHECK_INT(parse(text), len <= STS_PROXY_USERINFO_MAX_BYTES ? STS_OK : STS_EUSAGE);
		if (len == STS_PROXY_USERINFO_MAX_BYTES)
			CHECK_INT(strlen(proxy.credentials), sizeof(proxy.credentials) - 1);
	}
}

static void a_url_that_is_too_long(void)
{
	char text[STS_URL_MAX_BYTES * 2] = "proxy.example/";

	memset(text + strlen(text), 'x', sizeof(text) - 1 - strlen(text));
	CHECK_INT(parse(text), STS_EUSAGE);
	text[STS_URL_MAX_BYTES - 7] = '\0';
	CHECK_INT(parse(text), STS_OK);
}

/*
 * NO_PROXY as Go's httpproxy documents it. A comment says where Python's urllib or curl differ.
 */
static const struct {
	const char *no_proxy, *host; /* host is the authority of an https URL */
	bool exempt;
} matrix[] = {
	/* there is no entry */
	{"", "a.example", false},
	{",", "a.example", false},
	{" , ,", "a.example", false},
	/* an asterisk means everything */
	{"*", "a.example", true},
	{"*", "10.0.0.1", true},
	{" * ", "[2001:db8::1]:8443", true},
	{"b.example,*", "a.example", true},
	{"*a.example", "a.example", false},
	{"**", "a.example", false},
	/* a domain means itself and what is below */
	{"a.example", "a.example", true},
	{"a.example", "b.a.example", true},
	{"a.example", "c.b.a.example", true},
	{"a.example", "ba.example", false},
	{"a.example", "example", false},
	{"a.example", "a.example.org", false},
	{"A.Example", "a.example", true},
	{"a.example", "A.EXAMPLE", true},
	{" a.example\t", "a.example", true},
	{"x,a.example,y", "a.example", true},
	{"x a.example", "a.example",
	 false}, /* entries stand between commas only (curl takes blanks too) */
	{"example", "a.example", true},
	{"svc", "sts.dev.svc", true},
	{"cluster.local", "sts.dev.svc.cluster.local", true},
	{"a.example", "a.example.", true}, /* the last dot of a URL's host was removed before */
	{"a.example.", "a.example", false},
	{"sts", "sts", true},
	{"sts", "sts.dev", false},
	/* with a dot before it a domain means only what is below (Python and curl take the domain
	 * too) */
	{".a.example", "b.a.example", true},
	{".a.example", "a.example", false},
	{"*.a.example", "b.a.example", true},
	{"*.a.example", "a.example", false},
	{"*.", "a.example", false},
	{".", "a.example", false},
	{"*.*.example", "b.a.example", false},
	/* ports */
	{"a.example:8443", "a.example:8443", true},
	{"a.example:8443", "a.example", false},
	{"a.example:443", "a.example", true},
	{"a.example", "a.example:8443", true},
	{".example:8443", "a.example:8443", true},
	{".example:8443", "a.example:8444", false},
	{"a.example:08443", "a.example:8443", false},
	{"a.example:", "a.example", false},
	{":443", "a.example", false},
	{"10.0.0.1:443", "10.0.0.1", true},
	{"10.0.0.1:444", "10.0.0.1", false},
	{"[2001:db8::1]:443", "[2001:db8::1]", true},
	{"[2001:db8::1]:444", "[2001:db8::1]", false},
	{"2001:db8::443", "[2001:db8::]", false}, /* this is an address without a port */
	{"2001:db8::443", "[2001:db8::443]", true},
	/* addresses */
	{"10.0.0.1", "10.0.0.1", true},
	{"10.0.0.1", "10.0.0.1:8443", true},
	{"10.0.0.1", "10.0.0.2", false},
	{"10.0.0.1", "110.0.0.1", false},
	{"10.0.0.1", "a.example", false},
	{"2001:db8::1", "[2001:DB8:0::1]", true},
	{"[2001:db8::1]", "[2001:db8::1]", true},
	{"2001:db8::1", "[2001:db8::2]", false},
	{"[2001:db8::1", "[2001:db8::1]", false},
	/* networks */
	{"10.0.0.0/8", "10.255.3.4", true},
	{"10.0.0.0/8", "11.0.0.1", false},
	{"10.1.2.3/8", "10.9.9.9", true},
	{"192.168.4.0/22", "192.168.7.255", true},
	{"192.168.4.0/22", "192.168.8.0", false},
	{"10.0.0.1/32", "10.0.0.1", true},
	{"10.0.0.1/32", "10.0.0.2", false},
	{"0.0.0.0/0", "203.0.113.9", true},
	{"0.0.0.0/0", "[2001:db8::1]", false},
	{"0.0.0.0/0", "a.example", false},
	{"10.0.0.0/33", "10.0.0.0", false},
	{"10.0.0.0/", "10.0.0.0", false},
	{"10.0.0.0/x", "10.0.0.0", false},
	{"10.0.0.0/8:443", "10.0.0.1", false},
	{"/8", "10.0.0.1", false},
	{"fd00::/8", "[fdab::1]", true},
	{"fd00::/8", "[fe00::1]", false},
	{"2001:db8::/33", "[2001:db8:7fff::1]", true},
	{"2001:db8::/33", "[2001:db8:8000::1]", false},
	{"::/0", "[2001:db8::1]", true},
	{"::/0", "10.0.0.1", false},
	{"::/129", "[2001:db8::1]", false},
	{"2001:db8::1/129", "[2001:db8::1]", false},
	{"2001:db8::1/128", "[2001:db8::1]", true},
	{"2001:db8::1/128", "[2001:db8::]", false},
	{"2001:db8::1", "[2001:db8::]", false},
	{"10.0.0.1/33", "10.0.0.1", false},
	{"10.0.0.1", "10.0.0.0", false},
	{"a.example/8", "a.example", false},
	/* loopback is never proxied */
	{"", "localhost", true},
	{"", "sts.localhost:8443", true},
	{"", "127.0.0.1", true},
	{"", "127.9.9.9", true},
	{"", "[::1]", true},
	{"", "localhost.example", false},
};

static void no_proxy(void)
{
	for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++) {
		char text[128];
		struct sts_url target;

		snprintf(text, sizeof(text), "https://%s/token", matrix[i].host);
		CHECK_INT(sts_url_parse(sts_slice_of(text), &target, NULL), STS_OK);
		if (sts_proxy_exempts(sts_slice_of(matrix[i].no_proxy), &target) !=
		    matrix[i].exempt) {
			printf("# NO_PROXY=%s for %s\n", matrix[i].no_proxy, matrix[i].host);
			CHECK(false);
		}
	}
}

static const struct sts_test tests[] = {
	{"the URL of a proxy", urls},
	{"URLs that are refused, and not repeated in the message", urls_that_are_refused},
	{"the decoded credentials are wiped", the_decoded_credentials_are_wiped},
	{"the longest credentials", the_longest_credentials},
	{"a URL that is too long", a_url_that_is_too_long},
	{"which hosts NO_PROXY names", no_proxy},
};

STS_TEST_MAIN(tests)
