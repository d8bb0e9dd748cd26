/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command `doctor`: takes every exchange from gate to gate, and says at which gate it fails. It
 * changes nothing on disk, and prints no token.
 */
#ifndef STS_DOCTOR_DOCTOR_H
#define STS_DOCTOR_DOCTOR_H

#include "options/options.h"

/*
 * Examine the exchanges of a configuration (source.h), one after the other.
 *   o     in  the options of `doctor`, and those of `run` that it was given
 *   argv  in  the argument list of this process
 * Returns STS_EXIT_OK if no gate failed, STS_EXIT_NO if one did, or STS_EXIT_USAGE.
 */
int sts_command_doctor(const struct sts_options *o, char *const *argv);

#endif
