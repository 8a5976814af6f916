/* SPDX-License-Identifier: Apache-2.0 */
/* zst: whole zstd frames (RFC 8878) in memory, bounded on the way out and in. */
#pragma once

#include "common/buf.h"

/* Appends one frame that holds `in`. VG_ERR_NOMEM (also when out's cap is too small). */
enum vg_err zst_pack(struct slice in, struct buf *out) VG_MUST_CHECK;
/* Appends what one frame holds, at most `size_max` bytes of it whatever the frame claims. Bytes after
 * the frame, a dictionary, a window over 8 MiB: VG_ERR_FORMAT. VG_ERR_SHORT, VG_ERR_LIMIT, _NOMEM. */
enum vg_err zst_unpack(struct slice in, size_t size_max, struct buf *out) VG_MUST_CHECK;
