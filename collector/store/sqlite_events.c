/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of events, tombstones, and the rows of incidents. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

/* incidents.num of those that begin within one second: sqlite_schema_triage.c. */
#define NUM_OF_SECOND (INT64_C(1) << SEARCH_NUM_BITS)

enum vg_err
sqlite_stream_open(struct storage *base, const char *agent, const char *store, int64_t now_ns,
                   int64_t *stream, int64_t *durable)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st;
    enum vg_err err;

    for (int attempt = 0; attempt < 2; attempt++) {
        st = sq(s, "SELECT id, durable FROM streams WHERE agent = ? AND store = ?");
        sq_bind(st, "tt", agent, store);
        err = sq_step(s, st);
        if (err == VG_OK) {
            *stream = sqlite3_column_int64(st, 0);
            *durable = sqlite3_column_int64(st, 1);
            sq_end(st);
            return VG_OK;
        }
        if (err != VG_ERR_NOENT)
            return err;
        st = sq(
            s,
            "INSERT INTO streams (agent, store, created, durable) SELECT ?1,?2,?3,0 WHERE"
            " (SELECT count(*) FROM streams WHERE agent = ?1) < ?4 OR ?2 = ?1"); /* our own: own.h */
        sq_bind(st, "ttii", agent, store, now_ns, (int64_t)STORAGE_STREAMS_MAX);
        err = sq_change(s, st);
        if (err != VG_OK)
            return err == VG_ERR_NOENT ? VG_ERR_DENIED : err;
    }
    return VG_ERR_SYS;
}

enum vg_err
sqlite_event_id(struct storage *base, int64_t stream, int64_t seq, char id[UUID_TEXT_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT id FROM events WHERE key = ?");
    enum vg_err err;

    sq_bind(st, "i", KEY_OF(stream, seq));
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sq_copy(st, 0, id, UUID_TEXT_SIZE);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_event_put(struct storage *base, const struct storage_event *e)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "INSERT INTO events (key, id, tenant, site, time, recorded, received, class,"
              " severity, detector, incident, body) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");

    sq_bind(st, "itttiiititt", KEY_OF(e->stream, e->seq), e->id, e->tenant, e->site, e->time_ns,
            e->recorded_ns, e->received_ns, e->class, (int64_t)e->severity, e->detector,
            e->incident);
    if (st != NULL)
        (void)sqlite3_bind_text64(st, 12, (const char *)e->body.at, e->body.left, SQLITE_STATIC,
                                  SQLITE_UTF8);
    return sq_run(s, st);
}

enum vg_err
sqlite_event_refuse(struct storage *base, const struct storage_event *tombstone, const char *why,
                    struct slice body)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st;
    enum vg_err err = sqlite_event_put(base, tombstone);

    if (err != VG_OK)
        return err;
    st = sq(s, "INSERT INTO quarantine (key, received, why, body) VALUES (?,?,?,?)");
    sq_bind(st, "iitb", KEY_OF(tombstone->stream, tombstone->seq), tombstone->received_ns, why,
            &body);
    return sq_run(s, st);
}

enum vg_err
sqlite_stream_durable(struct storage *base, int64_t stream, int64_t durable)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE streams SET durable = max(durable, ?2) WHERE id = ?1");

    sq_bind(st, "ii", stream, durable);
    return sq_change(s, st);
}

enum vg_err
sqlite_incident_match(struct storage *base, const struct storage_incident *like, int64_t gap_ns,
                      struct storage_incident *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT id, detector, subject_label, severity, first, last, count, event >> 40,"
              " event & ((1 << 40) - 1) FROM incidents WHERE site = ?1 AND family = ?2 AND"
              " subject_kind = ?3 AND subject_id = ?4 AND last >= ?5 AND first <= ?6"
              /* What was real and dealt with, and happens again, is news. */
              " AND (state != 'resolved_true' OR resolved >= ?7)"
              " ORDER BY last DESC LIMIT 1");
    enum vg_err err;

    sq_bind(st, "ttttiii", like->site, like->family, like->subject_kind, like->subject_id,
            like->first_ns - gap_ns, like->last_ns + gap_ns, like->last_ns);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    *out = *like;
    sq_copy(st, 0, out->id, sizeof out->id);
    sq_copy(st, 1, out->detector, sizeof out->detector);
    sq_copy(st, 2, out->subject_label, sizeof out->subject_label);
    out->severity = (enum severity)sqlite3_column_int(st, 3);
    out->first_ns = sqlite3_column_int64(st, 4);
    out->last_ns = sqlite3_column_int64(st, 5);
    out->count = sqlite3_column_int64(st, 6);
    out->stream = sqlite3_column_int64(st, 7);
    out->seq = sqlite3_column_int64(st, 8);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_incident_add(struct storage *base, const struct storage_incident *i, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "INSERT INTO incidents (id, tenant, site, family, detector, subject_kind, subject_id,"
              " subject_label, severity, state, first, last, count, event, created, updated, num)"
              " SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,'new',?10,?11,?12,?13,?14,?14,"
              " coalesce(max(num) + 1, ?15) FROM incidents WHERE num BETWEEN ?15 AND ?16");
    int64_t first_num = i->last_ns / VG_SEC_NS * NUM_OF_SECOND;
    enum vg_err err;

    sq_bind(st, "ttttttttiiiiiiii", i->id, i->tenant, i->site, i->family, i->detector,
            i->subject_kind, i->subject_id, i->subject_label, (int64_t)i->severity, i->first_ns,
            i->last_ns, i->count, KEY_OF(i->stream, i->seq), now_ns, first_num,
            first_num + NUM_OF_SECOND - 2);
    err = sq_run(s, st);
    return err == VG_OK ? sq_search_add(s, i) : err;
}

enum vg_err
sqlite_incident_grow(struct storage *base, const struct storage_incident *i, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE incidents SET detector = ?2, subject_label = ?3, severity ="
                             " ?4, first = ?5, last = ?6, count = ?7, event = ?8, updated = ?9"
                             " WHERE id = ?1");
    enum vg_err err;

    sq_bind(st, "tttiiiiii", i->id, i->detector, i->subject_label, (int64_t)i->severity,
            i->first_ns, i->last_ns, i->count, KEY_OF(i->stream, i->seq), now_ns);
    err = sq_change(s, st);
    return err == VG_OK ? sq_search_grow(s, i) : err;
}

enum vg_err
sqlite_incident_agent(struct storage *base, const char *incident, const char *agent)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "INSERT OR IGNORE INTO incident_agents (incident, agent) VALUES (?,?)");

    sq_bind(st, "tt", incident, agent);
    return sq_run(s, st);
}

enum vg_err
sqlite_events(struct storage *base, const struct storage_scope *scope, storage_line_fn *fn,
              void *ctx)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope, "SELECT body FROM events WHERE class != 'refused' AND ",
                                 "tenant", " ORDER BY key");
    enum vg_err err, told = VG_OK;

    sq_bind(st, "t", scope->id);
    while (told == VG_OK && (err = sq_step(s, st)) == VG_OK) {
        const char *body = sq_text(st, 0);

        told = fn(ctx, slice_of(body, strlen(body)));
    }
    sq_end(st);
    if (told != VG_OK)
        return told;
    return err == VG_ERR_NOENT ? VG_OK : err;
}
