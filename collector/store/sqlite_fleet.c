/* SPDX-License-Identifier: Apache-2.0 */
/* The fleet as people see and change it: tenants, sites, open tokens, agents. */
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

/* Rows of `st` as `row` makes them; *out is an array. */
static enum vg_err
list(struct sqlite *s, sqlite3_stmt *st, json_t *(*row)(sqlite3_stmt *st), json_t **out)
{
    json_t *all = json_array();
    enum vg_err err;

    while ((err = sq_step(s, st)) == VG_OK)
        (void)json_array_append_new(all, row(st));
    if (err != VG_ERR_NOENT) {
        json_decref(all);
        return err;
    }
    *out = all;
    return VG_OK;
}

/* ---- tenants and sites ---- */

enum vg_err
sqlite_tenant_get(struct storage *base, const struct storage_scope *scope, const char *id,
                  char name[STORAGE_NAME_MAX + 1])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope, "SELECT name FROM tenants WHERE id = ?2 AND ", "id", "");
    enum vg_err err;

    sq_bind(st, "tt", scope->id, id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sq_copy(st, 0, name, STORAGE_NAME_MAX + 1);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_tenant_rename(struct storage *base, const struct storage_scope *scope, const char *id,
                     const char *name)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq_scoped(s, scope, "UPDATE tenants SET name = ?3 WHERE id = ?2 AND ", "id", "");

    enum vg_err err;

    sq_bind(st, "ttt", scope->id, id, name);
    err = sq_change(s, st);
    return err == VG_OK ? sq_search_renamed_tenant(s, id, name) : err;
}

enum vg_err
sqlite_site_set(struct storage *base, const struct storage_scope *scope,
                const struct storage_site *site)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "UPDATE sites SET name = ?3, zone = ?4, language = ?5,"
                                 " mail = nullif(?6,''), hours = nullif(?7,'') WHERE id = ?2 AND ",
                                 "tenant", "");
    enum vg_err err;

    sq_bind(st, "ttttttt", scope->id, site->id, site->name, site->zone, site->language, site->mail,
            site->hours);
    err = sq_change(s, st);
    return err == VG_OK ? sq_search_renamed_site(s, site->id, site->name) : err;
}

/* ---- tokens ---- */

static json_t *
token_row(sqlite3_stmt *st)
{
    return json_pack("{so s{so so} so so so so}", "id", sq_json_text(st, 0), "site", "id",
                     sq_json_text(st, 1), "name", sq_json_text(st, 2), "tenant",
                     sq_json_text(st, 3), "who", sq_json_text(st, 4), "created",
                     sq_json_time(st, 5), "expires", sq_json_time(st, 6));
}

enum vg_err
sqlite_tokens(struct storage *base, const struct storage_scope *scope, const char *site,
              int64_t now_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq_scoped(s, scope,
                  "SELECT k.id, k.site, s.name, t.name, k.who, k.created, k.expires FROM tokens k"
                  " JOIN sites s ON s.id = k.site JOIN tenants t ON t.id = k.tenant WHERE ",
                  "k.tenant",
                  " AND k.used IS NULL AND k.expires > ?2 AND ?3 IN ('', k.site)"
                  " ORDER BY k.created DESC LIMIT ?4");

    sq_bind(st, "titi", scope->id, now_ns, site, (int64_t)STORAGE_PAGE_MAX);
    return list(s, st, token_row, out);
}

enum vg_err
sqlite_token_withdraw(struct storage *base, const struct storage_scope *scope, const char *id,
                      int64_t now_ns, struct storage_site *site)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq_scoped(s, scope,
                  "SELECT " SITE_COLUMNS " FROM tokens k JOIN sites ON sites.id = k.site"
                  " JOIN tenants ON tenants.id = sites.tenant"
                  " WHERE k.id = ?2 AND k.used IS NULL AND k.expires > ?3 AND ",
                  "k.tenant", "");
    enum vg_err err;

    sq_bind(st, "tti", scope->id, id, now_ns);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_site_row(st, site);
    sq_end(st);
    st = sq(s, "DELETE FROM tokens WHERE id = ?");
    sq_bind(st, "t", id);
    return sq_change(s, st);
}

/* ---- agents ---- */

enum vg_err
sqlite_agent_find(struct storage *base, const struct storage_scope *scope, const char *agent,
                  struct storage_agent *out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "SELECT " AGENT_COLUMNS " FROM agents a"
                                 " WHERE a.id = ?2 AND a.removed IS NULL AND ",
                                 "a.tenant", "");
    enum vg_err err;

    sq_bind(st, "tt", scope->id, agent);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    sqlite_agent_row(st, out);
    sq_end(st);
    return VG_OK;
}

