/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: one batch, one transaction. Events, baselines and positions move together. */
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/store_internal.h"
#include "common/vtime.h"

#define SHARE_LEAST (INT64_C(64) * 1024 * 1024)

enum vg_err
store_begin(struct store *s, bool durable)
{
    enum vg_err err;

    if (s->read_only || s->in_transaction)
        return VG_ERR_DENIED;
    err = sql_exec(s->db, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (err == VG_OK)
        err = sql_exec(s->db, "BEGIN IMMEDIATE");
    if (err == VG_OK) {
        s->in_transaction = true;
        s->before = s->chain;
    }
    return err;
}

enum vg_err
store_end(struct store *s, enum vg_err err)
{
    if (err == VG_OK)
        err = sql_exec(s->db, "COMMIT");
    if (err != VG_OK) {
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* none left is fine */
        s->chain = s->before;
    }
    s->in_transaction = false;
    platform_secure_zero(&s->before, sizeof(s->before));
    return err;
}

enum vg_err
store_seal_body(struct store *s, struct slice body, struct store_sealed *out)
{
    int64_t seq = s->chain.last_seq + 1;
    uint8_t seal[SEAL_SIZE];
    enum vg_err err = seal_hash(body, out->hash);

    if (err == VG_OK)
        err = seal_make(s->chain.key.key, out->hash, s->chain.last_seal, seal);
    if (err == VG_OK)
        err = store_crypt_close(s->crypt, 'e', store_event_number(s->chain.epoch, seq), body,
                                &out->body);
    if (err == VG_OK)
        err = seal_step(s->chain.key.key, 1);
    if (err != VG_OK)
        return err;
    memcpy(s->chain.last_seal, seal, SEAL_SIZE);
    s->chain.last_seq = seq;
    s->chain.key.seq = seq + 1;
    return VG_OK;
}

enum vg_err
store_epoch_write(struct store *s)
{
    sqlite3_stmt *q = NULL;
    enum vg_err err = sql_prepare(
        s->db, "UPDATE stores SET last_seq = ?, last_seal = ?, sealed = ? WHERE epoch = ?", &q);

    if (err != VG_OK)
        return err;
    sqlite3_bind_int64(q, 1, s->chain.last_seq);
    sqlite3_bind_blob(q, 2, s->chain.last_seal, SEAL_SIZE, SQLITE_STATIC);
    /* A new epoch's file does not exist yet: it will hold the first key at least. */
    sqlite3_bind_int64(q, 3, s->before.epoch == s->chain.epoch ? s->key_file_seq : 1);
    sqlite3_bind_int64(q, 4, s->chain.epoch);
    return sql_done(q);
}

/* The event with its stamps, in the order of DESIGN's table, as text. Evidence that makes it too
 * large for the wire is left out. */
static enum vg_err
stamp(struct store *s, const json_t *event, int64_t now_ns, char id[UUID_TEXT_SIZE], char **out)
{
    char recorded[VTIME_TEXT_MAX], incident[UUID_TEXT_SIZE] = "";
    json_t *whole;
    enum vg_err err = uuid_v7(now_ns, id);

    if (err == VG_OK)
        err = incident_of(s->db, event, now_ns, incident);
    if (err != VG_OK)
        return err;
    whole = json_pack("{s:i, s:s, s:s, s:I, s:O?, s:s}", "v", 1, "id", id, "store", s->chain.id,
                      "seq", (json_int_t)(s->chain.last_seq + 1), "time",
                      json_object_get(event, "time"), "recorded", vtime_format(now_ns, recorded));
    if (whole == NULL || json_object_update_missing(whole, (json_t *)event) != 0 ||
        (incident[0] != '\0' &&
         json_object_set_new(whole, "incident", json_string(incident)) != 0)) {
        json_decref(whole);
        return VG_ERR_NOMEM;
    }
    *out = vg_json_text(whole);
    if (*out != NULL && strlen(*out) > EVENT_BYTES_MAX) {
        free(*out);
        (void)json_object_del(whole, "evidence");
        *out = vg_json_text(whole);
    }
    json_decref(whole);
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
insert_event(struct store *s, const json_t *event, const char *id, int64_t now_ns,
             const struct store_sealed *sealed)
{
    enum severity severity = SEVERITY_INFO;
    sqlite3_stmt *q = NULL;
    enum vg_err err = sql_prepare(s->db,
                                  "INSERT INTO events(epoch, seq, id, recorded, class, severity,"
                                  " body, hash, seal) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                  &q);

    if (err != VG_OK)
        return err;
    if (severity_parse(vg_json_str(event, "severity", ""), &severity) != VG_OK)
        severity = SEVERITY_INFO;
    sqlite3_bind_int64(q, 1, s->chain.epoch);
    sqlite3_bind_int64(q, 2, s->chain.last_seq);
    sqlite3_bind_text(q, 3, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, now_ns);
    sqlite3_bind_text(q, 5, vg_json_str(event, "class", "health"), -1, SQLITE_STATIC);
    sqlite3_bind_int(q, 6, (int)severity);
    sqlite3_bind_blob(q, 7, sealed->body.data, (int)sealed->body.len, SQLITE_STATIC);
    sqlite3_bind_blob(q, 8, sealed->hash, SEAL_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(q, 9, s->chain.last_seal, SEAL_SIZE, SQLITE_STATIC);
    return sql_done(q);
}

enum vg_err
store_append(struct store *s, const json_t *event, int64_t now_ns)
{
    struct store_sealed sealed = {0};
    char id[UUID_TEXT_SIZE], *text = NULL;
    enum vg_err err = stamp(s, event, now_ns, id, &text);

    buf_init(&sealed.body, STORE_BODY_MAX);
    if (err == VG_OK)
        err = store_seal_body(s, slice_of(text, strlen(text)), &sealed);
    if (err == VG_OK)
        err = insert_event(s, event, id, now_ns, &sealed);
    buf_done(&sealed.body);
    free(text);
    return err;
}

/* ---- one batch ---- */

static enum vg_err
write_events(struct store *s, const struct batch *batch, int64_t now_ns)
{
    enum vg_err err = VG_OK;

    for (size_t i = 0; i < batch->event_count && err == VG_OK; i++)
        err = store_append(s, batch->events[i], now_ns);
    if (err == VG_OK && batch->event_count > 0)
        err = store_epoch_write(s);
    return err;
}

static enum vg_err
write_observations(struct store *s, const struct batch *batch, int64_t now_ns)
{
    sqlite3_stmt *q = NULL;
    struct buf body;
    enum vg_err err;

    if (batch->observation_count == 0)
        return VG_OK;
    buf_init(&body, STORE_BODY_MAX);
    err =
        sql_prepare(s->db, "INSERT INTO observations(recorded, sensor, body) VALUES(?, ?, ?)", &q);
    for (size_t i = 0; i < batch->observation_count && err == VG_OK; i++) {
        const char *text = batch->observations[i];

        buf_clear(&body);
        err = store_crypt_close(s->crypt, 'o', 0, slice_of(text, strlen(text)), &body);
        if (err != VG_OK)
            break;
        sqlite3_bind_int64(q, 1, now_ns);
        sqlite3_bind_text(q, 2, batch->sensor, -1, SQLITE_STATIC);
        sqlite3_bind_blob(q, 3, body.data, (int)body.len, SQLITE_STATIC);
        err = sql_again(q);
    }
    sqlite3_finalize(q);
    buf_done(&body);
    return err;
}

static enum vg_err
write_row(sqlite3_stmt *put, sqlite3_stmt *remove, const char *sensor, const struct batch_row *row)
{
    bool gone = row->blob_len == 0 && row->version == 0;
    sqlite3_stmt *q = gone ? remove : put;

    sqlite3_bind_text(q, 1, sensor, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, row->detector, -1, SQLITE_STATIC);
    sqlite3_bind_blob(q, 3, row->key_len > 0 ? (const void *)row->key : "", (int)row->key_len,
                      SQLITE_STATIC);
    if (!gone) {
        sqlite3_bind_int(q, 4, row->version);
        sqlite3_bind_blob(q, 5, row->blob_len > 0 ? (const void *)row->blob : "",
                          (int)row->blob_len, SQLITE_STATIC);
    }
    return sql_again(q);
}

static enum vg_err
write_rows(struct store *s, const struct batch *batch)
{
    sqlite3_stmt *put = NULL, *remove = NULL;
    enum vg_err err;

    if (batch->row_count == 0)
        return VG_OK;
    err = sql_prepare(s->db,
                      "INSERT OR REPLACE INTO baselines(sensor, detector, key, version, body)"
                      " VALUES(?, ?, ?, ?, ?)",
                      &put);
    if (err == VG_OK)
        err = sql_prepare(
            s->db, "DELETE FROM baselines WHERE sensor = ? AND detector = ? AND key = ?", &remove);
    for (size_t i = 0; i < batch->row_count && err == VG_OK; i++)
        err = write_row(put, remove, batch->sensor, &batch->rows[i]);
    sqlite3_finalize(put);
    sqlite3_finalize(remove);
    return err;
}

static enum vg_err
write_positions(struct store *s, const struct batch *batch)
{
    sqlite3_stmt *q = NULL;
    enum vg_err err;

    if (batch->position_count == 0)
        return VG_OK;
    err = sql_prepare(s->db,
                      "INSERT OR REPLACE INTO positions(sensor, source, body) VALUES(?, ?, ?)", &q);
    for (size_t i = 0; i < batch->position_count && err == VG_OK; i++) {
        const struct batch_position *p = &batch->positions[i];

        sqlite3_bind_text(q, 1, batch->sensor, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 2, p->source, -1, SQLITE_STATIC);
        sqlite3_bind_blob(q, 3, p->json, (int)strlen(p->json), SQLITE_STATIC);
        err = sql_again(q);
    }
    sqlite3_finalize(q);
    return err;
}

/* Rows and positions are never given up to make room, so a sensor that was taken over could push out
 * everything else with them. What honest ones hold fits into SHARE_LEAST. */
static int64_t
share_of(const struct store *s)
{
    int64_t least = s->bytes_max / 2 < SHARE_LEAST ? s->bytes_max / 2 : SHARE_LEAST;

    return s->bytes_max / 4 > least ? s->bytes_max / 4 : least;
}

static enum vg_err
check_share(struct store *s, const struct batch *batch)
{
    int64_t share = share_of(s), held = 0;
    struct store_share *mine = s->share;
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum vg_err err;

    while (mine->sensor[0] != '\0' && strcmp(mine->sensor, batch->sensor) != 0)
        if (++mine == s->share + VG_ARRAY_LEN(s->share))
            return VG_ERR_DENIED; /* there are three */
    (void)vg_strcpy(mine->sensor, sizeof mine->sensor, batch->sensor);
    mine->written += (int64_t)batch->bytes;
    if (mine->written <= share / 16)
        return VG_OK;
    err = sql_prepare(s->db,
                      "SELECT (SELECT coalesce(sum(length(key) + length(body) + 64), 0)"
                      " FROM baselines WHERE sensor = ?1) + (SELECT coalesce(sum(length(source) +"
                      " length(body) + 64), 0) FROM positions WHERE sensor = ?1)",
                      &q);
    if (err == VG_OK) {
        sqlite3_bind_text(q, 1, batch->sensor, -1, SQLITE_STATIC);
        err = sql_row(q, &row);
        held = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    if (err != VG_OK)
        return err;
    if (held > share)
        return VG_ERR_DENIED;
    mine->written = 0;
    return VG_OK;
}

/* The whole batch in one transaction, below the soft limit. */
static enum vg_err
write_batch(struct store *s, const struct batch *batch, int64_t now_ns)
{
    enum vg_err err = store_limit_pages(s, store_soft_limit(s));

    if (err == VG_OK)
        err = store_begin(s, batch->event_count > 0);
    if (err != VG_OK)
        return err;
    err = write_events(s, batch, now_ns);
    if (err == VG_OK)
        err = write_observations(s, batch, now_ns);
    if (err == VG_OK)
        err = write_rows(s, batch);
    if (err == VG_OK)
        err = write_positions(s, batch);
    if (err == VG_OK && batch->row_count + batch->position_count > 0)
        err = check_share(s, batch);
    return store_end(s, err);
}

/* The file may lag behind by one commit, so that a restored older one is told from a crash. */
static enum vg_err
seal_catch_up(struct store *s)
{
    return s->key_file_seq < s->chain.key.seq ? store_seal_save(s) : VG_OK;
}

/* On a full disk the reserve file is given up, then the oldest records. */
static enum vg_err
make_room_at_once(struct store *s, int64_t now_ns)
{
    char *path = store_path(s->dir, "reserve");
    int64_t used = store_used_bytes(s), soft = store_soft_limit(s);
    enum vg_err err;

    if (path == NULL)
        return VG_ERR_NOMEM;
    err = platform_file_remove(path);
    free(path);
    if (err != VG_OK && err != VG_ERR_NOENT)
        return err;
    return store_make_room(s, (used < soft ? used : soft) / 10 * 8, now_ns);
}

enum vg_err
store_commit(struct store *store, struct batch *batch, int64_t now_ns)
{
    int64_t soft = store_soft_limit(store);
    enum vg_err err = batch->event_count > 0 ? seal_catch_up(store) : VG_OK;

    if (err != VG_OK)
        return err;
    if (store_used_bytes(store) + (int64_t)batch->bytes > soft) {
        err = store_make_room(store, soft / 10 * 9 - (int64_t)batch->bytes, now_ns);
        if (err != VG_OK && err != VG_ERR_LIMIT)
            return err;
    }
    err = write_batch(store, batch, now_ns);
    if (err == VG_ERR_LIMIT) {
        err = make_room_at_once(store, now_ns);
        if (err == VG_OK || err == VG_ERR_LIMIT)
            err = write_batch(store, batch, now_ns);
    }
    /* The events are durable whether or not the key file follows now: the next commit insists. */
    if (err == VG_OK && batch->event_count > 0)
        (void)!seal_catch_up(store);
    if (err == VG_OK && batch->health != NULL) {
        char name[48] = "health.";

        (void)vg_strcpy(name + 7, sizeof(name) - 7, batch->sensor);
        err = store_set_value(store, name, slice_of(batch->health, strlen(batch->health)));
        if (err == VG_ERR_LIMIT)
            err = VG_OK; /* counters only */
    }
    return err;
}

enum vg_err
store_event(struct store *store, json_t *event, int64_t now_ns)
{
    enum vg_err err = event != NULL ? seal_catch_up(store) : VG_ERR_NOMEM;

    if (err == VG_OK)
        err = store_limit_pages(store, store->bytes_max);
    if (err == VG_OK)
        err = store_begin(store, true);
    if (err == VG_OK) {
        err = store_append(store, event, now_ns);
        if (err == VG_OK)
            err = store_epoch_write(store);
        err = store_end(store, err);
    }
    if (err == VG_OK)
        (void)!seal_catch_up(store);
    json_decref(event);
    return err;
}
