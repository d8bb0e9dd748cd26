/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/configuration.h"

#include <errno.h>
#include <fcntl.h>

#include "test.h"
#include "wire/report.h"
#include "wire/snapshot.h"

#define PLANNED \
	"{\"exchanges\":[{\"name\":\"a\",\"url\":\"https://planned\",\"output-dir\":\"/a\"}]}"
#define CHANGED \
	"{\"exchanges\":[{\"name\":\"a\",\"url\":\"https://changed\",\"output-dir\":\"/a\"}]}"

static struct sts_config c;
static struct sts_options given, read_options;
static struct sts_worker_job job;
static struct sts_error e;
static char buf[STS_CONFIG_MAX_BYTES + 1], digest[2 * STS_CONFIG_DIGEST_BYTES + 1];
static bool changed;
static int reports[2];

/* The descriptor of a snapshot has a fixed number. */
static void put_snapshot(const char *text)
{
	int fd = sts_snapshot_make();

	CHECK(fd >= 0 && sts_snapshot_fill(fd, text, strlen(text)));
	CHECK_INT(dup2(fd, STS_INHERITED_SNAPSHOT_FD), STS_INHERITED_SNAPSHOT_FD);
	if (fd != STS_INHERITED_SNAPSHOT_FD)
		close(fd);
}

static void put_file(const char *text)
{
	int fd = open("config.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* The plans were made of the file as it is now. */
static void plan(void)
{
	struct sts_text text;

	CHECK_INT(sts_config_read(&c, "config.json", &e), STS_OK);
	sts_text_init(&text, digest, sizeof(digest));
	sts_hex_encode(&text, c.digest, sizeof(c.digest));
}

static enum sts_err configure(const char *name)
{
	static char *const none[] = {NULL};

	given = (struct sts_options){.command = STS_COMMAND_RUN, .config = "config.json"};
	job = (struct sts_worker_job){.name = name, .digest = digest, .argv = none};
	changed = true;
	memset(&e, 0, sizeof(e));
	return sts_worker_configure(&given, &job, &c, &read_options, buf, sizeof(buf), &changed,
				    &e);
}

/* The file has changed since, and the worker does as it was planned. */
static void test_the_snapshot(void)
{
	put_file(CHANGED);
	put_snapshot(PLANNED);
	CHECK_INT(configure("a"), STS_OK);
	CHECK(!changed);
	CHECK_STR(read_options.url, "https://planned");
	CHECK_STR(read_options.output_dir, "/a");
	CHECK_INT(configure("b"), STS_EBUG);
	CHECK_STR(e.msg, "the configuration of the plan is lost");
	put_snapshot("{}");
	CHECK_INT(configure("a"), STS_EUSAGE);
	close(STS_INHERITED_SNAPSHOT_FD);
}

/* Without a snapshot, the file itself counts as long as it is the one of the plan. */
static void test_the_file(void)
{
	char byte = 0;

	put_file(PLANNED);
	plan();
	CHECK_INT(configure("a"), STS_OK);
	CHECK(!changed);
	CHECK_STR(read_options.url, "https://planned");
	CHECK(read(reports[0], &byte, 1) == 1 && byte == STS_READS_CONFIG);
	put_file(CHANGED);
	CHECK_INT(configure("a"), STS_EINPUT);
	CHECK(changed && e.detail == EAGAIN);
	CHECK_STR(e.msg, "the configuration file has changed since it was read");
	CHECK(unlink("config.json") == 0);
	CHECK_INT(configure("a"), STS_EINPUT);
	CHECK(changed);
}

static const struct sts_test tests[] = {
	{"the snapshot of the plan", test_the_snapshot},
	{"the file, without a snapshot", test_the_file},
};

int main(void)
{
	char template[] = "/tmp/sts-configuration-XXXXXX";
	int status;

	sts_test_enter_folder(template);
	if (pipe(reports) != 0)
		return 1;
	/* The worker writes to descriptor 3, and its snapshot is descriptor 4. */
	reports[0] = fcntl(reports[0], F_DUPFD, 20);
	if (dup2(reports[1], STS_INHERITED_FD) < 0)
		return 1;
	close(STS_INHERITED_SNAPSHOT_FD);
	status = sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
	return chdir("/") == 0 && rmdir(template) == 0 ? status : 1;
}
