/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/sensor_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/detectors.h"
#include "agent/net/metadata.h"
#include "agent/net/sensor_json.h"
#include "common/json.h"
#include "common/vtime.h"

#define COMMIT_BUSY_NS  VG_SEC_NS        /* live, with something to tell */
#define COMMIT_QUIET_NS (10 * VG_SEC_NS) /* live, with states to keep */
#define TICK_BEHIND_NS  VG_SEC_NS        /* frames may wait this long in the kernel */

/* What the sensor may hold, beside the captures' own buffers: the engine, the detectors' tables,
 * those of the judge (JUDGE_SUBJECTS_MAX, JUDGE_GROUPS_MAX), rules and lists in use. */
enum { JUDGE_BYTES = 3 * 1024 * 1024, RULES_BYTES = 2560 * 1024 };
_Static_assert(ENGINE_BYTES_MAX + NET_BYTES_DETECTORS + NET_SCENE_BYTES + JUDGE_BYTES +
                       RULES_BYTES <=
                   SENSOR_BYTES_MAX - SENSOR_CAPTURE_BYTES,
               "the memory of the sensor is promised");

/* ---- commits ---- */

static void
count_drops(struct sensor *s)
{
    uint64_t drops = 0;

    for (size_t i = 0; i < s->live_count; i++)
        drops += capture_drops(s->live[i]);
    net_engine_counters(s->engine)->kernel_drops = drops;
}

static void
tell_health(struct sensor *s)
{
    struct net_counters *counters = net_engine_counters(s->engine);
    const struct sink *sink = s->options.sink;

    count_drops(s);
    buf_clear(&s->line);
    sensor_put_health(counters, net_engine_flows(s->engine), s->context_dropped, s->from_the_future,
                      s->panel, &s->line);
    if (!s->line.bad)
        sink->ops->health(sink->ctx, buf_slice(&s->line));
}

enum vg_err
sensor_commit(struct sensor *s, bool done)
{
    const struct sink *sink = s->options.sink;
    enum vg_err err;

    if (!s->options.store)
        return VG_OK;
    panel_save(s->panel);
    buf_clear(&s->line);
    if (s->running) {
        sensor_put_place(capture_identity(s->sources[s->current].capture), &s->place, done,
                         &s->line);
        sink->ops->position(sink->ctx, s->sources[s->current].path, buf_slice(&s->line));
    } else if (s->live_count > 0) {
        sensor_put_live(s->now_ns, s->live_packets, &s->line);
        sink->ops->position(sink->ctx, "live", buf_slice(&s->line));
    }
    tell_health(s);
    err = sink->ops->commit(sink->ctx);
    if (err != VG_OK)
        return err;
    s->counting.events = s->context = 0;
    s->packets = 0;
    s->committed_ns = s->now_ns;
    return VG_OK;
}

/* ---- observations ---- */

/* Lines that the keeper keeps for some days: what helps to understand an alert later. */
static void
keep_context(struct sensor *s, const struct obs *obs)
{
    if (obs->kind == OBS_ARP || !s->options.store)
        return;
    if (s->context >= SENSOR_COMMIT_OBSERVATIONS) {
        s->context_dropped++;
        return;
    }
    buf_clear(&s->line);
    if (!metadata_put(obs, &s->line) || s->line.bad)
        return;
    s->context++;
    s->options.sink->ops->observation(s->options.sink->ctx, buf_slice(&s->line));
}

static void
on_observation(void *ctx, const struct obs *obs)
{
    struct sensor *s = ctx;

    if (s->running) {
        struct source *source = &s->sources[s->current];

        s->place.observation++;
        if (source->resumed && !sensor_place_after(&s->place, &source->committed)) {
            panel_again(s->panel, obs); /* it saw it before the crash */
            return;
        }
    }
    if (obs->kind == OBS_FLOW_START && !s->running && s->owners != NULL)
        owners_flow(s->owners, obs->flow, obs->time_ns);
    panel_observe(s->panel, obs);
    if (s->options.observe != NULL && !(s->running && s->sources[s->current].learn))
        s->options.observe(s->options.ctx, obs);
    keep_context(s, obs);
    if (s->counting.events >= SENSOR_COMMIT_EVENTS && s->failed == VG_OK)
        s->failed = sensor_commit(s, false);
}

