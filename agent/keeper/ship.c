/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/ship.h"

#include <math.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper/health.h"
#include "agent/keeper/post.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/vtime.h"
#include "common/zst.h"

enum ship_step { STEP_HELLO, STEP_EVENTS, STEP_RENEW, STEP_BUNDLE };

struct ship {
    struct ship_options o;
    struct post *post;
    struct event *wake;
    bool enrolled;
    struct identity identity;

    enum ship_step step; /* of the request under way */
    struct buf body;
    int64_t cursor;     /* sent and durable up to here; -1: ask the store */
    int64_t batch_last; /* highest number of the batch under way */
    size_t batch_count, batch_max;
    bool said_hello, seal_key_sent, renew_asked;
    bool expired_told;              /* since the last request that went well */
    int64_t hello_due_ns, fresh_ns; /* monotonic; when the oldest unsent event was announced */
    int64_t renew_after_ns, anew_after_ns, news_after_ns; /* monotonic: not again before */

    unsigned failures;
    int64_t not_before_ns; /* monotonic */
    const char *state;
    int64_t last_contact_ns; /* wall */
    char last_error[POST_WHY_MAX];
};

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

static void
health(struct ship *s, const char *detector, enum severity severity, json_t *facts)
{
    int64_t now_ns = vtime_now();
    json_t *event = health_event(detector, severity, store_id(s->o.store), now_ns, facts);

    if (event == NULL || store_event(s->o.store, event, now_ns) != VG_OK)
        log_event(LOG_LEVEL_ERROR, "ship.event_lost", "detector=%s", detector);
}

static void
fail(struct ship *s, const char *why, int least_s)
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

static void
went_well(struct ship *s)
{
    s->failures = 0;
    s->last_error[0] = '\0';
    s->expired_told = false;
}

/* ---- requests ---- */

static bool
send_json(struct ship *s, enum ship_step step, const char *path, json_t *body)
{
    buf_clear(&s->body);
    if (body != NULL)
        vg_json_write(body, &s->body);
    json_decref(body);
    s->step = step;
    return !s->body.bad && s->body.len > 0 &&
           post_start(s->post, &s->identity, path, NULL, buf_slice(&s->body)) == VG_OK;
}

static bool
send_hello(struct ship *s)
{
    char host[128] = "", machine[128] = "", hex[65];
    uint8_t key[32];
    json_t *status = s->o.status != NULL ? s->o.status(s->o.ctx) : NULL;
    json_t *body;

    (void)!platform_host_name(host, sizeof host);
    (void)!platform_machine_id(machine, sizeof machine);
    body =
        json_pack("{ss ss ss ss sI so}", "version", VIGIA_VERSION, "host", host, "machine", machine,
                  "store", store_id(s->o.store), "last_seq", (json_int_t)store_last_seq(s->o.store),
                  "status", status != NULL ? status : json_object());
    s->seal_key_sent = false;
    if (body != NULL && store_seal_key_first(s->o.store, key) == VG_OK) {
        hex_put(key, sizeof key, hex);
        (void)json_object_set_new(body, "seal_key", json_string(hex));
        s->seal_key_sent = true;
    }
    platform_secure_zero(key, sizeof key);
    platform_secure_zero(hex, sizeof hex);
    if (body != NULL && s->o.exceptions != NULL)
        (void)json_object_set_new(body, "feedback",
                                  json_integer(exceptions_version(s->o.exceptions)));
    s->news_after_ns = platform_clock_monotonic() + SHIP_NEWS_NS;
    return send_json(s, STEP_HELLO, "/v1/hello", body);
}

static bool
send_renew(struct ship *s)
{
    struct buf csr;
    bool sent = false;

    buf_init(&csr, PKI_PEM_MAX);
    if (pki_csr_new(buf_slice(&s->identity.key), s->identity.agent, &csr) == VG_OK)
        sent = send_json(s, STEP_RENEW, "/v1/renew", json_pack("{ss}", "csr", buf_str(&csr)));
    buf_done(&csr);
    return sent;
}

struct gather {
    struct ship *ship;
    struct buf plain;
    int64_t first;
};

static enum vg_err
gather_event(void *ctx, int64_t seq, struct slice json)
{
    struct gather *g = ctx;

    if (g->ship->batch_count == 0)
        g->first = seq;
    buf_put(&g->plain, json.at, json.left);
    if (json.left > 0 && json.at[json.left - 1] != '\n')
        buf_put_u8(&g->plain, '\n');
    g->ship->batch_last = seq;
    g->ship->batch_count++;
    return g->plain.bad ? VG_ERR_NOMEM : VG_OK;
}

