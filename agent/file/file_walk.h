/* SPDX-License-Identifier: Apache-2.0 */
/* file_walk: the regular files under some folders, one at a time, in order of their names' bytes.
 *
 * Links are not followed, so that a walk stays inside and ends. Limits: depth, names of a folder;
 * what lies beyond is counted. */
#pragma once

#include "agent/platform/platform.h"

enum {
    FILE_WALK_OWN_MAX = 4,
    FILE_WALK_DEPTH_MAX = 40,
    FILE_WALK_NAMES_MAX = 50000,
    FILE_WALK_PATH_MAX = 4096
};

struct file_walk;

struct file_walk_counts {
    uint64_t files, folders;
    uint64_t refused; /* could not be looked at */
    uint64_t beyond;  /* folders that were too deep or had too many names */
    uint64_t remote;  /* drives of other machines that were left alone */
    uint64_t own;     /* folders that were left out */
};

enum vg_err file_walk_new(struct file_walk **out) VG_MUST_CHECK;
void file_walk_free(struct file_walk *walk);
/* Begins at a path: a folder, or a file, which is then all. Forgets what was left of a former one;
 * the counts go on. VG_ERR_NOENT, VG_ERR_DENIED, VG_ERR_SYS, VG_ERR_NOMEM. */
enum vg_err file_walk_begin(struct file_walk *walk, const char *path) VG_MUST_CHECK;
/* Whether it also goes into drives of other machines that are mounted below; one that is begun at is
 * always gone into. */
void file_walk_remote(struct file_walk *walk, bool remote);
/* Leaves out a folder, however it is reached from above: the program's own rules look like what they
 * look for. One that is begun at is gone into. At most FILE_WALK_OWN_MAX; NULL, and what is not there, is
 * passed over. */
void file_walk_leave_out(struct file_walk *walk, const char *folder);
/* The next file; *path is borrowed until the next call. VG_OK, VG_END. */
enum vg_err file_walk_next(struct file_walk *walk, const char **path,
                           struct platform_stat *stat) VG_MUST_CHECK;
/* Called with each folder before its content, to watch it; may be NULL. */
void file_walk_on_folder(struct file_walk *walk, void (*seen)(void *ctx, const char *path),
                         void *ctx);
const struct file_walk_counts *file_walk_counts(const struct file_walk *walk);
