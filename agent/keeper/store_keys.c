/* SPDX-License-Identifier: Apache-2.0 */
/* The key files beside the database, and the epochs: each store id with its own chain of seals.
 *
 *   store.key   encrypts bodies
 *   seal.key    the current seal key, replaced after each commit of events
 *   seal.first  the first seal key until it was handed over (collector) or shown
 *   seal.next   the first key of an epoch that is being begun: written before the transaction that
 *               begins it, removed after seal.first and seal.key are in place */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/store_internal.h"

static const char KEY_PROOF[] = "vigia store 1";

/* ---- the body key ---- */

static enum vg_err
key_file(struct store *s, bool may_make, uint8_t out[STORE_KEY_SIZE])
{
    char *path = store_path(s->dir, "store.key");
    struct buf text = {0};
    enum vg_err err;

    if (path == NULL)
        return VG_ERR_NOMEM;
    err = platform_file_slurp(path, STORE_KEY_SIZE, &text);
    if (err == VG_OK) {
        struct slice key = buf_slice(&text);

        if (key.left == STORE_KEY_SIZE && slice_copy(&key, out, STORE_KEY_SIZE))
            goto done;
        err = VG_ERR_NOENT; /* damaged: as good as none */
    } else if (err == VG_ERR_LIMIT) {
        err = VG_ERR_NOENT;
    }
    if (err == VG_ERR_NOENT && may_make) {
        err = seal_random(out, STORE_KEY_SIZE);
        if (err == VG_OK)
            err = platform_file_replace(path, slice_of(out, STORE_KEY_SIZE), true);
    } else {
        err = err == VG_ERR_NOENT ? VG_ERR_DENIED : VG_ERR_SYS;
    }
done:
    if (text.data != NULL)
        platform_secure_zero(text.data, text.len);
    buf_done(&text);
    free(path);
    return err;
}

/* A known text under the key tells a wrong one before anything is lost. */
static enum vg_err
prove_key(struct store *s, struct slice proof)
{
    struct buf text;
    enum vg_err err;

    buf_init(&text, 256);
    err = store_crypt_open(s->crypt, 'k', 0, proof, &text);
    if (err == VG_OK && !str_eq(str_n(text.data, text.len), str_of(KEY_PROOF)))
        err = VG_ERR_DENIED;
    buf_done(&text);
    return err;
}

static enum vg_err
make_proof(struct store *s)
{
    struct buf proof;
    enum vg_err err;

    buf_init(&proof, 256);
    err = store_crypt_close(s->crypt, 'k', 0, slice_of(KEY_PROOF, strlen(KEY_PROOF)), &proof);
    if (err == VG_OK)
        err = store_set_value(s, "key_proof", buf_slice(&proof));
    buf_done(&proof);
    return err;
}

enum vg_err
store_key_load(struct store *s)
{
    uint8_t key[STORE_KEY_SIZE];
    struct buf proof;
    enum vg_err err, known;

    buf_init(&proof, 256);
    known = store_value(s, "key_proof", &proof);
    err = known == VG_OK || known == VG_ERR_NOENT ? VG_OK : known;
    if (err == VG_OK)
        err = key_file(s, known == VG_ERR_NOENT && !s->read_only, key);
    if (err == VG_OK) {
        store_crypt_free(s->crypt);
        s->crypt = NULL;
        err = store_crypt_new(key, &s->crypt);
        platform_secure_zero(key, sizeof(key));
    }
    if (err == VG_OK && known == VG_OK)
        err = prove_key(s, buf_slice(&proof));
    else if (err == VG_OK && !s->read_only)
        err = make_proof(s);
    buf_done(&proof);
    return err;
}

/* ---- epochs ---- */

