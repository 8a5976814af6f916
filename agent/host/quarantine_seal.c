/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "agent/host/quarantine_private.h"
#include "common/hex.h"
#include "common/log.h"

enum { SHA256_BYTES = 32, ID_TRIES = 20 };

/* ---- looking at the original ---- */

bool
quarantine_same_stat(const struct platform_stat *a, const struct platform_stat *b, bool renamed)
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

enum quarantine_outcome
quarantine_outcome_of(enum vg_err err)
{
    return err == VG_ERR_NOENT    ? QUARANTINE_CHANGED
           : err == VG_ERR_DENIED ? QUARANTINE_LINKED
           : err == VG_ERR_LIMIT  ? QUARANTINE_FULL
                                  : QUARANTINE_FAILED;
}

/* Whether it may be taken, and is what was scanned. */
enum quarantine_outcome
quarantine_check_original(const struct quarantine *q, const struct quarantine_entry *e,
                          const struct platform_place *place)
{
    if (!quarantine_same_stat(&place->stat, &e->stat, false))
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
            quarantine_same_stat(&old->stat, &e->stat, false))
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
                         !quarantine_same_stat(&place->stat, &e->stat, false)))
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
        return quarantine_outcome_of(err);
    outcome = quarantine_check_original(q, e, &place);
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
