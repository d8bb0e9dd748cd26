/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds that several processes of this program share. */
#ifndef STS_BASE_LIMITS_H
#define STS_BASE_LIMITS_H

/* The most exchanges that one configuration file may have. */
#define STS_EXCHANGES_MAX 16

/* The most workers that run at the same time. */
#define STS_WORKERS_MAX 4

/* The most subject tokens that are remembered because they may be sent only once: the last one of
 * each exchange, and as many that were sent before. */
#define STS_USED_MAX (2 * STS_EXCHANGES_MAX)

/* The size of the name of an exchange, [a-z0-9-], with the NUL at its end. */
#define STS_EXCHANGE_NAME_BYTES 32

#endif
