/* SPDX-License-Identifier: Apache-2.0 */
/* storage: everything the collector keeps, behind a table of functions, so that SQLite (one machine)
 * and later PostgreSQL (many shops, many collectors) serve the same code.
 *
 * One `struct storage` is one connection and belongs to one thread. Inside the collector one
 * connection writes (collector/work.h gathers its jobs into group commits), others read; the mailer
 * and the commands open connections of their own. Every function for people takes the `scope` whose
 * rows may be seen or changed: what is outside of it is not there. Rows for pages come as
 * JSON objects, shaped as collector/API.md where it names them; times in them are RFC 3339 texts.
 * Results in *out are the caller's (json_decref). Ids are UUID texts. Times are ns UTC.
 *
 * Errors: VG_ERR_NOENT no such row (or not this tenant's), VG_ERR_EXISTS a unique name is taken,
 * VG_ERR_LIMIT disk full, VG_AGAIN another process holds the database too long, VG_ERR_FORMAT the
 * database is damaged or newer than this program, VG_ERR_NOMEM, VG_ERR_SYS. */
#pragma once

#include "collector/store/store_records.h"
#include "collector/store/store_triage.h"
#include "common/buf.h"

struct storage;
typedef enum vg_err storage_line_fn(void *ctx, struct slice json);
typedef enum vg_err storage_row_fn(void *ctx, const json_t *row); /* borrowed */

struct storage_ops {
    void (*close)(struct storage *s);      /* NULL is not fine here; storage_close() takes NULL */
    const char *(*why)(struct storage *s); /* the engine's words for the last error, for the log */

    /* A writing transaction; savepoints inside it for one job of many. */
    enum vg_err (*begin)(struct storage *s);
    enum vg_err (*commit)(struct storage *s);
    void (*rollback)(struct storage *s);
    enum vg_err (*mark)(struct storage *s);
    enum vg_err (*keep)(struct storage *s); /* keeps what came after the mark */
    void (*undo)(struct storage *s);        /* undoes it */

    /* ---- who there is ---- */
    enum vg_err (*tenant_add)(struct storage *s, const char *name, int64_t now_ns,
                              char id[UUID_TEXT_SIZE]);
    enum vg_err (*tenant_find)(struct storage *s, const char *name, char id[UUID_TEXT_SIZE]);
    /* Keys of tokens that a database of schema 1 holds: the first one behind `tenant` ("" at first), which
     * is replaced; VG_ERR_NOENT: no more. Then all are overwritten, also in what is around the database. */
    enum vg_err (*token_key_next)(struct storage *s, char tenant[UUID_TEXT_SIZE], uint8_t key[32]);
    enum vg_err (*token_keys_forget)(struct storage *s);
    enum vg_err (*tenants)(struct storage *s, const struct storage_scope *scope, json_t **out);
    /* Of one that is in the scope. */
    enum vg_err (*tenant_get)(struct storage *s, const struct storage_scope *scope, const char *id,
                              char name[STORAGE_NAME_MAX + 1]);
    enum vg_err (*tenant_rename)(struct storage *s, const struct storage_scope *scope,
                                 const char *id, const char *name);
    enum vg_err (*site_add)(struct storage *s, const struct storage_site *site, int64_t now_ns,
                            char id[UUID_TEXT_SIZE]); /* id, names of tenant, key: ignored */
    /* By id or by name; VG_ERR_EXISTS: several tenants have a site of that name. */
    enum vg_err (*site_find)(struct storage *s, const struct storage_scope *scope,
                             const char *id_or_name, struct storage_site *out);
    /* All of the site with that id but its tenant; then sites found keep their agents' settings. */
    enum vg_err (*site_set)(struct storage *s, const struct storage_scope *scope,
                            const struct storage_site *site);
    /* [{"id","name","tenant","tenant_id","zone","language","mail","hours","agents","open","worst",
     * "last_seen"}] */
    enum vg_err (*sites)(struct storage *s, const struct storage_scope *scope, json_t **out);

