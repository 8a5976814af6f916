/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector answered, and what follows from it. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "agent/keeper/health.h"
#include "agent/keeper/ship_private.h"
#include "agent/platform/platform.h"
#include "common/log.h"
#include "common/vtime.h"

static void
went_well(struct ship *s)
{
    s->failures = 0;
    s->last_error[0] = '\0';
    s->expired_told = false;
}

static void
health(struct ship *s, const char *detector, enum severity severity, json_t *facts)
{
    int64_t now_ns = vtime_now();
    json_t *event = health_event(detector, severity, store_id(s->o.store), now_ns, facts);

    if (event == NULL || store_event(s->o.store, event, now_ns) != VG_OK)
        log_event(LOG_LEVEL_ERROR, "ship.event_lost", "detector=%s", detector);
}

/* Somebody else wrote under our numbers: this disk is a copy. All that was not shipped gets new
 * numbers in a stream of its own. */
static void
begin_anew(struct ship *s, const char *why)
{
    char old[UUID_TEXT_SIZE];
    int64_t now_ns = platform_clock_monotonic();
    enum vg_err err;

    if (now_ns < s->anew_after_ns) { /* whoever says so of a store just made is not to be obeyed */
        ship_fail(s, "the collector refuses a new store's numbers too", 0);
        return;
    }
    s->anew_after_ns = now_ns + SHIP_ONCE_NS;
    (void)vg_strcpy(old, sizeof old, store_id(s->o.store));
    err = store_renew_id(s->o.store, vtime_now());
    s->cursor = -1;
    if (err != VG_OK) {
        ship_fail(s, vg_err_name(err), 0);
        return;
    }
    log_event(LOG_LEVEL_WARN, "ship.store_renewed", "old=%s new=%s why=%s", old,
              store_id(s->o.store), why);
    s->said_hello = false; /* the new seal key goes up */
    health(s, "agent.store_conflict", SEVERITY_MEDIUM,
           json_pack("{ss ss}", "old_store", old, "why", why));
}

/* The collector has more to tell, or waits to hear that it was understood: hello soon, but a hostile one
 * makes no loop of it. */
static void
on_news(struct ship *s)
{
    if (s->hello_due_ns > s->news_after_ns)
        s->hello_due_ns = s->news_after_ns;
}

static void
on_hello(struct ship *s, const json_t *answer)
{
    int64_t durable = vg_json_int(answer, "durable", 0), shipped = store_shipped(s->o.store);

    if (s->o.bundles != NULL)
        bundle_care_hello(s->o.bundles, answer);
    if (s->o.settings != NULL)
        settings_care_hello(s->o.settings, answer);
    s->said_hello = true;
    s->hello_due_ns = platform_clock_monotonic() + SHIP_HELLO_NS;
    if (s->o.exceptions != NULL && exceptions_take(s->o.exceptions, answer, vtime_now()))
        on_news(s);
    if (s->seal_key_sent && store_seal_key_forget(s->o.store) != VG_OK)
        log_event(LOG_LEVEL_WARN, "ship.seal_key_kept", "store=%s", store_id(s->o.store));
    if (durable > store_last_seq(s->o.store)) {
        begin_anew(s, "restored");
        return;
    }
    /* Never forward from here: what was sent and not marked goes again, and a copy is found out. */
    s->cursor = durable < shipped ? durable : shipped;
    if (s->cursor >= store_last_seq(s->o.store)) /* else the events tell whether all is well */
        went_well(s);
}

/* Not all agents at the same moment, who hear of it with the same event. */
static void
hello_soon(struct ship *s)
{
    uint32_t random = 0;
    int64_t due_ns = platform_clock_monotonic();

    if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
        random = UINT32_MAX;
    due_ns += (int64_t)((double)SHIP_SPREAD_NS * ((double)random / 4294967296.0));
    if (due_ns < s->news_after_ns) /* as on_news() */
        due_ns = s->news_after_ns;
    if (due_ns < s->hello_due_ns)
        s->hello_due_ns = due_ns;
}

