/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/settings_care.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/identity.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/settings.h"

enum { FILE_BYTES_MAX = 4 * SETTINGS_BYTES_MAX, WHY_MAX = 200 };

struct settings_care {
    struct settings_care_options o;
    struct settings_doc doc;     /* version 0: none */
    struct agent_config overlay; /* of it; used where doc.version > 0 */
    char agent[UUID_TEXT_SIZE];  /* "" : not enrolled */
    struct {
        int64_t version;
        char word[16], why[WHY_MAX];
    } refused;
    bool news;
};

const struct agent_config *
settings_care_config(const struct settings_care *c)
{
    return c->doc.version > 0 ? &c->overlay : c->o.config;
}

static bool
path_of(const struct settings_care *c, const char *name, char out[CONFIG_PATH_MAX])
{
    return snprintf(out, CONFIG_PATH_MAX, "%s/%s", c->o.config->state_dir, name) < CONFIG_PATH_MAX;
}

/* The collector's key, as it was pinned. */
static bool
key_of(const struct settings_care *c, uint8_t key[ED25519_KEY])
{
    char path[CONFIG_PATH_MAX];
    struct buf text;
    bool there;

    buf_init(&text, 2 * ED25519_KEY + 2);
    there = path_of(c, "identity/settings.pub", path) &&
            platform_file_slurp(path, 2 * ED25519_KEY, &text) == VG_OK &&
            hex_parse_str(buf_str(&text) != NULL ? buf_str(&text) : "", key, ED25519_KEY) == VG_OK;
    buf_done(&text);
    return there;
}

static void
pin_key(const struct settings_care *c, const char *hex)
{
    uint8_t key[ED25519_KEY];
    char path[CONFIG_PATH_MAX];

    if (key_of(c, key) || hex_parse_str(hex, key, sizeof key) != VG_OK ||
        !path_of(c, "identity/settings.pub", path))
        return;
    if (platform_file_replace(path, slice_of(hex, strlen(hex)), false) == VG_OK)
        log_event(LOG_LEVEL_INFO, "settings.key_pinned", "key=%s", hex);
}

static void
refuse(struct settings_care *c, int64_t version, const char *word, const char *why)
{
    if (c->refused.version == version && strcmp(c->refused.word, word) == 0)
        return; /* said before */
    c->refused.version = version;
    (void)vg_strcpy(c->refused.word, sizeof c->refused.word, word);
    (void)snprintf(c->refused.why, sizeof c->refused.why, "%.*s", WHY_MAX - 1, why);
    c->news = true;
    log_event(LOG_LEVEL_WARN, "settings.refused", "version=%lld word=%s why=%s", (long long)version,
              word, log_quote(c->refused.why));
    c->o.tell(c->o.ctx, "agent.settings_refused",
              strcmp(word, "signature") == 0 ? SEVERITY_MEDIUM : SEVERITY_LOW,
              json_pack("{sI ss ss}", "version", (json_int_t)version, "word", word, "why",
                        c->refused.why));
}

/* A document as text and signature into *doc and the configuration with it into *config. False after
 * telling what is wrong. */
static bool
open_doc(struct settings_care *c, const json_t *pair, struct settings_doc *doc,
         struct agent_config *config)
{
    const char *text = vg_json_str(pair, "text", ""), *sign = vg_json_str(pair, "signature", "");
    struct conf_error why = {.text = ""};
    uint8_t key[ED25519_KEY];
    enum vg_err err;

    if (!key_of(c, key)) {
        refuse(c, 0, "key", "the collector's key is not known");
        return false;
    }
    err = settings_open(key, slice_of(text, strlen(text)), sign, doc, &why);
    if (err == VG_OK && strcmp(doc->agent, c->agent) != 0) {
        (void)snprintf(why.text, sizeof why.text, "settings: for another agent");
        err = VG_ERR_FORMAT;
    }
    if (err == VG_OK)
        err = agent_config_overlay(c->o.config, doc->settings, config, &why);
    if (err == VG_OK)
        return true;
    refuse(c, doc->version,
           err == VG_ERR_DENIED   ? "signature"
           : err == VG_ERR_FORMAT ? "format"
                                  : "value",
           why.text[0] != '\0' ? why.text : vg_err_name(err));
    settings_done(doc);
    return false;
}

static void
use(struct settings_care *c, struct settings_doc *doc, struct agent_config *config)
{
    struct settings_doc before = c->doc;
    struct agent_config gone = c->overlay;
    /* The version rises with what is set for others too: nothing starts again for that. */
    bool same = before.version > 0 ? json_equal(before.settings, doc->settings)
                                   : json_object_size(doc->settings) == 0;

    if (same && before.version > 0) {
        c->doc.version = doc->version;
        agent_config_done(config);
        settings_done(doc);
        return;
    }
    c->doc = *doc;
    c->overlay = *config;
    if (c->o.changed != NULL && !same)
        c->o.changed(c->o.ctx, &c->overlay);
    if (before.version > 0)
        agent_config_done(&gone);
    settings_done(&before);
}

