/* SPDX-License-Identifier: Apache-2.0 */
/* net.rogue_dhcp: a second one tells the shop's devices which way to go.
 *
 * Who comes first is believed (a cold start knows no better). Another server or IPv6 router counts
 * when it disagrees (other router, other resolver, other WPAD) and both are there: they answer the
 * same client within ANSWERS_NS, share a network of 256 addresses within a lease, or, for routers,
 * the first is heard again after the second came. Two servers that say the same are a spare pair; a
 * laptop that moved hears the old ones no more.
 *   server: DHCP or DHCPv6; router: router advertisements (RFC 4861); routers: a burst of new ones;
 *   wpad: a known server begins to give out a proxy script. */
#include "agent/detect/detectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { SERVERS_MAX = 32, ROGUE_VERSION = 1, ROGUE_ROW = 'i', BURST_MIN = 8, ID_MAX = 48 };
#define ANSWERS_NS (10 * VG_SEC_NS)
#define LEASE_NS   VG_DAY_NS
#define BURST_NS   VG_MIN_NS
#define AGAIN_NS   VG_DAY_NS

enum family { FAMILY_NONE, FAMILY_DHCP, FAMILY_DHCPV6, FAMILY_ROUTER };

struct server {
    enum family family; /* FAMILY_NONE: free */
    char id[ID_MAX];    /* address, or DUID */
    struct net_addr addr;
    uint32_t says;   /* hash of routers, resolvers, WPAD */
    uint32_t client; /* hash of the last one that it answered */
    bool wpad;
    int64_t first_ns, last_ns, told_ns;
};

struct rogue {
    struct judge *judge;
    const struct net_scene *scene;
    struct server server[SERVERS_MAX];
    int64_t burst_ns;
    uint32_t burst; /* routers that came since then */
    uint64_t evicted;
    bool changed;
};

/* What was just heard. */
struct heard {
    enum family family;
    char id[ID_MAX];
    struct net_addr addr;
    uint32_t says, client;
    bool wpad;
    char gives[NET_TELL_MAX]; /* for people */
    int64_t at_ns;
};

static void
report(struct rogue *s, const struct heard *x, const struct server *other, const char *style)
{
    char host[NET_TELL_MAX], device[NET_TELL_MAX];
    struct party subject;
    struct finding finding = {.detector = "net.rogue_dhcp",
                              .time_ns = x->at_ns,
                              .subject = &subject,
                              .severity = SEVERITY_INFO,
                              .score = 80,
                              .group = style};

    if (x->addr.family != 0) {
        net_tell_party(s->scene, &subject, &x->addr);
        net_addr_format(&x->addr, host);
        net_tell_device(s->scene, &x->addr, NULL, device);
    } else {
        mask_text(host, sizeof(host), x->id, strlen(x->id));
        (void)vg_strcpy(device, sizeof(device), host);
        party_set(&subject, "device", host, NULL);
    }
    finding.facts = json_pack("{s:s, s:s, s:s, s:s, s:s}", "host", host, "device", device, "style",
                              style, "known", other != NULL ? other->id : "-", "gives",
                              x->gives[0] != '\0' ? x->gives : "-");
    finding.evidence = json_pack("[{s:s, s:s, s:s, s:s}]", "type", "dhcp", "server", host, "known",
                                 other != NULL ? other->id : "-", "gives", x->gives);
    judge_finding(s->judge, &finding);
}

static bool
told_lately(const struct server *v, int64_t now_ns)
{
    return v->told_ns != 0 && llabs(now_ns - v->told_ns) < AGAIN_NS;
}

static struct server *
find(struct rogue *s, const struct heard *x, bool *fresh)
{
    struct server *oldest = &s->server[0];

    *fresh = false;
    for (size_t i = 0; i < SERVERS_MAX; i++) {
        struct server *v = &s->server[i];

        if (v->family == x->family && strcmp(v->id, x->id) == 0)
            return v;
        if (v->last_ns < oldest->last_ns)
            oldest = v;
    }
    if (oldest->family != FAMILY_NONE)
        s->evicted++;
    *oldest = (struct server){.family = x->family,
                              .addr = x->addr,
                              .first_ns = x->at_ns,
                              .says = x->says,
                              .wpad = x->wpad};
    (void)vg_strcpy(oldest->id, sizeof(oldest->id), x->id);
    *fresh = true;
    return oldest;
}

