/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/detector.h"
#include "agent/detect/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/detectors.h"
#include "agent/detect/pay_ahead.h"

#define ROW(name, ...) &name,
const struct detector *const DETECTORS[] = {PAY_DETECTORS(ROW) NET_DETECTORS(ROW) NULL};
#undef ROW

enum { PANEL_DETECTORS_MAX = 64 };

struct seat {
    const struct detector *detector;
    void *self;
};

struct panel {
    const struct sink *sink;
    struct judge *judge;
    struct net_scene *scene; /* NULL: not the net sensor */
    struct pay_ahead ahead;  /* of the pay sensor's detectors */
    struct figures figures;
    struct seat seats[PANEL_DETECTORS_MAX];
    size_t count;
    /* Who wants a kind, in the order of the table. */
    uint8_t wants[OBS_KIND_COUNT][PANEL_DETECTORS_MAX];
    size_t wants_count[OBS_KIND_COUNT];
};

void
state_put(struct state_out *out, struct slice key, uint16_t version, struct slice blob)
{
    out->sink->ops->state(out->sink->ctx, out->detector, key, version, blob);
}

void
state_remove(struct state_out *out, struct slice key)
{
    out->sink->ops->state(out->sink->ctx, out->detector, key, 0, slice_of(NULL, 0));
}

static enum vg_err
seat_make(struct panel *panel, const struct panel_options *options, const struct detector *d,
          char why[DETECT_WHY_MAX])
{
    const json_t *file = options->texts != NULL ? texts_detector(options->texts, d->name) : NULL;
    struct detector_env env = {
        .settings = json_object_get(file, "settings"),
        .rules_dir = options->rules_dir,
        .zone = options->zone,
        .hours = options->hours,
        .currency = options->currency,
        .shop_kind = options->shop_kind,
        .judge = panel->judge,
        .scene = panel->scene,
        .ahead = &panel->ahead,
        .geo_dir = options->geo_dir,
        .history = options->history,
    };
    char what[DETECT_WHY_MAX] = "";
    struct seat *seat = &panel->seats[panel->count];
    enum vg_err err;

    if (panel->count == PANEL_DETECTORS_MAX)
        return VG_ERR_LIMIT;
    err = d->make(&env, &seat->self, what);
    if (err != VG_OK) {
        (void)snprintf(why, DETECT_WHY_MAX, "%s: %.150s", d->name,
                       what[0] != '\0' ? what : vg_err_name(err));
        return err;
    }
    seat->detector = d;
    for (size_t kind = 0; kind < OBS_KIND_COUNT; kind++)
        if (d->kinds & UINT32_C(1) << kind)
            panel->wants[kind][panel->wants_count[kind]++] = (uint8_t)panel->count;
    panel->count++;
    return VG_OK;
}

static bool
row_matches(const struct detector *d, const char *name)
{
    size_t len = strlen(name);

    return strcmp(d->name, name) == 0 ||
           (len >= 2 && strcmp(name + len - 2, ".*") == 0 && strncmp(d->name, name, len - 1) == 0);
}

static bool
row_off(const struct panel_options *options, const struct detector *d)
{
    for (size_t i = 0; i < options->off_count; i++)
        if (row_matches(d, options->off[i]))
            return true;
    return false;
}

/* A name of this sensor's that no detector has would switch nothing off, unnoticed. */
static enum vg_err
check_off(const struct panel_options *options, char why[DETECT_WHY_MAX])
{
    size_t own = strlen(options->sensor);

    for (size_t i = 0; i < options->off_count; i++) {
        const struct detector *const *d = DETECTORS;

        if (strncmp(options->off[i], options->sensor, own) != 0 || options->off[i][own] != '.')
            continue; /* another sensor's panel looks at it */
        while (*d != NULL && !row_matches(*d, options->off[i]))
            d++;
        if (*d == NULL) {
            (void)snprintf(why, DETECT_WHY_MAX, "detectors.off: no detector is called %.100s",
                           options->off[i]);
            return VG_ERR_CONFIG;
        }
    }
    return VG_OK;
}

enum vg_err
panel_new(const struct panel_options *options, const struct sink *sink, struct panel **out,
          char why[DETECT_WHY_MAX])
{
    struct panel *panel = calloc(1, sizeof *panel);
    enum vg_err err = VG_ERR_NOMEM;

    why[0] = '\0';
    if (panel == NULL)
        return VG_ERR_NOMEM;
    panel->sink = sink;
    err = judge_new(&options->judge, options->sensor, options->texts, sink, &panel->judge);
    if (err == VG_OK && strcmp(options->sensor, "net") == 0)
        err =
            net_scene_new(&(struct net_scene_options){.geo_dir = options->geo_dir}, &panel->scene);
    if (err == VG_OK)
        err = check_off(options, why);
    if (err != VG_OK)
        goto fail;
    for (const struct detector *const *d = DETECTORS; *d != NULL; d++) {
        if (strcmp((*d)->sensor, options->sensor) != 0 || row_off(options, *d))
            continue;
        err = seat_make(panel, options, *d, why);
        if (err != VG_OK)
            goto fail;
    }
    *out = panel;
    return VG_OK;
fail:
    panel_free(panel);
    return err;
}

