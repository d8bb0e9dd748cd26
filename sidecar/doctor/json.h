/* SPDX-License-Identifier: Apache-2.0 */
/* A diagnosis as JSON (docs/doctor.md). The names and their meanings are a promise. The functions
 * are pure. */
#ifndef STS_DOCTOR_JSON_H
#define STS_DOCTOR_JSON_H

#include "doctor/case.h"
#include "doctor/diagnosis.h"

/* Add the object of an exchange.
 *   name  in  of the exchange; "" if there is none */
void sts_doctor_json(const struct sts_case *c, const struct sts_diagnosis *d, const char *name,
		     struct sts_text *out);

#endif
