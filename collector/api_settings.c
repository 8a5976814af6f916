/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of agents: the provider's, a tenant's, a site's; each level stands before the one above. */
#include <stdlib.h>
#include <string.h>

#include "collector/api_int.h"
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

/* {"site" or "tenant", "settings": {…}}: the level's own from now on; {} inherits all. */
enum vg_err
api_settings_write(struct api_job *j, struct storage *s)
{
    char *text = vg_json_text(json_object_get(j->body, "settings"));
    struct conf_error why = {.text = ""};
    struct level level;
    json_t *settings = NULL;
    enum vg_err err = level_of(j, s, vg_json_str(j->body, "site", ""),
                               vg_json_str(j->body, "tenant", ""), &level);

    if (err == VG_OK && !json_is_object(json_object_get(j->body, "settings")))
        err = api_refuse(j, 400, "settings", "settings is an object");
    if (err == VG_OK && settings_parse(slice_of(text, strlen(text)), &settings, &why) != VG_OK) {
        (void)vg_strcpy(j->told, sizeof j->told, why.text);
        err = api_refuse(j, 400, "settings", j->told);
    }
    free(text);
    text = err == VG_OK ? vg_json_text(settings) : NULL;
    json_decref(settings);
    if (err == VG_OK)
        err = text != NULL ? s->ops->settings_set(s, level.owner, text, j->now_ns) : VG_ERR_NOMEM;
    if (err == VG_OK)
        err = s->ops->audit(s, level.tenant, j->session.user.name, "settings.changed", level.owner,
                            text, j->now_ns);
    free(text);
    return err == VG_OK ? show(j, s, &level) : err;
}
