/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/diagnosis.h"

#include <string.h>

void sts_diagnosis_init(struct sts_diagnosis *d)
{
	memset(d->marks, 0, sizeof(d->marks));
	d->absent = 0;
	memset(d->errors, 0, sizeof(d->errors));
	sts_text_init(&d->lines, d->memory, sizeof(d->memory));
}

struct sts_text *sts_diagnosis_line(struct sts_diagnosis *d, enum sts_gate gate, enum sts_mark mark)
{
	if (d->lines.len > 0)
		sts_text_add_char(&d->lines, '\0');
	sts_text_add_char(&d->lines, (char)(gate + 1));
	sts_text_add_char(&d->lines, (char)mark);
	if (mark != STS_MARK_MORE && mark > d->marks[gate])
		d->marks[gate] = (uint8_t)mark;
	return &d->lines;
}

const char *sts_diagnosis_next(const struct sts_diagnosis *d, const char **at, enum sts_gate *gate,
			       enum sts_mark *mark)
{
	const char *line = *at ? *at + strlen(*at) + 1 : d->memory;

	/* A line that did not fit may be cut after its first byte. */
	if (line + 2 > d->memory + d->lines.len)
		return NULL;
	*at = line;
	*gate = (enum sts_gate)(line[0] - 1);
	*mark = (enum sts_mark)line[1];
	return line + 2;
}
