/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of agents to see that they are silent, or several. */
#include "collector/store/sqlite_int.h"

enum vg_err
sqlite_face_put(struct storage *base, const char *agent, const struct storage_face *f,
                int64_t now_ns, bool *known)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agent_faces SET last = ?4, host = iif(?5 = '', host, ?5),"
                             " address = ?6 WHERE agent = ?1 AND kind = ?2 AND value = ?3");
    enum vg_err err;

    sq_bind(st, "tttitt", agent, f->kind, f->value, now_ns, f->host, f->address);
    err = sq_change(s, st);
    *known = err == VG_OK;
    if (err != VG_ERR_NOENT)
        return err;
    st = sq(s, "INSERT INTO agent_faces (agent, kind, value, host, address, first, last)"
               " VALUES (?1,?2,?3,?5,?6,?4,?4)");
    sq_bind(st, "tttitt", agent, f->kind, f->value, now_ns, f->host, f->address);
    err = sq_run(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "DELETE FROM agent_faces WHERE agent = ?1 AND kind = ?2 AND value IN (SELECT value"
               " FROM agent_faces WHERE agent = ?1 AND kind = ?2 ORDER BY last DESC LIMIT -1"
               " OFFSET ?3)");
    sq_bind(st, "tti", agent, f->kind, (int64_t)STORAGE_FACES_MAX);
    return sq_run(s, st);
}

enum vg_err
sqlite_face_get(struct storage *base, const char *agent, const char *kind, const char *value,
                struct storage_face *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT kind, value, host, address FROM agent_faces"
                             " WHERE agent = ? AND kind = ? AND value = ?");
    enum vg_err err;

    sq_bind(st, "ttt", agent, kind, value);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sq_copy(st, 0, out->kind, sizeof out->kind);
    sq_copy(st, 1, out->value, sizeof out->value);
    sq_copy(st, 2, out->host, sizeof out->host);
    sq_copy(st, 3, out->address, sizeof out->address);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_face_came_back(struct storage *base, const char *agent, const char *kind, const char *value,
                      bool *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT NOT EXISTS (SELECT 1 FROM agent_faces WHERE agent = ?1 AND kind = ?2 AND"
              " value = ?3) OR EXISTS (SELECT 1 FROM agent_faces a JOIN agent_faces b ON b.agent ="
              " a.agent AND b.kind = a.kind AND b.first > a.first AND b.first < a.last WHERE"
              " a.agent = ?1 AND a.kind = ?2 AND a.value = ?3)");
    enum vg_err err;

    sq_bind(st, "ttt", agent, kind, value);
    err = sq_step(s, st);
    if (err == VG_OK)
        *out = sqlite3_column_int(st, 0) != 0;
    sq_end(st);
    return err;
}

enum vg_err
sqlite_agent_returned(struct storage *base, const char *agent, int64_t now_ns, int64_t span_ns,
                      int64_t *returns, int64_t *told_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET"
                             " returns = iif(coalesce(returns_since, 0) > ?2, returns + 1, 1),"
                             " returns_since = iif(coalesce(returns_since, 0) > ?2,"
                             " returns_since, ?3) WHERE id = ?1");
    enum vg_err err;

    sq_bind(st, "tii", agent, now_ns - span_ns, now_ns);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "SELECT returns, coalesce(cloned, 0) FROM agents WHERE id = ?");
    sq_bind(st, "t", agent);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    *returns = sqlite3_column_int64(st, 0);
    *told_ns = sqlite3_column_int64(st, 1);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_agent_cloned(struct storage *base, const char *agent, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET cloned = ? WHERE id = ?");

    sq_bind(st, "it", now_ns, agent);
    return sq_change(s, st);
}

enum vg_err
sqlite_agent_store(struct storage *base, const char *agent, const char *store)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET store = ? WHERE id = ?");

    sq_bind(st, "tt", store, agent);
    return sq_change(s, st);
}

enum vg_err
sqlite_agents_quiet(struct storage *base, int64_t before_ns, int64_t now_ns, size_t max,
                    json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT a.id, a.tenant, a.site, a.host, a.last_seen, s.zone,"
                             " coalesce(s.hours, ''), s.name FROM agents a JOIN sites s ON s.id ="
                             " a.site WHERE a.revoked IS NULL AND (a.silent IS NULL OR (a.silent ="
                             " '' AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.tenant ="
                             " a.tenant AND x.detector = 'agent.silent' AND x.ended IS NULL AND"
                             " x.until > ?2))) AND (a.last_seen <= ?1 OR a.last_seen > ?2)"
                             " ORDER BY a.site, a.id LIMIT ?3");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "iii", before_ns, now_ns, (int64_t)max);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all,
            json_pack("{so so so so so so so so}", "id", sq_json_text(st, 0), "tenant",
                      sq_json_text(st, 1), "site", sq_json_text(st, 2), "host", sq_json_text(st, 3),
                      "last_seen", sq_json_int(st, 4), "zone", sq_json_text(st, 5), "hours",
                      sq_json_text(st, 6), "site_name", sq_json_text(st, 7)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

enum vg_err
sqlite_agent_silent(struct storage *base, const char *agent, const char *incident)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET silent = ? WHERE id = ?");

    sq_bind(st, "tt", incident, agent);
    return sq_change(s, st);
}

enum vg_err
sqlite_agent_heard(struct storage *base, const char *agent, const char *incident, bool *last)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET silent = NULL WHERE id = ?");
    enum vg_err err;

    sq_bind(st, "t", agent);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "SELECT 1 FROM agents WHERE silent = ? AND revoked IS NULL LIMIT 1");
    sq_bind(st, "t", incident);
    err = sq_step(s, st);
    sq_end(st);
    *last = err == VG_ERR_NOENT;
    return err == VG_ERR_NOENT ? VG_OK : err;
}
