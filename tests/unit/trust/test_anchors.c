/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/anchors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/certs.h"
#include "test.h"
#include "unit/trust/anchor_search.h"

static void only_the_wanted_are_kept(void)
{
	struct sts_error e;

	put_certs("bundle.pem", "root other-root inter root-zero renewed-old renewed-new", "\n");
	CHECK_INT(find_at("bundle.pem", "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK_INT(anchors.scanned, 6);
	CHECK_INT(anchors.unusable, 0);
	CHECK(found(0, "root"));
	/* all certificates of a name */
	CHECK_INT(find_at("bundle.pem", "leaf-renewed", &e), STS_OK);
	CHECK_INT(anchors.count, 2);
	/* no certificate of that name */
	CHECK_INT(find_at("bundle.pem", "leaf-one", &e), STS_OK);
	CHECK_INT(anchors.count, 0);
	CHECK_INT(anchors.scanned, 6);
}

static void the_slices_are_ours(void)
{
	struct sts_error e;

	put_certs("bundle.pem", "root", "\n");
	CHECK_INT(find_at("bundle.pem", "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK(anchors.cert[0].der.data >= anchors.memory &&
	      anchors.cert[0].der.data + anchors.cert[0].der.len <=
		      anchors.memory + sizeof(anchors.memory));
	CHECK(anchors.cert[0].subject.data > anchors.cert[0].der.data &&
	      anchors.cert[0].subject.data < anchors.cert[0].der.data + anchors.cert[0].der.len);
}

static void the_server_itself_is_found(void)
{
	struct sts_error e;

	put_certs("bundle.pem", "other-root leaf", "\n");
	CHECK_INT(find_at("bundle.pem", "leaf", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK(found(0, "leaf"));
}

static void what_cannot_be_used_is_counted(void)
{
	struct sts_error e;
	int fd;

	put_certs("bundle.pem", "root-expired root-future leaf-twice inter-expired root", "\n");
	fd = open(path("bundle.pem"), O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(write(fd, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", 56) == 56);
	test_write_pem(fd, (struct sts_der){(const uint8_t *)"junk", 4}, "\n");
	close(fd);
	CHECK_INT(find_at("bundle.pem", "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK_INT(anchors.scanned, 7);
	CHECK_INT(anchors.unusable, 6);
	CHECK_INT(anchors.stale, 2);
	CHECK(found(0, "root"));
}

static void oversized_are_skipped(void)
{
	static uint8_t big[STS_PEM_OBJECT_MAX_BYTES + 1];
	struct sts_error e;
	int fd = create("bundle.pem");

	test_write_pem(fd, (struct sts_der){big, sizeof(big)}, "\n");
	test_write_pem(fd, test_cert("root"), "\n");
	close(fd);
	CHECK_INT(find_at("bundle.pem", "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK_INT(anchors.scanned, 2);
	CHECK_INT(anchors.unusable, 1);
}

static void forms_of_files(void)
{
	struct sts_error e;
	int fd;

	put_certs("crlf.pem", "other-root root", "\r\n");
	CHECK_INT(find_at("crlf.pem", "leaf-root", &e), STS_OK);
	CHECK(found(0, "root"));
	/* other objects around, no newline at the end */
	put_text("mixed.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n# Root\n");
	fd = open(path("mixed.pem"), O_WRONLY | O_APPEND | O_CLOEXEC);
	test_write_pem(fd, test_cert("root"), "\n");
	CHECK_INT(ftruncate(fd, lseek(fd, 0, SEEK_END) - 1), 0);
	close(fd);
	CHECK_INT(find_at("mixed.pem", "leaf-root", &e), STS_OK);
	CHECK(found(0, "root"));
	CHECK_INT(anchors.scanned, 1);
}

static void errors_name_the_file(void)
{
	static const char *const bad[] = {
		"", "no certificate\n",
		"-----BEGIN PRIVATE KEX-----\nAAAA\n-----END PRIVATE KEX-----\n"};
	struct sts_ca_sources sources;
	struct sts_error e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_text("empty.pem", bad[i]);
		CHECK_INT(find_at("empty.pem", "leaf-root", &e), STS_ECA_FILE);
		CHECK(strstr(e.msg, "/empty.pem: no PEM certificate in it"));
		CHECK_INT(e.detail, 0);
	}
	put_certs("expired.pem", "root-expired", "\n");
	CHECK_INT(find_at("expired.pem", "leaf-root", &e), STS_ECERT_EXPIRED);
	CHECK(strstr(e.msg, "/expired.pem: certificate \""));
	CHECK(strstr(e.msg, "\" expired at "));
	CHECK_INT(e.detail, 0);
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("missing"), false, &e), STS_ECA_FILE);
	CHECK_INT(e.detail, ENOENT);
	CHECK(strstr(e.msg, "/missing: "));
	CHECK_INT(sources.count, 0);
	CHECK_INT(mkfifo(path("fifo"), 0600), 0);
	CHECK_INT(sts_ca_sources_add(&sources, path("fifo"), false, &e), STS_ECA_FILE);
	CHECK_INT(sts_ca_sources_add(&sources, "/dev/zero", false, &e), STS_ECA_FILE);
	CHECK_INT(sts_ca_sources_add(&sources, "bad\n\x1bname", false, &e), STS_ECA_FILE);
	CHECK(strstr(e.msg, "bad\\x0A\\x1Bname"));
	CHECK_INT(sources.count, 0);
	unlink(path("fifo"));
}

static void the_system_bundle_may_be_missing(void)
{
	struct sts_ca_sources sources;
	struct sts_error e;

	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("missing"), true, &e), STS_OK);
	CHECK_INT(sources.count, 0);
	CHECK_INT(find(&sources, "leaf-root", &e), STS_ECA_FILE);
	CHECK_INT(e.detail, 0);
	/* or is empty, as long as there is another one */
	put_text("empty.pem", "");
	put_certs("bundle.pem", "root", "\n");
	CHECK_INT(sts_ca_sources_add(&sources, path("empty.pem"), true, &e), STS_OK);
	CHECK_INT(find(&sources, "leaf-root", &e), STS_ECA_FILE);
	CHECK_INT(e.detail, 0);
	CHECK_INT(sts_ca_sources_add(&sources, path("bundle.pem"), false, &e), STS_OK);
	CHECK_INT(find(&sources, "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	test_close_sources(&sources);
	CHECK_INT(sources.count, 0);
}

static void no_more_than_eight_paths(void)
{
	struct sts_ca_sources sources;
	struct sts_error e;

	put_certs("bundle.pem", "root", "\n");
	sts_ca_sources_init(&sources);
	for (int i = 0; i < STS_CA_PATHS_MAX; i++)
		CHECK_INT(sts_ca_sources_add(&sources, path("bundle.pem"), false, &e), STS_OK);
	CHECK_INT(sts_ca_sources_add(&sources, path("bundle.pem"), false, &e), STS_ECA_FILE);
	/* the same certificate is kept once */
	CHECK_INT(find(&sources, "leaf-root", &e), STS_OK);
	CHECK_INT(anchors.count, 1);
	CHECK_INT(anchors.scanned, 8);
	test_close_sources(&sources);
}

static void the_source_of_each_anchor(void)
{
	struct sts_ca_sources sources;
	struct sts_error e;

	put_certs("bundle.pem", "other-root renewed-old", "\n");
	CHECK_INT(mkdir(path("several"), 0700), 0);
	put_certs("several/a.pem", "other-root", "\n");
	put_certs("several/b.pem", "renewed-new", "\n");
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("bundle.pem"), false, &e), STS_OK);
	CHECK_INT(sts_ca_sources_add(&sources, path("several"), false, &e), STS_OK);
	CHECK_INT(find(&sources, "leaf-renewed", &e), STS_OK);
	CHECK(anchors.count == 2 && found(0, "renewed-old") && found(1, "renewed-new"));
	CHECK(anchors.source[0] == 0 && anchors.source[1] == 1);
	test_close_sources(&sources);
}

/* There are more anchors of one name than there is room for. The next search goes on where the
 * first one ended, until there are no more. */
static void many_of_one_name(void)
{
	static const uint32_t next[] = {STS_ANCHORS_MAX, 2 * STS_ANCHORS_MAX, 0};
	struct sts_ca_sources sources;
	struct sts_error e;
	uint32_t first = 0;
	int fd = create("many.pem");

	for (size_t i = 0; i < 40; i++) {
		uint8_t copy[2048];
		struct sts_der der = test_cert("maze0");

		memcpy(copy, der.data, der.len);
		copy[der.len - 1] = (uint8_t)i; /* nobody checks the signature here */
		test_write_pem(fd, (struct sts_der){copy, der.len}, "\n");
	}
	close(fd);
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("many.pem"), false, &e), STS_OK);
	for (size_t i = 0; i < 3; i++, first = anchors.next) {
		CHECK_INT(find_from(first, &sources, "leaf-maze", &e), STS_OK);
		CHECK_INT(anchors.count, next[i] > 0 ? STS_ANCHORS_MAX : 40 % STS_ANCHORS_MAX);
		CHECK_INT(anchors.next, next[i]);
		CHECK_INT(anchors.wanted, 40);
		CHECK_INT(anchors.scanned, 40);
		CHECK_INT(anchors.unusable, 0);
		for (size_t j = 0; j < anchors.count; j++)
			CHECK_INT(anchors.cert[j].der.data[anchors.cert[j].der.len - 1], first + j);
	}
	test_close_sources(&sources);
}

/* The chain may have two candidates for the server's certificate. */
static void two_servers(void)
{
	const struct sts_der servers[2] = {test_cert("leaf"), test_cert("leaf-root")};
	struct sts_ca_sources sources;

	put_certs("two.pem", "leaf-root other-root leaf", "\n");
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("two.pem"), false, NULL), STS_OK);
	CHECK_INT(sts_anchors_find(&sources, NULL, 0, servers, TEST_NOW_S, 0, &anchors, NULL),
		  STS_OK);
	CHECK(anchors.count == 2 && found(0, "leaf-root") && found(1, "leaf"));
	test_close_sources(&sources);
}

/* A certificate that stands in the bundle again is kept once, also behind others. */
static void each_is_kept_once(void)
{
	put_certs("again.pem", "renewed-old renewed-new renewed-new renewed-old", "\n");
	CHECK_INT(find_at("again.pem", "leaf-renewed", NULL), STS_OK);
	CHECK(anchors.count == 2 && found(0, "renewed-old") && found(1, "renewed-new"));
	CHECK_INT(anchors.wanted, 4);
	CHECK_INT(anchors.next, 0);
}

/* Find these certificates by their subjects. */
static void find_subjects(const char *certs)
{
	const struct sts_der none[2] = {{NULL, 0}, {NULL, 0}};
	struct sts_ca_sources sources;
	struct sts_der list[8], wanted[8];
	size_t count = test_cert_list(certs, list, 8);

	for (size_t i = 0; i < count; i++) {
		struct sts_cert cert;

		CHECK_INT(sts_cert_read(list[i], &cert, NULL), STS_OK);
		wanted[i] = cert.subject;
	}
	put_certs("subjects.pem", certs, "\n");
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("subjects.pem"), false, NULL), STS_OK);
	CHECK_INT(sts_anchors_find(&sources, wanted, count, none, TEST_NOW_S, 0, &anchors, NULL),
		  STS_OK);
	test_close_sources(&sources);
}

/* What does not fit into the memory is left to the next search, and so is all that follows. */
static void the_memory_is_full(void)
{
	find_subjects("big0 big1 big2 big3 big-rest");
	CHECK(anchors.count == 5 && found(3, "big3") && found(4, "big-rest"));
	CHECK_INT(anchors.next, 0);
	CHECK_INT(anchors.used, STS_ANCHORS_BYTES);
	find_subjects("big0 big1 big2 big3 big4 renewed-old");
	CHECK(anchors.count == 4 && found(3, "big3"));
	CHECK_INT(anchors.next, 4);
	CHECK_INT(anchors.wanted, 6);
}

static void nothing_that_can_be_used(void)
{
	struct sts_ca_sources sources;
	struct sts_error e;
	char said[200];
	int fd = create("behind.pem");

	/* What begins behind other text is not a certificate. */
	CHECK_INT(write(fd, "abcd", 4), 4);
	test_write_pem(fd, test_cert("root"), "\n");
	close(fd);
	CHECK_INT(find_at("behind.pem", "leaf-root", &e), STS_ECA_FILE);

	put_certs("text.pem", "bad-text bad-truncated", "\n");
	CHECK_INT(find_at("text.pem", "leaf-root", &e), STS_ECA_FILE);
	CHECK(strstr(e.msg, "/text.pem: no usable certificate: 2 malformed"));
	CHECK_INT(e.detail, 0);
	/* What is said of a file is about this file. */
	put_certs("first.pem", "root root-expired", "\n");
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("first.pem"), false, &e), STS_OK);
	CHECK_INT(sts_ca_sources_add(&sources, path("text.pem"), false, &e), STS_OK);
	CHECK_INT(find(&sources, "leaf-root", &e), STS_ECA_FILE);
	CHECK(strstr(e.msg, "/text.pem: no usable certificate: 2 malformed"));
	test_close_sources(&sources);
	/* of the system's bundles, one that is not usable is passed over */
	put_certs("stale.pem", "root-expired", "\n");
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path("stale.pem"), true, &e), STS_OK);
	CHECK_INT(find(&sources, "leaf-root", &e), STS_ECERT_EXPIRED);
	snprintf(said, sizeof(said), "no usable CA certificate of 1 in %s: certificate \"",
		 path("stale.pem"));
	CHECK(strstr(e.msg, said));
	CHECK_INT(e.detail, 0);
	test_close_sources(&sources);
}

static const struct sts_test tests[] = {
	{"only certificates of the wanted name are kept", only_the_wanted_are_kept},
	{"the slices point into memory of the anchors", the_slices_are_ours},
	{"the server itself is found", the_server_itself_is_found},
	{"what cannot be used is counted", what_cannot_be_used_is_counted},
	{"certificates that are too large are passed over", oversized_are_skipped},
	{"forms of bundles", forms_of_files},
	{"errors name the file", errors_name_the_file},
	{"the system bundle may be missing", the_system_bundle_may_be_missing},
	{"at most eight paths", no_more_than_eight_paths},
	{"the source of each anchor", the_source_of_each_anchor},
	{"many certificates of one name", many_of_one_name},
	{"two candidates for the server", two_servers},
	{"a certificate that stands there again", each_is_kept_once},
	{"the memory is full", the_memory_is_full},
	{"nothing that can be used", nothing_that_can_be_used},
};

int main(void)
{
	return run_in_folder(tests, sizeof(tests) / sizeof(tests[0]));
}
