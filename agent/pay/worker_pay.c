/* SPDX-License-Identifier: Apache-2.0 */
/* worker_pay: the pay sensor as a worker of the keeper. Commits after PAY_COMMIT_RECORDS records, or
 * PAY_COMMIT_NS after the first that is not committed: baselines, what was seen, positions and events
 * move together, so that a start from the last commit gives the events of an undisturbed run. Clock
 * ticks reach the detectors only while there is nothing left to read: time then passes in silence,
 * and a backlog is judged by its own times alone. */
#include "agent/pay/worker_pay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/feedback.h"
#include "agent/pay/pay_health.h"
#include "common/log.h"
#include "common/vtime.h"

enum { PAY_COMMIT_RECORDS = 1000, PAY_PIECE_RECORDS = 250 };
#define PAY_COMMIT_NS (200 * VG_MS_NS)
#define PAY_TICK_NS   VG_MIN_NS        /* between two ticks that reach the detectors */
#define PAY_QUIET_NS  (10 * VG_SEC_NS) /* how long there was nothing to read before a tick does */
#define PAY_HEALTH_NS (30 * VG_SEC_NS)

struct pay_worker {
    const struct sink *sink;
    struct worker_opener *opener;
    const struct agent_config *config;
    struct texts *texts;
    struct profiles profiles;
    struct tokens *tokens;
    struct panel *panel;
    struct pay_sensor sensor;
    struct tail *tail;
    struct platform_watch *watch;
    bool watched[TAIL_SOURCES_MAX];
    int64_t now_ns, ticked_ns;                              /* the keeper's clock */
    int64_t idle_since_ns, uncommitted_since_ns, health_ns; /* monotonic */
    size_t uncommitted;
    enum vg_err failed; /* sticky */
    struct pay_health health;
    bool caught_up;            /* nothing left to read, and it has been said */
    uint64_t folders_unlisted; /* as it was said last */
    /* A drive that is mounted later was not there when the sandbox was closed: this life ends and the
     * next one opens it. */
    bool was_folder[CONFIG_LIST_MAX], appeared;
    bool key_public;
};

static void
pay_close(void *self)
{
    struct pay_worker *w = self;

    if (w == NULL)
        return;
    tail_free(w->tail);
    pay_sensor_done(&w->sensor);
    panel_free(w->panel);
    tokens_free(w->tokens);
    profiles_done(&w->profiles);
    texts_free(w->texts);
    platform_watch_free(w->watch);
    free(w);
}

static enum vg_err
open_file(void *ctx, const char *path, platform_file *out)
{
    struct pay_worker *w = ctx;

    return worker_open_path(w->opener, path, out);
}

/* Without memory: the next commit says so. */
static void
settle(struct pay_worker *w)
{
    enum vg_err err = pay_sensor_settle(&w->sensor);

    if (w->failed == VG_OK)
        w->failed = err;
}

static void
told_file(void *ctx, const char *name, const char *format, const struct logfile_counts *counts)
{
    struct pay_worker *w = ctx;

    pay_health_file(&w->health, name, format, counts);
    settle(w);
    pay_sensor_told(&w->sensor, name, format[0] != '\0');
    w->health_ns = 0; /* with the next commit, which is due */
    w->caught_up = false;
}

static void
replaced_file(void *ctx, const char *name, struct seen_recent *recent)
{
    struct pay_worker *w = ctx;

    settle(w);
    pay_sensor_replaced(&w->sensor, name, recent);
    w->caught_up = false; /* something is to be committed */
}

