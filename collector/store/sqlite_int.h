/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_int: what the files of the SQLite engine share. Not for anybody else. */
#pragma once

#include <sqlite3.h>

#include "collector/store/store.h"

enum { SQLITE_STATEMENTS_MAX = 600 };

struct sqlite {
    struct storage base;
    sqlite3 *db;
    struct {
        const char *sql; /* a literal: compared by address */
        sqlite3_stmt *st;
    } cache[SQLITE_STATEMENTS_MAX];
    size_t cached;
    enum vg_err failed; /* of sq(), told by the next sq_run() */
};

static inline struct sqlite *
sqlite_of(struct storage *s)
{
    return (struct sqlite *)(void *)s;
}

extern const char SQLITE_SCHEMA_1[], SQLITE_SCHEMA_2[], SQLITE_SCHEMA_3[], SQLITE_SCHEMA_4[],
    SQLITE_SCHEMA_5[], SQLITE_SCHEMA_6[], SQLITE_SCHEMA_7[], SQLITE_SCHEMA_8[], SQLITE_SCHEMA_9[],
    SQLITE_SCHEMA_10[], SQLITE_SCHEMA_11[], SQLITE_SCHEMA_12[], SQLITE_SCHEMA_13[],
    SQLITE_SCHEMA_14[];

/* The prepared statement of a literal, reset and ready to bind; NULL on failure, which every
 * function below takes and tells as an error. */
sqlite3_stmt *sq(struct sqlite *s, const char *sql);
/* Binds by `kinds`, one letter a parameter: t text (NULL: null), i int64_t, b bytes as a struct
 * slice *. Texts and bytes are borrowed until the statement is done. */
void sq_bind(sqlite3_stmt *st, const char *kinds, ...);
/* The statement of `before`, the condition that `column` is a tenant in the scope, and `after`, all
 * literals; its ?1 is scope->id. One text for each kind of scope, so that each has a plan of its own. */
#define sq_scoped(s, scope, before, column, after)                                                 \
    ((scope)->kind == STORAGE_SEES_ALL      ? sq(s, before "?1 IS NOT NULL" after)                 \
     : (scope)->kind == STORAGE_SEES_TENANT ? sq(s, before column " = ?1" after)                   \
     : (scope)->kind == STORAGE_SEES_GIVEN                                                         \
         ? sq(s, before "+" column " IN (SELECT tenant FROM user_tenants WHERE user = ?1)" after)  \
         : sq(s, before "?1 IS NULL" after))
/* One step: VG_OK with a row, VG_ERR_NOENT without; errors. The statement stays open for reading. */
enum vg_err sq_step(struct sqlite *s, sqlite3_stmt *st) VG_MUST_CHECK;
/* Runs to the end without wanting rows. */
enum vg_err sq_run(struct sqlite *s, sqlite3_stmt *st) VG_MUST_CHECK;
/* Runs a row-less statement that must have changed something: VG_ERR_NOENT when it did not. */
enum vg_err sq_change(struct sqlite *s, sqlite3_stmt *st) VG_MUST_CHECK;
void sq_end(sqlite3_stmt *st); /* done reading; NULL is fine */
enum vg_err sq_err(int code);
enum vg_err sq_exec(struct sqlite *s,
                    const char *sql); /* undoing may fail, all else is looked at */
/* sqlite_migrate.c: VG_ERR_FORMAT with *out_why: no database yet, or one of a newer program. */
enum vg_err sq_migrate(struct sqlite *s, enum storage_mode mode,
                       char out_why[STORAGE_WHY_MAX]) VG_MUST_CHECK;

/* Columns. Text is borrowed until the next step, never NULL. */
const char *sq_text(sqlite3_stmt *st, int column);
void sq_copy(sqlite3_stmt *st, int column, char *out, size_t size);
json_t *sq_json_text(sqlite3_stmt *st, int column); /* null for NULL */
json_t *sq_json_time(sqlite3_stmt *st, int column); /* null for NULL and 0 */
json_t *sq_json_int(sqlite3_stmt *st, int column);
json_t *sq_json_tree(sqlite3_stmt *st, int column); /* the text parsed, null when it cannot be */

