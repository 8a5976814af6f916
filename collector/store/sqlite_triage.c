/* SPDX-License-Identifier: Apache-2.0 */
/* What people change in incidents, and who they are. Every change is a row of the audit log, which is
 * also the incident's history. */
#include <string.h>

#include "collector/store/sqlite_int.h"

/* u sees the tenant of i. */
#define SEES_IT                                                                                    \
    "(u.tenant = i.tenant OR (u.tenant = '' AND (u.given = 0 OR EXISTS (SELECT 1 FROM"             \
    " user_tenants x WHERE x.user = u.id AND x.tenant = i.tenant))))"

struct incident {
    char tenant[UUID_TEXT_SIZE], state[24], assignee[UUID_TEXT_SIZE];
};

static enum vg_err
look(struct sqlite *s, const struct storage_scope *scope, const char *id, struct incident *out)
{
    sqlite3_stmt *st = sq_scoped(
        s, scope, "SELECT tenant, state, coalesce(assignee, '') FROM incidents WHERE id = ?2 AND ",
        "tenant", "");
    enum vg_err err;

    sq_bind(st, "tt", scope->id, id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sq_copy(st, 0, out->tenant, sizeof out->tenant);
    sq_copy(st, 1, out->state, sizeof out->state);
    sq_copy(st, 2, out->assignee, sizeof out->assignee);
    sq_end(st);
    return VG_OK;
}

static enum vg_err
set_state(struct sqlite *s, const char *id, const struct incident *i,
          const struct storage_change *c, int64_t now_ns)
{
    sqlite3_stmt *st = sq(s, "UPDATE incidents SET state = ?2, updated = ?3, resolved ="
                             " iif(?2 = 'resolved_true', ?3, NULL) WHERE id = ?1");
    enum vg_err err;

    sq_bind(st, "tti", id, c->state, now_ns);
    err = sq_change(s, st);
    if (err == VG_OK)
        err = sq_feedback_state(s, id, c->state, now_ns);
    return err == VG_OK ? sqlite_audit(&s->base, i->tenant, c->who, c->state, id, c->note, now_ns)
                        : err;
}

static enum vg_err
set_assignee(struct sqlite *s, const char *id, const struct incident *i,
             const struct storage_change *c, const char *assignee, int64_t now_ns)
{
    sqlite3_stmt *st;
    char name[STORAGE_NAME_MAX + 1] = "";
    enum vg_err err;

    if (assignee[0] != '\0') {
        st = sq(s, "SELECT u.name FROM users u JOIN incidents i ON i.id = ?1 WHERE u.id = ?2"
                   " AND " SEES_IT);
        sq_bind(st, "tt", id, assignee);
        err = sq_step(s, st);
        if (err != VG_OK)
            return err == VG_ERR_NOENT ? VG_ERR_DENIED : err;
        sq_copy(st, 0, name, sizeof name);
        sq_end(st);
    }
    st = sq(s, "UPDATE incidents SET assignee = nullif(?2, ''), updated = ?3 WHERE id = ?1");
    sq_bind(st, "tti", id, assignee, now_ns);
    err = sq_change(s, st);
    if (err != VG_OK)
        return err;
    return sqlite_audit(&s->base, i->tenant, c->who, name[0] != '\0' ? "assigned" : "unassigned",
                        id, name[0] != '\0' ? name : NULL, now_ns);
}

enum vg_err
sqlite_triage(struct storage *base, const struct storage_scope *scope, const char *id,
              const struct storage_change *change, int64_t now_ns, char tenant[UUID_TEXT_SIZE])
{
    struct sqlite *s = sqlite_of(base);
    const char *assignee = change->assignee != NULL && strcmp(change->assignee, "me") == 0
                               ? change->who_id
                               : change->assignee;
    struct incident i;
    bool noted = change->note == NULL;
    enum vg_err err = look(s, scope, id, &i);

    if (err != VG_OK)
        return err;
    if (assignee != NULL && strcmp(assignee, i.assignee) != 0)
        err = set_assignee(s, id, &i, change, assignee, now_ns);
    if (err == VG_OK && change->state != NULL && strcmp(change->state, i.state) != 0) {
        err = set_state(s, id, &i, change, now_ns);
        noted = true;
    }
    if (err == VG_OK && !noted)
        err = sqlite_audit(base, i.tenant, change->who, "note", id, change->note, now_ns);
    if (err == VG_OK)
        err = sq_search_changed(s, id, change->note);
    if (err == VG_OK)
        memcpy(tenant, i.tenant, sizeof i.tenant);
    return err;
}

enum vg_err
sqlite_incident_set(struct storage *base, const struct storage_scope *scope, const char *id,
                    const char *state, const char *who, const char *note, int64_t now_ns)
{
    const struct storage_change change = {.who = who, .state = state, .note = note};
    char tenant[UUID_TEXT_SIZE];

    return sqlite_triage(base, scope, id, &change, now_ns, tenant);
}

enum vg_err
sqlite_assignees(struct storage *base, const struct storage_scope *scope, bool provider,
                 json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT u.id, u.name FROM users u WHERE (?2 AND u.tenant = '') OR"
                                 " (u.tenant != '' AND ",
                                 "u.tenant", ") ORDER BY u.name");
    json_t *all = json_array();
    enum vg_err err;

    sq_bind(st, "ti", scope->id, (int64_t)provider);
    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(
            all, json_pack("{so so}", "id", sq_json_text(st, 0), "name", sq_json_text(st, 1)));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}
