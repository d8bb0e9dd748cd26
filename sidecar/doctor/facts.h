/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facts of the gates as a table: where each figure is in struct sts_case, and how it is shown.
 * The lines of text and the JSON have their figures from here. docs/doctor.md lists the names.
 */
#ifndef STS_DOCTOR_FACTS_H
#define STS_DOCTOR_FACTS_H

#include "doctor/case.h"

/*
 * Add a line that is made of a template: {NAME} becomes the fact of this name in words, or "-" if
 * it is not known. What is in [brackets] is left out if a fact in it is not known, and so is a
 * comma at its beginning after a space.
 *   gate      in  whose facts are meant; a name that it does not have is looked up in all gates
 *   template  in  ours, not packed
 */
void sts_facts_fill(const struct sts_case *c, enum sts_gate gate, const char *template,
		    struct sts_text *out);

/* Are all facts known that a template has outside of brackets? */
bool sts_facts_known(const struct sts_case *c, enum sts_gate gate, const char *template);

/* Add the members of a JSON object: the facts of a gate that are known, with commas in between. */
void sts_facts_json(const struct sts_case *c, enum sts_gate gate, struct sts_text *out);

#endif
