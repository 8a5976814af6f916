/* SPDX-License-Identifier: Apache-2.0 */
/* net.dns_tunnel: data in the questions and answers of DNS: a way out past every firewall.
 *
 * One row for each (device, registered domain): how many names below it were asked for that are new
 * (a bitmap, by linear counting: Whang et al. 1990) and how many bytes they could carry, in a window
 * that is fast and one of a day. A name counts by its look (name_look.h): hexadecimal, base32 and
 * base64 carry their bytes, an ordinary new name PLAIN_BYTES; twice in record types that browsers
 * do not ask for, thrice where characters or types are none of ordinary life (iodine's NULL and
 * private types; raw bytes). Texts that come back for new names count half.
 *
 * Left out: answers in 127.0.0.0/8 (block lists, RFC 5782), reverse look-ups, services that ask by
 * name for reputation (`known`), and who passes on what others in the shop ask (a domain
 * controller: the marker of relay_key()). Names of no public top-level domain are kept together by
 * their last two labels, or, where those are data too, by the server. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_dns_tunnel_private.h"
#include "agent/detect/net_tell.h"
#include "common/json.h"
#include "common/vtime.h"

enum {
    ZONES_MAX = 640,
    RELAYS_MAX = 512,
    DNS_TUNNEL_VERSION = 1,
    WEAK_NAMES = 20,
};
enum told { TOLD_WEAK = 1, TOLD_TUNNEL = 2 };

struct dns_tunnel {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *zones, *relays;
    char *known; /* suffixes of names, separated by blanks */
    int64_t window_ns;
    double bytes, odd_bytes, slow_bytes;
    uint32_t names, slow_names;
};

static const struct {
    uint16_t type;
    const char *name;
} TYPES[] = {{TYPE_A, "A"},       {TYPE_AAAA, "AAAA"}, {TYPE_CNAME, "CNAME"},
             {TYPE_NULL, "NULL"}, {TYPE_MX, "MX"},     {TYPE_TXT, "TXT"},
             {TYPE_KEY, "KEY"},   {TYPE_SRV, "SRV"},   {TYPE_PRIVATE, "private"}};

/* ---- reports ---- */

static void
list_types(const struct zone *z, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < VG_ARRAY_LEN(TYPES); i++)
        if ((z->types & 1u << i) != 0 && len + strlen(TYPES[i].name) + 3 < size)
            len +=
                (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", TYPES[i].name);
}

static json_t *
facts_of(const struct dns_tunnel *d, const struct zone *z, const struct dns_view *v,
         const char *domain, int64_t now_ns)
{
    json_t *facts = net_tell_flow(d->scene, v->flow, str_of(domain));
    char types[64], example[128];
    int64_t seconds = (now_ns - z->slow.first_ns) / VG_SEC_NS;

    list_types(z, types, sizeof types);
    mask_text(example, sizeof example, v->query.at, v->query.len);
    (void)json_object_update_missing_new(
        facts,
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "domain", domain, "names",
                  (json_int_t)z->slow.names, "queries", (json_int_t)z->slow.queries, "carried",
                  (json_int_t)z->slow.bytes, "bytes_out", (json_int_t)z->up, "bytes_in",
                  (json_int_t)z->down, "seconds", (json_int_t)(seconds > 0 ? seconds : 1), "types",
                  types, "example", example));
    return facts;
}

static json_t *
evidence_of(const struct dns_view *v)
{
    char example[128];
    json_t *list = json_array(), *flow = net_evidence_flow(v->flow);

    mask_text(example, sizeof example, v->query.at, v->query.len);
    (void)json_array_append_new(list, flow);
    (void)json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "type", "dns", "query", example,
                                                "qtype", (int)v->qtype));
    return list;
}

static void
report(struct dns_tunnel *d, struct zone *z, const struct dns_view *v, struct str zone, double p,
       int64_t now_ns)
{
    struct party subject, peer;
    char domain[128];

    if (zone.len > 0)
        mask_text(domain, sizeof domain, zone.at, zone.len);
    else
        (void)net_addr_format(&v->flow->dst, domain);
    net_tell_party(d->scene, &subject, &v->flow->src);
    party_set(&peer, "domain", domain, NULL);
    if (p > 0) {
        struct test test = {.detector = "net.dns_tunnel",
                            .time_ns = now_ns,
                            .subject = &subject,
                            .peer = &peer,
                            .p = p};

        if (judge_wants(d->judge, p)) {
            test.facts = facts_of(d, z, v, domain, now_ns);
            test.evidence = evidence_of(v);
        }
        judge_test(d->judge, &test);
    } else {
        struct finding finding = {.detector = "net.dns_tunnel",
                                  .time_ns = now_ns,
                                  .subject = &subject,
                                  .peer = &peer,
                                  .score = fmin(100, 55 + 10 * log10(1 + z->slow.bytes)),
                                  .facts = facts_of(d, z, v, domain, now_ns),
                                  .evidence = evidence_of(v)};

        judge_finding(d->judge, &finding);
    }
}

