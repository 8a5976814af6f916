/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/quarantine_private.h"
#include "common/log.h"

/* ---- taking ---- */

static void
drop_copy(const struct quarantine *q, const char *id)
{
    char path[QUARANTINE_FILE_MAX];

    quarantine_path(q, id, ".pending", path);
    if (platform_file_remove(path) != VG_OK)
        log_event(LOG_LEVEL_WARN, "quarantine.left_over", "id=%s", id);
}

static enum vg_err
keep_copy(const struct quarantine *q, const char *id)
{
    char from[QUARANTINE_FILE_MAX], to[QUARANTINE_FILE_MAX];

    quarantine_path(q, id, ".pending", from);
    quarantine_path(q, id, ".sealed", to);
    return platform_file_rename(from, to);
}

/* From its name of ours back to its own: then the copy is not needed. Where that fails the copy stays,
 * for quarantine_recover(). */
static enum vg_err
undo(const struct quarantine *q, const struct quarantine_entry *e, struct platform_place *place,
     const char *aside)
{
    enum vg_err err = platform_place_back(place, aside);

    if (err == VG_OK)
        drop_copy(q, e->id);
    return err;
}

/* Under its name of ours: the last look, then it goes. */
static enum quarantine_outcome
remove_original(const struct quarantine *q, const struct quarantine_entry *e,
                struct platform_place *place, const char *aside)
{
    if (platform_place_look(place) != VG_OK ||
        !quarantine_same_stat(&place->stat, &e->stat, true) || place->dress.names != 1 ||
        !quarantine_same_content(place->file, e))
        return undo(q, e, place, aside) == VG_OK ? QUARANTINE_CHANGED : QUARANTINE_FAILED;
    if (platform_place_remove(place, aside) != VG_OK &&
        undo(q, e, place, aside) != VG_ERR_NOENT) /* gone, though the drive had a complaint */
        return QUARANTINE_FAILED;
    if (keep_copy(q, e->id) != VG_OK)
        log_event(LOG_LEVEL_WARN, "quarantine.pending", "id=%s", e->id);
    return QUARANTINE_DONE;
}

static enum quarantine_outcome
take_locked(struct quarantine *q, const struct quarantine_entry *e)
{
    char aside[PLATFORM_NAME_MAX + 1];
    struct platform_place place;
    enum quarantine_outcome outcome;
    enum vg_err err = platform_place_open(e->path, &place);
    bool touched = false;

    outcome = err == VG_OK ? quarantine_check_original(q, e, &place) : quarantine_outcome_of(err);
    quarantine_aside(e->id, aside);
    if (outcome == QUARANTINE_DONE) {
        err = platform_place_aside(&place, aside);
        touched = err == VG_OK || err == VG_ERR_EXISTS;
        if (err == VG_OK)
            outcome = remove_original(q, e, &place, aside);
        else
            outcome = err == VG_ERR_NOENT || err == VG_ERR_DENIED ? QUARANTINE_CHANGED
                                                                  : QUARANTINE_FAILED;
    }
    if (!touched)
        drop_copy(q, e->id);
    platform_place_close(&place);
    return outcome;
}

static enum quarantine_outcome
take_open(struct quarantine *q, const char *id, struct quarantine_entry *e)
{
    enum vg_err err = quarantine_entry_open(q, id, true, e, NULL, NULL);

    if (err == VG_OK)
        return take_locked(q, e);
    /* Asked again, because whoever did it did not live to say so. */
    if (err == VG_ERR_NOENT && quarantine_entry_open(q, id, false, e, NULL, NULL) == VG_OK)
        return QUARANTINE_DONE;
    return QUARANTINE_FAILED;
}

enum quarantine_outcome
quarantine_take(struct quarantine *q, const char *id)
{
    struct quarantine_entry *e = malloc(sizeof *e);
    enum quarantine_outcome outcome = QUARANTINE_FAILED;
    platform_file lock;
    enum vg_err err = e != NULL ? quarantine_lock(q, &lock) : VG_ERR_NOMEM;

    if (err == VG_OK) {
        if (quarantine_id_fine(id))
            outcome = take_open(q, id, e);
        platform_unlock(lock);
    }
    free(e);
    return err == VG_AGAIN ? QUARANTINE_BUSY : outcome;
}

/* ---- after a kill ---- */

/* The original that was given a name of ours: it goes, or back where it was. */
static void
recover_aside(struct quarantine *q, const struct quarantine_entry *e, const char *aside)
{
    struct platform_place place;
    char path[QUARANTINE_PATH_MAX + PLATFORM_NAME_MAX + 2];
    const char *slash = strrchr(e->path, '/');

    (void)snprintf(path, sizeof path, "%.*s/%s", (int)(slash - e->path), e->path, aside);
    if (strlen(path) > QUARANTINE_PATH_MAX || platform_place_open(path, &place) != VG_OK)
        return;
    (void)vg_strcpy(place.name, sizeof place.name, slash + 1);
    if (remove_original(q, e, &place, aside) == QUARANTINE_FAILED)
        log_event(LOG_LEVEL_WARN, "quarantine.recover", "id=%s", e->id);
    platform_place_close(&place);
}

static void
recover_one(struct quarantine *q, const struct quarantine_entry *e)
{
    char aside[PLATFORM_NAME_MAX + 1];
    struct platform_place place;
    bool there = false, aside_there;
    enum vg_err err = platform_place_folder(e->path, &place);

    quarantine_aside(e->id, aside);
    aside_there = err == VG_OK && platform_place_holds(&place, aside);
    if (err == VG_OK)
        platform_place_close(&place);
    if (aside_there) {
        recover_aside(q, e, aside);
        return;
    }
    err = platform_place_open(e->path, &place);
    if (err == VG_OK) {
        there = quarantine_same_stat(&place.stat, &e->stat, false);
        platform_place_close(&place);
    } else if (err != VG_ERR_NOENT && err != VG_ERR_DENIED) {
        there = true; /* perhaps: asked again */
    }
    if (!there && keep_copy(q, e->id) != VG_OK)
        log_event(LOG_LEVEL_WARN, "quarantine.recover", "id=%s", e->id);
}

void
quarantine_recover(struct quarantine *q)
{
    struct platform_names names;
    struct quarantine_entry *e = malloc(sizeof *e);
    platform_file lock;
    bool locked = e != NULL && quarantine_lock(q, &lock) == VG_OK;

    if (locked && quarantine_names(q, &names) == VG_OK) {
        for (size_t i = 0; i < names.count; i++) {
            char id[QUARANTINE_ID_SIZE], path[QUARANTINE_FILE_MAX];
            size_t len = strlen(names.name[i]);
            bool pending;

            quarantine_path(q, names.name[i], "", path);
            if (len > 4 && strcmp(names.name[i] + len - 4, ".new") == 0 &&
                platform_file_remove(path) != VG_OK)
                log_event(LOG_LEVEL_WARN, "quarantine.left_over", "id=%s",
                          log_quote(names.name[i]));
            if (quarantine_name_of(names.name[i], id, &pending) && pending &&
                quarantine_entry_open(q, id, true, e, NULL, NULL) == VG_OK)
                recover_one(q, e);
        }
        platform_names_free(&names);
    }
    if (locked)
        platform_unlock(lock);
    free(e);
}