    enum vg_err (*user_add)(struct storage *s, const struct storage_user *user, int64_t now_ns);
    enum vg_err (*user_find)(struct storage *s, const char *name, struct storage_user *out);
    /* The tenants that a user of the provider sees: all of them, or (given) those that user_give() adds; the
     * list begins empty. */
    enum vg_err (*user_given)(struct storage *s, const char *user, bool given);
    enum vg_err (*user_give)(struct storage *s, const char *user, const char *tenant);
    enum vg_err (*user_set_language)(struct storage *s, const char *user, const char *language);
    enum vg_err (*user_set_password)(struct storage *s, const char *user, const char *encoded);
    /* [{"id","name","role","language","tenant": name or null,"tenants": [names] or null: all,
     * "created","mail","second_factor"}];
     * of the provider's users only the operator and who sees everything sees any. */
    enum vg_err (*users)(struct storage *s, const struct storage_scope *scope, json_t **out);

    enum vg_err (*user_find_mail)(struct storage *s, const char *mail, struct storage_user *out);
    /* By id; of the provider's only who sees everything finds any. */
    enum vg_err (*user_get)(struct storage *s, const struct storage_scope *scope, const char *id,
                            struct storage_user *out);
    /* Role, language and mail of user->id; links that went to another address end. VG_ERR_EXISTS: another has
     * that mail. */
    enum vg_err (*user_change)(struct storage *s, const struct storage_user *user);
    /* With sessions, tokens and second factor; what they did stays in the audit trail. */
    enum vg_err (*user_remove)(struct storage *s, const char *user);
    /* How many administrators see everything. */
    enum vg_err (*user_admins)(struct storage *s, int64_t *out);

    /* ---- signing in ---- */
    /* `hash`: SHA-256 of the cookie; the cookie itself is not kept. user.id, csrf, expires_ns and
     * whole of *session count. */
    enum vg_err (*session_add)(struct storage *s, const uint8_t hash[STORAGE_HASH_SIZE],
                               const struct storage_session *session, int64_t now_ns);
    enum vg_err (*session_find)(struct storage *s, const uint8_t hash[STORAGE_HASH_SIZE],
                                int64_t now_ns, struct storage_session *out);
    enum vg_err (*session_whole)(struct storage *s, const uint8_t hash[STORAGE_HASH_SIZE]);
    enum vg_err (*session_end)(struct storage *s, const uint8_t hash[STORAGE_HASH_SIZE]);
    /* All of the user's (NULL: everybody's), but this one (NULL: all). */
    enum vg_err (*sessions_end)(struct storage *s, const char *user,
                                const uint8_t but[STORAGE_HASH_SIZE]);
    /* VG_ERR_NOENT: the user has none. */
    enum vg_err (*factor_get)(struct storage *s, const char *user, struct storage_factor *out);
    /* One that waits for its first code; what is on stays on until then. */
    enum vg_err (*factor_begin)(struct storage *s, const char *user,
                                const uint8_t sealed[STORAGE_FACTOR_SIZE]);
    /* A code of this time step of the one that waits was right: it is on, in place of another.
     * VG_ERR_NOENT: this one waits no more. */
    enum vg_err (*factor_confirm)(struct storage *s, const char *user,
                                  const uint8_t sealed[STORAGE_FACTOR_SIZE], int64_t step);
    /* A code of this time step was right. VG_ERR_NOENT: one of it or of a later one was used. */
    enum vg_err (*factor_use)(struct storage *s, const char *user, int64_t step);
    enum vg_err (*factor_remove)(struct storage *s, const char *user); /* with recovery codes */
    enum vg_err (*recovery_set)(struct storage *s, const char *user,
                                const uint8_t hashes[][STORAGE_HASH_SIZE], size_t count);
    enum vg_err (*recovery_use)(struct storage *s, const char *user,
                                const uint8_t hash[STORAGE_HASH_SIZE]); /* once */
    enum vg_err (*recovery_left)(struct storage *s, const char *user, int64_t *out);
    /* VG_ERR_EXISTS: the user has STORAGE_API_TOKENS_MAX. */
    enum vg_err (*api_token_add)(struct storage *s, const struct storage_api_token *token,
                                 const uint8_t hash[STORAGE_HASH_SIZE], int64_t now_ns,
                                 char id[UUID_TEXT_SIZE]);
    /* Its user as a session without csrf; *rights: those it was given (collector/rights.h). */
    enum vg_err (*api_token_find)(struct storage *s, const uint8_t hash[STORAGE_HASH_SIZE],
                                  int64_t now_ns, struct storage_session *out, unsigned *rights);
    enum vg_err (*api_token_end)(struct storage *s, const char *user, const char *id);
    /* [{"id","name","rights": number,"created","expires"}] */
    enum vg_err (*api_tokens)(struct storage *s, const char *user, json_t **out);
    /* A mail with a link that sets the user's password goes into the outbox. VG_ERR_NOENT: no such
     * user, one without a mail address, or STORAGE_LINKS_AN_HOUR went already. */
    enum vg_err (*link_add)(struct storage *s, const char *user, bool invitation, int64_t now_ns,
                            int64_t expires_ns);
    /* No link of the user's (NULL: of anybody) that was sent works any more. */
    enum vg_err (*links_end)(struct storage *s, const char *user);
    /* Whose it is; it and the user's others work no more. VG_ERR_NOENT: unknown, used, expired. */
    enum vg_err (*link_use)(struct storage *s, const char *id, int64_t now_ns,
                            struct storage_user *out);

