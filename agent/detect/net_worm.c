/* SPDX-License-Identifier: Apache-2.0 */
/* net.worm: something spreads by itself.
 *
 * A door is a service by which worms come in (doors_of()); the ports of one service are one door.
 *   world: a device of the shop calls many machines of the world at one door within minutes;
 *   chain: a device that somebody came in to by a door calls several machines at the same door
 *          afterwards, and so does the one that came in: it was handed on;
 *   shares: one device gives programs to the shares of several machines;
 *   mail: one device sends mail straight to many mail servers, or asks for those of many names;
 *   form: a packet or request that only a known worm sends.
 * What a server or an administrator does to many PCs of the shop is no chain: those do not go on. A
 * device that talks in IRC as well (how many of them take orders) needs a third of the machines. */
#include "agent/detect/detectors.h"

#include <stdlib.h>

#include "agent/detect/domain.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_lateral_signs.h"
#include "agent/detect/net_worm_private.h"
#include "common/vtime.h"

enum { DNS_MX = 15, PORT_SMTP = 25, CHAIN_PAYLOAD_MIN = 64, IRC_FACTOR = 3 };
#define TALLY_NS VG_HOUR_NS
#define CHAIN_NS (24 * VG_HOUR_NS)

enum kind { KIND_WORLD, KIND_CHAIN, KIND_SHARES, KIND_MAIL, KIND_FORM };
static const struct {
    const char *name, *es, *en;
    enum severity severity;
} KINDS[] = {
    [KIND_WORLD] = {"world", "llama sin parar a equipos de Internet por una puerta de virus",
                    "calls one machine of the Internet after the other at a door of worms",
                    SEVERITY_HIGH},
    [KIND_CHAIN] = {"chain",
                    "empezó a llamar a otros equipos por la misma puerta por la que le entraron",
                    "began to call other machines at the same door by which it was entered",
                    SEVERITY_CRITICAL},
    [KIND_SHARES] = {"shares", "copió programas en las carpetas compartidas de varios equipos",
                     "copied programs into the shared folders of several machines",
                     SEVERITY_CRITICAL},
    [KIND_MAIL] = {"mail", "reparte correo directamente a muchos servidores de correo",
                   "hands out mail straight to many mail servers", SEVERITY_HIGH},
    [KIND_FORM] = {"form", "mandó un mensaje que sólo manda un gusano conocido",
                   "sent a message that only a known worm sends", SEVERITY_HIGH},
};

/* The door of a TCP port: its first port; 0: none. Telnet and its like are one door: IoT worms try
 * them in turn (Mirai's scanner: 23 and 2323; others the rest). */
static uint16_t
door_of(uint16_t port)
{
    static const struct {
        uint16_t port, door;
    } doors[] = {{22, 22},     {2222, 22},   {23, 23},     {2323, 23},   {23231, 23},  {7547, 23},
                 {5555, 23},   {9527, 23},   {37215, 23},  {52869, 23},  {60001, 23},  {135, 135},
                 {139, 445},   {445, 445},   {1433, 1433}, {3306, 3306}, {3389, 3389}, {5432, 5432},
                 {5900, 5900}, {5985, 5985}, {6379, 6379}, {8291, 8291}};

    for (size_t i = 0; i < VG_ARRAY_LEN(doors); i++) {
        if (doors[i].port == port)
            return doors[i].door;
    }
    return 0;
}

/* ---- reports ---- */

struct told {
    enum kind kind;
    uint32_t count;
    const struct net_addr *from; /* who came in; NULL: not known */
    const char *detail;
};

static void
tell(struct worm *w, const struct flow_view *f, const struct told *t, int64_t now_ns)
{
    struct party subject;
    struct finding finding = {.detector = "net.worm",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .severity = KINDS[t->kind].severity,
                              .group = KINDS[t->kind].name,
                              .score = 60 + 10.0 * KINDS[t->kind].severity};
    char from[NET_TELL_MAX] = "";

    net_tell_party(w->scene, &subject, &f->src);
    if (t->from != NULL)
        (void)net_tell_place(w->scene, str_of(""), t->from, from);
    finding.facts = net_tell_flow(w->scene, f, str_of(""));
    (void)json_object_update_missing_new(
        finding.facts,
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "kind", KINDS[t->kind].name, "action_es",
                  KINDS[t->kind].es, "action_en", KINDS[t->kind].en, "machines",
                  (json_int_t)t->count, "from", from, "detail", t->detail));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(w->judge, &finding);
}

/* ---- keys ---- */

static uint64_t
key_of(char kind, const struct net_addr *a, uint16_t door)
{
    struct net_key k = {0};

    net_key_u8(&k, (uint8_t)kind);
    net_key_addr(&k, a);
    net_key_u16(&k, door);
    return str_hash(&STR_HASH_STORED, k.bytes, k.len);
}

static bool
over(int64_t first_ns, int64_t now_ns, int64_t length_ns)
{
    return first_ns == 0 || now_ns - first_ns > length_ns || first_ns > now_ns;
}

/* ---- tallies ---- */