/* ---- what is kept ---- */

static void
read_kept(struct settings_care *c)
{
    char path[CONFIG_PATH_MAX];
    struct settings_doc doc;
    struct agent_config config;
    struct buf text;
    json_t *pair = NULL;

    buf_init(&text, FILE_BYTES_MAX + 1);
    if (path_of(c, "settings.json", path) &&
        platform_file_slurp(path, FILE_BYTES_MAX, &text) == VG_OK) {
        if (vg_json_parse(buf_slice(&text), FILE_BYTES_MAX, &pair) != VG_OK)
            refuse(c, 0, "format", "settings.json is damaged: agent.yaml alone counts");
        else if (open_doc(c, pair, &doc, &config)) {
            c->doc = doc;
            c->overlay = config;
        }
    }
    json_decref(pair);
    buf_done(&text);
}

static enum vg_err
keep(const struct settings_care *c, const json_t *pair)
{
    char path[CONFIG_PATH_MAX];
    char *text = vg_json_text(pair);
    enum vg_err err = text != NULL && path_of(c, "settings.json", path) ? VG_OK : VG_ERR_NOMEM;

    if (err == VG_OK)
        err = platform_file_replace(path, slice_of(text, strlen(text)), true);
    free(text);
    return err;
}

/* Enrolled anew, what another collector set counts no more. */
static void
read_agent(struct settings_care *c)
{
    char agent[UUID_TEXT_SIZE];

    if (identity_agent(c->o.config->state_dir, agent) != VG_OK || strcmp(agent, c->agent) == 0)
        return;
    (void)vg_strcpy(c->agent, sizeof c->agent, agent);
    if (c->doc.version == 0)
        return;
    if (c->o.changed != NULL)
        c->o.changed(c->o.ctx, c->o.config);
    agent_config_done(&c->overlay);
    settings_done(&c->doc);
}

enum vg_err
settings_care_new(const struct settings_care_options *options, struct settings_care **out)
{
    struct settings_care *c = calloc(1, sizeof *c);

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->o = *options;
    read_agent(c);
    if (options->config->settings && c->agent[0] != '\0')
        read_kept(c);
    *out = c;
    return VG_OK;
}

void
settings_care_free(struct settings_care *c)
{
    if (c == NULL)
        return;
    if (c->doc.version > 0)
        agent_config_done(&c->overlay);
    settings_done(&c->doc);
    free(c);
}

/* ---- in its life ---- */

void
settings_care_hello(struct settings_care *c, const json_t *answer)
{
    const json_t *offer = json_object_get(answer, "settings");
    struct settings_doc doc;
    struct agent_config config;

    read_agent(c);
    if (!c->o.config->settings || c->agent[0] == '\0')
        return;
    pin_key(c, vg_json_str(answer, "settings_key", ""));
    if (!json_is_object(offer) || !open_doc(c, offer, &doc, &config))
        return;
    if (doc.version <= c->doc.version) { /* an older one again: an answer that came late */
        agent_config_done(&config);
        settings_done(&doc);
        return;
    }
    if (keep(c, offer) != VG_OK) { /* offered again with the next hello */
        log_event(LOG_LEVEL_ERROR, "settings.kept", "error=%s", log_quote("cannot be written"));
        agent_config_done(&config);
        settings_done(&doc);
        return;
    }
    c->refused.version = 0;
    c->refused.word[0] = '\0';
    c->news = true;
    log_event(LOG_LEVEL_INFO, "settings.taken", "version=%lld", (long long)doc.version);
    c->o.tell(c->o.ctx, "agent.settings_taken", SEVERITY_INFO,
              json_pack("{sI}", "version", (json_int_t)doc.version));
    use(c, &doc, &config);
}

bool
settings_care_news(struct settings_care *c)
{
    bool news = c->news;

    c->news = false;
    return news;
}

json_t *
settings_care_status(const struct settings_care *c)
{
    json_t *status =
        json_pack("{sI ss so}", "version", (json_int_t)c->doc.version, "mode",
                  c->o.config->settings ? "on" : "off", "names", settings_names(c->doc.settings));

    if (status != NULL && c->refused.word[0] != '\0')
        (void)json_object_set_new(status, "refused",
                                  json_pack("{sI ss ss}", "version", (json_int_t)c->refused.version,
                                            "word", c->refused.word, "why", c->refused.why));
    return status;
}
