/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that show and change the fleet: tenants, sites, enrolment tokens, agents. */
#include <stdlib.h>
#include <string.h>

#include "collector/api_int.h"
#include "collector/figures.h"
#include "collector/install.h"
#include "collector/name_check.h"
#include "collector/site_check.h"
#include "common/vtime.h"

enum { TOKEN_HOURS = 24, TOKEN_HOURS_MAX = 30 * 24 };

static enum vg_err
note(struct api_job *j, struct storage *s, const char *tenant, const char *what, const char *object,
     const char *text)
{
    return s->ops->audit(s, tenant, j->session.user.name, what, object, text, j->now_ns);
}

static enum vg_err
items(struct api_job *j, enum vg_err err, json_t *list)
{
    return err == VG_OK ? api_answer(j, json_pack("{so}", "items", list)) : err;
}

static enum vg_err
taken(struct api_job *j, enum vg_err err)
{
    return err == VG_ERR_EXISTS ? api_refuse(j, 409, "name", "there is one of that name") : err;
}

/* ---- tenants ---- */

enum vg_err
api_tenants(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    enum vg_err err = s->ops->tenants(s, &j->session.scope, &list);

    return items(j, err, list);
}

/* Who sees only some tenants sees the one that they made. */
enum vg_err
api_tenant_add(struct api_job *j, struct storage *s)
{
    const char *name = vg_json_str(j->body, "name", "");
    char id[UUID_TEXT_SIZE];
    enum vg_err err;

    if (!name_fits(name))
        return api_refuse(j, 400, "name", "a name has 1 to 128 bytes");
    err = taken(j, s->ops->tenant_add(s, name, j->now_ns, id));
    if (err == VG_OK && j->session.scope.kind == STORAGE_SEES_GIVEN)
        err = s->ops->user_give(s, j->session.user.id, id);
    if (err == VG_OK)
        err = note(j, s, id, "tenant.added", id, name);
    return err == VG_OK ? api_answer(j, json_pack("{ss ss}", "id", id, "name", name)) : err;
}

enum vg_err
api_tenant_set(struct api_job *j, struct storage *s)
{
    const char *name = vg_json_str(j->body, "name", "");
    char before[STORAGE_NAME_MAX + 1];
    enum vg_err err;

    if (!name_fits(name))
        return api_refuse(j, 400, "name", "a name has 1 to 128 bytes");
    err = s->ops->tenant_get(s, &j->session.scope, j->id, before);
    if (err == VG_OK)
        err = taken(j, s->ops->tenant_rename(s, &j->session.scope, j->id, name));
    if (err == VG_OK)
        err = note(j, s, j->id, "tenant.renamed", j->id, before);
    return err == VG_OK ? api_answer(j, json_pack("{ss ss}", "id", j->id, "name", name)) : err;
}

/* ---- sites ---- */

static json_t *
site_json(const struct storage_site *site)
{
    json_t *hours = NULL;

    if (site->hours[0] == '\0' || vg_json_parse(slice_of(site->hours, strlen(site->hours)),
                                                sizeof site->hours, &hours) != VG_OK)
        hours = json_null();
    return json_pack("{ss ss ss ss ss ss ss so}", "id", site->id, "name", site->name, "tenant",
                     site->tenant_name, "tenant_id", site->tenant, "zone", site->zone, "language",
                     site->language, "mail", site->mail, "hours", hours);
}

/* What the body says, over what *site has. False: a value is no text, or too long. */
static bool
site_take(const json_t *body, struct storage_site *site)
{
    const struct {
        const char *key;
        char *to;
        size_t size;
    } texts[] = {{"name", site->name, sizeof site->name},
                 {"zone", site->zone, sizeof site->zone},
                 {"language", site->language, sizeof site->language},
                 {"mail", site->mail, sizeof site->mail}};
    const json_t *hours = json_object_get(body, "hours");

    for (size_t i = 0; i < VG_ARRAY_LEN(texts); i++) {
        const char *text = vg_json_str(body, texts[i].key, texts[i].to);

        if (text != texts[i].to && !vg_strcpy(texts[i].to, texts[i].size, text))
            return false;
    }
    if (hours != NULL) {
        char *text =
            json_is_object(hours) && json_object_size(hours) > 0 ? vg_json_text(hours) : NULL;
        bool fits = vg_strcpy(site->hours, sizeof site->hours, text != NULL ? text : "");

        free(text);
        return fits;
    }
    return true;
}