    /* ---- the audit trail: rows are added, never changed ---- */
    enum vg_err (*audit)(struct storage *s, const char *tenant, const char *who, const char *what,
                         const char *object, const char *note, int64_t now_ns);
    /* *out {"items": [{"id","time","who","what","object","note","tenant": name}], "next"}, the newest
     * first; before `before` (INT64_MAX: from the newest), of `who` alone where not "". */
    enum vg_err (*audit_page)(struct storage *s, const struct storage_scope *scope, int64_t before,
                              const char *who, size_t limit, json_t **out);
    enum vg_err (*audit_all)(struct storage *s, const struct storage_scope *scope,
                             storage_row_fn *fn, void *ctx); /* such rows, the oldest first */

    /* ---- agents ---- */
    enum vg_err (*token_add)(struct storage *s, const uint8_t hash[STORAGE_HASH_SIZE],
                             const struct storage_site *site, const char *who, int64_t now_ns,
                             int64_t expires_ns, char id[UUID_TEXT_SIZE]);
    /* Those that can still be used, of one site or (site "") of all:
     * [{"id","site":{"id","name"},"tenant","who","created","expires"}], at most STORAGE_PAGE_MAX. */
    enum vg_err (*tokens)(struct storage *s, const struct storage_scope *scope, const char *site,
                          int64_t now_ns, json_t **out);
    /* An open one, taken back; *site: where it would have led. */
    enum vg_err (*token_withdraw)(struct storage *s, const struct storage_scope *scope,
                                  const char *id, int64_t now_ns, struct storage_site *site);
    /* Uses the token up. VG_ERR_NOENT: unknown, used or expired. */
    enum vg_err (*token_use)(struct storage *s, const uint8_t hash[STORAGE_HASH_SIZE],
                             const char *agent, int64_t now_ns, struct storage_site *out);
    enum vg_err (*agent_add)(struct storage *s, const struct storage_agent *agent, int64_t now_ns);
    enum vg_err (*agent_hello)(struct storage *s, const char *agent,
                               const struct storage_hello *hello, int64_t now_ns);
    /* So many records of its came from a clock that cannot be right. */
    enum vg_err (*agent_moved)(struct storage *s, const char *agent, int64_t records,
                               int64_t now_ns);
    enum vg_err (*agent_revoke)(struct storage *s, const struct storage_scope *scope,
                                const char *agent, int64_t now_ns);
    /* One that was revoked leaves all lists; its events stay. VG_ERR_NOENT too: it was not revoked. */
    enum vg_err (*agent_remove)(struct storage *s, const struct storage_scope *scope,
                                const char *agent, int64_t now_ns);
    enum vg_err (*agent_find)(struct storage *s, const struct storage_scope *scope,
                              const char *agent, struct storage_agent *out);
    /* VG_ERR_DENIED: it got STORAGE_CERTS_A_DAY. */
    enum vg_err (*cert_add)(struct storage *s, const uint8_t fingerprint[STORAGE_HASH_SIZE],
                            const char *agent, int64_t now_ns, int64_t not_after_ns);
    /* By certificate; a revoked agent is found, with `revoked` set. */
    enum vg_err (*cert_find)(struct storage *s, const uint8_t fingerprint[STORAGE_HASH_SIZE],
                             struct storage_agent *out);
    /* GET /api/agents: {"items", "more"}. Online: seen in the last STORAGE_SILENT_NS. */
    enum vg_err (*agents)(struct storage *s, const struct storage_scope *scope,
                          const struct storage_agent_query *query, int64_t now_ns, json_t **out);
    /* GET /api/agents/ID. */
    enum vg_err (*agent_get)(struct storage *s, const struct storage_scope *scope, const char *id,
                             int64_t now_ns, json_t **out);
    /* ---- what is seen of them (collector/clone.c and silence.c decide) ---- */
    /* Remembers it as the latest of its kind; *known: it was before. The oldest beyond STORAGE_FACES_MAX
     * are forgotten. */
    enum vg_err (*face_put)(struct storage *s, const char *agent, const struct storage_face *face,
                            int64_t now_ns, bool *known);
    enum vg_err (*face_get)(struct storage *s, const char *agent, const char *kind,
                            const char *value, struct storage_face *out);
    /* Whether it was left once and heard of again: another of its kind came first within its time. One that is
     * forgotten counts as such. */
    enum vg_err (*face_came_back)(struct storage *s, const char *agent, const char *kind,
                                  const char *value, bool *out);
    /* Counts a return; those of the last span_ns count. *told_ns: of the last agent_cloned(), or 0. */
    enum vg_err (*agent_returned)(struct storage *s, const char *agent, int64_t now_ns,
                                  int64_t span_ns, int64_t *returns, int64_t *told_ns);
    enum vg_err (*agent_cloned)(struct storage *s, const char *agent, int64_t now_ns);
    enum vg_err (*agent_store)(struct storage *s, const char *agent, const char *store);
    /* Not heard of since before_ns (or in the future), not revoked, not silent yet, in the order of their
     * sites: [{"id", "tenant","site","site_name","host","last_seen": ns,"zone","hours"}]. One whose silence
     * was held back is among them again once no exception of its tenant holds for agent.silent. */
    enum vg_err (*agents_quiet)(struct storage *s, int64_t before_ns, int64_t now_ns, size_t max,
                                json_t **out);
    /* `incident` "": an exception held it back. */
    enum vg_err (*agent_silent)(struct storage *s, const char *agent, const char *incident);
    /* Not silent any more; *last: nor is another agent of that incident. */
    enum vg_err (*agent_heard)(struct storage *s, const char *agent, const char *incident,
                               bool *last);
    /* The first seal key of one store of an agent: kept once, never replaced. */
    enum vg_err (*seal_key_add)(struct storage *s, const char *agent, const char *store,
                                const uint8_t key[32]);
    enum vg_err (*seal_key)(struct storage *s, const char *agent, const char *store,
                            uint8_t out[32]);

