/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/watches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process_limits.h"
#include "test.h"
#include "watches.h"

static char dir[] = "/tmp/sts-watches-XXXXXX";
static int fd = -1;
static struct sts_watch_result found;

/* Do this in a shell, in the folder of the test. */
static void sh(const char *command)
{
	CHECK(system(command) == 0);
}

static void watch_anew(const char *path)
{
	if (fd >= 0)
		close(fd);
	fd = sts_watches_make();
	CHECK(fd >= 0);
	found = (struct sts_watch_result){0};
	sts_watch_path(fd, path, &found);
}

/* Returns whether an event counts that can be read now. */
static bool happened(void)
{
	struct sts_watch_reader r;
	struct sts_watch_event event;
	bool counts = false;

	sts_watches_read(&r, fd);
	while (sts_watches_next(&r, &event))
		counts = sts_watch_counts(&found.names, &event) || counts;
	return counts;
}

/* Returns whether any event can be read now. */
static bool noise(void)
{
	struct sts_watch_reader r;
	struct sts_watch_event event;
	bool any = false;

	sts_watches_read(&r, fd);
	while (sts_watches_next(&r, &event))
		any = true;
	return any;
}

/* What is there first, the path that is watched, and what happens then. */
static const struct {
	const char *first, *path, *then;
} appearances[] = {
	{"mkdir d; echo x >f", "d/token", "ln -s ../f d/token"},
	{"mkdir d; echo x >f", "d/token", "ln f d/token"},
	{"mkdir d", "d/token", "echo x >d/token"},
	{"mkdir d; echo x >f", "d/token", "mv f d/token"},
	{"echo x >f", "d/token", "mkdir d; cp f d/token"},
	{"mkdir new; echo x >new/token", "d/token", "mv new d"},
	{"mkdir new; echo x >new/token", "d/token", "ln -s new d"},
	{"mkdir -p d/e", "d/e/f/g/token", "mkdir d/e/f"},
	/* links on the way */
	{"mkdir d; ln -s ../later d/token", "d/token", "echo x >later"},
	{"mkdir d; ln -s e/f d/token", "d/token", "mkdir d/e"},
	{"ln -s nowhere d", "d/token", "mkdir nowhere"},
	/* the first volume of the kubelet, and the next ones */
	{"mkdir d; ln -s ..data/token d/token", "d/token", "mkdir d/..1; ln -s ..1 d/..data"},
	{"mkdir d", "d/token",
	 "mkdir d/..1; echo x >d/..1/token; ln -s ..1 d/..data_tmp; mv d/..data_tmp d/..data; "
	 "ln -s ..data/token d/token"},
	{"mkdir -p d/..1 d/..2; echo x >d/..1/token; ln -s ..1 d/..data; ln -s ..data/token "
	 "d/token",
	 "d/token", "ln -s ..2 d/..data_tmp; mv -T d/..data_tmp d/..data"},
	/* a directory is replaced or removed */
	{"mkdir -p d new; echo x >d/token; echo y >new/token", "d/token", "mv d old; mv new d"},
	{"mkdir -p d; echo x >d/token", "d/token", "rm -r d"},
	{"mkdir -p d/e/f; echo x >d/e/f/token", "d/e/f/token", "mv d/e d/g"},
	{"mkdir -p a b; ln -s a d", "d/token", "ln -s b n; mv -T n d"},
	/* a file is written in place */
	{"mkdir d; echo x >d/token", "d/token", "echo y >d/token"},
	/* a directory of CA files */
	{"mkdir d", "d", "echo x >d/any.pem"},
	{"mkdir d; echo x >d/any.pem", "d/", "echo y >d/any.pem"},
	{"true", "d", "mkdir d"},
	{"mkdir real; ln -s real d", "d", "ln -s ../f real/0a1b2c.0"},
};

