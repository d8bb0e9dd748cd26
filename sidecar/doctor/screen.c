/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/screen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABEL_COLUMNS 10 /* " subject  " */

/* By enum sts_mark. */
static const char plain_marks[] = "-\0-\0ok\0warn\0FAIL";
static const char sign_marks[] = "-\0-\0\xe2\x88\x9a\0!\0\xc3\x97";
static const char colours[] = "\0\0\033[32m\0\033[33m\0\033[31m";

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

/* Is the character set of the locale UTF-8? The first variable that is set counts. */
static bool has_utf8(void)
{
	static const char variables[] = "LC_ALL\0LC_CTYPE\0LANG\0";
	const char *locale, *charset;

	for (size_t i = 0; *sts_text_at(variables, i); i++) {
		locale = getenv(sts_text_at(variables, i));
		if (!locale || !*locale)
			continue;
		charset = strchr(locale, '.');
		return charset && (sts_slice_eq_nocase(sts_slice_of(charset + 1), "UTF-8") ||
				   sts_slice_eq_nocase(sts_slice_of(charset + 1), "utf8"));
	}
	return false;
}

struct sts_screen sts_screen_choose(int color)
{
	bool terminal = isatty(STDOUT_FILENO);

	return (struct sts_screen){
		.signs = terminal && has_utf8(),
		.colours = color == STS_COLOR_ALWAYS ||
			   (color == STS_COLOR_AUTO && terminal && !is_set("NO_COLOR")),
	};
}

static void add_spaces(struct sts_text *out, size_t count)
{
	while (count-- > 0)
		sts_text_add_char(out, ' ');
}

/* Returns the column at which a text ends: the characters since its last line feed. All of them
 * have one byte. */
static size_t column_of(const struct sts_text *out)
{
	size_t at = out->len;

	while (at > 0 && out->data[at - 1] != '\n')
		at--;
	return out->len - at;
}

/* Returns the length of the next word. A number and the word behind it, which may be its unit,
 * count as one word. */
static size_t word_len(const char *words)
{
	size_t len = strcspn(words, " \t");

	if (len > 0 && words[len] == ' ' && strspn(words, "0123456789.") == len)
		len += 1 + strcspn(words + len + 1, " \t");
	return len;
}

/* Add words from a column on. Returns the column at the end. */
static size_t wrap(struct sts_text *out, const char *words, size_t column, size_t indent)
{
	bool first = true;

	while (*words && *words != '\t') {
		size_t spaces = strspn(words, " "), len = word_len(words + spaces);

		if (!first && column + spaces + len > STS_SCREEN_COLUMNS) {
			sts_text_add_char(out, '\n');
			add_spaces(out, indent);
			column = indent;
		} else {
			add_spaces(out, spaces);
			column += spaces;
		}
		sts_text_add(out, words + spaces, len);
		column += len;
		words += spaces + len;
		first = false;
	}
	return column;
}

void sts_screen_words(struct sts_text *out, const char *words, size_t indent)
{
	wrap(out, words, column_of(out), indent);
}

/* Add a name at the right end of the line, or of the next one. */
static void add_right(struct sts_text *out, const char *name, size_t column)
{
	size_t len = strlen(name);

	if (column + 2 + len > STS_SCREEN_COLUMNS) {
		sts_text_add_char(out, '\n');
		column = 0;
	}
	if (column + len < STS_SCREEN_COLUMNS)
		add_spaces(out, STS_SCREEN_COLUMNS - len - column);
	sts_text_add_str(out, name);
}

static void add_line(const struct sts_screen *s, const char *label, enum sts_mark mark,
		     const char *words, struct sts_text *out)
{
	size_t indent = LABEL_COLUMNS + (s->signs ? 2 : 5), column = strlen(label) + 2;
	const char *tab = strchr(words, '\t');
	bool coloured = s->colours && mark >= STS_MARK_OK && mark <= STS_MARK_FAIL;

	sts_text_addf(out, " %s ", label);
	if (column < LABEL_COLUMNS) {
		add_spaces(out, LABEL_COLUMNS - column);
		column = LABEL_COLUMNS;
	}
	if (mark == STS_MARK_MORE) {
		add_spaces(out, indent > column ? indent - column : 0);
	} else {
		const char *sign = sts_text_at(s->signs ? sign_marks : plain_marks, mark);

		sts_text_add_str(out, coloured ? sts_text_at(colours, mark) : "");
		sts_text_add_str(out, sign);
		sts_text_add_str(out, coloured ? "\033[0m" : "");
		add_spaces(out, s->signs ? 1 : 5 - strlen(sign));
	}
	column += indent - LABEL_COLUMNS;
	column = wrap(out, words, column, indent);
	if (tab)
		add_right(out, tab + 1, column);
	sts_text_add_char(out, '\n');
}

static void add_untried(const struct sts_diagnosis *d, struct sts_text *out)
{
	char names[128];
	struct sts_text text;

	sts_text_init(&text, names, sizeof(names));
	for (int gate = 0; gate < STS_GATE_SIDECAR; gate++)
		if (d->marks[gate] == STS_MARK_NONE && !(d->absent >> gate & 1))
			sts_text_addf(&text, text.len ? ", %s" : "%s",
				      sts_gate_name((enum sts_gate)gate));
	if (text.len == 0)
		return;
	sts_text_addf(&text, "  - not tried");
	sts_text_add_char(out, ' ');
	sts_screen_words(out, names, LABEL_COLUMNS);
	sts_text_add_char(out, '\n');
}

static void add_gate(const struct sts_screen *s, const struct sts_diagnosis *d, enum sts_gate gate,
		     struct sts_text *out)
{
	const char *at = NULL, *words, *label = sts_gate_name(gate);
	enum sts_gate of;
	enum sts_mark mark;

	while ((words = sts_diagnosis_next(d, &at, &of, &mark))) {
		if (of != gate)
			continue;
		add_line(s, label, mark, words, out);
		label = "";
	}
}

void sts_screen_gates(const struct sts_screen *s, const struct sts_diagnosis *d,
		      struct sts_text *out)
{
	for (int gate = 0; gate < STS_GATE__COUNT; gate++) {
		if (gate == STS_GATE_SIDECAR)
			add_untried(d, out);
		add_gate(s, d, (enum sts_gate)gate, out);
	}
}
