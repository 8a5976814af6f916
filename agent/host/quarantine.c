/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "agent/host/quarantine_private.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/vtime.h"

enum { KEY_TEXT = 2 * SEALED_KEY, SHA256_BYTES = 32, ID_TRIES = 20 };

const char *
quarantine_outcome_name(enum quarantine_outcome outcome)
{
    static const char *const names[] = {
        [QUARANTINE_DONE] = "quarantine", [QUARANTINE_WANTED] = "wanted",
        [QUARANTINE_FULL] = "full",       [QUARANTINE_SYSTEM] = "system",
        [QUARANTINE_CHANGED] = "changed", [QUARANTINE_LINKED] = "linked",
        [QUARANTINE_FAILED] = "failed",   [QUARANTINE_IN_USE] = "in_use",
        [QUARANTINE_BUSY] = "busy",
    };

    return names[outcome];
}

/* ---- the key ---- */

static enum vg_err
read_key(const char *folder, uint8_t key[SEALED_KEY])
{
    char path[QUARANTINE_FILE_MAX];
    struct buf text;
    enum vg_err err;

    (void)snprintf(path, sizeof path, "%.1020s/quarantine.key", folder);
    err = platform_file_slurp(path, 256, &text);
    if (err != VG_OK)
        return err;
    err = hex_parse(buf_slice(&text), key, SEALED_KEY);
    platform_secure_zero(text.data, text.len);
    buf_done(&text);
    return err;
}

static enum vg_err
make_key(const char *folder, uint8_t key[SEALED_KEY])
{
    char path[QUARANTINE_FILE_MAX], text[KEY_TEXT + 2];
    enum vg_err err = platform_folder_make(folder, true);

    if (err == VG_OK && RAND_bytes(key, SEALED_KEY) != 1)
        err = VG_ERR_SYS;
    if (err != VG_OK)
        return err;
    hex_put(key, SEALED_KEY, text);
    text[KEY_TEXT] = '\n';
    (void)snprintf(path, sizeof path, "%.1020s/quarantine.key", folder);
    err = platform_file_replace(path, slice_of(text, KEY_TEXT + 1), true);
    platform_secure_zero(text, sizeof text);
    return err;
}

/* In STATE-keys, or beside the data; a damaged one is an error, never replaced. */
static enum vg_err
find_key(struct quarantine *q, const char *state_dir, bool make)
{
    char keys[CONFIG_PATH_MAX];
    bool apart = agent_config_keys_folder(state_dir, keys);
    enum vg_err err = apart ? read_key(keys, q->key) : VG_ERR_NOENT;

    if (err == VG_ERR_NOENT)
        err = read_key(q->dir, q->key);
    if (err != VG_ERR_NOENT || !make)
        return err;
    err = apart ? make_key(keys, q->key) : VG_ERR_LIMIT;
    if (err == VG_OK)
        return VG_OK;
    log_event(LOG_LEVEL_WARN, "quarantine.key", "error=%s why=%s", vg_err_name(err),
              log_quote("the folder STATE-keys cannot be made: the key lies beside the data"));
    return make_key(q->dir, q->key);
}

enum vg_err
quarantine_open(const struct agent_config *config, bool make, struct quarantine **out)
{
    struct quarantine *q = calloc(1, sizeof *q);
    struct platform_stat stat;
    enum vg_err err = VG_OK;

    if (q == NULL)
        return VG_ERR_NOMEM;
    q->bytes_max = (uint64_t)config->scan.quarantine_bytes;
    if (snprintf(q->dir, sizeof q->dir, "%s/quarantine", config->state_dir) >= (int)sizeof q->dir)
        err = VG_ERR_LIMIT;
    if (err == VG_OK)
        err = make ? platform_folder_make(q->dir, true) : platform_path_stat(q->dir, &stat);
    if (err == VG_OK)
        err = find_key(q, config->state_dir, make);
    if (err == VG_OK)
        err = system_files_new(config, &q->system);
    if (err != VG_OK) {
        quarantine_free(q);
        return err;
    }
    *out = q;
    return VG_OK;
}

void
quarantine_free(struct quarantine *q)
{
    if (q == NULL)
        return;
    system_files_free(q->system);
    platform_secure_zero(q, sizeof *q);
    free(q);
}

enum vg_err
quarantine_lock(const struct quarantine *q, platform_file *lock)
{
    char path[QUARANTINE_FILE_MAX];
    enum vg_err err;

    quarantine_path(q, "lock", "", path);
    err = platform_lock(path, lock);
    return err == VG_ERR_EXISTS ? VG_AGAIN : err;
}

void
quarantine_aside(const char *id, char out[PLATFORM_NAME_MAX + 1])
{
    (void)snprintf(out, PLATFORM_NAME_MAX + 1, ".vigia-%s", id);
}

