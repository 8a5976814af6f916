/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "agent/keeper/feedback.h"
#include "agent/keeper/keeper_private.h"
#include "agent/keeper/quarantine_notes.h"
#include "agent/keeper/service_user.h"
#include "common/log.h"

#define RETAIN_EVERY_NS VG_HOUR_NS
#define RETAIN_FIRST_NS VG_MIN_NS

void
keeper_record(struct keeper *k, const char *detector, enum severity severity, json_t *facts)
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
    keeper_take_feedback(k);
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
    keeper_write_status(k);
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
    keeper_write_status(k);
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

static enum vg_err
start_ship(struct keeper *k)
{
    struct ship_options options = {.loop = k->loop,
                                   .store = k->store,
                                   .state_dir = k->config->state_dir,
                                   .status = keeper_shipped_status,
                                   .bundles = k->bundles,
                                   .exceptions = k->exceptions,
                                   .settings = k->settings,
                                   .ctx = k};

    return ship_new(&options, &k->ship);
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
        err = keeper_start_settings(k);
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
    keeper_record(
        k, "agent.started", SEVERITY_INFO,
        json_pack("{s:s, s:b}", "version", VIGIA_VERSION, "sandbox", k->options->sandbox));
    err = keeper_start_bundles(k);
    if (err == VG_OK)
        err = exceptions_open(k->store, &k->exceptions);
    if (err == VG_OK)
        err = start_ship(k);
    if (err == VG_OK)
        err = keeper_start_mailer(k);
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
        keeper_write_status(k);
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
        keeper_write_status(&k);
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
