/* SPDX-License-Identifier: Apache-2.0 */
/* What the first page shows: counts, sites, the last 30 days. */
#include <stdio.h>
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

enum { OVERVIEW_DAYS = 30, OVERVIEW_DETECTORS = 12, OVERVIEW_SITES = 500 };

static json_t *
severity_counts(void)
{
    return json_pack("{si si si si}", "critical", 0, "high", 0, "medium", 0, "low", 0);
}

static void
count_in(json_t *counts, enum severity severity, int64_t n)
{
    const char *name = severity_name(severity);

    if (json_object_get(counts, name) != NULL)
        (void)json_object_set_new(counts, name, json_integer(n));
}

static enum vg_err
add_open(struct sqlite *s, const struct storage_scope *scope, json_t *page)
{
    sqlite3_stmt *st = sq_scoped(s, scope, "SELECT severity, sum(n) FROM incident_open WHERE ",
                                 "tenant", " GROUP BY severity");
    json_t *counts = severity_counts();
    enum vg_err err;

    sq_bind(st, "t", scope->id);
    while ((err = sq_step(s, st)) == VG_OK)
        count_in(counts, (enum severity)sqlite3_column_int(st, 0), sqlite3_column_int64(st, 1));
    (void)json_object_set_new(page, "open", counts);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
add_agents(struct sqlite *s, const struct storage_scope *scope, int64_t now_ns, json_t *page)
{
    sqlite3_stmt *st =
        sq_scoped(s, scope, "SELECT count(*), coalesce(sum(last_seen > ?2), 0) FROM agents WHERE ",
                  "tenant", " AND revoked IS NULL");
    int64_t total, online;
    enum vg_err err;

    sq_bind(st, "ti", scope->id, now_ns - STORAGE_SILENT_NS);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    total = sqlite3_column_int64(st, 0);
    online = sqlite3_column_int64(st, 1);
    sq_end(st);
    (void)json_object_set_new(page, "agents",
                              json_pack("{sI sI sI}", "total", (json_int_t)total, "online",
                                        (json_int_t)online, "silent",
                                        (json_int_t)(total - online)));
    return VG_OK;
}

enum vg_err
sqlite_sites(struct storage *base, const struct storage_scope *scope, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq_scoped(s, scope,
                  "SELECT s.id, s.name, t.name, s.zone, s.language, s.mail, s.hours,"
                  " (SELECT count(*) FROM agents a WHERE a.site = s.id AND a.revoked IS NULL),"
                  " (SELECT coalesce(sum(n), 0) FROM incident_open i WHERE i.site = s.id),"
                  " (SELECT max(severity) FROM incident_open i WHERE i.site = s.id AND n > 0),"
                  " (SELECT max(last_seen) FROM agents a WHERE a.site = s.id), s.tenant"
                  " FROM sites s JOIN tenants t ON t.id = s.tenant WHERE ",
                  "s.tenant", " ORDER BY 9 DESC, t.name, s.name LIMIT ?2");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "ti", scope->id, (int64_t)OVERVIEW_SITES);
    while ((err = sq_step(s, st)) == VG_OK) {
        bool quiet = sqlite3_column_type(st, 9) == SQLITE_NULL;
        const char *worst = severity_name((enum severity)sqlite3_column_int(st, 9));

        (void)json_array_append_new(
            all, json_pack("{so so so so so so so so so so so so}", "id", sq_json_text(st, 0),
                           "name", sq_json_text(st, 1), "tenant", sq_json_text(st, 2), "zone",
                           sq_json_text(st, 3), "language", sq_json_text(st, 4), "mail",
                           sq_json_text(st, 5), "hours", sq_json_tree(st, 6), "agents",
                           sq_json_int(st, 7), "open", sq_json_int(st, 8), "worst",
                           quiet ? json_null() : json_string(worst), "last_seen",
                           sq_json_time(st, 10), "tenant_id", sq_json_text(st, 11)));
    }
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

/* The last 30 days (UTC) with the incidents that began on each, by their gravest severity. */
static enum vg_err
add_days(struct sqlite *s, const struct storage_scope *scope, int64_t now_ns, json_t *page)
{
    sqlite3_stmt *st = sq_scoped(s, scope, "SELECT day, severity, sum(n) FROM incident_days WHERE ",
                                 "tenant", " AND day >= ?2 GROUP BY 1, 2");
    int64_t first_day = now_ns / VG_DAY_NS - (OVERVIEW_DAYS - 1);
    json_t *days = json_array();
    enum vg_err err;

    for (int64_t d = first_day; d < first_day + OVERVIEW_DAYS; d++) {
        json_t *day = severity_counts();
        char text[32];
        unsigned month, dom;
        int year;

        vtime_civil_from_days(d, &year, &month, &dom);
        (void)snprintf(text, sizeof text, "%04d-%02u-%02u", year, month, dom);
        (void)json_object_set_new(day, "day", json_string(text));
        (void)json_array_append_new(days, day);
    }
    sq_bind(st, "ti", scope->id, first_day);
    while ((err = sq_step(s, st)) == VG_OK) {
        int64_t day = sqlite3_column_int64(st, 0) - first_day;

        if (day >= 0 && day < OVERVIEW_DAYS)
            count_in(json_array_get(days, (size_t)day), (enum severity)sqlite3_column_int(st, 1),
                     sqlite3_column_int64(st, 2));
    }
    (void)json_object_set_new(page, "days", days);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
add_detectors(struct sqlite *s, const struct storage_scope *scope, int64_t now_ns, json_t *page)
{
    sqlite3_stmt *st =
        sq_scoped(s, scope, "SELECT detector, sum(n) FROM incident_days WHERE ", "tenant",
                  " AND day >= ?2 GROUP BY detector HAVING sum(n) > 0 ORDER BY 2 DESC, 1 LIMIT ?3");
    json_t *list = json_array();
    enum vg_err err;

    sq_bind(st, "tii", scope->id, now_ns / VG_DAY_NS - (OVERVIEW_DAYS - 1),
            (int64_t)OVERVIEW_DETECTORS);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(list, json_pack("{so so}", "detector", sq_json_text(st, 0),
                                                    "count", sq_json_int(st, 1)));
    (void)json_object_set_new(page, "detectors", list);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
add_mails(struct sqlite *s, const struct storage_scope *scope, json_t *page)
{
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT coalesce(sum(state IN ('queued','sending')), 0),"
                                 " coalesce(sum(state = 'failed'), 0) FROM mails WHERE state IN"
                                 " ('queued','sending','failed') AND ",
                                 "tenant", "");
    enum vg_err err;

    sq_bind(st, "t", scope->id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    (void)json_object_set_new(
        page, "mails",
        json_pack("{so so}", "queued", sq_json_int(st, 0), "failed", sq_json_int(st, 1)));
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_overview(struct storage *base, const struct storage_scope *scope, int64_t now_ns,
                json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    json_t *page = json_object(), *sites = NULL;
    enum vg_err err = add_open(s, scope, page);

    if (err == VG_OK)
        err = add_agents(s, scope, now_ns, page);
    if (err == VG_OK && (err = sqlite_sites(base, scope, &sites)) == VG_OK)
        (void)json_object_set_new(page, "sites", sites);
    if (err == VG_OK)
        err = add_days(s, scope, now_ns, page);
    if (err == VG_OK)
        err = add_detectors(s, scope, now_ns, page);
    if (err == VG_OK)
        err = add_mails(s, scope, page);
    if (err != VG_OK) {
        json_decref(page);
        return err;
    }
    *out = page;
    return VG_OK;
}
