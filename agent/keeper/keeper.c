/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/keeper.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/bundle_care.h"
#include "agent/keeper/exceptions.h"
#include "agent/keeper/feedback.h"
#include "agent/keeper/health.h"
#include "agent/keeper/hours.h"
#include "agent/keeper/identity.h"
#include "agent/keeper/mailer.h"
#include "agent/keeper/quarantine_notes.h"
#include "agent/keeper/service_user.h"
#include "agent/keeper/settings_care.h"
#include "agent/keeper/ship.h"
#include "agent/keeper/status.h"
#include "agent/keeper/store.h"
#include "agent/keeper/supervisor.h"
#include "agent/platform/platform.h"
#include "common/log.h"
#include "common/texts.h"
#include "common/vtime.h"

#define RETAIN_EVERY_NS VG_HOUR_NS
#define RETAIN_FIRST_NS VG_MIN_NS

enum { VERDICTS_A_SECOND = 8 };

struct keeper {
    const struct keeper_options *options;
    const struct agent_config *config; /* agent.yaml */
    const struct agent_config *now;    /* with what the provider set; of settings */
    struct event_base *loop;
    struct event *tick, *stop;
    struct store *store;
    struct supervisor *supervisor;
    struct ship *ship;
    struct mailer *mailer; /* NULL: enrolled, or no address */
    struct bundle_care *bundles;
    struct exceptions *exceptions;
    struct settings_care *settings;
    unsigned rights;               /* that this process kept */
    struct texts *texts;           /* of a bundle, since this start; NULL: the options' */
    platform_file drives, writers; /* of platform_drives_open() */
    struct status_file status;
    struct health_limit limit;
    struct hours hours;
    const char *state; /* "running", "stopping", "stopped" */
    char started[VTIME_TEXT_MAX];
    char token_key[IDENTITY_TOKEN_KEY_SIZE]; /* "" when it cannot be read */
    int64_t retain_at_ns;                    /* monotonic */
    int code;
};

/* ---- records of our own ---- */

/* `facts` is taken. What cannot be recorded is at least logged. */
static void
record(struct keeper *k, const char *detector, enum severity severity, json_t *facts)
{
    int64_t now = vtime_now();
    unsigned held_back;
    enum vg_err err;

    if (!health_allowed(&k->limit, detector, platform_clock_monotonic(), &held_back)) {
        json_decref(facts);
        return;
    }
    if (held_back > 0 && facts != NULL)
        (void)json_object_set_new(facts, "held_back", json_integer((json_int_t)held_back));
    err = store_event(k->store, health_event(detector, severity, store_id(k->store), now, facts),
                      now);
    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "store.event", "detector=%s error=%s", detector,
                  vg_err_name(err));
}

/* A store that is damaged while we run is set aside by the next start. */
static void
store_failed(struct keeper *k, const char *what, enum vg_err err)
{
    log_event(LOG_LEVEL_ERROR, what, "error=%s", vg_err_name(err));
    if (err == VG_ERR_FORMAT) {
        k->code = VG_EXIT_INTERNAL;
        (void)event_base_loopbreak(k->loop);
    }
}

/* ---- status ---- */

static json_t *
blind_spots(const struct keeper *k)
{
    json_t *list = json_array();

    if (k->config->net_enabled && k->config->mode == NET_MODE_ENDPOINT)
        (void)json_array_append_new(
            list, json_string("other PCs on the switch: this agent sees its own PC's traffic"));
    if (k->config->net_enabled)
        (void)json_array_append_new(list, json_string("the content of encrypted connections"));
    if (!k->config->net_enabled)
        (void)json_array_append_new(list, json_string("the network: it is switched off"));
    if (k->config->payment_count == 0)
        (void)json_array_append_new(list, json_string("payments: no log is configured"));
    if (k->config->file_count == 0)
        (void)json_array_append_new(list, json_string("files: no folder is configured"));
    return list;
}

static void
tell_hour(void *ctx, json_t *facts)
{
    struct keeper *k = ctx;
    int64_t now = vtime_now();

    if (store_event(k->store,
                    health_event("agent.hour", SEVERITY_INFO, store_id(k->store), now, facts),
                    now) == VG_OK)
        ship_kick(k->ship);
}