#define KEY_OF(stream, seq) (((stream) << 40) | (seq))

/* As partial indexes have it: an incident somebody must still do something about. */
#define INCIDENT_OPEN "state IN ('new','acknowledged','in_progress')"

/* sqlite_people.c */
enum vg_err sqlite_tenant_add(struct storage *, const char *, int64_t, char[UUID_TEXT_SIZE]);
enum vg_err sqlite_tenant_find(struct storage *, const char *, char[UUID_TEXT_SIZE]);
enum vg_err sqlite_token_key_next(struct storage *, char[UUID_TEXT_SIZE], uint8_t[32]);
enum vg_err sqlite_token_keys_forget(struct storage *);
enum vg_err sqlite_tenants(struct storage *, const struct storage_scope *, json_t **);
enum vg_err sqlite_site_add(struct storage *, const struct storage_site *, int64_t,
                            char[UUID_TEXT_SIZE]);
enum vg_err sqlite_site_find(struct storage *, const struct storage_scope *, const char *,
                             struct storage_site *);
enum vg_err sqlite_user_add(struct storage *, const struct storage_user *, int64_t);
enum vg_err sqlite_user_find(struct storage *, const char *, struct storage_user *);
enum vg_err sqlite_user_given(struct storage *, const char *, bool);
enum vg_err sqlite_user_give(struct storage *, const char *, const char *);
enum vg_err sqlite_user_set_language(struct storage *, const char *, const char *);
enum vg_err sqlite_user_set_password(struct storage *, const char *, const char *);
enum vg_err sqlite_users(struct storage *, const struct storage_scope *, json_t **);
enum vg_err sqlite_user_find_mail(struct storage *, const char *, struct storage_user *);
enum vg_err sqlite_user_get(struct storage *, const struct storage_scope *, const char *,
                            struct storage_user *);
enum vg_err sqlite_user_change(struct storage *, const struct storage_user *);
enum vg_err sqlite_user_remove(struct storage *, const char *);
enum vg_err sqlite_user_admins(struct storage *, int64_t *);
/* The columns of a user into *out. */
#define USER_COLUMNS                                                                               \
    "u.id, u.tenant, u.name, u.role, u.language, u.password, u.given, coalesce(u.mail,''), "       \
    "u.factor_on"
enum { USER_COLUMN_COUNT = 9 };
void sqlite_user_row(sqlite3_stmt *st, struct storage_user *out);
enum vg_err sqlite_sweep(struct storage *, int64_t);
/* The columns of SITE_COLUMNS into *out. */
#define SITE_COLUMNS                                                                               \
    "sites.id, sites.tenant, tenants.name, sites.name, sites.zone, sites.language, "               \
    "coalesce(sites.mail,''), coalesce(sites.hours,'')"
void sqlite_site_row(sqlite3_stmt *st, struct storage_site *out);

/* sqlite_sign_in.c */
enum vg_err sqlite_session_add(struct storage *, const uint8_t[STORAGE_HASH_SIZE],
                               const struct storage_session *, int64_t);
enum vg_err sqlite_session_find(struct storage *, const uint8_t[STORAGE_HASH_SIZE], int64_t,
                                struct storage_session *);
enum vg_err sqlite_session_whole(struct storage *, const uint8_t[STORAGE_HASH_SIZE]);
enum vg_err sqlite_session_end(struct storage *, const uint8_t[STORAGE_HASH_SIZE]);
enum vg_err sqlite_sessions_end(struct storage *, const char *, const uint8_t[STORAGE_HASH_SIZE]);
enum vg_err sqlite_factor_get(struct storage *, const char *, struct storage_factor *);
enum vg_err sqlite_factor_begin(struct storage *, const char *, const uint8_t[STORAGE_FACTOR_SIZE]);
enum vg_err sqlite_factor_confirm(struct storage *, const char *,
                                  const uint8_t[STORAGE_FACTOR_SIZE], int64_t);
