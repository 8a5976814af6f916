/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/link/worker.h"

#include <openssl/crypto.h>
#include <string.h>

#include "agent/link/worker_link.h"
#include "common/json.h"
#include "common/log.h"
#include "common/vtime.h"

/* A sensor that follows something is done, for now, when it found nothing for so long. */
#define QUIET_NS (500 * VG_MS_NS)

struct life {
    struct worker_link link;
    struct agent_config config;
    bool configured;
    struct sink sink;
    bool ended;             /* all finite input is done and there is no other */
    bool told_done;         /* what the keeper last heard */
    int64_t quiet_since_ns; /* monotonic; 0: at work */
};

static enum vg_err
wait_config(struct life *w)
{
    struct conf_error why = {0};
    json_t *tree;
    enum vg_err err = VG_OK;

    while (err == VG_OK && w->link.config == NULL)
        err = worker_link_pump(&w->link, PLATFORM_NO_HANDLE, -1);
    if (err != VG_OK)
        return err;
    tree = w->link.config;
    w->link.config = NULL;
    err = agent_config_from_tree(tree, &w->config, &why);
    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "worker.config", "why=%s", log_quote(why.text));
    w->configured = err == VG_OK;
    return err;
}

/* What the keeper shows as the reason when this process ends. */
static void
tell_error(struct life *w, const char *what, const char *why, enum vg_err err)
{
    struct buf text;

    log_event(LOG_LEVEL_ERROR, "worker.failed", "worker=%s what=%s err=%s why=%s",
              w->link.ops->name, what, vg_err_name(err), log_quote(why));
    buf_init(&text, 4096);
    buf_put_str(&text, "{");
    vg_json_put_str(&text, "error", why, strlen(why));
    buf_put_str(&text, "}");
    if (!text.bad && !w->link.gone) {
        frame_put(&w->link.out, FRAME_HEALTH, buf_slice(&text));
        if (worker_link_flush(&w->link) != VG_OK)
            w->link.gone = true;
    }
    buf_done(&text);
}

static enum vg_err
lock_down(struct life *w)
{
    struct platform_sandbox needs = {0};
    char told[PLATFORM_TOLD_MAX] = "{\"sandbox\":\"off\"}";
    enum vg_err err;

    w->link.ops->needs(w->link.self, &needs);
    if (w->config.sandbox) {
        err = platform_sandbox_enter(&needs, told);
        if (err != VG_OK) {
            tell_error(w, "sandbox", "the sandbox could not be set up", err);
            return err;
        }
    }
    frame_put(&w->link.out, FRAME_READY, slice_of(told, strlen(told)));
    return worker_link_flush(&w->link);
}

/* Configuration, privileges, lock-down, rows and positions. */
static enum vg_err
prepare(struct life *w)
{
    const struct worker_ops *ops = w->link.ops;
    char why[WORKER_WHY_MAX] = "";
    void *self = NULL;
    enum vg_err err = wait_config(w);

    if (err != VG_OK)
        return err;
    /* Libraries that read files of their own at the first use do it now. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS |
                                  OPENSSL_INIT_LOAD_CONFIG,
                              NULL);
    err = ops->open(&w->config, &w->sink, &w->link.opener, &self, why);
    if (err != VG_OK) {
        tell_error(w, "open", why[0] != '\0' ? why : vg_err_name(err), err);
        return err;
    }
    w->link.self = self;
    platform_memory_settle(); /* rules and formats were compiled: most of that was for once */
    err = lock_down(w);
    while (err == VG_OK && !w->link.go && !w->link.stop)
        err = worker_link_pump(&w->link, PLATFORM_NO_HANDLE, -1);
    if (err != VG_OK || !w->link.go) /* told to stop before there was anything to stop */
        return err != VG_OK ? err : VG_END;
    return ops->begin != NULL ? ops->begin(self) : VG_OK;
}

static void
pass_owner(struct life *w)
{
    struct worker_owner *o = &w->link.opener.owner;
    json_t *answer = o->answer;

    if (!o->answered)
        return;
    o->answer = NULL;
    o->asked = o->answered = false; /* before the sensor asks the next one */
    if (w->link.ops->owner != NULL)
        w->link.ops->owner(w->link.self, o->err, answer);
    json_decref(answer);
}

