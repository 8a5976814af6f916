/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite engine: opening, statements, transactions, care. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

enum { BUSY_MS = 15000 };

enum vg_err
sq_err(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return VG_OK;
    case SQLITE_CONSTRAINT:
        return VG_ERR_EXISTS;
    case SQLITE_FULL:
        return VG_ERR_LIMIT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return VG_AGAIN;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return VG_ERR_FORMAT;
    case SQLITE_NOMEM:
        return VG_ERR_NOMEM;
    default:
        return VG_ERR_SYS;
    }
}

sqlite3_stmt *
sq(struct sqlite *s, const char *sql)
{
    int code;

    for (size_t i = 0; i < s->cached; i++)
        if (s->cache[i].sql == sql) {
            (void)sqlite3_reset(s->cache[i].st);
            (void)sqlite3_clear_bindings(s->cache[i].st);
            return s->cache[i].st;
        }
    if (s->cached == SQLITE_STATEMENTS_MAX) {
        s->failed = VG_ERR_LIMIT;
        return NULL;
    }
    code = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->cache[s->cached].st,
                              NULL);
    if (code != SQLITE_OK) {
        s->failed = sq_err(code);
        return NULL;
    }
    s->cache[s->cached].sql = sql;
    return s->cache[s->cached++].st;
}

void
sq_bind(sqlite3_stmt *st, const char *kinds, ...)
{
    va_list args;

    if (st == NULL)
        return;
    va_start(args, kinds);
    for (int i = 1; kinds[i - 1] != '\0'; i++) {
        if (kinds[i - 1] == 't') {
            (void)sqlite3_bind_text(st, i, va_arg(args, const char *), -1, SQLITE_STATIC);
        } else if (kinds[i - 1] == 'i') {
            (void)sqlite3_bind_int64(st, i, va_arg(args, int64_t));
        } else {
            const struct slice *b = va_arg(args, const struct slice *);

            (void)sqlite3_bind_blob64(st, i, b->at, b->left, SQLITE_STATIC);
        }
    }
    va_end(args);
}

enum vg_err
sq_step(struct sqlite *s, sqlite3_stmt *st)
{
    int code;

    if (st == NULL)
        return s->failed;
    code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        return VG_OK;
    (void)sqlite3_reset(st);
    return code == SQLITE_DONE ? VG_ERR_NOENT : sq_err(code);
}

enum vg_err
sq_run(struct sqlite *s, sqlite3_stmt *st)
{
    int code;

    if (st == NULL)
        return s->failed;
    do
        code = sqlite3_step(st);
    while (code == SQLITE_ROW);
    (void)sqlite3_reset(st);
    return sq_err(code);
}

enum vg_err
sq_change(struct sqlite *s, sqlite3_stmt *st)
{
    enum vg_err err = sq_run(s, st);

    if (err != VG_OK)
        return err;
    return sqlite3_changes(s->db) > 0 ? VG_OK : VG_ERR_NOENT;
}

void
sq_end(sqlite3_stmt *st)
{
    if (st != NULL)
        (void)sqlite3_reset(st);
}

const char *
sq_text(sqlite3_stmt *st, int column)
{
    const unsigned char *text = sqlite3_column_text(st, column);

    return text != NULL ? (const char *)text : "";
}

void
sq_copy(sqlite3_stmt *st, int column, char *out, size_t size)
{
    (void)vg_strcpy(out, size, sq_text(st, column));
}

json_t *
sq_json_text(sqlite3_stmt *st, int column)
{
    if (sqlite3_column_type(st, column) == SQLITE_NULL)
        return json_null();
    return json_string(sq_text(st, column));
}

json_t *
sq_json_time(sqlite3_stmt *st, int column)
{
    char text[VTIME_TEXT_MAX];
    int64_t t = sqlite3_column_int64(st, column);

    return t != 0 ? json_string(vtime_format(t, text)) : json_null();
}

json_t *
sq_json_int(sqlite3_stmt *st, int column)
{
    return json_integer(sqlite3_column_int64(st, column));
}

json_t *
sq_json_tree(sqlite3_stmt *st, int column)
{
    const char *text = sq_text(st, column);
    json_t *tree = json_loads(text, JSON_DECODE_ANY, NULL);

    return tree != NULL ? tree : json_null();
}