static void
write_status(struct keeper *k)
{
    json_t *workers = k->supervisor != NULL ? supervisor_status(k->supervisor) : NULL;
    json_t *status = json_pack(
        "{s:s, s:s, s:s, s:b, s:{s:s, s:I, s:I, s:I}, s:o, s:o}", "version", VIGIA_VERSION, "state",
        k->state, "started", k->started, "sandbox", k->options->sandbox, "store", "id",
        store_id(k->store), "last_seq", (json_int_t)store_last_seq(k->store), "shipped",
        (json_int_t)store_shipped(k->store), "bytes", (json_int_t)store_bytes(k->store), "workers",
        workers != NULL ? workers : json_array(), "blind", blind_spots(k));
    json_t *mail = k->mailer != NULL ? mailer_status(k->mailer) : NULL;
    enum vg_err err;

    if (ship_enrolled(k->ship)) /* they are for the collector's pictures */
        hours_look(&k->hours, workers, k->state[0] == 's', vtime_now(), tell_hour, k);

    if (status != NULL && k->ship != NULL)
        (void)json_object_set_new(status, "collector", ship_status(k->ship));
    if (status != NULL && mail != NULL)
        (void)json_object_set(status, "mail", mail);
    json_decref(mail);
    if (status != NULL && k->exceptions != NULL)
        (void)json_object_set_new(status, "feedback", exceptions_status(k->exceptions));
    if (status != NULL && k->bundles != NULL)
        (void)json_object_set_new(status, "bundle", bundle_care_status(k->bundles));
    if (status != NULL && k->settings != NULL)
        (void)json_object_set_new(status, "settings", settings_care_status(k->settings));
    err = status_write(&k->status, status, vtime_now());

    if (err != VG_OK)
        log_event(LOG_LEVEL_WARN, "status.write", "error=%s", vg_err_name(err));
}

/* ---- feedback ---- */

struct one_event {
    json_t *event;
};

static enum vg_err
keep_event(void *ctx, int64_t seq, struct slice json)
{
    struct one_event *one = ctx;

    (void)seq;
    json_decref(one->event);
    one->event = NULL;
    return vg_json_parse(json, EVENT_BYTES_MAX * 2, &one->event);
}

/* To the sensor that raised it, in the words of its detectors (struct feedback_view). */
static void
pass_feedback(struct keeper *k, const json_t *event, const char *verdict)
{
    json_t *feedback =
        json_pack("{s:s, s:s, s:O?, s:O?, s:s}", "event", vg_json_str(event, "id", ""), "detector",
                  vg_json_str(event, "detector", ""), "subject", json_object_get(event, "subject"),
                  "peer", json_object_get(event, "peer"), "verdict", verdict);

    if (feedback != NULL && k->supervisor != NULL)
        supervisor_feedback(k->supervisor, vg_json_str(event, "sensor", ""), feedback);
    json_decref(feedback);
}

static enum vg_err
on_feedback(void *ctx, const char *event_id, const char *verdict)
{
    struct keeper *k = ctx;
    struct one_event one = {.event = NULL};
    struct store_query query = {.id = event_id, .limit = 1};
    int64_t now = vtime_now();
    json_t *facts;
    enum vg_err err = store_query(k->store, &query, keep_event, &one);

    if (err == VG_OK && one.event == NULL) {
        log_event(LOG_LEVEL_WARN, "feedback.unknown", "event=%s", event_id);
        return VG_OK; /* retention was faster */
    }
    if (err != VG_OK)
        return err;
    facts = json_pack("{s:s, s:s, s:s}", "event", event_id, "detector",
                      vg_json_str(one.event, "detector", ""), "verdict", verdict);
    err = store_event(k->store,
                      health_event("agent.feedback", SEVERITY_INFO, store_id(k->store), now, facts),
                      now);
    if (err == VG_OK)
        pass_feedback(k, one.event, verdict);
    json_decref(one.event);
    return err;
}

/* From the collector: recorded and passed on as what somebody said here is. */
static bool
on_verdict(void *ctx, const json_t *verdict)
{
    struct keeper *k = ctx;
    int64_t now = vtime_now();
    json_t *facts;

    if (!supervisor_feedback(k->supervisor, vg_json_str(verdict, "sensor", ""), verdict))
        return false;
    facts = json_pack("{s:s, s:s, s:s}", "incident", vg_json_str(verdict, "incident", ""),
                      "detector", vg_json_str(verdict, "detector", ""), "verdict",
                      vg_json_str(verdict, "verdict", ""));
    if (store_event(k->store,
                    health_event("agent.feedback", SEVERITY_INFO, store_id(k->store), now, facts),
                    now) != VG_OK)
        log_event(LOG_LEVEL_WARN, "feedback.unrecorded", "incident=%s",
                  vg_json_str(verdict, "incident", ""));
    return true;
}