/* What came while the sensor was busy. */
static void
catch_up(struct life *w)
{
    const struct worker_ops *ops = w->link.ops;
    int64_t tick_ns = w->link.tick_ns;
    size_t i;
    json_t *one;

    w->link.tick_ns = 0;
    pass_owner(w);
    if (tick_ns != 0 && ops->tick != NULL)
        ops->tick(w->link.self, tick_ns);
    if (ops->feedback != NULL)
        json_array_foreach(w->link.feedback, i, one) ops->feedback(w->link.self, one);
    (void)json_array_clear(w->link.feedback);
}

static enum vg_err
tell_done(struct life *w, bool done)
{
    const char *text = done ? "{\"done\":true}" : "{\"done\":false}";

    if (w->told_done == done)
        return VG_OK;
    w->told_done = done;
    frame_put(&w->link.out, FRAME_HEALTH, slice_of(text, strlen(text)));
    return worker_link_flush(&w->link);
}

/* One piece of work. Also tells the keeper whether there is more to do: `status` shows it, and
 * whoever waits for a log to be read through waits for it. */
static enum vg_err
work(struct life *w, platform_handle *handle, int64_t *wait_ns)
{
    uint64_t committed = w->link.committed;
    enum vg_err err = w->link.ops->work(w->link.self, handle, wait_ns);
    int64_t now = platform_clock_monotonic(), left;

    if (w->link.gone)
        return VG_END;
    if (err == VG_END) {
        w->ended = true;
        *wait_ns = -1;
        *handle = PLATFORM_NO_HANDLE;
        return tell_done(w, true);
    }
    if (err == VG_OK) {
        *wait_ns = 0;
        w->quiet_since_ns = 0;
        return tell_done(w, false);
    }
    if (err != VG_AGAIN)
        return err;
    if (w->quiet_since_ns == 0 || committed != w->link.committed || w->link.pending)
        w->quiet_since_ns = now;
    left = QUIET_NS - (now - w->quiet_since_ns);
    if (left <= 0)
        return tell_done(w, true);
    if (!w->told_done && (*wait_ns < 0 || *wait_ns > left))
        *wait_ns = left;
    return VG_OK;
}

static enum vg_err
live(struct life *w)
{
    const struct worker_ops *ops = w->link.ops;
    enum vg_err err = VG_OK;

    while (err == VG_OK && !w->link.stop) {
        platform_handle handle = PLATFORM_NO_HANDLE;
        int64_t wait_ns = -1;

        catch_up(w);
        if (!w->ended)
            err = work(w, &handle, &wait_ns);
        if (w->link.gone)
            return VG_END;
        /* What came during the work is acted upon before there is any waiting. */
        if (w->link.stop || w->link.tick_ns != 0 || w->link.opener.owner.answered ||
            json_array_size(w->link.feedback) > 0)
            wait_ns = 0;
        if (err == VG_OK)
            err = worker_link_pump(&w->link, wait_ns == 0 ? PLATFORM_NO_HANDLE : handle, wait_ns);
    }
    if (err == VG_OK && ops->finish != NULL)
        err = ops->finish(w->link.self);
    return err == VG_OK ? worker_link_flush(&w->link) : err;
}

int
worker_main(const struct worker_ops *ops)
{
    struct life w = {0};
    platform_stream stream;
    enum vg_err err = platform_child_stream(&stream);

    log_setup("vigia-agent", LOG_LEVEL_INFO);
    if (err != VG_OK) {
        log_event(LOG_LEVEL_ERROR, "worker.no_keeper", "err=%s", vg_err_name(err));
        return VG_EXIT_USAGE;
    }
    err = worker_link_init(&w.link, ops, stream);
    w.sink = (struct sink){.ops = &WORKER_SINK, .ctx = &w.link};
    if (err == VG_OK)
        err = prepare(&w);
    if (err == VG_OK) {
        err = live(&w);
        if (err != VG_OK && err != VG_END && !w.link.gone)
            tell_error(&w, "work", vg_err_name(err), err);
    }
    if (w.link.self != NULL)
        ops->close(w.link.self);
    if (w.configured)
        agent_config_done(&w.config);
    /* Without a keeper there is nobody to tell: what was not committed is done again. */
    if (w.link.gone || err == VG_END)
        err = VG_OK;
    worker_link_done(&w.link);
    return err == VG_OK ? VG_EXIT_DONE : err == VG_ERR_CONFIG ? VG_EXIT_USAGE : VG_EXIT_INTERNAL;
}
