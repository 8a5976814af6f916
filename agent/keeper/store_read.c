/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: events for people and for the collector, rows and positions for the sensors, values. */
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/store_internal.h"

/* ---- events ---- */

/* Columns: epoch, seq, body. A body that was removed is passed over. */
static enum vg_err
give_event(struct store *s, sqlite3_stmt *q, struct buf *text, store_event_fn *fn, void *ctx,
           bool *given)
{
    int64_t epoch = sqlite3_column_int64(q, 0), seq = sqlite3_column_int64(q, 1);
    enum vg_err err;

    *given = false;
    if (sqlite3_column_type(q, 2) == SQLITE_NULL)
        return VG_OK;
    buf_clear(text);
    err = store_crypt_open(s->crypt, 'e', store_event_number(epoch, seq), sql_blob(q, 2), text);
    if (err != VG_OK)
        return err;
    *given = true;
    return fn(ctx, seq, buf_slice(text));
}

enum vg_err
store_events_after(struct store *store, int64_t after, size_t max, size_t bytes_max,
                   store_event_fn *fn, void *ctx)
{
    sqlite3_stmt *q = NULL;
    struct buf text;
    size_t count = 0, bytes = 0;
    bool row = true, given;
    enum vg_err err = sql_prepare(store->db,
                                  "SELECT epoch, seq, body FROM events WHERE epoch = ? AND seq > ?"
                                  " ORDER BY seq",
                                  &q);

    buf_init(&text, STORE_BODY_MAX);
    if (err == VG_OK) {
        sqlite3_bind_int64(q, 1, store->chain.epoch);
        sqlite3_bind_int64(q, 2, after);
    }
    while (err == VG_OK && count < max && bytes < bytes_max) {
        err = sql_row(q, &row);
        if (err != VG_OK || !row)
            break;
        err = give_event(store, q, &text, fn, ctx, &given);
        count += given;
        bytes += given ? text.len : 0;
    }
    sqlite3_finalize(q);
    buf_done(&text);
    return err;
}

int64_t
store_shipped(struct store *store)
{
    return store->chain.shipped;
}

int64_t
store_last_seq(struct store *store)
{
    return store->chain.last_seq;
}

enum vg_err
store_set_shipped(struct store *store, int64_t seq)
{
    sqlite3_stmt *q = NULL;
    enum vg_err err;

    if (seq <= store->chain.shipped)
        return VG_OK;
    if (seq > store->chain.last_seq)
        return VG_ERR_LIMIT; /* the collector knows more than we: not the same store */
    err = store_begin(store, false);
    if (err != VG_OK)
        return err;
    err = sql_prepare(store->db, "UPDATE stores SET shipped = ? WHERE epoch = ?", &q);
    if (err == VG_OK) {
        sqlite3_bind_int64(q, 1, seq);
        sqlite3_bind_int64(q, 2, store->chain.epoch);
        err = sql_done(q);
    }
    err = store_end(store, err);
    if (err == VG_OK)
        store->chain.shipped = seq;
    return err;
}

enum vg_err
store_renew_id(struct store *store, int64_t now_ns)
{
    char old[UUID_TEXT_SIZE];
    enum vg_err err;

    memcpy(old, store->chain.id, sizeof(old));
    err = store_epoch_begin(store);
    if (err != VG_OK)
        return err;
    return store_event(store,
                       store_health_event(store, "agent.store_renewed", SEVERITY_MEDIUM, now_ns,
                                          json_pack("{s:s}", "old_store", old)),
                       now_ns);
}

/* ---- queries ---- */

static void
query_text(const struct store_query *q, struct buf *sql)
{
    buf_put_str(sql, "SELECT epoch, seq, body FROM events WHERE severity >= ?1");
    if (q->since_ns != 0)
        buf_put_str(sql, " AND recorded >= ?2");
    if (q->until_ns != 0)
        buf_put_str(sql, " AND recorded < ?3");
    if (q->class != NULL)
        buf_put_str(sql, " AND class = ?4");
    if (q->id != NULL)
        buf_put_str(sql, " AND id >= ?5 AND id < ?5 || '~'");
    buf_put_str(sql, q->oldest_first ? " ORDER BY n" : " ORDER BY n DESC");
}

