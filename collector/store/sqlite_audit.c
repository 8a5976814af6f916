/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail: who did what to what, when. Rows are added and never changed. */
#include <stdlib.h>
#include <string.h>

#include "collector/store/sqlite_int.h"

enum vg_err
sqlite_audit(struct storage *base, const char *tenant, const char *who, const char *what,
             const char *object, const char *note, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq(s, "INSERT INTO audit (tenant, time, who, what, object, note) VALUES (?,?,?,?,?,?)");

    sq_bind(st, "titttt", tenant, now_ns, who, what, object, note);
    return sq_run(s, st);
}

static json_t *
audit_row(sqlite3_stmt *st)
{
    return json_pack("{so so so so so so so}", "id", sq_json_int(st, 0), "time",
                     sq_json_time(st, 1), "who", sq_json_text(st, 2), "what", sq_json_text(st, 3),
                     "object", sq_json_text(st, 4), "note", sq_json_text(st, 5), "tenant",
                     sq_json_text(st, 6));
}

#define AUDIT_COLUMNS                                                                              \
    "SELECT a.id, a.time, a.who, a.what, a.object, a.note, t.name FROM audit a LEFT JOIN tenants " \
    "t ON t.id = a.tenant WHERE "

enum vg_err
sqlite_audit_page(struct storage *base, const struct storage_scope *scope, int64_t before,
                  const char *who, size_t limit, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope, AUDIT_COLUMNS, "a.tenant",
                                 " AND a.id < ?2 AND ?3 IN ('', a.who) ORDER BY a.id DESC LIMIT"
                                 " ?4");
    json_t *items = json_array(), *next = NULL;
    enum vg_err err;

    sq_bind(st, "titi", scope->id, before, who, (int64_t)limit + 1);
    while ((err = sq_step(s, st)) == VG_OK && json_array_size(items) < limit)
        (void)json_array_append_new(items, audit_row(st));
    if (err == VG_OK) {
        json_t *last = json_array_get(items, limit - 1);

        next = json_incref(json_object_get(last, "id"));
        sq_end(st);
    } else if (err != VG_ERR_NOENT) {
        json_decref(items);
        return err;
    }
    *out = json_pack("{so so}", "items", items, "next", next != NULL ? next : json_null());
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}

enum vg_err
sqlite_audit_all(struct storage *base, const struct storage_scope *scope, storage_row_fn *fn,
                 void *ctx)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope, AUDIT_COLUMNS, "a.tenant", " ORDER BY a.id");
    enum vg_err err, told = VG_OK;

    sq_bind(st, "t", scope->id);
    while (told == VG_OK && (err = sq_step(s, st)) == VG_OK) {
        json_t *row = audit_row(st);

        told = row != NULL ? fn(ctx, row) : VG_ERR_NOMEM;
        json_decref(row);
    }
    sq_end(st);
    if (told != VG_OK)
        return told;
    return err == VG_ERR_NOENT ? VG_OK : err;
}
