/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine_notes: what the owner did with the quarantine by the command, from its spool into the store,
 * as agent.quarantine events: {"action": "restored"|"dropped", "quarantine", "path", "sha256", "rule"}. */
#pragma once

#include "agent/keeper/store.h"

#define QUARANTINE_SPOOL "quarantine-notes"

/* What cannot be recorded now stays for the next call; failures are logged. */
void quarantine_notes_take(const char *state_dir, struct store *store);