static enum vg_err
site_refuse(struct api_job *j, const struct storage_site *site)
{
    char why[SITE_WHY_MAX];
    const char *field = site_wrong_field(site, why);

    return field == NULL ? VG_OK : api_refuse(j, 400, field, "a value is wrong");
}

enum vg_err
api_sites(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    enum vg_err err = s->ops->sites(s, &j->session.scope, &list);

    return items(j, err, list);
}

enum vg_err
api_site(struct api_job *j, struct storage *s)
{
    struct storage_site site;
    enum vg_err err = s->ops->site_find(s, &j->session.scope, j->id, &site);

    return err == VG_OK ? api_answer(j, site_json(&site)) : err;
}

/* Traffic and sales of the last days against what is usual. */
enum vg_err
api_figures(struct api_job *j, struct storage *s)
{
    struct storage_site site;
    struct zone *zone = NULL;
    json_t *rows = NULL;
    enum vg_err err = s->ops->site_find(s, &j->session.scope, j->id, &site);

    if (err == VG_OK)
        err = s->ops->figures(s, site.id, j->now_ns - FIGURES_KEEP_NS, &rows);
    if (err == VG_OK && zone_load(site.zone, &zone) != VG_OK && (zone = zone_utc()) == NULL)
        err = VG_ERR_NOMEM;
    if (err == VG_OK)
        err = figures_page(rows, zone, j->now_ns, &j->answer);
    zone_free(zone);
    json_decref(rows);
    return err;
}

enum vg_err
api_site_add(struct api_job *j, struct storage *s)
{
    struct storage_site site = {.zone = "America/Mexico_City", .language = "es-MX"};
    const char *tenant = vg_json_str(j->body, "tenant", "");
    enum vg_err err = s->ops->tenant_get(s, &j->session.scope, tenant, site.tenant_name);

    if (err == VG_ERR_NOENT)
        return api_refuse(j, 400, "tenant", "there is no such tenant");
    if (err != VG_OK)
        return err;
    (void)vg_strcpy(site.tenant, sizeof site.tenant, tenant);
    if (!site_take(j->body, &site))
        return VG_ERR_FORMAT;
    err = site_refuse(j, &site);
    if (err == VG_OK)
        err = taken(j, s->ops->site_add(s, &site, j->now_ns, site.id));
    if (err == VG_OK)
        err = note(j, s, site.tenant, "site.added", site.id, site.name);
    return err == VG_OK ? api_answer(j, site_json(&site)) : err;
}

enum vg_err
api_site_set(struct api_job *j, struct storage *s)
{
    struct storage_site site;
    char before[STORAGE_NAME_MAX + 1];
    int64_t changed = 0;
    json_t *settings = NULL;
    enum vg_err err = s->ops->site_find(s, &j->session.scope, j->id, &site);

    if (err != VG_OK)
        return err;
    (void)vg_strcpy(before, sizeof before, site.name);
    if (!site_take(j->body, &site))
        return VG_ERR_FORMAT;
    err = site_refuse(j, &site);
    if (err == VG_OK)
        err = taken(j, s->ops->site_set(s, &j->session.scope, &site));
    if (err == VG_OK)
        err = s->ops->settings_get(s, site.id, &settings, &changed);
    if (err == VG_OK) { /* the hours go to its agents */
        char *text = vg_json_text(settings);

        err = text != NULL ? s->ops->settings_set(s, site.id, text, j->now_ns) : VG_ERR_NOMEM;
        free(text);
    }
    json_decref(settings);
    if (err == VG_OK)
        err = note(j, s, site.tenant, "site.changed", site.id, before);
    return err == VG_OK ? api_answer(j, site_json(&site)) : err;
}

/* ---- tokens ---- */

bool
api_tokens_prepare(struct api_job *j)
{
    (void)http_query(j->call, "site", j->q_site, sizeof j->q_site);
    return true;
}

enum vg_err
api_tokens(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    enum vg_err err = s->ops->tokens(s, &j->session.scope, j->q_site, j->now_ns, &list);

    return items(j, err, list);
}

