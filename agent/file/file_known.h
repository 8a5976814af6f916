/* SPDX-License-Identifier: Apache-2.0 */
/* file_known: the files in which `scan` found nothing under the rules of today, kept in one file.
 *
 * A file is known by device, number, size, time of modification and time of change (which nobody sets
 * back), hashed together under a secret of the kept file, so that nobody makes one that passes for
 * another. Only what matched nothing is put here, and only if another look would not see more. What a limit,
 * damage or a password keeps from being looked at is known with it, so that it is told each time. Other
 * rules, limits or another program: all is forgotten.
 * Kept form: magic, SHA-256 of rules and program, limits, secret, two counts, keys, keys with what was left
 * out, SHA-256 of all that; whatever does not fit is as if there were none. Limit: FILE_KNOWN_MAX files,
 * FILE_KNOWN_LEFT_MAX of which something was left out, 2.5 MiB; of either, those that were not met in this
 * scan stay only where they leave half of the room to others. */
#pragma once

#include "agent/detect/yara.h"
#include "agent/platform/platform.h"

enum { FILE_KNOWN_MAX = 256 * 1024, FILE_KNOWN_LEFT_MAX = 16 * 1024 };

struct file_known;

/* What was not looked at in a file: as in file_scan_counts and unpack_counts. All 0: nothing. */
struct file_known_left {
    uint64_t unscanned;
    uint32_t capped, damaged, locked;
};

/* Opens (made with its folder when missing) and reads `path`, for rules of this digest and the limits of
 * this number (file_look_limits()), before the lock-down. VG_ERR_EXISTS: another scan has it; VG_ERR_DENIED, VG_ERR_SYS, VG_ERR_NOMEM: go without. */
enum vg_err file_known_open(const char *path, const uint8_t rules[YARA_DIGEST], uint64_t limits,
                            struct file_known **out) VG_MUST_CHECK;
void file_known_free(struct file_known *known); /* without saving */
/* Into the same file, also after the lock-down. */
enum vg_err file_known_save(struct file_known *known) VG_MUST_CHECK;

/* Whether the file is as it was; then *left is what it was put with. *met (may be NULL): it was asked for
 * or put before, since the opening. */
bool file_known_has(struct file_known *known, const struct platform_stat *stat,
                    struct file_known_left *left, bool *met);
/* Not one that changed within the last seconds before now_ns: it may change again within the same
 * tick of its file system. */
void file_known_put(struct file_known *known, const struct platform_stat *stat,
                    const struct file_known_left *left, int64_t now_ns);
size_t file_known_count(const struct file_known *known);