enum vg_err sqlite_factor_use(struct storage *, const char *, int64_t);
enum vg_err sqlite_factor_remove(struct storage *, const char *);
enum vg_err sqlite_recovery_set(struct storage *, const char *, const uint8_t[][STORAGE_HASH_SIZE],
                                size_t);
enum vg_err sqlite_recovery_use(struct storage *, const char *, const uint8_t[STORAGE_HASH_SIZE]);
enum vg_err sqlite_recovery_left(struct storage *, const char *, int64_t *);
enum vg_err sqlite_api_token_add(struct storage *, const struct storage_api_token *,
                                 const uint8_t[STORAGE_HASH_SIZE], int64_t, char[UUID_TEXT_SIZE]);
enum vg_err sqlite_api_token_find(struct storage *, const uint8_t[STORAGE_HASH_SIZE], int64_t,
                                  struct storage_session *, unsigned *);
enum vg_err sqlite_api_token_end(struct storage *, const char *, const char *);
enum vg_err sqlite_api_tokens(struct storage *, const char *, json_t **);
enum vg_err sqlite_link_add(struct storage *, const char *, bool, int64_t, int64_t);
enum vg_err sqlite_links_end(struct storage *, const char *);
enum vg_err sqlite_link_use(struct storage *, const char *, int64_t, struct storage_user *);

/* sqlite_settings.c */
enum vg_err sqlite_settings_get(struct storage *, const char *, json_t **, int64_t *);
enum vg_err sqlite_settings_set(struct storage *, const char *, const char *, int64_t);
enum vg_err sqlite_settings_of(struct storage *, const char *, const char *, json_t **, int64_t *);

enum vg_err sqlite_settings_raise(struct storage *, const char *, int64_t, int64_t, int64_t *);

/* sqlite_audit.c */
enum vg_err sqlite_audit(struct storage *, const char *, const char *, const char *, const char *,
                         const char *, int64_t);
enum vg_err sqlite_audit_page(struct storage *, const struct storage_scope *, int64_t, const char *,
                              size_t, json_t **);
enum vg_err sqlite_audit_all(struct storage *, const struct storage_scope *, storage_row_fn *,
                             void *);

/* sqlite_agents.c */
enum vg_err sqlite_token_add(struct storage *, const uint8_t[STORAGE_HASH_SIZE],
                             const struct storage_site *, const char *, int64_t, int64_t,
                             char[UUID_TEXT_SIZE]);
enum vg_err sqlite_token_use(struct storage *, const uint8_t[STORAGE_HASH_SIZE], const char *,
                             int64_t, struct storage_site *);
enum vg_err sqlite_agent_add(struct storage *, const struct storage_agent *, int64_t);
enum vg_err sqlite_agent_hello(struct storage *, const char *, const struct storage_hello *,
                               int64_t);
enum vg_err sqlite_agent_moved(struct storage *, const char *, int64_t, int64_t);
enum vg_err sqlite_agent_revoke(struct storage *, const struct storage_scope *, const char *,
                                int64_t);
enum vg_err sqlite_cert_add(struct storage *, const uint8_t[STORAGE_HASH_SIZE], const char *,
                            int64_t, int64_t);
enum vg_err sqlite_cert_find(struct storage *, const uint8_t[STORAGE_HASH_SIZE],
                             struct storage_agent *);
enum vg_err sqlite_seal_key_add(struct storage *, const char *, const char *, const uint8_t[32]);
enum vg_err sqlite_seal_key(struct storage *, const char *, const char *, uint8_t[32]);

/* The columns of AGENT_COLUMNS (of `a`) into *out. */
#define AGENT_COLUMNS                                                                              \
    "a.id, a.tenant, a.site, a.host, a.machine, a.version, a.store, a.revoked IS NOT NULL, "       \
    "a.silent, a.last_seen"
