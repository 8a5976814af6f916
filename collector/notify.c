/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/notify.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/maildir.h"
#include "collector/password_link.h"
#include "collector/store/store.h"
#include "common/log.h"
#include "common/mail.h"
#include "common/mail_alert.h"
#include "common/mail_policy.h"
#include "common/vtime.h"

enum { CLAIM_MAX = 8, LOOK_S = 15 };
/* Longer than CLAIM_MAX mails can take (120 s each). */
#define LEASE_NS (20 * VG_MIN_NS)

struct notify {
    struct notify_options options;
    struct storage *storage; /* the thread's alone */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool kicked, stop;
};

/* ---- one mail ---- */

static int64_t
time_of(const json_t *object, const char *key)
{
    const char *text = vg_json_str(object, key, "");
    int64_t t_ns;

    return vtime_parse(text, strlen(text), &t_ns) == VG_OK ? t_ns : 0;
}

static struct mail_alert
alert_of(const json_t *incident)
{
    struct mail_alert a = {
        .event = json_object_get(incident, "event"),
        .incident = vg_json_str(incident, "id", ""),
        .first_ns = time_of(incident, "first"),
        .last_ns = time_of(incident, "last"),
        .count = vg_json_int(incident, "count", 1),
        .agents = vg_json_int(incident, "agents", 0),
    };

    if (severity_parse(vg_json_str(incident, "severity", ""), &a.severity) != VG_OK)
        a.severity = SEVERITY_LOW;
    return a;
}

/* What the outbox calls each kind of mail. */
static const struct {
    const char *name;
    bool list;
    enum mail_list_kind kind;
} KINDS[] = {
    {"incident", false, 0},
    {"update", false, 0},
    {"summary", true, MAIL_LIST_LATE},
    {"held", true, MAIL_LIST_CAP},
    {"full", true, MAIL_LIST_FULL},
};

static enum vg_err
render(const struct notify *n, const json_t *mail, const struct mail_reader *reader,
       struct mail_text *out)
{
    const json_t *incidents = json_object_get(mail, "incidents");
    const char *kind = vg_json_str(mail, "kind", "");
    struct mail_alert alerts[STORAGE_MAIL_INCIDENTS];
    size_t count = json_array_size(incidents), i, k;

    if (strcmp(kind, "password") == 0 || strcmp(kind, "invitation") == 0)
        return link_mail(n->options.link_key, n->options.dashboard, mail, out);
    if (count == 0 || count > STORAGE_MAIL_INCIDENTS)
        return VG_ERR_FORMAT;
    for (i = 0; i < count; i++)
        alerts[i] = alert_of(json_array_get(incidents, i));
    alerts[0].update = strcmp(kind, "update") == 0;
    for (k = 0; k < VG_ARRAY_LEN(KINDS); k++)
        if (strcmp(kind, KINDS[k].name) == 0 && KINDS[k].list)
            return mail_list_render(n->options.texts, reader, KINDS[k].kind, alerts, count,
                                    vg_json_int(mail, "more", 0), out);
    return mail_alert_render(n->options.texts, reader, &alerts[0], out);
}

/* The incident's first mail is known by the incident, so that later ones can refer to it. */
static bool
set_ids(const json_t *mail, char id[MAIL_ID_SIZE], char references[MAIL_ID_SIZE])
{
    const json_t *first = json_array_get(json_object_get(mail, "incidents"), 0);
    const char *kind = vg_json_str(mail, "kind", ""), *key = vg_json_str(mail, "key", "");
    const char *incident = vg_json_str(first, "id", "");

    references[0] = '\0';
    if (strcmp(kind, "incident") == 0)
        return mail_id(incident, 0, id);
    if (strcmp(kind, "update") == 0 && !mail_id(incident, 0, references))
        return false;
    return mail_id(key, 0, id);
}

