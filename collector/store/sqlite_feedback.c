/* SPDX-License-Identifier: Apache-2.0 */
/* What agents are told of what people said: exceptions that hold or do so no more, and verdicts on the
 * events of incidents that were resolved. An agent says up to which version it has all. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

enum vg_err
sq_feedback_version(struct sqlite *s, int64_t now_ns, int64_t *out)
{
    sqlite3_stmt *st = sq(s, "UPDATE feedback_versions SET n = max(n + 1, ?1)");
    enum vg_err err;

    sq_bind(st, "i", now_ns / VG_US_NS);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "SELECT n FROM feedback_versions");
    err = sq_step(s, st);
    if (err == VG_OK)
        *out = sqlite3_column_int64(st, 0);
    sq_end(st);
    return err;
}

/* ---- verdicts ---- */

static const char *
kind_of(const char *state)
{
    return strcmp(state, "resolved_true") == 0       ? "useful"
           : strcmp(state, "resolved_false") == 0    ? "noise"
           : strcmp(state, "resolved_expected") == 0 ? "mine"
                                                     : NULL;
}

enum vg_err
sq_feedback_state(struct sqlite *s, const char *incident, const char *state, int64_t now_ns)
{
    const char *kind = kind_of(state);
    sqlite3_stmt *st = sq(s, "DELETE FROM verdicts WHERE incident = ?");
    int64_t version = 0, count = 0;
    enum vg_err err;

    sq_bind(st, "t", incident);
    err = sq_run(s, st);
    if (err != VG_OK || kind == NULL)
        return err;
    err = sq_feedback_version(s, now_ns, &version);
    if (err != VG_OK)
        return err;
    /* The newest of its events, once for each agent, detector, subject and peer. */
    st = sq(s, "INSERT INTO verdicts (agent, version, incident, sensor, detector, subject_kind,"
               " subject_id, peer_id, kind, time) SELECT agent, ?2 + row_number() OVER () - 1, ?1,"
               " sensor, detector, skind, sid, pid, ?3, ?4 FROM (SELECT DISTINCT r.agent AS agent,"
               " coalesce(e.body ->> '$.sensor', '') AS sensor, e.detector AS detector,"
               " coalesce(e.body ->> '$.subject.kind', '') AS skind,"
               " coalesce(e.body ->> '$.subject.id', '') AS sid,"
               " coalesce(e.body ->> '$.peer.id', '') AS pid FROM (SELECT key, detector, body FROM"
               " events WHERE incident = ?1 ORDER BY time DESC, key DESC LIMIT ?5) e JOIN streams r"
               " ON r.id = e.key >> 40 LIMIT ?6)");
    sq_bind(st, "titiii", incident, version, kind, now_ns, (int64_t)STORAGE_INCIDENT_EVENTS,
            (int64_t)STORAGE_VERDICTS_MAX);
    err = sq_run(s, st);
    if (err != VG_OK)
        return err;
    count = sqlite3_changes64(s->db);
    st = sq(s, "UPDATE feedback_versions SET n = n + ?1");
    sq_bind(st, "i", count);
    return sq_change(s, st);
}

/* ---- for one agent ---- */

/* clang-format off */
#define PARTIES                                                                                    \
    "'subject', iif(subject_id = '', NULL, json_object('kind', subject_kind, 'id', subject_id)),"  \
    "'peer', iif(peer_id = '', NULL, json_object('id', peer_id))"

/* An exception that ended before the agent heard of it is none of its business. */
#define FOR_AGENT                                                                                  \
    "FROM exceptions WHERE tenant = ?2 AND site IN ('', ?3) AND version > ?4 AND"                  \
    " ((ended IS NULL AND until > ?5) OR made <= ?4)"

/* Rows: JSON text, version, until or 0. */
#define TOLD                                                                                       \
    "SELECT json_object('version', version, 'id', id, 'kind', iif(ended IS NULL, kind, 'ended'),"  \
    " 'detector', detector, " PARTIES "), version AS v, until " FOR_AGENT                          \
    " UNION ALL SELECT json_object('version', version, 'id', incident, 'kind', kind, 'sensor',"    \
    " sensor, 'detector', detector, " PARTIES "), version, 0 FROM verdicts WHERE agent = ?1 AND"   \
    " version > ?4 ORDER BY v LIMIT ?6"
/* clang-format on */

enum vg_err
sqlite_feedback(struct storage *base, const struct storage_agent *agent, int64_t after,
                int64_t now_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, TOLD);
    json_t *all = json_array(), *one;
    enum vg_err err;

    sq_bind(st, "tttiii", agent->id, agent->tenant, agent->site, after, now_ns,
            (int64_t)STORAGE_FEEDBACK_MAX);
    while ((err = sq_step(s, st)) == VG_OK) {
        one = sq_json_tree(st, 0);
        if (sqlite3_column_int64(st, 2) != 0)
            (void)json_object_set_new(one, "until", sq_json_time(st, 2));
        (void)json_array_append_new(all, one);
    }
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

enum vg_err
sqlite_feedback_heard(struct storage *base, const char *agent, int64_t version)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET feedback = ?2 WHERE id = ?1 AND feedback != ?2");

    sq_bind(st, "ti", agent, version);
    return sq_run(s, st);
}

enum vg_err
sqlite_feedback_news(struct storage *base, const struct storage_agent *agent, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT feedback FROM agents WHERE id = ?");
    int64_t has;
    enum vg_err err;

    sq_bind(st, "t", agent->id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    has = sqlite3_column_int64(st, 0);
    sq_end(st);
    st = sq(s, "SELECT 1 WHERE EXISTS (SELECT 1 " FOR_AGENT ") OR EXISTS (SELECT 1 FROM verdicts"
               " WHERE agent = ?1 AND version > ?4)");
    sq_bind(st, "tttii", agent->id, agent->tenant, agent->site, has, now_ns);
    err = sq_step(s, st);
    sq_end(st);
    return err;
}
