/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox. A row goes queued -> sending (with a lease in `due`) -> sent or failed; a lease that
 * ran out makes it due again, so that a mailer that dies loses nothing. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

/* The site's summary that still waits, or VG_ERR_NOENT. One that was tried already stays as it is:
 * its content has left, perhaps. */
static enum vg_err
waiting_summary(struct sqlite *s, const char *site, int64_t *id)
{
    sqlite3_stmt *st = sq(s, "SELECT id FROM mails WHERE site = ? AND kind = 'summary' AND"
                             " state = 'queued' AND attempts = 0 ORDER BY id DESC LIMIT 1");
    enum vg_err err;

    sq_bind(st, "t", site);
    err = sq_step(s, st);
    if (err == VG_OK)
        *id = sqlite3_column_int64(st, 0);
    sq_end(st);
    return err;
}

static enum vg_err
add_mail(struct sqlite *s, const struct storage_incident *incident, bool late, int64_t now_ns,
         int64_t *id)
{
    sqlite3_stmt *st =
        sq(s, "INSERT INTO mails (key, tenant, site, kind, recipient, state, created, due)"
              " SELECT ?1, ?2, ?3, ?4, mail, 'queued', ?5, ?6 FROM sites WHERE id = ?3"
              " AND mail IS NOT NULL");
    char key[UUID_TEXT_SIZE];
    enum vg_err err = uuid_v7(now_ns, key);

    if (err != VG_OK)
        return err;
    sq_bind(st, "ttttii", key, incident->tenant, incident->site, late ? "summary" : "incident",
            now_ns, late ? now_ns + STORAGE_SUMMARY_WAIT_NS : now_ns);
    err = sq_change(s, st);
    if (err == VG_OK)
        *id = sqlite3_last_insert_rowid(s->db);
    return err;
}

enum vg_err
sqlite_mail_queue(struct storage *base, const struct storage_incident *incident, bool late,
                  int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st;
    int64_t id = 0;
    enum vg_err err = late ? waiting_summary(s, incident->site, &id) : VG_ERR_NOENT;

    if (err == VG_ERR_NOENT) {
        err = add_mail(s, incident, late, now_ns, &id);
        if (err == VG_ERR_NOENT)
            return VG_OK; /* nobody to write to */
    }
    if (err != VG_OK)
        return err;
    st = sq(s, "INSERT OR IGNORE INTO mail_incidents (mail, incident) VALUES (?,?)");
    sq_bind(st, "it", id, incident->id);
    return sq_run(s, st);
}

static enum vg_err
claimed_incidents(struct sqlite *s, int64_t mail, json_t *into)
{
    sqlite3_stmt *st = sq(s, "SELECT " INCIDENT_COLUMNS INCIDENT_FROM
                             "JOIN mail_incidents m ON m.incident = i.id WHERE m.mail = ?"
                             " ORDER BY i.severity DESC, i.last DESC, i.id");
    json_t *list = json_array();
    int64_t more = 0;
    enum vg_err err;

    sq_bind(st, "i", mail);
    while ((err = sq_step(s, st)) == VG_OK) {
        if (json_array_size(list) < STORAGE_MAIL_INCIDENTS)
            (void)json_array_append_new(list, sqlite_incident_row(st));
        else
            more++;
    }
    (void)json_object_set_new(into, "incidents", list);
    (void)json_object_set_new(into, "more", json_integer(more));
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
claim_one(struct sqlite *s, int64_t now_ns, int64_t until_ns, json_t **out)
{
    sqlite3_stmt *st =
        sq(s, "UPDATE mails SET state = 'sending', due = ?2, attempts = attempts + 1 WHERE id ="
              " (SELECT id FROM mails WHERE state IN ('queued','sending') AND due <= ?1"
              "  ORDER BY due, id LIMIT 1) RETURNING id");
    json_t *mail = NULL;
    int64_t id;
    enum vg_err err;

    sq_bind(st, "ii", now_ns, until_ns);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    id = sqlite3_column_int64(st, 0);
    err = sq_run(s, st); /* to its end: RETURNING's change is whole only then */
    if (err != VG_OK)
        return err;
    st = sq(s, "SELECT m.id, m.key, m.kind, m.recipient, m.attempts, m.created, t.name, s.id,"
               " s.name, s.zone, s.language FROM mails m JOIN sites s ON s.id = m.site"
               " JOIN tenants t ON t.id = m.tenant WHERE m.id = ?");
    sq_bind(st, "i", id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    mail = json_pack("{so so so so so so so s{so so so so}}", "id", sq_json_int(st, 0), "key",
                     sq_json_text(st, 1), "kind", sq_json_text(st, 2), "to", sq_json_text(st, 3),
                     "attempts", sq_json_int(st, 4), "created", sq_json_time(st, 5), "tenant",
                     sq_json_text(st, 6), "site", "id", sq_json_text(st, 7), "name",
                     sq_json_text(st, 8), "zone", sq_json_text(st, 9), "language",
                     sq_json_text(st, 10));
    sq_end(st);
    if (mail == NULL)
        return VG_ERR_NOMEM;
    err = claimed_incidents(s, id, mail);
    if (err != VG_OK) {
        json_decref(mail);
        return err;
    }
    *out = mail;
    return VG_OK;
}

enum vg_err
sqlite_mail_claim(struct storage *base, int64_t now_ns, int64_t lease_ns, size_t max, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    json_t *all = json_array(), *mail = NULL;
    enum vg_err err = base->ops->begin(base);

    if (err != VG_OK) {
        json_decref(all);
        return err;
    }
    while (err == VG_OK && json_array_size(all) < max) {
        err = claim_one(s, now_ns, now_ns + lease_ns, &mail);
        if (err == VG_OK)
            (void)json_array_append_new(all, mail);
    }
    if (err == VG_ERR_NOENT)
        err = VG_OK;
    if (err == VG_OK)
        err = base->ops->commit(base);
    if (err != VG_OK) {
        base->ops->rollback(base);
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

enum vg_err
sqlite_mail_done(struct storage *base, int64_t id, enum storage_mail_result result,
                 const char *error, int64_t next_try_ns, int64_t now_ns)
{
    static const char *const states[] = {[STORAGE_MAIL_SENT] = "sent",
                                         [STORAGE_MAIL_LATER] = "queued",
                                         [STORAGE_MAIL_FAILED] = "failed"};
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "UPDATE mails SET state = ?2, error = ?3, due = ?4, done = ?5"
                             " WHERE id = ?1 AND state = 'sending'");

    sq_bind(st, "ittii", id, states[result], error, next_try_ns, now_ns);
    return sq_change(s, st);
}

enum vg_err
sqlite_mail_next(struct storage *base, int64_t *due_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "SELECT min(due) FROM mails WHERE state IN ('queued','sending')");
    enum vg_err err = sq_step(s, st);

    if (err != VG_OK)
        return err;
    *due_ns = sqlite3_column_type(st, 0) == SQLITE_NULL ? INT64_MAX : sqlite3_column_int64(st, 0);
    sq_end(st);
    return VG_OK;
}