    /* ---- settings of agents (common/settings.h) ---- */
    /* Of the provider (owner ""), a tenant or a site: the object that was set ({} for none), and when. */
    enum vg_err (*settings_get)(struct storage *s, const char *owner, json_t **out,
                                int64_t *changed);
    enum vg_err (*settings_set)(struct storage *s, const char *owner, const char *body,
                                int64_t now_ns);
    /* All three in one, the site's hours with them (tenant or site "": without that level). *version rises with each change of any; 0: none. */
    enum vg_err (*settings_of)(struct storage *s, const char *tenant, const char *site,
                               json_t **out, int64_t *version);

    /* The agent has settings of version `has`, those for it are of a lower one (this database came from a
     * backup, or the clock was wrong once): *version is the one above that they go under. VG_ERR_NOENT: it got
     * just these under `has`. */
    enum vg_err (*settings_raise)(struct storage *s, const char *agent, int64_t of, int64_t has,
                                  int64_t *version);

    /* ---- events ---- */
    /* The stream of (agent, store), made when new; *durable: its highest seq, 0 for none. VG_ERR_DENIED: the
     * agent has STORAGE_STREAMS_MAX. (Keys of events have 23 bits for all streams there ever are.) */
    enum vg_err (*stream_open)(struct storage *s, const char *agent, const char *store,
                               int64_t now_ns, int64_t *stream, int64_t *durable);
    /* The id that is known under (stream, seq); "" for a tombstone. VG_ERR_NOENT. */
    enum vg_err (*event_id)(struct storage *s, int64_t stream, int64_t seq,
                            char id[UUID_TEXT_SIZE]);
    enum vg_err (*event_put)(struct storage *s, const struct storage_event *event);
    enum vg_err (*event_refuse)(struct storage *s, const struct storage_event *tombstone,
                                const char *why, struct slice body);
    enum vg_err (*stream_durable)(struct storage *s, int64_t stream, int64_t durable);

