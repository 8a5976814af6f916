/* SPDX-License-Identifier: Apache-2.0 */
/* net.session_hijack: somebody takes over a conversation.
 *
 * TCP: who puts segments of his own into a connection leaves its two sides at different counts: each
 * tells the other so for every segment of the other, without end and without a word of content (the
 * ACK storm, Joncheray 1995). Nothing else sends STORM_RATE empty segments a second both ways.
 *
 * Or somebody hangs it up in the name of one side, to be alone with the other: an RST that came from
 * another machine (flow_view.forged_resets).
 *
 * Web: two clients use one log-in. Whoever copies the cookie that keeps a log-in (by
 * listening, by a script in a page) is logged in too: then the same session comes from a second
 * device.
 *
 * Told when, within `window` of its owner's last use, a session is used
 *   - from another address of the same family with another program (User-Agent), or
 *   - from another station (MAC) of this network with the same program, while its owner goes on.
 * No theft: a phone that changes its address (same program, never both), IPv4 beside IPv6, a player
 * that a browser hands its cookies (same address), a value that a whole kind of machine shares
 * (more than two clients at once). */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { SESSIONS_MAX = 768, SESSIONS_VERSION = 1, CELL_OWN_BYTES = 48, OTHERS_MAX = 2 };

enum { STORM_PACKETS = 300 /* each way */, STORM_RATE = 50 /* a second, both ways */ };

struct client {
    struct net_addr addr;
    uint32_t agent; /* hash of the User-Agent */
    bool has_mac;
    uint8_t mac[6];
    int64_t last_ns;
    uint32_t uses;
};

struct session {
    struct client owner, other;
    uint8_t others;  /* different second clients */
    bool both, told; /* both: the owner went on after the other one came */
};

struct hijack {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *sessions;
    int64_t window_ns;
    /* Sessions are kept under a key of this shop's own: its rows alone tell nobody which sessions. */
    struct hash_key key;
    bool key_saved;
};

static struct client
client_of(const struct http_view *h, int64_t now_ns)
{
    const struct flow_view *f = h->flow;
    struct client c = {
        .addr = f->src,
        .agent = (uint32_t)str_hash(&STR_HASH_STORED, h->user_agent.at, h->user_agent.len),
        .has_mac = f->has_mac && net_mac_usable(f->src_mac),
        .last_ns = now_ns,
        .uses = 1};

    if (c.has_mac)
        memcpy(c.mac, f->src_mac, sizeof(c.mac));
    return c;
}

static bool
other_station(const struct client *a, const struct client *b)
{
    return a->has_mac && b->has_mac && memcmp(a->mac, b->mac, sizeof(a->mac)) != 0;
}

/* ---- TCP ---- */

static bool
is_storm(const struct flow_view *f)
{
    uint64_t packets = (uint64_t)f->packets_out + f->packets_in;
    int64_t lasts_ns = f->end_ns - f->start_ns;

    return f->proto == 6 && f->packets_out >= STORM_PACKETS && f->packets_in >= STORM_PACKETS &&
           f->packets_out / 2 <= f->packets_in && f->packets_in / 2 <= f->packets_out &&
           (f->payload_out + f->payload_in) * 2 <= packets && lasts_ns > 0 &&
           (double)packets * (double)VG_SEC_NS >= STORM_RATE * (double)lasts_ns;
}

static void
report_flow(struct hijack *x, const struct flow_view *f, const char *style, int64_t now_ns)
{
    char owner[NET_TELL_MAX], address[NET_ADDR_TEXT_MAX];
    struct party subject, peer;
    struct finding finding = {.detector = "net.session_hijack",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .group = style,
                              .score = 70};
    int64_t seconds = (f->end_ns - f->start_ns) / VG_SEC_NS;

    net_tell_party(x->scene, &subject, &f->src);
    net_tell_peer(x->scene, &peer, f->server_name, &f->dst);
    finding.facts = net_tell_flow(x->scene, f, str_of(""));
    if (finding.facts != NULL)
        (void)json_object_update_missing_new(
            finding.facts, json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:b}", "style", "tcp", "owner",
                                     net_tell_device(x->scene, &f->src, NULL, owner),
                                     "owner_address", net_addr_format(&f->src, address), "seconds",
                                     (json_int_t)(seconds > 0 ? seconds : 1), "packets",
                                     (json_int_t)f->packets_out + (json_int_t)f->packets_in,
                                     "resets", (int)f->forged_resets, "other_program", 0));
    finding.evidence = json_pack("[o]", net_evidence_flow(f));
    judge_finding(x->judge, &finding);
}

