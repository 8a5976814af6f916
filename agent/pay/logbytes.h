/* SPDX-License-Identifier: Apache-2.0 */
/* logbytes: the bytes of a log as text: plain, gzip (RFC 1952, also several members), zstd
 * (RFC 8878), UTF-16 with or without a byte order mark. Offsets are of the decoded text, so that a
 * log keeps its position when rotation compresses it.
 *
 * Limits: LOGBYTES_MAX decoded bytes, zstd windows of 2^LOGBYTES_WINDOW_LOG. */
#pragma once

#include "agent/platform/platform.h"

#define LOGBYTES_MAX (UINT64_C(64) << 30)
enum { LOGBYTES_WINDOW_LOG = 25, LOGBYTES_MAGIC = 4 };

struct logbytes;

/* Borrows `file`, which may still be empty: what it is is seen at the first read. */
enum vg_err logbytes_new(platform_file file, struct logbytes **out) VG_MUST_CHECK;
void logbytes_free(struct logbytes *b);

/* The next decoded bytes. *got 0 with VG_OK: nothing more for now (a later call looks again).
 * VG_ERR_FORMAT (damaged compression), VG_ERR_LIMIT (LOGBYTES_MAX): nothing comes any more. */
enum vg_err logbytes_read(struct logbytes *b, void *to, size_t size, size_t *got) VG_MUST_CHECK;

/* Goes to an offset of the decoded text: at once in a plain file, by decoding from the start
 * elsewhere. VG_ERR_SHORT when the text ends before. */
enum vg_err logbytes_seek(struct logbytes *b, uint64_t offset) VG_MUST_CHECK;
uint64_t logbytes_offset(const struct logbytes *b);

/* Plain bytes: the offset is the file's own. False while the file is too short to tell. */
bool logbytes_plain(const struct logbytes *b);
/* The compressed stream stopped in its middle (a file still being written, or cut). */
bool logbytes_midway(const struct logbytes *b);
