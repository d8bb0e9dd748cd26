/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an exchange reads (its subject token and its CA files) and the configuration file.
 * This module decides when an examining child looks at them (examiner.h), and what follows from
 * what the child has seen.
 *
 * The supervisor itself never looks up a path of such a file, since the file system may not answer.
 * At most one process at a time looks at the files of an exchange: a worker or an examining child.
 * If this process is killed and does not end, no other one follows until it has ended. The attempts
 * of the exchange then fail without a worker, and all other exchanges go on. The same holds for the
 * configuration file, which a planning child or an examining child looks at.
 *
 * An examination follows each attempt, so that changes are found without events too. Others follow
 * events of the watches, at most one in a second for each exchange.
 */
#ifndef STS_SUPERVISOR_INPUTS_H
#define STS_SUPERVISOR_INPUTS_H

#include "supervisor/members.h"

/*
 * Set up: nothing is watched.
 *   config  in  the configuration file; NULL for none; kept
 */
void sts_inputs_init(const char *config);

/* Ask for an examination of the files of an exchange. Does nothing if each exchange ends after its
 * first success. */
void sts_inputs_examine(struct sts_member *t);

/* An attempt has ended: note what the worker has read, and ask for an examination.
 *   report  in  checked */
void sts_inputs_attempted(struct sts_member *t, const struct sts_report *report);

/* The plans have changed: make new watches, and examine all files. */
void sts_inputs_watch_again(void);

/* ---- the examining children ---- */

/*
 * Start the examinations that are due, and kill the children whose time is over. Call this when the
 * workers that are due have been started.
 *   planning  in  a planning child runs: it looks at the configuration file
 */
void sts_inputs_start_due(int64_t now_ms, bool planning);

/* Returns when an examination is to be started or a child is to be killed next (BOOTTIME); -1 for
 * no time. */
int64_t sts_inputs_wake_ms(bool planning);

/* Read what the examining children have found out, without blocking. */
void sts_inputs_read(void);

/* Read the events of the watches, and ask for the examinations that follow from them. The next
 * events are not read for a moment, so that a directory in which files are made all the time does
 * not keep the supervisor awake. */
void sts_inputs_read_events(void);

/* A child process with this PID has ended. Does nothing if it looked at no file. */
void sts_inputs_reaped(pid_t pid);

/* Returns the descriptor of the watches; -1: nothing is watched, or no events are to be read
 * now. sts_inputs_wake_ms() says until when. */
int sts_inputs_watch_fd(void);

/* ---- the configuration file ---- */

/* Returns, once for each change, whether the configuration file has changed since it was planned
 * from. */
bool sts_inputs_config_changed(void);

/*
 * The planning child has read the configuration file, or has tried to.
 *   identity  in  of the file, before it was read; STS_IDENTITY_UNKNOWN: the child died
 */
void sts_inputs_config_planned(uint64_t identity);

/* Does an examining child look at the configuration file? Planning waits for its end. */
bool sts_inputs_config_in_use(void);

/* Was a process that looks at the configuration file killed, and has it not ended? Then there is no
 * planning.
 *   e  out  set if the function returns true: the planning counts as not made because of
 *           that */
bool sts_inputs_config_hangs(struct sts_error *e);

/*
 * The planning child was killed, since its time was over. It reads nothing but the configuration
 * file.
 *   pid  in  -1: it has ended
 * Returns STS_EHANGS.
 */
enum sts_err sts_inputs_config_stuck(pid_t pid, int64_t started_ms, struct sts_error *e);

/* ---- file systems that do not answer ---- */

/* Does an examining child look at the files of this exchange? Its worker waits for the end of the
 * child. */
bool sts_inputs_in_use(const struct sts_member *t);

/* Was a process that looks at the files of this exchange killed, and has it not ended? Then no
 * worker is started.
 *   e  out  the error of an attempt (STS_EHANGS). The attempt then counts as not made because of
 *           that, and another one is brought forward when the process ends. May be NULL */
bool sts_inputs_hangs(struct sts_member *t, struct sts_error *e);

/*
 * A worker of this exchange was killed, and has not ended.
 *   reads  in  which file it looked at: enum sts_reads
 */
void sts_inputs_stuck(struct sts_member *t, pid_t pid, uint8_t reads, int64_t started_ms);

/*
 * Make the message about a process that was killed, and does not end.
 *   texts       in  those of the plans: sts_plans_text(plans, 0)
 *   reads       in  which file it looked at: enum sts_reads
 *   started_ms  in  when it was started, by the boot clock
 * Returns STS_EHANGS.
 */
enum sts_err sts_inputs_say_hang(const struct sts_plan *plan, const char *texts, uint8_t reads,
				 int64_t started_ms, struct sts_error *e);

/* The exchange is removed: kill its examining child. */
void sts_inputs_forget(struct sts_member *t);

#endif