void sqlite_agent_row(sqlite3_stmt *st, struct storage_agent *out);

/* sqlite_fleet.c */
enum vg_err sqlite_tenant_get(struct storage *, const struct storage_scope *, const char *,
                              char[STORAGE_NAME_MAX + 1]);
enum vg_err sqlite_tenant_rename(struct storage *, const struct storage_scope *, const char *,
                                 const char *);
enum vg_err sqlite_site_set(struct storage *, const struct storage_scope *,
                            const struct storage_site *);
enum vg_err sqlite_tokens(struct storage *, const struct storage_scope *, const char *, int64_t,
                          json_t **);
enum vg_err sqlite_token_withdraw(struct storage *, const struct storage_scope *, const char *,
                                  int64_t, struct storage_site *);
enum vg_err sqlite_agent_remove(struct storage *, const struct storage_scope *, const char *,
                                int64_t);
enum vg_err sqlite_agent_find(struct storage *, const struct storage_scope *, const char *,
                              struct storage_agent *);
enum vg_err sqlite_agents(struct storage *, const struct storage_scope *,
                          const struct storage_agent_query *, int64_t, json_t **);
/* What lists show of a status, as JSON text of their own: malloc'd, NULL for no status. */
char *sqlite_agent_brief(const char *status);
enum vg_err sqlite_agent_get(struct storage *, const struct storage_scope *, const char *, int64_t,
                             json_t **);

/* sqlite_watch.c */
enum vg_err sqlite_face_put(struct storage *, const char *, const struct storage_face *, int64_t,
                            bool *);
enum vg_err sqlite_face_get(struct storage *, const char *, const char *, const char *,
                            struct storage_face *);
enum vg_err sqlite_face_came_back(struct storage *, const char *, const char *, const char *,
                                  bool *);
enum vg_err sqlite_agent_returned(struct storage *, const char *, int64_t, int64_t, int64_t *,
                                  int64_t *);
enum vg_err sqlite_agent_cloned(struct storage *, const char *, int64_t);
enum vg_err sqlite_agent_store(struct storage *, const char *, const char *);
enum vg_err sqlite_agents_quiet(struct storage *, int64_t, int64_t, size_t, json_t **);
enum vg_err sqlite_agent_silent(struct storage *, const char *, const char *);
enum vg_err sqlite_agent_heard(struct storage *, const char *, const char *, bool *);

/* sqlite_figures.c */
enum vg_err sqlite_figure_add(struct storage *, const char *, const char *, int64_t, int64_t);
enum vg_err sqlite_figures(struct storage *, const char *, int64_t, json_t **);
enum vg_err sqlite_figures_sweep(struct sqlite *, int64_t);

/* sqlite_events.c */
enum vg_err sqlite_stream_open(struct storage *, const char *, const char *, int64_t, int64_t *,
                               int64_t *);
enum vg_err sqlite_event_id(struct storage *, int64_t, int64_t, char[UUID_TEXT_SIZE]);
enum vg_err sqlite_event_put(struct storage *, const struct storage_event *);
enum vg_err sqlite_event_refuse(struct storage *, const struct storage_event *, const char *,
                                struct slice);
enum vg_err sqlite_stream_durable(struct storage *, int64_t, int64_t);
enum vg_err sqlite_incident_match(struct storage *, const struct storage_incident *, int64_t,
                                  struct storage_incident *);
enum vg_err sqlite_incident_add(struct storage *, const struct storage_incident *, int64_t);
enum vg_err sqlite_incident_grow(struct storage *, const struct storage_incident *, int64_t);
enum vg_err sqlite_incident_agent(struct storage *, const char *, const char *);
enum vg_err sqlite_events(struct storage *, const struct storage_scope *, storage_line_fn *,
                          void *);

/* sqlite_pages.c */
enum vg_err sqlite_incident_get(struct storage *, const struct storage_scope *, const char *,
                                json_t **);