static struct worm_tally *
tally_of(struct worm *w, char kind, const struct net_addr *a, int64_t length_ns, int64_t now_ns)
{
    struct worm_tally *t = keytab_touch(w->tallies, key_of(kind, a, 0), NULL);

    if (t != NULL && over(t->first_ns, now_ns, length_ns))
        *t = (struct worm_tally){.first_ns = now_ns};
    return t;
}

static void
count_thing(struct worm *w, char kind, const struct flow_view *f, int64_t length_ns,
            const void *thing, size_t len, uint32_t least, const struct told *what, int64_t now_ns)
{
    struct worm_tally *t = tally_of(w, kind, &f->src, length_ns, now_ns);
    struct told told = *what;

    if (t == NULL)
        return;
    (void)distinct_add(&t->things, thing, len);
    told.count = distinct_count(&t->things);
    if (t->told || told.count < least)
        return;
    t->told = true;
    tell(w, f, &told, now_ns);
}

/* ---- doors ---- */

static struct worm_door *
door_use(struct worm *w, const struct net_addr *a, uint16_t door)
{
    return keytab_touch(w->doors, key_of('d', a, door), NULL);
}

static uint32_t
called(const struct worm_door *d)
{
    return distinct_count(&d->world) + distinct_count(&d->shop);
}

static bool
talks_in_irc(const struct worm *w, const struct net_addr *a, int64_t now_ns)
{
    const struct worm_tally *t = keytab_find(w->tallies, key_of('i', a, 0));

    return t != NULL && !over(t->first_ns, now_ns, TALLY_NS);
}

/* Whether somebody who calls around himself came in before this device began to. */
static void
judge_chain(struct worm *w, const struct flow_view *f, struct worm_door *d, uint16_t door,
            int64_t now_ns)
{
    const struct worm_door *source;

    if (d->in_ns == 0 || (d->told & 1u << KIND_CHAIN) != 0 || d->first_out_ns < d->in_ns ||
        d->first_out_ns - d->in_ns > CHAIN_NS || called(d) < w->chain)
        return;
    source = keytab_find(w->doors, key_of('d', &d->from, door));
    if (source == NULL || called(source) < w->chain)
        return;
    d->told = (uint8_t)(d->told | 1u << KIND_CHAIN);
    tell(w, f, &(struct told){KIND_CHAIN, called(d), &d->from, ""}, now_ns);
}

static void
calls_out(struct worm *w, const struct flow_view *f, uint16_t door, int64_t now_ns)
{
    struct worm_door *d = door_use(w, &f->src, door);
    uint32_t least = w->world, n;

    if (d == NULL)
        return;
    if (over(d->window_ns, now_ns, w->window_ns)) {
        d->world = d->shop = (struct distinct){0};
        d->window_ns = now_ns;
        d->told = 0;
    }
    if (d->first_out_ns == 0 || d->first_out_ns > now_ns)
        d->first_out_ns = now_ns;
    (void)distinct_add(net_addr_is_local(&f->dst) ? &d->shop : &d->world, f->dst.bytes,
                       sizeof(f->dst.bytes));
    judge_chain(w, f, d, door, now_ns);
    n = distinct_count(&d->world);
    if (n * IRC_FACTOR >= least && talks_in_irc(w, &f->src, now_ns))
        least /= IRC_FACTOR;
    if (n < least || (d->told & 1u << KIND_WORLD) != 0)
        return;
    d->told = (uint8_t)(d->told | 1u << KIND_WORLD);
    tell(w, f, &(struct told){KIND_WORLD, n, d->in_ns != 0 ? &d->from : NULL, ""}, now_ns);
}

/* Somebody came in and left bytes: when it is over, because only then it is known how many. */
static void
came_in(struct worm *w, const struct flow_view *f, uint16_t door, int64_t now_ns)
{
    struct worm_door *d;

    if (f->payload_out < CHAIN_PAYLOAD_MIN || f->payload_in == 0 || !net_addr_is_local(&f->dst))
        return;
    d = door_use(w, &f->dst, door);
    if (d == NULL)
        return;
    if (d->in_ns == 0 || (d->first_out_ns == 0 && now_ns - d->in_ns > CHAIN_NS)) {
        d->in_ns = f->start_ns;
        d->from = f->src;
    }
}