static enum vg_err
build(const struct notify *n, const json_t *mail, char id[MAIL_ID_SIZE], struct buf *out)
{
    const json_t *site = json_object_get(mail, "site");
    struct mail_reader reader = {.view = {.language = vg_json_str(site, "language", "es-MX"),
                                          .shop = vg_json_str(site, "name", "")},
                                 .help_name = vg_json_str(mail, "tenant", NULL),
                                 .dashboard = n->options.dashboard};
    struct mail_text text = {0};
    struct zone *zone = NULL;
    char references[MAIL_ID_SIZE];
    enum vg_err err = VG_ERR_FORMAT;

    if (!set_ids(mail, id, references))
        return VG_ERR_FORMAT;
    if (zone_load(vg_json_str(site, "zone", ""), &zone) != VG_OK)
        zone = zone_utc();
    if (zone == NULL)
        return VG_ERR_NOMEM;
    reader.view.zone = zone;
    err = render(n, mail, &reader, &text);
    if (err == VG_OK) {
        const struct mail_message message = {
            .from = n->options.from,
            .from_name = "Vigía",
            .to = vg_json_str(mail, "to", ""),
            .subject = text.subject,
            .text = text.text,
            .html = text.html,
            .language = reader.view.language,
            .id = id,
            .references = references[0] != '\0' ? references : NULL,
            .time_ns = time_of(mail, "created"),
            .zone = zone,
        };
        err = mail_build(&message, out);
    }
    mail_text_done(&text);
    zone_free(zone);
    return err;
}

static enum mail_result
send_one(const struct notify *n, const json_t *mail, char why[MAIL_WHY_MAX])
{
    enum mail_result result;
    struct buf message;
    char id[MAIL_ID_SIZE];
    enum vg_err err;

    buf_init(&message, MAIL_BYTES_MAX);
    err = build(n, mail, id, &message);
    if (err == VG_OK) {
        result = mail_send(&n->options.route, n->options.from, vg_json_str(mail, "to", ""), id,
                           time_of(mail, "created"), buf_slice(&message), why);
    } else {
        snprintf(why, MAIL_WHY_MAX, "cannot build the mail (%s)", vg_err_name(err));
        result = err == VG_ERR_NOMEM ? MAIL_RETRY : MAIL_REFUSED;
    }
    buf_done(&message);
    return result;
}

static void
settle(struct notify *n, const json_t *mail, enum mail_result result, const char *why)
{
    static const enum storage_mail_result marks[] = {[MAIL_SENT] = STORAGE_MAIL_SENT,
                                                     [MAIL_RETRY] = STORAGE_MAIL_LATER,
                                                     [MAIL_REFUSED] = STORAGE_MAIL_FAILED};
    int64_t now_ns = vtime_now(), id = vg_json_int(mail, "id", 0), next_ns;
    enum storage_mail_result mark = marks[result];
    unsigned attempts = (unsigned)vg_json_int(mail, "attempts", 1);
    enum vg_err err;

    if (result == MAIL_RETRY && now_ns - time_of(mail, "created") > NOTIFY_EXPIRY_NS)
        mark = STORAGE_MAIL_FAILED;
    next_ns = mark == STORAGE_MAIL_LATER ? now_ns + mail_policy_backoff(attempts) : now_ns;
    if (mark == STORAGE_MAIL_SENT)
        log_event(LOG_LEVEL_INFO, "mail.sent", "mail=%lld", (long long)id);
    else
        log_event(LOG_LEVEL_WARN, mark == STORAGE_MAIL_FAILED ? "mail.failed" : "mail.later",
                  "mail=%lld attempts=%u why=%s", (long long)id, attempts, log_quote(why));
    /* If this fails, the lease runs out and the mail goes again under the same Message-ID. */
    err = n->storage->ops->mail_done(n->storage, id, mark, mark == STORAGE_MAIL_SENT ? NULL : why,
                                     next_ns, now_ns);
    if (err != VG_OK)
        log_event(LOG_LEVEL_WARN, "mail.mark", "mail=%lld error=%s", (long long)id,
                  vg_err_name(err));
}

/* ---- the thread ---- */

static bool
stopping(struct notify *n)
{
    bool stop;

    pthread_mutex_lock(&n->lock);
    stop = n->stop;
    pthread_mutex_unlock(&n->lock);
    return stop;
}

