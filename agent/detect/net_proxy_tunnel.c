/* SPDX-License-Identifier: Apache-2.0 */
/* net.proxy_tunnel: a way through for the traffic of others.
 *
 * Signs, each of one conversation but for the last:
 *   socks      a device asks a SOCKS proxy of the world to take it somewhere, or the world asks a
 *              device of the shop and is taken
 *   connect    the same by HTTP CONNECT
 *   websocket  a program that is no browser opens a WebSocket to a bare address and keeps it
 *   service    a conversation of LONG_NS with a service that leads to a PC behind the router
 *   ssh        SSH on a port of its own with much data both ways, kept for LONG_NS
 *   script     one script is asked by POST for raw bytes and again and again over several
 *              connections at a time: a stream in two directions on top of requests
 *   chisel, frp, venom  the marks that these tools have by default
 *   pivot      one conversation is passed on to another machine (net_proxy_tunnel_pivot.c)
 * The first use of a VPN or of hidden look-ups is told too, as info (net_proxy_tunnel_first.c). */
#include "agent/detect/net_proxy_tunnel_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum {
    SCRIPTS_MAX = 256,
    PROXY_TUNNEL_VERSION = 1,
    FLOWS_KEPT = 4,
    SCRIPT_FLOWS_MIN = 2,
    SCRIPT_REQUESTS_MIN = 4
};
#define SCRIPT_WINDOW_NS (60 * VG_SEC_NS)
#define LONG_NS          (5 * VG_MIN_NS)
#define SSH_BYTES        (1 << 20)

/* The requests of one client to one script within the window. */
struct script {
    int64_t first_ns;              /* 0: empty */
    uint32_t requests, posts, raw; /* raw: POSTs that sent bytes and got bytes */
    uint32_t flow[FLOWS_KEPT];
    uint8_t flows;
};

void
proxy_tunnel_report(struct proxy_tunnel *t, const struct flow_view *f, const char *sign,
                    const struct net_addr *through, double score, int64_t now_ns)
{
    char behind[NET_TELL_MAX] = "-";
    struct party subject, peer;
    struct finding finding = {.detector = "net.proxy_tunnel",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = score,
                              .severity = score >= 80 ? SEVERITY_HIGH : SEVERITY_INFO};
    int64_t seconds = (f->end_ns - f->start_ns) / VG_SEC_NS;

    net_tell_party(t->scene, &subject, &f->src);
    net_tell_party(t->scene, &peer, &f->dst);
    finding.facts = net_tell_flow(t->scene, f, str_of(""));
    (void)json_object_update_missing_new(
        finding.facts,
        json_pack("{s:s, s:s, s:I, s:I, s:I}", "sign", sign, "through",
                  through != NULL ? net_tell_device(t->scene, through, NULL, behind) : behind,
                  "bytes_out", (json_int_t)f->bytes_out, "bytes_in", (json_int_t)f->bytes_in,
                  "seconds", (json_int_t)(seconds > 0 ? seconds : 1)));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(t->judge, &finding);
}

static void
report(struct proxy_tunnel *t, const struct flow_view *f, const char *sign, double score,
       int64_t now_ns)
{
    proxy_tunnel_report(t, f, sign, NULL, score, now_ns);
}

static bool
to_the_world(const struct flow_view *f)
{
    return !net_addr_is_local(&f->dst);
}

static bool
from_the_world(const struct flow_view *f)
{
    return !net_addr_is_local(&f->src) && net_addr_is_local(&f->dst);
}

/* ---- proxies ---- */

static void
on_socks(struct proxy_tunnel *t, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *reply = record_find(r, "reply");
    bool granted = reply != NULL && (reply->number == 0 || reply->number == 90);

    if (granted && from_the_world(r->flow))
        report(t, r->flow, "socks", 90, now_ns);
    else if (granted && to_the_world(r->flow))
        report(t, r->flow, "socks", 70, now_ns);
}

static bool
browser(struct str agent)
{
    return agent.len >= 8 && memcmp(agent.at, "Mozilla/", 8) == 0;
}

