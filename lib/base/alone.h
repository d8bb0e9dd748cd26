/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a format alone, without arguments? A call of a function with variable arguments is longer than
 * another call, since the caller says in a register how many of them are floating-point numbers.
 * So the macros of formats choose another function where there are no arguments.
 */
#ifndef STS_BASE_ALONE_H
#define STS_BASE_ALONE_H

/* 1 if there is one argument; 0 if there are up to 16. */
#define STS_IS_ALONE(...) \
	STS_SEVENTEENTH(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, )
#define STS_SEVENTEENTH(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, ...) q

/* The first argument. */
#define STS_FIRST(...)           STS_FIRST_OF(__VA_ARGS__, )
#define STS_FIRST_OF(first, ...) first

#endif
