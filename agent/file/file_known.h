/* SPDX-License-Identifier: Apache-2.0 */
/* file_known: the files that `scan` found harmless under the rules of today, kept in one file.
 *
 * A file is known by device, number, size, time of modification and time of change (which nobody sets
 * back), hashed together under a secret of the kept file, so that nobody makes one that passes for
 * another. Only what was scanned whole and matched nothing is put here. Other rules or another program:
 * all is forgotten.
 * Kept form: magic, SHA-256 of rules and program, secret, count, keys, SHA-256 of all that; whatever
 * does not fit is as if there were none. Limit: FILE_KNOWN_MAX files, 2 MiB; of those that were not met
 * in this scan only as many stay as leave half of the room to others. */
#pragma once

#include "agent/detect/yara.h"
#include "agent/platform/platform.h"

enum { FILE_KNOWN_MAX = 256 * 1024 };

struct file_known;

/* Opens (made with its folder when missing) and reads `path`, for rules of this digest, before the
 * lock-down. VG_ERR_EXISTS: another scan has it; VG_ERR_DENIED, VG_ERR_SYS, VG_ERR_NOMEM: go without. */
enum vg_err file_known_open(const char *path, const uint8_t rules[YARA_DIGEST],
                            struct file_known **out) VG_MUST_CHECK;
void file_known_free(struct file_known *known); /* without saving */
/* Into the same file, also after the lock-down. */
enum vg_err file_known_save(struct file_known *known) VG_MUST_CHECK;

/* Whether the file is as it was. */
bool file_known_has(struct file_known *known, const struct platform_stat *stat);
/* Not one that changed within the last seconds before now_ns: it may change again within the same
 * tick of its file system. */
void file_known_put(struct file_known *known, const struct platform_stat *stat, int64_t now_ns);
size_t file_known_count(const struct file_known *known);
