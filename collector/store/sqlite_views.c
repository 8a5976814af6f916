/* SPDX-License-Identifier: Apache-2.0 */
/* Saved views, and which detectors make the most noise. */
#include <stdio.h>
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

enum {
    VIEWS_SHOWN = 200,
    NOISE_DAYS = 30,
    NOISE_DETECTORS = 50,
    NOISE_NEWEST = 5000, /* incidents that are looked through */
    NOISE_ABOUT = 30,
};

/* ---- views ---- */

static json_t *
view_row(sqlite3_stmt *st)
{
    return json_pack("{so so so sb sb so}", "id", sq_json_text(st, 0), "name", sq_json_text(st, 1),
                     "query", sq_json_text(st, 2), "shared", sqlite3_column_int(st, 3), "mine",
                     sqlite3_column_int(st, 4), "who", sq_json_text(st, 5));
}

enum vg_err
sqlite_views(struct storage *base, const struct storage_user *user, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "SELECT v.id, v.name, v.query, v.shared, v.user = ?1, u.name FROM views v"
              " JOIN users u ON u.id = v.user WHERE v.user = ?1 OR (v.shared AND v.tenant = ?2)"
              " ORDER BY v.user != ?1, v.name, v.id LIMIT ?3");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "tti", user->id, user->tenant, (int64_t)VIEWS_SHOWN);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(all, view_row(st));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

enum vg_err
sqlite_view_add(struct storage *base, struct storage_view *view, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT count(*) FROM views WHERE user = ?");
    bool full;
    enum vg_err err;

    sq_bind(st, "t", view->user);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    full = sqlite3_column_int64(st, 0) >= STORAGE_VIEWS_MAX;
    sq_end(st);
    if (full)
        return VG_ERR_LIMIT;
    err = uuid_v7(now_ns, view->id);
    if (err != VG_OK)
        return err;
    st = sq(s, "INSERT INTO views (id, user, tenant, name, query, shared, created)"
               " VALUES (?,?,?,?,?,?,?)");
    sq_bind(st, "tttttii", view->id, view->user, view->tenant, view->name, view->query,
            (int64_t)view->shared, now_ns);
    return sq_run(s, st);
}

enum vg_err
sqlite_view_remove(struct storage *base, const char *user, const char *id)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "DELETE FROM views WHERE id = ? AND user = ?");

    sq_bind(st, "tt", id, user);
    return sq_change(s, st);
}

/* ---- noise ---- */

static json_t *
noise_row(sqlite3_stmt *st)
{
    return json_pack("{so so so so so so}", "detector", sq_json_text(st, 0), "incidents",
                     sq_json_int(st, 1), "true", sq_json_int(st, 2), "false", sq_json_int(st, 3),
                     "expected", sq_json_int(st, 4), "sites", sq_json_int(st, 5));
}

enum vg_err
sqlite_noise(struct storage *base, const struct storage_scope *scope, int64_t now_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(
        s, scope,
        "SELECT d.detector, sum(d.n), sum(d.was_true), sum(d.was_false), sum(d.was_expected),"
        " count(DISTINCT d.site) FROM incident_days d WHERE ",
        "d.tenant", " AND d.day >= ?2 AND d.n > 0 GROUP BY d.detector ORDER BY 2 DESC, 1 LIMIT ?3");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "tii", scope->id, now_ns / VG_DAY_NS - (NOISE_DAYS - 1), (int64_t)NOISE_DETECTORS);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(all, noise_row(st));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

static json_t *
about_row(sqlite3_stmt *st)
{
    return json_pack("{s{so so} so s{so so so} so so}", "site", "id", sq_json_text(st, 0), "name",
                     sq_json_text(st, 1), "tenant", sq_json_text(st, 2), "subject", "kind",
                     sq_json_text(st, 3), "id", sq_json_text(st, 4), "label", sq_json_text(st, 5),
                     "incidents", sq_json_int(st, 6), "resolved", sq_json_int(st, 7));
}

/* Its newest incidents come from the index of the search; only they are read. */
enum vg_err
sqlite_noise_about(struct storage *base, const struct storage_scope *scope, const char *detector,
                   int64_t now_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    const struct storage_incident_query query = {
        .state = "all", .severity = "", .site = "", .detector = detector, .cursor = ""};
    sqlite3_stmt *st =
        sq(s, "SELECT n.site, s.name, t.name, n.subject_kind, n.subject_id, max(n.subject_label),"
              " count(*), sum(n.state IN ('resolved_false', 'resolved_expected')) FROM (SELECT"
              " i.* FROM incident_search f JOIN incidents i ON i.num = f.rowid WHERE"
              " f.incident_search MATCH ?1 AND f.rowid >= ?2 ORDER BY f.rowid DESC LIMIT ?3) n"
              " JOIN sites s ON s.id = n.site JOIN tenants t ON t.id = n.tenant"
              " GROUP BY n.site, n.subject_kind, n.subject_id ORDER BY 7 DESC, 1, 5 LIMIT ?4");
    json_t *all;
    struct buf match;
    enum vg_err err;

    buf_init(&match, SEARCH_MATCH_MAX);
    err = sq_search_match(s, scope, &query, &match);
    if (err != VG_OK) {
        buf_done(&match);
        return err;
    }
    all = json_array();
    sq_bind(st, "tiii", buf_str(&match),
            ((now_ns - NOISE_DAYS * VG_DAY_NS) / VG_SEC_NS) << SEARCH_NUM_BITS,
            (int64_t)NOISE_NEWEST, (int64_t)NOISE_ABOUT);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(all, about_row(st));
    buf_done(&match);
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}