/* The key that the keeper sends; a machine without one still hides numbers from readers. */
static enum vg_err
key_make(struct pay_worker *w, const struct agent_config *config)
{
    const char *hex = vg_json_str(config->tree, "token_key", "");
    uint8_t key[TOKEN_KEY_SIZE];
    enum vg_err err;

    w->key_public = token_key_parse(slice_of(hex, strlen(hex)), key) != VG_OK;
    err = w->key_public ? token_key_public(key) : VG_OK;
    if (w->key_public)
        log_event(LOG_LEVEL_WARN, "pay.token_key", "why=%s",
                  log_quote("no token key: tokens are under the public one"));
    if (err == VG_OK)
        err = tokens_new(key, &w->tokens);
    platform_secure_zero(key, sizeof key);
    return err;
}

static enum vg_err
rules_load(struct pay_worker *w, const struct agent_config *config, char why[WORKER_WHY_MAX])
{
    struct conf_error wrong = {.text = "no folder of rules"};
    enum vg_err err = VG_ERR_CONFIG;

    if (config->rules_dir != NULL)
        err = texts_load(config->rules_dir, &w->texts, &wrong);
    if (err == VG_OK)
        err = profiles_load(config->rules_dir, &w->profiles, &wrong);
    if (err != VG_OK)
        (void)snprintf(why, WORKER_WHY_MAX, "rules: %.240s", wrong.text);
    return err;
}

static enum vg_err
panel_make(struct pay_worker *w, const struct agent_config *config, char why[WORKER_WHY_MAX])
{
    struct panel_options options = {
        .sensor = "pay",
        .rules_dir = config->rules_dir,
        .geo_dir = config->geo_dir,
        .texts = w->texts,
        .zone = config->zone,
        .hours = &config->hours,
        .currency = config->currency,
        .shop_kind = config->shop_kind,
        .off = config->detectors_off,
        .off_count = config->detectors_off_count,
        .judge = pay_sensor_judge(config->budget_per_week),
        .history = true,
    };
    char text[DETECT_WHY_MAX] = "";
    enum vg_err err = panel_new(&options, w->sink, &w->panel, text);

    if (err != VG_OK)
        (void)snprintf(why, WORKER_WHY_MAX, "%.240s", text);
    return err == VG_OK ? pay_sensor_init(&w->sensor, w->panel, w->tokens) : err;
}

static void
folders_watch(struct pay_worker *w)
{
    const char *folder;

    for (size_t i = 0; (folder = tail_folder(w->tail, i)) != NULL; i++)
        if (!w->watched[i])
            w->watched[i] = platform_watch_add(w->watch, folder) == VG_OK;
}

static bool
is_folder(const char *path)
{
    struct platform_stat stat;

    return platform_path_stat(path, &stat) == VG_OK && stat.folder;
}

static bool
folder_appeared(const struct pay_worker *w)
{
    for (size_t i = 0; i < w->config->payment_count; i++)
        if (!w->was_folder[i] && is_folder(w->config->payments[i].path))
            return true;
    return false;
}

static enum vg_err
sources_open(struct pay_worker *w, const struct agent_config *config, char why[WORKER_WHY_MAX])
{
    const struct tail_options options = {
        .profiles = &w->profiles,
        .tokens = w->tokens,
        .zone = config->zone,
        .currency = config->currency,
        .open = open_file,
        .told = told_file,
        .replaced = replaced_file,
        .ctx = w,
    };
    enum vg_err err = tail_new(&options, &w->tail);

    for (size_t i = 0; i < config->payment_count && err == VG_OK; i++) {
        struct conf_error wrong = {.text = ""};

        w->was_folder[i] = is_folder(config->payments[i].path);
        err = tail_add(w->tail, config->payments[i].path, config->payments[i].format, &wrong);
        if (err != VG_OK)
            (void)snprintf(why, WORKER_WHY_MAX, "payments[%zu].format: %.200s", i, wrong.text);
    }
    if (err == VG_OK)
        err = platform_watch_new(&w->watch);
    if (err == VG_OK)
        folders_watch(w);
    return err;
}

