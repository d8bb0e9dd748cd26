/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole test framework: a table of named functions, CHECK(), and TAP output. A failed CHECK is
 * noted, and the test goes on.
 */
#ifndef STS_TEST_H
#define STS_TEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

struct sts_test {
	const char *name;
	void (*run)(void);
};

static int sts_test_failures;
static const char *sts_test_skipped; /* a test that cannot run here sets why, and returns */

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			sts_test_failures++; \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
		} \
	} while (0)

#define CHECK_INT(got, want) \
	do { \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		if (got_ != want_) { \
			sts_test_failures++; \
			printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, got_, \
			       want_); \
		} \
	} while (0)

#define CHECK_STR(got, want) \
	do { \
		const char *got_ = (got), *want_ = (want); \
		if (strcmp(got_, want_) != 0) { \
			sts_test_failures++; \
			printf("# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #got, \
			       got_, want_); \
		} \
	} while (0)

/*
 * Make a folder from a template of mkdtemp(3) and go there. A program that cannot do so ends at
 * once: what it writes and removes is meant for that folder alone.
 */
static inline void sts_test_enter_folder(char *template)
{
	if (mkdtemp(template) && chdir(template) == 0)
		return;
	printf("Bail out! no folder for this test\n");
	fflush(stdout);
	_exit(1);
}

/* Leave the program without environment variables. */
static inline void sts_test_clear_environment(void)
{
	static char *none[] = {NULL};

	environ = none;
}

/* Take the arguments of a variadic function that stands for syscall(2): `arg` is an array of long,
 * and `last` the function's last named argument. */
#define STS_TEST_ARGUMENTS(arg, last) \
	do { \
		va_list list; \
		va_start(list, last); \
		for (size_t n = 0; n < sizeof(arg) / sizeof((arg)[0]); n++) \
			(arg)[n] = va_arg(list, long); \
		va_end(list); \
	} while (0)

/* Forget the variable that the runtime of the build which counts lines adds to the environment. */
static inline void sts_test_forget_counting(void)
{
	unsetenv("__LLVM_PROFILE_RT_INIT_ONCE");
}

static inline int sts_test_main(const struct sts_test *tests, size_t count)
{
	int failed = 0;

	printf("1..%zu\n", count);
	fflush(stdout); /* a test that forks must not print it again */
	for (size_t i = 0; i < count; i++) {
		sts_test_failures = 0;
		sts_test_skipped = NULL;
		tests[i].run();
		printf("%s %zu - %s%s%s\n", sts_test_failures ? "not ok" : "ok", i + 1,
		       tests[i].name, sts_test_skipped ? " # SKIP " : "",
		       sts_test_skipped ? sts_test_skipped : "");
		fflush(stdout);
		failed += sts_test_failures != 0;
	}
	return failed != 0;
}

#define STS_TEST_MAIN(tests) \
	int main(void) \
	{ \
		return sts_test_main(tests, sizeof(tests) / sizeof((tests)[0])); \
	}

#endif
