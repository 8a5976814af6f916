/* SPDX-License-Identifier: Apache-2.0 */
/* net.flood: so much of one thing that it can only serve to smother: taking part in it or suffering.
 *
 * A tally for each kind and target counts within WINDOW_NS, with a small set of the sources:
 *   syn:   TCP segments to one port after which no conversation comes (SYN, ACK, RST floods);
 *   udp:   unanswered datagrams to one port from ever new ports, or one flow that pours;
 *   ping:  ICMP requests and answers to one machine; a few to all at once already (smurf);
 *   reflection: answers that nobody asked for, of services that answer with much to little;
 *   slow:  web requests that are never finished (slowloris); http: requests by the hundred a second;
 *   dhcp:  leases for ever new devices; mac: frames from ever new MACs, to fill a switch;
 *   arp:   ARP without end (a loop, or a storm); sip: calls and registrations by the second;
 *   tls:   handshakes by the second, also within one connection (renegotiation, which costs the server
 *          many times what it costs the client).
 * Downloads, backups, speed tests and video are conversations, few and answered: none of these. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { TALLIES_MAX = 512, SOURCE_BITS = 256, FLOOD_VERSION = 1 };
#define WINDOW_NS (10 * VG_SEC_NS)
#define AGAIN_NS  VG_HOUR_NS

enum kind {
    KIND_SYN,
    KIND_SYN_ONE, /* of one source only, where a program may be retrying */
    KIND_UDP,
    KIND_PING,
    KIND_SMURF,
    KIND_REFLECTION,
    KIND_SLOW,
    KIND_HTTP,
    KIND_DHCP,
    KIND_LEASES,
    KIND_MAC,
    KIND_ARP,
    KIND_SIP,
    KIND_TLS,
    KIND_COUNT
};

static const struct {
    const char *name, *setting;
    uint32_t limit, sources; /* things within the window, of so many sources at least */
} kinds[KIND_COUNT] = {
    [KIND_SYN] = {"syn", "syn", 100, 20},
    [KIND_SYN_ONE] = {"syn", "syn_one", 150, 1},
    [KIND_UDP] = {"udp", "udp", 200, 1},
    [KIND_PING] = {"ping", "ping", 300, 1},
    [KIND_SMURF] = {"smurf", "smurf", 30, 1},
    [KIND_REFLECTION] = {"reflection", "reflection", 200, 1},
    [KIND_SLOW] = {"slow", "slow", 50, 1},
    [KIND_HTTP] = {"http", "http", 1000, 1},
    [KIND_DHCP] = {"dhcp", "dhcp", 100, 1},
    [KIND_LEASES] = {"dhcp", "leases", 25, 25},
    [KIND_MAC] = {"mac", "mac", 40, 40},
    [KIND_ARP] = {"arp", "arp", 1000, 1},
    [KIND_SIP] = {"sip", "sip", 100, 1},
    [KIND_TLS] = {"tls", "tls", 300, 1},
};

struct tally {
    int64_t from_ns, told_ns;
    uint32_t count;
    uint16_t set; /* bits of `sources` that are set */
    uint8_t sources[SOURCE_BITS / 8];
};

struct flood {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *tallies;
    uint32_t limit[KIND_COUNT];
};

/* What is counted. */
struct thing {
    enum kind kind;
    const struct net_addr *src, *dst; /* may be NULL: no address has to do with it */
    uint16_t port;
    const void *source; /* by what sources differ */
    size_t source_len;
    uint32_t count;
    int64_t at_ns;
};

static uint32_t
tally_sources(const struct tally *t)
{
    double left = SOURCE_BITS - t->set;

    return left <= 0 ? 4 * SOURCE_BITS : (uint32_t)lround(-SOURCE_BITS * log(left / SOURCE_BITS));
}

