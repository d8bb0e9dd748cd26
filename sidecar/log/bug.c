/* SPDX-License-Identifier: Apache-2.0 */
#include "log/bug.h"

#include <stdlib.h>

#include "base/packed.h"
#include "log/log.h"

#ifdef STS_BUGS_ABORT
bool sts_bugs_abort = true;
#else
bool sts_bugs_abort;
#endif

void sts_bug(const char *what, int state, int number)
{
	struct sts_log l;

	sts_log_start(&l, STS_LEVEL_ERROR, sts_words(what));
	sts_log_int(&l, "state", state);
	sts_log_int(&l, "number", number);
	sts_log_str(&l, "hint", sts_words("this is a bug in sts-sidecar: please report this line"));
	sts_log_end(&l);
	if (sts_bugs_abort)
		abort();
}
