/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the diagnosis of an exchange. The functions are pure. */
#ifndef STS_DOCTOR_GATES_H
#define STS_DOCTOR_GATES_H

#include "doctor/case.h"
#include "doctor/diagnosis.h"

/*
 * Add the lines of all gates.
 *   c  in/out  the members at its end are made here
 */
void sts_gates_judge(struct sts_case *c, struct sts_diagnosis *d);

/* Add the line of a gate that failed, and the line that says what it means and what to do. */
void sts_gates_fail(struct sts_diagnosis *d, enum sts_gate gate, enum sts_err error, int detail,
		    const char *message);

#endif