static void
on_flow(struct hijack *x, const struct flow_view *f, int64_t now_ns)
{
    if (is_storm(f))
        report_flow(x, f, "storm", now_ns);
    else if (f->forged_resets > 0)
        report_flow(x, f, "reset", now_ns);
}

/* ---- web ---- */

static void
report(struct hijack *x, const struct session *s, const struct http_view *h, int64_t now_ns)
{
    char owner[NET_TELL_MAX], owner_address[NET_ADDR_TEXT_MAX];
    struct party subject, peer;
    struct finding finding = {.detector = "net.session_hijack",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = 75};
    int64_t seconds = (now_ns - s->owner.last_ns) / VG_SEC_NS;

    net_tell_party(x->scene, &subject, &h->flow->src);
    net_tell_peer(x->scene, &peer, h->host, &h->flow->dst);
    finding.facts = net_tell_flow(x->scene, h->flow, h->host);
    if (finding.facts != NULL)
        (void)json_object_update_missing_new(
            finding.facts,
            json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:b}", "style", "web", "owner",
                      net_tell_device(x->scene, &s->owner.addr, NULL, owner), "owner_address",
                      net_addr_format(&s->owner.addr, owner_address), "seconds",
                      (json_int_t)(seconds > 0 ? seconds : 1), "packets", (json_int_t)0, "resets",
                      0, "other_program", s->owner.agent != s->other.agent));
    finding.evidence = json_pack("[o]", net_evidence_flow(h->flow));
    judge_finding(x->judge, &finding);
}

static void
owner_used(const struct hijack *x, struct session *s, int64_t now_ns)
{
    s->both = s->others == 1 && now_ns - s->other.last_ns <= x->window_ns && s->other.uses >= 2 &&
              other_station(&s->owner, &s->other);
    s->owner.last_ns = now_ns;
    s->owner.uses += s->owner.uses < UINT32_MAX;
}

/* `both` is told by the next use of the other one, which is the one who did it. */
static void
other_used(struct hijack *x, struct session *s, const struct http_view *h, struct client now)
{
    bool known = s->others > 0 && net_addr_eq(&s->other.addr, &now.addr);

    if (known)
        now.uses = s->other.uses + (s->other.uses < UINT32_MAX);
    else if (s->others < UINT8_MAX)
        s->others++;
    s->other = now;
    if (s->told || s->others > OTHERS_MAX)
        return;
    if (now.agent != s->owner.agent || (known && s->both)) {
        s->told = true;
        report(x, s, h, now.last_ns);
    }
}

static void
observe(void *self, const struct obs *obs)
{
    struct hijack *x = self;
    const struct http_view *h;
    struct session *s;
    struct client now;
    int64_t quiet_ns;

    if (obs->kind == OBS_FLOW_END)
        on_flow(x, obs->flow, obs->time_ns);
    if (obs->kind != OBS_HTTP || obs->http->session == 0)
        return;
    h = obs->http;
    s = keytab_touch(x->sessions, str_hash(&x->key, &h->session, sizeof(h->session)), NULL);
    if (s == NULL)
        return;
    now = client_of(h, obs->time_ns);
    quiet_ns = obs->time_ns - s->owner.last_ns;
    if (s->owner.uses == 0 || quiet_ns > x->window_ns || quiet_ns < -x->window_ns)
        *s = (struct session){.owner = now};
    else if (net_addr_eq(&s->owner.addr, &now.addr))
        owner_used(x, s, obs->time_ns);
    else if (s->owner.addr.family == now.addr.family)
        other_used(x, s, h, now);
}

