/* SPDX-License-Identifier: Apache-2.0 */
/* api_int: one call of the dashboard's API on its way, and the table of calls. A call comes from a person
 * (the cookie of a session, and with a change the session's CSRF token) or from a program (a token in
 * the header Authorization). */
#pragma once

#include "collector/password.h"
#include "collector/rights.h"
#include "collector/search.h"
#include "collector/service.h"

struct api_job;

enum api_who {
    API_ALL,     /* who has the right, person or program */
    API_ANYBODY, /* without a session; prepare() limits how often */
    API_EARLY,   /* persons, also before they have set up their second factor */
    API_PERSONS, /* persons alone: what is about themselves */
};

struct api_route {
    const char *path; /* one that ends in '/' is followed by an id */
    bool post;
    enum api_who who;
    enum right right;
    /* On the loop: takes parameters from the call. False: a value is wrong, or it answered. */
    bool (*prepare)(struct api_job *j);
    enum vg_err (*read)(struct api_job *j, struct storage *s); /* VG_AGAIN: go on to write() */
    enum vg_err (*write)(struct api_job *j, struct storage *s);
};
extern const struct api_route API_ROUTES[];

struct api_job {
    struct work_job job; /* first */
    struct service *service;
    struct http_call *call; /* the loop's: not touched on other threads */
    const struct api_route *route;
    int64_t now_ns;
    char id[UUID_TEXT_SIZE], peer[64], csrf[65];
    bool has_cookie;
    uint8_t cookie_hash[STORAGE_HASH_SIZE];
    struct storage_session session;
    unsigned rights; /* of the session, of enum right */
    json_t *body, *answer;
    int status; /* not 0: an error */
    const char *word, *message;
    char set_cookie[160];
    char told[256]; /* a message made here */
    bool is_program;
    char tried[STORAGE_NAME_MAX + 160]; /* what counts as tried until it turns out well */
    bool stays_tried, failed, half;
    bool answered;     /* by prepare() */
    bool mails;        /* something may be in the outbox */
    int64_t code_step; /* the code that was typed: of this time step, or (0) a recovery code */
    uint8_t recovery[STORAGE_HASH_SIZE];
    uint8_t factor_next[STORAGE_FACTOR_SIZE]; /* the one that is confirmed */
    char encoded[PASSWORD_ENCODED_SIZE];      /* a new password */
    char made[PASSWORD_MADE_SIZE];
    struct storage_user about; /* who is added */
    int64_t before;
    json_t *touched; /* [[tenant, incident]]: what was changed */
    bool streams;    /* the answer goes on: live.h; its tenants are in `answer` */
    struct buf text; /* the answer where it is no JSON: text_mime says what */
    const char *text_mime;
    const char *login_name, *login_password; /* in body */
    struct storage_incident_query query;
    struct search search; /* the query's */
    char q_state[24], q_severity[16], q_site[UUID_TEXT_SIZE], q_detector[64], q_text[128],
        q_cursor[80], q_assignee[UUID_TEXT_SIZE];
};

enum vg_err api_refuse(struct api_job *j, int status, const char *word, const char *message);
/* The call's answer, taken; VG_ERR_NOMEM for NULL. */
enum vg_err api_answer(struct api_job *j, json_t *value);
/* Into the audit trail: what the caller did to what is their own. */
enum vg_err api_audit_own(struct api_job *j, struct storage *s, const char *what, const char *note);

/* api_sign_in.c */
json_t *api_user(const struct api_job *j);
bool api_factor_required(const struct api_job *j, const struct storage_user *user);
void api_set_cookie(struct api_job *j, const char *secret, int max_age_s);
/* One try of a secret: of `name` (NULL: a value is wrong), and from the caller's address. False: too many, and
 * it answered, or wrong. `kind` keeps what is tried apart from other things of the same name. */
bool api_may_try(struct api_job *j, const char *kind, const char *name);
/* The same of a secret of whoever is signed in: of this session. */
bool api_may_try_here(struct api_job *j, const char *kind);
void api_tried_done(struct api_job *j);
bool api_login_prepare(struct api_job *j);
enum vg_err api_login_read(struct api_job *j, struct storage *s);
enum vg_err api_login_write(struct api_job *j, struct storage *s);
enum vg_err api_logout_write(struct api_job *j, struct storage *s);
enum vg_err api_sessions_end_write(struct api_job *j, struct storage *s);

/* api_factor.c */
/* Whether `typed` fits the second factor of `user`: remembers which code it was, for api_code_use(). */
enum vg_err api_code_look(struct api_job *j, struct storage *s, const struct storage_user *user,
                          const char *typed);