static bool
is_tunnel(const struct dns_tunnel *d, const struct zone *z)
{
    if (z->odd >= d->odd_bytes)
        return true;
    if (z->fast.bytes >= d->bytes && z->fast.names >= d->names)
        return true;
    /* asked again and again are the names of a service; a tunnel never asks twice */
    return z->slow.bytes >= d->slow_bytes && z->slow.names >= d->slow_names &&
           z->slow.names * 5 >= z->slow.queries * 3;
}

static void
judge_zone(struct dns_tunnel *d, struct zone *z, const struct dns_view *v, struct str zone,
           int64_t now_ns)
{
    if ((z->told & TOLD_TUNNEL) == 0 && is_tunnel(d, z)) {
        z->told |= TOLD_TUNNEL | TOLD_WEAK;
        report(d, z, v, zone, 0, now_ns);
    } else if ((z->told & TOLD_WEAK) == 0 && z->slow.names >= WEAK_NAMES) {
        /* Measuring services make some names by chance for each page: the tail of what a device
         * gathers for one of them in a day is about exponential. */
        z->told |= TOLD_WEAK;
        report(d, z, v, zone, fmax(1e-3, fmin(1, exp(-(double)z->slow.bytes / 120))), now_ns);
    }
}

/* ---- rows ---- */

/* A resolver of the shop that is asked for this zone passes the questions on. */
static uint64_t
zone_key(const struct net_addr *who, struct str zone, const struct net_addr *server)
{
    struct net_key k = {0};

    net_key_addr(&k, who);
    net_key_u64(&k, domain_hash(zone));
    if (zone.len == 0)
        net_key_addr(&k, server);
    return str_hash(&STR_HASH_STORED, k.bytes, k.len);
}

static void
tally_age(struct tally *t, int64_t now_ns, int64_t length_ns)
{
    if (t->first_ns == 0 || now_ns - t->first_ns > length_ns || t->first_ns - now_ns > length_ns)
        *t = (struct tally){.first_ns = now_ns};
}

static void
zone_age(const struct dns_tunnel *d, struct zone *z, int64_t now_ns)
{
    int64_t fast = z->fast.first_ns, slow = z->slow.first_ns;

    tally_age(&z->fast, now_ns, d->window_ns);
    tally_age(&z->slow, now_ns, VG_DAY_NS);
    if (z->fast.first_ns != fast)
        z->odd = 0;
    if (z->slow.first_ns != slow) {
        z->up = z->down = 0;
        z->types = 0;
        z->told = 0;
        memset(z->seen, 0, sizeof z->seen);
    }
}

static bool
first_seen(struct zone *z, struct str prefix)
{
    uint64_t h = domain_hash(prefix) % (8 * NAME_BITS_BYTES);
    uint8_t bit = (uint8_t)(1u << (h & 7));
    bool fresh = (z->seen[h >> 3] & bit) == 0;

    z->seen[h >> 3] |= bit;
    return fresh;
}

static void
zone_type(struct zone *z, uint16_t type)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(TYPES); i++)
        if (TYPES[i].type == type || (TYPES[i].type == TYPE_PRIVATE && type >= TYPE_PRIVATE))
            z->types |= 1u << i;
}

static void
count(struct zone *z, const struct dns_view *v, struct str prefix)
{
    struct dns_carried c;

    z->fast.queries++;
    z->slow.queries++;
    z->up += v->query_bytes;
    z->down += v->answer_bytes;
    zone_type(z, v->qtype);
    if (!first_seen(z, prefix))
        return;
    c = dns_tunnel_carried(v, prefix);
    z->fast.names++;
    z->slow.names++;
    z->fast.bytes += (float)c.bytes;
    z->slow.bytes += (float)c.bytes;
    z->odd += (float)c.odd;
}

static bool
block_list_answer(const struct dns_view *v)
{
    return v->address_count > 0 && v->addresses[0].family == 4 && v->addresses[0].bytes[0] == 127;
}

