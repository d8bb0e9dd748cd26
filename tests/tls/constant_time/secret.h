/* SPDX-License-Identifier: Apache-2.0 */
/* Tells Valgrind what is secret: memcheck reports each branch and each address that depends on
 * bytes that are not defined. Outside of Valgrind these do nothing. */
#ifndef STS_TEST_SECRET_H
#define STS_TEST_SECRET_H

#include <valgrind/memcheck.h>

#define SECRET(data, len) ((void)VALGRIND_MAKE_MEM_UNDEFINED((data), (len)))
#define PUBLIC(data, len) ((void)VALGRIND_MAKE_MEM_DEFINED((data), (len)))

#endif
