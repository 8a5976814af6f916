/* SPDX-License-Identifier: Apache-2.0 */
/* token_key: the key under which card numbers become tokens (DESIGN, Payment transaction): the
 * provider's once enrolled (state/identity/token.key), our own while standing alone
 * (state/token.key, made at the first start). */
#pragma once

#include "agent/config.h"

/* Puts it into the configuration's tree as "token_key", 64 hex digits, for the pay sensor. A
 * damaged key is VG_ERR_FORMAT, never replaced: other tokens would make every card new. */
enum vg_err token_key_set(const struct agent_config *config) VG_MUST_CHECK;