enum vg_err
sq_exec(struct sqlite *s, const char *sql)
{
    return sq_err(sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

static enum vg_err
begin(struct storage *base)
{
    return sq_exec(sqlite_of(base), "BEGIN IMMEDIATE");
}

static enum vg_err
commit(struct storage *base)
{
    return sq_exec(sqlite_of(base), "COMMIT");
}

static void
rollback(struct storage *base)
{
    (void)sq_exec(sqlite_of(base), "ROLLBACK");
}

static enum vg_err
mark(struct storage *base)
{
    return sq_exec(sqlite_of(base), "SAVEPOINT job");
}

static enum vg_err
keep(struct storage *base)
{
    return sq_exec(sqlite_of(base), "RELEASE job");
}

static void
undo(struct storage *base)
{
    (void)sq_exec(sqlite_of(base), "ROLLBACK TO job");
    (void)sq_exec(sqlite_of(base), "RELEASE job");
}

static const char *
why(struct storage *base)
{
    return sqlite3_errmsg(sqlite_of(base)->db);
}

static void
close_engine(struct storage *base)
{
    struct sqlite *s = sqlite_of(base);

    for (size_t i = 0; i < s->cached; i++)
        (void)sqlite3_finalize(s->cache[i].st);
    (void)sqlite3_close(s->db);
    free(s);
}

static bool
query_only(struct sqlite *s)
{
    sqlite3_stmt *st = sq(s, "PRAGMA query_only");
    bool on = sq_step(s, st) == VG_OK && sqlite3_column_int(st, 0) != 0;

    sq_end(st);
    return on;
}

static enum vg_err
backup(struct storage *base, const char *path)
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "VACUUM INTO ?");
    FILE *there = fopen(path, "rb");
    bool read_only = query_only(s);
    enum vg_err err;

    if (there != NULL) {
        (void)fclose(there);
        return VG_ERR_EXISTS;
    }
    /* Writing another file counts as writing. */
    err = read_only ? sq_exec(s, "PRAGMA query_only = OFF") : VG_OK;
    sq_bind(st, "t", path);
    if (err == VG_OK)
        err = sq_run(s, st);
    if (read_only && sq_exec(s, "PRAGMA query_only = ON") != VG_OK && err == VG_OK)
        err = VG_ERR_SYS;
    return err;
}

static enum vg_err
check(struct storage *base, char out[STORAGE_WHY_MAX])
{
    struct sqlite *s = sqlite_of(base);
    sqlite3_stmt *st = sq(s, "PRAGMA integrity_check(1)");
    enum vg_err err = sq_step(s, st);

    if (err != VG_OK)
        return err;
    sq_copy(st, 0, out, STORAGE_WHY_MAX);
    sq_end(st);
    if (strcmp(out, "ok") != 0)
        return VG_ERR_FORMAT;
    /* What the agents were told is durable must be there. */
    st = sq(s, "SELECT agent, durable FROM streams WHERE durable > 0 AND NOT EXISTS"
               " (SELECT 1 FROM events WHERE key = (streams.id << 40) | durable) LIMIT 1");
    err = sq_step(s, st);
    if (err == VG_ERR_NOENT)
        return VG_OK;
    if (err != VG_OK)
        return err;
    (void)snprintf(out, STORAGE_WHY_MAX, "agent %s: event %lld is missing", sq_text(st, 0),
                   (long long)sqlite3_column_int64(st, 1));
    sq_end(st);
    return VG_ERR_FORMAT;
}