static void
on_start(struct worm *w, const struct flow_view *f, int64_t now_ns)
{
    uint16_t door = f->proto == 6 ? door_of(f->dport) : 0;
    struct told mail = {.kind = KIND_MAIL, .detail = "SMTP"};

    if (f->proto != 6 || (f->first_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN ||
        !net_addr_is_local(&f->src) || net_addr_is_group(&f->dst))
        return;
    if (door != 0)
        calls_out(w, f, door, now_ns);
    else if (f->dport == PORT_SMTP && !net_addr_is_local(&f->dst))
        count_thing(w, 'm', f, w->window_ns, f->dst.bytes, sizeof(f->dst.bytes), w->mail, &mail,
                    now_ns);
}

/* ---- forms of known worms ---- */

/* Slammer is one datagram of 376 bytes to the resolution service of SQL Server (CERT CA-2003-04),
 * whose own requests have a few bytes (MS-SQLR, 2.2). */
static bool
is_slammer(const struct flow_view *f)
{
    return f->proto == 17 && f->dport == 1434 && f->packets_out > 0 &&
           f->payload_out == UINT64_C(376) * f->packets_out;
}

static void
on_end(struct worm *w, const struct flow_view *f, int64_t now_ns)
{
    uint16_t door = f->proto == 6 ? door_of(f->dport) : 0;

    if (door != 0)
        came_in(w, f, door, now_ns);
    else if (is_slammer(f))
        tell(w, f, &(struct told){KIND_FORM, 1, NULL, "SQL Slammer"}, now_ns);
}

/* Code Red (CERT CA-2001-19) and Nimda (CA-2001-26), from a device of the shop. */
static void
on_http(struct worm *w, const struct http_view *h, int64_t now_ns)
{
    const char *which = NULL;

    if (!net_addr_is_local(&h->flow->src))
        return;
    if (str_has_nocase(h->uri, str_of("/default.ida?")))
        which = "Code Red";
    else if (str_has_nocase(h->uri, str_of("root.exe?/c+")) ||
             str_has_nocase(h->uri, str_of("cmd.exe?/c+")))
        which = "Nimda";
    if (which != NULL)
        tell(w, h->flow, &(struct told){KIND_FORM, 1, NULL, which}, now_ns);
}

/* ---- programs, mail, IRC ---- */

static void
on_file(struct worm *w, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *down = record_find(r, "from_server");
    struct str name = record_text(r, "name");
    char detail[96];
    struct told told = {.kind = KIND_SHARES,
                        .detail = mask_text(detail, sizeof(detail), name.at, name.len)};

    if (str_is(record_text(r, "service"), "smb") && down != NULL && down->number == 0 &&
        lateral_is_program(name, record_text(r, "magic")))
        count_thing(w, 'p', r->flow, TALLY_NS, r->flow->dst.bytes, sizeof(r->flow->dst.bytes),
                    w->shares, &told, now_ns);
}

static void
on_record(struct worm *w, const struct record_view *r, int64_t now_ns)
{
    if (r->flow == NULL)
        return;
    if (strcmp(r->type, "file") == 0)
        on_file(w, r, now_ns);
    else if (strcmp(r->type, "irc") == 0)
        (void)tally_of(w, 'i', &r->flow->src, TALLY_NS, now_ns);
}

static void
on_dns(struct worm *w, const struct dns_view *d, int64_t now_ns)
{
    struct told told = {.kind = KIND_MAIL, .detail = "MX"};
    /* Mail goes to many domains; a tunnel asks for many names of one (net.dns_tunnel). */
    struct str domain = domain_registered(d->query);

    if (d->qtype == DNS_MX && net_addr_is_local(&d->flow->src))
        count_thing(w, 'x', d->flow, w->window_ns, domain.at, domain.len, w->mail, &told, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct worm *w = self;

    switch (obs->kind) {
    case OBS_FLOW_START:
        on_start(w, obs->flow, obs->time_ns);
        break;
    case OBS_FLOW_END:
        on_end(w, obs->flow, obs->time_ns);
        break;
    case OBS_HTTP:
        on_http(w, obs->http, obs->time_ns);
        break;
    case OBS_RECORD:
        on_record(w, obs->record, obs->time_ns);
        break;
    case OBS_DNS:
        on_dns(w, obs->dns, obs->time_ns);
        break;
    default:
        break;
    }
}

/* ---- life ---- */

static void
worm_free(void *self)
{
    struct worm *w = self;

    if (w == NULL)
        return;
    keytab_free(w->doors);
    keytab_free(w->tallies);
    free(w);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct worm *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return VG_ERR_NOMEM;
    w->judge = env->judge;
    w->scene = env->scene;
    w->world = 15;
    w->chain = 5;
    w->shares = 3;
    w->mail = 20;
    w->window_ns = 10 * VG_MIN_NS;
    if (!net_setting_u32(env, "world", 3, 10000, &w->world, why) ||
        !net_setting_u32(env, "chain", 2, 1000, &w->chain, why) ||
        !net_setting_u32(env, "shares", 2, 1000, &w->shares, why) ||
        !net_setting_u32(env, "mail", 3, 10000, &w->mail, why) ||
        !net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &w->window_ns, why)) {
        worm_free(w);
        return VG_ERR_CONFIG;
    }
    if (worm_tables(w) != VG_OK) {
        worm_free(w);
        return VG_ERR_NOMEM;
    }
    *self = w;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct worm *w = self;

    (void)json_object_set_new(counters, "doors", json_integer((json_int_t)keytab_count(w->doors)));
    (void)json_object_set_new(
        counters, "evicted",
        json_integer((json_int_t)(keytab_evicted(w->doors) + keytab_evicted(w->tallies))));
}

const struct detector NET_WORM = {
    .name = "net.worm",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_START | 1u << OBS_FLOW_END | 1u << OBS_HTTP | 1u << OBS_RECORD |
             1u << OBS_DNS,
    .make = make,
    .observe = observe,
    .save = worm_save,
    .load = worm_load,
    .free = worm_free,
    .health = health,
};
