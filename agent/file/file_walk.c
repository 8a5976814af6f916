/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct level {
    struct platform_names names;
    size_t next, path_len; /* of the folder's own path */
    uint64_t volume;
};

struct file_walk {
    struct level level[FILE_WALK_DEPTH_MAX];
    size_t depth;
    char path[FILE_WALK_PATH_MAX];
    bool single; /* the path is one file, not yet given */
    bool remote; /* drives of other machines too */
    struct platform_identity own[FILE_WALK_OWN_MAX];
    size_t own_count;
    struct file_walk_counts counts;
    void (*seen)(void *ctx, const char *path);
    void *seen_ctx;
};

enum vg_err
file_walk_new(struct file_walk **out)
{
    struct file_walk *walk = calloc(1, sizeof(*walk));

    if (walk == NULL)
        return VG_ERR_NOMEM;
    *out = walk;
    return VG_OK;
}

static void
leave(struct file_walk *walk)
{
    platform_names_free(&walk->level[--walk->depth].names);
}

void
file_walk_free(struct file_walk *walk)
{
    if (walk == NULL)
        return;
    while (walk->depth > 0)
        leave(walk);
    free(walk);
}

void
file_walk_on_folder(struct file_walk *walk, void (*seen)(void *ctx, const char *path), void *ctx)
{
    walk->seen = seen;
    walk->seen_ctx = ctx;
}

void
file_walk_remote(struct file_walk *walk, bool remote)
{
    walk->remote = remote;
}

void
file_walk_leave_out(struct file_walk *walk, const char *folder)
{
    struct platform_stat stat;

    if (folder != NULL && walk->own_count < FILE_WALK_OWN_MAX &&
        platform_path_stat(folder, &stat) == VG_OK && stat.folder)
        walk->own[walk->own_count++] = stat.identity;
}

static bool
is_own(const struct file_walk *walk, const struct platform_identity *folder)
{
    for (size_t i = 0; i < walk->own_count; i++)
        if (walk->own[i].volume == folder->volume && walk->own[i].file == folder->file)
            return true;
    return false;
}

/* Opens the folder that walk->path names. */
static enum vg_err
enter(struct file_walk *walk, uint64_t volume)
{
    struct level *level = &walk->level[walk->depth];
    enum vg_err err;

    if (walk->depth == FILE_WALK_DEPTH_MAX) {
        walk->counts.beyond++;
        return VG_ERR_LIMIT;
    }
    if (walk->seen != NULL)
        walk->seen(walk->seen_ctx, walk->path);
    err = platform_folder_list(walk->path, FILE_WALK_NAMES_MAX, &level->names);
    if (err != VG_OK) {
        walk->counts.refused++;
        return err;
    }
    walk->counts.folders++;
    walk->counts.beyond += level->names.more;
    level->next = 0;
    level->volume = volume;
    level->path_len = strlen(walk->path);
    walk->depth++;
    return VG_OK;
}

enum vg_err
file_walk_begin(struct file_walk *walk, const char *path)
{
    struct platform_stat stat;
    enum vg_err err = platform_path_stat(path, &stat);
    size_t len;

    while (walk->depth > 0)
        leave(walk);
    walk->single = false;
    if (err != VG_OK)
        return err;
    if (!vg_strcpy(walk->path, sizeof(walk->path), path))
        return VG_ERR_LIMIT;
    if (!stat.folder) {
        walk->single = true;
        return stat.regular ? VG_OK : VG_ERR_FORMAT;
    }
    len = strlen(walk->path);
    while (len > 1 && walk->path[len - 1] == '/')
        walk->path[--len] = '\0';
    return enter(walk, stat.identity.volume);
}

/* The next name of the deepest folder into walk->path. */
static bool
step(struct file_walk *walk, struct level *level)
{
    const char *name = level->names.name[level->next++];
    size_t room = sizeof(walk->path) - level->path_len;
    bool slash = level->path_len > 0 && walk->path[level->path_len - 1] != '/';
    int n = snprintf(walk->path + level->path_len, room, "%s%s", slash ? "/" : "", name);

    return n > 0 && (size_t)n < room;
}

enum vg_err
file_walk_next(struct file_walk *walk, const char **path, struct platform_stat *stat)
{
    if (walk->single) {
        walk->single = false;
        if (platform_path_stat(walk->path, stat) != VG_OK) {
            walk->counts.refused++;
            return VG_END;
        }
        walk->counts.files++;
        *path = walk->path;
        return VG_OK;
    }
    while (walk->depth > 0) {
        struct level *level = &walk->level[walk->depth - 1];

        if (level->next == level->names.count) {
            leave(walk);
            continue;
        }
        if (!step(walk, level)) {
            walk->counts.beyond++;
            continue;
        }
        if (platform_path_stat_self(walk->path, stat) != VG_OK) {
            walk->counts.refused++;
            continue;
        }
        if (stat->folder) {
            enum vg_err ignored; /* counted; the walk goes on beside it */

            if (!walk->remote && stat->identity.volume != level->volume &&
                platform_path_remote(walk->path)) {
                walk->counts.remote++;
                continue;
            }
            if (is_own(walk, &stat->identity)) {
                walk->counts.own++;
                continue;
            }
            ignored = enter(walk, stat->identity.volume);
            (void)ignored;
            continue;
        }
        if (!stat->regular)
            continue;
        walk->counts.files++;
        *path = walk->path;
        return VG_OK;
    }
    return VG_END;
}

const struct file_walk_counts *
file_walk_counts(const struct file_walk *walk)
{
    return &walk->counts;
}