    /* ---- figures (collector/figures.c decides) ---- */
    /* Adds to the sum of a site's hour; a kind over FIGURES_KINDS_MAX of the site is left out. */
    enum vg_err (*figure_add)(struct storage *s, const char *site, const char *kind,
                              int64_t hour_ns, int64_t value);
    /* [[kind, hour in ns, value]] of the site since then, by kind and hour. */
    enum vg_err (*figures)(struct storage *s, const char *site, int64_t since_ns, json_t **out);

    /* ---- incidents (collector/incident.c decides) ---- */
    /* The newest incident of (site, family, subject) whose time, widened by `gap_ns` on both sides,
     * touches [first_ns, last_ns] of `like`; not one that was real and resolved before last_ns. */
    enum vg_err (*incident_match)(struct storage *s, const struct storage_incident *like,
                                  int64_t gap_ns, struct storage_incident *out);
    enum vg_err (*incident_add)(struct storage *s, const struct storage_incident *incident,
                                int64_t now_ns);
    enum vg_err (*incident_grow)(struct storage *s, const struct storage_incident *incident,
                                 int64_t now_ns);
    enum vg_err (*incident_agent)(struct storage *s, const char *incident, const char *agent);

    /* Rows as INCIDENT of API.md without title and brief, with "event": the one that speaks for it.
     * *out {"items": [...], "next": cursor or null}. VG_ERR_FORMAT: the cursor is not ours. */
    enum vg_err (*incidents)(struct storage *s, const struct storage_scope *scope,
                             const struct storage_incident_query *query, json_t **out);
    /* One such row with "events", "mails", "history" and "site" {id,name,zone,language}. */
    enum vg_err (*incident_get)(struct storage *s, const struct storage_scope *scope,
                                const char *id, json_t **out);
    enum vg_err (*incident_set)(struct storage *s, const struct storage_scope *scope,
                                const char *id, const char *state, const char *who,
                                const char *note, int64_t now_ns);
    /* *tenant: whose it is. VG_ERR_NOENT: no such incident; VG_ERR_DENIED: the assignee does not see its tenant. */
    enum vg_err (*triage)(struct storage *s, const struct storage_scope *scope, const char *id,
                          const struct storage_change *change, int64_t now_ns,
                          char tenant[UUID_TEXT_SIZE]);
    /* [{"id","name"}]: whom somebody of this scope may assign incidents to; `provider`: also the
     * provider's own people. */
    enum vg_err (*assignees)(struct storage *s, const struct storage_scope *scope, bool provider,
                             json_t **out);
    /* Its id is made here. VG_ERR_NOENT: no such tenant or site in the scope; VG_ERR_LIMIT: an agent would
     * have more than STORAGE_EXCEPTIONS_MAX. */
    enum vg_err (*exception_add)(struct storage *s, const struct storage_scope *scope,
                                 struct storage_exception *exception, int64_t now_ns);
    enum vg_err (*exception_end)(struct storage *s, const struct storage_scope *scope,
                                 const char *id, const char *who, int64_t now_ns);
    enum vg_err (*exception_until)(struct storage *s, const struct storage_scope *scope,
                                   const char *id, const char *who, int64_t until_ns,
                                   int64_t now_ns);
    /* EXCEPTION of API.md: one (`id`), or (NULL) all that hold now, or those that are over: newest first, at
     * most STORAGE_EXCEPTIONS_MAX. */
    enum vg_err (*exceptions)(struct storage *s, const struct storage_scope *scope, const char *id,
                              bool over, int64_t now_ns, json_t **out);
    /* VG_OK where one holds for an alert of this site about `like` at like->last_ns: counted there. Else
     * VG_ERR_NOENT. `peer`: its id, "" for none. */
    enum vg_err (*exception_hit)(struct storage *s, const struct storage_incident *like,
                                 const char *peer, int64_t now_ns);
    /* What an agent must be told beyond version `after`, in rising order of versions, as API.md has it:
     * *out is an array of at most STORAGE_FEEDBACK_MAX. */
    enum vg_err (*feedback)(struct storage *s, const struct storage_agent *agent, int64_t after,
                            int64_t now_ns, json_t **out);
    /* The agent has all up to this version. */
    enum vg_err (*feedback_heard)(struct storage *s, const char *agent, int64_t version);
    /* VG_OK: there is some that it did not say it has; VG_ERR_NOENT. */
    enum vg_err (*feedback_news)(struct storage *s, const struct storage_agent *agent,
                                 int64_t now_ns);
    /* The user's own views and those shared with them: [VIEW of API.md]. */
    enum vg_err (*views)(struct storage *s, const struct storage_user *user, json_t **out);
    /* Its id is made here. VG_ERR_EXISTS: the user has one of that name; VG_ERR_LIMIT. */
    enum vg_err (*view_add)(struct storage *s, struct storage_view *view, int64_t now_ns);
    enum vg_err (*view_remove)(struct storage *s, const char *user, const char *id);
    /* The last 30 days by detector: [{"detector","incidents","true","false","expected","sites"}]. */
    enum vg_err (*noise)(struct storage *s, const struct storage_scope *scope, int64_t now_ns,
                         json_t **out);
    /* Whom one detector (or family) speaks of most, among its newest incidents of 30 days:
     * [{"site":{"id","name"},"tenant","subject","incidents","resolved"}]. */
    enum vg_err (*noise_about)(struct storage *s, const struct storage_scope *scope,
                               const char *detector, int64_t now_ns, json_t **out);
    /* GET /api/overview as it stands. */
    enum vg_err (*overview)(struct storage *s, const struct storage_scope *scope, int64_t now_ns,
                            json_t **out);

