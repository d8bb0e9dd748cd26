/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/ca_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char dir[] = "/tmp/sts-ca-XXXXXX";
static struct sts_options o;
static struct sts_fields fields; /* only `ca` is read */
static struct sts_ca_sources ca;
static struct sts_error e;

static void set_up(void)
{
	o = (struct sts_options){.command = STS_COMMAND_RUN, .cacert_only = true};
	fields.ca = NULL;
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
}

static void name(const char *path)
{
	o.list[o.list_count++] = (struct sts_list_value){STS_LIST_CACERT, sts_slice_of(path)};
}

static enum sts_err open_all(void)
{
	memset(&e, 0, sizeof(e));
	return sts_ca_sources_open(&o, &fields, &ca, &e);
}

/* Close the sources, and check which they are: their labels, with "system:" before a source of the
 * system and a bar after each. */
static void check_sources(const char *want)
{
	char got[1024];
	struct sts_text text;

	sts_text_init(&text, got, sizeof(got));
	for (size_t i = 0; i < ca.count; i++) {
		sts_text_addf(&text, "%s%s|", ca.source[i].is_system ? "system:" : "",
			      ca.source[i].label);
		CHECK(close(ca.source[i].fd) == 0);
	}
	CHECK_STR(got, want);
}

/* The CA file of a protocol is the only source, unless --cacert-path is given. */
static void test_of_protocol(void)
{
	set_up();
	o.cacert_only = false;
	setenv("SSL_CERT_FILE", "b.pem", 1);
	fields.ca = "a.pem";
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|");
	fields.ca = "missing.pem";
	CHECK_INT(open_all(), STS_ECA_FILE);
	check_sources("");
	/* sts_fields_make() leaves it out where --cacert-path is given. */
	fields.ca = NULL;
	name("a.pem");
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|system:b.pem|");
}

static void test_named(void)
{
	set_up();
	CHECK_INT(open_all(), STS_OK);
	check_sources("");
	name("a.pem");
	o.list[o.list_count++] = (struct sts_list_value){STS_LIST_AUDIENCE,
							 STS_SLICE("not a file")};
	name("certs");
	name(""); /* of a variable that is set to nothing */
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|certs|");
	name("none.pem");
	CHECK_INT(open_all(), STS_ECA_FILE);
	CHECK_INT(e.detail, ENOENT);
	CHECK(strstr(e.msg, "none.pem"));
	check_sources("a.pem|certs|");
}

static void test_the_system(void)
{
	set_up();
	o.cacert_only = false;
	name("a.pem");
	setenv("SSL_CERT_FILE", "b.pem", 1);
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|system:b.pem|");
	setenv("SSL_CERT_DIR", "certs::none:more:", 1);
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|system:b.pem|system:certs|system:more|");
	unsetenv("SSL_CERT_FILE");
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|system:certs|system:more|");
	/* A bundle that is missing adds nothing. */
	setenv("SSL_CERT_FILE", "none.pem", 1);
	unsetenv("SSL_CERT_DIR");
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|");
	/* --cacert-only leaves the system out. */
	setenv("SSL_CERT_FILE", "b.pem", 1);
	setenv("SSL_CERT_DIR", "certs", 1);
	o.cacert_only = true;
	CHECK_INT(open_all(), STS_OK);
	check_sources("a.pem|");
}

/* Without the variables, or with empty variables, the first bundle that is there is used. */
static void test_bundles(void)
{
	set_up();
	o.cacert_only = false;
	CHECK_INT(open_all(), STS_OK);
	CHECK(ca.count <= 1);
	CHECK(ca.count == 0 || (ca.source[0].is_system && ca.source[0].label[0] == '/'));
	size_t count = ca.count;
	for (size_t i = 0; i < ca.count; i++)
		close(ca.source[i].fd);
	setenv("SSL_CERT_FILE", "", 1);
	setenv("SSL_CERT_DIR", "", 1);
	name("a.pem");
	CHECK_INT(open_all(), STS_OK);
	CHECK_INT(ca.count, 1 + count);
	for (size_t i = 0; i < ca.count; i++)
		close(ca.source[i].fd);
}