/* What people said at the collector goes on to the sensors. */
static void
tell_exceptions(struct keeper *k)
{
    json_t *set = exceptions_changed(k->exceptions, vtime_now());

    if (set != NULL)
        supervisor_exceptions(k->supervisor, set);
    exceptions_deliver(k->exceptions, VERDICTS_A_SECOND, on_verdict, k);
}

static void
take_feedback(struct keeper *k)
{
    size_t refused = 0;
    enum vg_err err = feedback_take(k->config->state_dir, on_feedback, k, &refused);

    if (refused > 0)
        log_event(LOG_LEVEL_WARN, "feedback.refused", "files=%zu", refused);
    if (err != VG_OK && err != VG_ERR_NOENT)
        log_event(LOG_LEVEL_WARN, "feedback.failed", "error=%s", vg_err_name(err));
}

/* ---- the loop ---- */

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct keeper *k = ctx;
    int64_t now = platform_clock_monotonic();
    enum vg_err err;

    (void)fd;
    (void)what;
    platform_service_watchdog();
    if (k->mailer != NULL && ship_enrolled(k->ship)) { /* enrolled while we run */
        mailer_free(k->mailer);
        k->mailer = NULL;
    }
    take_feedback(k);
    tell_exceptions(k);
    quarantine_notes_take(k->config->state_dir, k->store);
    bundle_care_tick(k->bundles);
    if (bundle_care_news(k->bundles) || settings_care_news(k->settings))
        ship_hello(k->ship);
    if (bundle_care_wants(k->bundles))
        ship_kick(k->ship);
    if (now >= k->retain_at_ns) {
        k->retain_at_ns = now + RETAIN_EVERY_NS;
        err = store_retain(k->store, vtime_now());
        if (err != VG_OK)
            store_failed(k, "store.retain", err);
    }
    write_status(k);
}

static void
on_stopped(void *ctx)
{
    struct keeper *k = ctx;

    (void)event_base_loopbreak(k->loop);
}

static void
on_stop(evutil_socket_t fd, short what, void *ctx)
{
    struct keeper *k = ctx;

    (void)fd;
    (void)what;
    (void)event_del(k->stop);
    k->state = "stopping";
    log_event(LOG_LEVEL_INFO, "keeper.stopping", "store=%s", store_id(k->store));
    supervisor_stop(k->supervisor, on_stopped, k);
}

static void
on_events(void *ctx)
{
    struct keeper *k = ctx;

    ship_kick(k->ship);
    mailer_kick(k->mailer);
}

static void
on_crash(void *ctx, const char *worker)
{
    struct keeper *k = ctx;

    bundle_care_crashed(k->bundles, worker);
}

static void
on_idle(void *ctx)
{
    struct keeper *k = ctx;

    log_event(LOG_LEVEL_INFO, "keeper.idle", "events=%lld", (long long)store_last_seq(k->store));
    write_status(k);
}

/* ---- beginning and end ---- */

static enum vg_err
open_store(struct keeper *k)
{
    const struct agent_config *c = k->config;
    struct store_options options = {.dir = c->state_dir,
                                    .shop = c->shop_name,
                                    .bytes_max = c->store_bytes_max,
                                    .alerts_keep_ns = c->alerts_keep_ns,
                                    .observations_keep_ns = c->observations_keep_ns};
    char why[STORE_WHY_MAX];
    enum vg_err err = store_open(&options, &k->store, why);

    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "store.open", "error=%s why=%s", vg_err_name(err),
                  log_quote(why));
    return err;
}

static enum vg_err
make_loop(struct keeper *k)
{
    static const struct timeval second = {.tv_sec = 1};
    platform_handle handle;
    enum vg_err err = platform_stop_handle(&handle);

    if (err != VG_OK)
        return err;
    k->loop = event_base_new();
    if (k->loop == NULL)
        return VG_ERR_NOMEM;
    k->tick = event_new(k->loop, -1, EV_PERSIST, on_tick, k);
    k->stop = event_new(k->loop, (evutil_socket_t)handle, EV_READ | EV_PERSIST, on_stop, k);
    if (k->tick == NULL || k->stop == NULL || event_add(k->tick, &second) != 0 ||
        event_add(k->stop, NULL) != 0)
        return VG_ERR_NOMEM;
    return VG_OK;
}

