/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of agents: the provider's, a tenant's, a site's; each level stands before the one above. */
#include <stdlib.h>
#include <string.h>

#include "collector/api_int.h"
#include "collector/silence.h"
#include "common/settings.h"

/* Whose settings a call is about. */
struct level {
    char owner[UUID_TEXT_SIZE]; /* "": the provider's */
    char tenant[UUID_TEXT_SIZE];
    char name[STORAGE_NAME_MAX + 1];
};

/* {"site": ID} or {"tenant": ID}; neither: the provider's, for who sees everything. */
static enum vg_err
level_of(struct api_job *j, struct storage *s, const char *site, const char *tenant,
         struct level *out)
{
    struct storage_site row;
    enum vg_err err = VG_OK;

    *out = (struct level){.owner = ""};
    if (site[0] != '\0') {
        err = s->ops->site_find(s, &j->session.scope, site, &row);
        if (err != VG_OK)
            return err;
        (void)vg_strcpy(out->owner, sizeof out->owner, row.id);
        (void)vg_strcpy(out->tenant, sizeof out->tenant, row.tenant);
        (void)vg_strcpy(out->name, sizeof out->name, row.name);
        return VG_OK;
    }
    if (tenant[0] != '\0') {
        err = s->ops->tenant_get(s, &j->session.scope, tenant, out->name);
        (void)vg_strcpy(out->owner, sizeof out->owner, tenant);
        (void)vg_strcpy(out->tenant, sizeof out->tenant, tenant);
        return err;
    }
    return j->session.scope.kind == STORAGE_SEES_ALL ? VG_OK : VG_ERR_NOENT;
}

static enum vg_err
show(struct api_job *j, struct storage *s, const struct level *l)
{
    bool of_site = strcmp(l->owner, l->tenant) != 0;
    json_t *own = NULL, *above = NULL;
    int64_t changed = 0, version = 0;
    enum vg_err err = s->ops->settings_get(s, l->owner, &own, &changed);

    if (err == VG_OK && l->owner[0] == '\0')
        above = json_object();
    else if (err == VG_OK) /* what this level would have without its own */
        err = s->ops->settings_of(s, of_site ? l->tenant : "", "", &above, &version);
    if (err != VG_OK) {
        json_decref(own);
        return err;
    }
    json_decref(j->answer);
    j->answer = json_pack("{so so}", "own", own, "inherited", above);
    return j->answer != NULL ? VG_OK : VG_ERR_NOMEM;
}

bool
api_settings_prepare(struct api_job *j)
{
    (void)http_query(j->call, "site", j->q_site, sizeof j->q_site);
    (void)http_query(j->call, "tenant", j->q_assignee, sizeof j->q_assignee);
    return true;
}

enum vg_err
api_settings_read(struct api_job *j, struct storage *s)
{
    struct level level;
    enum vg_err err = level_of(j, s, j->q_site, j->q_assignee, &level);

    return err == VG_OK ? show(j, s, &level) : err;
}

/* What concerns the collector alone (silence.h) is taken out of *settings, which agents could not read, and
 * checked: {"open_minutes": 0 to 1440, "other_hours": 0 to 720}; 0: never. False: it is wrong. */
static bool
take_silence(json_t *settings, json_t **out)
{
    static const struct {
        const char *name;
        json_int_t max;
    } keys[] = {{"open_minutes", SILENCE_MINUTES_MAX}, {"other_hours", SILENCE_HOURS_MAX}};
    size_t known = 0;

    *out = json_incref(json_object_get(settings, "silence"));
    (void)json_object_del(settings, "silence");
    for (size_t i = 0; *out != NULL && i < VG_ARRAY_LEN(keys); i++) {
        const json_t *value = json_object_get(*out, keys[i].name);

        known += value != NULL;
        if (value != NULL && (!json_is_integer(value) || json_integer_value(value) < 0 ||
                              json_integer_value(value) > keys[i].max))
            return false;
    }
    return *out == NULL || (json_is_object(*out) && json_object_size(*out) == known);
}

/* {"site" or "tenant", "settings": {…}}: the level's own from now on; {} inherits all. */
enum vg_err
api_settings_write(struct api_job *j, struct storage *s)
{
    json_t *given = json_deep_copy(json_object_get(j->body, "settings")), *silence = NULL;
    bool fits = json_is_object(given) && take_silence(given, &silence);
    char *text = vg_json_text(given);
    struct conf_error why = {.text = ""};
    struct level level;
    json_t *settings = NULL;
    enum vg_err err = level_of(j, s, vg_json_str(j->body, "site", ""),
                               vg_json_str(j->body, "tenant", ""), &level);

    if (err == VG_OK && !fits)
        err =
            api_refuse(j, 400, "settings", "settings is an object; silence has minutes and hours");
    if (err == VG_OK && settings_parse(slice_of(text, strlen(text)), &settings, &why) != VG_OK) {
        (void)vg_strcpy(j->told, sizeof j->told, why.text);
        err = api_refuse(j, 400, "settings", j->told);
    }
    free(text);
    if (err == VG_OK && silence != NULL && json_object_size(silence) > 0)
        (void)json_object_set(settings, "silence", silence);
    text = err == VG_OK ? vg_json_text(settings) : NULL;
    json_decref(settings);
    json_decref(silence);
    json_decref(given);
    if (err == VG_OK)
        err = text != NULL ? s->ops->settings_set(s, level.owner, text, j->now_ns) : VG_ERR_NOMEM;
    if (err == VG_OK)
        err = s->ops->audit(s, level.tenant, j->session.user.name, "settings.changed", level.owner,
                            text, j->now_ns);
    free(text);
    return err == VG_OK ? show(j, s, &level) : err;
}