static void test_each_way_to_appear(void)
{
	sts_test_enter_folder(dir);
	for (size_t i = 0; i < sizeof(appearances) / sizeof(appearances[0]); i++) {
		char absolute[128];

		for (int is_absolute = 0; is_absolute < 2; is_absolute++) {
			sh("rm -rf * 2>&1");
			CHECK(system(appearances[i].first) == 0);
			snprintf(absolute, sizeof(absolute), "%s/%s", dir, appearances[i].path);
			watch_anew(is_absolute ? absolute : appearances[i].path);
			CHECK(!noise());
			CHECK_INT(found.error, 0);
			CHECK(found.names.count <= STS_WATCH_NAMES_MAX);
			CHECK(system(appearances[i].then) == 0);
			if (!happened()) {
				printf("# not seen: %s; %s\n", appearances[i].first,
				       appearances[i].then);
				CHECK(false);
			}
		}
	}
}

/* The files of others are events of the last directory only, and do not count there. */
static void test_the_files_of_others(void)
{
	sh("rm -rf *; mkdir -p a/b d; echo x >a/b/token; ln -s ../a/b/token d/link");
	watch_anew("a/b/token");
	sh("echo x >a/other; mkdir a/x; echo x >other; rm other");
	CHECK(!noise());
	sh("echo x >a/b/other; ln a/b/other a/b/more");
	CHECK(!happened());
	/* Reading and a change of the mode are no events. */
	watch_anew("a/b/token");
	sh("cat a/b/token >/dev/null; chmod 644 a/b/token");
	CHECK(!noise());
	/* A link leads away from its directory, so both are watched. */
	watch_anew("d/link");
	sh("echo x >d/token; echo x >a/b/link");
	CHECK(!happened());
	sh("echo y >a/b/token");
	CHECK(happened());
}

/* A directory is the last one on the way to one file, and another file lies below it. */
static void test_two_paths(void)
{
	sh("rm -rf *; mkdir -p d/e");
	watch_anew("d/token");
	sts_watch_path(fd, "d/e/token", &found);
	CHECK_INT(watches_of(fd), 2);
	sh("echo x >d/token");
	CHECK(happened());
}

/* After an event, the same descriptor is used again: old watches stay, and new ones are added. */
static void test_the_watches_are_renewed(void)
{
	sh("rm -rf *; true");
	watch_anew("d/e/token");
	for (int i = 0; i < 3; i++) {
		CHECK(mkdir("d", 0700) == 0);
		CHECK(happened());
		found.names.count = 0;
		sts_watch_path(fd, "d/e/token", &found);
		CHECK(mkdir("d/e", 0700) == 0);
		CHECK(happened());
		found.names.count = 0;
		sts_watch_path(fd, "d/e/token", &found);
		sh("echo x >d/e/token");
		CHECK(happened());
		found.names.count = 0;
		sts_watch_path(fd, "d/e/token", &found);
		CHECK_INT(watches_of(fd), 3);
		sh("rm -r d");
		CHECK(happened());
		found.names.count = 0;
		sts_watch_path(fd, "d/e/token", &found);
		CHECK(!happened());
	}
	CHECK_INT(watches_of(fd), 1);
	CHECK(found.last > 1);
}

static void test_odd_paths(void)
{
	static char big[5000];

	sh("rm -rf *; ln -s loop loop; mkdir d; ln -s . d/here; ln -s .. d/up; echo x >f");
	watch_anew("");
	CHECK_INT(watches_of(fd), 0);
	watch_anew("loop/token");
	CHECK_INT(watches_of(fd), 1);
	watch_anew("f/token"); /* a file where a directory should be */
	CHECK_INT(watches_of(fd), 1);
	sh("rm f; mkdir f");
	CHECK(happened());
	watch_anew("d/here/here/up/./d/../d//token");
	sh("echo x >d/token");
	CHECK(happened());
	watch_anew("/");
	watch_anew("/token-that-is-not-there");
	CHECK_INT(watches_of(fd), 1);
	for (size_t i = 0; i + 1 < sizeof(big); i++)
		big[i] = i % 2 ? '/' : '.';
	watch_anew(big);
	CHECK_INT(watches_of(fd), 0);
	memcpy(big + 4000, "token", 6);
	watch_anew(big); /* more steps than are made */
	sts_watch_path(-1, "d/token", &found);
	/* The target of a link and the rest of the path together are longer than a path may be. */
	for (size_t i = 0; i < 4000; i++)
		big[i] = "d/../"[i % 5];
	big[4000] = '\0';
	CHECK(symlink(big, "long") == 0);
	memcpy(big, "long/", 5);
	watch_anew("long/token");
	CHECK_INT(watches_of(fd), 2);
	memset(big + 5, 'x', 200);
	big[205] = '\0';
	watch_anew(big);
	CHECK_INT(watches_of(fd), 1);
}

