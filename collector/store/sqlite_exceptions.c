/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: made and ended by people, held against every alert that comes. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/event.h"

/* The tenant (and site, where one is named) lie in the scope: *site's tenant goes into the exception. */
static enum vg_err
place(struct sqlite *s, const struct storage_scope *scope, struct storage_exception *x)
{
    sqlite3_stmt *st =
        x->site[0] != '\0'
            ? sq_scoped(s, scope, "SELECT tenant FROM sites WHERE id = ?2 AND ", "tenant", "")
            : sq_scoped(s, scope, "SELECT id FROM tenants WHERE id = ?2 AND ", "id", "");
    enum vg_err err;

    sq_bind(st, "tt", scope->id, x->site[0] != '\0' ? x->site : x->tenant);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sq_copy(st, 0, x->tenant, sizeof x->tenant);
    sq_end(st);
    return VG_OK;
}

/* The most that an agent of this tenant has to know, with one more for `site`. */
static enum vg_err
room(struct sqlite *s, const struct storage_exception *x, int64_t now_ns)
{
    sqlite3_stmt *st =
        sq(s, "SELECT (SELECT count(*) FROM exceptions WHERE tenant = ?1 AND ended IS NULL AND"
              " until > ?3 AND site = '') + coalesce((SELECT max(n) FROM (SELECT count(*) AS n FROM"
              " exceptions WHERE tenant = ?1 AND ended IS NULL AND until > ?3 AND site != '' AND"
              " ?2 IN ('', site) GROUP BY site)), 0)");
    enum vg_err err;

    sq_bind(st, "tti", x->tenant, x->site, now_ns);
    err = sq_step(s, st);
    if (err == VG_OK && sqlite3_column_int64(st, 0) >= STORAGE_EXCEPTIONS_MAX)
        err = VG_ERR_LIMIT;
    sq_end(st);
    return err;
}

enum vg_err
sqlite_exception_add(struct storage *base, const struct storage_scope *scope,
                     struct storage_exception *x, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st;
    int64_t version = 0;
    enum vg_err err = place(s, scope, x);

    if (err == VG_OK)
        err = room(s, x, now_ns);
    if (err == VG_OK)
        err = sq_feedback_version(s, now_ns, &version);
    if (err == VG_OK)
        err = uuid_v7(now_ns, x->id);
    if (err != VG_OK)
        return err;
    st = sq(s, "INSERT INTO exceptions (id, tenant, site, detector, subject_kind, subject_id,"
               " subject_label, peer_id, peer_label, kind, until, why, incident, who, created,"
               " made, version) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,nullif(?13, ''),?14,"
               "?15,?16,?16)");
    sq_bind(st, "ttttttttttitttii", x->id, x->tenant, x->site, x->detector, x->subject_kind,
            x->subject_id, x->subject_label, x->peer_id, x->peer_label, x->kind, x->until_ns,
            x->why, x->incident, x->who, now_ns, version);
    err = sq_run(s, st);
    return err == VG_OK
               ? sqlite_audit(base, x->tenant, x->who, "exception.made", x->id, x->detector, now_ns)
               : err;
}