static void
report(struct flood *s, const struct tally *t, const struct thing *x)
{
    char host[NET_ADDR_TEXT_MAX] = "-", from[NET_TELL_MAX] = "-", to[NET_TELL_MAX] = "-";
    uint32_t sources = tally_sources(t);
    /* With many sources they are forged, or many machines: the target is what can be named. */
    bool one = sources <= 2 && x->src != NULL;
    const struct net_addr *who = one || x->dst == NULL ? x->src : x->dst;
    bool ours = one && net_addr_is_local(x->src);
    struct party subject;
    struct finding finding = {.detector = "net.flood",
                              .time_ns = x->at_ns,
                              .subject = &subject,
                              .score = fmin(100, 50 + 12 * log10(t->count)),
                              .severity = ours ? SEVERITY_HIGH : SEVERITY_INFO,
                              .group = kinds[x->kind].name};
    int64_t ms = (x->at_ns - t->from_ns) / VG_MS_NS;

    if (who != NULL) {
        net_tell_party(s->scene, &subject, who);
        net_addr_format(who, host);
    } else {
        party_set(&subject, "agent", "lan", NULL); /* nobody alone: the network of this agent */
    }
    if (one)
        net_tell_place(s->scene, str_of(""), x->src, from);
    if (x->dst != NULL)
        net_tell_place(s->scene, str_of(""), x->dst, to);
    finding.facts = json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I}", "host", host, "style",
                              kinds[x->kind].name, "source", from, "target", to, "port",
                              (int)x->port, "messages", (json_int_t)t->count, "sources",
                              (json_int_t)sources, "seconds", (json_int_t)(ms / 1000 + 1));
    finding.evidence = json_pack("[{s:s, s:s, s:s, s:s, s:i, s:I}]", "type", "flood", "style",
                                 kinds[x->kind].name, "source", from, "target", to, "port",
                                 (int)x->port, "messages", (json_int_t)t->count);
    judge_finding(s->judge, &finding);
}