/* More names than there is room for: any name counts then. */
static void test_many_names(void)
{
	sh("rm -rf *; for i in 0 1 2 3 4 5 6 7 8 9; do mkdir d$i; ln -s d$i l$i; done");
	watch_anew("l0/../l1/../l2/../token");
	CHECK_INT(found.names.count, 4);
	sts_watch_path(fd, "l0/../l1/../l2/../token", &found);
	CHECK_INT(found.names.count, 4); /* a name is kept once */
	sh("echo x >other");
	CHECK(!happened());
	watch_anew("l0/../l1/../l2/../l3/../l4/../l5/../l6/../l7/../token");
	CHECK(found.names.count > STS_WATCH_NAMES_MAX);
	sts_watch_path(fd, "l0/../l1/../l2/../l3/../l4/../l5/../l6/../l7/../token", &found);
	CHECK(found.names.count > STS_WATCH_NAMES_MAX);
	sh("echo y >other");
	CHECK(happened());
}

static void test_lost_events_count(void)
{
	struct sts_watch_event lost = {.always = true}, other = {.name = 1, .every = 2};
	struct sts_watch_names none = {0}, two = {.count = 2, .hash = {7, 2}};

	CHECK(sts_watch_counts(&none, &lost));
	CHECK(!sts_watch_counts(&none, &other));
	CHECK(sts_watch_counts(&two, &other));
	two.count = 1;
	CHECK(!sts_watch_counts(&two, &other));
}

/* The kernel drops events if there are too many. Something that counts may be among them. */
static void test_the_kernel_drops_events(void)
{
	bool counts = false;

	sh("rm -rf *; mkdir d; echo x >d/a; [ $(cat /proc/sys/fs/inotify/max_queued_events) -le "
	   "20000 ]");
	watch_anew("d/token");
	for (int i = 0; i < 20002; i++)
		CHECK(rename(i % 2 ? "d/b" : "d/a", i % 2 ? "d/a" : "d/b") == 0);
	for (int i = 0; i < 100; i++)
		counts = happened() || counts;
	CHECK(counts);
}

static void test_no_descriptor(void)
{
	struct rlimit old = limits_descriptors(limits_free_fd());

	int none = sts_watches_make();
	int err = errno;
	limits_restore(old);
	CHECK_INT(none, -1);
	CHECK_INT(err, EMFILE);
}

/* There are more events than are read at a time. */
static void test_a_storm(void)
{
	int turns = 0;

	sh("rm -rf *; mkdir d; echo x >d/other");
	watch_anew("d/token");
	for (int i = 0; i < 4000; i++)
		CHECK(rename(i % 2 ? "d/token" : "d/other", i % 2 ? "d/other" : "d/token") == 0);
	CHECK(happened());
	while (noise() && turns < 20)
		turns++;
	CHECK(turns > 0 && turns < 20);
}

static void test_cleanup(void)
{
	close(fd);
	CHECK(system("rm -rf *") == 0);
	CHECK(rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"each way in which a file appears is seen", test_each_way_to_appear},
	{"the files of others do not count", test_the_files_of_others},
	{"two paths share a directory", test_two_paths},
	{"watches are renewed on the same descriptor", test_the_watches_are_renewed},
	{"odd paths are watched or passed over", test_odd_paths},
	{"with many names any name counts", test_many_names},
	{"lost events count, other names do not", test_lost_events_count},
	{"events that the kernel drops count", test_the_kernel_drops_events},
	{"no descriptor is left", test_no_descriptor},
	{"a storm of events is read in parts", test_a_storm},
	{"the folder of this test is removed", test_cleanup},
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
