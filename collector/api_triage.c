/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of incidents, one or many in one transaction, and whom they may be given to. */
#include <string.h>

#include "collector/api_int.h"

enum { TRIAGE_IDS_MAX = 200, TRIAGE_NOTE_MAX = 2000 };

/* A text of the body; false where it is there and no text (null stands for `null_is`). */
static bool
text_of(const json_t *body, const char *key, const char *null_is, const char **out)
{
    const json_t *value = json_object_get(body, key);

    *out = json_is_null(value) ? null_is : json_string_value(value);
    return value == NULL || json_is_null(value) || *out != NULL;
}

static bool
change_of(const struct api_job *j, struct storage_change *out)
{
    *out = (struct storage_change){.who = j->session.user.name, .who_id = j->session.user.id};
    if (!text_of(j->body, "state", NULL, &out->state) ||
        !text_of(j->body, "assignee", "", &out->assignee) ||
        !text_of(j->body, "note", NULL, &out->note))
        return false;
    if (out->note != NULL && out->note[0] == '\0')
        out->note = NULL;
    return (out->state != NULL || out->assignee != NULL || out->note != NULL) &&
           (out->state == NULL || storage_state_valid(out->state)) &&
           (out->assignee == NULL || out->assignee[0] == '\0' || strcmp(out->assignee, "me") == 0 ||
            uuid_valid(out->assignee)) &&
           (out->note == NULL || strlen(out->note) <= TRIAGE_NOTE_MAX);
}

void
api_touched(struct api_job *j, const char *tenant, const char *incident)
{
    if (j->touched == NULL)
        j->touched = json_array();
    (void)json_array_append_new(j->touched, json_pack("[ss]", tenant, incident));
}

enum vg_err
api_incident_write(struct api_job *j, struct storage *s)
{
    struct storage_change change;
    char tenant[UUID_TEXT_SIZE];
    enum vg_err err;

    if (!change_of(j, &change))
        return VG_ERR_FORMAT;
    err = s->ops->triage(s, &j->session.scope, j->id, &change, j->now_ns, tenant);
    if (err == VG_ERR_DENIED)
        return api_refuse(j, 400, "assignee", "that user does not see this incident");
    if (err != VG_OK)
        return err;
    api_touched(j, tenant, j->id);
    return api_incident_read(j, s);
}

/* One of many: what became of it, or an error that undoes all. */
static enum vg_err
change_one(struct api_job *j, struct storage *s, const struct storage_change *change,
           const char *id, const char **result)
{
    char tenant[UUID_TEXT_SIZE];
    enum vg_err err = VG_ERR_NOENT;

    if (uuid_valid(id))
        err = s->ops->triage(s, &j->session.scope, id, change, j->now_ns, tenant);
    if (err == VG_OK)
        api_touched(j, tenant, id);
    *result = err == VG_OK ? "changed" : err == VG_ERR_NOENT ? "unknown" : "assignee";
    return err == VG_ERR_NOENT || err == VG_ERR_DENIED ? VG_OK : err;
}

enum vg_err
api_triage_write(struct api_job *j, struct storage *s)
{
    const json_t *ids = json_object_get(j->body, "ids"), *id;
    struct storage_change change;
    json_t *items;
    int64_t changed = 0;
    size_t i;
    enum vg_err err = VG_OK;

    if (!change_of(j, &change) || json_array_size(ids) == 0 ||
        json_array_size(ids) > TRIAGE_IDS_MAX)
        return VG_ERR_FORMAT;
    items = json_array();
    json_array_foreach(ids, i, id)
    {
        const char *text = json_is_string(id) ? json_string_value(id) : "", *result;

        err = change_one(j, s, &change, text, &result);
        if (err != VG_OK)
            break;
        changed += strcmp(result, "changed") == 0;
        (void)json_array_append_new(items, json_pack("{ss ss}", "id", text, "result", result));
    }
    if (err != VG_OK) {
        json_decref(items);
        return err;
    }
    json_decref(j->answer); /* of a first try whose commit failed */
    j->answer = json_pack("{so sI}", "items", items, "changed", (json_int_t)changed);
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

bool
api_events_prepare(struct api_job *j)
{
    const char *accept = http_header(j->call, "Accept");

    j->streams = accept != NULL && strstr(accept, "text/event-stream") != NULL;
    return true; /* who asks is looked at first */
}

enum vg_err
api_events_read(struct api_job *j, struct storage *s)
{
    if (!j->streams)
        return VG_ERR_FORMAT;
    return live_tenants(s, &j->session.scope, &j->answer);
}

enum vg_err
api_assignees_read(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    bool provider = strcmp(j->session.user.tenant, STORAGE_ALL) == 0;
    enum vg_err err = s->ops->assignees(s, &j->session.scope, provider, &list);

    if (err == VG_OK)
        j->answer = json_pack("{so}", "items", list);
    return err;
}
