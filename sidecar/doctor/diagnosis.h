/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The diagnosis of one exchange: lines of text about each gate, each with a mark. gates.h makes it,
 * and screen.h prints it.
 */
#ifndef STS_DOCTOR_DIAGNOSIS_H
#define STS_DOCTOR_DIAGNOSIS_H

#include "base/error.h"
#include "base/text.h"

#define STS_DIAGNOSIS_TEXT_BYTES 8192

enum sts_mark {
	STS_MARK_NONE, /* of a gate that was not tried */
	STS_MARK_SKIP, /* left out for a reason that the line says */
	STS_MARK_OK,
	STS_MARK_WARN,
	STS_MARK_FAIL,
	STS_MARK_MORE, /* a further line: what to do about the line before */
};

/* A line is a byte for its gate plus one, a byte for its mark, the text, and a NUL. A text may have
 * one tab, and a name in brackets after it. */
_Static_assert(STS_ERR__COUNT <= UINT8_MAX, "an error is kept in a byte");

struct sts_diagnosis {
	struct sts_text lines;
	uint8_t marks[STS_GATE__COUNT];  /* enum sts_mark: the worst of each gate */
	uint16_t absent;                 /* bits of 1 << enum sts_gate: gates that there are not */
	uint8_t errors[STS_GATE__COUNT]; /* enum sts_err: why a gate failed */
	char memory[STS_DIAGNOSIS_TEXT_BYTES];
};

void sts_diagnosis_init(struct sts_diagnosis *d);

/* Begin a line. Returns the text to which the caller adds the line. */
struct sts_text *sts_diagnosis_line(struct sts_diagnosis *d, enum sts_gate gate,
				    enum sts_mark mark);

/*
 * Get the next line.
 *   at  in/out  NULL before the first call
 * Returns its text, or NULL after the last.
 */
const char *sts_diagnosis_next(const struct sts_diagnosis *d, const char **at, enum sts_gate *gate,
			       enum sts_mark *mark);

#endif
