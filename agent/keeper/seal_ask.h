/* SPDX-License-Identifier: Apache-2.0 */
/* seal_ask: asks the collector for the first seal key of a store of this agent's, which this machine
 * forgot when it handed it over. Waits for the answer: for commands, not for the keeper. */
#pragma once

#include "common/base.h"

/* VG_ERR_NOENT: not enrolled, or the collector does not have it; VG_ERR_SYS: no answer. `why[160]` is
 * for people. */
enum vg_err seal_ask(const char *state_dir, const char *store_id, uint8_t out[32],
                     char why[160]) VG_MUST_CHECK;
