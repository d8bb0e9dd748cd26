/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a diagnosis: 80 columns, no word broken, marks and colours as the terminal takes
 * them. The functions are pure, except sts_screen_choose().
 */
#ifndef STS_DOCTOR_SCREEN_H
#define STS_DOCTOR_SCREEN_H

#include "doctor/diagnosis.h"
#include "options/options.h"

#define STS_SCREEN_COLUMNS 80

struct sts_screen {
	bool signs;   /* marks as in UTF-8, and not in ASCII */
	bool colours; /* of the marks */
};

/*
 * Choose how to print on standard output. Signs are for a terminal with a locale of UTF-8 (LC_ALL,
 * LC_CTYPE, LANG), and colours for a terminal without NO_COLOR.
 *   color  in  the choice of --color
 */
struct sts_screen sts_screen_choose(int color);

/* Add words with a line break where one is needed. There is none behind a number, so that it stays
 * with its unit.
 *   indent  in  of the lines after the first */
void sts_screen_words(struct sts_text *out, const char *words, size_t indent);

/* Add the lines of a diagnosis, in the order of the gates, and one line for the gates that were not
 * tried. */
void sts_screen_gates(const struct sts_screen *s, const struct sts_diagnosis *d,
		      struct sts_text *out);

#endif
