/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems that do not answer. A process that asks such a file system waits in the kernel,
 * where nothing ends it, not even SIGKILL. So a child asks first.
 */
#ifndef STS_BASE_ANSWERS_H
#define STS_BASE_ANSWERS_H

#include <stdbool.h>

#define STS_ANSWERS_S 3

/*
 * Does the file system of a path answer within STS_ANSWERS_S?
 *   path  in  a file or a directory. It need not exist
 * Returns true where no child can be made. A child that hangs stays until the file system answers.
 * A descriptor and the exit status of the child are left to the end of this process, so this is for
 * commands that end soon, and that ask once.
 */
bool sts_path_answers(const char *path);

#endif
