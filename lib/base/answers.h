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
 *   name  in  a file in it that is read if path is a directory
 * Returns true where no child can be made. A child that hangs stays until the file system answers.
 */
bool sts_path_answers(const char *path, const char *name);

#endif
