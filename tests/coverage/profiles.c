/* SPDX-License-Identifier: Apache-2.0 */
/* For the build that counts which lines run: every process of the program opens the file that has
 * its counters, so each of its Landlock domains allows that. The linker puts this function in the
 * place of sts_landlock_enter(). */
#include <fcntl.h>

#include "sandbox/layers.h"

#define READ_FILE  (1u << 2)
#define WRITE_FILE (1u << 1)

int __real_sts_landlock_enter(struct sts_landlock *l);
int __wrap_sts_landlock_enter(struct sts_landlock *l);

int __wrap_sts_landlock_enter(struct sts_landlock *l)
{
	sts_landlock_allow_path(l, AT_FDCWD, STS_WITH_COVERAGE,
				(enum sts_landlock_access)(READ_FILE | WRITE_FILE));
	return __real_sts_landlock_enter(l);
}