static bool
same_street(const struct net_addr *a, const struct net_addr *b)
{
    return a->family == 4 && b->family == 4 && memcmp(a->bytes, b->bytes, 3) == 0;
}

/* Both are there now, and they disagree. */
static bool
conflict(const struct server *known, const struct server *other, const struct heard *x)
{
    int64_t ago_ns = x->at_ns - known->last_ns;

    if (known == other || known->family != x->family || known->says == x->says || ago_ns < 0)
        return false;
    if (x->family == FAMILY_ROUTER)
        return known->last_ns > other->first_ns && known->first_ns < other->first_ns;
    return (known->client == x->client && ago_ns < ANSWERS_NS) ||
           (x->family == FAMILY_DHCP && same_street(&known->addr, &x->addr) && ago_ns < LEASE_NS);
}

static void
burst(struct rogue *s, const struct heard *x)
{
    if (s->burst_ns == 0 || llabs(x->at_ns - s->burst_ns) > BURST_NS) {
        s->burst_ns = x->at_ns;
        s->burst = 0;
    }
    if (++s->burst == BURST_MIN)
        report(s, x, NULL, "routers");
}

static void
hear(struct rogue *s, const struct heard *x)
{
    bool fresh;
    struct server *v = find(s, x, &fresh);

    s->changed = true;
    if (fresh && x->family == FAMILY_ROUTER)
        burst(s, x);
    if (!fresh && x->wpad && !v->wpad && !told_lately(v, x->at_ns)) {
        v->told_ns = x->at_ns;
        report(s, x, v, "wpad");
    }
    for (size_t i = 0; i < SERVERS_MAX && !told_lately(v, x->at_ns); i++) {
        const struct server *known = &s->server[i];

        /* The one that was here first is right. */
        if (known->first_ns > v->first_ns || !conflict(known, v, x))
            continue;
        v->told_ns = x->at_ns;
        report(s, x, known, x->family == FAMILY_ROUTER ? "router" : "server");
    }
    v->says = x->says;
    v->wpad = x->wpad;
    v->client = x->client;
    v->last_ns = x->at_ns;
}

/* ---- what was said ---- */

/* Joins a list to what is said: to its hash, whatever the order, and to its text. */
static void
take_list(struct heard *x, const struct record_view *r, const char *name)
{
    const struct record_field *f = record_find(r, name);
    size_t used = strlen(x->gives);

    if (f == NULL || f->type != FIELD_LIST || f->list_count == 0)
        return;
    for (size_t i = 0; i < f->list_count; i++)
        x->says += (uint32_t)str_hash(&STR_HASH_STORED, f->list[i].at, f->list[i].len) *
                   (uint32_t)(2 * strlen(name) + 1);
    snprintf(x->gives + used, sizeof(x->gives) - used, "%s%s %.*s", used > 0 ? ", " : "", name,
             (int)(f->list[0].len < 46 ? f->list[0].len : 46), f->list[0].at);
}

static void
on_dhcp(struct rogue *s, const struct record_view *r, int64_t now_ns)
{
    struct heard x = {.family = FAMILY_DHCP, .at_ns = now_ns};
    struct str message = record_text(r, "message"), wpad = record_text(r, "wpad"),
               mac = record_text(r, "client_mac");

    if ((!str_is(message, "offer") && !str_is(message, "ack")) ||
        !net_addr_parse(record_text(r, "server_id"), &x.addr) || x.addr.bytes[0] == 0)
        return;
    net_addr_format(&x.addr, x.id);
    take_list(&x, r, "routers");
    take_list(&x, r, "dns");
    if (x.says == 0) /* an answer to "inform" may say nothing */
        return;
    x.wpad = wpad.len > 0;
    x.client = (uint32_t)str_hash(&STR_HASH_STORED, mac.at, mac.len);
    hear(s, &x);
}

static void
on_dhcpv6(struct rogue *s, const struct record_view *r, int64_t now_ns)
{
    struct heard x = {.family = FAMILY_DHCPV6, .at_ns = now_ns};
    struct str message = record_text(r, "message"), duid = record_text(r, "server_duid"),
               client = record_text(r, "client_duid");

    if ((!str_is(message, "advertise") && !str_is(message, "reply")) || duid.len == 0 ||
        client.len == 0)
        return;
    mask_text(x.id, sizeof(x.id), duid.at, duid.len);
    take_list(&x, r, "dns");
    if (x.says == 0)
        return;
    x.client = (uint32_t)str_hash(&STR_HASH_STORED, client.at, client.len);
    hear(s, &x);
}