/* ---- looking at the original ---- */

static bool
same_stat(const struct platform_stat *a, const struct platform_stat *b, bool renamed)
{
    return a->identity.volume == b->identity.volume && a->identity.file == b->identity.file &&
           a->size == b->size && a->modified_ns == b->modified_ns &&
           (renamed || a->changed_ns == b->changed_ns); /* which a new name moves */
}

/* Reads all of a file for its fingerprint, into `to` too (NULL: nowhere). */
static enum vg_err
read_through(platform_file file, uint64_t size, struct sealed *to, char sha256[QUARANTINE_SHA_SIZE])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t *piece = malloc(SEALED_PIECE), digest[SHA256_BYTES];
    enum vg_err err = md != NULL && piece != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1
                          ? VG_OK
                          : VG_ERR_NOMEM;
    bool last = false;

    for (uint64_t at = 0; err == VG_OK && !last;) {
        size_t got = 0;

        err = platform_file_read(file, at, piece, SEALED_PIECE, &got);
        at += got;
        last = got < SEALED_PIECE || at > size; /* one that grows is another file by now */
        if (err == VG_OK && EVP_DigestUpdate(md, piece, got) != 1)
            err = VG_ERR_NOMEM;
        if (err == VG_OK && to != NULL)
            err = sealed_put(to, slice_of(piece, got), last);
    }
    if (err == VG_OK && EVP_DigestFinal_ex(md, digest, NULL) != 1)
        err = VG_ERR_NOMEM;
    if (err == VG_OK)
        hex_put(digest, sizeof digest, sha256);
    EVP_MD_CTX_free(md);
    free(piece);
    return err;
}

bool
quarantine_same_content(platform_file file, const struct quarantine_entry *e)
{
    char sha256[QUARANTINE_SHA_SIZE];

    return read_through(file, e->stat.size, NULL, sha256) == VG_OK &&
           strcmp(sha256, e->sha256) == 0;
}

static enum quarantine_outcome
outcome_of(enum vg_err err)
{
    return err == VG_ERR_NOENT    ? QUARANTINE_CHANGED
           : err == VG_ERR_DENIED ? QUARANTINE_LINKED
           : err == VG_ERR_LIMIT  ? QUARANTINE_FULL
                                  : QUARANTINE_FAILED;
}

/* Whether it may be taken, and is what was scanned. */
static enum quarantine_outcome
check_original(const struct quarantine *q, const struct quarantine_entry *e,
               const struct platform_place *place)
{
    if (!same_stat(&place->stat, &e->stat, false))
        return QUARANTINE_CHANGED;
    if (place->dress.names != 1)
        return QUARANTINE_LINKED;
    if (system_file_is(q->system, e->path))
        return QUARANTINE_SYSTEM;
    if (platform_place_in_use(place))
        return QUARANTINE_IN_USE;
    return platform_place_writable(place) ? QUARANTINE_DONE : QUARANTINE_FAILED;
}

/* ---- sealing ---- */

/* Whether there is room, and whether this file was sealed already and only its taking is missing. */
static enum quarantine_outcome
look_around(struct quarantine *q, struct quarantine_entry *e)
{
    struct platform_names names;
    struct quarantine_entry *old = malloc(sizeof *old);
    uint64_t bytes = e->stat.size;
    size_t count = 0;

    if (old == NULL || quarantine_names(q, &names) != VG_OK) {
        free(old);
        return QUARANTINE_FAILED;
    }
    for (size_t i = 0; i < names.count && e->id[0] == '\0'; i++) {
        char id[QUARANTINE_ID_SIZE], path[QUARANTINE_FILE_MAX];
        struct platform_stat stat;
        bool pending;

        if (!quarantine_name_of(names.name[i], id, &pending))
            continue;
        quarantine_path(q, names.name[i], "", path);
        count++;
        if (platform_path_stat(path, &stat) == VG_OK)
            bytes += stat.size;
        if (pending && quarantine_entry_open(q, id, true, old, NULL, NULL) == VG_OK &&
            strcmp(old->path, e->path) == 0 && strcmp(old->sha256, e->sha256) == 0 &&
            same_stat(&old->stat, &e->stat, false))
            (void)vg_strcpy(e->id, sizeof e->id, id);
    }
    platform_names_free(&names);
    free(old);
    if (e->id[0] != '\0')
        return QUARANTINE_DONE;
    return count >= QUARANTINE_FILES_MAX || bytes > q->bytes_max ||
                   platform_free_bytes(q->dir) < e->stat.size + QUARANTINE_DISK_LEFT
               ? QUARANTINE_FULL
               : QUARANTINE_DONE;
}

