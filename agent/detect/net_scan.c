/* SPDX-License-Identifier: Apache-2.0 */
/* net.scan: somebody tries doors. One tally for each of
 *   'v' source and target: different ports that refused or stayed silent (vertical scan);
 *   'h' source and port:   different machines that did so on that port (horizontal scan, worm);
 *   'b' source:            different (machine, port) pairs of the shop (a few ports here and there);
 *   'w' source:            the same for the world, to tell a scan of one port from a file-sharing
 *                          program, which fails everywhere on a different port each time.
 * Each holds a fast window and a slow one of a day, each an approximate count of different things.
 * Judged when a flow ends, because only then it is known that nobody answered. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/net_common.h"
#include "agent/detect/net_scan_private.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { SCAN_TALLIES_MAX = 1024 };
#define SCAN_SLOW_NS (24 * VG_HOUR_NS)
#define BURST_NS     (5 * VG_SEC_NS)
/* Ports from here up are handed out dynamically: call-backs, passive transfers and late answers
 * fail there in ordinary life. */
#define PORT_DYNAMIC 32768

/* WORDLESS: it opened, and nothing was said: only whether it opens was of interest. */
enum probe { PROBE_NONE, PROBE_ANSWERED, PROBE_WORDLESS, PROBE_FAILED, PROBE_STEALTH };

/* ---- what one flow says ---- */

static bool
silent(const struct flow_view *f)
{
    return f->packets_in == 0 && (f->state == FLOW_UNANSWERED || f->state == FLOW_CUT ||
                                  f->state == FLOW_NEW || f->state == FLOW_TIMEOUT);
}

static enum probe
probe_tcp(const struct flow_view *f)
{
    unsigned flags = f->first_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);

    /* FIN, NULL, Xmas and SYN+FIN: RFC 9293 gives no way to such a first segment. */
    if (f->payload_out == 0 && f->packets_out <= 3 &&
        (flags == 0 || flags == TCP_FIN || flags == (TCP_SYN | TCP_FIN)))
        return PROBE_STEALTH;
    if (flags == TCP_ACK && f->payload_out == 0 && f->packets_out <= 2 && f->payload_in == 0 &&
        f->packets_in <= 2 && (f->flags_in & TCP_RST) != 0)
        return PROBE_FAILED; /* ACK scan */
    if (f->midstream || flags != TCP_SYN)
        return PROBE_NONE; /* a conversation that began before we looked */
    if (f->state == FLOW_REFUSED || silent(f))
        return PROBE_FAILED;
    if (f->packets_in > 0 && f->payload_out == 0 && f->payload_in == 0 && f->packets_in <= 3)
        return PROBE_WORDLESS;
    return f->packets_in > 0 ? PROBE_ANSWERED : PROBE_NONE;
}

static enum probe
probe_udp(const struct flow_view *f)
{
    if (f->sport < 1024 && f->sport != f->dport)
        return PROBE_NONE; /* a late answer of a server */
    if (f->dport >= 33434 && f->dport < 33700)
        return PROBE_NONE; /* traceroute */
    if (f->state == FLOW_REFUSED || silent(f))
        return PROBE_FAILED;
    return f->packets_in > 0 ? PROBE_ANSWERED : PROBE_NONE;
}

/* Services that ask many machines in ordinary life, and go without an answer now and then; or by
 * which one learns who is there, which net.host_discovery watches. */
static bool
asks_around(const struct flow_view *f)
{
    static const uint16_t udp[] = {53,  67,  68,   80,   123,  137,  161,  427,  443, 546,
                                   547, 623, 1434, 1900, 3478, 3702, 5353, 5355, 5683};

    for (size_t i = 0; f->proto == 17 && i < VG_ARRAY_LEN(udp); i++) {
        if (f->dport == udp[i])
            return true;
    }
    return false;
}

/* ---- tallies ---- */

static struct net_key
tally_key(char kind, const struct net_addr *src, const struct net_addr *dst, uint8_t proto,
          uint16_t port)
{
    struct net_key k = {0};

    net_key_u8(&k, (uint8_t)kind);
    net_key_addr(&k, src);
    if (dst != NULL)
        net_key_addr(&k, dst);
    net_key_u8(&k, proto);
    net_key_u16(&k, port);
    return k;
}

static struct tally *
tally_use(struct scan *s, char kind, const struct net_addr *src, const struct net_addr *dst,
          uint8_t proto, uint16_t port)
{
    struct net_key k = tally_key(kind, src, dst, proto, port);

    return keyed_use(s->tallies, k.bytes, k.len, NULL);
}