static enum vg_err
pay_open(const struct agent_config *config, const struct sink *sink, struct worker_opener *opener,
         void **self, char why[WORKER_WHY_MAX])
{
    struct pay_worker *w = calloc(1, sizeof *w);
    enum vg_err err;

    if (w == NULL)
        return VG_ERR_NOMEM;
    w->sink = sink;
    w->opener = opener;
    w->config = config;
    w->now_ns = vtime_now();
    pay_health_init(&w->health);
    err = key_make(w, config);
    if (err == VG_OK)
        err = rules_load(w, config, why);
    if (err == VG_OK)
        err = panel_make(w, config, why);
    if (err == VG_OK)
        err = sources_open(w, config, why);
    if (err != VG_OK) {
        pay_close(w);
        return err;
    }
    w->sensor.clock_ns = w->now_ns;
    *self = w;
    return VG_OK;
}

static void
pay_needs(void *self, struct platform_sandbox *sandbox)
{
    struct pay_worker *w = self;
    const char *folder;

    sandbox->watch = true;
    for (size_t i = 0; (folder = tail_folder(w->tail, i)) != NULL; i++)
        if (sandbox->read_count < PLATFORM_PATHS_MAX)
            sandbox->read[sandbox->read_count++] = folder;
}

static enum vg_err
pay_restore(void *self, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct pay_worker *w = self;
    bool known;
    enum vg_err err;

    if (strcmp(detector, SEEN_STATE_NAME) != 0)
        return panel_load(w->panel, detector, key, version, blob, &known);
    err = seen_load(w->sensor.seen, key, version, blob);
    return err == VG_ERR_NOMEM ? err : VG_OK;
}

static enum vg_err
pay_position(void *self, const char *source, const json_t *position)
{
    struct pay_worker *w = self;

    if (strcmp(source, "clock") == 0) {
        w->sensor.latest_ns = vg_json_int(position, "latest", 0);
        return VG_OK;
    }
    return tail_position(w->tail, source, position);
}

static enum vg_err
pay_begin(void *self)
{
    struct pay_worker *w = self;

    return seen_loaded(w->sensor.seen);
}

/* ---- commits ---- */

static void
health_tell(struct pay_worker *w)
{
    const struct pay_health_now now = {.tail = w->tail,
                                       .sensor = &w->sensor,
                                       .panel = w->panel,
                                       .key_public = w->key_public,
                                       .caught_up = w->caught_up};

    pay_health_tell(&w->health, &now, w->sink);
    if (w->folders_unlisted != tail_counts(w->tail)->folders_unlisted) {
        w->folders_unlisted = tail_counts(w->tail)->folders_unlisted;
        log_event(LOG_LEVEL_WARN, "pay.folders_unlisted", "folders=%llu why=%s",
                  (unsigned long long)w->folders_unlisted,
                  log_quote("payments: a folder is absent or may not be listed by this user"));
    }
}

static enum vg_err
commit(struct pay_worker *w)
{
    char latest[64];
    int64_t now = platform_clock_monotonic();

    settle(w);
    if (w->failed != VG_OK)
        return w->failed;
    panel_save(w->panel);
    seen_save(w->sensor.seen, w->sink);
    tail_save(w->tail, w->sink);
    (void)snprintf(latest, sizeof latest, "{\"latest\":%lld}", (long long)w->sensor.latest_ns);
    w->sink->ops->position(w->sink->ctx, "clock", slice_of(latest, strlen(latest)));
    if (w->health_ns == 0 || now - w->health_ns >= PAY_HEALTH_NS) {
        health_tell(w);
        w->health_ns = now;
    }
    w->uncommitted = 0;
    return w->sink->ops->commit(w->sink->ctx);
}

/* ---- work ---- */

/* Ends this life in good order, and says why. */
static enum vg_err
start_anew(struct pay_worker *w)
{
    static const char why[] = "{\"error\":\"a payments folder appeared: started anew to read it\"}";
    enum vg_err err = w->uncommitted > 0 ? commit(w) : VG_OK;

    w->sink->ops->health(w->sink->ctx, slice_of(why, sizeof why - 1));
    return err == VG_OK ? VG_ERR_SYS : err;
}

