/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of agents: one row for the provider (owner ""), for a tenant, for a site. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/settings.h"

enum vg_err
sqlite_settings_get(struct storage *base, const char *owner, json_t **out, int64_t *changed)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT body, changed FROM settings WHERE owner = ?");
    enum vg_err err;

    sq_bind(st, "t", owner);
    err = sq_step(s, st);
    if (err == VG_ERR_NOENT) {
        *out = json_object();
        *changed = 0;
        return *out != NULL ? VG_OK : VG_ERR_NOMEM;
    }
    if (err != VG_OK)
        return err;
    *out = sq_json_tree(st, 0);
    *changed = sqlite3_column_int64(st, 1);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_settings_set(struct storage *base, const char *owner, const char *body, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    /* Rises whatever the clock does: it is the version that agents compare. */
    sqlite3_stmt *st =
        sq(s, "INSERT INTO settings (owner, body, changed) VALUES"
              " (?1, ?2, max(?3, (SELECT coalesce(max(changed), 0) + 1 FROM settings),"
              " (SELECT coalesce(max(created), 0) + 1 FROM sites)))"
              " ON CONFLICT (owner) DO UPDATE SET body = excluded.body, changed ="
              " excluded.changed");

    sq_bind(st, "tti", owner, body, now_ns);
    return sq_run(s, st);
}

/* What the shop's page says of it. */
static enum vg_err
add_hours(struct sqlite *s, const char *site, json_t *all, int64_t *version)
{
    sqlite3_stmt *st = sq(s, "SELECT hours, created FROM sites WHERE id = ? AND hours IS NOT NULL");
    json_t *hours;
    enum vg_err err;

    sq_bind(st, "t", site);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err == VG_ERR_NOENT ? VG_OK : err;
    hours = json_pack("{s{so}}", "shop", "hours", sq_json_tree(st, 0));
    *version = *version > sqlite3_column_int64(st, 1) ? *version : sqlite3_column_int64(st, 1);
    sq_end(st);
    err = hours != NULL ? settings_merge(all, hours) : VG_ERR_NOMEM;
    json_decref(hours);
    return err;
}

enum vg_err
sqlite_settings_of(struct storage *base, const char *tenant, const char *site, json_t **out,
                   int64_t *version)
{
    struct sqlite *s = sqlite_of(base);
    const char *owners[] = {"", tenant, site};
    json_t *all = json_object(), *one = NULL;
    enum vg_err err = VG_OK;

    *version = 0;
    for (size_t i = 0; err == VG_OK && i < VG_ARRAY_LEN(owners); i++) {
        int64_t changed = 0;

        if (i > 0 && owners[i][0] == '\0')
            continue; /* asked for the levels above alone */
        if (i == 2)
            err = add_hours(s, site, all, version);
        if (err == VG_OK)
            err = sqlite_settings_get(base, owners[i], &one, &changed);
        if (err == VG_OK)
            err = settings_merge(all, one);
        json_decref(one);
        one = NULL;
        if (changed > *version)
            *version = changed;
    }
    if (err == VG_OK)
        *out = all;
    else
        json_decref(all);
    return err;
}

enum vg_err
sqlite_settings_raise(struct storage *base, const char *agent, int64_t of, int64_t has,
                      int64_t *version)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE agents SET settings_of = ?2, settings_sent = ?3 + 1 WHERE id ="
                             " ?1 AND (settings_of != ?2 OR settings_sent != ?3)");
    enum vg_err err;

    sq_bind(st, "tii", agent, of, has);
    err = sq_change(s, st);
    if (err == VG_OK)
        *version = has + 1;
    return err;
}