/* A damaged key is told, not fatal: the pay worker then says that its tokens are under no secret. */
static void
read_token_key(struct keeper *k)
{
    enum vg_err err = identity_token_key(k->config->state_dir, k->token_key);

    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "keeper.token_key", "file=token.key error=%s", vg_err_name(err));
}

static enum vg_err
start_workers(struct keeper *k)
{
    struct supervisor_options options = {.loop = k->loop,
                                         .store = k->store,
                                         .config = k->now,
                                         .program = k->options->program,
                                         .sandbox = k->options->sandbox,
                                         .drives = k->drives,
                                         .writers = k->writers,
                                         .token_key = k->token_key[0] != '\0' ? k->token_key : NULL,
                                         .on_events = on_events,
                                         .on_idle = on_idle,
                                         .on_crash = on_crash,
                                         .ctx = k};
    enum vg_err err = supervisor_new(&options, &k->supervisor);

    if (err != VG_OK)
        return err;
    supervisor_exceptions(k->supervisor, exceptions_changed(k->exceptions, vtime_now()));
    return supervisor_start(k->supervisor);
}

/* What `hello` tells the collector: how the workers are, without what they count each second. */
static json_t *
shipped_status(void *ctx)
{
    struct keeper *k = ctx;
    json_t *workers = k->supervisor != NULL ? supervisor_status(k->supervisor) : json_array();

    return json_pack("{s:s, s:b, s:o, s:o, s:o}", "started", k->started, "sandbox",
                     k->options->sandbox, "workers", workers, "bundle",
                     bundle_care_status(k->bundles), "settings", settings_care_status(k->settings));
}

static enum vg_err
start_ship(struct keeper *k)
{
    struct ship_options options = {.loop = k->loop,
                                   .store = k->store,
                                   .state_dir = k->config->state_dir,
                                   .status = shipped_status,
                                   .bundles = k->bundles,
                                   .exceptions = k->exceptions,
                                   .settings = k->settings,
                                   .ctx = k};

    return ship_new(&options, &k->ship);
}

/* An agent that stands alone writes to the owner itself. */
static enum vg_err
start_mailer(struct keeper *k)
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
    if (start_mailer(k) != VG_OK)
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
    if (start_mailer(k) != VG_OK)
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
        record(k, detector, severity, facts);
    ship_kick(k->ship);
}

/* Before rights are given up: which are needed may have been set from afar. */
static enum vg_err
start_settings(struct keeper *k)
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

    record(k, detector, severity, facts);
    ship_kick(k->ship);
}

static enum vg_err
start_bundles(struct keeper *k)
{
    struct bundle_care_options options = {.config = k->config,
                                          .program = k->options->program,
                                          .sandbox = k->options->sandbox,
                                          .changed = on_rules,
                                          .tell = tell_bundle,
                                          .ctx = k};

    return bundle_care_new(&options, &k->bundles);
}

/* The keeper parses no packet, log line or file; what it gives up is what nobody in its place needs
 * (platform.h). Before any thread of a library starts. */
static enum vg_err
lock_down(const struct keeper *k)
{
    const struct platform_sandbox sandbox = {.network = true};
    char told[PLATFORM_TOLD_MAX];
    enum vg_err err;

    if (!k->options->sandbox)
        return VG_OK;
    err = platform_sandbox_enter(&sandbox, told);
    if (err == VG_OK)
        log_event(LOG_LEVEL_INFO, "keeper.sandbox", "holds=%s", log_quote(told));
    return err;
}

/* First of all, and the right to it is gone for good: by now only the configuration was read. */
static enum vg_err
open_drives(struct keeper *k)
{
    const struct agent_config *c = k->config;
    enum vg_err err = VG_ERR_NOENT;

    if (c->file_count > 0) {
        err = platform_drives_open(PLATFORM_DRIVE_FOLDERS, c->files, c->file_count, &k->drives);
        if (platform_drives_open(PLATFORM_DRIVE_WRITERS, c->files, c->file_count, &k->writers) !=
            VG_OK)
            k->writers = PLATFORM_NO_HANDLE;
        log_event(LOG_LEVEL_INFO, "keeper.drives", "folders=%s writers=%s", vg_err_name(err),
                  k->writers != PLATFORM_NO_HANDLE ? "ok" : "no");
    }
    if (err != VG_OK)
        k->drives = PLATFORM_NO_HANDLE;
    return platform_drives_give_up();
}

