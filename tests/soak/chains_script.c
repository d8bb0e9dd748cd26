/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "chains.h"
#include "check.h"

struct script script;

static const char *alphabet, *changes;
static size_t digits[CHAINS_LETTERS_MAX], next_change;

void script_begin(const char *letters, const char *of_changes)
{
	alphabet = letters;
	changes = of_changes;
	script.length = script.used = 0;
}

static void set(int at, size_t digit)
{
	digits[at] = digit;
	script.letters[at] = alphabet[digit];
	if (alphabet[digit] == '*')
		script.letters[at] = changes[next_change++ % strlen(changes)];
}

char script_draw(void)
{
	if (script.used == CHAINS_LETTERS_MAX)
		check_fail(-1, "the simulation draws too many letters");
	/* A script that is repeated goes on with successes. */
	if (script.used == script.length && !alphabet)
		return 'o';
	if (script.used == script.length)
		set(script.length++, 0);
	return script.letters[script.used++];
}

bool script_advance(void)
{
	for (script.length = script.used; script.length > 0; script.length--) {
		size_t digit = digits[script.length - 1] + 1;

		if (alphabet[digit]) {
			set(script.length - 1, digit);
			script.used = 0;
			return true;
		}
	}
	return false;
}

void script_print(void)
{
	printf("%s,", script.fetch ? "fetch" : "run");
	for (int i = 0; i < script.count; i++)
		putchar(script.parent[i] < 0 ? '-' : '0' + script.parent[i]);
	putchar(',');
	for (int i = 0; i < script.count; i++)
		putchar('0' + script.order[i]);
	putchar(',');
	for (int i = 0; i < script.count; i++)
		putchar(script.single_use[i] ? '1' : '-');
	printf(",%.*s\n", script.used, script.letters);
}

bool script_parse(const char *text)
{
	char mode[8], parents[CHAINS_MAX + 1], order[CHAINS_MAX + 1], single[CHAINS_MAX + 1];
	char letters[CHAINS_LETTERS_MAX + 1] = "";

	alphabet = NULL;
	if (sscanf(text, "%7[a-z],%5[-0-4],%5[0-4],%5[-1],%16s", mode, parents, order, single,
		   letters) < 4)
		return false;
	script = (struct script){.fetch = strcmp(mode, "fetch") == 0,
				 .count = (int)strlen(parents),
				 .length = (int)strlen(letters)};
	if (strlen(order) != strlen(parents) || strlen(single) != strlen(parents))
		return false;
	for (int i = 0; i < script.count; i++) {
		script.parent[i] = parents[i] == '-' ? -1 : parents[i] - '0';
		script.order[i] = order[i] - '0';
		script.single_use[i] = single[i] == '1';
		if (script.parent[i] >= i || script.order[i] >= script.count)
			return false;
	}
	memcpy(script.letters, letters, (size_t)script.length);
	return true;
}