enum vg_err
sqlite_agent_remove(struct storage *base, const struct storage_scope *scope, const char *agent,
                    int64_t now_ns)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(s, scope,
                                 "UPDATE agents SET removed = ?3 WHERE id = ?2 AND removed IS NULL"
                                 " AND revoked IS NOT NULL AND ",
                                 "tenant", "");

    sq_bind(st, "tti", scope->id, agent, now_ns);
    return sq_change(s, st);
}

static json_t *
share(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return value != NULL ? json_incref(value) : json_null();
}

/* What a sensor had to let go, as its health counts it. */
static json_t *
drops_of(const json_t *health)
{
    static const char *const keys[] = {"kernel_drops",    "flows_evicted",  "parser_refused",
                                       "inflate_limit",   "dns_refused",    "fragments_dropped",
                                       "stream_refused",  "stream_gaps",    "transfers_refused",
                                       "context_dropped", "from_the_future"};
    json_t *out = json_object();

    for (size_t i = 0; i < VG_ARRAY_LEN(keys); i++) {
        int64_t n = vg_json_int(health, keys[i], 0);

        if (n > 0)
            (void)json_object_set_new(out, keys[i], json_integer((json_int_t)n));
    }
    return out;
}

static json_t *
sensors_of(const json_t *status)
{
    json_t *out = json_array(), *w;
    size_t i;

    json_array_foreach(json_object_get(status, "workers"), i, w)
    {
        (void)json_array_append_new(
            out, json_pack("{ss ss sI so so}", "name", vg_json_str(w, "name", "?"), "state",
                           vg_json_str(w, "state", "?"), "restarts",
                           (json_int_t)vg_json_int(w, "restarts", 0), "error", share(w, "error"),
                           "drops", drops_of(json_object_get(w, "health"))));
    }
    return out;
}

char *
sqlite_agent_brief(const char *status)
{
    json_t *tree = status != NULL ? json_loads(status, 0, NULL) : NULL, *brief;
    char *text;

    if (tree == NULL)
        return NULL;
    brief = json_pack("{so so}", "sensors", sensors_of(tree), "bundle",
                      share(json_object_get(tree, "bundle"), "version"));
    text = brief != NULL ? vg_json_text(brief) : NULL;
    json_decref(brief);
    json_decref(tree);
    return text;
}

/* ?2: what was seen later is online. */
#define AGENT_STATE                                                                                \
    "CASE WHEN a.revoked IS NOT NULL THEN 'revoked' WHEN a.last_seen IS NULL THEN 'never'"         \
    " WHEN a.last_seen > ?2 THEN 'online' ELSE 'silent' END"
#define AGENT_FIELDS                                                                               \
    "a.id, a.host, a.site, s.name, t.name, a.version, a.last_seen, " AGENT_STATE " AS state,"      \
    " coalesce(a.brief, a.status), (SELECT max(not_after) FROM certs WHERE certs.agent = a.id), "  \
    "a.last_seq,"                                                                                  \
    " a.enrolled, a.silent, a.cloned, s.zone, a.machine, a.store"
#define AGENT_FROM " FROM agents a JOIN sites s ON s.id = a.site JOIN tenants t ON t.id = a.tenant"

/* Of a brief, or of a whole status (a row of an older program's). */
static json_t *
bundle_of(const json_t *told)
{
    return json_object_get(told, "sensors") != NULL
               ? share(told, "bundle")
               : share(json_object_get(told, "bundle"), "version");
}

static json_t *
agent_row(sqlite3_stmt *st)
{
    json_t *told = sq_json_tree(st, 8), *sensors = json_object_get(told, "sensors");
    json_t *row = json_pack(
        "{so so s{so so so} so so so so so so so so so so so}", "id", sq_json_text(st, 0), "name",
        sq_json_text(st, 1), "site", "id", sq_json_text(st, 2), "name", sq_json_text(st, 3), "zone",
        sq_json_text(st, 14), "tenant", sq_json_text(st, 4), "version", sq_json_text(st, 5),
        "last_seen", sq_json_time(st, 6), "state", sq_json_text(st, 7), "sensors",
        sensors != NULL ? json_incref(sensors) : sensors_of(told), "cert_not_after",
        sq_json_time(st, 9), "last_seq", sq_json_int(st, 10), "bundle", bundle_of(told), "enrolled",
        sq_json_time(st, 11), "silent", sq_json_text(st, 12), "cloned", sq_json_time(st, 13));

    json_decref(told);
    return row;
}