static void
count(struct flood *s, const struct thing *x)
{
    struct net_key k = {0};
    struct tally *t;
    uint64_t bit = str_hash(&STR_HASH_STORED, x->source, x->source_len) % SOURCE_BITS;

    net_key_u8(&k, (uint8_t)x->kind);
    net_key_u16(&k, x->port);
    if (x->dst != NULL)
        net_key_addr(&k, x->dst);
    t = keytab_touch(s->tallies, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (t == NULL)
        return;
    if (t->from_ns == 0 || llabs(x->at_ns - t->from_ns) > WINDOW_NS)
        *t = (struct tally){.from_ns = x->at_ns, .told_ns = t->told_ns};
    t->count = t->count > UINT32_MAX - x->count ? UINT32_MAX : t->count + x->count;
    if ((t->sources[bit / 8] & 1u << bit % 8) == 0) {
        t->sources[bit / 8] = (uint8_t)(t->sources[bit / 8] | 1u << bit % 8);
        t->set++;
    }
    if (x->kind == KIND_SYN_ONE && tally_sources(t) >= kinds[KIND_SYN].sources)
        return;
    if (t->count < s->limit[x->kind] || tally_sources(t) < kinds[x->kind].sources ||
        (t->told_ns != 0 && llabs(x->at_ns - t->told_ns) < AGAIN_NS))
        return;
    t->told_ns = x->at_ns;
    report(s, t, x);
}

/* One thing of an address. */
static void
count_from(struct flood *s, enum kind kind, const struct net_addr *src, const struct net_addr *dst,
           uint16_t port, int64_t at_ns)
{
    const struct thing x = {kind, src, dst, port, src, sizeof(*src), 1, at_ns};

    count(s, &x);
}

/* ---- flows that ended ---- */

static double
per_second(uint64_t n, const struct flow_view *f)
{
    double s = (double)(f->end_ns - f->start_ns) / 1e9;

    return (double)n / (s < 1 ? 1 : s);
}

static void
tcp_end(struct flood *s, const struct flow_view *f)
{
    bool said = f->payload_out > 0 || f->payload_in > 0;
    bool shaken = f->first_flags == TCP_SYN && (f->flags_out & TCP_ACK) != 0;

    if (!said && !shaken && f->packets_out <= 4) {
        count_from(s, KIND_SYN, &f->src, &f->dst, f->dport, f->start_ns);
        /* A program that finds its server switched off asks again and again. */
        if (f->state != FLOW_REFUSED)
            count_from(s, KIND_SYN_ONE, &f->src, &f->dst, f->dport, f->start_ns);
    }
    if (shaken && f->payload_out > 0 && f->payload_out < 2000 && f->payload_in == 0 &&
        f->end_ns - f->start_ns > 5 * VG_SEC_NS)
        count_from(s, KIND_SLOW, &f->src, &f->dst, f->dport, f->start_ns);
}

/* Services that answer with much to little (CISA TA14-017A). */
static bool
amplifies(uint16_t port)
{
    static const uint16_t ports[] = {17,  19,  53,   69,   111,  123,  137,  161,
                                     389, 520, 1434, 1900, 3283, 3702, 5353, 11211};

    for (size_t i = 0; i < VG_ARRAY_LEN(ports); i++) {
        if (ports[i] == port)
            return true;
    }
    return false;
}

static void
udp_end(struct flood *s, const struct flow_view *f)
{
    struct thing x = {KIND_UDP, &f->src,        &f->dst, f->dport,
                      &f->src,  sizeof(f->src), 1,       f->start_ns};

    if (f->dport == 5060 || f->dport == 5061) {
        if (f->packets_out >= s->limit[KIND_SIP] && per_second(f->packets_out, f) >= 15) {
            x.kind = KIND_SIP;
            x.count = f->packets_out;
            count(s, &x);
        }
        return;
    }
    if (f->packets_in == 0 && amplifies(f->sport) && f->dport != f->sport) {
        /* counted in KiB: an answer that comes late is a small one */
        x.kind = KIND_REFLECTION;
        x.port = f->sport;
        x.count = (uint32_t)(f->bytes_out / 1024 < UINT32_MAX ? f->bytes_out / 1024 : UINT32_MAX);
        count(s, &x);
        return;
    }
    if (amplifies(f->dport) && !net_addr_is_local(&f->src) && net_addr_is_local(&f->dst) &&
        f->bytes_in > 10 * f->bytes_out) {
        x.kind = KIND_REFLECTION; /* a machine of the shop is what is misused */
        x.count = (uint32_t)(f->bytes_in / 1024 < UINT32_MAX ? f->bytes_in / 1024 : UINT32_MAX);
        count(s, &x);
    }
    /* A camera's picture goes one way too, at some hundred packets a second. */
    if (f->packets_in * UINT64_C(200) < f->packets_out) {
        if (f->packets_out > 5000 && per_second(f->packets_out, f) > 3000)
            x.count = f->packets_out;
        else if (f->packets_in > 0 || f->dport == 53 || f->packets_out > 10)
            return;
        count(s, &x);
    }
}

static void
on_end(struct flood *s, const struct flow_view *f)
{
    if (net_addr_is_group(&f->dst) || net_addr_eq(&f->src, &f->dst))
        return;
    if (f->proto == 6)
        tcp_end(s, f);
    else if (f->proto == 17)
        udp_end(s, f);
}

/* ---- what comes frame by frame, or with the first of a flow ---- */

/* Frames of the world come from the routers' MACs only; a MAC with the group bit is nobody's. */
static void
on_mac(struct flood *s, const uint8_t mac[6], const struct net_addr *src, int64_t now_ns)
{
    const struct thing x = {KIND_MAC, NULL, NULL, 0, mac, 6, 1, now_ns};

    if ((mac[0] & 1) != 0 || (src->family == 4 && !net_addr_is_local(src)))
        count(s, &x);
}

static void
on_start(struct flood *s, const struct flow_view *f, int64_t now_ns)
{
    if (f->has_mac)
        on_mac(s, f->src_mac, &f->src, now_ns);
    if (f->proto == 17 && f->dport == 67) {
        const struct thing x = {KIND_DHCP, NULL, NULL, 67, &f->src, sizeof(f->src), 1, now_ns};

        count(s, &x);
    }
}

/* Each device asks for a lease under its own MAC. */
static void
on_dhcp(struct flood *s, const struct record_view *r, int64_t now_ns)
{
    struct str mac;
    struct thing x = {KIND_LEASES, NULL, NULL, 67, NULL, 0, 1, now_ns};

    if (!str_is(record_text(r, "message"), "discover"))
        return;
    mac = record_text(r, "client_mac");
    x.source = mac.at;
    x.source_len = mac.len;
    if (mac.len > 0)
        count(s, &x);
}

/* agent/net/proto/tls.c: a record for each RENEGOTIATIONS handshakes within a connection. */
static void
on_record(struct flood *s, const struct record_view *r, int64_t now_ns)
{
    enum { RENEGOTIATIONS = 10 };

    if (strcmp(r->type, "dhcp") == 0) {
        on_dhcp(s, r, now_ns);
    } else if (strcmp(r->type, "tls-renegotiation") == 0) {
        const struct flow_view *f = r->flow;
        const struct thing x = {KIND_TLS, &f->src,        &f->dst,        f->dport,
                                &f->src,  sizeof(f->src), RENEGOTIATIONS, now_ns};

        count(s, &x);
    }
}

static void
on_icmp(struct flood *s, const struct icmp_view *i, int64_t now_ns)
{
    bool asks = i->v6 ? i->type == 128 : i->type == 8 || i->type == 13 || i->type == 17;
    bool answers = i->v6 ? i->type == 129 : i->type == 0;

    if (!asks && !answers)
        return;
    if (asks && net_addr_is_group(&i->dst))
        count_from(s, KIND_SMURF, &i->src, &i->dst, 0, now_ns);
    else
        count_from(s, KIND_PING, &i->src, &i->dst, 0, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct flood *s = self;

    if (obs->kind == OBS_FLOW_START)
        on_start(s, obs->flow, obs->time_ns);
    else if (obs->kind == OBS_FLOW_END)
        on_end(s, obs->flow);
    else if (obs->kind == OBS_HTTP)
        count_from(s, KIND_HTTP, &obs->http->flow->src, &obs->http->flow->dst,
                   obs->http->flow->dport, obs->time_ns);
    else if (obs->kind == OBS_TLS && obs->tls->carrier == TLS_OVER_TCP)
        count_from(s, KIND_TLS, &obs->tls->flow->src, &obs->tls->flow->dst, obs->tls->flow->dport,
                   obs->time_ns);
    else if (obs->kind == OBS_RECORD)
        on_record(s, obs->record, obs->time_ns);
    else if (obs->kind == OBS_ICMP)
        on_icmp(s, obs->icmp, obs->time_ns);
    else if (obs->kind == OBS_ARP) {
        on_mac(s, obs->arp->eth_src, &obs->arp->sender, obs->time_ns);
        count_from(s, KIND_ARP, &obs->arp->sender, NULL, 0, obs->time_ns);
    }
}

/* ---- life ---- */

static void
put(const void *cell, struct buf *out)
{
    const struct tally *t = cell;

    codec_put_i64(out, t->from_ns);
    codec_put_i64(out, t->told_ns);
    buf_put_be32(out, t->count);
    buf_put_be16(out, t->set);
    buf_put(out, t->sources, sizeof(t->sources));
}

static void
get(void *cell, struct slice *in)
{
    struct tally *t = cell;

    t->from_ns = codec_time(in);
    t->told_ns = codec_time(in);
    t->count = slice_be32(in);
    t->set = slice_be16(in);
    (void)slice_copy(in, t->sources, sizeof(t->sources));
    if (t->set > SOURCE_BITS)
        in->bad = true;
}

static void
flood_free(void *self)
{
    struct flood *s = self;

    if (s == NULL)
        return;
    keytab_free(s->tallies);
    free(s);
}

_Static_assert(TALLIES_MAX *(sizeof(struct tally) + 48) <= NET_FLOOD_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct tally),
                                                  .cells_max = TALLIES_MAX,
                                                  .row_bits = 4,
                                                  .name = 't',
                                                  .version = FLOOD_VERSION,
                                                  .put = put,
                                                  .get = get};
    struct flood *s = calloc(1, sizeof(*s));
    enum vg_err err = VG_OK;

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->scene = env->scene;
    for (int i = 0; i < KIND_COUNT && err == VG_OK; i++) {
        s->limit[i] = kinds[i].limit;
        if (!net_setting_u32(env, kinds[i].setting, 10, 1000000, &s->limit[i], why))
            err = VG_ERR_CONFIG;
    }
    if (err == VG_OK)
        err = keytab_new(&options, &s->tallies);
    if (err != VG_OK) {
        flood_free(s);
        return err;
    }
    *self = s;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    keytab_save(((struct flood *)self)->tallies, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct flood *s = self;

    return keytab_owns(s->tallies, key) ? keytab_load(s->tallies, key, version, blob)
                                        : VG_ERR_FORMAT;
}

static void
health(const void *self, json_t *counters)
{
    const struct flood *s = self;

    (void)json_object_set_new(counters, "tallies",
                              json_integer((json_int_t)keytab_count(s->tallies)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(s->tallies)));
}

const struct detector NET_FLOOD = {
    .name = "net.flood",
    .sensor = "net",
    .kinds = 1u << OBS_TLS | 1u << OBS_FLOW_START | 1u << OBS_FLOW_END | 1u << OBS_HTTP |
             1u << OBS_RECORD | 1u << OBS_ICMP | 1u << OBS_ARP,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = flood_free,
    .health = health,
};