/* Sends what is due; false when that was nothing (or the database has trouble). */
static bool
work(struct notify *n)
{
    json_t *mails = NULL, *mail;
    size_t i;
    enum vg_err err =
        n->storage->ops->mail_claim(n->storage, vtime_now(), LEASE_NS, CLAIM_MAX, &mails);
    bool some = err == VG_OK && json_array_size(mails) > 0;

    if (err != VG_OK) {
        log_event(LOG_LEVEL_WARN, "mail.claim", "error=%s", vg_err_name(err));
        return false;
    }
    json_array_foreach(mails, i, mail)
    {
        char why[MAIL_WHY_MAX] = "";

        if (stopping(n)) { /* given back at once */
            if (n->storage->ops->mail_done(n->storage, vg_json_int(mail, "id", 0),
                                           STORAGE_MAIL_LATER, NULL, vtime_now(),
                                           vtime_now()) != VG_OK)
                break;
            continue;
        }
        settle(n, mail, send_one(n, mail, why), why);
    }
    json_decref(mails);
    return some;
}

static void
wait_for_more(struct notify *n)
{
    int64_t now_ns = vtime_now(), due_ns = INT64_MAX, until_ns = now_ns + LOOK_S * VG_SEC_NS;
    struct timespec until;

    if (n->storage->ops->mail_next(n->storage, &due_ns) == VG_OK && due_ns < until_ns)
        until_ns = due_ns > now_ns + VG_SEC_NS ? due_ns : now_ns + VG_SEC_NS;
    until.tv_sec = (time_t)(until_ns / VG_SEC_NS);
    until.tv_nsec = (long)(until_ns % VG_SEC_NS);
    pthread_mutex_lock(&n->lock);
    while (!n->stop && !n->kicked && pthread_cond_timedwait(&n->wake, &n->lock, &until) == 0)
        ;
    n->kicked = false;
    pthread_mutex_unlock(&n->lock);
}

static void *
run(void *ctx)
{
    struct notify *n = ctx;

    while (!stopping(n))
        if (!work(n))
            wait_for_more(n);
    return NULL;
}

enum vg_err
notify_start(const struct notify_options *options, struct notify **out, char why[NOTIFY_WHY_MAX])
{
    struct notify *n = calloc(1, sizeof *n);
    sigset_t all, before;
    enum vg_err err;
    int failed;

    if (n == NULL)
        return VG_ERR_NOMEM;
    n->options = *options;
    n->options.route.deliver = maildir_deliver;
    if (pthread_mutex_init(&n->lock, NULL) != 0) {
        free(n);
        return VG_ERR_SYS;
    }
    if (pthread_cond_init(&n->wake, NULL) != 0) {
        pthread_mutex_destroy(&n->lock);
        free(n);
        return VG_ERR_SYS;
    }
    err = storage_open(options->database, STORAGE_WRITE, &n->storage, why);
    if (err != VG_OK)
        goto fail;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&n->thread, NULL, run, n);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        snprintf(why, NOTIFY_WHY_MAX, "cannot start a thread: %s", strerror(failed));
        err = VG_ERR_SYS;
        goto fail;
    }
    *out = n;
    return VG_OK;
fail:
    storage_close(n->storage);
    pthread_cond_destroy(&n->wake);
    pthread_mutex_destroy(&n->lock);
    free(n);
    return err;
}

void
notify_kick(struct notify *n)
{
    pthread_mutex_lock(&n->lock);
    n->kicked = true;
    pthread_cond_signal(&n->wake);
    pthread_mutex_unlock(&n->lock);
}

void
notify_stop(struct notify *n)
{
    if (n == NULL)
        return;
    pthread_mutex_lock(&n->lock);
    n->stop = true;
    pthread_cond_signal(&n->wake);
    pthread_mutex_unlock(&n->lock);
    pthread_join(n->thread, NULL);
    storage_close(n->storage);
    pthread_cond_destroy(&n->wake);
    pthread_mutex_destroy(&n->lock);
    free(n);
}