static const struct storage_ops OPS = {
    .close = close_engine,
    .why = why,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .mark = mark,
    .keep = keep,
    .undo = undo,
    .tenant_add = sqlite_tenant_add,
    .tenant_find = sqlite_tenant_find,
    .token_key_next = sqlite_token_key_next,
    .token_keys_forget = sqlite_token_keys_forget,
    .tenants = sqlite_tenants,
    .site_add = sqlite_site_add,
    .site_find = sqlite_site_find,
    .sites = sqlite_sites,
    .user_add = sqlite_user_add,
    .user_find = sqlite_user_find,
    .user_given = sqlite_user_given,
    .user_give = sqlite_user_give,
    .user_set_language = sqlite_user_set_language,
    .user_set_password = sqlite_user_set_password,
    .users = sqlite_users,
    .user_find_mail = sqlite_user_find_mail,
    .user_get = sqlite_user_get,
    .user_change = sqlite_user_change,
    .user_remove = sqlite_user_remove,
    .user_admins = sqlite_user_admins,
    .session_add = sqlite_session_add,
    .session_find = sqlite_session_find,
    .session_whole = sqlite_session_whole,
    .session_end = sqlite_session_end,
    .sessions_end = sqlite_sessions_end,
    .factor_get = sqlite_factor_get,
    .factor_begin = sqlite_factor_begin,
    .factor_confirm = sqlite_factor_confirm,
    .factor_use = sqlite_factor_use,
    .factor_remove = sqlite_factor_remove,
    .recovery_set = sqlite_recovery_set,
    .recovery_use = sqlite_recovery_use,
    .recovery_left = sqlite_recovery_left,
    .api_token_add = sqlite_api_token_add,
    .api_token_find = sqlite_api_token_find,
    .api_token_end = sqlite_api_token_end,
    .api_tokens = sqlite_api_tokens,
    .link_add = sqlite_link_add,
    .links_end = sqlite_links_end,
    .link_use = sqlite_link_use,
    .audit = sqlite_audit,
    .audit_page = sqlite_audit_page,
    .audit_all = sqlite_audit_all,
    .token_add = sqlite_token_add,
    .token_use = sqlite_token_use,
    .agent_add = sqlite_agent_add,
    .agent_hello = sqlite_agent_hello,
    .agent_moved = sqlite_agent_moved,
    .agent_revoke = sqlite_agent_revoke,
    .cert_add = sqlite_cert_add,
    .cert_find = sqlite_cert_find,
    .agents = sqlite_agents,
    .agent_get = sqlite_agent_get,
    .face_put = sqlite_face_put,
    .face_get = sqlite_face_get,
    .face_came_back = sqlite_face_came_back,
    .agent_returned = sqlite_agent_returned,
    .agent_cloned = sqlite_agent_cloned,
    .agent_store = sqlite_agent_store,
    .agents_quiet = sqlite_agents_quiet,
    .agent_silent = sqlite_agent_silent,
    .agent_heard = sqlite_agent_heard,
    .agent_find = sqlite_agent_find,
    .agent_remove = sqlite_agent_remove,
    .tenant_get = sqlite_tenant_get,
    .tenant_rename = sqlite_tenant_rename,
    .site_set = sqlite_site_set,
    .tokens = sqlite_tokens,
    .token_withdraw = sqlite_token_withdraw,
    .seal_key_add = sqlite_seal_key_add,
    .seal_key = sqlite_seal_key,
    .settings_get = sqlite_settings_get,
    .settings_set = sqlite_settings_set,
    .settings_of = sqlite_settings_of,
    .settings_raise = sqlite_settings_raise,
    .stream_open = sqlite_stream_open,
    .figure_add = sqlite_figure_add,
    .figures = sqlite_figures,
    .event_id = sqlite_event_id,
    .event_put = sqlite_event_put,
    .event_refuse = sqlite_event_refuse,
    .stream_durable = sqlite_stream_durable,
    .incident_match = sqlite_incident_match,
    .incident_add = sqlite_incident_add,
    .incident_grow = sqlite_incident_grow,
    .incident_agent = sqlite_incident_agent,
    .incidents = sqlite_incidents,
    .incident_get = sqlite_incident_get,
    .incident_set = sqlite_incident_set,
    .triage = sqlite_triage,
    .assignees = sqlite_assignees,
    .exception_add = sqlite_exception_add,
    .exception_end = sqlite_exception_end,
    .exception_until = sqlite_exception_until,
    .exceptions = sqlite_exceptions,
    .exception_hit = sqlite_exception_hit,
    .feedback = sqlite_feedback,
    .feedback_heard = sqlite_feedback_heard,
    .feedback_news = sqlite_feedback_news,
    .views = sqlite_views,
    .view_add = sqlite_view_add,
    .view_remove = sqlite_view_remove,
    .noise = sqlite_noise,
    .noise_about = sqlite_noise_about,
    .overview = sqlite_overview,
    .mail_queue = sqlite_mail_queue,
    .mail_claim = sqlite_mail_claim,
    .mail_done = sqlite_mail_done,
    .mail_next = sqlite_mail_next,
    .bundle_key_set = sqlite_bundle_key_set,
    .bundle_key = sqlite_bundle_key,
    .bundle_add = sqlite_bundle_add,
    .bundle_tenant = sqlite_bundle_tenant,
    .bundle_piece = sqlite_bundle_piece,
    .bundle_get = sqlite_bundle_get,
    .bundle_below = sqlite_bundle_below,
    .bundle_offer = sqlite_bundle_offer,
    .bundle_set = sqlite_bundle_set,
    .bundle_supersede = sqlite_bundle_supersede,
    .bundle_scope = sqlite_bundle_scope,
    .bundle_canary = sqlite_bundle_canary,
    .bundle_report = sqlite_bundle_report,
    .bundle_ring = sqlite_bundle_ring,
    .bundle_noise = sqlite_bundle_noise,
    .sweep = sqlite_sweep,
    .backup = backup,
    .check = check,
    .events = sqlite_events,
};

enum vg_err
storage_open(const char *where, enum storage_mode mode, struct storage **out,
             char out_why[STORAGE_WHY_MAX])
{
    struct sqlite *s = calloc(1, sizeof *s);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    enum vg_err err;

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->base.ops = &OPS;
    out_why[0] = '\0';
    if (mode == STORAGE_WRITE)
        flags |= SQLITE_OPEN_CREATE;
    err = sq_err(sqlite3_open_v2(where, &s->db, flags, NULL));
    if (err != VG_OK)
        goto fail;
    (void)sqlite3_busy_timeout(s->db, BUSY_MS);
    (void)sqlite3_extended_result_codes(s->db, 1);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    /* FULL: what was answered as durable survives a power cut. */
    err = sq_exec(s, mode == STORAGE_WRITE
                         ? "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                           "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                           "PRAGMA cache_size = -16000; PRAGMA trusted_schema = OFF"
                         : "PRAGMA query_only = ON; PRAGMA cache_size = -16000;"
                           "PRAGMA trusted_schema = OFF");
    if (err == VG_OK)
        err = sq_migrate(s, mode, out_why);
    if (err != VG_OK)
        goto fail;
    *out = &s->base;
    return VG_OK;
fail:
    if (out_why[0] == '\0')
        (void)snprintf(out_why, STORAGE_WHY_MAX, "%s: %s", where,
                       s->db != NULL ? sqlite3_errmsg(s->db) : "no memory");
    close_engine(&s->base);
    return err;
}
