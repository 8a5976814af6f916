/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/ship_private.h"
#include "agent/platform/platform.h"
#include "common/log.h"
#include "common/vtime.h"

double
ship_backoff_s(unsigned failures, uint32_t random)
{
    unsigned doublings = failures > 0 ? failures - 1 : 0;
    double most = doublings < 16 ? SHIP_BACKOFF_BASE_S * (double)(1U << doublings) : INFINITY;

    if (most > SHIP_BACKOFF_MAX_S)
        most = SHIP_BACKOFF_MAX_S;
    return most * ((double)random / 4294967296.0);
}

static void
wake_at(struct ship *s, int64_t at_ns)
{
    int64_t wait_ns = at_ns - platform_clock_monotonic();
    struct timeval tv;

    if (wait_ns < 0)
        wait_ns = 0;
    tv.tv_sec = (long)(wait_ns / VG_SEC_NS);
    tv.tv_usec = (long)(wait_ns % VG_SEC_NS / 1000);
    (void)event_add(s->wake, &tv);
}

void
ship_fail(struct ship *s, const char *why, int least_s)
{
    uint32_t random = 0;
    double wait_s;

    if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
        random = UINT32_MAX;
    s->failures++;
    wait_s = ship_backoff_s(s->failures, random) + least_s;
    s->not_before_ns = platform_clock_monotonic() + (int64_t)(wait_s * 1e9);
    s->said_hello = false; /* begins anew: the collector may have changed meanwhile */
    (void)vg_strcpy(s->last_error, sizeof s->last_error, why);
    if (strcmp(s->state, "revoked") != 0 && strcmp(s->state, "unknown") != 0)
        s->state = "waiting";
    if (s->failures == 1 || (s->failures & (s->failures - 1)) == 0)
        log_event(LOG_LEVEL_WARN, "ship.failed", "try=%u wait_s=%.1f why=%s", s->failures, wait_s,
                  log_quote(why));
}

static bool
send_question(struct ship *s)
{
    json_t *question = s->o.bundles != NULL ? bundle_care_question(s->o.bundles) : NULL;

    return question != NULL && ship_send_json(s, STEP_BUNDLE, "/v1/bundle", question);
}

/* Where the clocks of the two sides differ much, a new certificate may be due at once again: once in a
 * while is enough, and events go in between. */
static bool
renew_due(const struct ship *s, int64_t now_ns)
{
    return s->renew_asked ||
           (now_ns >= s->renew_after_ns && pki_renew_due(&s->identity.info, vtime_now()));
}

static bool
look_for_identity(struct ship *s)
{
    enum vg_err err = identity_load(s->o.state_dir, &s->identity);

    if (err == VG_OK) {
        s->enrolled = true;
        s->state = "waiting";
        log_event(LOG_LEVEL_INFO, "ship.enrolled", "agent=%s url=%s", s->identity.agent,
                  s->identity.url);
    } else if (err != VG_ERR_NOENT) {
        (void)snprintf(s->last_error, sizeof s->last_error, "identity: %s", vg_err_name(err));
    }
    return s->enrolled;
}

void
ship_pump(struct ship *s)
{
    int64_t now_ns = platform_clock_monotonic();
    bool sent = false;

    if (post_busy(s->post))
        return;
    if (!s->enrolled && !look_for_identity(s)) {
        wake_at(s, now_ns + SHIP_LOOK_NS);
        return;
    }
    if (now_ns < s->not_before_ns) {
        wake_at(s, s->not_before_ns);
        return;
    }
    if (renew_due(s, now_ns)) {
        s->renew_asked = false;
        s->renew_after_ns = now_ns + SHIP_ONCE_NS;
        sent = ship_send_renew(s);
    } else if (!s->said_hello || now_ns >= s->hello_due_ns) {
        sent = ship_send_hello(s);
    } else {
        sent = send_question(s) || ship_send_events(s);
        if (!sent) {
            wake_at(s, s->not_before_ns > now_ns ? s->not_before_ns : s->hello_due_ns);
            return;
        }
    }
    if (!sent) {
        ship_fail(s, "no request could be made", 0);
        wake_at(s, s->not_before_ns);
    }
}

static void
on_wake(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    ship_pump(ctx);
}

enum vg_err
ship_new(const struct ship_options *options, struct ship **out)
{
    struct ship *s = calloc(1, sizeof *s);
    enum vg_err err = VG_ERR_NOMEM;

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->o = *options;
    s->cursor = -1;
    s->batch_max = SHIP_BATCH_EVENTS;
    s->state = "not_enrolled";
    buf_init(&s->body, SHIP_BATCH_BYTES * 4);
    s->wake = event_new(options->loop, -1, 0, on_wake, s);
    if (s->wake != NULL)
        err = post_new(options->loop, ship_on_answer, s, &s->post);
    if (err != VG_OK) {
        ship_free(s);
        return err;
    }
    (void)look_for_identity(s);
    wake_at(s, 0);
    *out = s;
    return VG_OK;
}

void
ship_kick(struct ship *s)
{
    int64_t now_ns;

    if (s == NULL || !s->enrolled || post_busy(s->post))
        return;
    now_ns = platform_clock_monotonic();
    if (now_ns < s->not_before_ns || !s->said_hello)
        return; /* the timer is set */
    if (now_ns - s->fresh_ns < SHIP_AGE_NS)
        return; /* one is waiting already */
    s->fresh_ns = now_ns;
    wake_at(s, now_ns + SHIP_AGE_NS);
}

void
ship_hello(struct ship *s)
{
    if (s == NULL || !s->enrolled)
        return;
    s->said_hello = false;
    if (!post_busy(s->post) && platform_clock_monotonic() >= s->not_before_ns)
        wake_at(s, 0);
}

bool
ship_enrolled(const struct ship *s)
{
    return s != NULL && s->enrolled;
}

static json_t *
time_or_null(int64_t t_ns)
{
    char text[VTIME_TEXT_MAX];

    return t_ns != 0 ? json_string(vtime_format(t_ns, text)) : json_null();
}

json_t *
ship_status(const struct ship *s)
{
    int64_t shipped = store_shipped(s->o.store), last = store_last_seq(s->o.store);

    if (!s->enrolled)
        return json_pack("{ss sI}", "state", s->state, "pending", (json_int_t)(last - shipped));
    return json_pack("{ss ss ss ss ss sI sI so so so}", "state", s->state, "url", s->identity.url,
                     "agent", s->identity.agent, "site", s->identity.site, "tenant",
                     s->identity.tenant, "shipped", (json_int_t)shipped, "pending",
                     (json_int_t)(last - shipped), "last_contact", time_or_null(s->last_contact_ns),
                     "last_error",
                     s->last_error[0] != '\0' ? json_string(s->last_error) : json_null(),
                     "cert_not_after", time_or_null(s->identity.info.until_ns));
}

void
ship_free(struct ship *s)
{
    if (s == NULL)
        return;
    post_free(s->post);
    if (s->wake != NULL)
        event_free(s->wake);
    buf_done(&s->body);
    if (s->enrolled)
        identity_done(&s->identity);
    free(s);
}
