/* SPDX-License-Identifier: Apache-2.0 */
/* The levels of the log and its formats. Options choose them, and one process passes them on to
 * another; sidecar/log/log.h writes the lines. */
#ifndef STS_BASE_LOG_LEVEL_H
#define STS_BASE_LOG_LEVEL_H

/* The choices of --log-level, in this order. */
enum sts_level { STS_LEVEL_ERROR, STS_LEVEL_WARN, STS_LEVEL_INFO, STS_LEVEL_DEBUG };

/* The choices of --log-format, in this order. AUTO is text if standard error is a terminal, else
 * JSON. */
enum { STS_LOG_FORMAT_AUTO, STS_LOG_FORMAT_JSON, STS_LOG_FORMAT_TEXT };

#endif
