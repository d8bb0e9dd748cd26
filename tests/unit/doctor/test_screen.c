/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/screen.h"

#include "test.h"

static struct sts_diagnosis d;
static char memory[4096];

static const char *screen(bool signs, bool colours)
{
	const struct sts_screen s = {signs, colours};
	struct sts_text out;

	sts_text_init(&out, memory, sizeof(memory));
	sts_screen_gates(&s, &d, &out);
	return memory;
}

static void add(enum sts_gate gate, enum sts_mark mark, const char *words)
{
	sts_text_add_str(sts_diagnosis_line(&d, gate, mark), words);
}

static void test_marks(void)
{
	sts_diagnosis_init(&d);
	d.absent = (1 << STS_GATE__COUNT) - 1;
	add(STS_GATE_TLS, STS_MARK_FAIL, "no");
	add(STS_GATE_TLS, STS_MARK_MORE, "why");
	add(STS_GATE_NAME, STS_MARK_OK, "yes");
	add(STS_GATE_NAME, STS_MARK_WARN, "but");
	add(STS_GATE_ANSWER, STS_MARK_SKIP, "not sent");
	CHECK_STR(screen(false, false), " name     ok   yes\n"
					"          warn but\n"
					" tls      FAIL no\n"
					"               why\n"
					" answer   -    not sent\n");
	CHECK_STR(screen(true, false), " name     \xe2\x88\x9a yes\n"
				       "          ! but\n"
				       " tls      \xc3\x97 no\n"
				       "            why\n"
				       " answer   - not sent\n");
	CHECK_STR(screen(true, true), " name     \033[32m\xe2\x88\x9a\033[0m yes\n"
				      "          \033[33m!\033[0m but\n"
				      " tls      \033[31m\xc3\x97\033[0m no\n"
				      "            why\n"
				      " answer   - not sent\n");
}

static void test_not_tried(void)
{
	sts_diagnosis_init(&d);
	d.absent = 1 << STS_GATE_PROXY;
	add(STS_GATE_CONFIGURATION, STS_MARK_OK, "a");
	CHECK_STR(screen(false, false),
		  " configuration ok   a\n"
		  " subject, output, clock, name, connect, tls, answer  - not tried\n");
}

/* A name is at the right end, on the line itself or on the next one. */
static void test_name(void)
{
	sts_diagnosis_init(&d);
	d.absent = (1 << STS_GATE__COUNT) - 1;
	add(STS_GATE_TLS, STS_MARK_FAIL, "a\t[b]");
	CHECK_INT(strlen(screen(false, false)), 81);
	CHECK(strcmp(memory + 76, " [b]\n") == 0);
	sts_diagnosis_init(&d);
	d.absent = (1 << STS_GATE__COUNT) - 1;
	add(STS_GATE_TLS, STS_MARK_FAIL,
	    "0123456789 0123456789 0123456789 0123456789 0123456789 012345\t[b]");
	CHECK_INT(strlen(screen(false, false)), 76 + 1 + 81);
	CHECK(strcmp(memory + 76 + 1 + 76, " [b]\n") == 0);
}

static void test_wrapping(void)
{
	char words[160];
	struct sts_text out;

	/* Exactly 80 columns stay on the line, and one more does not. */
	memset(words, 'x', 80);
	words[40] = ' ';
	words[80] = '\0';
	sts_text_init(&out, memory, sizeof(memory));
	sts_screen_words(&out, words, 2);
	CHECK(!strchr(memory, '\n'));
	words[80] = 'x';
	words[81] = '\0';
	sts_text_init(&out, memory, sizeof(memory));
	sts_screen_words(&out, words, 2);
	CHECK_INT(strchr(memory, '\n') - memory, 40);
	CHECK(strncmp(memory + 41, "  x", 3) == 0);
	/* A word that is longer than a line is not broken. */
	memset(words, 'x', 120);
	words[120] = '\0';
	sts_text_init(&out, memory, sizeof(memory));
	sts_screen_words(&out, words, 2);
	CHECK_STR(memory, words);
}

static void choose(const char *all, const char *ctype, const char *lang)
{
	setenv("LC_ALL", all, 1);
	setenv("LC_CTYPE", ctype, 1);
	setenv("LANG", lang, 1);
}

/* Standard output of a test is a pipe. tests/e2e/commands/test_doctor.py has a terminal. */
static void test_pipe(void)
{
	choose("C.UTF-8", "", "");
	CHECK(!sts_screen_choose(STS_COLOR_AUTO).signs);
	CHECK(!sts_screen_choose(STS_COLOR_AUTO).colours);
	CHECK(sts_screen_choose(STS_COLOR_ALWAYS).colours);
	CHECK(!sts_screen_choose(STS_COLOR_NEVER).colours);
}

static void test_full(void)
{
	sts_diagnosis_init(&d);
	for (int i = 0; i < 2000; i++)
		add(STS_GATE_TLS, STS_MARK_OK, "abc");
	CHECK(d.lines.overflow);
	const char *at = NULL;
	enum sts_gate gate;
	enum sts_mark mark;
	int lines = 0;

	while (sts_diagnosis_next(&d, &at, &gate, &mark))
		lines++;
	CHECK(lines > 1000 && lines < 2000);
}

static const struct sts_test tests[] = {
	{"marks and colours", test_marks},
	{"gates that were not tried", test_not_tried},
	{"the name of an error", test_name},
	{"80 columns", test_wrapping},
	{"a pipe", test_pipe},
	{"more lines than there is room for", test_full},
};
STS_TEST_MAIN(tests)