/* Text for LIKE ... ESCAPE '\\': found anywhere, its own % and _ mean themselves. */
void sqlite_like_text(const char *text, char out[512]);
/* One row of INCIDENT_COLUMNS as INCIDENT of API.md with "event"; NULL without memory. */
#define INCIDENT_COLUMNS                                                                           \
    "i.id, i.site, s.name, t.name, i.detector, i.severity, i.state, i.first, i.last, i.count, "    \
    "(SELECT count(*) FROM incident_agents ia WHERE ia.incident = i.id), e.body, i.assignee, "     \
    "(SELECT name FROM users u WHERE u.id = i.assignee) "
enum { INCIDENT_COLUMN_COUNT = 14 };
#define INCIDENT_FROM                                                                              \
    "FROM incidents i JOIN sites s ON s.id = i.site JOIN tenants t ON t.id = i.tenant "            \
    "JOIN events e ON e.key = i.event "
json_t *sqlite_incident_row(sqlite3_stmt *st);

/* sqlite_list.c */
enum vg_err sqlite_incidents(struct storage *, const struct storage_scope *,
                             const struct storage_incident_query *, json_t **);

/* sqlite_search.c: the rows of incident_search, in the transaction that changes the incident. The tags are
 * one word for each thing that filters ask for, made by SQL from the incident `i`; put_tag() makes
 * the same word of a value: t tenant, s site, v severity, e state, d detector and family, a assignee. */
enum { SEARCH_MATCH_MAX = 256 * 1024 };
enum { SEARCH_NUM_BITS = 20 }; /* of incidents.num below the second */
#define SEARCH_WORD(column)                                                                        \
    "replace(replace(replace(lower(" column "), '-', ''), '.', 'z'), '_', 'y')"
/* clang-format off */
#define SEARCH_TAGS                                                                                \
    " 'all t' || " SEARCH_WORD("i.tenant") " || ' s' || " SEARCH_WORD("i.site")                    \
    " || ' v' || i.severity || ' e' || " SEARCH_WORD("i.state")                                    \
    " || iif(i." INCIDENT_OPEN ", ' isopen', ' isresolved')"                                       \
    " || ' d' || " SEARCH_WORD("i.detector") " || ' d' || " SEARCH_WORD("i.family")                \
    " || ' a' || " SEARCH_WORD("coalesce(i.assignee, 'none')") " "
/* clang-format on */
#define SEARCH_SUBJECT                                                                             \
    "iif(i.subject_label = i.subject_id, i.subject_id, i.subject_label || ' ' || i.subject_id)"
enum vg_err sq_search_add(struct sqlite *, const struct storage_incident *);
enum vg_err sq_search_grow(struct sqlite *, const struct storage_incident *);
enum vg_err sq_search_changed(struct sqlite *, const char *incident, const char *note);
/* The user is no more: what was theirs is nobody's. */
enum vg_err sq_search_user_gone(struct sqlite *, const char *user);
enum vg_err sq_search_renamed_site(struct sqlite *, const char *id, const char *name);
enum vg_err sq_search_renamed_tenant(struct sqlite *, const char *id, const char *name);
/* The match expression of a query into *out, within the scope. VG_OK; VG_ERR_NOENT: plain, an index does
 * (nothing but a state is asked for, and one tenant or all); VG_ERR_LIMIT. */
enum vg_err sq_search_match(struct sqlite *, const struct storage_scope *,
                            const struct storage_incident_query *, struct buf *out) VG_MUST_CHECK;

/* sqlite_triage.c */
enum vg_err sqlite_incident_set(struct storage *, const struct storage_scope *, const char *,
                                const char *, const char *, const char *, int64_t);
enum vg_err sqlite_triage(struct storage *, const struct storage_scope *, const char *,
                          const struct storage_change *, int64_t, char[UUID_TEXT_SIZE]);
enum vg_err sqlite_assignees(struct storage *, const struct storage_scope *, bool, json_t **);

/* sqlite_exceptions.c */
enum vg_err sqlite_exception_add(struct storage *, const struct storage_scope *,
                                 struct storage_exception *, int64_t);