enum vg_err
sqlite_agents(struct storage *base, const struct storage_scope *scope,
              const struct storage_agent_query *query, int64_t now_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq_scoped(
        s, scope, "SELECT " AGENT_FIELDS AGENT_FROM " WHERE a.removed IS NULL AND ", "a.tenant",
        " AND ?3 IN ('', a.site) AND ?4 IN ('', " AGENT_STATE ")"
        " AND (?5 = '%%' OR a.host LIKE ?5 ESCAPE '\\' OR s.name LIKE ?5 ESCAPE '\\'"
        " OR t.name LIKE ?5 ESCAPE '\\' OR a.id LIKE ?5 ESCAPE '\\')"
        " ORDER BY t.name, s.name, a.host, a.id LIMIT ?6");
    json_t *items = NULL;
    char like[512];
    bool more;
    enum vg_err err;

    sqlite_like_text(query->text, like);
    sq_bind(st, "tittti", scope->id, now_ns - STORAGE_SILENT_NS, query->site, query->state, like,
            (int64_t)STORAGE_AGENTS_MAX + 1);
    err = list(s, st, agent_row, &items);
    if (err != VG_OK)
        return err;
    more = json_array_size(items) > STORAGE_AGENTS_MAX;
    if (more)
        (void)json_array_remove(items, STORAGE_AGENTS_MAX);
    *out = json_pack("{so sb}", "items", items, "more", (int)more);
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}

static json_t *
cert_row(sqlite3_stmt *st)
{
    return json_pack("{so so so}", "fingerprint", sq_json_text(st, 0), "issued",
                     sq_json_time(st, 1), "not_after", sq_json_time(st, 2));
}

static json_t *
face_row(sqlite3_stmt *st)
{
    return json_pack("{so so so so so so}", "kind", sq_json_text(st, 0), "value",
                     sq_json_text(st, 1), "host", sq_json_text(st, 2), "address",
                     sq_json_text(st, 3), "first", sq_json_time(st, 4), "last",
                     sq_json_time(st, 5));
}

/* Records of it that were refused. */
static enum vg_err
add_refused(struct sqlite *s, const char *id, json_t *agent)
{
    sqlite3_stmt *st = sq(
        s, "SELECT coalesce(sum((SELECT count(*) FROM quarantine q WHERE q.key BETWEEN"
           " x.id << 40 AND (x.id << 40) + 1099511627775)), 0) FROM streams x WHERE x.agent = ?");
    enum vg_err err;

    sq_bind(st, "t", id);
    err = sq_step(s, st);
    if (err == VG_OK)
        (void)json_object_set_new(agent, "refused", sq_json_int(st, 0));
    sq_end(st);
    return err;
}

static enum vg_err
add_list(struct sqlite *s, sqlite3_stmt *st, const char *id, json_t *(*row)(sqlite3_stmt *st),
         const char *key, json_t *agent)
{
    json_t *items = NULL;
    enum vg_err err;

    sq_bind(st, "t", id);
    err = list(s, st, row, &items);
    if (err == VG_OK)
        (void)json_object_set_new(agent, key, items);
    return err;
}

enum vg_err
sqlite_agent_get(struct storage *base, const struct storage_scope *scope, const char *id,
                 int64_t now_ns, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st =
        sq_scoped(s, scope,
                  "SELECT " AGENT_FIELDS ", a.status, a.moved, a.moved_last" AGENT_FROM
                  " WHERE a.id = ?3 AND a.removed IS NULL AND ",
                  "a.tenant", "");
    json_t *row;
    enum vg_err err;

    sq_bind(st, "tit", scope->id, now_ns - STORAGE_SILENT_NS, id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    row = agent_row(st);
    (void)json_object_set_new(row, "machine", sq_json_text(st, 15));
    (void)json_object_set_new(row, "store", sq_json_text(st, 16));
    (void)json_object_set_new(row, "status", sq_json_tree(st, 17));
    (void)json_object_set_new(row, "moved", sq_json_int(st, 18));
    (void)json_object_set_new(row, "moved_last", sq_json_time(st, 19));
    sq_end(st);
    if (row == NULL)
        return VG_ERR_NOMEM;
    err = add_list(s,
                   sq(s, "SELECT lower(hex(fingerprint)), issued, not_after FROM certs"
                         " WHERE agent = ? ORDER BY issued DESC LIMIT 10"),
                   id, cert_row, "certs", row);
    if (err == VG_OK)
        err = add_list(s,
                       sq(s, "SELECT kind, value, host, address, first, last FROM agent_faces"
                             " WHERE agent = ? ORDER BY kind, last DESC"),
                       id, face_row, "faces", row);
    if (err == VG_OK)
        err = add_refused(s, id, row);
    if (err != VG_OK) {
        json_decref(row);
        return err;
    }
    *out = row;
    return VG_OK;
}