/* One that holds still, of the scope: its tenant. */
static enum vg_err
find(struct sqlite *s, const struct storage_scope *scope, const char *id,
     char tenant[UUID_TEXT_SIZE])
{
    sqlite3_stmt *st =
        sq_scoped(s, scope, "SELECT tenant FROM exceptions WHERE id = ?2 AND ended IS NULL AND ",
                  "tenant", "");
    enum vg_err err;

    sq_bind(st, "tt", scope->id, id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sq_copy(st, 0, tenant, UUID_TEXT_SIZE);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_exception_end(struct storage *base, const struct storage_scope *scope, const char *id,
                     const char *who, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st;
    char tenant[UUID_TEXT_SIZE];
    int64_t version = 0;
    enum vg_err err = find(s, scope, id, tenant);

    if (err == VG_OK)
        err = sq_feedback_version(s, now_ns, &version);
    if (err != VG_OK)
        return err;
    st = sq(s, "UPDATE exceptions SET ended = ?2, ended_by = ?3, version = ?4 WHERE id = ?1");
    sq_bind(st, "titi", id, now_ns, who, version);
    err = sq_change(s, st);
    return err == VG_OK ? sqlite_audit(base, tenant, who, "exception.ended", id, NULL, now_ns)
                        : err;
}

enum vg_err
sqlite_exception_until(struct storage *base, const struct storage_scope *scope, const char *id,
                       const char *who, int64_t until_ns, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st;
    char tenant[UUID_TEXT_SIZE];
    int64_t version = 0;
    enum vg_err err = find(s, scope, id, tenant);

    if (err == VG_OK)
        err = sq_feedback_version(s, now_ns, &version);
    if (err != VG_OK)
        return err;
    st = sq(s, "UPDATE exceptions SET until = ?2, version = ?3 WHERE id = ?1");
    sq_bind(st, "tii", id, until_ns, version);
    err = sq_change(s, st);
    return err == VG_OK ? sqlite_audit(base, tenant, who, "exception.prolonged", id, NULL, now_ns)
                        : err;
}

static json_t *
party(sqlite3_stmt *st, int kind, int id, int label)
{
    if (sq_text(st, id)[0] == '\0')
        return json_null();
    return json_pack("{so* so so}", "kind", kind >= 0 ? sq_json_text(st, kind) : NULL, "id",
                     sq_json_text(st, id), "label", sq_json_text(st, label));
}

static json_t *
row(sqlite3_stmt *st)
{
    return json_pack(
        "{so s{so so} so so so so so so so so so so so so so so s{so so}}", "id",
        sq_json_text(st, 0), "tenant", "id", sq_json_text(st, 1), "name", sq_json_text(st, 2),
        "site",
        sq_text(st, 3)[0] == '\0'
            ? json_null()
            : json_pack("{so so}", "id", sq_json_text(st, 3), "name", sq_json_text(st, 4)),
        "detector", sq_json_text(st, 5), "subject", party(st, 6, 7, 8), "peer",
        party(st, -1, 9, 10), "kind", sq_json_text(st, 11), "until", sq_json_time(st, 12), "why",
        sq_json_text(st, 13), "incident", sq_json_text(st, 14), "who", sq_json_text(st, 15),
        "created", sq_json_time(st, 16), "ended", sq_json_time(st, 17), "ended_by",
        sq_json_text(st, 18), "held", sq_json_int(st, 19), "held_last", sq_json_time(st, 20),
        "agents", "total", sq_json_int(st, 21), "told", sq_json_int(st, 22));
}

#define AGENTS_OF_IT                                                                               \
    " FROM agents a WHERE a.tenant = x.tenant AND x.site IN ('', a.site) AND a.revoked IS NULL"

#define EXCEPTIONS_WHERE(s, scope, condition)                                                      \
    sq_scoped(s, scope,                                                                            \
              "SELECT x.id, x.tenant, t.name, x.site, coalesce(s.name, ''), x.detector,"           \
              " x.subject_kind, x.subject_id, x.subject_label, x.peer_id, x.peer_label, x.kind,"   \
              " x.until, x.why, x.incident, x.who, x.created, x.ended, x.ended_by, x.held,"        \
              " x.held_last, (SELECT count(*)" AGENTS_OF_IT "), (SELECT count(*)" AGENTS_OF_IT     \
              " AND a.feedback >= x.version) FROM exceptions x JOIN tenants t ON t.id = x.tenant"  \
              " LEFT JOIN sites s ON s.id = x.site WHERE " condition " AND ",                      \
              "x.tenant", " ORDER BY x.created DESC, x.id DESC LIMIT ?4")

enum vg_err
sqlite_exceptions(struct storage *base, const struct storage_scope *scope, const char *id,
                  bool over, int64_t now_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = id != NULL ? EXCEPTIONS_WHERE(s, scope, "x.id = ?2")
                       : over ? EXCEPTIONS_WHERE(s, scope, "(x.ended IS NOT NULL OR x.until <= ?3)")
                              : EXCEPTIONS_WHERE(s, scope, "x.ended IS NULL AND x.until > ?3");
    json_t *all = json_array(), *one;
    enum vg_err err;

    sq_bind(st, "ttii", scope->id, id, now_ns, (int64_t)STORAGE_EXCEPTIONS_MAX);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(all, row(st));
    if (err == VG_ERR_NOENT && id == NULL) {
        *out = all;
        return VG_OK;
    }
    one = json_incref(json_array_get(all, 0));
    json_decref(all);
    if (err == VG_ERR_NOENT && one != NULL) {
        *out = one;
        return VG_OK;
    }
    json_decref(one);
    return err;
}

enum vg_err
sqlite_exception_hit(struct storage *base, const struct storage_incident *like, const char *peer,
                     int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "UPDATE exceptions SET held = held + 1, held_last = ?9 WHERE id = (SELECT id FROM"
              " exceptions WHERE tenant = ?1 AND detector IN (?2, ?3) AND ended IS NULL AND"
              " subject_id IN ('', ?4) AND (subject_id = '' OR subject_kind = ?5) AND peer_id IN"
              " ('', ?6) AND site IN ('', ?7) AND until > ?8 ORDER BY subject_id DESC, peer_id"
              " DESC, id LIMIT 1)");

    sq_bind(st, "tttttttii", like->tenant, like->detector, like->family, like->subject_id,
            like->subject_kind, peer, like->site, like->last_ns, now_ns);
    return sq_change(s, st);
}
