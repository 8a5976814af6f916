/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_stage: a bundle's rules over the program's, as a folder on the disk, durable on return. A
 * file of the bundle stands before the program's of the same name, and an empty one takes that
 * away; all others of the program stay, so that a bundle older than the program lacks nothing. */
#pragma once

#include "agent/bundle/bundle_state.h"

/* Makes STATE/bundle/VERSION-bBASE and VERSION.bundle (what stands there of an earlier try goes first).
 * `entry` gets version, sha256, folder, base, expires_ns. VG_ERR_LIMIT, VG_ERR_SYS: the disk
 * ("disk"). */
enum vg_err bundle_stage(const char *state_dir, const char *rules_base, struct slice whole,
                         const struct bundle *bundle, struct bundle_entry *entry,
                         struct bundle_error *error) VG_MUST_CHECK;
