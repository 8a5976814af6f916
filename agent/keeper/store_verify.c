/* SPDX-License-Identifier: Apache-2.0 */
/* Recomputes the chain of seals from its first key. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/store_internal.h"

struct walk {
    struct store *store;
    uint8_t key[SEAL_SIZE];  /* of event `next` */
    uint8_t seal[SEAL_SIZE]; /* of the event before */
    int64_t next;
    struct store_verdict *verdict;
};

static enum vg_err VG_PRINTF(3, 4)
    broken(struct store_verdict *v, int64_t seq, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(v->why, sizeof(v->why), fmt, args);
    va_end(args);
    v->broken_seq = seq;
    return VG_ERR_DENIED;
}

/* Where retention cut: everything up to there is gone, under the seal of its moment. */
static enum vg_err
start_at_cut(struct walk *w, int64_t cut_seq, struct slice cut_seal, int64_t cut_at,
             struct slice cut_mac)
{
    uint8_t key[SEAL_SIZE], seal[SEAL_SIZE], mac[SEAL_SIZE], made[SEAL_SIZE];
    enum vg_err err;

    if (!slice_copy(&cut_seal, seal, SEAL_SIZE) || !slice_copy(&cut_mac, mac, SEAL_SIZE) ||
        cut_at <= cut_seq)
        return broken(w->verdict, cut_seq, "the checkpoint of retention is damaged");
    memcpy(key, w->key, SEAL_SIZE);
    err = seal_step(key, cut_at - 1);
    if (err == VG_OK)
        err = seal_checkpoint(key, cut_seq, seal, cut_at, made);
    if (err == VG_OK && !seal_equal(made, mac))
        return broken(w->verdict, cut_seq, "the checkpoint of retention does not fit the key");
    if (err == VG_OK)
        err = seal_step(w->key, cut_seq);
    memcpy(w->seal, seal, SEAL_SIZE);
    w->next = cut_seq + 1;
    return err;
}

static enum vg_err
start(struct walk *w, int64_t *last_seq, uint8_t last_seal[SEAL_SIZE])
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    struct slice seal;
    enum vg_err err = sql_prepare(w->store->db,
                                  "SELECT last_seq, last_seal, cut_seq, cut_seal, cut_at, cut_mac,"
                                  " id, epoch FROM stores ORDER BY epoch DESC LIMIT 1",
                                  &q);

    if (err == VG_OK)
        err = sql_row(q, &row);
    if (err == VG_OK && !row)
        err = VG_ERR_NOENT;
    if (err == VG_OK) {
        *last_seq = sqlite3_column_int64(q, 0);
        seal = sql_blob(q, 1);
        w->store->chain.epoch = sqlite3_column_int64(q, 7);
        w->next = 1;
        err = seal_first(sql_text(q, 6), w->seal);
        if (err == VG_OK && !slice_copy(&seal, last_seal, SEAL_SIZE))
            err = VG_ERR_FORMAT;
        if (err == VG_OK && sqlite3_column_int64(q, 2) > 0)
            err = start_at_cut(w, sqlite3_column_int64(q, 2), sql_blob(q, 3),
                               sqlite3_column_int64(q, 4), sql_blob(q, 5));
    }
    sqlite3_finalize(q);
    return err;
}

/* A body that was removed has only its hash left; one that is there must have it. */
static enum vg_err
check_body(struct walk *w, int64_t seq, sqlite3_stmt *q, const uint8_t hash[SEAL_SIZE])
{
    uint8_t made[SEAL_SIZE];
    struct buf text;
    enum vg_err err;

    if (sqlite3_column_type(q, 1) == SQLITE_NULL)
        return VG_OK;
    buf_init(&text, STORE_BODY_MAX);
    err = store_crypt_open(w->store->crypt, 'e', store_event_number(w->store->chain.epoch, seq),
                           sql_blob(q, 1), &text);
    if (err == VG_OK)
        err = seal_hash(buf_slice(&text), made);
    if (err == VG_OK && !seal_equal(made, hash))
        err = VG_ERR_DENIED;
    buf_done(&text);
    return err == VG_ERR_DENIED ? broken(w->verdict, seq, "the event's body was changed") : err;
}