/* ---- its life ---- */

#define BUDGET_SHARE 0.5 /* the other half is the pay sensor's */
#define TARGET_SHARE 0.4 /* 1.2 of 3 a week */

struct judge_settings
sensor_judge_settings(double budget_per_week)
{
    double budget = budget_per_week * BUDGET_SHARE;

    return (struct judge_settings){.budget_per_week = budget,
                                   .target_per_week = budget * TARGET_SHARE};
}

/* Who watches along, and the context of alerts, take all kinds but bodies: these only detectors
 * look into. */
static uint32_t
wanted_kinds(const struct sensor *s)
{
    bool lines = s->options.observe != NULL || s->options.store;

    return panel_kinds(s->panel) | (lines ? ~(UINT32_C(1) << OBS_BODY) : 0);
}

static enum vg_err
load_apps(struct sensor *s, char why[DETECT_WHY_MAX])
{
    struct conf_error wrong = {.text = ""};
    enum vg_err err;

    if (s->options.panel.rules_dir == NULL)
        return VG_OK;
    err = app_list_load_rules(s->options.panel.rules_dir, &s->apps, &wrong);
    if (err != VG_OK)
        snprintf(why, DETECT_WHY_MAX, "%.180s", wrong.text);
    return err == VG_OK || err == VG_ERR_NOMEM ? err : VG_ERR_CONFIG;
}

enum vg_err
sensor_new(const struct sensor_options *options, struct sensor **out, char why[DETECT_WHY_MAX])
{
    struct sensor *s = calloc(1, sizeof(*s));
    enum vg_err err = VG_ERR_NOMEM;

    why[0] = '\0';
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->options = *options;
    if (s->options.commit_packets == 0)
        s->options.commit_packets = SENSOR_COMMIT_PACKETS;
    sink_counter_init(&s->counting, options->sink);
    buf_init(&s->line, 64 * 1024);
    err = load_apps(s, why);
    if (err == VG_OK)
        err = net_engine_new(on_observation, s, 0, &s->engine);
    if (err == VG_OK)
        net_engine_name_apps(s->engine, s->apps);
    if (err == VG_OK)
        err = sensor_make_owners(options, s->engine, &s->owners);
    if (err == VG_OK)
        err = panel_new(&options->panel, &s->counting.sink, &s->panel, why);
    if (err == VG_OK)
        net_engine_want(s->engine, wanted_kinds(s));
    if (err != VG_OK) {
        sensor_free(s);
        return err;
    }
    *out = s;
    return VG_OK;
}

void
sensor_free(struct sensor *s)
{
    if (s == NULL)
        return;
    net_engine_free(s->engine);
    app_list_free(s->apps);
    owners_free(s->owners);
    panel_free(s->panel);
    for (size_t i = 0; i < s->source_count; i++) {
        capture_free(s->sources[i].capture);
        free(s->sources[i].path);
    }
    free(s->sources);
    for (size_t i = 0; i < s->live_count; i++)
        capture_free(s->live[i]);
    buf_done(&s->line);
    free(s);
}