/* False: nothing to send, or it cannot be sent (then the failure was noted). */
static bool
send_events(struct ship *s)
{
    struct gather g = {.ship = s};
    char store[64], first[48];
    const char *headers[] = {"Content-Type: application/x-ndjson", "Content-Encoding: zstd", store,
                             first, NULL};
    enum vg_err err;

    if (s->cursor < 0)
        s->cursor = store_shipped(s->o.store);
    s->batch_count = 0;
    buf_init(&g.plain, SHIP_BATCH_BYTES * 4);
    err =
        store_events_after(s->o.store, s->cursor, s->batch_max, SHIP_BATCH_BYTES, gather_event, &g);
    if (err == VG_OK && s->batch_count > 0) {
        buf_clear(&s->body);
        err = zst_pack(buf_slice(&g.plain), &s->body);
        (void)snprintf(store, sizeof store, "X-Vigia-Store: %s", store_id(s->o.store));
        (void)snprintf(first, sizeof first, "X-Vigia-Seq: %lld", (long long)g.first);
        s->step = STEP_EVENTS;
        if (err == VG_OK)
            err = post_start(s->post, &s->identity, "/v1/events", headers, buf_slice(&s->body));
    }
    buf_done(&g.plain);
    if (err != VG_OK)
        fail(s, vg_err_name(err), 0);
    return err == VG_OK && s->batch_count > 0;
}

/* ---- answers ---- */

/* Somebody else wrote under our numbers: this disk is a copy. All that was not shipped gets new
 * numbers in a stream of its own. */
static void
begin_anew(struct ship *s, const char *why)
{
    char old[UUID_TEXT_SIZE];
    int64_t now_ns = platform_clock_monotonic();
    enum vg_err err;

    if (now_ns < s->anew_after_ns) { /* whoever says so of a store just made is not to be obeyed */
        fail(s, "the collector refuses a new store's numbers too", 0);
        return;
    }
    s->anew_after_ns = now_ns + SHIP_ONCE_NS;
    (void)vg_strcpy(old, sizeof old, store_id(s->o.store));
    err = store_renew_id(s->o.store, vtime_now());
    s->cursor = -1;
    if (err != VG_OK) {
        fail(s, vg_err_name(err), 0);
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
        fail(s, "the collector's answer makes no sense", 0);
        return;
    }
    s->cursor = s->batch_last;
    if (s->cursor > store_shipped(s->o.store)) {
        err = store_set_shipped(s->o.store, s->cursor);
        if (err != VG_OK) {
            fail(s, vg_err_name(err), 0);
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
        fail(s, "the new certificate is not for us", 0);
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
        fail(s, "store", 0);
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
    fail(s, word, SHIP_REFUSED_WAIT_S);
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
        fail(s, why, a->retry_after_s);
    }
}

static void pump(struct ship *s);

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

static void
on_answer(void *ctx, const struct post_answer *a)
{
    struct ship *s = ctx;
    json_t *answer = NULL;

    if (is_piece(s, a)) {
        pump(s);
        return;
    }
    if (a->status == 0) {
        fail(s, a->why, 0);
    } else if (vg_json_parse(a->body, POST_ANSWER_MAX, &answer) != VG_OK ||
               !json_is_object(answer)) {
        fail(s, "no JSON in the answer", a->retry_after_s);
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
    pump(s);
}

/* ---- what next ---- */

static bool
send_question(struct ship *s)
{
    json_t *question = s->o.bundles != NULL ? bundle_care_question(s->o.bundles) : NULL;

    return question != NULL && send_json(s, STEP_BUNDLE, "/v1/bundle", question);
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

static void
pump(struct ship *s)
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
        sent = send_renew(s);
    } else if (!s->said_hello || now_ns >= s->hello_due_ns) {
        sent = send_hello(s);
    } else {
        sent = send_question(s) || send_events(s);
        if (!sent) {
            wake_at(s, s->not_before_ns > now_ns ? s->not_before_ns : s->hello_due_ns);
            return;
        }
    }
    if (!sent) {
        fail(s, "no request could be made", 0);
        wake_at(s, s->not_before_ns);
    }
}

static void
on_wake(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    pump(ctx);
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
        err = post_new(options->loop, on_answer, s, &s->post);
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
