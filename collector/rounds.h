/* SPDX-License-Identifier: Apache-2.0 */
/* rounds: what the collector looks at by itself, every so often: bundles on their way (rollout.h), agents
 * that are silent (silence.h). Lives on the loop; the looks are jobs of work.h, one of a kind at a time. */
#pragma once

#include "collector/service.h"

struct rounds;

/* `service` has its loop and its work, and outlives the rounds. Freed after work_free(), which ends what
 * is under way. VG_ERR_NOMEM. */
enum vg_err rounds_new(struct service *service, struct rounds **out) VG_MUST_CHECK;
void rounds_free(struct rounds *rounds); /* NULL is fine */