/* A number that no entry has, and its file. */
static enum vg_err
new_file(const struct quarantine *q, struct quarantine_entry *e, platform_file *file)
{
    enum vg_err err = VG_ERR_EXISTS;

    for (int i = 0; i < ID_TRIES && err == VG_ERR_EXISTS; i++) {
        char path[QUARANTINE_FILE_MAX];
        struct platform_stat stat;
        uint8_t random[(QUARANTINE_ID_SIZE - 1) / 2];

        if (RAND_bytes(random, sizeof random) != 1)
            return VG_ERR_SYS;
        hex_put(random, sizeof random, e->id);
        quarantine_path(q, e->id, ".sealed", path);
        if (platform_path_stat(path, &stat) == VG_OK)
            continue;
        quarantine_path(q, e->id, ".pending", path);
        if (platform_path_stat(path, &stat) == VG_OK)
            continue;
        quarantine_path(q, e->id, ".new", path);
        err = platform_file_make(path, file);
    }
    return err;
}

static enum vg_err
write_copy(const struct quarantine *q, const struct quarantine_entry *e, platform_file original,
           platform_file file, char sha256[QUARANTINE_SHA_SIZE])
{
    struct sealed *s = NULL;
    struct buf head;
    enum vg_err err;

    buf_init(&head, SEALED_HEAD_MAX);
    err = quarantine_head_put(e, &head);
    if (err == VG_OK)
        err = sealed_begin(q->key, file, buf_slice(&head), &s);
    if (err == VG_OK)
        err = read_through(original, e->stat.size, s, sha256);
    if (err == VG_OK)
        err = platform_file_sync(file);
    sealed_free(s);
    buf_done(&head);
    return err;
}

static enum quarantine_outcome
copy(struct quarantine *q, struct quarantine_entry *e, struct platform_place *place)
{
    char from[QUARANTINE_FILE_MAX], to[QUARANTINE_FILE_MAX], sha256[QUARANTINE_SHA_SIZE] = "";
    platform_file file;
    enum quarantine_outcome outcome = QUARANTINE_DONE;
    enum vg_err err = new_file(q, e, &file);

    if (err != VG_OK)
        return err == VG_ERR_LIMIT ? QUARANTINE_FULL : QUARANTINE_FAILED;
    err = write_copy(q, e, place->file, file, sha256);
    platform_file_close(file);
    quarantine_path(q, e->id, ".new", from);
    quarantine_path(q, e->id, ".pending", to);
    if (err == VG_OK && (strcmp(sha256, e->sha256) != 0 || platform_place_look(place) != VG_OK ||
                         !same_stat(&place->stat, &e->stat, false)))
        outcome = QUARANTINE_CHANGED;
    else if (err == VG_OK)
        err = platform_file_rename(from, to);
    if (err != VG_OK) /* a full disk is what is left of most */
        outcome = err == VG_ERR_LIMIT ? QUARANTINE_FULL : QUARANTINE_FAILED;
    if (outcome != QUARANTINE_DONE && platform_file_remove(from) != VG_OK)
        log_event(LOG_LEVEL_WARN, "quarantine.left_over", "id=%s", e->id);
    return outcome;
}

static enum quarantine_outcome
seal_locked(struct quarantine *q, struct quarantine_entry *e)
{
    struct platform_place place;
    enum quarantine_outcome outcome;
    enum vg_err err;

    if (quarantine_is_wanted(q, e->sha256))
        return QUARANTINE_WANTED;
    err = platform_place_open(e->path, &place);
    if (err != VG_OK)
        return outcome_of(err);
    outcome = check_original(q, e, &place);
    e->dress = place.dress;
    e->id[0] = '\0';
    if (outcome == QUARANTINE_DONE)
        outcome = look_around(q, e);
    if (outcome == QUARANTINE_DONE && e->id[0] == '\0')
        outcome = copy(q, e, &place);
    platform_place_close(&place);
    return outcome;
}

enum quarantine_outcome
quarantine_seal(struct quarantine *q, struct quarantine_entry *wanted, int64_t now_ns)
{
    enum quarantine_outcome outcome;
    platform_file lock;
    enum vg_err err = quarantine_lock(q, &lock);

    if (err != VG_OK)
        return err == VG_AGAIN ? QUARANTINE_BUSY : QUARANTINE_FAILED;
    wanted->sealed_ns = now_ns;
    outcome = seal_locked(q, wanted);
    platform_unlock(lock);
    return outcome;
}

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
    if (platform_place_look(place) != VG_OK || !same_stat(&place->stat, &e->stat, true) ||
        place->dress.names != 1 || !quarantine_same_content(place->file, e))
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

    outcome = err == VG_OK ? check_original(q, e, &place) : outcome_of(err);
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
        there = same_stat(&place.stat, &e->stat, false);
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
