/* SPDX-License-Identifier: Apache-2.0 */
/* worker_net: the net sensor as a worker of the keeper. */
#include "agent/net/worker_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/feedback.h"
#include "agent/net/sensor.h"
#include "common/json.h"
#include "common/log.h"
#include "common/vtime.h"

struct net_worker {
    struct sensor *sensor;
    struct texts *texts;
    const struct sink *sink;
    struct worker_opener *opener;
    int64_t now_ns;
};

static void
net_close(void *self)
{
    struct net_worker *w = self;

    if (w == NULL)
        return;
    sensor_free(w->sensor);
    texts_free(w->texts);
    free(w);
}

static void
on_told(void *ctx, const char *path, enum vg_err err, uint64_t packets, const char *why)
{
    (void)ctx;
    if (err == VG_OK)
        log_event(LOG_LEVEL_INFO, "net.capture_done", "path=%s packets=%llu", log_quote(path),
                  (unsigned long long)packets);
    else
        log_event(LOG_LEVEL_WARN, "net.capture_damaged", "path=%s packets=%llu why=%s",
                  log_quote(path), (unsigned long long)packets, log_quote(why));
}

static enum vg_err
open_live(struct net_worker *w, const struct agent_config *config, const char *interface,
          char why[WORKER_WHY_MAX])
{
    struct capture_live live = {
        .interface = interface,
        .bpf = config->bpf,
        .snaplen = config->snaplen,
        .buffer_bytes = config->buffer_bytes,
        .promiscuous = config->promiscuous,
    };
    char text[CAPTURE_WHY_MAX] = "";
    enum vg_err err = sensor_add_live(w->sensor, &live, text);

    if (err != VG_OK)
        snprintf(why, WORKER_WHY_MAX, "%.240s", text[0] != '\0' ? text : vg_err_name(err));
    return err;
}

static enum vg_err
open_default_interfaces(struct net_worker *w, const struct agent_config *config,
                        char why[WORKER_WHY_MAX])
{
    struct platform_names names;
    enum vg_err err = platform_interfaces_default(&names);

    if (err != VG_OK) {
        snprintf(why, WORKER_WHY_MAX, "interfaces cannot be listed: %s", vg_err_name(err));
        return err;
    }
    if (names.count == 0) {
        snprintf(why, WORKER_WHY_MAX, "no interface is up");
        err = VG_ERR_NOENT;
    }
    for (size_t i = 0; i < names.count && i < SENSOR_LIVE_MAX && err == VG_OK; i++)
        err = open_live(w, config, names.name[i], why);
    platform_names_free(&names);
    return err;
}

static enum vg_err
open_sources(struct net_worker *w, const struct agent_config *config, char why[WORKER_WHY_MAX])
{
    enum vg_err err = VG_OK;

    for (size_t i = 0; i < config->replay_count && err == VG_OK; i++)
        err = sensor_add_capture(w->sensor, config->replay[i], false);
    for (size_t i = 0; i < config->interface_count && err == VG_OK; i++)
        err = strcmp(config->interfaces[i], "auto") == 0
                  ? open_default_interfaces(w, config, why)
                  : open_live(w, config, config->interfaces[i], why);
    return err;
}

static enum vg_err
ask_socket(void *ctx, const struct owner_socket *socket)
{
    struct net_worker *w = ctx;
    struct worker_socket question = {.tcp = socket->tcp,
                                     .v6 = socket->local.family == 6,
                                     .local_port = socket->local_port,
                                     .remote_port = socket->remote_port};

    memcpy(question.local, socket->local.bytes, sizeof(question.local));
    memcpy(question.remote, socket->remote.bytes, sizeof(question.remote));
    return worker_ask_owner(w->opener, &question);
}

static enum vg_err
ask_hash(void *ctx, uint64_t file)
{
    struct net_worker *w = ctx;

    return worker_ask_hash(w->opener, file);
}

static void
net_owner(void *self, enum vg_err err, const json_t *answer)
{
    struct net_worker *w = self;

    sensor_owner(w->sensor, err, answer);
}

