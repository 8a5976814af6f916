/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents as the dashboard sees them: lists with filters and a cursor, detail, changes of state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

    if (row != NULL)
        (void)json_object_set(row, "event", event);
    json_decref(event);
    return row;
}

/* A cursor is "LAST_ns:ID" of the row before. */
static enum vg_err
cursor_parse(const char *text, int64_t *last_ns, char id[UUID_TEXT_SIZE])
{
    char *end = NULL;

    *last_ns = INT64_MAX;
    id[0] = '\0';
    if (text[0] == '\0')
        return VG_OK;
    *last_ns = strtoll(text, &end, 10);
    if (end == text || *end != ':' || !uuid_valid(end + 1))
        return VG_ERR_FORMAT;
    return vg_strcpy(id, UUID_TEXT_SIZE, end + 1) ? VG_OK : VG_ERR_FORMAT;
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

enum vg_err
sqlite_incidents(struct storage *base, const struct storage_scope *scope,
                 const struct storage_incident_query *query, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(
        s, scope, "SELECT " INCIDENT_COLUMNS ", i.last " INCIDENT_FROM "WHERE ", "i.tenant",
        " AND (i.last, i.id) < (?2, ?3)"
        " AND (?4 = 'all' OR (i.state LIKE 'resolved%') = (?4 = 'resolved'))"
        " AND i.severity >= ?5 AND ?6 IN ('', i.site) AND ?7 IN ('', i.detector, i.family)"
        " AND (?8 = '%%' OR i.subject_label LIKE ?8 ESCAPE '\\' OR i.subject_id LIKE ?8 ESCAPE"
        " '\\' OR i.detector LIKE ?8 ESCAPE '\\' OR s.name LIKE ?8 ESCAPE '\\')"
        " ORDER BY i.last DESC, i.id DESC LIMIT ?9");
    char id[UUID_TEXT_SIZE], like[512], next[64] = "";
    json_t *items = json_array();
    enum severity least = SEVERITY_INFO;
    int64_t last_ns;
    enum vg_err err = cursor_parse(query->cursor, &last_ns, id);

    if (err == VG_OK && query->severity[0] != '\0')
        err = severity_parse(query->severity, &least);
    if (err != VG_OK)
        goto fail;
    sqlite_like_text(query->text, like);
    sq_bind(st, "tittittti", scope->id, last_ns, id, query->state, (int64_t)least, query->site,
            query->detector, like, (int64_t)query->limit + 1);
    while ((err = sq_step(s, st)) == VG_OK) {
        if (json_array_size(items) == query->limit) {
            json_t *before = json_array_get(items, query->limit - 1);

            (void)snprintf(next, sizeof next, "%lld:%s", (long long)last_ns,
                           vg_json_str(before, "id", ""));
            sq_end(st);
            err = VG_ERR_NOENT;
            break;
        }
        (void)json_array_append_new(items, sqlite_incident_row(st));
        last_ns = sqlite3_column_int64(st, 12);
    }
    if (err != VG_ERR_NOENT)
        goto fail;
    *out = json_pack("{so so}", "items", items, "next",
                     next[0] != '\0' ? json_string(next) : json_null());
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
fail:
    sq_end(st);
    json_decref(items);
    return err;
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
    (void)json_object_set_new(site, "zone", sq_json_text(st, 12));
    (void)json_object_set_new(site, "language", sq_json_text(st, 13));
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

enum vg_err
sqlite_incident_set(struct storage *base, const struct storage_scope *scope, const char *id,
                    const char *state, const char *who, const char *note, int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(
        s, scope, "UPDATE incidents SET state = ?3, updated = ?4 WHERE id = ?2 AND ", "tenant", "");
    enum vg_err err;

    sq_bind(st, "ttti", scope->id, id, state, now_ns);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    st = sq(s, "INSERT INTO audit (tenant, time, who, what, object, note)"
               " SELECT tenant, ?2, ?3, ?4, id, ?5 FROM incidents WHERE id = ?1");
    sq_bind(st, "tittt", id, now_ns, who, state, note);
    return sq_change(s, st);
}