enum vg_err
store_epoch_read(struct store *s)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum vg_err err = sql_prepare(s->db,
                                  "SELECT epoch, id, shipped, last_seq, last_seal, sealed"
                                  " FROM stores ORDER BY epoch DESC LIMIT 1",
                                  &q);

    if (err == VG_OK)
        err = sql_row(q, &row);
    if (err == VG_OK && !row)
        err = VG_ERR_NOENT;
    if (err == VG_OK) {
        struct slice seal = sql_blob(q, 4);

        s->chain.epoch = sqlite3_column_int64(q, 0);
        s->chain.shipped = sqlite3_column_int64(q, 2);
        s->chain.last_seq = sqlite3_column_int64(q, 3);
        s->key_file_seq = sqlite3_column_int64(q, 5);
        if (!vg_strcpy(s->chain.id, sizeof(s->chain.id), sql_text(q, 1)) ||
            seal.left != SEAL_SIZE || !slice_copy(&seal, s->chain.last_seal, SEAL_SIZE))
            err = VG_ERR_FORMAT;
    }
    sqlite3_finalize(q);
    return err;
}

static enum vg_err
insert_epoch(struct store *s)
{
    static const uint8_t none[SEAL_SIZE];
    sqlite3_stmt *q = NULL;
    enum vg_err err = sql_prepare(s->db,
                                  "INSERT INTO stores(epoch, id, shipped, last_seq, last_seal,"
                                  " sealed, cut_seq, cut_seal, cut_at, cut_mac)"
                                  " VALUES(?, ?, 0, 0, ?, 1, 0, ?, 0, ?)",
                                  &q);

    if (err != VG_OK)
        return err;
    sqlite3_bind_int64(q, 1, s->chain.epoch);
    sqlite3_bind_text(q, 2, s->chain.id, -1, SQLITE_STATIC);
    sqlite3_bind_blob(q, 3, s->chain.last_seal, SEAL_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(q, 4, none, sizeof(none), SQLITE_STATIC);
    sqlite3_bind_blob(q, 5, none, sizeof(none), SQLITE_STATIC);
    return sql_done(q);
}

/* The body of a carried event with its new store and number. */
static enum vg_err
restamp(struct store *s, struct slice body, struct store_sealed *out)
{
    json_t *event = NULL;
    char *text = NULL;
    enum vg_err err = vg_json_parse(body, STORE_BODY_MAX, &event);

    if (err != VG_OK)
        return err;
    if (json_object_set_new(event, "store", json_string(s->chain.id)) != 0 ||
        json_object_set_new(event, "seq", json_integer(s->chain.last_seq + 1)) != 0 ||
        (text = vg_json_text(event)) == NULL)
        err = VG_ERR_NOMEM;
    if (err == VG_OK)
        err = store_seal_body(s, slice_of(text, strlen(text)), out);
    free(text);
    json_decref(event);
    return err;
}

static enum vg_err
carry_row(struct store *s, int64_t n, const struct store_sealed *sealed)
{
    sqlite3_stmt *q = NULL;
    enum vg_err err = sql_prepare(
        s->db, "UPDATE events SET epoch = ?, seq = ?, body = ?, hash = ?, seal = ? WHERE n = ?",
        &q);

    if (err != VG_OK)
        return err;
    sqlite3_bind_int64(q, 1, s->chain.epoch);
    sqlite3_bind_int64(q, 2, s->chain.last_seq);
    sqlite3_bind_blob(q, 3, sealed->body.data, (int)sealed->body.len, SQLITE_STATIC);
    sqlite3_bind_blob(q, 4, sealed->hash, SEAL_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(q, 5, s->chain.last_seal, SEAL_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(q, 6, n);
    return sql_done(q);
}

/* One event of the old epoch; one that cannot be read any more stays where it is. */
static enum vg_err
carry_one(struct store *s, const struct store_chain *old, int64_t n, int64_t seq,
          struct slice sealed_body)
{
    struct store_sealed sealed = {0};
    struct buf body;
    enum vg_err err;

    buf_init(&body, STORE_BODY_MAX);
    buf_init(&sealed.body, STORE_BODY_MAX);
    err = store_crypt_open(s->crypt, 'e', store_event_number(old->epoch, seq), sealed_body, &body);
    if (err == VG_ERR_DENIED) {
        buf_done(&body);
        return VG_OK;
    }
    if (err == VG_OK)
        err = restamp(s, buf_slice(&body), &sealed);
    if (err == VG_OK)
        err = carry_row(s, n, &sealed);
    buf_done(&body);
    buf_done(&sealed.body);
    return err;
}

static enum vg_err
carry_over(struct store *s, const struct store_chain *old)
{
    sqlite3_stmt *q = NULL;
    int64_t after = old->shipped;
    enum vg_err err = sql_prepare(s->db,
                                  "SELECT n, seq, body FROM events WHERE epoch = ? AND seq > ?"
                                  " AND body IS NOT NULL ORDER BY seq LIMIT 1",
                                  &q);

    while (err == VG_OK) {
        bool row = false;
        int64_t n, seq;

        sqlite3_bind_int64(q, 1, old->epoch);
        sqlite3_bind_int64(q, 2, after);
        err = sql_row(q, &row);
        if (err != VG_OK || !row)
            break;
        n = sqlite3_column_int64(q, 0);
        seq = sqlite3_column_int64(q, 1);
        err = carry_one(s, old, n, seq, sql_blob(q, 2));
        after = seq;
        (void)sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    return err;
}

/* ---- the seal's key file ---- */

static enum vg_err
write_key(const struct store *s, const char *name, const struct seal_key *key)
{
    char *path = store_path(s->dir, name);
    enum vg_err err = path != NULL ? seal_key_write(path, key) : VG_ERR_NOMEM;

    free(path);
    return err;
}

static enum vg_err
read_key(const struct store *s, const char *name, struct seal_key *out)
{
    char *path = store_path(s->dir, name);
    enum vg_err err = path != NULL ? seal_key_read(path, out) : VG_ERR_NOMEM;

    free(path);
    return err;
}

static enum vg_err
remove_key(const struct store *s, const char *name)
{
    char *path = store_path(s->dir, name);
    enum vg_err err = path != NULL ? platform_file_remove(path) : VG_ERR_NOMEM;

    free(path);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

enum vg_err
store_seal_save(struct store *s)
{
    enum vg_err err = write_key(s, "seal.key", &s->chain.key);

    if (err == VG_OK)
        s->key_file_seq = s->chain.key.seq;
    return err;
}

/* The transaction that begins the epoch is durable: its keys take their places. */
static enum vg_err
finish_epoch(struct store *s, const struct seal_key *first)
{
    enum vg_err err = write_key(s, "seal.first", first);

    s->chain.key = *first;
    if (err == VG_OK)
        err = seal_step(s->chain.key.key, s->chain.last_seq);
    s->chain.key.seq = s->chain.last_seq + 1;
    if (err == VG_OK)
        err = store_seal_save(s);
    if (err == VG_OK)
        err = remove_key(s, "seal.next");
    return err;
}

enum vg_err
store_epoch_begin(struct store *s)
{
    struct store_chain old = s->chain;
    struct seal_key first = {.seq = 1};
    enum vg_err err = uuid_v4(first.store);

    if (err == VG_OK)
        err = seal_random(first.key, sizeof(first.key));
    if (err == VG_OK)
        err = write_key(s, "seal.next", &first);
    if (err == VG_OK)
        err = store_begin(s, true);
    if (err == VG_OK) {
        s->chain = (struct store_chain){.epoch = old.epoch + 1, .key = first};
        memcpy(s->chain.id, first.store, sizeof(s->chain.id));
        err = seal_first(s->chain.id, s->chain.last_seal);
        if (err == VG_OK)
            err = insert_epoch(s);
        if (err == VG_OK && old.epoch > 0)
            err = carry_over(s, &old);
        if (err == VG_OK)
            err = store_epoch_write(s);
        err = store_end(s, err);
    }
    if (err == VG_OK)
        err = finish_epoch(s, &first);
    platform_secure_zero(&first, sizeof(first));
    platform_secure_zero(&old.key, sizeof(old.key));
    return err;
}

/* The hash and seal of one event, and the seal before it. */
static enum vg_err
sealed_row(struct store *s, int64_t seq, uint8_t hash[SEAL_SIZE], uint8_t seal[SEAL_SIZE])
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum vg_err err =
        sql_prepare(s->db, "SELECT hash, seal FROM events WHERE epoch = ? AND seq = ?", &q);

    if (err == VG_OK) {
        sqlite3_bind_int64(q, 1, s->chain.epoch);
        sqlite3_bind_int64(q, 2, seq);
        err = sql_row(q, &row);
    }
    if (err == VG_OK && row) {
        struct slice a = sql_blob(q, 0), b = sql_blob(q, 1);

        row = slice_copy(&a, hash, SEAL_SIZE) && slice_copy(&b, seal, SEAL_SIZE);
    }
    sqlite3_finalize(q);
    if (err != VG_OK)
        return err;
    return row ? VG_OK : VG_ERR_NOENT;
}

/* From the key in the file to the last event: those that were committed after it was written. Each
 * must carry the seal that its key makes. */
static enum vg_err
roll_forward(struct store *s, struct seal_key *key)
{
    uint8_t hash[SEAL_SIZE], seal[SEAL_SIZE], made[SEAL_SIZE], previous[SEAL_SIZE];
    enum vg_err err = VG_OK;

    for (; err == VG_OK && key->seq <= s->chain.last_seq; key->seq++) {
        if (key->seq == 1)
            err = seal_first(s->chain.id, previous);
        else
            err = sealed_row(s, key->seq - 1, hash, previous);
        if (err == VG_OK)
            err = sealed_row(s, key->seq, hash, seal);
        if (err == VG_OK)
            err = seal_make(key->key, hash, previous, made);
        if (err == VG_OK && !seal_equal(made, seal))
            err = VG_ERR_DENIED;
        /* Retention took it in the same moment; its checkpoint is held against the first key. */
        if (err == VG_ERR_NOENT)
            err = VG_OK;
        if (err == VG_OK)
            err = seal_step(key->key, 1);
    }
    return err;
}

enum vg_err
store_seal_resume(struct store *s, char why[STORE_WHY_MAX])
{
    const char *wrong = NULL;
    struct seal_key key;
    enum vg_err err = read_key(s, "seal.next", &key);

    if (err == VG_OK && strcmp(key.store, s->chain.id) == 0)
        return finish_epoch(s, &key);
    if (err != VG_ERR_NOENT && (err = remove_key(s, "seal.next")) != VG_OK)
        return err;
    err = read_key(s, "seal.key", &key);
    if (err == VG_ERR_SYS)
        return err;
    if (err != VG_OK)
        wrong = "the seal's key file is missing or damaged";
    else if (strcmp(key.store, s->chain.id) != 0)
        wrong = "the seal's key file belongs to another store: one of them was restored";
    else if (key.seq > s->chain.last_seq + 1)
        wrong = "the database is older than its seal: it was restored from a copy or cut short";
    else if (key.seq < s->key_file_seq)
        wrong = "the seal's key file is older than the database: it was restored from a copy";
    if (wrong == NULL) {
        bool behind = key.seq <= s->chain.last_seq;

        err = roll_forward(s, &key);
        if (err == VG_OK) {
            s->key_file_seq = key.seq;
            s->chain.key = key;
            if (behind)
                err = store_seal_save(s);
        }
        platform_secure_zero(&key, sizeof(key));
        if (err != VG_ERR_DENIED)
            return err;
        wrong = "the newest events do not carry the seal that they were given";
    }
    snprintf(why, STORE_WHY_MAX, "%s", wrong);
    return VG_ERR_DENIED;
}

/* ---- the first key ---- */

enum vg_err
store_seal_key_first(struct store *store, uint8_t out[32])
{
    struct seal_key key;
    enum vg_err err = read_key(store, "seal.first", &key);

    if (err == VG_OK && strcmp(key.store, store->chain.id) != 0)
        err = VG_ERR_NOENT;
    if (err == VG_OK)
        memcpy(out, key.key, SEAL_SIZE);
    platform_secure_zero(&key, sizeof(key));
    return err;
}

enum vg_err
store_seal_key_forget(struct store *store)
{
    return remove_key(store, "seal.first");
}