void
panel_free(struct panel *panel)
{
    if (panel == NULL)
        return;
    for (size_t i = 0; i < panel->count; i++)
        panel->seats[i].detector->free(panel->seats[i].self);
    judge_free(panel->judge);
    net_scene_free(panel->scene);
    free(panel);
}

static void
observe(struct panel *panel, const struct obs *obs)
{
    if (panel->scene != NULL)
        net_scene_observe(panel->scene, obs);
    if ((FIGURES_KINDS & 1u << obs->kind) != 0)
        figures_observe(&panel->figures, obs);
    if (obs->kind == OBS_FEEDBACK)
        judge_feedback(panel->judge, obs->time_ns, obs->feedback);
    for (size_t i = 0; i < panel->wants_count[obs->kind]; i++) {
        struct seat *seat = &panel->seats[panel->wants[obs->kind][i]];

        seat->detector->observe(seat->self, obs);
    }
}

void
panel_observe(struct panel *panel, const struct obs *obs)
{
    struct obs keyed = *obs;
    struct pay_keys keys;

    if ((obs->kind == OBS_TXN || obs->kind == OBS_LABEL) && obs->keys == NULL) {
        pay_keys_make(obs->txn, &keys);
        keyed.keys = &keys;
        obs = &keyed;
    }
    observe(panel, obs);
}

void
panel_expect(const struct panel *panel, const struct pay_keys *keys, enum keytab_step step)
{
    pay_ahead_look(&panel->ahead, keys, step);
}

void
panel_again(struct panel *panel, const struct obs *obs)
{
    uint32_t bit = UINT32_C(1) << obs->kind;

    for (size_t i = 0; i < panel->count; i++)
        if ((panel->seats[i].detector->kinds & bit) != 0 && panel->seats[i].detector->again != NULL)
            panel->seats[i].detector->again(panel->seats[i].self, obs);
}

uint32_t
panel_kinds(const struct panel *panel)
{
    uint32_t kinds =
        panel->count > 0 ? FIGURES_KINDS : 0; /* all is switched off: nothing is looked at */

    for (size_t i = 0; i < panel->count; i++) {
        const struct seat *seat = &panel->seats[i];

        if (seat->detector->idle == NULL || !seat->detector->idle(seat->self))
            kinds |= seat->detector->kinds;
    }
    return kinds;
}

void
panel_mute(struct panel *panel, bool muted)
{
    judge_mute(panel->judge, muted);
}

struct judge *
panel_judge(struct panel *panel)
{
    return panel->judge;
}

void
panel_health(const struct panel *panel, json_t *health)
{
    for (size_t i = 0; i < panel->count; i++) {
        const struct detector *d = panel->seats[i].detector;
        json_t *own = d->health != NULL ? json_object() : NULL;
        const char *name;
        json_t *value;

        if (own == NULL)
            continue;
        d->health(panel->seats[i].self, own);
        json_object_foreach(own, name, value)
        {
            char key[128];

            (void)snprintf(key, sizeof key, "%s.%s", d->name, name);
            (void)json_object_set(health, key, value);
        }
        json_decref(own);
    }
    if (panel->scene != NULL)
        net_scene_health(panel->scene, health);
    judge_health(panel->judge, health);
    figures_health(&panel->figures, health);
}

void
panel_save(struct panel *panel)
{
    for (size_t i = 0; i < panel->count; i++) {
        const struct detector *d = panel->seats[i].detector;
        struct state_out out = {.sink = panel->sink, .detector = d->name};

        if (d->save != NULL)
            d->save(panel->seats[i].self, &out);
    }
    if (panel->scene != NULL)
        net_scene_save(panel->scene, panel->sink);
    judge_save(panel->judge);
}

enum vg_err
panel_load(struct panel *panel, const char *detector, struct slice key, uint16_t version,
           struct slice blob, bool *known)
{
    enum vg_err err;

    *known = false;
    if (strcmp(detector, JUDGE_STATE_NAME) == 0) {
        err = judge_load(panel->judge, key, version, blob);
        *known = err == VG_OK;
        return err == VG_ERR_NOMEM ? err : VG_OK;
    }
    if (panel->scene != NULL && strcmp(detector, NET_SCENE_STATE_NAME) == 0) {
        err = net_scene_load(panel->scene, key, version, blob);
        *known = err == VG_OK;
        return err == VG_ERR_NOMEM ? err : VG_OK;
    }
    for (size_t i = 0; i < panel->count; i++) {
        const struct detector *d = panel->seats[i].detector;

        if (strcmp(d->name, detector) != 0 || d->load == NULL)
            continue;
        err = d->load(panel->seats[i].self, key, version, blob);
        *known = err == VG_OK;
        return err == VG_ERR_NOMEM ? err : VG_OK;
    }
    return VG_OK;
}