/* The secret is in this answer and nowhere else. */
enum vg_err
api_token_add(struct api_job *j, struct storage *s)
{
    int64_t hours = vg_json_int(j->body, "hours", TOKEN_HOURS);
    int64_t expires_ns = j->now_ns + hours * VG_HOUR_NS;
    char secret[SECRET_TEXT], id[UUID_TEXT_SIZE], url[INSTALL_URL_MAX], until[VTIME_TEXT_MAX];
    uint8_t hash[STORAGE_HASH_SIZE];
    struct storage_site site;
    enum vg_err err;

    if (hours < 1 || hours > TOKEN_HOURS_MAX)
        return api_refuse(j, 400, "hours", "1 to 720 hours");
    err = s->ops->site_find(s, &j->session.scope, vg_json_str(j->body, "site", ""), &site);
    if (err == VG_ERR_NOENT || err == VG_ERR_EXISTS)
        return api_refuse(j, 400, "site", "there is no such site");
    if (err == VG_OK)
        err = secret_make(secret);
    if (err == VG_OK)
        err = secret_hash(secret, hash);
    if (err == VG_OK)
        err = s->ops->token_add(s, hash, &site, j->session.user.name, j->now_ns, expires_ns, id);
    if (err == VG_OK)
        err = note(j, s, site.tenant, "token.added", id, site.name);
    if (err != VG_OK)
        return err;
    install_url(j->service->config, j->service->authority.fingerprint, secret, url);
    return api_answer(j, json_pack("{ss ss ss so}", "id", id, "url", url, "expires",
                                   vtime_format(expires_ns, until), "commands",
                                   install_commands(url)));
}

enum vg_err
api_token_set(struct api_job *j, struct storage *s)
{
    struct storage_site site;
    enum vg_err err;

    if (strcmp(vg_json_str(j->body, "action", ""), "withdraw") != 0)
        return VG_ERR_FORMAT;
    err = s->ops->token_withdraw(s, &j->session.scope, j->id, j->now_ns, &site);
    if (err == VG_OK)
        err = note(j, s, site.tenant, "token.withdrawn", j->id, site.name);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}

/* ---- agents ---- */

bool
api_agents_prepare(struct api_job *j)
{
    static const char *const states[] = {"", "online", "silent", "revoked", "never"};
    bool fits = false;

    (void)http_query(j->call, "site", j->q_site, sizeof j->q_site);
    (void)http_query(j->call, "state", j->q_state, sizeof j->q_state);
    (void)http_query(j->call, "q", j->q_text, sizeof j->q_text);
    for (size_t i = 0; i < VG_ARRAY_LEN(states); i++)
        fits = fits || strcmp(j->q_state, states[i]) == 0;
    return fits;
}

enum vg_err
api_agents(struct api_job *j, struct storage *s)
{
    const struct storage_agent_query query = {
        .site = j->q_site, .text = j->q_text, .state = j->q_state};

    return s->ops->agents(s, &j->session.scope, &query, j->now_ns, &j->answer);
}

enum vg_err
api_agent(struct api_job *j, struct storage *s)
{
    json_decref(j->answer);
    j->answer = NULL;
    return s->ops->agent_get(s, &j->session.scope, j->id, j->now_ns, &j->answer);
}

enum vg_err
api_agent_set(struct api_job *j, struct storage *s)
{
    const char *action = vg_json_str(j->body, "action", "");
    struct storage_agent agent;
    enum vg_err err = s->ops->agent_find(s, &j->session.scope, j->id, &agent);

    if (err != VG_OK)
        return err;
    if (strcmp(action, "revoke") == 0) {
        err = s->ops->agent_revoke(s, &j->session.scope, j->id, j->now_ns);
        if (err == VG_OK)
            err = note(j, s, agent.tenant, "agent.revoked", j->id, agent.host);
        return err == VG_OK ? api_agent(j, s) : err;
    }
    if (strcmp(action, "remove") != 0)
        return VG_ERR_FORMAT;
    if (!agent.revoked)
        return api_refuse(j, 409, "revoke_first", "revoke it first");
    err = s->ops->agent_remove(s, &j->session.scope, j->id, j->now_ns);
    if (err == VG_OK)
        err = note(j, s, agent.tenant, "agent.removed", j->id, agent.host);
    return err == VG_OK ? api_answer(j, json_object()) : err;
}
