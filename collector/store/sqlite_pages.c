/* SPDX-License-Identifier: Apache-2.0 */
/* An incident as the dashboard sees it: its row in lists, and all that is known of it. */
#include "collector/store/sqlite_int.h"

static json_t *
share(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return value != NULL ? json_incref(value) : json_null();
}

json_t *
sqlite_incident_row(sqlite3_stmt *st)
{
    json_t *event = sq_json_tree(st, 11);
    json_t *row = json_pack(
        "{so s{so so} so so ss so so so so so so so}", "id", sq_json_text(st, 0), "site", "id",
        sq_json_text(st, 1), "name", sq_json_text(st, 2), "tenant", sq_json_text(st, 3), "detector",
        sq_json_text(st, 4), "severity", severity_name((enum severity)sqlite3_column_int(st, 5)),
        "state", sq_json_text(st, 6), "subject", share(event, "subject"), "peer",
        share(event, "peer"), "first", sq_json_time(st, 7), "last", sq_json_time(st, 8), "count",
        sq_json_int(st, 9), "agents", sq_json_int(st, 10));

    (void)json_object_set_new(
        row, "assignee",
        sqlite3_column_type(st, 13) == SQLITE_NULL
            ? json_null()
            : json_pack("{so so}", "id", sq_json_text(st, 12), "name", sq_json_text(st, 13)));
    if (row != NULL)
        (void)json_object_set(row, "event", event);
    json_decref(event);
    return row;
}

void
sqlite_like_text(const char *text, char out[512])
{
    size_t n = 0;

    out[n++] = '%';
    for (const char *p = text; *p != '\0' && n < 508; p++) {
        if (*p == '%' || *p == '_' || *p == '\\')
            out[n++] = '\\';
        out[n++] = *p;
    }
    out[n++] = '%';
    out[n] = '\0';
}

static enum vg_err
add_events(struct sqlite *s, const char *id, json_t *row)
{
    sqlite3_stmt *st = sq(s, "SELECT body FROM events WHERE incident = ?"
                             " ORDER BY time DESC, key DESC LIMIT ?");
    json_t *list = json_array();
    enum vg_err err;

    sq_bind(st, "ti", id, (int64_t)STORAGE_INCIDENT_EVENTS);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(list, sq_json_tree(st, 0));
    (void)json_object_set_new(row, "events", list);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
add_mails(struct sqlite *s, const char *id, json_t *row)
{
    sqlite3_stmt *st = sq(s, "SELECT m.recipient, m.state, coalesce(m.done, m.created) FROM mails"
                             " m JOIN mail_incidents x ON x.mail = m.id WHERE x.incident = ?"
                             " ORDER BY m.id");
    json_t *list = json_array();
    enum vg_err err;

    sq_bind(st, "t", id);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(list,
                                    json_pack("{so so so}", "to", sq_json_text(st, 0), "state",
                                              sq_json_text(st, 1), "time", sq_json_time(st, 2)));
    (void)json_object_set_new(row, "mails", list);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
add_history(struct sqlite *s, const char *id, json_t *row)
{
    sqlite3_stmt *st =
        sq(s, "SELECT time, who, what, note FROM audit WHERE object = ? ORDER BY id LIMIT 200");
    json_t *list = json_array();
    enum vg_err err;

    sq_bind(st, "t", id);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(list,
                                    json_pack("{so so so so}", "time", sq_json_time(st, 0), "who",
                                              sq_json_text(st, 1), "what", sq_json_text(st, 2),
                                              "note", sq_json_text(st, 3)));
    (void)json_object_set_new(row, "history", list);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

enum vg_err
sqlite_incident_get(struct storage *base, const struct storage_scope *scope, const char *id,
                    json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT " INCIDENT_COLUMNS ", s.zone, s.language " INCIDENT_FROM
                                 "WHERE i.id = ?2 AND ",
                                 "i.tenant", "");
    json_t *row = NULL, *site;
    enum vg_err err;

    sq_bind(st, "tt", scope->id, id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    row = sqlite_incident_row(st);
    site = json_object_get(row, "site");
    (void)json_object_set_new(site, "zone", sq_json_text(st, INCIDENT_COLUMN_COUNT));
    (void)json_object_set_new(site, "language", sq_json_text(st, INCIDENT_COLUMN_COUNT + 1));
    sq_end(st);
    if (row == NULL)
        return VG_ERR_NOMEM;
    err = add_events(s, id, row);
    if (err == VG_OK)
        err = add_mails(s, id, row);
    if (err == VG_OK)
        err = add_history(s, id, row);
    if (err != VG_OK) {
        json_decref(row);
        return err;
    }
    *out = row;
    return VG_OK;
}
