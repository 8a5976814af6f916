/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/mailer.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/mail_queue.h"
#include "agent/platform/platform.h"
#include "common/log.h"
#include "common/mail_policy.h"
#include "common/mail_send.h"
#include "common/vtime.h"

enum { STEP_MS = 50, FOLDER_MAX = 4096, WAIT_MAX_S = 3600 };

struct mailer {
    struct event *timer;
    const struct agent_config *config;
    const struct texts *texts;
    struct mail_queue *queue;
    struct mail_route route;
    char folder[FOLDER_MAX], from[MAIL_ADDRESS_MAX + 1];

    bool busy; /* `job` and `message` are in use */
    struct mail_job job;
    struct buf message;
    struct mail_smtp *smtp; /* NULL between tries */
    unsigned attempts;
    char why[MAIL_WHY_MAX]; /* of the last failure, "" after a success */
};

/* The whole file appears under new/: the platform writes it aside and renames it. */
static enum vg_err
deliver(const char *folder, const char *name, struct slice content)
{
    static const char *const parts[] = {"tmp", "cur", "new"};
    char path[FOLDER_MAX + MAIL_NAME_SIZE + 8];
    size_t i;

    for (i = 0; i < VG_ARRAY_LEN(parts); i++) {
        enum vg_err err;

        snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
        err = platform_folder_make(path, true);
        if (err != VG_OK && err != VG_ERR_EXISTS)
            return err;
    }
    snprintf(path, sizeof path, "%s/new/%s", folder, name);
    return platform_file_replace(path, content, true);
}

static void
wait_ms(struct mailer *m, int64_t ms)
{
    struct timeval tv = {.tv_sec = (long)(ms / 1000), .tv_usec = (long)(ms % 1000) * 1000};

    (void)evtimer_add(m->timer, &tv);
}

/* ---- one mail ---- */

static struct mail_alert
alert_of(const json_t *event)
{
    static const char *const keys[] = {"time", "first", "last"};
    struct mail_alert a = {.event = event,
                           .incident = vg_json_str(event, "incident", vg_json_str(event, "id", "")),
                           .count = vg_json_int(event, "count", 1)};
    int64_t t_ns[VG_ARRAY_LEN(keys)] = {0};
    size_t i;

    for (i = 0; i < VG_ARRAY_LEN(keys); i++) {
        const char *text = vg_json_str(event, keys[i], "");

        if (vtime_parse(text, strlen(text), &t_ns[i]) != VG_OK)
            t_ns[i] = t_ns[0]; /* absent: the event's time */
    }
    a.first_ns = t_ns[1];
    a.last_ns = t_ns[2];
    if (severity_parse(vg_json_str(event, "severity", ""), &a.severity) != VG_OK)
        a.severity = SEVERITY_LOW;
    return a;
}

static enum vg_err
render(struct mailer *m, struct mail_text *out)
{
    static const enum mail_list_kind kinds[] = {[MAIL_JOB_FULL] = MAIL_LIST_FULL,
                                                [MAIL_JOB_LATE] = MAIL_LIST_LATE,
                                                [MAIL_JOB_HELD] = MAIL_LIST_CAP};
    struct mail_reader reader = {.view = {.language = m->config->language,
                                          .shop = m->config->shop_name,
                                          .zone = m->config->zone}};
    struct mail_alert alerts[MAIL_QUEUE_LIST_MAX];
    size_t i;

    for (i = 0; i < m->job.count; i++)
        alerts[i] = alert_of(m->job.events[i]);
    if (m->job.kind == MAIL_JOB_ALERT || m->job.kind == MAIL_JOB_UPDATE) {
        alerts[0].update = m->job.kind == MAIL_JOB_UPDATE;
        return mail_alert_render(m->texts, &reader, &alerts[0], out);
    }
    return mail_list_render(m->texts, &reader, kinds[m->job.kind], alerts, m->job.count,
                            m->job.more, out);
}

static enum vg_err
build(struct mailer *m)
{
    struct mail_text text;
    struct mail_message message = {
        .from = m->from,
        .from_name = "Vigía",
        .to = m->config->mail_to,
        .language = m->config->language,
        .id = m->job.id,
        .references = m->job.references[0] != '\0' ? m->job.references : NULL,
        .time_ns = m->job.time_ns,
        .zone = m->config->zone,
    };
    enum vg_err err = render(m, &text);

    if (err != VG_OK)
        return err;
    message.subject = text.subject;
    message.text = text.text;
    message.html = text.html;
    buf_clear(&m->message);
    err = mail_build(&message, &m->message);
    mail_text_done(&text);
    return err;
}

/* The mail has arrived, or never will. */
static void
settle(struct mailer *m)
{
    enum vg_err err = mail_queue_finish(m->queue, &m->job, vtime_now());

    if (err != VG_OK)
        log_event(LOG_LEVEL_WARN, "mail.state", "error=%s", vg_err_name(err));
    mail_job_done(&m->job);
    m->busy = false;
    m->attempts = 0;
    wait_ms(m, err == VG_OK ? 0 : 60 * 1000);
}

