/* SPDX-License-Identifier: Apache-2.0 */
/* The calls behind the dashboard's pages. */
#include <stdlib.h>
#include <string.h>

#include "collector/api_int.h"

static enum vg_err
me(struct api_job *j, struct storage *s)
{
    (void)s;
    j->answer = json_pack("{so ss ss s[ss]}", "user", api_user(&j->session.user), "csrf",
                          j->session.csrf, "version", VIGIA_VERSION, "languages", "es-MX", "en");
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
me_write(struct api_job *j, struct storage *s)
{
    const char *language = vg_json_str(j->body, "language", "");
    enum vg_err err;

    if (strcmp(language, "es-MX") != 0 && strcmp(language, "en") != 0)
        return VG_ERR_FORMAT;
    err = s->ops->user_set_language(s, j->session.user.id, language);
    if (err != VG_OK)
        return err;
    (void)vg_strcpy(j->session.user.language, sizeof j->session.user.language, language);
    json_decref(j->answer);
    j->answer = json_pack("{so}", "user", api_user(&j->session.user));
    return VG_OK;
}

static enum vg_err
overview(struct api_job *j, struct storage *s)
{
    return s->ops->overview(s, &j->session.scope, j->now_ns, &j->answer);
}

/* ---- incidents ---- */

/* Fills the message of a row's event in the reader's language. Numbers of time are the shop's. */
static enum vg_err
render(struct api_job *j, const json_t *row, struct text_message *out)
{
    struct storage_user *user = &j->session.user;
    const json_t *site = json_object_get(row, "site");
    struct zone *zone = NULL;
    struct text_view view = {.language = user->language, .shop = vg_json_str(site, "name", "")};
    enum vg_err err;

    if (zone_load(vg_json_str(site, "zone", "UTC"), &zone) != VG_OK)
        zone = zone_utc();
    view.zone = zone;
    err = zone != NULL ? texts_render(j->service->texts, json_object_get(row, "event"), &view, out)
                       : VG_ERR_NOMEM;
    zone_free(zone);
    return err;
}

static enum vg_err
put_title(struct api_job *j, json_t *row)
{
    struct text_message m;
    enum vg_err err = render(j, row, &m);

    if (err != VG_OK)
        return err;
    (void)json_object_set_new(row, "title", json_string(m.title));
    (void)json_object_set_new(row, "brief", json_string(m.brief));
    texts_message_done(&m);
    return VG_OK;
}

static bool
incidents_prepare(struct api_job *j)
{
    static const char *const states[] = {"open", "resolved", "all", ""};
    struct storage_incident_query *q = &j->query;
    char limit[8];
    bool fits = false;
    long n;

    (void)http_query(j->call, "state", j->q_state, sizeof j->q_state);
    (void)http_query(j->call, "severity", j->q_severity, sizeof j->q_severity);
    (void)http_query(j->call, "site", j->q_site, sizeof j->q_site);
    (void)http_query(j->call, "detector", j->q_detector, sizeof j->q_detector);
    (void)http_query(j->call, "q", j->q_text, sizeof j->q_text);
    (void)http_query(j->call, "cursor", j->q_cursor, sizeof j->q_cursor);
    (void)http_query(j->call, "limit", limit, sizeof limit);
    for (size_t i = 0; i < VG_ARRAY_LEN(states); i++)
        fits = fits || strcmp(j->q_state, states[i]) == 0;
    n = limit[0] != '\0' ? strtol(limit, NULL, 10) : 50;
    *q = (struct storage_incident_query){
        .state = j->q_state[0] != '\0' ? j->q_state : "open",
        .severity = j->q_severity,
        .site = j->q_site,
        .detector = j->q_detector,
        .text = j->q_text,
        .cursor = j->q_cursor,
        .limit = n < 1                  ? 1
                 : n > STORAGE_PAGE_MAX ? STORAGE_PAGE_MAX
                                        : (size_t)n,
    };
    return fits;
}

static enum vg_err
incidents(struct api_job *j, struct storage *s)
{
    json_t *row;
    size_t i;
    enum vg_err err = s->ops->incidents(s, &j->session.scope, &j->query, &j->answer);

    if (err != VG_OK)
        return err;
    json_array_foreach(json_object_get(j->answer, "items"), i, row)
    {
        err = put_title(j, row);
        if (err != VG_OK)
            return err;
        (void)json_object_del(row, "event");
    }
    return VG_OK;
}

/* What the event that speaks for the incident says goes up into the row. */
static void
lift(json_t *row, const char *key)
{
    json_t *value = json_object_get(json_object_get(row, "event"), key);

    (void)json_object_set_new(row, key, value != NULL ? json_incref(value) : json_null());
}

static enum vg_err
incident(struct api_job *j, struct storage *s)
{
    struct text_message m;
    json_t *row = NULL;
    enum vg_err err = s->ops->incident_get(s, &j->session.scope, j->id, &row);

    if (err != VG_OK)
        return err;
    json_decref(j->answer);
    j->answer = row;
    err = render(j, row, &m);
    if (err != VG_OK)
        return err;
    (void)json_object_set_new(row, "title", json_string(m.title));
    (void)json_object_set_new(row, "brief", json_string(m.brief));
    (void)json_object_set_new(row, "message",
                              json_pack("{ss ss ss ss}", "title", m.title, "what", m.what, "why",
                                        m.why, "do", m.what_to_do));
    texts_message_done(&m);
    lift(row, "facts");
    lift(row, "evidence");
    lift(row, "attack");
    (void)json_object_del(row, "event");
    return VG_OK;
}

static enum vg_err
incident_write(struct api_job *j, struct storage *s)
{
    const char *state = vg_json_str(j->body, "state", ""), *note = vg_json_str(j->body, "note", "");
    enum vg_err err;

    if (!storage_state_valid(state) || strlen(note) > 2000)
        return VG_ERR_FORMAT;
    err = s->ops->incident_set(s, &j->session.scope, j->id, state, j->session.user.name,
                               note[0] != '\0' ? note : NULL, j->now_ns);
    return err == VG_OK ? incident(j, s) : err;
}

const struct api_route API_ROUTES[] = {
    {"/api/login", true, true, RIGHT_NONE, NULL, api_login_read, api_login_write},
    {"/api/logout", true, false, RIGHT_NONE, NULL, NULL, api_logout_write},
    {"/api/me", false, false, RIGHT_NONE, NULL, me, NULL},
    {"/api/me", true, false, RIGHT_NONE, NULL, NULL, me_write},
    {"/api/overview", false, false, RIGHT_SEE, NULL, overview, NULL},
    {"/api/incidents", false, false, RIGHT_SEE, incidents_prepare, incidents, NULL},
    {"/api/incidents/", false, false, RIGHT_SEE, NULL, incident, NULL},
    {"/api/incidents/", true, false, RIGHT_TRIAGE, NULL, NULL, incident_write},
    {"/api/agents", false, false, RIGHT_SEE, api_agents_prepare, api_agents, NULL},
    {"/api/agents/", false, false, RIGHT_SEE, NULL, api_agent, NULL},
    {"/api/agents/", true, false, RIGHT_FLEET, NULL, NULL, api_agent_set},
    {"/api/tenants", false, false, RIGHT_SEE, NULL, api_tenants, NULL},
    {"/api/tenants", true, false, RIGHT_PEOPLE, NULL, NULL, api_tenant_add},
    {"/api/tenants/", true, false, RIGHT_PEOPLE, NULL, NULL, api_tenant_set},
    {"/api/sites", false, false, RIGHT_SEE, NULL, api_sites, NULL},
    {"/api/sites", true, false, RIGHT_FLEET, NULL, NULL, api_site_add},
    {"/api/sites/", false, false, RIGHT_SEE, NULL, api_site, NULL},
    {"/api/sites/", true, false, RIGHT_FLEET, NULL, NULL, api_site_set},
    {"/api/tokens", false, false, RIGHT_FLEET, api_tokens_prepare, api_tokens, NULL},
    {"/api/tokens", true, false, RIGHT_FLEET, NULL, NULL, api_token_add},
    {"/api/tokens/", true, false, RIGHT_FLEET, NULL, NULL, api_token_set},
    {NULL, false, false, RIGHT_NONE, NULL, NULL, NULL},
};
