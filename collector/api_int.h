/* SPDX-License-Identifier: Apache-2.0 */
/* api_int: one call of the dashboard's API on its way, and the table of calls. */
#pragma once

#include "collector/password.h"
#include "collector/rights.h"
#include "collector/search.h"
#include "collector/service.h"

struct api_job;

struct api_route {
    const char *path; /* one that ends in '/' is followed by an id */
    bool post;
    bool open; /* login: without a session */
    enum right right;
    bool (*prepare)(struct api_job *j); /* on the loop: takes parameters from the call */
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
    const char *login_name, *login_password; /* in body */
    struct storage_incident_query query;
    struct search search; /* the query's */
    char q_state[24], q_severity[16], q_site[UUID_TEXT_SIZE], q_detector[64], q_text[128],
        q_cursor[80], q_assignee[UUID_TEXT_SIZE];
};

enum vg_err api_refuse(struct api_job *j, int status, const char *word, const char *message);
json_t *api_user(const struct storage_user *user);

enum vg_err api_login_read(struct api_job *j, struct storage *s);
enum vg_err api_login_write(struct api_job *j, struct storage *s);
enum vg_err api_logout_write(struct api_job *j, struct storage *s);

/* api_fleet.c */
enum vg_err api_tenants(struct api_job *j, struct storage *s);
enum vg_err api_tenant_add(struct api_job *j, struct storage *s);
enum vg_err api_tenant_set(struct api_job *j, struct storage *s);
enum vg_err api_sites(struct api_job *j, struct storage *s);
enum vg_err api_site(struct api_job *j, struct storage *s);
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

/* api_pages.c: an incident as it is now into the answer. */
enum vg_err api_incident_read(struct api_job *j, struct storage *s);

/* api_triage.c */
enum vg_err api_incident_write(struct api_job *j, struct storage *s);
enum vg_err api_triage_write(struct api_job *j, struct storage *s);
enum vg_err api_assignees_read(struct api_job *j, struct storage *s);