static void
on_events(struct ship *s, const json_t *answer)
{
    const json_t *refused = json_object_get(answer, "refused"), *r;
    int64_t durable = vg_json_int(answer, "durable", -1);
    size_t i;
    enum vg_err err;

    json_array_foreach(refused, i, r)
        log_event(LOG_LEVEL_ERROR, "ship.refused", "seq=%lld why=%s",
                  (long long)vg_json_int(r, "seq", 0), log_quote(vg_json_str(r, "why", "")));
    if (durable < s->batch_last) {
        ship_fail(s, "the collector's answer makes no sense", 0);
        return;
    }
    s->cursor = s->batch_last;
    if (s->cursor > store_shipped(s->o.store)) {
        err = store_set_shipped(s->o.store, s->cursor);
        if (err != VG_OK) {
            ship_fail(s, vg_err_name(err), 0);
            return;
        }
    }
    went_well(s);
    if (s->o.exceptions != NULL && vg_json_bool(answer, "news", false))
        on_news(s);
    if (s->o.bundles != NULL &&
        bundle_care_heard(s->o.bundles, vg_json_int(answer, "bundle_version", 0)))
        hello_soon(s);
    if (s->batch_max < SHIP_BATCH_EVENTS)
        s->batch_max *= 2;
}

static void
on_renew(struct ship *s, const json_t *answer)
{
    const char *cert = vg_json_str(answer, "cert", "");
    char until[VTIME_TEXT_MAX];
    enum vg_err err = identity_renew(&s->identity, slice_of(cert, strlen(cert)), vtime_now());

    if (err != VG_OK) {
        ship_fail(s, "the new certificate is not for us", 0);
        return;
    }
    log_event(LOG_LEVEL_INFO, "ship.renewed", "until=%s",
              vtime_format(s->identity.info.until_ns, until));
}

static void
on_batch_refused(struct ship *s, int status)
{
    if (s->batch_max > 1) {
        s->batch_max = s->batch_count > 1 ? s->batch_count / 2 : 1;
        s->not_before_ns = platform_clock_monotonic() + VG_SEC_NS;
        return;
    }
    /* One event alone that the collector will not even look at: it would stop all that follow. */
    log_event(LOG_LEVEL_ERROR, "ship.skipped", "seq=%lld status=%d", (long long)s->batch_last,
              status);
    s->cursor = s->batch_last;
    s->batch_max = SHIP_BATCH_EVENTS;
    if (store_set_shipped(s->o.store, s->cursor) != VG_OK)
        ship_fail(s, "store", 0);
}

static void
on_refused_us(struct ship *s, const char *word)
{
    bool news = strcmp(s->state, word) != 0;

    if (strcmp(word, "expired") == 0 && !s->expired_told) {
        s->renew_asked = s->expired_told = true;
        return;
    }
    s->state = strcmp(word, "revoked") == 0 ? "revoked" : "unknown";
    ship_fail(s, word, SHIP_REFUSED_WAIT_S);
    if (news)
        health(s, "agent.shipping_refused", SEVERITY_HIGH, json_pack("{ss}", "why", s->state));
}

static void
on_error_status(struct ship *s, const struct post_answer *a, const char *word)
{
    char why[POST_WHY_MAX];

    if (a->status == 409 && s->step == STEP_EVENTS)
        begin_anew(s, "conflict");
    else if (a->status == 403)
        on_refused_us(s, word);
    else if ((a->status == 400 || a->status == 413) && s->step == STEP_EVENTS)
        on_batch_refused(s, a->status);
    else {
        (void)snprintf(why, sizeof why, "HTTP %d %s", a->status, word);
        ship_fail(s, why, a->retry_after_s);
    }
}

/* Only who we are, and that there is a collector, is a matter of shipping: all else about a bundle is
 * no reason to hold events back. */
static bool
is_piece(struct ship *s, const struct post_answer *a)
{
    if (s->step != STEP_BUNDLE)
        return false;
    if (a->status != 0) /* else it goes on where it was, once there is a connection */
        bundle_care_piece(s->o.bundles, a->status == 200 ? &a->body : NULL);
    return a->status != 0 && a->status != 403;
}

void
ship_on_answer(void *ctx, const struct post_answer *a)
{
    struct ship *s = ctx;
    json_t *answer = NULL;

    if (is_piece(s, a)) {
        ship_pump(s);
        return;
    }
    if (a->status == 0) {
        ship_fail(s, a->why, 0);
    } else if (vg_json_parse(a->body, POST_ANSWER_MAX, &answer) != VG_OK ||
               !json_is_object(answer)) {
        ship_fail(s, "no JSON in the answer", a->retry_after_s);
    } else if (a->status != 200) {
        on_error_status(s, a, vg_json_str(answer, "error", ""));
    } else {
        s->not_before_ns = 0;
        s->last_contact_ns = vtime_now();
        s->state = "connected";
        if (s->step == STEP_HELLO)
            on_hello(s, answer);
        else if (s->step == STEP_EVENTS)
            on_events(s, answer);
        else
            on_renew(s, answer);
    }
    json_decref(answer);
    ship_pump(s);
}