/* In a namespace of its own, /etc/ssl has no bundle, and then the last one that is looked for.
 * Returns 0, the number of the step that went wrong, or 255 where that cannot be made. */
static int try_bundles(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", "/etc/ssl", "tmpfs", 0, NULL) != 0 || access("/etc/pki", F_OK) == 0)
		return 255;
	if (open_all() != STS_OK || ca.count != 0)
		return 1;
	if (close(creat("/etc/ssl/cert.pem", 0644)) != 0 || open_all() != STS_OK || ca.count != 1)
		return 2;
	return strcmp(ca.source[0].label, "/etc/ssl/cert.pem") == 0 && ca.source[0].is_system ? 0
											      : 3;
}

static void test_other_bundles(void)
{
	int status = 0;

	set_up();
	o.cacert_only = false;
	pid_t child = fork();
	if (child == 0) {
		alarm(10);
		_exit(try_bundles());
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (WEXITSTATUS(status) == 255)
		sts_test_skipped = "no mounts here, or other bundles";
	else
		CHECK_INT(WEXITSTATUS(status), 0);
}

static void test_too_many(void)
{
	set_up();
	for (size_t i = 0; i < STS_CA_PATHS_MAX; i++)
		name("a.pem");
	CHECK_INT(open_all(), STS_OK);
	CHECK_INT(ca.count, STS_CA_PATHS_MAX);
	for (size_t i = 0; i < ca.count; i++)
		close(ca.source[i].fd);
	name("a.pem");
	CHECK_INT(open_all(), STS_ECA_FILE);
	CHECK(strstr(e.msg, "more than"));
	for (size_t i = 0; i < ca.count; i++)
		close(ca.source[i].fd);
	/* The variables count as well. */
	o.list_count--;
	o.cacert_only = false;
	setenv("SSL_CERT_FILE", "b.pem", 1);
	CHECK_INT(open_all(), STS_ECA_FILE);
	for (size_t i = 0; i < ca.count; i++)
		close(ca.source[i].fd);
}

static void test_long_paths(void)
{
	static char path[PATH_MAX + 1];

	memset(path, '/', PATH_MAX);
	set_up();
	path[PATH_MAX - 1] = '\0'; /* the root directory, written with many slashes */
	name(path);
	CHECK_INT(open_all(), STS_OK);
	CHECK_INT(ca.count, 1);
	close(ca.source[0].fd);
	path[PATH_MAX - 1] = '/';
	o.list_count = 0;
	name(path);
	CHECK_INT(open_all(), STS_ECA_FILE);
	CHECK_STR(e.msg, "the path of a CA file is longer than 4095 bytes");
	/* This holds for a variable too, where a missing path would not be an error. */
	o.list_count = 0;
	o.cacert_only = false;
	setenv("SSL_CERT_DIR", path, 1);
	CHECK_INT(open_all(), STS_ECA_FILE);
	CHECK_STR(e.msg, "the path of a CA file is longer than 4095 bytes");
}

static void test_begin(void)
{
	sts_test_enter_folder(dir);
	CHECK(mkdir("certs", 0700) == 0 && mkdir("more", 0700) == 0);
	close(open("a.pem", O_WRONLY | O_CREAT, 0600));
	close(open("b.pem", O_WRONLY | O_CREAT, 0600));
}

static void test_end(void)
{
	CHECK(unlink("a.pem") == 0 && unlink("b.pem") == 0 && rmdir("certs") == 0 &&
	      rmdir("more") == 0 && rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"the folder of this test is made", test_begin},
	{"files that are named", test_named},
	{"the CA file of a protocol", test_of_protocol},
	{"variables in place of the system's bundle", test_the_system},
	{"the system's bundles", test_bundles},
	{"systems with another bundle, or with none", test_other_bundles},
	{"too many paths", test_too_many},
	{"paths that are too long", test_long_paths},
	{"the folder of this test is removed", test_end},
};
STS_TEST_MAIN(tests)