    /* ---- mails: an outbox that a crash cannot empty ---- */
    /* For an incident that is new or became graver, in the transaction of the incident: queues a mail
     * to the site's owner as common/mail_policy.h says (the first; an update in its thread, at most
     * one an hour; over the day's cap one mail that says so and a summary). Does nothing where the
     * site has no address. `late`: joins the site's waiting summary of old alerts, or begins one
     * that waits for more until now_ns + STORAGE_SUMMARY_WAIT_NS. */
    enum vg_err (*mail_queue)(struct storage *s, const struct storage_incident *incident, bool late,
                              int64_t now_ns);
    /* Leases up to `max` due mails until now_ns + lease_ns, in a transaction of its own (do not call
     * begin()); a lease that ran out is due again. *out is an array of {"id": n, "key": UUID (the
     * same at every attempt: Message-ID and file name), "kind": "incident"|"update"|"summary"|"held"|
     * "full"|"password"|"invitation", "to", "user" and "expires" of the last two, whose key is the
     * link's id,
     * "attempts": n, "created", "tenant": name, "site": {"id","name","zone","language"},
     * "incidents": [INCIDENT with "event"], "more": incidents beyond STORAGE_MAIL_INCIDENTS}. */
    enum vg_err (*mail_claim)(struct storage *s, int64_t now_ns, int64_t lease_ns, size_t max,
                              json_t **out);
    enum vg_err (*mail_done)(struct storage *s, int64_t id, enum storage_mail_result result,
                             const char *error, int64_t next_try_ns, int64_t now_ns);
    /* When the next mail becomes due; INT64_MAX for none. */
    enum vg_err (*mail_next)(struct storage *s, int64_t *due_ns);