static enum vg_err
check_event(struct walk *w, sqlite3_stmt *q)
{
    uint8_t hash[SEAL_SIZE], seal[SEAL_SIZE], made[SEAL_SIZE];
    struct slice a = sql_blob(q, 2), b = sql_blob(q, 3);
    int64_t seq = sqlite3_column_int64(q, 0);
    enum vg_err err;

    if (seq != w->next)
        return broken(w->verdict, w->next, "event %lld is missing", (long long)w->next);
    if (!slice_copy(&a, hash, SEAL_SIZE) || !slice_copy(&b, seal, SEAL_SIZE))
        return broken(w->verdict, seq, "the event's seal is damaged");
    err = check_body(w, seq, q, hash);
    if (err == VG_OK)
        err = seal_make(w->key, hash, w->seal, made);
    if (err != VG_OK)
        return err;
    if (!seal_equal(made, seal))
        return broken(w->verdict, seq, "the event's seal does not fit the key");
    memcpy(w->seal, seal, SEAL_SIZE);
    w->next++;
    w->verdict->events++;
    return seal_step(w->key, 1);
}

static enum vg_err
check_events(struct walk *w)
{
    sqlite3_stmt *q = NULL;
    bool row;
    enum vg_err err = sql_prepare(w->store->db,
                                  "SELECT seq, body, hash, seal FROM events WHERE epoch = ?"
                                  " ORDER BY seq",
                                  &q);

    if (err == VG_OK)
        sqlite3_bind_int64(q, 1, w->store->chain.epoch);
    while (err == VG_OK) {
        err = sql_row(q, &row);
        if (err != VG_OK || !row)
            break;
        err = check_event(w, q);
    }
    sqlite3_finalize(q);
    return err;
}

/* The key file must not be ahead of the database: events would be missing at the end. */
static enum vg_err
check_end(struct walk *w, int64_t last_seq, const uint8_t last_seal[SEAL_SIZE],
          const struct seal_key *file)
{
    if (w->next != last_seq + 1)
        return broken(w->verdict, w->next, "event %lld is missing", (long long)w->next);
    if (!seal_equal(w->seal, last_seal))
        return broken(w->verdict, last_seq, "the last seal was changed");
    if (file->seq > last_seq + 1)
        return broken(w->verdict, last_seq + 1, "events up to %lld are missing at the end",
                      (long long)file->seq - 1);
    if (file->seq == last_seq + 1 && !seal_equal(file->key, w->key))
        return broken(w->verdict, last_seq + 1, "the key file does not continue this chain");
    return VG_OK;
}

enum vg_err
store_verify(struct store *store, const uint8_t first_key[32], struct store_verdict *out)
{
    struct walk w = {.store = store, .verdict = out};
    uint8_t last_seal[SEAL_SIZE];
    struct seal_key file = {.seq = 0};
    int64_t last_seq = 0;
    char *path = store_path(store->dir, "seal.key");
    enum vg_err err;

    *out = (struct store_verdict){.why = ""};
    memcpy(w.key, first_key, SEAL_SIZE);
    if (path == NULL)
        return VG_ERR_NOMEM;
    /* The file first: `run` may commit meanwhile, and the database is never behind the file. */
    err = seal_key_read(path, &file);
    free(path);
    if (err == VG_ERR_NOENT || err == VG_ERR_FORMAT)
        return broken(out, 1, "the seal's key file is missing or damaged");
    if (err == VG_OK)
        err = sql_exec(store->db, "BEGIN");
    if (err != VG_OK)
        return err;
    err = start(&w, &last_seq, last_seal);
    out->from_seq = w.next;
    if (err == VG_OK)
        err = check_events(&w);
    if (err == VG_OK)
        err = check_end(&w, last_seq, last_seal, &file);
    out->to_seq = w.next - 1;
    (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    platform_secure_zero(w.key, sizeof(w.key));
    platform_secure_zero(&file, sizeof(file));
    return err;
}
