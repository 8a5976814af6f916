/* SPDX-License-Identifier: Apache-2.0 */
/* Hourly figures of sites. */
#include "collector/figures.h"
#include "collector/store/sqlite_int.h"

/* Whether another kind may be kept of the site: an agent that invents currencies fills no disk. */
static enum vg_err
may_begin(struct sqlite *s, const char *site, const char *kind)
{
    sqlite3_stmt *st = sq(s, "SELECT 1 FROM figure_kinds WHERE site = ? AND kind = ?");
    enum vg_err err;

    sq_bind(st, "tt", site, kind);
    err = sq_step(s, st);
    sq_end(st);
    if (err != VG_ERR_NOENT)
        return err;
    st = sq(s, "INSERT INTO figure_kinds (site, kind) SELECT ?1, ?2 WHERE"
               " (SELECT count(*) FROM figure_kinds WHERE site = ?1) < ?3");
    sq_bind(st, "tti", site, kind, (int64_t)FIGURES_KINDS_MAX);
    return sq_change(s, st);
}

enum vg_err
sqlite_figure_add(struct storage *base, const char *site, const char *kind, int64_t hour_ns,
                  int64_t value)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st;
    enum vg_err err = may_begin(s, site, kind);

    if (err != VG_OK)
        return err == VG_ERR_NOENT ? VG_OK : err;
    st = sq(s, "INSERT INTO figures (site, kind, hour, value) VALUES (?,?,?,?) ON CONFLICT DO"
               " UPDATE SET value = min(value + excluded.value, 1 << 60)");
    sq_bind(st, "ttii", site, kind, hour_ns, value);
    return sq_run(s, st);
}

enum vg_err
sqlite_figures(struct storage *base, const char *site, int64_t since_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT kind, hour, value FROM figures WHERE site = ? AND hour >= ?"
                             " ORDER BY kind, hour");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "ti", site, since_ns);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all, json_pack("[ooo]", sq_json_text(st, 0), sq_json_int(st, 1), sq_json_int(st, 2)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

enum vg_err
sqlite_figures_sweep(struct sqlite *s, int64_t now_ns)
{
    sqlite3_stmt *st = sq(s, "DELETE FROM figures WHERE hour < ?");

    sq_bind(st, "i", now_ns - FIGURES_KEEP_NS);
    return sq_run(s, st);
}