/* In the transaction of what the code is for. VG_ERR_NOENT: used before, or none. */
enum vg_err api_code_use(struct api_job *j, struct storage *s, const struct storage_user *user);
enum vg_err api_factor_begin_read(struct api_job *j, struct storage *s);
enum vg_err api_factor_begin_write(struct api_job *j, struct storage *s);
bool api_code_prepare(struct api_job *j);
enum vg_err api_code_read(struct api_job *j, struct storage *s);
enum vg_err api_factor_confirm_read(struct api_job *j, struct storage *s);
enum vg_err api_factor_recovery_write(struct api_job *j, struct storage *s);
enum vg_err api_factor_confirm_write(struct api_job *j, struct storage *s);
enum vg_err api_factor_remove_write(struct api_job *j, struct storage *s);

/* api_password.c */
bool api_password_prepare(struct api_job *j);
enum vg_err api_password_failed(struct api_job *j, struct storage *s);
enum vg_err api_password_read(struct api_job *j, struct storage *s);
enum vg_err api_password_write(struct api_job *j, struct storage *s);
bool api_link_prepare(struct api_job *j);
enum vg_err api_link_write(struct api_job *j, struct storage *s);
enum vg_err api_link_set_read(struct api_job *j, struct storage *s);
enum vg_err api_link_set_write(struct api_job *j, struct storage *s);

/* api_programs.c */
json_t *api_rights(unsigned rights); /* their words */
enum vg_err api_programs_read(struct api_job *j, struct storage *s);
enum vg_err api_programs_write(struct api_job *j, struct storage *s);
enum vg_err api_program_end_write(struct api_job *j, struct storage *s);

/* api_health.c */
bool api_health_prepare(struct api_job *j);
enum vg_err api_health(struct api_job *j, struct storage *s);

/* api_fleet.c */
enum vg_err api_tenants(struct api_job *j, struct storage *s);
enum vg_err api_tenant_add(struct api_job *j, struct storage *s);
enum vg_err api_tenant_set(struct api_job *j, struct storage *s);
enum vg_err api_sites(struct api_job *j, struct storage *s);
enum vg_err api_site(struct api_job *j, struct storage *s);
enum vg_err api_figures(struct api_job *j, struct storage *s);
enum vg_err api_site_add(struct api_job *j, struct storage *s);
enum vg_err api_site_set(struct api_job *j, struct storage *s);
bool api_tokens_prepare(struct api_job *j);
enum vg_err api_tokens(struct api_job *j, struct storage *s);
enum vg_err api_token_add(struct api_job *j, struct storage *s);
enum vg_err api_token_set(struct api_job *j, struct storage *s);
bool api_agents_prepare(struct api_job *j);
enum vg_err api_agents(struct api_job *j, struct storage *s);
enum vg_err api_agent(struct api_job *j, struct storage *s);
enum vg_err api_agent_set(struct api_job *j, struct storage *s);

/* api_pages.c */
enum vg_err api_me_read(struct api_job *j, struct storage *s);
enum vg_err api_me_write(struct api_job *j, struct storage *s);
enum vg_err api_overview(struct api_job *j, struct storage *s);
bool api_incidents_prepare(struct api_job *j);
enum vg_err api_incidents(struct api_job *j, struct storage *s);
/* An incident as it is now into the answer. */
enum vg_err api_incident_read(struct api_job *j, struct storage *s);

/* api_triage.c */
enum vg_err api_incident_write(struct api_job *j, struct storage *s);
bool api_events_prepare(struct api_job *j);
enum vg_err api_events_read(struct api_job *j, struct storage *s);
/* Open dashboards are told of it, once it is committed. */
void api_touched(struct api_job *j, const char *tenant, const char *incident);
enum vg_err api_triage_write(struct api_job *j, struct storage *s);
enum vg_err api_assignees_read(struct api_job *j, struct storage *s);

/* api_settings.c */
bool api_settings_prepare(struct api_job *j);
enum vg_err api_settings_read(struct api_job *j, struct storage *s);
enum vg_err api_settings_write(struct api_job *j, struct storage *s);

/* api_people.c */
enum vg_err api_users_read(struct api_job *j, struct storage *s);
enum vg_err api_user_add_read(struct api_job *j, struct storage *s);
enum vg_err api_user_add_write(struct api_job *j, struct storage *s);
enum vg_err api_user_write(struct api_job *j, struct storage *s);
bool api_audit_prepare(struct api_job *j);
enum vg_err api_audit_read(struct api_job *j, struct storage *s);
enum vg_err api_audit_csv_read(struct api_job *j, struct storage *s);

/* api_exceptions.c */
enum vg_err api_exception_add(struct api_job *j, struct storage *s);
enum vg_err api_exception_set(struct api_job *j, struct storage *s);
bool api_exceptions_prepare(struct api_job *j);
enum vg_err api_exceptions_read(struct api_job *j, struct storage *s);

/* api_views.c */
enum vg_err api_views_read(struct api_job *j, struct storage *s);
enum vg_err api_view_add(struct api_job *j, struct storage *s);
enum vg_err api_view_set(struct api_job *j, struct storage *s);
bool api_noise_prepare(struct api_job *j);
enum vg_err api_noise_read(struct api_job *j, struct storage *s);
