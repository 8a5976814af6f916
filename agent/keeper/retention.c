/* SPDX-License-Identifier: Apache-2.0 */
/* What is given up, and in which order: observations by age, alerts by age; over the size cap the
 * oldest observations, then bodies of shipped events that are no alerts, then the oldest shipped
 * events, then the oldest of all. Every removal of events leaves a sealed checkpoint, and a health
 * event says what went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/store_internal.h"
#include "common/vtime.h"

enum { PIECE_OBSERVATIONS = 500, PIECE_BODIES = 100, PIECE_EVENTS = 50 };
#define RECORD_EVERY_NS VG_HOUR_NS
#define CLOCK_JUMP_NS   (30 * VG_DAY_NS)
enum { CLOCK_JUMP_ROUNDS = 24 };

struct trimmed {
    int64_t observations, bodies, events, lost;
};

int64_t
store_used_bytes(struct store *s)
{
    int64_t pages = 0, unused = 0;

    if (sql_int(s->db, "PRAGMA page_count", 0, &pages) != VG_OK ||
        sql_int(s->db, "PRAGMA freelist_count", 0, &unused) != VG_OK)
        return 0;
    return (pages - unused) * STORE_PAGE_SIZE;
}

int64_t
store_bytes(struct store *store)
{
    return store_used_bytes(store);
}

int64_t
store_soft_limit(const struct store *s)
{
    int64_t room = s->bytes_max / 16;

    return s->bytes_max - (room > 128 * 1024 ? room : 128 * 1024);
}

enum vg_err
store_limit_pages(struct store *s, int64_t bytes)
{
    char text[64];

    snprintf(text, sizeof(text), "PRAGMA max_page_count = %lld",
             (long long)(bytes / STORE_PAGE_SIZE > 32 ? bytes / STORE_PAGE_SIZE : 32));
    return sql_exec(s->db, text);
}

/* Runs a statement with up to three integers; *changed is how many rows it touched. */
static enum vg_err
change(struct store *s, const char *sql, int64_t a, int64_t b, int64_t c, int64_t *changed)
{
    sqlite3_stmt *q = NULL;
    enum vg_err err = sql_prepare(s->db, sql, &q);
    int count = sqlite3_bind_parameter_count(q);

    if (err != VG_OK)
        return err;
    if (count > 0)
        sqlite3_bind_int64(q, 1, a);
    if (count > 1)
        sqlite3_bind_int64(q, 2, b);
    if (count > 2)
        sqlite3_bind_int64(q, 3, c);
    err = sql_done(q);
    *changed = err == VG_OK ? sqlite3_changes64(s->db) : 0;
    return err;
}

static enum vg_err
value_of(struct store *s, const char *sql, int64_t a, int64_t b, int64_t c, int64_t otherwise,
         int64_t *out)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum vg_err err = sql_prepare(s->db, sql, &q);

    if (err == VG_OK) {
        sqlite3_bind_int64(q, 1, a);
        sqlite3_bind_int64(q, 2, b);
        if (sqlite3_bind_parameter_count(q) > 2)
            sqlite3_bind_int64(q, 3, c);
        err = sql_row(q, &row);
    }
    if (err == VG_OK)
        *out = row && sqlite3_column_type(q, 0) != SQLITE_NULL ? sqlite3_column_int64(q, 0)
                                                               : otherwise;
    sqlite3_finalize(q);
    return err;
}

/* ---- events from the beginning of the current epoch ---- */