/* ---- rows ---- */

static void
put_client(const struct client *c, struct buf *out)
{
    net_addr_encode(&c->addr, out);
    buf_put_be32(out, c->agent);
    buf_put_u8(out, c->has_mac);
    buf_put(out, c->mac, sizeof(c->mac));
    codec_put_i64(out, c->last_ns);
    buf_put_be32(out, c->uses);
}

static void
get_client(struct client *c, struct slice *in)
{
    c->addr = net_addr_decode(in);
    c->agent = slice_be32(in);
    c->has_mac = slice_u8(in) != 0;
    for (size_t i = 0; i < sizeof(c->mac); i++)
        c->mac[i] = slice_u8(in);
    c->last_ns = codec_time(in);
    c->uses = slice_be32(in);
}

static void
put(const void *cell, struct buf *out)
{
    const struct session *s = cell;

    put_client(&s->owner, out);
    put_client(&s->other, out);
    buf_put_u8(out, s->others);
    buf_put_u8(out, s->both);
    buf_put_u8(out, s->told);
}

static void
get(void *cell, struct slice *in)
{
    struct session *s = cell;

    get_client(&s->owner, in);
    get_client(&s->other, in);
    s->others = slice_u8(in);
    s->both = slice_u8(in) != 0;
    s->told = slice_u8(in) != 0;
}

static void
hijack_free(void *self)
{
    struct hijack *x = self;

    if (x == NULL)
        return;
    keytab_free(x->sessions);
    free(x);
}

_Static_assert(SESSIONS_MAX *(sizeof(struct session) + CELL_OWN_BYTES) <= NET_SESSION_HIJACK_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct session),
                                                  .cells_max = SESSIONS_MAX,
                                                  .row_bits = 4,
                                                  .name = 's',
                                                  .version = SESSIONS_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct hijack *x = calloc(1, sizeof(*x));

    if (x == NULL)
        return VG_ERR_NOMEM;
    x->judge = env->judge;
    x->scene = env->scene;
    x->window_ns = 30 * VG_MIN_NS;
    if (RAND_bytes((unsigned char *)&x->key, sizeof(x->key)) != 1) {
        hijack_free(x);
        return VG_ERR_SYS;
    }
    if (!net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &x->window_ns, why)) {
        hijack_free(x);
        return VG_ERR_CONFIG;
    }
    if (keytab_new(&options, &x->sessions) != VG_OK) {
        hijack_free(x);
        return VG_ERR_NOMEM;
    }
    *self = x;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct hijack *x = self;
    struct buf blob;

    keytab_save(x->sessions, out);
    if (x->key_saved)
        return;
    buf_init(&blob, 16);
    buf_put_be64(&blob, x->key.k0);
    buf_put_be64(&blob, x->key.k1);
    if (!blob.bad) {
        state_put(out, slice_of("k", 1), SESSIONS_VERSION, buf_slice(&blob));
        x->key_saved = true;
    }
    buf_done(&blob);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct hijack *x = self;
    struct hash_key of_shop;

    if (keytab_owns(x->sessions, key))
        return keytab_load(x->sessions, key, version, blob);
    of_shop.k0 = slice_be64(&blob);
    of_shop.k1 = slice_be64(&blob);
    if (slice_u8(&key) != 'k' || version != SESSIONS_VERSION || blob.bad || blob.left != 0)
        return VG_ERR_FORMAT;
    x->key = of_shop;
    x->key_saved = true;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct hijack *x = self;

    (void)json_object_set_new(counters, "sessions",
                              json_integer((json_int_t)keytab_count(x->sessions)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(x->sessions)));
}

const struct detector NET_SESSION_HIJACK = {
    .name = "net.session_hijack",
    .sensor = "net",
    .kinds = 1u << OBS_HTTP | 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = hijack_free,
    .health = health,
};
