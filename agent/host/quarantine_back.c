/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/quarantine_private.h"
#include "common/log.h"
#include "common/vtime.h"

enum { WANTED_LINE = QUARANTINE_SHA_SIZE, WANTED_BYTES = QUARANTINE_WANTED_MAX * WANTED_LINE };
#define PATIENCE_NS (5 * VG_SEC_NS)

/* ---- what the owner wants ---- */

static enum vg_err
read_wanted(const struct quarantine *q, struct buf *text)
{
    char path[QUARANTINE_FILE_MAX];
    enum vg_err err;

    quarantine_path(q, "wanted", "", path);
    err = platform_file_slurp(path, WANTED_BYTES, text);
    if (err == VG_ERR_NOENT)
        buf_init(text, WANTED_BYTES);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static bool
text_has(struct buf *text, const char *sha256)
{
    const char *all = buf_str(text);

    return all != NULL && strstr(all, sha256) != NULL;
}

bool
quarantine_is_wanted(const struct quarantine *q, const char *sha256)
{
    struct buf text;
    bool wanted = false;

    if (read_wanted(q, &text) == VG_OK) {
        wanted = text_has(&text, sha256);
        buf_done(&text);
    }
    return wanted;
}

/* The oldest are forgotten when there are too many. */
static enum vg_err
add_wanted(const struct quarantine *q, const char *sha256)
{
    char path[QUARANTINE_FILE_MAX];
    struct buf text;
    enum vg_err err = read_wanted(q, &text);

    if (err != VG_OK)
        return err;
    if (!text_has(&text, sha256)) {
        if (text.len + WANTED_LINE >= WANTED_BYTES)
            buf_consume(&text, WANTED_LINE);
        buf_put_str(&text, sha256);
        buf_put_str(&text, "\n");
        quarantine_path(q, "wanted", "", path);
        /* The host worker may be another user than who typed the command. */
        err = text.bad ? VG_ERR_NOMEM : platform_file_replace(path, buf_slice(&text), false);
    }
    buf_done(&text);
    return err;
}

/* ---- back to its place ---- */

static enum vg_err
pour(struct sealed *content, platform_file to)
{
    struct slice piece;
    uint64_t at = 0;
    enum vg_err err;

    while ((err = sealed_next(content, &piece)) == VG_OK) {
        size_t len = piece.left;

        err = platform_file_write(to, at, piece);
        if (err != VG_OK)
            return err;
        at += len;
    }
    return err == VG_END ? VG_OK : err;
}

/* By a restore that did not live to say so. */
static bool
is_back(const struct quarantine_entry *e)
{
    struct platform_place place;
    bool back;

    if (e->pending || platform_place_open(e->path, &place) != VG_OK)
        return false;
    back = place.stat.size == e->stat.size && quarantine_same_content(place.file, e);
    platform_place_close(&place);
    return back;
}

/* Nothing has the name before all is there and was found unbroken. */
static enum vg_err
put_back(struct quarantine *q, const struct quarantine_entry *e, struct sealed *content,
         struct platform_place *place)
{
    char aside[PLATFORM_NAME_MAX + 1];
    platform_file file;
    enum vg_err err;

    if (platform_place_holds(place, place->name))
        return is_back(e) ? VG_OK : VG_ERR_EXISTS;
    quarantine_aside(e->id, aside);
    err = platform_place_make(place, aside, &file);
    if (err == VG_ERR_EXISTS) { /* of a restore that was killed */
        err = platform_place_remove(place, aside);
        if (err == VG_OK)
            err = platform_place_make(place, aside, &file);
    }
    if (err != VG_OK)
        return err;
    err = pour(content, file);
    if (err == VG_OK)
        err = add_wanted(q, e->sha256); /* before anybody can see it there */
    if (err == VG_OK)
        err = platform_place_finish(place, aside, file, &e->dress);
    if (err != VG_OK && platform_place_remove(place, aside) != VG_OK)
        log_event(LOG_LEVEL_WARN, "quarantine.left_over", "file=%s", aside);
    platform_file_close(file);
    return err;
}

static enum vg_err
restore_locked(struct quarantine *q, const struct quarantine_entry *entry)
{
    struct quarantine_entry *e = malloc(sizeof *e);
    struct sealed *content;
    struct platform_place place;
    platform_file file;
    enum vg_err err = e != NULL
                          ? quarantine_entry_open(q, entry->id, entry->pending, e, &content, &file)
                          : VG_ERR_NOMEM;

    if (err == VG_OK) {
        err = platform_place_folder(e->path, &place);
        if (err == VG_OK) {
            err = put_back(q, e, content, &place);
            platform_place_close(&place);
        }
        sealed_free(content);
        platform_file_close(file);
    }
    free(e);
    return err;
}

static enum vg_err
lock_patiently(const struct quarantine *q, platform_file *lock)
{
    int64_t end_ns = platform_clock_monotonic() + PATIENCE_NS;
    unsigned ready;
    enum vg_err err;

    while ((err = quarantine_lock(q, lock)) == VG_AGAIN && platform_clock_monotonic() < end_ns)
        if (platform_wait(NULL, 0, 0, 50 * VG_MS_NS, &ready) != VG_OK)
            return VG_ERR_SYS;
    return err;
}

enum vg_err
quarantine_restore(struct quarantine *q, const struct quarantine_entry *entry)
{
    platform_file lock;
    enum vg_err err = lock_patiently(q, &lock);

    if (err != VG_OK)
        return err;
    err = restore_locked(q, entry);
    platform_unlock(lock);
    return err;
}

enum vg_err
quarantine_drop(struct quarantine *q, const struct quarantine_entry *entry)
{
    char path[QUARANTINE_FILE_MAX];
    platform_file lock;
    enum vg_err err = lock_patiently(q, &lock);

    if (err != VG_OK)
        return err;
    quarantine_path(q, entry->id, entry->pending ? ".pending" : ".sealed", path);
    err = platform_file_remove(path);
    platform_unlock(lock);
    return err;
}