static const struct tally *
tally_find(const struct scan *s, char kind, const struct net_addr *src, const struct net_addr *dst,
           uint8_t proto, uint16_t port)
{
    struct net_key k = tally_key(kind, src, dst, proto, port);

    return keyed_find(s->tallies, k.bytes, k.len);
}

static void
window_age(struct window *w, int64_t now_ns, int64_t length_ns)
{
    if (w->first_ns == 0 || now_ns - w->first_ns > length_ns || w->first_ns - now_ns > length_ns)
        *w = (struct window){.first_ns = now_ns};
}

/* Returns true when the failed thing was new to one of the windows. */
static bool
tally_add(const struct scan *s, struct tally *t, int64_t now_ns, enum probe probe,
          const struct net_key *thing)
{
    int64_t before = t->fast.first_ns, slow_before = t->slow.first_ns;
    bool fresh;

    window_age(&t->fast, now_ns, s->set.window_ns);
    window_age(&t->slow, now_ns, SCAN_SLOW_NS);
    if (t->fast.first_ns != before)
        t->stealth = 0;
    if (t->slow.first_ns != slow_before) {
        t->reported = 0;
        t->sample_count = 0;
        t->hosts = t->ports = (struct distinct){0};
    }
    if (probe == PROBE_ANSWERED || probe == PROBE_WORDLESS) {
        (void)distinct_add(&t->fast.answered, thing->bytes, thing->len);
        (void)distinct_add(&t->slow.answered, thing->bytes, thing->len);
        return false;
    }
    fresh = distinct_add(&t->fast.failed, thing->bytes, thing->len);
    if (fresh && probe == PROBE_STEALTH)
        t->stealth++;
    return distinct_add(&t->slow.failed, thing->bytes, thing->len) || fresh;
}

static bool
mostly_failed(const struct scan *s, const struct window *w)
{
    double failed = distinct_count(&w->failed), answered = distinct_count(&w->answered);

    return failed >= s->set.failed_share * (failed + answered);
}

/* How many different things failed, where that is a scan; 0 where it is not (yet). */
static uint32_t
scanned(const struct scan *s, const struct tally *t, uint32_t fast, uint32_t slow)
{
    uint32_t n = distinct_count(&t->slow.failed), soon = distinct_count(&t->fast.failed);

    if (soon >= fast && mostly_failed(s, &t->fast))
        return n > soon ? n : soon;
    if (n >= slow && mostly_failed(s, &t->slow))
        return n;
    return 0;
}

/* ---- reports ---- */

struct report {
    const char *style; /* "ports", "hosts", "pairs", "stealth" */
    const struct net_addr *src, *dst;
    uint32_t failed, hosts, ports;
    int64_t time_ns;
};

static json_t *
report_evidence(const struct tally *t, const struct net_addr *src)
{
    json_t *list = json_array();
    char from[NET_ADDR_TEXT_MAX], to[NET_ADDR_TEXT_MAX];

    for (size_t i = 0; i < t->sample_count; i++) {
        const struct sample *x = &t->sample[i];

        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:i, s:s}", "type", "probe", "src",
                            net_addr_format(src, from), "dst", net_addr_format(&x->dst, to),
                            "dport", (int)x->port, "proto", net_proto_name(x->proto)));
    }
    return list;
}

/* One finding when it becomes a scan and one each time that it has grown tenfold. */
static void
report(struct scan *s, struct tally *t, const struct report *r)
{
    char host[NET_ADDR_TEXT_MAX], device[NET_TELL_MAX], group[32];
    struct party subject, peer;
    struct finding finding = {.detector = "net.scan", .time_ns = r->time_ns, .subject = &subject};
    uint32_t answered = distinct_count(&t->slow.answered);
    int64_t seconds = (r->time_ns - t->slow.first_ns) / VG_SEC_NS;

    if (t->reported != 0 && r->failed / 10 < t->reported)
        return;
    finding.group = t->reported == 0 ? NULL : group;
    snprintf(group, sizeof(group), "grown %u", (unsigned)log10(r->failed));
    t->reported = r->failed;
    net_tell_party(s->scene, &subject, r->src);
    if (r->dst != NULL) {
        net_tell_party(s->scene, &peer, r->dst);
        finding.peer = &peer;
    }
    finding.score = fmin(100, 50 + 15 * log10(r->failed));
    /* The world knocks at every public address all day; a device of the shop does not. */
    finding.severity = net_addr_is_local(r->src) ? SEVERITY_INFO : SEVERITY_LOW;
    finding.facts = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:I}", "host", net_addr_format(r->src, host),
        "device", net_tell_place(s->scene, str_of(""), r->src, device), "style", r->style, "failed",
        (json_int_t)r->failed, "hosts", (json_int_t)r->hosts, "ports", (json_int_t)r->ports,
        "answered", (json_int_t)answered, "failed_share",
        (double)r->failed / (double)(r->failed + answered), "seconds",
        (json_int_t)(seconds > 0 ? seconds : 1));
    finding.evidence = report_evidence(t, r->src);
    judge_finding(s->judge, &finding);
}

