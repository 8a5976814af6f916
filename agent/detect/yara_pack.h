/* SPDX-License-Identifier: Apache-2.0 */
/* yara_pack: compiled rules in little memory, deflated (a seventh of what they take), until they are
 * needed. What libyara's compiler hands over keeps the compiler's growing arenas, a MiB for each of a
 * dozen sections; packed and unpacked, the same rules take what they weigh. */
#pragma once

#include <yara.h>

#include "common/buf.h"

enum { YARA_PACKED_MAX = 256 * 1024 * 1024 };

/* To the end of `out`, which was initialised with YARA_PACKED_MAX. VG_ERR_NOMEM, VG_ERR_LIMIT. */
enum vg_err yara_pack(YR_RULES *rules, struct buf *out) VG_MUST_CHECK;
/* yr_rules_destroy() frees. VG_ERR_NOMEM; VG_ERR_FORMAT: not packed rules, or another libyara's. */
enum vg_err yara_unpack(struct slice packed, YR_RULES **out) VG_MUST_CHECK;
