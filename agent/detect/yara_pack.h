/* SPDX-License-Identifier: Apache-2.0 */
/* yara_pack: compiled rules in as little memory as they need. What the compiler hands over keeps the
 * compiler's growing arenas (a MiB for each of a dozen sections); saved and loaded again, the same
 * rules take what they weigh. */
#pragma once

#include <yara.h>

#include "common/base.h"

enum { YARA_PACKED_MAX = 256 * 1024 * 1024 };

/* Replaces *rules by its packed self. On failure *rules is as it was. VG_ERR_NOMEM, VG_ERR_LIMIT. */
enum vg_err yara_pack(YR_RULES **rules) VG_MUST_CHECK;