/* ---- flows ---- */

static void
vertical(struct scan *s, const struct flow_view *f, enum probe probe, int64_t now_ns)
{
    struct tally *t;
    struct net_key thing = {0};
    struct report r = {.style = "ports", .src = &f->src, .dst = &f->dst, .hosts = 1};

    if (probe != PROBE_STEALTH && f->dport >= PORT_DYNAMIC)
        return;
    t = tally_use(s, 'v', &f->src, &f->dst, 0, 0);
    net_key_u8(&thing, f->proto);
    net_key_u16(&thing, f->dport);
    if (!tally_add(s, t, f->end_ns, probe, &thing))
        return;
    scan_tally_sample(t, &f->dst, f->proto, f->dport);
    r.failed = scanned(s, t, s->set.ports, s->set.slow_ports);
    if (r.failed == 0 && t->stealth >= s->set.stealth) {
        r.failed = distinct_count(&t->fast.failed);
        r.style = "stealth";
    }
    r.ports = r.failed;
    r.time_ns = now_ns;
    if (r.failed > 0)
        report(s, t, &r);
}

/* A port that is a good part of all that failed in the world: a scan of that port. File sharing
 * fails on thousands of ports, a few times each. */
static bool
one_port_of_many(const struct scan *s, const struct flow_view *f, uint32_t failed)
{
    const struct tally *world = tally_find(s, 'w', &f->src, NULL, 0, 0);

    return world == NULL || failed * 5 >= distinct_count(&world->slow.failed);
}

static void
horizontal(struct scan *s, const struct flow_view *f, enum probe probe, int64_t now_ns)
{
    bool local = net_addr_is_local(&f->dst), web = f->dport == 443 || f->dport == 80;
    struct net_key thing = {0};
    struct report r = {.style = "hosts", .src = &f->src, .ports = 1, .time_ns = now_ns};
    struct tally *t;
    uint32_t fast = local ? s->set.hosts : s->set.hosts_world;

    if (asks_around(f) || (probe != PROBE_STEALTH && f->dport >= PORT_DYNAMIC))
        return;
    /* Without a way to the Internet every page fails: many more are needed. */
    if (!local && web)
        fast *= 5;
    /* Browsers open connections in advance and drop them; not to the neighbours. */
    if (local && probe == PROBE_WORDLESS)
        probe = PROBE_FAILED;
    t = tally_use(s, local ? 'h' : 'H', &f->src, NULL, f->proto, f->dport);
    net_key_addr(&thing, &f->dst);
    if (!tally_add(s, t, f->end_ns, probe, &thing))
        return;
    scan_tally_sample(t, &f->dst, f->proto, f->dport);
    r.failed = r.hosts = scanned(s, t, fast, local ? s->set.slow_hosts : 5 * fast);
    if (r.failed == 0 && local && now_ns - t->fast.first_ns <= BURST_NS &&
        distinct_count(&t->fast.answered) == 0 && distinct_count(&t->fast.failed) >= s->set.burst)
        r.failed = r.hosts = distinct_count(&t->fast.failed);
    if (r.failed > 0 && (local || one_port_of_many(s, f, r.failed)))
        report(s, t, &r);
}

/* The vertical or horizontal tally of this flow has told it, and better. */
static bool
told_already(const struct scan *s, const struct flow_view *f)
{
    const struct tally *v = tally_find(s, 'v', &f->src, &f->dst, 0, 0);
    const struct tally *h = tally_find(s, 'h', &f->src, NULL, f->proto, f->dport);

    return (v != NULL && v->reported != 0) || (h != NULL && h->reported != 0);
}

/* All (machine, port) pairs of one source: in the shop a tally that reports, in the world the
 * background for one_port_of_many(). */
