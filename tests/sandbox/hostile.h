/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker that was taken over, for tests: sts-sidecar-hostile is the program with this in
 * sidecar/sandbox/sandbox.c, and is no part of a release. The file that HOSTILE names says what it
 * does, in two words: STAGE ACTION. Stages: start, confined, connected, answered, notify, signal,
 * listener, all. Actions: attempts (try everything, one line of results each in
 * HOSTILE_OUT/attempts), hold (stay in the stage), or one of hostile_report.c. No file: an honest
 * worker. The listener has no environment: it reads the file `mode` beside its output directory.
 */
#ifndef STS_TESTS_HOSTILE_H
#define STS_TESTS_HOSTILE_H

#include <stdbool.h>

#include "sandbox/layers.h"

/* Is called in a worker whenever a stage begins. */
void sts_hostile(unsigned stage);

/* The layers, unless HOSTILE_WITHOUT says "seccomp" or "landlock": what does the other one hold
 * alone? The listener reads it as the third word of its file. */
int sts_hostile_seccomp_enter(enum sts_sandbox_stage stage,
			      const struct sts_sandbox_target *target);
int sts_hostile_landlock_enter(struct sts_landlock *l);

#ifndef STS_HOSTILE_ITSELF
#define sts_seccomp_enter  sts_hostile_seccomp_enter
#define sts_landlock_enter sts_hostile_landlock_enter
#endif

/* hostile_report.c: false when there is no such action. */
bool sts_hostile_report(const char *action);

#endif