static void
observe(void *self, const struct obs *obs)
{
    struct dns_tunnel *d = self;
    const struct dns_view *v = obs->dns;
    struct str zone, prefix;
    struct zone *z;
    uint64_t key;

    if (v->again || !dns_tunnel_split(v->query, &zone, &prefix) ||
        str_eq_nocase(prefix, str_of("www")) || block_list_answer(v) ||
        domain_in_list(v->query, d->known))
        return;
    key = zone_key(&v->flow->src, zone, &v->flow->dst);
    if (keytab_find(d->relays, key) != NULL)
        return;
    z = keytab_touch(d->zones, key, NULL);
    if (z == NULL)
        return;
    if (z->slow.first_ns == 0 && net_addr_is_local(&v->flow->dst))
        (void)keytab_touch(d->relays, zone_key(&v->flow->dst, zone, &v->flow->dst), NULL);
    zone_age(d, z, obs->time_ns);
    count(z, v, prefix);
    judge_zone(d, z, v, zone, obs->time_ns);
}

/* ---- the detector ---- */

static void
put_nothing(const void *cell, struct buf *out)
{
    (void)cell;
    (void)out;
}

static void
get_nothing(void *cell, struct slice *in)
{
    (void)cell;
    (void)in;
}

static void
dns_tunnel_free(void *self)
{
    struct dns_tunnel *d = self;

    if (d == NULL)
        return;
    keytab_free(d->zones);
    keytab_free(d->relays);
    free(d->known);
    free(d);
}

enum { CELL_BYTES = 48 /* what keytab adds */ };
_Static_assert(ZONES_MAX *(sizeof(struct zone) + CELL_BYTES) + RELAYS_MAX * (1 + CELL_BYTES) <=
                   NET_DNS_TUNNEL_BYTES,
               "the memory of detectors is promised");

static enum vg_err
tables(struct dns_tunnel *d)
{
    const struct keytab_options zones = {.cell_bytes = sizeof(struct zone),
                                         .cells_max = ZONES_MAX,
                                         .row_bits = 8,
                                         .name = 'z',
                                         .version = DNS_TUNNEL_VERSION,
                                         .put = dns_zone_put,
                                         .get = dns_zone_get};
    const struct keytab_options relays = {.cell_bytes = 1,
                                          .cells_max = RELAYS_MAX,
                                          .row_bits = 8,
                                          .name = 'r',
                                          .version = DNS_TUNNEL_VERSION,
                                          .put = put_nothing,
                                          .get = get_nothing};
    enum vg_err err = keytab_new(&zones, &d->zones);

    return err != VG_OK ? err : keytab_new(&relays, &d->relays);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct dns_tunnel *d = calloc(1, sizeof(*d));
    const char *known = vg_json_str(env->settings, "known", "");

    if (d == NULL)
        return VG_ERR_NOMEM;
    d->judge = env->judge;
    d->scene = env->scene;
    d->window_ns = 15 * VG_MIN_NS;
    d->bytes = 500;
    d->odd_bytes = 120;
    d->slow_bytes = 5000;
    d->names = 8;
    d->slow_names = 150;
    if (!net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &d->window_ns, why) ||
        !net_setting_real(env, "bytes", 50, 1e9, &d->bytes, why) ||
        !net_setting_real(env, "odd_bytes", 50, 1e9, &d->odd_bytes, why) ||
        !net_setting_real(env, "bytes_a_day", 50, 1e9, &d->slow_bytes, why) ||
        !net_setting_u32(env, "names", 1, 1000000, &d->names, why) ||
        !net_setting_u32(env, "names_a_day", 1, 1000000, &d->slow_names, why)) {
        dns_tunnel_free(d);
        return VG_ERR_CONFIG;
    }
    d->known = strdup(known);
    if (d->known == NULL || tables(d) != VG_OK) {
        dns_tunnel_free(d);
        return VG_ERR_NOMEM;
    }
    *self = d;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct dns_tunnel *d = self;

    keytab_save(d->zones, out);
    keytab_save(d->relays, out);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct dns_tunnel *d = self;

    if (keytab_owns(d->zones, key))
        return keytab_load(d->zones, key, version, blob);
    if (keytab_owns(d->relays, key))
        return keytab_load(d->relays, key, version, blob);
    return VG_ERR_FORMAT;
}

static void
health(const void *self, json_t *counters)
{
    const struct dns_tunnel *d = self;

    (void)json_object_set_new(counters, "zones", json_integer((json_int_t)keytab_count(d->zones)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(d->zones)));
}

const struct detector NET_DNS_TUNNEL = {
    .name = "net.dns_tunnel",
    .sensor = "net",
    .kinds = 1u << OBS_DNS,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = dns_tunnel_free,
    .health = health,
};