enum vg_err
sensor_add_capture(struct sensor *s, const char *path, bool learn)
{
    struct source *source, *grown;

    if (s->source_count == SENSOR_SOURCES_MAX)
        return VG_ERR_LIMIT;
    grown = realloc(s->sources, (s->source_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return VG_ERR_NOMEM;
    s->sources = grown;
    source = &grown[s->source_count];
    *source = (struct source){.path = strdup(path), .learn = learn};
    if (source->path == NULL)
        return VG_ERR_NOMEM;
    s->source_count++;
    source->opened = capture_open_file(path, &source->capture, source->why);
    return source->opened == VG_ERR_NOMEM ? VG_ERR_NOMEM : VG_OK;
}

enum vg_err
sensor_add_live(struct sensor *s, const struct capture_live *live, char why[CAPTURE_WHY_MAX])
{
    enum vg_err err;

    if (s->live_count == SENSOR_LIVE_MAX)
        return VG_ERR_LIMIT;
    err = capture_open_live(live, &s->live[s->live_count], why);
    if (err == VG_OK)
        s->live_count++;
    return err;
}

bool
sensor_is_live(const struct sensor *s)
{
    return s->live_count > 0;
}

enum vg_err
sensor_restore(struct sensor *s, const char *detector, struct slice key, uint16_t version,
               struct slice blob)
{
    bool known;

    return panel_load(s->panel, detector, key, version, blob, &known);
}

enum vg_err
sensor_position(struct sensor *s, const char *source, const json_t *position)
{
    for (size_t i = 0; i < s->source_count; i++)
        if (strcmp(s->sources[i].path, source) == 0) {
            s->sources[i].committed = sensor_place_of(position);
            s->sources[i].resumed = true;
        }
    return VG_OK;
}

/* ---- loss ---- */

/* Of a learned capture nothing is told, and nothing again of what was told before a crash. */
static void
tell_loss(struct sensor *s, const struct net_loss_episode *episode)
{
    const struct source *source = s->running ? &s->sources[s->current] : NULL;
    const struct sink *sink = &s->counting.sink;
    json_t *event;

    if (source != NULL &&
        (source->learn || (source->resumed && !sensor_place_after(&s->place, &source->committed))))
        return;
    event = net_loss_event(episode);
    if (event != NULL)
        sink->ops->event(sink->ctx, event);
}

void
sensor_look_for_loss(struct sensor *s, int64_t now_ns)
{
    struct net_loss_episode episode;

    if (s->live_count > 0)
        count_drops(s);
    if (net_loss_look(&s->loss, net_engine_counters(s->engine), now_ns, &episode))
        tell_loss(s, &episode);
}

void
sensor_end_loss(struct sensor *s)
{
    struct net_loss_episode episode;

    if (s->live_count > 0)
        count_drops(s);
    if (net_loss_end(&s->loss, net_engine_counters(s->engine), &episode))
        tell_loss(s, &episode);
}

const char *
sensor_why(const struct sensor *s)
{
    return s->why != NULL ? s->why : "";
}

void
sensor_tick(struct sensor *s, int64_t now_ns)
{
    int64_t age, back = s->now_ns - now_ns;

    if (back > ENGINE_CLOCK_BACK_NS)
        net_loss_clock_back(&s->loss, back);
    s->now_ns = now_ns;
    if (s->options.future_ns != 0)
        s->options.future_ns = now_ns + VG_DAY_NS;
    if (s->live_count == 0 || s->current < s->source_count)
        return;
    if (s->owners != NULL)
        owners_tick(s->owners, now_ns - TICK_BEHIND_NS);
    net_engine_tick(s->engine, now_ns - TICK_BEHIND_NS);
    if (net_loss_due(&s->loss, now_ns - TICK_BEHIND_NS))
        sensor_look_for_loss(s, now_ns - TICK_BEHIND_NS);
    age = now_ns - s->committed_ns;
    if (s->failed == VG_OK && ((s->counting.events > 0 && age >= COMMIT_BUSY_NS) ||
                               (s->packets > 0 && age >= COMMIT_QUIET_NS) || age < 0))
        s->failed = sensor_commit(s, false);
}

void
sensor_owner(struct sensor *s, enum vg_err err, const json_t *answer)
{
    if (s->owners != NULL)
        owners_answer(s->owners, err, answer);
}

void
sensor_feedback(struct sensor *s, int64_t now_ns, const struct feedback_view *view)
{
    struct obs obs = {.kind = OBS_FEEDBACK, .time_ns = now_ns, .feedback = view};

    panel_observe(s->panel, &obs);
}

void
sensor_exceptions(struct sensor *s, const json_t *list)
{
    judge_exceptions(panel_judge(s->panel), list);
}

enum vg_err
sensor_finish(struct sensor *s)
{
    const struct source *source = s->running ? &s->sources[s->current] : NULL;

    if (source != NULL && source->resumed && !sensor_place_after(&s->place, &source->committed))
        return VG_OK; /* not yet beyond what is committed */
    if (!s->running && s->live_count > 0)
        sensor_end_loss(s);
    return sensor_commit(s, false);
}