enum vg_err sqlite_exception_end(struct storage *, const struct storage_scope *, const char *,
                                 const char *, int64_t);
enum vg_err sqlite_exception_until(struct storage *, const struct storage_scope *, const char *,
                                   const char *, int64_t, int64_t);
enum vg_err sqlite_exceptions(struct storage *, const struct storage_scope *, const char *, bool,
                              int64_t, json_t **);
enum vg_err sqlite_exception_hit(struct storage *, const struct storage_incident *, const char *,
                                 int64_t);

/* sqlite_feedback.c */
/* The next version: later than all before it, also after an old backup came back. */
enum vg_err sq_feedback_version(struct sqlite *, int64_t now_ns, int64_t *out);
/* The incident is in this state now: what its agents are told of its events. */
enum vg_err sq_feedback_state(struct sqlite *, const char *incident, const char *state,
                              int64_t now_ns);
enum vg_err sqlite_feedback(struct storage *, const struct storage_agent *, int64_t, int64_t,
                            json_t **);
enum vg_err sqlite_feedback_heard(struct storage *, const char *, int64_t);
enum vg_err sqlite_feedback_news(struct storage *, const struct storage_agent *, int64_t);

/* sqlite_views.c */
enum vg_err sqlite_views(struct storage *, const struct storage_user *, json_t **);
enum vg_err sqlite_view_add(struct storage *, struct storage_view *, int64_t);
enum vg_err sqlite_view_remove(struct storage *, const char *, const char *);
enum vg_err sqlite_noise(struct storage *, const struct storage_scope *, int64_t, json_t **);
enum vg_err sqlite_noise_about(struct storage *, const struct storage_scope *, const char *,
                               int64_t, json_t **);

/* sqlite_overview.c */
enum vg_err sqlite_overview(struct storage *, const struct storage_scope *, int64_t, json_t **);
enum vg_err sqlite_sites(struct storage *, const struct storage_scope *, json_t **);

/* sqlite_mail.c */
enum vg_err sqlite_mail_queue(struct storage *, const struct storage_incident *, bool, int64_t);
enum vg_err sqlite_mail_claim(struct storage *, int64_t, int64_t, size_t, json_t **);
enum vg_err sqlite_mail_done(struct storage *, int64_t, enum storage_mail_result, const char *,
                             int64_t, int64_t);
enum vg_err sqlite_mail_next(struct storage *, int64_t *);

/* sqlite_bundles.c */
enum vg_err sqlite_bundle_key_set(struct storage *, const uint8_t[32], int64_t);
enum vg_err sqlite_bundle_key(struct storage *, uint8_t[32]);
enum vg_err sqlite_bundle_add(struct storage *, const struct storage_bundle *, struct slice);
enum vg_err sqlite_bundle_tenant(struct storage *, int64_t, const char *);
enum vg_err sqlite_bundle_piece(struct storage *, int64_t, int64_t, struct buf *);
enum vg_err sqlite_bundle_get(struct storage *, int64_t, struct storage_bundle *);
enum vg_err sqlite_bundle_below(struct storage *, int64_t, struct storage_bundle *);
enum vg_err sqlite_bundle_offer(struct storage *, const struct storage_agent *, int64_t,
                                struct storage_bundle *);
enum vg_err sqlite_bundle_set(struct storage *, int64_t, const char *, const char *, int64_t);
enum vg_err sqlite_bundle_supersede(struct storage *, int64_t, int64_t);
enum vg_err sqlite_bundle_scope(struct storage *, int64_t, json_t **);
enum vg_err sqlite_bundle_canary(struct storage *, int64_t, const char *);
enum vg_err sqlite_bundle_report(struct storage *, const char *, const struct storage_report *,
                                 int64_t);
enum vg_err sqlite_bundle_ring(struct storage *, int64_t, json_t **);
enum vg_err sqlite_bundle_noise(struct storage *, const char *, int64_t, struct storage_noise *);