static enum vg_err
pay_work(void *self, platform_handle *handle, int64_t *wait_ns)
{
    struct pay_worker *w = self;
    int64_t now = platform_clock_monotonic();
    enum vg_err err = VG_OK;

    if (w->appeared)
        return start_anew(w);
    if (platform_watch_drain(w->watch)) {
        folders_watch(w);
        tail_look(w->tail);
    }
    for (size_t i = 0; i < PAY_PIECE_RECORDS && err == VG_OK; i++) {
        struct seen_recent *recent;
        struct logfile *log;

        err = tail_next(w->tail, now, &log, &recent, wait_ns);
        if (err != VG_OK)
            break;
        w->idle_since_ns = now;
        w->caught_up = false;
        if (w->uncommitted++ == 0)
            w->uncommitted_since_ns = now;
        err = pay_sensor_take(&w->sensor, log, recent);
        if (err == VG_OK && w->uncommitted >= PAY_COMMIT_RECORDS)
            err = commit(w);
    }
    if (err != VG_AGAIN)
        return err;
    *handle = platform_watch_handle(w->watch);
    if (w->uncommitted == 0 && w->caught_up &&
        w->folders_unlisted == tail_counts(w->tail)->folders_unlisted)
        return VG_AGAIN;
    now = platform_clock_monotonic();
    if (w->uncommitted == 0 || now - w->uncommitted_since_ns >= PAY_COMMIT_NS) {
        w->caught_up = true;
        w->health_ns = 0; /* `status` learns at once that the logs are read */
        err = commit(w);
        return err == VG_OK ? VG_AGAIN : err;
    }
    if (*wait_ns > PAY_COMMIT_NS - (now - w->uncommitted_since_ns))
        *wait_ns = PAY_COMMIT_NS - (now - w->uncommitted_since_ns);
    return VG_AGAIN;
}

static void
pay_tick(void *self, int64_t now_ns)
{
    struct pay_worker *w = self;
    struct obs obs = {.kind = OBS_TICK, .time_ns = now_ns};
    int64_t now = platform_clock_monotonic();

    w->now_ns = w->sensor.clock_ns = now_ns;
    w->appeared = w->appeared || folder_appeared(w);
    if (w->uncommitted > 0 || now - w->idle_since_ns < PAY_QUIET_NS ||
        (now_ns >= w->ticked_ns && now_ns - w->ticked_ns < PAY_TICK_NS))
        return;
    w->ticked_ns = now_ns;
    panel_observe(w->panel, &obs);
    w->uncommitted = 1; /* what the tick changed is committed with the next work */
    w->uncommitted_since_ns = now;
}

static void
pay_feedback(void *self, const json_t *feedback)
{
    struct pay_worker *w = self;
    struct feedback_view view;
    struct obs obs = {.kind = OBS_FEEDBACK, .time_ns = w->now_ns, .feedback = &view};

    if (feedback_exceptions(feedback) != NULL) {
        settle(w);
        judge_exceptions(panel_judge(w->panel), feedback_exceptions(feedback));
        return;
    }
    if (feedback_view_of(feedback, &view) != VG_OK)
        return;
    settle(w);
    panel_observe(w->panel, &obs);
    if (w->uncommitted++ == 0)
        w->uncommitted_since_ns = platform_clock_monotonic();
}

static enum vg_err
pay_finish(void *self)
{
    struct pay_worker *w = self;

    w->health_ns = 0;
    return commit(w);
}

const struct worker_ops WORKER_PAY = {
    .name = "pay",
    .open = pay_open,
    .needs = pay_needs,
    .restore = pay_restore,
    .position = pay_position,
    .begin = pay_begin,
    .work = pay_work,
    .tick = pay_tick,
    .feedback = pay_feedback,
    .finish = pay_finish,
    .close = pay_close,
};