static void
on_icmp(struct rogue *s, const struct icmp_view *i, int64_t now_ns)
{
    struct heard x = {.family = FAMILY_ROUTER, .addr = i->src, .at_ns = now_ns};
    char prefix[NET_ADDR_TEXT_MAX];

    /* Lifetime 0: no way to the world (border routers of smart homes say so). */
    if (i->ndp == NULL || i->type != 134 || i->ndp->lifetime_s == 0)
        return;
    net_addr_format(&i->src, x.id);
    x.says = (uint32_t)str_hash(&STR_HASH_STORED, &i->src, sizeof(i->src));
    if (i->ndp->prefix.family != 0)
        snprintf(x.gives, sizeof(x.gives), "%s/%u", net_addr_format(&i->ndp->prefix, prefix),
                 i->ndp->prefix_len);
    hear(s, &x);
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_ICMP)
        on_icmp(self, obs->icmp, obs->time_ns);
    else if (obs->kind == OBS_RECORD && strcmp(obs->record->type, "dhcp") == 0)
        on_dhcp(self, obs->record, obs->time_ns);
    else if (obs->kind == OBS_RECORD && strcmp(obs->record->type, "dhcpv6") == 0)
        on_dhcpv6(self, obs->record, obs->time_ns);
}

/* ---- life: one row, for it is small and seldom changes ---- */

_Static_assert(sizeof(struct rogue) <= NET_ROGUE_DHCP_BYTES, "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct rogue *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->scene = env->scene;
    *self = s;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct rogue *s = self;
    struct buf blob;

    if (!s->changed)
        return;
    buf_init(&blob, STATE_BLOB_MAX);
    codec_put_i64(&blob, s->burst_ns);
    buf_put_be32(&blob, s->burst);
    for (size_t i = 0; i < SERVERS_MAX; i++) {
        const struct server *v = &s->server[i];

        buf_put_u8(&blob, (uint8_t)v->family);
        codec_put_name(&blob, v->id);
        net_addr_encode(&v->addr, &blob);
        buf_put_be32(&blob, v->says);
        buf_put_be32(&blob, v->client);
        buf_put_u8(&blob, v->wpad);
        codec_put_i64(&blob, v->first_ns);
        codec_put_i64(&blob, v->last_ns);
        codec_put_i64(&blob, v->told_ns);
    }
    if (!blob.bad) {
        state_put(out, slice_of("i", 1), ROGUE_VERSION, buf_slice(&blob));
        s->changed = false;
    }
    buf_done(&blob);
}

static void
get_server(struct server *v, struct slice *in)
{
    uint8_t family = slice_u8(in);

    if (family > FAMILY_ROUTER) {
        in->bad = true;
        return;
    }
    v->family = (enum family)family;
    codec_name(in, v->id, sizeof(v->id));
    v->addr = net_addr_decode(in);
    v->says = slice_be32(in);
    v->client = slice_be32(in);
    v->wpad = slice_u8(in) != 0;
    v->first_ns = codec_time(in);
    v->last_ns = codec_time(in);
    v->told_ns = codec_time(in);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct rogue *s = self, read = *s;

    memset(read.server, 0, sizeof(read.server));
    read.burst_ns = codec_time(&blob);
    read.burst = slice_be32(&blob);
    for (size_t i = 0; i < SERVERS_MAX && !blob.bad; i++)
        get_server(&read.server[i], &blob);
    if (version != ROGUE_VERSION || slice_u8(&key) != ROGUE_ROW || blob.bad || blob.left != 0)
        return VG_ERR_FORMAT;
    *s = read;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct rogue *s = self;
    json_int_t n = 0;

    for (size_t i = 0; i < SERVERS_MAX; i++)
        n += s->server[i].family != FAMILY_NONE;
    (void)json_object_set_new(counters, "servers", json_integer(n));
    (void)json_object_set_new(counters, "evicted", json_integer((json_int_t)s->evicted));
}

const struct detector NET_ROGUE_DHCP = {
    .name = "net.rogue_dhcp",
    .sensor = "net",
    .kinds = 1u << OBS_RECORD | 1u << OBS_ICMP,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = free,
    .health = health,
};