static enum vg_err
net_open(const struct agent_config *config, const struct sink *sink, struct worker_opener *opener,
         void **self, char why[WORKER_WHY_MAX])
{
    struct net_worker *w = calloc(1, sizeof(*w));
    char text[DETECT_WHY_MAX] = "";
    struct conf_error wrong = {.text = ""};
    struct sensor_options options;
    enum vg_err err;

    if (w == NULL)
        return VG_ERR_NOMEM;
    w->now_ns = vtime_now();
    w->sink = sink;
    w->opener = opener;
    err = config->rules_dir != NULL ? texts_load(config->rules_dir, &w->texts, &wrong)
                                    : VG_ERR_CONFIG;
    if (err != VG_OK) {
        snprintf(why, WORKER_WHY_MAX, "rules: %.240s",
                 wrong.text[0] != '\0' ? wrong.text : "no folder of rules");
        goto fail;
    }
    options = (struct sensor_options){
        .panel = {.sensor = "net",
                  .rules_dir = config->rules_dir,
                  .geo_dir = config->geo_dir,
                  .texts = w->texts,
                  .zone = config->zone,
                  .hours = &config->hours,
                  .currency = config->currency,
                  .off = config->detectors_off,
                  .off_count = config->detectors_off_count,
                  .judge = sensor_judge_settings(config->budget_per_week)},
        .sink = sink,
        .store = true,
        .future_ns = w->now_ns + VG_DAY_NS,
        .told = on_told,
        .ask_socket = ask_socket,
        .ask_hash = ask_hash,
        .ask_ctx = w,
    };
    err = sensor_new(&options, &w->sensor, text);
    if (err != VG_OK) {
        snprintf(why, WORKER_WHY_MAX, "%.240s", text[0] != '\0' ? text : vg_err_name(err));
        goto fail;
    }
    err = open_sources(w, config, why);
    if (err != VG_OK)
        goto fail;
    *self = w;
    return VG_OK;
fail:
    net_close(w);
    return err;
}

static void
net_needs(void *self, struct platform_sandbox *sandbox)
{
    struct net_worker *w = self;

    sandbox->capture = sensor_is_live(w->sensor);
}

static enum vg_err
net_restore(void *self, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct net_worker *w = self;

    return sensor_restore(w->sensor, detector, key, version, blob);
}

static enum vg_err
net_position(void *self, const char *source, const json_t *position)
{
    struct net_worker *w = self;

    return sensor_position(w->sensor, source, position);
}

static enum vg_err
net_begin(void *self)
{
    (void)self;
    return VG_OK;
}

/* Why this life ends, for the keeper's health event. */
static void
tell_error(struct net_worker *w, const char *why)
{
    struct buf text;

    buf_init(&text, 4096);
    buf_put_u8(&text, '{');
    vg_json_put_str(&text, "error", why, strlen(why));
    buf_put_u8(&text, '}');
    if (!text.bad)
        w->sink->ops->health(w->sink->ctx, buf_slice(&text));
    buf_done(&text);
}

static enum vg_err
net_work(void *self, platform_handle *handle, int64_t *wait_ns)
{
    struct net_worker *w = self;
    enum vg_err err = sensor_work(w->sensor, handle, wait_ns);

    if (err == VG_ERR_SYS && sensor_why(w->sensor)[0] != '\0')
        tell_error(w, sensor_why(w->sensor));
    return err;
}

static void
net_tick(void *self, int64_t now_ns)
{
    struct net_worker *w = self;

    w->now_ns = now_ns;
    sensor_tick(w->sensor, now_ns);
}

static void
net_feedback(void *self, const json_t *feedback)
{
    struct net_worker *w = self;
    struct feedback_view view;

    if (feedback_exceptions(feedback) != NULL)
        sensor_exceptions(w->sensor, feedback_exceptions(feedback));
    else if (feedback_view_of(feedback, &view) == VG_OK)
        sensor_feedback(w->sensor, w->now_ns, &view);
}

static enum vg_err
net_finish(void *self)
{
    struct net_worker *w = self;

    return sensor_finish(w->sensor);
}

const struct worker_ops WORKER_NET = {
    .name = "net",
    .open = net_open,
    .needs = net_needs,
    .restore = net_restore,
    .position = net_position,
    .begin = net_begin,
    .work = net_work,
    .tick = net_tick,
    .feedback = net_feedback,
    .owner = net_owner,
    .finish = net_finish,
    .close = net_close,
};
