/* SPDX-License-Identifier: Apache-2.0 */
/* What may change while the keeper runs: rules, settings, who mails the owner. */
#include "agent/keeper/keeper_private.h"
#include "common/log.h"

enum vg_err
keeper_start_mailer(struct keeper *k)
{
    enum vg_err err;

    if (ship_enrolled(k->ship))
        return VG_OK;
    err = mailer_new(k->loop, k->store, k->now, k->texts != NULL ? k->texts : k->options->texts,
                     &k->mailer);
    if (err == VG_ERR_NOENT)
        return VG_OK;
    if (err == VG_OK)
        mailer_kick(k->mailer);
    return err;
}

/* Other rules: the sensors start again with them, and the owner's mails speak their words. */
static void
on_rules(void *ctx, const char *rules_dir)
{
    struct keeper *k = ctx;
    struct conf_error why = {.text = ""};
    struct texts *texts = NULL;

    if (supervisor_rules(k->supervisor, rules_dir) != VG_OK ||
        texts_load(rules_dir, &texts, &why) != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "keeper.rules", "why=%s", log_quote(why.text));
        return;
    }
    mailer_free(k->mailer);
    k->mailer = NULL;
    texts_free(k->texts);
    k->texts = texts;
    if (keeper_start_mailer(k) != VG_OK)
        log_event(LOG_LEVEL_ERROR, "keeper.mailer", "why=%s", log_quote("not started again"));
}

/* What the workers need at their start; the keeper itself uses none of it. */
static unsigned
rights_needed(const struct agent_config *c)
{
    unsigned rights = PLATFORM_RIGHT_READ_ALL | PLATFORM_RIGHT_PROCESSES;

    if (c->net_enabled && c->interface_count > 0)
        rights |= PLATFORM_RIGHT_CAPTURE;
    if (c->scan.quarantine)
        rights |= PLATFORM_RIGHT_MOVE;
    return rights;
}

/* The provider set something else. */
static void
on_settings(void *ctx, const struct agent_config *config)
{
    struct keeper *k = ctx;

    k->now = config;
    mailer_free(k->mailer);
    k->mailer = NULL;
    supervisor_config(k->supervisor, config);
    if (keeper_start_mailer(k) != VG_OK)
        log_event(LOG_LEVEL_ERROR, "keeper.mailer", "why=%s", log_quote("not started again"));
    if ((rights_needed(config) & ~k->rights) != 0)
        log_event(LOG_LEVEL_WARN, "settings.restart", "why=%s",
                  log_quote("what was set needs a right that was given up at the start: it works "
                            "from the next start of the service on"));
}

static void
tell_settings(void *ctx, const char *detector, enum severity severity, json_t *facts)
{
    struct keeper *k = ctx;

    if (k->store == NULL) /* read at the start: it is in the log */
        json_decref(facts);
    else
        keeper_record(k, detector, severity, facts);
    ship_kick(k->ship);
}

enum vg_err
keeper_start_settings(struct keeper *k)
{
    struct settings_care_options options = {
        .config = k->config, .changed = on_settings, .tell = tell_settings, .ctx = k};
    enum vg_err err = settings_care_new(&options, &k->settings);

    if (err == VG_OK) {
        k->now = settings_care_config(k->settings);
        k->rights = rights_needed(k->now);
    }
    return err;
}

static void
tell_bundle(void *ctx, const char *detector, enum severity severity, json_t *facts)
{
    struct keeper *k = ctx;

    keeper_record(k, detector, severity, facts);
    ship_kick(k->ship);
}

enum vg_err
keeper_start_bundles(struct keeper *k)
{
    struct bundle_care_options options = {.config = k->config,
                                          .program = k->options->program,
                                          .sandbox = k->options->sandbox,
                                          .changed = on_rules,
                                          .tell = tell_bundle,
                                          .ctx = k};

    return bundle_care_new(&options, &k->bundles);
}