/* ---- one script that carries a stream ---- */

static bool
ends_with(struct str text, const char *end)
{
    size_t n = strlen(end);

    return text.len > n && str_eq_nocase(str_n(text.at + text.len - n, n), str_of(end));
}

static bool
is_script(struct str uri)
{
    static const char *const ENDS[] = {".php", ".jsp", ".jspx", ".asp", ".aspx", ".ashx", ".asmx"};

    for (size_t i = 0; i < VG_ARRAY_LEN(ENDS); i++)
        if (ends_with(uri, ENDS[i]))
            return true;
    return false;
}

static void
count_flow(struct script *s, uint64_t id)
{
    for (size_t i = 0; i < s->flows; i++)
        if (s->flow[i] == (uint32_t)id)
            return;
    if (s->flows < FLOWS_KEPT)
        s->flow[s->flows++] = (uint32_t)id;
}

static void
on_script(struct proxy_tunnel *t, const struct http_view *v, int64_t now_ns)
{
    struct net_key k = {0};
    struct script *s;
    bool post = str_is(v->method, "POST");

    if (v->status != 200 || (!post && !str_is(v->method, "GET")))
        return;
    net_key_addr(&k, &v->flow->src);
    net_key_addr(&k, &v->flow->dst);
    net_key_u64(&k, str_hash(&STR_HASH_STORED, v->uri.at, v->uri.len));
    s = keytab_touch(t->scripts, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (s == NULL)
        return;
    if (s->first_ns == 0 || llabs(now_ns - s->first_ns) > SCRIPT_WINDOW_NS)
        *s = (struct script){.first_ns = now_ns};
    s->requests++;
    s->posts += post;
    s->raw += post && v->request_body > 0 && str_is(v->mime, "application/octet-stream");
    count_flow(s, v->flow->id);
    if (s->raw > 0 && s->requests >= SCRIPT_REQUESTS_MIN && s->flows >= SCRIPT_FLOWS_MIN)
        report(t, v->flow, "script", 80, now_ns);
}

static void
on_http(struct proxy_tunnel *t, const struct http_view *v, int64_t now_ns)
{
    if (is_script(v->uri)) {
        on_script(t, v, now_ns);
    } else if (str_is(v->method, "CONNECT") && v->status / 100 == 2) {
        if (from_the_world(v->flow))
            report(t, v->flow, "connect", 90, now_ns);
        else if (to_the_world(v->flow))
            report(t, v->flow, "connect", 60, now_ns);
    }
}

/* ---- conversations ---- */

static void
on_flow(struct proxy_tunnel *t, const struct flow_view *f, int64_t now_ns)
{
    int64_t lasted_ns = f->end_ns - f->start_ns;

    if (!to_the_world(f) || f->payload_in == 0 || f->payload_out == 0)
        return;
    if (str_is(f->category, "tunnel") && lasted_ns >= LONG_NS)
        report(t, f, "service", 75, now_ns);
    else if (str_is(f->protocol, "ssh") && f->dport != 22 && lasted_ns >= LONG_NS &&
             f->payload_in > SSH_BYTES && f->payload_out > SSH_BYTES)
        report(t, f, "ssh", 65, now_ns);
}

/* github.com/jpillora/chisel, share/version.go: its version is the sub-protocol of the WebSocket;
 * github.com/fatedier/frp, pkg/util/net/websocket.go: its path. */
static const char *
tool_of_upgrade(const struct http_view *v)
{
    static const char CHISEL[] = "sec-websocket-protocol: chisel-v";

    for (size_t i = 0; i + sizeof(CHISEL) - 1 <= v->odd_fields.len; i++)
        if (str_eq_nocase(str_n(v->odd_fields.at + i, sizeof(CHISEL) - 1), str_of(CHISEL)))
            return "chisel";
    return str_is(v->uri, "/~!frp") ? "frp" : NULL;
}

/* It switched protocols for a program that is no browser, at an address without a name. */
static void
on_switch(struct proxy_tunnel *t, const struct http_view *v, int64_t now_ns)
{
    const char *tool = v->status == 101 || v->status == 0 ? tool_of_upgrade(v) : NULL;

    if (tool != NULL)
        report(t, v->flow, tool, v->status == 101 ? 85 : 75, now_ns);
    else if (v->status == 101 && !browser(v->user_agent) && to_the_world(v->flow) &&
             domain_is_address(v->host) && net_scene_resolved(t->scene, &v->flow->dst).len == 0)
        report(t, v->flow, "websocket", 70, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct proxy_tunnel *t = self;

    if (obs->kind == OBS_HTTP) {
        on_http(t, obs->http, obs->time_ns);
        on_switch(t, obs->http, obs->time_ns);
    } else if (obs->kind == OBS_RECORD) {
        if (strcmp(obs->record->type, "socks") == 0)
            on_socks(t, obs->record, obs->time_ns);
        else if (record_text(obs->record, "tunnel").len > 0)
            report(t, obs->record->flow, "venom", 85, obs->time_ns);
    } else {
        on_flow(t, obs->flow, obs->time_ns);
        first_use_flow(t, obs->flow, obs->time_ns);
        if (obs->kind == OBS_FLOW_END)
            pivot_flow(t, obs->flow, obs->time_ns);
    }
}

/* ---- the detector ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct script *s = cell;

    buf_put_be64(out, (uint64_t)s->first_ns);
    buf_put_be32(out, s->requests);
    buf_put_be32(out, s->posts);
    buf_put_be32(out, s->raw);
    buf_put_u8(out, s->flows);
    for (size_t i = 0; i < FLOWS_KEPT; i++)
        buf_put_be32(out, s->flow[i]);
}

static void
get(void *cell, struct slice *in)
{
    struct script *s = cell;

    s->first_ns = codec_time(in);
    s->requests = slice_be32(in);
    s->posts = slice_be32(in);
    s->raw = slice_be32(in);
    s->flows = slice_u8(in);
    if (s->flows > FLOWS_KEPT)
        in->bad = true;
    for (size_t i = 0; i < FLOWS_KEPT; i++)
        s->flow[i] = slice_be32(in);
}

static void
proxy_tunnel_free(void *self)
{
    struct proxy_tunnel *t = self;

    if (t == NULL)
        return;
    keytab_free(t->scripts);
    keytab_free(t->uses);
    free(t);
}

enum { CELL_BYTES = 48 /* what keytab adds */ };
_Static_assert(SCRIPTS_MAX *(sizeof(struct script) + CELL_BYTES) + FIRST_BYTES <=
                   NET_PROXY_TUNNEL_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct script),
                                           .cells_max = SCRIPTS_MAX,
                                           .row_bits = 6,
                                           .name = 's',
                                           .version = PROXY_TUNNEL_VERSION,
                                           .put = put,
                                           .get = get};
    struct proxy_tunnel *t = calloc(1, sizeof(*t));

    (void)why;
    if (t == NULL)
        return VG_ERR_NOMEM;
    t->judge = env->judge;
    t->scene = env->scene;
    if (keytab_new(&options, &t->scripts) != VG_OK || first_use_table(&t->uses) != VG_OK) {
        proxy_tunnel_free(t);
        return VG_ERR_NOMEM;
    }
    *self = t;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct proxy_tunnel *t = self;

    keytab_save(t->scripts, out);
    keytab_save(t->uses, out);
    pivot_save(&t->pivot, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct proxy_tunnel *t = self;

    if (keytab_owns(t->uses, key))
        return keytab_load(t->uses, key, version, blob);
    if (pivot_owns(key))
        return pivot_load(&t->pivot, version, blob);
    return keytab_owns(t->scripts, key) ? keytab_load(t->scripts, key, version, blob)
                                        : VG_ERR_FORMAT;
}

const struct detector NET_PROXY_TUNNEL = {
    .name = "net.proxy_tunnel",
    .sensor = "net",
    .kinds = 1u << OBS_HTTP | 1u << OBS_RECORD | 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = proxy_tunnel_free,
};