static enum vg_err
begin(struct keeper *k)
{
    enum vg_err err = status_init(&k->status, k->config->state_dir);

    if (err == VG_OK)
        err = open_drives(k);
    if (err == VG_OK)
        err = make_loop(k); /* before anything that a signal must not cut in two */
    if (err == VG_OK)
        err = start_settings(k);
    if (err == VG_OK)
        err = service_user_become(k->config, k->rights);
    if (err != VG_OK)
        return err;
    err = lock_down(k);
    if (err == VG_OK)
        err = status_begin(&k->status, k->config->state_dir);
    if (err == VG_ERR_EXISTS)
        log_event(LOG_LEVEL_ERROR, "store.open", "error=exists why=%s",
                  log_quote("the store is in use by another vigia-agent run"));
    if (err == VG_OK)
        err = open_store(k);
    if (err == VG_OK)
        err = feedback_folder(k->config->state_dir);
    if (err != VG_OK)
        return err;
    k->retain_at_ns = platform_clock_monotonic() + RETAIN_FIRST_NS;
    record(k, "agent.started", SEVERITY_INFO,
           json_pack("{s:s, s:b}", "version", VIGIA_VERSION, "sandbox", k->options->sandbox));
    err = start_bundles(k);
    if (err == VG_OK)
        err = exceptions_open(k->store, &k->exceptions);
    if (err == VG_OK)
        err = start_ship(k);
    if (err == VG_OK)
        err = start_mailer(k);
    if (err != VG_OK)
        return err;
    read_token_key(k);
    return start_workers(k);
}

static void
end(struct keeper *k)
{
    k->state = "stopped";
    status_force(&k->status);
    if (k->store != NULL && k->loop != NULL)
        write_status(k);
    platform_secure_zero(k->token_key, sizeof k->token_key);
    ship_free(k->ship);
    mailer_free(k->mailer);
    bundle_care_free(k->bundles);
    exceptions_free(k->exceptions);
    texts_free(k->texts);
    supervisor_free(k->supervisor);
    settings_care_free(k->settings); /* whose configuration they had */
    if (k->tick != NULL)
        event_free(k->tick);
    if (k->stop != NULL)
        event_free(k->stop);
    if (k->loop != NULL)
        event_base_free(k->loop);
    if (k->drives != PLATFORM_NO_HANDLE)
        platform_file_close(k->drives);
    if (k->writers != PLATFORM_NO_HANDLE)
        platform_file_close(k->writers);
    status_done(&k->status);
    store_close(k->store);
}

static int
exit_code(enum vg_err err)
{
    switch (err) {
    case VG_OK:
        return VG_EXIT_DONE;
    case VG_ERR_CONFIG:
        return VG_EXIT_USAGE;
    case VG_ERR_EXISTS:
    case VG_ERR_NOENT:
    case VG_ERR_DENIED:
        return VG_EXIT_INPUT;
    default:
        return VG_EXIT_INTERNAL;
    }
}

int
keeper_run(const struct keeper_options *options)
{
    struct keeper k = {.options = options,
                       .config = options->config,
                       .state = "running",
                       .drives = PLATFORM_NO_HANDLE,
                       .writers = PLATFORM_NO_HANDLE};
    enum vg_err err;

    (void)vtime_format(vtime_now(), k.started);
    err = begin(&k);
    if (err == VG_OK) {
        log_event(LOG_LEVEL_INFO, "keeper.started", "version=%s store=%s events=%lld sandbox=%d",
                  VIGIA_VERSION, store_id(k.store), (long long)store_last_seq(k.store),
                  options->sandbox);
        write_status(&k);
        platform_service_ready();
        if (event_base_dispatch(k.loop) < 0)
            err = VG_ERR_SYS;
    }
    if (err != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "keeper.failed", "error=%s", vg_err_name(err));
        k.code = exit_code(err);
    }
    end(&k);
    return k.code;
}