static void
judge(struct mailer *m, enum mail_result result)
{
    mail_smtp_free(m->smtp);
    m->smtp = NULL;
    switch (result) {
    case MAIL_SENT:
        m->why[0] = '\0';
        log_event(LOG_LEVEL_INFO, "mail.sent", "id=%s", log_quote(m->job.id));
        settle(m);
        return;
    case MAIL_REFUSED:
        log_event(LOG_LEVEL_ERROR, "mail.refused", "id=%s why=%s", log_quote(m->job.id),
                  log_quote(m->why));
        settle(m);
        return;
    case MAIL_RETRY:
        m->attempts++;
        log_event(LOG_LEVEL_WARN, "mail.retry", "attempts=%u why=%s", m->attempts,
                  log_quote(m->why));
        wait_ms(m, mail_policy_backoff(m->attempts) / VG_MS_NS);
        return;
    }
}

static void
try_send(struct mailer *m)
{
    enum mail_result result = MAIL_RETRY;

    if (m->route.kind == MAIL_ROUTE_MAILDIR) {
        judge(m, mail_send(&m->route, m->from, m->config->mail_to, m->job.id, m->job.time_ns,
                           buf_slice(&m->message), m->why));
        return;
    }
    if (m->smtp == NULL && mail_smtp_start(m->route.smtp, m->from, m->config->mail_to,
                                           buf_slice(&m->message), &m->smtp, m->why) != VG_OK) {
        judge(m, MAIL_RETRY);
        return;
    }
    if (mail_smtp_step(m->smtp, &result, m->why) == VG_AGAIN)
        wait_ms(m, STEP_MS);
    else
        judge(m, result);
}

/* Takes the next job; false when there is none now. */
static bool
take_job(struct mailer *m)
{
    int64_t now_ns = vtime_now(), due_ns = INT64_MAX;
    enum vg_err err = mail_queue_next(m->queue, now_ns, &m->job, &due_ns);

    if (err == VG_AGAIN) {
        int64_t wait = (due_ns - now_ns) / VG_MS_NS + 1;

        if (due_ns != INT64_MAX)
            wait_ms(m, wait < WAIT_MAX_S * 1000 ? wait : WAIT_MAX_S * 1000);
        return false;
    }
    if (err != VG_OK) {
        log_event(LOG_LEVEL_WARN, "mail.queue", "error=%s", vg_err_name(err));
        wait_ms(m, 60 * 1000);
        return false;
    }
    m->busy = true;
    err = build(m);
    if (err == VG_ERR_NOMEM) { /* later, perhaps */
        mail_job_done(&m->job);
        m->busy = false;
        wait_ms(m, 60 * 1000);
        return false;
    }
    if (err != VG_OK) { /* it would never do: told, and left behind */
        log_event(LOG_LEVEL_ERROR, "mail.build", "id=%s error=%s", log_quote(m->job.id),
                  vg_err_name(err));
        settle(m);
        return false;
    }
    return true;
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct mailer *m = ctx;

    (void)fd;
    (void)what;
    if (m->busy || take_job(m))
        try_send(m);
}

/* ---- life ---- */

enum vg_err
mailer_new(struct event_base *loop, struct store *store, const struct agent_config *config,
           const struct texts *texts, struct mailer **out)
{
    struct mailer *m;
    enum vg_err err;

    if (config->mail_to == NULL || config->mail_to[0] == '\0')
        return VG_ERR_NOENT;
    m = calloc(1, sizeof *m);
    if (m == NULL)
        return VG_ERR_NOMEM;
    buf_init(&m->message, MAIL_BYTES_MAX);
    m->config = config;
    m->texts = texts;
    snprintf(m->folder, sizeof m->folder, "%s/mail", config->state_dir);
    m->route.kind =
        strcmp(config->mail_transport, "smtp") == 0 ? MAIL_ROUTE_SMTP : MAIL_ROUTE_MAILDIR;
    m->route.folder = m->folder;
    m->route.deliver = deliver;
    m->route.smtp = config->smtp;
    (void)vg_strcpy(m->from, sizeof m->from,
                    config->mail_from != NULL && config->mail_from[0] != '\0' ? config->mail_from
                                                                              : config->mail_to);
    err = mail_queue_new(store, &m->queue);
    if (err != VG_OK)
        goto fail;
    m->timer = evtimer_new(loop, on_timer, m);
    if (m->timer == NULL) {
        err = VG_ERR_NOMEM;
        goto fail;
    }
    *out = m;
    return VG_OK;
fail:
    mailer_free(m);
    return err;
}

void
mailer_kick(struct mailer *m)
{
    if (m != NULL && !m->busy)
        wait_ms(m, 0);
}

json_t *
mailer_status(const struct mailer *m)
{
    return json_pack("{s:s s:s s:I s:b s:s}", "to", m->config->mail_to, "transport",
                     m->config->mail_transport, "sent", (json_int_t)mail_queue_sent(m->queue),
                     "waiting", m->busy, "last_error", m->why);
}

void
mailer_free(struct mailer *m)
{
    if (m == NULL)
        return;
    if (m->timer != NULL)
        event_free(m->timer);
    mail_smtp_free(m->smtp);
    mail_job_done(&m->job);
    mail_queue_free(m->queue);
    buf_done(&m->message);
    free(m);
}
