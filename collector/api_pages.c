/* SPDX-License-Identifier: Apache-2.0 */
/* The calls behind the dashboard's pages. */
#include <stdlib.h>
#include <string.h>

#include "collector/api_int.h"

enum vg_err
api_me_read(struct api_job *j, struct storage *s)
{
    int64_t left = 0;
    enum vg_err err = s->ops->recovery_left(s, j->session.user.id, &left);

    if (err != VG_OK)
        return err;
    j->answer = json_pack(
        "{so ss ss s[ss] so sb sb sb sI}", "user", api_user(j), "csrf", j->session.csrf, "version",
        VIGIA_VERSION, "languages", "es-MX", "en", "rights", api_rights(j->rights), "set_up",
        !j->session.whole, "second_factor_required", api_factor_required(j, &j->session.user),
        "sees_all", j->session.scope.kind == STORAGE_SEES_ALL, "recovery_left", (json_int_t)left);
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

enum vg_err
api_me_write(struct api_job *j, struct storage *s)
{
    const char *language = vg_json_str(j->body, "language", "");
    enum vg_err err;

    if (strcmp(language, "es-MX") != 0 && strcmp(language, "en") != 0)
        return VG_ERR_FORMAT;
    err = s->ops->user_set_language(s, j->session.user.id, language);
    if (err == VG_OK)
        err = api_audit_own(j, s, "language.changed", language);
    if (err != VG_OK)
        return err;
    (void)vg_strcpy(j->session.user.language, sizeof j->session.user.language, language);
    json_decref(j->answer);
    j->answer = json_pack("{so}", "user", api_user(j));
    return VG_OK;
}

enum vg_err
api_overview(struct api_job *j, struct storage *s)
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

/* What is typed, in the reader's zone; a zone that is not known here counts as UTC. */
static bool
take_search(struct api_job *j)
{
    char text[SEARCH_TEXT_MAX + 1], name[64];
    struct zone *zone = NULL;

    (void)http_query(j->call, "q", text, sizeof text);
    (void)http_query(j->call, "zone", name, sizeof name);
    if (name[0] == '\0' || zone_load(name, &zone) != VG_OK)
        zone = zone_utc();
    if (zone == NULL)
        return false;
    search_parse(text, zone, &j->search);
    zone_free(zone);
    return true;
}

/* A state, or what several have in common. */
static bool
state_known(const char *state)
{
    static const char *const words[] = {"open", "resolved", "all", ""};

    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++)
        if (strcmp(state, words[i]) == 0)
            return true;
    return storage_state_valid(state);
}

bool
api_incidents_prepare(struct api_job *j)
{
    struct storage_incident_query *q = &j->query;
    char limit[8];
    long n;

    (void)http_query(j->call, "state", j->q_state, sizeof j->q_state);
    (void)http_query(j->call, "severity", j->q_severity, sizeof j->q_severity);
    (void)http_query(j->call, "site", j->q_site, sizeof j->q_site);
    (void)http_query(j->call, "detector", j->q_detector, sizeof j->q_detector);
    (void)http_query(j->call, "assignee", j->q_assignee, sizeof j->q_assignee);
    (void)http_query(j->call, "cursor", j->q_cursor, sizeof j->q_cursor);
    (void)http_query(j->call, "limit", limit, sizeof limit);
    n = limit[0] != '\0' ? strtol(limit, NULL, 10) : 50;
    *q = (struct storage_incident_query){
        .state = j->q_state[0] != '\0' ? j->q_state : "open",
        .severity = j->q_severity,
        .site = j->q_site,
        .detector = j->q_detector,
        .assignee = j->q_assignee,
        .search = &j->search,
        .cursor = j->q_cursor,
        .limit = n < 1                  ? 1
                 : n > STORAGE_PAGE_MAX ? STORAGE_PAGE_MAX
                                        : (size_t)n,
    };
    return state_known(j->q_state) && take_search(j);
}

enum vg_err
api_incidents(struct api_job *j, struct storage *s)
{
    json_t *row;
    size_t i;
    enum vg_err err;

    j->query.me = j->session.user.id;
    if (strcmp(j->q_assignee, "me") == 0)
        j->query.assignee = j->query.me;
    err = s->ops->incidents(s, &j->session.scope, &j->query, &j->answer);
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

enum vg_err
api_incident_read(struct api_job *j, struct storage *s)
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