static void
pairs(struct scan *s, const struct flow_view *f, enum probe probe, int64_t now_ns)
{
    bool local = net_addr_is_local(&f->dst);
    struct net_key thing = {0};
    struct report r = {.style = "pairs", .src = &f->src, .time_ns = now_ns};
    struct tally *t;
    bool many_ports;

    if (local && (asks_around(f) || f->dport >= PORT_DYNAMIC))
        return;
    t = tally_use(s, local ? 'b' : 'w', &f->src, NULL, 0, 0);
    net_key_addr(&thing, &f->dst);
    net_key_u8(&thing, f->proto);
    net_key_u16(&thing, f->dport);
    if (!tally_add(s, t, f->end_ns, probe, &thing) || !local)
        return;
    scan_tally_sample(t, &f->dst, f->proto, f->dport);
    (void)distinct_add(&t->hosts, f->dst.bytes, sizeof(f->dst.bytes));
    (void)distinct_add(&t->ports, &f->dport, sizeof(f->dport));
    /* A few doors of each machine, one a minute: no door and no machine stands out, but who fails at
     * so many different ports of several machines is no program that lost its server. */
    many_ports = distinct_count(&t->ports) >= s->set.ports && distinct_count(&t->hosts) > 1;
    r.failed = scanned(s, t, s->set.pairs, many_ports ? s->set.slow_pairs : 4 * s->set.pairs);
    r.hosts = distinct_count(&t->hosts);
    r.ports = distinct_count(&t->ports);
    if (r.failed > 0 && !told_already(s, f))
        report(s, t, &r);
}

static void
on_flow(struct scan *s, const struct flow_view *f, int64_t now_ns)
{
    enum probe probe = f->proto == 6 ? probe_tcp(f) : f->proto == 17 ? probe_udp(f) : PROBE_NONE;

    if (probe == PROBE_NONE || net_addr_is_group(&f->dst) || net_addr_eq(&f->src, &f->dst))
        return;
    vertical(s, f, probe, now_ns);
    horizontal(s, f, probe, now_ns);
    pairs(s, f, probe, now_ns);
}

/* ---- the detector ---- */

static void
observe(void *self, const struct obs *obs)
{
    struct scan *s = self;

    if (obs->kind == OBS_FLOW_END)
        on_flow(s, obs->flow, obs->time_ns);
}

static void
scan_free(void *self)
{
    struct scan *s = self;

    if (s == NULL)
        return;
    keyed_free(s->tallies);
    free(s);
}

_Static_assert(NET_TABLE_BYTES(SCAN_TALLIES_MAX, struct tally) <= NET_SCAN_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct scan *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->scene = env->scene;
    s->set = (struct settings){.ports = 12,
                               .hosts = 10,
                               .burst = 6,
                               .hosts_world = 20,
                               .pairs = 40,
                               .slow_pairs = 45,
                               .slow_ports = 25,
                               .slow_hosts = 25,
                               .stealth = 4,
                               .failed_share = 0.6,
                               .window_ns = 10 * VG_MIN_NS};
    if (!net_setting_u32(env, "ports", 4, 1000, &s->set.ports, why) ||
        !net_setting_u32(env, "hosts", 4, 1000, &s->set.hosts, why) ||
        !net_setting_u32(env, "burst", 3, 1000, &s->set.burst, why) ||
        !net_setting_u32(env, "hosts_world", 4, 1000, &s->set.hosts_world, why) ||
        !net_setting_u32(env, "pairs", 8, 1000, &s->set.pairs, why) ||
        !net_setting_u32(env, "slow_pairs", 8, 1000, &s->set.slow_pairs, why) ||
        !net_setting_u32(env, "slow_ports", 8, 1000, &s->set.slow_ports, why) ||
        !net_setting_u32(env, "slow_hosts", 8, 1000, &s->set.slow_hosts, why) ||
        !net_setting_u32(env, "stealth", 1, 100, &s->set.stealth, why) ||
        !net_setting_real(env, "failed_share", 0.1, 1, &s->set.failed_share, why) ||
        !net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &s->set.window_ns, why)) {
        scan_free(s);
        return VG_ERR_CONFIG;
    }
    if (keyed_new(SCAN_TALLIES_MAX, sizeof(struct tally), &s->tallies) != VG_OK) {
        scan_free(s);
        return VG_ERR_NOMEM;
    }
    *self = s;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct scan *s = self;

    (void)json_object_set_new(counters, "tallies",
                              json_integer((json_int_t)keyed_count(s->tallies)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keyed_evicted(s->tallies)));
}

const struct detector NET_SCAN = {
    .name = "net.scan",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_END,
    .make = make,
    .observe = observe,
    .save = scan_save,
    .load = scan_load,
    .free = scan_free,
    .health = health,
};