    /* ---- bundles (collector/rollout.c decides) ---- */
    enum vg_err (*bundle_key_set)(struct storage *s, const uint8_t key[32], int64_t now_ns);
    enum vg_err (*bundle_key)(struct storage *s, uint8_t out[32]); /* the latest */
    enum vg_err (*bundle_add)(struct storage *s, const struct storage_bundle *b,
                              struct slice whole);
    enum vg_err (*bundle_tenant)(struct storage *s, int64_t version, const char *tenant);
    /* Part number 0.. of STORAGE_BUNDLE_PIECE bytes (the last has less), appended. */
    enum vg_err (*bundle_piece)(struct storage *s, int64_t version, int64_t part, struct buf *out);
    enum vg_err (*bundle_get)(struct storage *s, int64_t version, struct storage_bundle *out);
    /* The next one below `before`. */
    enum vg_err (*bundle_below)(struct storage *s, int64_t before, struct storage_bundle *out);
    /* The one that this agent should have. VG_ERR_NOENT: none. */
    enum vg_err (*bundle_offer)(struct storage *s, const struct storage_agent *agent,
                                int64_t now_ns, struct storage_bundle *out);
    enum vg_err (*bundle_set)(struct storage *s, int64_t version, const char *state,
                              const char *why, int64_t now_ns);
    enum vg_err (*bundle_supersede)(struct storage *s, int64_t version, int64_t now_ns);
    /* [{"id", "seen"}]: whom it is for, without the revoked. */
    enum vg_err (*bundle_scope)(struct storage *s, int64_t version, json_t **out);
    enum vg_err (*bundle_canary)(struct storage *s, int64_t version, const char *agent);
    /* Of a version that is not known here: nothing happens. */
    enum vg_err (*bundle_report)(struct storage *s, const char *agent,
                                 const struct storage_report *report, int64_t now_ns);
    /* [{"agent", "host", "canary", "state", "since", "crashes", "why", "seen"}], canaries first. */
    enum vg_err (*bundle_ring)(struct storage *s, int64_t version, json_t **out);
    enum vg_err (*bundle_noise)(struct storage *s, const char *agent, int64_t since_ns,
                                struct storage_noise *out);

    /* ---- care ---- */
    /* Removes what has run out: sessions, tokens (a week after). */
    enum vg_err (*sweep)(struct storage *s, int64_t now_ns);
    /* A consistent copy to a new file while others work. VG_ERR_EXISTS. */
    enum vg_err (*backup)(struct storage *s, const char *path);
    /* Whole? VG_ERR_FORMAT with the first fault in `why`. */
    enum vg_err (*check)(struct storage *s, char why[STORAGE_WHY_MAX]);
    /* Every event of the tenant in the order it came, as its JSON line. */
    enum vg_err (*events)(struct storage *s, const struct storage_scope *scope, storage_line_fn *fn,
                          void *ctx);
};

struct storage {
    const struct storage_ops *ops;
};

/* Between the times that an incident began at and ends: it grows no further. */
#define STORAGE_INCIDENT_SPAN_NS (INT64_C(24) * 3600 * 1000000000)
/* An agent that has not been heard of for this long is silent (hello comes every five minutes). */
#define STORAGE_SILENT_NS (INT64_C(15) * 60 * 1000000000)
/* How long a summary of old alerts waits for more of them. */
#define STORAGE_SUMMARY_WAIT_NS (INT64_C(2) * 60 * 1000000000)

enum storage_mode { STORAGE_WRITE, STORAGE_READ };

/* `where`: the path of an SQLite database (made, and brought to this program's schema, when opened
 * to write). On VG_OK *out is the caller's. `why` is for people. */
enum vg_err storage_open(const char *where, enum storage_mode mode, struct storage **out,
                         char why[STORAGE_WHY_MAX]) VG_MUST_CHECK;
void storage_close(struct storage *s);
