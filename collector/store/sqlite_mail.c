/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox. A row goes queued -> sending (with a lease in `due`) -> sent or failed; a lease that
 * ran out makes it due again, so that a mailer that dies loses nothing. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/mail_policy.h"
#include "common/vtime.h"

/* What stands in `kind`. */
static const char SINGLE[] = "incident", UPDATE[] = "update", LATE[] = "summary", HELD[] = "held",
                  FULL[] = "full";

/* The site's mail of this kind that still waits, or VG_ERR_NOENT. One that was tried already stays
 * as it is: its content has left, perhaps. */
static enum vg_err
waiting_list(struct sqlite *s, const char *site, const char *kind, int64_t *id)
{
    sqlite3_stmt *st = sq(s, "SELECT id FROM mails WHERE site = ? AND kind = ? AND"
                             " state = 'queued' AND attempts = 0 ORDER BY id DESC LIMIT 1");
    enum vg_err err;

    sq_bind(st, "tt", site, kind);
    err = sq_step(s, st);
    if (err == VG_OK)
        *id = sqlite3_column_int64(st, 0);
    sq_end(st);
    return err;
}

/* VG_OK too where the site has no address: nobody to write to. */
static enum vg_err
add_mail(struct sqlite *s, const struct storage_incident *incident, const char *kind,
         int64_t created_ns, int64_t due_ns)
{
    sqlite3_stmt *st = sq(
        s, "INSERT INTO mails (key, tenant, site, kind, recipient, state, created, due, severity)"
           " SELECT ?1, ?2, ?3, ?4, mail, 'queued', ?5, ?6, ?7 FROM sites WHERE id = ?3"
           " AND mail IS NOT NULL AND mail <> ''");
    char key[UUID_TEXT_SIZE];
    enum vg_err err = uuid_v7(created_ns, key);

    if (err != VG_OK)
        return err;
    sq_bind(st, "ttttiii", key, incident->tenant, incident->site, kind, created_ns, due_ns,
            (int64_t)incident->severity);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err == VG_ERR_NOENT ? VG_OK : err;
    st = sq(s, "INSERT INTO mail_incidents (mail, incident) VALUES (?,?)");
    sq_bind(st, "it", (int64_t)sqlite3_last_insert_rowid(s->db), incident->id);
    return sq_run(s, st);
}

/* Joins the waiting list of the kind, or begins one. */
static enum vg_err
join_list(struct sqlite *s, const struct storage_incident *incident, const char *kind,
          int64_t now_ns, int64_t due_ns)
{
    sqlite3_stmt *st;
    int64_t id = 0;
    enum vg_err err = waiting_list(s, incident->site, kind, &id);

    if (err == VG_ERR_NOENT)
        return add_mail(s, incident, kind, now_ns, due_ns);
    if (err != VG_OK)
        return err;
    st = sq(s, "INSERT OR IGNORE INTO mail_incidents (mail, incident) VALUES (?,?)");
    sq_bind(st, "it", id, incident->id);
    return sq_run(s, st);
}

/* What the owner was told of this incident, a waiting update included (its `created` is when it
 * will go), and how much the site was mailed in the last day. */
static enum vg_err
read_history(struct sqlite *s, const struct storage_incident *incident, int64_t now_ns,
             struct mail_thread *thread, struct mail_day *day)
{
    sqlite3_stmt *st =
        sq(s, "SELECT count(*), coalesce(max(m.severity),0), coalesce(max(m.created),"
              "0) FROM mail_incidents i JOIN mails m ON m.id = i.mail"
              " WHERE i.incident = ? AND m.kind IN ('incident','update')");
    enum vg_err err;

    sq_bind(st, "t", incident->id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    *thread = (struct mail_thread){.mails = (unsigned)sqlite3_column_int64(st, 0),
                                   .told = (enum severity)sqlite3_column_int(st, 1),
                                   .last_ns = sqlite3_column_int64(st, 2)};
    sq_end(st);
    st = sq(s, "SELECT count(*) FILTER (WHERE kind IN ('incident','update')),"
               " count(*) FILTER (WHERE kind = 'full') FROM mails WHERE site = ? AND created > ?");
    sq_bind(st, "ti", incident->site, now_ns - MAIL_DAY_NS);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    *day = (struct mail_day){.mails = (unsigned)sqlite3_column_int64(st, 0),
                             .full_told = sqlite3_column_int64(st, 1) > 0};
    sq_end(st);
    return VG_OK;
}

/* A waiting update says what is true when it goes; it only learns how grave it is. */
static enum vg_err
queue_update(struct sqlite *s, const struct storage_incident *incident, int64_t due_ns)
{
    sqlite3_stmt *st =
        sq(s, "UPDATE mails SET severity = ?2 WHERE state = 'queued' AND attempts = 0"
              " AND kind = 'update' AND id IN"
              " (SELECT mail FROM mail_incidents WHERE incident = ?1)");
    enum vg_err err;

    sq_bind(st, "ti", incident->id, (int64_t)incident->severity);
    err = sq_change(s, st);
    return err == VG_ERR_NOENT ? add_mail(s, incident, UPDATE, due_ns, due_ns) : err;
}

enum vg_err
sqlite_mail_queue(struct storage *base, const struct storage_incident *incident, bool late,
                  int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    struct mail_thread thread;
    struct mail_day day;
    int64_t due_ns = now_ns;
    enum vg_err err;

    if (late)
        return join_list(s, incident, LATE, now_ns, now_ns + STORAGE_SUMMARY_WAIT_NS);
    err = read_history(s, incident, now_ns, &thread, &day);
    if (err != VG_OK)
        return err;
    switch (mail_policy(&thread, &day, incident->severity, now_ns, &due_ns)) {
    case MAIL_ACT_NONE:
        return VG_OK;
    case MAIL_ACT_SEND:
        return add_mail(s, incident, SINGLE, now_ns, now_ns);
    case MAIL_ACT_UPDATE:
    case MAIL_ACT_LATER:
        return queue_update(s, incident, due_ns);
    case MAIL_ACT_FULL:
        err = add_mail(s, incident, FULL, now_ns, now_ns);
        if (err != VG_OK)
            return err;
        /* fall through */
    case MAIL_ACT_HOLD:
        return join_list(s, incident, HELD, now_ns, now_ns + MAIL_DAY_NS);
    }
    return VG_OK;
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
               " s.name, s.zone, coalesce(s.language, u.language), u.name, l.expires FROM mails m"
               " LEFT JOIN sites s ON s.id = m.site LEFT JOIN tenants t ON t.id = m.tenant"
               " LEFT JOIN password_links l ON l.id = m.key LEFT JOIN users u ON u.id = l.user"
               " WHERE m.id = ?");
    sq_bind(st, "i", id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    mail = json_pack("{so so so so so so so s{so so so so} so so}", "id", sq_json_int(st, 0), "key",
                     sq_json_text(st, 1), "kind", sq_json_text(st, 2), "to", sq_json_text(st, 3),
                     "attempts", sq_json_int(st, 4), "created", sq_json_time(st, 5), "tenant",
                     sq_json_text(st, 6), "site", "id", sq_json_text(st, 7), "name",
                     sq_json_text(st, 8), "zone", sq_json_text(st, 9), "language",
                     sq_json_text(st, 10), "user", sq_json_text(st, 11), "expires",
                     sq_json_time(st, 12));
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