static void
query_bind(sqlite3_stmt *s, const struct store_query *q)
{
    sqlite3_bind_int(s, 1, (int)q->least);
    sqlite3_bind_int64(s, 2, q->since_ns);
    sqlite3_bind_int64(s, 3, q->until_ns);
    if (q->class != NULL)
        sqlite3_bind_text(s, 4, q->class, -1, SQLITE_STATIC);
    if (q->id != NULL)
        sqlite3_bind_text(s, 5, q->id, -1, SQLITE_STATIC);
}

enum vg_err
store_query(struct store *store, const struct store_query *query, store_event_fn *fn, void *ctx)
{
    sqlite3_stmt *q = NULL;
    struct buf sql, text;
    size_t count = 0;
    bool row, given;
    enum vg_err err;

    buf_init(&sql, 1024);
    buf_init(&text, STORE_BODY_MAX);
    query_text(query, &sql);
    err = buf_str(&sql) != NULL ? sql_prepare(store->db, buf_str(&sql), &q) : VG_ERR_NOMEM;
    if (err == VG_OK)
        query_bind(q, query);
    while (err == VG_OK && (query->limit == 0 || count < query->limit)) {
        err = sql_row(q, &row);
        if (err != VG_OK || !row)
            break;
        err = give_event(store, q, &text, fn, ctx, &given);
        count += given;
    }
    sqlite3_finalize(q);
    buf_done(&sql);
    buf_done(&text);
    return err;
}

/* ---- rows and positions ---- */

enum vg_err
store_rows(struct store *store, const char *sensor, store_row_fn *fn, void *ctx)
{
    sqlite3_stmt *q = NULL;
    bool row;
    enum vg_err err = sql_prepare(
        store->db, "SELECT detector, key, version, body FROM baselines WHERE sensor = ?", &q);

    if (err == VG_OK)
        sqlite3_bind_text(q, 1, sensor, -1, SQLITE_STATIC);
    while (err == VG_OK) {
        err = sql_row(q, &row);
        if (err != VG_OK || !row)
            break;
        err = fn(ctx, sql_text(q, 0), sql_blob(q, 1), (uint16_t)sqlite3_column_int(q, 2),
                 sql_blob(q, 3));
    }
    sqlite3_finalize(q);
    return err;
}

enum vg_err
store_positions(struct store *store, const char *sensor, store_position_fn *fn, void *ctx)
{
    sqlite3_stmt *q = NULL;
    bool row;
    enum vg_err err =
        sql_prepare(store->db, "SELECT source, body FROM positions WHERE sensor = ?", &q);

    if (err == VG_OK)
        sqlite3_bind_text(q, 1, sensor, -1, SQLITE_STATIC);
    while (err == VG_OK) {
        err = sql_row(q, &row);
        if (err != VG_OK || !row)
            break;
        err = fn(ctx, sql_text(q, 0), sql_blob(q, 1));
    }
    sqlite3_finalize(q);
    return err;
}

/* ---- values ---- */

enum vg_err
store_set_value(struct store *store, const char *name, struct slice value)
{
    bool own = !store->in_transaction;
    sqlite3_stmt *q = NULL;
    enum vg_err err = own ? store_begin(store, false) : VG_OK;

    if (err != VG_OK)
        return err;
    err = sql_prepare(store->db, "INSERT OR REPLACE INTO named(name, body) VALUES(?, ?)", &q);
    if (err == VG_OK) {
        sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_blob(q, 2, value.at, (int)value.left, SQLITE_STATIC);
        err = sql_done(q);
    }
    return own ? store_end(store, err) : err;
}

enum vg_err
store_value(struct store *store, const char *name, struct buf *out)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum vg_err err = sql_prepare(store->db, "SELECT body FROM named WHERE name = ?", &q);

    if (err == VG_OK) {
        sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
        err = sql_row(q, &row);
    }
    if (err == VG_OK && row) {
        struct slice body = sql_blob(q, 0);

        buf_put(out, body.at, body.left);
    }
    sqlite3_finalize(q);
    if (err != VG_OK)
        return err;
    return row ? VG_OK : VG_ERR_NOENT;
}
