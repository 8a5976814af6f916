/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the collector. */
#include <stdio.h>
#include <string.h>

#include "agent/keeper/ship_private.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/vtime.h"
#include "common/zst.h"

bool
ship_send_json(struct ship *s, enum ship_step step, const char *path, json_t *body)
{
    buf_clear(&s->body);
    if (body != NULL)
        vg_json_write(body, &s->body);
    json_decref(body);
    s->step = step;
    return !s->body.bad && s->body.len > 0 &&
           post_start(s->post, &s->identity, path, NULL, buf_slice(&s->body)) == VG_OK;
}

bool
ship_send_hello(struct ship *s)
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
    if (body != NULL && s->o.exceptions != NULL) {
        exceptions_agent(s->o.exceptions, s->identity.agent);
        (void)json_object_set_new(body, "feedback",
                                  json_integer(exceptions_version(s->o.exceptions)));
    }
    s->news_after_ns = platform_clock_monotonic() + SHIP_NEWS_NS;
    return ship_send_json(s, STEP_HELLO, "/v1/hello", body);
}

bool
ship_send_renew(struct ship *s)
{
    struct buf csr;
    bool sent = false;

    buf_init(&csr, PKI_PEM_MAX);
    if (pki_csr_new(buf_slice(&s->identity.key), s->identity.agent, &csr) == VG_OK)
        sent = ship_send_json(s, STEP_RENEW, "/v1/renew", json_pack("{ss}", "csr", buf_str(&csr)));
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

bool
ship_send_events(struct ship *s)
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
        ship_fail(s, vg_err_name(err), 0);
    return err == VG_OK && s->batch_count > 0;
}