static enum vg_err
write_checkpoint(struct store *s, int64_t seq)
{
    uint8_t seal[SEAL_SIZE], mac[SEAL_SIZE];
    sqlite3_stmt *q = NULL;
    bool row = false;
    enum vg_err err = sql_prepare(s->db, "SELECT seal FROM events WHERE epoch = ? AND seq = ?", &q);

    if (err == VG_OK) {
        sqlite3_bind_int64(q, 1, s->chain.epoch);
        sqlite3_bind_int64(q, 2, seq);
        err = sql_row(q, &row);
    }
    if (err == VG_OK) {
        struct slice blob = sql_blob(q, 0);

        if (!row || !slice_copy(&blob, seal, SEAL_SIZE))
            err = VG_ERR_FORMAT;
    }
    sqlite3_finalize(q);
    if (err == VG_OK)
        err = seal_checkpoint(s->chain.key.key, seq, seal, s->chain.key.seq, mac);
    if (err == VG_OK)
        err = sql_prepare(s->db,
                          "UPDATE stores SET cut_seq = ?, cut_seal = ?, cut_at = ?, cut_mac = ?"
                          " WHERE epoch = ?",
                          &q);
    if (err != VG_OK)
        return err;
    sqlite3_bind_int64(q, 1, seq);
    sqlite3_bind_blob(q, 2, seal, SEAL_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, s->chain.key.seq);
    sqlite3_bind_blob(q, 4, mac, SEAL_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(q, 5, s->chain.epoch);
    return sql_done(q);
}

/* Removes the events up to `seq` and leaves the checkpoint. */
static enum vg_err
cut_until(struct store *s, int64_t seq, int64_t *removed)
{
    enum vg_err err = write_checkpoint(s, seq);

    if (err == VG_OK)
        err = change(s, "DELETE FROM events WHERE epoch = ? AND seq <= ?", s->chain.epoch, seq, 0,
                     removed);
    return err;
}

/* A piece of the oldest events with seq <= most; *removed 0 when there is none. */
static enum vg_err
cut_piece(struct store *s, int64_t most, int64_t piece, int64_t *removed)
{
    int64_t seq = 0;
    enum vg_err err = value_of(s,
                               "SELECT MAX(seq) FROM (SELECT seq FROM events WHERE epoch = ?"
                               " AND seq <= ? ORDER BY seq LIMIT ?)",
                               s->chain.epoch, most, piece, 0, &seq);

    *removed = 0;
    if (err != VG_OK || seq == 0)
        return err;
    return cut_until(s, seq, removed);
}

/* ---- the size cap ---- */

static enum vg_err
trim_piece(struct store *s, struct trimmed *t, bool *more)
{
    int64_t n = 0;
    enum vg_err err = change(
        s, "DELETE FROM observations WHERE n IN (SELECT n FROM observations ORDER BY n LIMIT ?)",
        PIECE_OBSERVATIONS, 0, 0, &n);

    *more = true;
    t->observations += n;
    if (err != VG_OK || n > 0)
        return err;
    err = change(s,
                 "UPDATE events SET body = NULL WHERE n IN (SELECT n FROM events WHERE body IS NOT"
                 " NULL AND (class <> 'alert' OR severity = 0) AND (epoch < ? OR seq <= ?)"
                 " ORDER BY n LIMIT ?)",
                 s->chain.epoch, s->chain.shipped, PIECE_BODIES, &n);
    t->bodies += n;
    if (err != VG_OK || n > 0)
        return err;
    err = change(s,
                 "DELETE FROM events WHERE n IN (SELECT n FROM events WHERE epoch < ?"
                 " ORDER BY n LIMIT ?)",
                 s->chain.epoch, PIECE_EVENTS, 0, &n);
    t->events += n;
    if (err != VG_OK || n > 0)
        return err;
    err = cut_piece(s, s->chain.shipped, PIECE_EVENTS, &n);
    t->events += n;
    if (err != VG_OK || n > 0)
        return err;
    err = cut_piece(s, s->chain.last_seq, PIECE_EVENTS, &n);
    t->lost += n;
    *more = n > 0;
    return err;
}

/* What was trimmed before and not yet told, and when the last record was made. */
static enum vg_err
pending_read(struct store *s, struct trimmed *t, int64_t *told_ns)
{
    struct buf text;
    json_t *value = NULL;
    enum vg_err err;

    buf_init(&text, 1024);
    *told_ns = INT64_MIN;
    err = store_value(s, "trimmed", &text);
    if (err == VG_OK && vg_json_parse(buf_slice(&text), 1024, &value) == VG_OK) {
        t->observations += vg_json_int(value, "observations", 0);
        t->bodies += vg_json_int(value, "bodies", 0);
        t->events += vg_json_int(value, "events", 0);
        *told_ns = vg_json_int(value, "told", INT64_MIN);
    }
    json_decref(value);
    buf_done(&text);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
pending_write(struct store *s, const struct trimmed *t, int64_t told_ns)
{
    json_t *value = json_pack("{s:I, s:I, s:I, s:I}", "observations", (json_int_t)t->observations,
                              "bodies", (json_int_t)t->bodies, "events", (json_int_t)t->events,
                              "told", (json_int_t)told_ns);
    char *text = value != NULL ? vg_json_text(value) : NULL;
    enum vg_err err =
        text != NULL ? store_set_value(s, "trimmed", slice_of(text, strlen(text))) : VG_ERR_NOMEM;

    free(text);
    json_decref(value);
    return err;
}

/* In the transaction that removed: a loss is told at once, the rest once an hour. */
static enum vg_err
record(struct store *s, struct trimmed t, int64_t now_ns)
{
    enum severity severity = t.lost > 0 ? SEVERITY_HIGH : SEVERITY_LOW;
    int64_t told_ns;
    json_t *facts, *event;
    enum vg_err err = pending_read(s, &t, &told_ns);

    if (err != VG_OK)
        return err;
    if (t.lost == 0 && told_ns != INT64_MIN && now_ns >= told_ns &&
        now_ns - told_ns < RECORD_EVERY_NS)
        return pending_write(s, &t, told_ns);
    facts = json_pack("{s:I, s:I, s:I, s:I, s:I}", "observations", (json_int_t)t.observations,
                      "bodies", (json_int_t)t.bodies, "events", (json_int_t)t.events, "lost_events",
                      (json_int_t)t.lost, "limit_bytes", (json_int_t)s->bytes_max);
    event = store_health_event(s, "agent.store_trimmed", severity, now_ns, facts);
    err = event != NULL ? store_append(s, event, now_ns) : VG_ERR_NOMEM;
    json_decref(event);
    if (err == VG_OK)
        err = store_epoch_write(s);
    if (err == VG_OK)
        err = pending_write(s, &(struct trimmed){0}, now_ns);
    return err;
}

enum vg_err
store_make_room(struct store *s, int64_t bytes, int64_t now_ns)
{
    struct trimmed t = {0};
    bool more = true;
    enum vg_err err;

    if (store_used_bytes(s) <= bytes)
        return VG_OK;
    err = store_limit_pages(s, s->bytes_max);
    if (err == VG_OK && s->key_file_seq < s->chain.key.seq)
        err = store_seal_save(s);
    if (err == VG_OK)
        err = store_begin(s, true);
    if (err != VG_OK)
        return err;
    while (err == VG_OK && more && store_used_bytes(s) > bytes)
        err = trim_piece(s, &t, &more);
    if (err == VG_OK && t.observations + t.bodies + t.events + t.lost > 0)
        err = record(s, t, now_ns);
    err = store_end(s, err);
    if (err == VG_OK && s->key_file_seq < s->chain.key.seq)
        (void)!store_seal_save(s);
    if (err == VG_OK && store_used_bytes(s) > bytes)
        err = VG_ERR_LIMIT;
    return err;
}

/* ---- by age ---- */

static enum vg_err
expire_events(struct store *s, int64_t cutoff_ns)
{
    int64_t keep = 0, seq, n;
    enum vg_err err = change(s, "DELETE FROM events WHERE epoch < ? AND recorded < ?",
                             s->chain.epoch, cutoff_ns, 0, &n);

    /* Only from the beginning: the chain has no holes, also when the clock once went back. */
    if (err == VG_OK)
        err = value_of(s, "SELECT MIN(seq) FROM events WHERE epoch = ? AND recorded >= ?",
                       s->chain.epoch, cutoff_ns, 0, s->chain.last_seq + 1, &keep);
    if (err != VG_OK)
        return err;
    seq = keep - 1;
    if (s->chain.shipped > 0 && seq > s->chain.shipped)
        seq = s->chain.shipped; /* what a collector still waits for stays */
    return cut_piece(s, seq, INT64_MAX, &n);
}

/* A clock that is suddenly a month ahead must not empty the store: it has to stay there a while. */
static enum vg_err
clock_is_trusted(struct store *s, int64_t now_ns, bool *trusted)
{
    struct buf text;
    int64_t last = now_ns;
    char written[24];
    const char *known;
    enum vg_err err;

    buf_init(&text, 64);
    err = store_value(s, "retained", &text);
    known = err == VG_OK ? buf_str(&text) : NULL;
    if (known != NULL)
        last = strtoll(known, NULL, 10);
    buf_done(&text);
    if (err != VG_OK && err != VG_ERR_NOENT)
        return err;
    *trusted = now_ns - last < CLOCK_JUMP_NS || ++s->jump_rounds >= CLOCK_JUMP_ROUNDS;
    if (!*trusted)
        return VG_OK;
    s->jump_rounds = 0;
    snprintf(written, sizeof(written), "%lld", (long long)now_ns);
    return store_set_value(s, "retained", slice_of(written, strlen(written)));
}

enum vg_err
store_retain(struct store *store, int64_t now_ns)
{
    bool trusted = false;
    int64_t n;
    enum vg_err err = store_limit_pages(store, store->bytes_max);

    if (err == VG_OK)
        err = clock_is_trusted(store, now_ns, &trusted);
    if (err == VG_OK && trusted)
        err = store_begin(store, false);
    if (err == VG_OK && trusted) {
        err = change(store, "DELETE FROM observations WHERE recorded < ?",
                     now_ns - store->observations_keep_ns, 0, 0, &n);
        if (err == VG_OK)
            err = expire_events(store, now_ns - store->alerts_keep_ns);
        if (err == VG_OK)
            err = incident_expire(store->db, now_ns);
        err = store_end(store, err);
    }
    if (err == VG_OK)
        err = store_make_room(store, store_soft_limit(store), now_ns);
    if (err == VG_OK || err == VG_ERR_LIMIT)
        err = sql_exec(store->db, "PRAGMA incremental_vacuum(2000)");
    return err;
}
